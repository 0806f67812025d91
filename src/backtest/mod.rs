//! `tocsin backtest`: what the alerts would have been worth, had the present
//! rules been in force from a day on.
//!
//! The landing is replayed by arrival. At the beginning of each period every
//! enterprise is scored by what was known then, by the model in force or by one
//! that is trained anew on the outcomes known then; those already found positive
//! are left out; the first so many are held against the outcomes that arrived
//! within the horizon.
//!
//! Contract: no score depends on anything that arrived later. A model that was
//! trained on later outcomes is refused.

mod replay;
mod report;

pub use report::Report;

use crate::census::Shape;
use crate::hindsight::{Chronicle, TODAY};
use crate::pipeline::rules::Model;
use crate::time::{DAY_MS, day_of, day_text, midnight_ms};
use crate::train::{self, Known};
use crate::truth::{self, Seen, TASK};
use crate::view::View;
use anyhow::{Context, Result, bail};
use replay::{Replay, Standing};
use report::{Lead, Overall, Period};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use tocsin_alerts::level::Level;
use tocsin_ingest::fact::SubjectKey;
use tocsin_ingest::values::Uscc;
use tocsin_models::{Figure, Said};

/// Where the bands of the index begin whose shares are compared, centi-points.
const BANDS: [i64; 9] = [
    1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000,
];

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// The first instant's day.
    pub from: i32,
    /// No instant lies after it.
    pub to: i32,
    /// Days from one instant to the next.
    pub every: u16,
    /// Days within which outcomes are awaited.
    pub horizon: u16,
    /// Enterprises that can be looked at in a period.
    pub capacity: usize,
    /// Whether a model is trained at each instant.
    pub retrain: bool,
    /// The truth of a simulated city.
    pub truth: Option<PathBuf>,
    /// Of the bootstrap.
    pub seed: u64,
}

/// An enterprise in a period.
struct Case {
    enterprise: SubjectKey,
    log_odds: i64,
    is_top: bool,
    /// How its check ended, where it had one.
    outcome: Option<bool>,
}

/// What has been seen so far.
#[derive(Default)]
struct Course {
    periods: Vec<Period>,
    cases: Vec<Case>,
    /// By enterprise: its highest score, the first day with a level and with a task.
    seen: HashMap<SubjectKey, Seen>,
    top: HashSet<SubjectKey>,
    bands: Option<Shape>,
}

/// Replays the state that `view` shows.
///
/// # Errors
/// When nothing can be replayed (everything arrived at once, no day lies within),
/// the model knows what came later, or the landing cannot be read.
pub fn backtest(
    view: &View,
    workers: usize,
    request: &Request,
    runtime: &tokio::runtime::Handle,
) -> Result<Report> {
    let end = day_of(view.status().time_ms);
    let days: Vec<i32> = (request.from..=request.to.min(end))
        .step_by(usize::from(request.every.max(1)))
        .collect();
    let Some(first) = days.first().copied() else {
        bail!(
            "no day to look back on from {} to {}; the state is as of {}",
            day_text(request.from),
            day_text(request.to.min(end)),
            day_text(end)
        );
    };
    let fixed = match request.retrain {
        true => None,
        false => Some(honest_model(view, first)?),
    };
    let chronicle = Chronicle::read(view, runtime)?;
    check_arrivals(&chronicle, first)?;
    let mut replay = Replay::begin(view, workers, midnight_ms(first), runtime)?;
    if let Some(model) = &fixed {
        replay.set_model(midnight_ms(first), model.clone())?;
    }
    let mut course = Course::default();
    for day in days {
        course.period(view, &chronicle, &mut replay, request, day)?;
    }
    if course.periods.iter().all(|period| period.enterprises == 0) {
        bail!(
            "nothing had arrived before {}: what is loaded at once has no past; a state that took its records in as they came has one (`tocsin demo`, `simulate --arrivals`)",
            day_text(first)
        );
    }
    let truth = match &request.truth {
        None => None,
        Some(file) => Some(truth::held_against(
            file,
            &by_id(&course.seen),
            (first, end),
        )?),
    };
    Ok(Report {
        capacity: request.capacity,
        horizon_days: request.horizon,
        overall: overall(&course.cases, request),
        lead: lead(&chronicle, &course.seen, first)?,
        periods: course.periods,
        truth,
    })
}

