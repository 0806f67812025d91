//! Every path there is, who may take it, and what it is for: one table, from
//! which router, OpenAPI document and the tests of authorisation are made.

mod access;
mod casework;
mod console;
mod machinery;
mod risk;

use super::app::App;
use crate::config::PeopleSettings;
use axum::routing::MethodRouter;
use std::sync::LazyLock;
use tocsin_alerts::casework::Role;

pub(super) use access::Access;

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
    let parts = [
        risk::risk,
        machinery::machinery,
        casework::casework,
        console::console,
    ];
    parts.into_iter().flat_map(|part| part()).collect()
}
