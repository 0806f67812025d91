//! `/sign-in` and `/sign-out`.

use crate::casework::sign_in::{self, SignIn};
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::gate::set_cookie;
use crate::serve::pages::Failed;
use crate::serve::pages::fields::Fields;
use crate::serve::problem::Problem;
use crate::serve::words::{Lang, filters, say, t};
use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Where one is sent once signed in: the first of these that one may open.
const DESKS: [&str; 5] = ["/cases", "/", "/sources", "/people", "/audit"];

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    lang: &'static str,
    name: String,
    /// Why it did not work.
    error: String,
}

/// Name and password.
#[derive(Deserialize)]
pub(in crate::serve) struct Given {
    name: String,
    password: String,
}

/// The page.
pub(in crate::serve) async fn form(State(app): State<App>) -> Result<Response, Failed> {
    app.desk()?;
    shown(StatusCode::OK, String::new(), String::new())
}

/// Signs in, and goes to the cases.
pub(in crate::serve) async fn sign_in(
    State(app): State<App>,
    Fields(given): Fields<Given>,
) -> Result<Response, Failed> {
    let desk = app.desk()?;
    let name = given.name.trim().to_owned();
    let done = sign_in::sign_in(desk, &name, given.password).await;
    match done.map_err(Problem::from)? {
        SignIn::In { secret, person } => {
            let caller = Caller {
                person: Some(*person),
                ..Caller::default()
            };
            let mut desks = DESKS.into_iter();
            let to = desks.find(|path| caller.may_open(&app, path));
            let seconds = desk.people.session_hours * 3_600;
            let cookie = set_cookie(&app, &secret, seconds);
            Ok((
                [(header::SET_COOKIE, cookie)],
                Redirect::to(to.unwrap_or("/me")),
            )
                .into_response())
        }
        SignIn::Wrong => {
            let error = t("name or password is wrong, or the account is closed");
            shown(StatusCode::UNAUTHORIZED, name, error.to_owned())
        }
        SignIn::Later(seconds) => {
            let error = say(
                "too many attempts: try again in {0} seconds",
                &[&seconds.to_string()],
            );
            shown(StatusCode::TOO_MANY_REQUESTS, name, error)
        }
    }
}

fn shown(status: StatusCode, name: String, error: String) -> Result<Response, Failed> {
    let html = SignInPage {
        lang: Lang::now().tag(),
        name,
        error,
    }
    .render();
    let html = html.map_err(|fault| Problem::internal(&fault))?;
    Ok((status, Html(html)).into_response())
}

/// Signs out.
pub(in crate::serve) async fn sign_out(
    State(app): State<App>,
    caller: Caller,
) -> Result<Response, Failed> {
    let person = caller.person()?;
    let done = sign_in::sign_out(app.desk()?, &person.name, &caller.session).await;
    done.map_err(Problem::from)?;
    let cookie = set_cookie(&app, "", 0);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response())
}
