//! The registry of models: versioned artifacts, how far each has come, and who
//! did what and why.
//!
//! It lies beside the configuration, not in the state directory: whatever is in
//! that can be computed again from what agencies delivered, and it may be removed
//! to start afresh. Who approved which model cannot. A version is two files,
//! written once, `<version>.json` (the artifact) and `<version>.dossier.json`
//! (what it was trained on and how good it is); where it stands follows from the
//! log alone. A running process reads the log as it reads its other rules: what is
//! approved comes into force as one epoch.

pub mod card;
pub mod command;
pub mod dossier;
pub mod impact;
mod log;
mod measure;
mod shelf;
mod signer;
pub mod subgroup;

pub use log::{Action, Deed, Entry};
pub use shelf::{Shelf, Signed, Version};

use dossier::Dossier;
use log::{Files, LOG};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use tocsin_alerts::casework::rule::check_text;
use tocsin_models::Artifact;

/// A registry as it was read.
#[derive(Debug, Clone)]
pub struct Registry {
    folder: PathBuf,
    entries: Vec<Entry>,
    shelf: Shelf,
}

impl Registry {
    /// Reads a registry; a folder that is not there is an empty one. The chain of
    /// the log is followed from its beginning, and every deed in it judged.
    ///
    /// # Errors
    /// The first thing that is wrong, with file and line.
    pub fn read(folder: &Path) -> Result<Registry, String> {
        let entries = log::read(&folder.join(LOG))?;
        let shelf = Shelf::of(&entries)
            .map_err(|fault| format!("`{}`: {fault}", folder.join(LOG).display()))?;
        Ok(Registry {
            folder: folder.to_owned(),
            entries,
            shelf,
        })
    }

    /// The log's file in a registry.
    pub fn log_file(folder: &Path) -> PathBuf {
        folder.join(LOG)
    }

    /// Every deed, the first first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Where every version stands.
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// The hash of the last deed, which stands for all before it; empty: there
    /// is none.
    pub fn head(&self) -> &str {
        self.entries.last().map_or("", |entry| &entry.hash)
    }

    /// A version's artifact.
    pub fn artifact_file(&self, version: &Version) -> PathBuf {
        self.folder.join(format!("{}.json", version.version))
    }

    fn dossier_file(&self, version: &Version) -> PathBuf {
        self.folder
            .join(format!("{}.dossier.json", version.version))
    }

    /// The artifact of the version in force, whose content is what was submitted;
    /// `None`: none is in force.
    ///
    /// # Errors
    /// When the file is gone or was changed.
    pub fn live_artifact(&self) -> Result<Option<PathBuf>, String> {
        self.shelf
            .live()
            .map(|v| self.whole_artifact(v))
            .transpose()
    }

    /// The same of the version that is scored beside it.
    ///
    /// # Errors
    /// When the file is gone or was changed.
    pub fn shadow_artifact(&self) -> Result<Option<PathBuf>, String> {
        let shadow = self.shelf.shadow();
        shadow.map(|v| self.whole_artifact(v)).transpose()
    }

    fn whole_artifact(&self, version: &Version) -> Result<PathBuf, String> {
        let file = self.artifact_file(version);
        self.content(&file, &version.files.artifact)?;
        Ok(file)
    }

