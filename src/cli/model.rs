//! The command line of `tocsin model`.

use super::Place;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `tocsin model`
#[derive(Debug, Subcommand)]
pub enum Model {
    /// Every version and how far it has come: draft, shadow, live, retired
    List(Where),
    /// What is known of a version
    Show(Named),
    /// Put an artifact on the shelf as a draft, measured on the state directory
    Submit(Submit),
    /// Score a version beside the model in force, as its challenger
    Shadow(Step),
    /// Approve a shadow: it is live. Not by who submitted it or put it there
    #[command(visible_alias = "promote")]
    Approve(Step),
    /// Put the version that was live before in force again
    Rollback(Back),
    /// A draft or shadow is not to be used
    Retire(Step),
    /// Who did what, when and why
    Log(Where),
    /// Follow the log's chain, judge every step again, hold every file against its hash
    Verify {
        /// Which configuration
        #[command(flatten)]
        at: Where,
        /// The hash of an entry that must be there: a log that was cut off is found
        #[arg(long)]
        head: Option<String>,
    },
    /// Write a version's model card as Markdown and HTML
    Card {
        /// Which version
        #[command(flatten)]
        named: Named,
        /// The folder to write to
        #[arg(long, default_value = ".")]
        out: PathBuf,
    },
    /// Write the impact assessment (个人信息保护影响评估) as far as the configuration tells
    Impact {
        /// Which configuration
        #[command(flatten)]
        at: Where,
        /// The folder to write to
        #[arg(long, default_value = ".")]
        out: PathBuf,
    },
    /// How the model does: drift, calibration, coverage, volume, errors by group
    Watch(Watch),
}

pub(super) const HELP: &str =
    "The registry is the folder that `[model] registry` names. It lies beside the
configuration, because removing the state directory must not remove who approved what.
Where the configuration has accounts (`[casework]`, tocsin people), --as names one of them:
it is asked for its password, or shows a token of its own in TOCSIN_TOKEN. Analysts and
engineers submit, shadow and retire; heads and analysts approve; all three roll back. Where
there are none a name is taken at its word, so guard the folder by the rights of the file
system: whoever may write it can also write past this program, which `verify` finds only
with a head that was kept elsewhere.

  tocsin train --out card.json
  tocsin model submit card.json --as 王芳 --why 'outcomes of the second quarter'
  tocsin model shadow  VERSION  --as 王芳 --why 'two weeks beside the present one'
  tocsin model approve VERSION  --as 李强 --why 'fewer false alerts, see the card'
  tocsin model rollback         --as 李强 --why 'too many in 南山区'";

/// Which registry.
#[derive(Debug, Clone, Args)]
pub struct Where {
    /// The configuration file
    #[arg(long, default_value = "tocsin.toml", env = "TOCSIN_CONFIG")]
    pub config: PathBuf,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// Which version of which registry.
#[derive(Debug, Clone, Args)]
pub struct Named {
    /// The version, or how it begins
    pub version: String,
    /// Which registry
    #[command(flatten)]
    pub at: Where,
}

/// Who does it, and why.
#[derive(Debug, Clone, Args)]
pub struct Signature {
    /// Who you are: an account, which is proved, or where there are none any name
    #[arg(long = "as", value_name = "NAME")]
    pub person: String,
    /// Why, for the log
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub why: String,
}

/// A step of a version, and who takes it.
#[derive(Debug, Args)]
pub struct Step {
    /// Which version
    #[command(flatten)]
    pub named: Named,
    /// Who does it, and why
    #[command(flatten)]
    pub signature: Signature,
}

/// `tocsin model rollback`
#[derive(Debug, Args)]
pub struct Back {
    /// Which registry
    #[command(flatten)]
    pub at: Where,
    /// Who does it, and why
    #[command(flatten)]
    pub signature: Signature,
}

/// `tocsin model submit`
#[derive(Debug, Args)]
pub struct Submit {
    /// The artifact
    pub file: PathBuf,
    /// Which configuration, which state
    #[command(flatten)]
    pub place: Place,
    /// Who does it, and why
    #[command(flatten)]
    pub signature: Signature,
    /// Do not measure it on the state directory: nothing can be compared with later
    #[arg(long)]
    pub unmeasured: bool,
}

/// `tocsin model watch`
#[derive(Debug, Args)]
pub struct Watch {
    /// Which configuration, which state, when no server is asked
    #[command(flatten)]
    pub place: Place,
    /// The server to ask, such as 127.0.0.1:8080; else the state directory is loaded
    #[arg(long)]
    pub url: Option<String>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}
