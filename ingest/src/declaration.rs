//! Reading declarations (TOML) so that every fault of a file is found at once,
//! each with its line, the value and what is allowed.
//!
//! serde stops at the first fault; a data engineer wants the whole list. A
//! [`Section`] is one table: what is not asked of it by the time it is finished
//! is an unknown key.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One thing wrong with a declaration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file.
    pub file: PathBuf,
    /// Its line, from 1; 0 where the fault is the file itself.
    pub line: usize,
    /// What is wrong, the value, and what is allowed.
    pub message: String,
}

impl Fault {
    /// A fault of a whole file.
    pub fn of_file(file: &Path, message: impl Into<String>) -> Self {
        Fault {
            file: file.to_path_buf(),
            line: 0,
            message: message.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file.display(), self.message),
            line => write!(f, "{}:{}: {}", self.file.display(), line, self.message),
        }
    }
}

/// The text of one declaration and the faults found in it so far.
#[derive(Debug)]
pub struct Document {
    file: PathBuf,
    text: String,
    faults: RefCell<Vec<Fault>>,
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    /// A fault naming the file when it cannot be read as UTF-8 text.
    pub fn read(file: &Path) -> Result<Self, Fault> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| Fault::of_file(file, format!("cannot be read: {error}")))?;
        Ok(Self::new(file, text))
    }

    /// Takes a text as if it were read from `file`.
    pub fn new(file: &Path, text: impl Into<String>) -> Self {
        Document {
            file: file.to_path_buf(),
            text: text.into(),
            faults: RefCell::new(Vec::new()),
        }
    }

    /// The file's path.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Parses the text and hands its root table to `build`; ends with what was
    /// built, or with every fault found on the way.
    ///
    /// # Errors
    /// All faults: of the TOML itself, and those `build` reported.
    pub fn build<T>(&self, build: impl FnOnce(&Section<'_>) -> Option<T>) -> Result<T, Vec<Fault>> {
        let (built, faults) = self.examine(build);
        match built {
            Some(built) if faults.is_empty() => Ok(built),
            _ => Err(faults),
        }
    }

    /// As [`Document::build`], but gives what was built beside the faults, so
    /// that what it names can be judged as well.
    pub fn examine<T>(&self, build: impl FnOnce(&Section<'_>) -> T) -> (T, Vec<Fault>) {
        let (root, errors) = DeTable::parse_recoverable(&self.text);
        for error in errors {
            self.fault(error.span().unwrap_or(0..0), error.message());
        }
        let section = Section::new(self, root.get_ref(), 0..0, String::new());
        let built = build(&section);
        section.finish();
        (built, self.faults.take())
    }

    fn fault(&self, span: Range<usize>, message: impl Into<String>) {
        let before = self.text.get(..span.start).unwrap_or("");
        self.faults.borrow_mut().push(Fault {
            file: self.file.clone(),
            line: before.matches('\n').count() + 1,
            message: message.into(),
        });
    }
}

/// One table of a document. Getters return `None` both where a key is absent
/// and where it is faulty; the fault is then already noted.
#[derive(Debug)]
pub struct Section<'a> {
    document: &'a Document,
    table: &'a DeTable<'a>,
    span: Range<usize>,
    name: String,
    asked: RefCell<BTreeSet<String>>,
    open_ended: Cell<bool>,
}

impl<'a> Section<'a> {
    fn new(
        document: &'a Document,
        table: &'a DeTable<'a>,
        span: Range<usize>,
        name: String,
    ) -> Self {
        Section {
            document,
            table,
            span,
            name,
            asked: RefCell::default(),
            open_ended: Cell::new(false),
        }
    }

    fn value(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.table.get(key)
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let message = format!(
            "`{}` is {}, but must be {wanted}",
            self.path(key),
            value.get_ref().type_str()
        );
        self.document.fault(value.span(), message);
    }

    fn path(&self, key: &str) -> String {
        match self.name.as_str() {
            "" => key.to_owned(),
            name => format!("{name}.{key}"),
        }
    }

    /// Notes a fault at a key's value, or at the table where it has none.
    pub fn fault(&self, key: &str, message: impl fmt::Display) {
        let span = self.table.get(key).map_or(self.span.clone(), Spanned::span);
        self.document
            .fault(span, format!("`{}`: {message}", self.path(key)));
    }

    /// Notes a fault of the table itself.
    pub fn fault_here(&self, message: impl fmt::Display) {
        self.document
            .fault(self.span.clone(), format!("`{}`: {message}", self.name));
    }

