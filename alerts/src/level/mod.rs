//! The level of an enterprise: what its score and the gates make of it.
//!
//! Pure: [`level_of`] is a function of an assessment and a policy. A level
//! needs its threshold *and* its gates, so that no single agency, and no single
//! kind of evidence, can bring an enterprise to orange or red by itself. Only a
//! hard trigger (a police filing, an administrative finding) overrides them.

mod assessment;
mod policy;

pub use assessment::{
    Assessment, CATEGORIES, ELEMENTS, MAX_REASONS, REGISTRY_BIT, Reason, category_bit, element_bit,
};
pub use policy::{PerLevel, Policy};

use serde::{Deserialize, Serialize};

/// How urgent an enterprise is. Ordered: `None` is the least.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Level {
    /// 无: nothing to do.
    #[default]
    None = 0,
    /// 蓝: on the list.
    Blue = 1,
    /// 黄: key monitoring.
    Yellow = 2,
    /// 橙: early warning.
    Orange = 3,
    /// 红: joint judgement.
    Red = 4,
}

impl Level {
    /// All levels, the least first; the place of a level is its rank.
    pub const ALL: [Level; 5] = [
        Level::None,
        Level::Blue,
        Level::Yellow,
        Level::Orange,
        Level::Red,
    ];

    /// The levels that make an alert, the least first.
    pub const RAISED: [Level; 4] = [Level::Blue, Level::Yellow, Level::Orange, Level::Red];

    /// 0 for `None` … 4 for `Red`.
    pub fn rank(self) -> u8 {
        self as u8
    }

    /// The level of a rank; ranks above 4 do not exist.
    pub fn from_rank(rank: u8) -> Option<Level> {
        Level::ALL.get(usize::from(rank)).copied()
    }

    /// The lower-case English name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Level::None => "none",
            Level::Blue => "blue",
            Level::Yellow => "yellow",
            Level::Orange => "orange",
            Level::Red => "red",
        }
    }

    /// The level of an English name, as in JSON and in queries.
    pub fn from_name(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.name() == name)
    }

    /// The Chinese name: one character.
    pub fn chinese(self) -> &'static str {
        match self {
            Level::None => "无",
            Level::Blue => "蓝",
            Level::Yellow => "黄",
            Level::Orange => "橙",
            Level::Red => "红",
        }
    }

    /// What the level asks of whoever reads it.
    pub fn meaning(self) -> &'static str {
        match self {
            Level::None => "正常:日常评估",
            Level::Blue => "关注:列入名单,不派任务",
            Level::Yellow => "重点:属地书面核查",
            Level::Orange => "预警:两名以上人员现场核查、约谈",
            Level::Red => "处置:联合研判会商",
        }
    }
}

/// The highest level whose threshold and gates all hold.
pub fn level_of(assessment: &Assessment, policy: &Policy) -> Level {
    Level::RAISED
        .into_iter()
        .rev()
        .find(|level| holds(assessment, *level, policy, 0))
        .unwrap_or(Level::None)
}

/// What the next level above the present one needs and this assessment lacks,
/// in words; `None` at red.
pub fn lacking(assessment: &Assessment, policy: &Policy) -> Option<(Level, Vec<String>)> {
    let next = Level::from_rank(level_of(assessment, policy).rank() + 1)?;
    let gaps = gaps(assessment, next, policy, 0);
    let words = gaps.into_iter().flatten().map(|gap| gap.words(policy));
    Some((next, words.collect()))
}

/// The categories of which the next level above the present one needs another:
/// those without evidence, of the few that red asks for where it is those that
/// are missing. Empty where categories are not what it lacks.
pub fn wanted_categories(assessment: &Assessment, policy: &Policy) -> Vec<char> {
    let Some(next) = Level::from_rank(level_of(assessment, policy).rank() + 1) else {
        return Vec::new();
    };
    let gaps = gaps(assessment, next, policy, 0);
    let one_of = gaps.iter().flatten().any(|gap| matches!(gap, Gap::OneOf));
    let more = gaps
        .iter()
        .flatten()
        .any(|gap| matches!(gap, Gap::Categories(..)));
    let has = assessment.signal_categories();
    let missing = ('A'..='H').filter(|letter| category_bit(*letter).unwrap_or(0) & has == 0);
    match (one_of, more) {
        (true, _) => missing
            .filter(|letter| policy.red_one_of.contains(letter))
            .collect(),
        (false, true) => missing.collect(),
        (false, false) => Vec::new(),
    }
}

/// Whether `level` holds when its threshold is lowered by `margin_points`. The
/// gates are never relaxed.
pub(crate) fn holds(
    assessment: &Assessment,
    level: Level,
    policy: &Policy,
    margin_points: u16,
) -> bool {
    let mut gaps = gaps(assessment, level, policy, margin_points).into_iter();
    level >= policy.floor && (assessment.hard_trigger || gaps.all(|gap| gap.is_none()))
}

/// One thing that a level needs and an assessment lacks.
#[derive(Debug, Clone, Copy)]
enum Gap {
    /// Points needed; the index, in centi-points.
    Index(u16, u16),
    Categories(u16, u32),
    Agencies(u16, u32),
    /// Evidence in one of the categories that red needs.
    OneOf,
    /// The coverage, per mille.
    Coverage(u16),
}

