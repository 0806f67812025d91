//! `POST session`, `DELETE session`, `GET me`, `me/password`, `me/tokens`: who
//! somebody is, and what proves it.

use super::body::{self, Json};
use crate::casework::sign_in::{self, SignIn};
use crate::casework::{Desk, secrets};
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::gate::set_cookie;
use crate::serve::params::Segments;
use crate::serve::problem::Problem;
use crate::time::{instant_text, now_ms};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tocsin_alerts::casework::fold::person_subject;
use tocsin_alerts::casework::{Action, Person, PersonAction};
use tocsin_alerts::docket::{Credential, CredentialChange, CredentialKind, Intent, Secret};

/// A token lasts no longer, in days.
const MAX_TOKEN_DAYS: i64 = 400;
/// A day.
const DAY_MS: i64 = 24 * 3_600_000;

/// Name and password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Given {
    name: String,
    password: String,
}

/// Who has signed in.
#[derive(Serialize)]
struct Me<'a> {
    person: Option<&'a Person>,
    /// What forms of this session carry, and `X-CSRF-Token`.
    csrf: &'a str,
    /// What reads are for where a request says nothing else.
    purpose: &'a str,
    credentials: Vec<Shown>,
}

/// A session or token without what is secret of it.
#[derive(Serialize)]
pub(super) struct Shown {
    id: String,
    kind: &'static str,
    since: String,
    used: String,
    expires: String,
}

/// Signs in.
pub(in crate::serve) async fn sign_in(
    State(app): State<App>,
    Json(given): Json<Given>,
) -> Result<Response, Problem> {
    let desk = app.desk()?;
    let done = sign_in::sign_in(desk, given.name.trim(), given.password).await?;
    match done {
        SignIn::In { person, secret } => {
            let seconds = desk.people.session_hours * 3_600;
            let cookie = set_cookie(&app, &secret, seconds);
            let csrf = Secret::new(secret).form_token();
            let body = json!({"person": person, "csrf": csrf});
            Ok(([(header::SET_COOKIE, cookie)], axum::Json(body)).into_response())
        }
        SignIn::Wrong => Err(Problem::unauthorised(
            "name or password is wrong, or the account is closed",
        )),
        SignIn::Later(seconds) => {
            let problem = Problem::too_many(format!("try again in {seconds} seconds"));
            Err(problem.later(seconds.unsigned_abs()))
        }
    }
}

/// Signs out.
pub(in crate::serve) async fn sign_out(
    State(app): State<App>,
    caller: Caller,
) -> Result<Response, Problem> {
    let person = caller.person()?;
    sign_in::sign_out(app.desk()?, &person.name, &caller.session).await?;
    let cookie = set_cookie(&app, "", 0);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// Who has signed in, and as what.
pub(in crate::serve) async fn me(
    State(app): State<App>,
    caller: Caller,
) -> Result<Response, Problem> {
    let person = caller.person()?;
    let credentials = app.desk()?.docket.credentials_of(&person.name).await?;
    let me = Me {
        person: Some(person),
        csrf: &caller.form_token,
        purpose: &caller.purpose,
        credentials: credentials.into_iter().map(Shown::from).collect(),
    };
    Ok(axum::Json(me).into_response())
}

impl From<Credential> for Shown {
    fn from(credential: Credential) -> Shown {
        Shown {
            id: credential.id,
            kind: match credential.kind {
                CredentialKind::Session => "session",
                _ => "token",
            },
            since: instant_text(credential.since_ms),
            used: instant_text(credential.used_ms),
            expires: instant_text(credential.expires_ms),
        }
    }
}

/// The old password and a new one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Changed {
    old: String,
    new: String,
}

/// Sets one's own password; all sessions end.
pub(in crate::serve) async fn password(
    State(app): State<App>,
    caller: Caller,
    Json(given): Json<Changed>,
) -> Result<Response, Problem> {
    set_password(&app, &caller, given.old, given.new).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Sets one's own password; all sessions end.
pub(in crate::serve) async fn set_password(
    app: &App,
    caller: &Caller,
    old: String,
    new: String,
) -> Result<(), Problem> {
    let (desk, person) = (app.desk()?, caller.person()?);
    // Also with a session in hand: whoever finds a browser open must not keep it.
    match sign_in::sign_in(desk, &person.name, old).await? {
        SignIn::In { .. } => {}
        SignIn::Wrong => return Err(Problem::forbidden("the old password is wrong")),
        SignIn::Later(seconds) => {
            return Err(Problem::too_many(format!("try again in {seconds} seconds")));
        }
    }
    let hashed = tokio::task::spawn_blocking(move || secrets::hash(&new)).await;
    let hashed = hashed.map_err(|fault| Problem::internal(&fault))?;
    let hash = hashed.map_err(|fault| Problem::invalid(fault.to_string()))?;
    let change = CredentialChange::Put(secrets::password(&person.name, hash, now_ms()));
    keep(desk, caller, PersonAction::Password, change).await
}

/// How long a token is to last, and what it is for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Wanted {
    days: i64,
    text: String,
}

/// Makes a token; its secret is shown this once.
pub(in crate::serve) async fn token(
    State(app): State<App>,
    caller: Caller,
    Json(wanted): Json<Wanted>,
) -> Result<Response, Problem> {
    let made = make_token(&app, &caller, wanted.days, wanted.text).await?;
    Ok((StatusCode::CREATED, axum::Json(made)).into_response())
}

/// A token that was just made.
#[derive(Serialize)]
pub(in crate::serve) struct Made {
    id: String,
    /// Its secret.
    pub(in crate::serve) token: String,
    expires: String,
}

/// Makes a token of one's own.
pub(in crate::serve) async fn make_token(
    app: &App,
    caller: &Caller,
    days: i64,
    text: String,
) -> Result<Made, Problem> {
    let (desk, person) = (app.desk()?, caller.person()?);
    if !(1..=MAX_TOKEN_DAYS).contains(&days) {
        let detail = format!("days `{days}`: allowed are 1 to {MAX_TOKEN_DAYS}");
        return Err(Problem::invalid(detail));
    }
    let now = now_ms();
    let (token, credential) = secrets::token(&person.name, now, now + days * DAY_MS)?;
    let action = PersonAction::Token {
        id: credential.id.clone(),
        expires_ms: credential.expires_ms,
        text,
    };
    let made = Made {
        id: credential.id.clone(),
        token,
        expires: instant_text(credential.expires_ms),
    };
    keep(desk, caller, action, CredentialChange::Put(credential)).await?;
    Ok(made)
}

/// Ends a token or session of one's own.
pub(in crate::serve) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Response, Problem> {
    end(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Ends a token or session of one's own.
pub(in crate::serve) async fn end(app: &App, caller: &Caller, id: String) -> Result<(), Problem> {
    let (desk, person) = (app.desk()?, caller.person()?);
    let own = desk.docket.credentials_of(&person.name).await?;
    if !own.iter().any(|credential| credential.id == id) {
        return Err(Problem::not_found(format!(
            "there is no token or session `{id}` of yours"
        )));
    }
    let change = CredentialChange::End {
        id: id.clone(),
        person: person.name.clone(),
    };
    keep(desk, caller, PersonAction::Revoke { id }, change).await
}

async fn keep(
    desk: &Desk,
    caller: &Caller,
    action: PersonAction,
    change: CredentialChange,
) -> Result<(), Problem> {
    let intent = Intent {
        subject: person_subject(&caller.person()?.name),
        action: Action::Person(action),
        credential: Some(change),
        ..body::intent(desk, caller, secrets::id()?)?
    };
    desk.docket.act(intent).await?;
    Ok(())
}
