//! Every request passes here first: who asks, whether they may, and, where they
//! are to look at somebody, the line in the log that says so.

use super::app::App;
use super::caller::{Caller, text, unescaped};
use super::pages::Failed;
use super::problem::Problem;
use super::rate::{Peer, Who};
use super::routes::{Access, Route};
use crate::casework::{Desk, secrets};
use crate::config::PeopleSettings;
use crate::time::now_ms;
use axum::RequestExt;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, RawPathParams, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::time::Instant;
use tocsin_alerts::casework::{Action, Actor, Person, Role};
use tocsin_alerts::docket::{Credential, CredentialKind, Intent, Secret};

/// Name of the cookie.
const COOKIE: &str = "tocsin_session";
/// The same over TLS: browsers then let nobody but this host set it.
const SECURE_COOKIE: &str = "__Host-tocsin_session";
/// The header, and the field of forms, that no other site can send.
const FORM_TOKEN: &str = "x-csrf-token";
/// The largest form.
const MAX_FORM: usize = 256 << 10;
/// A minute: use is noted no more often.
const MINUTE_MS: i64 = 60_000;

/// What the gate knows of the way it stands in.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) app: App,
    pub(super) access: Access,
    /// What is looked at, where looking is a deed: `alert`, `enterprise`, `case`.
    pub(super) reads: Option<&'static str>,
    /// Whether the answer has figures of everything there is.
    pub(super) whole: bool,
    /// Whether people read the answer, not programs.
    pub(super) page: bool,
    /// Whether requests are counted: not those of who watches over the process.
    pub(super) counted: bool,
}

impl Gate {
    pub(super) fn of(route: &Route, app: &App) -> Gate {
        Gate {
            app: app.clone(),
            access: route.access,
            reads: route.reads,
            whole: route.whole,
            page: !route.path.starts_with("/api/"),
            counted: !["/healthz", "/readyz", "/assets/{name}"].contains(&route.path),
        }
    }
}

