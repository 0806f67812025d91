//! Declarations and raw rows → facts and faults.

use super::{META_COLUMNS, Mapper, RowFault, Said};
use crate::catalogue::SlotRange;
use crate::declaration::Document;
use crate::fact::{
    Alias, Facts, Link, MAX_VALUE, NEVER, Observation, Outcome, Standing, SubjectKey, SubjectKind,
    Term,
};
use crate::source::{Source, Surroundings};
use crate::values::{Identifier, Pseudonymiser, identify, likeness, name, subject};
use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow_schema::{DataType, Field, Schema};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

const HEAD: &str = "agency = \"a\"\nresource = \"r\"\nbasis = \"b\"\npath = \"*.csv\"\n";
const CODE: &str = "91350100M000100Y43";
const SLOTS: SlotRange = SlotRange {
    mention: 10,
    signals: 11,
    attributes: 15,
};

fn source(text: &str) -> Source {
    source_in(text, Path::new("."))
}

fn source_in(text: &str, folder: &Path) -> Source {
    let document = Document::new(Path::new("s.toml"), format!("{HEAD}{text}"));
    let around = Surroundings {
        folder,
        link_kinds: &["holder".into(), "owner".into()],
    };
    Source::parse(&document, "a/r", around).unwrap()
}

fn mapper(text: &str) -> Mapper {
    Mapper::new(Arc::new(source(text)), SLOTS, pseudonyms())
}

fn pseudonyms() -> Pseudonymiser {
    Pseudonymiser::new([7; 32])
}

/// A raw batch: one text a row, fields parted by `|`.
fn raw(header: &str, rows: &[&str]) -> RecordBatch {
    raw_from("f.csv", 1, header, rows)
}

