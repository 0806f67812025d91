//! The first load of an engine, in pieces.
//!
//! A load of everything there is, at a start or restart, would wait whole in
//! front of the dataflow, and be there a second time while it is arranged. So
//! profiles, aliases and links enter in pieces, at instants before the first
//! epoch's, each arranged before the next one is taken. Observations do not:
//! until the epoch ends a subject's are one sum.
//!
//! Contract: what comes out of the first epoch is what would have come out had
//! everything entered at its end: rules come into force there, nothing is
//! assessed or told before, and what counts only between two pieces is gone.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::loader::Post;
use crate::types::Time;
use crate::worker::Command;

/// Rows of the first piece.
const ROWS: u64 = 4_000_000;

/// Later pieces have so much of what has entered before, as one part in so many:
/// few pieces cost little, small ones wait for little.
const SHARE: u64 = 4;

/// Instants that are kept free for pieces before the first epoch: enough for
/// more rows than a landing can have.
pub(crate) const PIECES: u64 = 1 << 16;

/// Says when a piece of the first epoch is to enter.
#[derive(Debug)]
pub(crate) struct Opening {
    /// Rows sent that no piece has been made of.
    sent: AtomicU64,
    /// How many make a piece: more than can be, once the first epoch is closed.
    enough: AtomicU64,
    next: Mutex<Next>,
}

/// The next piece.
#[derive(Debug)]
struct Next {
    time: Time,
    /// The first instant that is not for pieces.
    until: Time,
    /// The least rows of a piece.
    least: u64,
    /// Rows that have entered.
    entered: u64,
}

impl Opening {
    /// For an engine whose first epoch closes at or after `open`; `whole`: a
    /// load enters at once.
    pub(crate) fn new(open: Time, whole: bool) -> Self {
        Opening {
            sent: AtomicU64::new(0),
            enough: AtomicU64::new(if whole { u64::MAX } else { ROWS }),
            next: Mutex::new(Next {
                time: open.saturating_sub(PIECES),
                // The last instant is for what is left at the end.
                until: open.saturating_sub(1),
                least: ROWS,
                entered: 0,
            }),
        }
    }

    /// Lets pieces have so many rows at least.
    pub(crate) fn set_least(&self, rows: u64) {
        let mut next = self.next();
        if self.enough.load(Relaxed) != u64::MAX {
            next.least = rows;
            self.enough.store(next.rows(), Relaxed);
        }
    }

    /// Notes that rows have been sent to the workers, and lets what was sent so
    /// far enter once it is enough. All workers hear of pieces in the same order.
    pub(crate) fn sent(&self, rows: usize, workers: impl Iterator<Item = Post>) {
        let sent = self.sent.fetch_add(rows as u64, Relaxed) + rows as u64;
        if sent < self.enough.load(Relaxed) {
            return;
        }
        let mut next = self.next();
        // Another thread may have made a piece meanwhile, or the last instant
        // may be used up.
        let sent = self.sent.load(Relaxed);
        if sent < self.enough.load(Relaxed) || next.time >= next.until {
            return;
        }
        for worker in workers {
            // One that is gone is reported when the epoch is closed.
            let _ = worker.send(Command::Enter(next.time));
        }
        self.sent.fetch_sub(sent, Relaxed);
        next.time += 1;
        next.entered += sent;
        self.enough.store(next.rows(), Relaxed);
    }

    /// Makes no more pieces.
    pub(crate) fn close(&self) {
        let _next = self.next();
        self.enough.store(u64::MAX, Relaxed);
    }

    fn next(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Next {
    /// Rows that make a piece.
    fn rows(&self) -> u64 {
        self.least.max(self.entered / SHARE)
    }
}