/// The model in force, if nothing in it is from after the day `first`.
fn honest_model(view: &View, first: i32) -> Result<tocsin_models::BoundModel> {
    let in_force = view.in_force();
    let model = in_force.model.as_ref();
    let model =
        model.context("there is no model yet: say --retrain to train one at each instant")?;
    let created = &model.card.provenance().created;
    let trained = created.parse::<jiff::civil::Date>().ok();
    let from = day_text(first).parse::<jiff::civil::Date>()?;
    match trained {
        Some(trained) if trained > from => bail!(
            "model {} was trained on what was known on {trained}: it knows outcomes that it would have to foresee from {from} on. Allowed are --from after that day, or --retrain",
            model.card.version()
        ),
        _ => Ok(model.bound.clone()),
    }
}

/// Refuses a state in which nothing arrived after the first instant.
fn check_arrivals(chronicle: &Chronicle, first: i32) -> Result<()> {
    match chronicle.arrivals().max() {
        None => bail!("no outcome has arrived: a back-test needs a source with [outcome]"),
        Some(last) if last < midnight_ms(first) => bail!(
            "the last outcome arrived on {}, before {}: nothing is left to foresee. Where everything was loaded at once, it all arrived at once; a state that took its records in as they came has a past (`tocsin demo`, `simulate --arrivals`)",
            day_text(day_of(last)),
            day_text(first)
        ),
        Some(_) => Ok(()),
    }
}

impl Course {
    /// Goes on to the beginning of `day`, and looks ahead from there with the
    /// eyes of today: at how checks ended, never at what a score is made of.
    fn period(
        &mut self,
        view: &View,
        chronicle: &Chronicle,
        replay: &mut Replay,
        request: &Request,
        day: i32,
    ) -> Result<()> {
        let now = midnight_ms(day);
        let settings = view.settings();
        let mut known = Known::of(&settings);
        let mut decided: HashSet<SubjectKey> = HashSet::new();
        let mut all = 0_usize;
        chronicle.each_example(now, |example| {
            all += 1;
            decided.extend(example.positive.then_some(example.enterprise));
            known.push(&example);
        })?;
        let (mut version, mut trained_on) = (String::new(), None);
        if request.retrain {
            let positive = decided.len();
            match train::train_on(&settings, known, day) {
                Ok(card) => {
                    card.version().clone_into(&mut version);
                    replay.set_model(now, Model::new(card, &settings)?.bound)?;
                    trained_on = Some((all, positive));
                }
                // Too few outcomes yet: the model before stays, if there is one.
                Err(error) => tracing::info!(%error, day = day_text(day), "not trained"),
            }
        } else if let Some(model) = view.model() {
            model.version().clone_into(&mut version);
        }
        let (standings, _) = replay.advance(now)?;
        let until = now + i64::from(request.horizon) * DAY_MS;
        let outcomes: BTreeMap<SubjectKey, bool> = chronicle
            .checked(now, until)
            .into_iter()
            .map(|example| (example.enterprise, example.positive))
            .collect();
        let before = self.cases.len();
        let top = self.cases_of(standings, &outcomes, &decided, request.capacity);
        let of_period = &self.cases[before..];
        let count = |wanted: &dyn Fn(&Case) -> bool| of_period.iter().filter(|c| wanted(c)).count();
        let bands = bands(standings);
        let mut period = Period {
            day: day_text(day),
            complete: until <= view.status().time_ms,
            model: version,
            trained_on,
            enterprises: standings.len(),
            levels: [0; 4],
            new_tasks: 0,
            checked: count(&|case| case.outcome.is_some()),
            positive: count(&|case| case.outcome == Some(true)),
            top_checked: count(&|case| case.is_top && case.outcome.is_some()),
            top_positive: count(&|case| case.is_top && case.outcome == Some(true)),
            kept: (!self.periods.is_empty() && !top.is_empty())
                .then(|| top.intersection(&self.top).count() as f64 / top.len() as f64),
            stability: self
                .bands
                .as_ref()
                .and_then(|before| before.stability(&bands)),
        };
        for (enterprise, standing) in standings {
            self.see(*enterprise, standing, day, &mut period);
        }
        self.top = top;
        self.bands = Some(bands);
        self.periods.push(period);
        Ok(())
    }

