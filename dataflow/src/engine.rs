//! The engine: worker threads behind a plain, blocking interface.
//!
//! Contract: epochs close one after another at rising instants. What loaders
//! flushed before [`Engine::advance`] arrived at its instant; facts that expire
//! on the way there end at their midnights. Between epochs no thread of the
//! engine runs.

use std::path::Path;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use differential_dataflow::consolidation::consolidate;
use serde::{Deserialize, Serialize};
use timely::communication::WorkerGuards;
use timely::worker::Worker;
use tocsin_ingest::fact::{Slot, SubjectKey};
use tocsin_models::BoundModel;

use crate::cluster::{Distant, Inbox, Peers};
use crate::error::EngineError;
use crate::harvest::Membership;
use crate::keeping::Keeping;
use crate::loader::{Address, Loader, Post};
use crate::named::Dated;
use crate::plan::Plan;
use crate::revise::ScoreChange;
use crate::rules::{Graded, Rules};
use crate::stats::EngineStats;
use crate::survey::{Question, Survey, Visit};
use crate::waiting::{Waiting, WaitingQuery};
use crate::worker::{self, Command, Reply, Share, Wanted, changed};

/// Commands that may wait for a worker.
const COMMANDS: usize = 64;

/// More workers than any machine has cores.
const MAX_WORKERS: usize = 256;

/// The end of the year 9999.
const MAX_TIME_MS: u64 = 253_402_300_799_999;

/// What an engine is built from.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Worker threads, at most as many as there are cores.
    pub workers: usize,
    /// What to compute.
    pub plan: Plan,
}

/// Everything that changed in an epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochOutput {
    /// When the epoch closed, in milliseconds UTC.
    pub time_ms: u64,
    /// Changes of assessments, by instant and enterprise: what expired at
    /// midnights within the epoch comes before what arrived.
    pub changes: Vec<ScoreChange>,
    /// Changes of groups' assessments, by instant and group; a group is known by
    /// the least of its members, here in the place of the enterprise.
    pub groups: Vec<ScoreChange>,
    /// Who has joined or left which group over the epoch, by member.
    pub members: Vec<Membership>,
    /// By slot of role `Registers` or `Mention`: by how much the number of facts
    /// that match registered enterprises has changed. Sorted by slot, not zero.
    pub matched: Vec<(Slot, i64)>,
    /// How the counts of grades by model and challenger have changed; all zero
    /// without a challenger.
    pub graded: Graded,
    /// The same of records that wait because nobody is known to bear the alias
    /// by which they name an enterprise, on their day.
    pub unknown: Vec<(Slot, i64)>,
    /// The same of records that wait because several enterprises bear it.
    pub ambiguous: Vec<(Slot, i64)>,
}

/// The incremental engine. Dropping it ends its threads.
pub struct Engine {
    /// The workers of this process.
    posts: Vec<Post>,
    /// The workers of all processes, in the order in which subjects are dealt
    /// out.
    addresses: Vec<Address>,
    keepings: Arc<[Keeping]>,
    plan: Plan,
    desk: Mutex<Desk>,
    guards: Mutex<Option<WorkerGuards<()>>>,
    /// Whether other processes run the engine, too.
    shared: bool,
}

/// What only one caller at a time may touch.
struct Desk {
    replies: Receiver<Reply>,
    /// The first instant that is still open.
    open_ms: u64,
    lost: bool,
}

impl Engine {
    /// Starts the workers. The first epoch closes at or after `start_time_ms`;
    /// the model, if any, is in force from there.
    ///
    /// # Errors
    /// When the plan contradicts itself, the model does not fit it, or the
    /// threads cannot be started.
    pub fn start(
        config: EngineConfig,
        start_time_ms: u64,
        model: Option<BoundModel>,
    ) -> Result<Engine, EngineError> {
        Engine::build(config, None, start_time_ms, model)
    }

