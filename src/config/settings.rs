//! `tocsin.toml`: where the inputs are, what the clock is, which model scores.

use super::association::{self, Association};
use super::caps::{self, Cap, read_caps};
use super::casework::{Office, check_outcomes, read_office};
use super::features::{self, Feature, Raised};
use super::ground::Ground;
use super::models::{ModelChoice, Models, read_models, read_queue};
use super::names::{Agency, Names, names_of, read_agencies, unknown_agencies};
use super::signals::{self, Law, Signal, speaks_for};
use super::sinks::{SinkSettings, check_clearance, read_sinks};
use super::training::{Training, read_training};
use crate::queue::QueueSettings;
use crate::registry::Registry;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tocsin_alerts::level::{ELEMENTS, Policy, element_bit};
use tocsin_dataflow::{Each, FeatureDef, GroupDef, Keeping, Measure, Plan, Role, SlotDef};
use tocsin_ingest::catalogue::{Catalogue, SlotInfo, SlotMeaning};
use tocsin_ingest::declaration::{Document, Fault, Section};
use tocsin_ingest::fact::{Slot, SubjectKind};
use tocsin_ingest::source::{Surroundings, is_signal_kind};
use xxhash_rust::xxh3::Xxh3;

/// Most kinds of links: they are numbered with a byte.
const MAX_LINK_KINDS: usize = 256;

/// What business time is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clock {
    /// The machine's.
    Wall,
    /// Always this day, from its midnight in Shanghai (milliseconds UTC).
    Fixed(i64),
    /// What a file says: one line, an RFC 3339 instant. For simulated time.
    File(PathBuf),
}

/// A declared kind of link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkKind {
    /// Its name.
    pub name: String,
    /// How many per cent of a value pass along it.
    pub share: u8,
}

/// A declared group: enterprises that share a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The link kind by which they share it, an index.
    pub link: u8,
    /// The signal that each of them gets, its value being how many they are.
    pub signal: String,
    /// From how many on.
    pub min: u32,
    /// Subjects with more than this are hubs and excluded.
    pub hub: u32,
    /// The accumulator.
    pub slot: Slot,
}

/// The whole configuration, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the sources' globs start.
    pub root: PathBuf,
    /// Every source.
    pub catalogue: Arc<Catalogue>,
    /// Every feature, in the order of declaration.
    pub features: Vec<Feature>,
    /// Every link kind.
    pub link_kinds: Vec<LinkKind>,
    /// Every group.
    pub groups: Vec<Group>,
    /// The graph of associated enterprises, if one is kept.
    pub association: Option<Association>,
    /// What business time is.
    pub clock: Clock,
    /// Where the model comes from.
    pub model: ModelChoice,
    /// The artifact that is scored beside the model in force.
    pub challenger: Option<PathBuf>,
    /// The folder of the registry that says which these are, where there is one.
    pub registry: Option<PathBuf>,
    /// Levels, gates and hysteresis.
    pub policy: Policy,
    /// How much categories and agencies may add to the score, whatever the model.
    pub caps: Vec<Cap>,
    /// Which feature says the sector, and which sectors are judged apart.
    pub sectors: Option<(String, Vec<i64>)>,
    /// What signals say and rest on, and the thresholds of the law, where that is
    /// declared.
    pub law: Law,
    /// What declared titles are called in English.
    pub names: Arc<Names>,
    /// What models are trained on, and how.
    pub training: Training,
    /// How queues are drawn and where they are written down.
    pub queue: QueueSettings,
    /// Who is told of alerts.
    pub sinks: Vec<SinkSettings>,
    /// Casework, who does it, and how they are served.
    pub office: Office,
    /// What a running process cannot change.
    pub ground: Ground,
    /// The files besides those of sources, `tocsin.toml` first.
    pub files: Vec<PathBuf>,
    /// Where the sources are declared.
    pub sources: PathBuf,
    /// Hash of every declaration: the version of the rules.
    pub hash: String,
    /// Hash of each part of the configuration, by its name: what two
    /// configurations differ in.
    pub parts: BTreeMap<String, String>,
}

/// Who works here, and by which clock: of a configuration in which anything else may
/// be wrong. What is wrong with these two shows where they are used.
///
/// # Errors
/// When the file cannot be read.
pub fn office_of(file: &Path) -> Result<(Office, Clock), Fault> {
    let document = Document::read(file)?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let (read, _) = document.examine(|root| (read_office(root, folder), read_clock(root, folder)));
    Ok(read)
}

