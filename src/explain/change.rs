//! Why now: the difference of two instants, feature by feature, and the records
//! that came, went, began, ended or aged between them.
//!
//! Both instants are explained by the model in force, so the differences of the
//! contributions sum to the difference of the two scores, to the last digit. Where
//! other rules were in force then, what was published differs from that; the
//! difference of the published scores is that sum and what the rules made of it.

use super::past::{Origin, Past};
use super::{Explanation, Keys, RecordLine};
use serde::Serialize;
use std::collections::HashMap;

/// Why a record makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// It arrived.
    Came,
    /// It was there and has begun to count: an alias or a link leads on.
    Began,
    /// It was withdrawn.
    Withdrawn,
    /// Another row of its key took its place.
    Corrected,
    /// Its window ended.
    Expired,
    /// It is there and does not count any more: an alias or link ended.
    Ended,
    /// It counts with another value: it aged, or another share of it arrives.
    Changed,
}

impl Why {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Why::Came => "来了 came",
            Why::Began => "开始计入 began to count",
            Why::Withdrawn => "撤回 withdrawn",
            Why::Corrected => "被更正 corrected",
            Why::Expired => "到期 expired",
            Why::Ended => "不再计入 ended",
            Why::Changed => "数值变化 counts otherwise",
        }
    }
}

/// A record that makes a difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moved {
    /// Why.
    pub why: Why,
    /// What it contributed to the value then; none: nothing.
    pub then: Option<f64>,
    /// What it contributes now.
    pub now: Option<f64>,
    /// The record.
    pub record: RecordLine,
}

/// A feature whose contribution, value or records differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The feature.
    pub feature: String,
    /// What people read.
    pub title: String,
    /// The same in English, where that is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_en: Option<String>,
    /// Its category.
    pub category: char,
    /// Its value then; none: missing.
    pub value_then: Option<f64>,
    /// Its value now.
    pub value_now: Option<f64>,
    /// Its part of the score then, micro-log-odds.
    pub weight_then: i64,
    /// Its part now.
    pub weight_now: i64,
    /// What it adds to the difference.
    pub weight: i64,
    /// The records that make it.
    pub records: Vec<Moved>,
}

/// The score of an instant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Instant {
    /// As of which epoch.
    pub epoch: u64,
    /// Its business time.
    pub as_of: String,
    /// By the model in force now, micro-log-odds.
    pub log_odds: i64,
    /// The index that this means.
    pub index: f64,
    /// The level that index and gates give by themselves.
    pub level: String,
    /// What was published, micro-log-odds; none: nothing was.
    pub published: Option<i64>,
}

/// The difference of two instants.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Credit code or opaque identifier.
    pub id: String,
    /// The name.
    pub name: Option<String>,
    /// The model by which both are explained.
    pub model: String,
    /// The earlier instant.
    pub since: Instant,
    /// The later one.
    pub at: Instant,
    /// The difference of the scores, micro-log-odds: of all weights below.
    pub log_odds: i64,
    /// What other rules made of the difference of the published scores, where
    /// both were published: published difference − `log_odds`.
    pub by_rules: Option<i64>,
    /// The largest first.
    pub differences: Vec<Difference>,
    /// What is not in the figures, where a subject is too large to be followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
    /// What this is, and is not.
    pub notice: &'static str,
}

/// Which record, whatever became of it, and with whom it is shared.
type Which = (Origin, Option<String>, Option<String>);

fn origin(line: &RecordLine) -> Origin {
    let (source, file) = (line.source.clone(), line.file.clone());
    (source, file, line.line, line.arrival_ms)
}

fn which(line: &RecordLine) -> Which {
    (origin(line), line.other.clone(), line.shared.clone())
}

/// Compares two explanations by one model. `keys` are those of all records that
/// stand behind the later one: what gave way to one of them was corrected.
pub(super) fn between(
    then: (&Explanation, &Past, Option<i64>),
    now: (&Explanation, &Keys, Option<i64>),
) -> Change {
    let ((earlier, past, published_then), (later, keys, published_now)) = (then, now);
    let today = later.as_of.get(..10).unwrap_or_default();
    let before: HashMap<&str, _> = earlier
        .contributions
        .iter()
        .map(|part| (part.feature.as_str(), part))
        .collect();
    let mut differences = Vec::new();
    for part in &later.contributions {
        let Some(old) = before.get(part.feature.as_str()) else {
            continue;
        };
        let records = moved((&old.records, &part.records), past, keys, today);
        let same = old.weight == part.weight && old.value == part.value && records.is_empty();
        if same {
            continue;
        }
        differences.push(Difference {
            feature: part.feature.clone(),
            title: part.title.clone(),
            title_en: part.title_en.clone(),
            category: part.category,
            value_then: old.value,
            value_now: part.value,
            weight_then: old.weight,
            weight_now: part.weight,
            weight: part.weight - old.weight,
            records,
        });
    }
    differences.sort_by_key(|d| (std::cmp::Reverse(d.weight.abs()), d.feature.clone()));
    let log_odds = later.log_odds - earlier.log_odds;
    let published = published_then.zip(published_now);
    Change {
        id: later.id.clone(),
        name: later.name.clone(),
        model: later.model.clone(),
        since: instant(earlier, published_then),
        at: instant(later, published_now),
        log_odds,
        by_rules: published.map(|(then, now)| now - then - log_odds),
        differences,
        incomplete: later
            .incomplete
            .clone()
            .or_else(|| earlier.incomplete.clone()),
        notice: tocsin_alerts::DISCLAIMER,
    }
}

