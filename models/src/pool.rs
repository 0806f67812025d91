//! What the levels of a category weigh when each borrows from its like.
//!
//! A level with few rows says little by itself. Its rate of positives is drawn
//! towards that of its parent (the code without its last digits, where declared),
//! and that towards the overall rate. How strongly is not set but measured: levels
//! that hardly differ hold each other close, levels that differ much stand for
//! themselves. The strength is that under which the counts are most likely when
//! rates follow a beta distribution (empirical Bayes, a beta-binomial maximised on
//! a grid of powers of two).
//!
//! Contract: deterministic; a level without rows weighs what its parent does.

use std::collections::BTreeMap;

use crate::binning::parent_of;
use crate::partition::{MISSING, Partition};
use crate::score::logit;
use crate::tally::Tally;

/// The strengths that are tried: 2^0 to this power, in average rows.
const MAX_POWER: i32 = 12;

/// The weight of evidence of each bin of a category; `parent` is by what a code is
/// divided to give that of its parent.
pub(crate) fn rates(
    partition: &Partition,
    tallies: &[Tally],
    base: f64,
    parent: Option<&i64>,
) -> Vec<f64> {
    let families: Vec<i64> = (0..tallies.len())
        .map(|bin| family(partition, bin, parent))
        .collect();
    let mut of_family: BTreeMap<i64, Tally> = BTreeMap::new();
    for (family, tally) in families.iter().zip(tallies) {
        let whole = of_family.entry(*family).or_default();
        *whole = whole.plus(*tally);
    }
    let known: Vec<(Tally, f64)> = of_family.values().map(|tally| (*tally, base)).collect();
    let drawn = match parent {
        Some(_) => strength(&known),
        None => f64::INFINITY, // one family: everybody
    };
    let family_rate = |family: &i64| match drawn.is_finite() {
        true => posterior(of_family[family], base, drawn),
        false => base,
    };
    let priors: Vec<f64> = families.iter().map(family_rate).collect();
    let levels: Vec<(Tally, f64)> = tallies.iter().copied().zip(priors).collect();
    let drawn = strength(&levels);
    let rate = |(tally, prior): &(Tally, f64)| posterior(*tally, *prior, drawn);
    levels
        .iter()
        .map(|level| logit(rate(level)) - logit(base))
        .collect()
}

/// Which parent a bin is of. What is missing and *other* are their own.
fn family(partition: &Partition, bin: usize, parent: Option<&i64>) -> i64 {
    let (Partition::Listed { values, lists }, Some(by)) = (partition, parent) else {
        return 0;
    };
    match bin {
        MISSING => i64::MIN,
        bin if bin > *lists => i64::MAX,
        bin => {
            let first = values.iter().find(|(_, list)| list + 1 == bin);
            first.map_or(i64::MAX, |(value, _)| parent_of(*value, *by))
        }
    }
}

/// The rate of positives after `drawn` rows at the prior rate.
fn posterior(tally: Tally, prior: f64, drawn: f64) -> f64 {
    (tally.positives as f64 + drawn * prior) / (tally.rows as f64 + drawn)
}

/// The strength under which these counts are most likely, each around its prior;
/// of equal ones the strongest.
fn strength(levels: &[(Tally, f64)]) -> f64 {
    let powers = (0..=MAX_POWER).rev().map(|power| 2f64.powi(power));
    let likely = |drawn: f64| -> f64 {
        let level = |(tally, prior): &(Tally, f64)| {
            let (positives, rows) = (tally.positives as f64, tally.rows as f64);
            let (up, down) = (drawn * prior, drawn * (1.0 - prior));
            rise(up, positives) + rise(down, rows - positives) - rise(drawn, rows)
        };
        levels.iter().map(level).sum()
    };
    let judged = powers.map(|drawn| (drawn, likely(drawn)));
    let best = judged.fold((1.0, f64::NEG_INFINITY), |best, next| {
        if next.1 > best.1 { next } else { best }
    });
    best.0
}

/// ln Γ(at + by) − ln Γ(at).
fn rise(at: f64, by: f64) -> f64 {
    ln_gamma(at + by) - ln_gamma(at)
}

/// Stirling's series, from 10 up; below by the recurrence. Good to 1e-10.
fn ln_gamma(at: f64) -> f64 {
    let (mut at, mut below) = (at, 0.0);
    while at < 10.0 {
        below += at.ln();
        at += 1.0;
    }
    let inverse = 1.0 / at;
    let square = inverse * inverse;
    let series = inverse / 12.0 * (1.0 - square / 30.0 * (1.0 - square * 2.0 / 7.0));
    (at - 0.5) * at.ln() - at + (2.0 * std::f64::consts::PI).ln() / 2.0 + series - below
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(rows: u64, positives: u64) -> Tally {
        Tally { rows, positives }
    }

    #[test]
    fn ln_gamma_is_the_logarithm_of_factorials() {
        for (at, factorial) in [(1.0, 1.0_f64), (5.0, 24.0), (11.0, 3_628_800.0)] {
            assert!((ln_gamma(at) - factorial.ln()).abs() < 1e-9, "{at}");
        }
        assert!((ln_gamma(0.5) - std::f64::consts::PI.sqrt().ln()).abs() < 1e-9);
    }

    #[test]
    fn levels_that_do_not_differ_hold_each_other_and_others_stand_alone() {
        let partition = Partition::singles(vec![10_000, 20_000, 30_000, 40_000]);
        let spread = |counts: [u64; 4]| {
            let of = counts.map(|positives| tally(50, positives));
            let tallies = [&[tally(0, 0)], &of[..], &[tally(0, 0)]].concat();
            let weights = rates(&partition, &tallies, 0.2, None);
            assert_eq!((weights[0], weights[5]), (0.0, 0.0), "no rows say nothing");
            weights[4] - weights[1]
        };
        let (alike, unlike) = (spread([9, 10, 10, 11]), spread([1, 3, 15, 35]));
        assert!(alike < 0.02, "{alike}");
        assert!(unlike > 3.0, "{unlike}");
    }

    #[test]
    fn a_rare_level_is_drawn_to_its_parent() {
        // 6601 and 6602 are mostly positive, 7101 and 7102 are not; 6603 and 7103
        // were seen once each.
        let codes = [6601, 6602, 6603, 7101, 7102, 7103].map(|code| code * 10_000);
        let partition = Partition::singles(codes.to_vec());
        let mut tallies = vec![tally(0, 0)];
        tallies.extend([tally(40, 34), tally(40, 30), tally(1, 1)]);
        tallies.extend([tally(40, 2), tally(40, 4), tally(1, 1)]);
        tallies.push(tally(0, 0));
        let weights = rates(&partition, &tallies, 0.4, Some(&100));
        assert!(weights[3] > 0.8, "{weights:?}");
        assert!(weights[6] < -0.5, "{weights:?}");
        let flat = rates(&partition, &tallies, 0.4, None);
        assert!((flat[3] - flat[6]).abs() < 1e-12, "{flat:?}");
    }
}
