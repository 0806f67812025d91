//! `/people` and `/people/{name}`: the accounts, for who keeps them.

use crate::casework::secrets;
use crate::serve::api::people::{self, Wanted};
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::pages::fields::Fields;
use crate::serve::pages::{Failed, Frame, page};
use crate::serve::params::Segments;
use crate::serve::problem::Problem;
use crate::serve::text;
use crate::serve::words::{either, filters, say, t};
use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use tocsin_alerts::casework::{Person, Role};
use tocsin_alerts::docket::{Credential, CredentialKind};

/// One account.
struct Row {
    path: String,
    name: String,
    display: String,
    roles: String,
    districts: String,
    clearance: u8,
    state: &'static str,
}

/// A role to choose.
struct RoleChoice {
    name: &'static str,
    words: &'static str,
    chosen: bool,
}

/// What an account's form says.
struct AccountForm {
    display: String,
    roles: Vec<RoleChoice>,
    districts: String,
    clearances: Vec<(u8, bool)>,
    known: Vec<String>,
}

/// A session or token.
pub(super) struct CredentialRow {
    pub(super) id: String,
    pub(super) kind: &'static str,
    pub(super) since: String,
    pub(super) used: String,
    pub(super) expires: String,
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    frame: Frame,
    error: String,
    rows: Vec<Row>,
    form: AccountForm,
    key: String,
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    frame: Frame,
    error: String,
    row: Row,
    closed: bool,
    /// Why nobody gets in by its password now; empty: somebody may.
    locked: String,
    form: AccountForm,
    credentials: Vec<CredentialRow>,
    key: String,
}

/// Every account.
pub(in crate::serve) async fn people(
    State(app): State<App>,
    caller: Caller,
) -> Result<Html<String>, Failed> {
    listed(&app, &caller, String::new()).await
}

async fn listed(app: &App, caller: &Caller, error: String) -> Result<Html<String>, Failed> {
    let desk = app.desk()?;
    let people = desk.docket.people().await.map_err(Problem::from)?;
    page(&PeoplePage {
        frame: Frame::of(app, caller),
        error,
        rows: people.iter().map(row).collect(),
        form: form(None, desk.docket.districts().await.map_err(Problem::from)?),
        key: secrets::id().map_err(Problem::from)?,
    })
}

/// Adds an account.
pub(in crate::serve) async fn add(
    State(app): State<App>,
    caller: Caller,
    Fields(pairs): Fields<Vec<(String, String)>>,
) -> Result<Response, Failed> {
    let said = Said::read(pairs);
    let done = match said.wanted() {
        Ok(wanted) => people::add_account(&app, &caller, said.key.clone(), wanted).await,
        Err(problem) => Err(problem),
    };
    match done {
        Ok(person) => Ok(Redirect::to(&path(&person.name)).into_response()),
        Err(problem) => {
            let status = problem.status_code();
            let page = listed(&app, &caller, problem.detail).await?;
            Ok((status, page).into_response())
        }
    }
}

/// One account.
pub(in crate::serve) async fn person(
    State(app): State<App>,
    caller: Caller,
    name: Result<Segments<String>, Problem>,
) -> Result<Html<String>, Failed> {
    let Segments(name) = name?;
    one(&app, &caller, &name, String::new()).await
}

async fn one(
    app: &App,
    caller: &Caller,
    name: &str,
    error: String,
) -> Result<Html<String>, Failed> {
    let desk = app.desk()?;
    let found = people::whole(desk, name).await?;
    let districts = desk.docket.districts().await.map_err(Problem::from)?;
    page(&PersonPage {
        frame: Frame::of(app, caller),
        error,
        closed: found.person.disabled,
        locked: found.locked_until_ms.map_or_else(String::new, |until| {
            say(
                "locked until {0} after {1} wrong passwords",
                &[&text::clock(until), &found.failures.to_string()],
            )
        }),
        form: form(Some(&found.person), districts),
        credentials: found.credentials.into_iter().map(credential).collect(),
        row: row(&found.person),
        key: secrets::id().map_err(Problem::from)?,
    })
}

