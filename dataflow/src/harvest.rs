//! What comes out of a worker's dataflow until its epoch is reported.
//!
//! Contract: changes leave in chunks as they come, so that whoever takes them
//! need not hold them all.

use std::sync::mpsc::Sender;

use serde::{Deserialize, Serialize};
use tocsin_ingest::fact::{Slot, SubjectKey};

use crate::revise::ScoreChange;
use crate::rules::Graded;
use crate::worker::{Reply, Share, Wanted};

/// Changes a chunk.
const CHUNK: usize = 1024;

/// Whose assessments change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Enterprises'.
    Enterprises,
    /// Groups', known by the enterprises that name them.
    Groups,
}

/// An enterprise has joined a group, or left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Membership {
    /// The enterprise.
    pub member: SubjectKey,
    /// The group, by the least of its members.
    pub group: SubjectKey,
    /// Whether it belongs to it now.
    pub joined: bool,
}

/// One worker's changes that have not left yet.
pub(crate) struct Harvest {
    /// Whether the changes of the epoch that is being worked off are wanted.
    pub(crate) wanted: Wanted,
    last: Share,
    replies: Sender<Reply>,
}

impl Harvest {
    /// Nothing, with where to send what will come.
    pub(crate) fn new(replies: Sender<Reply>) -> Self {
        Harvest {
            wanted: Wanted::Changes,
            last: Share::default(),
            replies,
        }
    }

    /// Adds a change of an assessment.
    pub(crate) fn add(&mut self, change: ScoreChange, whose: Whose) {
        if whose == Whose::Groups {
            // There are fewer of them, and nobody waits for them apart.
            return self.last.groups.push(change);
        }
        self.last.changes.push(change);
        if self.last.changes.len() >= CHUNK {
            let chunk = std::mem::take(&mut self.last.changes);
            self.send(Reply::Changes(chunk));
            self.last.changes.reserve(CHUNK);
        }
    }

    /// Notes that an enterprise belongs to a group, or no longer.
    pub(crate) fn belongs(&mut self, member: SubjectKey, group: SubjectKey, times: isize) {
        self.last.members.push(((member, group), times));
    }

    /// Adds a change of the number of matched records of a slot; groups have none
    /// of their own.
    pub(crate) fn count(&mut self, slot: Slot, change: i64, whose: Whose) {
        if whose == Whose::Groups {
            return;
        }
        let slot = usize::from(slot);
        if self.last.matched.len() <= slot {
            self.last.matched.resize(slot + 1, 0);
        }
        self.last.matched[slot] += change;
    }

    /// Adds how the counts of grades have changed; groups have none.
    pub(crate) fn grade(&mut self, graded: &Graded, whose: Whose) {
        if whose == Whose::Enterprises {
            self.last.graded.add(graded);
        }
    }

    /// Sets how the numbers of records that wait have changed, by slot.
    pub(crate) fn set_waiting(&mut self, (unknown, ambiguous): (Vec<i64>, Vec<i64>)) {
        self.last.unknown = unknown;
        self.last.ambiguous = ambiguous;
    }

    /// Sends what is left: the epoch is complete.
    pub(crate) fn report(&mut self) {
        let last = std::mem::take(&mut self.last);
        self.send(Reply::Epoch(last));
    }

    fn send(&self, reply: Reply) {
        // Nobody listens only when the engine is being dropped.
        let _ = self.replies.send(reply);
    }
}
