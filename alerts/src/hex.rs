//! Enterprise keys as text: 32 lower-case hexadecimal digits in JSON.
//!
//! Serde's own form of a byte array is a list of numbers, five times as long
//! and unreadable in a log.

use serde::{Deserialize, Deserializer, Serializer, de::Error};
use std::fmt::Write;

/// The 32 digits of a key.
pub(crate) fn encode(key: &[u8; 16]) -> String {
    let mut text = String::with_capacity(32);
    for byte in key {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The key of 32 digits, or nothing if `text` is anything else.
pub(crate) fn decode(text: &str) -> Option<[u8; 16]> {
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if text.len() != 32 || !digits {
        return None;
    }
    let key = u128::from_str_radix(text, 16).ok()?;
    Some(key.to_be_bytes())
}

/// For `#[serde(with = "crate::hex")]`.
pub(crate) fn serialize<S: Serializer>(key: &[u8; 16], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&encode(key))
}

/// For `#[serde(with = "crate::hex")]`.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 16], D::Error> {
    let text = String::deserialize(from)?;
    decode(&text).ok_or_else(|| {
        D::Error::custom(format!(
            "enterprise key `{text}` is not 32 hexadecimal digits"
        ))
    })
}