impl Gap {
    fn words(self, policy: &Policy) -> String {
        match self {
            Gap::Index(needs, has) => format!("index {needs}, has {:.2}", f64::from(has) / 100.0),
            Gap::Categories(needs, has) => format!("categories {needs}, has {has}"),
            Gap::Agencies(needs, has) => format!("agencies {needs}, has {has}"),
            Gap::OneOf => format!("one category of {}", String::from_iter(&policy.red_one_of)),
            Gap::Coverage(has) => format!(
                "coverage {}, has {:.3}",
                policy.red_min_coverage,
                f64::from(has) / 1000.0
            ),
        }
    }
}

/// All that `level` needs and `assessment` lacks, its threshold lowered by
/// `margin_points`.
fn gaps(
    assessment: &Assessment,
    level: Level,
    policy: &Policy,
    margin_points: u16,
) -> [Option<Gap>; 5] {
    let threshold = policy.thresholds.of(level).saturating_sub(margin_points);
    let categories = assessment.signal_categories();
    let enough = |needs: u16, has: u32, gap: fn(u16, u32) -> Gap| {
        (has < u32::from(needs)).then(|| gap(needs, has))
    };
    let wanted = policy.red_categories();
    let red = level == Level::Red;
    [
        enough(
            policy.min_categories.of(level),
            categories.count_ones(),
            Gap::Categories,
        ),
        enough(
            policy.min_agencies.of(level),
            assessment.agencies.count_ones(),
            Gap::Agencies,
        ),
        (u32::from(assessment.index) < u32::from(threshold) * 100)
            .then_some(Gap::Index(threshold, assessment.index)),
        (red && wanted != 0 && categories & wanted == 0).then_some(Gap::OneOf),
        (red && assessment.coverage < policy.red_min_coverage_per_mille())
            .then_some(Gap::Coverage(assessment.coverage)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(index in points, categories, agencies, coverage, hard)`.
    fn assess(index: u16, categories: &str, agencies: u64, coverage: u16, hard: bool) -> Level {
        let assessment = Assessment {
            index: index * 100,
            categories: categories.chars().filter_map(category_bit).sum(),
            agencies,
            coverage,
            hard_trigger: hard,
            ..Assessment::default()
        };
        level_of(&assessment, &Policy::default())
    }

    #[test]
    fn what_the_next_level_lacks_is_named() {
        let lacks = |index: u16, categories: &str, coverage| {
            let assessment = Assessment {
                index: index * 100,
                categories: categories.chars().filter_map(category_bit).sum(),
                agencies: 0b1,
                coverage,
                ..Assessment::default()
            };
            let (level, lacks) = lacking(&assessment, &Policy::default()).unwrap();
            format!("{}: {}", level.name(), lacks.join("; "))
        };
        assert_eq!(lacks(30, "", 0), "blue: index 40, has 30.00");
        assert_eq!(
            lacks(65, "AE", 0),
            "orange: agencies 2, has 1; index 70, has 65.00"
        );
        let almost = Assessment {
            index: 9000,
            categories: "ACE".chars().filter_map(category_bit).sum(),
            agencies: 0b11,
            coverage: 586,
            ..Assessment::default()
        };
        let (level, lacks) = lacking(&almost, &Policy::default()).unwrap();
        assert_eq!(level, Level::Red);
        assert_eq!(lacks, ["one category of BD", "coverage 0.6, has 0.586"]);
        assert_eq!(wanted_categories(&almost, &Policy::default()), ['B', 'D']);
        let one = Assessment {
            categories: 0b1,
            ..almost.clone()
        };
        let wanted = wanted_categories(&one, &Policy::default());
        assert_eq!(wanted, ['B', 'C', 'D', 'E', 'F', 'G', 'H']);
    }

    #[test]
    fn thresholds_and_gates() {
        let cases = [
            (assess(39, "ABC", 0b111, 1000, false), Level::None),
            (assess(40, "", 0, 0, false), Level::Blue),
            (assess(95, "A", 0b1, 1000, false), Level::Blue),
            (assess(60, "AE", 0b1, 1000, false), Level::Yellow),
            (assess(60, "AR", 0b11, 1000, false), Level::Blue),
            (assess(95, "ABE", 0b1, 1000, false), Level::Yellow),
            (assess(70, "AE", 0b11, 0, false), Level::Orange),
            (assess(80, "ABE", 0b11, 600, false), Level::Red),
            (assess(80, "ADE", 0b11, 600, false), Level::Red),
            (assess(80, "ACE", 0b11, 600, false), Level::Orange),
            (assess(80, "ABR", 0b11, 600, false), Level::Orange),
            (assess(80, "ABE", 0b11, 599, false), Level::Orange),
            (assess(0, "", 0, 0, true), Level::Red),
        ];
        for (case, (found, expected)) in cases.into_iter().enumerate() {
            assert_eq!(found, expected, "case {case}");
        }
    }

    #[test]
    fn a_hundredth_of_a_point_below_does_not_reach() {
        let mut assessment = Assessment {
            index: 3999,
            ..Assessment::default()
        };
        assert_eq!(level_of(&assessment, &Policy::default()), Level::None);
        assessment.index = 4000;
        assert_eq!(level_of(&assessment, &Policy::default()), Level::Blue);
    }

    #[test]
    fn names_and_ranks_go_both_ways() {
        for level in Level::ALL {
            assert_eq!(Level::from_rank(level.rank()), Some(level));
            assert_eq!(Level::from_name(level.name()), Some(level));
            let json = serde_json::to_string(&level).unwrap();
            assert_eq!(json, format!("\"{}\"", level.name()));
        }
        assert_eq!(Level::from_rank(5), None);
        assert_eq!(Level::from_name("Blue"), None);
    }
}
