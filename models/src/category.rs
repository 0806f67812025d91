//! The categories of evidence: the eight of the risk taxonomy and `R`.
//!
//! Contract: the order is A to H, then R, and [`Category::index`] follows it, so
//! that arrays of [`CATEGORIES`] subtotals mean the same everywhere.

use serde::{Deserialize, Serialize};

use crate::ModelError;

/// How many categories there are.
pub const CATEGORIES: usize = 9;

/// What kind of evidence a feature is. In JSON one letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Category {
    /// 合规: licences, penalties, forbidden words.
    A,
    /// 利诱: promised yields and the like.
    B,
    /// 公开/社会: how many people are reached.
    C,
    /// 资金: movements of money, leads.
    D,
    /// 投诉: complaints, tip-offs, suits.
    E,
    /// 实质: is there a business behind it.
    F,
    /// 关联: what it is connected with.
    G,
    /// 兑付/逃匿: distress and flight.
    H,
    /// Registry and context, such as industry or age: no signal by itself.
    R,
}

impl Category {
    /// All categories in order.
    pub const ALL: [Category; CATEGORIES] = [
        Category::A,
        Category::B,
        Category::C,
        Category::D,
        Category::E,
        Category::F,
        Category::G,
        Category::H,
        Category::R,
    ];

    /// The place in [`Category::ALL`], 0 to 8.
    pub fn index(self) -> usize {
        self as usize
    }

    /// The letter it is written with.
    pub fn letter(self) -> char {
        char::from(b"ABCDEFGHR"[self.index()])
    }
}

impl TryFrom<char> for Category {
    type Error = ModelError;

    /// Reads a letter; any but A to H and R is [`ModelError::Category`].
    fn try_from(letter: char) -> Result<Self, ModelError> {
        Category::ALL
            .into_iter()
            .find(|category| category.letter() == letter)
            .ok_or(ModelError::Category(letter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_order_and_json_agree() {
        for (place, category) in Category::ALL.into_iter().enumerate() {
            assert_eq!(category.index(), place);
            assert_eq!(Category::try_from(category.letter()).unwrap(), category);
            let json = serde_json::to_string(&category).unwrap();
            assert_eq!(json, format!("\"{}\"", category.letter()));
        }
        assert!(Category::ALL.is_sorted());
    }

    #[test]
    fn other_letters_are_refused() {
        let message = Category::try_from('X').unwrap_err().to_string();
        assert_eq!(message, "unknown category `X` (allowed are A to H and R)");
    }
}
