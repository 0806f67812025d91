//! Every path there is, and the headers that all answers carry.

use super::app::App;
use super::problem::Problem;
use super::{api, assets, ops, pages};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Method, Uri, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

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
    Router::new()
        .nest("/api/v1", api())
        .merge(console())
        .route("/metrics", get(ops::metrics))
        .route("/healthz", get(ops::healthz))
        .route("/readyz", get(ops::readyz))
        .fallback(nowhere)
        .method_not_allowed_fallback(wrong_method)
        .layer(map_response(add_headers))
        .with_state(app)
}

fn api() -> Router<App> {
    Router::new()
        .route("/enterprises/{id}", get(api::enterprises::one))
        .route(
            "/enterprises/{id}/explanation",
            get(api::enterprises::explanation),
        )
        .route("/enterprises/{id}/change", get(api::enterprises::change))
        .route("/enterprises/{id}/history", get(api::enterprises::history))
        .route("/groups", get(api::groups::list))
        .route("/groups/{id}", get(api::groups::one))
        .route("/alerts", get(api::alerts::list))
        .route("/alerts/stream", get(api::stream::stream))
        .route("/alerts/{id}", get(api::alerts::one))
        .route("/sources", get(api::sources::list))
        .route("/sources/{agency}/{resource}", get(api::sources::one))
        .route(
            "/sources/{agency}/{resource}/rejects",
            get(api::sources::rejects),
        )
        .route(
            "/sources/{agency}/{resource}/records",
            post(api::push::push),
        )
        .route("/models", get(api::models::models))
        .route("/models/watch", get(api::models::watch))
        .route("/whatif", post(api::whatif::whatif))
        .route("/rules", get(api::rules::rules))
        .route("/rules/reload", post(api::rules::reload))
        .route("/identity/waiting", get(api::identity::list))
        .layer(DefaultBodyLimit::max(api::push::MAX_BYTES))
}

fn console() -> Router<App> {
    Router::new()
        .route("/", get(pages::home::home))
        .route("/search", get(pages::search::search))
        .route("/enterprises/{id}", get(pages::enterprise::enterprise))
        .route("/sources", get(pages::sources::sources))
        .route("/sources/{agency}/{resource}", get(pages::source::source))
        .route("/identity", get(pages::identity::identity))
        .route("/models", get(pages::models::models))
        .route("/models/{version}/card", get(pages::models::model_card))
        .route("/assets/{name}", get(assets::asset))
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
