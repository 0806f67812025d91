//! `GET identity/waiting`: aliases under which records wait, and who might be
//! meant.

use crate::serve::app::App;
use crate::serve::lookup;
use crate::serve::params::{self, Params};
use crate::serve::problem::Problem;
use crate::waiting::{Waiting, waiting};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tocsin_dataflow::WaitingQuery;

/// The furthest that can be turned to: the engine looks for all up to there.
const MAX_OFFSET: usize = 10_000;

/// Aliases a page: of each some records are read.
const PAGE: usize = 50;

/// The parameters of a list of waiting aliases.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Query {
    /// Only those by which records of this source name an enterprise.
    source: Option<String>,
    /// Only those that are `unknown`, or `ambiguous`.
    why: Option<String>,
    offset: Option<usize>,
    limit: Option<usize>,
}

#[derive(Serialize)]
pub(in crate::serve) struct Page {
    #[serde(flatten)]
    pub(in crate::serve) found: Waiting,
    /// Give it as `offset` for the next page; null on the last.
    pub(in crate::serve) next: Option<usize>,
}

/// The list.
pub(in crate::serve) async fn list(
    State(app): State<App>,
    Params(query): Params<Query>,
) -> Result<Json<Page>, Problem> {
    Ok(Json(find(&app, &query).await?))
}

/// What was asked for, and where to go on.
pub(in crate::serve) async fn find(app: &App, query: &Query) -> Result<Page, Problem> {
    let limit = params::limit(query.limit.or(Some(PAGE)))?;
    let offset = query.offset.unwrap_or(0);
    if offset > MAX_OFFSET {
        return Err(Problem::bad_request(format!(
            "offset `{offset}`: allowed are 0 to {MAX_OFFSET}"
        )));
    }
    let ambiguous = match query.why.as_deref() {
        None | Some("") => None,
        Some("ambiguous") => Some(true),
        Some("unknown") => Some(false),
        Some(why) => {
            let detail = format!("why `{why}`: allowed are unknown, ambiguous");
            return Err(Problem::bad_request(detail));
        }
    };
    let source = query.source.as_deref().filter(|id| !id.is_empty());
    let slot = source.map(|id| {
        let (agency, resource) = id.split_once('/').unwrap_or((id, ""));
        let source = lookup::source(app, agency, resource)?;
        let range = app.view.catalogue.range(source);
        Ok::<_, Problem>(range.mention)
    });
    let asked = WaitingQuery {
        slot: slot.transpose()?,
        ambiguous,
        most: limit,
    };
    let found = app.blocking(move |view| waiting(view, asked, offset));
    let found = found.await?;
    let seen = offset + found.waiting.len();
    let more = (seen as u64) < found.aliases && seen <= MAX_OFFSET && !found.waiting.is_empty();
    Ok(Page {
        found,
        next: more.then_some(seen),
    })
}

impl Query {
    /// The source asked for; empty: any.
    pub(in crate::serve) fn source(&self) -> &str {
        self.source.as_deref().unwrap_or("")
    }

    /// The parameters as a query, from another offset on.
    pub(in crate::serve) fn text(&self, offset: Option<usize>) -> String {
        let mut parts = Vec::new();
        let mut part = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                parts.push(format!("{name}={}", crate::serve::text::segment(&value)));
            }
        };
        part("source", self.source.clone());
        part("why", self.why.clone());
        part("limit", self.limit.map(|limit| limit.to_string()));
        let offset = offset.or(self.offset);
        part("offset", offset.map(|offset| offset.to_string()));
        match parts.is_empty() {
            true => String::new(),
            false => format!("?{}", parts.join("&")),
        }
    }
}
