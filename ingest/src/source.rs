//! A source as it is declared: one TOML file, checked whole.
//!
//! What is not checked here is checked nowhere: a [`Source`] has compiled
//! expressions, resolved columns and known link kinds.

mod columns;
mod quantity;
mod read;
mod says;
mod scope;
#[cfg(test)]
mod tests;

pub use columns::is_reserved;
pub use quantity::{Bound, Combine, Quantity, QuantityKind};
pub use says::is_signal_kind;

use crate::declaration::{Document, Fault};
use crate::fact::SubjectKind;
use crate::format::Encoding;
use crate::lexicon::Lexicon;
use crate::sql::Expression;
use crate::values::money::Unit;
use arrow_schema::{DataType, Schema};
use std::path::Path;
use std::sync::Arc;

/// How the rows of a source replace each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Every row is an event of its own.
    Append,
    /// The newest row of a key wins.
    Upsert,
    /// Each file replaces the one before: keys it lacks are withdrawn.
    Snapshot,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// A finite number.
    Number,
    /// An amount, held as integer fen.
    Money(Unit),
    /// A day.
    Date,
    /// A unified social credit code, or an old number in its place.
    Uscc,
    /// A yes or no.
    Boolean,
}

impl ColumnKind {
    /// The Arrow type its values are held in.
    pub fn data_type(self) -> DataType {
        match self {
            ColumnKind::Text | ColumnKind::Uscc => DataType::Utf8,
            ColumnKind::Integer | ColumnKind::Money(_) => DataType::Int64,
            ColumnKind::Number => DataType::Float64,
            ColumnKind::Date => DataType::Date32,
            ColumnKind::Boolean => DataType::Boolean,
        }
    }
}

/// A declared column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name in the file.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// Whether an empty value rejects the row.
    pub required: bool,
    /// Whom its values name, where they name a person or what is a person's and
    /// nothing else in the declaration says so.
    pub personal: Option<SubjectKind>,
}

/// How a record names its enterprise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceKind {
    /// By credit code; old numbers in the column count as aliases.
    Uscc,
    /// By an opaque identifier.
    Id,
    /// By a 15- or 13-digit registration number.
    Number,
    /// By its name.
    Name,
    /// By the agency's own number of it.
    AgencyId,
}

/// Which subject, other than the record's enterprise, a declaration speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubjectColumn {
    /// Person, account, address, phone or domain.
    pub kind: SubjectKind,
    /// The column, an index into [`Source::columns`].
    pub column: usize,
}

/// A declared signal.
#[derive(Debug, Clone)]
pub struct Signal {
    /// A1 … H9.
    pub kind: String,
    /// When a record raises it; always, where absent.
    pub when: Option<Expression>,
    /// Its value; 1 where absent.
    pub value: Option<Expression>,
    /// The columns that tell one event from another: whoever reports the same
    /// event, it counts once. Every record is an event of its own where absent.
    pub distinct: Vec<usize>,
    /// Its day.
    pub date: Option<Expression>,
    /// For how many days it counts; for ever, where absent.
    pub window_days: Option<i32>,
    /// Whom it is about; the record's enterprise, where absent.
    pub subject: Option<SubjectColumn>,
}

/// A declared attribute: the latest record's value counts.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// The name that features use.
    pub name: String,
    /// Its value; null means unknown.
    pub value: Expression,
    /// The day it speaks of.
    pub date: Option<Expression>,
}

/// The days on which a declared alias or link holds.
#[derive(Debug, Clone, Default)]
pub struct TermColumns {
    /// The first day; since ever, where absent or null.
    pub from: Option<Expression>,
    /// The first day no more; for ever, where absent or null.
    pub until: Option<Expression>,
}

impl TermColumns {
    /// Whether it may hold on some days only.
    pub fn is_dated(&self) -> bool {
        self.from.is_some() || self.until.is_some()
    }
}

/// A declared alias: a column that is another identifier of the enterprise.
#[derive(Debug, Clone)]
pub struct AliasColumn {
    /// Which alias kind.
    pub kind: SubjectKind,
    /// The column.
    pub column: usize,
    /// The agency whose own number it is, for that kind.
    pub agency: String,
    /// On which days it means the enterprise.
    pub term: TermColumns,
    /// Whether it does on other days too, while nobody else bears it.
    pub beyond: bool,
    /// Whether it is a decision, which goes before what others say.
    pub decides: bool,
}

/// Where a declared link leads.
#[derive(Debug, Clone, Copy)]
pub enum LinkEnd {
    /// To the record's enterprise.
    Enterprise,
    /// To another subject.
    Subject(SubjectColumn),
}

/// A declared link.
#[derive(Debug, Clone)]
pub struct LinkColumns {
    /// Index into the configuration's link kinds.
    pub kind: u8,
    /// From whom.
    pub from: SubjectColumn,
    /// To whom.
    pub to: LinkEnd,
    /// On which business days it counts.
    pub term: TermColumns,
}

/// A declared quality check: counted, never a reason to reject.
#[derive(Debug, Clone)]
pub struct Check {
    /// What is found.
    pub name: String,
    /// The condition that finds it.
    pub when: Expression,
}

/// The columns of a registering source that people know an enterprise by.
#[derive(Debug, Clone, Default)]
pub struct Display {
    /// Its name.
    pub name: Option<usize>,
    /// Its district.
    pub district: Option<usize>,
}

/// After how many days without news a source is late.
#[derive(Debug, Clone, Copy, Default)]
pub struct Freshness {
    /// Days until a warning.
    pub warn_days: Option<i32>,
    /// Days until it counts as dead.
    pub error_days: Option<i32>,
}

