//! `GET /api/openapi.json`: OpenAPI 3.1, made from the table of routes, so that it
//! names every path and who may take it. `x-roles` are the roles that are let in;
//! `x-pages` are the pages of the console, which programs have no use for.

use super::app::App;
use super::routes::{Access, Route, routes};
use super::schema::{reference, schemas};
use crate::config::PeopleSettings;
use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

/// The document.
pub(super) async fn document(State(app): State<App>) -> Json<Value> {
    Json(describe(&routes(), &app.view.settings().office.people))
}

fn describe(routes: &[Route], people: &PeopleSettings) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in routes
        .iter()
        .filter(|route| route.path.starts_with("/api/"))
    {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.to_lowercase()] = operation(route, people);
    }
    let mut schemas = schemas();
    schemas.insert("Problem".to_owned(), problem_schema());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tocsin 警钟",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "风险线索,非认定: risk leads, not findings.",
        },
        "paths": paths,
        "x-pages": pages(routes, people),
        "components": {
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "tocsin_session",
                    "description": "`__Host-tocsin_session` over TLS; what changes something sends `X-CSRF-Token`, too"},
                "token": {"type": "http", "scheme": "bearer"},
            },
            "schemas": schemas,
        },
    })
}

/// The pages and their forms, which are no part of the interface for programs.
fn pages(routes: &[Route], people: &PeopleSettings) -> Vec<Value> {
    let pages = routes.iter().filter(|route| !is_for_programs(route.path));
    let page = |route: &Route| {
        let roles = route.access.roles(people);
        let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
        json!({"method": route.method, "path": route.path, "summary": route.summary,
            "x-access": access(route.access), "x-roles": names, "x-logged": route.reads.is_some()})
    };
    pages.map(page).collect()
}

fn is_for_programs(path: &str) -> bool {
    let others = ["/metrics", "/healthz", "/readyz", "/assets/{name}"];
    path.starts_with("/api/") || others.contains(&path)
}

fn access(access: Access) -> &'static str {
    match access {
        Access::Public => "public",
        Access::SignedIn => "signed-in",
        Access::Roles(_) => "roles",
        Access::People(_) | Access::Unmask(_) => "people",
    }
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string"}, "title": {"type": "string"},
            "status": {"type": "integer"}, "detail": {"type": "string"},
        },
    })
}

/// What is answered where all is well.
fn done(route: &Route) -> Value {
    let kind = match (route.gives, route.path) {
        (Some(schema), _) => json!({"application/json": {"schema": reference(schema)}}),
        (None, "/api/v1/alerts/stream") => {
            json!({"text/event-stream": {"schema": {"type": "string"}, "x-data": reference("Event")}})
        }
        (None, _) => return json!({"description": "done"}),
    };
    json!({"description": "done", "content": kind})
}

fn operation(route: &Route, people: &PeopleSettings) -> Value {
    let roles = route.access.roles(people);
    let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    let open = route.access == Access::Public;
    let problem = |what: &str| {
        json!({"description": what, "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}})
    };
    let mut responses = json!({"2XX": done(route), "default": problem("what is wrong")});
    responses["429"] = problem("too many requests; `Retry-After` says when again");
    if !open {
        responses["401"] = problem("one has to sign in");
        responses["403"] = problem("not in this role");
    }
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "parameters": parameters(route),
        "responses": responses,
        "security": if open { json!([]) } else { json!([{"session": []}, {"token": []}]) },
        "x-access": access(route.access),
        "x-roles": names,
        "x-logged": route.reads.is_some(),
        "x-whole": route.whole,
    });
    if let Some(kind) = route.body {
        operation["requestBody"] = json!({"required": true, "content": {kind: match route.asks {
            Some(schema) => json!({"schema": reference(schema)}),
            None => json!({}),
        }}});
    }
    operation
}

/// The method and the path's words: the same from version to version.
fn operation_id(route: &Route) -> String {
    let words = route
        .path
        .split(['/', '{', '}', '.'])
        .filter(|word| !word.is_empty());
    let words: Vec<&str> = std::iter::once(route.method).chain(words).collect();
    words.join("_").to_lowercase()
}

fn parameters(route: &Route) -> Vec<Value> {
    let header = |name: &str, required: bool, what: &str| {
        json!({"name": name, "in": "header", "required": required, "description": what,
            "schema": {"type": "string"}})
    };
    let segments = route
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path = |name: &str| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
    let mut parameters: Vec<Value> = segments.map(in_path).collect();
    if matches!(route.access, Access::People(_) | Access::Unmask(_)) && route.method == "POST" {
        parameters.push(header(
            "Idempotency-Key",
            true,
            "an id of the client's choice: the same twice is one action",
        ));
    }
    if route.path == "/api/v1/cases/{id}/actions" {
        parameters.push(header("If-Match", true, "the case's ETag"));
    }
    if route.reads.is_some() {
        parameters.push(header(
            "X-Purpose",
            false,
            "what it is looked at for; goes to the audit log",
        ));
    }
    parameters
}
