//! The records around enterprises, as far as their figures come from them.

use super::past::Past;
use super::{HOPS, Kept, MAX_SUBJECTS, keep};
use crate::clearance;
use crate::fold::{Fold, Folded};
use crate::pipeline::records::{Identity, LiveRecord, Records, describe};
use anyhow::Result;
use std::collections::{BTreeSet, HashMap};
use tocsin_ingest::fact::{Facts, SubjectKey};

/// Neighbours count from this many steps away at most.
const STEPS: usize = 2;

/// Live records, folded.
pub(super) struct Gathered<'a> {
    records: &'a Records,
    /// As of when, where that is not now.
    past: Option<&'a Past>,
    /// Records of more sensitive sources are as if they were not there: they give
    /// no figures, and nothing is followed by way of them.
    clearance: u8,
    fold: Fold<'a>,
    /// Every record that was folded, as it may be shown.
    pub(super) kept: Vec<Kept>,
    /// Who the enterprises are that were asked for.
    pub(super) identities: HashMap<SubjectKey, Identity>,
    seen: BTreeSet<(u32, u32)>,
    subjects: BTreeSet<SubjectKey>,
    /// Whether all records are there: hubs are not followed to their end.
    pub(super) complete: bool,
}

impl<'a> Gathered<'a> {
    /// What the figures of one enterprise come from. Where enterprises are
    /// associated, those of its group count, or, where there are too many for a
    /// group, so many that this is known.
    ///
    /// # Errors
    /// When the landing cannot be read.
    pub(super) fn around(
        records: &'a Records,
        enterprise: SubjectKey,
        time_ms: i64,
        past: Option<&'a Past>,
        clearance: u8,
    ) -> Result<Self> {
        let graph = records.settings.association.as_ref();
        let largest = graph.map_or(0, |graph| graph.def.largest as usize);
        let mut gathered = Gathered::new(records, time_ms, past, clearance);
        let mut known = BTreeSet::from([enterprise]);
        let mut rim = known.clone();
        for step in 0.. {
            gathered.add(&rim)?;
            let near = gathered.fold.associates(&rim);
            rim = near.difference(&known).copied().collect();
            if rim.is_empty() || (step >= STEPS && known.len() > largest) || !gathered.complete {
                break;
            }
            known.extend(&rim);
        }
        Ok(gathered)
    }

    /// What the figures of all members of a group come from.
    ///
    /// # Errors
    /// When the landing cannot be read.
    pub(super) fn of_group(
        records: &'a Records,
        members: &BTreeSet<SubjectKey>,
        time_ms: i64,
    ) -> Result<Self> {
        let mut gathered = Gathered::new(records, time_ms, None, clearance::ALL);
        gathered.add(members)?;
        Ok(gathered)
    }

    fn new(records: &'a Records, time_ms: i64, past: Option<&'a Past>, clearance: u8) -> Self {
        Gathered {
            records,
            past,
            clearance,
            fold: Fold::new(&records.settings, crate::time::day_of(time_ms), true),
            kept: Vec::new(),
            identities: HashMap::new(),
            seen: BTreeSet::new(),
            subjects: BTreeSet::new(),
            complete: true,
        }
    }

    /// Folds the records that name these enterprises, what they are linked to,
    /// and what that is linked to. Other enterprises are not followed: their own
    /// records come in when they are asked for.
    fn add(&mut self, enterprises: &BTreeSet<SubjectKey>) -> Result<()> {
        for enterprise in enterprises {
            let identity = Identity::of_key(*enterprise);
            self.identities.entry(*enterprise).or_insert(identity);
        }
        let mut frontier: Vec<SubjectKey> = enterprises.iter().copied().collect();
        let before = self.subjects.len();
        for hop in 0..=HOPS {
            self.subjects.extend(&frontier);
            let next = self.name(&frontier)?;
            if hop == HOPS || frontier.is_empty() {
                break;
            }
            let new =
                |key: &SubjectKey| !key.kind().is_enterprise() && !self.subjects.contains(key);
            frontier = next.into_iter().filter(new).collect();
            if self.subjects.len() - before + frontier.len() > MAX_SUBJECTS {
                self.complete = false;
                break;
            }
        }
        Ok(())
    }

    /// Folds the records that name one of `subjects`; whom they name.
    fn name(&mut self, subjects: &[SubjectKey]) -> Result<BTreeSet<SubjectKey>> {
        let (mut next, mut named) = (BTreeSet::new(), Vec::new());
        let (records, past, clearance) = (self.records, self.past, self.clearance);
        let mut take = |record: LiveRecord<'_>| {
            let hidden = clearance::sensitivity(record.source) > clearance;
            if hidden || past.is_some_and(|past| !past.knows(&record)) {
                return;
            }
            record.said.subjects(record.index, &mut named);
            next.extend(named.iter().copied());
            let new = self.seen.insert((record.at.segment, record.at.row));
            if !new || record.said.withdraws[record.index] {
                return;
            }
            let enterprise = record.said.enterprises[record.index];
            if let Some((key, identity)) = enterprise
                .filter(|_| record.source.registers)
                .and_then(|key| Some((key, self.identities.get_mut(&key)?)))
            {
                describe(key, &record, identity);
            }
            let mut facts = Facts::default();
            record.said.facts(record.index, &mut facts);
            self.fold.add(self.kept.len(), &facts);
            self.kept.push(keep(records, &record, &facts));
        };
        let all = records.naming(subjects, &mut take)?;
        if let Some(past) = past {
            past.naming(records, subjects, take);
        }
        self.complete &= all;
        Ok(next)
    }

    /// Whom the records were asked about.
    pub(super) fn subjects(&self) -> impl Iterator<Item = SubjectKey> {
        self.subjects.iter().copied()
    }

    /// Ends the fold.
    pub(super) fn finish(self) -> (Folded<'a>, Vec<Kept>, HashMap<SubjectKey, Identity>) {
        (self.fold.finish(), self.kept, self.identities)
    }
}
