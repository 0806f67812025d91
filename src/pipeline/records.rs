//! The records as they lie in the landing: which count, what they say, and who
//! an enterprise is. Everything that reads history reads it through here.

use super::elsewhere;
use super::live::Superseded;
use crate::cluster::Cluster;
use crate::cluster::message::{Answer, Question};
use crate::config::Settings;
use crate::masking;
use anyhow::Result;
use arrow_array::{Array, RecordBatch, UInt32Array, cast::AsArray, types::UInt64Type};
use arrow_select::take::take_record_batch;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use tocsin_ingest::fact::{SubjectKey, SubjectKind};
use tocsin_ingest::index::RowRef;
use tocsin_ingest::landing::{LandedRows, Landing, LandingError, SegmentInfo, SegmentReader};
use tocsin_ingest::mapping::{Mapper, Said};
use tocsin_ingest::source::{ReferenceKind, Source};
use tocsin_ingest::values::{Pseudonymiser, Uscc};

/// Most records looked at behind one subject: hubs have millions.
pub const MAX_RECORDS: usize = 100_000;
/// Enterprises whose registering rows are held at once.
const IDENTITIES_AT_ONCE: usize = 16_384;
/// How often to look again when rows move to another segment meanwhile.
const LOOKS_AGAIN: usize = 3;

/// Shared, read-only access to the landed records.
#[derive(Clone)]
pub struct Records {
    /// The configuration.
    pub settings: Arc<Settings>,
    /// Where the rows are.
    pub landing: Arc<Landing>,
    /// Which of them no longer count.
    pub superseded: Arc<Superseded>,
    mappers: Arc<Vec<Mapper>>,
    /// What persons, accounts and telephones are called instead.
    pseudonyms: Pseudonymiser,
    /// The other processes that have records, where this one may ask them.
    elsewhere: Option<Arc<Cluster>>,
}

/// A live record: where it lies, and its batch with what it says.
pub struct LiveRecord<'a> {
    /// Where it lies.
    pub at: RowRef,
    /// The source that said it.
    pub source: &'a Source,
    /// The batch it was read in.
    pub batch: &'a RecordBatch,
    /// What the batch says.
    pub said: &'a Said,
    /// Its place in `said`.
    pub index: usize,
}

impl LiveRecord<'_> {
    /// The file, and the line in it, that the record came from.
    pub fn origin(&self) -> (String, u64) {
        let row = self.said.rows[self.index] as usize;
        let file = self
            .batch
            .column(0)
            .as_string::<i32>()
            .value(row)
            .to_owned();
        (
            file,
            self.batch.column(2).as_primitive::<UInt64Type>().value(row),
        )
    }

    /// When the record arrived, milliseconds UTC of business time.
    pub fn arrival_ms(&self) -> i64 {
        let row = self.said.rows[self.index] as usize;
        self.batch.column(4).as_primitive::<UInt64Type>().value(row) as i64
    }

    /// The record's number in its file.
    fn number(&self) -> u64 {
        let row = self.said.rows[self.index] as usize;
        self.batch.column(1).as_primitive::<UInt64Type>().value(row)
    }

    /// What the record's columns say of persons, accounts and telephones.
    pub fn personal(&self) -> impl Iterator<Item = (SubjectKind, String)> + '_ {
        let columns = self.source.columns.iter().enumerate();
        columns.filter_map(|(place, column)| {
            Some((self.source.personal(place)?, self.text(&column.name)?))
        })
    }

    /// A raw value by column name; `None` where it is absent or empty.
    pub fn text(&self, column: &str) -> Option<String> {
        let row = self.said.rows[self.index] as usize;
        let texts = self.batch.column_by_name(column)?.as_string_opt::<i32>()?;
        let text = if texts.is_null(row) {
            ""
        } else {
            texts.value(row).trim()
        };
        (!text.is_empty()).then(|| text.to_owned())
    }
}

/// When and where a record came from: the latest to arrive has the last word.
type Arrival = (i64, String, u64);

/// What people know an enterprise by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its credit code or opaque identifier.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its district.
    pub district: Option<String>,
    named: Option<Arrival>,
    located: Option<Arrival>,
}