    /// Whether the key is there.
    pub fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    /// A text.
    pub fn text(&self, key: &str) -> Option<String> {
        let value = self.value(key)?;
        match value.get_ref().as_str() {
            Some(text) => Some(text.to_owned()),
            None => {
                self.wrong_type(key, value, "a text in quotes");
                None
            }
        }
    }

    /// A name in English, beside a Chinese title.
    pub fn english(&self, key: &str) -> Option<String> {
        let name = self.text(key)?;
        let wrong = match name.trim() {
            "" => "is empty; leave it out, and the Chinese title is shown".to_owned(),
            trimmed if trimmed != name => format!("`{name}` begins or ends with a space"),
            _ if name.chars().any(is_han) => {
                format!("`{name}` is not English: it has Chinese characters")
            }
            _ => return Some(name),
        };
        self.fault(key, wrong);
        None
    }

    /// A text that must be there.
    pub fn required_text(&self, key: &str) -> Option<String> {
        if !self.has(key) {
            self.asked.borrow_mut().insert(key.to_owned());
            self.fault(key, "is missing, but must be given");
            return None;
        }
        self.text(key)
    }

    /// One of a fixed set of words.
    pub fn choice<T: Copy>(&self, key: &str, allowed: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = allowed.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<&str> = allowed.iter().map(|(word, _)| *word).collect();
            self.fault(
                key,
                format!("`{text}` is not allowed; allowed are {}", words.join(", ")),
            );
        }
        found.map(|(_, value)| *value)
    }

    /// [`Section::choice`] of a key that must be there.
    pub fn required_choice<T: Copy>(&self, key: &str, allowed: &[(&str, T)]) -> Option<T> {
        if !self.has(key) {
            self.asked.borrow_mut().insert(key.to_owned());
            let words: Vec<&str> = allowed.iter().map(|(word, _)| *word).collect();
            self.fault(key, format!("is missing; allowed are {}", words.join(", ")));
            return None;
        }
        self.choice(key, allowed)
    }

    /// A whole number within bounds.
    pub fn integer(&self, key: &str, allowed: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let value = self.value(key)?;
        match whole(value) {
            Some(number) => self.within(key, number, &allowed),
            None => {
                self.wrong_type(key, value, "a whole number");
                None
            }
        }
    }

    /// A list of whole numbers, each within bounds; empty where the key is absent.
    pub fn integers(&self, key: &str, allowed: std::ops::RangeInclusive<i64>) -> Vec<i64> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let items = value.get_ref().as_array();
        let numbers: Option<Vec<i64>> = items.and_then(|items| items.iter().map(whole).collect());
        let Some(numbers) = numbers else {
            self.wrong_type(key, value, "a list of whole numbers");
            return Vec::new();
        };
        let within = |number| self.within(key, number, &allowed);
        numbers.into_iter().filter_map(within).collect()
    }

    fn within(
        &self,
        key: &str,
        number: i64,
        allowed: &std::ops::RangeInclusive<i64>,
    ) -> Option<i64> {
        if allowed.contains(&number) {
            return Some(number);
        }
        let (low, high) = (allowed.start(), allowed.end());
        let message = format!("{number} is out of bounds; allowed are {low} to {high}");
        self.fault(key, message);
        None
    }

    /// A finite number.
    pub fn number(&self, key: &str) -> Option<f64> {
        let value = self.value(key)?;
        let text = match value.get_ref() {
            DeValue::Integer(number) => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            _ => "",
        };
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        if number.is_none() {
            self.wrong_type(key, value, "a finite number");
        }
        number
    }

    /// A yes or no.
    pub fn boolean(&self, key: &str) -> Option<bool> {
        let value = self.value(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_type(key, value, "true or false");
        }
        flag
    }

    /// A list of texts; empty where the key is absent.
    pub fn texts(&self, key: &str) -> Vec<String> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let items = value.get_ref().as_array();
        let texts: Option<Vec<String>> = items.and_then(|items| {
            let text = |item: &Spanned<DeValue<'_>>| item.get_ref().as_str().map(str::to_owned);
            items.iter().map(text).collect()
        });
        texts.unwrap_or_else(|| {
            self.wrong_type(key, value, "a list of texts");
            Vec::new()
        })
    }

    /// A duration in whole days, such as `"90d"`.
    pub fn days(&self, key: &str) -> Option<i32> {
        let text = self.text(key)?;
        let days = text
            .strip_suffix('d')
            .and_then(|days| days.parse::<i32>().ok());
        match days {
            Some(days) if (1..=36_500).contains(&days) => Some(days),
            _ => {
                self.fault(
                    key,
                    format!("`{text}` is not a duration; write days from `1d` to `36500d`"),
                );
                None
            }
        }
    }

    /// A table below this one.
    pub fn section(&self, key: &str) -> Option<Section<'a>> {
        let value = self.value(key)?;
        match value.get_ref().as_table() {
            Some(table) => Some(Section::new(
                self.document,
                table,
                value.span(),
                self.path(key),
            )),
            None => {
                self.wrong_type(key, value, "a table");
                None
            }
        }
    }

    /// The tables of an array `[[key]]`; empty where there are none.
    pub fn sections(&self, key: &str) -> Vec<Section<'a>> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "a list of tables, each opened by [[…]]");
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_table() {
                Some(table) => sections.push(Section::new(
                    self.document,
                    table,
                    item.span(),
                    self.path(key),
                )),
                None => self.wrong_type(key, item, "a table"),
            }
        }
        sections
    }

    /// The keys of a table whose keys are the user's, in the order of the file.
    pub fn keys(&self) -> Vec<String> {
        self.open_ended.set(true);
        let mut keys: Vec<_> = self.table.keys().collect();
        keys.sort_by_key(|key| key.span().start);
        keys.into_iter()
            .map(|key| key.get_ref().to_string())
            .collect()
    }

    /// Whether a key holds a table (or else a plain value).
    pub fn is_table(&self, key: &str) -> bool {
        self.table
            .get(key)
            .is_some_and(|value| value.get_ref().is_table())
    }

    /// Notes every key that nobody asked for. Call it when the table is read.
    pub fn finish(&self) {
        if self.open_ended.get() {
            return;
        }
        let asked = self.asked.borrow();
        let known: Vec<&str> = asked.iter().map(String::as_str).collect();
        for (key, _) in self
            .table
            .iter()
            .filter(|(key, _)| !asked.contains(key.get_ref().as_ref()))
        {
            let name = key.get_ref();
            let hint = did_you_mean(name, &known);
            let message = format!(
                "unknown key `{}`{hint}; allowed are {}",
                self.path(name),
                known.join(", ")
            );
            self.document.fault(key.span(), message);
        }
    }
}

