//! A feature in training: its bins, the rows in them, and what they weigh.
//!
//! Contract: a bin's weight is its share of the feature's weight of evidence
//! plus a correction; both stay floating point until [`Binned::seal`].

use crate::binning::{Weighed, informative, merge, rising};
use crate::columns::{Fine, Sample};
use crate::feature::FeatureSpec;
use crate::params::TrainParams;
use crate::partition::{MISSING, Partition};
use crate::pool::rates;
use crate::refine::{Corrected, Penalty};
use crate::score::MICRO;
use crate::scorecard::CardFeature;
use crate::tally::Tally;

/// Which way more of a feature may move the risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    Free,
    Rising,
    Falling,
}

impl Course {
    /// What is declared of a feature.
    pub(crate) fn of(spec: &FeatureSpec, params: &TrainParams) -> Course {
        match (
            params.rising.contains(&spec.name),
            params.falling.contains(&spec.name),
        ) {
            (true, _) => Course::Rising,
            (_, true) => Course::Falling,
            _ => Course::Free,
        }
    }
}

/// One feature while its weights are being found.
#[derive(Debug)]
pub(crate) struct Binned<'a> {
    /// The fine bin of each row, and the bin of each fine one.
    codes: &'a [u16],
    to: Vec<u16>,
    partition: Partition,
    tallies: Vec<Tally>,
    /// The log-odds each bin adds because of its evidence.
    evidence: Vec<f64>,
    /// What it adds beyond that.
    corrections: Vec<f64>,
}