/// Rows of a segment that may name a subject: the segment, its rows, and what
/// they are.
pub(super) type Candidates = (u32, Vec<u32>, LandedRows);

impl Records {
    /// Access to the rows of `landing`.
    pub fn new(
        settings: Arc<Settings>,
        landing: Arc<Landing>,
        superseded: Arc<Superseded>,
        pseudonyms: &Pseudonymiser,
    ) -> Self {
        let catalogue = &settings.catalogue;
        let mapper = |source: &Source| {
            Mapper::new(
                Arc::new(source.clone()),
                catalogue.range(source),
                pseudonyms.clone(),
            )
        };
        let mappers = catalogue.sources().iter().map(mapper).collect();
        Records {
            landing,
            superseded,
            mappers: Arc::new(mappers),
            pseudonyms: pseudonyms.clone(),
            settings,
            elsewhere: None,
        }
    }

    /// What people know a record by: its key columns, or its number in its file.
    /// What in it names a person, an account or a telephone is masked.
    pub fn masked_key(&self, record: &LiveRecord<'_>) -> String {
        let source = record.source;
        if source.key.is_empty() {
            return format!("record {}", record.number());
        }
        let parts = source.key.iter().filter_map(|column| {
            let text = record.text(&source.columns[*column].name)?;
            Some(match source.personal(*column) {
                Some(kind) => self.masked(kind, &text),
                None => text,
            })
        });
        parts.collect::<Vec<_>>().join(" ")
    }

    /// A value that names a person, as it is shown.
    pub fn masked(&self, kind: SubjectKind, text: &str) -> String {
        masking::masked(&self.pseudonyms, kind, text)
    }

    /// The same, with what other processes have.
    pub fn with_elsewhere(mut self, cluster: Arc<Cluster>) -> Self {
        self.elsewhere = Some(cluster);
        self
    }

    /// The other processes that have records, where this one may ask them.
    pub fn elsewhere(&self) -> Option<&Cluster> {
        self.elsewhere.as_deref()
    }

    /// The same records under other rules on the same ground: what records say
    /// stays as it is.
    #[must_use]
    pub fn under(&self, settings: Arc<Settings>) -> Records {
        Records {
            settings,
            ..self.clone()
        }
    }

    /// The mapper of a source, by its index.
    pub fn mapper(&self, source: u16) -> &Mapper {
        &self.mappers[usize::from(source)]
    }

    /// The mapper of a source, by its name; `None` where it is declared no more.
    pub fn mapper_of(&self, source: &str) -> Option<&Mapper> {
        self.settings
            .catalogue
            .source(source)
            .map(|source| self.mapper(source.index))
    }

    /// The segments of sources that are still declared.
    pub fn segments(&self) -> Vec<SegmentInfo> {
        let all = self.landing.segments().into_iter();
        all.filter(|info| self.mapper_of(&info.source).is_some())
            .collect()
    }

