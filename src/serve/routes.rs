//! Every path there is, who may take it, and what it is for: one table, from
//! which router, OpenAPI document and the tests of authorisation are made.

use super::app::App;
use super::gate::may_unmask;
use super::{api, assets, openapi, ops, pages};
use crate::config::PeopleSettings;
use axum::routing::{MethodRouter, delete, get, post};
use std::sync::LazyLock;
use tocsin_alerts::casework::Role;

use Role::{Administrator, Analyst, Auditor, DutyOfficer, Engineer, Head, Investigator};

/// Who may take a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Anybody.
    Public,
    /// Whoever has signed in.
    SignedIn,
    /// These roles, once there are accounts; a guest's may be among them.
    Roles(&'static [Role]),
    /// These roles of persons who have signed in, never a guest.
    People(&'static [Role]),
    /// Those of these roles of persons whom the configuration lets see what is
    /// masked.
    Unmask(&'static [Role]),
}

impl Access {
    /// The roles that are let in; all where it needs none in particular.
    pub(super) fn roles(self, people: &PeopleSettings) -> Vec<Role> {
        match self {
            Access::Public | Access::SignedIn => Role::ALL.to_vec(),
            Access::Roles(roles) | Access::People(roles) => roles.to_vec(),
            Access::Unmask(roles) => may_unmask(people, roles),
        }
    }
}

/// Who looks at enterprises and alerts.
const READERS: Access = Access::Roles(&[DutyOfficer, Investigator, Head, Analyst]);
/// Who looks at sources and models.
const STAFF: Access = Access::Roles(&[DutyOfficer, Investigator, Head, Analyst, Engineer]);
/// Who looks at records as they came.
const ENGINEERS: Access = Access::Roles(&[Engineer, Analyst]);
/// Who changes what comes in and counts.
const ENGINEER: Access = Access::Roles(&[Engineer]);
/// Who tries other rules.
const ANALYSTS: Access = Access::Roles(&[Analyst, Head]);
/// Who works on cases.
const OFFICE: Access = Access::People(&[DutyOfficer, Investigator, Head]);
/// Who decides what is shown.
const DUTY: Access = Access::People(&[DutyOfficer, Head]);
/// Who may be let see whom the records behind an enterprise speak of.
const UNMASK: Access = Access::Unmask(&[DutyOfficer, Investigator, Head, Analyst]);
/// Who may be let see a refused record as it came.
const UNMASK_REJECT: Access = Access::Unmask(&[Engineer, Analyst]);
/// Who sees what is hidden.
const WATCHERS: Access = Access::People(&[DutyOfficer, Investigator, Head, Auditor]);
/// Who says whom to check.
const PLANNERS: Access = Access::People(&[DutyOfficer, Head, Analyst]);
/// Who keeps the accounts.
const ADMINISTRATOR: Access = Access::People(&[Administrator]);
/// Who reads the log.
const AUDITOR: Access = Access::People(&[Auditor]);

/// A way into the service.
pub(super) struct Route {
    /// `GET`, `POST` or `DELETE`.
    pub(super) method: &'static str,
    /// As axum and OpenAPI write it.
    pub(super) path: &'static str,
    /// Who may take it.
    pub(super) access: Access,
    /// What is looked at, where looking is a deed.
    pub(super) reads: Option<&'static str>,
    /// Whether the answer has figures of everything there is: who may not see some
    /// source is refused it.
    pub(super) whole: bool,
    /// The media type of the body it takes.
    pub(super) body: Option<&'static str>,
    /// What its body is, of `schemas.toml`.
    pub(super) asks: Option<&'static str>,
    /// What its answer is, of `schemas.toml`; none: nothing, or no JSON.
    pub(super) gives: Option<&'static str>,
    /// What it is for.
    pub(super) summary: &'static str,
    pub(super) handler: MethodRouter<App>,
}

impl Route {
    fn new(
        method: &'static str,
        path: &'static str,
        access: Access,
        summary: &'static str,
        handler: MethodRouter<App>,
    ) -> Route {
        let body = (method == "POST").then_some("application/json");
        Route {
            method,
            path,
            access,
            reads: None,
            whole: false,
            body,
            asks: None,
            gives: None,
            summary,
            handler,
        }
    }

    /// Looking at it is a deed about such a subject.
    fn looks_at(self, reads: &'static str) -> Route {
        Route {
            reads: Some(reads),
            ..self
        }
    }

    /// It has figures of everything there is in it.
    fn whole(self) -> Route {
        Route {
            whole: true,
            ..self
        }
    }

    fn asks(self, schema: &'static str) -> Route {
        Route {
            asks: Some(schema),
            ..self
        }
    }

    fn gives(self, schema: &'static str) -> Route {
        Route {
            gives: Some(schema),
            ..self
        }
    }

    fn takes(self, body: &'static str) -> Route {
        Route {
            body: Some(body),
            ..self
        }
    }
}

/// The roles that a way lets in: what pages offer is what the gate allows.
pub(super) fn roles_of(method: &str, path: &str, people: &PeopleSettings) -> Vec<Role> {
    access_of(method, path).map_or_else(Vec::new, |access| access.roles(people))
}

/// Whether a page lets in nobody who has not signed in.
pub(super) fn is_for_persons(path: &str) -> bool {
    let access = access_of("GET", path);
    !matches!(access, Some(Access::Public | Access::Roles(_)))
}

fn access_of(method: &str, path: &str) -> Option<Access> {
    type Table = Vec<(&'static str, &'static str, Access)>;
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let routes = routes().into_iter();
        routes.map(|of| (of.method, of.path, of.access)).collect()
    });
    let mut table = TABLE.iter();
    let found = table.find(|(of_method, of_path, _)| *of_method == method && *of_path == path);
    found.map(|(.., access)| *access)
}

/// The whole table.
pub(super) fn routes() -> Vec<Route> {
    let mut routes = risk();
    routes.extend(machinery());
    routes.extend(casework());
    routes.extend(console());
    routes
}

fn risk() -> Vec<Route> {
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
            "Why it has its score",
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

fn machinery() -> Vec<Route> {
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

fn casework() -> Vec<Route> {
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
            Access::People(&[DutyOfficer, Investigator, Head, Analyst]),
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

fn console() -> Vec<Route> {
    use pages::office::{audit, case, cases, me, news, people, queue, sign_in, suppressions};
    use pages::{enterprise, home, identity, models, search, source, sources};
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
            post(enterprise::unmask),
        )
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
            "POST",
            "/cases",
            DUTY,
            "Open a case of an alert, and go to it",
            post(case::open),
        )
        .takes(FORM),
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
            "Hide an alert for a while, or show it again",
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
