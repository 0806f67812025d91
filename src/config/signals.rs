//! `signals.toml`: what each signal says, which elements of illegal fundraising
//! it bears on, and what it rests on; what the ways of raising money are called;
//! and from how much on the law speaks of a crime. A configuration need not have
//! one; if it has, no source and no group may raise a signal that is not in it.

use std::collections::BTreeSet;
use std::path::Path;
use tocsin_alerts::level::ELEMENTS;
use tocsin_ingest::catalogue::{Catalogue, SlotMeaning};
use tocsin_ingest::declaration::{Document, Fault, Section, did_you_mean};
use tocsin_ingest::source::{QuantityKind, is_signal_kind};

/// Which categories speak for which element, where no signal is declared that
/// says; in the order of [`ELEMENTS`].
const BY_CATEGORY: [&[char]; 4] = [&['A', 'F'], &['B', 'D', 'E'], &['C', 'D', 'E'], &['C']];

/// Whether a feature of `category` that counts `signal`, if one is declared,
/// speaks for an element.
pub fn speaks_for(signal: Option<&[String]>, category: char, element: &str) -> bool {
    match signal {
        Some(elements) => elements.iter().any(|known| known == element),
        None => {
            let mut table = ELEMENTS.iter().zip(BY_CATEGORY);
            table.any(|(name, categories)| *name == element && categories.contains(&category))
        }
    }
}

/// A declared signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// A1 … H9.
    pub id: String,
    /// What people read.
    pub title: String,
    /// The same in English, where that is declared.
    pub title_en: Option<String>,
    /// The elements it bears on; none for signals of context.
    pub elements: Vec<String>,
    /// The ways of raising money in which it is to be expected.
    pub typologies: Vec<String>,
    /// For how many days a record counts, where its source says nothing else.
    pub window_days: Option<i32>,
    /// After how many days it should weigh half.
    pub half_life_days: Option<i32>,
    /// The rule it rests on.
    pub citation: String,
}

/// A way of raising money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typology {
    /// As signals name it.
    pub id: String,
    /// What people read.
    pub title: String,
    /// The same in English, where that is declared.
    pub title_en: Option<String>,
}

/// From how much on the law speaks of a crime, or of a graver one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Threshold {
    /// What follows.
    pub title: String,
    /// The same in English, where that is declared.
    pub title_en: Option<String>,
    /// The rule.
    pub citation: String,
    /// How much of each quantity it takes: fen or people.
    pub at: Vec<(QuantityKind, i64)>,
    /// The signal without which it does not apply.
    pub signal: Option<String>,
}

/// Everything in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Law {
    /// Every signal.
    pub signals: Vec<Signal>,
    /// Every way of raising money that has a title.
    pub typologies: Vec<Typology>,
    /// The thresholds, as they were written.
    pub thresholds: Vec<Threshold>,
}

/// Reads the file.
///
/// # Errors
/// Every fault of it.
pub fn read(file: &Path) -> Result<Law, Vec<Fault>> {
    let document = Document::read(file).map_err(|fault| vec![fault])?;
    document.build(|root| {
        let mut signals: Vec<Signal> = Vec::new();
        for section in root.sections("signal") {
            let Some(signal) = read_one(&section) else {
                continue;
            };
            if signals.iter().any(|known| known.id == signal.id) {
                section.fault("id", format!("`{}` is declared twice", signal.id));
            }
            signals.push(signal);
        }
        let typologies = root.sections("typology");
        let typologies: Vec<Typology> = typologies.iter().filter_map(read_typology).collect();
        let thresholds = root.sections("threshold");
        let known = |id: &str| signals.iter().any(|signal| signal.id == id);
        let thresholds = thresholds.iter();
        let thresholds = thresholds.filter_map(|section| read_threshold(section, &known));
        let thresholds = thresholds.collect();
        check_typologies(root, &signals, &typologies);
        Some(Law {
            signals,
            typologies,
            thresholds,
        })
    })
}

fn read_typology(section: &Section<'_>) -> Option<Typology> {
    let id = section.required_text("id");
    let title = section.required_text("title");
    let title_en = section.english("title_en");
    section.finish();
    Some(Typology {
        id: id?,
        title: title?,
        title_en,
    })
}

/// Where ways of raising money have titles, each that a signal names must.
fn check_typologies(root: &Section<'_>, signals: &[Signal], typologies: &[Typology]) {
    let known: Vec<&str> = typologies.iter().map(|t| t.id.as_str()).collect();
    for (place, id) in known.iter().enumerate() {
        if known[..place].contains(id) {
            root.fault("typology", format!("`{id}` is declared twice"));
        }
    }
    let named: BTreeSet<&str> = signals
        .iter()
        .flat_map(|signal| signal.typologies.iter().map(String::as_str))
        .collect();
    for id in named
        .iter()
        .filter(|id| !known.is_empty() && !known.contains(id))
    {
        let hint = did_you_mean(id, &known);
        root.fault(
            "typology",
            format!("`{id}` is named by a signal and not declared{hint}"),
        );
    }
}

