//! `people`: the accounts, kept by administrators. Passwords are set at the
//! machine (`tocsin people password`) or by their owners.

use super::body::{self, Json};
use crate::serve::app::App;
use crate::serve::caller::{Caller, IdempotencyKey};
use crate::serve::params::{Nothing, Params, Segments};
use crate::serve::problem::Problem;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use tocsin_alerts::casework::fold::person_subject;
use tocsin_alerts::casework::{Action, Person, PersonAction, Role};
use tocsin_alerts::docket::{CredentialChange, Intent};

/// What an account is to say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Wanted {
    /// Only of a new one: an account keeps its name.
    #[serde(default)]
    name: String,
    display: String,
    roles: Vec<Role>,
    #[serde(default)]
    districts: Vec<String>,
    clearance: u8,
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

/// Adds an account.
pub(in crate::serve) async fn add(
    State(app): State<App>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Json(wanted): Json<Wanted>,
) -> Result<(StatusCode, axum::Json<Person>), Problem> {
    let name = wanted.name.clone();
    let person = wanted.person(&name);
    let action = PersonAction::Add {
        person: person.clone(),
    };
    keep(&app, &caller, key, &name, action, None).await?;
    Ok((StatusCode::CREATED, axum::Json(person)))
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
    if !wanted.name.is_empty() && wanted.name != name {
        return Err(Problem::invalid(format!(
            "an account keeps its name, `{name}`"
        )));
    }
    let person = wanted.person(&name);
    let action = PersonAction::Change {
        person: person.clone(),
    };
    keep(&app, &caller, key, &name, action, None).await?;
    Ok(axum::Json(person))
}

/// Why an account is closed.
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
    let action = PersonAction::Disable { text: why.text };
    let change = CredentialChange::EndAll {
        person: name.clone(),
    };
    keep(&app, &caller, key, &name, action, Some(change)).await?;
    Ok(StatusCode::NO_CONTENT)
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
