//! Passwords, sessions and tokens: hashed, beside the log and in none of its
//! lines. Their times are the machine's, whatever business time is.

use super::{Docket, DocketError};
use crate::chain;
use sqlx::{Any, Transaction};

/// What somebody proves by it who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// A password; its hash is Argon2's.
    Password,
    /// What a browser was given at sign-in.
    Session,
    /// What a program was given.
    Token,
}

impl CredentialKind {
    fn name(self) -> &'static str {
        match self {
            CredentialKind::Password => "password",
            CredentialKind::Session => "session",
            CredentialKind::Token => "token",
        }
    }
}

/// A random secret and what may be kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret that somebody showed, or that was just made.
    pub fn new(text: String) -> Secret {
        Secret(text)
    }

    /// What is stored: as long as the secret is random, nobody finds it from this.
    pub fn hash(&self) -> String {
        chain::hash(self.0.as_bytes())
    }

    /// What forms of a session carry, so that no other site can send them.
    pub fn form_token(&self) -> String {
        let key = blake3::derive_key("tocsin 2026 form token of a session", self.0.as_bytes());
        chain::hash(&key)
    }
}

/// A session, token or password as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its public id.
    pub id: String,
    /// Whose.
    pub person: String,
    /// What.
    pub kind: CredentialKind,
    /// Its hash.
    pub hash: String,
    /// Since when, milliseconds UTC by the machine's clock.
    pub since_ms: i64,
    /// When it was last used, to the minute.
    pub used_ms: i64,
    /// Until when.
    pub expires_ms: i64,
}

/// What is kept beside a deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialChange {
    /// A session or token; also a password, which ends all sessions.
    Put(Credential),
    /// It ends.
    End {
        /// Its public id.
        id: String,
        /// Whose it has to be.
        person: String,
    },
    /// All of a person's end.
    EndAll {
        /// Whose.
        person: String,
    },
    /// A wrong password.
    Failed {
        /// Whose.
        person: String,
        /// How many in a row.
        failures: u32,
        /// Locked until then, milliseconds UTC; 0: not.
        locked_until_ms: i64,
    },
}

/// The id under which a person's password is kept.
pub(super) fn password_id(person: &str) -> String {
    format!("password/{person}")
}

/// Writes a change.
pub(super) async fn keep(
    transaction: &mut Transaction<'_, Any>,
    change: &CredentialChange,
) -> Result<(), DocketError> {
    match change {
        CredentialChange::Put(credential) => put(transaction, credential).await,
        CredentialChange::End { id, person } => {
            let sql = "DELETE FROM credentials WHERE id = $1 AND person = $2";
            let query = sqlx::query(sql).bind(id.clone()).bind(person.clone());
            query.execute(&mut **transaction).await?;
            Ok(())
        }
        CredentialChange::EndAll { person } => {
            let sql = "DELETE FROM credentials WHERE person = $1";
            sqlx::query(sql)
                .bind(person.clone())
                .execute(&mut **transaction)
                .await?;
            Ok(())
        }
        CredentialChange::Failed {
            person,
            failures,
            locked_until_ms,
        } => {
            let sql = "INSERT INTO attempts (person, failures, locked_until_ms) VALUES ($1, $2, $3) \
                       ON CONFLICT (person) DO UPDATE SET failures = excluded.failures, \
                       locked_until_ms = excluded.locked_until_ms";
            let query = sqlx::query(sql)
                .bind(person.clone())
                .bind(i64::from(*failures));
            query
                .bind(*locked_until_ms)
                .execute(&mut **transaction)
                .await?;
            Ok(())
        }
    }
}

