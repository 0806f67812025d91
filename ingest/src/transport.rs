//! Files as a transport: which files a source has, and their bytes from where
//! the last reading ended. What the bytes mean is the format's business.
//!
//! A file `x.csv.gz` is found wherever `x.csv` would be, and its bytes are those
//! that were compressed: offsets, lines and rejects are the same for both.

mod packed;

use packed::Packed;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Take};
use std::path::{Path, PathBuf};

/// Bytes read at a time.
pub const BLOCK_BYTES: usize = 1 << 20;

/// What ends the name of a compressed file.
const PACKED: &str = ".gz";

/// A file that a source's pattern matches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Its path below the root: what positions and rejects call it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes when it was found.
    pub size: u64,
    /// When it last changed, milliseconds UTC.
    pub changed_ms: i64,
}

impl Found {
    /// Whether it is a gzip file, by its name.
    pub fn is_packed(&self) -> bool {
        self.name.ends_with(PACKED)
    }

    /// What it would be called if it were compressed, or were not any more.
    pub fn twin(&self) -> String {
        twin(&self.name)
    }
}

/// See [`Found::twin`].
pub fn twin(name: &str) -> String {
    match name.strip_suffix(PACKED) {
        Some(plain) => plain.to_owned(),
        None => format!("{name}{PACKED}"),
    }
}

/// The files below `root` that match `pattern`, compressed or not, in the order
/// of their names.
///
/// # Errors
/// A text when the pattern is none, or the folder cannot be listed.
pub fn list(root: &Path, pattern: &str) -> Result<Vec<Found>, String> {
    let no_pattern = |error| format!("`{pattern}` is no pattern: {error}");
    let fixed = glob::Pattern::escape(&root.to_string_lossy());
    let last = pattern.rsplit('/').next().unwrap_or(pattern);
    let named = glob::Pattern::new(last).map_err(no_pattern)?;
    // One look at the folder finds both forms. What ends with `*` does anyway.
    let more = if last.ends_with('*') { "" } else { "*" };
    let paths = glob::glob(&format!("{fixed}/{pattern}{more}")).map_err(no_pattern)?;
    let wanted = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        named.matches(&name)
            || name
                .strip_suffix(PACKED)
                .is_some_and(|plain| named.matches(plain))
    };
    let mut found = Vec::new();
    for path in paths {
        let path = path.map_err(|error| format!("cannot be listed: {error}"))?;
        if !wanted(&path) {
            continue;
        }
        // A file may vanish between the listing and here: then it is not found.
        let Ok(meta) = path.metadata() else { continue };
        if meta.is_file() {
            found.push(Found {
                name: path
                    .strip_prefix(root)
                    .unwrap_or(&path)
                    .to_string_lossy()
                    .replace('\\', "/"),
                size: meta.len(),
                changed_ms: meta.modified().ok().map_or(0, since_epoch_ms),
                path,
            });
        }
    }
    found.sort();
    Ok(found)
}

fn since_epoch_ms(time: std::time::SystemTime) -> i64 {
    let since = time
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    since.as_millis() as i64
}

/// The bytes of a file from `offset` on, block by block, up to the size it had
/// when it was found: what is appended meanwhile belongs to the next reading.
#[derive(Debug)]
pub struct Blocks {
    form: Form,
    block: Vec<u8>,
}

#[derive(Debug)]
enum Form {
    Plain(Take<File>),
    Packed(Box<Packed>),
}

impl Blocks {
    /// Opens a file at a byte offset. A compressed one is read through first, so
    /// that a damaged one gives nothing at all; the offset is in its contents.
    ///
    /// # Errors
    /// Those of opening and seeking; `InvalidData` where a compressed file is
    /// damaged or has fewer bytes than `offset`.
    pub fn open(found: &Found, offset: u64) -> io::Result<Self> {
        let form = if found.is_packed() {
            Form::Packed(Box::new(Packed::open(found, offset)?))
        } else {
            let mut file = File::open(&found.path)?;
            file.seek(SeekFrom::Start(offset))?;
            Form::Plain(file.take(found.size.saturating_sub(offset)))
        };
        let block = Vec::new();
        Ok(Blocks { form, block })
    }

    /// Bytes of the file as it lies there that have not been read.
    pub fn left(&self) -> u64 {
        match &self.form {
            Form::Plain(file) => file.limit(),
            Form::Packed(packed) => packed.left(),
        }
    }

    /// The next block; `None` at the end.
    ///
    /// # Errors
    /// Those of reading; `UnexpectedEof` where the file was cut short,
    /// `InvalidData` where a compressed one is damaged.
    pub fn next_block(&mut self) -> io::Result<Option<&[u8]>> {
        let read = match &mut self.form {
            Form::Plain(file) if file.limit() == 0 => 0,
            Form::Plain(file) => {
                let length = BLOCK_BYTES.min(file.limit() as usize);
                self.block.resize(length, 0);
                read_some(file, &mut self.block)?
            }
            Form::Packed(packed) => {
                self.block.resize(BLOCK_BYTES, 0);
                packed.fill(&mut self.block)?
            }
        };
        Ok((read > 0).then(|| &self.block[..read]))
    }
}

/// Reads at least a byte of a file that has some left.
fn read_some(file: &mut Take<File>, block: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(block) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) => {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the file was cut short while it was read",
                ));
            }
            read => return read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_may_have_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("[a]*");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("1.csv"), "x").unwrap();
        assert_eq!(list(&root, "*.csv").unwrap().len(), 1);
        assert!(list(&root, "**.csv").unwrap_err().contains("no pattern"));
    }

    #[test]
    fn a_pattern_finds_compressed_files_too() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        for name in ["1.csv", "2.csv.gz", "3.csv.tmp", "4.gz", "5.csv.gz.part"] {
            std::fs::write(folder.path().join("a").join(name), "x").unwrap();
        }
        let names = |pattern: &str| -> Vec<String> {
            let found = list(folder.path(), pattern).unwrap();
            found.into_iter().map(|found| found.name).collect()
        };
        assert_eq!(names("a/*.csv"), ["a/1.csv", "a/2.csv.gz"]);
        assert_eq!(names("*/?.csv"), ["a/1.csv", "a/2.csv.gz"]);
        assert_eq!(names("a/2.csv"), ["a/2.csv.gz"]);
        assert_eq!(names("a/*.csv.gz"), ["a/2.csv.gz"]);
        assert_eq!(names("a/*").len(), 5);
        assert_eq!(names("**/*.csv").len(), 2);
        assert_eq!([twin("x.csv"), twin("x.csv.gz")], ["x.csv.gz", "x.csv"]);
    }

    #[test]
    fn a_file_is_read_from_an_offset_to_the_size_it_had() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(folder.path().join("a/2.csv"), "0123456789").unwrap();
        std::fs::write(folder.path().join("a/1.csv"), "x").unwrap();
        std::fs::write(folder.path().join("a/1.txt"), "y").unwrap();
        let found = list(folder.path(), "a/*.csv").unwrap();
        let names: Vec<&str> = found.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["a/1.csv", "a/2.csv"]);
        let mut blocks = Blocks::open(&found[1], 4).unwrap();
        std::fs::write(folder.path().join("a/2.csv"), "0123456789appended").unwrap();
        assert_eq!(blocks.next_block().unwrap(), Some(&b"456789"[..]));
        assert_eq!(blocks.next_block().unwrap(), None);
        let mut cut = Blocks::open(&found[1], 0).unwrap();
        std::fs::write(folder.path().join("a/2.csv"), "").unwrap();
        assert_eq!(
            cut.next_block().unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof
        );
    }
}
