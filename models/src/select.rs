//! Choosing by inner validation: how strongly weights are held back, which
//! features may weigh anything, how many pairs.
//!
//! Contract: only the training rows are looked at. Each choice is the one with the
//! least deviance on rows that were held out of the fit they are judged by; the
//! split is that of the calibration, so the rows of an enterprise stay together.
//! Of equal choices the simpler one.

use crate::ModelError;
use crate::columns::Sample;
use crate::feature::FeatureSpec;
use crate::fit::{Choice, Fitted, fit};
use crate::params::TrainParams;
use crate::threads;

/// Factors on all penalties that are tried, the strongest first.
const STRENGTHS: [f64; 5] = [16.0, 4.0, 1.0, 0.25, 0.0625];
/// Costs of a coefficient that are tried, the largest first, as shares of the one
/// that leaves no feature; at last none.
const COSTS: [f64; 10] = [
    0.5,
    0.25,
    0.125,
    0.0625,
    0.03125,
    0.015625,
    0.0078125,
    0.00390625,
    0.001953125,
    0.0,
];
/// How often features are looked through for those that do not help.
const ROUNDS: usize = 3;

/// A training set dealt into folds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inner<'a> {
    pub(crate) specs: &'a [FeatureSpec],
    pub(crate) sample: Sample<'a>,
    pub(crate) params: &'a TrainParams,
    /// The rows outside each fold, and inside.
    pub(crate) folds: &'a [(Vec<u32>, Vec<u32>)],
}

/// A choice, with what each row scored while it was held out.
#[derive(Debug)]
pub(crate) struct Judged<'a> {
    pub(crate) choice: Choice,
    pub(crate) log_odds: Vec<f64>,
    deviance: f64,
    fits: Vec<Fitted<'a>>,
}

impl Choice {
    /// What the parameters say.
    pub(crate) fn plain(specs: &[FeatureSpec], params: &TrainParams) -> Choice {
        Choice {
            strength: 1.0,
            kept: vec![true; specs.len()],
            pairs: params.pairs,
            cost: 0.0,
        }
    }
}

