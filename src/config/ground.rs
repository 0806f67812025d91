//! What a running process stands on and cannot change: the sources and what
//! they say, how links and groups carry it, where files are, what time is.
//!
//! Contract: two configurations on the same ground have the same accumulators,
//! so features, levels and models of one can take the place of the other's.

use super::settings::Draft;
use std::collections::BTreeMap;

/// Who is told of alerts: no part of what decides scores.
const SINKS: &str = "[[sink]]";

/// The parts of a configuration that are read once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ground {
    /// By source: a hash of its declaration and its word lists.
    sources: BTreeMap<String, u64>,
    /// Everything else: the name of a part of `tocsin.toml`, and what it says.
    parts: Vec<(&'static str, String)>,
}

impl Ground {
    /// What `tocsin.toml` says; sources are added one by one.
    pub(super) fn new(draft: &Draft) -> Ground {
        // A group's slot follows from the sources; it is no difference of its own.
        let groups = draft.groups.iter();
        let groups: Vec<_> = groups
            .map(|group| (group.link, &group.signal, group.min, group.hub))
            .collect();
        let parts = vec![
            ("[inputs] root", format!("{:?}", draft.root)),
            ("[[link_kind]]", format!("{:?}", draft.link_kinds)),
            ("[[group]]", format!("{groups:?}")),
            ("[clock]", format!("{:?}", draft.clock)),
            (SINKS, format!("{:?}", draft.sinks)),
            (
                "[casework], [people] or [serve]",
                format!("{:?}", draft.office),
            ),
        ];
        Ground {
            sources: BTreeMap::new(),
            parts,
        }
    }

    pub(super) fn add_source(&mut self, id: &str, hash: u64) {
        self.sources.insert(id.to_owned(), hash);
    }

    /// What of it decides scores, as text: not where files are, nor what time is.
    pub fn scoring(&self) -> String {
        let parts = self.parts.iter();
        let parts: Vec<_> = parts
            .filter(|(name, _)| name.starts_with("[[") && *name != SINKS)
            .collect();
        format!("{:?} {parts:?}", self.sources)
    }

    /// Everything in which `next` stands on other ground, in words; empty when
    /// it can take the place of this one while the process runs.
    pub fn differences(&self, next: &Ground) -> Vec<String> {
        let mut found = Vec::new();
        let mut differs = |what: String| found.push(format!("needs a restart: {what}"));
        for (id, hash) in &next.sources {
            match self.sources.get(id) {
                None => differs(format!("source `{id}` is new")),
                Some(known) if known != hash => {
                    differs(format!("source `{id}` is declared otherwise"));
                }
                Some(_) => {}
            }
        }
        for id in self.sources.keys() {
            if !next.sources.contains_key(id) {
                differs(format!("source `{id}` is gone"));
            }
        }
        for (known, part) in self.parts.iter().zip(&next.parts) {
            if known != part {
                differs(format!("`{}` has changed", part.0));
            }
        }
        found
    }
}
