//! Training a forest: trees on draws of enterprises, calibrated by what each
//! said of those it had not drawn.
//!
//! Contract: the same rows, labels, parameters and provenance give the same
//! artifact, byte for byte, on any number of threads: each tree has random
//! numbers of its own, and sums are made in the order of trees.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::ModelError;
use crate::calibrate::bend_alone;
use crate::feature::FeatureSpec;
use crate::forest::{Branch, Forest, Node};
use crate::grow::{Bounds, Grower, Grown};
use crate::logistic::calibrate;
use crate::params::TrainParams;
use crate::scale::Scale;
use crate::score::{MICRO, logit};
use crate::scorecard::Provenance;
use crate::table::Table;
use crate::tally::Tally;

/// A leaf is mixed with this many average rows before it says log-odds.
const LEAF_SHRINKAGE: f64 = 1.0;
/// About how many rows calibrate the probability, where there are more.
const CALIBRATION_ROWS: usize = 50_000;

/// A tree in training: its nodes, what they say, and whom it was grown on.
#[derive(Debug)]
struct Tree {
    nodes: Vec<Grown>,
    /// Log-odds of each node.
    values: Vec<f64>,
    /// Bits by enterprise.
    drawn: Vec<u64>,
}

/// Trains a forest on the rows of `table`; rows of one group (an enterprise) are
/// drawn together. Gives the held-out log-odds of each row beside it, where some
/// tree had not drawn it.
///
/// # Errors
/// [`ModelError::Params`] for parameters out of bounds, [`ModelError::Training`]
/// when the data is empty, uneven, or has only one label.
pub fn train_forest(
    specs: &[FeatureSpec],
    table: &Table,
    labels: &[bool],
    groups: &[u64],
    params: &TrainParams,
    provenance: Provenance,
) -> Result<(Forest, Vec<Option<i64>>), ModelError> {
    let anchors = params.check()?;
    check(specs, table, labels, groups).map_err(ModelError::Training)?;
    let whole = Tally::of(labels.iter().copied());
    let units = Units::new(groups);
    let trees = grow_all(table, labels, &units, params, whole.rate());
    let held_out = held_out(&trees, table, &units);
    let (known, known_labels): (Vec<f64>, Vec<bool>) = held_out
        .iter()
        .zip(labels)
        .filter_map(|(log_odds, label)| log_odds.map(|log_odds| (log_odds, *label)))
        .unzip();
    let positives = Tally::of(known_labels.iter().copied()).positives;
    let (slope, offset) = match positives > 0 && positives < known_labels.len() as u64 {
        true => calibrate(&known, &known_labels)?,
        false => (1.0, 0.0),
    };
    let prior = params.prior_offset(whole.positives as usize, labels.len());
    let base = ((offset + prior) * MICRO).round() as i64;
    let factor = slope * MICRO / trees.len() as f64;
    let sealed = trees.iter().map(|tree| tree.seal(table, factor)).collect();
    let line = held_out.iter().map(|z| z.map(|z| slope * z + offset));
    let line: Vec<Option<f64>> = line.collect();
    let scale = Scale {
        calibration: bend_alone(&line, (labels, groups), prior, params),
        anchors,
    };
    let scaled = |z: Option<f64>| z.map(|z| ((z + prior) * MICRO).round() as i64);
    let held_out = line.into_iter().map(scaled).collect();
    let provenance = scale.calibration.told(provenance);
    let forest = Forest::seal(provenance, base, scale, specs.to_vec(), sealed);
    Ok((forest, held_out))
}

fn check(
    specs: &[FeatureSpec],
    table: &Table,
    labels: &[bool],
    groups: &[u64],
) -> Result<(), String> {
    let (rows, features) = (table.rows(), table.features());
    if labels.len() != rows || groups.len() != rows || features != specs.len() {
        return Err(format!(
            "{rows} rows of {features} values, {} labels, {} groups and {} features: they must be as many",
            labels.len(),
            groups.len(),
            specs.len()
        ));
    }
    let positives = labels.iter().filter(|label| **label).count();
    if positives == 0 || positives == rows {
        return Err(format!(
            "{positives} of {rows} rows are positive, both labels are needed"
        ));
    }
    Ok(())
}

/// Enterprises, numbered, with their rows.
#[derive(Debug)]
struct Units {
    /// The enterprise of each row.
    of: Vec<u32>,
    /// Rows by enterprise, one after another.
    rows: Vec<u32>,
    /// Where each enterprise's rows begin; one more than there are.
    starts: Vec<u32>,
}

impl Units {
    fn new(groups: &[u64]) -> Units {
        let mut numbers: BTreeMap<u64, u32> = groups.iter().map(|group| (*group, 0)).collect();
        for (number, unit) in numbers.values_mut().enumerate() {
            *unit = number as u32;
        }
        let of: Vec<u32> = groups.iter().map(|group| numbers[group]).collect();
        let mut rows: Vec<u32> = (0..groups.len() as u32).collect();
        rows.sort_by_key(|row| of[*row as usize]);
        let mut starts = vec![0; numbers.len() + 1];
        for unit in &of {
            starts[*unit as usize + 1] += 1;
        }
        for place in 1..starts.len() {
            starts[place] += starts[place - 1];
        }
        Units { of, rows, starts }
    }

