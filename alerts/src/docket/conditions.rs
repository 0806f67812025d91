//! Conditions as both databases number their parameters, and rows that meet them.

use super::load::Value;
use super::{Docket, DocketError};
use sqlx::Row;
use sqlx::any::AnyRow;

/// The most rows one page gives, whatever is asked for.
pub(super) const MAX_PAGE: usize = 1_000;

/// Conditions and their parameters, as both databases number them.
#[derive(Default)]
pub(super) struct Conditions {
    texts: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    /// Adds a condition that has no value.
    pub(super) fn text(&mut self, condition: &str) {
        self.texts.push(condition.to_owned());
    }

    /// Adds a condition in which `?` is the value.
    pub(super) fn add(&mut self, condition: &str, value: impl Into<Value>) {
        let place = self.value(value);
        self.texts.push(condition.replace('?', &place));
    }

    /// Adds a value; gives its place.
    pub(super) fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// Adds that one of the districts is among a row's; none: whatever they are.
    pub(super) fn districts(&mut self, districts: &[String]) {
        if districts.is_empty() {
            return;
        }
        let of_one = |district: &String| {
            let place = self.value(within(district));
            format!("districts LIKE {place} ESCAPE '!'")
        };
        let of_one: Vec<String> = districts.iter().map(of_one).collect();
        self.texts.push(format!("({})", of_one.join(" OR ")));
    }

    pub(super) fn sql(&self) -> String {
        match self.texts.is_empty() {
            true => "1 = 1".to_owned(),
            false => self.texts.join(" AND "),
        }
    }
}

impl Docket {
    pub(super) async fn rows(
        &self,
        sql: &str,
        conditions: Conditions,
    ) -> Result<Vec<AnyRow>, DocketError> {
        let mut query = sqlx::query(sql);
        for value in conditions.values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Number(number) => query.bind(number),
            };
        }
        Ok(query.fetch_all(&self.pool).await?)
    }

    pub(super) async fn body(&self, sql: &str, key: &str) -> Result<Option<String>, DocketError> {
        let query = sqlx::query_scalar(sql).bind(key.to_owned());
        Ok(query.fetch_optional(&self.pool).await?)
    }
}

/// The column `body` of rows.
pub(super) fn bodies(rows: &[AnyRow]) -> Result<Vec<String>, DocketError> {
    let bodies = rows.iter().map(|row| row.try_get::<String, _>("body"));
    Ok(bodies.collect::<Result<_, _>>()?)
}

/// The pattern that finds a name in `|a|b|`.
pub(super) fn within(name: &str) -> String {
    let mut escaped = String::new();
    for c in name.chars() {
        if "%_!".contains(c) {
            escaped.push('!');
        }
        escaped.push(c);
    }
    format!("%|{escaped}|%")
}
