//! The rules in force: features, levels and model. They belong to an epoch:
//! other rules come into force as an epoch of their own, which scores every
//! enterprise again, while the process runs.

use super::judge::{Sieve, figures};
use super::judge_groups::all_groups;
use super::lead::Elsewhere;
use super::records::Records;
use super::{Pipeline, specs};
use crate::caps;
use crate::config::{ModelChoice, Settings};
use crate::explain::{Attribution, By, Explanation, explain};
use crate::view::Status;
use crate::whatif::{Pending, Proposal};
use anyhow::Result;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use tocsin_alerts::level::{Level, level_of};
use tocsin_alerts::lifecycle::Cause;
use tocsin_alerts::store::EpochCommit;
use tocsin_dataflow::{Assessment, Graded, Plan, Rules};
use tocsin_ingest::fact::SubjectKey;
use tocsin_models::{Artifact, BoundModel};
use xxhash_rust::xxh3::Xxh3;

/// The kind of an epoch that brings another model and nothing else.
pub const MODEL_EPOCH: &str = "model";
/// The kind of an epoch that brings other rules.
pub const RULES_EPOCH: &str = "rules";

/// A model, tied to the features.
#[derive(Debug, Clone)]
pub struct Model {
    /// As it was written.
    pub card: Artifact,
    /// As it scores.
    pub bound: BoundModel,
}

impl Model {
    /// Ties a model to the features of `settings`, under its caps.
    ///
    /// # Errors
    /// When it is for other features; every difference is named.
    pub fn new(card: Artifact, settings: &Settings) -> Result<Model, tocsin_models::ModelError> {
        let bound = card.bind(&specs(settings))?.capped(&caps::of(settings));
        Ok(Model { card, bound })
    }

    /// Reads an artifact.
    ///
    /// # Errors
    /// When it cannot be read, has faults, or is for other features; in words.
    pub fn read(file: &Path, settings: &Settings) -> Result<Model, String> {
        let name = file.display();
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("model `{name}` cannot be read: {error}"))?;
        let card =
            Artifact::from_json(&text).map_err(|fault| format!("model `{name}`: {fault}"))?;
        Model::new(card, settings).map_err(|fault| format!("model `{name}`: {fault}"))
    }
}

/// Everything that makes levels of tallies, as of one epoch. What belongs
/// together is changed together.
#[derive(Clone)]
pub struct InForce {
    /// The landed records, and the configuration: features and levels.
    pub records: Records,
    /// The model; none before the first training.
    pub model: Option<Model>,
    /// The model that is scored beside it and decides nothing.
    pub challenger: Option<Model>,
    /// What the dataflow was started with: its accumulators stay.
    pub ground: Arc<Plan>,
    /// The epoch from which they are in force; 0: since the start.
    pub epoch: u64,
    /// Its instant, milliseconds UTC.
    pub time_ms: i64,
}

impl InForce {
    /// One name for all that decides a level. The challenger decides nothing.
    pub fn version(&self) -> String {
        let settings = &self.records.settings;
        let mut hasher = Xxh3::new();
        let parts = (
            settings.ground.scoring(),
            &settings.features,
            &settings.policy,
        );
        hasher.update(format!("{parts:?}").as_bytes());
        // Without caps a version is what it was before there were any.
        if !settings.caps.is_empty() {
            hasher.update(format!("{:?}", caps::of(settings)).as_bytes());
        }
        let model = self.model.as_ref().map(|model| model.card.version());
        format!("{:016x} {}", hasher.digest(), model.unwrap_or("none"))
    }

    /// The version of the model.
    pub fn model_version(&self) -> Option<String> {
        let model = self.model.as_ref();
        model.map(|model| model.card.version().to_owned())
    }

    /// The version of the challenger.
    pub fn challenger_version(&self) -> Option<String> {
        let challenger = self.challenger.as_ref();
        challenger.map(|model| model.card.version().to_owned())
    }

    /// The model that scores.
    pub fn bound(&self) -> Option<BoundModel> {
        self.model.as_ref().map(|model| model.bound.clone())
    }

    /// Why an enterprise has its score; see [`explain`]. `None`: it has none.
    ///
    /// # Errors
    /// When its records cannot be read.
    pub fn explain(
        &self,
        enterprise: SubjectKey,
        status: &Status,
        clearance: u8,
    ) -> Result<Option<Explanation>> {
        self.explain_by(enterprise, status, (clearance, Attribution::Deciding))
    }

    /// As [`InForce::explain`], saying of each feature what is asked for.
    ///
    /// # Errors
    /// When its records cannot be read.
    pub fn explain_by(
        &self,
        enterprise: SubjectKey,
        status: &Status,
        (clearance, attribution): (u8, Attribution),
    ) -> Result<Option<Explanation>> {
        match self.by(clearance) {
            Some(by) => {
                let by = By { attribution, ..by };
                explain(&self.records, by, enterprise, status)
            }
            None => Ok(None),
        }
    }

