//! An explanation as lines of a page: contributions, the records behind them,
//! and the sum to the last digit.

use crate::explain::brief;
use crate::explain::{Contribution, Explanation, Part, RecordLine, SignalNote};
use crate::serve::chart::{self, Bar};
use crate::serve::text;
use crate::serve::words::{Lang, either, say, t};

/// Records shown behind one contribution; the API gives all.
const MAX_RECORDS: usize = 200;

/// One contribution.
pub(super) struct ContributionRow {
    pub(super) letter: char,
    pub(super) category: &'static str,
    pub(super) title: String,
    pub(super) feature: String,
    pub(super) value: String,
    pub(super) bin: String,
    pub(super) weight: String,
    pub(super) bar: String,
    /// What the signal behind it bears on and rests on.
    pub(super) basis: String,
    /// Whether it is what a cap takes off, behind which there are no records.
    pub(super) is_cap: bool,
    /// Whether there is a value; without records it comes along links.
    pub(super) linked: bool,
    pub(super) count: usize,
    pub(super) records: Vec<RecordRow>,
    /// How many records are not shown.
    pub(super) more: usize,
}

/// One record.
pub(super) struct RecordRow {
    pub(super) source: String,
    pub(super) path: String,
    pub(super) agency: String,
    pub(super) key: String,
    pub(super) event_date: String,
    pub(super) counts_until: String,
    pub(super) arrival: String,
    pub(super) place: String,
    pub(super) value: String,
    pub(super) share: String,
    pub(super) via: String,
}

/// Intercept and contributions beside the score.
pub(super) struct Check {
    pub(super) intercept: String,
    pub(super) sum: String,
    pub(super) score: String,
    /// They are equal, to the last digit.
    pub(super) holds: bool,
    /// The score is the one last published.
    pub(super) agrees: bool,
}

impl Check {
    pub(super) fn of(explanation: &Explanation, agrees: bool) -> Check {
        let sum: i64 = explanation
            .contributions
            .iter()
            .map(|part| part.weight)
            .sum();
        Check {
            intercept: text::log_odds(explanation.intercept),
            sum: text::log_odds(sum),
            score: text::log_odds(explanation.log_odds),
            holds: explanation.intercept + sum == explanation.log_odds,
            agrees,
        }
    }
}

/// The contributions: first those that count, then those that do not.
pub(super) fn contributions(
    explanation: &Explanation,
) -> (Vec<ContributionRow>, Vec<ContributionRow>) {
    let parts = &explanation.contributions;
    let largest = parts
        .iter()
        .map(|part| part.weight.unsigned_abs())
        .max()
        .unwrap_or(0);
    let rows = |counting: bool| {
        let parts = parts
            .iter()
            .filter(|part| (part.weight != 0 || part.hard_trigger) == counting);
        parts.map(|part| row(part, largest)).collect()
    };
    (rows(true), rows(false))
}

fn row(part: &Contribution, largest: u64) -> ContributionRow {
    let shown = part.records.iter().take(MAX_RECORDS);
    ContributionRow {
        letter: part.category,
        category: text::category(part.category),
        title: part.title.clone(),
        feature: part.feature.clone(),
        value: match (&part.term, part.value) {
            (Some(_), _) => String::new(),
            (None, Some(value)) => value.to_string(),
            (None, None) => t("missing").to_owned(),
        },
        bin: part.bin.clone(),
        weight: match part.weight {
            0 if part.hard_trigger => t(text::HARD_TRIGGER).to_owned(),
            weight => text::log_odds(weight),
        },
        bar: chart::cell(part.weight, largest),
        basis: said(part),
        is_cap: matches!(part.term, Some(Part::Cap(_))),
        linked: part.value.is_some_and(|value| value > 0.0),
        count: part.records.len(),
        records: shown.map(record).collect(),
        more: part.records.len().saturating_sub(MAX_RECORDS),
    }
}

/// What stands behind a part, in one line.
fn said(part: &Contribution) -> String {
    match (&part.term, &part.signal) {
        (Some(Part::Cap(limit)), _) => say(
            "these features together add at most {0}; what is beyond is taken off",
            &[&format!("{limit:+.6}")],
        ),
        (Some(Part::Pair(_)), _) => {
            t("what the two say together beyond what each says; half counts for either category")
                .to_owned()
        }
        (None, Some(signal)) => basis(signal),
        (None, None) => String::new(),
    }
}

/// The signal, its elements and what it rests on, in one line.
fn basis(signal: &SignalNote) -> String {
    let elements = signal.elements.iter().map(String::as_str);
    let elements: Vec<&str> = match Lang::now() {
        Lang::Chinese => elements.collect(),
        Lang::English => elements
            .map(|element| brief::english(element).unwrap_or(element))
            .collect(),
    };
    let elements = elements.join(either("、", ", "));
    let parts = [signal.id.as_str(), &elements, &signal.citation];
    let said = parts.into_iter().filter(|part| !part.is_empty());
    said.collect::<Vec<_>>().join(" · ")
}

fn record(line: &RecordLine) -> RecordRow {
    let day = |day: &Option<String>, none: &str| day.clone().unwrap_or_else(|| none.to_owned());
    RecordRow {
        path: super::sources::path(&line.source),
        source: line.source.clone(),
        agency: line.agency.clone(),
        key: line.key.clone(),
        event_date: day(&line.event_date, "—"),
        counts_until: day(&line.counts_until, t("always")),
        arrival: text::short_time(&line.arrival),
        place: format!("{}:{}", line.file, line.line),
        value: line.value.to_string(),
        share: format!("{} %", line.share),
        via: crate::explain::way(line),
    }
}

/// From the intercept over the categories to the score; those without weight are
/// left out.
pub(super) fn waterfall(explanation: &Explanation) -> String {
    let bar = |(letter, chinese, english): (char, &str, &str)| {
        let mut parts = explanation.subtotals.iter();
        let subtotal = parts.find(|part| part.category == letter)?;
        (subtotal.weight != 0).then(|| Bar {
            label: format!("{letter} {}", either(chinese, english)),
            weight: subtotal.weight,
        })
    };
    let start = Bar {
        label: t("intercept").to_owned(),
        weight: explanation.intercept,
    };
    let bars: Vec<Bar> = text::CATEGORIES.into_iter().filter_map(bar).collect();
    chart::waterfall(&start, &bars, t("score"))
}
