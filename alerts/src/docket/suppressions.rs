//! What is not shown for a while.

use super::load::read;
use super::{Docket, DocketError};
use crate::casework::Suppression;

impl Docket {
    /// Suppressions whose time is over at an instant, the first first.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn suppressed_until(&self, time_ms: i64) -> Result<Vec<Suppression>, DocketError> {
        self.ended("suppressions", time_ms).await
    }

    /// The suppressions that were not lifted, or all.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn suppressions(&self, lifted_too: bool) -> Result<Vec<Suppression>, DocketError> {
        let sql = "SELECT body FROM suppressions WHERE open >= $1 ORDER BY alert";
        let query = sqlx::query_scalar(sql).bind(i64::from(!lifted_too));
        let bodies: Vec<String> = query.fetch_all(&self.pool).await?;
        bodies
            .iter()
            .map(|body| read("suppressions", body))
            .collect()
    }

    /// The last suppression of an alert.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn suppression(&self, alert: &str) -> Result<Option<Suppression>, DocketError> {
        let body = self
            .body("SELECT body FROM suppressions WHERE alert = $1", alert)
            .await?;
        body.map(|body| read("suppressions", &body)).transpose()
    }
}
