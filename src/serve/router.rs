//! The table of routes as a service, and the headers that all answers carry.

use super::app::App;
use super::gate::{Gate, gate};
use super::problem::Problem;
use super::routes::routes;
use super::{api, pages, words};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Method, Uri, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};

/// Nothing from elsewhere, no inline script or style, no framing; names and
/// identifiers stay out of caches, referrers and search engines.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
         img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
    (header::CACHE_CONTROL, "no-store"),
];

/// The whole service.
pub(super) fn router(app: App) -> Router {
    let mut router = Router::new();
    for route in routes() {
        let gate = from_fn_with_state(Gate::of(&route, &app), gate);
        router = router.route(route.path, route.handler.route_layer(gate));
    }
    router
        .fallback(nowhere)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(api::push::MAX_BYTES))
        .layer(from_fn_with_state(app.clone(), words::speak))
        .layer(map_response(add_headers))
        .with_state(app)
}

async fn nowhere(uri: Uri) -> Response {
    let problem = Problem::not_found(format!("path `{}` does not exist", uri.path()));
    match uri.path().starts_with("/api/") {
        true => problem.into_response(),
        false => pages::Failed(problem).into_response(),
    }
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    Problem::method(format!(
        "method `{method}` is not allowed at `{}`",
        uri.path()
    ))
}

async fn add_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}
