//! Compresses the large files of a city that has been written, as some agencies
//! do with theirs.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};

/// Replaces every text file below `root` that has at least `from` bytes by
/// `<name>.gz`, and says how many bytes that saves. The same contents give the same
/// bytes on any day: the files name no time, system or file.
///
/// # Errors
/// When the disk refuses; files that were not reached are as they were.
pub fn pack_city(root: &Path, from: u64) -> io::Result<u64> {
    let mut saved = 0;
    for path in texts(root)? {
        let size = fs::metadata(&path)?.len();
        if size >= from {
            saved += size.saturating_sub(pack(&path)?);
        }
    }
    Ok(saved)
}

/// The text files below a folder.
fn texts(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(texts(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "csv") {
            found.push(path);
        }
    }
    Ok(found)
}

/// Compresses one file; says how large it is then.
fn pack(path: &Path) -> io::Result<u64> {
    let name = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let (part, packed) = (name(".gz.part"), name(".gz"));
    let to = BufWriter::new(File::create(&part)?);
    let builder = GzBuilder::new().mtime(0).operating_system(255);
    let mut encoder = builder.write(to, Compression::best());
    io::copy(&mut BufReader::new(File::open(path)?), &mut encoder)?;
    encoder.finish()?.flush()?;
    // Never both under their names: whoever reads would not know which.
    fs::remove_file(path)?;
    fs::rename(&part, &packed)?;
    Ok(fs::metadata(&packed)?.len())
}
