//! Rows as columns of fine bins: what a scorecard is fitted on.
//!
//! Contract: values are seen one feature at a time; what is kept is two bytes a
//! value. Which part of the rows is learned from is a list of their places, so
//! that folds copy nothing.

use crate::binning::partition;
use crate::feature::FeatureSpec;
use crate::params::TrainParams;
use crate::partition::Partition;
use crate::tally::Tally;
use crate::threads;

/// One feature, finely binned.
#[derive(Debug)]
pub(crate) struct Fine {
    pub(crate) partition: Partition,
    /// The bin of each row.
    pub(crate) codes: Vec<u16>,
}

/// Fills a buffer with the values of one feature; what it leaves out is missing.
pub(crate) type Fill<'a> = &'a (dyn Fn(usize, &mut Vec<Option<i64>>) + Sync);

/// Finds the fine bins of every feature and those of every row.
pub(crate) fn columns(
    specs: &[FeatureSpec],
    labels: &[bool],
    params: &TrainParams,
    fill: Fill,
) -> Vec<Fine> {
    threads::each(specs.len(), |place| {
        let mut values = Vec::with_capacity(labels.len());
        fill(place, &mut values);
        values.resize(labels.len(), None);
        let partition = partition(&specs[place], &values, labels, params);
        // A partition has fewer bins than a u16 has values.
        let code = |value: &Option<i64>| partition.bin(*value) as u16;
        let codes = values.iter().map(code).collect();
        Fine { partition, codes }
    })
}

/// Some rows of columns, with all labels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample<'a> {
    pub(crate) columns: &'a [Fine],
    /// By row, of all.
    pub(crate) labels: &'a [bool],
    /// The places of those that are learned from, rising.
    pub(crate) rows: &'a [u32],
}

impl Sample<'_> {
    pub(crate) fn tally(&self) -> Tally {
        Tally::of(self.rows.iter().map(|row| self.labels[*row as usize]))
    }

    /// At most about `count` of the rows, evenly taken.
    pub(crate) fn thinned(&self, count: usize) -> Vec<u32> {
        let stride = self.rows.len().div_ceil(count).max(1);
        self.rows.iter().step_by(stride).copied().collect()
    }
}
