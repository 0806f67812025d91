//! The elements of illegal fundraising (国务院令第737号 第二条) and which of them
//! the evidence speaks for: what is missing says what to look into next.

/// One element of the offence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::serve) struct Element {
    pub(in crate::serve) mark: &'static str,
    pub(in crate::serve) chinese: &'static str,
    pub(in crate::serve) english: &'static str,
    /// The categories with evidence that speaks for it.
    pub(in crate::serve) by: Vec<char>,
}

/// Which categories speak for which element.
const ELEMENTS: [(&str, &str, &str, &[char]); 4] = [
    ("①", "非法性", "no licence", &['A', 'F']),
    ("②", "利诱性", "promised return", &['B', 'D', 'E']),
    ("③", "社会性", "unspecified public", &['C', 'D', 'E']),
    ("④", "公开性", "made public", &['C']),
];

/// The matrix; `evidenced` are the categories that add to the score.
pub(in crate::serve) fn elements(evidenced: &[char]) -> Vec<Element> {
    let element = |(mark, chinese, english, by): (_, _, _, &[char])| Element {
        mark,
        chinese,
        english,
        by: by
            .iter()
            .copied()
            .filter(|letter| evidenced.contains(letter))
            .collect(),
    };
    ELEMENTS.into_iter().map(element).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_without_evidence_is_missing() {
        let by: Vec<Vec<char>> = elements(&['D', 'G', 'A'])
            .into_iter()
            .map(|e| e.by)
            .collect();
        assert_eq!(by, [vec!['A'], vec!['D'], vec!['D'], vec![]]);
    }
}
