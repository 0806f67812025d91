//! How large a scheme is as far as records say, and how far that is from the
//! thresholds of the law.
//!
//! Every figure is one end of an interval. Sources may speak of the same money
//! and the same people, so figures of different sources are never added: the
//! lower end is the greatest of the lower ends, the upper end the greatest of the
//! upper ones. What nobody says stays unknown.

use super::elements::adds;
use crate::config::Settings;
use crate::config::signals::Threshold;
use crate::explain::Contribution;
use serde::Serialize;
use std::collections::BTreeMap;
use tocsin_ingest::source::{Bound, Combine, Quantity, QuantityKind};

/// What one record says of one quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::explain) struct Figure {
    /// The source, by its place.
    pub(in crate::explain) source: u16,
    /// The quantity, by its place in the source's declaration.
    pub(in crate::explain) quantity: usize,
    /// Fen or people.
    pub(in crate::explain) value: i64,
    /// The share at which the record came to the enterprise, per cent.
    pub(in crate::explain) share: i64,
}

/// What a source says of a quantity.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Said {
    /// The source.
    pub source: String,
    /// The agency that owns it.
    pub agency: String,
    /// `at_least` or `at_most`.
    pub says: &'static str,
    /// Yuan or people.
    pub value: f64,
    /// How many records it is made of.
    pub records: usize,
}

/// A quantity as an interval; an end that nobody says is unknown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Extent {
    /// `amount`, `people` or `loss`.
    pub quantity: &'static str,
    /// What people read.
    pub title: &'static str,
    /// `yuan` or `people`.
    pub unit: &'static str,
    /// It is so much or more.
    pub at_least: Option<f64>,
    /// Of what is reported it is so much or less.
    pub at_most: Option<f64>,
    /// Who says so.
    pub said_by: Vec<Said>,
}

/// How a quantity stands to a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The lower end reaches it.
    Reached,
    /// Between the ends: it may be reached.
    Possible,
    /// The upper end does not reach it, of what is reported.
    Below,
    /// Nobody says enough.
    Unknown,
}

/// The distance of a quantity to a threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Distance {
    /// What follows from it.
    pub title: String,
    /// The same in English, where that is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_en: Option<String>,
    /// The rule.
    pub citation: String,
    /// `amount`, `people` or `loss`.
    pub quantity: &'static str,
    /// The threshold: yuan or people.
    pub at: f64,
    /// How it stands.
    pub state: State,
    /// So much is missing at least; unknown without an upper end.
    pub missing_at_least: Option<f64>,
    /// So much is missing at most; unknown without a lower end.
    pub missing_at_most: Option<f64>,
}

impl Distance {
    /// Whether the threshold is reached, of what is known.
    pub fn is_reached(&self) -> bool {
        self.state == State::Reached
    }
}

/// The quantities for which there is a threshold or a figure, in the law's order.
pub(super) fn extent(settings: &Settings, figures: &[Figure]) -> Vec<Extent> {
    let said = said(settings, figures);
    let asked = |kind: QuantityKind| {
        let mut thresholds = settings.law.thresholds.iter();
        thresholds.any(|threshold| threshold.at.iter().any(|(of, _)| *of == kind))
    };
    let mut extents = Vec::new();
    for kind in QuantityKind::ALL {
        let of_kind: Vec<&(QuantityKind, Bound, Said)> =
            said.iter().filter(|(of, ..)| *of == kind).collect();
        if of_kind.is_empty() && !asked(kind) {
            continue;
        }
        let greatest = |bound: Bound| {
            let ends = of_kind.iter().filter(|(_, says, _)| *says == bound);
            ends.map(|(.., said)| said.value).reduce(f64::max)
        };
        let (at_least, at_most) = (greatest(Bound::AtLeast), greatest(Bound::AtMost));
        extents.push(Extent {
            quantity: kind.name(),
            title: title(kind),
            unit: unit(kind),
            at_least,
            // More is known for certain than was reported as the most.
            at_most: at_most.map(|most| most.max(at_least.unwrap_or(0.0))),
            said_by: of_kind.into_iter().map(|(.., said)| said.clone()).collect(),
        });
    }
    extents
}

/// The figures of each source's quantities, combined as it declares.
fn said(settings: &Settings, figures: &[Figure]) -> Vec<(QuantityKind, Bound, Said)> {
    let mut combined: BTreeMap<(u16, usize), (i64, usize)> = BTreeMap::new();
    for figure in figures {
        let quantity = declared(settings, figure.source, figure.quantity);
        // What is another's in part is no lower end of this one's.
        if quantity.says == Bound::AtLeast && figure.share < 100 {
            continue;
        }
        let (value, records) = combined
            .entry((figure.source, figure.quantity))
            .or_default();
        *records += 1;
        *value = match quantity.combine {
            Combine::Sum => value.saturating_add(figure.value),
            Combine::Maximum => figure.value.max(*value),
        };
    }
    let sources = settings.catalogue.sources();
    let said = |((source, place), (value, records)): ((u16, usize), (i64, usize))| {
        let quantity = declared(settings, source, place);
        let source = &sources[usize::from(source)];
        let said = Said {
            source: source.id.clone(),
            agency: source.agency.clone(),
            says: match quantity.says {
                Bound::AtLeast => "at_least",
                Bound::AtMost => "at_most",
            },
            value: shown(quantity.of, value),
            records,
        };
        (quantity.of, quantity.says, said)
    };
    combined.into_iter().map(said).collect()
}

