//! The configuration, judged whole before anything runs: `tocsin.toml`, the
//! sources, the features and the levels' policy, with every fault at once.

mod association;
mod caps;
mod casework;
mod features;
mod ground;
mod models;
mod names;
mod serve;
mod settings;
pub mod signals;
pub mod sinks;
mod training;

pub use caps::{Cap, Whom};
pub use casework::{CaseworkSettings, Office, OutcomeSource, PeopleSettings};
pub use features::{Aggregate, Feature};
pub use models::ModelChoice;
pub use names::Names;
pub use serve::{Limits, Net, TlsFiles};
pub use settings::{Clock, Settings, office_of, read_policy};
pub use training::AsOf;
