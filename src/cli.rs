//! The command line.

mod casework;
mod model;
mod sink;

pub use casework::*;
pub use model::*;
pub use sink::Sink;

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Early warning of illegal fundraising (非法集资): joins the records of many
/// agencies with suspicious payment-account leads, keeps every enterprise's risk
/// score current and explained, and raises alerts. What it finds are risk leads,
/// never findings.
#[derive(Debug, Parser)]
#[command(name = "tocsin", version, about, long_about = None, after_help = EXIT)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT: &str = "Exit code: 0 when the job is done, 1 when it failed (or verify found a difference), 2 when the configuration is wrong, 3 when another process of the cluster was lost, 4 when `run --once` could not read a file to its end.";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Simulate a city, run on it live, and serve the console
    Demo(Demo),
    /// Take in records, score, alert and serve
    Run(Run),
    /// Check the declared sources, or list them
    #[command(subcommand)]
    Source(Source),
    /// Why an enterprise has its score, down to the records
    Explain(Explain),
    /// Fit a scorecard on the outcomes and put it in force
    Train(Train),
    /// Judge the training by cross-validation over enterprises
    Evaluate(Evaluate),
    /// Replay the records as they arrived: what would the alerts have been worth?
    Backtest(Backtest),
    /// The registry of models: versions, approval by a second person, rollback
    #[command(subcommand, after_help = model::HELP)]
    Model(Model),
    /// Who is told of alerts: how receivers do, what they would not have
    #[command(subcommand, after_help = sink::HELP)]
    Sink(Sink),
    /// Whom to check today: the highest scores, and a declared share at random
    Queue(Queue),
    /// Which alerts other rules would open, close or move; nothing is touched
    Whatif(Whatif),
    /// Accounts: who may sign in, and as what
    #[command(subcommand, after_help = casework::PEOPLE)]
    People(People),
    /// The audit log: who did or looked at what, and whether it is whole
    #[command(subcommand)]
    Audit(Audit),
    /// Recompute everything by a plain batch fold and compare
    Verify(Verify),
    /// Write a simulated city's deliveries to files
    Simulate(Simulate),
    /// Measure loading, corrections and memory on generated records
    Bench(Bench),
    /// Correct generated records millions of times: does memory stay flat?
    #[command(hide = true)]
    Soak(Soak),
}

/// Which configuration, which state.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// The configuration file
    #[arg(long, default_value = "tocsin.toml", env = "TOCSIN_CONFIG")]
    pub config: PathBuf,
    /// The state directory; removing it starts afresh
    #[arg(long, default_value = "tocsin-data", env = "TOCSIN_DATA")]
    pub data: PathBuf,
    /// Threads that take in records and run the dataflow; at most one a core
    #[arg(long, default_value_t = 2, env = "TOCSIN_WORKERS", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub workers: u16,
    /// Do not wait for the disk: commits survive a kill, not a power cut
    #[arg(long, env = "TOCSIN_NO_FSYNC")]
    pub no_fsync: bool,
}

/// `tocsin verify`
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    pub place: Place,
    /// Fold the enterprises in so many parts: each needs so much less memory and
    /// reads all records again [default: one for every 25 million rows]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub parts: Option<u64>,
}

/// `tocsin demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// The state directory; a second start goes on where the first ended
    #[arg(long, default_value = "tocsin-data/demo", env = "TOCSIN_DEMO_DATA")]
    pub data: PathBuf,
    /// Enterprises of the city
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..=5_000_000))]
    pub enterprises: u32,
    /// The seed: the same seed is the same city
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Months of simulated time
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=120))]
    pub months: u32,
    /// Of 100,000 enterprises so many belong to a scheme
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub schemes: u32,
    /// A scorecard to score with instead of the city's hand-set one
    #[arg(long)]
    pub model: Option<PathBuf>,
    /// Simulated days per second, at most: each is taken in before the next comes
    #[arg(long, default_value_t = 2.0)]
    pub days_per_second: f64,
    /// End when the simulated time is over (else the console stays up)
    #[arg(long)]
    pub once: bool,
    /// Where to serve
    #[arg(long, default_value = "127.0.0.1:8080", env = "TOCSIN_LISTEN")]
    pub listen: String,
}

