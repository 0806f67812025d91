//! Caps: how much the features of a category, or of whoever they come from, may
//! add to the score, whatever they say.
//!
//! Contract: what is cut off is a contribution of its own, never above 0, so
//! contributions and intercept still sum to the score to the last digit. A cap
//! belongs to the configuration and not to a model: it holds under every model.
//!
//! Caps over named features are applied first, then those over categories, which
//! count what the first have left. No two of the first may hold the same feature.

use std::sync::Arc;

use crate::category::{CATEGORIES, Category};
use crate::feature::FeatureSpec;
use crate::pair::halves;
use crate::scale::Scale;
use crate::score::Score;

/// The most that features add to the score together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
    /// Which features.
    pub over: Over,
    /// How much.
    pub limit: Limit,
}

/// Which features a cap holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// Those of a category.
    Category(Category),
    /// Those that belong together for another reason, such as their agency.
    Features(Arc<Held>),
}

/// Features that a cap holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What they have in common.
    pub name: String,
    /// Their places in the row.
    pub places: Vec<usize>,
}

/// How a cap is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Micro-log-odds, not below 0.
    LogOdds(i64),
    /// What it holds, with the intercept alone beside it, stays below this index
    /// (centi-points).
    Below(u16),
}

/// What a model's contributions are of, as far as caps ask.
pub(crate) struct Scored<'a> {
    pub(crate) intercept: i64,
    pub(crate) scale: &'a Scale,
    pub(crate) features: &'a [FeatureSpec],
    /// The features of each pair.
    pub(crate) pairs: Vec<[usize; 2]>,
}

/// Caps in micro-log-odds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caps {
    /// In the order of declaration, and before those over categories.
    groups: Vec<Group>,
    categories: Vec<(Category, i64)>,
}

#[derive(Debug, Clone)]
struct Group {
    held: Arc<Held>,
    limit: i64,
    parts: Vec<Counted>,
}

/// A contribution that counts for a group, and the category it counts for.
#[derive(Debug, Clone, Copy)]
struct Counted {
    contribution: usize,
    /// Of a pair: which half.
    half: Option<usize>,
    category: usize,
}

impl Caps {
    /// What `caps` come to under a model.
    pub(crate) fn new(caps: &[Cap], scored: &Scored) -> Caps {
        let limit = |cap: &Cap| match cap.limit {
            Limit::LogOdds(limit) => limit.max(0),
            Limit::Below(index) => match scored.scale.log_odds_at(index) {
                Some(reached) => {
                    let most = reached.saturating_sub(1);
                    most.saturating_sub(scored.intercept).max(0)
                }
                None => i64::MAX, // nothing reaches it
            },
        };
        let mut all = Caps::default();
        for cap in caps {
            match &cap.over {
                Over::Category(category) => all.categories.push((*category, limit(cap))),
                Over::Features(held) => all.groups.push(Group {
                    held: Arc::clone(held),
                    limit: limit(cap),
                    parts: counted(held, scored),
                }),
            }
        }
        all
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.categories.is_empty()
    }

    /// Whether evidence could lower the score: what a group loses of one category
    /// it has room for in others, and the first may have been cut off anyway.
    pub(crate) fn cross(&self) -> bool {
        !self.groups.is_empty() && !self.categories.is_empty()
    }

    /// What each holds and its limit, in the order of contributions.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Over, i64)> {
        let groups = self.groups.iter();
        let groups = groups.map(|group| (Over::Features(Arc::clone(&group.held)), group.limit));
        let categories = self.categories.iter();
        groups.chain(categories.map(|(category, limit)| (Over::Category(*category), *limit)))
    }

    /// Cuts `score` down, of which `contributions` are those of features and
    /// pairs; adds what every cap takes, at most 0.
    pub(crate) fn apply(&self, score: &mut Score, scale: &Scale, contributions: &mut Vec<i64>) {
        if self.is_empty() {
            return;
        }
        for group in &self.groups {
            let cut = group.cut(contributions, &mut score.subtotals);
            score.log_odds += cut;
            contributions.push(cut);
        }
        for (category, limit) in &self.categories {
            let subtotal = &mut score.subtotals[category.index()];
            let cut = (limit - *subtotal).min(0);
            *subtotal += cut;
            score.log_odds += cut;
            contributions.push(cut);
        }
        score.index = scale.index(score.log_odds);
    }
}

impl Group {
    /// What is beyond the limit, as a negative number, taken off the subtotals.
    fn cut(&self, contributions: &[i64], subtotals: &mut [i64; CATEGORIES]) -> i64 {
        let mut added = [0; CATEGORIES];
        for part in &self.parts {
            let whole = contributions[part.contribution];
            added[part.category] += part.half.map_or(whole, |half| halves(whole)[half]);
        }
        let cut = (self.limit - added.iter().sum::<i64>()).min(0);
        if cut < 0 {
            share(cut, &added, subtotals);
        }
        cut
    }
}

/// Takes a cut off the categories that bring more than nothing, each in
/// proportion to what it brings; the parts sum to the cut.
fn share(cut: i64, added: &[i64; CATEGORIES], subtotals: &mut [i64; CATEGORIES]) {
    let all: i128 = added.iter().map(|part| i128::from((*part).max(0))).sum();
    let (mut before, mut taken) = (0_i128, 0_i128);
    for (part, subtotal) in added.iter().zip(subtotals) {
        before += i128::from((*part).max(0));
        let until = i128::from(cut) * before / all;
        *subtotal += (until - taken) as i64;
        taken = until;
    }
}

/// What of a model's contributions counts for `held`: its features, and of a pair
/// the half of each side that is one of them.
fn counted(held: &Held, scored: &Scored) -> Vec<Counted> {
    let is_held = |place: &usize| held.places.contains(place);
    let category = |place: usize| scored.features[place].category.index();
    let known = |place: &&usize| **place < scored.features.len();
    let own = held.places.iter().filter(known).map(|place| Counted {
        contribution: *place,
        half: None,
        category: category(*place),
    });
    let pairs = scored.pairs.iter().enumerate();
    let sides = pairs.flat_map(|(pair, features)| {
        let sides = features.iter().enumerate();
        sides.map(move |(half, place)| (pair, half, place))
    });
    let sides = sides.filter(|(_, _, place)| is_held(place));
    let sides = sides.map(|(pair, half, place)| Counted {
        contribution: scored.features.len() + pair,
        half: Some(half),
        category: category(*place),
    });
    own.chain(sides).collect()
}
