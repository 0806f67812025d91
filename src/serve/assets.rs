//! Style sheet, script and icon, in the binary: nothing is fetched from outside.

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

const STYLE: &str = include_str!("assets/console.css");
const SCRIPT: &str = include_str!("assets/console.js");
const ICON: &str = include_str!("assets/icon.svg");

/// Browsers ask again before they use what they kept: a new version shows at
/// once.
const CACHE: &str = "no-cache";

/// An asset by its name.
pub(super) async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let (kind, text) = match name.as_str() {
        "console.css" => ("text/css; charset=utf-8", STYLE),
        "console.js" => ("text/javascript; charset=utf-8", SCRIPT),
        "icon.svg" => ("image/svg+xml", ICON),
        _ => return Err(Problem::not_found(format!("there is no asset `{name}`"))),
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, CACHE)];
    Ok((headers, text).into_response())
}
