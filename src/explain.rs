//! Why an enterprise has its score: every contribution, its value and weight,
//! and the records behind it, down to file and line.
//!
//! It is folded from the enterprise's own records as they lie in the landing,
//! apart from the dataflow: the sum must be the score to the last digit.

pub mod brief;
pub mod change;
mod explanation;
mod gathered;
pub mod group;
mod instants;
mod nearest;
pub mod next;
mod past;
mod reveal;
mod terms;

pub use explanation::{
    Contribution, Explanation, NextLevel, Part, RecordLine, Rival, SignalNote, SilentSource,
    Subtotal, Via,
};
pub use instants::{change, explain_at};
pub use reveal::reveal;
pub use terms::{CAP, cap_name, cap_of_category, pair_name, pair_of};

use crate::clearance;
use crate::config::Settings;
use crate::fold::{Evidence, Fold, Folded, Relation, Step};
use crate::freshness::{self, State};
use crate::masking::mark;
use crate::pipeline::records::{Identity, LiveRecord, MAX_RECORDS, Records};
use crate::pipeline::rules::Model;
use crate::view::Status;
use anyhow::Result;
use brief::{Brief, Figure, Given};
use gathered::Gathered;
use past::Past;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use tocsin_alerts::level::{lacking, level_of, wanted_categories};
use tocsin_alerts::lifecycle::GROUP_PREFIX;
use tocsin_ingest::fact::{Facts, SubjectKey, SubjectKind, VALUE_SCALE};
use tocsin_ingest::source::Source;
use tocsin_ingest::values::{identify, name, subject};
use tocsin_models::{BoundModel, Category, Term};

/// Links are followed this often: account → holder → enterprise, and what
/// shares a subject with it.
const HOPS: usize = 3;
/// Subjects that are followed at most; hubs name millions.
const MAX_SUBJECTS: usize = 20_000;

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
    /// What is said of each feature.
    pub attribution: Attribution,
}

/// What an explanation says of each feature.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Attribution {
    /// Its contribution, by which gates open and reasons are named.
    #[default]
    Deciding,
    /// Beside it, Shapley's value.
    Shapley,
}

/// What Shapley's values are, and are not.
const SHAPLEY: &str = "shapley: the value of each feature by Shapley (path-dependent TreeSHAP), for comparison only. Levels, gates and reasons follow from the weights, not from these.";
/// The same of a model that is a sum.
const SHAPLEY_OF_SUM: &str = "shapley: the model is a sum, so each feature's value by Shapley is its own weight, and half of each pair that it is in. Levels, gates and reasons follow from the weights.";

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
            agency_en: records.settings.names.english(&record.source.agency),
            key: records.masked_key(record),
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
            probability: model.probability(score.log_odds, score.index),
            log_odds: score.log_odds,
            calibrated: model.is_bent().then(|| model.calibrated(score.log_odds)),
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
            attribution: self.is_shapley().then(|| match model.is_additive() {
                true => SHAPLEY_OF_SUM,
                false => SHAPLEY,
            }),
            notice: tocsin_alerts::DISCLAIMER,
        }
    }

    fn is_shapley(&self) -> bool {
        self.by.attribution == Attribution::Shapley
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
        let shapley = self.is_shapley().then(|| self.model.shapley(row));
        let mut shapley = shapley.into_iter().flatten();
        for (place, feature) in settings.features.iter().enumerate() {
            let steps = self.folded.evidence(self.enterprise, &feature.slots);
            let values = self.folded.parts_of(feature, &steps);
            let mut records = self.record_lines(&steps, &values);
            records.extend(self.related(&feature.slots));
            contributions.push(Contribution {
                feature: feature.spec.name.clone(),
                title: feature.title.clone(),
                title_en: feature.title_en.clone(),
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
                shapley: shapley.next(),
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
                // What a pair says is in the values of its features.
                shapley: match term {
                    Term::Pair(..) => None,
                    Term::Cap(..) => shapley.next(),
                },
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
                format!("{kind} {}", mark(subject))
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
