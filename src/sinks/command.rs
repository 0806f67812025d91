//! `tocsin sink`: what receivers would not have, and what becomes of it. Works
//! beside a run, which sees it within a second.

use super::text;
use crate::cli::Sink;
use crate::time::instant_text;
use anyhow::{Result, bail, ensure};
use std::path::Path;
use tocsin_alerts::sink::{DeadLetter, JOURNAL_FILE, Journal, Standing};

/// Dead letters listed of a sink; JSON has so many more.
const LISTED: usize = 20;
const LISTED_JSON: usize = 10_000;

/// `tocsin sink …`.
///
/// # Errors
/// When there is no journal, no such sink or no such dead letter.
pub fn sink(command: &Sink) -> Result<()> {
    match command {
        Sink::List { at, json } => list(&open(&at.data)?, *json),
        Sink::Retry { name, id, at } => {
            let journal = known(&at.data, name)?;
            let count = journal.retry(name, id.as_deref())?;
            found(count, id.as_deref())?;
            say!("sink {name}: {count} dead letters are tried once more; it is on");
            Ok(())
        }
        Sink::Drop { name, which, at } => {
            let journal = known(&at.data, name)?;
            let id = which.id.as_deref();
            let count = journal.drop_dead(name, id)?;
            found(count, id)?;
            say!("sink {name}: {count} dead letters forgotten");
            Ok(())
        }
    }
}

fn open(data: &Path) -> Result<Journal> {
    let file = data.join(JOURNAL_FILE);
    ensure!(
        file.exists(),
        "there is no `{}`: no run with a [[sink]] has been on this state directory",
        file.display()
    );
    Ok(Journal::open(data)?)
}

fn known(data: &Path, name: &str) -> Result<Journal> {
    let journal = open(data)?;
    if journal.standing(name)?.is_none() {
        let all = journal.standings()?;
        let names: Vec<&str> = all.iter().map(|sink| sink.name.as_str()).collect();
        bail!("no sink is called `{name}`; there are {}", names.join(", "));
    }
    Ok(journal)
}

/// One that is named must be there.
fn found(count: usize, id: Option<&str>) -> Result<()> {
    match id {
        Some(id) if count == 0 => bail!("`{id}` is no dead letter of it; see `tocsin sink list`"),
        _ => Ok(()),
    }
}

#[derive(serde::Serialize)]
struct Listed {
    #[serde(flatten)]
    standing: Standing,
    dead_letters: Vec<DeadLetter>,
}

fn list(journal: &Journal, json: bool) -> Result<()> {
    let mut sinks = Vec::new();
    for standing in journal.standings()? {
        let limit = if json { LISTED_JSON } else { LISTED };
        let dead_letters = journal.dead(&standing.name, limit)?;
        sinks.push(Listed {
            standing,
            dead_letters,
        });
    }
    if json {
        return crate::print(&format!("{}\n", serde_json::to_string_pretty(&sinks)?));
    }
    for sink in &sinks {
        crate::print(&text(std::slice::from_ref(&sink.standing)))?;
        for letter in &sink.dead_letters {
            let again = if letter.again {
                "  to be tried again"
            } else {
                ""
            };
            say!(
                "    {}  {}  {}{again}",
                letter.event,
                &instant_text(letter.died_ms)[..16],
                letter.reason
            );
        }
        let more = sink.standing.dead.saturating_sub(LISTED as u64);
        if more > 0 {
            say!("    … {more} more: --json lists them");
        }
    }
    Ok(())
}
