//! The enterprises with an outcome, as they are known now: what a model is trained on.
//!
//! Contract: a value of a feature takes what [`Rows`] takes for it. The fold, in
//! which a value takes some eighty bytes, holds a part of the enterprises at a time.

use crate::fold::{Fold, Folded};
use crate::pipeline::records::Records;
use crate::verify::scan_all;
use anyhow::Result;
use std::collections::HashMap;
use tocsin_ingest::fact::{Facts, SubjectKey};
use tocsin_models::Rows;

/// Values for which the fold has room at once: about 2 GB.
pub const VALUES_AT_ONCE: u64 = 25_000_000;

/// The registered enterprises with an outcome, and their features.
pub struct Checked {
    /// Whether an enterprise's outcomes include a positive one.
    pub outcomes: HashMap<SubjectKey, bool>,
    places: HashMap<SubjectKey, usize>,
    rows: Rows,
}

impl Checked {
    /// Folds every live record, as of the business day of `time_ms`, so many values
    /// at once; adds how many records there are to `count`.
    ///
    /// # Errors
    /// When the landing cannot be read.
    pub fn gather(
        records: &Records,
        time_ms: i64,
        at_once: u64,
        count: &mut u64,
    ) -> Result<Checked> {
        let settings = &records.settings;
        let mut checked = Checked {
            outcomes: HashMap::new(),
            places: HashMap::new(),
            rows: Rows::new(settings.features.len()),
        };
        let mut fold = Fold::new(settings, crate::time::day_of(time_ms), false);
        if most_values(records) <= at_once {
            *count += scan_all(records, |facts| fold.add(0, facts))?;
            checked.add(&fold.end_part(), |_| true);
            return Ok(checked);
        }
        let mut values = 0;
        *count += scan_all(records, |facts| {
            fold.relate(0, facts);
            values += values_of(facts);
        })?;
        let parts = parts_of(values, at_once);
        for part in 0..parts {
            fold.only(part, parts);
            scan_all(records, |facts| fold.observe(0, facts))?;
            let folded = fold.end_part();
            checked.add(&folded, |enterprise| fold.has(enterprise));
        }
        Ok(checked)
    }

    /// Adds those of a part.
    fn add(&mut self, folded: &Folded<'_>, has: impl Fn(SubjectKey) -> bool) {
        for (enterprise, positive) in &folded.outcomes {
            if has(*enterprise) && folded.is_registered(*enterprise) {
                self.places.insert(*enterprise, self.rows.len());
                self.rows.push(&folded.features(*enterprise));
                self.outcomes.insert(*enterprise, *positive);
            }
        }
    }

    /// Whether it is one of them.
    pub fn is_registered(&self, enterprise: SubjectKey) -> bool {
        self.places.contains_key(&enterprise)
    }

    /// The value of every feature, stored units; `None` is missing, as everything is
    /// of an enterprise that is none of them.
    pub fn features(&self, enterprise: SubjectKey) -> Vec<Option<i64>> {
        match self.places.get(&enterprise) {
            Some(place) => self.rows.row(*place),
            None => vec![None; self.rows.width()],
        }
    }
}

/// In how many parts so many values are folded.
pub fn parts_of(values: u64, at_once: u64) -> u64 {
    values / at_once.max(1) + 1
}

/// The values that a record says.
pub fn values_of(facts: &Facts) -> u64 {
    let attributes = facts.profiles.iter().map(|profile| profile.values.len());
    (facts.observations.len() + attributes.sum::<usize>()) as u64
}

/// The most values that the landed rows can say by their sources' declarations.
fn most_values(records: &Records) -> u64 {
    let segments = records.segments();
    let most = segments.iter().map(|segment| {
        let source = records.settings.catalogue.source(&segment.source);
        // Beside what is declared each row is a mention.
        let width = source.map_or(0, |of| of.signals.len() + of.attributes.len()) + 1;
        u64::from(segment.rows) * width as u64
    });
    most.sum()
}
