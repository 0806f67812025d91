//! The elements of illegal fundraising (国务院令第737号 第二条) and which of them
//! the evidence speaks for: what is missing says what to look into next.

use crate::explain::Contribution;
use std::collections::BTreeSet;

/// One element of the offence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::serve) struct Element {
    pub(in crate::serve) mark: &'static str,
    pub(in crate::serve) chinese: &'static str,
    pub(in crate::serve) english: &'static str,
    /// The categories whose evidence speaks for it.
    pub(in crate::serve) by: Vec<char>,
}

/// Which categories speak for which element, where the signals do not say.
const ELEMENTS: [(&str, &str, &str, &[char]); 4] = [
    ("①", "非法性", "no licence", &['A', 'F']),
    ("②", "利诱性", "promised return", &['B', 'D', 'E']),
    ("③", "社会性", "unspecified public", &['C', 'D', 'E']),
    ("④", "公开性", "made public", &['C']),
];

/// The matrix of what adds to the score. What a declared signal bears on is its
/// own business; without a declaration its category decides.
pub(in crate::serve) fn elements(contributions: &[Contribution]) -> Vec<Element> {
    let element = |(mark, chinese, english, categories): (_, &'static str, _, &[char])| {
        let speaks = |part: &&Contribution| {
            let declared = part.signal.as_ref();
            part.weight > 0
                // What two features say together speaks for neither by itself.
                && part.term.is_none()
                && is_evidence(part)
                && declared.map_or_else(
                    || categories.contains(&part.category),
                    |signal| signal.elements.iter().any(|element| element == chinese),
                )
        };
        let by = contributions
            .iter()
            .filter(speaks)
            .map(|part| part.category);
        let by: BTreeSet<char> = by.collect();
        Element {
            mark,
            chinese,
            english,
            by: by.into_iter().collect(),
        }
    };
    ELEMENTS.into_iter().map(element).collect()
}

/// Whether something was said: a model may weigh that nothing is known, which is
/// no evidence of anything.
fn is_evidence(part: &Contribution) -> bool {
    !part.records.is_empty() || part.value.is_some_and(|value| value != 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::SignalNote;

    fn part(category: char, weight: i64, bears_on: Option<&[&str]>) -> Contribution {
        let signal = bears_on.map(|elements| SignalNote {
            id: format!("{category}1"),
            elements: elements.iter().map(|e| (*e).to_owned()).collect(),
            citation: String::new(),
        });
        Contribution {
            feature: String::new(),
            title: String::new(),
            category,
            signal,
            value: Some(1.0),
            bin: String::new(),
            weight,
            term: None,
            hard_trigger: false,
            records: Vec::new(),
        }
    }

    fn by(parts: &[Contribution]) -> Vec<Vec<char>> {
        elements(parts).into_iter().map(|e| e.by).collect()
    }

    #[test]
    fn an_element_without_evidence_is_missing() {
        let parts = ['D', 'G', 'A'].map(|category| part(category, 1, None));
        assert_eq!(by(&parts), [vec!['A'], vec!['D'], vec!['D'], vec![]]);
        assert!(by(&[part('D', -1, None)]).concat().is_empty());
    }

    #[test]
    fn what_nobody_said_is_no_evidence() {
        let mut unknown = part('A', 1, None);
        unknown.value = None;
        let none = Contribution {
            value: Some(0.0),
            ..unknown.clone()
        };
        assert!(by(&[unknown, none]).concat().is_empty());
    }

    #[test]
    fn a_declared_signal_speaks_for_what_it_says() {
        let parts = [part('D', 1, Some(&["社会性"])), part('C', 1, Some(&[]))];
        assert_eq!(by(&parts), [vec![], vec![], vec!['D'], vec![]]);
    }
}
