//! Caps: how much a category may add to the score, whatever its features say.
//!
//! Contract: what is cut off is a contribution of its own, never above 0, so
//! contributions and intercept still sum to the score to the last digit. A cap
//! belongs to the configuration and not to a model: it holds under every model.

use crate::category::Category;
use crate::index::Anchors;
use crate::score::Score;

/// The most that the features of a category add to the score together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap {
    /// Which category.
    pub category: Category,
    /// How much.
    pub limit: Limit,
}

/// How a cap is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Micro-log-odds, not below 0.
    LogOdds(i64),
    /// The category, with the intercept alone beside it, stays below this index
    /// (centi-points).
    Below(u16),
}

/// Caps in micro-log-odds, in the order of declaration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caps(Vec<(Category, i64)>);

impl Caps {
    /// What `caps` come to beside `intercept`.
    pub(crate) fn new(caps: &[Cap], intercept: i64, anchors: &Anchors) -> Caps {
        let limit = |cap: &Cap| match cap.limit {
            Limit::LogOdds(limit) => limit.max(0),
            Limit::Below(index) => match anchors.log_odds_at(index) {
                Some(reached) => reached.saturating_sub(1).saturating_sub(intercept).max(0),
                None => i64::MAX, // nothing reaches it
            },
        };
        Caps(caps.iter().map(|cap| (cap.category, limit(cap))).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Category, i64)> {
        self.0.iter().copied()
    }

    /// Cuts `score` down; `each` gets what every cap takes, at most 0.
    pub(crate) fn apply(&self, score: &mut Score, anchors: &Anchors, mut each: impl FnMut(i64)) {
        if self.0.is_empty() {
            return;
        }
        for (category, limit) in &self.0 {
            let subtotal = &mut score.subtotals[category.index()];
            let cut = (limit - *subtotal).min(0);
            *subtotal += cut;
            score.log_odds += cut;
            each(cut);
        }
        score.index = anchors.index(score.log_odds);
    }
}
