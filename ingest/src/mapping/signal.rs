//! What declared signals make of the rows of a batch.

use super::evaluate::as_texts;
use super::said::{Raised, SignalColumn};
use super::stored::{day_at, days, holds, stored};
use super::typed::Typed;
use super::{Mapper, RowFault, hash};
use crate::fact::{NEVER, Slot, SubjectKey, VALUE_SCALE};
use crate::source::Signal;
use arrow_array::StringArray;

/// Values that travel along links are whole multiples of this, so that a share
/// in per cent divides them without a remainder.
const LINKED_STEP: i64 = 100;

/// The rows that raise a signal: those `asked` for which `when` holds, whose
/// value is not null and which name a subject. Only they can be refused by its
/// value or date.
pub(super) fn column(
    mapper: &Mapper,
    (signal, slot): (&Signal, Slot),
    keys: &[u128],
    enterprises: &[Option<SubjectKey>],
    typed: &mut Typed,
    asked: &[bool],
) -> SignalColumn {
    let field = format!("signal {}", signal.kind);
    let raises = match &signal.when {
        Some(when) => {
            let mut found = holds(typed, &field, when, asked);
            let rows = found.iter_mut().zip(asked);
            rows.for_each(|(found, asked)| *found &= asked);
            found
        }
        None => asked.to_vec(),
    };
    let elsewhere = signal.subject.is_some();
    let mut column = SignalColumn::silent(slot, raises.len(), elsewhere);
    if !raises.contains(&true) {
        return column;
    }
    let values = match signal.distinct.is_empty() {
        true => values(signal, &field, typed, &raises),
        false => events(signal, keys, typed),
    };
    let dates = signal.date.as_ref();
    let dates = dates.map(|date| days(typed, &field, date, &raises));
    let subjects = signal
        .subject
        .map(|column| super::evaluate::subjects(mapper, column, typed));
    let subjects = subjects.as_deref().unwrap_or(enterprises);
    for row in (0..raises.len()).filter(|row| raises[*row]) {
        let (Some(value), Some(subject)) = (values[row], subjects[row]) else {
            continue;
        };
        let day = dates.as_ref().and_then(|dates| day_at(dates, row));
        if let Some(expiry) = expiry(signal, &field, row, day, typed) {
            let raised = Raised {
                subject,
                value,
                expiry,
                day,
            };
            column.raise(row, raised);
        }
    }
    column
}

/// The event of each row, in place of a value.
fn events(signal: &Signal, keys: &[u128], typed: &Typed) -> Vec<Option<i64>> {
    let columns = signal.distinct.iter();
    let columns: Vec<StringArray> = columns
        .map(|column| as_texts(&typed.batch, *column))
        .collect();
    let events = hash::events(&columns, keys).into_iter();
    events.map(Some).collect()
}

fn values(signal: &Signal, field: &str, typed: &mut Typed, raises: &[bool]) -> Vec<Option<i64>> {
    let step = if signal.subject.is_some() {
        LINKED_STEP
    } else {
        1
    };
    match &signal.value {
        Some(value) => stored(typed, field, value, step, raises),
        None => vec![Some(VALUE_SCALE); raises.len()],
    }
}

/// The day on which a signal stops counting. One that has a window and no date
/// refuses its row.
fn expiry(
    signal: &Signal,
    field: &str,
    row: usize,
    day: Option<i32>,
    typed: &mut Typed,
) -> Option<i32> {
    let Some(window) = signal.window_days else {
        return Some(NEVER);
    };
    let Some(day) = day else {
        let reason = "has no date, but its window must be counted from one";
        typed.refuse(RowFault::new(row, field, "", "no-date", reason));
        return None;
    };
    Some(day.saturating_add(window).min(NEVER - 1))
}
