//! What audited queues say of all enterprises: each outcome counts as many as its
//! chance to be seen was small (Horvitz and Thompson), beside the same figures of
//! those who happened to be checked.
//!
//! Places whose outcome has not come yet are left out, as if it were chance which
//! they are; how many that is, is said.

use super::{Queue, Why, ended};
use crate::view::View;
use anyhow::Result;
use serde::Serialize;
use std::collections::HashMap;
use std::fmt::Write;
use tocsin_ingest::fact::SubjectKey;

/// How often the places are drawn for an interval.
const DRAWS: u64 = 400;

/// A checked place: score, outcome, how many it stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Seen {
    log_odds: i64,
    positive: bool,
    weight: f64,
    audit: bool,
}

/// A figure of all places alike, and by their chances.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// What.
    pub name: &'static str,
    /// As if those who were checked were all.
    pub naive: f64,
    /// Each weighed by its chance.
    pub weighted: f64,
    /// The weighted figure's 95 % interval, by bootstrap over places.
    pub low: f64,
    /// See there.
    pub high: f64,
}

/// What audited queues say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Audited {
    /// Places of all queues.
    pub places: usize,
    /// Those whose check has ended.
    pub checked: usize,
    /// Those of them that were drawn at random.
    pub drawn: usize,
    /// None of them: nothing can be said of the others.
    pub figures: Vec<Figure>,
}

/// Holds the outcomes that came after queues against them; `None`: none was drawn.
///
/// # Errors
/// When queues or outcomes cannot be read.
pub fn audited(view: &View) -> Result<Option<Audited>> {
    let queues = Queue::all(&view.settings().queue.folder)?;
    if queues.is_empty() {
        return Ok(None);
    }
    let mut outcomes: HashMap<SubjectKey, Vec<(i64, bool)>> = HashMap::new();
    for (enterprise, arrival_ms, positive) in ended(view)? {
        outcomes
            .entry(enterprise)
            .or_default()
            .push((arrival_ms, positive));
    }
    let mut seen = Vec::new();
    for queue in &queues {
        for place in &queue.places {
            let Ok(key) = u128::from_str_radix(&place.key, 16) else {
                continue;
            };
            let of = outcomes.get(&SubjectKey(key)).into_iter().flatten();
            let later = of.filter(|(arrival_ms, _)| *arrival_ms > queue.time_ms);
            let Some((_, positive)) = later.min() else {
                continue;
            };
            seen.push(Seen {
                log_odds: place.log_odds,
                positive: *positive,
                weight: place.of as f64 / place.drawn.max(1) as f64,
                audit: place.why == Why::Audit,
            });
        }
    }
    let places = queues.iter().map(|queue| queue.places.len()).sum();
    Ok(Some(judge(places, seen)))
}

fn judge(places: usize, mut seen: Vec<Seen>) -> Audited {
    seen.sort_by_key(|seen| (std::cmp::Reverse(seen.log_odds), seen.positive, seen.audit));
    let drawn = seen.iter().filter(|seen| seen.audit).count();
    let alike: Vec<Seen> = seen.iter().map(|s| Seen { weight: 1.0, ..*s }).collect();
    let (naive, weighted) = (figures(&alike), figures(&seen));
    let samples: Vec<[f64; 4]> = (0..DRAWS)
        .map(|draw| figures(&resampled(&seen, draw)))
        .collect();
    let names = [
        "share of positives",
        "share of positives found by score",
        "AUC",
        "average precision",
    ];
    let interval = |place: usize| {
        let mut values: Vec<f64> = samples.iter().map(|sample| sample[place]).collect();
        values.sort_unstable_by(f64::total_cmp);
        let tail = values.len() / 40;
        (values[tail], values[values.len() - 1 - tail])
    };
    let figure = |(place, name): (usize, &&'static str)| {
        let (low, high) = interval(place);
        Figure {
            name,
            naive: naive[place],
            weighted: weighted[place],
            low,
            high,
        }
    };
    Audited {
        places,
        checked: seen.len(),
        drawn,
        figures: match drawn {
            0 => Vec::new(),
            _ => names.iter().enumerate().map(figure).collect(),
        },
    }
}

/// As many places as there are, drawn with replacement: the same for the same
/// `draw`.
fn resampled(seen: &[Seen], draw: u64) -> Vec<Seen> {
    let all = seen.len() as u64;
    let pick = |place: u64| {
        let bytes = [draw.to_le_bytes(), place.to_le_bytes()].concat();
        seen[(xxhash_rust::xxh3::xxh3_64(&bytes) % all) as usize]
    };
    let mut picked: Vec<Seen> = (0..all).map(pick).collect();
    picked.sort_by_key(|seen| (std::cmp::Reverse(seen.log_odds), seen.positive, seen.audit));
    picked
}

