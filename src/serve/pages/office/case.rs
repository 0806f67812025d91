//! `/cases/{id}`: one case, by when what has to be done, and what one may do.

use super::actions::{self, ActionForm, Choice, Refused};
use super::cases::{mark, path};
use super::form;
use crate::casework::Desk;
use crate::serve::api::cases::{apply, find, log};
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::pages::fields::Fields;
use crate::serve::pages::rows::{LevelMark, enterprise_path};
use crate::serve::pages::{Failed, Frame};
use crate::serve::params::Segments;
use crate::serve::problem::Problem;
use crate::serve::text;
use crate::serve::words::{action, c, either, fault, filters, say, t};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use tocsin_alerts::casework::case::{Proposal, Signed};
use tocsin_alerts::casework::rule::offered;
use tocsin_alerts::casework::{Action, Case, Clock, Kind, Measure, Role, Side, Stage};
use tocsin_alerts::docket::Entry;

/// One stage of the way.
struct Step {
    words: &'static str,
    /// `done`, `here` or `ahead`.
    state: &'static str,
}

struct ClockRow {
    name: String,
    basis: String,
    kind: &'static str,
    due: String,
    /// How far it has run, per cent.
    percent: u32,
    mark: &'static str,
    state: String,
}

struct MeasureRow {
    number: u32,
    words: &'static str,
    basis: String,
    proposed: String,
    /// Where it stands.
    state: String,
}

/// The next thing that is due.
pub(in crate::serve::pages) struct DueRow {
    pub(in crate::serve::pages) name: String,
    pub(in crate::serve::pages) time: String,
    pub(in crate::serve::pages) percent: u32,
    pub(in crate::serve::pages) mark: &'static str,
}

struct DeedRow {
    seq: u64,
    time: String,
    who: String,
    what: String,
    text: String,
}

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    frame: Frame,
    error: String,
    id: String,
    version: u64,
    level: LevelMark,
    name: String,
    enterprise: String,
    enterprise_path: String,
    alert: String,
    district: String,
    standing: String,
    steps: Vec<Step>,
    clocks: Vec<ClockRow>,
    forms: Vec<ActionForm>,
    /// What was done last, and by whom.
    last: String,
    /// What is due next: what, when, and how far that has run.
    due: Option<DueRow>,
    investigators: Vec<String>,
    routing: String,
    findings: Vec<(String, String)>,
    judgement: Option<(String, String)>,
    taken: Vec<MeasureRow>,
    label: Option<(String, String)>,
    deeds: Vec<DeedRow>,
}

/// The page.
pub(in crate::serve) async fn case(
    State(app): State<App>,
    caller: Caller,
    id: Result<Segments<String>, Problem>,
) -> Result<Response, Failed> {
    let Segments(id) = id?;
    let desk = app.desk()?;
    let case = find(desk, &caller, &id).await?;
    shown(&app, &caller, case, None).await
}

/// Does what a form says, and shows the case again; what was refused stands above
/// it.
pub(in crate::serve) async fn act(
    State(app): State<App>,
    caller: Caller,
    id: Result<Segments<String>, Problem>,
    Fields(pairs): Fields<Vec<(String, String)>>,
) -> Result<Response, Failed> {
    let Segments(id) = id?;
    let desk = app.desk()?;
    let case = find(desk, &caller, &id).await?;
    let fields = match form::read(pairs.clone()) {
        Ok(fields) => fields,
        Err(problem) => {
            let refused = Refused { pairs, problem };
            return shown(&app, &caller, case, Some(refused)).await;
        }
    };
    match apply(
        desk,
        &caller,
        fields.key,
        &id,
        fields.version,
        fields.action,
    )
    .await
    {
        Ok(_) => Ok(Redirect::to(&path(&id)).into_response()),
        Err(problem) => {
            let now = find(desk, &caller, &id).await?;
            shown(&app, &caller, now, Some(Refused { pairs, problem })).await
        }
    }
}

