//! Files as a transport: which files a source has, and their bytes from where
//! the last reading ended. What the bytes mean is the format's business.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Bytes read at a time.
pub const BLOCK_BYTES: usize = 1 << 20;

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

/// The files below `root` that match `pattern`, in the order of their names.
///
/// # Errors
/// A text when the pattern is none, or the folder cannot be listed.
pub fn list(root: &Path, pattern: &str) -> Result<Vec<Found>, String> {
    let fixed = glob::Pattern::escape(&root.to_string_lossy());
    let paths = glob::glob(&format!("{fixed}/{pattern}"))
        .map_err(|error| format!("`{pattern}` is no pattern: {error}"))?;
    let mut found = Vec::new();
    for path in paths {
        let path = path.map_err(|error| format!("cannot be listed: {error}"))?;
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
    file: File,
    left: u64,
    block: Vec<u8>,
}

impl Blocks {
    /// Opens a file at a byte offset.
    ///
    /// # Errors
    /// Those of opening and seeking.
    pub fn open(found: &Found, offset: u64) -> io::Result<Self> {
        let mut file = File::open(&found.path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Blocks {
            file,
            left: found.size.saturating_sub(offset),
            block: Vec::new(),
        })
    }

    /// The next block; `None` at the end.
    ///
    /// # Errors
    /// Those of reading, and `UnexpectedEof` where the file was cut short.
    pub fn next_block(&mut self) -> io::Result<Option<&[u8]>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.block.resize(BLOCK_BYTES.min(self.left as usize), 0);
        let read = loop {
            match self.file.read(&mut self.block) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        if read == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file was cut short while it was read",
            ));
        }
        self.left -= read as u64;
        Ok(Some(&self.block[..read]))
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
