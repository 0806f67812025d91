//! Outcomes become labels: each is a record of the declared source, taken in the
//! way a pushed one is.
//!
//! Exactly once: the source's key is the case, so the same outcome again says
//! nothing new, and a corrected one replaces the first. How far delivery has come
//! is noted in the state directory, after the pipeline has answered: a kill in
//! between repeats a record, which the landing sees to be a duplicate; and
//! whoever removes the state directory has all outcomes delivered anew.

use super::Desk;
use crate::config::OutcomeSource;
use crate::pipeline::inputs::Push;
use crate::pipeline::stats::SourceStats;
use crate::time::{day_of, day_text};
use anyhow::{Context, Result};
use std::io::Write;
use std::path::{Path, PathBuf};
use tocsin_alerts::casework::{Action, CaseAction};
use tocsin_alerts::docket::Labelled;
use tocsin_ingest::catalogue::Catalogue;
use tocsin_ingest::source::Source;

/// The note in the state directory.
const NOTE: &str = "casework.delivered";
/// Outcomes that make one push.
const BATCH: usize = 500;

/// What is to be delivered, and what to note once it is.
pub struct Delivery {
    /// What the pipeline takes in.
    pub push: Push,
    /// The source's name, for messages.
    pub source: String,
    records: u64,
    upto: u64,
    note: PathBuf,
}

/// The next outcomes that were not delivered to this state; `None`: all were.
///
/// # Errors
/// When docket or note cannot be read.
pub async fn next(desk: &Desk, data: &Path, catalogue: &Catalogue) -> Result<Option<Delivery>> {
    let Some(to) = &desk.settings.outcomes else {
        return Ok(None);
    };
    let note = data.join(NOTE);
    let delivered = read_note(&note)?;
    let labelled = desk.docket.outcomes_after(delivered, BATCH).await?;
    let Some(last) = labelled.last() else {
        return Ok(None);
    };
    let source = catalogue
        .source(&to.source)
        .context("the outcome source is gone")?;
    let (text, records) = csv(desk, to, source, &labelled).await?;
    Ok(Some(Delivery {
        push: Push {
            source: source.index,
            name: format!("casework/{}-{}", labelled[0].seq, last.seq),
            bytes: text,
        },
        source: source.id.clone(),
        records,
        upto: last.seq,
        note,
    }))
}

impl Delivery {
    /// Whether there is any record in it: cases that say nothing of an enterprise
    /// have none.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// The pipeline has taken it in.
    ///
    /// # Errors
    /// When it could not be, or the note cannot be written.
    pub fn done(&self, stats: &SourceStats) -> Result<()> {
        if let Some(error) = &stats.error {
            anyhow::bail!("source `{}` refused the outcomes: {error}", self.source);
        }
        let rejected = stats.rejected_total();
        if rejected > 0 {
            // They are in the source's rejects with field and value; waiting
            // would keep all later outcomes from becoming labels.
            tracing::error!(
                rejected,
                source = self.source,
                "outcomes were rejected as records"
            );
        }
        write_note(&self.note, self.upto)
    }
}

/// The outcomes as CSV with a header, and how many.
async fn csv(
    desk: &Desk,
    to: &OutcomeSource,
    source: &Source,
    labelled: &[Labelled],
) -> Result<(Vec<u8>, u64)> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(source.delimiter)
        .from_writer(Vec::new());
    // What the source has besides is there and empty: a header that lacks a
    // declared column is none of its.
    let named: Vec<&str> = to.columns().map(String::as_str).collect();
    let others = source.columns.iter().map(|column| column.name.as_str());
    let others: Vec<&str> = others.filter(|name| !named.contains(name)).collect();
    writer.write_record(named.iter().chain(&others))?;
    let mut records = 0;
    for labelled in labelled {
        // Who was not found, or was counted already, teaches nothing; but where
        // that corrects what was taught, it has to be said.
        let (outcome, reason) = match &labelled.action {
            Action::Case(CaseAction::Label {
                outcome, reason, ..
            }) if outcome.is_label() => (outcome, reason),
            Action::Case(CaseAction::Correct {
                outcome, reason, ..
            }) => (outcome, reason),
            _ => continue,
        };
        let case = desk.docket.case(&labelled.case).await?;
        let case = case.with_context(|| format!("case `{}` is gone", labelled.case))?;
        // A group is no enterprise: its members' cases say what they are.
        if case.enterprise.starts_with("group:") {
            continue;
        }
        let day = day_text(day_of(labelled.time_ms));
        let reason = reason.map_or("", |reason| reason.chinese());
        let mut row = vec![case.id.as_str(), &case.enterprise, outcome.chinese()];
        row.extend(to.date.iter().map(|_| day.as_str()));
        row.extend(to.reason.iter().map(|_| reason));
        row.resize(named.len() + others.len(), "");
        writer.write_record(&row)?;
        records += 1;
    }
    Ok((writer.into_inner()?, records))
}

fn read_note(note: &Path) -> Result<u64> {
    match std::fs::read_to_string(note) {
        Ok(text) => {
            let number = text.trim().parse();
            number.with_context(|| format!("`{}` holds no number", note.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error).with_context(|| format!("`{}`", note.display())),
    }
}

/// The note is there whole or as it was before.
fn write_note(note: &Path, upto: u64) -> Result<()> {
    let next = note.with_extension("next");
    let mut file = std::fs::File::create(&next)?;
    writeln!(file, "{upto}")?;
    file.sync_all()?;
    std::fs::rename(next, note)?;
    Ok(())
}
