//! The parts of a score that are no single feature's.
//!
//! Contract: contributions come in the order features, pairs, caps; what stands
//! behind the features is described by as many terms.

use crate::category::Category;

/// A part of the score behind those of the features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// What two features say together, beyond what each says; their places in
    /// the row.
    Pair(usize, usize),
    /// What a category adds beyond its cap: never above 0. The limit in
    /// micro-log-odds.
    Cap(Category, i64),
}
