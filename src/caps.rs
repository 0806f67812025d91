//! Which features each `[[cap]]` holds, as models are bound under it.
//!
//! A feature counts for an agency when every source that it is made of, and is
//! divided by, is of that agency; one of several agencies counts for none.

use crate::config::{Cap, Feature, Settings, Whom};
use crate::witness::agency_of;
use std::sync::Arc;
use tocsin_models::{Held, Limit, Over};

/// The caps of a configuration over its features.
pub fn of(settings: &Settings) -> Vec<tocsin_models::Cap> {
    if settings.caps.is_empty() {
        return Vec::new();
    }
    let speakers: Vec<Option<u8>> = settings
        .features
        .iter()
        .map(|feature| only_agency(settings, feature))
        .collect();
    let agencies = settings.catalogue.agencies();
    let over_agency = |agency: &str, limit: Limit| {
        let places = speakers.iter().enumerate();
        let says = |speaker: &Option<u8>| {
            speaker.is_some_and(|speaker| agencies[usize::from(speaker)] == agency)
        };
        let places = places.filter(|(_, speaker)| says(speaker));
        let held = Held {
            name: agency.to_owned(),
            places: places.map(|(place, _)| place).collect(),
        };
        let over = Over::Features(Arc::new(held));
        tocsin_models::Cap { over, limit }
    };
    let mut caps = Vec::new();
    for Cap { of, limit } in &settings.caps {
        match of {
            Whom::Category(category) => caps.push(tocsin_models::Cap {
                over: Over::Category(*category),
                limit: *limit,
            }),
            Whom::Agency(agency) => caps.push(over_agency(agency, *limit)),
            Whom::EachAgency => {
                let own = |agency: &String| Whom::Agency(agency.clone());
                let has_own = |agency: &&String| {
                    let own = own(agency);
                    settings.caps.iter().any(|cap| cap.of == own)
                };
                let others = agencies.iter().filter(|agency| !has_own(agency));
                let each = others.map(|agency| over_agency(agency, *limit));
                // An agency of which no feature is made has nothing to be cut off.
                caps.extend(each.filter(holds_any));
            }
        }
    }
    caps
}

fn holds_any(cap: &tocsin_models::Cap) -> bool {
    match &cap.over {
        Over::Category(_) => true,
        Over::Features(held) => !held.places.is_empty(),
    }
}

/// The agency of all sources of a feature; none when they are of several.
fn only_agency(settings: &Settings, feature: &Feature) -> Option<u8> {
    let divisor = feature.per.iter().flat_map(|per| &per.slots);
    let mut slots = feature.slots.iter().chain(divisor);
    let first = agency_of(settings, *slots.next()?);
    slots
        .all(|slot| agency_of(settings, *slot) == first)
        .then_some(first)
}
