//! Expressions over a whole batch, and numbers in stored units.
//!
//! A row that makes an expression fail does not harm the others: the batch is
//! then evaluated row by row.

use super::RowFault;
use super::typed::Typed;
use crate::fact::{MAX_VALUE, VALUE_SCALE};
use crate::sql::{Expression, Numbers, SqlError};
use arrow_array::{Array, Date32Array, RecordBatch};

/// Evaluates over the whole batch; where a row makes that fail (a division by
/// zero, say), row by row, refusing the rows that fail and are `asked`.
pub(super) fn per_row<T: Clone + Default>(
    typed: &mut Typed,
    field: &str,
    asked: &[bool],
    evaluate: impl Fn(&RecordBatch) -> Result<Vec<T>, SqlError>,
) -> Vec<T> {
    if let Ok(values) = evaluate(&typed.batch) {
        return values;
    }
    let mut values = vec![T::default(); typed.batch.num_rows()];
    for (row, value) in values.iter_mut().enumerate() {
        match evaluate(&typed.batch.slice(row, 1)) {
            Ok(found) => *value = found.into_iter().next().unwrap_or_default(),
            Err(error) if asked[row] => typed.refuse(RowFault::new(
                row,
                field,
                "",
                "expression",
                error.to_string(),
            )),
            Err(_) => {}
        }
    }
    values
}

/// Whether a condition holds, row by row; null does not.
pub(super) fn holds(
    typed: &mut Typed,
    field: &str,
    condition: &Expression,
    asked: &[bool],
) -> Vec<bool> {
    per_row(typed, field, asked, |batch| {
        let found = condition.conditions(batch)?;
        let (values, nulls) = (found.values(), found.nulls());
        let holds = nulls.map_or(values.clone(), |known| values & known.inner());
        Ok(holds.iter().collect())
    })
}

/// The days that an expression yields.
pub(super) fn days(
    typed: &mut Typed,
    field: &str,
    date: &Expression,
    asked: &[bool],
) -> Date32Array {
    match date.days(&typed.batch) {
        Ok(days) => days,
        Err(_) => {
            let days = |batch: &RecordBatch| Ok(date.days(batch)?.iter().collect());
            per_row(typed, field, asked, days).into()
        }
    }
}

/// The day of a row, if it has one.
pub(super) fn day_at(days: &Date32Array, row: usize) -> Option<i32> {
    days.is_valid(row).then(|| days.value(row))
}

/// Evaluates a number in stored units, rounded to multiples of `step`, of the rows
/// that are `asked`; what is not finite or too large refuses its row.
pub(super) fn stored(
    typed: &mut Typed,
    field: &str,
    expression: &Expression,
    step: i64,
    asked: &[bool],
) -> Vec<Option<i64>> {
    let numbers = expression.numbers(&typed.batch);
    // Where a row makes that fail they are fetched one by one.
    let one_by_one = match &numbers {
        Ok(_) => Vec::new(),
        Err(_) => per_row(typed, field, asked, |batch| {
            let numbers = expression.numbers(batch)?;
            let rows = 0..batch.num_rows();
            Ok(rows.map(|row| Raw::at(&numbers, row)).collect())
        }),
    };
    let mut stored = vec![None; asked.len()];
    for row in (0..asked.len()).filter(|row| asked[*row]) {
        let value = match &numbers {
            Ok(numbers) => Raw::at(numbers, row),
            Err(_) => one_by_one[row],
        };
        let Some(value) = value else { continue };
        stored[row] = value.stored(step);
        if stored[row].is_none() {
            let allowed = MAX_VALUE / VALUE_SCALE;
            let reason = format!(
                "`{}` must be finite and within ±{allowed}",
                expression.text()
            );
            typed.refuse(RowFault::new(row, field, &value.text(), "range", reason));
        }
    }
    stored
}

/// A number as an expression yields it.
#[derive(Debug, Clone, Copy)]
enum Raw {
    Integer(i64),
    Float(f64),
}

impl Raw {
    fn at(numbers: &Numbers, row: usize) -> Option<Raw> {
        match numbers {
            Numbers::Integers(array) => array.is_valid(row).then(|| Raw::Integer(array.value(row))),
            Numbers::Floats(array) => array.is_valid(row).then(|| Raw::Float(array.value(row))),
        }
    }

    fn text(self) -> String {
        match self {
            Raw::Integer(whole) => whole.to_string(),
            Raw::Float(float) => float.to_string(),
        }
    }

    /// In stored units, rounded to multiples of `step`; `None` if out of bounds.
    fn stored(self, step: i64) -> Option<i64> {
        let stored = match self {
            Raw::Integer(whole) => whole.checked_mul(VALUE_SCALE)?,
            Raw::Float(float) => {
                let scaled = (float * (VALUE_SCALE / step) as f64).round();
                // A range has no NaN in it.
                let most = (MAX_VALUE / step) as f64;
                if !(-most..=most).contains(&scaled) {
                    return None;
                }
                scaled as i64 * step
            }
        };
        (stored.unsigned_abs() <= MAX_VALUE as u64).then_some(stored)
    }
}
