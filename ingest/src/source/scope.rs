//! The columns that a source's expressions and tables may name.

use super::{Column, SubjectColumn, Surroundings};
use crate::declaration::Section;
use crate::sql::{Expression, Wanted};
use arrow_schema::Schema;
use std::sync::Arc;

/// What expressions and column names of one source are checked against.
pub(super) struct Scope<'a> {
    pub(super) columns: &'a [Column],
    pub(super) schema: &'a Arc<Schema>,
    pub(super) around: Surroundings<'a>,
    /// The agency that owns the source.
    pub(super) agency: &'a str,
}

impl Scope<'_> {
    pub(super) fn expression(
        &self,
        section: &Section<'_>,
        key: &str,
        wanted: Wanted,
    ) -> Option<Expression> {
        let text = section.text(key)?;
        let quoted = match self.schema.index_of(&text) {
            Ok(_) => format!("\"{text}\""),
            Err(_) => text,
        };
        match Expression::compile(&quoted, self.schema, wanted) {
            Ok(expression) => Some(expression),
            Err(error) => {
                section.fault(key, format!("`{quoted}`: {error}"));
                None
            }
        }
    }

    /// [`Scope::expression`] of a key that must be there.
    pub(super) fn required_expression(
        &self,
        section: &Section<'_>,
        key: &str,
        wanted: Wanted,
    ) -> Option<Expression> {
        if !section.has(key) {
            let what = match wanted {
                Wanted::Condition => "condition",
                Wanted::Number => "number",
                Wanted::Date => "date",
            };
            section.fault(
                key,
                format!("is missing, but must be an SQL {what} over the columns"),
            );
        }
        self.expression(section, key, wanted)
    }

    /// The columns that a list of names means.
    pub(super) fn columns(&self, section: &Section<'_>, key: &str) -> Vec<usize> {
        let names = section.texts(key);
        let columns = names.iter();
        columns
            .filter_map(|name| self.column(section, key, name))
            .collect()
    }

    pub(super) fn column(&self, section: &Section<'_>, key: &str, name: &str) -> Option<usize> {
        let found = self.columns.iter().position(|column| column.name == name);
        if found.is_none() {
            let names: Vec<&str> = self.columns.iter().map(|c| c.name.as_str()).collect();
            let hint = crate::declaration::did_you_mean(name, &names);
            section.fault(
                key,
                format!("no column `{name}` is declared in [columns]{hint}"),
            );
        }
        found
    }

    /// The subject a table such as `{ account = "账户" }` names.
    pub(super) fn subject(&self, section: &Section<'_>) -> Option<SubjectColumn> {
        use crate::fact::SubjectKind::{Account, Address, Domain, Person, Phone};
        let kinds = [
            ("account", Account),
            ("person", Person),
            ("address", Address),
            ("phone", Phone),
            ("domain", Domain),
        ];
        let mut found = None;
        for (word, kind) in kinds {
            if let Some(name) = section.text(word) {
                found = self
                    .column(section, word, &name)
                    .map(|column| SubjectColumn { kind, column });
            }
        }
        section.finish();
        let named = kinds.iter().filter(|(word, _)| section.has(word)).count();
        if named != 1 {
            let message = format!(
                "names {named} columns, but must name one; allowed are account, person, address, phone, domain"
            );
            section.fault_here(message);
        }
        found
    }
}
