//! `GET groups` and `GET groups/{id}`: enterprises that share subjects, and what
//! their records come to together. The id is anything that means a member.

use super::figures::Named;
use crate::explain::group::{Member, SharedSubject};
use crate::groups::{Group, Rank, rank};
use crate::pipeline::judge;
use crate::pipeline::records::Identity;
use crate::serve::app::App;
use crate::serve::lookup;
use crate::serve::params::{self, Nothing, Params, Segments};
use crate::serve::problem::Problem;
use crate::view::GroupAlert;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use tocsin_alerts::DISCLAIMER;
use tocsin_alerts::level::{Level, Reason, level_of};
use tocsin_dataflow::Assessment;
use tocsin_ingest::fact::SubjectKey;

/// The parameters of the list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Query {
    after: Option<String>,
    limit: Option<usize>,
}

#[derive(Serialize)]
pub(in crate::serve) struct Page {
    /// The highest score first.
    groups: Vec<GroupBody>,
    /// Give it as `after` for the next page; null on the last.
    next: Option<String>,
}

/// A group as one: its members' records added up, under the model in force.
#[derive(Serialize)]
struct GroupBody {
    /// The identifier of the member that names it.
    id: String,
    members: usize,
    /// Null where none of the members is registered.
    score: Option<GroupScore>,
    /// Its open alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<GroupAlert>,
    text: &'static str,
}

#[derive(Serialize)]
struct GroupScore {
    index: f64,
    log_odds: i64,
    probability: f64,
    /// By score and gates.
    level: Level,
    coverage: f64,
    hard_trigger: bool,
    categories: Vec<char>,
    agencies: Vec<String>,
    reasons: Vec<Reason>,
}

#[derive(Serialize)]
pub(in crate::serve) struct Whole {
    group: GroupBody,
    /// The member that names it.
    named: Named,
    members: Vec<Member>,
    shared: Vec<SharedSubject>,
}

impl GroupBody {
    fn of(app: &App, key: SubjectKey, group: &Group) -> GroupBody {
        GroupBody {
            id: Identity::of_key(key).id,
            alert: app.view.group_alert(key),
            members: group.members.len(),
            score: group.assessment.map(|scored| score(app, key, &scored)),
            text: DISCLAIMER,
        }
    }
}

fn score(app: &App, key: SubjectKey, scored: &Assessment) -> GroupScore {
    let records = &app.view.records();
    let figures = judge::assessment(records, key, Identity::of_key(key), scored);
    GroupScore {
        index: f64::from(figures.index) / 100.0,
        log_odds: figures.log_odds,
        probability: app.view.probability(figures.log_odds, figures.index),
        level: level_of(&figures, &records.settings.policy),
        coverage: f64::from(figures.coverage) / 1000.0,
        hard_trigger: figures.hard_trigger,
        categories: figures.category_letters(),
        agencies: lookup::agencies(app, figures.agencies),
        reasons: figures.reasons,
    }
}

/// A page of groups.
pub(in crate::serve) async fn list(
    State(app): State<App>,
    Params(query): Params<Query>,
) -> Result<Json<Page>, Problem> {
    let after = query.after.filter(|after| !after.is_empty());
    let after = after.map(|after| read_cursor(&after)).transpose()?;
    let (page, more) = app.view.groups.ranked(after, params::limit(query.limit)?);
    let last = page.last().filter(|_| more);
    let next = last.and_then(|(key, group)| Some(cursor(rank(*key, group.assessment.as_ref()?))));
    let groups = page
        .iter()
        .map(|(key, group)| GroupBody::of(&app, *key, group));
    Ok(Json(Page {
        groups: groups.collect(),
        next,
    }))
}

/// One group with its members.
pub(in crate::serve) async fn one(
    State(app): State<App>,
    Segments(id): Segments<String>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<Whole>, Problem> {
    let enterprise = lookup::enterprise(&app, &id).await?;
    let Some((key, group)) = app.view.groups.of(enterprise) else {
        let detail = format!("enterprise `{id}` belongs to no group");
        return Err(Problem::not_found(detail));
    };
    let Some(described) = lookup::ring(&app, enterprise).await? else {
        let detail = format!("enterprise `{id}` belongs to no group");
        return Err(Problem::not_found(detail));
    };
    let identity = lookup::identity(&app, key).await?;
    Ok(Json(Whole {
        group: GroupBody::of(&app, key, &group),
        named: Named {
            id: identity.id,
            name: identity.name,
            district: identity.district,
        },
        members: described.members,
        shared: described.shared,
    }))
}

fn cursor((Reverse(log_odds), group): Rank) -> String {
    format!("{log_odds}.{group:032x}")
}

fn read_cursor(text: &str) -> Result<Rank, Problem> {
    let read = text.split_once('.').and_then(|(log_odds, group)| {
        let group = u128::from_str_radix(group, 16).ok()?;
        Some((Reverse(log_odds.parse().ok()?), SubjectKey(group)))
    });
    read.ok_or_else(|| {
        let detail = format!("after `{text}`: allowed is what a page gave as `next`");
        Problem::bad_request(detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        let place = (Reverse(-7), SubjectKey(5 << 100));
        assert_eq!(read_cursor(&cursor(place)).unwrap(), place);
        assert!(read_cursor("7").is_err() && read_cursor("7.x").is_err());
    }
}
