//! Which process has what: sources by declaration or by hash, segments by the
//! range of their numbers.

use anyhow::{Result, bail};
use tocsin_alerts::store::Segment;
use tocsin_ingest::catalogue::Catalogue;
use tocsin_ingest::source::Source;
use xxhash_rust::xxh3::xxh3_64;

/// Bits of a segment's number that count it within its process.
const COUNT_BITS: u32 = 26;

/// A process's share of the sources, as it and all others see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The process.
    pub process: usize,
    /// How many there are.
    pub processes: usize,
}

impl Share {
    /// All of it: there is one process.
    pub const WHOLE: Share = Share {
        process: 0,
        processes: 1,
    };

    /// The process that takes a source in: the declared one, or one by the hash
    /// of its name.
    pub fn owner(self, source: &Source) -> usize {
        match source.process {
            _ if self.processes == 1 => 0,
            Some(process) => usize::from(process),
            None => (xxh3_64(source.id.as_bytes()) % self.processes as u64) as usize,
        }
    }

    /// Whether this process takes a source in.
    pub fn has(self, source: &Source) -> bool {
        self.owner(source) == self.process
    }

    /// The number before this process's first segment.
    pub fn first_segment(self) -> u32 {
        (self.process as u32) << COUNT_BITS
    }

    /// Whether every declared process exists.
    ///
    /// # Errors
    /// Names the sources of which it does not.
    pub fn check_sources(self, catalogue: &Catalogue) -> Result<()> {
        let beyond = |source: &&Source| {
            let declared = source.process.map(usize::from);
            declared.is_some_and(|process| process >= self.processes)
        };
        let names: Vec<&str> = catalogue
            .sources()
            .iter()
            .filter(beyond)
            .map(|source| source.id.as_str())
            .collect();
        if self.processes > 1 && !names.is_empty() {
            bail!(
                "`process` of {}: the hosts file has {} processes, numbered from 0",
                names.join(", "),
                self.processes
            );
        }
        Ok(())
    }

    /// Whether what landed lies with the processes that take its sources in.
    ///
    /// # Errors
    /// Names a source that would move to another process, and what to do.
    pub fn check_segments(self, catalogue: &Catalogue, segments: &[Segment]) -> Result<()> {
        for segment in segments {
            let Some(source) = catalogue.source(&segment.source) else {
                continue;
            };
            let (lies, owner) = (holder(segment.id), self.owner(source));
            if self.processes > 1 && lies != owner {
                bail!(
                    "records of source `{}` lie with process {lies}, but it is process {owner}'s by this hosts file and its declaration: declare `process = {lies}` for it, or keep the number of processes",
                    source.id
                );
            }
        }
        Ok(())
    }
}

/// The process where a segment lies.
pub fn holder(segment: u32) -> usize {
    (segment >> COUNT_BITS) as usize
}
