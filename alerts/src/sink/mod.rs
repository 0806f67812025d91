//! Where events go when they leave. The outbox is the store's table of events;
//! every sink has a place of its own in it.
//!
//! - [`Sink`], a file of CloudEvents, one a line: exactly once, because the file
//!   itself says how far it is.
//! - Webhooks ([`webhook`]) and e-mail ([`mail`]): at least once, with the same id
//!   each time. A [`Courier`] a sink takes events from the outbox in their order,
//!   keeps those that the [`Filter`] lets through or that follow up on what was
//!   told before, and moves its place in the [`Journal`] on when the receiver has
//!   taken them. Nothing is held in memory but the page that is under way, and
//!   nothing waits for a receiver but its own courier.

mod backoff;
mod cloudevent;
mod courier;
mod file;
mod filter;
mod journal;
pub mod mail;
mod reply;
mod signature;
mod standing;
pub mod webhook;

pub use cloudevent::CloudEvent;
pub use courier::{Channel, Courier, CourierError, Limits, Next};
pub use file::{Sink, SinkError, publish_pending};
pub use filter::Filter;
pub use journal::{FILE as JOURNAL_FILE, Journal, JournalError};
pub use lettre::message::Mailbox;
pub use reply::Reply;
pub use signature::{Secret, SecretRef, sign};
pub use standing::{DeadLetter, Standing};
