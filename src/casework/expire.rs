//! `tocsin audit expire`: what the law no longer asks for, and that it goes.
//!
//! It looks first and removes only where that is asked. Whatever goes, a line of the log
//! says how much of what, and by which rule.

use super::command::machine;
use super::{Desk, secrets};
use crate::config::Settings;
use crate::queue;
use crate::time::{day_of, day_text, instant_text};
use anyhow::{Context, Result};
use std::path::Path;
use tocsin_alerts::casework::Action;
use tocsin_alerts::casework::retention::{Expired, Kept};
use tocsin_alerts::docket::{Due, Held, Intent};
use tocsin_alerts::sink::{JOURNAL_FILE, Journal};

/// A day.
const DAY_MS: i64 = 24 * 3_600_000;

/// What was found of one kind, and which line says that it went.
struct Found {
    /// How much, in words.
    how_many: String,
    /// Something is, or was, there.
    any: bool,
    /// The last line that says so.
    seq: Option<u64>,
    /// What goes, one by one, where that can be told.
    each: Vec<String>,
    /// What is as old and stays, and why.
    stays: Held,
}

/// Looks for what need not be kept any longer, and removes it where that is asked.
pub(super) async fn expire(
    desk: &Desk,
    settings: &Settings,
    data: &Path,
    remove: bool,
) -> Result<()> {
    let mut scrub = false;
    for what in Kept::ALL {
        let days = desk.settings.retention.days(what);
        let before_ms = desk.now_ms() - days * DAY_MS;
        let found = match what {
            _ if what.is_of_cases() => cases(desk, what, before_ms, remove).await?,
            Kept::DeadLetters => dead_letters(desk, data, before_ms, remove).await?,
            Kept::Queues => queues(desk, settings, before_ms, remove).await?,
            _ if what.is_retired() => retired(desk, what, before_ms, remove).await?,
            _ => lines(desk, what, before_ms, remove).await?,
        };
        scrub |= found.any && remove && !what.is_beside();
        tell(what, days, before_ms, &found, remove);
    }
    if scrub {
        desk.docket.scrub().await?;
        say!("the store's files were rewritten: nothing of it is left in them");
    }
    if !remove {
        say!("nothing was removed: `tocsin audit expire --remove` does");
    }
    Ok(())
}

fn tell(what: Kept, days: i64, before_ms: i64, found: &Found, remove: bool) {
    let done = match (remove, found.seq) {
        (false, _) => "may be removed".to_owned(),
        (true, None) => "removed".to_owned(),
        (true, Some(seq)) => format!("removed; line {seq} says so"),
    };
    say!(
        "{:<13} kept {days} days ({}): {} from before {} {done}",
        what.name(),
        what.basis(),
        found.how_many,
        instant_text(before_ms)
    );
    for each in &found.each {
        say!("  {each}");
    }
    for (why, count) in &found.stays {
        say!("  {count} as old stay: {why}");
    }
}

fn intent(desk: &Desk, what: Kept) -> Result<Intent> {
    Ok(Intent {
        who: machine(),
        role: String::new(),
        purpose: what.basis().to_owned(),
        subject: String::new(),
        key: secrets::id()?,
        action: Action::Removed,
        expected: None,
        time_ms: desk.now_ms(),
        credential: None,
    })
}

/// Lines of the log that stand alone.
async fn lines(desk: &Desk, what: Kept, before_ms: i64, remove: bool) -> Result<Found> {
    let (lines, seq) = match remove {
        false => (desk.docket.removable(what, before_ms).await?, None),
        true => {
            let intent = intent(desk, what)?;
            let removed = desk.docket.remove(what, before_ms, intent).await?;
            (removed.lines, removed.seq)
        }
    };
    Ok(Found {
        how_many: format!("{lines} lines"),
        any: lines > 0,
        seq,
        each: Vec::new(),
        stays: Held::new(),
    })
}

/// Cases with all that was done in them.
async fn cases(desk: &Desk, what: Kept, before_ms: i64, remove: bool) -> Result<Found> {
    let (due, stays) = desk.docket.due(what, before_ms).await?;
    let seq = match remove {
        false => None,
        true => {
            let intent = intent(desk, what)?;
            let removed = desk.docket.remove_cases(what, before_ms, intent).await?;
            removed.seq
        }
    };
    let lines: usize = due.iter().map(Due::lines).sum();
    let all = || due.iter().flat_map(|due| &due.cases);
    Ok(Found {
        how_many: format!("{} cases of {lines} lines", all().count()),
        any: lines > 0,
        seq,
        each: all().map(case_line).collect(),
        stays,
    })
}

fn case_line(case: &Expired) -> String {
    let ended = case.outcome.map_or(case.stage.name(), |of| of.chinese());
    let last = instant_text(case.last_ms);
    format!("{:<8} {ended}, last worked on {last}", case.id)
}

/// Suppressions and accounts, each with all its lines.
async fn retired(desk: &Desk, what: Kept, before_ms: i64, remove: bool) -> Result<Found> {
    let due = desk.docket.retirable(what, before_ms).await?;
    let seq = match remove {
        false => None,
        true => {
            let intent = intent(desk, what)?;
            desk.docket.retire(what, before_ms, intent).await?.seq
        }
    };
    let lines: usize = due.iter().map(|one| one.lines.len()).sum();
    Ok(Found {
        how_many: format!("{} {} of {lines} lines", due.len(), what.name()),
        any: lines > 0,
        seq,
        each: due.into_iter().map(|one| one.name).collect(),
        stays: Held::new(),
    })
}

/// Events that receivers would not have, in the journal of the state directory.
async fn dead_letters(desk: &Desk, data: &Path, before_ms: i64, remove: bool) -> Result<Found> {
    let what = Kept::DeadLetters;
    let (mut names, mut seq) = (Vec::new(), None);
    if data.join(JOURNAL_FILE).exists() {
        let journal = Journal::open(data)?;
        names = journal.died_before(before_ms)?;
        seq = note(desk, what, before_ms, &names, remove).await?;
        if seq.is_some() {
            journal.drop_died_before(before_ms)?;
        }
    }
    Ok(Found {
        how_many: format!("{} letters", names.len()),
        any: !names.is_empty(),
        seq,
        each: Vec::new(),
        stays: Held::new(),
    })
}

/// Queues that were drawn before the day.
async fn queues(desk: &Desk, settings: &Settings, before_ms: i64, remove: bool) -> Result<Found> {
    let files = queue::drawn_before(&settings.queue.folder, &day_text(day_of(before_ms)))?;
    let mut names = Vec::with_capacity(files.len());
    for file in &files {
        let name = file.file_name().unwrap_or_default();
        names.push(name.to_string_lossy().into_owned());
    }
    // The line first: what it says and is still there goes the next time.
    let seq = note(desk, Kept::Queues, before_ms, &names, remove).await?;
    if seq.is_some() {
        for file in &files {
            std::fs::remove_file(file).with_context(|| format!("queue `{}`", file.display()))?;
        }
    }
    Ok(Found {
        how_many: format!("{} queues", names.len()),
        any: !names.is_empty(),
        seq,
        each: names,
        stays: Held::new(),
    })
}

/// The line that says what went of what lies beside the log.
async fn note(
    desk: &Desk,
    what: Kept,
    before_ms: i64,
    names: &[String],
    remove: bool,
) -> Result<Option<u64>> {
    if !remove || names.is_empty() {
        return Ok(None);
    }
    let intent = intent(desk, what)?;
    let noted = desk.docket.note_removal(what, before_ms, names, intent);
    Ok(Some(noted.await?))
}
