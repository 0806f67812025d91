//! A column of codes: the unified social credit code, or what stood in its
//! place before, told apart by length.

use super::text::trim;
use super::{OrganisationCode, Refusal, RegistrationNumber, Uscc, is_absent};
use crate::fact::SubjectKey;

/// An identifier that the state gave to an enterprise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Identifier {
    /// A unified social credit code.
    Uscc(Uscc),
    /// A registration number of 15 or 13 digits.
    RegistrationNumber(RegistrationNumber),
    /// An organisation code of 9 characters.
    OrganisationCode(OrganisationCode),
}

/// Reads whichever identifier has this length.
pub fn identify(cell: &str) -> Result<Identifier, Refusal> {
    let text = trim(cell);
    let length = match text.is_ascii() {
        true => text.len(),
        false => text.chars().count(),
    };
    match length {
        18 => Uscc::parse(text).map(Identifier::Uscc),
        13 | 15 => RegistrationNumber::parse(text).map(Identifier::RegistrationNumber),
        9 | 10 => OrganisationCode::parse(text).map(Identifier::OrganisationCode),
        _ if is_absent(text) => Err(Refusal::Absent),
        found => Err(Refusal::Length {
            found,
            allowed: "18, or 15, 13 or 9 for older numbers",
        }),
    }
}

impl Identifier {
    /// The key of the subject it names: an enterprise or an alias of one.
    pub fn key(&self) -> SubjectKey {
        match self {
            Identifier::Uscc(code) => code.key(),
            Identifier::RegistrationNumber(number) => number.key(),
            Identifier::OrganisationCode(code) => code.key(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::SubjectKind;

    fn check(cell: &str, kind: SubjectKind) {
        assert_eq!(identify(cell).unwrap().key().kind(), kind, "{cell:?}");
    }

    #[test]
    fn told_apart_by_length() {
        check("91350100M000100Y43", SubjectKind::EnterpriseCode);
        check(" ９１350100M000100Y43", SubjectKind::EnterpriseCode);
        check("110108000000016", SubjectKind::RegistrationNumber);
        check("1101080000000", SubjectKind::RegistrationNumber);
        check("M000100Y4", SubjectKind::OrganisationCode);
        check("M000100Y-4", SubjectKind::OrganisationCode);
    }

    #[test]
    fn the_rest_is_refused() {
        assert_eq!(identify("12345678").unwrap_err().code(), "length");
        assert_eq!(
            identify("91350100M000100Y44").unwrap_err().code(),
            "check-character"
        );
        assert_eq!(
            identify("注册地址为广州市天河区的").unwrap_err().code(),
            "length"
        );
        assert_eq!(identify("N/A"), Err(Refusal::Absent));
    }
}
