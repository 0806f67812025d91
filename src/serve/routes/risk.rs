//! What regulators and analysts look at: alerts, enterprises, groups, the stream.

use super::Route;
use super::access::{READERS, UNMASK};
use crate::serve::api;
use axum::routing::{get, post};

pub(super) fn risk() -> Vec<Route> {
    use api::{alerts, enterprises, groups, stream, unmask};
    let new = Route::new;
    vec![
        new(
            "GET",
            "/api/v1/enterprises/{id}",
            READERS,
            "Who an enterprise is, and how it stands",
            get(enterprises::one),
        )
        .gives("Enterprise")
        .looks_at("enterprise"),
        new(
            "GET",
            "/api/v1/enterprises/{id}/explanation",
            READERS,
            "Why it has its score; with `attribution=shapley` Shapley's values beside what decides",
            get(enterprises::explanation),
        )
        .gives("Explanation")
        .looks_at("enterprise"),
        new(
            "GET",
            "/api/v1/enterprises/{id}/change",
            READERS,
            "What changed between two instants",
            get(enterprises::change),
        )
        .gives("Change")
        .looks_at("enterprise"),
        new(
            "GET",
            "/api/v1/enterprises/{id}/history",
            READERS,
            "The score's past",
            get(enterprises::history),
        )
        .gives("History")
        .whole()
        .looks_at("enterprise"),
        new(
            "POST",
            "/api/v1/enterprises/{id}/unmask",
            UNMASK,
            "What a mark stands for, once and for a reason",
            post(unmask::enterprise),
        )
        .asks("Unmask")
        .gives("Unmasked"),
        new(
            "GET",
            "/api/v1/groups",
            READERS,
            "Groups of associated enterprises",
            get(groups::list),
        )
        .gives("Groups")
        .whole(),
        new(
            "GET",
            "/api/v1/groups/{id}",
            READERS,
            "One group",
            get(groups::one),
        )
        .gives("GroupWhole")
        .whole()
        .looks_at("group"),
        new(
            "GET",
            "/api/v1/alerts",
            READERS,
            "Alerts",
            get(alerts::list),
        )
        .gives("Alerts"),
        new(
            "GET",
            "/api/v1/alerts/stream",
            READERS,
            "Alert events as they happen",
            get(stream::stream),
        ),
        new(
            "GET",
            "/api/v1/alerts/{id}",
            READERS,
            "One alert with its revisions",
            get(alerts::one),
        )
        .gives("AlertWhole")
        .looks_at("alert"),
    ]
}