    /// Hands every record of a segment that `counts` to `take`; returns how many
    /// landed rows the declaration refuses by now.
    ///
    /// # Errors
    /// When the segment cannot be read.
    pub fn scan(
        &self,
        segment: &SegmentInfo,
        counts: impl Fn(RowRef) -> bool,
        take: impl FnMut(LiveRecord<'_>),
    ) -> Result<u64> {
        let Some(mapper) = self.mapper_of(&segment.source) else {
            return Ok(0);
        };
        let batches = self.landing.read(segment.id)?;
        scan_batches(mapper, segment.id, batches, counts, take)
    }

    /// [`Records::scan`] for those who ask what records say and not where they
    /// came from: that need not be read, where the key is not made of it.
    ///
    /// # Errors
    /// When the segment cannot be read.
    pub fn scan_said(
        &self,
        segment: &SegmentInfo,
        counts: impl Fn(RowRef) -> bool,
        mut take: impl FnMut(&Said, usize),
    ) -> Result<u64> {
        let Some(mapper) = self.mapper_of(&segment.source) else {
            return Ok(0);
        };
        let batches = match mapper.source().key.is_empty() {
            true => self.landing.read(segment.id)?,
            false => self.landing.read_said(segment.id)?,
        };
        let take = |record: LiveRecord<'_>| take(record.said, record.index);
        scan_batches(mapper, segment.id, batches, counts, take)
    }

    /// Hands every live record that names one of `subjects` to `take`, once.
    /// Returns whether these are all: behind one subject no more than
    /// [`MAX_RECORDS`] are looked at.
    ///
    /// # Errors
    /// When a segment cannot be read.
    pub fn naming(
        &self,
        subjects: &[SubjectKey],
        take: impl FnMut(LiveRecord<'_>),
    ) -> Result<bool> {
        self.naming_in(false, MAX_RECORDS, subjects, take)
    }

    /// Hands some live records that name a subject to `take`: in each process
    /// at most `most` are looked at.
    ///
    /// # Errors
    /// When a segment cannot be read.
    pub fn some_naming(
        &self,
        subject: SubjectKey,
        most: usize,
        take: impl FnMut(LiveRecord<'_>),
    ) -> Result<bool> {
        self.naming_in(false, most, &[subject], take)
    }

    /// As [`Records::naming`], of `registering` sources alone or of all; of each
    /// subject at most `most` records are looked at.
    fn naming_in(
        &self,
        registering: bool,
        most: usize,
        subjects: &[SubjectKey],
        mut take: impl FnMut(LiveRecord<'_>),
    ) -> Result<bool> {
        let subjects: HashSet<SubjectKey> = subjects.iter().copied().collect();
        let (mut candidates, mut all) = self.candidates(registering, most, &subjects)?;
        if let Some(cluster) = &self.elsewhere {
            let question = Question::Naming {
                registering,
                most,
                subjects: subjects.clone(),
            };
            for answer in cluster.ask(&question)? {
                all &= elsewhere::take_rows(answer, &mut candidates)?;
            }
        }
        let mut named = Vec::new();
        for (segment, rows, landed) in candidates {
            let Some(mapper) = self.mapper_of(&landed.source) else {
                continue;
            };
            let (said, _) = mapper.map_landed(&landed.batch);
            for index in 0..said.len() {
                // The index goes by hash: the record itself must name a subject.
                said.subjects(index, &mut named);
                if named.iter().any(|subject| subjects.contains(subject)) {
                    let row = rows[said.rows[index] as usize];
                    take(LiveRecord {
                        at: RowRef { segment, row },
                        source: mapper.source(),
                        batch: &landed.batch,
                        said: &said,
                        index,
                    });
                }
            }
        }
        Ok(all)
    }

    /// The live rows that the index has for `subjects`, and whether these are
    /// all. Looks again if a segment is rolled into another meanwhile.
    pub(super) fn candidates(
        &self,
        registering: bool,
        most: usize,
        subjects: &HashSet<SubjectKey>,
    ) -> Result<(Vec<Candidates>, bool), LandingError> {
        let wanted = |source: &Source| source.registers || !registering;
        let mut found = self.find_candidates(&wanted, most, subjects);
        for _ in 0..LOOKS_AGAIN {
            if !matches!(found, Err(LandingError::UnknownSegment(_))) {
                break;
            }
            found = self.find_candidates(&wanted, most, subjects);
        }
        found
    }

    fn find_candidates(
        &self,
        wanted: &impl Fn(&Source) -> bool,
        most: usize,
        subjects: &HashSet<SubjectKey>,
    ) -> Result<(Vec<Candidates>, bool), LandingError> {
        let mut by_segment: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let mut all = true;
        for subject in subjects {
            let rows = self.landing.find_subject(subject.hash64(), most)?;
            all &= rows.len() < most;
            for at in rows {
                let source = self
                    .landing
                    .source_of(at.segment)
                    .and_then(|source| self.settings.catalogue.source(&source));
                if self.superseded.is_live(at) && source.is_some_and(wanted) {
                    by_segment.entry(at.segment).or_default().push(at.row);
                }
            }
        }
        let mut candidates = Vec::with_capacity(by_segment.len());
        for (segment, mut rows) in by_segment {
            rows.sort_unstable();
            rows.dedup();
            let landed = self.landing.rows(segment, &rows)?;
            candidates.push((segment, rows, landed));
        }
        Ok((candidates, all))
    }

    /// Who an enterprise is, by the registering records that name it.
    ///
    /// # Errors
    /// When a segment cannot be read.
    pub fn identity(&self, enterprise: SubjectKey) -> Result<Identity> {
        let mut identity = Identity::of_key(enterprise);
        self.naming_in(true, MAX_RECORDS, &[enterprise], |record| {
            describe(enterprise, &record, &mut identity);
        })?;
        Ok(identity)
    }

    /// [`Records::identity`] of many, in one pass over index and segments.
    ///
    /// # Errors
    /// When a segment cannot be read.
    pub fn identities(&self, enterprises: &[SubjectKey]) -> Result<HashMap<SubjectKey, Identity>> {
        if let [only] = enterprises {
            return Ok(HashMap::from([(*only, self.identity(*only)?)]));
        }
        let mut identities = self.identities_here(enterprises)?;
        if let Some(cluster) = &self.elsewhere {
            let question = Question::Identities(enterprises.to_vec());
            for answer in cluster.ask(&question)? {
                let Answer::Identities(found) = answer else {
                    continue;
                };
                for (enterprise, identity) in found {
                    let known = identities.entry(enterprise);
                    known.or_default().complete(identity);
                }
            }
        }
        Ok(identities)
    }

    /// As [`Records::identities`], by this process's records alone.
    pub(super) fn identities_here(
        &self,
        enterprises: &[SubjectKey],
    ) -> Result<HashMap<SubjectKey, Identity>> {
        let unknown = enterprises.iter().map(|key| (*key, Identity::of_key(*key)));
        let mut identities: HashMap<SubjectKey, Identity> = unknown.collect();
        for chunk in enterprises.chunks(IDENTITIES_AT_ONCE) {
            for (segment, rows) in self.registering_rows(chunk)? {
                self.describe_all(segment, &rows, &mut identities)?;
            }
        }
        Ok(identities)
    }

    /// The identifiers of enterprises whose key is a hash.
    ///
    /// # Errors
    /// When a segment cannot be read.
    pub fn opaque_ids(&self) -> Result<HashMap<SubjectKey, String>> {
        let mut ids = self.opaque_ids_here()?;
        if let Some(cluster) = &self.elsewhere {
            for answer in cluster.ask(&Question::OpaqueIds)? {
                if let Answer::OpaqueIds(found) = answer {
                    ids.extend(found);
                }
            }
        }
        Ok(ids)
    }

    /// As [`Records::opaque_ids`], by this process's records alone.
    pub(super) fn opaque_ids_here(&self) -> Result<HashMap<SubjectKey, String>> {
        let mut ids = HashMap::new();
        for segment in self.segments() {
            let mapper = self.mapper_of(&segment.source);
            if !mapper.is_some_and(|mapper| mapper.source().registers) {
                continue;
            }
            let counts = |at| self.superseded.is_live(at);
            self.scan(&segment, counts, |record| {
                let enterprise = record.said.enterprises[record.index];
                if let Some(enterprise) = enterprise.filter(|key| Uscc::from_key(*key).is_none()) {
                    let mut identity = Identity::default();
                    describe(enterprise, &record, &mut identity);
                    ids.insert(enterprise, identity.id);
                }
            })?;
        }
        Ok(ids)
    }

    /// The live rows of registering sources that may name these enterprises, by
    /// segment.
    fn registering_rows(&self, enterprises: &[SubjectKey]) -> Result<BTreeMap<u32, Vec<u32>>> {
        let mut hashes: Vec<u64> = enterprises.iter().map(|key| key.hash64()).collect();
        hashes.sort_unstable();
        hashes.dedup();
        let registers = |source: &str| {
            let source = self.settings.catalogue.source(source);
            source.is_some_and(|source| source.registers)
        };
        let mut by_segment: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for at in self.landing.find_subjects_bulk(&hashes, registers)? {
            if self.superseded.is_live(at) {
                by_segment.entry(at.segment).or_default().push(at.row);
            }
        }
        for rows in by_segment.values_mut() {
            rows.sort_unstable();
            rows.dedup();
        }
        Ok(by_segment)
    }

    fn describe_all(
        &self,
        segment: u32,
        rows: &[u32],
        identities: &mut HashMap<SubjectKey, Identity>,
    ) -> Result<()> {
        let landed = self.landing.rows(segment, rows)?;
        let Some(mapper) = self.mapper_of(&landed.source) else {
            return Ok(());
        };
        let (said, _) = mapper.map_landed(&landed.batch);
        for index in 0..said.len() {
            let row = rows[said.rows[index] as usize];
            let record = LiveRecord {
                at: RowRef { segment, row },
                source: mapper.source(),
                batch: &landed.batch,
                said: &said,
                index,
            };
            let enterprise = said.enterprises[index];
            if let Some((key, identity)) =
                enterprise.and_then(|key| Some((key, identities.get_mut(&key)?)))
            {
                describe(key, &record, identity);
            }
        }
        Ok(())
    }
}

/// Hands every record of a segment's `batches` that `counts` to `take`. Rows that
/// do not count are not even mapped, where they are many.
fn scan_batches(
    mapper: &Mapper,
    segment: u32,
    batches: SegmentReader,
    counts: impl Fn(RowRef) -> bool,
    mut take: impl FnMut(LiveRecord<'_>),
) -> Result<u64> {
    let (mut refused, mut first) = (0, 0);
    for batch in batches {
        let whole = batch?;
        let rows = whole.num_rows() as u32;
        let at = |row: u32| RowRef {
            segment,
            row: first + row,
        };
        let live: Vec<u32> = (0..rows).filter(|row| counts(at(*row))).collect();
        let few = (live.len() as u32) < rows - rows / 4;
        let batch = match few {
            true => take_record_batch(&whole, &UInt32Array::from(live.clone()))?,
            false => whole,
        };
        let (said, faults) = mapper.map_said(&batch);
        refused += faults.len() as u64;
        for index in 0..said.len() {
            let row = said.rows[index];
            let at = at(if few { live[row as usize] } else { row });
            if few || counts(at) {
                take(LiveRecord {
                    at,
                    source: mapper.source(),
                    batch: &batch,
                    said: &said,
                    index,
                });
            }
        }
        first += rows;
    }
    Ok(refused)
}

impl Identity {
    /// An enterprise of which nothing but its key is known.
    pub fn of_key(enterprise: SubjectKey) -> Identity {
        let code = Uscc::from_key(enterprise);
        Identity {
            id: code.map_or_else(
                || format!("{enterprise:032x}"),
                |code| code.as_str().to_owned(),
            ),
            ..Identity::default()
        }
    }
}

impl Identity {
    /// Whether anything but the key is known.
    pub(super) fn is_known(&self, enterprise: SubjectKey) -> bool {
        *self != Identity::of_key(enterprise)
    }

    /// Adds what another process knows: the record that arrived last counts.
    fn complete(&mut self, other: Identity) {
        if self.named.is_none() && self.located.is_none() {
            self.id = other.id;
        }
        if self.named < other.named {
            (self.name, self.named) = (other.name, other.named);
        }
        if self.located < other.located {
            (self.district, self.located) = (other.district, other.located);
        }
    }
}

/// Fills in what a registering record says of the enterprise it is about. Of
/// several records the one that arrived last counts, wherever they lie.
pub fn describe(enterprise: SubjectKey, record: &LiveRecord<'_>, identity: &mut Identity) {
    if record.said.enterprises[record.index] != Some(enterprise) {
        return;
    }
    let source = record.source;
    let column = |column: Option<usize>| record.text(&source.columns[column?].name);
    if enterprise.kind() == SubjectKind::EnterpriseId {
        let mut references = source.enterprise.iter();
        let id = references.find(|(kind, _)| *kind == ReferenceKind::Id);
        identity.id = column(id.map(|(_, c)| *c)).unwrap_or_else(|| identity.id.clone());
    }
    let (file, line) = record.origin();
    let arrival = Some((record.arrival_ms(), file, line));
    if let Some(name) = column(source.display.name).filter(|_| identity.named < arrival) {
        (identity.name, identity.named) = (Some(name), arrival.clone());
    }
    if let Some(district) = column(source.display.district).filter(|_| identity.located < arrival) {
        (identity.district, identity.located) = (Some(district), arrival);
    }
}
