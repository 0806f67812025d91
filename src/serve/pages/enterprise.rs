//! `/enterprises/{id}`: how an enterprise stands, since when, and why.

use super::changed::{self, ChangeCard, CheapestCard};
use super::explained::{self, Check, ContributionRow};
use super::glance::{self, WorkCard};
use super::rows::{EventRow, LevelMark, enterprise_path};
use super::work::{Form, Refused};
use super::{Failed, Frame, page};
use crate::casework::secrets;
use crate::explain::Explanation;
use crate::explain::brief::Element;
use crate::masking;
use crate::pipeline::judge;
use crate::pipeline::records::Identity;
use crate::serve::api::unmask::Unmasked;
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::chart::{self, Point};
use crate::serve::lookup::{self, Explained};
use crate::serve::params::{Params, Segments};
use crate::serve::problem::Problem;
use crate::serve::text;
use crate::serve::words::{c, either, fault, filters, say};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::collections::BTreeSet;
use tocsin_alerts::level::{Level, level_of};
use tocsin_alerts::lifecycle::{Alert, Status};
use tocsin_ingest::fact::SubjectKey;

/// Changes of the score that are drawn; the API gives all.
const MAX_POINTS: usize = 4_000;
/// Alerts shown, the last first.
const MAX_ALERTS: usize = 20;

/// An alert with its revisions.
pub(super) struct AlertCard {
    pub(super) id: String,
    pub(super) level: LevelMark,
    pub(super) status: &'static str,
    pub(super) opened: String,
    pub(super) revisions: Vec<EventRow>,
}

/// Members of a group shown; the API gives all.
const MAX_MEMBERS: usize = 50;

/// The group that an enterprise belongs to.
pub(super) struct GroupCard {
    /// How many belong to it.
    pub(super) size: usize,
    /// What they come to together.
    pub(super) index: String,
    pub(super) level: LevelMark,
    /// Its alert, where it has one.
    pub(super) alert: Option<(LevelMark, String)>,
    /// Where the API tells everything of it.
    pub(super) api: String,
    /// Path and name of the others, or what they are known by.
    pub(super) others: Vec<(String, String)>,
    /// How many of them are not shown.
    pub(super) more: usize,
}

/// The figures at the head of the page.
pub(super) struct Standing {
    pub(super) level: LevelMark,
    pub(super) meaning: &'static str,
    pub(super) index: String,
    pub(super) probability: String,
    pub(super) log_odds: String,
    /// Behind the calibration; empty where there is none.
    pub(super) calibrated: String,
    pub(super) confidence: String,
    /// How many sources are silent, and the first of them.
    pub(super) silent: String,
    /// What score and gates give by themselves, where the alert stands higher,
    /// since when, and when it falls.
    pub(super) assessed: String,
    /// How far the next level is.
    pub(super) next: String,
    /// What the challenger makes of it, where there is one.
    pub(super) challenger: String,
}

/// Everything on the page.
#[derive(Template)]
#[template(path = "enterprise.html")]
pub(super) struct EnterprisePage {
    pub(super) frame: Frame,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) district: String,
    pub(super) model: String,
    pub(super) as_of: String,
    pub(super) epoch: u64,
    pub(super) standing: Standing,
    pub(super) elements: Vec<Element>,
    /// What else there is to know at one glance: about what, and what.
    pub(super) brief: glance::Lines,
    /// What weighs most, and of the glance what matters first.
    pub(super) reasons: Vec<glance::Reason>,
    pub(super) glance: glance::Lines,
    pub(super) chart: String,
    pub(super) waterfall: String,
    pub(super) check: Check,
    pub(super) counting: Vec<ContributionRow>,
    pub(super) idle: Vec<ContributionRow>,
    pub(super) group: Option<GroupCard>,
    pub(super) alerts: Vec<AlertCard>,
    pub(super) api: String,
    /// Where the page is.
    pub(super) path: String,
    /// What the next level would take.
    pub(super) cheapest: Option<CheapestCard>,
    /// What changed, where that was asked for.
    pub(super) change: Option<ChangeCard>,
    /// How many features are hidden from the reader.
    pub(super) restricted: usize,
    /// The work on the open alert, for who works on such.
    pub(super) work: Option<WorkCard>,
    /// What is masked, for who may see one of it.
    pub(super) masks: Option<MaskCard>,
    /// Days that can be asked about: path and words.
    pub(super) since: Vec<(String, String)>,
}

