//! Whom an office is to check: those of the highest score, and a declared share
//! drawn at random, so that what is found says something of all and not only of
//! those whom the model already suspects.
//!
//! A queue is drawn once for a day and a district, and written down beside the
//! configuration with the chance that each enterprise had to be in it. Drawn again
//! it is the same: the draw is seeded by day and district.

pub mod estimate;
pub mod expected;

use crate::history;
use crate::pipeline::records::Identity;
use crate::time::{day_of, day_text};
use crate::view::View;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use tocsin_alerts::store::HistoryRow;
use tocsin_ingest::fact::{Facts, SubjectKey};
use tocsin_models::BoundModel;
use tokio::runtime::Handle;

/// The name that the whole city goes by among the districts.
const EVERYWHERE: &str = "all";

/// `[queue]`, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSettings {
    /// The share of a queue that is drawn at random, per mille.
    pub audit_per_mille: u32,
    /// Where queues are written down.
    pub folder: PathBuf,
}

/// Why an enterprise is in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// Its score is among the highest.
    Yield,
    /// It was drawn at random from all others.
    Audit,
}

/// One place of a queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Credit code or opaque identifier.
    pub id: String,
    /// The key, in hex.
    pub key: String,
    /// The name.
    pub name: Option<String>,
    /// Why it is here.
    pub why: Why,
    /// Its score, micro-log-odds.
    pub log_odds: i64,
    /// What the score came to behind the model's calibration, where it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibrated: Option<i64>,
    /// The chance it had to be here: `drawn` of `of`; one of one for the highest.
    pub drawn: u64,
    /// See there.
    pub of: u64,
}

impl Place {
    /// The probability that the model gave when the queue was drawn.
    pub fn probability(&self) -> f64 {
        tocsin_models::probability(self.calibrated.unwrap_or(self.log_odds))
    }
}

/// A queue as it was drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// The business day.
    pub day: String,
    /// The district; `all`.
    pub district: String,
    /// The instant of the epoch it was drawn of, milliseconds UTC.
    pub time_ms: i64,
    /// The model's version.
    pub model: String,
    /// How many were asked for; fewer places where there are not so many.
    pub capacity: usize,
    /// The declared share, per mille.
    pub audit_per_mille: u32,
    /// Enterprises that could be drawn: of the district, with a score, without an
    /// outcome so far.
    pub pool: u64,
    /// The highest scores first, then the drawn.
    pub places: Vec<Place>,
}

/// The files of queues that were drawn before a business day.
///
/// # Errors
/// When the folder cannot be listed or a file is no queue.
pub fn drawn_before(folder: &Path, day: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for file in crate::folder::files(folder, "json")? {
        if Queue::read(&file)?.day.as_str() < day {
            found.push(file);
        }
    }
    Ok(found)
}

impl Queue {
    /// The file in which a queue is written down.
    fn file(folder: &Path, day: &str, district: &str) -> PathBuf {
        // A district is no path: what could lead elsewhere is left out.
        let safe = |c: char| if c.is_alphanumeric() { c } else { '_' };
        let district: String = district.chars().map(safe).collect();
        folder.join(format!("{day}-{district}.json"))
    }

    /// Reads the queues of a folder, by day and district; one that is not there
    /// has none.
    ///
    /// # Errors
    /// When the folder cannot be listed or a file is no queue.
    pub fn all(folder: &Path) -> Result<Vec<Queue>> {
        let files = crate::folder::files(folder, "json")?;
        files.iter().map(|file| Queue::read(file)).collect()
    }

    fn read(file: &Path) -> Result<Queue> {
        let name = || format!("queue `{}`", file.display());
        let text = std::fs::read_to_string(file).with_context(name)?;
        serde_json::from_str(&text).with_context(name)
    }
}

/// The queue that was drawn today for a district.
///
/// # Errors
/// When it cannot be read.
pub fn drawn(view: &View, district: Option<&str>) -> Result<Option<Queue>> {
    let day = day_text(day_of(view.status().time_ms));
    let folder = &view.settings().queue.folder;
    let file = Queue::file(folder, &day, district.unwrap_or(EVERYWHERE));
    match file.exists() {
        true => Queue::read(&file).map(Some),
        false => Ok(None),
    }
}