fn declared(settings: &Settings, source: u16, place: usize) -> &Quantity {
    &settings.catalogue.sources()[usize::from(source)].quantities[place]
}

/// The distance to every threshold that applies, in the order of declaration.
pub(super) fn distances(
    settings: &Settings,
    contributions: &[Contribution],
    extent: &[Extent],
) -> Vec<Distance> {
    let stands = |signal: &String| {
        let mut parts = contributions.iter().filter(|part| adds(part));
        parts.any(|part| part.signal.as_ref().is_some_and(|note| note.id == *signal))
    };
    let applies = |threshold: &&Threshold| threshold.signal.as_ref().is_none_or(stands);
    let mut distances = Vec::new();
    for threshold in settings.law.thresholds.iter().filter(applies) {
        for (kind, at) in &threshold.at {
            let known = extent.iter().find(|extent| extent.quantity == kind.name());
            let ends = known.map_or((None, None), |extent| (extent.at_least, extent.at_most));
            distances.push(distance(threshold, *kind, shown(*kind, *at), ends));
        }
    }
    distances
}

fn distance(
    threshold: &Threshold,
    kind: QuantityKind,
    at: f64,
    (at_least, at_most): (Option<f64>, Option<f64>),
) -> Distance {
    let state = match (at_least, at_most) {
        (Some(least), _) if least >= at => State::Reached,
        (_, Some(most)) if most < at => State::Below,
        (_, Some(_)) => State::Possible,
        (_, None) => State::Unknown,
    };
    let missing = |end: f64| (at - end).max(0.0);
    Distance {
        title: threshold.title.clone(),
        title_en: threshold.title_en.clone(),
        citation: threshold.citation.clone(),
        quantity: kind.name(),
        at,
        state,
        missing_at_least: match state {
            State::Reached => Some(0.0),
            _ => at_most.map(missing),
        },
        missing_at_most: at_least.map(missing),
    }
}

/// What people read of a quantity of this name.
pub(super) fn title_of(quantity: &str) -> &'static str {
    let kinds = [
        QuantityKind::Amount,
        QuantityKind::People,
        QuantityKind::Loss,
    ];
    let found = kinds.into_iter().find(|kind| kind.name() == quantity);
    found.map_or("", title)
}

fn title(kind: QuantityKind) -> &'static str {
    match kind {
        QuantityKind::Amount => "吸收金额",
        QuantityKind::People => "吸收对象人数",
        QuantityKind::Loss => "直接经济损失",
    }
}

fn unit(kind: QuantityKind) -> &'static str {
    match kind {
        QuantityKind::People => "people",
        QuantityKind::Amount | QuantityKind::Loss => "yuan",
    }
}

/// Fen as yuan; people as they are.
fn shown(kind: QuantityKind, value: i64) -> f64 {
    match kind {
        QuantityKind::People => value as f64,
        QuantityKind::Amount | QuantityKind::Loss => value as f64 / 100.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(least: Option<f64>, most: Option<f64>) -> (State, Option<f64>, Option<f64>) {
        let threshold = Threshold {
            title: String::new(),
            title_en: None,
            citation: String::new(),
            at: Vec::new(),
            signal: None,
        };
        let found = distance(&threshold, QuantityKind::People, 150.0, (least, most));
        (found.state, found.missing_at_least, found.missing_at_most)
    }

    #[test]
    fn a_distance_is_an_interval_and_what_is_unknown_stays_so() {
        let cases = [
            ((None, None), (State::Unknown, None, None)),
            ((Some(30.0), None), (State::Unknown, None, Some(120.0))),
            ((None, Some(120.0)), (State::Below, Some(30.0), None)),
            (
                (Some(30.0), Some(120.0)),
                (State::Below, Some(30.0), Some(120.0)),
            ),
            (
                (Some(30.0), Some(150.0)),
                (State::Possible, Some(0.0), Some(120.0)),
            ),
            ((Some(150.0), None), (State::Reached, Some(0.0), Some(0.0))),
            (
                (Some(200.0), Some(300.0)),
                (State::Reached, Some(0.0), Some(0.0)),
            ),
        ];
        for ((least, most), expected) in cases {
            assert_eq!(state(least, most), expected, "{least:?} to {most:?}");
        }
    }
}
