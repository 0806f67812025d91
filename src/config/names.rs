//! What declared things are called in English, beside their Chinese titles.
//!
//! A title has one English name wherever it stands, so a title that was kept with an
//! alert years ago is named by what the rules in force call it.

use super::features::Feature;
use super::signals::Law;
use crate::explain::{CAP, pair_name, pair_of};
use std::collections::BTreeMap;
use tocsin_ingest::catalogue::Catalogue;
use tocsin_ingest::declaration::{Section, did_you_mean};

/// English names by Chinese title.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    known: BTreeMap<String, String>,
}

impl Names {
    /// A title's name.
    ///
    /// # Errors
    /// When the title has another name already; nothing changes then.
    pub fn add(&mut self, title: &str, english: Option<&str>) -> Result<(), String> {
        let Some(english) = english else {
            return Ok(());
        };
        match self.known.get(title) {
            Some(known) if known != english => Err(format!(
                "`{title}` is called `{known}` in one place and `{english}` in another; one title has one name in English"
            )),
            _ => {
                self.known.insert(title.to_owned(), english.to_owned());
                Ok(())
            }
        }
    }

    /// What a title is called in English, if that is declared; of a pair when both
    /// parts have a name, of a cap whatever it holds.
    pub fn english(&self, title: &str) -> Option<String> {
        if let Some(name) = self.known.get(title) {
            return Some(name.clone());
        }
        if let Some([first, second]) = pair_of(title) {
            let both = [self.english(first)?, self.english(second)?];
            return Some(pair_name([&both[0], &both[1]]));
        }
        let held = title.strip_prefix(CAP)?.trim_start();
        let name = self.known.get(held).map_or(held, String::as_str);
        Some(format!("cap {name}"))
    }
}

/// `[[agency]]`: what an agency is called in English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agency {
    /// As sources say it.
    pub name: String,
    /// In English.
    pub english: String,
}

/// Reads every `[[agency]]`.
pub(super) fn read_agencies(root: &Section<'_>) -> Vec<Agency> {
    let mut agencies: Vec<Agency> = Vec::new();
    for section in root.sections("agency") {
        let name = section.required_text("name");
        let english = section.english("name_en");
        if !section.has("name_en") {
            section.fault("name_en", "is missing, but must be given");
        }
        section.finish();
        let (Some(name), Some(english)) = (name, english) else {
            continue;
        };
        if agencies.iter().any(|known| known.name == name) {
            section.fault("name", format!("`{name}` is declared twice"));
        }
        agencies.push(Agency { name, english });
    }
    agencies
}

/// Agencies that no source is of, as faults.
pub(super) fn unknown_agencies(agencies: &[Agency], of_sources: &[String]) -> Vec<String> {
    let known: Vec<&str> = of_sources.iter().map(String::as_str).collect();
    let unknown = agencies
        .iter()
        .filter(|agency| !known.contains(&agency.name.as_str()));
    unknown
        .map(|agency| {
            format!(
                "`agency.name`: no source is of an agency `{}`{}",
                agency.name,
                did_you_mean(&agency.name, &known)
            )
        })
        .collect()
}

/// Every English name that is declared, by its Chinese title.
///
/// # Errors
/// Titles that are called so here and so there.
pub(super) fn names_of(
    agencies: &[Agency],
    catalogue: &Catalogue,
    features: &[Feature],
    law: &Law,
) -> Result<Names, Vec<String>> {
    let agencies = agencies.iter().map(|of| (&of.name, Some(&of.english)));
    let sources = catalogue.sources().iter();
    let resources = sources.map(|of| (&of.resource, of.resource_en.as_ref()));
    let features = features.iter().map(|of| (&of.title, of.title_en.as_ref()));
    let signals = law.signals.iter();
    let signals = signals.map(|of| (&of.title, of.title_en.as_ref()));
    let typologies = law.typologies.iter();
    let typologies = typologies.map(|of| (&of.title, of.title_en.as_ref()));
    let thresholds = law.thresholds.iter();
    let thresholds = thresholds.map(|of| (&of.title, of.title_en.as_ref()));
    let all = agencies.chain(resources).chain(features).chain(signals);
    let mut names = Names::default();
    let mut faults = Vec::new();
    for (title, english) in all.chain(typologies).chain(thresholds) {
        faults.extend(names.add(title, english.map(String::as_str)).err());
    }
    match faults.is_empty() {
        true => Ok(names),
        false => Err(faults),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_has_one_name() {
        let mut names = Names::default();
        names.add("投诉次数", Some("complaints")).unwrap();
        names.add("投诉次数", None).unwrap();
        names.add("举报", Some("tip-offs")).unwrap();
        let fault = names.add("投诉次数", Some("grievances")).unwrap_err();
        assert!(
            fault.contains("`complaints`") && fault.contains("`grievances`"),
            "{fault}"
        );
        assert_eq!(names.english("投诉次数").unwrap(), "complaints");
        assert_eq!(
            names.english("投诉次数 × 举报").unwrap(),
            "complaints × tip-offs"
        );
        assert_eq!(names.english("投诉次数 × 他"), None);
        assert_eq!(names.english("上限 D").unwrap(), "cap D");
        assert_eq!(names.english("上限 举报").unwrap(), "cap tip-offs");
        assert_eq!(names.english("他"), None);
    }
}
