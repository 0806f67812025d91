//! The registry's log: one line an entry, each with the hash of the one before,
//! so that nothing in it can be changed, left out or moved without a trace.
//!
//! Contract: entries are only ever appended, under a lock, and are on the disk
//! when `append` returns. A last line without its end is what a kill left of an
//! entry that never counted. That the end of a log was cut off can be seen only
//! by whoever noted the hash of a later entry.

use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use tocsin_alerts::chain::Chain;
pub use tocsin_alerts::chain::hash;

/// The log's name in the registry.
pub const LOG: &str = "log.ndjson";

/// What was done with a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Put on the shelf, as a draft.
    Submit,
    /// To be scored beside the model in force.
    Shadow,
    /// Approved by another person: in force.
    Approve,
    /// In force again in place of the one that followed it.
    Rollback,
    /// Not to be used.
    Retire,
}

impl Action {
    /// As in the log.
    pub fn name(self) -> &'static str {
        match self {
            Action::Submit => "submit",
            Action::Shadow => "shadow",
            Action::Approve => "approve",
            Action::Rollback => "rollback",
            Action::Retire => "retire",
        }
    }
}

/// Hashes of a version's files, as they were when it was submitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// BLAKE3 of the artifact.
    pub artifact: String,
    /// BLAKE3 of the dossier.
    pub dossier: String,
}

/// What somebody does, before it is in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// Who.
    pub person: String,
    /// What.
    pub action: Action,
    /// With which version.
    pub version: String,
    /// Why.
    pub why: String,
    /// Its files, where it is submitted.
    pub files: Option<Files>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its number, from 1 without gaps.
    pub number: u64,
    /// When, RFC 3339, by the machine's clock.
    pub time: String,
    /// Who.
    pub person: String,
    /// What.
    pub action: Action,
    /// With which version.
    pub version: String,
    /// Why.
    pub why: String,
    /// The version's files, where it was submitted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub files: Option<Files>,
    /// The hash of the entry before; empty at the first.
    pub previous: String,
    /// BLAKE3 of this line with an empty hash.
    pub hash: String,
}

impl Entry {
    fn seal(number: u64, time: String, previous: &str, deed: &Deed) -> Entry {
        let mut entry = Entry {
            number,
            time,
            person: deed.person.clone(),
            action: deed.action,
            version: deed.version.clone(),
            why: deed.why.clone(),
            files: deed.files.clone(),
            previous: previous.to_owned(),
            hash: String::new(),
        };
        entry.hash = entry.computed();
        entry
    }

    fn computed(&self) -> String {
        hash(self.content().as_bytes())
    }

    /// What the hash is made of: the line with an empty hash.
    fn content(&self) -> String {
        let open = Entry {
            hash: String::new(),
            ..self.clone()
        };
        open.line()
    }

