//! A worker's life: take commands, step the dataflow, report, park.
//!
//! Contract: commands are taken in the order in which they were sent. A worker
//! never blocks on anything but timely's own parking, and whoever sends it a
//! command unparks it afterwards; so it neither spins nor sleeps over work.

use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::thread::Thread;

use timely::worker::Worker;
use tocsin_ingest::fact::{Slot, SubjectKey};
use tocsin_models::BoundScorecard;

use crate::arrivals::{Arrivals, Load};
use crate::graph::{Entering, Graph};
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
    /// Close the epoch at an instant and report it, and every change of an
    /// assessment where these are wanted.
    Advance(Time, Wanted),
    /// Call a function.
    Call(fn()),
    /// Report what is held.
    Measure,
    /// End.
    Stop,
}

/// Whether changes of assessments are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// They are.
    Changes,
    /// They are known already: they are not even computed.
    Nothing,
}

/// What a worker reports.
pub(crate) enum Reply {
    /// It has started, as the worker of this index on this thread.
    Ready(usize, Thread),
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
    /// Changes of groups' assessments, in no particular order.
    pub(crate) groups: Vec<ScoreChange>,
    /// Enterprises and groups they belong to, how often more or less.
    pub(crate) members: Vec<((SubjectKey, SubjectKey), isize)>,
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
        entering: None,
        epoch: None,
        steps: 0,
        replies: farewell.0.clone(),
    };
    let thread = std::thread::current();
    desk.reply(Reply::Ready(worker.index(), thread));
    while desk.take_all(commands) {
        match desk.enter() {
            true => {
                desk.report();
                worker.step_or_park(None);
            }
            // The rest of the epoch is to follow at once.
            false => {
                worker.step();
            }
        }
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
    /// What is still to enter of the epoch that is being closed.
    entering: Option<Entering>,
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
            Command::Advance(time, wanted) => {
                let arrivals = self.arrivals.take(time);
                self.graph.harvest.borrow_mut().wanted = wanted;
                self.entering = Some(Entering::new(time, arrivals));
                self.epoch = Some(time);
            }
            Command::Measure => {
                let measured = self.graph.measure();
                self.reply(Reply::Measured(measured, self.steps));
            }
            Command::Call(function) => function(),
            Command::Stop => {}
        }
    }

    /// Enters a piece of the epoch that is being closed; `true` when nothing is
    /// left to enter.
    fn enter(&mut self) -> bool {
        let Some(epoch) = &mut self.entering else {
            return true;
        };
        let entered = self.graph.inputs.enter(epoch);
        if entered {
            self.entering = None;
        }
        entered
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
