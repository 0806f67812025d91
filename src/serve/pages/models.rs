//! `/models`: every version of the registry, who did what, and how the model in
//! force does; `/models/{version}/card`: a version's card.

use super::glance;
use super::{Failed, Frame, page};
use crate::drift;
use crate::registry::{Registry, Version, card};
use crate::serve::api::models::registry;
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::params::Segments;
use crate::serve::problem::Problem;
use crate::serve::text;
use crate::serve::words::filters;
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{Html, IntoResponse, Response};

/// A card brings its own style and nothing else.
const OF_CARD: (HeaderName, &str) = (
    header::CONTENT_SECURITY_POLICY,
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
);

/// One version.
struct VersionRow {
    version: String,
    state: &'static str,
    submitted: String,
    shadowed: String,
    approved: String,
}

#[derive(Template)]
#[template(path = "models.html")]
struct ModelsPage {
    frame: Frame,
    in_force: String,
    challenger: String,
    /// Whether the configuration names a registry.
    registered: bool,
    head: String,
    rows: Vec<VersionRow>,
    /// How the model does, a line a line; empty: not looked at yet.
    watched: Vec<String>,
}

/// The page.
pub(in crate::serve) async fn models(
    State(app): State<App>,
    caller: Caller,
) -> Result<Html<String>, Failed> {
    let shelf = registry(&app).await?;
    let rows = shelf.iter().flat_map(|found| found.shelf().versions());
    let watched = app.view.watched();
    page(&ModelsPage {
        frame: Frame::of(&app, &caller),
        in_force: app.view.in_force().model_version().unwrap_or_default(),
        challenger: app.view.in_force().challenger_version().unwrap_or_default(),
        registered: shelf.is_some(),
        head: shelf.as_ref().map_or("", Registry::head).to_owned(),
        rows: rows.rev().map(row).collect(),
        watched: watched.map_or_else(Vec::new, |report| {
            let text = drift::text::text(&report, glance::tongue());
            text.lines().map(str::to_owned).collect()
        }),
    })
}

fn row(version: &Version) -> VersionRow {
    let signed = |signed: Option<&crate::registry::Signed>| {
        signed.map_or_else(String::new, |signed| {
            format!(
                "{} {} {}",
                text::short_time(&signed.time),
                signed.person,
                signed.why
            )
        })
    };
    VersionRow {
        version: version.version.clone(),
        state: version.state.name(),
        submitted: signed(Some(&version.submitted)),
        shadowed: signed(version.shadowed.as_ref()),
        approved: signed(version.approved.as_ref()),
    }
}

/// A version's card.
pub(in crate::serve) async fn model_card(
    State(app): State<App>,
    name: Result<Segments<String>, Problem>,
) -> Result<Response, Failed> {
    let Segments(name) = name?;
    let none = || Problem::not_found("the configuration names no registry");
    let found = registry(&app).await?.ok_or_else(none)?;
    let html = app.blocking(move |_| {
        let version = found.shelf().find(&name);
        Ok(version.and_then(|version| {
            let dossier = found.dossier(version)?;
            Ok(card::html(&found, version, &dossier))
        }))
    });
    let html = html.await?.map_err(Problem::not_found)?;
    Ok(([OF_CARD], Html(html)).into_response())
}
