//! The parts of an explanation that are no single feature's: what two features
//! say together, and what a cap takes off.

use super::{Contribution, Part, Parts, RecordLine};
use tocsin_models::{BoundModel, Category, Over, Term};

/// Between the names of a pair's features.
const BESIDE: &str = " × ";
/// What the title of a cap begins with.
pub const CAP: &str = "上限";
/// Micro-log-odds of a log-odd.
const MICRO: f64 = 1e6;

/// What a pair is called, by the names of its features.
pub fn pair_name(features: [&str; 2]) -> String {
    features.join(BESIDE)
}

/// The features of a pair, by what it is called.
pub fn pair_of(name: &str) -> Option<[&str; 2]> {
    name.split_once(BESIDE)
        .map(|(first, second)| [first, second])
}

/// What a cap is called.
pub fn cap_name(over: &Over) -> String {
    match over {
        Over::Category(category) => cap_of_category(category.letter()),
        Over::Features(held) => format!("cap agency {}", held.name),
    }
}

/// What the cap of a category is called.
pub fn cap_of_category(category: char) -> String {
    format!("cap {category}")
}

/// The category that the line of a cap stands under: its own, or that of all
/// features it holds; context where they are of several.
fn category(model: &BoundModel, over: &Over) -> Category {
    let held = match over {
        Over::Category(category) => return *category,
        Over::Features(held) => held.places.iter(),
    };
    let mut categories = held.map(|place| model.features()[*place].category);
    match categories.next() {
        Some(first) if categories.all(|category| category == first) => first,
        _ => Category::R,
    }
}

impl Parts<'_> {
    /// A part without its weight; `features` are the contributions in feature
    /// order, of which a pair shows the records of both.
    pub(super) fn term(
        &self,
        place: usize,
        term: &Term,
        row: &[Option<i64>],
        features: &[Contribution],
    ) -> Contribution {
        match term {
            Term::Pair(first, second) => {
                let both = [&features[*first], &features[*second]];
                let title = pair_name(both.map(|part| part.title.as_str()));
                Contribution {
                    feature: pair_name(both.map(|part| part.feature.as_str())),
                    title_en: self.records.settings.names.english(&title),
                    title,
                    category: both[0].category,
                    bin: self.model.pair_label(place, row),
                    term: Some(Part::Pair(both.map(|part| part.feature.clone()))),
                    records: records(both),
                    ..EMPTY
                }
            }
            Term::Cap(over, limit) => {
                let title = match over {
                    Over::Category(category) => format!("{CAP} {}", category.letter()),
                    Over::Features(held) => format!("{CAP} {}", held.name),
                };
                Contribution {
                    feature: cap_name(over),
                    title_en: self.records.settings.names.english(&title),
                    title,
                    category: category(self.model, over).letter(),
                    bin: format!("≤ {:+.6}", *limit as f64 / MICRO),
                    term: Some(Part::Cap(*limit as f64 / MICRO)),
                    ..EMPTY
                }
            }
        }
    }
}

/// The records behind two features, those behind both once.
fn records([first, second]: [&Contribution; 2]) -> Vec<RecordLine> {
    let mut records = first.records.clone();
    let new = second.records.iter();
    records.extend(new.filter(|line| !first.records.contains(line)).cloned());
    records
}

/// A part of nothing.
const EMPTY: Contribution = Contribution {
    feature: String::new(),
    title: String::new(),
    title_en: None,
    category: 'R',
    signal: None,
    value: None,
    bin: String::new(),
    weight: 0,
    shapley: None,
    term: None,
    hard_trigger: false,
    records: Vec::new(),
};
