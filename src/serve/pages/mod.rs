//! The console: pages for the people on duty. Rendered on the server; one
//! script brings new events and keeps the figures current, one draws groups.

mod changed;
pub(super) mod enterprise;
mod explained;
mod feed;
mod fields;
mod glance;
pub(super) mod home;
pub(super) mod identity;
pub(super) mod models;
pub(super) mod office;
mod rows;
pub(super) mod search;
pub(super) mod source;
pub(super) mod sources;
pub(super) mod work;

use super::app::App;
use super::caller::Caller;
use super::problem::Problem;
use super::text;
use super::words::{Lang, either, fault, filters};
use askama::Template;
use axum::response::{Html, IntoResponse, Response};

/// What stands on every page.
struct Frame {
    epoch: String,
    time: String,
    ready: bool,
    /// What was searched for.
    query: String,
    /// Whether there is casework here.
    office: bool,
    /// Who has signed in, and as what; empty: nobody.
    person: String,
    /// What forms of the session carry.
    csrf: String,
    /// The reader's language, the other one, and what that calls itself.
    lang: &'static str,
    other: &'static str,
    other_words: &'static str,
    /// The pages that the reader may open: where, and what they are called.
    ways: Vec<(&'static str, &'static str)>,
    /// Whether they may look enterprises up.
    searches: bool,
}

/// The pages that lead on from every page, in order.
const WAYS: [(&str, &str); 9] = [
    ("/", "Alerts"),
    ("/cases", "Cases"),
    ("/queue", "Whom to check"),
    ("/suppressions", "Suppressions"),
    ("/sources", "Sources"),
    ("/identity", "Identity"),
    ("/models", "Models"),
    ("/people", "Accounts"),
    ("/audit", "Audit log"),
];

impl Frame {
    /// As things stand now, and who looks.
    fn of(app: &App, caller: &Caller) -> Frame {
        let status = app.view.status();
        let role = caller
            .role
            .map_or("", |role| either(role.chinese(), role.name()));
        let (other, other_words) = match Lang::now() {
            Lang::Chinese => ("en", "English"),
            Lang::English => ("zh", "中文"),
        };
        let person = caller.person.as_ref();
        Frame {
            epoch: text::count(status.epoch),
            time: match status.time_ms {
                0 => "—".to_owned(),
                time_ms => text::clock(time_ms),
            },
            ready: status.ready,
            query: String::new(),
            office: app.desk.is_some(),
            person: person.map_or_else(String::new, |of| format!("{} {role}", of.display)),
            csrf: caller.form_token.clone(),
            lang: Lang::now().tag(),
            other,
            other_words,
            searches: caller.may_open(app, "/search"),
            ways: WAYS
                .into_iter()
                .filter(|(path, _)| caller.may_open(app, path))
                .collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "failed.html")]
struct FailedPage {
    lang: &'static str,
    problem: Problem,
    /// What is wrong this time, in the reader's language.
    detail: String,
    /// What to do about it, a word of the catalogue.
    advice: &'static str,
    /// When it was, by which an administrator finds the line of the log.
    time: String,
}

/// What somebody who meets a problem does next.
fn advice(status: u16) -> &'static str {
    match status {
        401 => "Sign in; what you were looking for is found again in the menu.",
        403 => {
            "If your work needs this, ask the administrator for the role, the district or the clearance."
        }
        404 => "Check what was typed, or look it up in the list that it should be in.",
        405 => "Use the links and buttons of the pages.",
        409 | 412 => {
            "Somebody may have been faster: go back, load the page again, and look at what changed."
        }
        429 => "Wait as long as is said, then load the page again. Nothing was lost.",
        503 => "Wait some seconds and load the page again; it is still getting ready, or busy.",
        500.. => {
            "Try again. If it stays so, tell the administrator the time that stands below: the log says why."
        }
        _ => "Go back and correct the field that is named.",
    }
}

/// A problem as a page.
pub(super) struct Failed(pub(super) Problem);

impl<T: Into<Problem>> From<T> for Failed {
    fn from(problem: T) -> Failed {
        Failed(problem.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let status = self.0.status_code();
        match (FailedPage {
            lang: Lang::now().tag(),
            detail: fault(&self.0.detail),
            advice: advice(self.0.status),
            time: text::clock(crate::time::now_ms()),
            problem: self.0.clone(),
        })
        .render()
        {
            Ok(html) => {
                let mut response = (status, Html(html)).into_response();
                self.0.add_retry(response.headers_mut());
                response
            }
            Err(_) => self.0.into_response(),
        }
    }
}

/// A page, rendered.
fn page(template: &impl Template) -> Result<Html<String>, Failed> {
    let html = template.render();
    html.map(Html)
        .map_err(|fault| Failed(Problem::internal(&fault)))
}
