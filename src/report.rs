//! What `--once` prints: what became of every source's records, and the
//! enterprises of the highest risk.

use crate::explain::Contribution;
use crate::export::Line;
use crate::pipeline::records::Records;
use crate::refused;
use crate::train::Judged;
use crate::view::View;
use anyhow::Result;
use std::fmt::Write;
use tocsin_alerts::level::Level;
use tocsin_models::Evaluation;

/// Reasons for refusal listed per source.
const REASONS: usize = 8;
/// Rejects shown as examples per source.
const EXAMPLES: usize = 2;
/// Contributions shown per enterprise.
const CONTRIBUTIONS: usize = 3;
/// Silent sources that are named.
const MAX_SILENT: usize = 5;

/// Per source: read, accepted, corrected, refused by reason, matched.
///
/// # Errors
/// When the store cannot be read.
pub fn sources(view: &View, runtime: &tokio::runtime::Handle) -> Result<String> {
    let status = view.status();
    let catalogue = &view.catalogue;
    let mut text = format!(
        "{:<32} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}\n",
        "source",
        "read",
        "accepted",
        "duplicate",
        "corrected",
        "withdrawn",
        "cleaned",
        "rejected",
        "mended",
        "matched"
    );
    for (source, stats) in catalogue.sources().iter().zip(&status.stats) {
        let matched = status.matched[usize::from(source.index)];
        writeln!(
            text,
            "{:<32} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}",
            source.id,
            stats.read,
            stats.accepted,
            stats.duplicates,
            stats.corrected,
            stats.withdrawn,
            stats.normalised,
            stats.rejected_total(),
            stats.mended,
            matched
        )?;
        let mut reasons: Vec<_> = stats.rejected.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (reason, count) in reasons.iter().take(REASONS) {
            writeln!(text, "    rejected {count:>8}  {reason}")?;
        }
        let wait = stats.rejected_waiting();
        let examples = view.store.waiting_rejects(Some(&source.id), 0, EXAMPLES);
        for stored in runtime.block_on(examples)? {
            let line = refused::line(source, &stored);
            writeln!(text, "             e.g.  {line}")?;
        }
        if wait > EXAMPLES as u64 {
            let how = refused::how_to_list(&source.id);
            writeln!(text, "             all {wait} that wait: {how}")?;
        }
        for (check, count) in stats.checks.iter().filter(|(_, count)| **count > 0) {
            writeln!(text, "    noted    {count:>8}  {check}")?;
        }
        if let Some(error) = &stats.error {
            writeln!(text, "    error              {error}")?;
        }
    }
    Ok(text)
}

/// How the challenger divides the enterprises, beside the model in force; empty
/// without one.
pub fn challenger(view: &View) -> String {
    let standings = view.standings();
    let Some(version) = &standings.challenger else {
        return String::new();
    };
    let (champion, challenger) = standings.graded.totals();
    let line = |counts: [i64; tocsin_dataflow::GRADES]| {
        let levels = Level::ALL.into_iter().rev();
        let parts = levels.map(|level| {
            let count = counts[usize::from(level.rank())];
            format!("{} {count}", level.chinese())
        });
        parts.collect::<Vec<_>>().join("  ")
    };
    format!(
        "model      {}\nchallenger {}  ({version}): the level of {} enterprises would differ\n",
        line(champion),
        line(challenger),
        standings.graded.differing()
    )
}

