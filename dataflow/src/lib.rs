//! The incremental engine: facts in, changes of assessments out.
//!
//! This is the only crate that knows timely and differential dataflow. It knows
//! nothing of bytes, files, alerts or clocks: time comes in as an argument.
//!
//! The way of a fact: [`Loader`] → `worker` → `window` (facts count until they
//! expire) → `identity` (names become the enterprises that bore them), `terms`,
//! `links` and `reach` (leads travel to enterprises), `groups`, `latest`
//! (attributes), `association` (who is associated with whom) → the arrangement of
//! tallies, counts and sums carried in the difference → `scores`, which calls
//! the model → [`EpochOutput`].
//!
//! All numbers are integers, so whatever is taken back leaves no trace, and the
//! outcome of an epoch depends neither on the order of arrival nor on the number
//! of workers.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod adjacency;
mod alarm;
mod arrivals;
mod assessment;
mod association;
mod calendar;
mod cluster;
mod column;
mod day;
mod decay;
mod engine;
mod error;
mod features;
mod footprint;
mod grain;
mod graph;
mod groups;
mod harvest;
mod identity;
mod interval;
mod keeping;
mod latest;
mod links;
mod loader;
mod named;
mod observed;
mod packed;
mod pieces;
mod pile;
mod places;
mod plan;
mod pool;
mod reach;
mod resting;
mod revise;
mod rules;
mod scores;
mod shared;
mod spill;
mod split;
mod spoken_of;
mod stats;
mod stock;
mod strings;
mod surroundings;
mod survey;
mod tally;
mod terms;
#[cfg(test)]
mod testing;
mod total;
mod types;
mod waiting;
mod watch;
mod window;
mod worker;

pub use assessment::{Assessment, Assessor, NO_REASON};
pub use cluster::{Carrier, Inbox, Peers};
pub use day::{business_day, midnight};
pub use decay::HalfLife;
pub use engine::{Engine, EngineConfig, EpochOutput};
pub use error::EngineError;
pub use harvest::Membership;
pub use keeping::{Each, Keeping};
pub use loader::Loader;
pub use pieces::PIECE;
pub use plan::{
    Aggregate, AssociationDef, FeatureDef, GroupDef, Measure, NeighbourDef, Plan, ReturnDef, Role,
    SharedDef, SlotDef,
};
pub use revise::ScoreChange;
pub use rules::{GRADES, Grade, Graded, Rules, Tell};
pub use stats::{ArrangementStats, EngineStats};
pub use survey::{Survey, Visit};
pub use tally::{Entry, Tally};
pub use waiting::{Waiting, WaitingAlias, WaitingQuery, WaitingRecords};
