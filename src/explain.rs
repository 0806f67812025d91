//! Why an enterprise has its score: every contribution, its value and weight,
//! and the records behind it, down to file and line.
//!
//! It is folded from the enterprise's own records as they lie in the landing,
//! apart from the dataflow: the sum must be the score to the last digit.

pub mod brief;
pub mod change;
mod gathered;
pub mod group;
mod instants;
mod nearest;
pub mod next;
mod past;
mod terms;

pub use instants::{change, explain_at};

use crate::clearance;
use crate::config::Settings;
use crate::fold::{Evidence, Fold, Folded, Relation, Step};
use crate::freshness::{self, State};
use crate::pipeline::records::{Identity, LiveRecord, MAX_RECORDS, Records};
use crate::pipeline::rules::Model;
use crate::view::Status;
use anyhow::Result;
use brief::{Brief, Figure, Given};
use gathered::Gathered;
use next::Cheapest;
use past::Past;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use tocsin_alerts::level::{lacking, level_of, wanted_categories};
use tocsin_alerts::lifecycle::GROUP_PREFIX;
use tocsin_ingest::fact::{Facts, SubjectKey, SubjectKind, VALUE_SCALE};
use tocsin_ingest::source::Source;
use tocsin_ingest::values::{identify, name, subject};
use tocsin_models::{BoundModel, Category};

/// Links are followed this often: account → holder → enterprise, and what
/// shares a subject with it.
const HOPS: usize = 3;
/// Subjects that are followed at most; hubs name millions.
const MAX_SUBJECTS: usize = 20_000;

/// A record behind a contribution.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordLine {
    /// The source.
    pub source: String,
    /// The agency that owns it.
    pub agency: String,
    /// The record's key.
    pub key: String,
    /// The day it speaks of.
    pub event_date: Option<String>,
    /// The day on which it stops counting.
    pub counts_until: Option<String>,
    /// When it arrived, business time.
    pub arrival: String,
    /// The same in milliseconds UTC.
    #[serde(skip)]
    pub arrival_ms: i64,
    /// The file it came in.
    pub file: String,
    /// Its line there.
    pub line: u64,
    /// What it contributed to the feature's value, after the share.
    pub value: f64,
    /// The share of its value that passed along the links, per cent.
    pub share: i64,
    /// By which alias and links it came, where it does not name the enterprise
    /// itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<Via>,
    /// The other enterprise, where the figure counts enterprises.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
    /// What it shares, and by which kind of link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<String>,
}

impl RecordLine {
    /// Whose it is, what it is known by, when it came and where it lies.
    pub fn origin(&self) -> String {
        let until = self.counts_until.as_ref();
        let until = until.map_or(String::new(), |day| format!(", counts until {day}"));
        format!(
            "{} ({}), key {}, event {}{until}, arrived {}, {}:{}",
            self.source,
            self.agency,
            self.key,
            self.event_date.as_deref().unwrap_or("undated"),
            self.arrival,
            self.file,
            self.line
        )
    }
}

/// A step by which a record came to an enterprise, and the record that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Via {
    /// What is followed: `name`, `registration number` … of an alias, the kind of
    /// a link.
    pub by: String,
    /// The source that says so.
    pub source: String,
    /// The key of its record.
    pub key: String,
    /// The file it came in.
    pub file: String,
    /// Its line there.
    pub line: u64,
}

/// What a signal bears on and rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignalNote {
    /// A1 … H9.
    pub id: String,
    /// The statutory elements it bears on.
    pub elements: Vec<String>,
    /// The rule it rests on.
    pub citation: String,
    /// The ways of raising money in which it is to be expected.
    #[serde(skip)]
    pub typologies: Vec<String>,
}

/// One feature's part of the score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contribution {
    /// The feature.
    pub feature: String,
    /// What people read.
    pub title: String,
    /// Its category.
    pub category: char,
    /// The signal that it counts, where it counts one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<SignalNote>,
    /// The feature's value; `None` is missing.
    pub value: Option<f64>,
    /// The bin of the scorecard that the value falls into.
    pub bin: String,
    /// Its part of the score, micro-log-odds.
    pub weight: i64,
    /// What it is, where it is not one feature's part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term: Option<Part>,
    /// Whether it stands and makes the level red by itself.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hard_trigger: bool,
    /// The records behind it.
    pub records: Vec<RecordLine>,
}

