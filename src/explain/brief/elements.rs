//! The elements of illegal fundraising (国务院令第737号 第二条) and which of them
//! the evidence speaks for: what is missing says what to look into next.

use crate::config::signals::speaks_for;
use crate::explain::Contribution;
use serde::Serialize;
use std::collections::BTreeSet;
use tocsin_alerts::level::ELEMENTS;

/// One element of the offence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Element {
    /// Its number in the law.
    pub mark: &'static str,
    /// Its name in the law.
    pub name: &'static str,
    /// The same in English.
    pub english: &'static str,
    /// Whether anything speaks for it; else it is missing.
    pub evidenced: bool,
    /// The categories whose evidence speaks for it.
    pub by: Vec<char>,
    /// The features that speak for it.
    pub features: Vec<String>,
}

/// The elements' numbers, and their names in English, in their fixed order.
const WORDS: [(&str, &str); 4] = [
    ("①", "no licence"),
    ("②", "promised return"),
    ("③", "unspecified public"),
    ("④", "made public"),
];

/// The matrix of what adds to the score. What a declared signal bears on is its
/// own business; without a declaration its category decides.
pub fn elements(contributions: &[Contribution]) -> Vec<Element> {
    let element = |(name, (mark, english)): (&'static str, _)| {
        let speaks = |part: &&Contribution| adds(part) && bears_on(part, name);
        let speaking: Vec<&Contribution> = contributions.iter().filter(speaks).collect();
        let by: BTreeSet<char> = speaking.iter().map(|part| part.category).collect();
        Element {
            mark,
            name,
            english,
            evidenced: !speaking.is_empty(),
            by: by.into_iter().collect(),
            features: speaking.iter().map(|part| part.feature.clone()).collect(),
        }
    };
    ELEMENTS.into_iter().zip(WORDS).map(element).collect()
}

/// An element's name in English.
pub fn english(name: &str) -> Option<&'static str> {
    let place = ELEMENTS.iter().position(|element| *element == name)?;
    Some(WORDS[place].1)
}

/// Whether a feature, were it there, would speak for an element.
pub(super) fn bears_on(part: &Contribution, name: &str) -> bool {
    let declared = part.signal.as_ref().map(|signal| &signal.elements[..]);
    speaks_for(declared, part.category, name)
}

/// Whether something was said that adds to the score.
pub(super) fn adds(part: &Contribution) -> bool {
    // What two features say together speaks for neither by itself.
    part.weight > 0 && part.term.is_none() && is_evidence(part)
}

/// Whether something was said: a model may weigh that nothing is known, which is
/// no evidence of anything.
pub(super) fn is_evidence(part: &Contribution) -> bool {
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
            typologies: Vec::new(),
        });
        Contribution {
            feature: String::new(),
            title: String::new(),
            title_en: None,
            category,
            signal,
            value: Some(1.0),
            bin: String::new(),
            weight,
            shapley: None,
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
