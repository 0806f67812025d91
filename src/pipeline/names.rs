//! Who the enterprises are that alerts speak of, kept from epoch to epoch.
//!
//! Reading an identity costs more than judging a change, and an enterprise that
//! changes once tends to change again. What is kept is always what the landing
//! says: an epoch in which a registering record speaks of an enterprise forgets
//! it.

use super::output::SourceOutput;
use super::records::{Identity, Records};
use anyhow::Result;
use std::collections::HashMap;
use tocsin_ingest::fact::SubjectKey;

/// Identities kept at most, about 300 bytes each.
const KEPT: usize = 65_536;

/// Identities by enterprise.
#[derive(Debug, Default)]
pub struct Names {
    known: HashMap<SubjectKey, Identity>,
}

impl Names {
    /// Makes sure that the identities of `enterprises` are known, reading all
    /// that are not in one go.
    ///
    /// # Errors
    /// When a segment cannot be read.
    pub fn learn(&mut self, records: &Records, enterprises: &[SubjectKey]) -> Result<()> {
        let unknown = |key: &SubjectKey| !self.known.contains_key(key);
        let mut wanted: Vec<SubjectKey> = enterprises.iter().copied().filter(unknown).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        if self.known.len() + wanted.len() > KEPT {
            self.known.clear();
            wanted = enterprises.to_vec();
        }
        wanted.sort_unstable();
        wanted.dedup();
        self.known.extend(records.identities(&wanted)?);
        Ok(())
    }

    /// What was learnt of an enterprise.
    pub fn of(&self, enterprise: SubjectKey) -> Identity {
        let known = self.known.get(&enterprise).cloned();
        known.unwrap_or_else(|| Identity::of_key(enterprise))
    }

    /// Forgets whom the registering records of an epoch speak of.
    pub(super) fn forget(&mut self, output: &SourceOutput) {
        match &output.registered {
            Some(registered) => registered.iter().chain(&output.retracted).for_each(|key| {
                self.known.remove(key);
            }),
            None => self.known.clear(),
        }
    }
}
