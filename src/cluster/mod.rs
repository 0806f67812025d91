//! Several processes as one: who they are, what they say to each other, and what
//! happens when one of them is lost. ARCHITECTURE.md, "Several machines".
//!
//! Contract: rows handed over before [`Cluster::flush`] have reached the workers
//! of every process when it returns. Where a process is lost, every other one
//! says so and ends with [`LOST`]: none of them goes on without it.

pub mod hello;
pub mod hosts;
mod join;
mod link;
pub mod message;
pub mod share;

use anyhow::{Context, Result, bail};
use hello::{Greeter, Terms};
use link::{Kind, Link};
use message::{Answer, Message, Order, Question, Report};
use share::Share;
use std::collections::HashMap;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;
use tocsin_dataflow::{Carrier, Inbox, Peers};

/// The exit code where another process was lost.
pub const LOST: i32 = 3;
/// How long a link's own report of a loss may take, before that of timely's
/// connection is believed.
const GRACE: Duration = Duration::from_secs(2);

/// How a process takes part.
#[derive(Debug, Clone)]
pub struct Membership {
    /// Its number.
    pub process: usize,
    /// The addresses of all processes.
    pub hosts: Vec<String>,
    /// How long to wait for the others to start.
    pub patience: Duration,
    /// After how long a silent process is lost.
    pub silence: Duration,
}

/// The other processes, as this one knows them.
pub struct Cluster {
    process: usize,
    hosts: Vec<String>,
    silence: Duration,
    /// By process; `None` for this one.
    links: Vec<Option<Link>>,
    /// What timely's workers talk over, until they take it.
    sockets: Mutex<Vec<Option<TcpStream>>>,
    inbox: Waiting<Option<Inbox>>,
    /// How often each process has sent all its rows, and how often this one.
    flushed: Waiting<Vec<u64>>,
    flushes: AtomicU64,
    /// By process: what it reports. Only process 0 has any.
    reports: Vec<Mutex<Receiver<Report>>>,
    orders: Mutex<Receiver<Order>>,
    questions: Mutex<Receiver<(u64, Question)>>,
    asked: Mutex<HashMap<u64, Asker>>,
    next_question: AtomicU64,
    stop: Arc<AtomicBool>,
    /// The end has been agreed on: connections that end are no loss.
    ending: AtomicBool,
    last_words: Once,
}

/// Where answers go: from which process, and what it says.
type Asker = Sender<(usize, Result<Answer, String>)>;

/// Where a reader puts what arrived.
struct Desk {
    reports: Sender<Report>,
    orders: Sender<Order>,
    questions: Sender<(u64, Question)>,
}

/// A value that somebody may wait for.
struct Waiting<T> {
    value: Mutex<T>,
    changed: Condvar,
}

impl<T> Waiting<T> {
    fn new(value: T) -> Self {
        Waiting {
            value: Mutex::new(value),
            changed: Condvar::new(),
        }
    }

    fn change(&self, how: impl FnOnce(&mut T)) {
        how(&mut lock(&self.value));
        self.changed.notify_all();
    }

    fn until(&self, fits: impl Fn(&T) -> bool) -> MutexGuard<'_, T> {
        let waited = self
            .changed
            .wait_while(lock(&self.value), |value| !fits(value));
        waited.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cluster {
    /// Waits for all other processes and connects with them.
    ///
    /// # Errors
    /// When one does not come, or refuses.
    pub fn join(member: &Membership, terms: Terms, key: [u8; 32]) -> Result<Arc<Cluster>> {
        let greeter = Greeter {
            process: member.process,
            terms,
            key,
        };
        let connected = join::join(&greeter, member.patience)?;
        let processes = member.hosts.len();
        let (orders, ordered) = channel();
        let (questions, questioned) = channel();
        let (reporters, reports): (Vec<_>, Vec<_>) = (0..processes).map(|_| channel()).unzip();
        let links = connected.links.iter().map(|stream| {
            let link = stream.as_ref().map(Link::new);
            link.transpose()
        });
        let cluster = Arc::new(Cluster {
            process: member.process,
            hosts: member.hosts.clone(),
            silence: member.silence,
            links: links.collect::<std::io::Result<_>>()?,
            sockets: Mutex::new(connected.dataflow),
            inbox: Waiting::new(None),
            flushed: Waiting::new(vec![0; processes]),
            flushes: AtomicU64::new(0),
            reports: reports.into_iter().map(Mutex::new).collect(),
            orders: Mutex::new(ordered),
            questions: Mutex::new(questioned),
            asked: Mutex::default(),
            next_question: AtomicU64::new(0),
            stop: Arc::default(),
            ending: AtomicBool::new(false),
            last_words: Once::new(),
        });
        cluster.report_panics();
        for (process, stream) in connected.links.into_iter().enumerate() {
            let Some(stream) = stream else { continue };
            let desk = Desk {
                reports: reporters[process].clone(),
                orders: orders.clone(),
                questions: questions.clone(),
            };
            cluster.listen(process, stream, desk)?;
        }
        Ok(cluster)
    }

    fn listen(self: &Arc<Self>, process: usize, stream: TcpStream, desk: Desk) -> Result<()> {
        let (reader, beater) = (Arc::clone(self), Arc::clone(self));
        let name = |what: &str| std::thread::Builder::new().name(format!("{what}-{process}"));
        name("link").spawn(move || {
            let silence = reader.silence;
            let why = link::read(stream, silence, |kind, bytes| {
                reader.take(process, kind, bytes, &desk);
            });
            reader.lose(process, &why);
        })?;
        name("beat").spawn(move || {
            if let Some(link) = &beater.links[process] {
                link.beat(beater.silence);
            }
        })?;
        Ok(())
    }

    /// What this process has of everything.
    pub fn share(&self) -> Share {
        Share {
            process: self.process,
            processes: self.hosts.len(),
        }
    }

    /// Whether this process orders the others.
    pub fn leads(&self) -> bool {
        self.process == 0
    }

    /// The numbers of the other processes.
    pub fn others(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.hosts.len()).filter(|process| *process != self.process)
    }

