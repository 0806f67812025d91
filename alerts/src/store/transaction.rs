//! A transaction that travels in one piece.
//!
//! Every statement sent to SQLite by itself costs a round trip between threads,
//! ten times the statement. So a transaction is written down first, from BEGIN
//! to COMMIT, and executed as one script with one list of parameters. Only a
//! large one is sent in several pieces, to bound memory.

use super::StoreError;
use sqlx::sqlite::{Sqlite, SqliteArguments};
use sqlx::{Arguments, Encode, Executor, SqliteConnection, Type, error::BoxDynError};

/// The most rows one INSERT carries: with 11 columns well below SQLite's 32,766
/// parameters a statement.
const ROWS_PER_INSERT: usize = 512;
/// A piece with more parameters than this is sent before the next is written.
const PARAMETERS_PER_PIECE: usize = 4_096;
/// Pieces up to this size keep their prepared statements for the next time:
/// small epochs are all alike, large ones are not.
const PARAMETERS_TO_REMEMBER: usize = 128;

/// A transaction being written down.
pub(super) struct Transaction<'c, 'q> {
    connection: &'c mut SqliteConnection,
    script: String,
    parameters: Parameters<'q>,
}

/// The parameters of the statements so far, in order.
#[derive(Default)]
pub(super) struct Parameters<'q> {
    values: SqliteArguments<'q>,
    fault: Option<BoxDynError>,
}

impl<'q> Parameters<'q> {
    /// Adds the next parameter.
    pub(super) fn bind<T>(&mut self, value: T) -> &mut Self
    where
        T: 'q + Encode<'q, Sqlite> + Type<Sqlite>,
    {
        if let Err(fault) = self.values.add(value) {
            self.fault.get_or_insert(fault);
        }
        self
    }

    fn take(&mut self) -> Result<SqliteArguments<'q>, StoreError> {
        match self.fault.take() {
            Some(fault) => Err(sqlx::Error::Encode(fault).into()),
            None => Ok(std::mem::take(&mut self.values)),
        }
    }
}

impl<'c, 'q> Transaction<'c, 'q> {
    /// Begins; whoever calls it marks the writer as unsettled until the end.
    pub(super) fn begin(connection: &'c mut SqliteConnection) -> Self {
        let script = "BEGIN IMMEDIATE".to_owned();
        Transaction {
            connection,
            script,
            parameters: Parameters::default(),
        }
    }

    /// Adds a statement; its parameters are bound to what it returns.
    pub(super) fn statement(&mut self, sql: &str) -> &mut Parameters<'q> {
        self.script.push_str(";\n");
        self.script.push_str(sql);
        &mut self.parameters
    }

    /// Adds rows: `head VALUES (?, …), … tail`, `columns` parameters a row, as
    /// `bind` binds them. Nothing if there are no rows.
    pub(super) async fn rows<T>(
        &mut self,
        [head, tail]: [&str; 2],
        columns: usize,
        rows: &[T],
        bind: impl Fn(&mut Parameters<'q>, &T),
    ) -> Result<(), StoreError> {
        for chunk in rows.chunks(ROWS_PER_INSERT) {
            let places = vec![one_row(columns); chunk.len()].join(",");
            self.statement(&format!("{head} VALUES {places} {tail}"));
            for row in chunk {
                bind(&mut self.parameters, row);
            }
            self.send_if_large().await?;
        }
        Ok(())
    }

    /// Sends what is written so far if it is much; nothing counts before
    /// [`Transaction::commit`].
    pub(super) async fn send_if_large(&mut self) -> Result<(), StoreError> {
        if self.parameters.values.len() > PARAMETERS_PER_PIECE {
            self.send().await?;
        }
        Ok(())
    }

    /// Commits: when it answers, the transaction is as durable as its
    /// connection makes it.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.statement("COMMIT");
        self.send().await
    }

    async fn send(&mut self) -> Result<(), StoreError> {
        let script = std::mem::take(&mut self.script);
        let values = self.parameters.take()?;
        let remember = values.len() <= PARAMETERS_TO_REMEMBER;
        let query = sqlx::query_with(&script, values).persistent(remember);
        self.connection.execute(query).await?;
        Ok(())
    }
}

fn one_row(columns: usize) -> String {
    format!("({})", vec!["?"; columns].join(","))
}
