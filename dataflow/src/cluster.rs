//! One engine in several processes.
//!
//! Contract: workers are numbered through all processes, those of process 0
//! first, and every subject belongs to one of them. A loader hands rows of
//! subjects that belong elsewhere to a [`Carrier`]; what arrives goes to this
//! process's workers through an [`Inbox`]. What loaders flushed anywhere must
//! have been delivered everywhere before any process closes the epoch: that is
//! for the caller to see to. Between the workers timely exchanges what the
//! dataflow needs, over sockets that the caller has connected.

use std::fmt::{self, Debug};
use std::net::TcpStream;
use std::sync::Arc;

use timely::WorkerConfig;
use timely::communication::allocator::zero_copy::initialize::initialize_networking_from_sockets;
use timely::communication::allocator::{AllocatorBuilder, ProcessBuilder};
use timely::communication::{Hooks, WorkerGuards};
use timely::worker::Worker;

use crate::arrivals::Load;
use crate::error::EngineError;
use crate::loader::Post;
use crate::worker::Command;

/// Takes rows to other processes, in the order in which they are handed over.
/// It waits while the other process has too much to take; one that cannot be
/// reached is the carrier's to report.
pub trait Carrier: Send + Sync {
    /// Takes rows to `process`, whose [`Inbox`] reads them.
    fn carry(&self, process: usize, rows: Vec<u8>);
}

/// The other processes of an engine.
pub struct Peers {
    /// The number of this process.
    pub process: usize,
    /// By process: the socket that timely's workers talk over; `None` for this
    /// one.
    pub sockets: Vec<Option<TcpStream>>,
    /// How rows get there.
    pub carrier: Arc<dyn Carrier>,
}

impl Peers {
    /// By worker of all processes: how to reach it where it is not here.
    pub(crate) fn distant(&self, workers: usize) -> Vec<Option<Distant>> {
        let all = 0..self.sockets.len() * workers;
        all.map(|number| {
            let process = number / workers;
            (process != self.process).then(|| Distant {
                process,
                worker: (number % workers) as u16,
                carrier: Arc::clone(&self.carrier),
            })
        })
        .collect()
    }

    /// Runs this process's workers.
    pub(crate) fn execute(
        self,
        workers: usize,
        work: impl Fn(&mut Worker) + Send + Sync + 'static,
    ) -> Result<WorkerGuards<()>, String> {
        let hooks = Hooks::default();
        let here = ProcessBuilder::new_typed_vector(workers, hooks.refill.clone(), None);
        let connected =
            initialize_networking_from_sockets(here, self.sockets, self.process, workers, hooks);
        let (builders, guard) = connected.map_err(|error| error.to_string())?;
        let builders = builders.into_iter().map(AllocatorBuilder::Tcp).collect();
        timely::execute::execute_from(builders, Box::new(guard), WorkerConfig::default(), work)
    }
}

/// A worker of another process.
#[derive(Clone)]
pub(crate) struct Distant {
    process: usize,
    /// Its number there.
    worker: u16,
    carrier: Arc<dyn Carrier>,
}

impl Distant {
    pub(crate) fn send(&self, load: &Load) {
        // Writing plain data into memory does not fail.
        if let Ok(rows) = bincode::serialize(&(self.worker, load)) {
            self.carrier.carry(self.process, rows);
        }
    }
}

impl Debug for Distant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker {} of process {}", self.worker, self.process)
    }
}

/// Hands rows that arrived from other processes to this one's workers.
#[derive(Debug, Clone)]
pub struct Inbox {
    posts: Vec<Post>,
}

impl Inbox {
    pub(crate) fn new(posts: Vec<Post>) -> Self {
        Inbox { posts }
    }

    /// Delivers what a [`Carrier`] took; waits while the worker has too much to
    /// take.
    ///
    /// # Errors
    /// When the bytes are no rows, or the worker is gone.
    pub fn deliver(&self, rows: &[u8]) -> Result<(), EngineError> {
        let read = bincode::deserialize(rows);
        let (worker, load): (u16, Load) =
            read.map_err(|error| EngineError::Rows(error.to_string()))?;
        let post = self.posts.get(usize::from(worker));
        let post = post.ok_or_else(|| EngineError::Rows(format!("no worker {worker} here")))?;
        match post.send(Command::Load(load)) {
            true => Ok(()),
            false => Err(EngineError::WorkerLost),
        }
    }
}
