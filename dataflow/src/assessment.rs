//! What is known of an enterprise's risk at one instant: its score, and which
//! categories, agencies and features stand behind it.

use serde::{Deserialize, Serialize};
use tocsin_models::{BoundScorecard, Category, Score};

use crate::features::{fill_row, is_registered};
use crate::places::{Placed, Places};
use crate::plan::{FeatureDef, Plan};
use crate::tally::Tally;

/// Contributions that an assessment names.
pub const REASONS: usize = 3;
/// A place among the reasons that names no feature.
pub const NO_REASON: (u16, i64) = (u16::MAX, 0);

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
    /// Hard triggers that stand, then the features that contribute most, the
    /// largest first, with their micro-log-odds; [`NO_REASON`] where there are
    /// fewer.
    pub reasons: [(u16, i64); REASONS],
}

/// Assesses tallies; keeps its scratch space between enterprises.
#[derive(Debug, Default)]
pub struct Assessor {
    places: Places,
    row: Vec<Option<i64>>,
    contributions: Vec<i64>,
}

impl Assessor {
    /// The assessment of an enterprise on the day `today`; `None` when it is not
    /// registered.
    pub fn assess(
        &mut self,
        plan: &Plan,
        model: &BoundScorecard,
        tally: &Tally,
        today: i32,
    ) -> Option<Assessment> {
        if !is_registered(plan, tally) {
            return None;
        }
        let placed = self.places.of(tally);
        fill_row(plan, placed, today, &mut self.row);
        model.contributions(&self.row, &mut self.contributions);
        let (categories, agencies) = behind(plan, placed, &self.contributions);
        Some(Assessment {
            score: model.score(&self.row),
            categories,
            agencies,
            coverage: coverage(&self.row),
            hard_trigger: self.hard_triggers(plan).next().is_some(),
            reasons: self.reasons(plan),
        })
    }

    /// The assessment of what has just been assessed by another model over the
    /// same features, without reasons.
    pub(crate) fn beside(
        &mut self,
        plan: &Plan,
        model: &BoundScorecard,
        tally: &Tally,
    ) -> Assessment {
        model.contributions(&self.row, &mut self.contributions);
        let placed = self.places.of(tally);
        let (categories, agencies) = behind(plan, placed, &self.contributions);
        Assessment {
            score: model.score(&self.row),
            categories,
            agencies,
            coverage: coverage(&self.row),
            hard_trigger: self.hard_triggers(plan).next().is_some(),
            reasons: [NO_REASON; REASONS],
        }
    }

    /// The hard triggers that stand.
    fn hard_triggers(&self, plan: &Plan) -> impl Iterator<Item = usize> {
        let stands = |(feature, value): (&FeatureDef, &Option<i64>)| {
            feature.hard && value.is_some_and(|value| value > 0)
        };
        let features = plan.features.iter().zip(&self.row).enumerate();
        features.filter_map(move |(place, feature)| stands(feature).then_some(place))
    }

    fn reasons(&self, plan: &Plan) -> [(u16, i64); REASONS] {
        let mut reasons = [NO_REASON; REASONS];
        let mut triggers = 0;
        for place in self.hard_triggers(plan).take(REASONS) {
            reasons[triggers] = (place as u16, self.contributions[place]);
            triggers += 1;
        }
        for (feature, contribution) in self.contributions.iter().enumerate() {
            let feature = feature as u16;
            if reasons[..triggers]
                .iter()
                .any(|(named, _)| *named == feature)
            {
                continue;
            }
            let rest = &mut reasons[triggers..];
            let smaller = rest.iter().position(|(_, held)| contribution > held);
            if let Some(place) = smaller {
                rest[place..].rotate_right(1);
                rest[place] = (feature, *contribution);
            }
        }
        reasons
    }
}

/// The categories and agencies behind contributions above 0.
fn behind(plan: &Plan, tally: Placed<'_>, contributions: &[i64]) -> (u16, u64) {
    let (mut categories, mut agencies) = (0, 0);
    for (feature, contribution) in plan.features.iter().zip(contributions) {
        if *contribution > 0 && feature.spec.category != Category::R {
            categories |= 1 << feature.spec.category.index();
            agencies |= agencies_of(plan, feature, tally);
        }
    }
    (categories, agencies)
}

fn agencies_of(plan: &Plan, feature: &FeatureDef, tally: Placed<'_>) -> u64 {
    let with_facts = feature.slots().filter(|slot| tally.has_facts(*slot));
    let defs = with_facts.filter_map(|slot| plan.slots.get(usize::from(slot)));
    defs.fold(0, |bits, def| bits | 1 << (def.agency & 63))
}

fn coverage(row: &[Option<i64>]) -> u16 {
    let valued = row.iter().flatten().count();
    (valued * 1000).checked_div(row.len()).unwrap_or(0) as u16
}
