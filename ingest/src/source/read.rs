//! A declaration's text → a checked [`Source`].

use super::columns::{read_columns, read_lexicons, typed_schema};
use super::quantity::read_quantity;
use super::says::{read_alias, read_attribute, read_check, read_link, read_signal};
use super::scope::Scope;
use super::{
    Cadence, Display, FileKind, Freshness, LinkEnd, Mode, ReferenceKind, Source, Surroundings,
};
use crate::declaration::Section;
use crate::format::{CsvOptions, Encoding};
use crate::sql::{Expression, Wanted};
use std::path::{Component, Path};
use std::sync::Arc;

/// The highest number that a process of a cluster may have.
const MAX_PROCESS: i64 = 62;

pub(super) fn build(root: &Section<'_>, id: &str, around: Surroundings<'_>) -> Option<Source> {
    let columns = read_columns(root);
    let lexicons = read_lexicons(root, &columns, around);
    let schema = typed_schema(&columns, &lexicons);
    let agency = root.required_text("agency").unwrap_or_default();
    let scope = Scope {
        columns: &columns,
        schema: &schema,
        around,
        agency: &agency,
    };
    let mode = read_mode(root);
    let (
        file_kind,
        CsvOptions {
            encoding,
            delimiter,
        },
    ) = read_format(root);
    let (enterprise, named_on) = read_enterprise(root, &scope);
    let source = Source {
        id: id.to_owned(),
        index: 0,
        agency: agency.clone(),
        resource: root.required_text("resource").unwrap_or_default(),
        resource_en: root.english("resource_en"),
        basis: root.required_text("basis").unwrap_or_default(),
        notes: read_notes(root),
        process: read_process(root),
        cadence: root.choice("cadence", &Cadence::WORDS),
        lag_days: root.days("lag"),
        file_kind,
        encoding,
        delimiter,
        pattern: read_pattern(root),
        mode,
        key: read_key(root, mode, &scope),
        withdrawn: scope.expression(root, "withdrawn", Wanted::Condition),
        registers: root.boolean("registers").unwrap_or(false),
        named_on,
        enterprise,
        signals: each(root, "signal", &scope, read_signal),
        attributes: each(root, "attribute", &scope, read_attribute),
        aliases: each(root, "alias", &scope, read_alias),
        links: each(root, "link", &scope, read_link),
        checks: each(root, "check", &scope, read_check),
        quantities: each(root, "quantity", &scope, read_quantity),
        outcome: read_outcome(root, &scope),
        freshness: read_freshness(root),
        display: read_display(root, &scope),
        columns: columns.clone(),
        lexicons,
        schema: Arc::clone(&schema),
    };
    check_whole(root, &source);
    Some(source)
}

fn read_mode(root: &Section<'_>) -> Mode {
    let modes = [
        ("append", Mode::Append),
        ("upsert", Mode::Upsert),
        ("snapshot", Mode::Snapshot),
    ];
    root.choice("mode", &modes).unwrap_or(Mode::Append)
}

/// Reads every table of an array; those with faults are left out.
fn each<T>(
    root: &Section<'_>,
    key: &str,
    scope: &Scope<'_>,
    read: impl Fn(&Section<'_>, &Scope<'_>) -> Option<T>,
) -> Vec<T> {
    let sections = root.sections(key);
    let read = sections.iter().filter_map(|section| read(section, scope));
    read.collect()
}

/// Faults that no single key has by itself.
fn check_whole(root: &Section<'_>, source: &Source) {
    let about_enterprise = source.registers
        || source.outcome.is_some()
        || !source.attributes.is_empty()
        || !source.aliases.is_empty()
        || source.signals.iter().any(|signal| signal.subject.is_none())
        || source
            .links
            .iter()
            .any(|link| matches!(link.to, LinkEnd::Enterprise));
    if about_enterprise && source.enterprise.is_empty() {
        root.fault("enterprise", "is missing, but signals, attributes, aliases, links or outcomes speak of the record's enterprise");
    }
    if source.withdrawn.is_some() && source.key.is_empty() {
        root.fault(
            "withdrawn",
            "needs a `key` to say which record is withdrawn",
        );
    }
}

fn read_notes(root: &Section<'_>) -> Vec<(String, String)> {
    ["purpose", "owner", "sensitivity", "expires"]
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), root.text(key)?)))
        .collect()
}

fn read_process(root: &Section<'_>) -> Option<u16> {
    let process = root.integer("process", 0..=MAX_PROCESS)?;
    u16::try_from(process).ok()
}