async fn shown(
    app: &App,
    caller: &Caller,
    case: Case,
    refused: Option<Refused>,
) -> Result<Response, Failed> {
    let desk = app.desk()?;
    let status = refused
        .as_ref()
        .map_or(StatusCode::OK, |refused| refused.problem.status_code());
    let page = compose(app, desk, caller, case, refused).await?;
    let html = page.render().map_err(|fault| Problem::internal(&fault))?;
    Ok((status, Html(html)).into_response())
}

async fn compose(
    app: &App,
    desk: &Desk,
    caller: &Caller,
    case: Case,
    refused: Option<Refused>,
) -> Result<CasePage, Problem> {
    let person = caller.person()?;
    let now = desk.now_ms();
    let may = offered(&case, person);
    let forms = actions::forms(&case, &may, &investigators(desk).await?, refused.as_ref())?;
    // What was refused and is offered no more, say because another was faster.
    let beside = forms.iter().any(|form| form.is_wrong());
    let error = refused.filter(|_| !beside);
    let log = log(desk, &case.id).await?;
    let deeds: Vec<DeedRow> = log.into_iter().map(deed_row).collect();
    Ok(CasePage {
        frame: Frame::of(app, caller),
        error: error.map_or_else(String::new, |refused| fault(&refused.problem.detail)),
        level: case.level.into(),
        name: case.name.clone().unwrap_or_default(),
        enterprise_path: enterprise_path(&case.enterprise),
        district: case.district.clone().unwrap_or_default(),
        standing: stands(&case),
        steps: steps(&case),
        clocks: case
            .clocks
            .iter()
            .map(|clock| clock_row(desk, clock, now))
            .collect(),
        forms,
        last: deeds
            .iter()
            .max_by_key(|row| row.seq)
            .map_or_else(String::new, |row| {
                format!("{} · {} · {}", row.what, row.who, row.time)
            }),
        due: due_row(desk, &case, now),
        investigators: case
            .investigators
            .iter()
            .map(|by| by.display.clone())
            .collect(),
        routing: case.routing.as_ref().map_or_else(String::new, |routing| {
            let others = routing.cooperating.join("、");
            let others = if others.is_empty() {
                others
            } else {
                say(", with {0}", &[&others])
            };
            format!("{}{others} · {}", routing.district, routing.basis)
        }),
        findings: case
            .findings
            .iter()
            .map(|said| (signed(&said.signed), said.text.clone()))
            .collect(),
        judgement: case.judgement.as_ref().map(|judged| {
            let so = if judged.founded {
                t("founded")
            } else {
                t("unfounded")
            };
            (signed(&judged.signed), format!("{so} · {}", judged.text))
        }),
        taken: case.measures.iter().map(measure_row).collect(),
        label: case.label.as_ref().map(|label| {
            let reason = label
                .reason
                .map_or_else(String::new, |of| format!("({})", c(of.chinese())));
            let words = format!("{}{reason} · {}", c(label.outcome.chinese()), label.text);
            (signed(&label.signed), words)
        }),
        deeds,
        version: case.version,
        enterprise: case.enterprise,
        alert: case.alert,
        id: case.id,
    })
}

/// What holds a case up, or how it ended beside the way: `English (中文)` says both.
pub(super) fn standing(case: &Case) -> &'static str {
    let both = case.standing();
    let parted = both
        .strip_suffix(')')
        .and_then(|rest| rest.split_once(" ("));
    parted.map_or(both, |(english, chinese)| either(chinese, english))
}

/// What holds it up or is contested, where it is.
fn stands(case: &Case) -> String {
    let side = case.side.as_ref().map(|side| side_words(side, case));
    let appeal = case.appeal.as_ref().map(|appeal| {
        let since = text::clock(appeal.since_ms);
        format!(
            "{} · {}, {} {since}",
            t("under appeal"),
            appeal.agency,
            t("since")
        )
    });
    let parts: Vec<String> = side.into_iter().chain(appeal).collect();
    parts.join(" · ")
}

fn side_words(side: &Side, case: &Case) -> String {
    let detail = match side {
        Side::Supplement { agency, since_ms } => {
            format!("{agency}, {} {}", t("since"), text::clock(*since_ms))
        }
        Side::Suspended { until_ms } => format!("{} {}", t("until"), text::clock(*until_ms)),
        Side::Merged { into } => format!("→ {into}"),
        Side::HandedOver { to } => format!("→ {to}"),
        Side::Retracted => String::new(),
    };
    format!("{} {detail}", standing(case))
}

