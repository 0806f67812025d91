//! `cases`, `cases/{id}`, `cases/{id}/deeds`, `cases/{id}/actions` and
//! `outcomes`: the work on alerts.
//!
//! A case's version is its ETag; whoever does something sends it as `If-Match`,
//! and an `Idempotency-Key`: the same twice is one action.

use super::audit::Line;
use super::body::{self, Json};
use crate::casework::{Desk, policy};
use crate::serve::app::App;
use crate::serve::caller::{Caller, IdempotencyKey};
use crate::serve::params::{self, Nothing, Params, Segments};
use crate::serve::problem::Problem;
use crate::time::instant_text;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tocsin_alerts::DISCLAIMER;
use tocsin_alerts::casework::clock::Escalation;
use tocsin_alerts::casework::fold::case_subject;
use tocsin_alerts::casework::rule::offered;
use tocsin_alerts::casework::{Action, Case, CaseAction, Clock, Kind, Stage};
use tocsin_alerts::docket::{CaseFilter, DeedFilter, Entry, Intent};

/// The parameters of a list.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::serve) struct Query {
    pub(in crate::serve) stage: String,
    level: String,
    /// `yes` or `no`.
    open: String,
    district: Option<String>,
    /// An account that investigates; `me` is one's own.
    person: Option<String>,
    enterprise: Option<String>,
    alert: Option<String>,
    /// `yes`: a clock has run out.
    overdue: String,
    after: Option<String>,
    limit: Option<usize>,
}

impl Query {
    /// The quick filter of the page that this is, if it is one.
    pub(in crate::serve) fn view(&self) -> &'static str {
        match (
            self.open.as_str(),
            self.person.as_deref(),
            self.overdue.as_str(),
        ) {
            ("yes", Some("me"), "") => "/cases?open=yes&person=me",
            ("yes", None, "") => "/cases?open=yes",
            ("", None, "yes") => "/cases?overdue=yes",
            _ => "/cases",
        }
    }
}

#[derive(Serialize)]
pub(in crate::serve) struct Page {
    cases: Vec<CaseBody>,
    /// Give it as `after` for the next page; null on the last.
    next: Option<String>,
}

/// A case as people see it.
#[derive(Serialize)]
pub(in crate::serve) struct CaseBody {
    #[serde(flatten)]
    case: Case,
    stage_name: &'static str,
    standing: &'static str,
    is_open: bool,
    deadlines: Vec<Deadline>,
    /// The actions that the reader may take now.
    may: Vec<&'static str>,
    text: &'static str,
}

/// A clock as it stands now.
#[derive(Serialize)]
struct Deadline {
    name: String,
    basis: String,
    kind: Kind,
    since: String,
    due: String,
    ended: Option<String>,
    /// Whether it stands: another agency owes an answer, or the case is suspended.
    stands: bool,
    percent: u32,
    escalation: Escalation,
    /// Who is to hear of it.
    tells: Option<&'static str>,
    /// What is not known of its days.
    note: Option<&'static str>,
}

/// Cases, the newest first, of the districts that the reader sees.
pub(in crate::serve) async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<axum::Json<Page>, Problem> {
    let desk = app.desk()?;
    let filter = filter(desk, &caller, query)?;
    let page = desk.docket.cases(&filter).await?;
    let cases = page.cases.into_iter().map(|case| show(desk, &caller, case));
    Ok(axum::Json(Page {
        cases: cases.collect(),
        next: page.next,
    }))
}

/// What a list is asked for, within what the reader sees.
pub(in crate::serve) fn filter(
    desk: &Desk,
    caller: &Caller,
    query: Query,
) -> Result<CaseFilter, Problem> {
    let person = caller.person()?;
    let stages: Vec<_> = Stage::ALL.iter().map(|stage| stage.name()).collect();
    let stage = match query.stage.as_str() {
        "" => None,
        text => Some(
            Stage::ALL
                .into_iter()
                .find(|stage| stage.name() == text)
                .ok_or_else(|| {
                    Problem::bad_request(format!(
                        "stage `{text}`: allowed are {}",
                        stages.join(", ")
                    ))
                })?,
        ),
    };
    let districts = match (
        query.district.filter(|d| !d.is_empty()),
        person.districts.as_slice(),
    ) {
        (None, own) => own.to_vec(),
        (Some(asked), own) if own.is_empty() || own.contains(&asked) => vec![asked],
        (Some(asked), _) => {
            return Err(Problem::forbidden(format!(
                "`{asked}` is no district of yours"
            )));
        }
    };
    let overdue = params::yes_or_no("overdue", &query.overdue)?.unwrap_or(false);
    let me = |name: String| {
        if name == "me" {
            person.name.clone()
        } else {
            name
        }
    };
    Ok(CaseFilter {
        stage,
        open: params::yes_or_no("open", &query.open)?.or(overdue.then_some(true)),
        level: params::level(&query.level)?,
        districts,
        person: query.person.filter(|p| !p.is_empty()).map(me),
        enterprise: query.enterprise.filter(|e| !e.is_empty()),
        alert: query.alert.filter(|a| !a.is_empty()),
        due_before_ms: overdue.then(|| desk.now_ms()),
        after: query.after.filter(|after| !after.is_empty()),
        limit: params::limit(query.limit)?,
    })
}