/// Lets a request in, or answers why not.
pub(super) async fn gate(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    match admit(&gate, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) if gate.page => Failed(problem).into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn admit(gate: &Gate, mut request: Request) -> Result<Request, Problem> {
    let Some(desk) = &gate.app.desk else {
        return Ok(request);
    };
    let purpose = text(request.headers(), "x-purpose")?;
    let purpose = purpose.filter(|purpose| !purpose.is_empty());
    let mut caller = identify(&gate.app, desk, request.headers()).await?;
    caller.purpose = purpose.unwrap_or_else(|| desk.settings.purpose.clone());
    let must_sign_in = desk.has_people().await?;
    if gate.counted && must_sign_in {
        count(&gate.app, &caller, &request)?;
    }
    caller.role = allowed(gate, desk, &caller, must_sign_in)?;
    caller.clearance = clearance_of(desk, &caller, must_sign_in);
    if gate.whole {
        sees_whole(gate, &caller)?;
    }
    if changes(request.method()) && !caller.form_token.is_empty() {
        request = check_form_token(&caller, request).await?;
    }
    if let (Some(what), Some(person), Some(role)) = (gate.reads, &caller.person, caller.role) {
        let intent = look(desk, what, person, role, &caller.purpose, &mut request).await?;
        desk.docket.act(intent).await?;
    }
    request.extensions_mut().insert(caller);
    Ok(request)
}

/// Counts a request, and refuses it where there were too many.
fn count(app: &App, caller: &Caller, request: &Request) -> Result<(), Problem> {
    let settings = app.view.settings();
    let limits = &settings.office.limits;
    let who = match caller.person {
        Some(_) => Who::Credential(caller.session.clone()),
        None => {
            let peer = request.extensions().get::<ConnectInfo<Peer>>();
            let peer = peer.map(|info| info.0);
            Who::address(peer, request.headers(), &limits.proxies)
        }
    };
    let name = who.name();
    app.rates
        .take(who, limits, Instant::now())
        .map_err(|seconds| {
            app.view.metrics.limited(name);
            Problem::too_many(format!("too many requests: try again in {seconds} seconds"))
                .later(seconds)
        })
}

/// Refuses what is made of everything to who may not see some of it.
fn sees_whole(gate: &Gate, caller: &Caller) -> Result<(), Problem> {
    if caller.restricted(&gate.app) > 0 {
        return Err(Problem::forbidden(
            "this has figures of sources above your clearance in it; `…/explanation` shows what you may see",
        ));
    }
    // What is of one enterprise looks at its district itself.
    let of_all = gate.reads != Some("enterprise");
    let scoped = caller
        .person
        .as_ref()
        .is_some_and(|person| !person.districts.is_empty());
    match of_all && scoped {
        true => Err(Problem::forbidden(
            "this is of the whole city, and you see some districts",
        )),
        false => Ok(()),
    }
}

fn clearance_of(desk: &Desk, caller: &Caller, must_sign_in: bool) -> Option<u8> {
    match &caller.person {
        Some(person) => Some(person.clearance),
        None => must_sign_in.then_some(desk.people.guest_clearance),
    }
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// The role in which somebody is let in; `None`: they need none.
fn allowed(
    gate: &Gate,
    desk: &Desk,
    caller: &Caller,
    must_sign_in: bool,
) -> Result<Option<Role>, Problem> {
    let sign_in = || {
        Problem::unauthorised(
            "sign in with `POST /api/v1/session`, or send a token: `Authorization: Bearer …`",
        )
    };
    match (gate.access, &caller.person) {
        (Access::Public, _) => Ok(None),
        (Access::SignedIn, Some(person)) => Ok(person.roles.first().copied()),
        (Access::SignedIn, None) => Err(sign_in()),
        (Access::Roles(roles) | Access::People(roles), Some(person)) => {
            let role = person.role_among(roles).ok_or_else(|| refused(roles))?;
            Ok(Some(role))
        }
        (Access::Unmask(roles), Some(person)) => {
            let roles = may_unmask(&desk.people, roles);
            let role = person.role_among(&roles).ok_or_else(|| refused(&roles))?;
            Ok(Some(role))
        }
        (Access::People(_) | Access::Unmask(_), None) => Err(sign_in()),
        (Access::Roles(_), None) if !must_sign_in => Ok(None),
        (Access::Roles(roles), None) => match desk.people.guest {
            Some(guest) if roles.contains(&guest) => Ok(Some(guest)),
            _ => Err(sign_in()),
        },
    }
}

/// Those of the roles whom the configuration lets unmask.
pub(super) fn may_unmask(people: &PeopleSettings, roles: &[Role]) -> Vec<Role> {
    let let_in = roles.iter().filter(|role| people.unmask.contains(role));
    let_in.copied().collect()
}

fn refused(roles: &[Role]) -> Problem {
    let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    Problem::forbidden(format!("allowed are {}", names.join(", ")))
}

/// Who a session's cookie or a token says it is. One that is wrong or has run out
/// is nobody's.
async fn identify(app: &App, desk: &Desk, headers: &HeaderMap) -> Result<Caller, Problem> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.strip_prefix("Bearer "));
    let (secret, kind) = match (bearer, cookie(app, headers)) {
        (Some(token), _) => (token.trim().to_owned(), CredentialKind::Token),
        (None, Some(session)) => (session, CredentialKind::Session),
        (None, None) => return Ok(Caller::default()),
    };
    let secret = Secret::new(secret);
    let found = desk.docket.credential(&secret).await?;
    let Some(credential) = found.filter(|found| found.kind == kind && lasts(desk, found)) else {
        return Ok(Caller::default());
    };
    let person = desk.docket.person(&credential.person).await?;
    let Some(person) = person.filter(|person| !person.disabled) else {
        return Ok(Caller::default());
    };
    if now_ms() - credential.used_ms >= MINUTE_MS {
        desk.docket.note_use(&credential.id, now_ms()).await?;
    }
    let form_token = match kind {
        CredentialKind::Session => secret.form_token(),
        _ => String::new(),
    };
    Ok(Caller {
        person: Some(person),
        session: credential.id,
        form_token,
        ..Caller::default()
    })
}

