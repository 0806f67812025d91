//! Rows as columns of small codes: what trees are grown on.
//!
//! Contract: code 0 is *missing*, code c > 0 holds the values between the cuts
//! c − 2 and c − 1. A column is at most [`MAX_CUTS`] cuts and one byte a row, so
//! a million rows of 200 features are 200 MB; values are only seen one feature
//! at a time. Codes of category features keep the order of their numbers: in
//! registries neighbouring codes are branches of one heading.

use crate::binning::roundest;

/// The most cuts of a column, so that a code is a byte.
pub(crate) const MAX_CUTS: usize = 254;
/// Cuts of longer columns are found on about this many of their rows.
const SAMPLE: usize = 1 << 16;

/// Columns of codes, all as long as there are rows.
#[derive(Debug)]
pub struct Table {
    rows: usize,
    columns: Vec<Column>,
}

/// One feature: where its values are told apart, and the code of each row.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) cuts: Vec<i64>,
    pub(crate) codes: Vec<u8>,
}

impl Table {
    /// Reads `features` columns of `rows` values; `fill` replaces the content of
    /// the given buffer by the values of one feature. What it leaves out is
    /// missing, what is too much is ignored.
    pub fn new(
        rows: usize,
        features: usize,
        mut fill: impl FnMut(usize, &mut Vec<Option<i64>>),
    ) -> Table {
        let mut values = Vec::with_capacity(rows);
        let mut columns = Vec::with_capacity(features);
        for feature in 0..features {
            values.clear();
            fill(feature, &mut values);
            values.resize(rows, None);
            columns.push(Column::new(&values));
        }
        Table { rows, columns }
    }

    /// The table of rows that are already there, each of `width` values.
    #[cfg(test)]
    pub(crate) fn of(rows: &[Vec<Option<i64>>], width: usize) -> Table {
        Table::new(rows.len(), width, |feature, values| {
            values.extend(rows.iter().map(|row| row[feature]));
        })
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many features there are.
    pub fn features(&self) -> usize {
        self.columns.len()
    }

    pub(crate) fn column(&self, feature: usize) -> &Column {
        &self.columns[feature]
    }
}

impl Column {
    fn new(values: &[Option<i64>]) -> Column {
        let cuts = cuts(values);
        let code = |value: &Option<i64>| match value {
            None => 0,
            // At most 254 cuts, so at most 255.
            Some(value) => 1 + cuts.partition_point(|cut| *cut <= *value) as u8,
        };
        let codes = values.iter().map(code).collect();
        Column { cuts, codes }
    }
}

/// Between all distinct values where those are few, else at quantiles.
fn cuts(values: &[Option<i64>]) -> Vec<i64> {
    let stride = values.len().div_ceil(SAMPLE).max(1);
    let mut seen: Vec<i64> = values.iter().step_by(stride).copied().flatten().collect();
    seen.sort_unstable();
    let mut distinct = seen.clone();
    distinct.dedup();
    if distinct.len() <= MAX_CUTS + 1 {
        return between(&distinct);
    }
    let place = |cut: usize| seen[cut * seen.len() / (MAX_CUTS + 1)];
    let mut quantiles: Vec<i64> = (0..=MAX_CUTS).map(place).collect();
    quantiles.dedup();
    between(&quantiles)
}

fn between(rising: &[i64]) -> Vec<i64> {
    let pairs = rising.windows(2);
    pairs.map(|pair| roundest(pair[0], pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_is_0_and_larger_values_have_larger_codes() {
        let table = Table::of(
            &[
                vec![Some(7)],
                vec![None],
                vec![Some(-3)],
                vec![Some(7)],
                vec![Some(90)],
            ],
            1,
        );
        assert_eq!(table.column(0).codes, [2, 0, 1, 2, 3]);
    }

    #[test]
    fn long_columns_are_cut_at_quantiles() {
        let table = Table::new(200_000, 1, |_, values| {
            values.extend((0..200_000).map(Some));
        });
        let column = table.column(0);
        assert!((250..=MAX_CUTS).contains(&column.cuts.len()));
        assert!(column.codes.is_sorted() && column.codes[199_999] > 250);
    }
}
