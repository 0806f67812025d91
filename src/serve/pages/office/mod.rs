//! The office: signing in, the cases, and the work on one. Forms for what the API
//! does with JSON; whatever they do goes through the same rules and the same log.

mod actions;
pub(in crate::serve) mod audit;
pub(in crate::serve) mod case;
pub(in crate::serve) mod cases;
mod form;
pub(in crate::serve) mod me;
pub(in crate::serve) mod news;
pub(in crate::serve) mod people;
pub(in crate::serve) mod queue;
pub(in crate::serve) mod sign_in;
pub(in crate::serve) mod suppressions;
