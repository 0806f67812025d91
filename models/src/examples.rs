//! Labelled rows, checked once before anything is learned from them.

use std::collections::BTreeSet;

use crate::tally::Tally;

/// Rows with their labels and the enterprise each is about, all in step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Examples<'a> {
    pub(crate) rows: &'a [Vec<Option<i64>>],
    pub(crate) labels: &'a [bool],
    pub(crate) groups: &'a [u64],
}

/// How many groups have a positive, and how many have none.
pub(crate) fn group_counts(groups: &[u64], labels: &[bool]) -> (usize, usize) {
    let all: BTreeSet<u64> = groups.iter().copied().collect();
    let labelled = groups.iter().zip(labels);
    let positive = labelled.filter(|(_, label)| **label);
    let with: BTreeSet<u64> = positive.map(|(group, _)| *group).collect();
    (with.len(), all.len() - with.len())
}

impl<'a> Examples<'a> {
    /// Says what is wrong with data that nothing can be learned or judged from;
    /// every row must have `width` values.
    pub(crate) fn check(self, width: usize) -> Result<(), String> {
        let (rows, labels, groups) = (self.rows.len(), self.labels.len(), self.groups.len());
        if rows == 0 {
            return Err("there are no rows".to_owned());
        }
        if labels != rows || groups != rows {
            return Err(format!(
                "{rows} rows, {labels} labels and {groups} groups: they must be as many"
            ));
        }
        if let Some(place) = self.rows.iter().position(|row| row.len() != width) {
            let found = self.rows[place].len();
            return Err(format!(
                "row {place} has {found} values, there are {width} features"
            ));
        }
        let positives = self.tally().positives;
        if positives == 0 {
            return Err(format!("none of {rows} rows is positive"));
        }
        if positives == rows as u64 {
            return Err(format!("all of {rows} rows are positive"));
        }
        Ok(())
    }

    pub(crate) fn tally(self) -> Tally {
        Tally::of(self.labels.iter().copied())
    }

    /// The values of one feature at a time.
    pub(crate) fn fill(self) -> impl Fn(usize, &mut Vec<Option<i64>>) + Sync + 'a {
        move |feature, values| values.extend(self.rows.iter().map(|row| row[feature]))
    }
}
