//! Raw text columns → typed columns: a value that is not of its declared type
//! refuses its row and says why; only an empty value is null.

use super::RowFault;
use crate::fact::SubjectKey;
use crate::source::{Column, ColumnKind, Source};
use crate::values::{Identifier, Refusal, date, identify, money, number, text::trim};
use arrow_array::builder::{BooleanBuilder, PrimitiveBuilder, StringBuilder};
use arrow_array::types::{ArrowPrimitiveType, Date32Type, Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, cast::AsArray};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The typed columns of a raw batch, row for row, and which rows are refused.
pub(super) struct Typed {
    /// Declared columns, then lexicon columns; refused values are null.
    pub(super) batch: RecordBatch,
    /// Whether a row is still good.
    pub(super) good: Vec<bool>,
    /// One fault for each row that is not.
    pub(super) faults: Vec<RowFault>,
    /// Every value that is not of its type, not held against its row yet.
    unread: Vec<RowFault>,
    /// Whom the codes of a column name, by the column: reading them once is
    /// enough.
    pub(super) code_keys: BTreeMap<usize, Vec<Option<SubjectKey>>>,
    /// Rows with a value that had to be cleaned (full width, lower case).
    pub(super) normalised: usize,
    /// Credit codes whose inner organisation code fails its own check; such
    /// codes are in use, so they are counted and kept.
    pub(super) odd_inner_checks: u64,
}

impl Typed {
    /// Refuses a row; its first fault counts.
    pub(super) fn refuse(&mut self, fault: RowFault) {
        let good = &mut self.good[fault.row as usize];
        if std::mem::replace(good, false) {
            self.faults.push(fault);
        }
    }

    /// Refuses the rows with a value that is not of its type, except for faults
    /// that are forgiven.
    pub(super) fn refuse_unread(&mut self, forgiven: impl Fn(&RowFault) -> bool) {
        for fault in std::mem::take(&mut self.unread) {
            if !forgiven(&fault) {
                self.refuse(fault);
            }
        }
    }
}

/// Types every declared column of `raw`. A column that it lacks is empty: rows
/// that landed before the column was declared do not have it.
pub(super) fn read(source: &Source, raw: &RecordBatch) -> Typed {
    let rows = raw.num_rows();
    let mut reader = Reader {
        faults: Vec::new(),
        cleaned: vec![false; rows],
        odd_inner_checks: 0,
        code_keys: BTreeMap::new(),
    };
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(source.schema.fields().len());
    for (place, column) in source.columns.iter().enumerate() {
        let texts = raw
            .column_by_name(&column.name)
            .and_then(|array| array.as_string_opt::<i32>());
        columns.push(match texts {
            Some(texts) => reader.column(place, column, texts),
            None => reader.column(place, column, &StringArray::new_null(rows)),
        });
    }
    for lexicon in &source.lexicons {
        let matched = lexicon.column_of(columns[lexicon.column()].as_string::<i32>());
        columns.push(Arc::new(matched));
    }
    // Shapes agree by construction: every column has `rows` values of its type.
    let batch = RecordBatch::try_new(Arc::clone(&source.schema), columns)
        .unwrap_or_else(|_| RecordBatch::new_empty(Arc::clone(&source.schema)));
    Typed {
        batch,
        good: vec![true; rows],
        faults: Vec::new(),
        unread: reader.faults,
        normalised: reader.cleaned.iter().filter(|cleaned| **cleaned).count(),
        odd_inner_checks: reader.odd_inner_checks,
        code_keys: reader.code_keys,
    }
}

struct Reader {
    faults: Vec<RowFault>,
    cleaned: Vec<bool>,
    odd_inner_checks: u64,
    code_keys: BTreeMap<usize, Vec<Option<SubjectKey>>>,
}

