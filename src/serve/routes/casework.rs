//! The office: cases, suppressions, queues, what is new, accounts, the log.

use super::Route;
use super::access::{ADMINISTRATOR, AUDITOR, Access, DUTY, LABELLERS, OFFICE, PLANNERS, WATCHERS};
use crate::serve::api;
use axum::routing::{delete, get, post};

pub(super) fn casework() -> Vec<Route> {
    use api::{audit, cases, news, people, queue, session, suppressions};
    let new = Route::new;
    vec![
        new(
            "POST",
            "/api/v1/session",
            Access::Public,
            "Sign in",
            post(session::sign_in),
        )
        .asks("SignIn")
        .gives("Session"),
        new(
            "DELETE",
            "/api/v1/session",
            Access::SignedIn,
            "Sign out",
            delete(session::sign_out),
        ),
        new(
            "GET",
            "/api/v1/me",
            Access::SignedIn,
            "Who has signed in, and as what",
            get(session::me),
        )
        .gives("Me"),
        new(
            "POST",
            "/api/v1/me/password",
            Access::SignedIn,
            "Set one's own password",
            post(session::password),
        )
        .asks("Password"),
        new(
            "POST",
            "/api/v1/me/tokens",
            Access::SignedIn,
            "Make a token for a program of one's own",
            post(session::token),
        )
        .asks("TokenWanted")
        .gives("Token"),
        new(
            "DELETE",
            "/api/v1/me/tokens/{id}",
            Access::SignedIn,
            "End a token or session of one's own",
            delete(session::revoke),
        ),
        new(
            "GET",
            "/api/v1/cases",
            OFFICE,
            "Cases, the newest first",
            get(cases::list),
        )
        .gives("Cases"),
        new(
            "POST",
            "/api/v1/cases",
            DUTY,
            "Open a case of an alert",
            post(cases::open),
        )
        .asks("Opening")
        .gives("Case"),
        new(
            "GET",
            "/api/v1/cases/{id}",
            OFFICE,
            "One case with its clocks and what one may do",
            get(cases::one),
        )
        .gives("Case")
        .looks_at("case"),
        new(
            "GET",
            "/api/v1/cases/{id}/deeds",
            OFFICE,
            "Everything that was done in a case",
            get(cases::deeds),
        )
        .gives("Lines")
        .looks_at("case"),
        new(
            "POST",
            "/api/v1/cases/{id}/actions",
            OFFICE,
            "Do something with a case",
            post(cases::act),
        )
        .asks("CaseAction")
        .gives("Case"),
        new(
            "GET",
            "/api/v1/suppressions",
            WATCHERS,
            "What is not shown, by whom, why, and how much it hid",
            get(suppressions::list),
        )
        .gives("Suppressions"),
        new(
            "POST",
            "/api/v1/suppressions",
            DUTY,
            "Do not show an alert for a while",
            post(suppressions::suppress),
        )
        .asks("Suppress")
        .gives("Suppression"),
        new(
            "POST",
            "/api/v1/suppressions/{alert}/lift",
            DUTY,
            "Show it again",
            post(suppressions::lift),
        )
        .asks("Why")
        .gives("Suppression"),
        new(
            "GET",
            "/api/v1/outcomes",
            LABELLERS,
            "How cases ended; errors of rules, data and linkage apart",
            get(cases::outcomes),
        )
        .gives("Outcomes"),
        new(
            "GET",
            "/api/v1/people",
            ADMINISTRATOR,
            "Every account",
            get(people::list),
        )
        .gives("People"),
        new(
            "POST",
            "/api/v1/people",
            ADMINISTRATOR,
            "Add an account",
            post(people::add),
        )
        .asks("Account")
        .gives("Person"),
        new(
            "GET",
            "/api/v1/people/{name}",
            ADMINISTRATOR,
            "One account, its sessions and tokens, and whether it is locked",
            get(people::one),
        )
        .gives("PersonWhole"),
        new(
            "POST",
            "/api/v1/people/{name}/unlock",
            ADMINISTRATOR,
            "Let an account be tried again after too many wrong passwords",
            post(people::unlock),
        )
        .asks("Why"),
        new(
            "DELETE",
            "/api/v1/people/{name}/tokens/{id}",
            ADMINISTRATOR,
            "End a token or session of an account",
            delete(people::revoke),
        ),
        new(
            "POST",
            "/api/v1/people/{name}",
            ADMINISTRATOR,
            "Change what an account says",
            post(people::change),
        )
        .asks("Account")
        .gives("Person"),
        new(
            "POST",
            "/api/v1/people/{name}/disable",
            ADMINISTRATOR,
            "Close an account",
            post(people::disable),
        )
        .asks("Why"),
        new(
            "GET",
            "/api/v1/audit",
            AUDITOR,
            "Lines of the audit log",
            get(audit::list),
        )
        .gives("Log")
        .looks_at("audit"),
        new(
            "GET",
            "/api/v1/news",
            OFFICE,
            "What is new since one said that one has seen everything",
            get(news::news),
        )
        .gives("News"),
        new(
            "POST",
            "/api/v1/news/seen",
            OFFICE,
            "One has seen it",
            post(news::seen),
        )
        .asks("Seen")
        .gives("Place"),
        new(
            "GET",
            "/api/v1/queue",
            PLANNERS,
            "Whom to check today in a district, and what that is expected to find",
            get(queue::one),
        )
        .gives("Queue")
        .looks_at("queue"),
        new(
            "POST",
            "/api/v1/queue",
            PLANNERS,
            "Draw today's queue of a district",
            post(queue::post),
        )
        .asks("QueueWanted")
        .gives("Queue"),
        new(
            "GET",
            "/api/v1/audit/verify",
            AUDITOR,
            "Follow the log's chain and judge every deed again",
            get(audit::verify),
        )
        .gives("Verified")
        .looks_at("audit"),
    ]
}