    /// The models by which scores are explained to a reader.
    pub fn by(&self, clearance: u8) -> Option<By<'_>> {
        Some(By {
            clearance,
            model: self.model.as_ref()?,
            challenger: self.challenger.as_ref(),
            attribution: Attribution::Deciding,
        })
    }

    /// What the dataflow scores by; `None` without a model.
    ///
    /// # Errors
    /// When the model does not fit.
    pub fn rules(&self) -> Result<Option<Rules>> {
        let settings = &self.records.settings;
        let Some(model) = &self.model else {
            return Ok(None);
        };
        let plan = self.ground.with_features(settings.plan().features);
        let plan = plan.map_err(|faults| anyhow::anyhow!(faults.join("\n")))?;
        let rules = Rules::new(plan, model.bound.clone())?;
        let Some(challenger) = &self.challenger else {
            return Ok(Some(rules));
        };
        let policy = settings.policy.clone();
        let grade = move |scored: &Assessment| level_of(&figures(NOBODY, scored), &policy).rank();
        let rules = rules.beside(challenger.bound.clone(), Arc::new(grade))?;
        Ok(Some(rules))
    }
}

/// Levels are made of figures alone.
const NOBODY: SubjectKey = SubjectKey(0);

/// Why changed rules are not in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Refusal {
    /// When they were refused, RFC 3339.
    pub time: String,
    /// Everything that is wrong with them.
    pub faults: Vec<String>,
}

/// How champion and challenger divide the enterprises by level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standings {
    /// The challenger's version; none: there is no challenger.
    pub challenger: Option<String>,
    /// How many have each pair of levels.
    pub graded: Graded,
}

/// What became of a wish for other rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// They decide what those in force decide.
    Same,
    /// They are in force from this epoch on; so many events came of it.
    Applied {
        /// The epoch.
        epoch: u64,
        /// Alert events.
        events: usize,
    },
    /// They are not in force, and everything that is wrong with them.
    Refused(Vec<String>),
}

/// The rules that files say, on the ground on which the process stands.
///
/// # Errors
/// Every fault, and everything that needs a restart.
pub fn read(in_force: &InForce, file: &Path) -> Result<InForce, Vec<String>> {
    let settings = Settings::read(file).map_err(|faults| {
        let words = faults.iter().map(ToString::to_string);
        words.collect::<Vec<_>>()
    })?;
    in_force.bears(&settings)?;
    let mut faults = Vec::new();
    let mut keep = |read: Result<Model, String>| read.map_err(|fault| faults.push(fault)).ok();
    let model = match &settings.model {
        ModelChoice::Artifact(artifact) => keep(Model::read(artifact, &settings)),
        ModelChoice::TrainIfMissing => in_force.model.as_ref().and_then(|model| {
            let bound = Model::new(model.card.clone(), &settings);
            keep(bound.map_err(|fault| format!("the trained model: {fault}")))
        }),
        ModelChoice::NoneLive if in_force.model.is_none() => None,
        ModelChoice::NoneLive => keep(Err(
            "no version of the registry is live, and `[model] artifact` names no other".to_owned(),
        )),
    };
    let challenger = settings
        .challenger
        .as_ref()
        .and_then(|artifact| keep(Model::read(artifact, &settings)));
    match faults.is_empty() {
        true => Ok(in_force.with(settings, model, challenger)),
        false => Err(faults),
    }
}

impl InForce {
    /// Whether other settings can take the place of these while the process runs.
    ///
    /// # Errors
    /// Everything that keeps them from it.
    pub fn bears(&self, next: &Settings) -> Result<(), Vec<String>> {
        let faults = self.records.settings.ground.differences(&next.ground);
        if !faults.is_empty() {
            return Err(faults);
        }
        let features = next.plan().features;
        self.ground
            .with_features(features)
            .map(drop)
            .map_err(|faults| {
                let faults = faults.into_iter();
                faults
                    .map(|fault| format!("needs a restart: {fault}"))
                    .collect()
            })
    }

    /// Other rules over the same records.
    pub fn with(
        &self,
        settings: Settings,
        model: Option<Model>,
        challenger: Option<Model>,
    ) -> InForce {
        let settings = Settings {
            catalogue: Arc::clone(&self.records.settings.catalogue),
            ..settings
        };
        InForce {
            records: self.records.under(Arc::new(settings)),
            model,
            challenger,
            ground: Arc::clone(&self.ground),
            ..*self
        }
    }
}

