//! What waits for an alias, looked up when somebody asks.
//!
//! Contract: as of the last closed epoch. Nothing is kept for it: the facts of
//! aliases are walked, which takes time with their number and holds the worker
//! meanwhile; of what is found only as many rows are held as were asked for.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

use differential_dataflow::trace::cursor::cursor_list;
use differential_dataflow::trace::{Cursor, TraceReader};
use serde::{Deserialize, Serialize};
use tocsin_ingest::fact::{Slot, Standing, SubjectKey, Term};

use crate::footprint::Gauge;
use crate::identity::{Claim, Meant};
use crate::plan::Plan;
use crate::types::{NamedTrace, SaidTrace, Time};

/// Claims of one alias that are told.
const CLAIMS: usize = 20;

/// Which waiting aliases are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingQuery {
    /// Only those by which records of this slot name an enterprise.
    pub slot: Option<Slot>,
    /// Only those that several bear (true), or that nobody does (false).
    pub ambiguous: Option<bool>,
    /// At most so many, those with the most records.
    pub most: usize,
}

/// Records of one slot that wait under an alias.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingRecords {
    /// The slot: of role `Registers` or `Mention`, so each record counts once.
    pub slot: Slot,
    /// Nobody is known to bear the alias on their day.
    pub unknown: i64,
    /// Several enterprises bear it on their day.
    pub ambiguous: i64,
}

/// An alias under which records wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingAlias {
    /// The alias.
    pub alias: SubjectKey,
    /// How many records, by slot.
    pub records: Vec<WaitingRecords>,
    /// Who is said to bear it, when and how firmly; the first of many.
    pub claims: Vec<(SubjectKey, Term, Standing)>,
}

/// The answer of one worker or of all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Aliases under which records wait, whether told or not.
    pub aliases: u64,
    /// Those with the most records first, then by key.
    pub most: Vec<WaitingAlias>,
}

impl WaitingAlias {
    /// All records that wait under it.
    pub fn total(&self) -> i64 {
        let records = self.records.iter();
        records.map(|of| of.unknown + of.ambiguous).sum()
    }
}

impl Waiting {
    /// Adds what another worker has found.
    pub fn add(&mut self, other: Waiting, most: usize) {
        self.aliases += other.aliases;
        self.most.extend(other.most);
        self.most
            .sort_by_key(|waiting| (Reverse(waiting.total()), waiting.alias));
        self.most.truncate(most);
    }
}

/// Where it can be looked up.
pub(crate) struct Lookup {
    pub(crate) plan: Rc<Plan>,
    pub(crate) facts: NamedTrace,
    pub(crate) identity: SaidTrace<Meant>,
    pub(crate) aliases: SaidTrace<Claim>,
}

impl Lookup {
    /// Lets the arrangements forget history before `time`.
    pub(crate) fn compact(&mut self, time: Time) {
        self.facts.compact(time);
        self.identity.compact(time);
        self.aliases.compact(time);
    }

    /// What waits here.
    pub(crate) fn find(&self, query: &WaitingQuery) -> Waiting {
        let mut found = Waiting::default();
        let mut most: BinaryHeap<(Reverse<i64>, SubjectKey)> = BinaryHeap::new();
        self.each(None, |waiting| {
            if waiting.is_asked(query) {
                found.aliases += 1;
                most.push((Reverse(waiting.total()), waiting.alias));
                if most.len() > query.most {
                    most.pop();
                }
            }
        });
        for (_, alias) in most.into_sorted_vec() {
            self.each(Some(alias), |mut waiting| {
                waiting.claims = self.claims(alias);
                found.most.push(waiting);
            });
        }
        found
    }

    /// Calls `take` with every alias that has records waiting, or with one.
    fn each(&self, only: Option<SubjectKey>, mut take: impl FnMut(WaitingAlias)) {
        let (mut facts, facts_store) = cursor_list(batches(&self.facts));
        let (mut meant, meant_store) = cursor_list(batches(&self.identity));
        if let Some(alias) = &only {
            facts.seek_key(&facts_store, alias);
        }
        while let Some(alias) = facts.get_key(&facts_store).copied() {
            if only.is_some_and(|only| only != alias) {
                break;
            }
            let mut terms: Vec<Meant> = Vec::new();
            meant.seek_key(&meant_store, &alias);
            if meant.get_key(&meant_store) == Some(&alias) {
                while let Some(term) = meant.get_val(&meant_store) {
                    let mut times = 0;
                    meant.map_times(&meant_store, |_, n| times += *n);
                    terms.extend((times > 0).then_some(*term));
                    meant.step_val(&meant_store);
                }
            }
            let mut waiting = WaitingAlias {
                alias,
                records: Vec::new(),
                claims: Vec::new(),
            };
            while let Some(day) = facts.get_val(&facts_store) {
                let clear = terms.iter().find_map(|meant| meant.is_clear_on(*day));
                if clear != Some(true) {
                    facts.map_times(&facts_store, |_, tally| {
                        for entry in tally.entries() {
                            if self.plan.is_matched(entry.slot) {
                                waiting.count(entry.slot, i64::from(entry.n), clear.is_some());
                            }
                        }
                    });
                }
                facts.step_val(&facts_store);
            }
            waiting
                .records
                .retain(|of| (of.unknown, of.ambiguous) != (0, 0));
            if !waiting.records.is_empty() {
                take(waiting);
            }
            facts.step_key(&facts_store);
        }
    }

    fn claims(&self, alias: SubjectKey) -> Vec<(SubjectKey, Term, Standing)> {
        let (mut said, store) = cursor_list(batches(&self.aliases));
        let mut claims = Vec::new();
        said.seek_key(&store, &alias);
        if said.get_key(&store) != Some(&alias) {
            return claims;
        }
        while let Some(claim) = said.get_val(&store) {
            let mut times = 0;
            said.map_times(&store, |_, n| times += *n);
            if times > 0 && claims.len() < CLAIMS {
                claims.push(claim.parts());
            }
            said.step_val(&store);
        }
        claims
    }
}

/// Everything that a trace holds.
fn batches<Tr: TraceReader>(trace: &Tr) -> Vec<Tr::Batch>
where
    Tr::Batch: Clone,
{
    let mut batches = Vec::new();
    trace.map_spans(|span| batches.extend(span.inner.clone()));
    batches
}

impl WaitingAlias {
    fn count(&mut self, slot: Slot, n: i64, ambiguous: bool) {
        let at = match self.records.binary_search_by_key(&slot, |of| of.slot) {
            Ok(at) => at,
            Err(at) => {
                let none = WaitingRecords {
                    slot,
                    ..WaitingRecords::default()
                };
                self.records.insert(at, none);
                at
            }
        };
        match ambiguous {
            true => self.records[at].ambiguous += n,
            false => self.records[at].unknown += n,
        }
    }

    fn is_asked(&self, query: &WaitingQuery) -> bool {
        self.records.iter().any(|of| {
            let slot = query.slot.is_none_or(|slot| slot == of.slot);
            let why = match query.ambiguous {
                Some(true) => of.ambiguous != 0,
                Some(false) => of.unknown != 0,
                None => true,
            };
            slot && why
        })
    }
}