/// Several processes that work as one.
#[derive(Debug, Clone, Args)]
pub struct Machines {
    /// Run as one of several processes: its number, from 0; process 0 commits,
    /// serves and decides what the others do
    #[arg(long, requires = "hosts", env = "TOCSIN_PROCESS")]
    pub process: Option<usize>,
    /// The addresses of all processes, one `host:port` a line, process 0 first
    #[arg(long, requires = "process", env = "TOCSIN_HOSTS")]
    pub hosts: Option<PathBuf>,
    /// Seconds to wait for the other processes to start
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub join_within: u64,
    /// Seconds without a sign of life after which a process is lost and all stop
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub lost_after: u64,
}

/// `tocsin run`
#[derive(Debug, Args)]
pub struct Run {
    /// Which configuration, which state
    #[command(flatten)]
    pub place: Place,
    /// Several processes that work as one
    #[command(flatten)]
    pub machines: Machines,
    /// Process what is there, print a summary, exit
    #[arg(long)]
    pub once: bool,
    /// Write every enterprise with its score to a .csv or .parquet file
    #[arg(long, requires = "once")]
    pub export: Option<PathBuf>,
    /// Enterprises listed in the summary
    #[arg(long, default_value_t = 20)]
    pub top: usize,
    /// Where to serve the console, the API and the metrics
    #[arg(long, default_value = "127.0.0.1:8080", env = "TOCSIN_LISTEN")]
    pub listen: String,
    /// How often to look for new files, milliseconds; more seldom where looking at many
    /// would take more than a hundredth of the time
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    pub poll_ms: u64,
}

/// `tocsin source`
#[derive(Debug, Subcommand)]
pub enum Source {
    /// Check every declaration; all faults at once
    Check {
        /// The configuration file
        #[arg(long, default_value = "tocsin.toml", env = "TOCSIN_CONFIG")]
        config: PathBuf,
    },
    /// List the sources with their agencies and what they feed
    List {
        /// The configuration file
        #[arg(long, default_value = "tocsin.toml", env = "TOCSIN_CONFIG")]
        config: PathBuf,
    },
    /// List the refused records that wait to be delivered again, also while a run is up
    Rejects(Rejects),
}

/// `tocsin source rejects`
#[derive(Debug, Args)]
pub struct Rejects {
    /// Of this source alone, such as msa/penalty
    pub source: Option<String>,
    /// Which configuration, which state
    #[command(flatten)]
    pub place: Place,
    /// Those too that were mended: a record of their key was accepted since
    #[arg(long)]
    pub all: bool,
    /// As JSON, a record a line
    #[arg(long)]
    pub json: bool,
}

/// `tocsin explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// Credit code, old number, opaque identifier or exact name
    pub id: String,
    /// Which configuration, which state
    #[command(flatten)]
    pub place: Place,
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// As of a past day (its end) or instant, by the model in force now
    #[arg(long, value_parser = crate::time::parse_instant, value_name = "INSTANT")]
    pub at: Option<i64>,
    /// What changed since an earlier one: contributions, and the records that came,
    /// went or expired
    #[arg(long, value_parser = crate::time::parse_instant, value_name = "INSTANT")]
    pub since: Option<i64>,
    /// Beside the contributions, which decide, the value of each feature by Shapley
    /// (path-dependent TreeSHAP), for comparison
    #[arg(long, conflicts_with = "since")]
    pub shapley: bool,
    /// Only what a mark such as 'account 1f3a9c02' stands for; with casework, the log
    /// says who asked and why
    #[arg(long, value_name = "MARK", requires = "why", conflicts_with_all = ["at", "since", "shapley"])]
    pub unmask: Option<String>,
    /// Why, for the log
    #[arg(long, value_name = "TEXT", requires = "unmask")]
    pub why: Option<String>,
}

/// `tocsin train`
#[derive(Debug, Args)]
pub struct Train {
    /// Which configuration, which state
    #[command(flatten)]
    pub place: Place,
    /// Another kind of model than the configured one
    #[arg(long)]
    pub kind: Option<Kind>,
    /// Also write the artifact to a file
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// A kind of model.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Kind {
    /// Bins with weights
    Scorecard,
    /// Many trees, averaged
    Forest,
    /// The mean of both
    Blend,
}

impl From<Kind> for tocsin_models::ModelKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Scorecard => tocsin_models::ModelKind::Scorecard,
            Kind::Forest => tocsin_models::ModelKind::Forest,
            Kind::Blend => tocsin_models::ModelKind::Blend,
        }
    }
}

