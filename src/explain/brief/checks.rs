//! What to check next, and which agency has it: for every element that is
//! missing the signals that would speak for it, and the sources that raise them.
//! Where all elements are there, the categories that the next level lacks.

use super::elements::{Element, bears_on, is_evidence};
use super::{Given, Likely};
use crate::clearance::sensitivity;
use crate::explain::Contribution;
use serde::Serialize;

/// Signals named for one gap.
const SIGNALS: usize = 3;
/// Sources named for one signal.
const SOURCES: usize = 3;

/// Something that is not evidenced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextCheck {
    /// The element or category that is missing.
    pub missing: String,
    /// What would speak for it: the signal, or the feature where none is declared.
    pub look_for: String,
    /// What people read.
    pub title: String,
    /// The same in English, where that is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_en: Option<String>,
    /// The rule it rests on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub citation: String,
    /// Who has it.
    pub ask: Vec<Holder>,
}

/// Who has what is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// The agency.
    pub agency: String,
    /// Its resource.
    pub resource: String,
    /// The agency in English, where that is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency_en: Option<String>,
    /// The resource in English, where that is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_en: Option<String>,
    /// The source.
    pub source: String,
    /// Whether it is silent: then that it says nothing means little.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub silent: bool,
}

pub(super) fn next_checks(
    given: &Given<'_>,
    elements: &[Element],
    likeliest: Option<&Likely>,
) -> Vec<NextCheck> {
    let mut checks = Vec::new();
    for element in elements.iter().filter(|element| !element.evidenced) {
        let helps = |part: &Contribution| bears_on(part, element.name);
        checks.extend(gap(given, element.name, &helps, likeliest));
    }
    if checks.is_empty() {
        for category in &given.wanted_categories {
            let helps = |part: &Contribution| part.category == *category;
            checks.extend(gap(given, &category.to_string(), &helps, likeliest));
        }
    }
    checks
}

/// What would fill a gap: first what the likeliest scheme would show, and of that
/// what fits the fewest others.
fn gap(
    given: &Given<'_>,
    missing: &str,
    helps: &dyn Fn(&Contribution) -> bool,
    likeliest: Option<&Likely>,
) -> Vec<NextCheck> {
    let features = given.settings.features.iter();
    let part_of = |name: &str| given.contributions.iter().find(|part| part.feature == name);
    // In the order of declaration, whatever the weights.
    let parts = features.filter_map(|feature| part_of(&feature.spec.name));
    let mut parts: Vec<&Contribution> = parts
        .filter(|part| !is_evidence(part) && helps(part))
        .collect();
    parts.sort_by_key(|part| {
        let fits = part.signal.as_ref().map(|signal| &signal.typologies);
        let expected = fits
            .zip(likeliest)
            .is_some_and(|(fits, likely)| fits.contains(&likely.id));
        (!expected, fits.map_or(usize::MAX, Vec::len))
    });
    let mut checks: Vec<NextCheck> = Vec::new();
    for part in parts {
        let check = check(given, missing, part);
        let known = checks.iter().any(|known| known.look_for == check.look_for);
        if !known && !check.ask.is_empty() {
            checks.push(check);
        }
        if checks.len() == SIGNALS {
            break;
        }
    }
    checks
}

fn check(given: &Given<'_>, missing: &str, part: &Contribution) -> NextCheck {
    let signal = part.signal.as_ref();
    let declared = signal.and_then(|note| given.settings.signal(&note.id));
    let title = declared.map_or_else(|| part.title.clone(), |signal| signal.title.clone());
    NextCheck {
        missing: missing.to_owned(),
        look_for: signal.map_or_else(|| part.feature.clone(), |note| note.id.clone()),
        title_en: given.settings.names.english(&title),
        title,
        citation: declared.map_or_else(String::new, |signal| signal.citation.clone()),
        ask: holders(given, &part.feature),
    }
}

/// The sources that feed a feature; those from which something is heard first.
fn holders(given: &Given<'_>, feature: &str) -> Vec<Holder> {
    let mut features = given.settings.features.iter();
    let Some(feature) = features.find(|known| known.spec.name == feature) else {
        return Vec::new();
    };
    let slots = given.settings.catalogue.slots();
    // What groups and graphs fill has no source of its own.
    let sources = feature.slots.iter();
    let sources = sources.filter_map(|slot| Some(slots.get(usize::from(*slot))?.source));
    // A reader is sent to nobody whose records they may not see.
    let all = given.settings.catalogue.sources();
    let shown = |source: &usize| sensitivity(&all[*source]) <= given.clearance;
    let mut sources: Vec<usize> = sources.map(usize::from).filter(shown).collect();
    sources.dedup();
    sources.sort_by_key(|source| given.silent.contains(source));
    let holder = |place: usize| {
        let source = &all[place];
        Holder {
            agency: source.agency.clone(),
            resource: source.resource.clone(),
            agency_en: given.settings.names.english(&source.agency),
            resource_en: source.resource_en.clone(),
            source: source.id.clone(),
            silent: given.silent.contains(&place),
        }
    };
    sources.into_iter().take(SOURCES).map(holder).collect()
}