    /// Notes the first `capacity` and the checked of a period; who is first.
    fn cases_of(
        &mut self,
        standings: &HashMap<SubjectKey, Standing>,
        outcomes: &BTreeMap<SubjectKey, bool>,
        decided: &HashSet<SubjectKey>,
        capacity: usize,
    ) -> HashSet<SubjectKey> {
        let open = standings.iter().filter(|(key, _)| !decided.contains(key));
        let mut ranking: Vec<(i64, SubjectKey)> = open
            .map(|(key, standing)| (standing.log_odds, *key))
            .collect();
        // Those of one score in an order that has nothing to do with them.
        ranking.sort_unstable_by_key(|(log_odds, key)| (-log_odds, key.hash64(), *key));
        let first = ranking.iter().take(capacity).map(|(_, key)| *key);
        let top: HashSet<SubjectKey> = first.collect();
        for (log_odds, enterprise) in ranking {
            let (is_top, outcome) = (
                top.contains(&enterprise),
                outcomes.get(&enterprise).copied(),
            );
            if is_top || outcome.is_some() {
                self.cases.push(Case {
                    enterprise,
                    log_odds,
                    is_top,
                    outcome,
                });
            }
        }
        top
    }

    /// Notes where an enterprise stands on a day.
    fn see(&mut self, enterprise: SubjectKey, standing: &Standing, day: i32, period: &mut Period) {
        if standing.level == Level::None {
            return;
        }
        period.levels[usize::from(standing.level.rank()) - 1] += 1;
        let seen = self.seen.entry(enterprise).or_insert(Seen {
            peak: standing.log_odds,
            first: day,
            task: None,
        });
        seen.peak = seen.peak.max(standing.log_odds);
        if standing.level >= TASK && seen.task.is_none() {
            seen.task = Some(day);
            period.new_tasks += 1;
        }
    }
}

/// By the ids that a truth knows.
fn by_id(seen: &HashMap<SubjectKey, Seen>) -> HashMap<String, Seen> {
    let id = |key: &SubjectKey| Uscc::from_key(*key).map(|code| code.as_str().to_owned());
    seen.iter()
        .filter_map(|(key, seen)| Some((id(key)?, *seen)))
        .collect()
}

/// How many enterprises are in each band of the index.
fn bands(standings: &HashMap<SubjectKey, Standing>) -> Shape {
    let mut shape = Shape::new(BANDS.to_vec());
    for standing in standings.values() {
        shape.add(Some(i64::from(standing.index)));
    }
    shape
}

fn overall(cases: &[Case], request: &Request) -> Overall {
    let groups: Vec<u64> = cases.iter().map(|case| case.enterprise.hash64()).collect();
    let share = |of: &dyn Fn(&Case) -> bool, hits: &dyn Fn(&Case) -> bool| {
        let marks: Vec<(bool, bool)> = cases.iter().map(|case| (of(case), hits(case))).collect();
        tocsin_models::share(&marks, &groups, request.seed)
    };
    let is_positive = |case: &Case| case.outcome == Some(true);
    Overall {
        found: share(&|case| case.is_top, &is_positive),
        precision: share(&|case| case.is_top && case.outcome.is_some(), &is_positive),
        recall: share(&is_positive, &|case| case.is_top),
        auc: auc(cases, &groups, request.seed),
    }
}

fn auc(cases: &[Case], groups: &[u64], seed: u64) -> Option<Figure> {
    let checked = cases.iter().zip(groups);
    let checked: Vec<(i64, bool, u64)> = checked
        .filter_map(|(case, group)| Some((case.log_odds, case.outcome?, *group)))
        .collect();
    // Only the ranking is asked for.
    let said: Vec<Said> = checked
        .iter()
        .map(|(said, _, _)| Said::from(*said))
        .collect();
    let labels: Vec<bool> = checked.iter().map(|(_, label, _)| *label).collect();
    let groups: Vec<u64> = checked.iter().map(|(_, _, group)| *group).collect();
    let judged = tocsin_models::evaluate(&said, &labels, None, &groups, seed);
    judged.ok().map(|evaluation| evaluation.auc)
}

/// How early the enterprises had a task that were found positive from the day
/// `first` on.
fn lead(chronicle: &Chronicle, seen: &HashMap<SubjectKey, Seen>, first: i32) -> Result<Lead> {
    let (mut positive, mut days) = (0, Vec::new());
    chronicle.each_example(TODAY, |example| {
        if !example.positive || example.arrived_ms < midnight_ms(first) {
            return;
        }
        positive += 1;
        let task = seen.get(&example.enterprise).and_then(|seen| seen.task);
        let before = task.map(|task| day_of(example.arrived_ms) - task);
        days.extend(before.filter(|days| *days >= 0));
    })?;
    Ok(Lead {
        positive,
        with_task: days.len(),
        days: truth::quartiles(days),
    })
}
