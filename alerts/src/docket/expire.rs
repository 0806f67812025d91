//! Cases whose time is over: which they are, and that they go. Every line of such a case
//! keeps number, time, kind and hash; how it ended stays counted; the rest is gone.

use super::conditions::MAX_PAGE;
use super::load::{Row, read};
use super::remove::{Count, Removed};
use super::{Dialect, Docket, DocketError, Intent};
use crate::casework::retention::{Expired, Kept, Removal, held};
use crate::casework::{Action, Case, Fold, Side};
use sqlx::{Any, Executor, Transaction};
use std::collections::{BTreeMap, HashMap};

/// A case that may go, and those that were merged into it: they go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// What is left of each; the case in which the others went on is the first.
    pub cases: Vec<Expired>,
}

impl Due {
    /// The case in which the others went on.
    pub fn id(&self) -> &str {
        self.cases.first().map_or("", |first| &first.id)
    }

    /// How many lines of the log go.
    pub fn lines(&self) -> usize {
        self.cases.iter().map(|case| case.lines.len()).sum()
    }
}

/// Cases that are old enough and stay for another reason: how many, by why.
pub type Held = BTreeMap<&'static str, u64>;

/// What is known of a case while groups are made.
struct Candidate {
    kept: Kept,
    held: Option<&'static str>,
    into: Option<String>,
    last_ms: i64,
}

impl Docket {
    /// Cases of a kind in which nothing was done since an instant, and how many stay
    /// for another reason than their age.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn due(&self, what: Kept, before_ms: i64) -> Result<(Vec<Due>, Held), DocketError> {
        let mut transaction = self.pool.begin().await?;
        due(&mut transaction, what, before_ms).await
    }

    /// Removes them. `intent` says by whom; its action and subject are replaced.
    ///
    /// # Errors
    /// [`DocketError::Refused`] where the law has them kept; any failure of the
    /// database. Then nothing is removed.
    pub async fn remove_cases(
        &self,
        what: Kept,
        before_ms: i64,
        intent: Intent,
    ) -> Result<Removed, DocketError> {
        let _turn = self.turn.lock().await;
        let mut transaction = self.begin().await?;
        let (groups, _) = due(&mut transaction, what, before_ms).await?;
        let mut removed = Removed::default();
        for group in groups {
            removed.cases += group.cases.len() as u64;
            removed.lines += group.lines() as u64;
            let seq = self.remove_group(&mut transaction, (what, before_ms), group, &intent);
            removed.seq = Some(seq.await?);
        }
        transaction.commit().await?;
        Ok(removed)
    }

    /// Gives the number of the line that says so.
    async fn remove_group(
        &self,
        transaction: &mut Transaction<'_, Any>,
        (what, before_ms): (Kept, i64),
        group: Due,
        intent: &Intent,
    ) -> Result<u64, DocketError> {
        let mut count = Count::default();
        for case in &group.cases {
            for (seq, hash) in lines_of(transaction, &case.id).await? {
                count.add(seq, &hash);
            }
        }
        let seqs: Vec<u64> = group.cases.iter().flat_map(|c| c.lines.clone()).collect();
        let intent = Intent {
            subject: format!("log/{}", what.name()),
            key: format!("{}/{}", intent.key, group.id()),
            action: Action::Removal(Removal {
                what,
                before_ms,
                lines: count.lines,
                digest: count.digest(),
                cases: group.cases,
                numbers: Vec::new(),
            }),
            ..intent.clone()
        };
        let done = self.act_in(transaction, intent).await?;
        for part in seqs.chunks(MAX_PAGE) {
            super::remove::empty(transaction, part).await?;
        }
        Ok(done.seq)
    }

    /// What is left of a case whose time was over.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn expired(&self, id: &str) -> Result<Option<Expired>, DocketError> {
        let body = self
            .body("SELECT body FROM expired WHERE id = $1", id)
            .await?;
        body.map(|body| read("expired", &body)).transpose()
    }

    /// Whether a case of this alert has gone: then no other is opened of it.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn expired_of(&self, alert: &str) -> Result<bool, DocketError> {
        let sql = "SELECT body FROM expired WHERE alert = $1";
        let found = self.body(sql, &Expired::alert(alert)).await?;
        Ok(found.is_some())
    }

    /// Rewrites the database's files, so that nothing of what was removed is left in
    /// them: a database keeps the bytes of what is deleted until it needs the room.
    ///
    /// # Errors
    /// [`DocketError::Busy`]; any failure of the database.
    pub async fn scrub(&self) -> Result<(), DocketError> {
        let _turn = self.turn.lock().await;
        let mut connection = self.pool.acquire().await?;
        match self.dialect {
            Dialect::Sqlite => {
                connection.execute("VACUUM").await?;
                let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
                let (busy, _, _): (i64, i64, i64) =
                    sqlx::query_as(sql).fetch_one(&mut *connection).await?;
                match busy {
                    0 => Ok(()),
                    _ => Err(DocketError::Busy),
                }
            }
            Dialect::Postgres => {
                for table in [
                    "deeds",
                    "cases",
                    "suppressions",
                    "people",
                    "places",
                    "credentials",
                    "attempts",
                ] {
                    let sql = format!("VACUUM FULL {table}");
                    connection.execute(sql.as_str()).await?;
                }
                Ok(())
            }
        }
    }
}

