//! `tocsin verify`: every feature and score computed anew from the landing by a
//! plain batch fold, and held against the incremental state: what the dataflow
//! holds after a fresh load, and what the live run last said of each enterprise.

use crate::fold::{Fold, Folded};
use crate::history;
use crate::pipeline::records::Records;
use crate::pipeline::restore;
use crate::pipeline::{Options, specs};
use crate::view::View;
use crate::witness;
use anyhow::{Context, Result};
use std::collections::{BTreeSet, HashMap};
use tocsin_alerts::level::{Assessment, level_of};
use tocsin_dataflow::{Engine, EngineConfig, ScoreChange};
use tocsin_ingest::fact::{Facts, SubjectKey};

/// Differences listed at most; all are counted.
const LISTED: usize = 20;

/// What a verification found.
#[derive(Debug, Default)]
pub struct Verification {
    /// As of which epoch.
    pub epoch: u64,
    /// Enterprises compared.
    pub enterprises: usize,
    /// Groups compared.
    pub groups: usize,
    /// Live records folded.
    pub records: u64,
    /// Enterprises and groups that differ.
    pub differences: usize,
    /// The first of them, in words.
    pub listed: Vec<String>,
}

impl Verification {
    fn differ(&mut self, text: String) {
        self.differences += 1;
        if self.listed.len() < LISTED {
            self.listed.push(text);
        }
    }
}

/// Verifies the state that `view` shows.
///
/// # Errors
/// When the landing or the store cannot be read, or there is no model yet.
pub fn verify(
    view: &View,
    options: &Options,
    runtime: &tokio::runtime::Handle,
) -> Result<Verification> {
    let status = view.status();
    let model = view
        .model()
        .context("there is no model yet: nothing is scored")?;
    let records = &view.records();
    let mut verification = Verification {
        epoch: status.epoch,
        ..Verification::default()
    };
    let incremental = incremental(
        records,
        &model,
        options,
        status.epoch,
        status.time_ms,
        runtime,
        view,
    )?;
    // The dataflow is gone before the fold begins: of a city there is no room for
    // both.
    crate::memory::give_back();
    let folded = fold_all(records, status.time_ms, &mut verification.records)?;
    let published = history::latest(view, runtime)?;
    let registered = folded.registered();
    verification.enterprises = registered.len();
    for enterprise in &registered {
        let row = folded.features(*enterprise);
        let expected = witness::assess(&records.settings, *enterprise, &folded, &model, &row);
        let id = tocsin_ingest::values::Uscc::from_key(*enterprise)
            .map_or_else(|| format!("{enterprise:032x}"), |c| c.as_str().to_owned());
        match incremental.enterprises.get(enterprise) {
            None => verification.differ(format!(
                "{id}: the dataflow has no score, the fold {}",
                expected.log_odds
            )),
            Some(found) if *found != expected => {
                verification.differ(format!("{id}: dataflow {found:?}, fold {expected:?}"))
            }
            Some(_) => {}
        }
        let level = level_of(&expected, &records.settings.policy);
        let last = published.get(&enterprise.0.to_be_bytes());
        let said = last.map(|line| (line.log_odds, line.index, line.level));
        if said != Some((expected.log_odds, expected.index, level)) {
            let said = said.map_or("nothing".to_owned(), |(log_odds, _, level)| {
                format!("{log_odds} {}", level.name())
            });
            verification.differ(format!(
                "{id}: the run last said {said}, the fold says {} {}",
                expected.log_odds,
                level.name()
            ));
        }
    }
    for enterprise in incremental
        .enterprises
        .keys()
        .filter(|enterprise| registered.binary_search(enterprise).is_err())
    {
        verification.differ(format!(
            "{enterprise:032x}: the dataflow scores it, the fold does not know it"
        ));
    }
    compare_groups(&folded, &incremental, records, &model, &mut verification);
    Ok(verification)
}

