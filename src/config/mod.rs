//! The configuration, judged whole before anything runs: `tocsin.toml`, the
//! sources, the features and the levels' policy, with every fault at once.

mod association;
mod caps;
mod features;
mod ground;
mod models;
mod settings;
mod signals;
mod training;

pub use features::{Aggregate, Feature};
pub use models::ModelChoice;
pub use settings::{Clock, Settings, read_policy};
pub use training::AsOf;
