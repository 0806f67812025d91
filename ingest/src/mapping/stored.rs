//! Expressions over a whole batch, and numbers in stored units.
//!
//! A row that makes an expression fail does not harm the others: the batch is
//! then evaluated row by row.

use super::RowFault;
use super::typed::Typed;
use crate::fact::{MAX_VALUE, VALUE_SCALE};
use crate::sql::{Expression, Numbers, SqlError};
use arrow_array::RecordBatch;

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
        Ok(found.iter().map(|found| found == Some(true)).collect())
    })
}

/// The days that an expression yields.
pub(super) fn days(
    typed: &mut Typed,
    field: &str,
    date: &Expression,
    asked: &[bool],
) -> Vec<Option<i32>> {
    per_row(typed, field, asked, |batch| {
        Ok(date.days(batch)?.iter().collect())
    })
}

/// Evaluates a number in stored units, rounded to multiples of `step`; what is
/// not finite or too large refuses its row, where the row is `asked` at all.
pub(super) fn stored(
    typed: &mut Typed,
    field: &str,
    expression: &Expression,
    step: i64,
    asked: &[bool],
) -> Vec<Option<i64>> {
    let values = per_row(typed, field, asked, |batch| {
        Ok(match expression.numbers(batch)? {
            Numbers::Integers(array) => array.iter().map(|v| v.map(Raw::Integer)).collect(),
            Numbers::Floats(array) => array.iter().map(|v| v.map(Raw::Float)).collect::<Vec<_>>(),
        })
    });
    let mut scaled = Vec::with_capacity(values.len());
    for (row, value) in values.into_iter().enumerate() {
        let stored = value.and_then(|value| value.stored(step));
        if let (Some(value), None, true) = (value, stored, asked[row]) {
            let allowed = MAX_VALUE / VALUE_SCALE;
            let reason = format!(
                "`{}` must be finite and within ±{allowed}",
                expression.text()
            );
            typed.refuse(RowFault::new(row, field, &value.text(), "range", reason));
        }
        scaled.push(stored);
    }
    scaled
}

/// A number as an expression yields it.
#[derive(Debug, Clone, Copy)]
enum Raw {
    Integer(i64),
    Float(f64),
}

impl Raw {
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
