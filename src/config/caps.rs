//! `[[cap]]`: how much a category may add to the score, whatever the model.

use tocsin_ingest::declaration::Section;
use tocsin_models::{Cap, Category, Limit};

/// Micro-log-odds of a log-odd, and the most that is allowed.
const MICRO: f64 = 1_000_000.0;
const MAX_LOG_ODDS: f64 = 1_000.0;

/// Reads every `[[cap]]`, the first of each category first.
pub(super) fn read_caps(root: &Section<'_>) -> Vec<Cap> {
    let mut caps: Vec<Cap> = Vec::new();
    for section in root.sections("cap") {
        let Some(cap) = read_cap(&section) else {
            continue;
        };
        if caps.iter().any(|known| known.category == cap.category) {
            let letter = cap.category.letter();
            section.fault("category", format!("`{letter}` has a cap already"));
        }
        caps.push(cap);
    }
    caps
}

fn read_cap(section: &Section<'_>) -> Option<Cap> {
    let categories = Category::ALL.map(|category| (category.letter().to_string(), category));
    let allowed: Vec<(&str, Category)> = categories
        .iter()
        .map(|(letter, category)| (letter.as_str(), *category))
        .collect();
    let category = section.required_choice("category", &allowed);
    let (log_odds, below) = (section.number("log_odds"), section.number("below"));
    section.finish();
    let limit = match (log_odds, below) {
        (Some(limit), None) if (0.0..=MAX_LOG_ODDS).contains(&limit) => {
            Limit::LogOdds((limit * MICRO).round() as i64)
        }
        (Some(limit), None) => {
            section.fault(
                "log_odds",
                format!("`{limit}` is out of bounds; allowed are 0 to {MAX_LOG_ODDS}"),
            );
            return None;
        }
        (None, Some(index)) if (0.01..=99.99).contains(&index) => {
            Limit::Below((index * 100.0).round() as u16)
        }
        (None, Some(index)) => {
            section.fault(
                "below",
                format!("`{index}` is out of bounds; allowed are 0.01 to 99.99"),
            );
            return None;
        }
        _ => {
            section.fault(
                "log_odds",
                "give either `log_odds` (the most that the category adds) or `below` (the index that it stays below by itself)",
            );
            return None;
        }
    };
    Some(Cap {
        category: category?,
        limit,
    })
}