    /// A file's text, which must be what was submitted.
    fn content(&self, file: &Path, expected: &str) -> Result<String, String> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("`{}` cannot be read: {error}", file.display()))?;
        match log::hash(text.as_bytes()) == expected {
            true => Ok(text),
            false => Err(format!(
                "`{}` was changed after it was submitted: its BLAKE3 is not the {expected} of the log",
                file.display()
            )),
        }
    }

    /// A version's artifact.
    ///
    /// # Errors
    /// When its file is gone, was changed, or is none.
    pub fn artifact(&self, version: &Version) -> Result<Artifact, String> {
        let file = self.artifact_file(version);
        let text = self.content(&file, &version.files.artifact)?;
        let card = Artifact::from_json(&text);
        card.map_err(|fault| format!("`{}`: {fault}", file.display()))
    }

    /// What is known of a version.
    ///
    /// # Errors
    /// When its file is gone, was changed, or is none.
    pub fn dossier(&self, version: &Version) -> Result<Dossier, String> {
        let file = self.dossier_file(version);
        let text = self.content(&file, &version.files.dossier)?;
        serde_json::from_str(&text).map_err(|fault| format!("`{}`: {fault}", file.display()))
    }

    /// Everything that is wrong with the files, the chain being whole.
    pub fn file_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for version in self.shelf.versions() {
            match self.artifact(version) {
                Ok(card) if card.version() == version.version => {}
                Ok(card) => faults.push(format!(
                    "`{}` holds version {}",
                    self.artifact_file(version).display(),
                    card.version()
                )),
                Err(fault) => faults.push(fault),
            }
            faults.extend(self.dossier(version).err());
        }
        faults
    }

    /// Puts a version on the shelf: first its files, then the entry that makes
    /// them count.
    ///
    /// # Errors
    /// When it is there already, or the disk refuses.
    pub fn submit(
        &self,
        card: &Artifact,
        dossier: &Dossier,
        person: &str,
        why: &str,
    ) -> Result<Entry, String> {
        let failed = |error: std::io::Error| format!("`{}`: {error}", self.folder.display());
        std::fs::create_dir_all(&self.folder).map_err(failed)?;
        let artifact = card.to_json();
        let known = serde_json::to_string_pretty(dossier).map_err(|fault| fault.to_string())?;
        let deed = Deed {
            person: person.to_owned(),
            action: Action::Submit,
            version: card.version().to_owned(),
            why: why.to_owned(),
            files: Some(Files {
                artifact: log::hash(artifact.as_bytes()),
                dossier: log::hash(known.as_bytes()),
            }),
        };
        let name = |ending: &str| self.folder.join(format!("{}{ending}", card.version()));
        log::append(&self.folder.join(LOG), |entries| {
            // Only who may submit it writes its files: whoever read the log before
            // another submitted the same version would write over theirs.
            allowed(entries, &deed)?;
            put(&name(".json"), &artifact).map_err(failed)?;
            put(&name(".dossier.json"), &known).map_err(failed)?;
            Ok(deed)
        })
    }

    /// Does something with a version that is on the shelf.
    ///
    /// # Errors
    /// Why it may not be done.
    pub fn record(&self, deed: Deed) -> Result<Entry, String> {
        log::append(&self.folder.join(LOG), |entries| {
            allowed(entries, &deed)?;
            Ok(deed)
        })
    }
}

/// Whether a deed may be done as the log is now, whoever wrote to it since it was read.
fn allowed(entries: &[Entry], deed: &Deed) -> Result<(), String> {
    check_text("why", &deed.why, true).map_err(|refused| refused.to_string())?;
    Shelf::of(entries)?.apply(deed, "")
}

