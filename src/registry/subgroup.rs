//! Who is found and who is alarmed, by district and sector: the same count for a
//! version's dossier and for the model at work.

use super::dossier::{Share, Subgroup};
use crate::census::sector_name;
use crate::config::Settings;
use std::collections::BTreeMap;

/// Subgroups with fewer rows are not shown: they would say nothing, and of whom.
const MIN_ROWS: usize = 20;
/// Subgroups shown.
const MOST: usize = 40;

/// What rows there are: of each label so many flagged, and so many in all.
#[derive(Debug, Default)]
struct Counts {
    positive: (usize, usize),
    negative: (usize, usize),
}

impl Counts {
    fn rows(&self) -> usize {
        self.positive.1 + self.negative.1
    }
}

/// What all rows together are called.
const ALL: &str = "all";

/// Rows by what they are of: `district` or the feature that says the sector, and
/// which.
#[derive(Debug, Default)]
pub struct Subgroups(BTreeMap<(String, String), Counts>);

impl Subgroups {
    /// Counts a row among all.
    pub fn add_to_all(&mut self, labels: (bool, bool)) {
        self.count((ALL.to_owned(), String::new()), labels);
    }

    /// Counts a row: in its district, and in the sector that it has by `row`, its
    /// features.
    pub fn add(
        &mut self,
        settings: &Settings,
        district: Option<String>,
        row: &[Option<i64>],
        labels: (bool, bool),
    ) {
        let sector = settings.sector_place().zip(settings.sectors.as_ref());
        let sector = sector.map(|(place, (feature, _))| {
            let value = row.get(place).copied().flatten();
            (feature.clone(), sector_name(value))
        });
        let district = district.map(|district| ("district".to_owned(), district));
        for group in district.into_iter().chain(sector) {
            self.count(group, labels);
        }
    }

    fn count(&mut self, group: (String, String), (positive, flagged): (bool, bool)) {
        let counts = self.0.entry(group).or_default();
        let counts = match positive {
            true => &mut counts.positive,
            false => &mut counts.negative,
        };
        counts.0 += usize::from(flagged);
        counts.1 += 1;
    }

    /// All, and those with enough rows, by what they are of, the largest first.
    pub fn shown(self) -> Vec<Subgroup> {
        let groups = self.0.into_iter();
        let enough = groups.filter(|((by, _), counts)| by == ALL || counts.rows() >= MIN_ROWS);
        let mut shown: Vec<Subgroup> = enough
            .map(|((by, name), counts)| Subgroup {
                by,
                name,
                rows: counts.rows(),
                found: Share::of(counts.positive.0, counts.positive.1),
                alarmed: Share::of(counts.negative.0, counts.negative.1),
            })
            .collect();
        shown.sort_by_key(|group| (group.by.clone(), std::cmp::Reverse(group.rows)));
        shown.truncate(MOST);
        shown
    }
}
