//! Doing something: one transaction that judges, writes the deed and what it
//! changes, or leaves nothing.

use super::credential::{self, CredentialChange};
use super::load::{self, Row};
use super::{Docket, DocketError, Entry, expire, outcomes};
use crate::casework::fold::{Touched, case_subject};
use crate::casework::{Action, Actor, Case, CaseAction, Deed, Fold};
use crate::chain;
use sqlx::{Any, Transaction};

/// What somebody wants to do.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Who.
    pub who: Actor,
    /// In which role they look at something; other deeds find theirs themselves.
    pub role: String,
    /// For what purpose.
    pub purpose: String,
    /// What it is about; empty: the case that is to be opened.
    pub subject: String,
    /// The id that the client chose.
    pub key: String,
    /// What.
    pub action: Action,
    /// The version of the case that they saw.
    pub expected: Option<u64>,
    /// When, milliseconds UTC.
    pub time_ms: i64,
    /// What is kept beside the log in the same transaction.
    pub credential: Option<CredentialChange>,
}

/// What was done.
#[derive(Debug, Clone)]
pub struct Done {
    /// The number of the deed.
    pub seq: u64,
    /// What it is about.
    pub subject: String,
    /// Whether it had been done before: the same key again.
    pub repeated: bool,
    /// The case as it is now, where it is about one.
    pub case: Option<Case>,
}

impl Docket {
    /// Does something, once: the same key of the same actor again is the same
    /// deed.
    ///
    /// # Errors
    /// [`DocketError::Refused`], [`DocketError::Stale`], [`DocketError::KeyReused`];
    /// any failure of the database. Then nothing was done.
    pub async fn act(&self, intent: Intent) -> Result<Done, DocketError> {
        let _turn = self.turn.lock().await;
        let mut transaction = self.begin().await?;
        let done = self.act_in(&mut transaction, intent).await?;
        transaction.commit().await?;
        Ok(done)
    }

    /// Does several things one after the other in one transaction, each judged by
    /// itself: what is refused is left out, and says why. For whoever does much by
    /// itself: a transaction waits for the disk once.
    ///
    /// # Errors
    /// Any failure of the database: then nothing was done.
    pub async fn act_each(
        &self,
        intents: Vec<Intent>,
    ) -> Result<Vec<Result<Done, DocketError>>, DocketError> {
        let _turn = self.turn.lock().await;
        let mut transaction = self.begin().await?;
        let mut all = Vec::with_capacity(intents.len());
        for intent in intents {
            // These are found before anything is written.
            all.push(match self.act_in(&mut transaction, intent).await {
                Err(
                    refused @ (DocketError::Refused(_)
                    | DocketError::Stale { .. }
                    | DocketError::KeyReused { .. }),
                ) => Err(refused),
                done => Ok(done?),
            });
        }
        transaction.commit().await?;
        Ok(all)
    }

    pub(super) async fn act_in(
        &self,
        transaction: &mut Transaction<'_, Any>,
        intent: Intent,
    ) -> Result<Done, DocketError> {
        let action = serde_json::to_string(&intent.action)
            .map_err(|fault| DocketError::corrupt("deeds", fault))?;
        if let Some(done) = repeated(transaction, &intent, &action).await? {
            return Ok(done);
        }
        let (last, last_ms, head) = last(transaction).await?;
        let deed = Deed {
            seq: last + 1,
            // The log's time never goes back, whatever a clock does.
            time_ms: intent.time_ms.max(last_ms),
            subject: subject(&intent, last + 1),
            who: intent.who,
            role: intent.role,
            purpose: intent.purpose,
            key: intent.key,
            action: intent.action,
        };
        let mut fold = load::concerned(transaction, &deed).await?;
        check_version(&fold, &deed, intent.expected)?;
        let case_before = case_of(&fold, &deed).and_then(outcomes::under);
        let applied = fold.apply(&deed)?;
        let case_after = case_of(&fold, &deed).and_then(outcomes::under);
        let deed = Deed {
            role: applied.role,
            ..deed
        };
        let entry = seal(deed, action, head);
        append(transaction, &entry).await?;
        self.keep(transaction, &fold, &applied.touched).await?;
        outcomes::recount(transaction, case_before, case_after).await?;
        if let Some(change) = &intent.credential {
            credential::keep(transaction, change).await?;
        }
        let case = match &applied.touched {
            Touched::Case(id) => fold.cases.remove(id),
            _ => None,
        };
        Ok(Done {
            seq: entry.deed.seq,
            subject: entry.deed.subject,
            repeated: false,
            case,
        })
    }

