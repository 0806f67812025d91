//! Word lists: a boolean column that says whether a text contains a word.

use arrow_array::{BooleanArray, StringArray};
use std::path::Path;

/// A word list applied to one text column, with words that exempt a text.
#[derive(Debug, Clone)]
pub struct Lexicon {
    name: String,
    column: usize,
    words: Vec<String>,
    exempt: Vec<String>,
}

impl Lexicon {
    /// Reads the list in `words` and, where given, the exempting one.
    ///
    /// # Errors
    /// A text naming the file that cannot be read or is empty.
    pub fn read(
        name: String,
        column: usize,
        words: &Path,
        unless: Option<&Path>,
    ) -> Result<Self, String> {
        let exempt = unless.map(read_words).transpose()?.unwrap_or_default();
        Ok(Lexicon {
            name,
            column,
            words: read_words(words)?,
            exempt,
        })
    }

    /// The name of the column it makes.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text column it looks at, an index into the source's columns.
    pub fn column(&self) -> usize {
        self.column
    }

    /// Every word of both lists, the exempting ones after the others.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().chain(&self.exempt).map(String::as_str)
    }

    /// Whether a text contains a word and none that exempts it.
    pub fn matches(&self, text: &str) -> bool {
        let contains = |words: &[String]| words.iter().any(|word| text.contains(word.as_str()));
        contains(&self.words) && !contains(&self.exempt)
    }

    /// [`Lexicon::matches`] for a column; null where the text is.
    pub fn column_of(&self, texts: &StringArray) -> BooleanArray {
        texts
            .iter()
            .map(|text| text.map(|text| self.matches(text)))
            .collect()
    }
}

fn read_words(file: &Path) -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("word list `{}` cannot be read: {error}", file.display()))?;
    let words: Vec<String> = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or("").trim())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    if words.is_empty() {
        return Err(format!(
            "word list `{}` has no words; write one a line",
            file.display()
        ));
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licensed_name_is_exempt() {
        let folder = tempfile::tempdir().unwrap();
        let words = folder.path().join("words.txt");
        let unless = folder.path().join("unless.txt");
        std::fs::write(&words, "理财  # Art. 9\n\n# comment\n金融\n").unwrap();
        std::fs::write(&unless, "银行\n").unwrap();
        let lexicon = Lexicon::read("hard".into(), 0, &words, Some(&unless)).unwrap();
        let texts = StringArray::from(vec![
            Some("鑫源理财咨询"),
            Some("某银行理财部"),
            Some("comment"),
            None,
        ]);
        let found: Vec<_> = lexicon.column_of(&texts).iter().collect();
        assert_eq!(found, [Some(true), Some(false), Some(false), None]);
        std::fs::write(&words, "# nothing\n").unwrap();
        let error = Lexicon::read("hard".into(), 0, &words, None).unwrap_err();
        assert!(error.contains("has no words"), "{error}");
    }
}
