//! What kind of scheme the evidence speaks for.
//!
//! A signal says in which ways of raising money it is to be expected. What it adds
//! to the score is shared among those: one that fits ten of them tells them apart
//! less than one that fits two.

use super::elements::adds;
use crate::config::Settings;
use crate::explain::Contribution;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The most that are named.
const MOST: usize = 3;

/// A way of raising money, and what speaks for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Likely {
    /// As `signals.toml` names it.
    pub id: String,
    /// What people read.
    pub title: String,
    /// The same in English, where that is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_en: Option<String>,
    /// Its share of the evidence that fits any, per cent. It is no probability.
    pub share: f64,
    /// The signals that speak for it, the strongest first.
    pub signals: Vec<String>,
}

/// The likeliest, the likeliest first; none where no signal says.
pub(super) fn likely(settings: &Settings, contributions: &[Contribution]) -> Vec<Likely> {
    let mut support: BTreeMap<&str, (i64, Vec<&str>)> = BTreeMap::new();
    for part in contributions.iter().filter(|part| adds(part)) {
        let Some(signal) = &part.signal else {
            continue;
        };
        let fits = signal.typologies.len().max(1) as i64;
        for typology in &signal.typologies {
            let (sum, signals) = support.entry(typology).or_default();
            *sum += part.weight / fits;
            if !signals.contains(&signal.id.as_str()) {
                signals.push(&signal.id);
            }
        }
    }
    let all: i64 = support.values().map(|(sum, _)| sum).sum();
    let mut ranked: Vec<_> = support.into_iter().collect();
    ranked.sort_by_key(|(id, (sum, _))| (Reverse(*sum), *id));
    let likely = |(id, (sum, signals)): (&str, (i64, Vec<&str>))| Likely {
        id: id.to_owned(),
        title: title(settings, id),
        title_en: settings.names.english(&title(settings, id)),
        share: (sum as f64 * 1_000.0 / all.max(1) as f64).round() / 10.0,
        signals: signals.into_iter().map(str::to_owned).collect(),
    };
    ranked.into_iter().take(MOST).map(likely).collect()
}

fn title(settings: &Settings, id: &str) -> String {
    let known = settings.law.typologies.iter().find(|known| known.id == id);
    known.map_or_else(|| id.to_owned(), |known| known.title.clone())
}
