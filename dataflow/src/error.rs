//! What can go wrong with the engine.

use thiserror::Error;

/// Why the engine could not start or go on.
#[derive(Debug, Error)]
pub enum EngineError {
    /// No worker, or more than timely can number.
    #[error("cannot run `{0}` workers (allowed are 1 to 256)")]
    Workers(usize),
    /// The plan contradicts itself; every fault is listed.
    #[error("plan is refused: {}", .0.join("; "))]
    Plan(Vec<String>),
    /// The model is bound to other features than the plan computes.
    #[error("model of `{model}` features does not fit the plan's `{plan}` features")]
    Model {
        /// Features of the model.
        model: usize,
        /// Features of the plan.
        plan: usize,
    },
    /// Rules may bring other features over what is kept, no other slots, links or
    /// groups.
    #[error(
        "rules are for other slots, links or groups than the engine was started with{}",
        .0.iter().map(|fault| format!("; {fault}")).collect::<String>()
    )]
    Ground(Vec<String>),
    /// An epoch must end at or after the first instant that is still open.
    #[error("time `{time_ms}` cannot close an epoch (allowed are `{first_ms}` to `{last_ms}`)")]
    Time {
        /// The instant asked for, in milliseconds UTC.
        time_ms: u64,
        /// The first instant that is still open.
        first_ms: u64,
        /// The last instant the engine knows.
        last_ms: u64,
    },
    /// The worker threads could not be started.
    #[error("workers cannot start: {0}")]
    Start(String),
    /// Rows from another process that are none.
    #[error("rows from another process cannot be read: {0}")]
    Rows(String),
    /// A worker has ended: the state is incomplete and must be loaded again.
    #[error("a worker has been lost")]
    WorkerLost,
}
