//! What the console says, in English and Chinese.

/// Every word, in the order of the alphabet.
pub(super) const WORDS: &[(&str, &str)] = &[];
