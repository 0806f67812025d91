//! What is known of an enterprise's risk at one instant: its score, and which
//! categories, agencies and features stand behind it.

use serde::{Deserialize, Serialize};
use tocsin_models::{BoundScorecard, Category, Score};

use crate::features::{fill_row, is_registered};
use crate::plan::{FeatureDef, Plan};
use crate::tally::Tally;

/// Contributions that an assessment names.
pub const REASONS: usize = 3;

/// The assessment of a registered enterprise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Assessment {
    /// The score.
    pub score: Score,
    /// Bits by [`Category::index`]: categories of features that contribute more
    /// than 0 micro-log-odds. `R` never counts.
    pub categories: u16,
    /// Bits by agency: those with facts in the slots of such features.
    pub agencies: u64,
    /// Per mille of the features that have a value.
    pub coverage: u16,
    /// Whether a hard trigger stands: red, whatever the score.
    pub hard_trigger: bool,
    /// The features that contribute most, the largest first, with their
    /// micro-log-odds; a contribution of 0 names none.
    pub reasons: [(u16, i64); REASONS],
}

/// Assesses tallies; keeps its scratch space between enterprises.
#[derive(Debug, Default)]
pub struct Assessor {
    row: Vec<Option<i64>>,
    contributions: Vec<i64>,
}

impl Assessor {
    /// The assessment of an enterprise; `None` when it is not registered.
    pub fn assess(
        &mut self,
        plan: &Plan,
        model: &BoundScorecard,
        tally: &Tally,
    ) -> Option<Assessment> {
        if !is_registered(plan, tally) {
            return None;
        }
        fill_row(plan, tally, &mut self.row);
        model.contributions(&self.row, &mut self.contributions);
        let (categories, agencies) = self.behind(plan, tally);
        Some(Assessment {
            score: model.score(&self.row),
            categories,
            agencies,
            coverage: coverage(&self.row),
            hard_trigger: self.hard_trigger(plan),
            reasons: self.reasons(),
        })
    }

    fn hard_trigger(&self, plan: &Plan) -> bool {
        let hard = |(feature, value): (&FeatureDef, &Option<i64>)| {
            feature.hard && value.is_some_and(|value| value > 0)
        };
        plan.features.iter().zip(&self.row).any(hard)
    }

    fn reasons(&self) -> [(u16, i64); REASONS] {
        let mut reasons = [(0, 0); REASONS];
        for (feature, contribution) in self.contributions.iter().enumerate() {
            let smaller = reasons.iter().position(|(_, held)| contribution > held);
            if let Some(place) = smaller {
                reasons[place..].rotate_right(1);
                reasons[place] = (feature as u16, *contribution);
            }
        }
        reasons
    }

    fn behind(&self, plan: &Plan, tally: &Tally) -> (u16, u64) {
        let (mut categories, mut agencies) = (0, 0);
        for (feature, contribution) in plan.features.iter().zip(&self.contributions) {
            if *contribution > 0 && feature.spec.category != Category::R {
                categories |= 1 << feature.spec.category.index();
                agencies |= agencies_of(plan, feature, tally);
            }
        }
        (categories, agencies)
    }
}

fn agencies_of(plan: &Plan, feature: &FeatureDef, tally: &Tally) -> u64 {
    let with_facts = feature.slots.iter().filter(|slot| tally.get(**slot).n > 0);
    let defs = with_facts.filter_map(|slot| plan.slots.get(usize::from(*slot)));
    defs.fold(0, |bits, def| bits | 1 << (def.agency & 63))
}

fn coverage(row: &[Option<i64>]) -> u16 {
    let valued = row.iter().flatten().count();
    (valued * 1000).checked_div(row.len()).unwrap_or(0) as u16
}