/// Of places from the highest score down: the share of positives; of the
/// positives those who were there for their score; AUC, ties counted half; average
/// precision, ties as one step. 0 where there is nothing to divide by.
fn figures(ranked: &[Seen]) -> [f64; 4] {
    let sum = |wanted: &dyn Fn(&Seen) -> bool| -> f64 {
        let wanted = ranked.iter().filter(|seen| wanted(seen));
        wanted.map(|seen| seen.weight).sum()
    };
    let (all, positives) = (sum(&|_| true), sum(&|seen| seen.positive));
    let by_score = sum(&|seen| seen.positive && !seen.audit);
    let negatives = all - positives;
    let (mut found, mut passed, mut area, mut precision) = (0.0, 0.0, 0.0, 0.0);
    for tied in ranked.chunk_by(|a, b| a.log_odds == b.log_odds) {
        let part = |positive: bool| -> f64 {
            let of = tied.iter().filter(|seen| seen.positive == positive);
            of.map(|seen| seen.weight).sum()
        };
        let (more, less) = (part(true), part(false));
        area += less * (found + more / 2.0);
        (found, passed) = (found + more, passed + less);
        if more > 0.0 {
            precision += more * found / (found + passed);
        }
    }
    let ratio = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    [
        ratio(positives, all),
        ratio(by_score, positives),
        ratio(area, positives * negatives),
        ratio(precision, positives),
    ]
}

impl Audited {
    /// As text.
    pub fn text(&self) -> String {
        let mut text = format!(
            "\nqueues: {} places, {} checked, {} of those drawn at random\n",
            self.places, self.checked, self.drawn
        );
        if self.figures.is_empty() {
            text.push_str("none of the checked was drawn at random ([queue] audit_share): what is found among them says nothing of the others\n");
            return text;
        }
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:<34} {:>8} {:>9}   95 % interval",
            "by the score in the queue", "naive", "weighted"
        );
        for figure in &self.figures {
            let _ = writeln!(
                text,
                "{:<34} {:>8.4} {:>9.4}   {:.4} to {:.4}",
                figure.name, figure.naive, figure.weighted, figure.low, figure.high
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(log_odds: i64, positive: bool, weight: f64) -> Seen {
        Seen {
            log_odds,
            positive,
            weight,
            audit: weight > 1.0,
        }
    }

    /// 100 enterprises, of which the score sees 8 of 10 among its first 10; the
    /// other 2 are among the 90, of which 30 are drawn.
    #[test]
    fn weighing_by_chances_undoes_the_selection() {
        let first = (0..10).map(|n| seen(100 - n, n < 8, 1.0));
        // Of thirty drawn from the ninety, two thirds of one is expected: here 1.
        let drawn = (0..30).map(|n| seen(50 - n, n == 7, 3.0));
        let audited = judge(40, first.chain(drawn).collect());
        let share = &audited.figures[0];
        assert_eq!((share.naive, share.weighted), (9.0 / 40.0, 11.0 / 100.0));
        let found = &audited.figures[1];
        assert_eq!((found.naive, found.weighted), (8.0 / 9.0, 8.0 / 11.0));
        assert!(
            found.low < found.weighted && found.weighted <= found.high,
            "{found:?}"
        );
        let auc = &audited.figures[2];
        // By hand: 8 positives above all 89, one above 90 − 3·8 of them, in weights.
        let pairs = 8.0 * 89.0 + 3.0 * (22.0 * 3.0);
        assert!(
            (auc.weighted - pairs / (11.0 * 89.0)).abs() < 1e-12,
            "{auc:?}"
        );
    }

    #[test]
    fn without_a_random_share_nothing_is_said_of_the_others() {
        let audited = judge(3, vec![seen(3, true, 1.0), seen(2, false, 1.0)]);
        assert!(audited.figures.is_empty());
        assert!(audited.text().contains("says nothing of the others"));
        assert_eq!(judge(3, Vec::new()).checked, 0);
    }

    #[test]
    fn equal_scores_are_one_step() {
        let tied = [seen(1, true, 1.0), seen(1, false, 1.0)];
        assert_eq!(figures(&tied), [0.5, 1.0, 0.5, 0.5]);
    }
}
