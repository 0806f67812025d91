//! Who has an account, and what each has seen.

use super::load::{names_of, read};
use super::{Docket, DocketError};
use crate::casework::{Person, Place};

impl Docket {
    /// One account.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn person(&self, name: &str) -> Result<Option<Person>, DocketError> {
        let body = self
            .body("SELECT body FROM people WHERE name = $1", name)
            .await?;
        body.map(|body| read("people", &body)).transpose()
    }

    /// Every account, by name.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn people(&self) -> Result<Vec<Person>, DocketError> {
        let query = sqlx::query_scalar("SELECT body FROM people ORDER BY name");
        let bodies: Vec<String> = query.fetch_all(&self.pool).await?;
        bodies.iter().map(|body| read("people", body)).collect()
    }

    /// Whether there is any account.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn has_people(&self) -> Result<bool, DocketError> {
        let query = sqlx::query_scalar("SELECT name FROM people LIMIT 1");
        let found: Option<String> = query.fetch_optional(&self.pool).await?;
        Ok(found.is_some())
    }

    /// Every name that an account has borne, the first first.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn names(&self, account: &str) -> Result<Vec<String>, DocketError> {
        let mut transaction = self.pool.begin().await?;
        names_of(&mut transaction, account).await
    }

    /// How far somebody has said that they have seen everything.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn place(&self, person: &str) -> Result<Option<Place>, DocketError> {
        let sql = "SELECT body FROM places WHERE person = $1";
        let query = sqlx::query_scalar(sql).bind(person.to_owned());
        let body: Option<String> = query.fetch_optional(&self.pool).await?;
        body.map(|body| read("places", &body)).transpose()
    }
}
