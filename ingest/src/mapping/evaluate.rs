//! Evaluates a source's declarations over the typed columns of a batch.

use super::hash;
use super::said::{AliasColumn, AttributeColumn, LinkColumn, SignalColumn};
use super::stored::{day_at, days, holds, stored};
use super::typed::Typed;
use super::{Mapper, RowFault, Said, signal};
use crate::fact::{Slot, Standing, SubjectKey, SubjectKind, Term, event_day};
use crate::source::{Attribute, LinkEnd, ReferenceKind, SubjectColumn, TermColumns};
use crate::values::{identify, name, subject};
use arrow_array::{Array, Date32Array, RecordBatch, StringArray, cast::AsArray};
use arrow_schema::DataType;

/// Evaluates everything `mapper`'s source declares. Rows that an expression
/// cannot be evaluated for are refused in `typed`.
pub(super) fn evaluate(mapper: &Mapper, raw: &RecordBatch, typed: &mut Typed) -> Said {
    let source = mapper.source();
    let rows = raw.num_rows();
    let withdraws = withdraws(mapper, typed, rows);
    // A row that withdraws says nothing else: only its key must be right.
    let asked: Vec<bool> = withdraws.iter().map(|withdraws| !withdraws).collect();
    let keys = hash::keys(mapper, raw, typed);
    refuse_without_key(mapper, typed);
    let enterprises = enterprises(mapper, typed, &asked);
    let signals = source.signals.iter().zip(mapper.slots.signals..);
    let signals: Vec<SignalColumn> = signals
        .map(|declared| signal::column(mapper, declared, &keys, &enterprises, typed, &asked))
        .collect();
    let attributes = source.attributes.iter().zip(mapper.slots.attributes..);
    let attributes: Vec<AttributeColumn> = attributes
        .map(|(attribute, slot)| attribute_column(attribute, slot, typed, &asked))
        .collect();
    let named = named(mapper, typed, &asked, &enterprises, (&signals, &attributes));
    let all = Said {
        rows: (0..rows as u32).collect(),
        keys,
        contents: Vec::new(),
        aliases: aliases(mapper, typed, &asked),
        links: links(mapper, &enterprises, typed, &asked),
        outcomes: outcomes(mapper, typed, &asked),
        enterprises,
        named,
        withdraws,
        normalised: typed.normalised,
        odd_inner_checks: typed.odd_inner_checks,
        checks: checks(mapper, typed),
        source: source.index,
        slots: mapper.slots,
        signals,
        attributes,
    };
    if typed.faults.is_empty() {
        all
    } else {
        keep_good(all, &typed.good)
    }
}

/// Which rows withdraw their key. What is wrong with such a row beside its key
/// is forgiven: a withdrawal often has nothing but the key.
fn withdraws(mapper: &Mapper, typed: &mut Typed, rows: usize) -> Vec<bool> {
    let source = mapper.source();
    let Some(when) = &source.withdrawn else {
        typed.refuse_unread(|_| false);
        return vec![false; rows];
    };
    let withdraws = holds(typed, "withdrawn", when, &vec![true; rows]);
    let keyed = |field: &str| {
        let mut key = source.key.iter();
        key.any(|column| source.columns[*column].name == field)
    };
    typed.refuse_unread(|fault| withdraws[fault.row as usize] && !keyed(&fault.field));
    withdraws
}

/// A row of a keyed source in which every key column is empty is no record: all
/// such rows would be taken for versions of one.
fn refuse_without_key(mapper: &Mapper, typed: &mut Typed) {
    let source = mapper.source();
    if source.key.is_empty() {
        return;
    }
    let names: Vec<&str> = source
        .key
        .iter()
        .map(|column| source.columns[*column].name.as_str())
        .collect();
    for row in 0..typed.batch.num_rows() {
        let mut key = source.key.iter();
        if key.all(|column| typed.batch.column(*column).is_null(row)) {
            let reason = "the record's key is empty";
            typed.refuse(RowFault::new(row, names.join(", "), "", "no-key", reason));
        }
    }
}

