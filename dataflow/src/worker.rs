//! A worker's life: take commands, step the dataflow, report, park.
//!
//! Contract: commands are taken in the order in which they were sent. A worker
//! never blocks on anything but timely's own parking, and whoever sends it a
//! command unparks it afterwards; so it neither spins nor sleeps over work.

use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::thread::Thread;

use timely::worker::Worker;
use tocsin_ingest::fact::Slot;
use tocsin_models::BoundScorecard;

use crate::arrivals::{Arrivals, Load};
use crate::graph::Graph;
use crate::harvest::Harvest;
use crate::plan::Plan;
use crate::revise::ScoreChange;
use crate::types::Time;

/// What a worker can be told.
pub(crate) enum Command {
    /// Rows for the open epoch.
    Load(Load),
    /// A model that is in force from an instant on.
    Model(Time, BoundScorecard),
    /// Close the epoch at an instant and report it.
    Advance(Time),
    /// Report what is held.
    Measure,
    /// End.
    Stop,
}

/// What a worker reports.
pub(crate) enum Reply {
    /// It has started, as the worker of this index on this thread.
    Ready(usize, Thread),
    /// At most so many changes follow.
    Expect(usize),
    /// Changes, in no particular order.
    Changes(Vec<ScoreChange>),
    /// An epoch is complete: the rest of the changes.
    Epoch(Share),
    /// Name, rows and bytes of what it holds, and the steps it has made.
    Measured(Vec<(&'static str, usize, usize)>, u64),
    /// It has panicked.
    Lost,
}

/// The last of one worker's changes in an epoch.
#[derive(Debug, Default)]
pub(crate) struct Share {
    /// In no particular order.
    pub(crate) changes: Vec<ScoreChange>,
    /// Changes of matched counts by slot.
    pub(crate) matched: Vec<i64>,
}

impl Share {
    /// The changes of matched counts that are not zero.
    pub(crate) fn matched(&self) -> impl Iterator<Item = (Slot, i64)> + '_ {
        let slots = self.matched.iter().enumerate();
        let changed = slots.filter(|(_, change)| **change != 0);
        changed.map(|(slot, change)| (slot as Slot, *change))
    }
}

/// Tells when a worker panics, by being dropped.
struct Farewell(Sender<Reply>);

impl Drop for Farewell {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.0.send(Reply::Lost);
        }
    }
}

/// Runs a worker until it is told to stop or nobody can tell it anything. Its
/// first epoch closes at or after `open`.
pub(crate) fn run(
    worker: &mut Worker,
    plan: Rc<Plan>,
    open: Time,
    commands: &Receiver<Command>,
    replies: Sender<Reply>,
) {
    let farewell = Farewell(replies);
    let mut desk = Desk {
        graph: Graph::build(worker, plan, Harvest::new(farewell.0.clone())),
        arrivals: Arrivals::new(open),
        epoch: None,
        steps: 0,
        replies: farewell.0.clone(),
    };
    let thread = std::thread::current();
    desk.reply(Reply::Ready(worker.index(), thread));
    while desk.take_all(commands) {
        desk.report();
        worker.step_or_park(None);
        desk.steps += 1;
    }
    // The inputs are not closed first: that would end every pending window.
    for dataflow in worker.installed_dataflows() {
        worker.drop_dataflow(dataflow);
    }
}

struct Desk {
    graph: Graph,
    arrivals: Arrivals,
    /// Closed and not yet reported.
    epoch: Option<Time>,
    steps: u64,
    replies: Sender<Reply>,
}

impl Desk {
    /// Takes every command that waits; `false` when it is time to stop.
    fn take_all(&mut self, commands: &Receiver<Command>) -> bool {
        loop {
            match commands.try_recv() {
                Ok(Command::Stop) | Err(TryRecvError::Disconnected) => return false,
                Ok(command) => self.take(command),
                Err(TryRecvError::Empty) => return true,
            }
        }
    }

    fn take(&mut self, command: Command) {
        match command {
            Command::Load(load) => self.arrivals.add(load),
            Command::Model(from, model) => self.arrivals.models.push((from, model)),
            Command::Advance(time) => {
                let arrivals = self.arrivals.take(time);
                self.graph.inputs.close(time, arrivals);
                self.epoch = Some(time);
            }
            Command::Measure => {
                let measured = self.graph.measure();
                self.reply(Reply::Measured(measured, self.steps));
            }
            Command::Stop => {}
        }
    }

    /// Reports the closed epoch once everything of it has come out.
    fn report(&mut self) {
        let Some(time) = self.epoch.filter(|time| self.graph.is_done(*time)) else {
            return;
        };
        self.epoch = None;
        self.graph.harvest.borrow_mut().report();
        // Nobody waits for this.
        self.graph.compact(time + 1);
    }

    fn reply(&self, reply: Reply) {
        // Nobody listens only when the engine is being dropped.
        let _ = self.replies.send(reply);
    }
}
