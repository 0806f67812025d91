//! Grains in no order, in chunks, so that growing copies nothing.
//!
//! Contract: grains of the same subject and slot are summed whenever the pile
//! has doubled, so what was added and withdrawn costs nothing in the long run;
//! of a large pile that grew by itself at most a fifth of the room is empty.

use crate::grain::Grain;

/// Below this many grains a pile is not tidied, nor kept in a chunk of its own.
const FEW: usize = 64;

/// Grains of the least and of the largest chunk that is begun.
const CHUNK: (usize, usize) = (4, 512);

/// Grains that wait for the same thing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pile {
    chunks: Vec<Vec<Grain>>,
    len: usize,
    tidy_at: usize,
}

impl Pile {
    /// Adds a grain.
    pub(crate) fn push(&mut self, grain: Grain) {
        if self.len >= self.tidy_at.max(FEW) {
            self.tidy();
        }
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < chunk.capacity() => chunk.push(grain),
            _ => self.begin_chunk(grain),
        }
        self.len += 1;
    }

    /// Adds another pile; a large one is not copied.
    pub(crate) fn absorb(&mut self, other: Pile) {
        if self.len == 0 {
            *self = other;
        } else if other.len <= FEW {
            other.grains().for_each(|grain| self.push(*grain));
        } else {
            self.len += other.len;
            self.chunks.extend(other.chunks);
            if self.len >= self.tidy_at.max(FEW) {
                self.tidy();
            }
        }
    }

    /// The grains.
    pub(crate) fn grains(&self) -> impl Iterator<Item = &Grain> {
        self.chunks.iter().flatten()
    }

    /// The grains in pieces that lie together.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = &[Grain]> {
        self.chunks.iter().map(Vec::as_slice)
    }

    /// The grains, summed and sorted by subject and slot.
    pub(crate) fn summed(mut self) -> Vec<Grain> {
        self.tidy();
        self.chunks.pop().unwrap_or_default()
    }

    /// Grains held.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Grains there is room for.
    pub(crate) fn capacity(&self) -> usize {
        self.chunks.iter().map(Vec::capacity).sum()
    }

    fn begin_chunk(&mut self, grain: Grain) {
        let room = (self.len / 4).clamp(CHUNK.0, CHUNK.1);
        let mut chunk = Vec::with_capacity(room);
        chunk.push(grain);
        self.chunks.push(chunk);
    }

    fn tidy(&mut self) {
        let mut grains = Vec::with_capacity(self.len);
        self.chunks.drain(..).for_each(|chunk| grains.extend(chunk));
        // Stable only because that is quick where a part is sorted already.
        grains.sort_by_key(Grain::key);
        grains.dedup_by(|next, kept| {
            let same = next.key() == kept.key();
            if same {
                kept.plus(next);
            }
            same
        });
        grains.retain(|grain| !grain.is_zero());
        grains.shrink_to_fit();
        self.len = grains.len();
        self.tidy_at = self.len * 2;
        self.chunks.push(grains);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use tocsin_ingest::fact::{SubjectKey, SubjectKind};

    use super::*;

    fn grain((number, slot, n): (u128, u16, i32)) -> Grain {
        Grain {
            subject: SubjectKey::new(SubjectKind::EnterpriseCode, number),
            sum: i64::from(n) * 7,
            n,
            slot,
            day: 0,
        }
    }

    proptest! {
        #[test]
        fn piles_sum_to_what_was_added(
            parts in proptest::collection::vec(
                proptest::collection::vec((0u128..9, 0u16..3, -1i32..2), 0..200), 1..5),
        ) {
            let mut pile = Pile::default();
            let mut sums: BTreeMap<_, i32> = BTreeMap::new();
            for part in parts {
                let mut one = Pile::default();
                for grain in part.into_iter().map(grain) {
                    one.push(grain);
                    *sums.entry(grain.key()).or_default() += grain.n;
                }
                pile.absorb(one);
                prop_assert_eq!(pile.grains().count(), pile.len());
                prop_assert!(pile.len() <= pile.capacity());
            }
            sums.retain(|_, n| *n != 0);
            let summed = pile.summed();
            prop_assert!(summed.iter().all(|grain| grain.sum == i64::from(grain.n) * 7));
            let summed: Vec<_> = summed.iter().map(|grain| (grain.key(), grain.n)).collect();
            prop_assert_eq!(summed, sums.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_large_pile_has_little_room_to_spare() {
        let mut pile = Pile::default();
        (0..20_000).for_each(|number| pile.push(grain((number, 1, 1))));
        assert_eq!(pile.len(), 20_000);
        assert!(pile.capacity() <= 25_000, "{}", pile.capacity());
    }
}
