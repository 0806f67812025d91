//! From reading to landing: chunks go on in their order, on the same thread
//! while a source is small, and on one beside it once a whole chunk is there, so
//! that a large file is read while what was read of it lands.
//!
//! Contract: two chunks at most are held, one that is filled or waits and one that
//! lands; an error of the landing comes back with the next chunk.

use super::intake::IntakeError;
use super::lander::{Chunk, Lander};
use super::output::SourceOutput;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

/// Hands chunks to a [`Lander`].
pub(super) struct Relay<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    stage: Stage<'scope, 'env>,
}

/// Where the lander is.
enum Stage<'scope, 'env> {
    Here(Box<Lander<'env>>),
    Beside {
        chunks: SyncSender<Chunk>,
        thread: ScopedJoinHandle<'scope, Result<Lander<'env>, IntakeError>>,
    },
    /// It ended with an error, which was told.
    Gone,
}

impl<'scope, 'env> Relay<'scope, 'env> {
    /// A relay that may start a thread in `scope`.
    pub(super) fn new(scope: &'scope Scope<'scope, 'env>, lander: Lander<'env>) -> Self {
        let stage = Stage::Here(Box::new(lander));
        Relay { scope, stage }
    }

    /// Passes a chunk on. Waits while an earlier one is landing.
    ///
    /// # Errors
    /// When this or an earlier chunk could not land.
    pub(super) fn pass(&mut self, chunk: Chunk) -> Result<(), IntakeError> {
        if !chunk.is_full() {
            return self.here()?.take(chunk, false);
        }
        self.set_beside();
        let Stage::Beside { chunks, .. } = &self.stage else {
            return Err(IntakeError::Gone);
        };
        match chunks.send(chunk) {
            Ok(()) => Ok(()),
            // It no longer takes anything: it says why.
            Err(_) => self.here().map(|_| ()),
        }
    }

    /// The lander, once everything that was passed on has landed.
    ///
    /// # Errors
    /// When it could not.
    pub(super) fn here(&mut self) -> Result<&mut Lander<'env>, IntakeError> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Beside { chunks, thread } => {
                drop(chunks);
                let ended = thread.join();
                let lander = ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
                Stage::Here(Box::new(lander))
            }
            stage => stage,
        };
        match &mut self.stage {
            Stage::Here(lander) => Ok(lander),
            _ => Err(IntakeError::Gone),
        }
    }

    /// Ends with the last chunk.
    ///
    /// # Errors
    /// When it or an earlier one could not land.
    pub(super) fn finish(mut self, last: Chunk) -> Result<SourceOutput, IntakeError> {
        self.here()?.take(last, true)?;
        match self.stage {
            Stage::Here(lander) => Ok(lander.finish()),
            _ => Err(IntakeError::Gone),
        }
    }

    /// Moves the lander to a thread of its own, unless it is there.
    fn set_beside(&mut self) {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Here(lander) => {
                let (chunks, taken) = sync_channel(0);
                let thread = self.scope.spawn(move || land_all(*lander, &taken));
                Stage::Beside { chunks, thread }
            }
            stage => stage,
        };
    }
}

/// Lands chunks until no more come.
fn land_all<'env>(
    mut lander: Lander<'env>,
    chunks: &Receiver<Chunk>,
) -> Result<Lander<'env>, IntakeError> {
    for chunk in chunks {
        lander.take(chunk, false)?;
    }
    crate::memory::give_back();
    Ok(lander)
}
