//! Persons: a number, a composed name that nobody bears, and the pseudonym by
//! which agencies exchange them.

use crate::random::{mix, stream};

const SURNAMES: [char; 50] = [
    '赵', '钱', '孙', '李', '周', '吴', '郑', '王', '冯', '陈', '褚', '卫', '蒋', '沈', '韩', '杨',
    '朱', '秦', '尤', '许', '何', '吕', '施', '张', '孔', '曹', '严', '华', '金', '魏', '陶', '姜',
    '戚', '谢', '邹', '喻', '柏', '水', '窦', '章', '云', '苏', '潘', '葛', '奚', '范', '彭', '郎',
    '鲁', '韦',
];

/// Stems, branches, trigrams and lunar mansions: three in a row name nobody.
const GIVEN: [char; 57] = [
    '甲', '乙', '丙', '丁', '戊', '己', '庚', '辛', '壬', '癸', '子', '丑', '寅', '卯', '辰', '巳',
    '午', '未', '申', '酉', '戌', '亥', '乾', '坤', '坎', '离', '震', '巽', '艮', '兑', '角', '亢',
    '氐', '房', '心', '尾', '箕', '斗', '牛', '女', '虚', '危', '室', '壁', '奎', '娄', '胃', '昴',
    '毕', '觜', '参', '井', '鬼', '柳', '星', '轸', '翼',
];

/// The name of a person; different for numbers below nine million.
pub(crate) fn name(person: u32) -> String {
    let given = GIVEN.len() as u64;
    let total = SURNAMES.len() as u64 * given * given * given;
    let mut rest = (u64::from(person) * 2_246_822_519) % total;
    let mut name = String::with_capacity(12);
    name.push(SURNAMES[(rest % 50) as usize]);
    rest /= 50;
    for _ in 0..3 {
        name.push(GIVEN[(rest % given) as usize]);
        rest /= given;
    }
    name
}

/// A person's pseudonym: 16 hexadecimal digits.
pub(crate) fn pseudonym(seed: u64, person: u32) -> String {
    format!("{:016x}", mix(seed, stream::PERSON, u64::from(person), 0))
}
