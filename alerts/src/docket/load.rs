//! The rows of what follows from the deeds, and the few that a deed concerns.

use super::DocketError;
use crate::casework::fold::person_subject;
use crate::casework::retention::Expired;
use crate::casework::{
    Action, Actor, Calendar, Case, CaseAction, Deed, Fold, Person, PersonAction, Place, Side,
    Suppression, approval,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{Any, Transaction};
use std::collections::BTreeSet;

/// No clock runs, nothing ends by itself.
pub(super) const NEVER: i64 = i64::MAX;

/// A row as it is written, and as verification expects it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) table: &'static str,
    /// The columns, the key first.
    pub(super) columns: &'static [&'static str],
    /// Their values; numbers are texts only here.
    pub(super) values: Vec<Value>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(i64),
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Number(number)
    }
}

pub(super) const CASE: &[&str] = &[
    "id",
    "number",
    "alert",
    "enterprise",
    "stage",
    "open",
    "level",
    "districts",
    "people",
    "due_ms",
    "ends_ms",
    "body",
];
pub(super) const PERSON: &[&str] = &["name", "body"];
pub(super) const PLACE: &[&str] = &["person", "body"];
pub(super) const EXPIRED: &[&str] = &["id", "alert", "body"];
pub(super) const SUPPRESSION: &[&str] = &["alert", "open", "ends_ms", "body"];

impl Row {
    pub(super) fn of_case(case: &Case, calendar: &Calendar) -> Result<Row, DocketError> {
        let number = case.id.trim_start_matches('C').parse().unwrap_or(0_i64);
        let mut districts: Vec<&str> = case.districts().collect();
        districts.sort_unstable();
        districts.dedup();
        let people = case.investigators.iter().map(|signed| signed.who.as_str());
        let running = case
            .clocks
            .iter()
            .filter(|c| c.ended_ms.is_none() && !c.stands());
        let due = running
            .map(|clock| clock.due_ms(calendar, clock.since_ms))
            .min();
        Ok(Row {
            table: "cases",
            columns: CASE,
            values: vec![
                case.id.clone().into(),
                number.into(),
                case.alert.clone().into(),
                case.enterprise.clone().into(),
                case.stage.name().to_owned().into(),
                i64::from(case.is_open()).into(),
                i64::from(case.level.rank()).into(),
                listed(districts.into_iter()).into(),
                listed(people).into(),
                due.unwrap_or(NEVER).into(),
                suspended_until(case).into(),
                body("cases", case)?.into(),
            ],
        })
    }

    pub(super) fn of_person(person: &Person) -> Result<Row, DocketError> {
        Ok(Row {
            table: "people",
            columns: PERSON,
            values: vec![person.name.clone().into(), body("people", person)?.into()],
        })
    }

    pub(super) fn of_place(person: &str, place: &Place) -> Result<Row, DocketError> {
        Ok(Row {
            table: "places",
            columns: PLACE,
            values: vec![person.to_owned().into(), body("places", place)?.into()],
        })
    }

    pub(super) fn of_expired(expired: &Expired) -> Result<Row, DocketError> {
        Ok(Row {
            table: "expired",
            columns: EXPIRED,
            values: vec![
                expired.id.clone().into(),
                expired.alert.clone().into(),
                body("expired", expired)?.into(),
            ],
        })
    }

    pub(super) fn of_suppression(suppression: &Suppression) -> Result<Row, DocketError> {
        let open = suppression.lifted.is_none();
        let ends_ms = if open { suppression.until_ms } else { NEVER };
        Ok(Row {
            table: "suppressions",
            columns: SUPPRESSION,
            values: vec![
                suppression.alert.clone().into(),
                i64::from(open).into(),
                ends_ms.into(),
                body("suppressions", suppression)?.into(),
            ],
        })
    }

    /// Writes the row in place of the one with its key.
    pub(super) async fn write(
        self,
        transaction: &mut Transaction<'_, Any>,
    ) -> Result<(), DocketError> {
        let places: Vec<String> = (1..=self.columns.len()).map(|n| format!("${n}")).collect();
        let others = &self.columns[1..];
        let set: Vec<String> = others
            .iter()
            .map(|c| format!("{c} = excluded.{c}"))
            .collect();
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}",
            self.table,
            self.columns.join(", "),
            places.join(", "),
            self.columns[0],
            set.join(", ")
        );
        let mut query = sqlx::query(&sql);
        for value in self.values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Number(number) => query.bind(number),
            };
        }
        query.execute(&mut **transaction).await?;
        Ok(())
    }
}

/// When a suspension ends by itself.
fn suspended_until(case: &Case) -> i64 {
    match case.side {
        Some(Side::Suspended { until_ms }) => until_ms,
        _ => NEVER,
    }
}

/// Names as one text in which each can be looked for: `|a|b|`.
pub(super) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.fold("|".to_owned(), |text, name| text + name + "|")
}

