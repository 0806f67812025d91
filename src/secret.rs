//! The secret that pseudonyms are keyed with: made at the first start, kept in
//! the state directory, readable by its owner alone. Without it, accounts and
//! persons in the landing cannot be matched to new records.

use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::path::Path;
use tocsin_ingest::values::Pseudonymiser;

const FILE: &str = "pseudonym.key";
const BYTES: usize = 32;

/// The pseudonymiser of a state directory.
///
/// # Errors
/// When the key cannot be read, made or has a wrong length.
pub fn pseudonymiser(data: &Path) -> Result<Pseudonymiser> {
    Ok(Pseudonymiser::new(key(data)?))
}

/// The key of a state directory; made where there is none.
///
/// # Errors
/// When the key cannot be read, made or has a wrong length.
pub fn key(data: &Path) -> Result<[u8; BYTES]> {
    let path = data.join(FILE);
    if !path.exists() {
        make(&path)?;
    }
    let bytes = std::fs::read(&path).with_context(|| format!("key `{}`", path.display()))?;
    match <[u8; BYTES]>::try_from(bytes) {
        Ok(key) => Ok(key),
        Err(bytes) => bail!(
            "key `{}` has {} bytes, but must have {BYTES}",
            path.display(),
            bytes.len()
        ),
    }
}

/// The key of a state directory that is to hold the same as others.
///
/// # Errors
/// When there is none, with what to do; when it cannot be read.
pub fn shared_key(data: &Path) -> Result<[u8; BYTES]> {
    let path = data.join(FILE);
    if !path.exists() {
        bail!(
            "key `{}` is missing: all processes of a cluster hold the same; copy that of process 0's state directory there, which process 0 makes at its first start",
            path.display()
        );
    }
    key(data)
}

fn make(path: &Path) -> Result<()> {
    let mut key = [0; BYTES];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut random| random.read_exact(&mut key))
        .context("no random bytes for a new key")?;
    let temporary = path.with_extension("tmp");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(&key)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    Ok(())
}
