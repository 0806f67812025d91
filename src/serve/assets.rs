//! Style sheet, scripts and icon, in the binary: nothing is fetched from outside.

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

const STYLE: &str = include_str!("assets/console.css");
const SCRIPT: &str = include_str!("assets/console.js");
const PARTS: &str = include_str!("assets/parts.js");
const GRAPH: &str = include_str!("assets/graph.js");
const ECHARTS: &str = include_str!("assets/vendor/echarts-6.1.0.min.js");
const HTMX: &str = include_str!("assets/vendor/htmx-2.0.11.min.js");
const ICON: &str = include_str!("assets/icon.svg");

/// Browsers ask again before they use what they kept: a new version shows at
/// once.
const CACHE: &str = "no-cache";
/// What has its version in its name never changes.
const KEEP: &str = "private, max-age=31536000, immutable";

/// An asset by its name.
pub(super) async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    const SCRIPTS: &str = "text/javascript; charset=utf-8";
    let (kind, text, cache) = match name.as_str() {
        "console.css" => ("text/css; charset=utf-8", STYLE, CACHE),
        "console.js" => (SCRIPTS, SCRIPT, CACHE),
        "parts.js" => (SCRIPTS, PARTS, CACHE),
        "graph.js" => (SCRIPTS, GRAPH, CACHE),
        "echarts-6.1.0.min.js" => (SCRIPTS, ECHARTS, KEEP),
        "htmx-2.0.11.min.js" => (SCRIPTS, HTMX, KEEP),
        "icon.svg" => ("image/svg+xml", ICON, CACHE),
        _ => return Err(Problem::not_found(format!("there is no asset `{name}`"))),
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, cache)];
    Ok((headers, text).into_response())
}
