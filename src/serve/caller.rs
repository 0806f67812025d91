//! Who asks.

use super::app::App;
use super::problem::Problem;
use super::routes;
use crate::clearance;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use tocsin_alerts::casework::{Actor, Person, Role};

/// The longest purpose and idempotency key, in bytes.
const MAX_HEADER: usize = 500;

/// Who asks, as the gate found out.
#[derive(Debug, Clone, Default)]
pub(in crate::serve) struct Caller {
    /// The account; none: nobody has signed in, and nobody had to.
    pub(in crate::serve) person: Option<Person>,
    /// The role in which they are let in.
    pub(in crate::serve) role: Option<Role>,
    /// The session's or token's public id.
    pub(in crate::serve) session: String,
    /// What forms of this session carry; empty for tokens.
    pub(in crate::serve) form_token: String,
    /// For what purpose.
    pub(in crate::serve) purpose: String,
    /// The highest sensitivity of sources they see; none: there are no accounts,
    /// and everybody sees everything.
    pub(in crate::serve) clearance: Option<u8>,
}

impl Caller {
    /// The person who has signed in.
    pub(in crate::serve) fn person(&self) -> Result<&Person, Problem> {
        self.person
            .as_ref()
            .ok_or_else(|| Problem::unauthorised("nobody has signed in: `POST /api/v1/session`"))
    }

    /// The same, as who acts.
    pub(in crate::serve) fn actor(&self) -> Result<Actor, Problem> {
        Ok(Actor::Person(self.person()?.name.clone()))
    }

    /// The highest sensitivity of sources they see.
    pub(in crate::serve) fn clearance(&self) -> u8 {
        self.clearance.unwrap_or(clearance::ALL)
    }

    /// How many features are in part or whole hidden from them.
    pub(in crate::serve) fn restricted(&self, app: &App) -> usize {
        clearance::restricted(&app.view.settings(), self.clearance())
    }

    /// Whether they see something of a district; where there are no accounts,
    /// everybody sees everything.
    pub(in crate::serve) fn sees(&self, district: Option<&str>) -> bool {
        let person = self.person.as_ref();
        person.is_none_or(|person| person.sees(district.into_iter()))
    }

    /// Whether they have signed in and are let in by a way that is for persons.
    pub(in crate::serve) fn may_take(&self, app: &App, method: &str, path: &str) -> bool {
        let Some(person) = &self.person else {
            return false;
        };
        let roles = routes::roles_of(method, path, &app.view.settings().office.people);
        person.role_among(&roles).is_some()
    }

    /// Whether a page would let them in, if they had signed in where they must.
    pub(in crate::serve) fn may_open(&self, app: &App, path: &str) -> bool {
        let settings = app.view.settings();
        match (&self.person, routes::is_for_persons(path)) {
            (Some(_), _) => self.may_take(app, "GET", path),
            (None, true) => false,
            (None, false) => {
                let roles = routes::roles_of("GET", path, &settings.office.people);
                let guest = self.role.is_none_or(|guest| roles.contains(&guest));
                app.desk.is_none() || guest
            }
        }
    }

    /// Refuses what is in no district of theirs.
    pub(in crate::serve) fn check_scope(&self, district: Option<&str>) -> Result<(), Problem> {
        match self.sees(district) {
            true => Ok(()),
            false => Err(Problem::forbidden(format!(
                "this is of {}, which is no district of yours",
                district.unwrap_or("no district")
            ))),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Ok(parts
            .extensions
            .get::<Caller>()
            .cloned()
            .unwrap_or_default())
    }
}

/// The id that a client gives to what it does.
pub(in crate::serve) struct IdempotencyKey(pub(in crate::serve) String);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let key = text(&parts.headers, "idempotency-key")?;
        let key = key.filter(|key| !key.is_empty()).ok_or_else(|| {
            Problem::bad_request(
                "the header `Idempotency-Key` is missing: choose an id; the same twice is one action",
            )
        })?;
        Ok(IdempotencyKey(key))
    }
}

/// A header's text: UTF-8, or per cent escapes of it.
pub(in crate::serve) fn text(headers: &HeaderMap, name: &str) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let wrong = || {
        Problem::bad_request(format!(
            "header `{name}`: allowed are {MAX_HEADER} bytes of UTF-8, or per cent escapes of it"
        ))
    };
    let bytes = unescaped(value.as_bytes());
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    match text.len() <= MAX_HEADER && !text.chars().any(char::is_control) {
        true => Ok(Some(text.trim().to_owned())),
        false => Err(wrong()),
    }
}

pub(in crate::serve) fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        let escape = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let escape = escape.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, escape) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = &after[2..];
            }
            _ => {
                out.push(first);
                rest = after;
            }
        }
    }
    out
}
