//! The districts there are: those that registering sources name. An account of a
//! district that nobody lies in would see nothing and nobody would know why.

use super::Desk;
use crate::pipeline::records::Records;
use crate::view::View;
use anyhow::Result;
use std::collections::BTreeSet;
use tocsin_alerts::docket::DocketError;

/// The districts that live registrations name; none where another process has
/// some of them, since then nobody here knows all.
///
/// # Errors
/// When the landing cannot be read.
pub fn of_registrations(records: &Records) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    if records.elsewhere().is_some() {
        return Ok(names);
    }
    for segment in records.segments() {
        let source = records.settings.catalogue.source(&segment.source);
        let Some(source) = source.filter(|source| source.registers) else {
            continue;
        };
        let Some(column) = source.display.district else {
            continue;
        };
        let column = &source.columns[column].name;
        let counts = |at| records.superseded.is_live(at);
        records.scan(&segment, counts, |record| {
            if !record.said.withdraws[record.index] {
                names.extend(record.text(column));
            }
        })?;
    }
    Ok(names)
}

impl Desk {
    /// Which of the districts asked for nobody lies in, and those that there are;
    /// `None`: all are known, or none is, because nothing was taken in yet.
    ///
    /// # Errors
    /// When the docket fails.
    pub async fn unknown_districts(&self, asked: &[String]) -> Result<Option<String>, DocketError> {
        let known = self.docket.districts().await?;
        let mut asked = asked.iter();
        let unknown = asked.find(|name| !known.contains(name));
        Ok(unknown
            .filter(|_| !known.is_empty())
            .map(|name| format!("district `{name}`: known are {}", known.join(", "))))
    }

    /// The same, and looks at the registrations anew before it says so.
    ///
    /// # Errors
    /// When docket or landing fail.
    pub async fn check_districts(
        &self,
        view: &std::sync::Arc<View>,
        asked: &[String],
    ) -> Result<Option<String>> {
        if asked.is_empty() {
            return Ok(None);
        }
        // Right after a start none may have been noted yet, though all are there.
        let none_known = self.docket.districts().await?.is_empty();
        if none_known || self.unknown_districts(asked).await?.is_some() {
            self.note_districts(view).await?;
        }
        Ok(self.unknown_districts(asked).await?)
    }

    /// Notes the districts there are, for those who cannot see the records.
    ///
    /// # Errors
    /// When docket or landing fail.
    pub async fn note_districts(&self, view: &std::sync::Arc<View>) -> Result<()> {
        let view = std::sync::Arc::clone(view);
        let found = tokio::task::spawn_blocking(move || of_registrations(&view.records()));
        Ok(self.docket.note_districts(found.await??).await?)
    }
}