impl Settings {
    /// Reads everything that `file` names.
    ///
    /// # Errors
    /// Every fault of every file.
    pub fn read(file: &Path) -> Result<Settings, Vec<Fault>> {
        let document = Document::read(file).map_err(|fault| vec![fault])?;
        let (mut draft, mut faults) = document.examine(|root| read_draft(root, file));
        // Where the file is no TOML, its other reader would only say so again.
        let policy = match toml::from_str::<toml::Table>(document.text()) {
            Ok(_) => keep(read_policy(&document), &mut faults).unwrap_or_default(),
            Err(_) => Policy::default(),
        };
        let folder = file.parent().unwrap_or(Path::new("."));
        let names: Vec<String> = draft
            .link_kinds
            .iter()
            .map(|kind| kind.name.clone())
            .collect();
        let around = Surroundings {
            folder,
            link_kinds: &names,
        };
        let catalogue =
            keep(Catalogue::read(&draft.sources, around), &mut faults).unwrap_or_default();
        let first_free = catalogue.slots().len() as Slot;
        for (group, slot) in draft.groups.iter_mut().zip(first_free..) {
            group.slot = slot;
        }
        if let Some(association) = draft.association.as_mut()
            && !catalogue.sources().is_empty()
        {
            let first = first_free + draft.groups.len() as Slot;
            association.resolve(first, &catalogue, file, &mut faults);
        }
        let law = read_law(&draft, &catalogue, &mut faults);
        let features = read_features(&draft, &catalogue, &law.signals, &mut faults);
        let (hash, ground) = hash_rules(file, &draft, &catalogue);
        let parts = hash_parts(file, &draft, &catalogue);
        check_sectors(&document, draft.sectors.as_ref(), &features, &mut faults);
        let unknown = caps::faults(&draft.caps, catalogue.agencies()).into_iter();
        faults.extend(unknown.map(|message| Fault::of_file(document.file(), message)));
        let unknown = unknown_agencies(&draft.agencies, catalogue.agencies()).into_iter();
        faults.extend(unknown.map(|message| Fault::of_file(document.file(), message)));
        let names = names_of(&draft.agencies, &catalogue, &features, &law);
        let names = names.unwrap_or_else(|wrong| {
            let wrong = wrong.into_iter();
            faults.extend(wrong.map(|message| Fault::of_file(document.file(), message)));
            Names::default()
        });
        check_outcomes(&document, &draft.office, &catalogue, &mut faults);
        check_clearance(&document, &draft.sinks, &catalogue, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        let files = [file, &draft.features].map(Path::to_path_buf);
        let files = files.into_iter().chain(draft.signals.clone());
        let log = draft.models.registry.as_deref().map(Registry::log_file);
        let files = files.chain(log).collect();
        let mut training = draft.training;
        let rising = features.iter().filter(|feature| feature.rising);
        training.params.rising = rising.map(|feature| feature.spec.name.clone()).collect();
        let falling = features.iter().filter(|feature| feature.falling);
        training.params.falling = falling.map(|feature| feature.spec.name.clone()).collect();
        let parents = features.iter();
        let parents = parents.filter_map(|f| Some((f.spec.name.clone(), f.parent?)));
        training.params.parents = parents.collect();
        Ok(Settings {
            root: draft.root,
            catalogue: Arc::new(catalogue),
            features,
            link_kinds: draft.link_kinds,
            groups: draft.groups,
            association: draft.association,
            clock: draft.clock,
            model: draft.models.in_force,
            challenger: draft.models.challenger,
            registry: draft.models.registry,
            policy,
            caps: draft.caps,
            sectors: draft.sectors,
            law,
            names: Arc::new(names),
            training,
            queue: draft.queue,
            sinks: draft.sinks,
            office: draft.office,
            ground,
            files,
            sources: draft.sources,
            hash,
            parts,
        })
    }

    /// Reads other features over the same accumulators.
    ///
    /// # Errors
    /// Every fault.
    pub fn read_features(&self, document: &Document) -> Result<Vec<Feature>, Vec<Fault>> {
        let declared = Declared {
            catalogue: &self.catalogue,
            groups: &self.groups,
            association: self.association.as_ref(),
            signals: &self.law.signals,
        };
        features::read(document, &declared)
    }

    /// What a feature's signal says, if it counts one that is declared.
    pub fn signal_of(&self, feature: &Feature) -> Option<&Signal> {
        self.signal(&feature.from)
    }

    /// The declared signal of a name.
    pub fn signal(&self, id: &str) -> Option<&Signal> {
        self.law.signals.iter().find(|signal| signal.id == id)
    }

    /// The place of the feature that says the sector, where one does.
    pub fn sector_place(&self) -> Option<usize> {
        let (sector, _) = self.sectors.as_ref()?;
        let mut features = self.features.iter();
        features.position(|feature| feature.spec.name == *sector)
    }

    /// What the dataflow is built from.
    pub fn plan(&self) -> Plan {
        let sources = self.catalogue.sources();
        let role = |source: u16, meaning: &SlotMeaning| match meaning {
            SlotMeaning::Mention if sources[usize::from(source)].registers => Role::Registers,
            SlotMeaning::Mention => Role::Mention,
            SlotMeaning::Signal(_) => Role::Signal,
            SlotMeaning::Attribute(_) => Role::Attribute,
        };
        let declared = self.catalogue.slots().iter().map(|slot| SlotDef {
            source: slot.source,
            agency: slot.agency,
            role: role(slot.source, &slot.meaning),
            keeping: Keeping {
                each: if slot.keyed { Each::Key } else { Each::Summed },
                ..Keeping::default()
            },
        });
        let grouped = self
            .groups
            .iter()
            .map(|group| self.relation_slot(group.link));
        let filled = self.association.iter().flat_map(Association::filled);
        let filled = filled.map(|filled| self.relation_slot(filled.link));
        let mut plan = Plan {
            slots: declared.chain(grouped).chain(filled).collect(),
            features: self.feature_defs(),
            link_shares: self.link_kinds.iter().map(|kind| kind.share).collect(),
            groups: self.groups.iter().map(group_def).collect(),
            dated_aliases: self.dated_aliases(),
            association: self.association.as_ref().map(|a| a.def.clone()),
        };
        plan.remember();
        plan
    }

    /// The features as the dataflow knows them.
    pub fn feature_defs(&self) -> Vec<FeatureDef> {
        let def = |feature| feature_def(feature, self.elements_of(feature));
        self.features.iter().map(def).collect()
    }

    /// The elements of the offence that a feature speaks for, as bits.
    pub fn elements_of(&self, feature: &Feature) -> u8 {
        let declared = self.signal_of(feature).map(|signal| &signal.elements[..]);
        let category = feature.spec.category.letter();
        let spoken_for = ELEMENTS
            .iter()
            .filter(|element| speaks_for(declared, category, element));
        spoken_for
            .filter_map(|element| element_bit(element))
            .fold(0, |bits, bit| bits | bit)
    }

    /// The kinds of alias of which a source says from when or until when they
    /// hold.
    fn dated_aliases(&self) -> Vec<SubjectKind> {
        let sources = self.catalogue.sources().iter();
        let aliases = sources.flat_map(|source| &source.aliases);
        let dated = aliases.filter(|alias| alias.term.is_dated());
        let mut kinds: Vec<SubjectKind> = dated.map(|alias| alias.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// What links say counts for the agency whose source declares them.
    fn relation_slot(&self, kind: u8) -> SlotDef {
        let declares = |source: &&tocsin_ingest::source::Source| {
            source.links.iter().any(|link| link.kind == kind)
        };
        let source = self.catalogue.sources().iter().find(declares);
        let agency_of =
            |agency: &String| self.catalogue.agencies().iter().position(|a| a == agency);
        SlotDef {
            source: source.map_or(0, |source| source.index),
            agency: source
                .and_then(|source| agency_of(&source.agency))
                .unwrap_or(0) as u8,
            role: Role::Group,
            keeping: Keeping::default(),
        }
    }
}

fn feature_def(feature: &Feature, marks: u8) -> FeatureDef {
    FeatureDef {
        spec: feature.spec.clone(),
        measure: Measure {
            slots: feature.slots.clone(),
            aggregate: feature.aggregate,
            half_life: feature.half_life.clone(),
        },
        per: feature.per.as_ref().map(|per| Measure {
            slots: per.slots.clone(),
            aggregate: per.aggregate,
            half_life: per.half_life.clone(),
        }),
        hard: feature.hard,
        marks,
    }
}

fn group_def(group: &Group) -> GroupDef {
    GroupDef {
        link: group.link,
        slot: group.slot,
        min: group.min,
        hub: group.hub,
    }
}

fn keep<T>(result: Result<T, Vec<Fault>>, faults: &mut Vec<Fault>) -> Option<T> {
    result.map_err(|found| faults.extend(found)).ok()
}

/// `tocsin.toml` alone.
pub(super) struct Draft {
    pub(super) root: PathBuf,
    sources: PathBuf,
    features: PathBuf,
    pub(super) link_kinds: Vec<LinkKind>,
    pub(super) groups: Vec<Group>,
    pub(super) association: Option<Association>,
    pub(super) clock: Clock,
    models: Models,
    agencies: Vec<Agency>,
    caps: Vec<Cap>,
    sectors: Option<(String, Vec<i64>)>,
    training: Training,
    queue: QueueSettings,
    pub(super) sinks: Vec<SinkSettings>,
    pub(super) office: Office,
    signals: Option<PathBuf>,
}

fn read_draft(root: &Section<'_>, file: &Path) -> Draft {
    let folder = file.parent().unwrap_or(Path::new("."));
    let inputs = root.section("inputs");
    let path = |key: &str, default: &str| {
        let given = inputs.as_ref().and_then(|inputs| inputs.text(key));
        folder.join(given.unwrap_or_else(|| default.to_owned()))
    };
    let draft_root = path("root", "landing");
    // The pattern's fixed part is the folder; every *.toml below it is a source.
    let sources = fixed_part(&path("sources", "sources/*/*.toml"));
    let features = path("features", "features.toml");
    let signals = inputs.as_ref().and_then(|inputs| inputs.text("signals"));
    if let Some(inputs) = &inputs {
        inputs.finish();
    }
    let link_kinds: Vec<LinkKind> = root
        .sections("link_kind")
        .iter()
        .filter_map(read_link_kind)
        .collect();
    check_link_kinds(root, &link_kinds);
    let groups = root
        .sections("group")
        .iter()
        .filter_map(|s| read_group(s, &link_kinds))
        .collect();
    root.section("levels").inspect(|levels| {
        levels.keys();
    });
    Draft {
        root: draft_root,
        sources,
        features,
        groups,
        association: association::read(root, &link_kinds),
        link_kinds,
        clock: read_clock(root, folder),
        models: read_models(root, folder),
        agencies: read_agencies(root),
        caps: read_caps(root),
        sectors: read_sectors(root),
        training: read_training(root),
        queue: read_queue(root, folder),
        sinks: read_sinks(root, folder),
        office: read_office(root, folder),
        signals: signals.map(|file| folder.join(file)),
    }
}

/// Links are numbered with a byte, and found by name.
fn check_link_kinds(root: &Section<'_>, kinds: &[LinkKind]) {
    if kinds.len() > MAX_LINK_KINDS {
        let message = format!(
            "{} kinds of links, but at most {MAX_LINK_KINDS} are allowed",
            kinds.len()
        );
        root.fault("link_kind", message);
    }
    for (place, kind) in kinds.iter().enumerate() {
        if kinds[..place].iter().any(|known| known.name == kind.name) {
            root.fault("link_kind", format!("`{}` is declared twice", kind.name));
        }
    }
}

fn fixed_part(pattern: &Path) -> PathBuf {
    let fixed = pattern
        .components()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains('*'));
    fixed.collect()
}

fn read_link_kind(section: &Section<'_>) -> Option<LinkKind> {
    let name = section.required_text("name");
    let share = section.integer("share", 0..=100);
    if !section.has("share") {
        section.fault("share", "is missing; allowed are 0 to 100 per cent");
    }
    section.finish();
    Some(LinkKind {
        name: name?,
        share: share.unwrap_or(0) as u8,
    })
}

fn read_group(section: &Section<'_>, kinds: &[LinkKind]) -> Option<Group> {
    let link = section.required_text("link");
    let signal = section.required_text("signal");
    let min = section.integer("min", 2..=1_000_000).unwrap_or(2);
    let hub = section.integer("hub", 2..=1_000_000).unwrap_or(200);
    section.finish();
    if min > hub {
        section.fault("hub", format!("{hub} is less than `min`, {min}"));
    }
    let (link, signal) = (link?, signal?);
    let index = kinds.iter().position(|kind| kind.name == link);
    if index.is_none() {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
        section.fault(
            "link",
            format!(
                "`{link}` is no link kind; declared are {}",
                names.join(", ")
            ),
        );
    }
    if !is_signal_kind(&signal) {
        section.fault(
            "signal",
            format!("`{signal}` is no signal; allowed are A1 to H9"),
        );
    }
    Some(Group {
        link: index? as u8,
        signal,
        min: min as u32,
        hub: hub as u32,
        slot: 0,
    })
}

fn read_clock(root: &Section<'_>, folder: &Path) -> Clock {
    let Some(section) = root.section("clock") else {
        return Clock::Wall;
    };
    let kind = section.choice("type", &[("wall", 0), ("fixed", 1), ("file", 2)]);
    let (at, path) = (section.text("at"), section.text("path"));
    section.finish();
    match kind.unwrap_or(0) {
        1 => {
            let day = at
                .as_deref()
                .and_then(|at| tocsin_ingest::values::date::parse(at).ok());
            if day.is_none() {
                section.fault("at", "a fixed clock needs a day such as `2020-10-01`");
            }
            Clock::Fixed(crate::time::midnight_ms(day.unwrap_or(0)))
        }
        2 => {
            if path.is_none() {
                section.fault("path", "a clock of type file needs the file's path");
            }
            Clock::File(folder.join(path.unwrap_or_default()))
        }
        _ => Clock::Wall,
    }
}

/// `[evaluation] sector = "feature"`, `within = [76, …]`: the sectors inside
/// which a model is judged, as stored by the feature.
fn read_sectors(root: &Section<'_>) -> Option<(String, Vec<i64>)> {
    let section = root.section("evaluation")?;
    let feature = section.required_text("sector");
    let letters = section.texts("within");
    section.finish();
    let values: Vec<i64> = letters
        .iter()
        .filter_map(|letter| letter.bytes().next())
        .map(i64::from)
        .collect();
    Some((feature?, values))
}

#[derive(Deserialize)]
struct OnlyLevels {
    levels: Option<Policy>,
}

/// `[levels]` of a `tocsin.toml`.
///
/// # Errors
/// Every fault.
pub fn read_policy(document: &Document) -> Result<Policy, Vec<Fault>> {
    let line = |span: Option<std::ops::Range<usize>>| {
        let start = span.map_or(0, |span| span.start);
        document.text()[..start.min(document.text().len())]
            .matches('\n')
            .count()
            + 1
    };
    let only: OnlyLevels = toml::from_str(document.text()).map_err(|error| {
        vec![Fault {
            file: document.file().to_path_buf(),
            line: line(error.span()),
            message: error.message().to_owned(),
        }]
    })?;
    let policy = only.levels.unwrap_or_default();
    let faults: Vec<Fault> = policy
        .validate()
        .into_iter()
        .map(|message| Fault::of_file(document.file(), format!("[levels] {message}")))
        .collect();
    if faults.is_empty() {
        Ok(policy)
    } else {
        Err(faults)
    }
}

/// What features are made of: what sources and groups raise.
struct Declared<'a> {
    catalogue: &'a Catalogue,
    groups: &'a [Group],
    association: Option<&'a Association>,
    signals: &'a [Signal],
}

impl Declared<'_> {
    fn slot(&self, slot: Slot) -> Option<&SlotInfo> {
        self.catalogue.slots().get(usize::from(slot))
    }
}