/// Writes a file that is there whole or not at all, and waits for the disk.
fn put(file: &Path, text: &str) -> std::io::Result<()> {
    let next = file.with_extension("next");
    let mut handle = File::create(&next)?;
    handle.write_all(text.as_bytes())?;
    handle.sync_all()?;
    std::fs::rename(next, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A model of one feature; another intercept is another version.
    fn card(intercept: i64) -> Artifact {
        let text = include_str!("../../testdata/bench/model.json");
        let mut card: serde_json::Value = serde_json::from_str(text).unwrap();
        card["version"] = "".into();
        card["intercept"] = intercept.into();
        Artifact::from_json(&card.to_string()).unwrap()
    }

    fn dossier(card: &Artifact, of: &str) -> Dossier {
        let made =
            serde_json::json!({"data_hash": "", "config_hash": "", "created": "", "note": of});
        let json = serde_json::json!({"format": 1, "version": card.version(), "kind": "scorecard",
            "made": made, "program": "", "configuration": "", "features": "", "categories": {},
            "parameters": null, "measured": null});
        serde_json::from_value(json).unwrap()
    }

    fn deed(action: Action, version: &str, person: &str) -> Deed {
        Deed {
            person: person.to_owned(),
            action,
            version: version.to_owned(),
            why: "x".to_owned(),
            files: None,
        }
    }

    /// What each of two saw before either did something.
    fn two(folder: &Path) -> [Registry; 2] {
        [0, 1].map(|_| Registry::read(folder).unwrap())
    }

    #[test]
    fn who_comes_second_writes_over_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = two(folder.path());
        let model = card(-5_000_000);
        one.submit(&model, &dossier(&model, "one"), "甲", "x")
            .unwrap();
        let refused = other.submit(&model, &dossier(&model, "other"), "乙", "x");
        assert!(refused.unwrap_err().contains("甲 submitted it"));
        let now = Registry::read(folder.path()).unwrap();
        assert_eq!(now.file_faults(), Vec::<String>::new());
        let kept = now.dossier(&now.shelf().versions()[0]).unwrap();
        assert_eq!(kept, dossier(&model, "one"));
    }

    #[test]
    fn of_two_approvals_at_once_one_counts_and_none_of_what_is_no_longer_beside() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (card(-5_000_000), card(-6_000_000));
        let registry = Registry::read(folder.path()).unwrap();
        for model in [&a, &b] {
            registry
                .submit(model, &dossier(model, ""), "甲", "x")
                .unwrap();
        }
        registry
            .record(deed(Action::Shadow, a.version(), "甲"))
            .unwrap();
        let [one, other] = two(folder.path());
        // Between their look and their approval another version is put in its place.
        registry
            .record(deed(Action::Shadow, b.version(), "甲"))
            .unwrap();
        let stale = one
            .record(deed(Action::Approve, a.version(), "乙"))
            .unwrap_err();
        assert!(stale.contains("is draft"), "{stale}");
        registry
            .record(deed(Action::Shadow, a.version(), "甲"))
            .unwrap();
        one.record(deed(Action::Approve, a.version(), "乙"))
            .unwrap();
        let again = other
            .record(deed(Action::Approve, a.version(), "丙"))
            .unwrap_err();
        assert!(again.contains("is live"), "{again}");
        let now = Registry::read(folder.path()).unwrap();
        assert_eq!(
            now.shelf()
                .live()
                .unwrap()
                .approved
                .as_ref()
                .unwrap()
                .person,
            "乙"
        );
        // What was never approved is not brought back.
        let never = now
            .record(deed(Action::Rollback, b.version(), "丙"))
            .unwrap_err();
        assert!(never.contains("no version was in force before"), "{never}");
        for blank in ["", " ", "\u{200b}\u{3000}"] {
            let silent = Deed {
                why: blank.to_owned(),
                ..deed(Action::Retire, b.version(), "丙")
            };
            assert!(
                now.record(silent).unwrap_err().contains("says why"),
                "{blank:?}"
            );
        }
    }

    #[test]
    fn a_log_in_which_somebody_approved_their_own_is_refused_though_its_chain_is_whole() {
        for (who, action) in [("甲", Action::Approve), ("乙", Action::Rollback)] {
            let folder = tempfile::tempdir().unwrap();
            let model = card(-5_000_000);
            let registry = Registry::read(folder.path()).unwrap();
            registry
                .submit(&model, &dossier(&model, ""), "甲", "x")
                .unwrap();
            registry
                .record(deed(Action::Shadow, model.version(), "甲"))
                .unwrap();
            // Whoever may write the file writes what no command would.
            let forged = deed(action, model.version(), who);
            log::append(&folder.path().join(LOG), |_| Ok(forged)).unwrap();
            let refused = Registry::read(folder.path()).unwrap_err();
            assert!(refused.contains("entry 3"), "{refused}");
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(LOG);
        let model = card(-5_000_000);
        let registry = Registry::read(folder.path()).unwrap();
        registry
            .submit(&model, &dossier(&model, ""), "甲", "x")
            .unwrap();
        registry
            .record(deed(Action::Shadow, model.version(), "甲"))
            .unwrap();
        registry
            .record(deed(Action::Approve, model.version(), "乙"))
            .unwrap();
        // The same approval once more.
        let text = std::fs::read_to_string(&file).unwrap();
        let last = text.lines().last().unwrap().to_owned();
        std::fs::write(&file, format!("{text}{last}\n")).unwrap();
        assert!(Registry::read(folder.path()).is_err());
    }
}