    /// Starts this process's workers of an engine that runs in several. All
    /// have the same plan, number of workers, start and model, and close the
    /// same epochs; each harvests the changes of the enterprises its own
    /// workers have.
    ///
    /// # Errors
    /// As [`Engine::start`].
    pub fn join(
        config: EngineConfig,
        peers: Peers,
        start_time_ms: u64,
        model: Option<BoundModel>,
    ) -> Result<Engine, EngineError> {
        Engine::build(config, Some(peers), start_time_ms, model)
    }

    fn build(
        config: EngineConfig,
        peers: Option<Peers>,
        start_time_ms: u64,
        model: Option<BoundModel>,
    ) -> Result<Engine, EngineError> {
        let EngineConfig { workers, mut plan } = config;
        plan.remember();
        if !(1..=MAX_WORKERS).contains(&workers) {
            return Err(EngineError::Workers(workers));
        }
        match plan.check() {
            faults if faults.is_empty() => {}
            faults => return Err(EngineError::Plan(faults)),
        }
        let (replier, replies) = channel();
        let shared = peers.is_some();
        let distant = peers.as_ref().map(|peers| peers.distant(workers));
        let (guards, senders) = spawn(workers, &plan, start_time_ms, replier, peers)?;
        let desk = Desk {
            replies,
            open_ms: start_time_ms,
            lost: false,
        };
        let posts = posts(senders, &desk.replies)?;
        let engine = Engine {
            addresses: addresses(&posts, distant),
            posts,
            keepings: plan.slots.iter().map(|slot| slot.keeping).collect(),
            plan,
            desk: Mutex::new(desk),
            guards: Mutex::new(Some(guards)),
            shared,
        };
        if let Some(model) = model {
            engine.set_model(start_time_ms, model)?;
        }
        Ok(engine)
    }

    /// A way to add facts, one for each thread that does.
    pub fn loader(&self) -> Loader {
        let dated = Dated::new(&self.plan.dated_aliases);
        Loader::new(self.addresses.clone(), self.keepings.clone(), dated)
    }

    /// Where rows from other processes are handed to this one's workers.
    pub fn inbox(&self) -> Inbox {
        Inbox::new(self.posts.clone())
    }

    /// [`Engine::set_rules`] of the features that the engine was started with.
    ///
    /// # Errors
    /// When the model is bound to other features, or a worker is gone.
    pub fn set_model(&self, time_ms: u64, model: BoundModel) -> Result<(), EngineError> {
        self.set_rules(time_ms, Rules::new(self.plan.clone(), model)?)
    }

    /// Puts rules in force from `time_ms` on, or from the first instant that is
    /// still open. Takes effect when an epoch closes at or after it.
    ///
    /// # Errors
    /// When they are for other accumulators than the engine holds, or a worker is
    /// gone.
    pub fn set_rules(&self, time_ms: u64, rules: Rules) -> Result<(), EngineError> {
        let rules = self.ground(&rules)?;
        self.tell(|| Command::Rules(time_ms, rules.clone()))
    }

    /// Begins to assess every enterprise by each of `rules`, as of the last
    /// epoch; every worker hands what it finds to a visitor of its own. Epochs go
    /// on meanwhile: each is held up by at most about a millisecond.
    ///
    /// # Errors
    /// When rules are for other accumulators than the engine holds, or a worker
    /// is gone.
    pub fn survey(
        &self,
        rules: &[Rules],
        mut visitor: impl FnMut() -> Visit,
    ) -> Result<Survey, EngineError> {
        let rules = rules.iter().map(|rules| self.ground(rules));
        let rules = rules.collect::<Result<Vec<Rules>, _>>()?;
        // No epoch is under way while this is held: all see the same one.
        let desk = self.desk()?;
        let (done, all_done) = channel();
        let mut questions = self.posts.iter().map(|post| {
            let question = Question {
                rules: rules.clone(),
                visit: visitor(),
                done: done.clone(),
            };
            post.send(Command::Survey(question))
        });
        let asked = questions.all(|sent| sent);
        drop((questions, desk));
        match asked {
            true => Ok(Survey::new(all_done, self.posts.len())),
            false => Err(EngineError::WorkerLost),
        }
    }