fn show(desk: &Desk, caller: &Caller, case: Case) -> CaseBody {
    let now = desk.now_ms();
    let may = caller
        .person
        .as_ref()
        .map_or_else(Vec::new, |person| offered(&case, person));
    CaseBody {
        stage_name: case.stage.chinese(),
        standing: case.standing(),
        is_open: case.is_open(),
        deadlines: case
            .clocks
            .iter()
            .map(|clock| deadline(desk, clock, now))
            .collect(),
        may,
        text: DISCLAIMER,
        case,
    }
}

fn deadline(desk: &Desk, clock: &Clock, now: i64) -> Deadline {
    let calendar = desk.docket.calendar();
    let at = clock.ended_ms.unwrap_or(now);
    let escalation = clock.escalation(calendar, now);
    let running = clock.ended_ms.is_none() && !clock.stands();
    Deadline {
        name: clock.name.clone(),
        basis: clock.basis.clone(),
        kind: clock.kind,
        since: instant_text(clock.since_ms),
        due: instant_text(clock.due_ms(calendar, at)),
        ended: clock.ended_ms.map(instant_text),
        stands: clock.stands(),
        percent: clock.run_percent(calendar, now),
        escalation,
        tells: match escalation {
            _ if !running => None,
            Escalation::None => None,
            Escalation::Half => Some("investigator"),
            Escalation::Eighty => Some("duty-officer"),
            Escalation::Overdue => Some("head"),
        },
        note: (!clock.is_exact(calendar, at)).then_some("该年度调休安排未收录,仅按周末计算"),
    }
}