impl<'a> Inner<'a> {
    /// The best choice.
    pub(crate) fn choose(&self) -> Result<Judged<'a>, ModelError> {
        let mut best = self.strength()?;
        for _ in 0..ROUNDS {
            let kept = self.helping(&best);
            if kept == best.choice.kept {
                break;
            }
            let fewer = self.judge(Choice {
                kept,
                ..best.choice.clone()
            })?;
            if fewer.deviance > best.deviance {
                break;
            }
            best = fewer;
        }
        // Fewer pairs first: as good is better.
        let halved = std::iter::successors(Some(self.params.pairs), |pairs| Some(pairs / 2));
        let mut counts: Vec<usize> = halved.take_while(|pairs| *pairs > 0).collect();
        counts.reverse();
        for pairs in counts {
            let with = self.judge(Choice {
                pairs,
                ..best.choice.clone()
            })?;
            if with.deviance < best.deviance {
                best = with;
            }
        }
        Ok(best)
    }

    /// The choice of the largest cost that foretells held-out rows about as well as
    /// the best of the path: within one standard error of the difference.
    pub(crate) fn sparsest(&self) -> Result<Judged<'a>, ModelError> {
        let plain = Choice::plain(self.specs, self.params);
        let alone = Choice {
            pairs: 0,
            ..plain.clone()
        };
        let path = COSTS.iter().map(|cost| {
            self.judge(Choice {
                cost: *cost,
                ..alone.clone()
            })
        });
        let path: Vec<Judged> = path.collect::<Result<_, _>>()?;
        let least = path.iter().map(|judged| judged.deviance);
        let least = least.fold(f64::INFINITY, f64::min);
        let Some(best) = path.iter().find(|judged| judged.deviance <= least) else {
            return self.judge(plain);
        };
        let as_good = |judged: &&Judged| self.is_as_good(judged, best);
        let cost = path.iter().find(as_good).map_or(0.0, |j| j.choice.cost);
        if self.params.pairs > 0 {
            return self.judge(Choice { cost, ..plain });
        }
        let chosen = path.into_iter().find(|judged| judged.choice.cost <= cost);
        chosen.map_or_else(|| self.judge(plain), Ok)
    }

    /// Whether one choice is worse than another by less than the standard error of
    /// the difference, row by row.
    fn is_as_good(&self, judged: &Judged, best: &Judged) -> bool {
        let labels = self.sample.labels.iter();
        let both = judged.log_odds.iter().zip(&best.log_odds).zip(labels);
        let more: Vec<f64> = both
            .map(|((one, other), label)| loss(*one, *label) - loss(*other, *label))
            .collect();
        let (sum, rows) = (more.iter().sum::<f64>(), more.len() as f64);
        let spread = more.iter().map(|more| (more - sum / rows).powi(2));
        sum <= spread.sum::<f64>().sqrt()
    }

    /// The best strength without pairs.
    fn strength(&self) -> Result<Judged<'a>, ModelError> {
        let plain = Choice {
            pairs: 0,
            ..Choice::plain(self.specs, self.params)
        };
        let mut best: Option<Judged> = None;
        for strength in STRENGTHS {
            let judged = self.judge(Choice {
                strength,
                ..plain.clone()
            })?;
            if best
                .as_ref()
                .is_none_or(|best| judged.deviance < best.deviance)
            {
                best = Some(judged);
            }
        }
        match best {
            Some(best) => Ok(best),
            None => self.judge(plain),
        }
    }

    /// Which features are worth their weight: those without which held-out rows
    /// would be foretold worse. They are looked at one after another, what harms
    /// most first, each beside those that are left.
    fn helping(&self, judged: &Judged) -> Vec<bool> {
        let mut log_odds = judged.log_odds.clone();
        let before = self.deviance(&log_odds);
        let kept = &judged.choice.kept;
        let places: Vec<usize> = (0..kept.len()).filter(|at| kept[*at]).collect();
        let harm = threads::each(places.len(), |at| {
            before - self.deviance(&self.without(judged, &log_odds, places[at]))
        });
        let mut order: Vec<(f64, usize)> = harm.into_iter().zip(places).collect();
        order.sort_by(|(one, a), (other, b)| other.total_cmp(one).then(a.cmp(b)));
        let (mut kept, mut least) = (kept.clone(), before);
        for (_, place) in order {
            let without = self.without(judged, &log_odds, place);
            let deviance = self.deviance(&without);
            if deviance <= least {
                kept[place] = false;
                (log_odds, least) = (without, deviance);
            }
        }
        kept
    }

    /// The held-out scores less what one feature says.
    fn without(&self, judged: &Judged, log_odds: &[f64], feature: usize) -> Vec<f64> {
        let mut log_odds = log_odds.to_vec();
        for (fitted, (_, held)) in judged.fits.iter().zip(self.folds) {
            for row in held {
                log_odds[*row as usize] -= fitted.features[feature].weight_of(*row);
            }
        }
        log_odds
    }

    /// Fits every fold by a choice and judges the rows held out.
    pub(crate) fn judge(&self, choice: Choice) -> Result<Judged<'a>, ModelError> {
        let fits = threads::each(self.folds.len(), |fold| {
            let (sample, rows) = (self.sample, &self.folds[fold].0);
            fit(self.specs, Sample { rows, ..sample }, self.params, &choice)
        });
        let fits: Vec<Fitted> = fits.into_iter().collect::<Result<_, _>>()?;
        let mut log_odds = vec![0.0; self.sample.labels.len()];
        for (fitted, (_, held)) in fits.iter().zip(self.folds) {
            for row in held {
                log_odds[*row as usize] = fitted.log_odds(*row);
            }
        }
        Ok(Judged {
            deviance: self.deviance(&log_odds),
            choice,
            log_odds,
            fits,
        })
    }

    /// How badly log-odds foretell the labels: −ln of the likelihood.
    fn deviance(&self, log_odds: &[f64]) -> f64 {
        let both = log_odds.iter().zip(self.sample.labels);
        both.map(|(z, label)| loss(*z, *label)).sum()
    }
}

/// How badly log-odds foretell a label: ln(1 + e^−m), m the margin on the right side.
pub(crate) fn loss(log_odds: f64, label: bool) -> f64 {
    let margin = if label { log_odds } else { -log_odds };
    (-margin.abs()).exp().ln_1p() + (-margin).max(0.0)
}
