//! Names and texts of the simulated city. Its name, 滨海市, is nobody's.

use crate::random::mix;

/// Sectors: letter of the national classification and the word in a name.
pub(crate) const SECTORS: [(&str, &str); 20] = [
    ("F", "商贸"),
    ("F", "贸易"),
    ("I", "科技"),
    ("I", "网络技术"),
    ("H", "餐饮管理"),
    ("E", "建筑工程"),
    ("G", "物流"),
    ("C", "五金制品"),
    ("C", "电子"),
    ("R", "文化传播"),
    ("L", "企业管理咨询"),
    ("L", "投资咨询"),
    ("L", "资产管理"),
    ("Q", "养老服务"),
    ("P", "教育咨询"),
    ("R", "健身服务"),
    ("F", "电子商务"),
    ("K", "物业管理"),
    ("J", "小额贷款"),
    ("L", "财富管理"),
];

const BRAND: &str = "安宝博昌超诚驰达德鼎东发方丰福富广贵国海瀚航合和恒弘宏鸿华辉汇惠吉佳嘉建健江捷金锦晶景久巨聚军君俊凯康科坤兰蓝朗乐立丽利联亮林龙隆禄美民名明铭南能宁鹏品平普启千前强庆秋群仁日荣瑞润森山尚绍盛石世顺思泰天通同万旺威维文伟沃兴鑫信星雄秀旭轩雅亚阳耀一亿易益毅永优友宇元远悦云运泽展长兆真振正志智中众洲卓子紫宗祖尊佐厚芳百奥艾桂";

/// Districts of the city.
pub(crate) const DISTRICTS: [&str; 8] = [
    "滨城区",
    "港湾区",
    "东岭区",
    "西河区",
    "南屿区",
    "北原区",
    "高新区",
    "临港区",
];

const ROADS: [&str; 12] = [
    "解放路",
    "人民路",
    "海滨大道",
    "中山路",
    "建设路",
    "文化路",
    "科技路",
    "港口路",
    "学府路",
    "迎宾路",
    "金山路",
    "环城路",
];

/// The registered name of enterprise `index`: three characters of the brand are
/// different for every index below four million.
pub(crate) fn name(index: u32, sector: u8) -> String {
    let brand = brand(index);
    let word = SECTORS[usize::from(sector)].1;
    let form = if sector == 18 {
        "股份有限公司"
    } else {
        "有限公司"
    };
    format!("滨海市{brand}{word}{form}")
}

/// The brand alone, as people call the enterprise.
pub(crate) fn brand(index: u32) -> String {
    let letters: Vec<char> = BRAND.chars().collect();
    let base = letters.len() as u64;
    let total = base * base * base;
    let mut rest = (u64::from(index) * 2_654_435_761) % total;
    let mut brand = String::new();
    for _ in 0..3 {
        brand.push(letters[(rest % base) as usize]);
        rest /= base;
    }
    if u64::from(index) >= total {
        brand.push('二');
    }
    brand
}

/// The postal address with number `address`.
pub(crate) fn address(seed: u64, address: u32, district: u8) -> String {
    let road = ROADS[(mix(seed, 903, u64::from(address), 0) % ROADS.len() as u64) as usize];
    let district = DISTRICTS[usize::from(district) % DISTRICTS.len()];
    format!(
        "滨海市{district}{road}{}号{}室",
        address / 40 + 1,
        101 + address % 40
    )
}

/// `text` with full-width digits.
pub(crate) fn full_width(text: &str) -> String {
    let widen = |letter: char| match letter {
        '0'..='9' => char::from_u32(letter as u32 - '0' as u32 + '０' as u32).unwrap_or(letter),
        other => other,
    };
    text.chars().map(widen).collect()
}

/// `1234567` as `1,234,567`.
pub(crate) fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ() {
        let mut brands: Vec<String> = (0..100_000).map(brand).collect();
        brands.sort_unstable();
        brands.dedup();
        assert_eq!(brands.len(), 100_000);
    }

    #[test]
    fn the_letters_of_brands_differ_and_their_cube_is_prime_to_the_stride() {
        let mut letters: Vec<char> = BRAND.chars().collect();
        let all = letters.len();
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), all);
        let common = |a: u64, b: u64| {
            (1..=a)
                .filter(|k| a.is_multiple_of(*k) && b.is_multiple_of(*k))
                .max()
        };
        assert_eq!(common(all as u64, 2_654_435_761), Some(1));
    }

    #[test]
    fn numbers_are_written_as_agencies_write_them() {
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(full_width("50万"), "５０万");
    }
}
