//! What two features say together: a table of weights over the bins of both.
//!
//! Contract: a checked pair names two features of its card, either side is a
//! complete partition, and there is one bounded weight a cell. Half of a weight
//! counts for the category of either feature (which is what Shapley's value
//! gives each of them), so subtotals still sum to the score.

use serde::{Deserialize, Serialize};

use crate::artifact::weight_fault;
use crate::feature::{FeatureKind, FeatureSpec};
use crate::partition::Partition;

/// Two features of a scorecard and what they weigh together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    /// Places in the card.
    pub(crate) features: [usize; 2],
    pub(crate) sides: [Partition; 2],
    /// Micro-log-odds by the bins of the first, then of the second feature.
    pub(crate) weights: Vec<i64>,
}

impl Pair {
    /// The weight of two values.
    pub(crate) fn weight(&self, values: [Option<i64>; 2]) -> i64 {
        let [row, column] = [0, 1].map(|side| self.sides[side].bin(values[side]));
        self.weights[row * self.sides[1].bins() + column]
    }

    /// The cell of two values in words.
    pub(crate) fn label(&self, values: [Option<i64>; 2]) -> String {
        let [first, second] = [0, 1].map(|side| {
            let partition = &self.sides[side];
            partition.label(partition.bin(values[side]))
        });
        format!("{first} × {second}")
    }

    /// Every cell in words with its weight, by rows of the first feature.
    pub(crate) fn cells(&self) -> Vec<(String, i64)> {
        let columns = self.sides[1].bins();
        let cell = |(place, weight): (usize, &i64)| {
            let bins = [place / columns, place % columns];
            let [first, second] = [0, 1].map(|side| self.sides[side].label(bins[side]));
            (format!("{first} × {second}"), *weight)
        };
        self.weights.iter().enumerate().map(cell).collect()
    }

    /// The most by which the weight can rise when the value of one side changes,
    /// whatever the other is.
    pub(crate) fn most_gain(&self, side: usize, from: Option<i64>, to: Option<i64>) -> i64 {
        let [from, to] = [from, to].map(|value| self.sides[side].bin(value));
        let columns = self.sides[1].bins();
        let cell = |own: usize, other: usize| match side {
            0 => self.weights[own * columns + other],
            _ => self.weights[other * columns + own],
        };
        let others = 0..self.sides[1 - side].bins();
        let gains = others.map(|other| cell(to, other) - cell(from, other));
        gains.max().unwrap_or(0)
    }
}

/// Half of a pair's weight for either category; together they are all of it.
pub(crate) fn halves(weight: i64) -> [i64; 2] {
    let half = weight / 2;
    [weight - half, half]
}

/// A pair as written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPair {
    features: [String; 2],
    first: RawSide,
    second: RawSide,
    /// A row a bin of the first feature: missing, then rising, *other* last.
    weights: Vec<Vec<i64>>,
}

/// The bins of one side: cuts of a number, lists of values of a category.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawSide {
    Cuts(Vec<i64>),
    Values(Vec<Vec<i64>>),
}

impl RawPair {
    pub(crate) fn of(pair: &Pair, names: impl Fn(usize) -> String) -> RawPair {
        let columns = pair.sides[1].bins();
        RawPair {
            features: pair.features.map(names),
            first: RawSide::of(&pair.sides[0]),
            second: RawSide::of(&pair.sides[1]),
            weights: pair.weights.chunks(columns).map(<[i64]>::to_vec).collect(),
        }
    }

    /// Checks it against the features of its card.
    pub(crate) fn check(self, features: &[&FeatureSpec]) -> Result<Pair, Vec<String>> {
        let [one, other] = &self.features;
        let named = format!("pair `{one}` × `{other}`");
        let mut faults = Vec::new();
        let place = |name: &String| features.iter().position(|spec| spec.name == *name);
        let places = [place(one), place(other)];
        if one == other {
            faults.push("two different features are needed".to_owned());
        }
        let mut sides = Vec::new();
        for (place, (name, raw)) in places
            .iter()
            .zip(self.features.iter().zip([self.first, self.second]))
        {
            match place.map(|place| raw.check(features[place].kind)) {
                Some(Ok(side)) => sides.push(side),
                Some(Err(fault)) => faults.push(format!("`{name}`: {fault}")),
                None => faults.push(format!("there is no feature `{name}` in the card")),
            }
        }
        if let [first, second] = &sides[..] {
            let (rows, columns) = (first.bins(), second.bins());
            if self.weights.len() != rows || self.weights.iter().any(|row| row.len() != columns) {
                faults.push(format!("{rows} rows of {columns} weights are needed"));
            }
        }
        let weights: Vec<i64> = self.weights.into_iter().flatten().collect();
        faults.extend(weights.iter().filter_map(|w| weight_fault("weight", *w)));
        match (places, <[Partition; 2]>::try_from(sides)) {
            ([Some(first), Some(second)], Ok(sides)) if faults.is_empty() => Ok(Pair {
                features: [first, second],
                sides,
                weights,
            }),
            _ => Err(faults.iter().map(|f| format!("{named}: {f}")).collect()),
        }
    }
}

impl RawSide {
    fn of(partition: &Partition) -> RawSide {
        match partition {
            Partition::Ranges(cuts) => RawSide::Cuts(cuts.clone()),
            Partition::Listed { values, lists } => {
                let lists = 1..=*lists;
                RawSide::Values(lists.map(|bin| Partition::list(values, bin)).collect())
            }
        }
    }

    fn check(self, kind: FeatureKind) -> Result<Partition, String> {
        match (self, kind) {
            (RawSide::Cuts(cuts), FeatureKind::Number) => {
                match cuts.windows(2).find(|pair| pair[0] >= pair[1]) {
                    None => Ok(Partition::Ranges(cuts)),
                    Some(pair) => Err(format!("cut {} is not above {}", pair[1], pair[0])),
                }
            }
            (RawSide::Values(lists), FeatureKind::Category) => {
                let mut values: Vec<i64> = lists.iter().flatten().copied().collect();
                values.sort_unstable();
                if lists.iter().any(Vec::is_empty) {
                    return Err("a list with no values".to_owned());
                }
                match values.windows(2).find(|pair| pair[0] == pair[1]) {
                    None => Ok(Partition::lists(lists)),
                    Some(pair) => Err(format!("value {} is listed twice", pair[0])),
                }
            }
            (_, FeatureKind::Number) => Err("a number has cuts".to_owned()),
            (_, FeatureKind::Category) => Err("a category has values".to_owned()),
        }
    }
}
