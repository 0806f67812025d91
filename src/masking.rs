//! Persons, accounts and telephones (个人信息保护法 第二十八条, 第五十一条) are shown
//! by marks: their kind and the beginning of their pseudonym. The same subject has
//! the same mark everywhere, and without the secret of the pseudonyms nobody finds
//! the value from it. Which columns hold such values follows from the declarations
//! ([`Source::personal`]).
//!
//! Nothing here shows a value: [`crate::explain::reveal`] does, for one subject,
//! and whoever calls that writes down first who wants it, and why.
//!
//! [`Source::personal`]: tocsin_ingest::source::Source::personal

use tocsin_alerts::store::RejectRow;
use tocsin_ingest::fact::{SubjectKey, SubjectKind};
use tocsin_ingest::source::Source;
use tocsin_ingest::values::Pseudonymiser;

/// The words that marks begin with.
const KINDS: [&str; 4] = ["person", "account", "phone", "address"];
/// What stands for a value that is not shown and has no pseudonym.
const HIDDEN: &str = "········";

/// A subject as it may be shown: its kind and the beginning of its pseudonym.
pub fn mark(subject: SubjectKey) -> String {
    format!("{} {:08x}", word(subject.kind()), subject.payload() >> 88)
}

/// A value that names a subject, as it may be shown. What has no pseudonym (a
/// telephone without a digit, say) is not shown at all.
pub fn masked(pseudonyms: &Pseudonymiser, kind: SubjectKind, text: &str) -> String {
    let subject = pseudonyms.subject(kind, text);
    subject.map_or_else(|| format!("{} {HIDDEN}", word(kind)), mark)
}

fn word(kind: SubjectKind) -> String {
    format!("{kind:?}").to_lowercase()
}

/// The marks that stand in a text.
pub fn marks_in(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split([' ', '(', ')', ',']).collect();
    let is_mark = |pair: &&[&str]| {
        let is_kind = KINDS.contains(&pair[0]);
        is_kind && pair[1].len() == 8 && pair[1].bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let marks = words.windows(2).filter(is_mark);
    marks.map(|pair| pair.join(" ")).collect()
}

/// The value of a refused record, as it may be shown: not where its column names
/// persons, or where it is not known which column it is of.
pub fn refused_value<'a>(source: &Source, reject: &'a RejectRow) -> &'a str {
    let column = source.column(&reject.field);
    match column {
        _ if reject.value.is_empty() => "",
        Some(column) if source.personal(column).is_none() => &reject.value,
        None if reject.field.is_empty() && !speaks_of_persons(source) => &reject.value,
        _ => HIDDEN,
    }
}

/// Whether any column of a source names persons.
pub fn speaks_of_persons(source: &Source) -> bool {
    (0..source.columns.len()).any(|column| source.personal(column).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_subjects_apart_and_nothing_else() {
        let pseudonyms = Pseudonymiser::new([7; 32]);
        let of = |text: &str| masked(&pseudonyms, SubjectKind::Account, text);
        assert_eq!(of("6217 0000 0007"), of("621700000007"));
        assert_ne!(of("621700000007"), of("621700000008"));
        let (kind, rest) = of("621700000007")
            .split_once(' ')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        assert_eq!((kind.as_str(), rest.len()), ("account", 8));
        let other = Pseudonymiser::new([8; 32]);
        assert_ne!(
            of("621700000007"),
            masked(&other, SubjectKind::Account, "621700000007")
        );
        assert_eq!(
            masked(&pseudonyms, SubjectKind::Phone, "无号码"),
            format!("phone {HIDDEN}")
        );
        let way = format!(
            "holder (pbc/account {}), name (msa/registration 9144)",
            of("6217")
        );
        assert_eq!(marks_in(&way), [of("6217")]);
    }
}
