//! Where the slots of a tally begin.
//!
//! Contract: a look at a slot costs the same however many slots there are; to
//! turn to another tally costs its entries. A score looks at hundreds of slots,
//! of which an enterprise has some tens.

use tocsin_ingest::fact::Slot;

use crate::keeping::slot_of;
use crate::tally::{Entry, Tally};

/// Room for the places of one tally after another.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// By slot: in which turn its place was noted, and the place.
    noted: Vec<(u32, u32)>,
    turn: u32,
}

/// A tally whose places are known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed<'a> {
    entries: &'a [Entry],
    places: &'a Places,
}

impl Places {
    /// Notes the places of a tally.
    pub(crate) fn of<'a>(&'a mut self, tally: &'a Tally) -> Placed<'a> {
        self.turn = self.turn.wrapping_add(1);
        if self.turn == 0 {
            // What was noted so many turns ago must not seem to be of this one.
            self.noted.clear();
            self.turn = 1;
        }
        let entries = tally.entries();
        for (place, entry) in entries.iter().enumerate() {
            let slot = usize::from(slot_of(entry.slot));
            if self.noted.len() <= slot {
                self.noted.resize(slot + 1, (0, 0));
            }
            if self.noted[slot].0 != self.turn {
                self.noted[slot] = (self.turn, place as u32);
            }
        }
        Placed {
            entries,
            places: self,
        }
    }
}

impl<'a> Placed<'a> {
    /// The entries of a slot, sorted by day and value.
    pub(crate) fn of(self, slot: Slot) -> &'a [Entry] {
        match self.places.noted.get(usize::from(slot)) {
            Some((turn, place)) if *turn == self.places.turn => {
                let rest = &self.entries[*place as usize..];
                let stored = rest[0].slot;
                let len = rest.iter().take_while(|entry| entry.slot == stored).count();
                &rest[..len]
            }
            _ => &[],
        }
    }

    /// Whether facts of the slot are there.
    pub(crate) fn has_facts(self, slot: Slot) -> bool {
        let entries = self.of(slot).iter();
        entries.map(|entry| i64::from(entry.n)).sum::<i64>() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keeping::{Each, Keeping};

    #[test]
    fn each_tally_has_its_own_places() {
        let kept = Keeping {
            by_day: true,
            each: Each::Value,
        };
        let mut tally = Tally::one(3, 2, 5);
        for (day, sum) in [(9, 1), (7, 4)] {
            let slot = kept.stored(1);
            tally.put(Entry {
                slot,
                day,
                n: 1,
                sum,
            });
        }
        let mut places = Places::default();
        let placed = places.of(&tally);
        assert_eq!(placed.of(3), &tally.entries()[..1]);
        assert_eq!(placed.of(1), &tally.entries()[1..]);
        assert!(placed.of(2).is_empty() && placed.of(900).is_empty());
        assert!(placed.has_facts(1) && !placed.has_facts(2));
        let other = Tally::one(2, -1, 0);
        let placed = places.of(&other);
        assert_eq!((placed.of(3).len(), placed.of(2).len()), (0, 1));
        assert!(!placed.has_facts(2));
    }
}
