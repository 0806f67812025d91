//! `tocsin verify`: every feature and score computed anew from the landing by a
//! plain batch fold, and held against the incremental state: what the dataflow
//! holds after a fresh load, and what the live run last said of each enterprise.

use crate::checked::{Checked, VALUES_AT_ONCE};
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
use tocsin_alerts::store::HistoryRow;
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

/// Live records for which the batch fold has room at once: about 4 GB.
const RECORDS_AT_ONCE: u64 = 25_000_000;

/// Verifies the state that `view` shows. The fold goes through the landing once
/// for each of `parts` of the enterprises, and once more for how these hang
/// together, if there are several; none: as many as memory is likely to need.
///
/// # Errors
/// When the landing or the store cannot be read, or there is no model yet.
pub fn verify(
    view: &View,
    options: &Options,
    parts: Option<u64>,
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
    let published = history::latest(view, runtime)?;
    let parts = parts.unwrap_or_else(|| parts_of(records));
    let mut fold = Fold::new(
        &records.settings,
        crate::time::day_of(status.time_ms),
        false,
    );
    if parts > 1 {
        scan_all(records, |facts| fold.relate(0, facts))?;
    }
    for part in 0..parts {
        let add = match parts {
            1 => Fold::add,
            _ => Fold::observe,
        };
        if parts > 1 {
            fold.only(part, parts);
        }
        verification.records = scan_all(records, |facts| add(&mut fold, 0, facts))?;
        let compared = Compared {
            folded: &fold.end_part(),
            fold: &fold,
            incremental: &incremental,
            records,
            model: &model,
        };
        compared.enterprises(&published, &mut verification);
        compared.groups(&mut verification);
    }
    Ok(verification)
}

fn parts_of(records: &Records) -> u64 {
    let rows = records
        .segments()
        .iter()
        .map(|of| u64::from(of.rows))
        .sum::<u64>();
    rows / RECORDS_AT_ONCE + 1
}

/// What is held against each other, of a part of the enterprises.
struct Compared<'a> {
    fold: &'a Fold<'a>,
    folded: &'a Folded<'a>,
    incremental: &'a Incremental,
    records: &'a Records,
    model: &'a tocsin_models::BoundModel,
}

impl Compared<'_> {
    fn enterprises(
        &self,
        published: &HashMap<[u8; 16], HistoryRow>,
        verification: &mut Verification,
    ) {
        let settings = &self.records.settings;
        let registered = self.folded.registered();
        verification.enterprises += registered.len();
        for enterprise in &registered {
            let row = self.folded.features(*enterprise);
            let expected = witness::assess(settings, *enterprise, self.folded, self.model, &row);
            let id = tocsin_ingest::values::Uscc::from_key(*enterprise)
                .map_or_else(|| format!("{enterprise:032x}"), |c| c.as_str().to_owned());
            match self.incremental.enterprises.get(enterprise) {
                None => verification.differ(format!(
                    "{id}: the dataflow has no score, the fold {}",
                    expected.log_odds
                )),
                Some(found) if *found != expected => {
                    verification.differ(format!("{id}: dataflow {found:?}, fold {expected:?}"))
                }
                Some(_) => {}
            }
            let level = level_of(&expected, &settings.policy);
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
        let scored = self.incremental.enterprises.keys();
        for enterprise in scored.filter(|enterprise| {
            self.fold.has(**enterprise) && registered.binary_search(enterprise).is_err()
        }) {
            verification.differ(format!(
                "{enterprise:032x}: the dataflow scores it, the fold does not know it"
            ));
        }
    }

    /// Holds the groups of the dataflow against those of the fold: who belongs to
    /// them, and what they come to together.
    fn groups(&self, verification: &mut Verification) {
        let (folded, incremental) = (self.folded, self.incremental);
        let pooled = folded.pooled();
        verification.groups += folded.groups().len();
        for (group, members) in folded.groups() {
            let found = incremental.members.get(group);
            if found != Some(members) {
                verification.differ(format!(
                    "group {group:032x}: the dataflow has the members {found:?}, the fold {members:?}"
                ));
            }
            let expected = pooled.is_registered(*group).then(|| {
                let row = pooled.features(*group);
                witness::assess(&self.records.settings, *group, &pooled, self.model, &row)
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
            .filter(|group| self.fold.has(**group) && !folded.groups().contains_key(group))
        {
            verification.differ(format!(
                "group {group:032x}: the dataflow has it, the fold does not know it"
            ));
        }
    }
}

/// The registered enterprises with an outcome, by a fold of every live record as of
/// the business day of `time_ms`; in parts, where not all fits into memory.
///
/// # Errors
/// When the landing cannot be read.
pub fn fold_all(records: &Records, time_ms: i64, count: &mut u64) -> Result<Checked> {
    Checked::gather(records, time_ms, VALUES_AT_ONCE, count)
}

/// Hands what every live record says to `take`; returns how many there are.
///
/// # Errors
/// When the landing cannot be read.
pub fn scan_all(records: &Records, mut take: impl FnMut(&Facts)) -> Result<u64> {
    let mut count = 0;
    for segment in records.segments() {
        let superseded = records.superseded.of_segment(segment.id);
        records.scan_said(
            &segment,
            |at| !superseded.contains(at.row),
            |said, index| {
                if !said.withdraws[index] {
                    let mut facts = Facts::default();
                    said.facts(index, &mut facts);
                    take(&facts);
                    count += 1;
                }
            },
        )?;
    }
    Ok(count)
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
    engine.wait_in(&options.data)?;
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
