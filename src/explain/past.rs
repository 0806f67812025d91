//! The records as they were known at a past instant: those that had arrived by
//! then, also where they were corrected or withdrawn since.
//!
//! The index knows only what counts now. What went since is listed by the store,
//! so what is read beside it grows with the corrections since that instant, not
//! with the landing.

use crate::pipeline::index_row;
use crate::pipeline::records::{LiveRecord, Records};
use crate::time::day_of;
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, HashMap, HashSet};
use tocsin_alerts::Store;
use tocsin_ingest::fact::SubjectKey;
use tocsin_ingest::index::RowRef;
use tocsin_ingest::landing::LandedRows;
use tocsin_ingest::mapping::Said;
use tokio::runtime::Handle;

/// Rows that went since, at most: more are not looked through for one enterprise.
const MAX_GONE: usize = 500_000;

/// An instant, and the rows that counted then and do not now.
pub struct Past {
    /// The last epoch that was not later.
    pub epoch: u64,
    /// Its instant, milliseconds UTC.
    pub time_ms: i64,
    parts: Vec<Part>,
    /// Subject → part and place in it.
    named: HashMap<SubjectKey, Vec<(usize, usize)>>,
    /// What these rows are: each was corrected or withdrawn.
    gone: HashSet<Origin>,
}

/// Source, file, line and arrival: a row keeps them wherever it is rolled to.
pub type Origin = (String, String, u64, i64);

/// Rows of one segment.
struct Part {
    segment: u32,
    rows: Vec<u32>,
    landed: LandedRows,
    said: Said,
}

impl Past {
    /// The state as of `at_ms`.
    ///
    /// # Errors
    /// When there was none then, other processes have records, too much went
    /// since, or it cannot be read.
    pub fn of(records: &Records, store: &Store, runtime: &Handle, at_ms: i64) -> Result<Past> {
        if records.elsewhere().is_some() {
            bail!(
                "in a cluster, only the present is explained: what went since lies with other processes"
            );
        }
        let times = runtime.block_on(store.epoch_times())?;
        let text = crate::time::instant_text;
        // The day of the state has not ended: its end means now.
        let latest = times.values().copied().max().unwrap_or(0);
        if day_of(at_ms) > day_of(latest) {
            bail!(
                "{} is not known yet: the state is as of {}",
                text(at_ms),
                text(latest)
            );
        }
        let not_later = times.iter().filter(|(_, time_ms)| **time_ms <= at_ms);
        let last = not_later.max_by_key(|(epoch, _)| **epoch);
        let (epoch, time_ms) = last
            .map(|(epoch, time_ms)| (*epoch, *time_ms))
            .with_context(|| format!("at {} there was no epoch yet", text(at_ms)))?;
        let mut past = Past {
            epoch,
            time_ms,
            parts: Vec::new(),
            named: HashMap::new(),
            gone: HashSet::new(),
        };
        let mut by_segment: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let mut count = 0;
        store.each_superseded(|row| {
            if row.epoch > epoch {
                count += 1;
                if count <= MAX_GONE {
                    let at = index_row(row.at);
                    by_segment.entry(at.segment).or_default().push(at.row);
                }
            }
        })?;
        if count > MAX_GONE {
            bail!(
                "{count} records were corrected or withdrawn since then, and at most {MAX_GONE} are looked through: choose a later instant"
            );
        }
        for (segment, rows) in by_segment {
            past.read(records, segment, rows)?;
        }
        Ok(past)
    }

    fn read(&mut self, records: &Records, segment: u32, mut rows: Vec<u32>) -> Result<()> {
        rows.sort_unstable();
        rows.dedup();
        let landed = records.landing.rows(segment, &rows)?;
        let Some(mapper) = records.mapper_of(&landed.source) else {
            return Ok(());
        };
        let (said, _) = mapper.map_landed(&landed.batch);
        let part = self.parts.len();
        let mut named = Vec::new();
        for index in 0..said.len() {
            let record = LiveRecord {
                at: RowRef {
                    segment,
                    row: rows[said.rows[index] as usize],
                },
                source: mapper.source(),
                batch: &landed.batch,
                said: &said,
                index,
            };
            let (file, line) = record.origin();
            let source = record.source.id.clone();
            self.gone.insert((source, file, line, record.arrival_ms()));
            said.subjects(index, &mut named);
            for subject in &named {
                self.named.entry(*subject).or_default().push((part, index));
            }
        }
        self.parts.push(Part {
            segment,
            rows,
            landed,
            said,
        });
        Ok(())
    }

    /// Whether a record was there.
    pub fn knows(&self, record: &LiveRecord<'_>) -> bool {
        record.arrival_ms() <= self.time_ms
    }

    /// Whether a row has been corrected or withdrawn since.
    pub fn is_gone(&self, row: &Origin) -> bool {
        self.gone.contains(row)
    }

    /// Hands the rows that counted then and do not now to `take`, where they name
    /// one of `subjects`.
    pub fn naming(
        &self,
        records: &Records,
        subjects: &[SubjectKey],
        mut take: impl FnMut(LiveRecord<'_>),
    ) {
        let places = subjects
            .iter()
            .filter_map(|subject| self.named.get(subject));
        for (part, index) in places.flatten() {
            let part = &self.parts[*part];
            let Some(mapper) = records.mapper_of(&part.landed.source) else {
                continue;
            };
            let row = part.rows[part.said.rows[*index] as usize];
            take(LiveRecord {
                at: RowRef {
                    segment: part.segment,
                    row,
                },
                source: mapper.source(),
                batch: &part.landed.batch,
                said: &part.said,
                index: *index,
            });
        }
    }
}
