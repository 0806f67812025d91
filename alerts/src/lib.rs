//! From scores to alerts: levels, the life of an alert, the durable store and
//! the outbox.
//!
//! The way through the crate: an [`Assessment`] and a [`Policy`] give a
//! [`Level`] ([`level`]); a change of assessment moves an alert through its
//! episodes ([`lifecycle`], pure: no clock, no IO); [`store`] keeps epochs,
//! alerts, events and scores in SQLite; [`sink`] publishes events exactly once.
//! [`casework`] is what officials do about an alert (pure, too), [`docket`] keeps
//! it: a [`chain`]ed log of deeds, in SQLite or PostgreSQL.
//!
//! It knows nothing of sources, facts, features or models: an enterprise is 16
//! bytes and a name, agencies are numbered bits.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod casework;
pub mod chain;
pub mod docket;
mod hex;
pub mod level;
pub mod lifecycle;
pub mod sink;
pub mod store;

pub use docket::Docket;
pub use level::{Assessment, Level, Policy, Reason, level_of};
pub use lifecycle::{Alert, AlertEvent, Book, Cause, Change, EventType, Status, Step, Track};
pub use sink::{Sink, SinkError, publish_pending};
pub use store::{Durability, EpochCommit, EpochResult, Store, StoreError};

/// What every alert says of itself: a lead to look into, never a finding.
pub const DISCLAIMER: &str = "风险线索,非认定";