/// How often an agency delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cadence {
    /// Every day.
    Daily,
    /// Once a week.
    Weekly,
    /// Once a month.
    Monthly,
    /// Once a quarter.
    Quarterly,
    /// Once a year.
    Yearly,
}

impl Cadence {
    /// Every cadence by the word that declares it.
    pub const WORDS: [(&'static str, Cadence); 5] = [
        ("daily", Cadence::Daily),
        ("weekly", Cadence::Weekly),
        ("monthly", Cadence::Monthly),
        ("quarterly", Cadence::Quarterly),
        ("yearly", Cadence::Yearly),
    ];
}

/// What kind of file a source comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FileKind {
    /// Delimited text with a header line.
    #[default]
    Csv,
    /// An Excel workbook: the first sheet, its first row the header.
    Xlsx,
}

/// A source, checked.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name: the path of its file without the ending, such as `msa/penalty`.
    pub id: String,
    /// Its position in the catalogue.
    pub index: u16,
    /// The agency that owns it.
    pub agency: String,
    /// The resource.
    pub resource: String,
    /// The same in English, where that is declared.
    pub resource_en: Option<String>,
    /// The legal basis.
    pub basis: String,
    /// Further text for lineage and audit: purpose, owner, sensitivity, expiry.
    pub notes: Vec<(String, String)>,
    /// The process of a cluster that takes it in, where it says so.
    pub process: Option<u16>,
    /// How often the agency delivers, where it says so.
    pub cadence: Option<Cadence>,
    /// Days from what happened to its delivery, as agreed with the agency.
    pub lag_days: Option<i32>,
    /// What kind of file it comes in.
    pub file_kind: FileKind,
    /// How its bytes are encoded.
    pub encoding: Encoding,
    /// What stands between two fields.
    pub delimiter: u8,
    /// Which files are its, a glob below the inputs' root.
    pub pattern: String,
    /// How rows replace each other.
    pub mode: Mode,
    /// The columns that make a record's key; empty: each row is its own record.
    pub key: Vec<usize>,
    /// The declared columns.
    pub columns: Vec<Column>,
    /// Columns made from word lists; they follow the declared ones.
    pub lexicons: Vec<Lexicon>,
    /// Whether a row withdraws the record of its key.
    pub withdrawn: Option<Expression>,
    /// Whether its rows bring enterprises into being.
    pub registers: bool,
    /// The day on which a record names its enterprise: names change owners.
    /// Where absent or null, the first day that a signal or attribute has.
    pub named_on: Option<Expression>,
    /// How a record names its enterprise, in the order of trying.
    pub enterprise: Vec<(ReferenceKind, usize)>,
    /// What it says that is counted.
    pub signals: Vec<Signal>,
    /// What it says that the latest record may say.
    pub attributes: Vec<Attribute>,
    /// Other identifiers.
    pub aliases: Vec<AliasColumn>,
    /// Links.
    pub links: Vec<LinkColumns>,
    /// What it says of how large a scheme is.
    pub quantities: Vec<Quantity>,
    /// Quality checks.
    pub checks: Vec<Check>,
    /// Where a registering source has what people call the enterprise by.
    pub display: Display,
    /// Whether a record is an outcome that trains models: when it is positive.
    pub outcome: Option<Expression>,
    /// When it is late.
    pub freshness: Freshness,
    /// The typed columns and then the lexicons' columns.
    pub schema: Arc<Schema>,
}

/// What a source's declaration may refer to.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The folder that word lists are relative to.
    pub folder: &'a Path,
    /// The configuration's link kinds, in order.
    pub link_kinds: &'a [String],
}

impl Source {
    /// Reads and checks one declaration.
    ///
    /// # Errors
    /// Every fault of the file.
    pub fn read(file: &Path, id: &str, around: Surroundings<'_>) -> Result<Source, Vec<Fault>> {
        let document = Document::read(file).map_err(|fault| vec![fault])?;
        Self::parse(&document, id, around)
    }

    /// As [`Source::read`], from a text that is already there.
    ///
    /// # Errors
    /// Every fault of the text.
    pub fn parse(
        document: &Document,
        id: &str,
        around: Surroundings<'_>,
    ) -> Result<Source, Vec<Fault>> {
        document.build(|root| read::build(root, id, around))
    }

    /// Whether a file is read whole each time: a snapshot replaces what it lacks,
    /// and a workbook cannot be read on from its middle.
    pub fn reads_whole_files(&self) -> bool {
        self.mode == Mode::Snapshot || self.file_kind == FileKind::Xlsx
    }

    /// Whom a column's values name, where they name a person, or an account or
    /// telephone, which are a person's: nobody is shown them without a reason.
    pub fn personal(&self, column: usize) -> Option<SubjectKind> {
        let is_personal = |kind: &SubjectKind| {
            matches!(
                kind,
                SubjectKind::Person | SubjectKind::Account | SubjectKind::Phone
            )
        };
        let ends = self.links.iter().flat_map(|link| match link.to {
            LinkEnd::Enterprise => [Some(link.from), None],
            LinkEnd::Subject(to) => [Some(link.from), Some(to)],
        });
        let spoken_of = self.signals.iter().map(|signal| signal.subject);
        let mut subjects = ends.chain(spoken_of).flatten();
        let linked = subjects.find(|named| named.column == column && is_personal(&named.kind));
        let declared = self.columns.get(column).and_then(|column| column.personal);
        declared.or(linked.map(|named| named.kind))
    }

    /// The index of a declared column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}