/// Does what a form says with an account, and shows it again.
pub(in crate::serve) async fn act(
    State(app): State<App>,
    caller: Caller,
    name: Result<Segments<String>, Problem>,
    Fields(pairs): Fields<Vec<(String, String)>>,
) -> Result<Response, Failed> {
    let Segments(name) = name?;
    let said = Said::read(pairs);
    match done(&app, &caller, &name, said).await {
        Ok(()) => Ok(Redirect::to(&path(&name)).into_response()),
        Err(problem) => {
            let status = problem.status_code();
            let page = one(&app, &caller, &name, problem.detail).await?;
            Ok((status, page).into_response())
        }
    }
}

async fn done(app: &App, caller: &Caller, name: &str, said: Said) -> Result<(), Problem> {
    let key = said.key.clone();
    match said.what.as_str() {
        "change" => people::change_account(app, caller, key, name, said.wanted()?).await,
        "disable" => people::close(app, caller, key, name, said.text).await,
        "unlock" => people::unlock_account(app, caller, key, name, said.text).await,
        "revoke" => people::end(app, caller, key, name, said.id).await,
        other => Err(Problem::bad_request(format!(
            "do `{other}`: allowed are change, disable, unlock, revoke"
        ))),
    }
}

/// The fields of a form about an account.
#[derive(Default)]
struct Said {
    key: String,
    what: String,
    text: String,
    id: String,
    name: String,
    display: String,
    roles: Vec<String>,
    districts: String,
    clearance: String,
}

impl Said {
    fn read(pairs: Vec<(String, String)>) -> Said {
        let mut said = Said::default();
        for (field, text) in pairs {
            let text = text.trim().to_owned();
            match field.as_str() {
                "key" => said.key = text,
                "do" => said.what = text,
                "text" => said.text = text,
                "id" => said.id = text,
                "name" => said.name = text,
                "display" => said.display = text,
                "role" => said.roles.push(text),
                "districts" => said.districts = text,
                "clearance" => said.clearance = text,
                _ => {}
            }
        }
        said
    }

    fn wanted(&self) -> Result<Wanted, Problem> {
        let roles = self.roles.iter().map(|role| role.parse());
        let roles: Result<Vec<Role>, String> = roles.collect();
        let clearance = self.clearance.parse();
        let districts = self
            .districts
            .split([',', ',', '、', ';', ';', ' ', '\u{3000}']);
        let districts = districts.filter(|name| !name.is_empty());
        Ok(Wanted {
            name: self.name.clone(),
            display: self.display.clone(),
            roles: roles.map_err(Problem::invalid)?,
            districts: districts.map(str::to_owned).collect(),
            clearance: clearance.map_err(|_| {
                Problem::invalid(format!(
                    "clearance `{}`: allowed are 1 to 4",
                    self.clearance
                ))
            })?,
        })
    }
}

fn row(person: &Person) -> Row {
    let roles = person.roles.iter();
    let roles: Vec<&str> = roles
        .map(|role| either(role.chinese(), role.name()))
        .collect();
    Row {
        path: path(&person.name),
        name: person.name.clone(),
        display: person.display.clone(),
        roles: roles.join(", "),
        districts: match person.districts.is_empty() {
            true => t("whole city").to_owned(),
            false => person.districts.join(" "),
        },
        clearance: person.clearance,
        state: if person.disabled { "shut" } else { "in use" },
    }
}

fn form(person: Option<&Person>, known: Vec<String>) -> AccountForm {
    let choice = |role: Role| RoleChoice {
        name: role.name(),
        words: either(role.chinese(), role.name()),
        chosen: person.is_some_and(|person| person.roles.contains(&role)),
    };
    let clearance = person.map_or(3, |person| person.clearance);
    AccountForm {
        display: person.map_or_else(String::new, |person| person.display.clone()),
        roles: Role::ALL.map(choice).into(),
        districts: person.map_or_else(String::new, |person| person.districts.join(" ")),
        clearances: (1..=4).map(|level| (level, level == clearance)).collect(),
        known,
    }
}

pub(super) fn credential(of: Credential) -> CredentialRow {
    CredentialRow {
        id: of.id,
        kind: match of.kind {
            CredentialKind::Session => "session",
            _ => "token",
        },
        since: text::clock(of.since_ms),
        used: text::clock(of.used_ms),
        expires: text::clock(of.expires_ms),
    }
}

fn path(name: &str) -> String {
    format!("/people/{}", text::segment(name))
}
