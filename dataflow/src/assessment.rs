//! What is known of an enterprise's risk at one instant: its score, and which
//! categories, agencies and features stand behind it.

use serde::{Deserialize, Serialize};
use tocsin_ingest::fact::Slot;
use tocsin_models::{BoundModel, Category, Reached, Score};

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
    reached: Reached,
    /// The same by a model beside.
    aside: Reached,
    /// The features that the enterprise's facts can change, sorted.
    touched: Vec<u16>,
    /// By feature: the agencies with facts in its slots.
    held: Vec<u64>,
    /// The features that may be evidence, sorted.
    telling: Vec<u16>,
    /// Slots in which something has come or gone since the last assessment.
    changed: Vec<Slot>,
    /// The features that they can change, sorted.
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
        self.row.clear();
        self.row.extend_from_slice(resting.base().row());
        self.held.clear();
        self.held.resize(self.row.len(), 0);
        resting.touch(slots(tally.entries()), &mut self.touched);
        look(
            plan,
            self.places.of(tally),
            today,
            &self.touched,
            (&mut self.row, &mut self.held),
        );
        let (model, base) = (rules.model(), resting.base());
        let score = model.score_from(base, &self.row, &self.touched, &mut self.reached);
        Some(self.conclude(rules, score))
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
        resting.touch(self.changed.drain(..), &mut self.moved);
        look(
            plan,
            self.places.of(tally),
            today,
            &self.moved,
            (&mut self.row, &mut self.held),
        );
        // One that nothing speaks for any more stays among them, at rest.
        add_sorted(&mut self.touched, &self.moved);
        let model = rules.model();
        let score = model.score_on(&self.row, &self.moved, &mut self.reached);
        Some(self.conclude(rules, score))
    }

    /// The assessment of the row that has this score.
    fn conclude(&mut self, rules: &Rules, score: Score) -> Assessment {
        let (plan, resting) = (rules.plan(), rules.resting());
        self.tell(rules.model(), resting);
        let contributions = self.reached.contributions();
        Assessment {
            reasons: self.reasons(resting, contributions),
            ..self.figures(plan, (rules.model(), resting), (score, contributions))
        }
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
    ) -> Assessment {
        let base = resting.base();
        let score = model.score_from(base, &self.row, &self.touched, &mut self.aside);
        self.tell(model, resting);
        let contributions = self.aside.contributions();
        self.figures(plan, (model, resting), (score, contributions))
    }

    /// Gathers the features that may be evidence for a model.
    fn tell(&mut self, model: &BoundModel, resting: &Resting) {
        self.telling.clear();
        if model.is_additive() {
            self.telling.extend(&self.touched);
            add_sorted(&mut self.telling, resting.standing());
        } else {
            // What one feature says can change with any other.
            self.telling.extend(0..self.row.len() as u16);
        }
    }

    /// What is known of the row but for reasons; what is not touched is at rest.
    fn figures(
        &self,
        plan: &Plan,
        (model, resting): (&BoundModel, &Resting),
        (score, contributions): (Score, &[i64]),
    ) -> Assessment {
        let (categories, agencies, marks) = self.behind(plan, model, contributions);
        Assessment {
            score,
            categories,
            agencies,
            marks,
            coverage: self.coverage(resting),
            hard_trigger: self.hard_triggers(resting).next().is_some(),
            reasons: [NO_REASON; REASONS],
        }
    }

    /// The categories, agencies and marks of the features that are evidence.
    fn behind(&self, plan: &Plan, model: &BoundModel, contributions: &[i64]) -> (u16, u64, u8) {
        let (mut categories, mut agencies, mut marks) = (0, 0, 0);
        for place in self.telling.iter().map(|place| usize::from(*place)) {
            let held = self.held[place];
            // A model that knows no sum gives every feature a little: only what has
            // facts is evidence then.
            if contributions[place] <= 0 || held == 0 && !model.is_additive() {
                continue;
            }
            let feature = &plan.features[place];
            if feature.spec.category != Category::R {
                categories |= 1 << feature.spec.category.index();
                agencies |= held;
                marks |= if held == 0 { 0 } else { feature.marks };
            }
        }
        (categories, agencies, marks)
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
    fn hard_triggers(&self, resting: &Resting) -> impl Iterator<Item = u16> {
        let stands = |place: &u16| self.row[usize::from(*place)].is_some_and(|value| value > 0);
        resting.hard().iter().copied().filter(stands)
    }

    fn reasons(&self, resting: &Resting, contributions: &[i64]) -> [(u16, i64); REASONS] {
        let mut reasons = [NO_REASON; REASONS];
        let mut triggers = 0;
        for feature in self.hard_triggers(resting).take(REASONS) {
            reasons[triggers] = (feature, contributions[usize::from(feature)]);
            triggers += 1;
        }
        for feature in self.telling.iter().copied() {
            let contribution = contributions[usize::from(feature)];
            let (named, rest) = reasons.split_at_mut(triggers);
            if named.iter().any(|(named, _)| *named == feature) {
                continue;
            }
            // Most are smaller than all that are held.
            let Some(smaller) = rest.iter().position(|(_, held)| contribution > *held) else {
                continue;
            };
            for place in (smaller + 1..rest.len()).rev() {
                rest[place] = rest[place - 1];
            }
            rest[smaller] = (feature, contribution);
        }
        reasons
    }
}

/// Looks at features again: their values, and who has facts.
fn look(
    plan: &Plan,
    tally: Placed<'_>,
    today: i32,
    features: &[u16],
    (row, held): (&mut [Option<i64>], &mut [u64]),
) {
    for place in features.iter().map(|place| usize::from(*place)) {
        let feature = &plan.features[place];
        row[place] = value(feature, tally, today);
        held[place] = agencies_of(plan, feature, tally);
    }
}

/// Adds what is not there yet; both are sorted.
fn add_sorted(held: &mut Vec<u16>, more: &[u16]) {
    for feature in more {
        if let Err(place) = held.binary_search(feature) {
            held.insert(place, *feature);
        }
    }
}

/// The slots of entries, which are in their order.
fn slots(entries: &[Entry]) -> impl Iterator<Item = Slot> {
    let same = entries.chunk_by(|a, b| a.slot == b.slot);
    same.map(|of_slot| slot_of(of_slot[0].slot))
}

fn agencies_of(plan: &Plan, feature: &FeatureDef, tally: Placed<'_>) -> u64 {
    let with_facts = feature.slots().filter(|slot| tally.has_facts(*slot));
    let defs = with_facts.filter_map(|slot| plan.slots.get(usize::from(slot)));
    defs.fold(0, |bits, def| bits | 1 << (def.agency & 63))
}
