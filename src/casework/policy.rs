//! What the configured policy does by itself: it opens cases, lets them follow
//! their alert, ends suspensions and suppressions. Everything it does has a key
//! made of what it is about, so a kill or a second look doubles nothing; and it
//! looks at everything when it starts, so nothing is missed either.

use super::Desk;
use crate::view::View;
use anyhow::Result;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tocsin_alerts::casework::fold::{alert_subject, case_subject};
use tocsin_alerts::casework::{
    Action, Case, CaseAction, Refusal, Side, Suppression, SuppressionAction,
};
use tocsin_alerts::docket::{CaseFilter, DocketError, Intent};
use tocsin_alerts::lifecycle::{Alert, Status};
use tocsin_alerts::store::{AlertFilter, Order, StoreError};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// How often to see what has run out.
const PAUSE: Duration = Duration::from_secs(2);
/// Rows read at once.
const PAGE: usize = 500;
/// Deeds of one transaction. Whoever looks at a page while the policy opens cases waits
/// for its line in the log behind one of these, and no longer.
const DEEDS: usize = 50;

/// Follows the alerts until the process ends.
pub async fn follow(desk: Arc<Desk>, view: Arc<View>, mut stopping: watch::Receiver<bool>) {
    let mut events = view.listen();
    let mut look_at_all = true;
    // Of its own, so that it comes however many events there are.
    let mut time = tokio::time::interval(PAUSE);
    time.set_missed_tick_behavior(MissedTickBehavior::Delay);
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
                Ok(event) => {
                    let mut alerts = BTreeSet::from([event.event.alert.clone()]);
                    // Those that wait behind it are looked at together.
                    while alerts.len() < PAGE && let Ok(event) = events.try_recv() {
                        alerts.insert(event.event.alert.clone());
                    }
                    these(&desk, &view, alerts).await
                }
                Err(RecvError::Lagged(_)) => {
                    look_at_all = true;
                    Ok(())
                }
                Err(RecvError::Closed) => return,
            },
            _ = time.tick() => run_out(&desk, &view).await,
        };
        if let Err(error) = done {
            tracing::error!(%error, "the policy could not do what it should; it looks at all again");
            look_at_all = true;
        }
    }
}