/// A part of the score that is no single feature's.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// What two features say together, beyond what each says.
    Pair([String; 2]),
    /// What a category adds beyond its cap (log-odds), taken off.
    Cap(f64),
}

/// Why the level is not the next one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NextLevel {
    /// The next level.
    pub level: String,
    /// What it needs and is not there.
    pub lacks: Vec<String>,
    /// The cheapest evidence that would bring it there; none where the model is
    /// no card of bins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cheapest: Option<Cheapest>,
}

/// A source from which nothing is heard for longer than it declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SilentSource {
    /// The source.
    pub source: String,
    /// When it last delivered; never, where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

/// A score by the model that is scored beside the one in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rival {
    /// Its version.
    pub model: String,
    /// The index, 0 to 100.
    pub index: f64,
    /// The level that index and gates give by themselves.
    pub level: String,
    /// The score, micro-log-odds.
    pub log_odds: i64,
}

/// A category's part of the score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subtotal {
    /// The category's letter.
    pub category: char,
    /// Its part, micro-log-odds.
    pub weight: i64,
}

/// Everything about one score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// Credit code or opaque identifier.
    pub id: String,
    /// The name, where a source has one.
    pub name: Option<String>,
    /// The district, where a source has one.
    pub district: Option<String>,
    /// As of which epoch.
    pub epoch: u64,
    /// Its business time.
    pub as_of: String,
    /// The model's version.
    pub model: String,
    /// The index, 0 to 100.
    pub index: f64,
    /// The level that index and gates give by themselves, before hysteresis.
    pub level: String,
    /// The share of features for which there is a value. Levels ask for it.
    pub coverage: f64,
    /// The share of features that can be relied on: what is empty because those
    /// who would know are silent counts in part. It moves no level.
    pub confidence: f64,
    /// Sources of features from which nothing is heard.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub silent: Vec<SilentSource>,
    /// What the next level needs and is not there; none at red.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_level: Option<NextLevel>,
    /// The probability that the model gives; calibrated where it was trained.
    pub probability: f64,
    /// The score, micro-log-odds: intercept and all weights.
    pub log_odds: i64,
    /// What every enterprise starts from, micro-log-odds.
    pub intercept: i64,
    /// The parts by category.
    pub subtotals: Vec<Subtotal>,
    /// What an official has to know at one glance.
    pub brief: Brief,
    /// What the challenger makes of the same values, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenger: Option<Rival>,
    /// The parts by feature: hard triggers, then the largest effect first.
    pub contributions: Vec<Contribution>,
    /// How many features have sources that the reader may not see: the same of
    /// every enterprise, so it says of none whether there is anything. All figures
    /// here are of the records that may be seen, and of those alone.
    #[serde(skip_serializing_if = "is_zero")]
    pub restricted: usize,
    /// What is not in the figures above, where a subject is too large to be
    /// followed: they may then differ from the published score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
    /// What this is, and is not.
    pub notice: &'static str,
}

/// The enterprise that a text means: a credit code, an old number, an opaque
/// identifier or a name, as long as it means only one.
///
/// # Errors
/// When the landing cannot be read.
pub fn find_enterprise(records: &Records, text: &str) -> Result<Option<SubjectKey>> {
    // A group goes by the member that names it.
    let text = text.strip_prefix(GROUP_PREFIX).unwrap_or(text);
    let mut candidates = Vec::new();
    candidates.extend(identify(text).ok().map(|code| code.key()));
    candidates.extend(subject::enterprise_id(text));
    candidates.extend(name::key(text));
    for key in candidates {
        let Some(enterprise) = resolve(records, key)? else {
            continue;
        };
        let mut known = false;
        records.naming(&[enterprise], |_| known = true)?;
        if known {
            return Ok(Some(enterprise));
        }
    }
    Ok(None)
}