/// Yuan of a threshold are held as fen.
const FEN: i64 = 100;
/// The most yuan or people of a threshold.
const MOST: i64 = 1_000_000_000_000;

fn read_threshold(section: &Section<'_>, known: &dyn Fn(&str) -> bool) -> Option<Threshold> {
    let title = section.required_text("title");
    let title_en = section.english("title_en");
    let citation = section.required_text("citation");
    let at: Vec<(QuantityKind, i64)> = QuantityKind::ALL
        .into_iter()
        .filter_map(|kind| {
            let unit = if kind == QuantityKind::People { 1 } else { FEN };
            Some((kind, section.integer(kind.name(), 1..=MOST)? * unit))
        })
        .collect();
    if at.is_empty() {
        section.fault_here("says no amount, people or loss");
    }
    let signal = section.text("signal");
    if let Some(id) = signal.as_deref().filter(|id| !known(id)) {
        section.fault("signal", format!("`{id}` is not declared in this file"));
    }
    section.finish();
    Some(Threshold {
        title: title?,
        title_en,
        citation: citation?,
        at,
        signal,
    })
}

fn read_one(section: &Section<'_>) -> Option<Signal> {
    let id = section.required_text("id");
    let category = section.required_text("category");
    if let Some(id) = &id {
        check_id(section, id, category.as_deref());
    }
    let elements = section.texts("elements");
    for element in elements.iter().filter(|e| !ELEMENTS.contains(&e.as_str())) {
        let allowed = ELEMENTS.join(", ");
        section.fault(
            "elements",
            format!("`{element}` is none; allowed are {allowed}"),
        );
    }
    let signal = Signal {
        title: section.required_text("title").unwrap_or_default(),
        title_en: section.english("title_en"),
        typologies: section.texts("typologies"),
        window_days: section.days("window"),
        half_life_days: section.days("half_life"),
        citation: section.required_text("citation").unwrap_or_default(),
        id: id.clone().unwrap_or_default(),
        elements,
    };
    section.finish();
    id.map(|_| signal)
}

fn check_id(section: &Section<'_>, id: &str, category: Option<&str>) {
    if !is_signal_kind(id) {
        section.fault("id", format!("`{id}` is no signal; allowed are A1 to H9"));
    }
    if category.is_some_and(|category| !id.starts_with(category)) {
        section.fault("category", format!("must be the first letter of `{id}`"));
    }
}

/// Signals that are raised and not declared, as faults of `file`.
pub fn undeclared<'a>(
    file: &Path,
    signals: &[Signal],
    catalogue: &Catalogue,
    by_groups: impl Iterator<Item = &'a str>,
) -> Vec<Fault> {
    let known: Vec<&str> = signals.iter().map(|signal| signal.id.as_str()).collect();
    let sources = catalogue.sources();
    let by_sources = catalogue
        .slots()
        .iter()
        .filter_map(|slot| match &slot.meaning {
            SlotMeaning::Signal(kind) => {
                Some((kind.as_str(), sources[usize::from(slot.source)].id.as_str()))
            }
            _ => None,
        });
    let raised = by_sources.chain(by_groups.map(|kind| (kind, "a group")));
    let unknown = raised.filter(|(kind, _)| !known.contains(kind));
    unknown
        .map(|(kind, by)| {
            let hint = did_you_mean(kind, &known);
            Fault::of_file(
                file,
                format!("`{kind}` is raised by {by} and not declared{hint}"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("signals.toml");
        std::fs::write(&file, text).unwrap();
        let faults = read(&file).unwrap_err();
        faults
            .iter()
            .map(|fault| format!("{}: {}", fault.line, fault.message))
            .collect()
    }

    #[test]
    fn every_fault_is_named() {
        let text = "[[signal]]\nid = \"A5\"\ntitle = \"罚\"\ncategory = \"B\"\n\
                    elements = [\"非法\"]\ntypologies = [\"prepaid\"]\ncitation = \"第八条\"\n\
                    [[typology]]\nid = \"x\"\ntitle = \"x\"\n\
                    [[threshold]]\ntitle = \"重\"\ncitation = \"第三条\"\nsignal = \"H7\"\n\
                    [[signal]]\nid = \"A5\"\ntitle = \"罚\"\ncategory = \"A\"\ncitation = \"第八条\"\n\
                    [[signal]]\nid = \"X1\"\ntitle = \"无\"\ntitle_en = \"无 none\"\ncategory = \"X\"\n\
                    [[signal]]\nid = \"A6\"\ntitle = \"站\"\ntitle_en = \" \"\ncategory = \"A\"\ncitation = \"第八条\"\n";
        let found = faults(text).join("\n");
        for part in [
            "4: `signal.category`: must be",
            "`非法` is none",
            "declared twice",
            "`X1` is no signal",
            "citation",
            "`prepaid` is named by a signal and not declared",
            "says no amount, people or loss",
            "`H7` is not declared in this file",
            "`signal.title_en`: `无 none` is not English",
            "`signal.title_en`: is empty; leave it out",
        ] {
            assert!(found.contains(part), "{part}: {found}");
        }
    }
}