/// Whether a session or token has not run out.
fn lasts(desk: &Desk, credential: &Credential) -> bool {
    let now = now_ms();
    let idle = now - credential.used_ms;
    let used = credential.kind == CredentialKind::Token
        || idle < (desk.people.idle_minutes + 1) * MINUTE_MS;
    now < credential.expires_ms && used
}

fn cookie_name(app: &App) -> &'static str {
    match app.secure {
        true => SECURE_COOKIE,
        false => COOKIE,
    }
}

fn cookie(app: &App, headers: &HeaderMap) -> Option<String> {
    let name = cookie_name(app);
    let cookies = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut pairs = cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// The header that gives a browser its session, or takes it away.
pub(super) fn set_cookie(app: &App, secret: &str, seconds: i64) -> String {
    let secure = if app.secure { "; Secure" } else { "" };
    format!(
        "{}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}",
        cookie_name(app)
    )
}

/// What changes something with a session's cookie has to show that a page of ours
/// sent it: in the header `X-CSRF-Token`, or in a form's field `csrf`.
async fn check_form_token(caller: &Caller, request: Request) -> Result<Request, Problem> {
    let wrong = || {
        Problem::forbidden(
            "the token of the session is missing or wrong: send `csrf` of `GET /api/v1/me` as header `X-CSRF-Token` or form field `csrf`",
        )
    };
    let given = request
        .headers()
        .get(FORM_TOKEN)
        .and_then(|value| value.to_str().ok());
    if let Some(given) = given {
        return match same(given, &caller.form_token) {
            true => Ok(request),
            false => Err(wrong()),
        };
    }
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        return Err(wrong());
    }
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, MAX_FORM).await;
    let bytes =
        bytes.map_err(|_| Problem::too_large(format!("allowed are {MAX_FORM} bytes a form")))?;
    let fields = bytes.split(|byte| *byte == b'&');
    let mut fields = fields.filter_map(|field| field.strip_prefix(b"csrf="));
    let given = fields
        .next()
        .map(unescaped)
        .and_then(|given| String::from_utf8(given).ok());
    match given.is_some_and(|given| same(&given, &caller.form_token)) {
        true => Ok(Request::from_parts(parts, Body::from(bytes))),
        false => Err(wrong()),
    }
}

/// Compares by hash, so that the time says nothing of where they differ.
fn same(one: &str, other: &str) -> bool {
    Secret::new(one.to_owned()).hash() == Secret::new(other.to_owned()).hash()
}

/// The deed of looking at something, written before it is shown.
async fn look(
    desk: &Desk,
    what: &str,
    person: &Person,
    role: Role,
    purpose: &str,
    request: &mut Request,
) -> Result<Intent, Problem> {
    let params = request.extract_parts::<RawPathParams>().await;
    let params = params.map_err(|refused| Problem::bad_request(refused.body_text()))?;
    let id = params
        .iter()
        .next()
        .map_or(String::new(), |(_, value)| value.to_owned());
    let path = match request.uri().query() {
        Some(query) => format!("{}?{query}", request.uri().path()),
        None => request.uri().path().to_owned(),
    };
    Ok(Intent {
        who: Actor::Person(person.name.clone()),
        role: role.name().to_owned(),
        purpose: purpose.to_owned(),
        subject: match id.as_str() {
            "" => what.to_owned(),
            id => format!("{what}/{id}"),
        },
        key: secrets::id().map_err(|fault| Problem::internal(&fault))?,
        action: Action::Read { path },
        expected: None,
        time_ms: desk.now_ms(),
        credential: None,
    })
}