fn instant(explained: &Explanation, published: Option<i64>) -> Instant {
    Instant {
        epoch: explained.epoch,
        as_of: explained.as_of.clone(),
        log_odds: explained.log_odds,
        index: explained.index,
        level: explained.level.clone(),
        published,
    }
}

/// The records that are behind one of two values and not the other, or otherwise.
fn moved(
    (then, now): (&[RecordLine], &[RecordLine]),
    past: &Past,
    keys: &Keys,
    today: &str,
) -> Vec<Moved> {
    let index = |lines: &[RecordLine]| -> HashMap<Which, Vec<RecordLine>> {
        let mut by_which: HashMap<Which, Vec<RecordLine>> = HashMap::new();
        for line in lines {
            by_which.entry(which(line)).or_default().push(line.clone());
        }
        by_which
    };
    let (old, new) = (index(then), index(now));
    let sum = |lines: &[RecordLine]| lines.iter().map(|line| line.value).sum::<f64>();
    let mut moved = Vec::new();
    for (which, lines) in &new {
        let arrived = lines[0].arrival_ms > past.time_ms;
        let why = match old.get(which) {
            None if arrived => Why::Came,
            None => Why::Began,
            Some(before) if sum(before) == sum(lines) => continue,
            Some(_) => Why::Changed,
        };
        moved.push(Moved {
            why,
            then: old.get(which).map(|before| sum(before)),
            now: Some(sum(lines)),
            record: lines[0].clone(),
        });
    }
    for (_, lines) in old.iter().filter(|(which, _)| !new.contains_key(*which)) {
        let line = &lines[0];
        let gone = past.is_gone(&origin(line));
        let ended = line
            .counts_until
            .as_ref()
            .is_some_and(|until| until.as_str() <= today);
        let replaced = keys.contains(&(line.source.clone(), line.key.clone()));
        let why = match (gone, ended) {
            (true, _) if replaced => Why::Corrected,
            (true, _) => Why::Withdrawn,
            (false, true) => Why::Expired,
            (false, false) => Why::Ended,
        };
        moved.push(Moved {
            why,
            then: Some(sum(lines)),
            now: None,
            record: line.clone(),
        });
    }
    moved.sort_by(|a, b| {
        let place = |moved: &Moved| {
            let record = &moved.record;
            (
                moved.why,
                record.arrival.clone(),
                record.source.clone(),
                record.file.clone(),
                record.line,
            )
        };
        place(a).cmp(&place(b))
    });
    moved
}

/// The difference as text.
pub fn text(change: &Change) -> String {
    let mut text = format!(
        "{} {}\n{}\n",
        change.id,
        change.name.as_deref().unwrap_or(""),
        change.notice
    );
    let mut line = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    for (word, at) in [("since", &change.since), ("at", &change.at)] {
        let published = match at.published {
            Some(published) if published != at.log_odds => {
                format!("  (published then: {:+.6})", micro(published))
            }
            _ => String::new(),
        };
        line(format!(
            "{word:<5} {} (epoch {}): index {:.2}  level {}  log-odds {:+.6}{published}",
            at.as_of,
            at.epoch,
            at.index,
            at.level,
            micro(at.log_odds)
        ));
    }
    line(format!("both by model {}", change.model));
    if let Some(incomplete) = &change.incomplete {
        line(format!("INCOMPLETE: {incomplete}"));
    }
    line(String::new());
    for part in &change.differences {
        line(format!(
            "{:+.6}  {} {} ({}): {} → {}",
            micro(part.weight),
            part.category,
            part.title,
            part.feature,
            value(part.value_then),
            value(part.value_now)
        ));
        for moved in &part.records {
            line(format!(
                "             {}: {} → {} from {}",
                moved.why.words(),
                value(moved.then),
                value(moved.now),
                moved.record.origin()
            ));
        }
    }
    let sum: i64 = change.differences.iter().map(|part| part.weight).sum();
    line(format!(
        "{:+.6}  sum{}",
        micro(sum),
        match sum == change.log_odds {
            true => ", the difference of the scores to the last digit",
            false => ": DIFFERS from the difference of the scores",
        }
    ));
    if let Some(rules) = change.by_rules.filter(|rules| *rules != 0) {
        line(format!(
            "{:+.6}  what other rules made of the difference of the published scores",
            micro(rules)
        ));
    }
    text
}

fn micro(weight: i64) -> f64 {
    weight as f64 / 1e6
}

fn value(value: Option<f64>) -> String {
    value.map_or_else(|| "—".to_owned(), |value| value.to_string())
}