/// Holds the groups of the dataflow against those of the fold: who belongs to
/// them, and what they come to together.
fn compare_groups(
    folded: &Folded<'_>,
    incremental: &Incremental,
    records: &Records,
    model: &tocsin_models::BoundModel,
    verification: &mut Verification,
) {
    let pooled = folded.pooled();
    verification.groups = folded.groups().len();
    for (group, members) in folded.groups() {
        let found = incremental.members.get(group);
        if found != Some(members) {
            verification.differ(format!(
                "group {group:032x}: the dataflow has the members {found:?}, the fold {members:?}"
            ));
        }
        let expected = pooled.is_registered(*group).then(|| {
            let row = pooled.features(*group);
            witness::assess(&records.settings, *group, &pooled, model, &row)
        });
        let found = incremental.groups.get(group);
        if found != expected.as_ref() {
            verification.differ(format!(
                "group {group:032x}: dataflow {found:?}, fold {expected:?}"
            ));
        }
    }
    let named = incremental.members.keys().chain(incremental.groups.keys());
    let named: BTreeSet<&SubjectKey> = named.collect();
    for group in named
        .into_iter()
        .filter(|g| !folded.groups().contains_key(g))
    {
        verification.differ(format!(
            "group {group:032x}: the dataflow has it, the fold does not know it"
        ));
    }
}

/// Folds every live record, as of the business day of `time_ms`.
///
/// # Errors
/// When the landing cannot be read.
pub fn fold_all<'a>(
    records: &'a Records,
    time_ms: i64,
    count: &mut u64,
) -> Result<crate::fold::Folded<'a>> {
    let mut fold = Fold::new(&records.settings, crate::time::day_of(time_ms), false);
    for segment in records.segments() {
        let superseded = records.superseded.of_segment(segment.id);
        records.scan(
            &segment,
            |at| !superseded.contains(at.row),
            |record| {
                if !record.said.withdraws[record.index] {
                    let mut facts = Facts::default();
                    record.said.facts(record.index, &mut facts);
                    fold.add(0, &facts);
                    *count += 1;
                }
            },
        )?;
    }
    Ok(fold.finish())
}

/// What a dataflow holds.
struct Incremental {
    enterprises: HashMap<SubjectKey, Assessment>,
    groups: HashMap<SubjectKey, Assessment>,
    members: HashMap<SubjectKey, BTreeSet<SubjectKey>>,
}

/// What a dataflow holds that is loaded afresh from the landing.
fn incremental(
    records: &Records,
    model: &tocsin_models::BoundModel,
    options: &Options,
    epoch: u64,
    time_ms: i64,
    runtime: &tokio::runtime::Handle,
    view: &View,
) -> Result<Incremental> {
    debug_assert_eq!(model.features(), specs(&records.settings));
    let recovery = runtime.block_on(view.store.recover())?;
    let timeline = restore::Timeline::of(&recovery, records);
    let config = EngineConfig {
        workers: options.workers,
        plan: records.settings.plan(),
    };
    let engine = Engine::start(config, time_ms as u64, Some(model.clone()))?;
    restore::load_up_to(epoch, records, &timeline, &engine, options.workers)?;
    let output = engine.advance(time_ms as u64)?;
    let mut members: HashMap<_, BTreeSet<_>> = HashMap::new();
    for belongs in &output.members {
        members
            .entry(belongs.group)
            .or_default()
            .insert(belongs.member);
    }
    Ok(Incremental {
        enterprises: figures(&output.changes),
        groups: figures(&output.groups),
        members,
    })
}

fn figures(changes: &[ScoreChange]) -> HashMap<SubjectKey, Assessment> {
    let scored = changes
        .iter()
        .filter_map(|change| Some((change.enterprise, change.new.as_ref()?)));
    scored
        .map(|(enterprise, scored)| {
            (
                enterprise,
                crate::pipeline::judge::figures(enterprise, scored),
            )
        })
        .collect()
}
