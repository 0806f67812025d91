//! What features are without facts, and which of them a slot can change.
//!
//! Contract: an assessment looks only at the features made of slots that an
//! enterprise has facts in, some tens of hundreds, and takes the rest from
//! here. A value without facts does not depend on the day.

use tocsin_ingest::fact::Slot;
use tocsin_models::{Base, BoundModel};

use crate::features::fill_row;
use crate::places::Places;
use crate::plan::Plan;
use crate::tally::Tally;

/// How a model scores an enterprise without facts.
#[derive(Debug)]
pub(crate) struct Resting {
    base: Base,
    /// By slot: the features that are made of it.
    features: Vec<Vec<u16>>,
    /// Features that have a value.
    valued: usize,
    /// Features that raise the score all the same, or make it red.
    standing: Vec<u16>,
    /// Features that make it red by themselves.
    hard: Vec<u16>,
}

impl Resting {
    /// What `model` makes of the features of `plan`.
    pub(crate) fn new(plan: &Plan, model: &BoundModel) -> Self {
        let mut row = Vec::new();
        fill_row(plan, Places::default().of(&Tally::default()), 0, &mut row);
        let mut features = vec![Vec::new(); plan.slots.len()];
        for (place, feature) in plan.features.iter().enumerate() {
            for slot in feature.slots() {
                if let Some(made_of) = features.get_mut(usize::from(slot)) {
                    made_of.push(place as u16);
                }
            }
        }
        let base = model.base(row);
        let stands = |place: &u16| {
            let place = usize::from(*place);
            let is_hard = plan.features[place].hard;
            base.contributions()[place] > 0
                || is_hard && base.row()[place].is_some_and(|value| value > 0)
        };
        let is_hard = |place: &u16| plan.features[usize::from(*place)].hard;
        let all = 0..plan.features.len() as u16;
        Resting {
            standing: all.clone().filter(stands).collect(),
            hard: all.filter(is_hard).collect(),
            valued: base.row().iter().flatten().count(),
            base,
            features,
        }
    }

    /// The score without facts.
    pub(crate) fn base(&self) -> &Base {
        &self.base
    }

    /// How many features have a value without facts.
    pub(crate) fn valued(&self) -> usize {
        self.valued
    }

    /// Features that count although there are no facts they are made of.
    pub(crate) fn standing(&self) -> &[u16] {
        &self.standing
    }

    /// Features that make an enterprise red by themselves, whatever the score.
    pub(crate) fn hard(&self) -> &[u16] {
        &self.hard
    }

    /// Replaces `touched` by the features that facts in these slots can change,
    /// sorted.
    pub(crate) fn touch(&self, slots: impl Iterator<Item = Slot>, touched: &mut Vec<u16>) {
        touched.clear();
        for slot in slots {
            touched.extend(self.features.get(usize::from(slot)).into_iter().flatten());
        }
        touched.sort_unstable();
        touched.dedup();
    }
}
