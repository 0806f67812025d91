//! Signing in: by password, a bounded number of times, into a session.

use super::{Desk, secrets};
use crate::time::now_ms;
use anyhow::{Context, Result};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tocsin_alerts::casework::fold::person_subject;
use tocsin_alerts::casework::{Action, Actor, Person, PersonAction};
use tocsin_alerts::docket::{Credential, CredentialChange, CredentialKind, Intent, Secret};
use tokio::sync::Semaphore;

/// Wrong passwords in a row before an account is locked.
const FAILURES: u32 = 5;
/// How long it is locked: twice as long with every further wrong one.
const LOCK_MS: i64 = 15 * 60_000;
/// It is locked for no longer than a day.
const LONGEST_LOCK_MS: i64 = 24 * 3_600_000;
/// Attempts under one name within a minute.
const ATTEMPTS: u32 = 10;
/// Names that are remembered; more, and all are forgotten.
const NAMES: usize = 4_096;
/// Passwords that are verified at once: each takes 19 MiB.
const VERIFIED_AT_ONCE: usize = 2;
/// A minute.
const MINUTE_MS: i64 = 60_000;
/// An hour.
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// How often who may try.
pub struct Door {
    tried: Mutex<HashMap<String, (i64, u32)>>,
    room: Semaphore,
}

impl Default for Door {
    fn default() -> Door {
        Door {
            tried: Mutex::default(),
            room: Semaphore::new(VERIFIED_AT_ONCE),
        }
    }
}

impl Door {
    /// Counts an attempt; false: too many in this minute.
    fn let_try(&self, name: &str, now_ms: i64) -> bool {
        let minute = now_ms / MINUTE_MS;
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        if tried.len() >= NAMES {
            tried.clear();
        }
        let (of, count) = tried.entry(name.to_owned()).or_insert((minute, 0));
        if *of != minute {
            (*of, *count) = (minute, 0);
        }
        *count += 1;
        *count <= ATTEMPTS
    }
}

/// How an attempt ended.
pub enum SignIn {
    /// With a session: what the browser keeps.
    In {
        /// Who.
        person: Box<Person>,
        /// The session's secret.
        secret: String,
    },
    /// Name or password is wrong, or the account is closed; it is not said which.
    Wrong,
    /// Too many attempts: in so many seconds again.
    Later(i64),
}

/// Signs somebody in.
///
/// # Errors
/// When the docket fails.
pub async fn sign_in(desk: &Desk, name: &str, password: String) -> Result<SignIn> {
    let now = now_ms();
    if !desk.door.let_try(name, now) {
        return Ok(SignIn::Later(60));
    }
    let (failures, locked_until) = desk.docket.attempts(name).await?;
    if locked_until > now {
        return Ok(SignIn::Later((locked_until - now) / 1_000 + 1));
    }
    let person = desk
        .docket
        .person(name)
        .await?
        .filter(|person| !person.disabled);
    let hashed = match person {
        Some(_) => desk.docket.password(name).await?,
        None => None,
    };
    let _room = desk.door.room.acquire().await;
    let verified =
        tokio::task::spawn_blocking(move || secrets::verify(&password, hashed.as_deref()));
    match (verified.await?, person) {
        (true, Some(person)) => open_session(desk, person, now).await,
        (_, Some(person)) => {
            failed(desk, &person, failures + 1, now).await?;
            Ok(SignIn::Wrong)
        }
        (_, None) => Ok(SignIn::Wrong),
    }
}

async fn open_session(desk: &Desk, person: Person, now: i64) -> Result<SignIn> {
    let id = secrets::id()?;
    let (text, secret) = secrets::secret()?;
    let session = Credential {
        id: id.clone(),
        person: person.name.clone(),
        kind: CredentialKind::Session,
        hash: secret.hash(),
        since_ms: now,
        used_ms: now,
        expires_ms: now + desk.people.session_hours * HOUR_MS,
    };
    let action = PersonAction::SignIn {
        session: id.clone(),
    };
    let who = Actor::Person(person.name.clone());
    act(
        desk,
        who,
        &person.name,
        id,
        action,
        CredentialChange::Put(session),
    )
    .await?;
    Ok(SignIn::In {
        person: Box::new(person),
        secret: text,
    })
}

async fn failed(desk: &Desk, person: &Person, failures: u32, now: i64) -> Result<()> {
    let over = failures.saturating_sub(FAILURES);
    let locked =
        (failures >= FAILURES).then(|| now + (LOCK_MS << over.min(16)).min(LONGEST_LOCK_MS));
    let action = PersonAction::SignInFailed {
        failures,
        locked_until_ms: locked,
    };
    let change = CredentialChange::Failed {
        person: person.name.clone(),
        failures,
        locked_until_ms: locked.unwrap_or(0),
    };
    act(
        desk,
        Actor::Guest,
        &person.name,
        secrets::id()?,
        action,
        change,
    )
    .await
}

/// The id of the session that a secret opens.
///
/// # Errors
/// When the docket fails, or there is no such session.
pub async fn session_of(desk: &Desk, secret: String) -> Result<String> {
    let found = desk.docket.credential(&Secret::new(secret)).await?;
    Ok(found.context("the session has ended")?.id)
}

/// Ends a session or token.
///
/// # Errors
/// When the docket refuses or fails.
pub async fn sign_out(desk: &Desk, person: &str, session: &str) -> Result<()> {
    let action = PersonAction::SignOut {
        session: session.to_owned(),
    };
    let change = CredentialChange::End {
        id: session.to_owned(),
        person: person.to_owned(),
    };
    act(
        desk,
        Actor::Person(person.to_owned()),
        person,
        secrets::id()?,
        action,
        change,
    )
    .await
}

async fn act(
    desk: &Desk,
    who: Actor,
    person: &str,
    key: String,
    action: PersonAction,
    change: CredentialChange,
) -> Result<()> {
    let intent = Intent {
        who,
        role: String::new(),
        purpose: desk.settings.purpose.clone(),
        subject: person_subject(person),
        key,
        action: Action::Person(action),
        expected: None,
        time_ms: desk.now_ms(),
        credential: Some(change),
    };
    desk.docket.act(intent).await?;
    Ok(())
}