/// Draws the queue of today for a district, or gives the one that was drawn.
///
/// # Errors
/// When another was drawn for the day and district, nobody is left, or something
/// cannot be read.
pub fn draw(
    view: &View,
    runtime: &Handle,
    district: Option<&str>,
    capacity: usize,
) -> Result<Queue> {
    let settings = view.settings();
    let time_ms = view.status().time_ms;
    let day = day_text(day_of(time_ms));
    let name = district.unwrap_or(EVERYWHERE);
    let folder = &settings.queue.folder;
    let file = Queue::file(folder, &day, name);
    if let Some(drawn) = drawn(view, district)? {
        let share = settings.queue.audit_per_mille;
        if (drawn.capacity, drawn.audit_per_mille) != (capacity, share) {
            bail!(
                "`{}` holds the queue of {day} for {name}: a second draw would change the chances; allowed are --capacity {} and audit_share = {}",
                file.display(),
                drawn.capacity,
                f64::from(drawn.audit_per_mille) / 1_000.0
            );
        }
        return Ok(drawn);
    }
    let (pool, identities) = pool(view, runtime, district)?;
    if pool.is_empty() {
        bail!("nobody in {name} has a score and no outcome yet");
    }
    let chosen = choose(
        &pool,
        capacity,
        settings.queue.audit_per_mille,
        &format!("{day} {name}"),
    );
    let model = view.model().filter(BoundModel::is_bent);
    let calibrated = |log_odds| model.as_ref().map(|model| model.calibrated(log_odds));
    let place = |chosen: Chosen| {
        let identity = identities.get(&chosen.enterprise);
        let unknown = Identity::of_key(chosen.enterprise);
        let identity = identity.unwrap_or(&unknown);
        Place {
            id: identity.id.clone(),
            key: format!("{:032x}", chosen.enterprise),
            name: identity.name.clone(),
            why: chosen.why,
            log_odds: chosen.log_odds,
            calibrated: calibrated(chosen.log_odds),
            drawn: chosen.drawn,
            of: chosen.of,
        }
    };
    let queue = Queue {
        district: name.to_owned(),
        time_ms,
        model: view.in_force().model_version().unwrap_or_default(),
        capacity,
        audit_per_mille: settings.queue.audit_per_mille,
        pool: pool.len() as u64,
        places: chosen.into_iter().map(place).collect(),
        day,
    };
    std::fs::create_dir_all(folder).with_context(|| format!("`{}`", folder.display()))?;
    let next = file.with_extension("next");
    std::fs::write(&next, serde_json::to_string_pretty(&queue)?)?;
    std::fs::rename(&next, &file).with_context(|| format!("`{}`", file.display()))?;
    Ok(queue)
}

type Pool = Vec<(SubjectKey, i64)>;

/// Who could be in a queue, and who they are.
fn pool(
    view: &View,
    runtime: &Handle,
    district: Option<&str>,
) -> Result<(Pool, HashMap<SubjectKey, Identity>)> {
    let known = outcomes(view)?;
    let scored = history::latest(view, runtime)?.into_iter();
    let scored = scored.filter(|(_, row): &(_, HistoryRow)| row.index > 0);
    let scored = scored.map(|(key, row)| (SubjectKey(u128::from_be_bytes(key)), row.log_odds));
    let mut pool: Pool = scored.filter(|(key, _)| !known.contains(key)).collect();
    pool.sort_unstable();
    let keys: Vec<SubjectKey> = pool.iter().map(|(key, _)| *key).collect();
    let identities = view.records().identities(&keys)?;
    if let Some(district) = district {
        let lies_there = |key: &SubjectKey| {
            let identity = identities.get(key);
            identity.is_some_and(|identity| identity.district.as_deref() == Some(district))
        };
        let districts: BTreeSet<&str> = identities
            .values()
            .filter_map(|identity| identity.district.as_deref())
            .collect();
        pool.retain(|(key, _)| lies_there(key));
        if pool.is_empty() && !districts.contains(district) {
            let districts: Vec<&str> = districts.into_iter().take(40).collect();
            bail!(
                "no enterprise lies in `{district}`; known are {}",
                districts.join(", ")
            );
        }
    }
    Ok((pool, identities))
}

/// The enterprises whose check has ended.
fn outcomes(view: &View) -> Result<HashSet<SubjectKey>> {
    Ok(ended(view)?
        .into_iter()
        .map(|(enterprise, ..)| enterprise)
        .collect())
}

/// Enterprise, arrival and outcome of every check that has ended.
pub(crate) fn ended(view: &View) -> Result<Vec<(SubjectKey, i64, bool)>> {
    let records = view.records();
    let mut found = Vec::new();
    for segment in records.segments() {
        let source = records.settings.catalogue.source(&segment.source);
        if source.is_none_or(|source| source.outcome.is_none()) {
            continue;
        }
        let counts = |at| records.superseded.is_live(at);
        records.scan(&segment, counts, |record| {
            if record.said.withdraws[record.index] {
                return;
            }
            let mut facts = Facts::default();
            record.said.facts(record.index, &mut facts);
            let outcomes = facts.outcomes.iter();
            found.extend(outcomes.map(|o| (o.subject, record.arrival_ms(), o.positive)));
        })?;
    }
    let mut resolved = Vec::new();
    for (subject, arrival_ms, positive) in found {
        let enterprise = crate::explain::resolve(&records, subject)?;
        resolved.extend(enterprise.map(|key| (key, arrival_ms, positive)));
    }
    resolved.sort_unstable();
    Ok(resolved)
}

/// A place before anybody knows a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Chosen {
    enterprise: SubjectKey,
    log_odds: i64,
    why: Why,
    drawn: u64,
    of: u64,
}