impl<'a> Binned<'a> {
    pub(crate) fn new(
        spec: &FeatureSpec,
        fine: &'a Fine,
        sample: Sample,
        params: &TrainParams,
    ) -> Binned<'a> {
        let mut tallies = vec![Tally::default(); fine.partition.bins()];
        for row in sample.rows.iter().map(|row| *row as usize) {
            tallies[usize::from(fine.codes[row])].add(sample.labels[row]);
        }
        let base = sample.tally().rate();
        let evidence = match (params.pooled, &fine.partition) {
            (true, Partition::Listed { .. }) => rates(
                &fine.partition,
                &tallies,
                base,
                params.parents.get(&spec.name),
            ),
            _ => {
                let evidence = |tally: &Tally| tally.weight_of_evidence(base, params.shrinkage);
                tallies.iter().map(evidence).collect()
            }
        };
        Binned {
            codes: &fine.codes,
            to: (0..fine.partition.bins() as u16).collect(),
            evidence,
            corrections: vec![0.0; fine.partition.bins()],
            partition: fine.partition.clone(),
            tallies,
        }
    }

    /// Whether the labels differ between bins by more than chance.
    pub(crate) fn is_informative(&self) -> bool {
        informative(&self.tallies)
    }

    /// The evidence for a row.
    pub(crate) fn evidence_of(&self, row: u32) -> f64 {
        self.evidence[self.bin(row)]
    }

    /// The weight of a row's bin.
    pub(crate) fn weight_of(&self, row: u32) -> f64 {
        self.weight(self.bin(row))
    }

    fn bin(&self, row: u32) -> usize {
        usize::from(self.to[usize::from(self.codes[row as usize])])
    }

    fn weight(&self, bin: usize) -> f64 {
        self.evidence[bin] + self.corrections[bin]
    }

    /// Multiplies all weights.
    pub(crate) fn scale(&mut self, factor: f64) {
        let weights = self.evidence.iter_mut().chain(&mut self.corrections);
        weights.for_each(|weight| *weight *= factor);
    }

    /// The part that is corrected beside the other features.
    pub(crate) fn corrected(&mut self, penalty: Penalty) -> Corrected<'_> {
        Corrected {
            codes: self.codes,
            to: &self.to,
            corrections: &mut self.corrections,
            ordered: matches!(self.partition, Partition::Ranges(_)),
            penalty,
        }
    }

    /// How much the rows say of each bin's weight; `variance` is that of each
    /// row's label, in step with `rows`.
    pub(crate) fn information(&self, rows: &[u32], variance: &[f64]) -> Vec<f64> {
        let mut information = vec![0.0; self.tallies.len()];
        for (row, variance) in rows.iter().zip(variance) {
            information[self.bin(*row)] += variance;
        }
        information
    }

    /// Makes the weight go one way only from nothing over the lowest range to the
    /// highest: of neighbours that do not, both get their average.
    pub(crate) fn hold(&mut self, course: Course, information: &[f64]) {
        if course == Course::Free || !matches!(self.partition, Partition::Ranges(_)) {
            return;
        }
        // A bin without rows has nothing to say about its neighbours.
        let filled = |bin: &usize| self.tallies[*bin].rows > 0;
        let mut bins: Vec<usize> = (0..self.tallies.len()).filter(filled).collect();
        if course == Course::Falling {
            bins.reverse();
        }
        let weighed = |bin: &usize| Weighed {
            weight: self.weight(*bin),
            information: information[*bin],
        };
        let held = rising(bins.iter().map(weighed));
        for (bin, weight) in bins.into_iter().zip(held) {
            self.corrections[bin] = weight - self.evidence[bin];
        }
    }

    /// Merges ranges that do not differ.
    pub(crate) fn merge(&mut self, information: &[f64], params: &TrainParams) {
        let Partition::Ranges(cuts) = &self.partition else {
            return;
        };
        let range = |bin: usize| Weighed {
            weight: self.weight(bin),
            information: information[bin],
        };
        let ranges: Vec<Weighed> = (MISSING + 1..self.tallies.len()).map(range).collect();
        let held = merge(&ranges, params);
        let mut place = 0;
        let mut kept = Vec::new();
        for count in &held[..held.len().saturating_sub(1)] {
            place += count;
            kept.push(cuts[place - 1]);
        }
        self.regroup(Partition::Ranges(kept), &held, information);
    }

    /// Takes over a coarser partition whose range `i` holds `held[i]` of the old
    /// ones, with their averages by what the data says of each.
    fn regroup(&mut self, partition: Partition, held: &[usize], information: &[f64]) {
        let mut new_bin = vec![MISSING];
        for (place, count) in held.iter().enumerate() {
            new_bin.extend(vec![MISSING + 1 + place; *count]);
        }
        let mut tallies = vec![Tally::default(); partition.bins()];
        for (tally, bin) in self.tallies.iter().zip(&new_bin) {
            tallies[*bin] = tallies[*bin].plus(*tally);
        }
        let mut totals = vec![0.0; partition.bins()];
        for (known, bin) in information.iter().zip(&new_bin) {
            totals[*bin] += known;
        }
        let average = |weights: &[f64]| {
            let mut sums = vec![0.0; partition.bins()];
            for ((weight, known), bin) in weights.iter().zip(information).zip(&new_bin) {
                sums[*bin] += weight * known / totals[*bin].max(f64::MIN_POSITIVE);
            }
            sums
        };
        self.evidence = average(&self.evidence);
        self.corrections = average(&self.corrections);
        // No partition becomes finer, so a bin stays within 16 bits.
        let moved = |bin: &mut u16| *bin = new_bin[usize::from(*bin)] as u16;
        self.to.iter_mut().for_each(moved);
        self.tallies = tallies;
        self.partition = partition;
    }

    /// Makes the average weight over the training rows 0 and gives what it was.
    /// Bins that no row fell into weigh as the average: nothing is known of them.
    pub(crate) fn centre(&mut self) -> f64 {
        let weighed = self.tallies.iter().enumerate();
        let sum: f64 = weighed
            .map(|(bin, tally)| self.weight(bin) * tally.rows as f64)
            .sum();
        let rows: u64 = self.tallies.iter().map(|tally| tally.rows).sum();
        let mean = sum / rows as f64;
        for (bin, tally) in self.tallies.iter().enumerate() {
            let empty = tally.rows == 0;
            self.evidence[bin] = if empty {
                0.0
            } else {
                self.evidence[bin] - mean
            };
            self.corrections[bin] = if empty { 0.0 } else { self.corrections[bin] };
        }
        mean
    }

    /// Rounds the weights. A feature without any is listed with its fewest bins.
    pub(crate) fn seal(self, spec: FeatureSpec) -> CardFeature {
        let rounded = |bin| (self.weight(bin) * MICRO).round() as i64;
        let weights: Vec<i64> = (0..self.tallies.len()).map(rounded).collect();
        if weights.iter().any(|weight| *weight != 0) {
            return CardFeature {
                spec,
                partition: self.partition,
                weights,
            };
        }
        let partition = Partition::trivial(spec.kind);
        CardFeature {
            weights: vec![0; partition.bins()],
            partition,
            spec,
        }
    }
}
