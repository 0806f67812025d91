//! Feeds: what each agency's resource sees of the events, and how its files are
//! filled. Declared in `city/feeds/<unit>.toml`, judged whole before anything is
//! simulated, then run by [`block`].

pub(crate) mod block;
mod column;
mod declared;
mod dirt;
mod feed;
mod file;
mod row;
mod schedule;
pub(crate) mod whole;

pub use declared::FeedFault;
pub(crate) use feed::{Feeds, Form, Mode};
pub(crate) use file::{extension, opening};
