//! Writes a day's deliveries where an engine watches: files grow, the clock
//! comes last.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use jiff::civil::Date;

use crate::city::City;

/// What one day brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DayStats {
    /// Files that were opened or grew.
    pub files: u64,
    /// Rows, without headers.
    pub rows: u64,
    /// Bytes appended.
    pub bytes: u64,
}

/// Appends what is delivered on `day` to the files below `root`, then sets the
/// file `clock` there to 18:00 of that day in Asia/Shanghai, by rename. Days
/// must be written once and in order: a day that is written again is appended
/// again.
///
/// # Errors
/// When a folder or file below `root` cannot be made or written.
pub fn write_day(root: &Path, city: &mut City, day: Date) -> io::Result<DayStats> {
    let mut stats = DayStats::default();
    let mut folders = BTreeSet::new();
    let opens = day.day() == 1 || city.is_first(day);
    for delivery in city.day(day) {
        let path = root.join(&delivery.path);
        if let Some(folder) = path
            .parent()
            .filter(|folder| folders.insert(folder.to_path_buf()))
        {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        file.write_all(&delivery.bytes)?;
        stats.files += 1;
        stats.rows += lines(&delivery.bytes) - u64::from(opens);
        stats.bytes += delivery.bytes.len() as u64;
    }
    set_clock(root, day)?;
    Ok(stats)
}

fn lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

fn set_clock(root: &Path, day: Date) -> io::Result<()> {
    fs::create_dir_all(root)?;
    let next = root.join("clock.next");
    let mut file = File::create(&next)?;
    writeln!(file, "{day}T18:00:00+08:00")?;
    file.sync_all()?;
    fs::rename(next, root.join("clock"))
}
