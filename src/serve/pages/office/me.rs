//! `/me`: one's own account: password, sessions and tokens.

use super::people::{CredentialRow, credential};
use crate::serve::api::session;
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::pages::fields::Fields;
use crate::serve::pages::{Failed, Frame, page};
use crate::serve::problem::Problem;
use crate::serve::words::{either, filters, t};
use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "me.html")]
struct MePage {
    frame: Frame,
    error: String,
    display: String,
    name: String,
    roles: String,
    districts: String,
    clearance: u8,
    credentials: Vec<CredentialRow>,
    /// A token that was just made: it is shown this once.
    token: String,
}

/// What a form says.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::serve) struct Said {
    r#do: String,
    old: String,
    new: String,
    days: i64,
    text: String,
    id: String,
}

/// The page.
pub(in crate::serve) async fn me(
    State(app): State<App>,
    caller: Caller,
) -> Result<Html<String>, Failed> {
    shown(&app, &caller, String::new(), String::new()).await
}

async fn shown(
    app: &App,
    caller: &Caller,
    error: String,
    token: String,
) -> Result<Html<String>, Failed> {
    let person = caller.person()?;
    let roles = person.roles.iter();
    let roles: Vec<&str> = roles
        .map(|role| either(role.chinese(), role.name()))
        .collect();
    let own = app.desk()?.docket.credentials_of(&person.name).await;
    page(&MePage {
        frame: Frame::of(app, caller),
        error,
        display: person.display.clone(),
        name: person.name.clone(),
        roles: roles.join(", "),
        districts: match person.districts.is_empty() {
            true => t("whole city").to_owned(),
            false => person.districts.join(" "),
        },
        clearance: person.clearance,
        credentials: own
            .map_err(Problem::from)?
            .into_iter()
            .map(credential)
            .collect(),
        token,
    })
}

/// Does what a form says with one's own account.
pub(in crate::serve) async fn act(
    State(app): State<App>,
    caller: Caller,
    Fields(said): Fields<Said>,
) -> Result<Response, Failed> {
    let done = match said.r#do.as_str() {
        "password" => session::set_password(&app, &caller, said.old, said.new)
            .await
            .map(|()| None),
        "token" => session::make_token(&app, &caller, said.days, said.text)
            .await
            .map(|made| Some(made.token)),
        "revoke" => session::end(&app, &caller, said.id).await.map(|()| None),
        other => Err(Problem::bad_request(format!(
            "do `{other}`: allowed are password, token, revoke"
        ))),
    };
    match done {
        Ok(Some(token)) => Ok(shown(&app, &caller, String::new(), token)
            .await?
            .into_response()),
        Ok(None) => Ok(Redirect::to("/me").into_response()),
        Err(problem) => {
            let status = problem.status_code();
            let page = shown(&app, &caller, problem.detail, String::new()).await?;
            Ok((status, page).into_response())
        }
    }
}
