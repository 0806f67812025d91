//! Shapley's values of a forest's features, for people who want them beside the
//! contributions that decide.
//!
//! The game is that of path-dependent TreeSHAP (Lundberg, Erion and Lee 2018,
//! algorithm 2): what a tree is expected to say when only some features are known
//! goes, at a split by one of the others, both ways, as often as training rows did.
//! How many went left is not written in a forest, but a split's value is the mean
//! of what is below it, so its two sides' values tell (to the rounding of leaves;
//! where both say the same, each side gets half). With nothing known a tree
//! therefore says what its root does: values start from the same intercept as the
//! contributions that decide, and sum to the same score.
//!
//! Contract: floating point in one fixed order, then rounded by largest remainders,
//! so the same row gives the same integers and they sum to the last digit; a
//! feature that no split uses has exactly 0.

use crate::forest::{Branch, Node};

/// The least share of rows that a side of a split is taken to have.
const LEAST: f64 = 1e-6;

/// A feature on the way to a node, once however often it is split by.
#[derive(Debug, Clone, Copy)]
struct Met {
    /// `None`: the root, where none is met yet.
    feature: Option<usize>,
    /// The share of rows that come this way when the feature is not known, and
    /// whether the row does when it is.
    unknown: f64,
    known: f64,
    /// The weights of subsets of the features met, by size.
    weight: f64,
}

/// A node to be visited, and the way to the split above it.
#[derive(Debug, Clone, Copy)]
struct Visit {
    node: usize,
    from: usize,
    to: usize,
    met: Met,
}

/// Shapley's values of `features` features by some trees, in the units of their
/// leaves.
#[derive(Debug, Default)]
pub(crate) struct Game {
    values: Vec<f64>,
    used: Vec<bool>,
    /// Ways of all visits that are open, one after another.
    ways: Vec<Met>,
    open: Vec<Visit>,
}

impl Game {
    pub(crate) fn new(features: usize) -> Game {
        Game {
            values: vec![0.0; features],
            used: vec![false; features],
            ..Game::default()
        }
    }

    /// Adds what a tree gives each feature of `row`.
    pub(crate) fn add(&mut self, tree: &[Node], row: &[Option<i64>]) {
        let root = Met {
            feature: None,
            unknown: 1.0,
            known: 1.0,
            weight: 0.0,
        };
        self.open.push(Visit {
            node: 0,
            from: 0,
            to: 0,
            met: root,
        });
        while let Some(visit) = self.open.pop() {
            // Whatever lies behind the way above is of visits that have ended.
            self.ways.truncate(visit.to);
            self.ways.extend_from_within(visit.from..visit.to);
            extend(&mut self.ways, visit.to, visit.met);
            let Some(node) = tree.get(visit.node) else {
                continue;
            };
            match &node.split {
                Some(branch) => self.part(tree, row, visit, branch),
                None => self.credit(visit.to, node.value as f64),
            }
        }
    }

    /// Goes both ways at a split.
    fn part(&mut self, tree: &[Node], row: &[Option<i64>], visit: Visit, branch: &Branch) {
        let feature = branch.feature as usize;
        self.used[feature] = true;
        let from = visit.to;
        let way = &self.ways[from..];
        let (mut unknown, mut known) = (1.0, 1.0);
        let met = way.iter().position(|met| met.feature == Some(feature));
        if let Some(place) = met {
            (unknown, known) = (way[place].unknown, way[place].known);
            unwind(&mut self.ways, from, place);
        }
        let (left, right) = (visit.node + 1, branch.right as usize);
        let share = share(tree, visit.node, left, right);
        let goes_left = branch.goes_left(row.get(feature).copied().flatten());
        let to = self.ways.len();
        for (node, share, taken) in [(right, 1.0 - share, !goes_left), (left, share, goes_left)] {
            let met = Met {
                feature: Some(feature),
                unknown: unknown * share,
                known: if taken { known } else { 0.0 },
                weight: 0.0,
            };
            self.open.push(Visit {
                node,
                from,
                to,
                met,
            });
        }
    }