    /// Closes the epoch at `time_ms`, waits until every consequence is known and
    /// returns what changed since the last epoch.
    ///
    /// # Errors
    /// When `time_ms` is not after the last epoch, or a worker is gone; then the
    /// engine has to be started and loaded again.
    pub fn advance(&self, time_ms: u64) -> Result<EpochOutput, EngineError> {
        let mut changes = Vec::new();
        let mut output = self.advance_each(time_ms, |change| changes.push(change))?;
        output.changes = changes;
        output.sort();
        Ok(output)
    }

    /// As [`Engine::advance`], but gives every change to `take` as it comes and
    /// keeps none: those of a city take gigabytes. Changes of one enterprise come
    /// in the order of time, those of different ones in no order.
    ///
    /// # Errors
    /// As [`Engine::advance`].
    pub fn advance_each(
        &self,
        time_ms: u64,
        take: impl FnMut(ScoreChange),
    ) -> Result<EpochOutput, EngineError> {
        self.close_epoch(time_ms, Wanted::Changes, take)
    }

    /// As [`Engine::advance`] where the changes are known already, as after a
    /// restart: they are not even computed.
    ///
    /// # Errors
    /// As [`Engine::advance`].
    pub fn advance_untold(&self, time_ms: u64) -> Result<EpochOutput, EngineError> {
        self.close_epoch(time_ms, Wanted::Nothing, |_| {})
    }

    /// Lets every worker forget what is older than the last epoch, which nobody
    /// waits for: once what came of it is kept. At the latest the next epoch does.
    ///
    /// # Errors
    /// When a worker is gone.
    pub fn tidy(&self) -> Result<(), EngineError> {
        self.tell(|| Command::Tidy)
    }

    /// Lets every worker's thread call `function` between epochs: to give memory
    /// back to the allocator, say, which may be known by thread.
    ///
    /// # Errors
    /// When a worker is gone.
    pub fn on_each_worker(&self, function: fn()) -> Result<(), EngineError> {
        self.tell(|| Command::Call(function))
    }

    /// Lets the epochs to come enter the dataflow by pieces of roughly so many
    /// rows of an input on each worker, and every worker's thread call `after`
    /// after each. What comes out is the same; smaller pieces need less memory
    /// and more time. [`PIECE`](crate::PIECE) at first.
    ///
    /// # Errors
    /// When a worker is gone.
    pub fn enter_by_pieces(&self, rows: usize, after: fn()) -> Result<(), EngineError> {
        self.tell(|| Command::Pieces(rows.max(1), after))
    }

    /// Lets what waits for a large epoch lie in files of this folder instead of
    /// memory. They have no names, and are gone with the epoch or the process;
    /// where there can be none, it waits in memory.
    ///
    /// # Errors
    /// When a worker is gone.
    pub fn wait_in(&self, folder: &Path) -> Result<(), EngineError> {
        self.tell(|| Command::WaitAt(folder.into()))
    }

    fn close_epoch(
        &self,
        time_ms: u64,
        wanted: Wanted,
        take: impl FnMut(ScoreChange),
    ) -> Result<EpochOutput, EngineError> {
        let mut desk = self.desk()?;
        if !(desk.open_ms..=MAX_TIME_MS).contains(&time_ms) {
            return Err(EngineError::Time {
                time_ms,
                first_ms: desk.open_ms,
                last_ms: MAX_TIME_MS,
            });
        }
        self.tell(|| Command::Advance(time_ms, wanted))?;
        desk.open_ms = time_ms + 1;
        self.gather(&mut desk, time_ms, take)
    }

    /// Rows and bytes of what the workers hold, and how often they have run.
    ///
    /// # Errors
    /// When a worker is gone.
    pub fn stats(&self) -> Result<EngineStats, EngineError> {
        let mut desk = self.desk()?;
        self.tell(|| Command::Measure)?;
        let mut stats = EngineStats::default();
        for _ in &self.posts {
            match desk.replies.recv() {
                Ok(Reply::Measured(measured, steps)) => stats.add(measured, steps),
                _ => return Err(desk.lose()),
            }
        }
        Ok(stats)
    }

