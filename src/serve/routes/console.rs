//! Pages and the forms on them.

use super::Route;
use super::access::{
    ADMINISTRATOR, AUDITOR, Access, DUTY, ENGINEERS, OFFICE, PLANNERS, READERS, STAFF, UNMASK,
    UNMASK_REJECT, WATCHERS,
};
use crate::serve::{assets, pages};
use axum::routing::{get, post};

pub(super) fn console() -> Vec<Route> {
    use pages::office::{audit, case, cases, me, news, people, queue, sign_in, suppressions};
    use pages::{enterprise, home, identity, models, search, source, sources, work};
    const FORM: &str = "application/x-www-form-urlencoded";
    let new = Route::new;
    vec![
        new(
            "GET",
            "/",
            READERS,
            "Live feed and open alerts",
            get(home::home),
        ),
        new(
            "GET",
            "/search",
            READERS,
            "Find an enterprise",
            get(search::search),
        ),
        new(
            "GET",
            "/enterprises/{id}",
            READERS,
            "An enterprise's page",
            get(enterprise::enterprise),
        )
        .looks_at("enterprise"),
        new(
            "POST",
            "/enterprises/{id}",
            UNMASK,
            "The same page, on which one mark is what it stands for",
            post(work::unmask),
        )
        .looks_at("enterprise")
        .takes(FORM),
        new(
            "POST",
            "/enterprises/{id}/work",
            DUTY,
            "Open a case of its alert, or hide the alert for a while",
            post(work::act),
        )
        .looks_at("enterprise")
        .takes(FORM),
        new("GET", "/sources", STAFF, "Sources", get(sources::sources)),
        new(
            "GET",
            "/sources/{agency}/{resource}",
            ENGINEERS,
            "One source with its rejects",
            get(source::source),
        )
        .whole(),
        new(
            "POST",
            "/sources/{agency}/{resource}",
            UNMASK_REJECT,
            "The same page, with one refused record as it came",
            post(source::unmask),
        )
        .whole()
        .takes(FORM),
        new(
            "GET",
            "/identity",
            ENGINEERS,
            "Records that wait for a name",
            get(identity::identity),
        )
        .whole(),
        new(
            "GET",
            "/models",
            STAFF,
            "Models and their cards",
            get(models::models),
        ),
        new(
            "GET",
            "/models/{version}/card",
            STAFF,
            "A model's card",
            get(models::model_card),
        ),
        new(
            "GET",
            "/sign-in",
            Access::Public,
            "Sign in",
            get(sign_in::form),
        ),
        new(
            "POST",
            "/sign-in",
            Access::Public,
            "Sign in, and go to the cases",
            post(sign_in::sign_in),
        )
        .takes(FORM),
        new(
            "POST",
            "/sign-out",
            Access::SignedIn,
            "Sign out",
            post(sign_in::sign_out),
        )
        .takes(FORM),
        new(
            "GET",
            "/cases",
            OFFICE,
            "Cases, the newest first",
            get(cases::cases),
        ),
        new(
            "GET",
            "/cases/{id}",
            OFFICE,
            "One case, its clocks, and what one may do",
            get(case::case),
        )
        .looks_at("case"),
        new(
            "POST",
            "/cases/{id}",
            OFFICE,
            "Do something with a case",
            post(case::act),
        )
        .takes(FORM),
        new(
            "POST",
            "/news/seen",
            OFFICE,
            "One has seen what is new",
            post(news::seen),
        )
        .takes(FORM),
        new(
            "GET",
            "/queue",
            PLANNERS,
            "Whom to check today in a district",
            get(queue::queue),
        )
        .looks_at("queue"),
        new(
            "POST",
            "/queue",
            PLANNERS,
            "Draw today's queue of a district, and show it",
            post(queue::make),
        )
        .takes(FORM),
        new(
            "GET",
            "/suppressions",
            WATCHERS,
            "What is not shown, by whom, why, and how much it hid",
            get(suppressions::suppressions),
        ),
        new(
            "POST",
            "/suppressions",
            DUTY,
            "Show an alert again that was hidden",
            post(suppressions::act),
        )
        .takes(FORM),
        new(
            "GET",
            "/people",
            ADMINISTRATOR,
            "Every account",
            get(people::people),
        ),
        new(
            "POST",
            "/people",
            ADMINISTRATOR,
            "Add an account, and go to it",
            post(people::add),
        )
        .takes(FORM),
        new(
            "GET",
            "/people/{name}",
            ADMINISTRATOR,
            "One account",
            get(people::person),
        ),
        new(
            "POST",
            "/people/{name}",
            ADMINISTRATOR,
            "Do something with an account",
            post(people::act),
        )
        .takes(FORM),
        new(
            "GET",
            "/me",
            Access::SignedIn,
            "One's own account",
            get(me::me),
        ),
        new(
            "POST",
            "/me",
            Access::SignedIn,
            "Set one's password, make or end a token",
            post(me::act),
        )
        .takes(FORM),
        new(
            "GET",
            "/audit",
            AUDITOR,
            "The audit log, the last line first",
            get(audit::audit),
        )
        .looks_at("audit"),
        new(
            "GET",
            "/assets/{name}",
            Access::Public,
            "Style and script",
            get(assets::asset),
        ),
    ]
}
