//! Removing what the law no longer asks for. A removed line keeps its number, time,
//! kind and hash, so the chain holds; a new line says what was removed, and how much,
//! so nobody can remove more.

use super::{Docket, DocketError, Intent};
use crate::casework::Action;
use crate::casework::retention::{Kept, Removal};
use crate::chain;
use sqlx::{Any, Transaction};

/// What becomes of a removed line; the key stays unlike any other.
pub(super) const EMPTY: &str =
    "who = '', role = '', purpose = '', subject = '', key = 'removed/' || seq, action = ''";
/// Lines read at once.
const PAGE: i64 = 10_000;

/// What is, or was, removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    /// How many cases.
    pub cases: u64,
    /// How many lines.
    pub lines: u64,
    /// The number of the line that says so; none: nothing was there, or it was only
    /// looked.
    pub seq: Option<u64>,
}

/// Lines of which only the hash is left, as verification and removal count them.
#[derive(Clone, Default)]
pub(super) struct Count {
    pub(super) lines: u64,
    hasher: blake3::Hasher,
}

impl Count {
    pub(super) fn add(&mut self, seq: u64, hash: &str) {
        self.lines += 1;
        self.hasher.update(format!("{seq} {hash}\n").as_bytes());
    }

    pub(super) fn digest(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}

impl Docket {
    /// How many lines would be removed.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn removable(&self, what: Kept, before_ms: i64) -> Result<u64, DocketError> {
        let mut transaction = self.pool.begin().await?;
        Ok(count(&mut transaction, what, before_ms).await?.lines)
    }

    /// Removes all lines of a kind from before an instant. `intent` says by whom;
    /// its action is replaced.
    ///
    /// # Errors
    /// [`DocketError::Refused`] where the law has them kept; any failure of the
    /// database. Then nothing is removed.
    pub async fn remove(
        &self,
        what: Kept,
        before_ms: i64,
        intent: Intent,
    ) -> Result<Removed, DocketError> {
        let _turn = self.turn.lock().await;
        let mut transaction = self.begin().await?;
        let count = count(&mut transaction, what, before_ms).await?;
        if count.lines == 0 {
            return Ok(Removed::default());
        }
        let intent = Intent {
            subject: format!("log/{}", what.name()),
            action: Action::Removal(Removal {
                what,
                before_ms,
                lines: count.lines,
                digest: count.digest(),
                cases: Vec::new(),
                numbers: Vec::new(),
            }),
            ..intent
        };
        let done = self.act_in(&mut transaction, intent).await?;
        let sql = format!(
            "UPDATE deeds SET {EMPTY} WHERE {} AND time_ms < $1 AND action <> ''",
            of_kinds(what)
        );
        let removing = sqlx::query(&sql).bind(before_ms);
        removing.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(Removed {
            cases: 0,
            lines: count.lines,
            seq: Some(done.seq),
        })
    }
}

impl Docket {
    /// Notes that something that lies beside the log was removed, by its names.
    ///
    /// # Errors
    /// [`DocketError::Refused`] where the law has it kept; any failure of the
    /// database.
    pub async fn note_removal(
        &self,
        what: Kept,
        before_ms: i64,
        names: &[String],
        intent: Intent,
    ) -> Result<u64, DocketError> {
        let intent = Intent {
            subject: format!("log/{}", what.name()),
            action: Action::Removal(Removal {
                what,
                before_ms,
                lines: names.len() as u64,
                digest: chain::hash(names.join("\n").as_bytes()),
                cases: Vec::new(),
                numbers: Vec::new(),
            }),
            ..intent
        };
        Ok(self.act(intent).await?.seq)
    }
}

/// Leaves of lines their numbers, times, kinds and hashes.
pub(super) async fn empty(
    transaction: &mut Transaction<'_, Any>,
    seqs: &[u64],
) -> Result<(), DocketError> {
    let list: Vec<String> = seqs.iter().map(u64::to_string).collect();
    let sql = format!(
        "UPDATE deeds SET {EMPTY} WHERE seq IN ({})",
        list.join(", ")
    );
    sqlx::query(&sql).execute(&mut **transaction).await?;
    Ok(())
}

/// The condition on the column: names of our own, which need no parameters.
fn of_kinds(what: Kept) -> String {
    format!("kind IN ('{}')", what.kinds().join("', '"))
}

/// The lines that are there still.
async fn count(
    transaction: &mut Transaction<'_, Any>,
    what: Kept,
    before_ms: i64,
) -> Result<Count, DocketError> {
    let sql = format!(
        "SELECT seq, hash FROM deeds WHERE {} AND time_ms < $1 AND action <> '' AND seq > $2 \
         ORDER BY seq LIMIT $3",
        of_kinds(what)
    );
    let (mut all, mut after) = (Count::default(), 0_i64);
    loop {
        let query = sqlx::query_as(&sql).bind(before_ms).bind(after).bind(PAGE);
        let page: Vec<(i64, String)> = query.fetch_all(&mut **transaction).await?;
        let Some((last, _)) = page.last() else {
            return Ok(all);
        };
        after = *last;
        for (seq, hash) in &page {
            all.add(*seq as u64, hash);
        }
    }
}
