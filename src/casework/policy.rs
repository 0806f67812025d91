//! What the configured policy does by itself: it opens cases, lets them follow
//! their alert, ends suspensions and suppressions. Everything it does has a key
//! made of what it is about, so a kill or a second look doubles nothing; and it
//! looks at everything when it starts, so nothing is missed either.

use super::Desk;
use crate::view::View;
use anyhow::Result;
use std::sync::Arc;
use std::time::Duration;
use tocsin_alerts::casework::fold::{alert_subject, case_subject};
use tocsin_alerts::casework::{
    Action, Case, CaseAction, Refusal, Side, Suppression, SuppressionAction,
};
use tocsin_alerts::docket::{CaseFilter, DocketError, Done};
use tocsin_alerts::lifecycle::{Alert, Status};
use tocsin_alerts::store::{AlertFilter, Order, StoreError};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

/// How often to see what has run out.
const PAUSE: Duration = Duration::from_secs(2);
/// Rows read at once.
const PAGE: usize = 500;

/// Follows the alerts until the process ends.
pub async fn follow(desk: Arc<Desk>, view: Arc<View>, mut stopping: watch::Receiver<bool>) {
    let mut events = view.listen();
    let mut look_at_all = true;
    let mut districts_noted = false;
    loop {
        if look_at_all && let Err(error) = all(&desk, &view).await {
            tracing::error!(%error, "the policy could not look at all alerts; it tries again");
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        look_at_all = false;
        if !districts_noted && view.status().ready {
            districts_noted = true;
            if let Err(error) = desk.note_districts(&view).await {
                tracing::error!(%error, "the districts there are could not be noted");
            }
        }
        let stop = async {
            let _ = stopping.wait_for(|stop| *stop).await;
        };
        let done = tokio::select! {
            () = stop => return,
            event = events.recv() => match event {
                Ok(event) => one(&desk, &view, &event.event.alert).await,
                Err(RecvError::Lagged(_)) => {
                    look_at_all = true;
                    Ok(())
                }
                Err(RecvError::Closed) => return,
            },
            () = tokio::time::sleep(PAUSE) => run_out(&desk, &view).await,
        };
        if let Err(error) = done {
            tracing::error!(%error, "the policy could not do what it should; it looks at all again");
            look_at_all = true;
        }
    }
}

/// Looks at every alert that is open, and at everything that hangs on one.
async fn all(desk: &Desk, view: &View) -> Result<()> {
    let mut after = None;
    loop {
        let filter = AlertFilter {
            level: None,
            status: Some(Status::Open),
            order: Order::Newest,
            after,
            limit: PAGE,
        };
        let page = view.store.alerts(&filter).await?;
        for alert in &page.alerts {
            of_alert(desk, alert).await?;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    for case in open_cases(desk).await? {
        one(desk, view, &case.alert).await?;
    }
    run_out(desk, view).await
}

/// Every case on which work goes on.
async fn open_cases(desk: &Desk) -> Result<Vec<Case>> {
    let (mut cases, mut after) = (Vec::new(), None);
    loop {
        let filter = CaseFilter {
            open: Some(true),
            after,
            limit: PAGE,
            ..CaseFilter::default()
        };
        let page = desk.docket.cases(&filter).await?;
        cases.extend(page.cases);
        after = page.next;
        if after.is_none() {
            return Ok(cases);
        }
    }
}

async fn one(desk: &Desk, view: &View, alert: &str) -> Result<()> {
    match view.store.alert(alert).await? {
        Some((alert, _)) => of_alert(desk, &alert).await,
        None => Ok(()),
    }
}

/// What follows from an alert as it stands.
async fn of_alert(desk: &Desk, alert: &Alert) -> Result<()> {
    let filter = CaseFilter {
        alert: Some(alert.id.clone()),
        limit: PAGE,
        ..CaseFilter::default()
    };
    let cases = desk.docket.cases(&filter).await?.cases;
    if cases.is_empty() {
        open(desk, alert).await?;
    }
    for case in cases.iter().filter(|case| case.is_open()) {
        of_case(desk, alert, case).await?;
    }
    if let Some(suppressed) = desk.docket.suppression(&alert.id).await?
        && suppressed.lifted.is_none()
        && alert.level > suppressed.level
    {
        lift(
            desk,
            &alert.id,
            suppressed.since_ms,
            "预警升级,自动恢复显示",
            suppressed.hidden(alert.revision),
        )
        .await?;
    }
    Ok(())
}

async fn open(desk: &Desk, alert: &Alert) -> Result<()> {
    let reaches = desk
        .settings
        .open_from
        .is_some_and(|from| alert.level >= from);
    if !reaches || alert.status != Status::Open {
        return Ok(());
    }
    let action = opening(desk, alert);
    ignore_refusal(
        desk.by_policy("", &format!("open/{}", alert.id), Action::Case(action))
            .await,
    )
}

/// The action that opens a case of an alert.
pub fn opening(desk: &Desk, alert: &Alert) -> CaseAction {
    CaseAction::Open {
        alert: alert.id.clone(),
        enterprise: alert.assessment.id.clone(),
        name: alert.assessment.name.clone(),
        district: alert.assessment.district.clone(),
        level: alert.level,
        terms: desk.terms(alert.level),
    }
}

async fn of_case(desk: &Desk, alert: &Alert, case: &Case) -> Result<()> {
    let subject = case_subject(&case.id);
    if alert.status == Status::Retracted {
        let text = "预警所依据的数据已被来源更正或撤回".to_owned();
        let action = Action::Case(CaseAction::Retract { text });
        let key = format!("retract/{}/{}", case.id, alert.revision);
        return ignore_refusal(desk.by_policy(&subject, &key, action).await);
    }
    if alert.level > case.level {
        let terms = desk.terms(alert.level);
        let action = Action::Case(CaseAction::Escalate {
            level: alert.level,
            terms,
        });
        let key = format!("escalate/{}/{}", case.id, alert.revision);
        return ignore_refusal(desk.by_policy(&subject, &key, action).await);
    }
    Ok(())
}

/// Ends suspensions and suppressions whose time is over.
async fn run_out(desk: &Desk, view: &View) -> Result<()> {
    let now = desk.now_ms();
    for suppression in desk.docket.suppressions(false).await? {
        if suppression.until_ms <= now {
            let hidden = hidden(view, &suppression).await?;
            lift(
                desk,
                &suppression.alert,
                suppression.since_ms,
                "期限届满,自动恢复显示",
                hidden,
            )
            .await?;
        }
    }
    for case in open_cases(desk).await? {
        if let Some(Side::Suspended { until_ms }) = case.side
            && until_ms <= now
        {
            let text = "暂缓期限届满".to_owned();
            let action = Action::Case(CaseAction::Resume { text });
            let key = format!("resume/{}/{until_ms}", case.id);
            ignore_refusal(desk.by_policy(&case_subject(&case.id), &key, action).await)?;
        }
    }
    Ok(())
}

/// How many events of its alert a suppression has hidden so far.
///
/// # Errors
/// When the store refuses.
pub async fn hidden(view: &View, suppression: &Suppression) -> Result<u32, StoreError> {
    let alert = view.store.alert(&suppression.alert).await?;
    let revision = alert.map_or(suppression.revision, |(alert, _)| alert.revision);
    Ok(suppression.hidden(revision))
}

async fn lift(desk: &Desk, alert: &str, since_ms: i64, why: &str, hidden: u32) -> Result<()> {
    let action = SuppressionAction::Lift {
        text: why.to_owned(),
        hidden,
    };
    let key = format!("lift/{alert}/{since_ms}");
    ignore_refusal(
        desk.by_policy(&alert_subject(alert), &key, Action::Suppression(action))
            .await,
    )
}

/// Somebody may have done it meanwhile, or the other thing: that is no fault.
fn ignore_refusal(done: Result<Done, DocketError>) -> Result<()> {
    match done {
        Ok(_) | Err(DocketError::KeyReused { .. }) => Ok(()),
        Err(DocketError::Refused(Refusal::Conflict(why))) => {
            tracing::debug!(why, "the policy had nothing to do");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