/// The enterprise that a key means: itself, who bears the alias now, or else the
/// only one that ever did.
///
/// # Errors
/// When the landing cannot be read.
pub fn resolve(records: &Records, key: SubjectKey) -> Result<Option<SubjectKey>> {
    if key.kind().is_enterprise() {
        return Ok(Some(key));
    }
    let mut fold = Fold::new(&records.settings, i32::MIN, false);
    let mut facts = Facts::default();
    records.naming(&[key], |record| record.said.facts(record.index, &mut facts))?;
    fold.add(0, &facts);
    // Who bears the name now, else the only one who ever did.
    let now = fold.resolve(key, u16::MAX - 1);
    Ok(now.or_else(|| fold.resolve(key, 0)))
}

/// A record that an explanation may show.
struct Kept {
    line: RecordLine,
    /// What it says of amounts and people: the place of the quantity in its
    /// source's declaration, and the figure.
    quantities: Vec<(usize, i64)>,
    days: HashMap<u16, (Option<i32>, Option<i32>)>,
}

/// Every subject that an enterprise's own records lead to: itself, its aliases,
/// and what is linked to it. Other enterprises that share a subject are not
/// followed; hubs not to their end.
///
/// # Errors
/// When the landing cannot be read.
pub fn closure(records: &Records, enterprise: SubjectKey) -> Result<BTreeSet<SubjectKey>> {
    let mut all = BTreeSet::from([enterprise]);
    let mut frontier = vec![enterprise];
    for _ in 0..HOPS {
        let mut next = BTreeSet::new();
        let mut named = Vec::new();
        let complete = records.naming(&frontier, |record| {
            record.said.subjects(record.index, &mut named);
            next.extend(named.iter().copied());
        })?;
        let new = |key: &SubjectKey| follows(*key) && !all.contains(key);
        frontier = next.into_iter().filter(new).collect();
        all.extend(frontier.iter().copied());
        if frontier.is_empty() || !complete || all.len() > MAX_SUBJECTS {
            break;
        }
    }
    Ok(all)
}

/// Whether a subject is followed. What merely resembles is not.
fn follows(key: SubjectKey) -> bool {
    !key.kind().is_enterprise() && key.kind() != SubjectKind::Likeness
}

/// By which models an explanation is made.
#[derive(Clone, Copy)]
pub struct By<'a> {
    /// The one that decides.
    pub model: &'a Model,
    /// The one beside it.
    pub challenger: Option<&'a Model>,
    /// The highest sensitivity of sources whose records are seen; what lies above
    /// is as if it were not there.
    pub clearance: u8,
}

