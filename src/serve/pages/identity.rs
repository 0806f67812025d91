//! `/identity`: names and numbers under which records wait, for the engineer who
//! decides whom they mean.

use super::{Failed, Frame, page};
use crate::serve::api::identity::{Query, find};
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::params::Params;
use crate::serve::problem::Problem;
use crate::serve::text;
use crate::serve::words::filters;
use crate::waiting::Alias;
use askama::Template;
use axum::extract::State;
use axum::response::Html;

#[derive(Template)]
#[template(path = "identity.html")]
struct IdentityPage {
    frame: Frame,
    aliases: String,
    source: String,
    rows: Vec<Alias>,
    api: String,
    next: Option<String>,
}

/// The page.
pub(in crate::serve) async fn identity(
    State(app): State<App>,
    caller: Caller,
    query: Result<Params<Query>, Problem>,
) -> Result<Html<String>, Failed> {
    let Params(query) = query?;
    let found = find(&app, &query).await?;
    let next = found
        .next
        .map(|offset| format!("/identity{}", query.text(Some(offset))));
    page(&IdentityPage {
        frame: Frame::of(&app, &caller),
        aliases: text::count(found.found.aliases),
        source: query.source().to_owned(),
        api: format!("/api/v1/identity/waiting{}", query.text(None)),
        rows: found.found.waiting,
        next,
    })
}
