//! The forms of an enterprise's page: a case is opened, the alert is not shown for a
//! while, a mark is shown as what it stands for. What is refused stands beside its form,
//! and nothing that was typed is lost.

use super::fields::Fields;
use super::{Failed, enterprise, office};
use crate::serve::api;
use crate::serve::api::cases::open_of;
use crate::serve::api::suppressions::{self, Wanted};
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::params::Segments;
use crate::serve::problem::Problem;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Which mark to show as what it stands for, why, and the id of asking so.
#[derive(Deserialize)]
pub(in crate::serve) struct Unmasking {
    subject: String,
    text: String,
    key: String,
}

/// A form on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Shows one mark as what it stands for.
    Unmask,
    /// Opens a case.
    Open,
    /// Keeps the alert from being shown for a while.
    Suppress,
}

/// A form that was refused: which, what was typed, and why.
pub(super) struct Refused {
    pub(super) form: Form,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) until: String,
    pub(super) problem: Problem,
}

/// What a form says.
#[derive(Deserialize)]
pub(in crate::serve) struct Said {
    r#do: String,
    key: String,
    alert: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    until: String,
}

/// Does it, and goes to where it is seen.
pub(in crate::serve) async fn act(
    State(app): State<App>,
    caller: Caller,
    id: Result<Segments<String>, Problem>,
    Fields(said): Fields<Said>,
) -> Result<Response, Failed> {
    let Segments(id) = id?;
    let (form, done) = match said.r#do.as_str() {
        "open" => {
            let opened = open_of(&app, &caller, said.key, &said.alert).await;
            (Form::Open, opened.map(|case| office::cases::path(&case.id)))
        }
        "suppress" => {
            let wanted = Wanted {
                alert: said.alert,
                text: said.text.clone(),
                until: said.until.clone(),
            };
            let hidden = suppressions::hide(&app, &caller, said.key, wanted).await;
            (Form::Suppress, hidden.map(|_| "/suppressions".to_owned()))
        }
        other => {
            let detail = format!("do `{other}`: allowed are open, suppress");
            return Err(Problem::bad_request(detail).into());
        }
    };
    match done {
        Ok(to) => Ok(Redirect::to(&to).into_response()),
        // Who may not is not shown the page with another's mistake.
        Err(problem) if problem.status == 403 => Err(problem.into()),
        Err(problem) => {
            let refused = Refused {
                form,
                subject: String::new(),
                text: said.text,
                until: said.until,
                problem,
            };
            enterprise::refused(&app, &caller, &id, refused).await
        }
    }
}

/// The page once more, on which one mark is what it stands for.
pub(in crate::serve) async fn unmask(
    State(app): State<App>,
    caller: Caller,
    id: Result<Segments<String>, Problem>,
    Fields(asked): Fields<Unmasking>,
) -> Result<Response, Failed> {
    let Segments(id) = id?;
    let (subject, text) = (asked.subject.trim().to_owned(), asked.text);
    let wanted = api::unmask::Wanted {
        subject: subject.clone(),
        text: text.clone(),
    };
    match api::unmask::unmask(&app, &caller, asked.key, &id, wanted).await {
        Ok(found) => enterprise::uncovered(&app, &caller, &id, found).await,
        // Who may not see the page at all is not told it with another's mistake.
        Err(problem) if problem.status == 403 => Err(problem.into()),
        Err(problem) => {
            let refused = Refused {
                form: Form::Unmask,
                subject,
                text,
                until: String::new(),
                problem,
            };
            enterprise::refused(&app, &caller, &id, refused).await
        }
    }
}
