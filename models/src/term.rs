//! The parts of a score that are no single feature's.
//!
//! Contract: contributions come in the order features, pairs, caps; what stands
//! behind the features is described by as many terms.

use crate::cap::Over;

/// A part of the score behind those of the features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// What two features say together, beyond what each says; their places in
    /// the row.
    Pair(usize, usize),
    /// What features add beyond their cap: never above 0. The limit in
    /// micro-log-odds.
    Cap(Over, i64),
}
