//! Gzip files: their contents as a stream, whatever they inflate to.
//!
//! A damaged archive may inflate to rows that nobody wrote before its checksum
//! is reached, so it is read through once, into nothing, before it gives a byte.

use super::Found;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Read, Take};

/// A gzip file of one or more members, as daily appending makes them.
#[derive(Debug)]
pub(super) struct Packed {
    stream: MultiGzDecoder<BufReader<Take<File>>>,
    size: u64,
}

impl Packed {
    /// Opens a file at an offset of its contents.
    ///
    /// # Errors
    /// `InvalidData` where it is damaged or its contents end before `offset`;
    /// else those of the disk.
    pub(super) fn open(found: &Found, offset: u64) -> io::Result<Packed> {
        check_magic(found)?;
        let mut through = Packed::begin(found)?;
        let length = through.skip(u64::MAX)?;
        if length < offset {
            let text = format!("was cut short: {offset} bytes were read, {length} are left");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let mut packed = Packed::begin(found)?;
        packed.skip(offset)?;
        Ok(packed)
    }

    fn begin(found: &Found) -> io::Result<Packed> {
        let file = BufReader::new(File::open(&found.path)?.take(found.size));
        Ok(Packed {
            stream: MultiGzDecoder::new(file),
            size: found.size,
        })
    }

    /// Bytes of the file that have not been read.
    pub(super) fn left(&self) -> u64 {
        self.stream.get_ref().get_ref().limit()
    }

    /// Reads past so many bytes, or to the end; says how many there were.
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let skipped = io::copy(&mut self.stream.by_ref().take(count), &mut io::sink());
        skipped.map_err(|error| self.named(&error))
    }

    /// Fills `block` as far as the contents go; 0 at their end.
    pub(super) fn fill(&mut self, block: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < block.len() {
            match self.stream.read(&mut block[filled..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.named(&error)),
                Ok(0) => break,
                Ok(read) => filled += read,
            }
        }
        Ok(filled)
    }

    /// What is wrong: with the file's contents, or with the disk.
    fn named(&self, error: &io::Error) -> io::Error {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        let kind = error.kind();
        if !matches!(kind, InvalidData | InvalidInput | UnexpectedEof) {
            return io::Error::new(kind, error.to_string());
        }
        let (at, size) = (self.size - self.left(), self.size);
        let text = format!("is no whole gzip file (near byte {at} of {size}): {error}");
        io::Error::new(InvalidData, text)
    }
}

/// What a gzip file begins with (RFC 1952).
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Refuses what only is called a gzip file.
fn check_magic(found: &Found) -> io::Result<()> {
    let mut begin = Vec::new();
    File::open(&found.path)?.take(2).read_to_end(&mut begin)?;
    if begin == MAGIC {
        return Ok(());
    }
    let text = format!(
        "is no whole gzip file: it begins with the bytes {begin:02x?}, allowed is {MAGIC:02x?}"
    );
    Err(io::Error::new(io::ErrorKind::InvalidData, text))
}

#[cfg(test)]
mod tests {
    use super::super::{Blocks, list};
    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;
    use std::io::{self, Write};

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// All bytes from `offset` on of a file with these bytes.
    fn read(bytes: &[u8], offset: u64) -> io::Result<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("1.csv.gz"), bytes).unwrap();
        let found = list(folder.path(), "*.csv").unwrap().remove(0);
        let mut blocks = Blocks::open(&found, offset)?;
        let mut all = Vec::new();
        while let Some(block) = blocks.next_block()? {
            all.extend_from_slice(block);
        }
        assert_eq!(blocks.left(), 0);
        Ok(all)
    }

    proptest! {
        #[test]
        fn what_was_compressed_comes_out_from_any_offset(
            members in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3_000), 1..4),
            part in 0..=100_usize,
        ) {
            let bytes: Vec<u8> = members.iter().flat_map(|member| packed(member)).collect();
            let text = members.concat();
            let offset = text.len() * part / 100;
            prop_assert_eq!(read(&bytes, offset as u64).unwrap(), &text[offset..]);
        }

        #[test]
        fn a_cut_or_changed_archive_gives_an_error_and_no_byte(
            text in prop::collection::vec(any::<u8>(), 1..2_000),
            at in any::<prop::sample::Index>(),
            cut in any::<bool>(),
        ) {
            let mut bytes = packed(&text);
            // Behind the header, whose flags and time mean nothing.
            let at = 10 + at.index(bytes.len() - 10);
            if cut { bytes.truncate(at) } else { bytes[at] ^= 0x55 }
            let error = read(&bytes, 0).unwrap_err();
            prop_assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            prop_assert!(error.to_string().contains("is no whole gzip file (near byte "));
        }
    }

    #[test]
    fn a_text_that_is_called_gzip_is_named() {
        for text in [&b"id,name\n1,a\n"[..], b"i", b""] {
            let error = read(text, 0).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            let told = error.to_string();
            assert!(told.contains("is no whole gzip file: it begins"), "{told}");
        }
    }

    #[test]
    fn fewer_contents_than_were_read_are_named() {
        let error = read(&packed(b"0123456789"), 11).unwrap_err();
        assert_eq!(
            error.to_string(),
            "was cut short: 11 bytes were read, 10 are left"
        );
        assert_eq!(read(b"", 0).unwrap_err().kind(), io::ErrorKind::InvalidData);
        let trailing = [packed(b"x"), b"junk".to_vec()].concat();
        assert!(read(&trailing, 0).is_err());
    }

    #[test]
    fn what_inflates_beyond_all_measure_is_never_held() {
        let bytes = packed(&vec![b'x'; 64 << 20]);
        assert!(bytes.len() < 1 << 20);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("1.csv.gz"), bytes).unwrap();
        let found = list(folder.path(), "*.csv").unwrap().remove(0);
        let mut blocks = Blocks::open(&found, 0).unwrap();
        while let Some(block) = blocks.next_block().unwrap() {
            assert!(block.len() <= super::super::BLOCK_BYTES);
        }
    }
}