async fn put(transaction: &mut Transaction<'_, Any>, new: &Credential) -> Result<(), DocketError> {
    if new.kind == CredentialKind::Password {
        // Whoever had the old one, or a session by it, is out. Tokens stay: they
        // are ended one by one.
        let sql = "DELETE FROM credentials WHERE person = $1 AND kind <> 'token'";
        sqlx::query(sql)
            .bind(new.person.clone())
            .execute(&mut **transaction)
            .await?;
    }
    if new.kind != CredentialKind::Token {
        let sql = "DELETE FROM attempts WHERE person = $1";
        sqlx::query(sql)
            .bind(new.person.clone())
            .execute(&mut **transaction)
            .await?;
    }
    // What has run out is no use to anybody.
    let sql = "DELETE FROM credentials WHERE expires_ms < $1";
    sqlx::query(sql)
        .bind(new.since_ms)
        .execute(&mut **transaction)
        .await?;
    let sql = "INSERT INTO credentials (id, person, kind, hash, since_ms, used_ms, expires_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let id = match new.kind {
        CredentialKind::Password => password_id(&new.person),
        _ => new.id.clone(),
    };
    sqlx::query(sql)
        .bind(id)
        .bind(new.person.clone())
        .bind(new.kind.name())
        .bind(new.hash.clone())
        .bind(new.since_ms)
        .bind(new.used_ms)
        .bind(new.expires_ms)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

type Stored = (String, String, String, String, i64, i64, i64);

fn credential(stored: Stored) -> Result<Credential, DocketError> {
    let (id, person, kind, hash, since_ms, used_ms, expires_ms) = stored;
    let kinds = [
        CredentialKind::Password,
        CredentialKind::Session,
        CredentialKind::Token,
    ];
    let found = kinds.into_iter().find(|known| known.name() == kind);
    let kind = found.ok_or_else(|| DocketError::corrupt("credentials", kind))?;
    Ok(Credential {
        id,
        person,
        kind,
        hash,
        since_ms,
        used_ms,
        expires_ms,
    })
}

const COLUMNS: &str =
    "SELECT id, person, kind, hash, since_ms, used_ms, expires_ms FROM credentials";

impl Docket {
    /// The session or token of a secret, whether it has run out or not.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn credential(&self, secret: &Secret) -> Result<Option<Credential>, DocketError> {
        let sql = format!("{COLUMNS} WHERE hash = $1 AND kind <> 'password'");
        let query = sqlx::query_as(&sql).bind(secret.hash());
        let found: Option<Stored> = query.fetch_optional(&self.pool).await?;
        found.map(credential).transpose()
    }

    /// A person's password, as Argon2's text.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn password(&self, person: &str) -> Result<Option<String>, DocketError> {
        let sql = "SELECT hash FROM credentials WHERE id = $1";
        let query = sqlx::query_scalar(sql).bind(password_id(person));
        Ok(query.fetch_optional(&self.pool).await?)
    }

    /// A person's tokens and sessions.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn credentials_of(&self, person: &str) -> Result<Vec<Credential>, DocketError> {
        let sql =
            format!("{COLUMNS} WHERE person = $1 AND kind <> 'password' ORDER BY since_ms, id");
        let query = sqlx::query_as(&sql).bind(person.to_owned());
        let found: Vec<Stored> = query.fetch_all(&self.pool).await?;
        found.into_iter().map(credential).collect()
    }

    /// A session or token was used.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn note_use(&self, id: &str, now_ms: i64) -> Result<(), DocketError> {
        let _turn = self.turn.lock().await;
        let sql = "UPDATE credentials SET used_ms = $1 WHERE id = $2";
        let query = sqlx::query(sql).bind(now_ms).bind(id.to_owned());
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// How many wrong passwords there were in a row, and until when the account
    /// is locked (milliseconds UTC).
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn attempts(&self, person: &str) -> Result<(u32, i64), DocketError> {
        let sql = "SELECT failures, locked_until_ms FROM attempts WHERE person = $1";
        let query = sqlx::query_as(sql).bind(person.to_owned());
        let found: Option<(i64, i64)> = query.fetch_optional(&self.pool).await?;
        Ok(found.map_or((0, 0), |(failures, until)| (failures as u32, until)))
    }
}
