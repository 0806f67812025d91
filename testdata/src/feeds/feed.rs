//! A feed that has been judged, and all feeds of the city.

use serde::Deserialize;

use super::FeedFault;
use super::column::Column;
use super::declared;
use super::dirt::Rates;
use super::file::Encoding;
use super::schedule::Cadence;
use crate::calendar::iso_month;
use crate::event::KINDS;
use crate::random::{mix, stream};

/// What kind of file a feed writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Form {
    #[default]
    Csv,
    Xlsx,
}

/// Whether a file holds what is new, or all that is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mode {
    #[default]
    Rows,
    Snapshot,
}

/// From which month a unit's files begin with another name.
#[derive(Debug, Clone)]
pub(super) struct Renamed {
    pub(super) since: i32,
    pub(super) prefix: String,
}

/// A number for a folder, whatever other feeds there are.
pub(super) fn key(folder: &str) -> u64 {
    folder
        .bytes()
        .fold(0, |key, byte| mix(key, stream::LAG, u64::from(byte), 0))
}

/// One agency's resource.
#[derive(Debug, Clone)]
pub(crate) struct Feed {
    /// Folder of the files: `unit/resource`.
    pub(crate) folder: String,
    /// See [`key`].
    pub(super) key: u64,
    /// (kind, topic) pairs that it sees.
    pub(super) routes: Vec<(usize, usize)>,
    pub(super) share: (u32, u32),
    pub(super) lag: (i32, i32),
    pub(super) cadence: Cadence,
    pub(crate) form: Form,
    pub(crate) encoding: Encoding,
    pub(super) crlf: bool,
    pub(crate) mode: Mode,
    pub(super) dirt: Rates,
    pub(super) silent: Option<i32>,
    pub(super) renamed: Option<Renamed>,
    pub(super) columns: Vec<Column>,
    /// Column of `op`: only feeds that have one can withdraw.
    pub(super) op: Option<usize>,
}

impl Feed {
    /// The file of a month that grows row by row.
    pub(crate) fn monthly_path(&self, month: i32) -> String {
        self.path(month, &iso_month(month))
    }

    /// A file that is delivered whole on a day.
    pub(crate) fn daily_path(&self, month: i32, day: &str) -> String {
        self.path(month, day)
    }

    fn path(&self, month: i32, when: &str) -> String {
        let prefix = match &self.renamed {
            Some(renamed) if month >= renamed.since => renamed.prefix.as_str(),
            _ => "",
        };
        let extension = super::extension(self.form);
        format!("{}/{prefix}{when}.{extension}", self.folder)
    }
}

/// All feeds, and which of them see what.
#[derive(Debug, Clone)]
pub(crate) struct Feeds {
    pub(crate) list: Vec<Feed>,
    /// By kind, by topic: places in the list.
    routes: Vec<Vec<Vec<u16>>>,
}

impl Feeds {
    /// Reads all units' files, in the order of their names. `dirt` is how many
    /// times as dirty as measured they are.
    pub(crate) fn read(files: &[(String, String)], dirt: u32) -> Result<Feeds, Vec<FeedFault>> {
        let mut list = Vec::new();
        let mut faults = Vec::new();
        for (file, text) in files {
            match declared::read(file, text, dirt) {
                Ok(feeds) => list.extend(feeds),
                Err(found) => faults.extend(found),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut routes: Vec<Vec<Vec<u16>>> = KINDS
            .iter()
            .map(|info| vec![Vec::new(); info.topics.len()])
            .collect();
        for (at, feed) in list.iter().enumerate() {
            for (kind, topic) in &feed.routes {
                routes[*kind][*topic].push(at as u16);
            }
        }
        Ok(Feeds { list, routes })
    }

    /// The feeds that see events of a kind and topic.
    pub(super) fn seeing(&self, kind: usize, topic: &str) -> &[u16] {
        let at = KINDS[kind].topics.iter().position(|known| *known == topic);
        at.map_or(&[], |at| &self.routes[kind][at])
    }
}
