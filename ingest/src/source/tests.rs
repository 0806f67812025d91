//! Declarations: a full good one, and every kind of fault with its line.

use super::*;
use crate::fact::SubjectKind;

const GOOD: &str = r#"agency = "市场监督管理局"
resource = "行政处罚"
basis = "国务院令第737号 第八条"
owner = "执法总队"
path = "msa/penalty/*.csv"
format = { type = "csv", encoding = "gb18030", delimiter = ";" }
mode = "upsert"
key = ["no"]
withdrawn = "op = 'D'"
registers = true
freshness = { warn = "2d", error = "7d" }
[columns]
no = "text"
op = "text"
"统一社会信用代码" = "uscc"
"罚款金额" = { type = "money", unit = "wan" }
"决定日期" = { type = "date", required = true }
acc = "text"
name = "text"
[enterprise]
uscc = "统一社会信用代码"
name = "name"
[display]
name = "name"
[[lexicon]]
name = "hard"
column = "name"
words = "words.txt"
[[signal]]
kind = "A5"
when = "hard AND 罚款金额 >= 1000000"
value = "ln(1 + 罚款金额 / 100.0)"
date = "决定日期"
window = "365d"
[[signal]]
kind = "E10"
subject = { account = "acc" }
[[attribute]]
name = "fine"
value = "罚款金额"
[[alias]]
kind = "name"
column = "name"
[[link]]
kind = "holder"
from = { account = "acc" }
to = "enterprise"
[[check]]
name = "no fine"
when = "罚款金额 IS NULL"
[outcome]
positive = "罚款金额 > 0"
"#;

fn parse(text: &str) -> Result<Source, Vec<Fault>> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("words.txt"), "理财\n").unwrap();
    let document = Document::new(Path::new("s.toml"), text);
    let around = Surroundings {
        folder: folder.path(),
        link_kinds: &["other".into(), "holder".into()],
    };
    Source::parse(&document, "msa/penalty", around)
}

#[test]
fn a_full_declaration_is_understood() {
    let source = parse(GOOD).unwrap();
    assert_eq!(source.id, "msa/penalty");
    assert_eq!(source.notes, [("owner".into(), "执法总队".into())]);
    assert_eq!(
        (source.encoding, source.delimiter),
        (Encoding::Gb18030, b';')
    );
    assert_eq!(
        (source.mode, source.key.as_slice()),
        (Mode::Upsert, &[0][..])
    );
    assert_eq!(source.columns[3].kind, ColumnKind::Money(Unit::Wan));
    assert!(source.columns[4].required && !source.columns[3].required);
    assert_eq!(
        source.enterprise,
        [(ReferenceKind::Uscc, 2), (ReferenceKind::Name, 6)]
    );
    assert_eq!(source.display.name, Some(6));
    assert_eq!(source.schema.field(7).name(), "hard");
    assert_eq!(source.signals[0].window_days, Some(365));
    let account = SubjectColumn {
        kind: SubjectKind::Account,
        column: 5,
    };
    assert_eq!(source.signals[1].subject, Some(account));
    assert_eq!(source.links[0].kind, 1);
    assert!(matches!(source.links[0].to, LinkEnd::Enterprise));
    assert_eq!(source.aliases[0].kind, SubjectKind::Name);
    assert_eq!(source.freshness.warn_days, Some(2));
    assert!(source.withdrawn.is_some() && source.outcome.is_some() && source.registers);
    assert_eq!(source.column("acc"), Some(5));
    assert_eq!(source.personal(5), Some(SubjectKind::Account));
    assert_eq!(source.personal(2), None);
}

#[test]
fn a_column_may_be_declared_to_hold_what_is_a_persons() {
    let text = GOOD.replacen(
        "acc = \"text\"",
        "acc = \"text\"\nteller = { type = \"text\", personal = \"phone\" }",
        1,
    );
    assert_ne!(text, GOOD);
    let source = parse(&text).unwrap();
    let teller = source.column("teller").unwrap();
    assert_eq!(source.personal(teller), Some(SubjectKind::Phone));
    let faults = parse(&text.replace("\"phone\"", "\"secret\"")).unwrap_err();
    assert!(
        faults[0]
            .to_string()
            .contains("person, account, phone, address"),
        "{}",
        faults[0]
    );
}

/// Replaces `from` by `to` in the good declaration and expects one fault, whose
/// line and text are given.
fn check(from: &str, to: &str, line: usize, message: &str) {
    assert!(GOOD.contains(from), "{from}");
    let faults = parse(&GOOD.replacen(from, to, 1)).unwrap_err();
    let found: Vec<String> = faults.iter().map(Fault::to_string).collect();
    let right =
        |fault: &&String| fault.starts_with(&format!("s.toml:{line}: ")) && fault.contains(message);
    assert!(found.iter().any(|fault| right(&fault)), "{to}: {found:#?}");
}

