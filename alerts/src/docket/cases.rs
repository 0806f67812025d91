//! Which cases there are.

use super::conditions::{Conditions, MAX_PAGE, bodies, within};
use super::load::{NEVER, read};
use super::{Docket, DocketError};
use crate::casework::{Case, Stage};
use crate::level::Level;
use serde::de::DeserializeOwned;
use sqlx::Row;

/// Which cases.
#[derive(Debug, Clone, Default)]
pub struct CaseFilter {
    /// Those at this stage.
    pub stage: Option<Stage>,
    /// Those on which work goes on, or does not.
    pub open: Option<bool>,
    /// Those of this level.
    pub level: Option<Level>,
    /// Those of one of these districts; none: all.
    pub districts: Vec<String>,
    /// Those that this person investigates.
    pub person: Option<String>,
    /// Those of this enterprise.
    pub enterprise: Option<String>,
    /// Those of this alert.
    pub alert: Option<String>,
    /// Those of which a clock had run out at this instant.
    pub due_before_ms: Option<i64>,
    /// Where the last page ended.
    pub after: Option<String>,
    /// How many.
    pub limit: usize,
}

/// A page of cases, the newest first.
#[derive(Debug, Clone)]
pub struct CasePage {
    /// The cases.
    pub cases: Vec<Case>,
    /// Where the next page begins; none on the last.
    pub next: Option<String>,
}

impl Docket {
    /// A page of cases, the newest first.
    ///
    /// # Errors
    /// [`DocketError::Cursor`]; any failure of the database.
    pub async fn cases(&self, filter: &CaseFilter) -> Result<CasePage, DocketError> {
        let limit = filter.limit.clamp(1, MAX_PAGE);
        let mut asked = Conditions::default();
        if let Some(after) = &filter.after {
            let cursor = || DocketError::Cursor {
                cursor: after.clone(),
            };
            let number: i64 = after.parse().map_err(|_| cursor())?;
            asked.add("number < ?", number);
        }
        if let Some(stage) = filter.stage {
            asked.add("stage = ?", stage.name().to_owned());
        }
        match filter.open {
            // Written out, so that the indexes of open cases serve it.
            Some(true) => asked.text("open = 1"),
            Some(false) => asked.text("open = 0"),
            None => {}
        }
        if let Some(level) = filter.level {
            asked.add("level = ?", i64::from(level.rank()));
        }
        let texts = [
            ("enterprise = ?", &filter.enterprise),
            ("alert = ?", &filter.alert),
        ];
        for (condition, value) in texts {
            if let Some(value) = value {
                asked.add(condition, value.clone());
            }
        }
        if let Some(person) = &filter.person {
            asked.add("people LIKE ? ESCAPE '!'", within(person));
        }
        if let Some(due) = filter.due_before_ms {
            // No clock runs in a case that has ended: the index of open ones has them all.
            asked.text("open = 1");
            asked.add("due_ms < ?", due);
        }
        asked.districts(&filter.districts);
        let limited = asked.value(limit as i64 + 1);
        // The numbers first, so that what is put in order is small.
        let sql = format!(
            "SELECT number, body FROM cases WHERE number IN \
             (SELECT number FROM cases WHERE {} ORDER BY number DESC LIMIT {limited}) \
             ORDER BY number DESC",
            asked.sql()
        );
        let mut rows = self.rows(&sql, asked).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let next = last
            .map(|row| row.try_get::<i64, _>("number"))
            .transpose()?;
        let cases = bodies(&rows)?
            .iter()
            .map(|body| read("cases", body))
            .collect::<Result<_, _>>()?;
        Ok(CasePage {
            cases,
            next: next.map(|number| number.to_string()),
        })
    }

    /// One case.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn case(&self, id: &str) -> Result<Option<Case>, DocketError> {
        let body = self
            .body("SELECT body FROM cases WHERE id = $1", id)
            .await?;
        body.map(|body| read("cases", &body)).transpose()
    }

    /// Cases by their ids; those that there are, in no order.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn cases_with(&self, ids: &[&str]) -> Result<Vec<Case>, DocketError> {
        self.cases_in("id", ids).await
    }

    /// The cases of some alerts.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn cases_of(&self, alerts: &[&str]) -> Result<Vec<Case>, DocketError> {
        self.cases_in("alert", alerts).await
    }

    async fn cases_in(&self, column: &str, values: &[&str]) -> Result<Vec<Case>, DocketError> {
        let mut found = Vec::new();
        for part in values.chunks(MAX_PAGE) {
            let places: Vec<String> = (1..=part.len()).map(|place| format!("${place}")).collect();
            let sql = format!(
                "SELECT body FROM cases WHERE {column} IN ({}) ORDER BY number",
                places.join(", ")
            );
            let mut query = sqlx::query_scalar(&sql);
            for value in part {
                query = query.bind((*value).to_owned());
            }
            let bodies: Vec<String> = query.fetch_all(&self.pool).await?;
            for body in &bodies {
                found.push(read("cases", body)?);
            }
        }
        Ok(found)
    }

    /// Cases whose suspension is over at an instant, the first first.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn suspended_until(&self, time_ms: i64) -> Result<Vec<Case>, DocketError> {
        self.ended("cases", time_ms).await
    }

    pub(super) async fn ended<T: DeserializeOwned>(
        &self,
        table: &'static str,
        time_ms: i64,
    ) -> Result<Vec<T>, DocketError> {
        // The second condition is the index's own.
        let sql = format!(
            "SELECT body FROM {table} WHERE ends_ms <= $1 AND ends_ms < {NEVER} ORDER BY ends_ms LIMIT {MAX_PAGE}"
        );
        let bodies: Vec<String> = sqlx::query_scalar(&sql)
            .bind(time_ms)
            .fetch_all(&self.pool)
            .await?;
        bodies.iter().map(|body| read(table, body)).collect()
    }
}
