//! `signals.toml`: what each signal says, which elements of illegal fundraising
//! it bears on, and what it rests on. A configuration need not have one; if it
//! has, no source and no group may raise a signal that is not in it.

use std::path::Path;
use tocsin_ingest::catalogue::{Catalogue, SlotMeaning};
use tocsin_ingest::declaration::{Document, Fault, Section, did_you_mean};
use tocsin_ingest::source::is_signal_kind;

/// The statutory elements (国务院令第737号 第二条, 法释〔2022〕5号 第一条).
const ELEMENTS: [&str; 4] = ["非法性", "利诱性", "社会性", "公开性"];

/// A declared signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// A1 … H9.
    pub id: String,
    /// What people read.
    pub title: String,
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

/// Reads the signals.
///
/// # Errors
/// Every fault of the file.
pub fn read(file: &Path) -> Result<Vec<Signal>, Vec<Fault>> {
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
        Some(signals)
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
                    elements = [\"非法\"]\ncitation = \"第八条\"\n\
                    [[signal]]\nid = \"A5\"\ntitle = \"罚\"\ncategory = \"A\"\ncitation = \"第八条\"\n\
                    [[signal]]\nid = \"X1\"\ntitle = \"无\"\ncategory = \"X\"\n";
        let found = faults(text).join("\n");
        for part in [
            "4: `signal.category`: must be",
            "`非法` is none",
            "declared twice",
            "`X1` is no signal",
            "citation",
        ] {
            assert!(found.contains(part), "{part}: {found}");
        }
    }
}