impl Pipeline {
    /// Takes changed rules into force, or refuses them and leaves everything as
    /// it is.
    ///
    /// # Errors
    /// When the store or the dataflow fails: the process must stop.
    pub fn reload(&mut self) -> Result<Outcome> {
        let file = self.settings().files[0].clone();
        let next = self.rules_are_fixed();
        let outcome = match next.and_then(|()| read(&self.in_force, &file)) {
            Ok(next) => self.apply(next)?,
            Err(faults) => Outcome::Refused(faults),
        };
        let refusal = match &outcome {
            Outcome::Refused(faults) => {
                tracing::error!(
                    "changed rules are refused, those of epoch {} stay in force:\n{}",
                    self.in_force.epoch,
                    faults.join("\n")
                );
                Some(Refusal {
                    time: crate::time::instant_text(crate::time::now_ms()),
                    faults: faults.clone(),
                })
            }
            _ => None,
        };
        self.view.set_refusal(refusal);
        self.view.metrics.reload(&outcome);
        Ok(outcome)
    }

    /// Begins to compare the rules in force with others; nothing is touched.
    ///
    /// # Errors
    /// Everything that is wrong with the others.
    pub fn whatif(&self, proposal: &Proposal) -> Result<Pending, Vec<String>> {
        self.surveyed_here()?;
        let then = proposal.over(&self.in_force)?;
        let as_of = (self.last_epoch, self.last_time_ms);
        let rules = (&*self.in_force, &then);
        let begun = Pending::begin(&self.engine, &self.book, rules, as_of, proposal.limit);
        begun.map_err(|error| vec![format!("{error:#}")])
    }

    /// Takes rules into force, as one epoch if they decide anything.
    ///
    /// # Errors
    /// When the store or the dataflow fails.
    pub fn apply(&mut self, next: InForce) -> Result<Outcome> {
        let challenger = |rules: &InForce| rules.challenger.as_ref().map(|m| m.card.clone());
        if next.version() == self.in_force.version()
            && challenger(&next) == challenger(&self.in_force)
        {
            // Titles, notes, how to train: nothing that a score is made of.
            self.in_force = Arc::new(next);
            self.view.put_in_force(Arc::clone(&self.in_force));
            return Ok(Outcome::Same);
        }
        // The epoch must not span a midnight: what the old rules make of it is
        // an epoch before.
        self.epoch(BTreeMap::new(), Elsewhere::default())?;
        let started = Instant::now();
        let id = self.last_epoch + 1;
        let time_ms = self.clock.now_ms(self.last_time_ms);
        let kind = match self.only_model_differs(&next) {
            true => MODEL_EPOCH,
            false => RULES_EPOCH,
        };
        self.commit(EpochCommit {
            id,
            time_ms,
            kind: kind.into(),
            ..EpochCommit::default()
        })?;
        if let Some(rules) = next.rules()? {
            let rules = self.telling(rules, &next);
            self.engine.set_rules(time_ms as u64, rules)?;
        }
        let mut sieve = Sieve::new(&next.records.settings.policy, &self.book);
        let output = self.advance_each(time_ms, |change| sieve.take(change))?;
        let sifted = sieve.end();
        let advanced = started.elapsed();
        let changes = sifted.scores.len();
        self.count(&output);
        self.view.groups.apply(&output);
        self.standings.challenger = next.challenger_version();
        self.in_force = Arc::new(next);
        let groups = all_groups(&self.view.groups, &self.group_book, time_ms as u64);
        let groups = (&groups[..], &output.members[..]);
        let verdict = self.judge(id, sifted, groups, time_ms, Cause::Model, &HashSet::new())?;
        let judged = started.elapsed();
        let summary = super::EpochSummary {
            id,
            rows: 0,
            changes,
            events: verdict.events.len(),
        };
        self.keep(id, time_ms, verdict, true, None)?;
        tracing::info!(id, kind, changes = summary.changes, events = summary.events, ?advanced, ?judged, kept = ?started.elapsed(), "other rules are in force");
        self.publish()?;
        self.show();
        self.view.metrics.epoch(kind, started.elapsed(), &summary);
        self.engine.tidy()?;
        Ok(Outcome::Applied {
            epoch: id,
            events: summary.events,
        })
    }

    fn only_model_differs(&self, next: &InForce) -> bool {
        let (now, then) = (&self.in_force.records.settings, &next.records.settings);
        now.features == then.features && now.policy == then.policy && now.caps == then.caps
    }

    /// Asks to be told of everybody whose alert or level may change although the
    /// score does not: whoever has an alert, whoever reaches a level, whoever
    /// reached one.
    fn telling(&self, rules: Rules, next: &InForce) -> Rules {
        let open: HashSet<[u8; 16]> = self.book.open_alerts().map(|a| a.enterprise).collect();
        let policies = [self.settings(), &next.records.settings].map(|s| s.policy.clone());
        rules.telling(Arc::new(move |enterprise, scored| {
            let figures = figures(enterprise, scored);
            let reaches = |policy| level_of(&figures, policy) != Level::None;
            policies.iter().any(reaches) || open.contains(&figures.enterprise)
        }))
    }
}
