//! A log that is chained by BLAKE3: each entry carries the hash of the one
//! before, so that nothing in it can be changed, left out or moved without a
//! trace. The registry of models and the audit log of casework are such logs.
//!
//! That the end of a log was cut off can be seen only by whoever noted the hash
//! of a later entry.

/// BLAKE3 in hex.
pub fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// How far a chain was followed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    number: u64,
    head: String,
}

impl Chain {
    /// A chain that goes on after the entry `number` with the hash `head`.
    pub fn after(number: u64, head: String) -> Chain {
        Chain { number, head }
    }

    /// The number of the last entry, from 1 without gaps; 0: there is none.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The hash of the last entry; empty: there is none.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// Follows the chain to its next entry, which says that it has this number,
    /// this hash and `previous` before it. `content` is what its hash is made of:
    /// all it says, `previous` included, in one unambiguous form.
    ///
    /// # Errors
    /// What is broken.
    pub fn follow(
        &mut self,
        number: u64,
        previous: &str,
        entry_hash: &str,
        content: &[u8],
    ) -> Result<(), String> {
        if hash(content) != entry_hash {
            return Err("its hash is not that of its content: it was changed".to_owned());
        }
        self.follow_hash(number, previous, entry_hash)
    }

    /// The same by the hash alone, of an entry whose content is no longer there.
    ///
    /// # Errors
    /// What is broken.
    pub fn follow_hash(
        &mut self,
        number: u64,
        previous: &str,
        entry_hash: &str,
    ) -> Result<(), String> {
        let expected = self.number + 1;
        if number != expected || previous != self.head {
            return Err(format!(
                "it does not follow the line before: it says number {number} after `{previous}`, expected are {expected} and `{}`",
                self.head
            ));
        }
        *self = Chain::after(number, entry_hash.to_owned());
        Ok(())
    }
}
