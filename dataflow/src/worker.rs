//! A worker's life: take commands, step the dataflow, report, park.
//!
//! Contract: commands are taken in the order in which they were sent. A worker
//! never blocks on anything but timely's own parking, and whoever sends it a
//! command unparks it afterwards; so it neither spins nor sleeps over work.

use std::collections::VecDeque;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::thread::Thread;

use timely::worker::Worker;
use tocsin_ingest::fact::{Slot, SubjectKey};

use crate::arrivals::{Arrivals, Load};
use crate::day::business_day;
use crate::graph::{Entering, Graph};
use crate::harvest::Harvest;
use crate::pieces::Size;
use crate::plan::Plan;
use crate::revise::ScoreChange;
use crate::rules::{Graded, Rules};
use crate::survey::{Question, Walk};
use crate::types::Time;
use crate::waiting::{Waiting, WaitingQuery};

/// What a worker can be told.
pub(crate) enum Command {
    /// Rows for the open epoch.
    Load(Load),
    /// Rules that are in force from an instant on.
    Rules(Time, Rules),
    /// Assess every enterprise by other rules, beside the epochs.
    Survey(Question),
    /// Close the epoch at an instant and report it, and every change of an
    /// assessment where these are wanted.
    Advance(Time, Wanted),
    /// Forget what is older than the last epoch.
    Tidy,
    /// Call a function.
    Call(fn()),
    /// Let the epochs to come enter by pieces of so many rows, and call a function
    /// after each.
    Pieces(usize, fn()),
    /// Let much of what waits for an epoch lie in files of a folder.
    WaitAt(Arc<Path>),
    /// Report what is held.
    Measure,
    /// Report what waits for an alias.
    Waiting(WaitingQuery),
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
    /// What waits for an alias.
    Waiting(Waiting),
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
    /// How the counts of grades have changed.
    pub(crate) graded: Graded,
    /// Changes of the counts of records whose alias nobody bears, by slot.
    pub(crate) unknown: Vec<i64>,
    /// Changes of the counts of records whose alias is ambiguous, by slot.
    pub(crate) ambiguous: Vec<i64>,
}

/// The changes of counts by slot that are not zero.
pub(crate) fn changed(counts: &[i64]) -> impl Iterator<Item = (Slot, i64)> + '_ {
    let slots = counts.iter().enumerate();
    let changed = slots.filter(|(_, change)| **change != 0);
    changed.map(|(slot, change)| (slot as Slot, *change))
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
        arrivals: Arrivals::new(open, Size::default(), None),
        entering: None,
        walks: VecDeque::new(),
        epoch: None,
        last: open,
        forgettable: None,
        steps: 0,
        replies: farewell.0.clone(),
    };
    let thread = std::thread::current();
    desk.reply(Reply::Ready(worker.index(), thread));
    while desk.take_all(commands) {
        match desk.enter() {
            true => {
                desk.report();
                match desk.walk() {
                    true => worker.step(),
                    false => worker.step_or_park(None),
                };
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
    /// Surveys under way.
    walks: VecDeque<Walk>,
    /// Closed and not yet reported.
    epoch: Option<Time>,
    /// When the last epoch closed.
    last: Time,
    /// What is older than this may be forgotten.
    forgettable: Option<Time>,
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
            Command::Rules(from, rules) => self.arrivals.rules.push((from, rules)),
            Command::Survey(question) => {
                let today = business_day(self.last);
                let walk = Walk::begin(&mut self.graph.tallies, question, today);
                self.walks.push_back(walk);
            }
            Command::Tidy => self.tidy(),
            Command::Advance(time, wanted) => {
                // If nobody has asked for it since the epoch before.
                self.tidy();
                let arrivals = self.arrivals.take(time);
                self.graph.harvest.borrow_mut().wanted = wanted;
                self.graph.inputs.begin(time);
                self.entering = Some(Entering::new(arrivals, wanted));
                self.epoch = Some(time);
                self.last = time;
            }
            Command::Measure => {
                self.tidy();
                let measured = self.graph.measure();
                self.reply(Reply::Measured(measured, self.steps));
            }
            Command::Call(function) => function(),
            Command::Pieces(rows, after) => {
                self.graph.inputs.after_pieces(after);
                self.arrivals.resize(Size(rows));
            }
            Command::WaitAt(folder) => self.arrivals.wait_at(Some(folder)),
            Command::Waiting(query) => {
                let found = self.graph.lookup.find(&query);
                self.reply(Reply::Waiting(found));
            }
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
        let waiting = self.graph.by_alias.take_waiting();
        let mut harvest = self.graph.harvest.borrow_mut();
        harvest.set_waiting(waiting);
        harvest.report();
        drop(harvest);
        // Takes about a tenth of the epoch's time, in which what came of it is kept.
        self.forgettable = Some(time + 1);
    }

    /// Lets the arrangements forget what is older than the last epoch.
    fn tidy(&mut self) {
        if let Some(time) = self.forgettable.take() {
            self.graph.compact(time);
        }
    }

    /// Goes on with a survey while no epoch waits; `false`: there is none.
    fn walk(&mut self) -> bool {
        let Some(walk) = self.walks.front_mut().filter(|_| self.epoch.is_none()) else {
            return false;
        };
        if !walk.step() {
            self.walks.drain(..1).for_each(Walk::end);
        }
        true
    }

    fn reply(&self, reply: Reply) {
        // Nobody listens only when the engine is being dropped.
        let _ = self.replies.send(reply);
    }
}
