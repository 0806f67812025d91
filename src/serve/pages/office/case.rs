//! `/cases/{id}`: one case, by when what has to be done, and what one may do.

use super::cases::{mark, path};
use super::form;
use crate::casework::{Desk, secrets};
use crate::serve::api::cases::{apply, find, log, open_of};
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::pages::rows::{LevelMark, enterprise_path};
use crate::serve::pages::{Failed, Frame};
use crate::serve::params::Segments;
use crate::serve::problem::Problem;
use crate::serve::text;

use crate::serve::words::{c, either, filters, say, t};
use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use tocsin_alerts::casework::case::{Proposal, Signed};
use tocsin_alerts::casework::rule::offered;
use tocsin_alerts::casework::{
    Action, Case, Clock, Kind, Measure, Outcome, Reason, Role, Side, Stage,
};
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

struct DeedRow {
    time: String,
    who: String,
    what: String,
    text: String,
}

/// A form for one action.
struct ActionForm {
    name: &'static str,
    words: &'static str,
    /// The id of the action, if this form is sent.
    key: String,
    /// Whether words are needed.
    text: bool,
}

/// Something to choose.
struct Choice {
    value: String,
    words: String,
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
    /// Investigators who can be named.
    people: Vec<Choice>,
    outcomes: Vec<Choice>,
    reasons: Vec<Choice>,
    measures: Vec<Choice>,
    /// Measures that wait for the head, and those that may be carried out.
    proposed: Vec<Choice>,
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
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failed> {
    let Segments(id) = id?;
    let desk = app.desk()?;
    let case = find(desk, &caller, &id).await?;
    let fields = match form::read(pairs) {
        Ok(fields) => fields,
        Err(problem) => return shown(&app, &caller, case, Some(problem)).await,
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
            shown(&app, &caller, now, Some(problem)).await
        }
    }
}

/// Which alert a case is opened of.
#[derive(Deserialize)]
pub(in crate::serve) struct Opening {
    alert: String,
    key: String,
}

/// Opens a case of an alert, and goes to it.
pub(in crate::serve) async fn open(
    State(app): State<App>,
    caller: Caller,
    Form(opening): Form<Opening>,
) -> Result<Response, Failed> {
    let case = open_of(&app, &caller, opening.key, &opening.alert).await?;
    Ok(Redirect::to(&path(&case.id)).into_response())
}

async fn shown(
    app: &App,
    caller: &Caller,
    case: Case,
    problem: Option<Problem>,
) -> Result<Response, Failed> {
    let desk = app.desk()?;
    let status = problem
        .as_ref()
        .map_or(StatusCode::OK, Problem::status_code);
    let error = problem.map_or_else(String::new, |problem| problem.detail);
    let page = compose(app, desk, caller, case, error).await?;
    let html = page.render().map_err(|fault| Problem::internal(&fault))?;
    Ok((status, Html(html)).into_response())
}

async fn compose(
    app: &App,
    desk: &Desk,
    caller: &Caller,
    case: Case,
    error: String,
) -> Result<CasePage, Problem> {
    let person = caller.person()?;
    let now = desk.now_ms();
    Ok(CasePage {
        frame: Frame::of(app, caller),
        error,
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
        forms: forms(&case, &offered(&case, person))?,
        people: investigators(desk).await?,
        outcomes: Outcome::ALL.map(|of| choice(&of, c(of.chinese()))).into(),
        reasons: Reason::ALL.map(|of| choice(&of, c(of.chinese()))).into(),
        measures: Measure::ALL
            .map(|of| choice(&of, &measure_words(of)))
            .into(),
        proposed: case.measures.iter().map(proposed).collect(),
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
        deeds: log(desk, &case.id)
            .await?
            .into_iter()
            .map(deed_row)
            .collect(),
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

/// What each action is called.
const WORDS: [(&str, &str, &str); 22] = [
    ("open", "立件", "opened"),
    ("escalate", "等级上升", "the alert rose"),
    ("acknowledge", "签收", "acknowledge"),
    ("assign", "分办", "assign to a district and investigators"),
    ("check", "记录核查情况", "sign what was found"),
    ("ask", "请其他单位补充数据", "ask another agency"),
    ("answered", "收到补充数据", "it answered"),
    ("judge", "研判", "conclude"),
    ("propose", "提出处置措施", "propose a measure"),
    ("approve", "批准措施", "approve a measure"),
    ("refuse", "不予批准", "refuse a measure"),
    ("carry", "措施已执行", "a measure was carried out"),
    ("label", "反馈办理结果", "outcome"),
    ("correct", "更正办理结果", "correct the outcome"),
    ("archive", "归档", "archive"),
    ("merge", "并案", "merge into another case"),
    ("hand-over", "移交外地", "hand over to elsewhere"),
    ("suspend", "暂缓", "suspend"),
    ("resume", "恢复办理", "resume"),
    ("appeal", "记录复议或诉讼", "note an appeal"),
    ("appeal-decided", "复议或诉讼已决", "the appeal is decided"),
    ("retract", "撤回", "retract"),
];

/// What an action is called in the reader's language.
pub(super) fn action_words(name: &str) -> &str {
    let known = WORDS.iter().find(|(known, ..)| *known == name);
    known.map_or(name, |(_, chinese, english)| either(chinese, english))
}

/// A form for each action that makes sense; of several measures the rules say the
/// rest.
fn forms(case: &Case, may: &[&'static str]) -> Result<Vec<ActionForm>, Problem> {
    let decided = |of: &Proposal| of.decided.is_some() || !of.needs_approval;
    let sensible = |name: &str| match name {
        "approve" | "refuse" => case.measures.iter().any(|of| !decided(of)),
        "carry" => case
            .measures
            .iter()
            .any(|of| decided(of) && of.carried.is_none()),
        _ => true,
    };
    let mut forms = Vec::new();
    for name in may.iter().filter(|name| sensible(name)) {
        let Some((_, chinese, english)) = WORDS.iter().find(|(known, ..)| known == name) else {
            continue;
        };
        forms.push(ActionForm {
            name,
            words: either(chinese, english),
            key: secrets::id().map_err(|fault| Problem::internal(&fault))?,
            text: !matches!(*name, "acknowledge" | "assign" | "approve" | "archive"),
        });
    }
    Ok(forms)
}

async fn investigators(desk: &Desk) -> Result<Vec<Choice>, Problem> {
    let people = desk.docket.people().await?.into_iter();
    let people = people.filter(|of| !of.disabled && of.roles.contains(&Role::Investigator));
    let choice = people.map(|person| Choice {
        words: format!("{} ({})", person.display, person.name),
        value: person.name,
    });
    Ok(choice.collect())
}

/// By the name it has in JSON.
fn choice(of: &impl serde::Serialize, words: &str) -> Choice {
    let name = serde_json::to_value(of).unwrap_or_default();
    Choice {
        value: name.as_str().unwrap_or_default().to_owned(),
        words: words.to_owned(),
    }
}

fn measure_words(of: Measure) -> String {
    let approval = if of.needs_approval() {
        t(" · needs the head's approval")
    } else {
        ""
    };
    format!("{}({}){approval}", c(of.chinese()), of.basis())
}

fn proposed(of: &Proposal) -> Choice {
    Choice {
        value: of.number.to_string(),
        words: format!("{} {}", of.number, c(of.measure.chinese())),
    }
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
        Action::Case(action) => (
            action_words(action.name()).to_owned(),
            action.text().to_owned(),
        ),
        other => (other.kind(), String::new()),
    };
    DeedRow {
        time: text::clock(deed.time_ms),
        who: deed.who.name(),
        what,
        text,
    }
}
