//! What has arrived at a worker for the epoch that is still open.
//!
//! Contract: rows keep no order. Observations are summed as they come, see
//! `observed`; what has expired before the epoch can close is not kept at all.

use serde::{Deserialize, Serialize};
use tocsin_ingest::fact::{SubjectKey, Term};

use crate::day::business_day;
use crate::grain::Dated;
use crate::identity::Claim;
use crate::latest::Version as Profile;
use crate::links::Target;
use crate::observed::Observed;
use crate::revise::Version;
use crate::types::Time;

/// A row of an input: what is said of a subject, when, how often.
pub(crate) type Row<V> = ((SubjectKey, V), Time, isize);

/// A container of rows for one worker. Their time is set when the epoch closes.
#[derive(Serialize, Deserialize)]
pub(crate) enum Load {
    /// Observations.
    Observed(Vec<Dated>),
    /// Profiles by subject.
    Profiles(Vec<Row<Profile>>),
    /// Enterprises by alias.
    Aliases(Vec<Row<Claim>>),
    /// Links by linked subject.
    Links(Vec<Row<(Target, Term)>>),
}

/// Everything that belongs to one epoch, in containers.
#[derive(Default)]
pub(crate) struct Arrivals {
    /// Observations.
    pub(crate) observed: Observed,
    /// Profiles by subject.
    pub(crate) profiles: Vec<Vec<Row<Profile>>>,
    /// Enterprises by alias.
    pub(crate) aliases: Vec<Vec<Row<Claim>>>,
    /// Links by linked subject.
    pub(crate) links: Vec<Vec<Row<(Target, Term)>>>,
    /// Rules, with the instants from which they are in force.
    pub(crate) rules: Vec<Version>,
    /// The epoch closes on this business day or later.
    today: i32,
}

impl Arrivals {
    /// Nothing yet, for an epoch that closes at or after `open`.
    pub(crate) fn new(open: Time) -> Self {
        Arrivals {
            today: business_day(open),
            ..Arrivals::default()
        }
    }

    /// Adds what a loader sent.
    pub(crate) fn add(&mut self, load: Load) {
        match load {
            Load::Observed(rows) => self.observed.add(&rows, self.today),
            Load::Profiles(rows) => self.profiles.push(rows),
            Load::Aliases(rows) => self.aliases.push(rows),
            Load::Links(rows) => self.links.push(rows),
        }
    }

    /// Takes all that belongs to an epoch that closes at `time`; rules for
    /// later instants stay.
    pub(crate) fn take(&mut self, time: Time) -> Arrivals {
        let mut epoch = std::mem::replace(self, Arrivals::new(time + 1));
        self.rules = epoch
            .rules
            .extract_if(.., |(from, _)| *from > time)
            .collect();
        epoch
    }
}
