//! What the machinery around the process asks: metrics, alive, ready.

use super::app::App;
use super::problem::Problem;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

/// The text format that Prometheus scrapes.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Every metric.
pub(super) async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    let text = app
        .view
        .metrics
        .text()
        .map_err(|fault| Problem::internal(&fault))?;
    Ok(([(header::CONTENT_TYPE, METRICS)], text).into_response())
}

/// The process is up.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Everything that was there at the start has been taken in.
pub(super) async fn readyz(State(app): State<App>) -> Result<&'static str, Problem> {
    match app.view.status().ready {
        true => Ok("ready\n"),
        false => Err(Problem::unavailable(
            "what was there at the start is still being taken in",
        )),
    }
}
