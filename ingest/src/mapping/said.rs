//! What the records of a batch say, column-wise, so that the facts of any
//! subset can be taken.

use crate::catalogue::SlotRange;
use crate::fact::{
    Alias, Facts, Link, NEVER, Observation, Outcome, Profile, Slot, SubjectKey, event_day,
};

/// A signal that a record raises.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raised {
    pub(super) subject: SubjectKey,
    pub(super) value: i64,
    pub(super) expiry: i32,
    pub(super) day: Option<i32>,
}

/// What one declared signal says over a batch. Most records raise none of most
/// signals, so a record that does not costs four bytes.
#[derive(Debug, Clone)]
pub(super) struct SignalColumn {
    pub(super) slot: Slot,
    /// For each record its place in `raised`, or [`SignalColumn::NONE`].
    pub(super) places: Vec<u32>,
    pub(super) raised: Vec<Raised>,
}

impl SignalColumn {
    pub(super) const NONE: u32 = u32::MAX;

    /// A column of so many records that raise nothing yet.
    pub(super) fn silent(slot: Slot, records: usize) -> Self {
        SignalColumn {
            slot,
            places: vec![Self::NONE; records],
            raised: Vec::new(),
        }
    }

    /// Lets the record at `index` raise the signal.
    pub(super) fn raise(&mut self, index: usize, raised: Raised) {
        self.places[index] = self.raised.len() as u32;
        self.raised.push(raised);
    }

    fn at(&self, index: usize) -> Option<&Raised> {
        self.raised.get(self.places[index] as usize)
    }
}

/// What one declared attribute says: its value and day.
#[derive(Debug, Clone)]
pub(super) struct AttributeColumn {
    pub(super) slot: Slot,
    pub(super) values: Vec<Option<i64>>,
    pub(super) days: Vec<i32>,
}

/// From whom and to whom one declared link leads, for each record.
pub(super) type Ends = Vec<Option<(SubjectKey, SubjectKey)>>;

/// What the good records of a batch say. Every list has one item a record.
#[derive(Debug, Clone)]
pub struct Said {
    /// The record's row in the raw batch.
    pub rows: Vec<u32>,
    /// Hash of the record's key: equal for versions of one record.
    pub keys: Vec<u128>,
    /// Hash of the whole raw row: equal for records that say the same words.
    /// None are there where they were not asked for.
    pub contents: Vec<u64>,
    /// Whether the record withdraws its key instead of saying something.
    pub withdraws: Vec<bool>,
    /// The enterprise as the record names it.
    pub enterprises: Vec<Option<SubjectKey>>,
    /// How many rows had a value that was cleaned.
    pub normalised: usize,
    /// Credit codes whose inner organisation code fails its own check.
    pub odd_inner_checks: u64,
    /// How many rows each quality check found, in the order of declaration.
    pub checks: Vec<u64>,
    pub(super) source: u16,
    pub(super) slots: SlotRange,
    pub(super) signals: Vec<SignalColumn>,
    pub(super) attributes: Vec<AttributeColumn>,
    pub(super) aliases: Vec<Vec<Option<SubjectKey>>>,
    pub(super) links: Vec<(u8, Ends)>,
    pub(super) outcomes: Option<Vec<Option<bool>>>,
}

impl Said {
    /// How many records.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Appends what the record at `index` says.
    pub fn facts(&self, index: usize, facts: &mut Facts) {
        self.observations(index, facts);
        self.profile(index, facts);
        let enterprise = self.enterprises[index];
        if let Some(enterprise) = enterprise.filter(|e| e.kind().is_enterprise()) {
            let aliases = self.aliases.iter().filter_map(|column| column[index]);
            facts
                .aliases
                .extend(aliases.map(|alias| Alias { alias, enterprise }));
        }
        for (kind, column) in &self.links {
            if let Some((from, to)) = column[index] {
                facts.links.push(Link {
                    from,
                    to,
                    kind: *kind,
                });
            }
        }
        let positive = self.outcomes.as_ref().and_then(|column| column[index]);
        if let (Some(subject), Some(positive)) = (enterprise, positive) {
            facts.outcomes.push(Outcome { subject, positive });
        }
    }

    fn observations(&self, index: usize, facts: &mut Facts) {
        if let Some(subject) = self.enterprises[index] {
            facts.observations.push(Observation {
                subject,
                expiry: NEVER,
                slot: self.slots.mention,
                day: 0,
                value: 0,
            });
        }
        for signal in &self.signals {
            if let Some(raised) = signal.at(index) {
                facts.observations.push(Observation {
                    subject: raised.subject,
                    expiry: raised.expiry,
                    slot: signal.slot,
                    day: raised.day.map_or(0, event_day),
                    value: raised.value,
                });
            }
        }
    }

    /// One profile of all attributes, as of the latest of their days. One that
    /// has no value takes part too: the latest record then says "unknown".
    fn profile(&self, index: usize, facts: &mut Facts) {
        let Some(subject) = self.enterprises[index] else {
            return;
        };
        let values: Vec<(Slot, i64)> = self
            .attributes
            .iter()
            .filter_map(|column| Some((column.slot, column.values[index]?)))
            .collect();
        let Some(day) = self
            .attributes
            .iter()
            .map(|column| column.days[index])
            .max()
        else {
            return;
        };
        facts.profiles.push(Profile {
            subject,
            source: self.source,
            day,
            record: self.keys[index] as u64,
            values,
        });
    }

    /// The day of which the record at `index` speaks where it feeds `slot`, and
    /// the day on which that stops counting.
    pub fn days(&self, index: usize, slot: Slot) -> (Option<i32>, Option<i32>) {
        let signal = self.signals.iter().find(|signal| signal.slot == slot);
        if let Some(raised) = signal.and_then(|signal| signal.at(index)) {
            return (
                raised.day,
                (raised.expiry != NEVER).then_some(raised.expiry),
            );
        }
        let attribute = self
            .attributes
            .iter()
            .find(|attribute| attribute.slot == slot);
        let day = attribute.map(|attribute| attribute.days[index]);
        (day.filter(|day| *day != i32::MIN), None)
    }

    /// Every subject that the record at `index` names, for the index that finds
    /// the records behind a score.
    pub fn subjects(&self, index: usize, out: &mut Vec<SubjectKey>) {
        out.clear();
        out.extend(self.enterprises[index]);
        out.extend(
            self.signals
                .iter()
                .filter_map(|signal| signal.at(index))
                .map(|raised| raised.subject),
        );
        out.extend(self.aliases.iter().filter_map(|column| column[index]));
        let links = self.links.iter().filter_map(|(_, column)| column[index]);
        out.extend(links.flat_map(|(from, to)| [from, to]));
        out.sort_unstable();
        out.dedup();
    }
}
