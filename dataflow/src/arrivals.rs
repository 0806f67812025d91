//! What has arrived at a worker for the epoch that is still open.
//!
//! Contract: rows keep no order. Observations are summed as they come, see
//! `observed`; what has expired before the epoch can close is not kept at all.
//! Other rows wait in a `stock`.

use serde::{Deserialize, Serialize};
use tocsin_ingest::fact::{SubjectKey, Term};

use crate::day::business_day;
use crate::grain::Dated;
use crate::identity::Claim;
use crate::latest::Version as Profile;
use crate::links::Target;
use crate::observed::Observed;
use crate::pieces::Size;
use crate::revise::Version;
use crate::spill::Place;
use crate::stock::Stock;
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

/// Everything that belongs to one epoch.
pub(crate) struct Arrivals {
    /// Observations.
    pub(crate) observed: Observed,
    /// Profiles by subject.
    pub(crate) profiles: Stock<Profile>,
    /// Enterprises by alias.
    pub(crate) aliases: Stock<Claim>,
    /// Links by linked subject.
    pub(crate) links: Stock<(Target, Term)>,
    /// Rules, with the instants from which they are in force.
    pub(crate) rules: Vec<Version>,
    /// The epoch closes at this instant or later.
    open: Time,
    /// How large the pieces are that it enters by.
    pub(crate) size: Size,
    /// Where much of it may wait.
    place: Place,
}

impl Arrivals {
    /// Nothing yet, for an epoch that closes at or after `open`.
    pub(crate) fn new(open: Time, size: Size, place: Place) -> Self {
        Arrivals {
            observed: Observed::new(size),
            profiles: Stock::new(size, place.clone()),
            aliases: Stock::new(size, place.clone()),
            links: Stock::new(size, place.clone()),
            rules: Vec::new(),
            open,
            size,
            place,
        }
    }

    /// Sets how large pieces are, from what comes next on.
    pub(crate) fn resize(&mut self, size: Size) {
        self.size = size;
        self.observed.resize(size);
        self.profiles.resize(size);
        self.aliases.resize(size);
        self.links.resize(size);
    }

    /// Lets much of what is to come wait in files at a place.
    pub(crate) fn wait_at(&mut self, place: Place) {
        self.profiles.wait_at(place.clone());
        self.aliases.wait_at(place.clone());
        self.links.wait_at(place.clone());
        self.place = place;
    }

    /// Adds what a loader sent.
    pub(crate) fn add(&mut self, load: Load) {
        match load {
            Load::Observed(rows) => self.observed.add(&rows, business_day(self.open)),
            Load::Profiles(rows) => self.profiles.add(rows),
            Load::Aliases(rows) => self.aliases.add(rows),
            Load::Links(rows) => self.links.add(rows),
        }
    }

    /// Takes all that belongs to an epoch that closes at `time`; rules for
    /// later instants stay.
    pub(crate) fn take(&mut self, time: Time) -> Arrivals {
        let mut epoch =
            std::mem::replace(self, Arrivals::new(time + 1, self.size, self.place.clone()));
        epoch.observed.rest();
        self.rules = epoch
            .rules
            .extract_if(.., |(from, _)| *from > time)
            .collect();
        epoch
    }
}