/// What is masked on the page, and the form to see one of it.
pub(super) struct MaskCard {
    /// The marks that stand on the page.
    pub(super) marks: Vec<String>,
    /// What one of them stands for, for this request.
    pub(super) found: Option<Unmasked>,
    /// Why it was not shown, and what was typed.
    pub(super) error: String,
    pub(super) subject: String,
    pub(super) text: String,
    /// The id of the asking, if the form is sent.
    pub(super) key: String,
}

impl EnterprisePage {
    /// The page with what is unmasked in its place.
    fn uncovered(mut self, masks: Option<MaskCard>) -> EnterprisePage {
        if let Some(found) = masks.as_ref().and_then(|masks| masks.found.as_ref()) {
            let value = found.values.join(" / ");
            let rows = self.counting.iter_mut().chain(&mut self.idle);
            for record in rows.flat_map(|part| &mut part.records) {
                record.key = record.key.replace(&found.subject, &value);
                record.via = record.via.replace(&found.subject, &value);
            }
        }
        EnterprisePage { masks, ..self }
    }
}

/// Since when the page is to say what changed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Since {
    since: Option<String>,
}

/// How many days back one can ask with a click.
const BACK: [i32; 4] = [1, 7, 30, 90];

/// The page.
pub(in crate::serve) async fn enterprise(
    State(app): State<App>,
    caller: Caller,
    id: Result<Segments<String>, Problem>,
    query: Result<Params<Since>, Problem>,
) -> Result<Response, Failed> {
    let Segments(id) = id?;
    let Params(Since { since }) = query?;
    shown(&app, &caller, &id, since, Sent::default()).await
}

/// What a form came to for this one request.
#[derive(Default)]
struct Sent {
    found: Option<Unmasked>,
    refused: Option<Refused>,
}

/// The page once more, on which one mark is what it stands for.
pub(super) async fn uncovered(
    app: &App,
    caller: &Caller,
    id: &str,
    found: Unmasked,
) -> Result<Response, Failed> {
    let sent = Sent {
        found: Some(found),
        refused: None,
    };
    shown(app, caller, id, None, sent).await
}

/// The page with a form that was refused.
pub(super) async fn refused(
    app: &App,
    caller: &Caller,
    id: &str,
    refused: Refused,
) -> Result<Response, Failed> {
    let sent = Sent {
        found: None,
        refused: Some(refused),
    };
    shown(app, caller, id, None, sent).await
}

async fn shown(
    app: &App,
    caller: &Caller,
    id: &str,
    since: Option<String>,
    sent: Sent,
) -> Result<Response, Failed> {
    let key = lookup::enterprise(app, id).await?;
    let identity = lookup::identity(app, key).await?;
    caller.check_scope(identity.district.as_deref())?;
    let change = change_card(app, key, since, caller.clearance()).await?;
    let explained = lookup::explanation(app, key, caller.clearance()).await?;
    let restricted = explained.explanation.restricted;
    let alerts = app.view.store.alerts_of(&key.0.to_be_bytes()).await?;
    let open = alerts.iter().find(|alert| alert.status == Status::Open);
    let standing = standing(app, &explained, open);
    let work = glance::work(app, caller, &enterprise_path(&identity.id), open).await?;
    let refused = sent.refused.as_ref();
    let work = match refused {
        Some(refused) => work.map(|work| work.refused(refused)),
        None => work,
    };
    let status = refused.map_or(StatusCode::OK, |of| of.problem.status_code());
    let cards = cards(app, alerts, restricted > 0).await?;
    // Who belongs to a group may follow from what is hidden.
    let group = match restricted {
        0 => group_card(app, key).await?,
        _ => None,
    };
    let page_of = compose(app, caller, explained, standing, cards, group);
    let masks = masks(app, caller, &page_of, sent)?;
    let html = page(&EnterprisePage {
        change,
        work,
        ..page_of.uncovered(masks)
    })?;
    Ok((status, html).into_response())
}

/// What is masked on the page, for who may see one of it.
fn masks(
    app: &App,
    caller: &Caller,
    page: &EnterprisePage,
    sent: Sent,
) -> Result<Option<MaskCard>, Problem> {
    if !caller.may_take(app, "POST", "/enterprises/{id}") {
        return Ok(None);
    }
    let rows = page.counting.iter().chain(&page.idle);
    let texts = rows
        .flat_map(|part| &part.records)
        .flat_map(|record| [&record.key, &record.via]);
    let marks: BTreeSet<String> = texts.flat_map(|text| masking::marks_in(text)).collect();
    let refused = sent.refused.as_ref();
    let refused = refused.filter(|of| of.form == Form::Unmask);
    Ok(Some(MaskCard {
        marks: marks.into_iter().collect(),
        found: sent.found,
        error: refused.map_or_else(String::new, |of| of.problem.detail.clone()),
        subject: refused.map_or_else(String::new, |of| of.subject.clone()),
        text: refused.map_or_else(String::new, |of| of.text.clone()),
        key: secrets::id()?,
    }))
}