    fn count(&self) -> usize {
        self.starts.len() - 1
    }

    fn rows_of(&self, unit: usize) -> &[u32] {
        &self.rows[self.starts[unit] as usize..self.starts[unit + 1] as usize]
    }
}

/// Grows every tree, on as many threads as there are.
fn grow_all(
    table: &Table,
    labels: &[bool],
    units: &Units,
    params: &TrainParams,
    base: f64,
) -> Vec<Tree> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let count = params.forest.trees;
    let tries = (params.forest.tries * table.features() as f64).round() as usize;
    let bounds = Bounds {
        tries: tries.max(1),
        min_leaf: params.forest.min_leaf as u64,
    };
    let grow = |thread: usize| {
        let mut grower = Grower::new(table, labels, bounds);
        let mine = (thread..count).step_by(threads);
        let trees = mine.map(|number| {
            let mut rng = ChaCha8Rng::seed_from_u64(params.seed);
            rng.set_stream(number as u64 + 1);
            (
                number,
                Tree::grow(&mut grower, units, params, base, &mut rng),
            )
        });
        trees.collect::<Vec<_>>()
    };
    let mut trees: Vec<(usize, Tree)> = Vec::new();
    let grow = &grow;
    std::thread::scope(|scope| {
        let threads = 0..threads;
        let threads: Vec<_> = threads
            .map(|thread| scope.spawn(move || grow(thread)))
            .collect();
        for thread in threads {
            match thread.join() {
                Ok(grown) => trees.extend(grown),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    trees.sort_by_key(|(number, _)| *number);
    trees.into_iter().map(|(_, tree)| tree).collect()
}

impl Tree {
    fn grow(
        grower: &mut Grower,
        units: &Units,
        params: &TrainParams,
        base: f64,
        rng: &mut ChaCha8Rng,
    ) -> Tree {
        let mut drawn = vec![0; units.count().div_ceil(64)];
        let mut sample = Vec::new();
        for _ in 0..units.count().min(params.forest.draw) {
            let unit = rng.gen_range(0..units.count());
            drawn[unit / 64] |= 1 << (unit % 64);
            sample.extend_from_slice(units.rows_of(unit));
        }
        // Whichever features were drawn before must not matter.
        grower.forget();
        let nodes = grower.grow(&sample, rng);
        Tree {
            values: values(&nodes, base),
            nodes,
            drawn,
        }
    }

    fn drew(&self, unit: u32) -> bool {
        self.drawn[unit as usize / 64] >> (unit % 64) & 1 == 1
    }

    /// What the tree says of a row of the table.
    fn value_of(&self, table: &Table, row: usize) -> f64 {
        let mut place = 0;
        while let Some(split) = self.nodes[place].split {
            let code = table.column(split.feature as usize).codes[row];
            place = match code <= split.last {
                true => place + 1,
                false => split.right as usize,
            };
        }
        self.values[place]
    }

    fn seal(&self, table: &Table, factor: f64) -> Vec<Node> {
        let nodes = self.nodes.iter().zip(&self.values);
        let seal = |(node, value): (&Grown, &f64)| Node {
            value: (value * factor).round() as i64,
            split: node.split.map(|split| Branch {
                feature: split.feature,
                below: match split.last {
                    0 => None,
                    last => Some(table.column(split.feature as usize).cuts[usize::from(last) - 1]),
                },
                right: split.right,
            }),
        };
        nodes.map(seal).collect()
    }
}

/// The log-odds of each node: of a leaf its own, of a split the mean of what is
/// below it.
fn values(nodes: &[Grown], base: f64) -> Vec<f64> {
    let mut values = vec![0.0; nodes.len()];
    for place in (0..nodes.len()).rev() {
        let Grown { tally, split } = nodes[place];
        values[place] = match split {
            None => {
                let positives = tally.positives as f64 + LEAF_SHRINKAGE * base;
                logit(positives / (tally.rows as f64 + LEAF_SHRINKAGE))
            }
            Some(split) => {
                let (left, right) = (place + 1, split.right as usize);
                let weighed = |at: usize| values[at] * nodes[at].tally.rows as f64;
                (weighed(left) + weighed(right)) / tally.rows as f64
            }
        };
    }
    values
}

/// The mean of what trees say of enterprises that they had not drawn.
fn held_out(trees: &[Tree], table: &Table, units: &Units) -> Vec<Option<f64>> {
    let mean = |row: usize| {
        let unit = units.of[row];
        let (mut sum, mut count) = (0.0, 0);
        for tree in trees.iter().filter(|tree| !tree.drew(unit)) {
            sum += tree.value_of(table, row);
            count += 1;
        }
        (count > 0).then(|| sum / f64::from(count))
    };
    let stride = table.rows().div_ceil(CALIBRATION_ROWS).max(1);
    let judged = |row: usize| row.is_multiple_of(stride).then(|| mean(row)).flatten();
    (0..table.rows()).map(judged).collect()
}