    /// Gives every feature on the way its part of a leaf.
    fn credit(&mut self, from: usize, leaf: f64) {
        let way = &self.ways[from..];
        for (place, met) in way.iter().enumerate() {
            if let Some(feature) = met.feature {
                let weight = unwound(way, place);
                self.values[feature] += weight * (met.known - met.unknown) * leaf;
            }
        }
    }

    /// The values in integers that sum to `total`.
    pub(crate) fn rounded(&self, total: i64) -> Vec<i64> {
        let mut values: Vec<i64> = self.values.iter().map(|v| v.floor() as i64).collect();
        let mut order: Vec<usize> = (0..values.len()).filter(|at| self.used[*at]).collect();
        let rest = |at: &usize| self.values[*at] - self.values[*at].floor();
        order.sort_by(|a, b| rest(b).total_cmp(&rest(a)).then(a.cmp(b)));
        let missing = total - values.iter().sum::<i64>();
        let Some(count) = std::num::NonZeroI64::new(order.len() as i64) else {
            return values;
        };
        // Leaves were rounded by themselves, so it may be more than one each.
        let (each, more) = (
            missing.div_euclid(count.get()),
            missing.rem_euclid(count.get()),
        );
        for (place, at) in order.into_iter().enumerate() {
            values[at] += each + i64::from((place as i64) < more);
        }
        values
    }
}

/// The share of rows that go left: what a split's value says of the mean of both
/// sides.
fn share(tree: &[Node], node: usize, left: usize, right: usize) -> f64 {
    let value = |at: usize| tree.get(at).map_or(0.0, |node| node.value as f64);
    let (mean, left, right) = (value(node), value(left), value(right));
    match left == right {
        true => 0.5,
        false => ((mean - right) / (left - right)).clamp(LEAST, 1.0 - LEAST),
    }
}

/// Puts a feature at the end of the way that begins at `from`.
fn extend(ways: &mut Vec<Met>, from: usize, met: Met) {
    let length = ways.len() - from;
    let weight = if length == 0 { 1.0 } else { 0.0 };
    ways.push(Met { weight, ..met });
    let way = &mut ways[from..];
    let all = (length + 1) as f64;
    for place in (0..length).rev() {
        way[place + 1].weight += met.known * way[place].weight * (place + 1) as f64 / all;
        way[place].weight *= met.unknown * (length - place) as f64 / all;
    }
}

/// Takes the feature at `place` out of the way that begins at `from`, as if it had
/// never been met.
fn unwind(ways: &mut Vec<Met>, from: usize, place: usize) {
    let way = &mut ways[from..];
    let last = way.len() - 1;
    let Met { unknown, known, .. } = way[place];
    let all = (last + 1) as f64;
    let mut next = way[last].weight;
    for at in (0..last).rev() {
        if known != 0.0 {
            let before = way[at].weight;
            way[at].weight = next * all / ((at + 1) as f64 * known);
            next = before - way[at].weight * unknown * (last - at) as f64 / all;
        } else {
            way[at].weight *= all / (unknown * (last - at) as f64);
        }
    }
    for at in place..last {
        let weight = way[at].weight;
        way[at] = Met {
            weight,
            ..way[at + 1]
        };
    }
    ways.pop();
}

/// The sum of the weights of a way without the feature at `place`.
fn unwound(way: &[Met], place: usize) -> f64 {
    let last = way.len() - 1;
    let Met { unknown, known, .. } = way[place];
    let all = (last + 1) as f64;
    let (mut next, mut total) = (way[last].weight, 0.0);
    for at in (0..last).rev() {
        if known != 0.0 {
            let weight = next * all / ((at + 1) as f64 * known);
            total += weight;
            next = way[at].weight - weight * unknown * (last - at) as f64 / all;
        } else {
            total += way[at].weight * all / (unknown * (last - at) as f64);
        }
    }
    total
}