async fn change_card(
    app: &App,
    key: SubjectKey,
    since: Option<String>,
    clearance: u8,
) -> Result<Option<ChangeCard>, Problem> {
    let Some(since) = since else {
        return Ok(None);
    };
    let since_ms = crate::time::parse_instant(&since).map_err(Problem::bad_request)?;
    let card = match lookup::change(app, key, since_ms, None, clearance).await {
        Ok(change) => ChangeCard::of(since, &change),
        // It had no score then, say: the rest of the page stands.
        Err(problem) => ChangeCard::of_fault(since, problem.detail),
    };
    Ok(Some(card))
}

/// The days before the last epoch that one can ask about with a click.
fn days_back(app: &App, id: &str) -> Vec<(String, String)> {
    let today = crate::time::day_of(app.view.status().time_ms);
    let link = |days: i32| {
        let day = crate::time::day_text(today - days);
        (
            format!("{}?since={day}", enterprise_path(id)),
            say("{0} days", &[&days.to_string()]),
        )
    };
    BACK.map(link).to_vec()
}

fn compose(
    app: &App,
    caller: &Caller,
    explained: Explained,
    standing: Standing,
    alerts: Vec<AlertCard>,
    group: Option<GroupCard>,
) -> EnterprisePage {
    let Explained {
        explanation,
        history,
        agrees,
    } = explained;
    let (counting, idle) = explained::contributions(&explanation);
    let (glance, brief) = glance::lines(&explanation.brief);
    EnterprisePage {
        frame: Frame::of(app, caller),
        cheapest: changed::cheapest(&explanation),
        change: None,
        restricted: explanation.restricted,
        work: None,
        masks: None,
        since: days_back(app, &explanation.id),
        api: format!("/api/v1/enterprises/{}", text::segment(&explanation.id)),
        path: enterprise_path(&explanation.id),
        brief,
        glance,
        reasons: glance::reasons(&explanation),
        elements: explanation.brief.elements.clone(),
        chart: score_chart(app, &history),
        waterfall: explained::waterfall(&explanation),
        check: Check::of(&explanation, agrees),
        name: explanation.name.clone().unwrap_or_default(),
        district: explanation.district.clone().unwrap_or_default(),
        model: explanation.model,
        as_of: text::short_time(&explanation.as_of),
        epoch: explanation.epoch,
        id: explanation.id,
        standing,
        counting,
        idle,
        group,
        alerts,
    }
}

async fn group_card(app: &App, key: SubjectKey) -> Result<Option<GroupCard>, Problem> {
    let Some((named, group)) = app.view.groups.of(key) else {
        return Ok(None);
    };
    let others = group.members.iter().copied().filter(|other| *other != key);
    let shown: Vec<SubjectKey> = others.take(MAX_MEMBERS).collect();
    let size = group.members.len();
    let more = size - 1 - shown.len();
    let identities = app.blocking(move |view| {
        let known = view.records().identities(&shown)?;
        Ok(shown
            .into_iter()
            .map(|key| known.get(&key).cloned())
            .collect::<Vec<_>>())
    });
    let others = identities.await?.into_iter().flatten().map(|identity| {
        let name = identity.name.unwrap_or_else(|| identity.id.clone());
        (enterprise_path(&identity.id), name)
    });
    let settings = app.view.settings();
    let policy = &settings.policy;
    let scored = group.assessment.as_ref();
    let level = scored.map(|scored| level_of(&judge::figures(named, scored), policy));
    Ok(Some(GroupCard {
        size,
        index: scored.map_or_else(|| "—".to_owned(), |scored| text::index(scored.score.index)),
        level: level.unwrap_or_default().into(),
        alert: app
            .view
            .group_alert(key)
            .map(|alert| (alert.level.into(), alert.id)),
        api: format!(
            "/api/v1/groups/{}",
            text::segment(&Identity::of_key(named).id)
        ),
        others: others.collect(),
        more,
    }))
}

