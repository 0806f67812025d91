//! A part of the enterprises, for states that are too large to be folded at once.
//!
//! Who shares subjects, and is so a neighbour, a group or one that goes on, is in
//! the same part: nothing that is left out says anything of who is kept.

use super::{Fold, Named};
use std::collections::HashMap;
use tocsin_ingest::fact::SubjectKey;

/// Which enterprises are folded.
#[derive(Debug)]
pub(super) struct Chosen {
    place: u64,
    of: u64,
    /// The first of those that an enterprise is associated with.
    firsts: HashMap<SubjectKey, SubjectKey>,
}

impl Chosen {
    fn has(&self, enterprise: SubjectKey) -> bool {
        let first = self.firsts.get(&enterprise).unwrap_or(&enterprise);
        first.hash64() % self.of == self.place
    }
}

impl Fold<'_> {
    /// Folds from now on the part at `place` of so many, of all that was
    /// [related](Fold::relate).
    pub fn only(&mut self, place: u64, of: u64) {
        let firsts = match self.part.take() {
            Some(part) => part.firsts,
            None => self.firsts(),
        };
        self.part = Some(Chosen { place, of, firsts });
    }

    /// Whether an enterprise is of the part that is folded.
    pub fn has(&self, enterprise: SubjectKey) -> bool {
        self.part.as_ref().is_none_or(|part| part.has(enterprise))
    }

    /// Whether anything that a subject's records say counts for the part.
    pub(super) fn wants(&self, subject: Named) -> bool {
        match &self.part {
            None => true,
            Some(part) if subject.0.kind().is_enterprise() => part.has(subject.0),
            Some(part) => {
                self.totals.contains_key(&subject)
                    || self.reaches(subject).keys().any(|of| part.has(*of))
            }
        }
    }
}
