//! Bytes that wait in a file.
//!
//! Contract: what is put away comes back the same. The file has no name, so
//! whatever ends the process leaves nothing of it. Where none can be made, or
//! its disk is full, the bytes stay in memory.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// The folder of such files, if there may be any.
pub(crate) type Place = Option<Arc<Path>>;

/// A file that is made when something is put away first.
#[derive(Default)]
pub(crate) struct Spill {
    place: Place,
    file: Option<File>,
    end: u64,
}

/// Bytes that were put away.
pub(crate) enum Kept {
    /// In memory.
    Here(Vec<u8>),
    /// In the file, from a byte on, so many.
    There(u64, usize),
}

impl Spill {
    /// Files in this folder.
    pub(crate) fn new(place: Place) -> Self {
        Spill {
            place,
            ..Spill::default()
        }
    }

    /// Puts what comes next into a file in another folder, unless some is in one.
    pub(crate) fn move_to(&mut self, place: Place) {
        if self.file.is_none() {
            self.place = place;
        }
    }

    /// Whether bytes go to a file.
    pub(crate) fn is_open(&self) -> bool {
        self.place.is_some()
    }

    /// Puts bytes away, and leaves `bytes` empty.
    pub(crate) fn put(&mut self, bytes: &mut Vec<u8>) -> Kept {
        match self.write(bytes) {
            Some(at) => {
                let length = bytes.len();
                bytes.clear();
                Kept::There(at, length)
            }
            None => Kept::Here(std::mem::take(bytes)),
        }
    }

    /// Where the bytes are written; `None`: nowhere, now or from now on.
    fn write(&mut self, bytes: &[u8]) -> Option<u64> {
        let folder = self.place.as_ref()?;
        let file = match self.file.take() {
            Some(file) => Ok(file),
            None => tempfile::tempfile_in(folder),
        };
        let written = file.and_then(|file| {
            let written = file.write_all_at(bytes, self.end);
            // What was put away before is read even where nothing more fits.
            self.file = Some(file);
            written
        });
        if written.is_err() {
            self.place = None;
            return None;
        }
        let at = self.end;
        self.end += bytes.len() as u64;
        Some(at)
    }

    /// Gives bytes back.
    pub(crate) fn take(&self, kept: Kept) -> Vec<u8> {
        let (at, length) = match kept {
            Kept::Here(bytes) => return bytes,
            Kept::There(at, length) => (at, length),
        };
        let mut bytes = vec![0; length];
        let file = self.file.as_ref();
        let read = file.map(|file| file.read_exact_at(&mut bytes, at));
        match read {
            Some(Ok(())) => bytes,
            // Without them the epoch is impossible: the worker ends, and says why.
            Some(Err(error)) => panic!("what waited for its epoch cannot be read again: {error}"),
            None => unreachable!("a file that was written to is kept"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_away_comes_back_and_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut spill = Spill::new(Some(folder.path().into()));
        let texts = ["一", "", "two", "three"];
        let kept = texts.map(|text| spill.put(&mut text.as_bytes().to_vec()));
        assert!(kept.iter().all(|kept| matches!(kept, Kept::There(..))));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        for (text, kept) in texts.iter().zip(kept).rev() {
            assert_eq!(spill.take(kept), text.as_bytes());
        }
    }

    #[test]
    fn where_no_file_can_be_made_bytes_stay_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let mut spill = Spill::new(Some(folder.path().join("gone").into()));
        assert!(spill.is_open());
        let mut bytes = b"one".to_vec();
        let kept = spill.put(&mut bytes);
        assert!(bytes.is_empty() && matches!(kept, Kept::Here(_)) && !spill.is_open());
        assert_eq!(spill.take(kept), b"one");
    }

    #[test]
    fn a_disk_that_fills_up_keeps_what_it_has() {
        let (Ok(full), folder) = (
            File::options().read(true).write(true).open("/dev/full"),
            tempfile::tempdir().unwrap(),
        ) else {
            eprintln!("skipped: there is no /dev/full here");
            return;
        };
        let mut spill = Spill::new(Some(folder.path().into()));
        let first = spill.put(&mut b"one".to_vec());
        let there = spill.file.replace(full);
        let second = spill.put(&mut b"two".to_vec());
        spill.file = there;
        assert!(matches!(second, Kept::Here(_)) && !spill.is_open());
        assert_eq!(
            (spill.take(first), spill.take(second)),
            (b"one".to_vec(), b"two".to_vec())
        );
    }
}
