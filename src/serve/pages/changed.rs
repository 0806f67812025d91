//! Why now and why not, as lines of a page: what changed between two instants, and
//! the cheapest evidence for the next level.

use super::rows::LevelMark;
use super::sources;
use crate::explain::Explanation;
use crate::explain::change::{Change, Instant, Moved};
use crate::explain::next::Cheapest;
use crate::serve::text;
use crate::serve::words::{either, say, t};
use tocsin_alerts::level::Level;

/// What changed since a day.
#[derive(Default)]
pub(super) struct ChangeCard {
    pub(super) since: String,
    /// Why nothing can be told; the rest is empty then.
    pub(super) fault: String,
    /// Then and now.
    pub(super) instants: Vec<InstantRow>,
    pub(super) model: String,
    /// What is not in the figures.
    pub(super) incomplete: String,
    pub(super) parts: Vec<PartRow>,
    pub(super) sum: String,
    /// Whether they sum to the difference of the scores, to the last digit.
    pub(super) holds: bool,
    /// What other rules made of the difference of the published scores.
    pub(super) by_rules: String,
}

/// One of two instants.
pub(super) struct InstantRow {
    pub(super) time: String,
    pub(super) epoch: String,
    pub(super) index: String,
    pub(super) level: LevelMark,
    pub(super) log_odds: String,
    /// What was published then, where that was another score.
    pub(super) published: String,
}

/// A feature that differs.
pub(super) struct PartRow {
    pub(super) weight: String,
    pub(super) letter: char,
    pub(super) title: String,
    pub(super) feature: String,
    pub(super) values: String,
    pub(super) records: Vec<MovedRow>,
}

/// A record that makes a difference.
pub(super) struct MovedRow {
    pub(super) why: &'static str,
    pub(super) values: String,
    pub(super) source: String,
    pub(super) path: String,
    pub(super) agency: String,
    pub(super) key: String,
    pub(super) event_date: String,
    pub(super) arrival: String,
}

impl ChangeCard {
    /// That nothing can be told since then, and why.
    pub(super) fn of_fault(since: String, fault: String) -> ChangeCard {
        ChangeCard {
            since,
            fault,
            ..ChangeCard::default()
        }
    }

    pub(super) fn of(since: String, change: &Change) -> ChangeCard {
        let sum: i64 = change.differences.iter().map(|part| part.weight).sum();
        let rules = change.by_rules.filter(|rules| *rules != 0);
        let part = |of: &crate::explain::change::Difference| PartRow {
            weight: text::log_odds(of.weight),
            letter: of.category,
            title: of.title.clone(),
            feature: of.feature.clone(),
            values: values(of.value_then, of.value_now),
            records: of.records.iter().map(moved).collect(),
        };
        ChangeCard {
            since,
            fault: String::new(),
            instants: vec![instant(&change.since), instant(&change.at)],
            model: change.model.clone(),
            incomplete: change.incomplete.clone().unwrap_or_default(),
            parts: change.differences.iter().map(part).collect(),
            sum: text::log_odds(sum),
            holds: sum == change.log_odds,
            by_rules: rules.map_or_else(String::new, text::log_odds),
        }
    }
}

fn instant(of: &Instant) -> InstantRow {
    let other = of.published.filter(|published| *published != of.log_odds);
    InstantRow {
        time: text::short_time(&of.as_of),
        epoch: text::count(of.epoch),
        index: format!("{:.2}", of.index),
        level: Level::from_name(&of.level).unwrap_or_default().into(),
        log_odds: text::log_odds(of.log_odds),
        published: other.map_or_else(String::new, text::log_odds),
    }
}

fn moved(of: &Moved) -> MovedRow {
    let both = of.why.words();
    let (chinese, english) = both.split_once(' ').unwrap_or((both, both));
    let record = &of.record;
    MovedRow {
        why: either(chinese, english),
        values: values(of.then, of.now),
        source: record.source.clone(),
        path: sources::path(&record.source),
        agency: record.agency.clone(),
        key: record.key.clone(),
        event_date: record.event_date.clone().unwrap_or_else(|| "—".to_owned()),
        arrival: text::short_time(&record.arrival),
    }
}

fn values(then: Option<f64>, now: Option<f64>) -> String {
    let value = |of: Option<f64>| of.map_or_else(|| "—".to_owned(), |of| of.to_string());
    format!("{} → {}", value(then), value(now))
}

/// What the next level would take.
pub(super) struct CheapestCard {
    pub(super) level: LevelMark,
    /// Whether the model can tell.
    pub(super) told: bool,
    pub(super) steps: Vec<StepRow>,
    /// What they come to, and how sure that is.
    pub(super) sure: String,
}

/// One change that is needed.
pub(super) struct StepRow {
    pub(super) gain: String,
    pub(super) letter: char,
    pub(super) title: String,
    pub(super) feature: String,
    pub(super) values: String,
    pub(super) bin: String,
    /// Who would have to say it; empty: anybody.
    pub(super) agency: String,
}

/// The next level, and what would bring it there where the model can tell.
pub(super) fn cheapest(explanation: &Explanation) -> Option<CheapestCard> {
    let next = explanation.next_level.as_ref()?;
    let cheapest = next.cheapest.as_ref();
    let step = |of: &crate::explain::next::Change| StepRow {
        gain: text::log_odds(of.gain),
        letter: of.category,
        title: of.title.clone(),
        feature: of.feature.clone(),
        values: values(of.from, Some(of.to)),
        bin: of.bin.clone(),
        agency: of.agency.clone().unwrap_or_default(),
    };
    Some(CheapestCard {
        level: Level::from_name(&next.level).unwrap_or_default().into(),
        told: cheapest.is_some(),
        steps: cheapest.map_or_else(Vec::new, |of| of.changes.iter().map(step).collect()),
        sure: cheapest.map_or_else(String::new, sure),
    })
}

fn sure(cheapest: &Cheapest) -> String {
    let sure = match cheapest.exact {
        true => t("all sets of changes were considered"),
        false => t("the search was cut off: a cheaper set may exist"),
    };
    match cheapest.index {
        Some(index) => say("index {0} then; {1}", &[&format!("{index:.2}"), sure]),
        None => say(
            "no set of at most {0} changes reaches it; {1}",
            &[&cheapest.bound.to_string(), sure],
        ),
    }
}
