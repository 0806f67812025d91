//! All sources together: their order, and the accumulators (slots) that what
//! they say goes to.

use crate::declaration::Fault;
use crate::fact::Slot;
use crate::source::{Source, Surroundings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Most agencies: their evidence is a set of 64 bits.
pub const MAX_AGENCIES: usize = 64;

/// What a slot accumulates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotMeaning {
    /// Records of the source that name the enterprise.
    Mention,
    /// A signal: its kind.
    Signal(String),
    /// An attribute: its name.
    Attribute(String),
}

/// One accumulator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotInfo {
    /// The source that feeds it.
    pub source: u16,
    /// The agency that owns the source.
    pub agency: u8,
    /// What it accumulates.
    pub meaning: SlotMeaning,
    /// Whether its facts have an event day.
    pub dated: bool,
    /// Whether its values are keys that tell events apart.
    pub keyed: bool,
}

/// Where a source's slots begin: mention first, then signals, then attributes,
/// each in the order of the declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotRange {
    /// The slot that counts the records.
    pub mention: Slot,
    /// The first signal's.
    pub signals: Slot,
    /// The first attribute's.
    pub attributes: Slot,
}

/// Every source, checked, in the order of their names.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    sources: Vec<Source>,
    agencies: Vec<String>,
    slots: Vec<SlotInfo>,
    ranges: Vec<SlotRange>,
}

impl Catalogue {
    /// Reads every declaration below `folder` (`<agency>/<resource>.toml`).
    ///
    /// # Errors
    /// All faults of all files.
    pub fn read(folder: &Path, around: Surroundings<'_>) -> Result<Catalogue, Vec<Fault>> {
        let files = declarations(folder).map_err(|fault| vec![fault])?;
        let mut sources = Vec::new();
        let mut faults = Vec::new();
        for (id, file) in files {
            match Source::read(&file, &id, around) {
                Ok(source) => sources.push(source),
                Err(found) => faults.extend(found),
            }
        }
        if sources.is_empty() && faults.is_empty() {
            let message = "holds no source; a source is a file <agency>/<resource>.toml";
            faults.push(Fault::of_file(folder, message));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Self::of(sources).map_err(|message| vec![Fault::of_file(folder, message)])
    }

    /// Numbers checked sources and their slots.
    ///
    /// # Errors
    /// When there are more agencies, sources or slots than can be numbered.
    pub fn of(mut sources: Vec<Source>) -> Result<Catalogue, String> {
        sources.sort_by(|a, b| a.id.cmp(&b.id));
        let mut catalogue = Catalogue::default();
        for (index, source) in sources.iter_mut().enumerate() {
            source.index =
                u16::try_from(index).map_err(|_| "has more than 65,536 sources".to_owned())?;
            let agency = catalogue.agency_index(&source.agency)?;
            catalogue.add_slots(source, agency)?;
        }
        catalogue.sources = sources;
        Ok(catalogue)
    }

    fn agency_index(&mut self, name: &str) -> Result<u8, String> {
        let known = self.agencies.iter().position(|agency| agency == name);
        let index = known.unwrap_or(self.agencies.len());
        if index == self.agencies.len() {
            self.agencies.push(name.to_owned());
        }
        if index >= MAX_AGENCIES {
            return Err(format!(
                "names more than {MAX_AGENCIES} agencies; `{name}` is one too many"
            ));
        }
        Ok(index as u8)
    }

    fn add_slots(&mut self, source: &Source, agency: u8) -> Result<(), String> {
        let mut meanings = vec![SlotMeaning::Mention];
        meanings.extend(
            source
                .signals
                .iter()
                .map(|s| SlotMeaning::Signal(s.kind.clone())),
        );
        meanings.extend(
            source
                .attributes
                .iter()
                .map(|a| SlotMeaning::Attribute(a.name.clone())),
        );
        let signal = |place: usize| source.signals.get(place.wrapping_sub(1));
        let first = self.slots.len();
        if first + meanings.len() > usize::from(Slot::MAX) {
            return Err(format!(
                "declares more than {} signals and attributes",
                Slot::MAX
            ));
        }
        let mention = first as Slot;
        let signals = mention + 1;
        self.ranges.push(SlotRange {
            mention,
            signals,
            attributes: signals + source.signals.len() as Slot,
        });
        self.slots.extend(
            meanings
                .into_iter()
                .enumerate()
                .map(|(place, meaning)| SlotInfo {
                    source: source.index,
                    agency,
                    meaning,
                    dated: signal(place).is_some_and(|signal| signal.date.is_some()),
                    keyed: signal(place).is_some_and(|signal| !signal.distinct.is_empty()),
                }),
        );
        Ok(())
    }

    /// The sources, by index.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// A source by its name.
    pub fn source(&self, id: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.id == id)
    }

    /// The agencies, by index.
    pub fn agencies(&self) -> &[String] {
        &self.agencies
    }

