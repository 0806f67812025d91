//! The values of many rows, kept by feature in as few bytes as tell them apart.
//!
//! Contract: nothing is lost: what was pushed comes back to the last digit. A
//! feature of at most 255 different values takes a byte a row, one of at most
//! 65,535 two, any other nine; *missing* is no value. A million rows of 200 features
//! of which few are measured finely are some 250 MB, where rows by themselves would
//! be 3,200.

use std::collections::HashMap;

/// Rows of as many values each.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    count: usize,
    columns: Vec<Column>,
}

/// One feature: its different values, and which of them each row has.
#[derive(Debug, Clone)]
struct Column {
    /// By code, from 1; in the order in which they came.
    values: Vec<i64>,
    codes: Codes,
    /// The code of each value, while there are few enough.
    found: HashMap<i64, u16>,
}

#[derive(Debug, Clone)]
enum Codes {
    /// 0 is *missing*.
    Byte(Vec<u8>),
    Short(Vec<u16>),
    /// Too many values to be numbered: themselves, and whether they are there.
    Plain(Vec<i64>, Vec<bool>),
}

impl Rows {
    /// No rows yet, of `width` values each.
    pub fn new(width: usize) -> Rows {
        Rows {
            count: 0,
            columns: (0..width).map(|_| Column::new()).collect(),
        }
    }

    /// Adds a row; what it has less than the width is missing, what it has more is
    /// left out.
    pub fn push(&mut self, row: &[Option<i64>]) {
        for (place, column) in self.columns.iter_mut().enumerate() {
            column.push(row.get(place).copied().flatten());
        }
        self.count += 1;
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many values a row has.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// One value.
    ///
    /// # Panics
    /// When there is no such row or feature.
    pub fn get(&self, row: usize, feature: usize) -> Option<i64> {
        self.columns[feature].get(row)
    }

    /// One row.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn row(&self, row: usize) -> Vec<Option<i64>> {
        self.columns.iter().map(|column| column.get(row)).collect()
    }

    /// All rows, one after another.
    pub fn iter(&self) -> impl Iterator<Item = Vec<Option<i64>>> + '_ {
        (0..self.count).map(|row| self.row(row))
    }

    /// Makes a feature missing in all rows.
    ///
    /// # Panics
    /// When there is no such feature.
    pub fn clear(&mut self, feature: usize) {
        let mut column = Column::new();
        column.codes = Codes::Byte(vec![0; self.count]);
        self.columns[feature] = column;
    }

    /// Adds the values of a feature to `values`, of these rows in this order.
    pub(crate) fn fill(&self, feature: usize, rows: &[u32], values: &mut Vec<Option<i64>>) {
        let column = &self.columns[feature];
        values.extend(rows.iter().map(|row| column.get(*row as usize)));
    }
}

impl<'a> FromIterator<&'a [Option<i64>]> for Rows {
    /// Rows as wide as the first.
    fn from_iter<T: IntoIterator<Item = &'a [Option<i64>]>>(rows: T) -> Rows {
        let mut rows = rows.into_iter().peekable();
        let mut all = Rows::new(rows.peek().map_or(0, |row| row.len()));
        rows.for_each(|row| all.push(row));
        all
    }
}

impl Column {
    fn new() -> Column {
        Column {
            values: Vec::new(),
            codes: Codes::Byte(Vec::new()),
            found: HashMap::new(),
        }
    }

    fn push(&mut self, value: Option<i64>) {
        if let Codes::Plain(values, present) = &mut self.codes {
            values.push(value.unwrap_or(0));
            present.push(value.is_some());
            return;
        }
        let code = match value {
            None => Some(0),
            Some(value) => self.code(value),
        };
        match (&mut self.codes, code) {
            (Codes::Byte(codes), Some(code)) if code <= u16::from(u8::MAX) => {
                codes.push(code as u8);
            }
            (Codes::Short(codes), Some(code)) => codes.push(code),
            (Codes::Byte(codes), Some(code)) => {
                let mut wider: Vec<u16> = codes.iter().map(|code| u16::from(*code)).collect();
                wider.push(code);
                self.codes = Codes::Short(wider);
            }
            _ => {
                self.unfold();
                self.push(value);
            }
        }
    }

    /// The number of a value; none where there are too many.
    fn code(&mut self, value: i64) -> Option<u16> {
        if let Some(code) = self.found.get(&value) {
            return Some(*code);
        }
        let code = u16::try_from(self.values.len() + 1).ok()?;
        self.values.push(value);
        self.found.insert(value, code);
        Some(code)
    }

    /// Keeps the values themselves from now on.
    fn unfold(&mut self) {
        let count = match &self.codes {
            Codes::Byte(codes) => codes.len(),
            Codes::Short(codes) => codes.len(),
            Codes::Plain(values, _) => values.len(),
        };
        let all: Vec<Option<i64>> = (0..count).map(|row| self.get(row)).collect();
        self.codes = Codes::Plain(
            all.iter().map(|value| value.unwrap_or(0)).collect(),
            all.iter().map(Option::is_some).collect(),
        );
        (self.values, self.found) = (Vec::new(), HashMap::new());
    }

    fn get(&self, row: usize) -> Option<i64> {
        let code = match &self.codes {
            Codes::Byte(codes) => usize::from(codes[row]),
            Codes::Short(codes) => usize::from(codes[row]),
            Codes::Plain(values, present) => return present[row].then_some(values[row]),
        };
        code.checked_sub(1).map(|place| self.values[place])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_pushed_comes_back(
            rows in prop::collection::vec(
                prop::collection::vec(prop::option::of(any::<i64>()), 3), 0..600),
        ) {
            let held: Rows = rows.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(held.iter().collect::<Vec<_>>(), rows);
        }
    }

    #[test]
    fn columns_widen_as_values_come() {
        let mut rows = Rows::new(3);
        let all = 0..70_000_i64;
        let row = |n: i64| {
            [
                Some(n % 9),
                (n % 7 > 0).then_some(n % 999),
                Some(n * 7 - 99),
            ]
        };
        all.clone().for_each(|n| rows.push(&row(n)));
        assert!(matches!(rows.columns[0].codes, Codes::Byte(_)));
        assert!(matches!(rows.columns[1].codes, Codes::Short(_)));
        assert!(matches!(rows.columns[2].codes, Codes::Plain(..)));
        assert!(all.zip(rows.iter()).all(|(n, held)| held == row(n)));
        let (mut some, wanted) = (Vec::new(), [69_999, 7, 0]);
        rows.fill(1, &wanted, &mut some);
        assert_eq!(some, wanted.map(|n| row(i64::from(n))[1]));
        rows.clear(2);
        assert_eq!(rows.get(5, 2), None);
        assert_eq!(rows.row(5)[0], Some(5));
    }
}
