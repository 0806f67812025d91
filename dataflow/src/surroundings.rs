//! What the graph says of an enterprise: its group, the neighbours that are
//! cases, the ended firms that it goes on from.
//!
//! Contract: pure functions of the graph and the facts. A group is a connected
//! component of at most `largest` enterprises; a search never visits more.

use hashbrown::{HashMap, HashSet};
use smallvec::SmallVec;
use tocsin_ingest::fact::{Slot, SubjectKey, VALUE_SCALE};

use crate::adjacency::Adjacency;
use crate::plan::{NeighbourDef, ReturnDef};
use crate::tally::Entry;

/// Enterprises by their places.
pub(crate) type Places = HashSet<u32>;

/// The components of the graph, as far as they were asked for.
#[derive(Default)]
pub(crate) struct Components {
    seen: Places,
}

impl Components {
    /// The members of the component of `seed`, sorted; `None` when it has more
    /// than `largest`, is of one alone, or was given before.
    ///
    /// Whatever is visited is noted, so that many seeds of one component cost
    /// one search: a search that meets what an earlier one has seen is of a
    /// component that was too large, or was given.
    pub(crate) fn of(
        &mut self,
        graph: &Adjacency,
        seed: SubjectKey,
        largest: usize,
    ) -> Option<Vec<SubjectKey>> {
        let seed = graph.find(seed)?;
        if !self.seen.insert(seed) {
            return None;
        }
        let (mut members, mut done, mut known) = (vec![seed], 0, false);
        let mut within = Places::from_iter([seed]);
        while done < members.len() && members.len() <= largest && !known {
            let place = members[done];
            graph.beside(place, u64::MAX, |next| {
                if within.insert(next) {
                    known |= !self.seen.insert(next);
                    members.push(next);
                }
            });
            done += 1;
        }
        let whole = !known && members.len() <= largest && members.len() > 1;
        whole.then(|| {
            let mut members: Vec<_> = members.iter().map(|place| graph.key(*place)).collect();
            members.sort_unstable();
            members
        })
    }
}

/// The enterprises at most `hops` steps from one along the declared kinds, by
/// place, itself among them.
pub(crate) fn ball(graph: &Adjacency, from: SubjectKey, kinds: u64, hops: u8) -> Places {
    let Some(place) = graph.find(from) else {
        return Places::new();
    };
    let mut within = Places::from_iter([place]);
    let mut rim = vec![place];
    for _ in 0..hops {
        let mut next = Vec::new();
        for place in rim {
            graph.beside(place, kinds, |end| {
                if within.insert(end) {
                    next.push(end);
                }
            });
        }
        rim = next;
    }
    within
}

/// What is known of enterprises in the slots that the graph looks at.
#[derive(Debug, Default)]
pub(crate) struct Known {
    entries: HashMap<SubjectKey, SmallVec<[Entry; 1]>>,
}

impl Known {
    /// Adds to an entry; nothing is held of an enterprise of which nothing is
    /// known.
    pub(crate) fn add(&mut self, enterprise: SubjectKey, change: Entry) {
        let entries = self.entries.entry(enterprise).or_default();
        match entries.iter_mut().find(|entry| entry.slot == change.slot) {
            Some(entry) => {
                entry.n = entry.n.wrapping_add(change.n);
                entry.sum = entry.sum.wrapping_add(change.sum);
            }
            None => entries.push(change),
        }
        entries.retain(|entry| entry.n != 0 || entry.sum != 0);
        if entries.is_empty() {
            self.entries.remove(&enterprise);
        }
    }

    /// Whether anything is known of an enterprise.
    pub(crate) fn speaks_of(&self, enterprise: SubjectKey) -> bool {
        self.entries.contains_key(&enterprise)
    }

    /// Whether one of `slots` holds facts whose values sum to more than 0.
    pub(crate) fn is_case(&self, enterprise: SubjectKey, slots: &[Slot]) -> bool {
        let mut held = self.of(enterprise);
        held.any(|entry| entry.n > 0 && entry.sum > 0 && slots.contains(&entry.slot))
    }

    /// The day that the first of `slots` with facts tells.
    fn day(&self, enterprise: SubjectKey, slots: &[Slot]) -> Option<i64> {
        let first = slots.iter().find_map(|slot| {
            let mut held = self.of(enterprise);
            held.find(|entry| entry.slot == *slot && entry.n > 0)
        })?;
        let mean = first.sum.wrapping_div_euclid(i64::from(first.n));
        Some(mean.div_euclid(VALUE_SCALE))
    }

    fn of(&self, enterprise: SubjectKey) -> impl Iterator<Item = &Entry> {
        self.entries.get(&enterprise).into_iter().flatten()
    }

    /// Enterprises and bytes.
    pub(crate) fn measure(&self) -> (usize, usize) {
        let bucket = size_of::<(SubjectKey, SmallVec<[Entry; 1]>)>() + 1;
        (self.entries.len(), self.entries.capacity() * bucket * 8 / 7)
    }
}

/// The enterprises for which a case counts as a neighbour: those around it.
pub(crate) fn around(
    graph: &Adjacency,
    case: SubjectKey,
    def: &NeighbourDef,
) -> impl Iterator<Item = SubjectKey> {
    let within = ball(graph, case, def.kinds, def.hops).into_iter();
    let keys = within.map(move |place| graph.key(place));
    keys.filter(move |enterprise| *enterprise != case)
}

/// From how many ended firms an enterprise goes on: they share a subject with
/// it, and it was founded within the declared days around their end.
pub(crate) fn goes_on_from(
    graph: &Adjacency,
    known: &Known,
    enterprise: SubjectKey,
    def: &ReturnDef,
) -> i32 {
    let Some(founded) = known.day(enterprise, &def.founded) else {
        return 0;
    };
    let beside = ball(graph, enterprise, def.kinds, 1);
    let keys = beside.into_iter().map(|place| graph.key(place));
    let ended = keys.filter(|other| {
        let day = known.day(*other, &def.ended);
        *other != enterprise && day.is_some_and(|ended| def.includes(founded, ended))
    });
    ended.count() as i32
}
