//! Feeds as their files declare them, and every fault in them at once.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;

use super::column::{Column, Expression};
use super::dirt::{DeclaredRates, Rates};
use super::feed::{Feed, Renamed, key};
use super::schedule::Cadence;
use crate::calendar::month_number;
use crate::event::KINDS;

/// A fault in a feed's file: which file, which resource, what is wrong and what
/// is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedFault {
    /// The file, by name.
    pub file: String,
    /// The resource, when the file could be read at all.
    pub resource: String,
    /// What is wrong and what is allowed.
    pub what: String,
}

impl fmt::Display for FeedFault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.resource.is_empty() {
            write!(to, "{}: {}", self.file, self.what)
        } else {
            write!(
                to,
                "{}: resource `{}`: {}",
                self.file, self.resource, self.what
            )
        }
    }
}

impl std::error::Error for FeedFault {}

/// A file of feeds: one unit's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unit {
    /// From which month the unit's files carry another name: it was merged.
    renamed: Option<DeclaredName>,
    feed: Vec<Declared>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredName {
    since: String,
    prefix: String,
}

/// One feed, as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    resource: String,
    on: OneOrMany,
    topics: Option<Vec<String>>,
    share: Option<Share>,
    lag: Option<[i32; 2]>,
    #[serde(default)]
    cadence: Cadence,
    #[serde(default)]
    form: super::Form,
    #[serde(default)]
    encoding: super::file::Encoding,
    #[serde(default)]
    crlf: bool,
    #[serde(default)]
    mode: super::Mode,
    #[serde(default)]
    dirt: DeclaredRates,
    silent: Option<String>,
    columns: Vec<(String, String)>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// `30` is `[0, 30]`: all draws below.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Share {
    First(u32),
    Range([u32; 2]),
}

/// Reads one unit's file; `dirt` is how many times as dirty as measured it is.
pub(super) fn read(file: &str, text: &str, dirt: u32) -> Result<Vec<Feed>, Vec<FeedFault>> {
    let unit: Unit = toml::from_str(text).map_err(|error| {
        vec![FeedFault {
            file: file.to_owned(),
            resource: String::new(),
            what: error.to_string(),
        }]
    })?;
    let folder = file.trim_end_matches(".toml");
    let mut feeds = Vec::new();
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for declared in &unit.feed {
        let mut judge = Judge {
            declared,
            dirt,
            faults: Vec::new(),
        };
        if !seen.insert(&declared.resource) {
            judge.faults.push("declared twice".to_owned());
        }
        let feed = judge.feed(folder, unit.renamed.as_ref());
        faults.extend(judge.faults.into_iter().map(|what| FeedFault {
            file: file.to_owned(),
            resource: declared.resource.clone(),
            what,
        }));
        feeds.push(feed);
    }
    if faults.is_empty() {
        Ok(feeds)
    } else {
        Err(faults)
    }
}

struct Judge<'a> {
    declared: &'a Declared,
    dirt: u32,
    faults: Vec<String>,
}

impl Judge<'_> {
    /// The feed; of use only when there are no faults.
    fn feed(&mut self, unit: &str, renamed: Option<&DeclaredName>) -> Feed {
        let routes = self.routes();
        let columns = self.columns();
        let share = self.share();
        let lag = self.declared.lag.unwrap_or([1, 4]);
        if lag[0] < 0 || lag[0] > lag[1] || lag[1] > 366 {
            self.faults.push(format!(
                "lag `{lag:?}`: allowed are two numbers of days in order, 0 to 366"
            ));
        }
        let silent = self
            .declared
            .silent
            .as_deref()
            .and_then(|text| self.month("silent", text));
        let renamed = renamed.and_then(|renamed| {
            let since = self.month("renamed.since", &renamed.since)?;
            Some(Renamed {
                since,
                prefix: renamed.prefix.clone(),
            })
        });
        let declared = self.declared;
        let folder = format!("{unit}/{}", declared.resource);
        Feed {
            key: key(&folder),
            folder,
            dirt: declared.dirt.over(Rates::of(&routes, self.dirt)),
            routes,
            share,
            lag: (lag[0], lag[1]),
            cadence: declared.cadence,
            form: declared.form,
            encoding: declared.encoding,
            crlf: declared.crlf,
            mode: declared.mode,
            silent,
            renamed,
            op: columns
                .iter()
                .position(|column| column.expression == Expression::Op),
            columns,
        }
    }

    /// Places of kinds and of their topics.
    fn routes(&mut self) -> Vec<(usize, usize)> {
        let names = match &self.declared.on {
            OneOrMany::One(name) => std::slice::from_ref(name),
            OneOrMany::Many(names) => names,
        };
        let mut routes = Vec::new();
        let mut unknown: BTreeSet<&String> = self.declared.topics.iter().flatten().collect();
        let mut allowed = Vec::new();
        for name in names {
            let Some(at) = KINDS.iter().position(|info| info.name == name.as_str()) else {
                let all: Vec<&str> = KINDS.iter().map(|info| info.name).collect();
                self.faults
                    .push(format!("kind `{name}`: allowed are {}", all.join(" ")));
                continue;
            };
            for (topic_at, topic) in KINDS[at].topics.iter().enumerate() {
                let wanted = self.declared.topics.as_ref();
                if wanted.is_none_or(|wanted| wanted.iter().any(|name| name.as_str() == *topic)) {
                    routes.push((at, topic_at));
                }
                unknown.retain(|name| name.as_str() != *topic);
            }
            allowed.push(KINDS[at].topics.join(" "));
        }
        for topic in unknown {
            self.faults.push(format!(
                "topic `{topic}`: allowed are {}",
                allowed.join(" ")
            ));
        }
        routes
    }

    fn columns(&mut self) -> Vec<Column> {
        let mut columns = Vec::new();
        for (header, text) in &self.declared.columns {
            match Column::read(header, text) {
                Ok(column) => columns.push(column),
                Err(what) => self.faults.push(format!("column `{header}`: {what}")),
            }
        }
        if self.declared.columns.is_empty() {
            self.faults.push("no columns".to_owned());
        }
        columns
    }

    fn share(&mut self) -> (u32, u32) {
        let [from, to] = match self.declared.share {
            None => [0, 100],
            Some(Share::First(share)) => [0, share],
            Some(Share::Range(range)) => range,
        };
        if from >= to || to > 100 {
            self.faults.push(format!(
                "share `{from}..{to}`: allowed are ranges within 0 to 100"
            ));
        }
        (from, to)
    }

    fn month(&mut self, key: &str, text: &str) -> Option<i32> {
        let month = month_number(text);
        if month.is_none() {
            self.faults.push(format!(
                "{key} `{text}`: allowed is a month such as 2024-08"
            ));
        }
        month
    }
}
