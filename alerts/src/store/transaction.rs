//! Writing: one transaction, its statements prepared once and kept.
//!
//! The writer calls SQLite on its own thread. To hand a small epoch to another
//! thread and to be woken when it is kept takes longer than to keep it.

use super::StoreError;
use rusqlite::{Connection, Params, TransactionBehavior};

/// A transaction; undone unless [`Transaction::commit`] is reached.
pub(super) struct Transaction<'c>(rusqlite::Transaction<'c>);

impl<'c> Transaction<'c> {
    /// Begins; whoever calls it marks the writer as unsettled until the end.
    pub(super) fn begin(connection: &'c mut Connection) -> Result<Self, StoreError> {
        let behaviour = TransactionBehavior::Immediate;
        Ok(Transaction(
            connection.transaction_with_behavior(behaviour)?,
        ))
    }

    /// Executes a statement.
    pub(super) fn execute(&self, sql: &str, parameters: impl Params) -> Result<(), StoreError> {
        self.0.prepare_cached(sql)?.execute(parameters)?;
        Ok(())
    }

    /// Commits: when it answers, the transaction is as durable as its
    /// connection makes it.
    pub(super) fn commit(self) -> Result<(), StoreError> {
        Ok(self.0.commit()?)
    }
}
