//! Suppressions and closed accounts whose time is over. Each goes with all its lines;
//! the deed says which numbers they had, and nothing of whom.

use super::conditions::MAX_PAGE;
use super::load::read;
use super::remove::{Count, Removed};
use super::{Docket, DocketError, Intent};
use crate::casework::retention::{Kept, Removal};
use crate::casework::{Action, Person};
use sqlx::{Any, Transaction};

/// What may go: what it is called, and its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retired {
    /// The alert that was suppressed, or the account.
    pub name: String,
    /// Number and hash of each line, in order.
    pub lines: Vec<(u64, String)>,
}

impl Docket {
    /// Lifted suppressions in which nothing was done since an instant; or accounts that
    /// were closed before it and that no other line names.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn retirable(&self, what: Kept, before_ms: i64) -> Result<Vec<Retired>, DocketError> {
        let mut transaction = self.pool.begin().await?;
        retirable(&mut transaction, what, before_ms).await
    }

    /// Removes them. `intent` says by whom; its action and subject are replaced.
    ///
    /// # Errors
    /// [`DocketError::Refused`] where the law has them kept; any failure of the
    /// database. Then nothing is removed.
    pub async fn retire(
        &self,
        what: Kept,
        before_ms: i64,
        intent: Intent,
    ) -> Result<Removed, DocketError> {
        let _turn = self.turn.lock().await;
        let mut transaction = self.begin().await?;
        let gone = retirable(&mut transaction, what, before_ms).await?;
        let mut lines: Vec<(u64, String)> = Vec::new();
        for one in &gone {
            lines.extend(one.lines.iter().cloned());
            forget(&mut transaction, what, &one.name).await?;
        }
        if lines.is_empty() {
            return Ok(Removed::default());
        }
        lines.sort_unstable();
        let mut count = Count::default();
        for (seq, hash) in &lines {
            count.add(*seq, hash);
        }
        let seqs: Vec<u64> = lines.into_iter().map(|(seq, _)| seq).collect();
        let intent = Intent {
            subject: format!("log/{}", what.name()),
            action: Action::Removal(Removal {
                what,
                before_ms,
                lines: count.lines,
                digest: count.digest(),
                cases: Vec::new(),
                numbers: seqs.clone(),
            }),
            ..intent
        };
        let done = self.act_in(&mut transaction, intent).await?;
        for part in seqs.chunks(MAX_PAGE) {
            super::remove::empty(&mut transaction, part).await?;
        }
        transaction.commit().await?;
        Ok(Removed {
            cases: 0,
            lines: count.lines,
            seq: Some(done.seq),
        })
    }
}

async fn retirable(
    transaction: &mut Transaction<'_, Any>,
    what: Kept,
    before_ms: i64,
) -> Result<Vec<Retired>, DocketError> {
    let names = match what {
        Kept::Suppressions => suppressions(transaction, before_ms).await?,
        Kept::Accounts => accounts(transaction, before_ms).await?,
        _ => Vec::new(),
    };
    let mut retired = Vec::with_capacity(names.len());
    for name in names {
        let sql = format!(
            "SELECT seq, hash FROM deeds WHERE subject = $1 AND kind IN ('{}') ORDER BY seq",
            what.kinds().join("', '")
        );
        let query = sqlx::query_as(&sql).bind(subject(what, &name));
        let lines: Vec<(i64, String)> = query.fetch_all(&mut **transaction).await?;
        let lines = lines.into_iter().map(|(seq, hash)| (seq as u64, hash));
        retired.push(Retired {
            lines: lines.collect(),
            name,
        });
    }
    Ok(retired)
}

fn subject(what: Kept, name: &str) -> String {
    match what {
        Kept::Accounts => format!("person/{name}"),
        _ => format!("alert/{name}"),
    }
}

/// Alerts whose last suppression was lifted before an instant.
async fn suppressions(
    transaction: &mut Transaction<'_, Any>,
    before_ms: i64,
) -> Result<Vec<String>, DocketError> {
    let sql = "SELECT s.alert FROM suppressions s \
               JOIN deeds d ON d.subject = 'alert/' || s.alert AND d.kind LIKE 'suppression.%' \
               WHERE s.open = 0 GROUP BY s.alert HAVING max(d.time_ms) < $1 ORDER BY s.alert";
    let query = sqlx::query_scalar(sql).bind(before_ms);
    Ok(query.fetch_all(&mut **transaction).await?)
}

/// Closed accounts, last changed before an instant, without whose lines every other
/// line can still be judged.
async fn accounts(
    transaction: &mut Transaction<'_, Any>,
    before_ms: i64,
) -> Result<Vec<String>, DocketError> {
    let query = sqlx::query_scalar("SELECT body FROM people ORDER BY name");
    let bodies: Vec<String> = query.fetch_all(&mut **transaction).await?;
    let mut names = Vec::new();
    for body in bodies {
        let person: Person = read("people", &body)?;
        if person.disabled && !needed(transaction, &person.name, before_ms).await? {
            names.push(person.name);
        }
    }
    Ok(names)
}

/// Whether a line of later, of another's doing or of something else names an account.
async fn needed(
    transaction: &mut Transaction<'_, Any>,
    name: &str,
    before_ms: i64,
) -> Result<bool, DocketError> {
    let own = Kept::Accounts.kinds().join("', '");
    let sql = format!(
        "SELECT count(*) FROM deeds WHERE (who = $1 OR subject = $2) \
         AND (subject <> $2 OR time_ms >= $3 OR kind NOT IN ('{own}'))"
    );
    let query = sqlx::query_scalar(&sql).bind(name.to_owned());
    let query = query.bind(format!("person/{name}")).bind(before_ms);
    let lines: i64 = query.fetch_one(&mut **transaction).await?;
    // Who was made an investigator is named in what another did.
    let sql = "SELECT count(*) FROM deeds WHERE kind = 'case.assign' AND action LIKE $1 ESCAPE '!'";
    let quoted = name
        .replace('!', "!!")
        .replace('_', "!_")
        .replace('%', "!%");
    let query = sqlx::query_scalar(sql).bind(format!("%\"{quoted}\"%"));
    let assigned: i64 = query.fetch_one(&mut **transaction).await?;
    Ok(lines + assigned > 0)
}

/// Removes what follows from the lines, and what lies beside them.
async fn forget(
    transaction: &mut Transaction<'_, Any>,
    what: Kept,
    name: &str,
) -> Result<(), DocketError> {
    let tables: &[(&str, &str)] = match what {
        Kept::Accounts => &[
            ("people", "name"),
            ("places", "person"),
            ("credentials", "person"),
            ("attempts", "person"),
        ],
        _ => &[("suppressions", "alert")],
    };
    for (table, column) in tables {
        let sql = format!("DELETE FROM {table} WHERE {column} = $1");
        let query = sqlx::query(&sql).bind(name.to_owned());
        query.execute(&mut **transaction).await?;
    }
    Ok(())
}
