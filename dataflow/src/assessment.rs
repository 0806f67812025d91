//! What is known of an enterprise's risk at one instant: its score, and which
//! categories, agencies and features stand behind it.

use serde::{Deserialize, Serialize};
use tocsin_ingest::fact::Slot;
use tocsin_models::{BoundModel, Category, Score};

use crate::features::{is_registered, value};
use crate::keeping::slot_of;
use crate::places::{Placed, Places};
use crate::plan::{FeatureDef, Plan};
use crate::resting::Resting;
use crate::rules::Rules;
use crate::tally::{Entry, Tally};

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
    /// The marks of features that contribute and have facts, joined.
    pub marks: u8,
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
    /// The features that the enterprise's facts can change.
    touched: Vec<u16>,
    /// Those, and the ones that count without facts.
    telling: Vec<u16>,
    /// Slots in which something has come or gone since the last assessment.
    changed: Vec<Slot>,
    /// The features that they can change.
    moved: Vec<u16>,
}

impl Assessor {
    /// The assessment of an enterprise on the day `today`; `None` when it is not
    /// registered.
    pub fn assess(&mut self, rules: &Rules, tally: &Tally, today: i32) -> Option<Assessment> {
        self.changed.clear();
        let (plan, resting) = (rules.plan(), rules.resting());
        if !is_registered(plan, tally) {
            return None;
        }
        let placed = self.places.of(tally);
        resting.touch(slots(tally.entries()), &mut self.touched);
        self.row.clear();
        self.row.extend_from_slice(resting.base().row());
        for place in self.touched.iter().map(|place| usize::from(*place)) {
            self.row[place] = value(&plan.features[place], placed, today);
        }
        Some(self.conclude(rules, tally))
    }

    /// Notes what the tally that was assessed last has been changed by.
    pub(crate) fn touch(&mut self, changed: &[Entry]) {
        self.changed.extend(slots(changed));
    }

    /// [`Assessor::assess`] of the tally that was assessed last, after what it was
    /// [touched](Assessor::touch) with: by the same rules, on the same day. Of some
    /// hundred features a record moves two or three.
    pub(crate) fn reassess(
        &mut self,
        rules: &Rules,
        tally: &Tally,
        today: i32,
    ) -> Option<Assessment> {
        let (plan, resting) = (rules.plan(), rules.resting());
        if !is_registered(plan, tally) {
            return None;
        }
        let placed = self.places.of(tally);
        resting.touch(self.changed.iter().copied(), &mut self.moved);
        for place in self.moved.iter().map(|place| usize::from(*place)) {
            self.row[place] = value(&plan.features[place], placed, today);
        }
        // One that nothing speaks for any more stays among them, at rest.
        self.touched.extend(&self.moved);
        self.touched.sort_unstable();
        self.touched.dedup();
        Some(self.conclude(rules, tally))
    }

    /// The assessment of the row.
    fn conclude(&mut self, rules: &Rules, tally: &Tally) -> Assessment {
        self.changed.clear();
        let (plan, resting) = (rules.plan(), rules.resting());
        let mut assessment = self.score(plan, rules.model(), resting, tally);
        assessment.reasons = self.reasons(plan);
        assessment
    }

    /// The feature values of what has just been assessed.
    pub(crate) fn row(&self) -> &[Option<i64>] {
        &self.row
    }

    /// The assessment of what has just been assessed by another model over the
    /// same features, without reasons.
    pub(crate) fn beside(
        &mut self,
        plan: &Plan,
        (model, resting): (&BoundModel, &Resting),
        tally: &Tally,
    ) -> Assessment {
        self.score(plan, model, resting, tally)
    }