    /// What waits for an alias, as of the last closed epoch. Takes time with the
    /// number of names that facts are held of, and epochs wait meanwhile.
    ///
    /// # Errors
    /// When a worker is gone.
    pub fn waiting(&self, query: WaitingQuery) -> Result<Waiting, EngineError> {
        let mut desk = self.desk()?;
        self.tell(|| Command::Waiting(query))?;
        let mut waiting = Waiting::default();
        for _ in &self.posts {
            match desk.replies.recv() {
                Ok(Reply::Waiting(found)) => waiting.add(found, query.most),
                _ => return Err(desk.lose()),
            }
        }
        Ok(waiting)
    }

    /// Waits until every worker has reported the epoch.
    fn gather(
        &self,
        desk: &mut Desk,
        time_ms: u64,
        mut take: impl FnMut(ScoreChange),
    ) -> Result<EpochOutput, EngineError> {
        let mut output = EpochOutput {
            time_ms,
            ..EpochOutput::default()
        };
        let mut reported = 0;
        let mut members = Vec::new();
        while reported < self.posts.len() {
            match desk.replies.recv() {
                Ok(Reply::Changes(changes)) => changes.into_iter().for_each(&mut take),
                Ok(Reply::Epoch(mut share)) => {
                    output.add(&share);
                    members.append(&mut share.members);
                    output.groups.append(&mut share.groups);
                    share.changes.into_iter().for_each(&mut take);
                    reported += 1;
                }
                Ok(Reply::Lost) | Err(_) => return Err(desk.lose()),
                Ok(_) => {}
            }
        }
        in_order(&mut output.groups);
        output.members = net(members);
        Ok(output)
    }

    fn desk(&self) -> Result<MutexGuard<'_, Desk>, EngineError> {
        let desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        match desk.lost {
            true => Err(EngineError::WorkerLost),
            false => Ok(desk),
        }
    }

    fn tell(&self, command: impl Fn() -> Command) -> Result<(), EngineError> {
        let told = self.posts.iter().filter(|post| post.send(command()));
        match told.count() == self.posts.len() {
            true => Ok(()),
            false => Err(EngineError::WorkerLost),
        }
    }

    /// The rules over what this engine keeps of its slots.
    fn ground(&self, rules: &Rules) -> Result<Rules, EngineError> {
        let asked = rules.plan();
        let roles = |plan: &Plan| -> Vec<_> {
            let slots = plan.slots.iter();
            slots
                .map(|slot| (slot.source, slot.agency, slot.role))
                .collect()
        };
        let same = roles(asked) == roles(&self.plan)
            && asked.link_shares == self.plan.link_shares
            && asked.groups == self.plan.groups;
        let plan = self.plan.with_features(asked.features.clone());
        match plan {
            Ok(plan) if same => Ok(rules.clone().over(plan)),
            Ok(_) => Err(EngineError::Ground(Vec::new())),
            Err(faults) => Err(EngineError::Ground(faults)),
        }
    }
}

impl Engine {
    /// Ends the workers; nothing can be asked of the engine any more. Those of an
    /// engine in several processes end together: this waits until the others are
    /// ended, too.
    pub fn close(&self) {
        // Whoever asks something meanwhile is answered first.
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        desk.lost = true;
        for post in &self.posts {
            post.send(Command::Stop);
        }
        let mut guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        // A worker that panicked has been reported; here only the end matters.
        for ended in guards.take().into_iter().flat_map(WorkerGuards::join) {
            drop(ended);
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if self.shared {
            // Whoever drops it without closing it cannot wait for the others.
            let guards = self.guards.get_mut();
            std::mem::forget(guards.unwrap_or_else(PoisonError::into_inner).take());
        } else {
            self.close();
        }
    }
}

impl Desk {
    fn lose(&mut self) -> EngineError {
        self.lost = true;
        EngineError::WorkerLost
    }
}

impl EpochOutput {
    /// Adds what other processes' workers put out in the same epoch.
    pub fn absorb(&mut self, other: EpochOutput) {
        self.changes.extend(other.changes);
        self.groups.extend(other.groups);
        in_order(&mut self.groups);
        let members = std::mem::take(&mut self.members).into_iter();
        let members = members.chain(other.members).map(|belongs| {
            let times = if belongs.joined { 1 } else { -1 };
            ((belongs.member, belongs.group), times)
        });
        self.members = net(members.collect());
        count(&mut self.matched, other.matched);
        count(&mut self.unknown, other.unknown);
        count(&mut self.ambiguous, other.ambiguous);
        self.graded.add(&other.graded);
    }