/// The `count` enterprises of the highest risk, each with its largest
/// contributions.
///
/// # Errors
/// When the landing cannot be read.
pub fn top(view: &View, lines: &[Line], count: usize) -> Result<String> {
    let in_force = view.in_force();
    let Some(model) = &in_force.model else {
        return Ok("no model: nothing is scored\n".to_owned());
    };
    let status = view.status();
    let mut text = format!(
        "risk leads, not findings (风险线索,非认定); model {}\n",
        model.card.version()
    );
    for (place, line) in lines.iter().take(count).enumerate() {
        let found = crate::explain::find_enterprise(&in_force.records, &line.id)?;
        let explained = found.map(|key| in_force.explain(key, &status, crate::clearance::ALL));
        let Some(explanation) = explained.transpose()?.flatten() else {
            continue;
        };
        let level = Level::from_name(&explanation.level).unwrap_or(Level::None);
        writeln!(
            text,
            "{:>3}. {:>6.2} {} p={:.3} {} {}",
            place + 1,
            explanation.index,
            level.chinese(),
            explanation.probability,
            explanation.id,
            explanation.name.unwrap_or_default()
        )?;
        for contribution in explanation.contributions.iter().take(CONTRIBUTIONS) {
            writeln!(
                text,
                "        {:+.3}  {} {}{} [{}]",
                contribution.weight as f64 / 1e6,
                contribution.category,
                contribution.title,
                value(contribution),
                contribution.bin
            )?;
        }
    }
    Ok(text)
}

/// The value of a feature; a pair and a cap have none of their own.
fn value(contribution: &Contribution) -> String {
    match (&contribution.term, contribution.value) {
        (Some(_), _) => String::new(),
        (None, Some(value)) => format!(" = {value}"),
        (None, None) => " = missing".to_owned(),
    }
}

/// How many enterprises stand at each level.
pub fn levels(lines: &[Line]) -> String {
    let mut text = format!("{} enterprises scored:", lines.len());
    for level in ["red", "orange", "yellow", "blue", "none"] {
        let count = lines.iter().filter(|line| line.level == level).count();
        let _ = write!(text, " {level} {count}");
    }
    text.push('\n');
    text
}

/// Of each kind of model the first split's figures whole, then all kinds side by
/// side: means over all splits.
pub fn evaluations(judged: &[Judged]) -> String {
    let mut text = String::new();
    for Judged { kind, splits } in judged {
        let first = splits.first().map(ToString::to_string);
        let _ = writeln!(text, "{}\n{}", kind.name(), first.unwrap_or_default());
    }
    let splits = judged.first().map_or(0, |judged| judged.splits.len());
    let _ = write!(text, "{:<26}", format!("mean of {splits} splits"));
    for Judged { kind, .. } in judged {
        let _ = write!(text, " {:>10}", kind.name());
    }
    let within = |e: &Evaluation| e.auc_within.map_or(f64::NAN, |figure| figure.value);
    let chance = |e: &Evaluation| e.calibration_chance.map_or(f64::NAN, |figure| figure.value);
    let figures = |e: &Evaluation| {
        [
            ("average precision", e.average_precision.value),
            ("AUC", e.auc.value),
            ("AUC within sectors", within(e)),
            ("best F1", e.f1_best.value),
            ("0.5 P + 0.3 R + 0.2 F1", e.f_weighted.value),
            ("calibration error", e.calibration_error.value),
            ("  by chance alone", chance(e)),
        ]
    };
    let first = judged.first().and_then(|judged| judged.splits.first());
    let names = first.map(figures).into_iter().flatten();
    for (place, (name, _)) in names.enumerate() {
        let mean = |of: &Judged| {
            let sum: f64 = of.splits.iter().map(|e| figures(e)[place].1).sum();
            sum / splits as f64
        };
        let means: Vec<f64> = judged.iter().map(mean).collect();
        if means.iter().all(|mean| mean.is_nan()) {
            continue;
        }
        let _ = write!(text, "\n  {name:<24}");
        for mean in means {
            let _ = write!(text, " {mean:>10.4}");
        }
    }
    text + "\n"
}