fn whole(value: &Spanned<DeValue<'_>>) -> Option<i64> {
    let number = value.get_ref().as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// `; did you mean `x`` where one of `known` is close to `word`, else nothing.
pub fn did_you_mean(word: &str, known: &[&str]) -> String {
    let limit = 1 + word.chars().count() / 4;
    known
        .iter()
        .map(|candidate| (edit_distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| format!("; did you mean `{candidate}`?"))
        .unwrap_or_default()
}

/// Levenshtein distance in characters.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_file_is_found_at_once() {
        let text = "agency = 3\nmode = \"upsrt\"\nwindow = \"x\"\n[enterprise]\nregisters = \"yes\"\nuscd = \"a\"\n";
        let document = Document::new(Path::new("a.toml"), text);
        let faults = document
            .build(|root| {
                root.required_text("agency");
                root.required_text("resource");
                root.choice("mode", &[("append", 1), ("upsert", 2)]);
                root.days("window");
                let enterprise = root.section("enterprise")?;
                enterprise.boolean("registers");
                enterprise.text("uscc");
                enterprise.finish();
                Some(())
            })
            .unwrap_err();
        let lines: Vec<String> = faults.iter().map(Fault::to_string).collect();
        assert_eq!(
            lines,
            [
                "a.toml:1: `agency` is integer, but must be a text in quotes",
                "a.toml:1: `resource`: is missing, but must be given",
                "a.toml:2: `mode`: `upsrt` is not allowed; allowed are append, upsert",
                "a.toml:3: `window`: `x` is not a duration; write days from `1d` to `36500d`",
                "a.toml:5: `enterprise.registers` is string, but must be true or false",
                "a.toml:6: unknown key `enterprise.uscd`; did you mean `uscc`?; allowed are registers, uscc",
            ]
        );
    }

    #[test]
    fn broken_toml_names_its_line() {
        let document = Document::new(Path::new("a.toml"), "a = 1\nb = = 2\n");
        let faults = document.build(|_| Some(())).unwrap_err();
        assert_eq!(faults[0].line, 2);
    }
}
