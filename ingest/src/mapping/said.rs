//! What the records of a batch say, column-wise, so that the facts of any
//! subset can be taken.

use crate::catalogue::SlotRange;
use crate::fact::{
    Alias, Facts, Link, NEVER, Observation, Outcome, Profile, Slot, Standing, SubjectKey, Term,
    event_day,
};
use crate::values::likeness;
use arrow_array::{Array, StringArray};

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
    /// Whether it is raised of others than the record's enterprise.
    elsewhere: bool,
    /// For each record its place in `raised`, or [`SignalColumn::NONE`].
    pub(super) places: Vec<u32>,
    pub(super) raised: Vec<Raised>,
}

impl SignalColumn {
    pub(super) const NONE: u32 = u32::MAX;

    /// A column of so many records that raise nothing yet.
    pub(super) fn silent(slot: Slot, records: usize, elsewhere: bool) -> Self {
        SignalColumn {
            slot,
            elsewhere,
            places: vec![Self::NONE; records],
            raised: Vec::new(),
        }
    }

    /// Lets the record at `index` raise the signal.
    pub(super) fn raise(&mut self, index: usize, raised: Raised) {
        self.places[index] = self.raised.len() as u32;
        self.raised.push(raised);
    }

    pub(super) fn at(&self, index: usize) -> Option<&Raised> {
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

/// What one declared alias says.
#[derive(Debug, Clone)]
pub(super) struct AliasColumn {
    pub(super) keys: Vec<Option<SubjectKey>>,
    /// Empty: always.
    pub(super) terms: Vec<Term>,
    pub(super) standing: Standing,
    pub(super) beyond: bool,
    /// The texts by row of the batch, where they are names.
    pub(super) names: Option<StringArray>,
}

/// What one declared link says.
#[derive(Debug, Clone)]
pub(super) struct LinkColumn {
    pub(super) kind: u8,
    /// From whom and to whom.
    pub(super) ends: Vec<Option<(SubjectKey, SubjectKey)>>,
    /// Empty: always.
    pub(super) terms: Vec<Term>,
}

/// The term of a record; where none are declared it is always.
fn term_at(terms: &[Term], index: usize) -> Term {
    terms.get(index).copied().unwrap_or(Term::ALWAYS)
}

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
    /// The day on which it names an enterprise by an alias; 0 where none is
    /// known or it names it otherwise.
    pub(super) named: Vec<u16>,
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
    pub(super) aliases: Vec<AliasColumn>,
    pub(super) links: Vec<LinkColumn>,
    pub(super) outcomes: Option<Vec<Option<bool>>>,
}

impl AliasColumn {
    /// What the name in a row of the batch has in common with those it
    /// resembles. Only the index asks for it, so it is not made beforehand.
    fn likeness(&self, row: usize) -> Option<SubjectKey> {
        let names = self.names.as_ref().filter(|names| !names.is_null(row))?;
        likeness::key(names.value(row))
    }

    /// Adds the aliases that the record at `index` gives its enterprise.
    fn say(&self, index: usize, enterprise: SubjectKey, aliases: &mut Vec<Alias>) {
        let Some(alias) = self.keys[index] else {
            return;
        };
        let means = |term, standing| Alias {
            alias,
            enterprise,
            term,
            standing,
        };
        let term = term_at(&self.terms, index);
        if !term.is_empty() {
            aliases.push(means(term, self.standing));
        }
        if self.beyond && term != Term::ALWAYS {
            aliases.push(means(Term::ALWAYS, Standing::Beyond));
        }
    }
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
        let (enterprise, named) = (self.enterprises[index], self.named[index]);
        if let Some(enterprise) = enterprise.filter(|e| e.kind().is_enterprise()) {
            for column in &self.aliases {
                column.say(index, enterprise, &mut facts.aliases);
            }
        }
        for column in &self.links {
            let term = term_at(&column.terms, index);
            if let Some((from, to)) = column.ends[index].filter(|_| !term.is_empty()) {
                facts.links.push(Link {
                    from,
                    to,
                    kind: column.kind,
                    term,
                    named: if to.kind().is_alias() { named } else { 0 },
                });
            }
        }
        let positive = self.outcomes.as_ref().and_then(|column| column[index]);
        if let (Some(subject), Some(positive)) = (enterprise, positive) {
            facts.outcomes.push(Outcome {
                subject,
                positive,
                named,
            });
        }
    }

    fn observations(&self, index: usize, facts: &mut Facts) {
        if let Some(subject) = self.enterprises[index] {
            facts.observations.push(Observation {
                subject,
                expiry: NEVER,
                slot: self.slots.mention,
                day: self.named[index],
                value: 0,
            });
        }
        for signal in &self.signals {
            if let Some(raised) = signal.at(index) {
                let named = match raised.subject.kind().is_alias() {
                    true => self.named[index],
                    false => 0,
                };
                facts.observations.push(Observation {
                    subject: raised.subject,
                    expiry: raised.expiry,
                    slot: signal.slot,
                    day: raised.day.map_or(named, event_day),
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
            named: self.named[index],
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
                .filter(|signal| signal.elsewhere)
                .filter_map(|signal| signal.at(index))
                .map(|raised| raised.subject),
        );
        for column in &self.aliases {
            out.extend(column.keys[index]);
            out.extend(column.likeness(self.rows[index] as usize));
        }
        let links = self.links.iter().filter_map(|column| column.ends[index]);
        out.extend(links.flat_map(|(from, to)| [from, to]));
        out.sort_unstable();
        out.dedup();
    }
}
