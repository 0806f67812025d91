//! What declared quantities make of rows: evaluated only when somebody asks, so
//! they cost a load nothing.

use super::Mapper;
use super::stored::{holds, per_row};
use super::typed::{self, Typed};
use crate::source::Quantity;
use crate::sql::Numbers;
use arrow_array::RecordBatch;

impl Mapper {
    /// The figure of every declared quantity for every row of a raw batch, in the
    /// order of declaration: fen or people. `None` where a row says nothing of it,
    /// or nothing that is a figure.
    pub fn quantities(&self, raw: &RecordBatch) -> Vec<Vec<Option<i64>>> {
        let quantities = &self.source.quantities;
        if quantities.is_empty() {
            return Vec::new();
        }
        let mut typed = typed::read(&self.source, raw);
        let figures = quantities.iter();
        figures
            .map(|quantity| column(quantity, &mut typed))
            .collect()
    }
}

fn column(quantity: &Quantity, typed: &mut Typed) -> Vec<Option<i64>> {
    let rows = typed.batch.num_rows();
    // No row is refused for it.
    let asked = vec![false; rows];
    let speaks = match &quantity.when {
        Some(when) => holds(typed, "quantity", when, &asked),
        None => vec![true; rows],
    };
    let values: Vec<Option<i64>> = per_row(typed, "quantity", &asked, |batch| {
        Ok(match quantity.value.numbers(batch)? {
            Numbers::Integers(array) => array.iter().collect(),
            Numbers::Floats(array) => array.iter().map(|value| value.and_then(whole)).collect(),
        })
    });
    let values = values.into_iter().zip(speaks);
    values
        .map(|(value, speaks)| value.filter(|value| speaks && *value >= 0))
        .collect()
}

/// The nearest whole number of one that is finite and not too large.
fn whole(value: f64) -> Option<i64> {
    const MOST: f64 = 9e15;
    let fits = (-MOST..=MOST).contains(&value);
    fits.then(|| value.round() as i64)
}