    /// Scores the row, of which what is not touched is at rest.
    fn score(
        &mut self,
        plan: &Plan,
        model: &BoundModel,
        resting: &Resting,
        tally: &Tally,
    ) -> Assessment {
        let (base, touched) = (resting.base(), &self.touched);
        let score = model.score_from(base, &self.row, touched, &mut self.contributions);
        self.telling.clear();
        if model.is_additive() {
            self.telling.extend(touched);
            self.telling.extend(resting.standing());
            self.telling.sort_unstable();
            self.telling.dedup();
        } else {
            // What one feature says can change with any other.
            self.telling.extend(0..self.row.len() as u16);
        }
        let placed = self.places.of(tally);
        // A model that knows no sum gives every feature a little: only what has
        // facts is evidence then.
        let evidence = |place: usize, agencies: u64| {
            self.contributions[place] > 0 && (model.is_additive() || agencies != 0)
        };
        let (categories, agencies, marks) = behind(plan, placed, &self.telling, evidence);
        Assessment {
            score,
            categories,
            agencies,
            marks,
            coverage: self.coverage(resting),
            hard_trigger: self.hard_triggers(plan).next().is_some(),
            reasons: [NO_REASON; REASONS],
        }
    }

    /// Per mille of the features that have a value.
    fn coverage(&self, resting: &Resting) -> u16 {
        let mut valued = resting.valued();
        for place in self.touched.iter().map(|place| usize::from(*place)) {
            valued += usize::from(self.row[place].is_some());
            valued -= usize::from(resting.base().row()[place].is_some());
        }
        let features = self.row.len();
        (valued * 1000).checked_div(features).unwrap_or(0) as u16
    }

    /// The hard triggers that stand.
    fn hard_triggers(&self, plan: &Plan) -> impl Iterator<Item = u16> {
        let stands = |place: &u16| {
            let place = usize::from(*place);
            plan.features[place].hard && self.row[place].is_some_and(|value| value > 0)
        };
        self.telling.iter().copied().filter(stands)
    }

    fn reasons(&self, plan: &Plan) -> [(u16, i64); REASONS] {
        let mut reasons = [NO_REASON; REASONS];
        let mut triggers = 0;
        for feature in self.hard_triggers(plan).take(REASONS) {
            reasons[triggers] = (feature, self.contributions[usize::from(feature)]);
            triggers += 1;
        }
        for feature in self.telling.iter().copied() {
            let contribution = self.contributions[usize::from(feature)];
            if reasons[..triggers]
                .iter()
                .any(|(named, _)| *named == feature)
            {
                continue;
            }
            let rest = &mut reasons[triggers..];
            let smaller = rest.iter().position(|(_, held)| contribution > *held);
            if let Some(place) = smaller {
                rest[place..].rotate_right(1);
                rest[place] = (feature, contribution);
            }
        }
        reasons
    }
}

/// The slots of entries, which are in their order.
fn slots(entries: &[Entry]) -> impl Iterator<Item = Slot> {
    let same = entries.chunk_by(|a, b| a.slot == b.slot);
    same.map(|of_slot| slot_of(of_slot[0].slot))
}

/// The categories, agencies and marks behind those of these features that are evidence,
/// by their place and the agencies with facts.
fn behind(
    plan: &Plan,
    tally: Placed<'_>,
    features: &[u16],
    evidence: impl Fn(usize, u64) -> bool,
) -> (u16, u64, u8) {
    let (mut categories, mut agencies, mut marks) = (0, 0, 0);
    for place in features.iter().map(|place| usize::from(*place)) {
        let feature = &plan.features[place];
        if feature.spec.category == Category::R {
            continue;
        }
        let held = agencies_of(plan, feature, tally);
        if evidence(place, held) {
            categories |= 1 << feature.spec.category.index();
            agencies |= held;
            marks |= if held == 0 { 0 } else { feature.marks };
        }
    }
    (categories, agencies, marks)
}

fn agencies_of(plan: &Plan, feature: &FeatureDef, tally: Placed<'_>) -> u64 {
    let with_facts = feature.slots().filter(|slot| tally.has_facts(*slot));
    let defs = with_facts.filter_map(|slot| plan.slots.get(usize::from(slot)));
    defs.fold(0, |bits, def| bits | 1 << (def.agency & 63))
}
