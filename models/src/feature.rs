//! What a feature is called and how its values are to be read.

use serde::{Deserialize, Serialize};

use crate::Category;

/// One unit of a feature's value is this many units of the stored integer.
pub const VALUE_SCALE: i64 = 10_000;

/// Whether a feature's values have an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeatureKind {
    /// Larger and smaller mean something: binned by ranges.
    Number,
    /// Codes: binned by value.
    Category,
}

/// A feature as it is configured. Two are the same only if all of it is equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FeatureSpec {
    /// The name, unique within a model.
    pub name: String,
    /// The category its contribution is summed under.
    pub category: Category,
    /// How its values are read.
    pub kind: FeatureKind,
}

impl FeatureSpec {
    /// Builds a spec from its parts.
    pub fn new(name: impl Into<String>, category: Category, kind: FeatureKind) -> Self {
        let name = name.into();
        FeatureSpec {
            name,
            category,
            kind,
        }
    }
}

/// Writes a stored value in the units people use: 52_500 is `5.25`.
pub(crate) fn unscaled(stored: i64) -> String {
    let sign = if stored < 0 { "-" } else { "" };
    let scale = VALUE_SCALE.unsigned_abs();
    let (whole, part) = (stored.unsigned_abs() / scale, stored.unsigned_abs() % scale);
    if part == 0 {
        return format!("{sign}{whole}");
    }
    let digits = format!("{part:04}");
    format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_values_are_shown_unscaled() {
        for (stored, shown) in [
            (0, "0"),
            (50_000, "5"),
            (52_500, "5.25"),
            (1, "0.0001"),
            (-10_500, "-1.05"),
            (i64::MIN, "-922337203685477.5808"),
        ] {
            assert_eq!(unscaled(stored), shown);
        }
    }
}
