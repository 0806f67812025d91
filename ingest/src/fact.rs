//! What records say, in the engine's words: the plain data that passes from
//! `ingest` to the dataflow and to the batch fold that verifies it.
//!
//! All numbers are integers: they retract exactly. A value is fixed point in
//! units of 1/[`VALUE_SCALE`]; days count from 1970-01-01 in Asia/Shanghai.

use serde::{Deserialize, Serialize};

/// One unit of a declared value is this many units of a stored value.
pub const VALUE_SCALE: i64 = 10_000;

/// The largest magnitude a single value may have (stored units). Larger ones
/// are rejected at the border, so that 92 facts of the largest size still add
/// up without overflow.
pub const MAX_VALUE: i64 = 100_000_000_000_000_000;

/// The expiry day of a fact that counts for ever.
pub const NEVER: i32 = i32::MAX;

/// What a subject key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum SubjectKind {
    /// An enterprise by its unified social credit code (packed, reversible).
    EnterpriseCode = 1,
    /// An enterprise by an opaque identifier of its own (hashed).
    EnterpriseId = 2,
    /// A registration number (15 or 13 digits) that means an enterprise.
    RegistrationNumber = 3,
    /// A 9-character organisation code that means an enterprise.
    OrganisationCode = 4,
    /// A normalised name that means an enterprise.
    Name = 5,
    /// An agency's own number of an enterprise: the same number of another
    /// agency is another key.
    AgencyId = 6,
    /// What names that resemble each other have in common. It means nobody: it
    /// finds candidates for a name that waits.
    Likeness = 7,
    /// A person, pseudonymised at ingest.
    Person = 8,
    /// A payment account, pseudonymised at ingest.
    Account = 9,
    /// A postal address.
    Address = 10,
    /// A telephone number, pseudonymised at ingest.
    Phone = 11,
    /// A site, domain or application.
    Domain = 12,
}

impl SubjectKind {
    const ALL: [SubjectKind; 12] = [
        SubjectKind::EnterpriseCode,
        SubjectKind::EnterpriseId,
        SubjectKind::RegistrationNumber,
        SubjectKind::OrganisationCode,
        SubjectKind::Name,
        SubjectKind::AgencyId,
        SubjectKind::Likeness,
        SubjectKind::Person,
        SubjectKind::Account,
        SubjectKind::Address,
        SubjectKind::Phone,
        SubjectKind::Domain,
    ];

    /// Whether keys of this kind are enterprises themselves.
    pub fn is_enterprise(self) -> bool {
        matches!(
            self,
            SubjectKind::EnterpriseCode | SubjectKind::EnterpriseId
        )
    }

    /// Whether keys of this kind are other identifiers of an enterprise.
    pub fn is_alias(self) -> bool {
        matches!(
            self,
            SubjectKind::RegistrationNumber
                | SubjectKind::OrganisationCode
                | SubjectKind::Name
                | SubjectKind::AgencyId
        )
    }
}

/// A subject: its kind in the top byte, 120 bits of packed code or hash below.
/// Aliases have 104 bits of it, and 16 zero bits below them, in which the engine
/// keeps the day on which a record uses the alias.
///
/// Packed: beside a byte (a share, a kind of link) it takes 17 bytes, not 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(Rust, packed)]
pub struct SubjectKey(pub u128);

impl std::fmt::LowerHex for SubjectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::LowerHex::fmt(&{ self.0 }, f)
    }
}

impl SubjectKey {
    const PAYLOAD: u128 = (1 << 120) - 1;

    /// Builds a key from a kind and a payload, of which the low 120 bits count,
    /// of an alias 104.
    pub fn new(kind: SubjectKind, payload: u128) -> Self {
        let free = if kind.is_alias() { 16 } else { 0 };
        SubjectKey((u128::from(kind as u8) << 120) | ((payload << free) & Self::PAYLOAD))
    }

    /// The kind this key was built with.
    ///
    /// # Panics
    /// Only on a key that was not built by [`SubjectKey::new`].
    pub fn kind(self) -> SubjectKind {
        let tag = (self.0 >> 120) as u8;
        SubjectKind::ALL
            .into_iter()
            .find(|kind| *kind as u8 == tag)
            .unwrap_or_else(|| panic!("subject key with unknown kind tag {tag}"))
    }

    /// A uniform 64-bit hash, by which the landing finds the records that name
    /// the subject; whoever looks up compares the key itself.
    pub fn hash64(self) -> u64 {
        xxhash_rust::xxh3::xxh3_64(&self.0.to_le_bytes())
    }

    /// The 120 bits below the kind.
    pub fn payload(self) -> u128 {
        self.0 & Self::PAYLOAD
    }
}