impl Raised for Declared<'_> {
    fn slots_of(&self, from: &str) -> Vec<Slot> {
        if self.catalogue.sources().is_empty() {
            // The sources have faults of their own; what they raise is not known.
            return vec![0];
        }
        let mut slots = self.catalogue.slots_of(from);
        let groups = self.groups.iter().filter(|group| group.signal == from);
        slots.extend(groups.map(|group| group.slot));
        let filled = self.association.into_iter().flat_map(Association::filled);
        slots.extend(filled.filter(|f| f.name == from).map(|f| f.slot));
        slots
    }

    fn half_life_of(&self, from: &str) -> Option<i32> {
        let signal = self.signals.iter().find(|signal| signal.id == from);
        signal.and_then(|signal| signal.half_life_days)
    }

    fn has_days(&self, slot: Slot) -> bool {
        let unknown = self.catalogue.sources().is_empty();
        unknown || self.slot(slot).is_some_and(|info| info.dated)
    }

    fn has_keys(&self, slot: Slot) -> bool {
        self.slot(slot).is_some_and(|info| info.keyed)
    }
}

fn read_features(
    draft: &Draft,
    catalogue: &Catalogue,
    signals: &[Signal],
    faults: &mut Vec<Fault>,
) -> Vec<Feature> {
    let declared = Declared {
        catalogue,
        groups: &draft.groups,
        association: draft.association.as_ref(),
        signals,
    };
    let read = Document::read(&draft.features)
        .map_err(|fault| vec![fault])
        .and_then(|document| features::read(&document, &declared));
    keep(read, faults).unwrap_or_default()
}