    /// What the dataflow needs to run in all processes; once.
    pub fn peers(self: &Arc<Self>) -> Peers {
        Peers {
            process: self.process,
            sockets: std::mem::take(&mut *lock(&self.sockets)),
            carrier: Arc::new(Rows(Arc::clone(self))),
        }
    }

    /// Rows from other processes go here from now on; before, they wait.
    pub fn open_inbox(&self, inbox: Inbox) {
        self.inbox.change(|place| *place = Some(inbox));
    }

    /// Says that this process has sent all rows of an epoch, and waits until all
    /// others have and theirs are with the workers.
    pub fn flush(&self) {
        let round = self.flushes.fetch_add(1, Ordering::SeqCst) + 1;
        for process in self.others() {
            self.send(process, Kind::Flushed, &[]);
        }
        let own = self.process;
        drop(self.flushed.until(|counts| {
            let mut others = counts.iter().enumerate();
            others.all(|(process, count)| process == own || *count >= round)
        }));
    }

    /// Orders another process.
    ///
    /// # Errors
    /// When the order cannot be written down.
    pub fn order(&self, process: usize, order: Order) -> Result<()> {
        self.say(process, &Message::Order(order))
    }

    /// The next report of another process.
    ///
    /// # Errors
    /// When it reports no more.
    pub fn reported(&self, process: usize) -> Result<Report> {
        let report = lock(&self.reports[process]).recv();
        report.with_context(|| format!("process {process} reports no more"))
    }

    /// Reports to process 0.
    ///
    /// # Errors
    /// When the report cannot be written down.
    pub fn report(&self, report: Report) -> Result<()> {
        self.say(0, &Message::Report(report))
    }

    /// The next order of process 0.
    ///
    /// # Errors
    /// When it orders no more.
    pub fn ordered(&self) -> Result<Order> {
        let order = lock(&self.orders).recv();
        order.context("process 0 orders no more")
    }

    /// Asks all other processes, and gives their answers in no order.
    ///
    /// # Errors
    /// What another process could not do.
    pub fn ask(&self, question: &Question) -> Result<Vec<Answer>> {
        let number = self.next_question.fetch_add(1, Ordering::Relaxed);
        let (sender, answers) = channel();
        lock(&self.asked).insert(number, sender);
        for process in self.others() {
            self.say(process, &Message::Ask(number, question.clone()))?;
        }
        let mut all = Vec::with_capacity(self.hosts.len());
        for _ in self.others() {
            let (process, answer) = answers.recv()?;
            let named = || format!("process {process} ({})", self.hosts[process]);
            all.push(answer.map_err(|why| anyhow::anyhow!("{}: {why}", named()))?);
        }
        lock(&self.asked).remove(&number);
        Ok(all)
    }

    /// Answers questions until the process ends.
    pub fn answer_with(self: &Arc<Self>, answer: impl Fn(Question) -> Result<Answer>) {
        loop {
            let question = lock(&self.questions).recv();
            let Ok((number, question)) = question else {
                return;
            };
            let found = answer(question).map_err(|error| format!("{error:#}"));
            if self.say(0, &Message::Answer(number, found)).is_err() {
                return;
            }
        }
    }

    /// A flag that is set when another process was asked to stop.
    pub fn stop_flag(&self) -> &Arc<AtomicBool> {
        &self.stop
    }

    /// Asks process 0 to stop all.
    pub fn ask_to_stop(&self) {
        // Where process 0 is gone, this one ends anyway.
        let _ = self.say(0, &Message::Stop);
    }

    /// From now on connections may end.
    pub fn end(&self) {
        self.ending.store(true, Ordering::SeqCst);
    }

