//! Where events go when they leave: a file of CloudEvents, one a line.
//!
//! Exactly once, whatever the moment of a kill: the file itself says how far it
//! is. Opening it cuts off a torn last line and reads the sequence number of the
//! last whole one; publishing appends only what comes after. The outbox is the
//! store's table of events, so [`publish_pending`] asks it for the rest.

use super::cloudevent;
use crate::store::{Sequenced, Store, StoreError};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// How many events are taken from the outbox at once.
const BATCH: usize = 500;
/// How many bytes are read at once, backwards, to find the last line.
const BLOCK: u64 = 64 * 1024;

/// Why a sink refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The file cannot be read or written.
    #[error("cannot use the event file `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The last line is none of ours.
    #[error(
        "the last line of the event file `{}` is no event with a `sequence`: name another file, or remove it",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The outbox cannot be read.
    #[error("cannot read the outbox")]
    Outbox(#[from] StoreError),
}

/// A file of CloudEvents.
#[derive(Debug)]
pub struct Sink {
    path: PathBuf,
    file: File,
    /// The bytes of whole lines.
    length: u64,
    last: u64,
}

impl Sink {
    /// Opens or creates the file, cuts off a torn last line, and finds out how
    /// far it is.
    ///
    /// # Errors
    /// [`SinkError::File`]; [`SinkError::Foreign`] if the last whole line was
    /// not written by a sink.
    pub fn open(path: &Path) -> Result<Sink, SinkError> {
        let refused = |source| SinkError::File {
            path: path.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        let options = options.create(true).truncate(false).read(true).write(true);
        let mut file = options.open(path).map_err(refused)?;
        let end = file.seek(SeekFrom::End(0)).map_err(refused)?;
        let length = line_start(&mut file, end).map_err(refused)?;
        file.set_len(length).map_err(refused)?;
        let line = last_line(&mut file, length).map_err(refused)?;
        let last = match line.as_slice() {
            [] => 0,
            line => cloudevent::sequence(line).ok_or_else(|| SinkError::Foreign {
                path: path.to_owned(),
            })?,
        };
        file.seek(SeekFrom::Start(length)).map_err(refused)?;
        Ok(Sink {
            path: path.to_owned(),
            file,
            length,
            last,
        })
    }

    /// The sequence number of the last event in the file; 0: none.
    pub fn last_sequence(&self) -> u64 {
        self.last
    }

    /// Appends the events that come after the last one in the file, and gives
    /// how many. `events` are in the order of their sequence numbers.
    ///
    /// # Errors
    /// [`SinkError::File`]; then none of them is in the file.
    pub fn publish(&mut self, events: &[Sequenced]) -> Result<usize, SinkError> {
        let mut lines = Vec::new();
        let (mut last, mut count) = (self.last, 0);
        for event in events {
            if event.seq > last {
                cloudevent::write(&mut lines, event).map_err(|source| self.refused(source))?;
                last = event.seq;
                count += 1;
            }
        }
        if let Err(source) = self.file.write_all(&lines) {
            self.undo();
            return Err(self.refused(source));
        }
        self.length += lines.len() as u64;
        self.last = last;
        Ok(count)
    }

    /// Waits until all events are on the disk. Not needed for exactness: what a
    /// power cut takes from the file is still in the outbox.
    ///
    /// # Errors
    /// [`SinkError::File`].
    pub fn sync(&self) -> Result<(), SinkError> {
        self.file.sync_data().map_err(|source| self.refused(source))
    }

    /// Cuts off what a failed write left. If that fails too, opening does it.
    fn undo(&mut self) {
        let _ = self.file.set_len(self.length);
        let _ = self.file.seek(SeekFrom::Start(self.length));
    }

    fn refused(&self, source: io::Error) -> SinkError {
        SinkError::File {
            path: self.path.clone(),
            source,
        }
    }
}

/// Publishes what the outbox has and the sink has not, and gives how many.
///
/// # Errors
/// [`SinkError`]; what was published until then stays published.
pub async fn publish_pending(store: &Store, sink: &mut Sink) -> Result<usize, SinkError> {
    let mut published = 0;
    loop {
        let events = store.events_after(sink.last_sequence(), BATCH).await?;
        if events.is_empty() {
            return Ok(published);
        }
        published += sink.publish(&events)?;
    }
}

/// The byte after the last newline before `end`: where a line starts.
fn line_start(file: &mut File, end: u64) -> io::Result<u64> {
    let mut end = end;
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        let block = read_range(file, start, end)?;
        if let Some(place) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + place as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// The line that ends at `end` with its newline; empty if there is none.
fn last_line(file: &mut File, end: u64) -> io::Result<Vec<u8>> {
    let start = line_start(file, end.saturating_sub(1))?;
    read_range(file, start, end)
}

fn read_range(file: &mut File, start: u64, end: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(end - start).read_to_end(&mut bytes)?;
    Ok(bytes)
}
