//! Facts on their way to the workers.
//!
//! Contract: a loader sends observations as flat rows to the worker of their
//! subject, which sums them as they come; so a bulk load costs the dataflow its
//! subjects and not its records, and a loader holds little. What was flushed before an epoch closes belongs to it; what was not
//! belongs to a later one. Sending waits while a worker has too much to take.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread::Thread;

use differential_dataflow::Hashable;
use tocsin_ingest::fact::{Facts, Observation, SubjectKey, Term};

use crate::arrivals::{Load, Row};
use crate::cluster::Distant;
use crate::grain::Dated;
use crate::identity::Claim;
use crate::keeping::Keeping;
use crate::latest::Version;
use crate::links::Target;
use crate::named;
use crate::opening::Opening;
use crate::worker::Command;

/// Rows per message.
const ROWS: usize = 4096;

/// Where a worker takes commands.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    /// Bounded: sending waits while the worker has too much to take.
    pub(crate) commands: SyncSender<Command>,
    /// The worker's thread. It parks in timely and nowhere else, so unparking it
    /// after each command is enough for it never to sleep over one.
    pub(crate) thread: Thread,
}

impl Post {
    /// Sends a command; `false` when the worker is gone.
    pub(crate) fn send(&self, command: Command) -> bool {
        let sent = self.commands.send(command).is_ok();
        self.thread.unpark();
        sent
    }
}

/// Where a worker is.
#[derive(Debug, Clone)]
pub(crate) enum Address {
    /// In this process.
    Here(Post),
    /// In another one.
    There(Distant),
}

impl Address {
    /// Sends rows. A worker that is gone is reported when the epoch is to be
    /// closed; a process that is, by whoever carries the rows.
    fn send(&self, load: Load) {
        match self {
            Address::Here(post) => {
                let _ = post.send(Command::Load(load));
            }
            Address::There(distant) => distant.send(&load),
        }
    }
}

/// Rows of one kind that gather for one worker.
#[derive(Debug)]
struct Rows<R> {
    by_worker: Vec<Vec<R>>,
    load: fn(Vec<R>) -> Load,
    /// Whether they enter a first epoch before its end.
    in_pieces: bool,
}

impl<R> Rows<R> {
    fn new(workers: usize, load: fn(Vec<R>) -> Load) -> Self {
        let by_worker = (0..workers).map(|_| Vec::new()).collect();
        Rows {
            by_worker,
            load,
            in_pieces: true,
        }
    }

    /// Rows that are summed by the workers until the epoch ends.
    fn summed(workers: usize, load: fn(Vec<R>) -> Load) -> Self {
        Rows {
            in_pieces: false,
            ..Rows::new(workers, load)
        }
    }

    fn push(&mut self, subject: SubjectKey, row: R, workers: &Workers) {
        self.extend(subject, std::iter::once(row), workers);
    }

    /// Adds rows of one subject.
    fn extend(&mut self, subject: SubjectKey, rows: impl Iterator<Item = R>, workers: &Workers) {
        let worker = (subject.hashed() % workers.addresses.len() as u64) as usize;
        let gathered = &mut self.by_worker[worker];
        gathered.extend(rows);
        if gathered.len() >= ROWS {
            self.send(worker, workers);
            // More of the kind is likely to follow.
            self.by_worker[worker].reserve(ROWS);
        }
    }

    fn flush(&mut self, workers: &Workers) {
        for worker in 0..workers.addresses.len() {
            if !self.by_worker[worker].is_empty() {
                self.send(worker, workers);
            } else {
                // An idle loader holds nothing.
                self.by_worker[worker] = Vec::new();
            }
        }
    }

    fn send(&mut self, worker: usize, workers: &Workers) {
        let rows = std::mem::take(&mut self.by_worker[worker]);
        let sent = rows.len();
        workers.addresses[worker].send((self.load)(rows));
        if self.in_pieces {
            workers.opening.sent(sent, workers.here());
        }
    }
}

/// The workers that rows are sent to.
#[derive(Debug, Clone)]
struct Workers {
    addresses: Vec<Address>,
    opening: Arc<Opening>,
}

impl Workers {
    /// Those of this process.
    fn here(&self) -> impl Iterator<Item = Post> {
        self.addresses.iter().filter_map(|address| match address {
            Address::Here(post) => Some(post.clone()),
            Address::There(_) => None,
        })
    }
}

/// Adds facts to the open epoch. One per thread: a clone starts empty.
#[derive(Debug)]
pub struct Loader {
    workers: Workers,
    /// By slot.
    keepings: Arc<[Keeping]>,
    /// The kinds of alias whose facts keep their day.
    kinds: named::Dated,
    observed: Rows<Dated>,
    profiles: Rows<Row<Version>>,
    aliases: Rows<Row<Claim>>,
    links: Rows<Row<(Target, Term)>>,
}

impl Loader {
    /// A loader for slots that remember so much each.
    pub(crate) fn new(
        addresses: Vec<Address>,
        opening: Arc<Opening>,
        keepings: Arc<[Keeping]>,
        kinds: named::Dated,
    ) -> Self {
        let count = addresses.len();
        Loader {
            workers: Workers { addresses, opening },
            keepings,
            kinds,
            observed: Rows::summed(count, Load::Observed),
            profiles: Rows::new(count, Load::Profiles),
            aliases: Rows::new(count, Load::Aliases),
            links: Rows::new(count, Load::Links),
        }
    }

    /// Adds facts (`diff` 1), or takes back what was added before (`diff` -1).
    /// They are sent at the latest by [`Loader::flush`].
    pub fn add(&mut self, facts: &Facts, diff: i32) {
        let (workers, kinds, times) = (&self.workers, self.kinds, diff as isize);
        // What a record says of one subject lies together.
        let together = |a: &Observation, b: &Observation| {
            kinds.on(a.subject, a.day) == kinds.on(b.subject, b.day)
        };
        for together in facts.observations.chunk_by(together) {
            let subject = kinds.on(together[0].subject, together[0].day);
            let rows = together.iter().map(|said| {
                let keeping = self.keepings.get(usize::from(said.slot));
                Dated::new(said, subject, diff, keeping.copied().unwrap_or_default())
            });
            self.observed.extend(subject, rows, workers);
        }
        for profile in &facts.profiles {
            let subject = kinds.on(profile.subject, profile.named);
            let row = ((subject, Version::from(profile)), 0, times);
            self.profiles.push(subject, row, workers);
        }
        for alias in &facts.aliases {
            let row = ((alias.alias, Claim::from(alias)), 0, times);
            self.aliases.push(alias.alias, row, workers);
        }
        for link in &facts.links {
            let to = kinds.on(link.to, link.named);
            let row = ((link.from, ((to, link.kind), link.term)), 0, times);
            self.links.push(link.from, row, workers);
        }
    }

    /// Sends everything that was added. Waits while too much is in flight.
    pub fn flush(&mut self) {
        self.observed.flush(&self.workers);
        self.profiles.flush(&self.workers);
        self.aliases.flush(&self.workers);
        self.links.flush(&self.workers);
    }
}

impl Clone for Loader {
    fn clone(&self) -> Self {
        let Workers { addresses, opening } = self.workers.clone();
        Loader::new(addresses, opening, self.keepings.clone(), self.kinds)
    }
}
