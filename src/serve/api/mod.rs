//! The API under `/api/v1`: JSON, problem+json for errors, cursors for pages.
//! Figures are as in the events: points and lists, not centi-points and bits.

pub(super) mod alerts;
pub(super) mod audit;
mod body;
pub(super) mod cases;
pub(super) mod enterprises;
mod event;
mod figures;
pub(super) mod groups;
pub(super) mod identity;
pub(super) mod models;
pub(super) mod news;
pub(super) mod people;
pub(super) mod push;
pub(super) mod queue;
mod replay;
pub(super) mod rules;
pub(super) mod session;
pub(super) mod sources;
pub(super) mod stream;
pub(super) mod suppressions;
pub(super) mod unmask;
pub(super) mod whatif;
