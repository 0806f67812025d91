//! Open cases by when their next clock runs out.

use super::conditions::{Conditions, bodies};
use super::load::read;
use super::{Docket, DocketError};
use crate::casework::Case;

impl Docket {
    /// Open cases whose next clock runs out around an instant: at most so many of
    /// those after it, the next first, then at most so many of those before it, the
    /// last first; of one of the districts, or of all where none is given. Also
    /// whether there are more on either side.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn due_around(
        &self,
        districts: &[String],
        time_ms: i64,
        limit: usize,
    ) -> Result<(Vec<Case>, bool), DocketError> {
        let (mut cases, mut more) = (Vec::new(), false);
        for (condition, order) in [("due_ms >= ?", "ASC"), ("due_ms < ?", "DESC")] {
            let mut asked = Conditions::default();
            // Written out, so that the index of open cases serves it.
            asked.text("open = 1");
            asked.add(condition, time_ms);
            asked.districts(districts);
            let sql = format!(
                "SELECT body FROM cases WHERE {} ORDER BY due_ms {order} LIMIT {}",
                asked.sql(),
                limit + 1
            );
            let found = bodies(&self.rows(&sql, asked).await?)?;
            more |= found.len() > limit;
            for body in found.iter().take(limit) {
                cases.push(read("cases", body)?);
            }
        }
        Ok((cases, more))
    }
}
