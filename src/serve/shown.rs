//! Which alerts a reader is shown: those of their districts, with or without what
//! is suppressed.

use super::app::App;
use super::caller::Caller;
use super::problem::Problem;
use std::collections::HashMap;
use tocsin_alerts::casework::Suppression;
use tocsin_alerts::lifecycle::Alert;
use tocsin_alerts::store::{AlertFilter, AlertPage};

/// Pages of the store looked through for one of a reader's: then it ends early,
/// and its cursor goes on.
const MAX_PAGES: usize = 50;

/// What becomes of suppressed alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hidden {
    With,
    Without,
    Alone,
}

/// What a reader is shown.
pub(super) struct Shown {
    caller: Caller,
    hidden: Hidden,
    suppressions: HashMap<String, Suppression>,
    now_ms: i64,
}

impl Shown {
    /// What a caller is shown who asks for suppressed ones so: empty, `no`, `only`.
    pub(super) async fn of(app: &App, caller: Caller, suppressed: &str) -> Result<Shown, Problem> {
        let hidden = match suppressed {
            "" => Hidden::With,
            "no" => Hidden::Without,
            "only" => Hidden::Alone,
            _ => {
                let detail = format!("suppressed `{suppressed}`: allowed are no, only");
                return Err(Problem::bad_request(detail));
            }
        };
        let suppressions = match &app.desk {
            Some(desk) if hidden != Hidden::With => desk.docket.suppressions(false).await?,
            _ => Vec::new(),
        };
        let by_alert = suppressions.into_iter().map(|s| (s.alert.clone(), s));
        Ok(Shown {
            caller,
            hidden,
            suppressions: by_alert.collect(),
            now_ms: app.desk.as_ref().map_or(0, |desk| desk.now_ms()),
        })
    }

    fn shows(&self, alert: &Alert) -> bool {
        let suppression = self.suppressions.get(&alert.id);
        let hides = suppression.is_some_and(|s| s.hides(alert.level, self.now_ms));
        let wanted = match self.hidden {
            Hidden::With => true,
            Hidden::Without => !hides,
            Hidden::Alone => hides,
        };
        wanted && self.caller.sees(alert.assessment.district.as_deref())
    }

    /// A page of what is shown.
    pub(super) async fn page(
        &self,
        app: &App,
        mut filter: AlertFilter,
    ) -> Result<AlertPage, Problem> {
        let limit = filter.limit;
        let mut alerts = Vec::new();
        for _ in 0..MAX_PAGES {
            // No more than still fits: the cursor then ends where the page does.
            filter.limit = limit - alerts.len();
            let page = app.view.store.alerts(&filter).await?;
            alerts.extend(page.alerts.into_iter().filter(|alert| self.shows(alert)));
            filter.after = page.next;
            if alerts.len() == limit || filter.after.is_none() {
                break;
            }
        }
        Ok(AlertPage {
            alerts,
            next: filter.after,
        })
    }
}
