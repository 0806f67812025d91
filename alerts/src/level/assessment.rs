//! What is known of one enterprise at one epoch: the figures a level and an
//! alert are made of.

use crate::hex;
use serde::{Deserialize, Serialize};

/// The categories in their fixed order; the place of one is its bit and its
/// subtotal.
pub const CATEGORIES: [char; 9] = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'R'];

/// The elements of illegal fundraising (国务院令第737号 第二条, 法释〔2022〕5号 第一条)
/// in their fixed order; the place of one is its bit.
pub const ELEMENTS: [&str; 4] = ["非法性", "利诱性", "社会性", "公开性"];

/// The bit of an element, by its name.
pub fn element_bit(name: &str) -> Option<u8> {
    let place = ELEMENTS.iter().position(|known| *known == name)?;
    Some(1 << place)
}

/// The bit of category R: context from the registry, which is no evidence.
pub const REGISTRY_BIT: u16 = 1 << 8;

/// The most reasons an assessment carries.
pub const MAX_REASONS: usize = 5;

/// The bit of a category letter.
pub fn category_bit(category: char) -> Option<u16> {
    let place = CATEGORIES.iter().position(|known| *known == category)?;
    Some(1 << place)
}

/// One feature that speaks for or against an enterprise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The feature's identifier.
    pub feature: String,
    /// The feature's title for people.
    pub title: String,
    /// The same in English, where the rules said it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_en: Option<String>,
    /// Its category: one of [`CATEGORIES`].
    pub category: char,
    /// What it adds to the score, in micro-log-odds.
    pub contribution: i64,
    /// Whether it makes the level red by itself, whatever the score.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hard_trigger: bool,
}

/// The score of one enterprise and what stands behind it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// The enterprise's key.
    #[serde(with = "hex")]
    pub enterprise: [u8; 16],
    /// The enterprise's credit code, or its opaque identifier.
    pub id: String,
    /// The score in micro-log-odds.
    pub log_odds: i64,
    /// The index in centi-points: 0..=10000.
    pub index: u16,
    /// The parts of the score per category, in the order of [`CATEGORIES`], in
    /// micro-log-odds.
    pub subtotals: [i64; 9],
    /// Bit i: category i of [`CATEGORIES`] has evidence that adds to the score.
    pub categories: u16,
    /// Bit i: element i of [`ELEMENTS`] is evidenced by what adds to the score.
    #[serde(default)]
    pub elements: u8,
    /// Bit i: agency i has evidence that adds to the score.
    pub agencies: u64,
    /// How much of what could be known is known, per mille.
    pub coverage: u16,
    /// Whether a hard trigger makes it red whatever the score.
    pub hard_trigger: bool,
    /// The largest contributions, the largest first, at most [`MAX_REASONS`].
    pub reasons: Vec<Reason>,
    /// The enterprise's name, if known.
    pub name: Option<String>,
    /// The enterprise's district, if known.
    pub district: Option<String>,
}

impl Assessment {
    /// The categories that count as evidence: all but the registry's.
    pub fn signal_categories(&self) -> u16 {
        self.categories & (REGISTRY_BIT - 1)
    }

    /// The letters of the categories with evidence, in order, R included.
    pub fn category_letters(&self) -> Vec<char> {
        (0..CATEGORIES.len())
            .filter(|place| self.categories & (1 << place) != 0)
            .map(|place| CATEGORIES[place])
            .collect()
    }

    /// The names of the elements that are evidenced, in order.
    pub fn element_names(&self) -> Vec<&'static str> {
        let places = (0..ELEMENTS.len()).filter(|place| self.elements & (1 << place) != 0);
        places.map(|place| ELEMENTS[place]).collect()
    }

    /// The same enterprise with nothing known against it: what an enterprise
    /// that is no longer scored amounts to.
    pub fn unscored(&self) -> Assessment {
        Assessment {
            enterprise: self.enterprise,
            id: self.id.clone(),
            name: self.name.clone(),
            district: self.district.clone(),
            ..Assessment::default()
        }
    }
}