/// One case.
pub(in crate::serve) async fn one(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Response, Problem> {
    let desk = app.desk()?;
    let case = find(desk, &caller, &id).await?;
    Ok(answer(StatusCode::OK, show(desk, &caller, case)))
}

fn answer(status: StatusCode, body: CaseBody) -> Response {
    let tag = format!("\"{}\"", body.case.version);
    (status, [(header::ETAG, tag)], axum::Json(body)).into_response()
}

/// A case that the reader may see.
pub(in crate::serve) async fn find(
    desk: &Desk,
    caller: &Caller,
    id: &str,
) -> Result<Case, Problem> {
    let Some(case) = desk.docket.case(id).await? else {
        return Err(missing(desk, caller, id).await?);
    };
    match caller.person()?.sees(case.districts()) {
        true => Ok(case),
        false => Err(Problem::forbidden(format!(
            "case {id} is in no district of yours"
        ))),
    }
}

/// A case that is not there: there was none, or its time was over.
async fn missing(desk: &Desk, caller: &Caller, id: &str) -> Result<Problem, Problem> {
    let Some(expired) = desk.docket.expired(id).await? else {
        return Ok(Problem::not_found(format!("there is no case `{id}`")));
    };
    let mut districts = expired.districts.iter().map(String::as_str);
    if !caller.person()?.sees(districts.by_ref()) {
        return Ok(Problem::forbidden(format!(
            "case {id} is in no district of yours"
        )));
    }
    let ended = expired
        .outcome
        .map_or(expired.stage.chinese(), |of| of.chinese());
    Ok(Problem::gone(format!(
        "case {id} ended as {ended}, last worked on {}; the time for which it is kept is over (保存期限届满,内容已删除), and only that there was one is kept: `tocsin audit list --kind removal` has the rule",
        instant_text(expired.last_ms)
    )))
}

/// Everything that was done in a case, reads apart.
pub(in crate::serve) async fn deeds(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<axum::Json<Vec<Line>>, Problem> {
    let desk = app.desk()?;
    let case = find(desk, &caller, &id).await?;
    let entries = log(desk, &case.id).await?.into_iter();
    Ok(axum::Json(entries.map(Line::from).collect()))
}

/// Everything that was done in a case, the first first.
pub(in crate::serve) async fn log(desk: &Desk, id: &str) -> Result<Vec<Entry>, Problem> {
    let mut filter = DeedFilter {
        subject: Some(case_subject(id)),
        without_reads: true,
        limit: params::MAX_LIMIT,
        ..DeedFilter::default()
    };
    let mut entries = Vec::new();
    loop {
        let page = desk.docket.deeds(&filter).await?;
        let Some(last) = page.last() else {
            return Ok(entries);
        };
        filter.after = last.deed.seq;
        entries.extend(page);
    }
}

/// Which alert a case is opened of.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Opening {
    alert: String,
}

/// Opens a case of an alert.
pub(in crate::serve) async fn open(
    State(app): State<App>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Json(opening): Json<Opening>,
) -> Result<Response, Problem> {
    let case = open_of(&app, &caller, key, &opening.alert).await?;
    Ok(answer(
        StatusCode::CREATED,
        show(app.desk()?, &caller, case),
    ))
}

/// Opens a case of an alert.
pub(in crate::serve) async fn open_of(
    app: &App,
    caller: &Caller,
    key: String,
    alert: &str,
) -> Result<Case, Problem> {
    let desk = app.desk()?;
    let found = app.view.store.alert(alert).await?;
    let (found, _) =
        found.ok_or_else(|| Problem::not_found(format!("alert `{alert}` does not exist")))?;
    // What is opened is the alert as it stood at the first try: what it is now is
    // no other action.
    if let Some(case) = opened_before(desk, caller, &key, alert).await? {
        return Ok(case);
    }
    let intent = Intent {
        action: Action::Case(policy::opening(desk, &found)),
        ..body::intent(desk, caller, key)?
    };
    let done = desk.docket.act(intent).await?;
    done.case
        .ok_or_else(|| Problem::internal(&"a case was opened and is gone"))
}

async fn opened_before(
    desk: &Desk,
    caller: &Caller,
    key: &str,
    alert: &str,
) -> Result<Option<Case>, Problem> {
    let found = desk.docket.done_before(&caller.actor()?, key).await?;
    let Some(entry) = found else { return Ok(None) };
    match &entry.deed.action {
        Action::Case(CaseAction::Open { alert: before, .. }) if before == alert => {
            let id = entry.deed.subject.trim_start_matches("case/").to_owned();
            Ok(desk.docket.case(&id).await?)
        }
        _ => Err(Problem::invalid(format!(
            "the idempotency key `{key}` was used for another action: choose a new one"
        ))),
    }
}

/// Does something with a case.
pub(in crate::serve) async fn act(
    State(app): State<App>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    headers: HeaderMap,
    Segments(id): Segments<String>,
    Json(action): Json<CaseAction>,
) -> Result<Response, Problem> {
    let desk = app.desk()?;
    find(desk, &caller, &id).await?;
    let case = apply(desk, &caller, key, &id, version(&headers)?, action).await?;
    Ok(answer(StatusCode::OK, show(desk, &caller, case)))
}

/// Does something with a case of which the reader has seen a version.
pub(in crate::serve) async fn apply(
    desk: &Desk,
    caller: &Caller,
    key: String,
    id: &str,
    version: u64,
    action: CaseAction,
) -> Result<Case, Problem> {
    if matches!(action, CaseAction::Open { .. }) {
        return Err(Problem::invalid(
            "a case is opened with `POST /api/v1/cases`",
        ));
    }
    let intent = Intent {
        subject: case_subject(id),
        action: Action::Case(action),
        expected: Some(version),
        ..body::intent(desk, caller, key)?
    };
    let done = desk.docket.act(intent).await?;
    done.case
        .ok_or_else(|| Problem::internal(&"a case is gone"))
}

/// The version that was seen.
fn version(headers: &HeaderMap) -> Result<u64, Problem> {
    let given = headers
        .get(header::IF_MATCH)
        .and_then(|value| value.to_str().ok());
    let given = given.ok_or_else(|| {
        Problem::unconditional(
            "the header `If-Match` is missing: send the ETag that the case came with",
        )
    })?;
    let number = given.trim().trim_matches('"').parse();
    number
        .map_err(|_| Problem::bad_request(format!("if-match `{given}`: allowed is a case's ETag")))
}

/// How cases ended.
#[derive(Serialize, Default)]
pub(in crate::serve) struct Outcomes {
    /// Cases with an outcome.
    labelled: u64,
    outcomes: BTreeMap<&'static str, u64>,
    /// Why alerts were unfounded.
    reasons: BTreeMap<&'static str, u64>,
    /// Whose errors those were: rule, data, linkage.
    faults: BTreeMap<String, u64>,
}

/// Counts how cases ended, of the districts that the reader sees.
pub(in crate::serve) async fn outcomes(
    State(app): State<App>,
    caller: Caller,
    Params(Nothing {}): Params<Nothing>,
) -> Result<axum::Json<Outcomes>, Problem> {
    let districts = &caller.person()?.districts;
    let mut counted = Outcomes::default();
    for ended in app.desk()?.docket.outcomes(districts).await? {
        let cases = ended.cases;
        counted.labelled += cases;
        *counted.outcomes.entry(ended.outcome.chinese()).or_default() += cases;
        if let Some(reason) = ended.reason {
            *counted.reasons.entry(reason.chinese()).or_default() += cases;
            let fault = format!("{:?}", reason.fault()).to_lowercase();
            *counted.faults.entry(fault).or_default() += cases;
        }
    }
    Ok(axum::Json(counted))
}