/// Explains the score of an enterprise as of the epoch that `status` speaks of;
/// `None` where no registering source names it.
///
/// # Errors
/// When the landing cannot be read.
pub fn explain(
    records: &Records,
    by: By<'_>,
    enterprise: SubjectKey,
    status: &Status,
) -> Result<Option<Explanation>> {
    let found = explain_as_of(records, by, enterprise, status, None)?;
    Ok(found.map(|(explanation, _)| explanation))
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The sources and keys of records.
type Keys = HashSet<(String, String)>;

/// As [`explain`], as of a past instant too; with the keys of all records that
/// were looked at.
fn explain_as_of(
    records: &Records,
    by: By<'_>,
    enterprise: SubjectKey,
    status: &Status,
    past: Option<&Past>,
) -> Result<Option<(Explanation, Keys)>> {
    let time_ms = past.map_or(status.time_ms, |past| past.time_ms);
    let gathered = Gathered::around(records, enterprise, time_ms, past, by.clearance)?;
    let complete = gathered.complete;
    let (folded, kept, mut identities) = gathered.finish();
    if !folded.is_registered(enterprise) {
        return Ok(None);
    }
    let identity = identities.remove(&enterprise);
    let identity = identity.unwrap_or_else(|| Identity::of_key(enterprise));
    let parts = Parts {
        records,
        by,
        model: &by.model.bound,
        enterprise,
        folded: &folded,
        kept: &kept,
    };
    let mut explanation = parts.compose(identity, status, past);
    explanation.incomplete = (!complete).then(|| {
        format!(
            "a subject of this enterprise is shared by so many that not all of its records were followed (limits: {MAX_SUBJECTS} subjects, {MAX_RECORDS} records each); the figures here leave out the others, the published score has them all"
        )
    });
    let key = |kept: &Kept| (kept.line.source.clone(), kept.line.key.clone());
    let keys = kept.iter().map(key).collect();
    Ok(Some((explanation, keys)))
}

/// The feature values of an enterprise now.
///
/// # Errors
/// When the landing cannot be read.
pub fn values(
    records: &Records,
    enterprise: SubjectKey,
    status: &Status,
) -> Result<Vec<Option<i64>>> {
    let gathered = Gathered::around(records, enterprise, status.time_ms, None, clearance::ALL)?;
    Ok(gathered.finish().0.features(enterprise))
}

fn keep(records: &Records, record: &LiveRecord<'_>, facts: &Facts) -> Kept {
    let (file, line) = record.origin();
    let slots = facts.observations.iter().map(|o| o.slot);
    let slots = slots.chain(
        facts
            .profiles
            .iter()
            .flat_map(|p| p.values.iter().map(|(slot, _)| *slot)),
    );
    Kept {
        quantities: quantities(records, record),
        line: RecordLine {
            source: record.source.id.clone(),
            agency: record.source.agency.clone(),
            key: record.key_text(),
            event_date: None,
            counts_until: None,
            arrival: crate::time::instant_text(record.arrival_ms()),
            arrival_ms: record.arrival_ms(),
            file,
            line,
            value: 0.0,
            share: 100,
            via: Vec::new(),
            other: None,
            shared: None,
        },
        days: slots
            .map(|slot| (slot, record.said.days(record.index, slot)))
            .collect(),
    }
}

/// What a record says of how large a scheme is.
fn quantities(records: &Records, record: &LiveRecord<'_>) -> Vec<(usize, i64)> {
    if record.source.quantities.is_empty() {
        return Vec::new();
    }
    let row = record.said.rows[record.index] as usize;
    let figures = records.mapper(record.source.index);
    let figures = figures.quantities(&record.batch.slice(row, 1)).into_iter();
    let figures = figures.map(|column| column.first().copied().flatten());
    let figures = figures.enumerate();
    figures
        .filter_map(|(place, figure)| Some((place, figure?)))
        .collect()
}

/// What an explanation is made of.
struct Parts<'a> {
    records: &'a Records,
    by: By<'a>,
    model: &'a BoundModel,
    enterprise: SubjectKey,
    folded: &'a Folded<'a>,
    kept: &'a [Kept],
}

