//! `/search?q=`: to the page of the enterprise that a text means.

use super::Failed;
use super::rows::enterprise_path;
use crate::serve::app::App;
use crate::serve::lookup;
use crate::serve::params::Params;
use crate::serve::problem::Problem;
use axum::extract::State;
use axum::response::Redirect;
use serde::Deserialize;

/// What is looked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Query {
    q: String,
}

/// Finds it, or says that there is none.
pub(in crate::serve) async fn search(
    State(app): State<App>,
    query: Result<Params<Query>, Problem>,
) -> Result<Redirect, Failed> {
    let Params(query) = query?;
    let key = lookup::enterprise(&app, query.q.trim()).await?;
    let identity = lookup::identity(&app, key).await?;
    Ok(Redirect::to(&enterprise_path(&identity.id)))
}