/// Looks at every alert that is open, and at every open case whose alert is not.
async fn all(desk: &Desk, view: &View) -> Result<()> {
    let (mut after, mut seen) = (None, HashSet::new());
    loop {
        let filter = AlertFilter {
            level: None,
            status: Some(Status::Open),
            order: Order::Newest,
            after,
            limit: PAGE,
        };
        let page = view.store.alerts(&filter).await?;
        of_alerts(desk, &page.alerts).await?;
        seen.extend(page.alerts.into_iter().map(|alert| alert.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut after = None;
    loop {
        let filter = CaseFilter {
            open: Some(true),
            after,
            limit: PAGE,
            ..CaseFilter::default()
        };
        let page = desk.docket.cases(&filter).await?;
        let alerts = page.cases.into_iter().map(|case| case.alert);
        let unseen = alerts.filter(|alert| !seen.contains(alert)).collect();
        these(desk, view, unseen).await?;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    run_out(desk, view).await
}

async fn these(desk: &Desk, view: &View, ids: BTreeSet<String>) -> Result<()> {
    let mut alerts = Vec::with_capacity(ids.len());
    for id in ids {
        alerts.extend(view.store.alert(&id).await?.map(|(alert, _)| alert));
    }
    of_alerts(desk, &alerts).await
}

/// What follows from alerts as they stand.
async fn of_alerts(desk: &Desk, alerts: &[Alert]) -> Result<()> {
    let ids: Vec<&str> = alerts.iter().map(|alert| alert.id.as_str()).collect();
    let mut cases: HashMap<String, Vec<Case>> = HashMap::new();
    for case in desk.docket.cases_of(&ids).await? {
        cases.entry(case.alert.clone()).or_default().push(case);
    }
    let mut suppressed = HashMap::new();
    for suppression in desk.docket.suppressions(false).await? {
        suppressed.insert(suppression.alert.clone(), suppression);
    }
    let mut intents = Vec::new();
    for alert in alerts {
        match cases.get(&alert.id) {
            None if desk.docket.expired_of(&alert.id).await? => {}
            None => intents.extend(open(desk, alert)),
            Some(cases) => {
                let open = cases.iter().filter(|case| case.is_open());
                intents.extend(open.filter_map(|case| of_case(desk, alert, case)));
            }
        }
        let risen = suppressed.get(&alert.id);
        let risen = risen.filter(|suppressed| alert.level > suppressed.level);
        let hidden = risen.map(|suppressed| (suppressed, suppressed.hidden(alert.revision)));
        intents.extend(
            hidden.map(|(suppressed, hidden)| {
                lift(desk, suppressed, "预警升级,自动恢复显示", hidden)
            }),
        );
    }
    act(desk, intents).await
}

fn open(desk: &Desk, alert: &Alert) -> Option<Intent> {
    let reaches = desk
        .settings
        .open_from
        .is_some_and(|from| alert.level >= from);
    let opens = reaches && alert.status == Status::Open;
    opens.then(|| {
        let action = Action::Case(opening(desk, alert));
        desk.policy_intent("", &format!("open/{}", alert.id), action)
    })
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

fn of_case(desk: &Desk, alert: &Alert, case: &Case) -> Option<Intent> {
    let subject = case_subject(&case.id);
    if alert.status == Status::Retracted {
        let text = "预警所依据的数据已被来源更正或撤回".to_owned();
        let action = Action::Case(CaseAction::Retract { text });
        let key = format!("retract/{}/{}", case.id, alert.revision);
        return Some(desk.policy_intent(&subject, &key, action));
    }
    (alert.level > case.level).then(|| {
        let terms = desk.terms(alert.level);
        let action = Action::Case(CaseAction::Escalate {
            level: alert.level,
            terms,
        });
        let key = format!("escalate/{}/{}", case.id, alert.revision);
        desk.policy_intent(&subject, &key, action)
    })
}

/// Ends suspensions and suppressions whose time is over. The docket keeps them by
/// that time, so what has not run out costs nothing.
async fn run_out(desk: &Desk, view: &View) -> Result<()> {
    let now = desk.now_ms();
    let mut intents = Vec::new();
    for suppression in desk.docket.suppressed_until(now).await? {
        let hidden = hidden(view, &suppression).await?;
        let why = "期限届满,自动恢复显示";
        intents.push(lift(desk, &suppression, why, hidden));
    }
    for case in desk.docket.suspended_until(now).await? {
        if let Some(Side::Suspended { until_ms }) = case.side {
            let text = "暂缓期限届满".to_owned();
            let action = Action::Case(CaseAction::Resume { text });
            let key = format!("resume/{}/{until_ms}", case.id);
            intents.push(desk.policy_intent(&case_subject(&case.id), &key, action));
        }
    }
    act(desk, intents).await
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

fn lift(desk: &Desk, suppressed: &Suppression, why: &str, hidden: u32) -> Intent {
    let action = SuppressionAction::Lift {
        text: why.to_owned(),
        hidden,
    };
    let (alert, since_ms) = (&suppressed.alert, suppressed.since_ms);
    let key = format!("lift/{alert}/{since_ms}");
    desk.policy_intent(&alert_subject(alert), &key, Action::Suppression(action))
}

/// Does it all. Somebody may have done some of it meanwhile, or the other thing:
/// that is no fault.
async fn act(desk: &Desk, mut intents: Vec<Intent>) -> Result<()> {
    while !intents.is_empty() {
        let rest = intents.split_off(intents.len().min(DEEDS));
        for done in desk.docket.act_each(intents).await? {
            match done {
                Ok(_) | Err(DocketError::KeyReused { .. }) => {}
                Err(DocketError::Refused(Refusal::Conflict(why))) => {
                    tracing::debug!(why, "the policy had nothing to do");
                }
                Err(error) => return Err(error.into()),
            }
        }
        intents = rest;
    }
    Ok(())
}
