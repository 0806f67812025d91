//! Aliases under which records wait, for the engineer who decides: how they are
//! written, how many records of which sources wait, and who might be meant.
//!
//! Nobody is chosen here. A decision is a record of a source whose alias is
//! declared with `decides = true`; correcting or withdrawing it undoes it.

use crate::cluster::message::{Answer, Question};
use crate::pipeline::records::{LiveRecord, Records};
use crate::view::View;
use anyhow::{Context, Result};
use serde::Serialize;
use std::collections::BTreeMap;
use tocsin_dataflow::{WaitingAlias, WaitingQuery};
use tocsin_ingest::fact::{Standing, SubjectKey, SubjectKind, Term};
use tocsin_ingest::source::ReferenceKind;
use tocsin_ingest::values::{likeness, name};

/// Candidates told of one alias.
const CANDIDATES: usize = 20;

/// Records looked at for enterprises whose names resemble one.
const RECORDS: usize = 200;

/// What waits.
#[derive(Debug, Serialize)]
pub struct Waiting {
    /// Aliases under which records wait.
    pub aliases: u64,
    /// Those that were asked for, those with the most records first.
    pub waiting: Vec<Alias>,
}

/// An alias under which records wait.
#[derive(Debug, Serialize)]
pub struct Alias {
    /// As a record writes it; none where no record can be read any more.
    pub alias: Option<String>,
    /// `name`, `registration number` …
    pub kind: &'static str,
    /// How many records wait.
    pub records: i64,
    /// The same by source.
    pub sources: Vec<OfSource>,
    /// Who might be meant.
    pub candidates: Vec<Candidate>,
}

/// The records of a source that wait under an alias.
#[derive(Debug, Serialize)]
pub struct OfSource {
    /// The source.
    pub source: String,
    /// Nobody is known to bear the alias on their day.
    pub unknown: i64,
    /// Several enterprises bear it on their day.
    pub ambiguous: i64,
}

/// An enterprise that might be meant.
#[derive(Debug, Serialize)]
pub struct Candidate {
    /// Its credit code or opaque identifier.
    pub id: String,
    /// Its name, where a source has one.
    pub name: Option<String>,
    /// Why it is one.
    pub why: String,
    /// The first day on which it bears the alias, where one is known.
    pub from: Option<String>,
    /// The first day on which it does no more, where one is known.
    pub until: Option<String>,
}

/// Looks up what waits, from `offset` on.
///
/// # Errors
/// When the engine has ended or the landing cannot be read.
pub fn waiting(view: &View, query: WaitingQuery, offset: usize) -> Result<Waiting> {
    let engine = view.engine().context("the engine has ended")?;
    let query = WaitingQuery {
        most: offset + query.most,
        ..query
    };
    let mut found = engine.waiting(query)?;
    let records = view.records();
    if let Some(cluster) = records.elsewhere() {
        for answer in cluster.ask(&Question::Waiting(query))? {
            if let Answer::Waiting(more) = answer {
                found.add(more, query.most);
            }
        }
    }
    let told = found.most.iter().skip(offset);
    let told = told.map(|waiting| alias(&records, waiting));
    Ok(Waiting {
        aliases: found.aliases,
        waiting: told.collect::<Result<_>>()?,
    })
}

fn alias(records: &Records, waiting: &WaitingAlias) -> Result<Alias> {
    let text = written(records, waiting.alias)?;
    let mut candidates = BTreeMap::new();
    for (enterprise, term, standing) in &waiting.claims {
        let why = match standing {
            Standing::Decided => "decided",
            Standing::Borne => "bears it",
            Standing::Beyond => "bore it before or after",
        };
        candidates.insert(*enterprise, (why.to_owned(), *term));
    }
    if let (SubjectKind::Name, Some(text)) = (waiting.alias.kind(), &text) {
        for (enterprise, like) in alike(records, text)? {
            let why = format!("its name {like} resembles it");
            candidates.entry(enterprise).or_insert((why, Term::ALWAYS));
        }
    }
    let sources = waiting.records.iter().map(|of| OfSource {
        source: source_of(records, of.slot),
        unknown: of.unknown,
        ambiguous: of.ambiguous,
    });
    Ok(Alias {
        alias: text,
        kind: crate::explain::alias_word(waiting.alias.kind()),
        records: waiting.total(),
        sources: sources.collect(),
        candidates: candidates
            .into_iter()
            .take(CANDIDATES)
            .map(|(enterprise, (why, term))| candidate(records, enterprise, why, term))
            .collect::<Result<_>>()?,
    })
}

fn source_of(records: &Records, slot: u16) -> String {
    let catalogue = &records.settings.catalogue;
    let slot = &catalogue.slots()[usize::from(slot)];
    catalogue.sources()[usize::from(slot.source)].id.clone()
}

fn candidate(
    records: &Records,
    enterprise: SubjectKey,
    why: String,
    term: Term,
) -> Result<Candidate> {
    let identity = records.identity(enterprise)?;
    let day = |day: u16| crate::time::day_text(i32::from(day));
    Ok(Candidate {
        id: identity.id,
        name: identity.name,
        why,
        from: (term.from != 0).then(|| day(term.from)),
        until: (term.until != u16::MAX).then(|| day(term.until)),
    })
}

/// How a record that uses an alias writes it.
fn written(records: &Records, alias: SubjectKey) -> Result<Option<String>> {
    let mut text = None;
    records.some_naming(alias, RECORDS, |record| {
        let by_it = record.said.enterprises[record.index] == Some(alias);
        if text.is_none() && by_it {
            text = reference(records, &record, alias.kind());
        }
    })?;
    Ok(text)
}

/// The column by which a record names its enterprise, for a kind of alias.
fn reference(records: &Records, record: &LiveRecord<'_>, kind: SubjectKind) -> Option<String> {
    let names = |reference: &ReferenceKind| match kind {
        SubjectKind::Name => *reference == ReferenceKind::Name,
        SubjectKind::AgencyId => *reference == ReferenceKind::AgencyId,
        _ => matches!(reference, ReferenceKind::Uscc | ReferenceKind::Number),
    };
    let mut columns = record.source.enterprise.iter();
    let column = columns.find(|(reference, column)| {
        names(reference) && record.text(&record.source.columns[*column].name).is_some()
    });
    let column = column?.1;
    let text = record.text(&record.source.columns[column].name)?;
    Some(match record.source.personal(column) {
        Some(kind) => records.masked(kind, &text),
        None => text,
    })
}

/// The enterprises that bear names which resemble one, with those names.
fn alike(records: &Records, text: &str) -> Result<BTreeMap<SubjectKey, String>> {
    let mut found = BTreeMap::new();
    let Some(key) = likeness::key(text) else {
        return Ok(found);
    };
    records.some_naming(key, RECORDS, |record| {
        let enterprise = record.said.enterprises[record.index];
        let Some(enterprise) = enterprise.filter(|key| key.kind().is_enterprise()) else {
            return;
        };
        let names = record.source.aliases.iter();
        let names = names.filter(|alias| alias.kind == SubjectKind::Name);
        let texts =
            names.filter_map(|alias| record.text(&record.source.columns[alias.column].name));
        let mut like = texts.filter(|other| likeness::key(other) == Some(key));
        if let Some(like) = like.find(|like| name::key(like) != name::key(text)) {
            found.insert(enterprise, like);
        }
    })?;
    Ok(found)
}
