//! Placeholders that people and exports write where there is nothing.

use super::text::trim;

/// The longest placeholder, in bytes: everything longer is a value.
const LONGEST: usize = 6;

/// Whether a cell says "nothing": empty, blank, or a placeholder like `N/A`.
///
/// Meant for typed columns; in free text `无` may be an answer.
pub fn is_absent(cell: &str) -> bool {
    let text = trim(cell);
    text.len() <= LONGEST && is_placeholder(text)
}

fn is_placeholder(text: &str) -> bool {
    const PLACEHOLDERS: [&str; 13] = [
        "", "-", "--", "---", "/", "\\", "\\N", "—", "——", "－", "无", "空", "暂无",
    ];
    const WORDS: [&str; 5] = ["N/A", "NA", "#N/A", "NULL", "NONE"];
    PLACEHOLDERS.contains(&text) || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_absent() {
        for cell in [
            "", " ", "　", "N/A", "n/a", "-", "--", "NULL", "无", " — ", "None", "\\N",
        ] {
            assert!(is_absent(cell), "{cell:?}");
        }
    }

    #[test]
    fn values_are_present() {
        for cell in ["0", "无锡", "NAN", "nan", "-1", "N", "无限公司"] {
            assert!(!is_absent(cell), "{cell:?}");
        }
    }
}