fn score_chart(app: &App, history: &[tocsin_alerts::store::HistoryRow]) -> String {
    let recent = &history[history.len().saturating_sub(MAX_POINTS)..];
    let point = |row: &tocsin_alerts::store::HistoryRow| Point {
        time_ms: row.time_ms,
        index: row.index,
        level: row.level,
    };
    let points: Vec<Point> = recent.iter().map(point).collect();
    let thresholds = app.view.settings().policy.thresholds;
    chart::step_line(&points, &thresholds, app.view.status().time_ms)
}

fn standing(app: &App, explained: &Explained, alert: Option<&Alert>) -> Standing {
    let explanation = &explained.explanation;
    let assessed = Level::from_name(&explanation.level).unwrap_or_default();
    let level = alert.map_or(assessed, |alert| alert.level);
    Standing {
        level: level.into(),
        meaning: c(level.meaning()),
        index: format!("{:.2}", explanation.index),
        probability: text::per_cent(explanation.probability),
        log_odds: text::log_odds(explanation.log_odds),
        calibrated: explanation
            .calibrated
            .map(text::log_odds)
            .unwrap_or_default(),
        confidence: format!("{:.2}", explanation.confidence),
        silent: silent(explanation),
        assessed: match assessed == level || explanation.restricted > 0 {
            true => String::new(),
            false => format!(
                "{}{}",
                either(assessed.chinese(), assessed.name()),
                held(app, alert)
            ),
        },
        next: next_level(app, level, explanation),
        challenger: challenger(explanation),
    }
}

fn silent(explanation: &Explanation) -> String {
    match &explanation.silent[..] {
        [] => String::new(),
        [one] => one.source.clone(),
        [first, rest @ ..] => format!("{} +{}", first.source, rest.len()),
    }
}

fn challenger(explanation: &Explanation) -> String {
    let Some(rival) = &explanation.challenger else {
        return String::new();
    };
    let level = Level::from_name(&rival.level).unwrap_or_default();
    format!(
        "{:.2} {} ({})",
        rival.index,
        either(level.chinese(), level.name()),
        rival.model
    )
}

/// Since when an alert is held above its figures, and how long it is.
fn held(app: &App, alert: Option<&Alert>) -> String {
    let since = alert.and_then(|alert| {
        let place = usize::from(alert.level.rank()).checked_sub(1)?;
        alert.below_since.get(place).copied().flatten()
    });
    let days = app.view.settings().policy.hysteresis_days;
    since.map_or_else(String::new, |since| {
        let day = crate::time::day_text(crate::time::day_of(since));
        say(
            ", since {0}; lowered after {1} days",
            &[&day, &days.to_string()],
        )
    })
}

/// How many points are missing to the next level, or which of its gates.
fn next_level(app: &App, level: Level, explanation: &Explanation) -> String {
    let index = explanation.index;
    let Some(next) = Level::from_rank(level.rank() + 1) else {
        return String::new();
    };
    let threshold = f64::from(app.view.settings().policy.thresholds.of(next));
    match threshold - index {
        missing if missing > 0.0 => say(
            "{1} points to {0}",
            &[
                either(next.chinese(), next.name()),
                &format!("{missing:.2}"),
            ],
        ),
        _ => {
            let lacks = explanation.next_level.as_ref();
            let lacks = lacks.filter(|lacks| lacks.level == next.name());
            let lacks = lacks.map_or_else(String::new, |lacks| {
                let said = lacks.lacks.iter().map(|of| fault(of));
                said.collect::<Vec<_>>().join("; ")
            });
            say(
                "at the index of {0}, gates not met: {1}",
                &[either(next.chinese(), next.name()), &lacks],
            )
        }
    }
}

async fn cards(app: &App, alerts: Vec<Alert>, restricted: bool) -> Result<Vec<AlertCard>, Problem> {
    let mut cards = Vec::new();
    for alert in alerts.into_iter().take(MAX_ALERTS) {
        let events = app
            .view
            .store
            .alert(&alert.id)
            .await?
            .map(|(_, events)| events);
        let events = events.unwrap_or_default();
        let shown = events
            .iter()
            .filter_map(|event| EventRow::told(event, restricted));
        let mut revisions: Vec<EventRow> = shown.collect();
        revisions.reverse();
        cards.push(AlertCard {
            level: alert.level.into(),
            status: text::status(alert.status),
            opened: text::clock(alert.opened_ms),
            id: alert.id,
            revisions,
        });
    }
    Ok(cards)
}
