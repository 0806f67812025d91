//! The search for the cheapest evidence, asked of an enterprise as it is folded.

use super::next::{self, Cheapest};
use super::{Parts, unscaled};
use crate::config::Feature;
use tocsin_alerts::level::Level;
use tocsin_models::Category;

impl Parts<'_> {
    /// The cheapest evidence that would reach a level.
    pub(super) fn cheapest(&self, target: Level, row: &[Option<i64>]) -> Option<Cheapest> {
        let settings = &self.records.settings;
        let ranges = next::ranges(&self.by.model.card);
        let behind = |(place, feature): (usize, &Feature)| -> Option<next::Behind> {
            let category = feature.spec.category;
            let agencies =
                crate::witness::agencies(settings, self.enterprise, self.folded, feature);
            let of_feature = ranges.get(&feature.spec.name)?;
            let mut moves = next::moves(place, feature, of_feature, (self.model, row));
            // The same again says nothing new where its agency speaks already.
            let others = agencies.possible & !agencies.held != 0;
            moves.retain(|step| step.borders > 0 || others);
            Some(next::Behind {
                category: match category {
                    Category::R => 0,
                    _ => 1 << category.index(),
                },
                held: match category {
                    Category::R => 0,
                    _ => agencies.held,
                },
                possible: agencies.possible,
                moves,
            })
        };
        let features = settings.features.iter().enumerate();
        let features: Vec<next::Behind> = features.map(behind).collect::<Option<_>>()?;
        let question = next::Question {
            model: self.model,
            row,
            features: &features,
            policy: &settings.policy,
            target,
        };
        let answer = next::cheapest(&question);
        let names = settings.catalogue.agencies();
        let change = |(place, step, agency): &(usize, next::Move, Option<u8>)| {
            let feature = &settings.features[*place];
            let agency = agency.and_then(|agency| names.get(usize::from(agency)));
            next::Change {
                feature: feature.spec.name.clone(),
                title: feature.title.clone(),
                title_en: feature.title_en.clone(),
                category: feature.spec.category.letter(),
                from: row[*place].map(unscaled),
                to: unscaled(step.value),
                bin: self.model.bin_label(*place, Some(step.value)),
                gain: step.gain,
                agency: agency.cloned(),
                agency_en: agency.and_then(|agency| settings.names.english(agency)),
            }
        };
        let found = answer.found.as_ref();
        let changes = found.map(|found| found.changes.iter().map(change).collect());
        Some(Cheapest {
            changes: changes.unwrap_or_default(),
            index: found.map(|found| f64::from(found.figures.index) / 100.0),
            bound: next::MAX_CHANGES,
            exact: answer.complete,
        })
    }
}