/// `tocsin evaluate`
#[derive(Debug, Args)]
pub struct Evaluate {
    /// Which configuration, which state
    #[command(flatten)]
    pub place: Place,
    /// Folds, split by enterprise
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..=20))]
    pub folds: u16,
    /// The seed of the first split and of the bootstrap
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Judge the state's alert feed by a simulated city's truth instead
    #[arg(long, conflicts_with_all = ["folds", "seed", "repeats"])]
    pub truth: Option<PathBuf>,
    /// Judge only this kind of model
    #[arg(long)]
    pub kind: Option<Kind>,
    /// Instead of judging, write what would be judged as CSV: outcomes, features and folds
    #[arg(long, value_name = "FILE", conflicts_with_all = ["truth", "kind", "json"])]
    pub features: Option<PathBuf>,
    /// Splits judged; a single one is a matter of luck
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub repeats: u16,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `tocsin backtest`
#[derive(Debug, Args)]
#[command(after_help = "\
At the beginning of every period all enterprises are scored by what had arrived before, by
the model in force or, with --retrain, by one trained on the outcomes known then. The first
--capacity of those not yet found positive are held against the outcomes of the --horizon.
A model trained on later outcomes is refused. Outcomes exist mostly for those who were
checked: `places that found one` is a lower bound, `precision` speaks of the checked alone.

  tocsin backtest --config city/tocsin.toml --data state --from 2025-01-01 --every 30
  tocsin backtest --from 2025-01-01 --every 30 --horizon 90 --capacity 50 --retrain")]
pub struct Backtest {
    /// Which configuration, which state
    #[command(flatten)]
    pub place: Place,
    /// The first day, such as 2025-01-01
    #[arg(long, value_parser = crate::time::parse_day)]
    pub from: i32,
    /// The last day; by default that of the state
    #[arg(long, value_parser = crate::time::parse_day)]
    pub to: Option<i32>,
    /// Days from one period to the next
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=366))]
    pub every: u16,
    /// Days within which outcomes are awaited; by default those of a period
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1_100))]
    pub horizon: Option<u16>,
    /// Enterprises that can be looked at in a period
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub capacity: u32,
    /// Train a model at every period on what was known, instead of the one in force
    #[arg(long)]
    pub retrain: bool,
    /// Judge by a simulated city's truth, too: recall by typology, lead time
    #[arg(long)]
    pub truth: Option<PathBuf>,
    /// The seed of the bootstrap
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `tocsin queue`
#[derive(Debug, Args)]
#[command(after_help = "\
[queue] audit_share says which share of the places is drawn at random from all who are not
among the highest: from those alone one learns what the model misses. A queue is drawn once
for a business day and district, the same whenever it is asked for, and written below
[queue] record (queues/) with the chance each had; `tocsin evaluate` weighs by it.")]
pub struct Queue {
    /// Which configuration, which state
    #[command(flatten)]
    pub place: Place,
    /// How many can be checked
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub capacity: u32,
    /// Only enterprises of this district; all without
    #[arg(long)]
    pub district: Option<String>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `tocsin whatif`
#[derive(Debug, Args)]
#[command(after_help = WHATIF)]
pub struct Whatif {
    /// KEY=VALUE; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// A model's artifact to score with instead
    #[arg(long)]
    pub model: Option<PathBuf>,
    /// A `features.toml` instead of the one in force
    #[arg(long)]
    pub features: Option<PathBuf>,
    /// Another `tocsin.toml`, of which the levels are tried
    #[arg(long)]
    pub levels: Option<PathBuf>,
    /// The server to ask, such as 127.0.0.1:8080; else the state directory is
    /// loaded, or, while a process has it open, the server at --listen asked
    #[arg(long)]
    pub url: Option<String>,
    /// Where the process listens that has the state directory open
    #[arg(long, default_value = "127.0.0.1:8080", env = "TOCSIN_LISTEN")]
    pub listen: String,
    /// Changes listed, the highest level under the proposal first; all are counted
    #[arg(long, default_value_t = 20)]
    pub top: usize,
    /// Write every change as CSV
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// Which configuration, which state, when no server is asked
    #[command(flatten)]
    pub place: Place,
}

const WHATIF: &str = "Keys of --set:
  levels.thresholds.yellow=55       any key of [levels], by its path
  levels.red_one_of='[\"B\"]'
  feature.NAME.weight=0.5           a factor on all weights of a feature
  feature.NAME.cap=1.2              the most log-odds that it adds
  feature.NAME.hard_trigger=true
  cap.D.below=80                    the category stays below that index by itself;
  cap.D.log_odds=2.5                adds at most that; none takes its cap away
  cap.AGENCY.below=80               what rests on this agency's sources alone; `each`: on
                                    any one agency's that has no cap of its own
  model.intercept=-4.5              log-odds
Windows and half-lives cannot be set: what has expired is gone from the tallies.

A change of rules takes effect at once: an alert then stands where its figures put it,
also one that the hysteresis holds now. So `held` (the open alert) is compared with
`then` (a fresh judgement under the proposal); `now` is a fresh one under the rules in force.";

/// `tocsin simulate`
#[derive(Debug, Args)]
pub struct Simulate {
    /// The folder to write to
    #[arg(long)]
    pub out: PathBuf,
    /// Enterprises on the first day; a city has up to three million, a province 13.7
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..=15_000_000))]
    pub enterprises: u32,
    /// Months
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=120))]
    pub months: u32,
    /// The seed
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Of 100,000 enterprises so many belong to a scheme
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub schemes: u32,
    /// Deliver day by day, as the agencies would, to a `tocsin run` beside it
    #[arg(long)]
    pub arrivals: bool,
    /// So many times the measured dirt: repeated, corrected, refused records and
    /// such (measured rates: testdata/src/feeds/dirt.rs); 0 is clean but late
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub dirt: u32,
    /// Compress text files of so many bytes and more to .csv.gz (0: all)
    #[arg(long, value_name = "BYTES", conflicts_with = "arrivals")]
    pub compress: Option<u64>,
    /// With --arrivals: simulated days per second
    #[arg(long, default_value_t = 2.0, requires = "arrivals")]
    pub days_per_second: f64,
}

