//! Scores and their explanations: features in, integer log-odds out.
//!
//! This is the only crate that knows linfa and ndarray. It is pure: no clock,
//! no files, no logging, and no knowledge of records or of the dataflow. A row
//! is one enterprise's feature values in feature order, `Option<i64>` in units
//! of 1/[`VALUE_SCALE`], where `None` means *missing*.
//!
//! The way through it: [`train()`] (or a person) writes a [`Scorecard`], the
//! versioned artifact; [`Scorecard::bind`] ties it to the configured features;
//! the [`BoundScorecard`] gives a [`Score`] and the contributions that sum to
//! it exactly; [`cross_validate`] and [`evaluate`] say how good it is.
//!
//! ```
//! use tocsin_models::{Category, FeatureKind, FeatureSpec, Scorecard};
//!
//! let card = Scorecard::from_json(r#"{
//!   "format": 1, "kind": "scorecard", "intercept": -4000000,
//!   "features": [
//!     {"name": "complaints_90d", "category": "E", "kind": "number", "bins": [
//!       {"missing": true, "weight": 0},
//!       {"from": null, "to": 30000, "weight": 0},
//!       {"from": 30000, "to": null, "weight": 2500000}
//!     ]}
//!   ]
//! }"#)?;
//! let complaints = FeatureSpec::new("complaints_90d", Category::E, FeatureKind::Number);
//! let bound = card.bind(&[complaints])?;
//! assert_eq!(bound.score(&[Some(5 * 10_000)]).log_odds, -1_500_000);
//! assert_eq!(bound.bin_label(0, Some(5 * 10_000)), "≥ 3");
//! # Ok::<(), tocsin_models::ModelError>(())
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod artifact;
mod binding;
mod binned;
mod binning;
mod blend;
mod bootstrap;
mod bound;
mod bound_blend;
mod bound_forest;
mod calibrate;
mod calibration;
mod cap;
mod category;
mod chance;
mod columns;
mod crossed;
mod error;
mod evaluation;
mod examples;
mod feature;
mod fit;
mod folds;
mod forest;
mod grow;
mod index;
mod logistic;
mod metrics;
mod model;
mod pair;
mod params;
mod partition;
mod pool;
mod refine;
mod render;
mod rows;
mod scale;
mod score;
mod scorecard;
mod select;
mod shapley;
mod sparse;
mod spline;
mod table;
mod tally;
mod term;
mod threads;
mod train;
mod train_blend;
mod train_forest;
mod validation;

pub use blend::Blend;
pub use bound::{Base, BoundScorecard, Reached};
pub use bound_blend::BoundBlend;
pub use bound_forest::BoundForest;
pub use cap::{Cap, Held, Limit, Over};
pub use category::{CATEGORIES, Category};
pub use error::ModelError;
pub use evaluation::{CalibrationBin, Evaluation, Figure, evaluate, share};
pub use feature::{FeatureKind, FeatureSpec, VALUE_SCALE};
pub use forest::Forest;
pub use index::INDEX_MAX;
pub use model::{Artifact, BoundModel};
pub use params::{ForestParams, KINDS, ModelKind, TrainParams};
pub use rows::Rows;
pub use score::{MICRO, Said, Score, probability};
pub use scorecard::{CardFeature, Provenance, Scorecard};
pub use table::Table;
pub use term::Term;
pub use train::{train, train_columns, train_grouped, train_model, train_rows};
pub use train_forest::train_forest;
pub use validation::{cross_validate, cross_validate_rows, cross_validated, deal_folds};