fn read_law(draft: &Draft, catalogue: &Catalogue, faults: &mut Vec<Fault>) -> Law {
    let Some(file) = &draft.signals else {
        return Law::default();
    };
    let law = keep(signals::read(file), faults).unwrap_or_default();
    if !law.signals.is_empty() {
        let by_groups = draft.groups.iter().map(|group| group.signal.as_str());
        let by_graph = draft.association.iter().flat_map(Association::signals);
        let by_groups = by_groups.chain(by_graph);
        faults.extend(signals::undeclared(
            file,
            &law.signals,
            catalogue,
            by_groups,
        ));
    }
    law
}

/// The sector must be a feature.
fn check_sectors(
    document: &Document,
    sectors: Option<&(String, Vec<i64>)>,
    features: &[Feature],
    faults: &mut Vec<Fault>,
) {
    let Some((sector, _)) = sectors.filter(|_| !features.is_empty()) else {
        return;
    };
    if !features.iter().any(|feature| feature.spec.name == *sector) {
        let names: Vec<&str> = features.iter().map(|f| f.spec.name.as_str()).collect();
        let hint = tocsin_ingest::declaration::did_you_mean(sector, &names);
        let message = format!("`evaluation.sector`: no feature `{sector}` is declared{hint}");
        faults.push(Fault::of_file(document.file(), message));
    }
}

