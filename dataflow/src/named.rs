//! Aliases with the day on which a record uses them.
//!
//! Contract: a name may mean one enterprise today and another tomorrow, so what
//! is said of a name keeps its day for as long as it may matter: for ever, where
//! sources say from when to when aliases of its kind hold, and not at all where
//! none does. The day lies in the 16 bits that keys of aliases leave free, so
//! that facts of enterprises pay nothing for it.

use tocsin_ingest::fact::{SubjectKey, SubjectKind};

const DAY: u128 = 0xFFFF;

/// The kinds of alias that may mean different enterprises on different days.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Dated(u32);

impl Dated {
    /// These kinds.
    pub(crate) fn new(kinds: &[SubjectKind]) -> Self {
        let bits = kinds.iter().map(|kind| 1 << (*kind as u32));
        Dated(bits.fold(0, |all, bit| all | bit))
    }

    /// The subject as it is named on `day`; 0: nobody knows when. What is no
    /// alias, or is one of a kind without days, stays as it is.
    pub(crate) fn on(self, subject: SubjectKey, day: u16) -> SubjectKey {
        let tag = (subject.0 >> 120) as u32;
        match self.0 >> tag & 1 {
            1 => SubjectKey(subject.0 | u128::from(day.min(LAST))),
            _ => subject,
        }
    }
}

/// The last day that a name can be used on; the day after is "for ever".
const LAST: u16 = u16::MAX - 1;

/// The alias, and the day on which it is used.
pub(crate) fn apart(named: SubjectKey) -> (SubjectKey, u16) {
    (SubjectKey(named.0 & !DAY), (named.0 & DAY) as u16)
}

#[cfg(test)]
mod tests {
    use tocsin_ingest::fact::SubjectKind::{EnterpriseCode, Name, OrganisationCode, Person};

    use super::*;

    #[test]
    fn only_aliases_of_dated_kinds_carry_a_day() {
        let dated = Dated::new(&[Name]);
        let name = SubjectKey::new(Name, u128::MAX);
        assert_eq!(apart(dated.on(name, 20_000)), (name, 20_000));
        assert_eq!(apart(dated.on(name, u16::MAX)), (name, LAST));
        for kind in [EnterpriseCode, OrganisationCode, Person] {
            let subject = SubjectKey::new(kind, u128::MAX);
            assert_eq!(dated.on(subject, 20_000), subject);
        }
        assert_eq!(Dated::default().on(name, 20_000), name);
    }
}
