//! The command line of `tocsin people` and `tocsin audit`.

use super::Where;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use tocsin_alerts::casework::Role;

pub(super) const PEOPLE: &str =
    "Accounts are kept in the store that `[casework]` names, beside the configuration; whoever
may run this command there is the first administrator. A running server follows at once.

  tocsin people add wangfang --display 王芳 --role duty-officer --district 南屿区
  tocsin people password wangfang          # asks for it, or reads a line from a pipe
  tocsin people token wangfang --days 90 --why 'weekly report'";

const EXPIRE: &str =
    "Cases that are open, or under appeal (复议或诉讼), stay however old they are. How an ended
case ended stays counted. Of a PostgreSQL store its log of writes and its backups keep
what was removed until they are recycled: that is the database's to arrange.";

/// `tocsin people`
#[derive(Debug, Subcommand)]
pub enum People {
    /// Add an account
    Add(Account),
    /// Change what an account says; what is not given becomes empty or the default
    Change(Account),
    /// Every account
    List(Where),
    /// Close an account; its sessions and tokens end
    Disable {
        /// Which account
        #[command(flatten)]
        who: Who,
        /// Why, for the log
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    /// Set a password; its sessions end
    Password(Who),
    /// Make a token for a program; it is printed this once
    Token {
        /// Which account
        #[command(flatten)]
        who: Who,
        /// For how many days
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(i64).range(1..=400))]
        days: i64,
        /// What it is for
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
}

/// An account by its name.
#[derive(Debug, Args)]
pub struct Who {
    /// The account's name
    pub name: String,
    /// Which configuration
    #[command(flatten)]
    pub at: Where,
}

/// What an account says.
#[derive(Debug, Args)]
pub struct Account {
    /// Which account
    #[command(flatten)]
    pub who: Who,
    /// The person's own name
    #[arg(long)]
    pub display: String,
    /// duty-officer, investigator, head, analyst, engineer, administrator or auditor;
    /// may be given several times
    #[arg(long = "role", required = true, value_name = "ROLE")]
    pub roles: Vec<Role>,
    /// A district they see; may be given several times; none: the whole city
    #[arg(long = "district", value_name = "DISTRICT")]
    pub districts: Vec<String>,
    /// The highest sensitivity of sources they see: 4 has suspicious-transaction leads
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=4))]
    pub clearance: u8,
}

/// `tocsin audit`
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Lines of the log: who did or looked at what, when, in which role, what for
    List {
        /// Which configuration
        #[command(flatten)]
        at: Where,
        /// Only after this line
        #[arg(long, default_value_t = 0)]
        after: u64,
        /// Only by this account
        #[arg(long)]
        who: Option<String>,
        /// Only about this: case/C7, alert/…, enterprise/…, person/…
        #[arg(long)]
        subject: Option<String>,
        /// Only of this kind, such as case.label
        #[arg(long)]
        kind: Option<String>,
        /// Lines at most
        #[arg(long, default_value_t = 1_000)]
        limit: usize,
    },
    /// Follow the log's chain, judge every deed again, compare what follows from it
    Verify {
        /// Which configuration
        #[command(flatten)]
        at: Where,
        /// The hash of a line that must be there: a log that was cut off is found
        #[arg(long)]
        head: Option<String>,
    },
    /// Say what the law no longer asks for, by `[casework.retention]`: lines, cases with
    /// all that was done in them, dead letters, queues
    #[command(after_help = EXPIRE)]
    Expire {
        /// Which configuration
        #[command(flatten)]
        at: Where,
        /// The state directory, which has the dead letters
        #[arg(long, default_value = "tocsin-data", env = "TOCSIN_DATA")]
        data: PathBuf,
        /// Remove it: of lines number, time, kind and hash stay, and a line says how many;
        /// the store's files are rewritten
        #[arg(long)]
        remove: bool,
    },
}