fn body(table: &'static str, value: &impl Serialize) -> Result<String, DocketError> {
    serde_json::to_string(value).map_err(|fault| DocketError::corrupt(table, fault))
}

pub(super) fn read<T: DeserializeOwned>(table: &'static str, body: &str) -> Result<T, DocketError> {
    serde_json::from_str(body).map_err(|fault| DocketError::corrupt(table, fault))
}

/// A fold of no more than what a deed concerns.
pub(super) async fn concerned(
    transaction: &mut Transaction<'_, Any>,
    deed: &Deed,
) -> Result<Fold, DocketError> {
    let mut fold = Fold::default();
    let mut people: Vec<&str> = Vec::new();
    let mut cases: Vec<&str> = Vec::new();
    if let Actor::Person(name) = &deed.who {
        people.push(name);
    }
    people.extend(deed.subject.strip_prefix("person/"));
    cases.extend(deed.subject.strip_prefix("case/"));
    match &deed.action {
        Action::Case(CaseAction::Assign { investigators, .. }) => {
            people.extend(investigators.iter().map(String::as_str));
        }
        Action::Case(CaseAction::Merge { into, .. }) => cases.push(into),
        Action::Case(CaseAction::Open { alert, .. }) => {
            let sql = "SELECT body FROM cases WHERE alert = $1";
            let query = sqlx::query_scalar(sql).bind(alert.clone());
            let bodies: Vec<String> = query.fetch_all(&mut **transaction).await?;
            for body in bodies {
                let case: Case = read("cases", &body)?;
                fold.cases.insert(case.id.clone(), case);
            }
        }
        Action::Removal(removal) => {
            cases.extend(removal.cases.iter().map(|expired| expired.id.as_str()));
        }
        Action::Seen(_) => {
            let person = deed.who.name();
            let sql = "SELECT body FROM places WHERE person = $1";
            if let Some(body) = one(transaction, sql, &person).await? {
                fold.places.insert(person, read("places", &body)?);
            }
        }
        Action::Suppression(_) => {
            let alert = deed.subject.strip_prefix("alert/").unwrap_or_default();
            let sql = "SELECT body FROM suppressions WHERE alert = $1";
            if let Some(body) = one(transaction, sql, alert).await? {
                fold.suppressions
                    .insert(alert.to_owned(), read("suppressions", &body)?);
            }
        }
        _ => {}
    }
    for name in people {
        if let Some(body) =
            one(transaction, "SELECT body FROM people WHERE name = $1", name).await?
        {
            fold.people.insert(name.to_owned(), read("people", &body)?);
        }
    }
    for id in cases {
        fold.cases.extend(
            case(transaction, id)
                .await?
                .map(|case| (id.to_owned(), case)),
        );
    }
    if needs_names(&deed.action) {
        let named: BTreeSet<String> = fold
            .cases
            .values()
            .flat_map(approval::accounts)
            .chain(fold.people.keys().map(String::as_str))
            .map(str::to_owned)
            .collect();
        for account in named {
            let names = names_of(transaction, &account).await?;
            fold.names.add(&account, names);
        }
    }
    Ok(fold)
}

/// Whether two persons are needed, so that it counts who somebody was before.
fn needs_names(action: &Action) -> bool {
    matches!(
        action,
        Action::Case(
            CaseAction::Assign { .. }
                | CaseAction::Judge { .. }
                | CaseAction::Approve { .. }
                | CaseAction::Refuse { .. }
        )
    )
}

/// Every name that an account has borne, the first first.
pub(super) async fn names_of(
    transaction: &mut Transaction<'_, Any>,
    account: &str,
) -> Result<Vec<String>, DocketError> {
    let sql = "SELECT action FROM deeds WHERE subject = $1 AND kind IN ('person.add', 'person.change') ORDER BY seq";
    let query = sqlx::query_scalar(sql).bind(person_subject(account));
    let actions: Vec<String> = query.fetch_all(&mut **transaction).await?;
    let mut names = Vec::with_capacity(actions.len());
    for action in actions {
        if let Action::Person(PersonAction::Add { person } | PersonAction::Change { person }) =
            read("deeds", &action)?
        {
            names.push(person.display);
        }
    }
    Ok(names)
}

/// A case as it is.
pub(super) async fn case(
    transaction: &mut Transaction<'_, Any>,
    id: &str,
) -> Result<Option<Case>, DocketError> {
    let body = one(transaction, "SELECT body FROM cases WHERE id = $1", id).await?;
    body.map(|body| read("cases", &body)).transpose()
}

async fn one(
    transaction: &mut Transaction<'_, Any>,
    sql: &str,
    key: &str,
) -> Result<Option<String>, DocketError> {
    let query = sqlx::query_scalar(sql).bind(key.to_owned());
    Ok(query.fetch_optional(&mut **transaction).await?)
}