/// An explanation as text.
pub fn explanation(records: &Records, found: &crate::explain::Explanation) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} {}",
        found.id,
        found.name.clone().unwrap_or_default()
    );
    let _ = writeln!(
        text,
        "as of {} (epoch {}), model {}, {} sources",
        found.as_of,
        found.epoch,
        found.model,
        records.settings.catalogue.sources().len()
    );
    let _ = writeln!(
        text,
        "index {:.2}  level {}  probability {:.4}  log-odds {:+.6}",
        found.index,
        found.level,
        found.probability,
        found.log_odds as f64 / 1e6
    );
    if let Some(calibrated) = found.calibrated {
        let _ = writeln!(
            text,
            "index and probability are read behind the calibration, at log-odds {:+.6}",
            calibrated as f64 / 1e6
        );
    }
    for trigger in found.contributions.iter().filter(|c| c.hard_trigger) {
        let _ = writeln!(
            text,
            "red by a finding, whatever the score: {} {} ({})",
            trigger.category, trigger.title, trigger.feature
        );
    }
    if let Some(next) = &found.next_level {
        let lacks = next.lacks.join("; ");
        let _ = writeln!(
            text,
            "coverage {:.3}  confidence {:.3}  for {} it lacks: {lacks}",
            found.coverage, found.confidence, next.level
        );
        match &next.cheapest {
            Some(cheapest) => {
                let _ = writeln!(text, "the cheapest evidence for {}:", next.level);
                for line in cheapest.lines() {
                    let _ = writeln!(text, "  {line}");
                }
            }
            None => {
                let _ = writeln!(text, "the cheapest evidence is told under a scorecard only");
            }
        }
    }
    if let Some(silent) = silent(found) {
        let _ = writeln!(text, "{silent}");
    }
    if let Some(incomplete) = &found.incomplete {
        let _ = writeln!(text, "INCOMPLETE: {incomplete}");
    }
    let _ = writeln!(text, "{}", found.notice);
    for (about, line) in crate::explain::brief::lines(&found.brief) {
        let _ = writeln!(text, "{about}  {line}");
    }
    let _ = writeln!(text, "\nby category");
    for subtotal in &found.subtotals {
        let _ = writeln!(
            text,
            "  {} {:+.6}",
            subtotal.category,
            subtotal.weight as f64 / 1e6
        );
    }
    let _ = writeln!(
        text,
        "\n{:+.6}  what every enterprise starts from",
        found.intercept as f64 / 1e6
    );
    if let Some(attribution) = found.attribution {
        let _ = writeln!(text, "{attribution}");
    }
    for contribution in &found.contributions {
        let shapley = contribution.shapley.map(|value| value as f64 / 1e6);
        let shapley = shapley.map(|value| format!("(shapley {value:+.6})  "));
        let _ = writeln!(
            text,
            "{:+.6}  {}{} {} ({}){} [{}]",
            contribution.weight as f64 / 1e6,
            shapley.unwrap_or_default(),
            contribution.category,
            contribution.title,
            contribution.feature,
            value(contribution),
            contribution.bin
        );
        for record in &contribution.records {
            let share = if record.share == 100 {
                String::new()
            } else {
                format!(" at {} %", record.share)
            };
            let via = match crate::explain::way(record) {
                way if way.is_empty() => way,
                way => format!(", by way of {way}"),
            };
            let _ = writeln!(
                text,
                "             {}{share} from {}{via}",
                record.value,
                record.origin()
            );
        }
    }
    let sum: i64 = found.intercept + found.contributions.iter().map(|c| c.weight).sum::<i64>();
    let _ = writeln!(
        text,
        "{:+.6}  sum{}",
        sum as f64 / 1e6,
        if sum == found.log_odds {
            ", the score to the last digit"
        } else {
            ": DIFFERS from the score"
        }
    );
    text
}

/// How many sources of the score are silent, and the first of them.
fn silent(found: &crate::explain::Explanation) -> Option<String> {
    let named: Vec<String> = found
        .silent
        .iter()
        .take(MAX_SILENT)
        .map(|source| match &source.since {
            Some(since) => format!("{} since {since}", source.source),
            None => format!("{} never heard", source.source),
        })
        .collect();
    let more = found.silent.len() - named.len();
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    (!named.is_empty()).then(|| format!("silent sources: {}{more}", named.join(", ")))
}