fn steps(case: &Case) -> Vec<Step> {
    let step = |stage: Stage| Step {
        words: either(stage.chinese(), stage.name()),
        state: match stage.cmp(&case.stage) {
            std::cmp::Ordering::Less => "done",
            std::cmp::Ordering::Equal => "here",
            std::cmp::Ordering::Greater => "ahead",
        },
    };
    Stage::ALL.map(step).into()
}

/// Of the clocks that run the one that is due first.
pub(in crate::serve::pages) fn due_row(desk: &Desk, case: &Case, now: i64) -> Option<DueRow> {
    let calendar = desk.docket.calendar();
    let running = case.clocks.iter().filter(|clock| clock.ended_ms.is_none());
    let next = running.min_by_key(|clock| clock.due_ms(calendar, now))?;
    let percent = next.run_percent(calendar, now);
    Some(DueRow {
        name: c(&next.name).to_owned(),
        time: text::clock(next.due_ms(calendar, now)),
        percent,
        mark: mark(percent),
    })
}

fn clock_row(desk: &Desk, clock: &Clock, now: i64) -> ClockRow {
    let calendar = desk.docket.calendar();
    let percent = clock.run_percent(calendar, now);
    let due_ms = clock.due_ms(calendar, clock.ended_ms.unwrap_or(now));
    let state = match clock.ended_ms {
        Some(ended) => format!("{} {}", t("done"), text::clock(ended)),
        None if clock.stands() => t("standing").to_owned(),
        None if percent >= 100 => t("overdue").to_owned(),
        None => t("running").to_owned(),
    };
    ClockRow {
        name: c(&clock.name).to_owned(),
        basis: c(&clock.basis).to_owned(),
        kind: match clock.kind {
            Kind::Statutory => t("statutory"),
            Kind::Guidance => t("guidance"),
            Kind::Policy => t("policy"),
        },
        due: text::clock(due_ms),
        percent,
        mark: if clock.ended_ms.is_some() {
            "calm"
        } else {
            mark(percent)
        },
        state,
    }
}

async fn investigators(desk: &Desk) -> Result<Vec<Choice>, Problem> {
    let people = desk.docket.people().await?.into_iter();
    let people = people.filter(|of| !of.disabled && of.roles.contains(&Role::Investigator));
    let choice = people.map(|person| {
        let words = format!("{} ({})", person.display, person.name);
        actions::plain(&person.name, &words)
    });
    Ok(choice.collect())
}

pub(super) fn measure_words(of: Measure) -> String {
    let approval = if of.needs_approval() {
        t(" · needs the head's approval")
    } else {
        ""
    };
    format!("{}({}){approval}", c(of.chinese()), of.basis())
}

fn measure_row(of: &Proposal) -> MeasureRow {
    let state = match (&of.carried, &of.decided, of.needs_approval) {
        (Some(said), ..) => format!(
            "{}: {} · {}",
            t("carried out"),
            said.text,
            signed(&said.signed)
        ),
        (None, Some(decision), _) => {
            let so = if decision.approved {
                t("approved")
            } else {
                t("refused")
            };
            format!("{so} {} · {}", decision.text, signed(&decision.signed))
        }
        (None, None, true) => t("waits for the head").to_owned(),
        (None, None, false) => t("may be carried out").to_owned(),
    };
    MeasureRow {
        number: of.number,
        words: c(of.measure.chinese()),
        basis: of.basis.clone(),
        proposed: format!("{} · {}", of.text, signed(&of.proposed)),
        state,
    }
}

fn signed(by: &Signed) -> String {
    format!("{} {}", by.display, text::clock(by.time_ms))
}

fn deed_row(entry: Entry) -> DeedRow {
    let deed = entry.deed;
    let (what, text) = match &deed.action {
        Action::Case(done) => (action(done.name()).to_owned(), done.text().to_owned()),
        other => (other.kind(), String::new()),
    };
    DeedRow {
        seq: deed.seq,
        time: text::clock(deed.time_ms),
        who: deed.who.name(),
        what,
        text,
    }
}
