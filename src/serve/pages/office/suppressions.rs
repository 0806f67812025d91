//! `/suppressions`: alerts that are not shown, by whom, why, until when, and how
//! much that hid.

use crate::casework::{policy, secrets};
use crate::serve::api::suppressions;
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::pages::fields::Fields;
use crate::serve::pages::rows::{LevelMark, enterprise_path};
use crate::serve::pages::{Failed, Frame, page};
use crate::serve::problem::Problem;
use crate::serve::text;
use crate::serve::words::filters;
use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use tocsin_alerts::casework::Suppression;

/// One suppression.
struct Row {
    alert: String,
    path: String,
    level: LevelMark,
    district: String,
    who: String,
    since: String,
    until: String,
    text: String,
    hidden: u32,
    /// When, by whom and why it was lifted; empty: it was not.
    lifted: String,
    /// The id of lifting it, if the form is sent.
    key: String,
}

#[derive(Template)]
#[template(path = "suppressions.html")]
struct SuppressionsPage {
    frame: Frame,
    error: String,
    rows: Vec<Row>,
    may_lift: bool,
}

/// The page.
pub(in crate::serve) async fn suppressions(
    State(app): State<App>,
    caller: Caller,
) -> Result<Html<String>, Failed> {
    shown(&app, &caller, String::new()).await
}

async fn shown(app: &App, caller: &Caller, error: String) -> Result<Html<String>, Failed> {
    let desk = app.desk()?;
    let mut all = desk
        .docket
        .suppressions(true)
        .await
        .map_err(Problem::from)?;
    all.retain(|of| caller.sees(of.district.as_deref()));
    // What hides something now stands first, then the latest.
    all.sort_by_key(|of| (of.lifted.is_some(), std::cmp::Reverse(of.since_ms)));
    let mut rows = Vec::new();
    for of in all {
        let hidden = policy::hidden(&app.view, &of)
            .await
            .map_err(Problem::from)?;
        rows.push(row(of, hidden)?);
    }
    page(&SuppressionsPage {
        frame: Frame::of(app, caller),
        error,
        rows,
        may_lift: caller.may_take(app, "POST", "/suppressions"),
    })
}

fn row(of: Suppression, hidden: u32) -> Result<Row, Problem> {
    // An alert's id is the enterprise's and the number of the episode.
    let enterprise = of.alert.rsplit_once('-').map_or("", |(id, _)| id);
    Ok(Row {
        path: enterprise_path(enterprise),
        level: of.level.into(),
        district: of.district.unwrap_or_default(),
        who: of.who,
        since: text::clock(of.since_ms),
        until: text::clock(of.until_ms),
        text: of.text,
        hidden,
        lifted: of.lifted.map_or_else(String::new, |lifted| {
            format!(
                "{} {} {}",
                text::clock(lifted.time_ms),
                lifted.who,
                lifted.text
            )
        }),
        key: secrets::id()?,
        alert: of.alert,
    })
}

/// What a form says.
#[derive(Deserialize)]
pub(in crate::serve) struct Said {
    r#do: String,
    key: String,
    alert: String,
    text: String,
}

/// Shows an alert again.
pub(in crate::serve) async fn act(
    State(app): State<App>,
    caller: Caller,
    Fields(said): Fields<Said>,
) -> Result<Response, Failed> {
    let done = match said.r#do.as_str() {
        "lift" => suppressions::show(&app, &caller, said.key, &said.alert, said.text).await,
        other => Err(Problem::bad_request(format!(
            "do `{other}`: allowed is lift"
        ))),
    };
    match done {
        Ok(_) => Ok(Redirect::to("/suppressions").into_response()),
        Err(problem) => {
            let status = problem.status_code();
            let page = shown(&app, &caller, problem.detail).await?;
            Ok((status, page).into_response())
        }
    }
}
