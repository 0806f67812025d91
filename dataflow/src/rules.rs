//! What scores are made by: feature definitions over the plan's slots, a model
//! bound to them, and what is asked for beside it. Plain data; an input of the
//! dataflow, in force from an instant on.
//!
//! Contract: the features may be others than those the engine was started with,
//! everything else of the plan is the same.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tocsin_ingest::fact::SubjectKey;
use tocsin_models::BoundModel;

use crate::assessment::Assessment;
use crate::error::EngineError;
use crate::plan::Plan;
use crate::resting::Resting;

/// Grades there are at most: 0 to 7.
pub const GRADES: usize = 8;

/// What an assessment amounts to, 0 to 7. A pure function.
pub type Grade = Arc<dyn Fn(&Assessment) -> u8 + Send + Sync>;

/// Whether an assessment is to be told when the rules come into force, although
/// it is the same as before. A pure function.
pub type Tell = Arc<dyn Fn(SubjectKey, &Assessment) -> bool + Send + Sync>;

/// A model that only grades.
#[derive(Clone)]
pub(crate) struct Challenger {
    pub(crate) model: BoundModel,
    pub(crate) resting: Arc<Resting>,
    pub(crate) grade: Grade,
}

/// The rules of scoring. Cloning them copies a pointer.
#[derive(Clone)]
pub struct Rules(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    plan: Plan,
    model: BoundModel,
    resting: Arc<Resting>,
    challenger: Option<Challenger>,
    tell: Option<Tell>,
}

impl Rules {
    /// Scores by `model` over the features of `plan`.
    ///
    /// # Errors
    /// When the plan contradicts itself or the model is bound to other features.
    pub fn new(plan: Plan, model: BoundModel) -> Result<Rules, EngineError> {
        match plan.check() {
            faults if faults.is_empty() => {}
            faults => return Err(EngineError::Plan(faults)),
        }
        let specs = plan.features.iter().map(|feature| &feature.spec);
        if !specs.eq(model.features()) {
            return Err(EngineError::Model {
                model: model.features().len(),
                plan: plan.features.len(),
            });
        }
        Ok(Rules(Arc::new(Inner {
            resting: Arc::new(Resting::new(&plan, &model)),
            plan,
            model,
            challenger: None,
            tell: None,
        })))
    }

    /// Assesses every revised enterprise by `challenger`, too, and counts how
    /// both grade it.
    ///
    /// # Errors
    /// When the challenger is bound to other features than the model.
    pub fn beside(self, challenger: BoundModel, grade: Grade) -> Result<Rules, EngineError> {
        if challenger.features() != self.model().features() {
            return Err(EngineError::Model {
                model: challenger.features().len(),
                plan: self.plan().features.len(),
            });
        }
        let challenger = Challenger {
            resting: Arc::new(Resting::new(self.plan(), &challenger)),
            model: challenger,
            grade,
        };
        Ok(self.with(|inner| inner.challenger = Some(challenger)))
    }

    /// Asks to be told also of enterprises whose assessment stays as it was.
    #[must_use]
    pub fn telling(self, tell: Tell) -> Rules {
        self.with(|inner| inner.tell = Some(tell))
    }

    /// The same over a plan whose slots keep more.
    pub(crate) fn over(self, plan: Plan) -> Rules {
        self.with(|inner| inner.plan = plan)
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Rules {
        change(Arc::make_mut(&mut self.0));
        self
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.0.plan
    }

    pub(crate) fn model(&self) -> &BoundModel {
        &self.0.model
    }

    /// What the model makes of an enterprise without facts.
    pub(crate) fn resting(&self) -> &Resting {
        &self.0.resting
    }

    pub(crate) fn challenger(&self) -> Option<&Challenger> {
        self.0.challenger.as_ref()
    }

    pub(crate) fn tells(&self, enterprise: SubjectKey, assessment: Option<&Assessment>) -> bool {
        let asked = self.0.tell.as_ref().zip(assessment);
        asked.is_some_and(|(tell, assessment)| tell(enterprise, assessment))
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rules of model {}", self.0.model.version())
    }
}

/// How many enterprises have each pair of grades: the model's, the challenger's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graded(Box<[[i64; GRADES]; GRADES]>);

impl Graded {
    pub(crate) fn count(&mut self, model: u8, challenger: u8, change: i64) {
        let place = |grade: u8| usize::from(grade).min(GRADES - 1);
        self.0[place(model)][place(challenger)] += change;
    }

    /// Adds what another has counted.
    pub fn add(&mut self, other: &Graded) {
        for (row, added) in self.0.iter_mut().zip(other.0.iter()) {
            for (count, added) in row.iter_mut().zip(added) {
                *count += added;
            }
        }
    }

    /// Enterprises that the model grades so, and the challenger so.
    pub fn of(&self, model: usize, challenger: usize) -> i64 {
        self.0
            .get(model)
            .and_then(|row| row.get(challenger))
            .copied()
            .unwrap_or(0)
    }

    /// Enterprises by the model's grade, and by the challenger's.
    pub fn totals(&self) -> ([i64; GRADES], [i64; GRADES]) {
        let mut totals = ([0; GRADES], [0; GRADES]);
        for (model, row) in self.0.iter().enumerate() {
            for (challenger, count) in row.iter().enumerate() {
                totals.0[model] += count;
                totals.1[challenger] += count;
            }
        }
        totals
    }

    /// Enterprises that both do not grade alike.
    pub fn differing(&self) -> i64 {
        let rows = self.0.iter().enumerate();
        rows.map(|(grade, row)| row.iter().sum::<i64>() - row[grade])
            .sum()
    }
}