/// Writes what is left of cases that went.
pub(super) async fn keep(
    transaction: &mut Transaction<'_, Any>,
    fold: &Fold,
    ids: &[String],
) -> Result<(), DocketError> {
    for expired in ids.iter().filter_map(|id| fold.expired.get(id)) {
        let sql = "DELETE FROM cases WHERE id = $1";
        let query = sqlx::query(sql).bind(expired.id.clone());
        query.execute(&mut **transaction).await?;
        Row::of_expired(expired)?.write(transaction).await?;
    }
    Ok(())
}

async fn lines_of(
    transaction: &mut Transaction<'_, Any>,
    id: &str,
) -> Result<Vec<(u64, String)>, DocketError> {
    let sql = "SELECT seq, hash FROM deeds WHERE subject = $1 AND kind LIKE 'case.%' ORDER BY seq";
    let query = sqlx::query_as(sql).bind(format!("case/{id}"));
    let found: Vec<(i64, String)> = query.fetch_all(&mut **transaction).await?;
    let lines = found.into_iter();
    Ok(lines.map(|(seq, hash)| (seq as u64, hash)).collect())
}

async fn due(
    transaction: &mut Transaction<'_, Any>,
    what: Kept,
    before_ms: i64,
) -> Result<(Vec<Due>, Held), DocketError> {
    let all = candidates(transaction, before_ms).await?;
    let mut groups: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for id in all.keys() {
        groups.entry(root(&all, id)).or_default().push(id);
    }
    let (mut due, mut stay) = (Vec::new(), Held::new());
    for (root, ids) in groups {
        let members: Vec<&Candidate> = ids.iter().map(|id| &all[*id]).collect();
        // One that was found something in keeps those that were merged into it.
        let kept = members.iter().map(|case| case.kept).max();
        if kept != Some(what) || members.iter().any(|case| case.last_ms >= before_ms) {
            continue;
        }
        let held = members.iter().find_map(|case| case.held);
        // What it goes on in is open, and younger.
        let held = held.or((!all.contains_key(&root)).then_some("open"));
        if let Some(why) = held {
            *stay.entry(why).or_default() += members.len() as u64;
            continue;
        }
        let mut ordered = vec![&root];
        ordered.extend(ids.into_iter().filter(|id| **id != root));
        let mut cases = Vec::with_capacity(ordered.len());
        for id in ordered {
            let lines = lines_of(transaction, id).await?;
            let lines = lines.into_iter().map(|(seq, _)| seq).collect();
            let case = super::load::case(transaction, id).await?;
            cases.extend(case.map(|case| Expired::of(&case, all[id].last_ms, lines)));
        }
        due.push(Due { cases });
    }
    Ok((due, stay))
}

/// The case in which one went on at last.
fn root(all: &HashMap<String, Candidate>, id: &str) -> String {
    let mut at = id;
    // Merging needs another open case, so there is no way round.
    while let Some(into) = all.get(at).and_then(|case| case.into.as_deref()) {
        at = into;
    }
    at.to_owned()
}

/// Cases that have ended, and open ones in which nothing was done since an instant.
async fn candidates(
    transaction: &mut Transaction<'_, Any>,
    before_ms: i64,
) -> Result<HashMap<String, Candidate>, DocketError> {
    let sql = "SELECT c.number, c.body, max(d.time_ms) FROM cases c \
               JOIN deeds d ON d.subject = 'case/' || c.id AND d.kind LIKE 'case.%' \
               WHERE c.number > $1 GROUP BY c.number, c.body, c.open \
               HAVING c.open = 0 OR max(d.time_ms) < $2 ORDER BY c.number LIMIT $3";
    let (mut all, mut after) = (HashMap::new(), -1_i64);
    loop {
        let query = sqlx::query_as(sql).bind(after).bind(before_ms);
        let query = query.bind(MAX_PAGE as i64);
        let page: Vec<(i64, String, i64)> = query.fetch_all(&mut **transaction).await?;
        let Some((last, ..)) = page.last() else {
            return Ok(all);
        };
        after = *last;
        for (_, body, last_ms) in page {
            let case: Case = read("cases", &body)?;
            let candidate = Candidate {
                kept: Kept::of_case(&case),
                held: held(&case),
                into: match &case.side {
                    Some(Side::Merged { into }) => Some(into.clone()),
                    _ => None,
                },
                last_ms,
            };
            all.insert(case.id, candidate);
        }
    }
}
