//! The command line of `tocsin sink`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What `tocsin sink --help` ends with.
pub const HELP: &str = "\
[[sink]] in tocsin.toml declares who is told of alerts, by webhook or e-mail. An event that a
receiver refuses `attempts` times, or that fails when nothing has succeeded for `give_up`, is a
dead letter: it is kept, with what the receiver said last. All this works beside a run.

  tocsin sink list --data state
  tocsin sink retry duty --data state                      all dead letters; also after 410 Gone
  tocsin sink drop duty --id 91440300MA564JARXD-1.2 --data state";

/// `tocsin sink`
#[derive(Debug, Subcommand)]
pub enum Sink {
    /// How every sink stands, and its dead letters
    List {
        /// Which state
        #[command(flatten)]
        at: StateOf,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Have dead letters tried once more; switch a sink on that is off
    Retry {
        /// The sink
        name: String,
        /// Only this event
        #[arg(long)]
        id: Option<String>,
        /// Which state
        #[command(flatten)]
        at: StateOf,
    },
    /// Forget dead letters
    Drop {
        /// The sink
        name: String,
        /// Which
        #[command(flatten)]
        which: Which,
        /// Which state
        #[command(flatten)]
        at: StateOf,
    },
}

/// Which state directory.
#[derive(Debug, Args)]
pub struct StateOf {
    /// The state directory
    #[arg(long, default_value = "tocsin-data", env = "TOCSIN_DATA")]
    pub data: PathBuf,
}

/// Which dead letters.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// Only this event
    #[arg(long)]
    pub id: Option<String>,
    /// All of them
    #[arg(long)]
    pub all: bool,
}