#[test]
fn every_fault_names_line_value_and_what_is_allowed() {
    check(
        "basis = \"国务院令第737号 第八条\"\n",
        "",
        1,
        "`basis`: is missing",
    );
    check(
        "owner",
        "ownr",
        4,
        "unknown key `ownr`; did you mean `owner`?",
    );
    check(
        "msa/penalty/*.csv",
        "msa/***.csv",
        5,
        "`msa/***.csv` is no pattern",
    );
    check(
        "msa/penalty/*.csv",
        "../*.csv",
        5,
        "leads out of the inputs' root",
    );
    check(
        "msa/penalty/*.csv",
        "/etc/*.csv",
        5,
        "leads out of the inputs' root",
    );
    check(
        "gb18030",
        "latin1",
        6,
        "`latin1` is not allowed; allowed are utf-8, gb18030",
    );
    check("\";\"", "\"|\"", 6, "can't be used with `gb18030`");
    check(
        "type = \"csv\"",
        "type = \"json\"",
        6,
        "`json` is not allowed; allowed are csv, xlsx",
    );
    check(
        "type = \"csv\"",
        "header = false",
        6,
        "without a header line are not supported",
    );
    check(
        "\"upsert\"",
        "\"cdc\"",
        7,
        "allowed are append, upsert, snapshot",
    );
    check(
        "key = [\"no\"]\n",
        "",
        1,
        "modes upsert and snapshot must say",
    );
    check(
        "[\"no\"]",
        "[\"nox\"]",
        8,
        "no column `nox` is declared in [columns]; did you mean `no`?",
    );
    check(
        "[\"no\"]",
        "\"no\"",
        8,
        "`key` is string, but must be a list of texts",
    );
    check(
        "op = 'D'",
        "opp = 'D'",
        9,
        "no column `opp`; did you mean `op`?",
    );
    check(
        "op = 'D'",
        "op",
        9,
        "a condition (true or false) is needed here",
    );
    check(
        "registers = true",
        "registers = \"yes\"",
        10,
        "must be true or false",
    );
    check("\"2d\"", "\"2h\"", 11, "`2h` is not a duration; write days");
    check(
        "no = \"text\"",
        "no = \"txt\"",
        13,
        "`txt` is not allowed; allowed are text, integer",
    );
    check(
        "unit = \"wan\"",
        "unit = \"usd\"",
        16,
        "allowed are yuan, wan, fen",
    );
    check(
        "type = \"money\", unit",
        "type = \"text\", unit",
        16,
        "is only for columns of type money",
    );
    check(
        "type = \"date\", ",
        "",
        17,
        "`columns.决定日期.type`: is missing; allowed are text",
    );
    check(
        "acc = \"text\"",
        "acc = \"text\"\n_file = \"text\"",
        19,
        "is reserved",
    );
    check("uscc = \"统一", "usc = \"统一", 21, "did you mean `uscc`?");
    check(
        "uscc = \"统一社会信用代码\"\nname = \"name\"\n",
        "",
        20,
        "names no column",
    );
    check(
        "name = \"hard\"",
        "name = \"op\"",
        26,
        "column `op` is there already",
    );
    check(
        "column = \"name\"\nwords",
        "column = \"no such\"\nwords",
        27,
        "no text column `no such`",
    );
    check("words.txt", "missing.txt", 28, "cannot be read");
    check(
        "\"A5\"",
        "\"Z5\"",
        30,
        "`Z5` is no signal; allowed are A1 to H9",
    );
    check("hard AND", "hard XAND", 31, "unexpected");
    check("ln(1 +", "lnn(1 +", 32, "no function `lnn`");
    check(
        "ln(1 + 罚款金额 / 100.0)",
        "name",
        32,
        "a number is needed here",
    );
    check("ln(1 + 罚款金额 / 100.0)", "random()", 32, "random");
    check(
        "date = \"决定日期\"",
        "date = \"罚款金额\"",
        33,
        "a date is needed here",
    );
    check(
        "date = \"决定日期\"\n",
        "",
        33,
        "needs a `date` to count from",
    );
    check("\"365d\"", "\"0d\"", 34, "`1d` to `36500d`");
    check(
        "{ account = \"acc\" }\n[[att",
        "{ acount = \"acc\" }\n[[att",
        37,
        "did you mean `account`?",
    );
    check(
        "{ account = \"acc\" }\n[[att",
        "{ }\n[[att",
        37,
        "names 0 columns, but must name one",
    );
    check(
        "account = \"acc\" }\n[[att",
        "account = \"acc\", person = \"acc\" }\n[[att",
        37,
        "names 2 columns",
    );
    check(
        "name = \"fine\"",
        "name = \"A5\"",
        39,
        "looks like a signal",
    );
    check(
        "value = \"罚款金额\"\n",
        "",
        38,
        "`attribute.value`: is missing, but must be an SQL number",
    );
    check(
        "kind = \"name\"\n",
        "",
        41,
        "`alias.kind`: is missing; allowed are registration_number",
    );
    check(
        "kind = \"holder\"",
        "kind = \"hodler\"",
        45,
        "`hodler` is no link kind; declared are other, holder",
    );
    check(
        "from = { account = \"acc\" }\n",
        "",
        44,
        "`link.from`: is missing",
    );
    check(
        "to = \"enterprise\"\n",
        "",
        44,
        "`link.to`: is missing; allowed are enterprise",
    );
    check(
        "to = \"enterprise\"",
        "to = \"person\"",
        47,
        "allowed are enterprise",
    );
    check(
        "when = \"罚款金额 IS NULL\"\n",
        "",
        48,
        "`check.when`: is missing, but must be an SQL condition",
    );
    check(
        "positive = \"罚款金额 > 0\"\n",
        "",
        51,
        "`outcome.positive`: is missing",
    );
}

#[test]
fn faults_of_the_whole_are_found_too() {
    let head = "agency = \"a\"\nresource = \"r\"\nbasis = \"b\"\npath = \"*.csv\"\n";
    let first = |text: &str| {
        let faults = parse(&format!("{head}{text}")).unwrap_err();
        faults[0].message.clone()
    };
    assert!(
        first("registers = true\n[columns]\na = \"text\"\n")
            .contains("speak of the record's enterprise")
    );
    assert!(first("withdrawn = \"a = ''\"\n[columns]\na = \"text\"\n").contains("needs a `key`"));
    assert!(first("").contains("must name the file's columns"));
    assert!(parse(&format!("{head}[columns]\na = \"text\"\n")).is_ok());
}