/// One hash over everything that decides what records say and how they count:
/// all declarations with their names, and the words of their word lists. Beside
/// it what of that a running process cannot change.
fn hash_rules(file: &Path, draft: &Draft, catalogue: &Catalogue) -> (String, Ground) {
    let mut hasher = Xxh3::new();
    let files = [file, &draft.features].into_iter();
    for file in files.chain(draft.signals.as_deref()) {
        add(&mut hasher, &std::fs::read(file).unwrap_or_default());
    }
    let mut ground = Ground::new(draft);
    for source in catalogue.sources() {
        let mut of_source = Xxh3::new();
        add(&mut hasher, source.id.as_bytes());
        let file = draft.sources.join(format!("{}.toml", source.id));
        let declared = std::fs::read(file).unwrap_or_default();
        let words = source.lexicons.iter().flat_map(|list| list.words());
        for part in std::iter::once(&declared[..]).chain(words.map(str::as_bytes)) {
            add(&mut hasher, part);
            add(&mut of_source, part);
        }
        ground.add_source(&source.id, of_source.digest());
    }
    (format!("{:016x}", hasher.digest()), ground)
}

fn add(hasher: &mut Xxh3, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

/// One hash for each file, word list and model.
fn hash_parts(file: &Path, draft: &Draft, catalogue: &Catalogue) -> BTreeMap<String, String> {
    let hash = |bytes: &[u8]| format!("{:016x}", xxhash_rust::xxh3::xxh3_64(bytes));
    let of_file = |file: &Path| hash(&std::fs::read(file).unwrap_or_default());
    let mut parts = BTreeMap::from([
        ("configuration".to_owned(), of_file(file)),
        ("features".to_owned(), of_file(&draft.features)),
    ]);
    let named = |name: &str, file: &Path| (name.to_owned(), of_file(file));
    if let ModelChoice::Artifact(model) = &draft.models.in_force {
        parts.extend([named("model", model)]);
    }
    let challenger = draft.models.challenger.iter();
    parts.extend(challenger.map(|f| named("challenger", f)));
    parts.extend(draft.signals.iter().map(|f| named("signals", f)));
    for source in catalogue.sources() {
        let declared = of_file(&draft.sources.join(format!("{}.toml", source.id)));
        parts.insert(format!("source `{}`", source.id), declared);
        for (number, list) in source.lexicons.iter().enumerate() {
            let words: Vec<&str> = list.words().collect();
            let name = format!("word list {} of source `{}`", number + 1, source.id);
            parts.insert(name, hash(words.join("\n").as_bytes()));
        }
    }
    parts
}

#[cfg(test)]
mod tests;