/// `tocsin bench`
#[derive(Debug, Args)]
pub struct Bench {
    /// Records to load
    #[arg(long, default_value_t = 6_000_000)]
    pub records: u64,
    /// Enterprises they are about
    #[arg(long, default_value_t = 300_000)]
    pub enterprises: u32,
    /// Corrected records to time
    #[arg(long, default_value_t = 2_000)]
    pub corrections: u32,
    /// Threads
    #[arg(long, default_value_t = 2)]
    pub workers: u16,
    /// Time a new model version, with and without a challenger, and a `whatif`
    #[arg(long)]
    pub versions: bool,
    /// Time corrections beside so many busy loops, too
    #[arg(long, default_value_t = 4)]
    pub busy: u16,
    /// The folder for generated records and state; removed afterwards
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// Time the console and the API over alerts with cases instead, and live streams
    /// while alerts arrive; `--records` and `--enterprises` say of how many
    #[arg(long)]
    pub casework: bool,
    /// With --casework: where cases are kept; postgres://… or a file
    #[arg(long, default_value = "casework.db", requires = "casework")]
    pub store: String,
    /// With --casework: lines of the audit log
    #[arg(long, default_value_t = 1_000_000, requires = "casework")]
    pub lines: u64,
    /// With --casework: live streams, each of which must see every event once
    #[arg(long, default_value_t = 500, requires = "casework", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub streams: u32,
    /// With --casework: alert events a second, and for how many seconds
    #[arg(long, num_args = 2, default_values_t = [1_000, 20], requires = "casework", value_names = ["EVENTS", "SECONDS"])]
    pub rate: Vec<u32>,
    /// Load and play what benches/peers has prepared in this folder instead
    #[arg(long, conflicts_with_all = ["records", "enterprises", "corrections", "busy", "folder", "casework"])]
    pub peers: Option<PathBuf>,
    /// With --peers: do not wait for the disk
    #[arg(long, requires = "peers")]
    pub no_fsync: bool,
    /// With --peers: batches that are pushed before the first of them is answered
    #[arg(long, requires = "peers", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub in_flight: Option<u16>,
}

/// `tocsin soak`
#[derive(Debug, Args)]
pub struct Soak {
    /// Corrections
    #[arg(long, default_value_t = 50_000_000)]
    pub corrections: u64,
    /// Corrections an epoch
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub batch: u32,
    /// Enterprises they are about
    #[arg(long, default_value_t = 300_000)]
    pub enterprises: u32,
    /// So many per cent of the corrections are of one enterprise
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub hot: u32,
    /// Through the whole pipeline, from CSV to the store, not the engine alone
    #[arg(long)]
    pub pipeline: bool,
    /// Threads
    #[arg(long, default_value_t = 2)]
    pub workers: u16,
    /// The folder for generated records and state; removed afterwards
    #[arg(long)]
    pub folder: Option<PathBuf>,
}