fn raw_from(file: &str, first: u64, header: &str, rows: &[&str]) -> RecordBatch {
    let count = rows.len();
    let place = || Arc::new(UInt64Array::from_iter_values(first..first + count as u64)) as ArrayRef;
    let mut fields = vec![Field::new(META_COLUMNS[0], DataType::Utf8, false)];
    let mut columns: Vec<ArrayRef> =
        vec![Arc::new(StringArray::from_iter_values(vec![file; count]))];
    for meta in &META_COLUMNS[1..] {
        fields.push(Field::new(*meta, DataType::UInt64, false));
        columns.push(place());
    }
    for (index, column) in header.split('|').enumerate() {
        fields.push(Field::new(column, DataType::Utf8, true));
        let texts = rows.iter().map(|row| row.split('|').nth(index).unwrap());
        columns.push(Arc::new(StringArray::from_iter_values(texts)));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

fn facts_of(said: &Said) -> Facts {
    let mut facts = Facts::default();
    (0..said.len()).for_each(|index| said.facts(index, &mut facts));
    facts
}

fn id(text: &str) -> SubjectKey {
    subject::enterprise_id(text).unwrap()
}

/// Maps rows with columns `id` and `x`; renders signals as `value`, or
/// `value until day`, and faults as `row field: code`.
fn check(declared: &str, rows: &[&str], expected: &[&str]) {
    let mapper = mapper(declared);
    let (said, faults) = mapper.map(&raw("id|x", rows)).unwrap();
    let facts = facts_of(&said);
    let signals = facts
        .observations
        .iter()
        .filter(|o| o.slot >= SLOTS.signals);
    let mut found: Vec<String> = signals.map(render).collect();
    found.extend(faults.iter().map(render_fault));
    assert_eq!(found, expected, "{declared} {rows:?}");
}

fn render(observation: &Observation) -> String {
    let value = observation.value as f64 / 1e4;
    match observation.expiry {
        NEVER => value.to_string(),
        day => format!("{value} until {day}"),
    }
}

fn render_fault(fault: &RowFault) -> String {
    format!("{} {}: {}", fault.row, fault.field, fault.code)
}

/// A source with one column `x` of a type, whose value is the signal's.
fn typed(kind: &str, value: &str) -> String {
    format!(
        "[columns]\nid = \"text\"\nx = {kind}\n[enterprise]\nid = \"id\"\n\
         [[signal]]\nkind = \"A1\"\nvalue = \"{value}\"\n"
    )
}

#[test]
fn every_column_type_is_read() {
    check(
        &typed("\"integer\"", "x"),
        &["a|5.0", "b|", "c|N/A"],
        &["5"],
    );
    check(&typed("\"integer\"", "x"), &["a|5.5"], &["0 x: syntax"]);
    check(
        &typed("\"number\"", "x"),
        &["a|-1.25", "b|nan"],
        &["-1.25", "1 x: syntax"],
    );
    check(&typed("\"money\"", "x"), &["a|1,000.50"], &["100050"]);
    check(
        &typed("{ type = \"money\", unit = \"wan\" }", "x"),
        &["a|2"],
        &["2000000"],
    );
    check(
        &typed("{ type = \"money\", unit = \"fen\" }", "x"),
        &["a|7"],
        &["7"],
    );
    check(
        &typed("\"text\"", "length(x)"),
        &["a|理财", "b| 理财\u{3000}", "c|"],
        &["2", "2"],
    );
    check(
        &typed("\"boolean\"", "CASE WHEN x THEN 1 ELSE 0 END"),
        &["a|是", "b|N"],
        &["1", "0"],
    );
    check(&typed("\"boolean\"", "1"), &["a|perhaps"], &["0 x: syntax"]);
    check(
        &typed("\"date\"", "date_part('year', x)"),
        &["a|2020-02-29"],
        &["2020"],
    );
    check(
        &typed("\"date\"", "1"),
        &["a|2019-02-29"],
        &["0 x: no-such-day"],
    );
    let last_six = typed("\"uscc\"", "ascii(substr(x, 18, 1))");
    check(&last_six, &["a|９1350100m000100y43"], &["51"]);
    check(
        &last_six,
        &["a|91350100M000100Y44"],
        &["0 x: check-character"],
    );
}

#[test]
fn only_a_required_value_must_be_there() {
    let required = typed("{ type = \"text\", required = true }", "1");
    check(
        &required,
        &["a|v", "b| ", "c|"],
        &["1", "1 x: missing", "2 x: missing"],
    );
    let code = typed("{ type = \"number\", required = true }", "1");
    check(&code, &["a|N/A"], &["0 x: missing"]);
}

#[test]
fn a_signal_counts_until_its_window_ends() {
    let windowed = "[columns]\nid = \"text\"\nx = \"date\"\n[enterprise]\nid = \"id\"\n\
        [[signal]]\nkind = \"A1\"\ndate = \"x\"\nwindow = \"10d\"\n";
    check(
        windowed,
        &["a|1970-01-02", "b|1969-12-31", "c|"],
        &["1 until 11", "1 until 9", "2 signal A1: no-date"],
    );
}

#[test]
fn an_expression_refuses_only_rows_it_speaks_of() {
    let when = |value: &str| {
        format!(
            "[columns]\nid = \"text\"\nx = \"integer\"\n[enterprise]\nid = \"id\"\n\
             [[signal]]\nkind = \"A1\"\nwhen = \"id <> 'no'\"\nvalue = \"{value}\"\n"
        )
    };
    // A division by zero refuses its row and no other, and none that is not asked.
    let rows = ["a|2", "b|0", "no|0", "c|5"];
    check(
        &when("10 / x"),
        &rows,
        &["5", "2", "1 signal A1: expression"],
    );
    // So do values that are no number, or out of bounds.
    check(
        &when("ln(x - 2)"),
        &["a|1", "no|1", "c|3"],
        &["0", "0 signal A1: range"],
    );
    let most = MAX_VALUE / 10_000;
    let rows = [
        format!("a|{most}"),
        format!("b|{}", most + 1),
        "no|9223372036854775807".into(),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    check(&when("x"), &rows, &["10000000000000", "1 signal A1: range"]);
    check(
        &when("x * 1.0"),
        &rows,
        &["10000000000000", "1 signal A1: range"],
    );
    // Null raises nothing.
    check(&when("x"), &["a|", "b|4"], &["4"]);
}

#[test]
fn a_check_counts_and_never_refuses() {
    let mapper = mapper(
        "[columns]\nid = \"text\"\nx = \"integer\"\n[enterprise]\nid = \"id\"\n\
         [[check]]\nname = \"large\"\nwhen = \"10 / x > 1\"\n",
    );
    let (said, faults) = mapper
        .map(&raw("id|x", &["a|0", "b|1", "c|20", "|1"]))
        .unwrap();
    assert_eq!(said.checks, [1]);
    assert_eq!(
        faults.iter().map(render_fault).collect::<Vec<_>>(),
        ["3 id: no-enterprise"]
    );
}

#[test]
fn a_word_list_makes_a_column() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("words.txt"), "理财\n").unwrap();
    let text = "[columns]\nid = \"text\"\nx = \"text\"\n[enterprise]\nid = \"id\"\n\
        [[lexicon]]\nname = \"hard\"\ncolumn = \"x\"\nwords = \"words.txt\"\n\
        [[signal]]\nkind = \"A1\"\nwhen = \"hard\"\n";
    let mapper = Mapper::new(
        Arc::new(source_in(text, folder.path())),
        SLOTS,
        pseudonyms(),
    );
    let (said, _) = mapper
        .map(&raw("id|x", &["a|某理财", "b|超市", "c|"]))
        .unwrap();
    let signals = facts_of(&said)
        .observations
        .into_iter()
        .filter(|o| o.slot == SLOTS.signals);
    assert_eq!(signals.map(|o| o.subject).collect::<Vec<_>>(), [id("a")]);
}

#[test]
fn the_first_usable_reference_names_the_enterprise() {
    let mapper = mapper(
        "[columns]\ncode = \"text\"\nid = \"text\"\nnumber = \"text\"\nname = \"text\"\n\
         [enterprise]\nname = \"name\"\nid = \"id\"\nnumber = \"number\"\nuscc = \"code\"\n",
    );
    let rows = [
        format!("{CODE}|i|110108000000016|甲公司"),
        "|i|110108000000016|甲公司".into(),
        "wrong||110108000000016|甲公司".into(),
        "|||甲公司".into(),
        "|||".into(),
        "110108000000016|i||".into(),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let (said, faults) = mapper.map(&raw("code|id|number|name", &rows)).unwrap();
    let old = identify("110108000000016").unwrap().key();
    assert_eq!(old.kind(), SubjectKind::RegistrationNumber);
    let code = identify(CODE).unwrap().key();
    let expected = [code, id("i"), old, name::key("甲公司").unwrap(), old];
    let found: Vec<SubjectKey> = said.enterprises.iter().flatten().copied().collect();
    assert_eq!(found, expected);
    assert_eq!(faults[0].row, 4);
    assert_eq!(faults[0].field, "code, id, number, name");
}

#[test]
fn other_identifiers_become_aliases_of_enterprises_only() {
    let mapper = mapper(
        "[columns]\nid = \"text\"\nold = \"text\"\ncalled = \"text\"\n\
         [enterprise]\nid = \"id\"\nname = \"called\"\n\
         [[alias]]\nkind = \"registration_number\"\ncolumn = \"old\"\n\
         [[alias]]\nkind = \"name\"\ncolumn = \"called\"\n",
    );
    let rows = [
        "a|110108000000016|甲",
        &format!("b|{CODE}|"),
        "|110108000000016|乙",
    ];
    let (said, _) = mapper.map(&raw("id|old|called", &rows)).unwrap();
    let alias = |alias, enterprise| Alias {
        alias,
        enterprise,
        term: Term::ALWAYS,
        standing: Standing::Borne,
    };
    let old = identify("110108000000016").unwrap().key();
    // A code is no registration number; and a name cannot have aliases.
    assert_eq!(
        facts_of(&said).aliases,
        [
            alias(old, id("a")),
            alias(name::key("甲").unwrap(), id("a"))
        ]
    );
}

#[test]
fn aliases_and_links_hold_on_the_days_that_a_record_gives() {
    let mapper = mapper(
        "[columns]\nid = \"text\"\nwas = \"text\"\nno = \"text\"\nwho = \"text\"\na = \"date\"\nz = \"date\"\n\
         [enterprise]\nid = \"id\"\n\
         [[alias]]\nkind = \"name\"\ncolumn = \"was\"\nfrom = \"a\"\nuntil = \"z\"\nbeyond = true\n\
         [[alias]]\nkind = \"agency_id\"\ncolumn = \"no\"\ndecides = true\n\
         [[link]]\nkind = \"holder\"\nfrom = { person = \"who\" }\nto = \"enterprise\"\nuntil = \"z\"\n",
    );
    let rows = [
        "i|甲|17|p|1970-01-03|1970-01-09",
        "i|甲||p||",
        "i|甲||p|1970-01-09|1970-01-03",
    ];
    let (said, faults) = mapper.map(&raw("id|was|no|who|a|z", &rows)).unwrap();
    assert_eq!(faults, []);
    let facts = facts_of(&said);
    let found = facts
        .aliases
        .iter()
        .map(|alias| (alias.term, alias.standing));
    let term = |from, until| Term { from, until };
    let expected = [
        (term(2, 8), Standing::Borne),
        (Term::ALWAYS, Standing::Beyond),
        (Term::ALWAYS, Standing::Decided),
        (Term::ALWAYS, Standing::Borne),
        // No day at all: only beyond its days.
        (Term::ALWAYS, Standing::Beyond),
    ];
    assert_eq!(found.collect::<Vec<_>>(), expected);
    let links: Vec<Term> = facts.links.iter().map(|link| link.term).collect();
    assert_eq!(links, [term(0, 8), Term::ALWAYS, term(0, 2)]);
    let likeness = likeness::key("甲");
    let mut named = Vec::new();
    said.subjects(0, &mut named);
    assert!(likeness.is_some_and(|likeness| named.contains(&likeness)));
}

#[test]
fn an_agencys_numbers_are_its_own() {
    let one = subject::agency_id("甲局", "17");
    assert_eq!(one, subject::agency_id("甲局", " １７ "));
    assert_ne!(one, subject::agency_id("乙局", "17"));
    assert_ne!(one, subject::agency_id("甲局", "18"));
    assert_eq!(subject::agency_id("甲局", "N/A"), None);
}

#[test]
fn a_record_names_its_enterprise_on_its_day() {
    let mapper = |date: &str| {
        mapper(&format!(
            "[columns]\nid = \"text\"\nname = \"text\"\na = \"date\"\nz = \"date\"\n\
             [enterprise]\nid = \"id\"\nname = \"name\"\n{date}\
             [[signal]]\nkind = \"E1\"\n\
             [[signal]]\nkind = \"E2\"\ndate = \"a\"\n\
             [[attribute]]\nname = \"size\"\nvalue = \"1\"\ndate = \"z\"\n"
        ))
    };
    let rows = [
        "|甲|1970-01-03|1970-01-09",
        "|甲||1970-01-09",
        "|甲||",
        "i|甲|1970-01-03|",
    ];
    let days = |date: &str| {
        let (said, _) = mapper(date).map(&raw("id|name|a|z", &rows)).unwrap();
        let facts = facts_of(&said);
        let observed = facts.observations.iter().map(|o| o.day).collect::<Vec<_>>();
        let profiles = facts.profiles.iter().map(|p| p.named).collect::<Vec<_>>();
        (observed, profiles)
    };
    // Of each record: mention, the signal without a day, the one with one.
    let first = vec![2, 2, 2, 8, 8, 8, 0, 0, 0, 0, 0, 2];
    assert_eq!(days(""), (first, vec![2, 8, 0, 0]));
    let declared = vec![8, 8, 2, 8, 8, 8, 0, 0, 0, 0, 0, 2];
    assert_eq!(days("date = \"z\"\n"), (declared, vec![8, 8, 0, 0]));
}

const LINKED: &str = "key = [\"no\"]\n[columns]\nno = \"text\"\nid = \"text\"\nacc = \"text\"\n\
     who = \"text\"\nx = \"number\"\nday = \"date\"\n[enterprise]\nid = \"id\"\n\
     [[signal]]\nkind = \"E1\"\nvalue = \"x\"\ndate = \"day\"\nwindow = \"5d\"\n\
     subject = { account = \"acc\" }\n\
     [[signal]]\nkind = \"E2\"\nvalue = \"x\"\n\
     [[attribute]]\nname = \"size\"\nvalue = \"x\"\ndate = \"day\"\n\
     [[link]]\nkind = \"owner\"\nfrom = { account = \"acc\" }\nto = { person = \"who\" }\n\
     [[link]]\nkind = \"holder\"\nfrom = { person = \"who\" }\nto = \"enterprise\"\n\
     [outcome]\npositive = \"x > 1\"\n";
const LINKED_HEADER: &str = "no|id|acc|who|x|day";

#[test]
fn linked_subjects_get_values_that_every_share_divides() {
    let mapper = mapper(LINKED);
    let row = "1|a|6222001|张三|1.23456|1970-01-03";
    let (said, _) = mapper.map(&raw(LINKED_HEADER, &[row])).unwrap();
    let facts = facts_of(&said);
    let account = pseudonyms().account("6222001").unwrap();
    let person = pseudonyms().person("张三").unwrap();
    let observation = |subject, expiry, slot, day, value| Observation {
        subject,
        expiry,
        slot,
        day,
        value,
    };
    assert_eq!(
        facts.observations,
        [
            observation(id("a"), NEVER, SLOTS.mention, 0, 0),
            observation(account, 7, SLOTS.signals, 2, 12_300),
            observation(id("a"), NEVER, SLOTS.signals + 1, 0, 12_346),
        ]
    );
    let link = |from, to, kind| Link {
        from,
        to,
        kind,
        term: Term::ALWAYS,
        named: 0,
    };
    assert_eq!(
        facts.links,
        [link(account, person, 1), link(person, id("a"), 0)]
    );
    assert_eq!(
        facts.outcomes,
        [Outcome {
            subject: id("a"),
            positive: true,
            named: 0,
        }]
    );
    assert_eq!(facts.profiles[0].values, [(SLOTS.attributes, 12_346)]);
    assert_eq!(facts.profiles[0].day, 2);
    // Where each slot's number is from, and until when it counts.
    assert_eq!(said.days(0, SLOTS.signals), (Some(2), Some(7)));
    assert_eq!(said.days(0, SLOTS.signals + 1), (None, None));
    assert_eq!(said.days(0, SLOTS.attributes), (Some(2), None));
    assert_eq!(said.days(0, SLOTS.mention), (None, None));
    let mut named = Vec::new();
    said.subjects(0, &mut named);
    let mut expected = vec![id("a"), account, person];
    expected.sort_unstable();
    assert_eq!(named, expected);
}

#[test]
fn sources_that_report_one_event_say_the_same_key() {
    let keys = |columns: &str, distinct: &str, row: &str| {
        let mapper = mapper(&format!(
            "[columns]\n{columns}[enterprise]\nid = \"id\"\n[[signal]]\nkind = \"A7\"\ndistinct = {distinct}\n"
        ));
        let names: Vec<&str> = columns
            .lines()
            .filter_map(|l| l.split(' ').next())
            .collect();
        let (said, _) = mapper.map(&raw(&names.join("|"), &[row])).unwrap();
        facts_of(&said).observations[1].value
    };
    let one = "id = \"text\"\ncase = \"text\"\n";
    let other = "case = \"text\"\nid = \"text\"\n";
    let same = keys(one, "[\"case\"]", "a|7");
    assert_eq!(keys(other, "[\"case\"]", "7|b"), same);
    assert!(same >= 0);
    assert_ne!(keys(one, "[\"case\"]", "a|8"), same);
    // What says nothing is an event of its own.
    let nothing = keys(one, "[\"case\"]", "a|");
    assert_ne!(nothing, same);
    assert_ne!(keys(one, "[\"id\", \"case\"]", "7|"), same);
}

#[test]
fn what_is_empty_is_not_linked() {
    let (said, faults) = mapper(LINKED)
        .map(&raw(LINKED_HEADER, &["1|a|||2|1970-01-03"]))
        .unwrap();
    let facts = facts_of(&said);
    assert_eq!(
        (faults.len(), facts.links.len(), facts.observations.len()),
        (0, 0, 2)
    );
}

#[test]
fn a_withdrawal_needs_only_its_key() {
    let mapper = mapper(
        "key = [\"no\"]\nwithdrawn = \"op = 'D'\"\n[columns]\nno = \"integer\"\nop = \"text\"\n\
         id = { type = \"text\", required = true }\nx = \"number\"\n[enterprise]\nid = \"id\"\n\
         [[signal]]\nkind = \"A1\"\nvalue = \"1 / x\"\n",
    );
    let rows = [
        "1|U|a|4",
        "1|D||nonsense",
        "2|U||4",
        "|D|a|4",
        "x|D|a|4",
        "3|D|a|0",
    ];
    let (said, faults) = mapper.map(&raw("no|op|id|x", &rows)).unwrap();
    assert_eq!(said.rows, [0, 1, 5]);
    assert_eq!(said.withdraws, [false, true, true]);
    assert_eq!(said.keys[0], said.keys[1]);
    assert_eq!(
        faults.iter().map(render_fault).collect::<Vec<_>>(),
        ["2 id: missing", "3 no: no-key", "4 no: syntax"]
    );
}

#[test]
fn keys_and_contents_tell_records_apart() {
    let keyed = mapper("key = [\"a\", \"b\"]\n[columns]\na = \"text\"\nb = \"integer\"\n");
    let rows = ["x|1", "x|1.0", " x |1", "x|", "|1", "x1|"];
    let (said, _) = keyed.map(&raw("a|b", &rows)).unwrap();
    // The key is of typed values, the content of raw ones.
    assert_eq!(said.keys[0], said.keys[1]);
    assert_eq!(said.keys[0], said.keys[2]);
    assert_ne!(said.contents[0], said.contents[1]);
    let distinct: std::collections::BTreeSet<u128> = said.keys.iter().copied().collect();
    assert_eq!(distinct.len(), 4);
    assert_eq!(keyed.keys(&raw("a|b", &rows)), said.keys);
    // The same words elsewhere are the same content.
    let (elsewhere, _) = keyed.map(&raw_from("g.csv", 90, "a|b", &rows)).unwrap();
    assert_eq!(elsewhere.contents, said.contents);
    assert_eq!(elsewhere.keys, said.keys);
    // And so they are without the place.
    let placed = raw("a|b", &rows);
    let columns: Vec<usize> = (META_COLUMNS.len()..placed.num_columns()).collect();
    let (bare, _) = keyed.map_landed(&placed.project(&columns).unwrap());
    assert_eq!(bare.contents, said.contents);
    assert_eq!(bare.keys, said.keys);
}

#[test]
fn without_a_key_a_record_is_its_place() {
    let keyless = mapper("[columns]\na = \"text\"\n");
    let keys = |file: &str, first: u64| {
        let batch = raw_from(file, first, "a", &["x", "x"]);
        keyless.map(&batch).unwrap().0.keys
    };
    let here = keys("f.csv", 1);
    assert_ne!(here[0], here[1]);
    assert_eq!(keys("f.csv", 1), here);
    assert_eq!(keys("f.csv", 2)[0], here[1]);
    assert_ne!(keys("g.csv", 1)[0], here[0]);
}

#[test]
fn rows_that_landed_before_a_column_was_declared_are_read() {
    let text = |required: bool| {
        format!(
            "[columns]\nid = \"text\"\nnew = {{ type = \"integer\", required = {required} }}\n\
             [enterprise]\nid = \"id\"\n[[signal]]\nkind = \"A1\"\nvalue = \"coalesce(new, 3)\"\n"
        )
    };
    let landed = raw("id", &["a"]);
    assert_eq!(mapper(&text(false)).map(&landed).unwrap_err(), ["new"]);
    let (said, faults) = mapper(&text(false)).map_landed(&landed);
    assert_eq!(facts_of(&said).observations[1].value, 30_000);
    assert!(faults.is_empty());
    let (said, faults) = mapper(&text(true)).map_landed(&landed);
    assert!(said.is_empty());
    assert_eq!(render_fault(&faults[0]), "0 new: missing");
}

#[test]
fn odd_and_cleaned_values_are_counted() {
    let mapper = mapper("[columns]\ncode = \"uscc\"\n[enterprise]\nuscc = \"code\"\n");
    let rows = [CODE, "９1350100m000100y43", "110108000000016"];
    let (said, _) = mapper.map(&raw("code", &rows)).unwrap();
    assert_eq!(said.normalised, 1);
    assert_eq!(said.enterprises[0], said.enterprises[1]);
    let odd = rows[..2].iter().filter(|code| match identify(code) {
        Ok(Identifier::Uscc(code)) => !code.organisation_check_holds(),
        _ => false,
    });
    assert_eq!(said.odd_inner_checks, odd.count() as u64);
}

fn cell() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just(""),
        Just("a"),
        Just(" a"),
        Just("b\u{3000}"),
        Just("0"),
        Just("1"),
        Just("-2.5"),
        Just("1e300"),
        Just("1970-01-05"),
        Just("张三"),
        Just("N/A"),
        Just("D"),
    ]
}