/// An accumulator: one number of one source that is counted and summed per
/// enterprise. Numbered by the catalogue of sources; see `Catalogue::slots`.
pub type Slot = u16;

/// A day as an observation carries it: never 0, which says that none is known;
/// days before 1970-01-02 are 1, days after 2149-06-06 the last that fits.
pub fn event_day(day: i32) -> u16 {
    day.clamp(1, i32::from(u16::MAX)) as u16
}

/// One thing a record says about one subject that is counted and summed. 32
/// bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Observation {
    /// The subject as the record names it: enterprise, alias, person, account…
    pub subject: SubjectKey,
    /// The day it stops counting, or [`NEVER`].
    pub expiry: i32,
    /// Which accumulator it goes to.
    pub slot: Slot,
    /// The day of which it speaks, see [`event_day`]; 0 where none is known.
    pub day: u16,
    /// Its value in stored units; for subjects that reach an enterprise through
    /// links it is multiplied by the link's share.
    pub value: i64,
}

/// What a record says that only the latest record may say: attributes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Profile {
    /// The subject as the record names it: enterprise or alias.
    pub subject: SubjectKey,
    /// The source: the latest profile per subject and source counts.
    pub source: u16,
    /// The day it speaks of: the greatest wins, then the greatest `record`.
    pub day: i32,
    /// Hash of the record's key: breaks ties without looking at arrival.
    pub record: u64,
    /// Accumulators and their values, sorted by slot.
    pub values: Vec<(Slot, i64)>,
    /// The day on which the record names the subject, see [`event_day`]; 0
    /// where none is known, or where the subject is no alias.
    pub named: u16,
}

/// The days on which something holds: from the first until before the second,
/// both as [`event_day`] has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Term {
    /// The first day; 0: since ever.
    pub from: u16,
    /// The first day no more; `u16::MAX`: for ever.
    pub until: u16,
}

impl Term {
    /// Every day.
    pub const ALWAYS: Term = Term {
        from: 0,
        until: u16::MAX,
    };

    /// Whether it holds on `day`.
    pub fn holds_on(self, day: u16) -> bool {
        self.from <= day && (day < self.until || self.until == u16::MAX)
    }

    /// Whether it holds on no day at all.
    pub fn is_empty(self) -> bool {
        self.from >= self.until
    }
}

/// How firmly an alias means its enterprise: on each day only those of the
/// firmest standing count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Standing {
    /// Beyond the days for which it was given: while nobody else bears it.
    Beyond = 0,
    /// On those days.
    Borne = 1,
    /// Somebody has decided that it does.
    Decided = 2,
}

/// An identifier that means an enterprise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Alias {
    /// The other identifier (its kind is an alias kind).
    pub alias: SubjectKey,
    /// The enterprise.
    pub enterprise: SubjectKey,
    /// On which days.
    pub term: Term,
    /// How firmly.
    pub standing: Standing,
}

/// A link between subjects along which observations travel to an enterprise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Link {
    /// The subject that is linked (account, person, …).
    pub from: SubjectKey,
    /// What it belongs to: an enterprise, an alias of one, or a subject that has
    /// links of its own.
    pub to: SubjectKey,
    /// The kind of link, an index into the catalogue's link kinds.
    pub kind: u8,
    /// The business days on which it counts: it ends by itself.
    pub term: Term,
    /// The day on which the record names `to`, where that is an alias; 0 where
    /// none is known, or where it is none.
    pub named: u16,
}

/// How a record ended that somebody looked into: the label that trains models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Outcome {
    /// The enterprise or alias as the record names it.
    pub subject: SubjectKey,
    /// Whether it was illegal fundraising.
    pub positive: bool,
    /// The day on which the record names the subject; 0 where none is known, or
    /// where the subject is no alias.
    pub named: u16,
}

/// Everything a batch of records says. The order within each list follows the
/// records, and carries no meaning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Counted and summed.
    pub observations: Vec<Observation>,
    /// Latest wins.
    pub profiles: Vec<Profile>,
    /// Identifiers of enterprises.
    pub aliases: Vec<Alias>,
    /// Links between subjects.
    pub links: Vec<Link>,
    /// Labels; they train models and never enter a score.
    pub outcomes: Vec<Outcome>,
}

impl Facts {
    /// Takes everything away, and keeps the room.
    pub fn clear(&mut self) {
        self.observations.clear();
        self.profiles.clear();
        self.aliases.clear();
        self.links.clear();
        self.outcomes.clear();
    }

    /// Whether nothing is said at all.
    pub fn is_empty(&self) -> bool {
        self.observations.is_empty()
            && self.profiles.is_empty()
            && self.aliases.is_empty()
            && self.links.is_empty()
            && self.outcomes.is_empty()
    }
}