    fn line(&self) -> String {
        // Texts and numbers: it cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the line that follows.
    fn read(line: &str, chain: &mut Chain) -> Result<Entry, String> {
        let entry: Entry = serde_json::from_str(line).map_err(|fault| fault.to_string())?;
        if entry.line() != line {
            return Err("its hash is not that of its content: it was changed".to_owned());
        }
        let content = entry.content();
        chain.follow(
            entry.number,
            &entry.previous,
            &entry.hash,
            content.as_bytes(),
        )?;
        Ok(entry)
    }
}

/// Reads a log; a file that is not there is an empty one.
///
/// # Errors
/// The line that is broken, and how.
pub fn read(file: &Path) -> Result<Vec<Entry>, String> {
    match std::fs::read_to_string(file) {
        Ok(text) => entries(file, &text).map(|(entries, _)| entries),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(format!("`{}` cannot be read: {error}", file.display())),
    }
}

/// The entries of a text, and how many bytes they take.
fn entries(file: &Path, text: &str) -> Result<(Vec<Entry>, usize), String> {
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    let mut entries: Vec<Entry> = Vec::new();
    let mut chain = Chain::default();
    for (line, number) in text[..whole].lines().zip(1..) {
        let entry = Entry::read(line, &mut chain)
            .map_err(|fault| format!("{}:{number}: {fault}", file.display()))?;
        entries.push(entry);
    }
    Ok((entries, whole))
}

/// Appends what `decide` makes of the log as it is, and waits for the disk.
/// Others who append meanwhile wait.
///
/// # Errors
/// When the log is broken, the disk refuses, or `decide` does.
pub fn append(
    file: &Path,
    decide: impl FnOnce(&[Entry]) -> Result<Deed, String>,
) -> Result<Entry, String> {
    let failed = |error: std::io::Error| format!("`{}`: {error}", file.display());
    let is_new = !file.exists();
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let mut handle = options.open(file).map_err(failed)?;
    handle.lock().map_err(failed)?;
    let mut text = String::new();
    handle.read_to_string(&mut text).map_err(failed)?;
    let (before, whole) = entries(file, &text)?;
    let deed = decide(&before)?;
    let previous = before.last().map_or("", |entry| entry.hash.as_str());
    let time = crate::time::instant_text(crate::time::now_ms());
    let entry = Entry::seal(before.len() as u64 + 1, time, previous, &deed);
    handle.set_len(whole as u64).map_err(failed)?;
    handle.seek(SeekFrom::End(0)).map_err(failed)?;
    let line = entry.line() + "\n";
    handle.write_all(line.as_bytes()).map_err(failed)?;
    handle.sync_all().map_err(failed)?;
    if let Some(folder) = file.parent().filter(|_| is_new) {
        let folder = File::open(folder).map_err(failed)?;
        folder.sync_all().map_err(failed)?;
    }
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn deed(person: &str, why: &str) -> Deed {
        Deed {
            person: person.to_owned(),
            action: Action::Submit,
            version: "0123456789abcdef".to_owned(),
            why: why.to_owned(),
            files: None,
        }
    }

    #[test]
    fn a_torn_last_line_never_counted() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(LOG);
        let first = append(&file, |_| Ok(deed("甲", "one"))).unwrap();
        let mut text = std::fs::read_to_string(&file).unwrap();
        text.push_str("{\"number\":2,\"time\":");
        std::fs::write(&file, &text).unwrap();
        assert_eq!(read(&file).unwrap(), std::slice::from_ref(&first));
        let second = append(&file, |before| {
            assert_eq!(before.len(), 1);
            Ok(deed("乙", "two\nlines"))
        });
        let second = second.unwrap();
        assert_eq!(second.previous, first.hash);
        assert_eq!(read(&file).unwrap(), [first, second]);
    }

    #[test]
    fn what_is_refused_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(LOG);
        assert!(append(&file, |_| Err("no".to_owned())).is_err());
        assert!(read(&file).unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn any_change_of_any_byte_is_found(
            whys in proptest::collection::vec(".{0,12}", 2..5), at in any::<prop::sample::Index>(), byte in 32..127u8,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join(LOG);
            for why in &whys {
                append(&file, |_| Ok(deed("甲", why))).unwrap();
            }
            let entries = read(&file).unwrap();
            prop_assert_eq!(entries.len(), whys.len());
            let mut bytes = std::fs::read(&file).unwrap();
            // The last line's end is what makes it count.
            let place = at.index(bytes.len() - 1);
            prop_assume!(bytes[place] != byte);
            bytes[place] = byte;
            std::fs::write(&file, &bytes).unwrap();
            prop_assert!(read(&file).is_err());
        }

        #[test]
        fn a_line_that_is_left_out_or_moved_is_found(count in 3..6usize, gone in 0..4usize) {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join(LOG);
            for number in 0..count {
                append(&file, |_| Ok(deed("甲", &number.to_string()))).unwrap();
            }
            let text = std::fs::read_to_string(&file).unwrap();
            let mut lines: Vec<&str> = text.lines().collect();
            let gone = gone.min(count - 2);
            lines.swap(gone, gone + 1);
            std::fs::write(&file, lines.join("\n") + "\n").unwrap();
            prop_assert!(read(&file).is_err());
            lines.swap(gone, gone + 1);
            lines.remove(gone);
            std::fs::write(&file, lines.join("\n") + "\n").unwrap();
            prop_assert!(read(&file).is_err());
        }
    }
}
