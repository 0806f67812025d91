//! What can go wrong between features and scores.
//!
//! Contract: errors about a document or a configuration carry every fault that
//! was found, not just the first.

use thiserror::Error;

/// Why a model, a training or an evaluation was refused.
#[derive(Debug, Error)]
pub enum ModelError {
    /// A letter that is no category.
    #[error("unknown category `{0}` (allowed are A to H and R)")]
    Category(char),
    /// The text is not JSON, or not of this shape.
    #[error("model cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// The model contradicts itself; every fault is listed.
    #[error("model is refused:{}", list(.0))]
    Scorecard(Vec<String>),
    /// The content was changed after the version was written.
    #[error(
        "model says version `{stated}` but its content is version `{computed}` \
         (after an edit by hand, set \"version\" to \"\")"
    )]
    Version {
        /// What the document says.
        stated: String,
        /// What its content hashes to.
        computed: String,
    },
    /// The model is for other features; every difference is listed.
    #[error("model does not fit the configured features:{}", list(.0))]
    Features(Vec<String>),
    /// Training parameters outside their bounds; every fault is listed.
    #[error("training parameters are refused:{}", list(.0))]
    Params(Vec<String>),
    /// The data to train on is empty, uneven or says nothing.
    #[error("cannot train: {0}")]
    Training(String),
    /// The data to evaluate is empty, uneven or says nothing.
    #[error("cannot evaluate: {0}")]
    Evaluation(String),
}

fn list(faults: &[String]) -> String {
    faults.iter().map(|fault| format!("\n  {fault}")).collect()
}
