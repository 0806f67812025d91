//! Keys of subjects, made of the text that names them.
//!
//! State-given identifiers are packed, enterprise names and opaque identifiers
//! hashed. Persons, accounts, addresses, phones and domains are pseudonymised:
//! hashed with a secret key, so that nobody without it can try values out.
//! Equal values meet because they are made plain first; every kind has a name
//! space of its own. A cell that says nothing has no key.

use super::is_absent;
use super::text::{clean, half_width, is_blank, trim};
use crate::fact::{SubjectKey, SubjectKind};
use xxhash_rust::xxh3::xxh3_128;

/// The key of an enterprise by an opaque identifier of its own.
pub fn enterprise_id(cell: &str) -> Option<SubjectKey> {
    let text = trim(cell);
    let hash = || xxh3_128(text.as_bytes());
    (!is_absent(text)).then(|| SubjectKey::new(SubjectKind::EnterpriseId, hash()))
}

/// The key of whatever enterprise an agency's own number means. Two agencies'
/// equal numbers are two keys.
pub fn agency_id(agency: &str, cell: &str) -> Option<SubjectKey> {
    let text = clean(cell);
    if is_absent(&text) {
        return None;
    }
    // No text holds the byte between them.
    let bytes = [agency.as_bytes(), &[0xFF], text.as_bytes()].concat();
    Some(SubjectKey::new(SubjectKind::AgencyId, xxh3_128(&bytes)))
}

/// Makes keys that do not give away what they were made of.
#[derive(Clone)]
pub struct Pseudonymiser {
    secret: [u8; 32],
}

impl std::fmt::Debug for Pseudonymiser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pseudonymiser(secret)")
    }
}

impl Pseudonymiser {
    /// With a secret that must stay the same for as long as keys are compared.
    pub fn new(secret: [u8; 32]) -> Self {
        Pseudonymiser { secret }
    }

    /// A person, by identity number or by name.
    pub fn person(&self, cell: &str) -> Option<SubjectKey> {
        self.key(SubjectKind::Person, cell, solid(cell))
    }

    /// A payment account; spaces and hyphens between digits do not count.
    pub fn account(&self, cell: &str) -> Option<SubjectKey> {
        self.key(
            SubjectKind::Account,
            cell,
            solid(cell).filter(|c| *c != '-'),
        )
    }

    /// A postal address.
    pub fn address(&self, cell: &str) -> Option<SubjectKey> {
        self.key(SubjectKind::Address, cell, solid(cell))
    }

    /// A telephone number: its digits without the country code of China.
    pub fn phone(&self, cell: &str) -> Option<SubjectKey> {
        let digits: String = solid(cell).filter(char::is_ascii_digit).collect();
        let abroad = solid(cell).next() == Some('+');
        let national = digits
            .strip_prefix("0086")
            .or_else(|| {
                digits
                    .strip_prefix("86")
                    .filter(|rest| abroad || rest.len() == 11)
            })
            .unwrap_or(&digits);
        let without_digits = national.is_empty();
        let key = self.key(SubjectKind::Phone, cell, national.chars());
        key.filter(|_| !without_digits)
    }

    /// A site, domain or application: the host of an address of the web.
    pub fn domain(&self, cell: &str) -> Option<SubjectKey> {
        let text: String = solid(cell).map(|c| c.to_ascii_lowercase()).collect();
        let after_scheme = text
            .split_once("://")
            .map_or(text.as_str(), |(_, rest)| rest);
        let host = after_scheme
            .split(['/', '?', '#'])
            .next()
            .unwrap_or_default();
        let host = host.trim_end_matches('.');
        self.key(SubjectKind::Domain, cell, host.chars())
            .filter(|_| !host.is_empty())
    }

    /// The key of a subject of any of the pseudonymised kinds; none for others.
    pub fn subject(&self, kind: SubjectKind, cell: &str) -> Option<SubjectKey> {
        match kind {
            SubjectKind::Person => self.person(cell),
            SubjectKind::Account => self.account(cell),
            SubjectKind::Address => self.address(cell),
            SubjectKind::Phone => self.phone(cell),
            SubjectKind::Domain => self.domain(cell),
            _ => None,
        }
    }

