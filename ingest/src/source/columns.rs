//! The columns that a source declares, and those made from word lists.

use super::{Column, ColumnKind, Surroundings};
use crate::declaration::Section;
use crate::fact::SubjectKind;
use crate::landing::{KEY_COLUMN, SUBJECTS_COLUMN};
use crate::lexicon::Lexicon;
use crate::mapping::META_COLUMNS;
use crate::values::money::Unit;
use arrow_schema::{DataType, Field, Schema};
use std::sync::Arc;

/// Whose a column's values may be declared to be.
const PERSONAL: [(&str, SubjectKind); 4] = [
    ("person", SubjectKind::Person),
    ("account", SubjectKind::Account),
    ("phone", SubjectKind::Phone),
    ("address", SubjectKind::Address),
];
/// Most columns a source may declare.
const MAX_COLUMNS: usize = 1_000;

pub(super) fn read_columns(root: &Section<'_>) -> Vec<Column> {
    let Some(section) = root.section("columns") else {
        root.fault(
            "columns",
            "is missing, but must name the file's columns and their types",
        );
        return Vec::new();
    };
    let names = section.keys();
    if names.len() > MAX_COLUMNS {
        root.fault(
            "columns",
            format!(
                "{} columns, but at most {MAX_COLUMNS} are allowed",
                names.len()
            ),
        );
    }
    names
        .into_iter()
        .filter_map(|name| read_column(&section, name))
        .collect()
}

pub(super) fn read_column(section: &Section<'_>, name: String) -> Option<Column> {
    if is_reserved(&name) {
        section.fault(
            &name,
            "is reserved: the landing keeps columns of this name itself",
        );
    }
    if !section.is_table(&name) {
        let kind = column_kind(section, &name, None)?;
        return Some(Column {
            name,
            kind,
            required: false,
            personal: None,
        });
    }
    let details = section.section(&name)?;
    let unit = details.choice(
        "unit",
        &[("yuan", Unit::Yuan), ("wan", Unit::Wan), ("fen", Unit::Fen)],
    );
    let required = details.boolean("required").unwrap_or(false);
    let personal = details.choice("personal", &PERSONAL);
    let kind = column_kind(&details, "type", unit);
    if unit.is_some() && !matches!(kind, None | Some(ColumnKind::Money(_))) {
        details.fault("unit", "is only for columns of type money");
    }
    details.finish();
    Some(Column {
        name,
        kind: kind?,
        required,
        personal,
    })
}

fn column_kind(section: &Section<'_>, key: &str, unit: Option<Unit>) -> Option<ColumnKind> {
    section.required_choice(
        key,
        &[
            ("text", ColumnKind::Text),
            ("integer", ColumnKind::Integer),
            ("number", ColumnKind::Number),
            ("money", ColumnKind::Money(unit.unwrap_or(Unit::Yuan))),
            ("date", ColumnKind::Date),
            ("uscc", ColumnKind::Uscc),
            ("boolean", ColumnKind::Boolean),
        ],
    )
}

/// Whether the landing has a column of this name for itself.
pub fn is_reserved(column: &str) -> bool {
    column == KEY_COLUMN || column == SUBJECTS_COLUMN || META_COLUMNS.contains(&column)
}

pub(super) fn read_lexicons(
    root: &Section<'_>,
    columns: &[Column],
    around: Surroundings<'_>,
) -> Vec<Lexicon> {
    let mut lexicons = Vec::new();
    for section in root.sections("lexicon") {
        let name = section.required_text("name");
        let column = section.required_text("column");
        let words = section.required_text("words");
        let unless = section.text("unless");
        section.finish();
        let (Some(name), Some(column), Some(words)) = (name, column, words) else {
            continue;
        };
        let Some(index) = columns
            .iter()
            .position(|c| c.name == column && c.kind == ColumnKind::Text)
        else {
            section.fault(
                "column",
                format!("no text column `{column}` is declared in [columns]"),
            );
            continue;
        };
        let taken = |known: &Lexicon| known.name() == name;
        if lexicons.iter().any(taken) || columns.iter().any(|column| column.name == name) {
            section.fault("name", format!("column `{name}` is there already"));
            continue;
        }
        match Lexicon::read(
            name,
            index,
            &around.folder.join(words),
            unless.map(|f| around.folder.join(f)).as_deref(),
        ) {
            Ok(lexicon) => lexicons.push(lexicon),
            Err(error) => section.fault("words", error),
        }
    }
    lexicons
}

pub(super) fn typed_schema(columns: &[Column], lexicons: &[Lexicon]) -> Arc<Schema> {
    let declared = columns
        .iter()
        .map(|column| Field::new(&column.name, column.kind.data_type(), true));
    let made = lexicons
        .iter()
        .map(|lexicon| Field::new(lexicon.name(), DataType::Boolean, true));
    Arc::new(Schema::new(declared.chain(made).collect::<Vec<_>>()))
}
