//! The office: signing in, the cases, and the work on one. Forms for what the API
//! does with JSON; whatever they do goes through the same rules and the same log.

pub(in crate::serve) mod case;
pub(in crate::serve) mod cases;
mod form;
pub(in crate::serve) mod sign_in;