    /// Writes what a deed changed.
    async fn keep(
        &self,
        transaction: &mut Transaction<'_, Any>,
        fold: &Fold,
        touched: &Touched,
    ) -> Result<(), DocketError> {
        if let Touched::Expired(ids) = touched {
            return expire::keep(transaction, fold, ids).await;
        }
        let row = match touched {
            Touched::Case(id) => fold
                .cases
                .get(id)
                .map(|case| Row::of_case(case, &self.calendar)),
            Touched::Person(name) => fold.people.get(name).map(Row::of_person),
            Touched::Place(name) => fold
                .places
                .get(name)
                .map(|place| Row::of_place(name, place)),
            Touched::Suppression(alert) => fold.suppressions.get(alert).map(Row::of_suppression),
            Touched::Expired(_) | Touched::Nothing => None,
        };
        match row {
            Some(row) => row?.write(transaction).await,
            None => Ok(()),
        }
    }
}

fn subject(intent: &Intent, seq: u64) -> String {
    match &intent.action {
        Action::Case(CaseAction::Open { .. }) => case_subject(&format!("C{seq}")),
        _ => intent.subject.clone(),
    }
}

/// Number, time and hash of the last deed.
async fn last(transaction: &mut Transaction<'_, Any>) -> Result<(u64, i64, String), DocketError> {
    let sql = "SELECT seq, time_ms, hash FROM deeds ORDER BY seq DESC LIMIT 1";
    let found: Option<(i64, i64, String)> = sqlx::query_as(sql)
        .fetch_optional(&mut **transaction)
        .await?;
    let found = found.map(|(seq, time_ms, hash)| (seq as u64, time_ms, hash));
    Ok(found.unwrap_or_default())
}

/// The deed that this actor did under this key before.
async fn repeated(
    transaction: &mut Transaction<'_, Any>,
    intent: &Intent,
    action: &str,
) -> Result<Option<Done>, DocketError> {
    let sql = "SELECT seq, subject, action FROM deeds WHERE who = $1 AND key = $2";
    let query = sqlx::query_as(sql)
        .bind(intent.who.name())
        .bind(intent.key.clone());
    let found: Option<(i64, String, String)> = query.fetch_optional(&mut **transaction).await?;
    let Some((seq, subject, before)) = found else {
        return Ok(None);
    };
    let same_subject = intent.subject.is_empty() || intent.subject == subject;
    if before != action || !same_subject {
        return Err(DocketError::KeyReused {
            key: intent.key.clone(),
        });
    }
    let case = match subject.strip_prefix("case/") {
        Some(id) => load::case(transaction, id).await?,
        None => None,
    };
    Ok(Some(Done {
        seq: seq as u64,
        subject,
        repeated: true,
        case,
    }))
}

/// The case that a deed is about.
fn case_of<'a>(fold: &'a Fold, deed: &Deed) -> Option<&'a Case> {
    let id = deed.subject.strip_prefix("case/")?;
    fold.cases.get(id)
}

fn check_version(fold: &Fold, deed: &Deed, expected: Option<u64>) -> Result<(), DocketError> {
    match (expected, case_of(fold, deed)) {
        (Some(expected), Some(case)) if case.version != expected => Err(DocketError::Stale {
            case: case.id.clone(),
            expected,
            found: case.version,
        }),
        _ => Ok(()),
    }
}

fn seal(deed: Deed, action: String, previous: String) -> Entry {
    let mut entry = Entry {
        deed,
        action,
        previous,
        hash: String::new(),
    };
    entry.hash = chain::hash(entry.content().as_bytes());
    entry
}

async fn append(transaction: &mut Transaction<'_, Any>, entry: &Entry) -> Result<(), DocketError> {
    let sql = "INSERT INTO deeds (seq, time_ms, who, role, purpose, subject, key, kind, action, previous, hash) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let deed = &entry.deed;
    sqlx::query(sql)
        .bind(deed.seq as i64)
        .bind(deed.time_ms)
        .bind(deed.who.name())
        .bind(deed.role.clone())
        .bind(deed.purpose.clone())
        .bind(deed.subject.clone())
        .bind(deed.key.clone())
        .bind(deed.action.kind())
        .bind(entry.action.clone())
        .bind(entry.previous.clone())
        .bind(entry.hash.clone())
        .execute(&mut **transaction)
        .await?;
    Ok(())
}
