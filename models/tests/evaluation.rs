//! Figures of merit with intervals, as the command line prints them.
#![allow(clippy::unwrap_used)]

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tocsin_models::{Evaluation, Figure, Said, evaluate};

/// 600 rows of 300 enterprises with scores that say something.
fn scored() -> (Vec<Said>, Vec<bool>, Vec<u64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut scored = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..600 {
        let log_odds = rng.gen_range(-5.0..1.0f64);
        scored.0.push(Said::from((log_odds * 1e6) as i64));
        scored.1.push(rng.gen_bool(1.0 / (1.0 + (-log_odds).exp())));
        scored.2.push(row / 2);
    }
    scored
}

fn judged(strata: Option<&[bool]>) -> Evaluation {
    let (log_odds, labels, groups) = scored();
    evaluate(&log_odds, &labels, strata, &groups, 7).unwrap()
}

#[test]
fn intervals_contain_their_figures() {
    let found = judged(None);
    let mut figures = vec![
        found.average_precision,
        found.auc,
        found.f1_best,
        found.f_weighted,
        found.brier,
    ];
    figures.extend(found.precision_at.iter().map(|(_, figure)| figure));
    for Figure { value, low, high } in figures {
        assert!(low <= value && value <= high && low < high, "{found}");
    }
    assert_eq!(found.enterprises, 300);
}

#[test]
fn figures_depend_on_seed_and_rows_but_not_on_their_order() {
    let (mut log_odds, mut labels, mut groups) = scored();
    let first = judged(None);
    log_odds.reverse();
    labels.reverse();
    groups.reverse();
    assert_eq!(
        evaluate(&log_odds, &labels, None, &groups, 7).unwrap(),
        first
    );
    let other = evaluate(&log_odds, &labels, None, &groups, 8).unwrap();
    assert_eq!(other.auc.value, first.auc.value);
    assert_ne!(other.auc.low, first.auc.low);
}

#[test]
fn strata_are_judged_by_themselves() {
    let (log_odds, labels, groups) = scored();
    let inside: Vec<bool> = log_odds
        .iter()
        .map(|said| said.log_odds > -2_000_000)
        .collect();
    let found = judged(Some(&inside));
    let kept: Vec<usize> = (0..600).filter(|row| inside[*row]).collect();
    let only = evaluate(
        &kept.iter().map(|row| log_odds[*row]).collect::<Vec<_>>(),
        &kept.iter().map(|row| labels[*row]).collect::<Vec<_>>(),
        None,
        &kept.iter().map(|row| groups[*row]).collect::<Vec<_>>(),
        7,
    );
    assert_eq!(found.auc_within.unwrap().value, only.unwrap().auc.value);
    assert_eq!(found.rows_within, Some(kept.len()));
    assert!(judged(Some(&[false; 600])).auc_within.is_none());
}

#[test]
fn capacities_are_given_where_there_are_rows_for_them() {
    let found = judged(None);
    let counts: Vec<usize> = found.precision_at.iter().map(|(count, _)| *count).collect();
    assert_eq!(counts, [100, 200, found.positives]);
    let few = evaluate(
        &[1, 2, 3].map(Said::from),
        &[true, false, true],
        None,
        &[1, 2, 3],
        1,
    )
    .unwrap();
    assert_eq!(few.precision_at.len(), 1);
    assert_eq!(few.precision_at[0].0, 2);
}

#[test]
fn the_table_shows_what_was_measured() {
    let found = judged(Some(&[true; 600]));
    let table = found.to_string();
    for part in [
        "600 rows of 300 enterprises",
        "average precision",
        "AUC within 600 rows",
        "Brier",
    ] {
        assert!(table.contains(part), "{table}");
    }
    let json = serde_json::to_string(&found).unwrap();
    let read: Evaluation = serde_json::from_str(&json).unwrap();
    assert_eq!(read.to_string(), table);
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let refuse = |log_odds: &[i64], labels: &[bool], part: &str| {
        let groups = vec![1; labels.len()];
        let said: Vec<Said> = log_odds.iter().copied().map(Said::from).collect();
        let message = evaluate(&said, labels, None, &groups, 1)
            .unwrap_err()
            .to_string();
        assert!(message.contains(part), "{message}");
    };
    refuse(&[], &[], "0 of 0 rows are positive");
    refuse(&[1, 2], &[true, true], "2 of 2 rows are positive");
    refuse(&[1], &[true, false], "1 scores, 2 labels");
}

/// Rows are ranked by what contributions sum to; probabilities are read behind the
/// calibration, which may be another for each row's model.
#[test]
fn a_calibration_moves_probabilities_and_no_ranking() {
    let (said, labels, groups) = scored();
    let plain = judged(None);
    let bent = |said: &Said| Said {
        calibrated: said.log_odds / 2,
        ..*said
    };
    let bent: Vec<Said> = said.iter().map(bent).collect();
    let found = evaluate(&bent, &labels, None, &groups, 7).unwrap();
    assert_eq!(found.auc, plain.auc);
    assert_eq!(found.average_precision, plain.average_precision);
    assert_eq!(found.precision_at, plain.precision_at);
    // These labels were drawn from the log-odds as they are.
    assert!(found.brier.value > plain.brier.value);
    assert!(found.calibration_error.value > 2.0 * plain.calibration_error.value);
    let predicted = |e: &Evaluation| e.calibration.iter().map(|bin| bin.predicted).sum::<f64>();
    assert!(predicted(&found) > predicted(&plain));
}
