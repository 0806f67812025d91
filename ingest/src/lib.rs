//! Bytes → records → facts: the only crate that knows encodings, files, segments
//! and how a source is declared. It knows nothing of scores, alerts or time
//! passing.
//!
//! The way of a record: [`transport`] (bytes, position) → [`mod@format`] (rows or
//! rejects) → [`mapping`] (facts) → [`landing`] (durable).

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod catalogue;
pub mod declaration;
pub mod fact;
pub mod format;
pub mod index;
pub mod landing;
pub mod lexicon;
pub mod mapping;
pub mod source;
pub mod sql;
pub mod transport;
pub mod values;