    /// Ends this process because it cannot go on; the others are told.
    pub fn fail(&self, why: &str) -> ! {
        // Where the reason is that another process is lost, its link says so.
        std::thread::sleep(GRACE.min(self.silence));
        self.last_words.call_once(|| {
            eprintln!("tocsin: {why}");
            let text = format!("process {} cannot go on: {why}", self.process);
            self.say_farewell(&text);
        });
        std::process::exit(1)
    }

    fn take(&self, from: usize, kind: Kind, bytes: &[u8], desk: &Desk) {
        match kind {
            Kind::Heartbeat => {}
            Kind::Rows => {
                let inbox = self.inbox.until(Option::is_some).clone();
                // A worker that is gone is found out by whoever drives it.
                if let Some(Err(error)) = inbox.map(|inbox| inbox.deliver(bytes)) {
                    tracing::error!(%error, from, "rows cannot be delivered");
                }
            }
            Kind::Flushed => self.flushed.change(|counts| counts[from] += 1),
            Kind::Message => match bincode::deserialize(bytes) {
                Ok(message) => self.hear(from, message, desk),
                Err(error) => self.lose(from, &format!("what it says is no message: {error}")),
            },
            Kind::Farewell => self.depart(&String::from_utf8_lossy(bytes)),
        }
    }

    /// Sorts a message. Whoever should take it may be gone at the end.
    fn hear(&self, from: usize, message: Message, desk: &Desk) {
        match message {
            Message::Order(order) => drop(desk.orders.send(order)),
            Message::Report(report) => drop(desk.reports.send(report)),
            Message::Ask(number, question) => drop(desk.questions.send((number, question))),
            Message::Answer(number, answer) => {
                if let Some(asker) = lock(&self.asked).get(&number) {
                    drop(asker.send((from, answer)));
                }
            }
            Message::Stop => self.stop.store(true, Ordering::Relaxed),
        }
    }

    fn say(&self, process: usize, message: &Message) -> Result<()> {
        let bytes = bincode::serialize(message)?;
        self.send(process, Kind::Message, &bytes);
        Ok(())
    }

    /// Sends a frame. That a process cannot be reached is a loss, which is said
    /// once, by whoever finds it out first.
    fn send(&self, process: usize, kind: Kind, bytes: &[u8]) {
        if let Some(Err(error)) = self.links[process].as_ref().map(|l| l.send(kind, bytes)) {
            self.lose(process, &error.to_string());
        }
    }

    /// Another process is lost: this one tells everybody and ends.
    fn lose(&self, process: usize, why: &str) {
        let host = &self.hosts[process];
        self.depart(&format!("process {process} ({host}) is lost: {why}"));
    }

    fn depart(&self, what: &str) {
        if self.ending.load(Ordering::SeqCst) {
            return;
        }
        self.last_words.call_once(|| {
            eprintln!(
                "tocsin: {what}\ntocsin: process {} ({}) stops with it. Start every process again with the same command: they go on from the last committed epoch",
                self.process, self.hosts[self.process]
            );
            self.say_farewell(what);
            std::process::exit(LOST);
        });
    }

    /// Tells the others why this process ends, as far as they can be reached
    /// without waiting.
    fn say_farewell(&self, what: &str) {
        for link in self.links.iter().flatten() {
            link.try_farewell(what);
        }
    }

    /// Threads of timely that lose their connection panic. The link says it
    /// better; where it says nothing, they are believed.
    fn report_panics(self: &Arc<Self>) {
        let cluster = Arc::downgrade(self);
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let text = panic.payload_as_str().unwrap_or_default();
            let of_network = ["timely communication error", "MergeQueue poisoned"]
                .iter()
                .any(|known| text.contains(known));
            match cluster.upgrade().filter(|_| of_network) {
                Some(cluster) => {
                    std::thread::sleep(GRACE.min(cluster.silence));
                    cluster.depart(&format!("a process is lost: {text}"));
                }
                None => usual(panic),
            }
        }));
    }
}

/// Carries rows over the links.
struct Rows(Arc<Cluster>);

impl Carrier for Rows {
    fn carry(&self, process: usize, rows: Vec<u8>) {
        self.0.send(process, Kind::Rows, &rows);
    }
}

/// The terms of this process.
///
/// # Errors
/// When the program cannot read itself.
pub fn terms(
    member: &Membership,
    workers: usize,
    parts: std::collections::BTreeMap<String, String>,
) -> Result<Terms> {
    if member.hosts.len() < 2 {
        bail!("a cluster has at least two processes");
    }
    Ok(Terms {
        build: build()?,
        hosts: member.hosts.clone(),
        workers,
        parts,
    })
}

/// The version of this program and the hash of its file.
///
/// # Errors
/// When the program cannot read itself.
pub fn build() -> Result<String> {
    let own = std::fs::read("/proc/self/exe").or_else(|_| {
        let path = std::env::current_exe()?;
        std::fs::read(path)
    });
    let own = own.context("the program cannot read itself")?;
    Ok(format!(
        "{} {:016x}",
        env!("CARGO_PKG_VERSION"),
        xxhash_rust::xxh3::xxh3_64(&own)
    ))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