    /// The accumulators, by slot.
    pub fn slots(&self) -> &[SlotInfo] {
        &self.slots
    }

    /// Where a source's slots begin.
    pub fn range(&self, source: &Source) -> SlotRange {
        self.ranges[usize::from(source.index)]
    }

    /// The slots that a feature's `from` means: a signal kind or an attribute.
    pub fn slots_of(&self, from: &str) -> Vec<Slot> {
        let means = |slot: &SlotInfo| match &slot.meaning {
            SlotMeaning::Signal(name) | SlotMeaning::Attribute(name) => name == from,
            SlotMeaning::Mention => false,
        };
        (0..self.slots.len() as Slot)
            .filter(|slot| means(&self.slots[usize::from(*slot)]))
            .collect()
    }
}

/// The declarations below a folder, by id.
fn declarations(folder: &Path) -> Result<BTreeMap<String, PathBuf>, Fault> {
    let mut found = BTreeMap::new();
    let mut pending = vec![folder.to_path_buf()];
    while let Some(current) = pending.pop() {
        let entries = std::fs::read_dir(&current)
            .map_err(|error| Fault::of_file(&current, format!("cannot be listed: {error}")))?;
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|ending| ending == "toml") {
                let id = path
                    .strip_prefix(folder)
                    .unwrap_or(&path)
                    .with_extension("");
                found.insert(id.to_string_lossy().replace('\\', "/"), path);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, agency: &str, rest: &str) {
        let file = folder.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let head =
            format!("agency = \"{agency}\"\nresource = \"r\"\nbasis = \"b\"\npath = \"*.csv\"\n");
        std::fs::write(file, format!("{head}{rest}")).unwrap();
    }

    fn read(folder: &Path) -> Result<Catalogue, Vec<Fault>> {
        let around = Surroundings {
            folder,
            link_kinds: &[],
        };
        Catalogue::read(folder, around)
    }

    const COLUMNS: &str = "[columns]\nid = \"text\"\nx = \"integer\"\n[enterprise]\nid = \"id\"\n";
    const SIGNAL: &str = "[[signal]]\nkind = \"A1\"\n";
    const ATTRIBUTE: &str = "[[attribute]]\nname = \"size\"\nvalue = \"x\"\n";

    #[test]
    fn slots_are_numbered_by_source_mention_signals_attributes() {
        let folder = tempfile::tempdir().unwrap();
        write(
            folder.path(),
            "b/late.toml",
            "one",
            &format!("{COLUMNS}{SIGNAL}{SIGNAL}"),
        );
        write(
            folder.path(),
            "a/early.toml",
            "two",
            &format!("{COLUMNS}{SIGNAL}{ATTRIBUTE}"),
        );
        write(folder.path(), "c/last.toml", "one", COLUMNS);
        std::fs::write(folder.path().join("a/notes.txt"), "no declaration").unwrap();
        let catalogue = read(folder.path()).unwrap();
        let ids: Vec<&str> = catalogue.sources().iter().map(|s| s.id.as_str()).collect();
        assert_eq!(ids, ["a/early", "b/late", "c/last"]);
        assert_eq!(catalogue.agencies(), ["two", "one"]);
        let mentions: Vec<Slot> = catalogue
            .sources()
            .iter()
            .map(|s| catalogue.range(s).mention)
            .collect();
        assert_eq!(mentions, [0, 3, 6]);
        let range = catalogue.range(&catalogue.sources()[0]);
        assert_eq!((range.signals, range.attributes), (1, 2));
        assert_eq!(catalogue.slots_of("A1"), [1, 4, 5]);
        assert_eq!(catalogue.slots_of("size"), [2]);
        assert!(catalogue.slots_of("A2").is_empty());
        let last = &catalogue.slots()[6];
        assert_eq!(
            (last.source, last.agency, &last.meaning),
            (2, 1, &SlotMeaning::Mention)
        );
        assert_eq!(catalogue.source("b/late").unwrap().index, 1);
    }

    #[test]
    fn the_faults_of_all_files_come_at_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(
            read(folder.path()).unwrap_err()[0]
                .message
                .contains("holds no source")
        );
        write(folder.path(), "a/x.toml", "one", "");
        write(folder.path(), "b/y.toml", "two", "mode = \"never\"\n");
        let files: Vec<String> = read(folder.path())
            .unwrap_err()
            .iter()
            .map(|fault| {
                fault
                    .file
                    .file_name()
                    .unwrap()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        assert!(files.contains(&"x.toml".to_owned()) && files.contains(&"y.toml".to_owned()));
    }

    #[test]
    fn there_are_at_most_64_agencies() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..65 {
            write(
                folder.path(),
                &format!("{number}/r.toml"),
                &number.to_string(),
                COLUMNS,
            );
        }
        let faults = read(folder.path()).unwrap_err();
        assert!(
            faults[0].message.contains("more than 64 agencies"),
            "{faults:?}"
        );
    }
}
