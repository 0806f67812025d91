//! `people`: the accounts, kept by administrators. Passwords are set at the
//! machine (`tocsin people password`) or by their owners.

use super::body::{self, Json};
use crate::casework::{Desk, secrets};
use crate::serve::app::App;
use crate::serve::caller::{Caller, IdempotencyKey};
use crate::serve::params::{Nothing, Params, Segments};
use crate::serve::problem::Problem;
use crate::time::now_ms;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tocsin_alerts::casework::fold::person_subject;
use tocsin_alerts::casework::{Action, Person, PersonAction, Role};
use tocsin_alerts::docket::{Credential, CredentialChange, Intent};

/// What an account is to say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Wanted {
    /// Only of a new one: an account keeps its name.
    #[serde(default)]
    pub(in crate::serve) name: String,
    pub(in crate::serve) display: String,
    pub(in crate::serve) roles: Vec<Role>,
    #[serde(default)]
    pub(in crate::serve) districts: Vec<String>,
    pub(in crate::serve) clearance: u8,
}

impl Wanted {
    fn person(self, name: &str) -> Person {
        Person {
            name: name.to_owned(),
            display: self.display,
            roles: self.roles,
            districts: self.districts,
            clearance: self.clearance,
            disabled: false,
        }
    }
}

/// Every account.
pub(in crate::serve) async fn list(
    State(app): State<App>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<axum::Json<Vec<Person>>, Problem> {
    Ok(axum::Json(app.desk()?.docket.people().await?))
}

/// An account with what else is kept of it.
#[derive(Serialize)]
pub(in crate::serve) struct Whole {
    #[serde(flatten)]
    pub(in crate::serve) person: Person,
    /// Wrong passwords in a row.
    pub(in crate::serve) failures: u32,
    /// Nobody gets in by its password until then, milliseconds UTC.
    pub(in crate::serve) locked_until_ms: Option<i64>,
    #[serde(serialize_with = "shown")]
    pub(in crate::serve) credentials: Vec<Credential>,
}

fn shown<S: serde::Serializer>(all: &[Credential], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(all.iter().cloned().map(super::session::Shown::from))
}

/// An account with its sessions, tokens and whether it is locked.
pub(in crate::serve) async fn whole(desk: &Desk, name: &str) -> Result<Whole, Problem> {
    let person = desk.docket.person(name).await?;
    let person =
        person.ok_or_else(|| Problem::not_found(format!("there is no account `{name}`")))?;
    let (failures, until) = desk.docket.attempts(name).await?;
    Ok(Whole {
        credentials: desk.docket.credentials_of(name).await?,
        failures,
        locked_until_ms: (until > now_ms()).then_some(until),
        person,
    })
}

/// One account.
pub(in crate::serve) async fn one(
    State(app): State<App>,
    Segments(name): Segments<String>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<axum::Json<Whole>, Problem> {
    whole(app.desk()?, &name).await.map(axum::Json)
}

/// Adds an account.
pub(in crate::serve) async fn add(
    State(app): State<App>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Json(wanted): Json<Wanted>,
) -> Result<(StatusCode, axum::Json<Person>), Problem> {
    let person = add_account(&app, &caller, key, wanted).await?;
    Ok((StatusCode::CREATED, axum::Json(person)))
}

/// Adds an account.
pub(in crate::serve) async fn add_account(
    app: &App,
    caller: &Caller,
    key: String,
    wanted: Wanted,
) -> Result<Person, Problem> {
    check_districts(app, &wanted.districts).await?;
    let name = wanted.name.clone();
    let person = wanted.person(&name);
    let action = PersonAction::Add {
        person: person.clone(),
    };
    keep(app, caller, key, &name, action, None).await?;
    Ok(person)
}

/// Refuses districts in which nobody lies.
async fn check_districts(app: &App, asked: &[String]) -> Result<(), Problem> {
    let unknown = app.desk()?.check_districts(&app.view, asked).await?;
    unknown.map_or(Ok(()), |why| Err(Problem::invalid(why)))
}

/// Changes what an account says. Whose roles change is signed out nowhere: roles
/// are looked at with every request.
pub(in crate::serve) async fn change(
    State(app): State<App>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Segments(name): Segments<String>,
    Json(wanted): Json<Wanted>,
) -> Result<axum::Json<Person>, Problem> {
    change_account(&app, &caller, key, &name, wanted).await?;
    let person = app.desk()?.docket.person(&name).await?;
    let person = person.ok_or_else(|| Problem::internal(&"an account is gone"))?;
    Ok(axum::Json(person))
}

/// Changes what an account says; one that was closed is open again.
pub(in crate::serve) async fn change_account(
    app: &App,
    caller: &Caller,
    key: String,
    name: &str,
    wanted: Wanted,
) -> Result<(), Problem> {
    if !wanted.name.is_empty() && wanted.name != name {
        return Err(Problem::invalid(format!(
            "an account keeps its name, `{name}`"
        )));
    }
    check_districts(app, &wanted.districts).await?;
    let person = wanted.person(name);
    let action = PersonAction::Change { person };
    keep(app, caller, key, name, action, None).await
}

/// Why.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Why {
    text: String,
}

/// Closes an account; its sessions and tokens end.
pub(in crate::serve) async fn disable(
    State(app): State<App>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Segments(name): Segments<String>,
    Json(why): Json<Why>,
) -> Result<StatusCode, Problem> {
    close(&app, &caller, key, &name, why.text).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Closes an account; its sessions and tokens end.
pub(in crate::serve) async fn close(
    app: &App,
    caller: &Caller,
    key: String,
    name: &str,
    text: String,
) -> Result<(), Problem> {
    let change = CredentialChange::EndAll {
        person: name.to_owned(),
    };
    let action = PersonAction::Disable { text };
    keep(app, caller, key, name, action, Some(change)).await
}

/// Lets an account be tried again at once, after too many wrong passwords.
pub(in crate::serve) async fn unlock(
    State(app): State<App>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Segments(name): Segments<String>,
    Json(why): Json<Why>,
) -> Result<StatusCode, Problem> {
    unlock_account(&app, &caller, key, &name, why.text).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets an account be tried again at once.
pub(in crate::serve) async fn unlock_account(
    app: &App,
    caller: &Caller,
    key: String,
    name: &str,
    text: String,
) -> Result<(), Problem> {
    let change = CredentialChange::Failed {
        person: name.to_owned(),
        failures: 0,
        locked_until_ms: 0,
    };
    let action = PersonAction::Unlock { text };
    keep(app, caller, key, name, action, Some(change)).await
}

/// Ends a session or token of an account.
pub(in crate::serve) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Segments((name, id)): Segments<(String, String)>,
) -> Result<StatusCode, Problem> {
    end(&app, &caller, secrets::id()?, &name, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a session or token of an account.
pub(in crate::serve) async fn end(
    app: &App,
    caller: &Caller,
    key: String,
    name: &str,
    id: String,
) -> Result<(), Problem> {
    let theirs = app.desk()?.docket.credentials_of(name).await?;
    if !theirs.iter().any(|credential| credential.id == id) {
        return Err(Problem::not_found(format!(
            "`{name}` has no token or session `{id}`"
        )));
    }
    let change = CredentialChange::End {
        id: id.clone(),
        person: name.to_owned(),
    };
    keep(
        app,
        caller,
        key,
        name,
        PersonAction::Revoke { id },
        Some(change),
    )
    .await
}

async fn keep(
    app: &App,
    caller: &Caller,
    key: String,
    name: &str,
    action: PersonAction,
    credential: Option<CredentialChange>,
) -> Result<(), Problem> {
    let desk = app.desk()?;
    let intent = Intent {
        subject: person_subject(name),
        action: Action::Person(action),
        credential,
        ..body::intent(desk, caller, key)?
    };
    desk.docket.act(intent).await?;
    Ok(())
}