/// Drops the refused rows from every list.
fn keep_good(mut said: Said, good: &[bool]) -> Said {
    fn keep<T>(list: &mut Vec<T>, good: &[bool]) {
        let mut flags = good.iter();
        list.retain(|_| *flags.next().unwrap_or(&false));
    }
    keep(&mut said.rows, good);
    keep(&mut said.keys, good);
    keep(&mut said.withdraws, good);
    keep(&mut said.enterprises, good);
    keep(&mut said.named, good);
    for signal in &mut said.signals {
        keep(&mut signal.places, good);
    }
    for attribute in &mut said.attributes {
        keep(&mut attribute.values, good);
        keep(&mut attribute.days, good);
    }
    for alias in &mut said.aliases {
        keep(&mut alias.keys, good);
        keep(&mut alias.terms, good);
    }
    for link in &mut said.links {
        keep(&mut link.ends, good);
        keep(&mut link.terms, good);
    }
    if let Some(outcomes) = &mut said.outcomes {
        keep(outcomes, good);
    }
    said
}

fn attribute_column(
    attribute: &Attribute,
    slot: Slot,
    typed: &mut Typed,
    asked: &[bool],
) -> AttributeColumn {
    let field = format!("attribute {}", attribute.name);
    let values = stored(typed, &field, &attribute.value, 1, asked);
    let days = match &attribute.date {
        Some(date) => {
            let days = days(typed, &field, date, asked);
            days.iter().map(|day| day.unwrap_or(i32::MIN)).collect()
        }
        None => vec![i32::MIN; values.len()],
    };
    AttributeColumn { slot, values, days }
}

fn outcomes(mapper: &Mapper, typed: &mut Typed, asked: &[bool]) -> Option<Vec<Option<bool>>> {
    let positive = mapper.source().outcome.as_ref()?;
    Some(super::stored::per_row(typed, "outcome", asked, |batch| {
        Ok(positive.conditions(batch)?.iter().collect())
    }))
}

/// The first way of naming the enterprise that a record uses; a record of a
/// source that declares one and uses none is refused.
fn enterprises(mapper: &Mapper, typed: &mut Typed, asked: &[bool]) -> Vec<Option<SubjectKey>> {
    let source = mapper.source();
    let mut found: Vec<Option<SubjectKey>> = vec![None; asked.len()];
    for (kind, column) in &source.enterprise {
        if let (ReferenceKind::Uscc | ReferenceKind::Number, Some(keys)) =
            (kind, typed.code_keys.get(column))
        {
            let unnamed = found.iter_mut().zip(keys);
            unnamed.for_each(|(found, key)| *found = found.or(*key));
            continue;
        }
        let texts = as_texts(&typed.batch, *column);
        let unnamed = found.iter_mut().enumerate();
        for (row, found) in unnamed.filter(|(_, found)| found.is_none()) {
            if !texts.is_null(row) {
                *found = reference(*kind, &source.agency, texts.value(row));
            }
        }
    }
    if source.enterprise.is_empty() {
        return found;
    }
    let names: Vec<&str> = source
        .enterprise
        .iter()
        .map(|(_, column)| source.columns[*column].name.as_str())
        .collect();
    for row in (0..asked.len()).filter(|row| asked[*row] && found[*row].is_none()) {
        let reason = "names no enterprise: empty or unusable";
        let fault = RowFault::new(row, names.join(", "), "", "no-enterprise", reason);
        typed.refuse(fault);
    }
    found
}

fn reference(kind: ReferenceKind, agency: &str, text: &str) -> Option<SubjectKey> {
    match kind {
        ReferenceKind::Uscc | ReferenceKind::Number => identify(text).ok().map(|code| code.key()),
        ReferenceKind::Id => subject::enterprise_id(text),
        ReferenceKind::Name => name::key(text),
        ReferenceKind::AgencyId => subject::agency_id(agency, text),
    }
}

/// The days on which records name an enterprise by an alias: as declared, or
/// the first day that a signal or an attribute of theirs has.
fn named(
    mapper: &Mapper,
    typed: &mut Typed,
    asked: &[bool],
    enterprises: &[Option<SubjectKey>],
    (signals, attributes): (&[SignalColumn], &[AttributeColumn]),
) -> Vec<u16> {
    let by_alias = |key: &Option<SubjectKey>| key.is_some_and(|key| key.kind().is_alias());
    if !enterprises.iter().any(by_alias) {
        return vec![0; enterprises.len()];
    }
    let declared = match &mapper.source().named_on {
        Some(date) => days(typed, "enterprise date", date, asked),
        None => Date32Array::new_null(enterprises.len()),
    };
    let day = |row: usize| {
        let raised = signals.iter().filter_map(|signal| signal.at(row)?.day);
        let stated = attributes.iter().map(|attribute| attribute.days[row]);
        let other = || raised.chain(stated.filter(|day| *day != i32::MIN)).next();
        day_at(&declared, row).or_else(other).map_or(0, event_day)
    };
    let rows = enterprises.iter().enumerate();
    rows.map(|(row, key)| if by_alias(key) { day(row) } else { 0 })
        .collect()
}