fn read_format(root: &Section<'_>) -> (FileKind, CsvOptions) {
    let default = CsvOptions::default();
    let Some(format) = root.section("format") else {
        return (FileKind::Csv, default);
    };
    let kinds = [("csv", FileKind::Csv), ("xlsx", FileKind::Xlsx)];
    let kind = format.choice("type", &kinds).unwrap_or_default();
    if kind == FileKind::Xlsx {
        format.finish();
        return (kind, default);
    }
    let options = read_csv_options(&format, default);
    format.finish();
    (kind, options)
}

fn read_csv_options(format: &Section<'_>, default: CsvOptions) -> CsvOptions {
    let encoding = format.choice(
        "encoding",
        &[("utf-8", Encoding::Utf8), ("gb18030", Encoding::Gb18030)],
    );
    let delimiter = format.choice(
        "delimiter",
        &[(",", b','), (";", b';'), ("\t", b'\t'), ("|", b'|')],
    );
    if format.boolean("header") == Some(false) {
        format.fault(
            "header",
            "files without a header line are not supported: columns are found by name",
        );
    }
    let options = CsvOptions {
        encoding: encoding.unwrap_or(default.encoding),
        delimiter: delimiter.unwrap_or(default.delimiter),
    };
    if let Err(error) = options.check() {
        format.fault("delimiter", error);
    }
    options
}

/// The glob of a source's files; it must stay below the inputs' root.
fn read_pattern(root: &Section<'_>) -> String {
    let pattern = root.required_text("path").unwrap_or_default();
    if let Err(error) = glob::Pattern::new(&pattern) {
        root.fault("path", format!("`{pattern}` is no pattern: {error}"));
    }
    let path = Path::new(&pattern);
    let outside = |part: Component<'_>| !matches!(part, Component::Normal(_) | Component::CurDir);
    if path.components().any(outside) {
        let message = format!(
            "`{pattern}` leads out of the inputs' root; allowed is a relative path without `..`"
        );
        root.fault("path", message);
    }
    pattern
}

fn read_key(root: &Section<'_>, mode: Mode, scope: &Scope<'_>) -> Vec<usize> {
    let names = root.texts("key");
    if names.is_empty() && mode != Mode::Append {
        root.fault(
            "key",
            "is missing, but modes upsert and snapshot must say which columns make a record's key",
        );
    }
    scope.columns(root, "key")
}

/// How records name their enterprise, and on which day.
fn read_enterprise(
    root: &Section<'_>,
    scope: &Scope<'_>,
) -> (Vec<(ReferenceKind, usize)>, Option<Expression>) {
    let Some(section) = root.section("enterprise") else {
        return (Vec::new(), None);
    };
    let kinds = [
        ("uscc", ReferenceKind::Uscc),
        ("id", ReferenceKind::Id),
        ("number", ReferenceKind::Number),
        ("name", ReferenceKind::Name),
        ("agency_id", ReferenceKind::AgencyId),
    ];
    let mut references = Vec::new();
    for (word, kind) in kinds {
        if let Some(name) = section.text(word) {
            references.extend(
                scope
                    .column(&section, word, &name)
                    .map(|column| (kind, column)),
            );
        }
    }
    let named_on = scope.expression(&section, "date", Wanted::Date);
    section.finish();
    if references.is_empty() {
        root.fault(
            "enterprise",
            "names no column; allowed are uscc, id, number, name, agency_id",
        );
    }
    (references, named_on)
}

fn read_outcome(root: &Section<'_>, scope: &Scope<'_>) -> Option<Expression> {
    let section = root.section("outcome")?;
    let positive = scope.required_expression(&section, "positive", Wanted::Condition);
    section.finish();
    positive
}

fn read_freshness(root: &Section<'_>) -> Freshness {
    let Some(section) = root.section("freshness") else {
        return Freshness::default();
    };
    let freshness = Freshness {
        warn_days: section.days("warn"),
        error_days: section.days("error"),
    };
    section.finish();
    freshness
}

fn read_display(root: &Section<'_>, scope: &Scope<'_>) -> Display {
    let Some(section) = root.section("display") else {
        return Display::default();
    };
    let column = |key: &str| {
        section
            .text(key)
            .and_then(|name| scope.column(&section, key, &name))
    };
    let display = Display {
        name: column("name"),
        district: column("district"),
    };
    section.finish();
    display
}
