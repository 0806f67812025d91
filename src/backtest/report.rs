//! What a back-test found, as figures with intervals and as text.

use crate::truth;
use serde::Serialize;
use std::fmt;
use tocsin_models::Figure;

/// A back-test's findings.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// How many were looked at in each period.
    pub capacity: usize,
    /// How far ahead outcomes were awaited, in days.
    pub horizon_days: u16,
    /// What happened in each period.
    pub periods: Vec<Period>,
    /// Over all periods, with 95 % intervals over enterprises.
    pub overall: Overall,
    /// How early those found positive had a task.
    pub lead: Lead,
    /// By the truth of a simulated city, where one was given.
    pub truth: Option<truth::Report>,
}

/// One instant, and what came within the horizon after it.
#[derive(Debug, Clone, Serialize)]
pub struct Period {
    /// The day as of whose beginning everything is known.
    pub day: String,
    /// Whether the horizon has passed: more outcomes may come otherwise.
    pub complete: bool,
    /// The model that scored.
    pub model: String,
    /// Outcomes it was trained on, where it was trained here; then the positive.
    pub trained_on: Option<(usize, usize)>,
    /// Enterprises with a score.
    pub enterprises: usize,
    /// Those at each level, from blue to red.
    pub levels: [usize; 4],
    /// Those that have a task and had none at the instant before.
    pub new_tasks: usize,
    /// Enterprises with an outcome within the horizon.
    pub checked: usize,
    /// Those found positive.
    pub positive: usize,
    /// Of the first so many as can be checked, those with an outcome …
    pub top_checked: usize,
    /// … and those found positive.
    pub top_positive: usize,
    /// The share of the first so many that were among them at the instant
    /// before; none at the first.
    pub kept: Option<f64>,
    /// Population stability index of the scores against the instant before.
    pub stability: Option<f64>,
}

/// Figures over all periods. An enterprise may count in several.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Overall {
    /// The share of the places that went to an enterprise found positive within
    /// the horizon: a lower bound, since not all of them were checked.
    pub found: Option<Figure>,
    /// The same among those of them that were checked.
    pub precision: Option<Figure>,
    /// The share of the positive that were among the first.
    pub recall: Option<Figure>,
    /// Area under the curve among the checked.
    pub auc: Option<Figure>,
}

/// How early enterprises found positive had a task.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Lead {
    /// Enterprises found positive after the first instant.
    pub positive: usize,
    /// Those with a task before.
    pub with_task: usize,
    /// Days from the task to the outcome.
    pub days: Option<truth::Quartiles>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "as of the beginning of each day; outcomes within {} days after it; the first {} enterprises",
            self.horizon_days, self.capacity
        )?;
        writeln!(
            f,
            "{:<10} {:>9} {:>8} {:>8} {:>8} {:>8} {:>6} {:>7} {:>8} {:>9} {:>8} {:>6} {:>7}",
            "day",
            "scored",
            "blue",
            "yellow",
            "orange",
            "red",
            "new",
            "checked",
            "positive",
            "top",
            "trained",
            "kept",
            "psi"
        )?;
        for period in &self.periods {
            period.line(f)?;
        }
        if self.periods.iter().any(|period| !period.complete) {
            writeln!(f, "* the horizon has not passed: outcomes may still come")?;
        }
        let overall = &self.overall;
        for (what, figure) in [
            ("places that found one", overall.found),
            ("precision of the checked", overall.precision),
            ("recall", overall.recall),
            ("AUC of the checked", overall.auc),
        ] {
            if let Some(Figure { value, low, high }) = figure {
                writeln!(f, "{what:<26} {value:.3}  ({low:.3} to {high:.3})")?;
            }
        }
        let Lead {
            positive,
            with_task,
            days,
        } = self.lead;
        write!(
            f,
            "{with_task} of {positive} found positive had a task before"
        )?;
        match days {
            Some(days) => writeln!(
                f,
                ": median {} days, quartiles {} to {}",
                days.median, days.first, days.third
            )?,
            None => writeln!(f)?,
        }
        match &self.truth {
            Some(truth) => write!(f, "\nby the truth:\n{truth}"),
            None => Ok(()),
        }
    }
}

impl Period {
    fn line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [blue, yellow, orange, red] = self.levels;
        let top = format!("{}/{}", self.top_positive, self.top_checked);
        let trained = self.trained_on.map_or_else(
            || "-".to_owned(),
            |(all, positive)| format!("{positive}/{all}"),
        );
        let share =
            |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |s| format!("{s:.2}"));
        writeln!(
            f,
            "{:<11} {:>8} {blue:>8} {yellow:>8} {orange:>8} {red:>8} {:>6} {:>7} {:>8} {top:>9} {trained:>8} {:>6} {:>7}",
            format!("{}{}", self.day, if self.complete { "" } else { "*" }),
            self.enterprises,
            self.new_tasks,
            self.checked,
            self.positive,
            share(self.kept),
            self.stability
                .map_or_else(|| "-".to_owned(), |s| format!("{s:.3}")),
        )
    }
}
