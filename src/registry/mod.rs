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
pub mod subgroup;

pub use log::{Action, Deed, Entry};
pub use shelf::{Shelf, Signed, Version};

use dossier::Dossier;
use log::{Files, LOG};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
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
        self.try_on(&deed)?;
        let name = |ending: &str| self.folder.join(format!("{}{ending}", card.version()));
        put(&name(".json"), &artifact).map_err(failed)?;
        put(&name(".dossier.json"), &known).map_err(failed)?;
        self.record(deed)
    }

    /// Does something with a version that is on the shelf.
    ///
    /// # Errors
    /// Why it may not be done.
    pub fn record(&self, deed: Deed) -> Result<Entry, String> {
        log::append(&self.folder.join(LOG), |entries| {
            // As the log is now, whoever wrote to it since it was read.
            let mut shelf = Shelf::of(entries)?;
            shelf.apply(&deed, "")?;
            Ok(deed)
        })
    }

    fn try_on(&self, deed: &Deed) -> Result<(), String> {
        self.shelf.clone().apply(deed, "")
    }
}

/// Writes a file that is there whole or not at all, and waits for the disk.
fn put(file: &Path, text: &str) -> std::io::Result<()> {
    let next = file.with_extension("next");
    let mut handle = File::create(&next)?;
    handle.write_all(text.as_bytes())?;
    handle.sync_all()?;
    std::fs::rename(next, file)
}
