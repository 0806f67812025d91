//! The city: its parameters, a day's deliveries, and the hidden truth.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use include_dir::{Dir, include_dir};
use jiff::civil::Date;
use thiserror::Error;

use crate::calendar::{day_number, month_of};
use crate::feeds::block::{blocks, generate};
use crate::feeds::whole::Whole;
use crate::feeds::{FeedFault, Feeds, opening};
use crate::truth::{Truth, truths};
use crate::world::World;

/// The feeds of the city's own 42 units.
static FEEDS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/city/feeds");

/// What determines a city, down to the last byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CityParams {
    /// How many enterprises there are on the first day.
    pub enterprises: u32,
    /// Another seed is another city.
    pub seed: u64,
    /// The first day of deliveries.
    pub start: Date,
    /// How many months are simulated.
    pub months: u32,
    /// How many of 100,000 enterprises belong to a scheme; a small city has one
    /// scheme of every typology at least, unless this is 0.
    pub schemes_per_100k: u32,
    /// New enterprises a month, in thousandths of the first day's number.
    pub founded_per_mille: u32,
    /// How many times as dirty as measured its records are; 0: clean but late.
    pub dirt: u32,
    /// A folder of feeds instead of the city's own.
    pub feeds: Option<PathBuf>,
}

impl Default for CityParams {
    fn default() -> Self {
        CityParams {
            enterprises: 20_000,
            seed: 1,
            start: jiff::civil::date(2024, 1, 1),
            months: 24,
            schemes_per_100k: 25,
            founded_per_mille: 6,
            dirt: 1,
            feeds: None,
        }
    }
}

/// Bytes for one file below the landing folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Relative, with `/`: `msa/penalty/2025-03.csv`.
    pub path: String,
    /// Complete lines to append, the header first when this opens the file; or
    /// all of it.
    pub bytes: Vec<u8>,
    /// A list or a workbook that is delivered once and as a whole: half of it
    /// means something else, so put it in its place by rename.
    pub whole: bool,
}

/// Why there is no city, or no day of it.
#[derive(Debug, Error)]
pub enum CityError {
    /// Feeds that nobody can run.
    #[error("{} faults in the feeds, the first: {}", .0.len(), .0.first().map_or(String::new(), ToString::to_string))]
    Feeds(Vec<FeedFault>),
    /// A workbook that cannot be made.
    #[error("workbook: {0}")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// A folder or file that cannot be read or written.
    #[error("{0}")]
    Disk(#[from] io::Error),
}

/// Reads the feeds that `params` ask for.
pub(crate) fn feeds(params: &CityParams) -> Result<Feeds, CityError> {
    let mut files = match &params.feeds {
        Some(folder) => read_folder(folder)?,
        None => embedded(),
    };
    files.sort();
    Feeds::read(&files, params.dirt).map_err(CityError::Feeds)
}

fn embedded() -> Vec<(String, String)> {
    let text = |file: &include_dir::File<'_>| {
        let name = file.path().file_name()?.to_str()?.to_owned();
        Some((name, file.contents_utf8()?.to_owned()))
    };
    FEEDS.files().filter_map(text).collect()
}

fn read_folder(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            files.push((name, fs::read_to_string(&path)?));
        }
    }
    Ok(files)
}

/// A simulated city that is played day by day. It holds what is still to be
/// delivered; [`crate::write_city`] holds next to nothing.
#[derive(Debug)]
pub struct City {
    world: World,
    feeds: Feeds,
    /// The day that comes next, and the first month that is not generated yet.
    next: i32,
    next_month: i32,
    /// What is due, by day and feed.
    due: BTreeMap<i32, BTreeMap<u16, Vec<u8>>>,
    whole: Whole,
    /// Files that have been opened, by feed and month.
    opened: BTreeSet<(u16, i32)>,
}

impl City {
    /// Founds the city. Costs nothing but reading the feeds.
    ///
    /// # Errors
    /// When the feeds have faults.
    pub fn new(params: &CityParams) -> Result<City, CityError> {
        let world = World::new(params);
        Ok(City {
            next: world.start,
            next_month: world.first_month,
            feeds: feeds(params)?,
            due: BTreeMap::new(),
            whole: Whole::default(),
            opened: BTreeSet::new(),
            world,
        })
    }

    /// Every file that the agencies deliver on `day`, in order: what is to be
    /// appended, or a file as a whole. Empty outside the simulated time. The same
    /// day gives the same bytes whenever it is asked for; in order it is cheap.
    ///
    /// # Errors
    /// When a workbook cannot be made.
    pub fn day(&mut self, day: Date) -> Result<Vec<Delivery>, CityError> {
        let day = day_number(day);
        if day < self.world.start || day >= self.world.end {
            return Ok(Vec::new());
        }
        if day < self.next {
            self.begin_again();
        }
        while self.next < day {
            self.deliver()?;
        }
        self.deliver()
    }

    /// The hidden truth, enterprise by enterprise: everybody in a scheme, and
    /// everybody lawful who looks like it. The engine never reads it.
    pub fn truth(&self) -> impl Iterator<Item = Truth> {
        truths(&self.world)
    }

    fn begin_again(&mut self) {
        self.next = self.world.start;
        self.next_month = self.world.first_month;
        self.due.clear();
        self.whole = Whole::default();
        self.opened.clear();
    }

    /// Delivers the next day.
    fn deliver(&mut self) -> Result<Vec<Delivery>, CityError> {
        let day = self.next;
        let month = month_of(day);
        while self.next_month <= month {
            self.generate(self.next_month);
            self.next_month += 1;
        }
        self.next += 1;
        let mut deliveries = Vec::new();
        for (place, rows) in self.due.remove(&day).unwrap_or_default() {
            let feed = &self.feeds.list[usize::from(place)];
            let mut bytes = Vec::new();
            if self.opened.insert((place, month)) {
                bytes = opening(feed);
            }
            bytes.extend_from_slice(&rows);
            let path = feed.monthly_path(month);
            deliveries.push(Delivery {
                path,
                bytes,
                whole: false,
            });
        }
        let whole = self.whole.due(&self.feeds, day)?;
        deliveries.extend(whole.into_iter().map(|(_, file)| file));
        Ok(deliveries)
    }

    fn generate(&mut self, month: i32) {
        for number in 0..blocks(&self.world, month) {
            let block = generate(&self.world, &self.feeds, month, number);
            let mut from = 0;
            for piece in &block.pieces {
                let to = from + piece.bytes as usize;
                let row = &block.bytes[from..to];
                from = to;
                if Whole::is_for(&self.feeds.list[usize::from(piece.feed)]) {
                    self.whole.put(&self.feeds, piece, row);
                } else {
                    let day = self.due.entry(piece.day).or_default();
                    day.entry(piece.feed).or_default().extend_from_slice(row);
                }
            }
        }
    }
}
