//! What an explanation says, as people, pages and programs get it.

use super::brief::Brief;
use super::next::Cheapest;
use serde::Serialize;

/// A record behind a contribution.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordLine {
    /// The source.
    pub source: String,
    /// The agency that owns it.
    pub agency: String,
    /// The agency in English, where that is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency_en: Option<String>,
    /// The record's key; what in it names a person is masked.
    pub key: String,
    /// The day it speaks of.
    pub event_date: Option<String>,
    /// The day on which it stops counting.
    pub counts_until: Option<String>,
    /// When it arrived, business time.
    pub arrival: String,
    /// The same in milliseconds UTC.
    #[serde(skip)]
    pub arrival_ms: i64,
    /// The file it came in.
    pub file: String,
    /// Its line there.
    pub line: u64,
    /// What it contributed to the feature's value, after the share.
    pub value: f64,
    /// The share of its value that passed along the links, per cent.
    pub share: i64,
    /// By which alias and links it came, where it does not name the enterprise
    /// itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<Via>,
    /// The other enterprise, where the figure counts enterprises.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
    /// What it shares, and by which kind of link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<String>,
}

impl RecordLine {
    /// Whose it is, what it is known by, when it came and where it lies.
    pub fn origin(&self) -> String {
        let until = self.counts_until.as_ref();
        let until = until.map_or(String::new(), |day| format!(", counts until {day}"));
        format!(
            "{} ({}), key {}, event {}{until}, arrived {}, {}:{}",
            self.source,
            self.agency,
            self.key,
            self.event_date.as_deref().unwrap_or("undated"),
            self.arrival,
            self.file,
            self.line
        )
    }
}

/// A step by which a record came to an enterprise, and the record that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Via {
    /// What is followed: `name`, `registration number` … of an alias, the kind of
    /// a link.
    pub by: String,
    /// The source that says so.
    pub source: String,
    /// The key of its record, masked as all are.
    pub key: String,
    /// The file it came in.
    pub file: String,
    /// Its line there.
    pub line: u64,
}

/// What a signal bears on and rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignalNote {
    /// A1 … H9.
    pub id: String,
    /// The statutory elements it bears on.
    pub elements: Vec<String>,
    /// The rule it rests on.
    pub citation: String,
    /// The ways of raising money in which it is to be expected.
    #[serde(skip)]
    pub typologies: Vec<String>,
}

/// One feature's part of the score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contribution {
    /// The feature.
    pub feature: String,
    /// What people read.
    pub title: String,
    /// The same in English, where that is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_en: Option<String>,
    /// Its category.
    pub category: char,
    /// The signal that it counts, where it counts one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<SignalNote>,
    /// The feature's value; `None` is missing.
    pub value: Option<f64>,
    /// The bin of the scorecard that the value falls into.
    pub bin: String,
    /// Its part of the score, micro-log-odds.
    pub weight: i64,
    /// Its value by Shapley, micro-log-odds, where that was asked for: these, too,
    /// and the intercept sum to the score. A pair's is in those of its features.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shapley: Option<i64>,
    /// What it is, where it is not one feature's part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term: Option<Part>,
    /// Whether it stands and makes the level red by itself.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hard_trigger: bool,
    /// The records behind it.
    pub records: Vec<RecordLine>,
}

/// A part of the score that is no single feature's.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// What two features say together, beyond what each says.
    Pair([String; 2]),
    /// What a category adds beyond its cap (log-odds), taken off.
    Cap(f64),
}

/// Why the level is not the next one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NextLevel {
    /// The next level.
    pub level: String,
    /// What it needs and is not there.
    pub lacks: Vec<String>,
    /// The cheapest evidence that would bring it there; none where the model is
    /// no card of bins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cheapest: Option<Cheapest>,
}

/// A source from which nothing is heard for longer than it declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SilentSource {
    /// The source.
    pub source: String,
    /// When it last delivered; never, where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

/// A score by the model that is scored beside the one in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rival {
    /// Its version.
    pub model: String,
    /// The index, 0 to 100.
    pub index: f64,
    /// The level that index and gates give by themselves.
    pub level: String,
    /// The score, micro-log-odds.
    pub log_odds: i64,
}

/// A category's part of the score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subtotal {
    /// The category's letter.
    pub category: char,
    /// Its part, micro-log-odds.
    pub weight: i64,
}

/// Everything about one score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// Credit code or opaque identifier.
    pub id: String,
    /// The name, where a source has one.
    pub name: Option<String>,
    /// The district, where a source has one.
    pub district: Option<String>,
    /// As of which epoch.
    pub epoch: u64,
    /// Its business time.
    pub as_of: String,
    /// The model's version.
    pub model: String,
    /// The index, 0 to 100.
    pub index: f64,
    /// The level that index and gates give by themselves, before hysteresis.
    pub level: String,
    /// The share of features for which there is a value. Levels ask for it.
    pub coverage: f64,
    /// The share of features that can be relied on: what is empty because those
    /// who would know are silent counts in part. It moves no level.
    pub confidence: f64,
    /// Sources of features from which nothing is heard.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub silent: Vec<SilentSource>,
    /// What the next level needs and is not there; none at red.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_level: Option<NextLevel>,
    /// The probability that the model gives; calibrated where it was trained.
    pub probability: f64,
    /// The score, micro-log-odds: intercept and all weights.
    pub log_odds: i64,
    /// What the score comes to behind the model's calibration, where it has one:
    /// probability and index are read of this, contributions sum to the score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibrated: Option<i64>,
    /// What every enterprise starts from, micro-log-odds.
    pub intercept: i64,
    /// The parts by category.
    pub subtotals: Vec<Subtotal>,
    /// What an official has to know at one glance.
    pub brief: Brief,
    /// What the challenger makes of the same values, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenger: Option<Rival>,
    /// The parts by feature: hard triggers, then the largest effect first.
    pub contributions: Vec<Contribution>,
    /// How many features have sources that the reader may not see: the same of
    /// every enterprise, so it says of none whether there is anything. All figures
    /// here are of the records that may be seen, and of those alone.
    #[serde(skip_serializing_if = "is_zero")]
    pub restricted: usize,
    /// What is not in the figures above, where a subject is too large to be
    /// followed: they may then differ from the published score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
    /// What Shapley's values are and are not, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribution: Option<&'static str>,
    /// What this is, and is not.
    pub notice: &'static str,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}
