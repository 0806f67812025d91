//! What an official has to know of a lead at one glance, beside its score: which
//! elements are evidenced and which are missing, what kind of scheme it looks
//! like, how far it is from the thresholds of the law, what to check next and
//! with whom.
//!
//! All of it follows from configuration and records: `signals.toml` says what
//! signals bear on, sources what their records say of amounts and people.

mod checks;
mod elements;
mod extent;
mod text;
mod typology;

pub use checks::NextCheck;
pub use elements::{Element, english};
pub(super) use extent::Figure;
pub use extent::{Distance, Extent};
pub use text::{Tongue, lines, lines_in};
pub use typology::Likely;

use super::Contribution;
use crate::config::Settings;
use serde::Serialize;
use std::collections::BTreeSet;

/// The glance.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Brief {
    /// The elements of illegal fundraising, evidenced or missing.
    pub elements: Vec<Element>,
    /// What kind of scheme the evidence speaks for, the likeliest first.
    pub typologies: Vec<Likely>,
    /// How large it is, as far as records say so.
    pub extent: Vec<Extent>,
    /// How far that is from each threshold of the law.
    pub thresholds: Vec<Distance>,
    /// What is missing, and who has it.
    pub next_checks: Vec<NextCheck>,
}

/// What a glance is made of.
pub(super) struct Given<'a> {
    /// The highest sensitivity of sources that the reader sees.
    pub clearance: u8,
    pub(super) settings: &'a Settings,
    pub(super) contributions: &'a [Contribution],
    /// What the next level lacks of categories: those of which one is needed, or
    /// any that is not there yet.
    pub(super) wanted_categories: Vec<char>,
    /// What records say of amounts and people.
    pub(super) figures: &'a [Figure],
    /// The places of sources from which nothing is heard.
    pub(super) silent: BTreeSet<usize>,
}

impl Brief {
    pub(super) fn of(given: &Given<'_>) -> Brief {
        let elements = elements::elements(given.contributions);
        let typologies = typology::likely(given.settings, given.contributions);
        let extent = extent::extent(given.settings, given.figures);
        Brief {
            thresholds: extent::distances(given.settings, given.contributions, &extent),
            next_checks: checks::next_checks(given, &elements, typologies.first()),
            elements,
            typologies,
            extent,
        }
    }
}
