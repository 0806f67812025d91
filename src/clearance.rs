//! What a reader may see by the sensitivity of sources, L1 (public) to L4
//! (restricted). That a suspicious-transaction lead exists is secret (反洗钱法
//! 第三十五条): to whom it is hidden, everything is as if it were not there, and
//! how much is hidden is a figure of the configuration, not of an enterprise. So
//! nothing can be found by subtraction, or by comparing two enterprises or
//! instants. Levels are told to all: they are what asks an office to act.

use crate::config::Settings;
use crate::freshness::State;
use std::collections::HashSet;
use tocsin_ingest::source::Source;

/// Sees everything.
pub const ALL: u8 = 4;

/// How sensitive a source's records are. What it declares otherwise than as L1 to
/// L4 is taken for the highest: nobody meant it to be public.
pub fn sensitivity(source: &Source) -> u8 {
    let declared = source.notes.iter().find(|(name, _)| name == "sensitivity");
    match declared.map(|(_, level)| level.as_str()) {
        None | Some("L1") => 1,
        Some("L2") => 2,
        Some("L3") => 3,
        Some(_) => ALL,
    }
}

/// How many features are made, in part or whole, of sources above a clearance;
/// more than none, too, where such sources only say how others are linked.
pub fn restricted(settings: &Settings, clearance: u8) -> usize {
    let hidden: HashSet<u16> = settings
        .catalogue
        .sources()
        .iter()
        .filter(|source| sensitivity(source) > clearance)
        .map(|source| source.index)
        .collect();
    if hidden.is_empty() {
        return 0;
    }
    let slots = settings.catalogue.slots();
    let is_hidden = |slot: &u16| {
        let source = slots.get(usize::from(*slot)).map(|slot| slot.source);
        source.is_some_and(|source| hidden.contains(&source))
    };
    let features = settings.features.iter();
    let count = features
        .filter(|feature| feature.slots.iter().any(is_hidden))
        .count();
    count.max(1)
}

/// Takes hidden sources for neither silent nor heard of.
pub fn unhear(settings: &Settings, clearance: u8, states: &mut [State]) {
    for source in settings.catalogue.sources() {
        if sensitivity(source) > clearance {
            states[usize::from(source.index)] = State::Fresh;
        }
    }
}
