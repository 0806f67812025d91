//! The instants at which the pieces of a large epoch enter.
//!
//! Contract: all lie on the business day on which the epoch closes, after what
//! its midnight brings and everything that was before the epoch, so that
//! entering by pieces differs from entering at once in nothing that is settled.
//! Whoever tells of instants tells of the close instead: what lies between pieces
//! was never so.

use std::cell::Cell;
use std::rc::Rc;

use crate::day::{business_day, midnight};
use crate::types::Time;

/// Rows of an input that enter a worker's dataflow as a piece: so many that an
/// arrangement of them takes some tens of megabytes.
pub const PIECE: usize = 1 << 21;

/// How large pieces are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size(pub(crate) usize);

impl Default for Size {
    fn default() -> Self {
        Size(PIECE)
    }
}

impl Size {
    /// Rows of a piece, roughly.
    pub(crate) fn rows(self) -> usize {
        self.0
    }

    /// Up to so many rows are no matter, and held as they came.
    pub(crate) fn few(self) -> usize {
        self.0 / 32
    }

    /// Subjects and entries of a piece of tallies, roughly; these are smaller.
    pub(crate) fn weight(self) -> usize {
        2 * self.0
    }

    /// Subjects and entries that are summed in place before they are packed.
    pub(crate) fn loose(self) -> usize {
        4 * self.0
    }
}

/// The instants of the epoch that is entering, or was the last to. A clone is
/// the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pieces {
    span: Rc<Cell<(Time, Time)>>,
}

impl Pieces {
    /// Begins an epoch that closes at `close`, with `open` the first instant that
    /// is free.
    pub(crate) fn begin(&self, open: Time, close: Time) {
        let after_midnight = midnight(business_day(close)) + 1;
        let first = open.max(after_midnight).min(close);
        self.span.set((first, close));
    }

    /// When the epoch closes.
    pub(crate) fn close(&self) -> Time {
        self.span.get().1
    }

    /// When a piece enters, of so many; the last one at the close. Where the epoch
    /// has too few instants, several enter at its first.
    pub(crate) fn at(&self, piece: usize, of: usize) -> Time {
        let (first, close) = self.span.get();
        let after = of.saturating_sub(piece + 1) as Time;
        close.saturating_sub(after).max(first)
    }

    /// Before which instant all is done with, where everything before `time` is
    /// complete: an epoch is only as a whole.
    pub(crate) fn whole(&self, time: Time) -> Time {
        let (first, close) = self.span.get();
        match (first..=close).contains(&time) {
            true => first,
            false => time,
        }
    }

    /// The instant from which on what is so at `time` can be told.
    pub(crate) fn settled(&self, time: Time) -> Time {
        let (first, close) = self.span.get();
        match (first..close).contains(&time) {
            true => close,
            false => time,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_enter_on_the_day_of_the_close_and_settle_there() {
        let (pieces, midnight) = (Pieces::default(), midnight(20_000));
        pieces.begin(5, midnight + 3);
        let at: Vec<Time> = (0..4).map(|piece| pieces.at(piece, 4)).collect();
        assert_eq!(at, [1, 1, 2, 3].map(|after| midnight + after));
        assert!(at.iter().all(|time| pieces.settled(*time) == midnight + 3));
        assert_eq!(pieces.settled(midnight), midnight);
        assert_eq!(pieces.settled(midnight + 4), midnight + 4);
        let whole = [0, 1, 2, 3, 4].map(|after| pieces.whole(midnight + after) - midnight);
        assert_eq!(whole, [0, 1, 1, 1, 4]);
    }

    #[test]
    fn an_epoch_of_one_instant_enters_there() {
        let pieces = Pieces::default();
        for close in [7, midnight(20_000)] {
            pieces.begin(close, close);
            assert_eq!((pieces.at(0, 9), pieces.at(8, 9)), (close, close));
            assert_eq!(pieces.whole(close), close);
        }
    }
}
