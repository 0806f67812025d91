//! What engineers and analysts see to: sources, identity, models, rules, and what
//! watches over the process.

use super::Route;
use super::access::{ANALYSTS, Access, ENGINEER, ENGINEERS, STAFF, UNMASK_REJECT};
use crate::serve::{api, openapi, ops};
use axum::routing::{get, post};

pub(super) fn machinery() -> Vec<Route> {
    use api::{identity, models, push, rules, sources, unmask, whatif};
    let new = Route::new;
    vec![
        new(
            "GET",
            "/api/v1/sources",
            STAFF,
            "What became of every source's records",
            get(sources::list),
        )
        .gives("Sources"),
        new(
            "GET",
            "/api/v1/sources/{agency}/{resource}",
            STAFF,
            "The same of one source",
            get(sources::one),
        )
        .gives("Source"),
        new(
            "GET",
            "/api/v1/sources/{agency}/{resource}/rejects",
            ENGINEERS,
            "Refused records",
            get(sources::rejects),
        )
        .gives("Rejects")
        .whole(),
        new(
            "POST",
            "/api/v1/sources/{agency}/{resource}/rejects/{seq}/unmask",
            UNMASK_REJECT,
            "A refused record as it came, once and for a reason",
            post(unmask::reject),
        )
        .asks("Why")
        .gives("RawReject")
        .whole(),
        new(
            "POST",
            "/api/v1/sources/{agency}/{resource}/records",
            ENGINEER,
            "Take records in",
            post(push::push),
        )
        .gives("Taken")
        .takes("text/csv"),
        new(
            "GET",
            "/api/v1/models",
            STAFF,
            "The model in force, its challenger, the registry",
            get(models::models),
        )
        .gives("Models"),
        new(
            "GET",
            "/api/v1/models/watch",
            STAFF,
            "How the model in force does",
            get(models::watch),
        )
        .gives("Watch"),
        new(
            "POST",
            "/api/v1/whatif",
            ANALYSTS,
            "What other rules would do",
            post(whatif::whatif),
        )
        .asks("Proposal")
        .gives("Whatif")
        .whole(),
        new(
            "GET",
            "/api/v1/rules",
            STAFF,
            "The rules in force",
            get(rules::rules),
        )
        .gives("Rules"),
        new(
            "POST",
            "/api/v1/rules/reload",
            ENGINEER,
            "Look at the files of the rules now",
            post(rules::reload),
        )
        .gives("Reloaded"),
        new(
            "GET",
            "/api/v1/identity/waiting",
            ENGINEERS,
            "Records that wait for a name",
            get(identity::list),
        )
        .gives("WaitingAliases")
        .whole(),
        new(
            "GET",
            "/metrics",
            ENGINEER,
            "Metrics for Prometheus",
            get(ops::metrics),
        ),
        new(
            "GET",
            "/healthz",
            Access::Public,
            "Whether the process lives",
            get(ops::healthz),
        ),
        new(
            "GET",
            "/readyz",
            Access::Public,
            "Whether everything was taken in",
            get(ops::readyz),
        ),
        new(
            "GET",
            "/api/openapi.json",
            Access::Public,
            "This document",
            get(openapi::document),
        ),
    ]
}
