//! Names of enterprises: prefix, brand, trade, form. The city's name, 滨海市, is
//! nobody's. The three characters of a brand differ for four million indices,
//! and a numeral tells the next millions from them.

use super::class::Class;
use super::form::Form;
use super::measured::{NAME_PREFIX, NAMES_WITH_BRACKETS, NARROW_BRACKETS};
use super::place::{DISTRICTS, Place};
use super::trade::TRADES;
use super::{Enterprise, World};
use crate::random::Dice;

const LETTERS: [char; 161] = [
    '安', '宝', '博', '昌', '超', '诚', '驰', '达', '德', '鼎', '东', '发', '方', '丰', '福', '富',
    '广', '贵', '国', '海', '瀚', '航', '合', '和', '恒', '弘', '宏', '鸿', '华', '辉', '汇', '惠',
    '吉', '佳', '嘉', '建', '健', '江', '捷', '金', '锦', '晶', '景', '久', '巨', '聚', '军', '君',
    '俊', '凯', '康', '科', '坤', '兰', '蓝', '朗', '乐', '立', '丽', '利', '联', '亮', '林', '龙',
    '隆', '禄', '美', '民', '名', '明', '铭', '南', '能', '宁', '鹏', '品', '平', '普', '启', '千',
    '前', '强', '庆', '秋', '群', '仁', '日', '荣', '瑞', '润', '森', '山', '尚', '绍', '盛', '石',
    '世', '顺', '思', '泰', '天', '通', '同', '万', '旺', '威', '维', '文', '伟', '沃', '兴', '鑫',
    '信', '星', '雄', '秀', '旭', '轩', '雅', '亚', '阳', '耀', '一', '亿', '易', '益', '毅', '永',
    '优', '友', '宇', '元', '远', '悦', '云', '运', '泽', '展', '长', '兆', '真', '振', '正', '志',
    '智', '中', '众', '洲', '卓', '子', '紫', '宗', '祖', '尊', '佐', '厚', '芳', '百', '奥', '艾',
    '桂',
];

/// What tells brands of the same characters apart, for 37 million numbers: two for
/// each enterprise of the largest city, the second once it is renamed.
const AGAIN: [char; 8] = ['二', '三', '四', '五', '六', '七', '八', '九'];

/// The brand alone, as people call the enterprise.
pub(crate) fn brand(number: u32) -> String {
    let base = LETTERS.len() as u64;
    let total = base * base * base;
    let mut rest = (u64::from(number) * 2_654_435_761) % total;
    let mut brand = String::with_capacity(12);
    for _ in 0..3 {
        brand.push(LETTERS[(rest % base) as usize]);
        rest /= base;
    }
    if let Some(again) = (u64::from(number) / total).checked_sub(1) {
        brand.push(AGAIN[again as usize % AGAIN.len()]);
    }
    brand
}

/// The registered name of an enterprise on `day`.
pub(crate) fn registered(world: &World, of: &Enterprise, day: i32) -> String {
    let renamed = day >= of.renamed;
    let mut dice = Dice::new(
        world.seed,
        crate::random::stream::NAME,
        u64::from(of.index),
        0,
    );
    // A renamed firm keeps its trade and takes a brand from beyond the city.
    let number = if renamed {
        of.index + world.total
    } else {
        of.index
    };
    let district = DISTRICTS[usize::from(Place::of(world, of, of.founded).district)];
    let brand = brand(number);
    let brand = if of.class == Class::Franchise {
        // All shops of a chain carry its brand first.
        format!("{}{brand}", self::brand(of.person % world.total))
    } else {
        brand
    };
    let word = TRADES[usize::from(of.trade)].word;
    let ending = of.form.ending(district);
    if of.form.is_company() && dice.per_mille(NAMES_WITH_BRACKETS) {
        return match dice.per_mille(NARROW_BRACKETS) {
            true => format!("{brand}{word}(滨海){ending}"),
            false => format!("{brand}{word}（滨海）{ending}"),
        };
    }
    let prefix = match dice.weighted(NAME_PREFIX.iter().copied()) {
        _ if matches!(of.form, Form::Household | Form::SoleFactory) => district,
        0 => "滨海市",
        1 => "滨海",
        2 => district,
        3 => "",
        _ => "滨江省",
    };
    format!("{prefix}{brand}{word}{ending}")
}

/// The name as people write it down: mostly right, sometimes only the brand.
pub(crate) fn told(world: &World, of: &Enterprise, day: i32, dice: &mut Dice) -> String {
    let name = registered(world, of, day);
    match dice.below(100) {
        0..3 => brand(of.index),
        3..6 => format!(" {name}"),
        6..8 => name.replace("有限公司", "有限公司　"),
        8..10 => name.replace('(', "（").replace(')', "）"),
        10..12 => format!("“{name}”"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brands_differ() {
        // Characters come again after 161³ numbers.
        let again = 161 * 161 * 161;
        let numbers = (0..8).flat_map(|time| time * again..time * again + 50_000);
        let mut brands: Vec<String> = numbers.map(brand).collect();
        brands.sort_unstable();
        brands.dedup();
        assert_eq!(brands.len(), 400_000);
    }

    #[test]
    fn the_letters_differ() {
        let mut letters = LETTERS.to_vec();
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), LETTERS.len());
    }
}