impl Parts<'_> {
    fn compose(&self, identity: Identity, status: &Status, past: Option<&Past>) -> Explanation {
        let (model, settings) = (self.model, &self.records.settings);
        let row = self.folded.features(self.enterprise);
        let score = model.score(&row);
        let figures = crate::witness::assess(settings, self.enterprise, self.folded, model, &row);
        let next = lacking(&figures, &settings.policy);
        let mut states = freshness::states(settings, status);
        clearance::unhear(settings, self.by.clearance, &mut states);
        let (confidence, silent) = match past {
            Some(_) => (figures.coverage, Vec::new()),
            None => (
                freshness::confidence(settings, &states, self.folded, self.enterprise, &row),
                silent_sources(settings, &states, status),
            ),
        };
        let (epoch, time_ms) = match past {
            Some(past) => (past.epoch, past.time_ms),
            None => (status.epoch, status.time_ms),
        };
        let cheapest = |level| self.cheapest(level, &row);
        let contributions = self.contributions(&row);
        let heard = states.iter().enumerate();
        let brief = Brief::of(&Given {
            settings,
            clearance: self.by.clearance,
            contributions: &contributions,
            wanted_categories: wanted_categories(&figures, &settings.policy),
            figures: &self.figures(),
            // Of the past it is not known who was silent.
            silent: match past {
                Some(_) => BTreeSet::new(),
                None => heard
                    .filter(|(_, state)| state.is_silent())
                    .map(|(source, _)| source)
                    .collect(),
            },
        });
        Explanation {
            brief,
            id: identity.id,
            name: identity.name,
            district: identity.district,
            epoch,
            as_of: crate::time::instant_text(time_ms),
            model: model.version().to_owned(),
            index: f64::from(score.index) / 100.0,
            level: level_of(&figures, &settings.policy).name().to_owned(),
            coverage: f64::from(figures.coverage) / 1000.0,
            confidence: f64::from(confidence) / 1000.0,
            silent,
            next_level: next.map(|(level, lacks)| NextLevel {
                level: level.name().to_owned(),
                lacks,
                cheapest: cheapest(level),
            }),
            probability: score.probability(),
            log_odds: score.log_odds,
            intercept: model.intercept(),
            subtotals: Category::ALL
                .iter()
                .map(|c| Subtotal {
                    category: c.letter(),
                    weight: score.subtotals[c.index()],
                })
                .collect(),
            challenger: self
                .by
                .challenger
                .map(|rival| self.rival(&rival.bound, &row)),
            contributions,
            restricted: clearance::restricted(settings, self.by.clearance),
            incomplete: None,
            notice: tocsin_alerts::DISCLAIMER,
        }
    }

    fn rival(&self, model: &BoundModel, row: &[Option<i64>]) -> Rival {
        let settings = &self.records.settings;
        let figures = crate::witness::assess(settings, self.enterprise, self.folded, model, row);
        Rival {
            model: model.version().to_owned(),
            index: f64::from(figures.index) / 100.0,
            level: level_of(&figures, &settings.policy).name().to_owned(),
            log_odds: figures.log_odds,
        }
    }

    /// Every feature's part, the largest effect first.
    fn contributions(&self, row: &[Option<i64>]) -> Vec<Contribution> {
        let mut weights = Vec::new();
        self.model.contributions(row, &mut weights);
        let mut contributions: Vec<Contribution> = Vec::new();
        let settings = &self.records.settings;
        for (place, feature) in settings.features.iter().enumerate() {
            let steps = self.folded.evidence(self.enterprise, &feature.slots);
            let values = self.folded.parts_of(feature, &steps);
            let mut records = self.record_lines(&steps, &values);
            records.extend(self.related(&feature.slots));
            contributions.push(Contribution {
                feature: feature.spec.name.clone(),
                title: feature.title.clone(),
                category: feature.spec.category.letter(),
                signal: settings.signal_of(feature).map(|signal| SignalNote {
                    id: signal.id.clone(),
                    elements: signal.elements.clone(),
                    citation: signal.citation.clone(),
                    typologies: signal.typologies.clone(),
                }),
                value: row[place].map(unscaled),
                bin: self.model.bin_label(place, row[place]),
                weight: weights[place],
                term: None,
                hard_trigger: feature.hard && row[place].is_some_and(|value| value > 0),
                records,
            });
        }
        let behind = &weights[settings.features.len()..];
        for (place, (term, weight)) in self.model.terms().iter().zip(behind).enumerate() {
            let part = self.term(place, term, row, &contributions);
            contributions.push(Contribution {
                weight: *weight,
                ..part
            });
        }
        contributions.sort_by_key(|c| std::cmp::Reverse((c.hard_trigger, c.weight.abs())));
        contributions
    }

    /// What the records that count for the enterprise say of amounts and people.
    fn figures(&self) -> Vec<Figure> {
        let catalogue = &self.records.settings.catalogue;
        let mut figures = Vec::new();
        let speaks = |source: &&Source| !source.quantities.is_empty();
        for source in catalogue.sources().iter().filter(speaks) {
            let range = catalogue.range(source);
            let end = range.attributes + source.attributes.len() as u16;
            let slots: Vec<u16> = (range.mention..end).collect();
            let mut shares: BTreeMap<usize, i64> = BTreeMap::new();
            for step in self.folded.evidence(self.enterprise, &slots) {
                let share = shares.entry(step.record).or_default();
                *share = step.share.max(*share);
            }
            for (record, share) in shares {
                let said = self.kept[record].quantities.iter();
                figures.extend(said.map(|(quantity, value)| Figure {
                    source: source.index,
                    quantity: *quantity,
                    value: *value,
                    share,
                }));
            }
        }
        figures
    }

    /// In the order of arrival, wherever the records lie by now.
    fn record_lines(&self, steps: &[Evidence], values: &[i64]) -> Vec<RecordLine> {
        let steps = steps.iter().zip(values);
        let mut lines: Vec<RecordLine> = steps
            .map(|(step, value)| self.record_line(step, *value))
            .collect();
        lines.sort_by(|a, b| {
            let place = |line: &RecordLine| {
                (
                    line.arrival.clone(),
                    line.source.clone(),
                    line.file.clone(),
                    line.line,
                )
            };
            place(a).cmp(&place(b))
        });
        lines
    }

    fn record_line(&self, step: &Evidence, value: i64) -> RecordLine {
        let record = &self.kept[step.record];
        let (day, until) = record.days.get(&step.slot).copied().unwrap_or_default();
        RecordLine {
            event_date: day.map(crate::time::day_text),
            counts_until: until.map(crate::time::day_text),
            value: unscaled(value),
            share: step.share,
            via: step.way.iter().map(|step| self.via(step)).collect(),
            ..record.line.clone()
        }
    }

    /// The records by which other enterprises stand behind a figure.
    fn related(&self, slots: &[u16]) -> Vec<RecordLine> {
        let relations = self.folded.relations(self.enterprise, slots);
        let kinds = &self.records.settings.link_kinds;
        let line = |relation: &Relation| RecordLine {
            other: Some(Identity::of_key(relation.other).id),
            shared: relation.link.map(|(kind, subject)| {
                let kind = kinds.get(usize::from(kind));
                let kind = kind.map_or("", |kind| kind.name.as_str());
                format!("{kind} {}", subject_text(subject))
            }),
            ..self.record_line(&relation.evidence, relation.evidence.value)
        };
        relations.iter().map(line).collect()
    }

    fn via(&self, step: &Step) -> Via {
        let said = &self.kept[step.record].line;
        let link = step
            .link
            .map(|kind| &self.records.settings.link_kinds[usize::from(kind)]);
        Via {
            by: link.map_or_else(
                || alias_word(step.from.kind()).to_owned(),
                |kind| kind.name.clone(),
            ),
            source: said.source.clone(),
            key: said.key.clone(),
            file: said.file.clone(),
            line: said.line,
        }
    }
}

