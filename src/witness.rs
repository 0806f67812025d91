//! The witness's own assessment: categories, elements, agencies, coverage and level of a
//! folded enterprise, computed without the dataflow's code.

use crate::config::{Feature, Settings};
use crate::fold::Folded;
use tocsin_alerts::level::Assessment;
use tocsin_ingest::catalogue::SlotMeaning;
use tocsin_ingest::fact::{Slot, SubjectKey};
use tocsin_models::{BoundModel, Category};

/// The figures of an enterprise as the fold has them; `row` is its features.
pub fn assess(
    settings: &Settings,
    enterprise: SubjectKey,
    folded: &Folded<'_>,
    model: &BoundModel,
    row: &[Option<i64>],
) -> Assessment {
    let mut weights = Vec::new();
    let score = model.explain(row, &mut weights);
    let mut figures = Assessment {
        enterprise: enterprise.0.to_be_bytes(),
        log_odds: score.log_odds,
        index: score.index,
        subtotals: score.subtotals,
        coverage: (row.iter().flatten().count() * 1_000)
            .checked_div(row.len())
            .unwrap_or(0) as u16,
        ..Assessment::default()
    };
    for ((feature, weight), value) in settings.features.iter().zip(weights).zip(row) {
        figures.hard_trigger |= feature.hard && value.is_some_and(|value| value > 0);
        if weight <= 0 || feature.spec.category == Category::R {
            continue;
        }
        let held = agencies(settings, enterprise, folded, feature).held;
        // A forest gives every feature a little.
        if model.is_additive() || held != 0 {
            figures.categories |= 1 << feature.spec.category.index();
            figures.agencies |= held;
            if held != 0 {
                figures.elements |= settings.elements_of(feature);
            }
        }
    }
    figures
}

/// Agencies by their bits.
pub struct Agencies {
    /// Those that say something of a feature.
    pub held: u64,
    /// Those whose sources could.
    pub possible: u64,
}

/// Which agencies stand behind a feature of an enterprise.
pub fn agencies(
    settings: &Settings,
    enterprise: SubjectKey,
    folded: &Folded<'_>,
    feature: &Feature,
) -> Agencies {
    let mut agencies = Agencies {
        held: 0,
        possible: 0,
    };
    let divisor = feature.per.iter().flat_map(|per| &per.slots);
    for slot in feature.slots.iter().chain(divisor) {
        let bit = 1 << agency_of(settings, *slot);
        agencies.possible |= bit;
        if folded.total(enterprise, *slot).count > 0 {
            agencies.held |= bit;
        }
    }
    agencies
}

/// The agency whose evidence a slot holds; a group's is that of the source whose
/// links make it.
pub fn agency_of(settings: &Settings, slot: Slot) -> u8 {
    let catalogue = &settings.catalogue;
    if let Some(info) = catalogue.slots().get(usize::from(slot)) {
        debug_assert!(
            info.meaning != SlotMeaning::Mention,
            "no feature is made of mentions"
        );
        return info.agency;
    }
    let of_group = settings.groups.iter().find(|group| group.slot == slot);
    let graph = settings.association.iter().flat_map(|graph| graph.filled());
    let of_graph = graph.filter(|filled| filled.slot == slot).map(|f| f.link);
    let kind = of_group.map(|group| group.link).or(of_graph.last());
    let links = |source: &&tocsin_ingest::source::Source| {
        source.links.iter().any(|link| Some(link.kind) == kind)
    };
    let source = catalogue.sources().iter().find(links);
    let place = source.and_then(|source| {
        catalogue
            .agencies()
            .iter()
            .position(|agency| *agency == source.agency)
    });
    place.unwrap_or(0) as u8
}
