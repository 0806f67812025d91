//! What somebody who opens an alert has to know in the first minute: why, how sure,
//! how far, what next, and who holds it.

use super::office::case::{DueRow, due_row};
use super::work::{Form, Refused};
use crate::casework::secrets;
use crate::explain::Explanation;
use crate::explain::brief::{self, Brief, Tongue};
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::problem::Problem;
use crate::serve::text;
use crate::serve::words::{Lang, either, t};
use tocsin_alerts::casework::Role;
use tocsin_alerts::docket::CaseFilter;
use tocsin_alerts::lifecycle::Alert;

/// Reasons that stand at the head.
const REASONS: usize = 3;
/// Checks that stand there.
const CHECKS: usize = 2;

/// One reason: letter, what it says, and what it weighs.
pub(super) struct Reason {
    pub(super) letter: char,
    pub(super) title: String,
    pub(super) weight: String,
}

/// What weighs most for the level.
pub(super) fn reasons(explanation: &Explanation) -> Vec<Reason> {
    let speaks = explanation
        .contributions
        .iter()
        .filter(|part| part.weight > 0 || part.hard_trigger);
    let reason = |part: &crate::explain::Contribution| Reason {
        letter: part.category,
        title: part.title.clone(),
        weight: match part.hard_trigger {
            true => t(text::HARD_TRIGGER).to_owned(),
            false => text::short_log_odds(part.weight),
        },
    };
    speaks.take(REASONS).map(reason).collect()
}

/// Lines: what they are about, and what is said.
pub(super) type Lines = Vec<(&'static str, String)>;

/// The glance: of each kind what matters first; and all of it, where that is more.
pub(super) fn lines(brief: &Brief) -> (Lines, Lines) {
    let first = Brief {
        elements: Vec::new(),
        typologies: brief.typologies.iter().take(1).cloned().collect(),
        extent: Vec::new(),
        thresholds: nearest(brief),
        next_checks: brief.next_checks.iter().take(CHECKS).cloned().collect(),
    };
    let whole = Brief {
        elements: Vec::new(),
        ..brief.clone()
    };
    let tongue = tongue();
    (
        brief::lines_in(&first, tongue),
        brief::lines_in(&whole, tongue),
    )
}

/// The reader's language, as lines are told in it.
pub(super) fn tongue() -> Tongue {
    match Lang::now() {
        Lang::Chinese => Tongue::Chinese,
        Lang::English => Tongue::English,
    }
}

/// The highest threshold that is reached, and the one that comes next.
fn nearest(brief: &Brief) -> Vec<brief::Distance> {
    let reached = |of: &&brief::Distance| of.is_reached();
    let last = brief.thresholds.iter().rev().find(reached);
    let next = brief.thresholds.iter().find(|of| !of.is_reached());
    last.into_iter().chain(next).cloned().collect()
}

/// The work on an alert: the case that there is, or the form that opens one.
pub(super) struct WorkCard {
    pub(super) alert: String,
    pub(super) case: Option<Held>,
    /// The id of the action, if a form is sent.
    pub(super) key: String,
    pub(super) opens: bool,
    /// Whether they may keep the alert from being shown for a while.
    pub(super) suppresses: bool,
    /// Where the forms go.
    pub(super) action: String,
    /// Why no case was opened; empty: nobody tried.
    pub(super) not_opened: String,
    /// Why the alert is not hidden; empty: nobody tried.
    pub(super) not_hidden: String,
    /// What was typed then.
    pub(super) text: String,
    pub(super) until: String,
}

impl WorkCard {
    /// The card with a form that was refused, as it was sent.
    pub(super) fn refused(self, refused: &Refused) -> WorkCard {
        let why = |form: Form| match refused.form == form {
            true => refused.problem.detail.clone(),
            false => String::new(),
        };
        let (not_opened, not_hidden) = (why(Form::Open), why(Form::Suppress));
        let typed = |field: &String| match not_hidden.is_empty() {
            true => String::new(),
            false => field.clone(),
        };
        WorkCard {
            text: typed(&refused.text),
            until: typed(&refused.until),
            not_opened,
            not_hidden,
            ..self
        }
    }
}

/// A case: where it is, at which stage, who holds it, and what is due.
pub(super) struct Held {
    pub(super) id: String,
    pub(super) path: String,
    pub(super) stage: &'static str,
    pub(super) investigators: String,
    pub(super) due: Option<DueRow>,
}

/// What there is to do about an alert, for who may do something.
///
/// # Errors
/// When the casework store cannot be read.
pub(super) async fn work(
    app: &App,
    caller: &Caller,
    path: &str,
    alert: Option<&Alert>,
) -> Result<Option<WorkCard>, Problem> {
    let (Some(desk), Some(person), Some(alert)) = (&app.desk, &caller.person, alert) else {
        return Ok(None);
    };
    let office = [Role::DutyOfficer, Role::Investigator, Role::Head];
    if person.role_among(&office).is_none() {
        return Ok(None);
    }
    let filter = CaseFilter {
        alert: Some(alert.id.clone()),
        districts: person.districts.clone(),
        limit: 1,
        ..CaseFilter::default()
    };
    let found = desk.docket.cases(&filter).await?.cases.pop();
    let held = found.map(|case| {
        let names = case.investigators.iter().map(|by| by.display.as_str());
        Held {
            path: super::office::cases::path(&case.id),
            stage: either(case.stage.chinese(), case.stage.name()),
            investigators: names.collect::<Vec<_>>().join("、"),
            due: due_row(desk, &case, desk.now_ms()),
            id: case.id,
        }
    });
    let opens = [Role::DutyOfficer, Role::Head];
    Ok(Some(WorkCard {
        alert: alert.id.clone(),
        case: held,
        key: secrets::id()?,
        opens: person.role_among(&opens).is_some(),
        suppresses: caller.may_take(app, "POST", "/enterprises/{id}/work"),
        action: format!("{path}/work"),
        not_opened: String::new(),
        not_hidden: String::new(),
        text: String::new(),
        until: String::new(),
    }))
}