const HARD: &str = "key = [\"no\"]\nwithdrawn = \"op = 'D'\"\n[columns]\nno = \"text\"\n\
     op = \"text\"\nid = \"text\"\nacc = \"text\"\nx = \"number\"\nday = \"date\"\n\
     [enterprise]\nid = \"id\"\nname = \"op\"\n\
     [[signal]]\nkind = \"A1\"\nwhen = \"length(op) > 0 OR x > 1\"\nvalue = \"1 / x\"\n\
     [[signal]]\nkind = \"A2\"\nwhen = \"op <> ''\"\nvalue = \"10 / CAST(x AS BIGINT)\"\n\
     date = \"day\"\nwindow = \"9d\"\nsubject = { account = \"acc\" }\n\
     [[attribute]]\nname = \"n\"\nvalue = \"length(op)\"\ndate = \"day\"\n\
     [[link]]\nkind = \"holder\"\nfrom = { account = \"acc\" }\nto = \"enterprise\"\n";

fn extend(all: &mut Facts, more: Facts) {
    all.observations.extend(more.observations);
    all.profiles.extend(more.profiles);
    all.aliases.extend(more.aliases);
    all.links.extend(more.links);
    all.outcomes.extend(more.outcomes);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// What a record says does not hang on the records beside it: else it could
    /// not be retracted by reading its row again.
    #[test]
    fn a_batch_says_what_its_rows_say(
        rows in proptest::collection::vec(proptest::collection::vec(cell(), 6), 1..9),
        cut in any::<proptest::sample::Index>(),
    ) {
        let mapper = mapper(HARD);
        let rows: Vec<String> = rows.iter().map(|cells| cells.join("|")).collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let header = "no|op|id|acc|x|day";
        let whole = mapper.map(&raw(header, &rows)).unwrap();
        let cut = cut.index(rows.len());
        for splits in [vec![0, cut], (0..rows.len()).collect()] {
            let (mut facts, mut good, mut refused) = (Facts::default(), Vec::new(), Vec::new());
            for (part, from) in splits.iter().enumerate() {
                let to = splits.get(part + 1).copied().unwrap_or(rows.len());
                let (said, faults) = mapper.map(&raw(header, &rows[*from..to])).unwrap();
                extend(&mut facts, facts_of(&said));
                good.extend(said.rows.iter().map(|row| *row as usize + from));
                refused.extend(faults.iter().map(|f| (f.row as usize + from, f.code, f.field.clone())));
            }
            prop_assert_eq!(&facts, &facts_of(&whole.0));
            let rows_of = whole.0.rows.iter().map(|row| *row as usize);
            prop_assert_eq!(&good, &rows_of.collect::<Vec<_>>());
            let faults = whole.1.iter().map(|f| (f.row as usize, f.code, f.field.clone()));
            let mut faults: Vec<_> = faults.collect();
            faults.sort();
            refused.sort();
            prop_assert_eq!(&refused, &faults);
        }
    }
}