/// The days on which what is declared holds, row by row; empty: always.
fn terms(typed: &mut Typed, field: &str, columns: &TermColumns, asked: &[bool]) -> Vec<Term> {
    if !columns.is_dated() {
        return Vec::new();
    }
    let mut read = |date: &Option<_>| match date {
        Some(date) => days(typed, field, date, asked),
        None => Date32Array::new_null(asked.len()),
    };
    let (from, until) = (read(&columns.from), read(&columns.until));
    let term = |(from, until): (Option<i32>, Option<i32>)| Term {
        from: from.map_or(Term::ALWAYS.from, event_day),
        until: until.map_or(Term::ALWAYS.until, event_day),
    };
    from.iter().zip(&until).map(term).collect()
}

fn aliases(mapper: &Mapper, typed: &mut Typed, asked: &[bool]) -> Vec<AliasColumn> {
    let mut columns = Vec::new();
    for alias in &mapper.source().aliases {
        let make = |text: &str| match alias.kind {
            SubjectKind::Name => name::key(text),
            SubjectKind::AgencyId => subject::agency_id(&alias.agency, text),
            kind => {
                let key = identify(text).ok().map(|code| code.key());
                key.filter(|key| key.kind() == kind)
            }
        };
        let texts = as_texts(&typed.batch, alias.column);
        columns.push(AliasColumn {
            keys: texts.iter().map(|text| make(text?)).collect(),
            terms: terms(typed, "alias", &alias.term, asked),
            standing: match alias.decides {
                true => Standing::Decided,
                false => Standing::Borne,
            },
            beyond: alias.beyond,
            names: (alias.kind == SubjectKind::Name).then_some(texts),
        });
    }
    columns
}

fn links(
    mapper: &Mapper,
    enterprises: &[Option<SubjectKey>],
    typed: &mut Typed,
    asked: &[bool],
) -> Vec<LinkColumn> {
    let mut all = Vec::new();
    for link in &mapper.source().links {
        let from = subjects(mapper, link.from, typed);
        let to = match link.to {
            LinkEnd::Enterprise => enterprises.to_vec(),
            LinkEnd::Subject(column) => subjects(mapper, column, typed),
        };
        let ends = from.into_iter().zip(to);
        all.push(LinkColumn {
            kind: link.kind,
            ends: ends.map(|(from, to)| from.zip(to)).collect(),
            terms: terms(typed, "link", &link.term, asked),
        });
    }
    all
}

/// The subjects that a column names.
pub(super) fn subjects(
    mapper: &Mapper,
    subject: SubjectColumn,
    typed: &Typed,
) -> Vec<Option<SubjectKey>> {
    let texts = as_texts(&typed.batch, subject.column);
    texts
        .iter()
        .map(|text| mapper.pseudonyms.subject(subject.kind, text?))
        .collect()
}

/// A column as texts, whatever its declared type.
pub(super) fn as_texts(batch: &RecordBatch, column: usize) -> StringArray {
    let array = batch.column(column);
    match array.as_string_opt::<i32>() {
        Some(texts) => texts.clone(),
        None => arrow_cast::cast(array, &DataType::Utf8)
            .ok()
            .and_then(|texts| texts.as_string_opt::<i32>().cloned())
            .unwrap_or_else(|| StringArray::new_null(batch.num_rows())),
    }
}

/// How many good rows each check finds. A check never refuses a row, not even
/// one that it cannot be evaluated for.
fn checks(mapper: &Mapper, typed: &mut Typed) -> Vec<u64> {
    let nobody = vec![false; typed.batch.num_rows()];
    let mut counts = Vec::new();
    for check in &mapper.source().checks {
        let found = holds(typed, &check.name, &check.when, &nobody);
        let counted = found.iter().zip(&typed.good);
        counts.push(counted.filter(|(found, good)| **found && **good).count() as u64);
    }
    counts
}