    fn key(
        &self,
        kind: SubjectKind,
        cell: &str,
        value: impl Iterator<Item = char>,
    ) -> Option<SubjectKey> {
        if is_absent(cell) {
            return None;
        }
        let mut hasher = blake3::Hasher::new_keyed(&self.secret);
        hasher.update(&[kind as u8]);
        feed(&mut hasher, value);
        let mut hash = [0; 16];
        hash.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Some(SubjectKey::new(kind, u128::from_le_bytes(hash)))
    }
}

/// Hashes characters a buffer at a time: one at a time costs several times more.
fn feed(hasher: &mut blake3::Hasher, value: impl Iterator<Item = char>) {
    let mut buffer = [0; 128];
    let mut filled = 0;
    for c in value {
        if filled + c.len_utf8() > buffer.len() {
            hasher.update(&buffer[..filled]);
            filled = 0;
        }
        filled += c.encode_utf8(&mut buffer[filled..]).len();
    }
    hasher.update(&buffer[..filled]);
}

/// The characters that count: half-width, upper case, without blanks.
fn solid(cell: &str) -> impl Iterator<Item = char> {
    let folded = cell.chars().map(half_width);
    folded
        .filter(|c| !is_blank(*c))
        .map(|c| c.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Pseudonymiser {
        Pseudonymiser::new([7; 32])
    }

    #[test]
    fn spellings_of_one_subject_meet() {
        let keys = keys();
        assert_eq!(
            keys.person("44030019800101001x"),
            keys.person("４４030019800101001X ")
        );
        assert_eq!(
            keys.account("6222 0000 1234 5678"),
            keys.account("6222-0000-12345678")
        );
        assert_eq!(
            keys.address("南山区（科技园） 1号"),
            keys.address("南山区(科技园)1号")
        );
        assert_eq!(keys.phone("+86 138-0000-0000"), keys.phone("13800000000"));
        assert_eq!(
            keys.phone("8613800000000"),
            keys.phone("１３８００００００００")
        );
        assert_eq!(
            keys.domain("https://WWW.Example.com/a?b"),
            keys.domain("www.example.com.")
        );
    }

    #[test]
    fn kinds_and_secrets_part_equal_values() {
        let keys = keys();
        let all = [
            keys.person("1"),
            keys.account("1"),
            keys.address("1"),
            keys.phone("1"),
            keys.domain("1"),
            Pseudonymiser::new([8; 32]).person("1"),
            enterprise_id("1"),
        ];
        for (index, key) in all.iter().enumerate() {
            assert!(key.is_some() && !all[..index].contains(key), "{index}");
        }
        // Not even without the kind in the top byte.
        assert_ne!(
            keys.person("1").unwrap().payload(),
            keys.account("1").unwrap().payload()
        );
    }

    #[test]
    fn nothing_has_no_key() {
        let keys = keys();
        for cell in ["", "　", "N/A", "--"] {
            assert_eq!(enterprise_id(cell), None);
            assert_eq!(keys.person(cell), None, "{cell:?}");
            assert_eq!(keys.phone(cell), None);
        }
        assert_eq!(keys.phone("未留"), None);
        assert_eq!(keys.domain("https://"), None);
    }

    #[test]
    fn kinds_are_what_they_say() {
        let kinds = [
            SubjectKind::Person,
            SubjectKind::Account,
            SubjectKind::Address,
            SubjectKind::Phone,
            SubjectKind::Domain,
        ];
        for kind in kinds {
            assert_eq!(
                keys().subject(kind, "13800000000").map(SubjectKey::kind),
                Some(kind)
            );
        }
        assert_eq!(keys().subject(SubjectKind::Name, "x"), None);
        assert_eq!(enterprise_id(" a "), enterprise_id("a"));
    }

    #[test]
    fn the_secret_is_not_printed() {
        assert!(!format!("{:?}", keys()).contains('7'));
    }
}
