//! How far a worker's arrangements are merged beyond what new batches pay for.
//!
//! An arrangement merges its batches little by little as others come, and holds
//! what it merges twice until it is done. While a load enters in pieces each
//! merge is finished at once, so that no two arrangements are held twice at a
//! time, and after it every arrangement becomes one batch: what the first load
//! brought may lie still for days.

use std::cell::Cell;
use std::sync::Arc;

use differential_dataflow::trace::ExertionLogic;

/// How far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Merging {
    /// As new batches pay for it.
    AsPaid,
    /// What is being merged is merged to its end.
    Begun,
    /// Until there is one batch.
    All,
}

/// More rows than an arrangement has: a merge is done in one go.
const EFFORT: usize = 1 << 31;

thread_local! {
    /// A worker is a thread.
    static HOW: Cell<Merging> = const { Cell::new(Merging::AsPaid) };
}

impl Merging {
    /// Lets this thread's arrangements be merged so far from now on.
    pub(crate) fn begin(self) {
        HOW.set(self);
    }

    /// What arrangements ask before they merge: by level its number, how many
    /// batches lie there, and their rows.
    pub(crate) fn logic() -> ExertionLogic {
        Arc::new(|levels| {
            let batches = levels.iter().filter(|(_, _, rows)| *rows > 0);
            let enough = match HOW.get() {
                Merging::AsPaid => true,
                Merging::Begun => levels.iter().all(|(_, batches, _)| *batches < 2),
                Merging::All => batches.map(|(_, batches, _)| batches).sum::<usize>() < 2,
            };
            (!enough).then_some(EFFORT)
        })
    }
}
