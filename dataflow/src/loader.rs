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
}

impl<R> Rows<R> {
    fn new(workers: usize, load: fn(Vec<R>) -> Load) -> Self {
        let by_worker = (0..workers).map(|_| Vec::new()).collect();
        Rows { by_worker, load }
    }

    fn push(&mut self, subject: SubjectKey, row: R, addresses: &[Address]) {
        self.extend(subject, std::iter::once(row), addresses);
    }

    /// Adds rows of one subject.
    fn extend(
        &mut self,
        subject: SubjectKey,
        rows: impl Iterator<Item = R>,
        addresses: &[Address],
    ) {
        let worker = (subject.hashed() % addresses.len() as u64) as usize;
        let gathered = &mut self.by_worker[worker];
        gathered.extend(rows);
        if gathered.len() >= ROWS {
            self.send(worker, addresses);
            // More of the kind is likely to follow.
            self.by_worker[worker].reserve(ROWS);
        }
    }

    fn flush(&mut self, addresses: &[Address]) {
        for worker in 0..addresses.len() {
            if !self.by_worker[worker].is_empty() {
                self.send(worker, addresses);
            } else {
                // An idle loader holds nothing.
                self.by_worker[worker] = Vec::new();
            }
        }
    }

    fn send(&mut self, worker: usize, addresses: &[Address]) {
        let rows = std::mem::take(&mut self.by_worker[worker]);
        addresses[worker].send((self.load)(rows));
    }
}

/// Adds facts to the open epoch. One per thread: a clone starts empty.
#[derive(Debug)]
pub struct Loader {
    addresses: Vec<Address>,
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
        keepings: Arc<[Keeping]>,
        kinds: named::Dated,
    ) -> Self {
        let workers = addresses.len();
        Loader {
            addresses,
            keepings,
            kinds,
            observed: Rows::new(workers, Load::Observed),
            profiles: Rows::new(workers, Load::Profiles),
            aliases: Rows::new(workers, Load::Aliases),
            links: Rows::new(workers, Load::Links),
        }
    }

    /// Adds facts (`diff` 1), or takes back what was added before (`diff` -1).
    /// They are sent at the latest by [`Loader::flush`].
    pub fn add(&mut self, facts: &Facts, diff: i32) {
        let (addresses, kinds, times) = (&self.addresses, self.kinds, diff as isize);
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
            self.observed.extend(subject, rows, addresses);
        }
        for profile in &facts.profiles {
            let subject = kinds.on(profile.subject, profile.named);
            let row = ((subject, Version::from(profile)), 0, times);
            self.profiles.push(subject, row, addresses);
        }
        for alias in &facts.aliases {
            let row = ((alias.alias, Claim::from(alias)), 0, times);
            self.aliases.push(alias.alias, row, addresses);
        }
        for link in &facts.links {
            let to = kinds.on(link.to, link.named);
            let row = ((link.from, ((to, link.kind), link.term)), 0, times);
            self.links.push(link.from, row, addresses);
        }
    }

    /// Sends everything that was added. Waits while too much is in flight.
    pub fn flush(&mut self) {
        self.observed.flush(&self.addresses);
        self.profiles.flush(&self.addresses);
        self.aliases.flush(&self.addresses);
        self.links.flush(&self.addresses);
    }
}

impl Clone for Loader {
    fn clone(&self) -> Self {
        Loader::new(self.addresses.clone(), self.keepings.clone(), self.kinds)
    }
}