impl Reader {
    fn column(&mut self, place: usize, column: &Column, texts: &StringArray) -> ArrayRef {
        match column.kind {
            ColumnKind::Text => self.texts(column, texts),
            ColumnKind::Uscc => self.codes(place, column, texts),
            ColumnKind::Integer => self.primitive::<Int64Type>(column, texts, number::integer),
            ColumnKind::Number => self.primitive::<Float64Type>(column, texts, number::number),
            ColumnKind::Money(unit) => self.primitive::<Int64Type>(column, texts, |text| {
                money::parse(text, unit).map(|m| m.fen)
            }),
            ColumnKind::Date => self.primitive::<Date32Type>(column, texts, date::parse),
            ColumnKind::Boolean => {
                let mut builder = BooleanBuilder::with_capacity(texts.len());
                for row in 0..texts.len() {
                    builder.append_option(self.value(column, texts, row, number::boolean));
                }
                Arc::new(builder.finish())
            }
        }
    }

    fn primitive<T: ArrowPrimitiveType>(
        &mut self,
        column: &Column,
        texts: &StringArray,
        parse: impl Fn(&str) -> Result<T::Native, Refusal>,
    ) -> ArrayRef {
        let mut builder = PrimitiveBuilder::<T>::with_capacity(texts.len());
        for row in 0..texts.len() {
            builder.append_option(self.value(column, texts, row, &parse));
        }
        Arc::new(builder.finish())
    }

    /// Texts need no parsing: where nothing has to be trimmed, the raw column
    /// itself serves, at the cost of a reference.
    fn texts(&mut self, column: &Column, texts: &StringArray) -> ArrayRef {
        // The same test as in `present`: what a row says must not hang on which
        // other rows are in its batch.
        let untidy = |text: &str| text.is_empty() || trim(text).len() != text.len();
        if !texts.iter().flatten().any(untidy) && !column.required {
            return Arc::new(texts.clone());
        }
        let mut builder = StringBuilder::with_capacity(texts.len(), texts.value_data().len());
        for row in 0..texts.len() {
            builder.append_option(self.present(column, texts, row));
        }
        Arc::new(builder.finish())
    }

    fn codes(&mut self, place: usize, column: &Column, texts: &StringArray) -> ArrayRef {
        let mut builder = StringBuilder::with_capacity(texts.len(), texts.value_data().len());
        let mut keys = Vec::with_capacity(texts.len());
        for row in 0..texts.len() {
            let code = self.value(column, texts, row, identify);
            keys.push(code.as_ref().map(Identifier::key));
            match code {
                None => builder.append_null(),
                Some(Identifier::Uscc(code)) => {
                    self.odd_inner_checks += u64::from(!code.organisation_check_holds());
                    self.cleaned[row] |= code.as_str() != texts.value(row);
                    builder.append_value(code.as_str());
                }
                Some(Identifier::RegistrationNumber(number)) => builder.append_value(number.text()),
                Some(Identifier::OrganisationCode(code)) => builder.append_value(code.as_str()),
            }
        }
        self.code_keys.insert(place, keys);
        Arc::new(builder.finish())
    }

    /// The trimmed text of a row, or `None` where it is empty; an empty value of
    /// a required column is a fault.
    #[inline]
    fn present<'t>(
        &mut self,
        column: &Column,
        texts: &'t StringArray,
        row: usize,
    ) -> Option<&'t str> {
        let text = if texts.is_null(row) {
            ""
        } else {
            trim(texts.value(row))
        };
        if text.is_empty() && column.required {
            self.missing(column, row, "");
        }
        (!text.is_empty()).then_some(text)
    }

    fn missing(&mut self, column: &Column, row: usize, value: &str) {
        self.faults.push(RowFault::new(
            row,
            &column.name,
            value,
            "missing",
            "is empty, but must be given",
        ));
    }

    fn value<T>(
        &mut self,
        column: &Column,
        texts: &StringArray,
        row: usize,
        parse: impl Fn(&str) -> Result<T, Refusal>,
    ) -> Option<T> {
        let text = self.present(column, texts, row)?;
        match parse(text) {
            Ok(value) => {
                self.cleaned[row] |= !text.is_ascii()
                    && text.chars().any(|c| ('\u{FF01}'..='\u{FF5E}').contains(&c));
                Some(value)
            }
            Err(Refusal::Absent) => {
                if column.required {
                    self.missing(column, row, text);
                }
                None
            }
            Err(refusal) => {
                self.faults.push(RowFault::new(
                    row,
                    &column.name,
                    text,
                    refusal.code(),
                    refusal.to_string(),
                ));
                None
            }
        }
    }
}