    /// Puts changes of enterprises in order.
    pub fn sort(&mut self) {
        in_order(&mut self.changes);
    }

    fn add(&mut self, share: &Share) {
        count(&mut self.matched, changed(&share.matched));
        count(&mut self.unknown, changed(&share.unknown));
        count(&mut self.ambiguous, changed(&share.ambiguous));
        self.graded.add(&share.graded);
    }
}

/// Adds changes of counts.
fn count(counts: &mut Vec<(Slot, i64)>, changes: impl IntoIterator<Item = (Slot, i64)>) {
    for (slot, change) in changes {
        match counts.binary_search_by_key(&slot, |(slot, _)| *slot) {
            Ok(at) => counts[at].1 += change,
            Err(at) => counts.insert(at, (slot, change)),
        }
    }
    counts.retain(|(_, change)| *change != 0);
}

/// By instant and enterprise.
fn in_order(changes: &mut [ScoreChange]) {
    changes.sort_unstable_by_key(|change| (change.time_ms, change.enterprise));
}

/// What has become of memberships, whatever was between.
fn net(mut members: Vec<((SubjectKey, SubjectKey), isize)>) -> Vec<Membership> {
    consolidate(&mut members);
    let net = members.into_iter();
    net.map(|((member, group), times)| Membership {
        member,
        group,
        joined: times > 0,
    })
    .collect()
}

type Senders = Vec<std::sync::mpsc::SyncSender<Command>>;

fn spawn(
    workers: usize,
    plan: &Plan,
    open_ms: u64,
    replies: Sender<Reply>,
    peers: Option<Peers>,
) -> Result<(WorkerGuards<()>, Senders), EngineError> {
    let (senders, receivers): (Senders, Vec<_>) =
        (0..workers).map(|_| sync_channel(COMMANDS)).unzip();
    let receivers: Vec<_> = receivers.into_iter().map(Some).collect();
    let shared = Mutex::new((receivers, replies));
    let plan = plan.clone();
    let work = move |worker: &mut Worker| {
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        // Workers are numbered through all processes.
        let (commands, replies) = (shared.0[worker.index() % workers].take(), shared.1.clone());
        drop(shared);
        if let Some(commands) = commands {
            worker::run(worker, Rc::new(plan.clone()), open_ms, &commands, replies);
        }
    };
    let guards = match peers {
        None => timely::execute(timely::Config::process(workers), work),
        Some(peers) => peers.execute(workers, work),
    };
    Ok((guards.map_err(EngineError::Start)?, senders))
}

/// Waits until every worker has said on which thread it runs.
fn posts(senders: Senders, replies: &Receiver<Reply>) -> Result<Vec<Post>, EngineError> {
    let workers = senders.len();
    let mut threads = vec![None; workers];
    for _ in 0..workers {
        match replies.recv() {
            Ok(Reply::Ready(index, thread)) => threads[index % workers] = Some(thread),
            _ => return Err(EngineError::WorkerLost),
        }
    }
    let threads = threads.into_iter().flatten();
    let posts = senders.into_iter().zip(threads);
    Ok(posts
        .map(|(commands, thread)| Post { commands, thread })
        .collect())
}

/// The workers of all processes in the order of their numbers.
fn addresses(posts: &[Post], distant: Option<Vec<Option<Distant>>>) -> Vec<Address> {
    let mut here = posts.iter().cloned().map(Address::Here);
    match distant {
        None => here.collect(),
        Some(distant) => distant
            .into_iter()
            .filter_map(|distant| distant.map(Address::There).or_else(|| here.next()))
            .collect(),
    }
}
