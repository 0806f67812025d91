//! A whole city at once: month after month, blocks of enterprises are generated
//! by several threads and written in their order, so the number of threads
//! changes nothing. Memory holds buffers, lists and the rows of workbooks to
//! come, whatever the number of enterprises.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};

use crate::calendar::month_of;
use crate::city::{CityError, CityParams, Delivery, feeds};
use crate::feeds::block::{Block, blocks, generate};
use crate::feeds::whole::Whole;
use crate::feeds::{Feeds, opening};
use crate::world::{World, month_start};

/// Bytes of one file that wait before they are written.
const BUFFER: usize = 1 << 15;

/// Blocks that may wait for the writer, a thread.
const AHEAD: usize = 2;

/// What has been written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Rows, without headers; a snapshot's rows count in each file.
    pub rows: u64,
    /// Files.
    pub files: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Months that are complete.
    pub months: u32,
}

/// Writes all deliveries of a city below `root`, a file a resource and month, and
/// snapshots and workbooks as they are due. `progress` is told after every month.
/// Day by day, [`crate::City::day`] delivers the same rows, in another order
/// within a month.
///
/// # Errors
/// When the feeds have faults or the disk refuses. Files of an earlier run must
/// not be there: they would be appended to.
pub fn write_city(
    root: &Path,
    params: &CityParams,
    threads: usize,
    mut progress: impl FnMut(&Stats),
) -> Result<Stats, CityError> {
    let world = World::new(params);
    let feeds = feeds(params)?;
    let mut writer = Writer::new(root, &world, &feeds);
    for month in world.first_month..world.first_month + world.months as i32 {
        in_order(&world, &feeds, month, threads.clamp(1, 64), |block| {
            writer.put(&block)
        })?;
        writer.finish(month)?;
        progress(&writer.stats);
    }
    Ok(writer.stats)
}

/// Generates a month's blocks on `threads` threads and hands them over in order:
/// thread t makes blocks t, t + threads, … and waits when it is ahead.
fn in_order(
    world: &World,
    feeds: &Feeds,
    month: i32,
    threads: usize,
    mut put: impl FnMut(Block) -> io::Result<()>,
) -> io::Result<()> {
    let count = blocks(world, month);
    std::thread::scope(|scope| {
        let mut queues: Vec<Receiver<Block>> = Vec::new();
        for thread in 0..threads as u32 {
            let (send, receive) = sync_channel(AHEAD);
            queues.push(receive);
            scope.spawn(move || {
                for number in (thread..count).step_by(threads) {
                    if send.send(generate(world, feeds, month, number)).is_err() {
                        return;
                    }
                }
            });
        }
        for number in 0..count as usize {
            let block = queues[number % threads].recv();
            put(block.map_err(|_| io::Error::other("a thread of the simulation has stopped"))?)?;
        }
        Ok(())
    })
}

/// A file that grows.
#[derive(Debug, Default)]
struct Growing {
    bytes: Vec<u8>,
    opened: bool,
}

struct Writer<'a> {
    root: PathBuf,
    world: &'a World,
    feeds: &'a Feeds,
    /// By feed and month.
    files: Vec<Growing>,
    whole: Whole,
    stats: Stats,
}

impl<'a> Writer<'a> {
    fn new(root: &Path, world: &'a World, feeds: &'a Feeds) -> Writer<'a> {
        let mut files = Vec::new();
        files.resize_with(feeds.list.len() * world.months as usize, Growing::default);
        Writer {
            root: root.to_owned(),
            world,
            feeds,
            files,
            whole: Whole::default(),
            stats: Stats::default(),
        }
    }

    fn put(&mut self, block: &Block) -> io::Result<()> {
        let mut from = 0;
        for piece in &block.pieces {
            let to = from + piece.bytes as usize;
            let row = &block.bytes[from..to];
            from = to;
            if Whole::is_for(&self.feeds.list[usize::from(piece.feed)]) {
                self.whole.put(self.feeds, piece, row);
                continue;
            }
            self.stats.rows += 1;
            let month = (month_of(piece.day) - self.world.first_month) as usize;
            let at = month * self.feeds.list.len() + usize::from(piece.feed);
            self.files[at].bytes.extend_from_slice(row);
            if self.files[at].bytes.len() >= BUFFER {
                self.flush(at)?;
            }
        }
        Ok(())
    }

    /// Appends what waits to its file, which begins with its header.
    fn flush(&mut self, at: usize) -> io::Result<()> {
        let feed = &self.feeds.list[at % self.feeds.list.len()];
        let month = self.world.first_month + (at / self.feeds.list.len()) as i32;
        let growing = &mut self.files[at];
        if growing.bytes.is_empty() {
            return Ok(());
        }
        let path = self.root.join(feed.monthly_path(month));
        if !growing.opened {
            growing.opened = true;
            self.stats.files += 1;
            let mut opened = opening(feed);
            opened.append(&mut growing.bytes);
            growing.bytes = opened;
        }
        self.stats.bytes += growing.bytes.len() as u64;
        append(&path, &growing.bytes)?;
        growing.bytes.clear();
        Ok(())
    }

    /// Completes a month: nothing of it comes later.
    fn finish(&mut self, month: i32) -> Result<(), CityError> {
        let count = self.feeds.list.len();
        let first = (month - self.world.first_month) as usize * count;
        for at in first..first + count {
            self.flush(at)?;
            self.files[at].bytes = Vec::new();
        }
        for day in month_start(month).max(self.world.start)..month_start(month + 1) {
            if day >= self.world.end {
                break;
            }
            for (rows, Delivery { path, bytes, .. }) in self.whole.due(self.feeds, day)? {
                self.stats.rows += rows;
                self.stats.files += 1;
                self.stats.bytes += bytes.len() as u64;
                append(&self.root.join(path), &bytes)?;
            }
        }
        self.stats.months += 1;
        Ok(())
    }
}

fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(bytes)
}
