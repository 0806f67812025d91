//! A group: who belongs to it, what its members share, and which part each has.
//!
//! The parts follow from what stands behind a member's own score, by rules that
//! anybody can check: evidence of funds makes a collector, of inducement or reach
//! a front, the most shared subjects make a core; who is registered, has nothing
//! of these and hardly a record is a shell.

use super::gathered::Gathered;
use crate::fold::Folded;
use crate::masking::mark;
use crate::pipeline::records::{Identity, Records};
use crate::witness;
use anyhow::Result;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use tocsin_alerts::level::{Assessment, Level, level_of};
use tocsin_ingest::fact::SubjectKey;
use tocsin_models::{BoundModel, Category};

/// Who has more records than this is no shell.
const FEW_RECORDS: i64 = 10;
/// Who shares fewer subjects than this is no core.
const CORE_SHARES: usize = 2;

/// What a member does in its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Category D stands behind its score: money gathers there.
    Collector,
    /// Category B or C does: the public meets it.
    Front,
    /// Nobody of the group shares more subjects with others, and it shares two.
    Core,
    /// Registered, none of these, and few records of its own.
    Shell,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Member {
    /// Credit code or opaque identifier.
    pub id: String,
    /// The name, where a source has one.
    pub name: Option<String>,
    /// The district, where a source has one.
    pub district: Option<String>,
    /// Whether a registering source names it; others have no score.
    pub registered: bool,
    /// Its own index, 0 to 100; null: not registered.
    pub index: Option<f64>,
    /// Its own score, micro-log-odds.
    pub log_odds: Option<i64>,
    /// By its own score and gates.
    pub level: Level,
    /// What it does in the group; several may hold, or none.
    pub parts: Vec<Part>,
    /// Records that speak of it.
    pub records: i64,
    /// Subjects that it shares with others of the group.
    pub shares: usize,
}

/// A subject that holds a group together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SharedSubject {
    /// The kind of link.
    pub link: String,
    /// Its kind and the beginning of its pseudonym.
    pub subject: String,
    /// How many share it.
    pub members: usize,
    /// The members that share it, by their identifiers.
    pub by: Vec<String>,
}

/// A group by its members' records.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ring {
    /// Its members, those with the highest scores first.
    pub members: Vec<Member>,
    /// What they share, what most share first.
    pub shared: Vec<SharedSubject>,
}

/// Describes the group of `members` as of `time_ms`.
///
/// # Errors
/// When the landing cannot be read.
pub fn ring(
    records: &Records,
    model: &BoundModel,
    members: &BTreeSet<SubjectKey>,
    time_ms: i64,
) -> Result<Ring> {
    let gathered = Gathered::of_group(records, members, time_ms)?;
    let (folded, _, identities) = gathered.finish();
    let within = |sharers: &BTreeSet<SubjectKey>| -> Vec<String> {
        let sharers = sharers.intersection(members);
        sharers.map(|key| Identity::of_key(*key).id).collect()
    };
    let mut shared: Vec<SharedSubject> = Vec::new();
    let mut shares: BTreeMap<SubjectKey, usize> = BTreeMap::new();
    let graph = records.settings.association.as_ref();
    for ((place, subject), sharers) in folded.shared() {
        let kind = graph.and_then(|graph| graph.def.shared.get(*place));
        let by = within(sharers);
        let Some(kind) = kind.filter(|_| by.len() > 1) else {
            continue;
        };
        for member in sharers {
            *shares.entry(*member).or_default() += 1;
        }
        shared.push(SharedSubject {
            link: records.settings.link_kinds[usize::from(kind.link)]
                .name
                .clone(),
            subject: mark(*subject),
            members: by.len(),
            by,
        });
    }
    shared.sort_by(|a, b| {
        b.members
            .cmp(&a.members)
            .then_with(|| a.subject.cmp(&b.subject))
    });
    let most = shares.values().copied().max().unwrap_or(0).max(CORE_SHARES);
    let member = |(key, identity): (SubjectKey, Identity)| {
        let shares = shares.get(&key).copied().unwrap_or(0);
        describe(records, model, &folded, (key, identity), (shares, most))
    };
    let mut members: Vec<Member> = identities.into_iter().map(member).collect();
    members.sort_by(|a, b| b.log_odds.cmp(&a.log_odds).then_with(|| a.id.cmp(&b.id)));
    Ok(Ring { members, shared })
}

fn describe(
    records: &Records,
    model: &BoundModel,
    folded: &Folded<'_>,
    (key, identity): (SubjectKey, Identity),
    (shares, most): (usize, usize),
) -> Member {
    let settings = &records.settings;
    let registered = folded.is_registered(key);
    let figures = witness::assess(settings, key, folded, model, &folded.features(key));
    let mentions = settings.catalogue.sources().iter();
    let mentions = mentions.map(|source| settings.catalogue.range(source).mention);
    let own = mentions.map(|slot| folded.total(key, slot).count).sum();
    Member {
        id: identity.id,
        name: identity.name,
        district: identity.district,
        registered,
        index: registered.then(|| f64::from(figures.index) / 100.0),
        log_odds: registered.then_some(figures.log_odds),
        level: match registered {
            true => level_of(&figures, &settings.policy),
            false => Level::None,
        },
        parts: parts(&figures, registered, own, shares >= most),
        records: own,
        shares,
    }
}

/// The parts that hold, by the rules above.
fn parts(figures: &Assessment, registered: bool, records: i64, most: bool) -> Vec<Part> {
    let stands = |category: Category| figures.categories >> category.index() & 1 == 1;
    let mut parts = Vec::new();
    if registered && stands(Category::D) {
        parts.push(Part::Collector);
    }
    if registered && (stands(Category::B) || stands(Category::C)) {
        parts.push(Part::Front);
    }
    if most {
        parts.push(Part::Core);
    }
    if parts.is_empty() && registered && records <= FEW_RECORDS {
        parts.push(Part::Shell);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(categories: &[Category], records: i64, most: bool, expected: &[Part]) {
        let bits = categories.iter().fold(0, |bits, c| bits | 1 << c.index());
        let figures = Assessment {
            categories: bits,
            ..Assessment::default()
        };
        assert_eq!(parts(&figures, true, records, most), expected);
    }

    #[test]
    fn parts_follow_from_what_stands_behind_the_score() {
        check(&[Category::D], 3, false, &[Part::Collector]);
        check(
            &[Category::B, Category::D],
            3,
            true,
            &[Part::Collector, Part::Front, Part::Core],
        );
        check(&[Category::C, Category::G], 90, false, &[Part::Front]);
        check(&[Category::G], FEW_RECORDS, false, &[Part::Shell]);
        check(&[Category::G], FEW_RECORDS + 1, false, &[]);
        check(&[], 1, true, &[Part::Core]);
        assert_eq!(parts(&Assessment::default(), false, 1, false), []);
    }
}
