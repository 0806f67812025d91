//! The districts there are, beside the log: they follow from registrations.

use super::{Docket, DocketError};

impl Docket {
    /// The districts that registering sources have named, as far as was noted.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn districts(&self) -> Result<Vec<String>, DocketError> {
        let sql = "SELECT name FROM districts ORDER BY name";
        Ok(sqlx::query_scalar(sql).fetch_all(&self.pool).await?)
    }

    /// Notes the districts that registering sources name: beside the log, since it
    /// follows from their records.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn note_districts(
        &self,
        names: impl IntoIterator<Item = String>,
    ) -> Result<(), DocketError> {
        let _turn = self.turn.lock().await;
        let mut transaction = self.begin().await?;
        for name in names {
            let sql = "INSERT INTO districts (name) VALUES ($1) ON CONFLICT (name) DO NOTHING";
            sqlx::query(sql)
                .bind(name)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}