/// The highest scores, then a simple random sample of all others: those whose
/// lots under the seed are least. Another lot decides between equal scores.
fn choose(
    pool: &[(SubjectKey, i64)],
    capacity: usize,
    audit_per_mille: u32,
    seed: &str,
) -> Vec<Chosen> {
    let capacity = capacity.min(pool.len());
    let audited = (capacity as u64 * u64::from(audit_per_mille) + 500) / 1_000;
    // Two lots: who came behind at a tie must not be drawn less often for it.
    let lot = |what: &str, key: SubjectKey| {
        let mut hasher = blake3::Hasher::new();
        hasher
            .update(what.as_bytes())
            .update(seed.as_bytes())
            .update(&key.0.to_be_bytes());
        *hasher.finalize().as_bytes()
    };
    let mut ranked = pool.to_vec();
    ranked.sort_by_cached_key(|(key, log_odds)| (std::cmp::Reverse(*log_odds), lot("tie", *key)));
    let highest = capacity - audited as usize;
    let mut rest = ranked.split_off(highest);
    rest.sort_by_cached_key(|(key, _)| lot("", *key));
    let chosen = |why, drawn: u64, of: u64| {
        move |(enterprise, log_odds)| Chosen {
            enterprise,
            log_odds,
            why,
            drawn,
            of,
        }
    };
    let of = rest.len() as u64;
    let sample = rest.into_iter().take(audited as usize);
    let places = ranked.into_iter().map(chosen(Why::Yield, 1, 1));
    places
        .chain(sample.map(chosen(Why::Audit, audited, of)))
        .collect()
}

/// A queue as text.
pub fn text(queue: &Queue) -> String {
    use std::fmt::Write;
    let audited = queue
        .places
        .iter()
        .filter(|place| place.why == Why::Audit)
        .count();
    let mut text = format!(
        "{}\nqueue of {} for {}: {} of {} enterprises without an outcome, {audited} of them drawn at random; model {}\n",
        tocsin_alerts::DISCLAIMER,
        queue.day,
        queue.district,
        queue.places.len(),
        queue.pool,
        queue.model
    );
    let expected = queue.expected();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "expected to be positive: {:.1} of them, with 95 % {} to {}, as far as the model is calibrated",
        expected.positives, expected.low, expected.high
    );
    for (number, place) in queue.places.iter().enumerate() {
        let why = match place.why {
            Why::Yield => "评分 score ".to_owned(),
            Why::Audit => format!("随机 random, chance {}/{}", place.drawn, place.of),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:>4}. p={:.4} {} {}  {why}",
            number + 1,
            place.probability(),
            place.id,
            place.name.as_deref().unwrap_or("")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pool_of(count: u32) -> Pool {
        (0..count)
            .map(|n| (SubjectKey(u128::from(n) * 7_919), i64::from(n % 97)))
            .collect()
    }

    proptest! {
        #[test]
        fn a_queue_is_the_highest_and_a_sample_of_all_others(
            count in 1..300u32, capacity in 1..60usize, share in 0..=500u32, seed in "[a-c]{1,3}",
        ) {
            let pool = pool_of(count);
            let chosen = choose(&pool, capacity, share, &seed);
            prop_assert_eq!(&chosen, &choose(&pool, capacity, share, &seed));
            prop_assert_eq!(chosen.len(), capacity.min(pool.len()));
            let different: HashSet<SubjectKey> = chosen.iter().map(|c| c.enterprise).collect();
            prop_assert_eq!(different.len(), chosen.len());
            let (highest, drawn): (Vec<&Chosen>, Vec<&Chosen>) = chosen.iter().partition(|c| c.why == Why::Yield);
            let least = highest.iter().map(|c| c.log_odds).min();
            let others = pool.iter().filter(|(key, _)| !highest.iter().any(|c| c.enterprise == *key));
            prop_assert!(least.is_none_or(|least| others.clone().all(|(_, score)| *score <= least)));
            for place in &drawn {
                prop_assert_eq!((place.drawn, place.of), (drawn.len() as u64, others.clone().count() as u64));
            }
        }
    }

    /// Over many days everybody who is not among the highest is drawn about as
    /// often as the chance says.
    #[test]
    fn chances_are_what_they_are_said_to_be() {
        let pool = pool_of(60);
        let mut times: HashMap<SubjectKey, u32> = HashMap::new();
        let days = 4_000;
        let mut chance = 0.0;
        for day in 0..days {
            for place in choose(&pool, 20, 500, &format!("{day} all")) {
                if place.why == Why::Audit {
                    chance = place.drawn as f64 / place.of as f64;
                    *times.entry(place.enterprise).or_default() += 1;
                }
            }
        }
        assert_eq!(times.len(), 50);
        let error = (chance * (1.0 - chance) / f64::from(days)).sqrt();
        for count in times.values() {
            let share = f64::from(*count) / f64::from(days);
            assert!(
                (share - chance).abs() < 4.5 * error,
                "{share} is not {chance}"
            );
        }
    }

    /// Whoever has the lesser key is not always first.
    #[test]
    fn of_equal_scores_every_day_decides_anew() {
        let pool: Pool = (0..40).map(|n| (SubjectKey(n), 7)).collect();
        let first = |day: u32| choose(&pool, 1, 0, &format!("{day} all"))[0].enterprise;
        let firsts: HashSet<SubjectKey> = (0..400).map(first).collect();
        assert_eq!(firsts.len(), 40);
    }
}