/// The silent sources that features are made of.
fn silent_sources(settings: &Settings, states: &[State], status: &Status) -> Vec<SilentSource> {
    let slots = settings.catalogue.slots();
    let features = settings.features.iter();
    let fed = features.flat_map(|feature| &feature.slots);
    let fed: BTreeSet<u16> = fed
        .filter_map(|slot| Some(slots.get(usize::from(*slot))?.source))
        .collect();
    let silent = fed.into_iter().map(usize::from);
    let silent = silent.filter(|source| states[*source].is_silent());
    silent
        .map(|source| {
            let stats = status.stats.get(source);
            let last_ms = stats.map_or(0, |stats| stats.last_arrival_ms);
            SilentSource {
                source: settings.catalogue.sources()[source].id.clone(),
                since: (last_ms != 0).then(|| crate::time::instant_text(last_ms)),
            }
        })
        .collect()
}

/// The way of a record to the enterprise, in one line; empty: it names it.
pub fn way(line: &RecordLine) -> String {
    let steps = line.via.iter();
    let steps = steps.map(|via| format!("{} ({} {})", via.by, via.source, via.key));
    steps.collect::<Vec<_>>().join(", ")
}

/// A subject as it may be shown: its kind and the beginning of its pseudonym.
pub fn subject_text(subject: SubjectKey) -> String {
    let kind = format!("{:?}", subject.kind()).to_lowercase();
    format!("{kind} {:08x}", subject.payload() >> 88)
}

/// What people call a kind of alias.
pub fn alias_word(kind: SubjectKind) -> &'static str {
    match kind {
        SubjectKind::RegistrationNumber => "registration number",
        SubjectKind::OrganisationCode => "organisation code",
        SubjectKind::AgencyId => "agency's number",
        _ => "name",
    }
}

/// A stored value as it was declared.
pub fn unscaled(stored: i64) -> f64 {
    stored as f64 / VALUE_SCALE as f64
}
