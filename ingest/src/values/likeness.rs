//! What names that resemble each other have in common: the name without the
//! place in front or in brackets, and with the legal form in its short form.
//!
//! 深圳市某某科技有限公司 and 某某（深圳）科技有限责任公司 are two enterprises in
//! law. So a likeness never says whom a name means; it finds candidates for
//! people to choose from. Whatever a name ends in stays: a branch (`分公司`,
//! `办事处` …) never resembles its parent.

use super::is_absent;
use super::name::normalise;
use crate::fact::{SubjectKey, SubjectKind};
use std::collections::HashSet;
use std::sync::LazyLock;
use xxhash_rust::xxh3::xxh3_128;

/// Provinces and what ranks with them, then cities of the rank below, by the
/// short names that stand in front of names of enterprises.
const PLACES: &str = "北京 天津 上海 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 \
湖北 湖南 广东 海南 四川 贵州 云南 陕西 甘肃 青海 台湾 内蒙古 广西 西藏 宁夏 新疆 香港 澳门 中国 \
石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水 太原 大同 阳泉 长治 晋城 朔州 晋中 运城 忻州 \
临汾 吕梁 呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布 沈阳 大连 鞍山 抚顺 本溪 丹东 \
锦州 营口 阜新 辽阳 盘锦 铁岭 朝阳 葫芦岛 长春 四平 辽源 通化 白山 松原 白城 延边 哈尔滨 齐齐哈尔 鸡西 \
鹤岗 双鸭山 大庆 伊春 佳木斯 七台河 牡丹江 黑河 绥化 南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 \
镇江 泰州 宿迁 杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水 合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 \
安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城 福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德 南昌 景德镇 萍乡 \
九江 新余 鹰潭 赣州 吉安 宜春 抚州 上饶 济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 \
聊城 滨州 菏泽 郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘 信阳 周口 驻马店 \
武汉 黄石 十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州 恩施 长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 \
益阳 郴州 永州 怀化 娄底 湘西 广州 韶关 深圳 珠海 汕头 佛山 江门 湛江 茂名 肇庆 惠州 梅州 汕尾 河源 阳江 \
清远 东莞 中山 潮州 揭阳 云浮 南宁 柳州 桂林 梧州 北海 防城港 钦州 贵港 玉林 百色 贺州 河池 来宾 崇左 海口 \
三亚 三沙 儋州 成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁 内江 乐山 南充 眉山 宜宾 广安 达州 雅安 巴中 资阳 \
贵阳 六盘水 遵义 安顺 毕节 铜仁 昆明 曲靖 玉溪 保山 昭通 丽江 普洱 临沧 大理 拉萨 西安 铜川 宝鸡 咸阳 渭南 \
延安 汉中 榆林 安康 商洛 兰州 嘉峪关 金昌 白银 天水 武威 张掖 平凉 酒泉 庆阳 定西 陇南 西宁 海东 银川 石嘴山 \
吴忠 固原 中卫 乌鲁木齐 克拉玛依 吐鲁番 哈密";

/// What a place's full name ends in.
const RANKS: [&str; 8] = [
    "特别行政区",
    "壮族自治区",
    "回族自治区",
    "维吾尔自治区",
    "自治区",
    "省",
    "市",
    "县",
];

/// Words of trade that end like a city's name.
const NO_CITIES: [&str; 9] = [
    "超市", "都市", "城市", "门市", "股市", "上市", "夜市", "集市", "菜市",
];

/// The fewest characters of a name that are left in front of its legal form.
const LEAST: usize = 2;

/// Legal forms, and how they are shortened; longer forms first.
const FORMS: [(&str, &str); 2] = [("有限责任公司", "有限公司"), ("股份有限公司", "股份公司")];

/// What a name has in common with those it resembles.
pub fn reduce(name: &str) -> String {
    let mut reduced = shorten(normalise(name).into_owned());
    loop {
        let next = shorten(without_bracket(without_place(&reduced)));
        if next == reduced {
            return reduced;
        }
        reduced = next;
    }
}

/// The key under which names that resemble each other meet; none without a name.
pub fn key(name: &str) -> Option<SubjectKey> {
    let hash = || xxh3_128(reduce(name).as_bytes());
    (!is_absent(name)).then(|| SubjectKey::new(SubjectKind::Likeness, hash()))
}

/// The legal form in its short form.
fn shorten(mut name: String) -> String {
    for (long, short) in FORMS {
        while name.contains(long) {
            name = name.replace(long, short);
        }
    }
    name
}

/// The name without one place in front of it, if enough of a name is left.
fn without_place(name: &str) -> &str {
    let rest = after_rank(name).or_else(|| after_known(name));
    rest.filter(|rest| is_name(rest)).unwrap_or(name)
}

/// What follows a place that is written with its rank: 某某市, 某某省.
fn after_rank(name: &str) -> Option<&str> {
    let last = |(at, c): (usize, char)| "区省市县".contains(c).then_some(at + c.len_utf8());
    for at in name.char_indices().take(12).filter_map(last) {
        let (place, rest) = name.split_at(at);
        let ranked = RANKS.iter().find_map(|rank| place.strip_suffix(rank));
        let bare = ranked.map_or(0, |bare| bare.chars().count());
        let trade = NO_CITIES.iter().any(|word| place.ends_with(word));
        if (2..=6).contains(&bare) && !trade && (bare <= 3 || is_known(ranked.unwrap_or(""))) {
            return Some(rest);
        }
    }
    None
}

/// What follows a place that is known by its short name: two to four characters,
/// and the longest that is known.
fn after_known(name: &str) -> Option<&str> {
    let ends = name.char_indices().map(|(at, _)| at).skip(2).take(3);
    let mut ends: Vec<usize> = ends.collect();
    ends.reverse();
    let split = ends.into_iter().map(|at| name.split_at(at));
    let mut known = split.filter(|(place, _)| is_known(place));
    known.next().map(|(_, rest)| rest)
}

/// The name without one pair of brackets that holds nothing but a place.
fn without_bracket(name: &str) -> String {
    for (open, _) in name.match_indices('(') {
        let Some(length) = name[open..].find(')') else {
            break;
        };
        let (inside, behind) = (&name[open + 1..open + length], &name[open + length + 1..]);
        let bare = RANKS.iter().find_map(|rank| inside.strip_suffix(rank));
        if is_known(inside) || bare.is_some_and(|bare| (2..=6).contains(&bare.chars().count())) {
            return format!("{}{behind}", &name[..open]);
        }
    }
    name.to_owned()
}

fn is_known(place: &str) -> bool {
    static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| PLACES.split_whitespace().collect());
    KNOWN.contains(place)
}

/// Whether something of a name is left in front of its legal form.
fn is_name(rest: &str) -> bool {
    let own = FORMS.iter().flat_map(|(long, short)| [*long, *short]);
    let own = own.filter_map(|form| rest.find(form)).min();
    let own = own.map_or(rest, |at| &rest[..at]);
    !own.starts_with('(') && own.chars().count() >= LEAST
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn alike(a: &str, b: &str) {
        assert_eq!(key(a), key(b), "{} {}", reduce(a), reduce(b));
    }

    #[track_caller]
    fn unlike(a: &str, b: &str) {
        assert_ne!(key(a), key(b), "{}", reduce(a));
    }

    #[test]
    fn place_and_form_do_not_count() {
        alike("深圳市某某科技有限公司", "某某（深圳）科技有限公司");
        alike("深圳某某科技有限责任公司", "某某科技有限公司");
        alike("广东省深圳市某某科技有限公司", "某某科技有限公司");
        alike("滨海市某某股份有限公司", "某某股份公司");
        alike("内蒙古自治区某某有限公司", "内蒙古某某有限公司");
    }

    #[test]
    fn names_that_only_begin_alike_are_not_alike() {
        unlike("某某科技有限公司", "某某科技股份有限公司");
        unlike("某某（一期）科技有限公司", "某某科技有限公司");
        unlike("华联超市有限公司", "有限公司");
        unlike("深圳有限公司", "有限公司");
        unlike("某某科技有限公司", "某某贸易有限公司");
    }

    #[test]
    fn a_branch_is_not_its_parent() {
        for parent in ["深圳市某某科技有限公司", "某某银行股份有限公司", "某某超市"]
        {
            for end in BRANCHES {
                unlike(parent, &format!("{parent}{end}"));
                unlike(parent, &format!("{parent}（上海）{end}"));
                unlike(parent, &format!("{parent}上海{end}"));
            }
        }
    }

    #[test]
    fn no_name_no_key() {
        assert_eq!(key(" N/A "), None);
        assert_eq!(key("甲").map(SubjectKey::kind), Some(SubjectKind::Likeness));
    }

    const BRANCHES: [&str; 5] = ["分公司", "分店", "办事处", "分行", "第二门市部"];

    /// Names of the pieces that are looked for, in any order.
    fn pieced() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("深圳"),
            Just("市"),
            Just("广东省"),
            Just("（"),
            Just("）"),
            Just("("),
            Just(")"),
            Just("有限"),
            Just("责任"),
            Just("公司"),
            Just("股份"),
            Just("某"),
            Just("科技"),
            Just("超市"),
            Just("自治区"),
            Just("分"),
            Just(" "),
        ];
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn reducing_twice_changes_nothing(name in prop_oneof![pieced(), any::<String>()]) {
            let once = reduce(&name);
            prop_assert_eq!(reduce(&once), once);
        }

        #[test]
        fn a_branch_never_resembles_a_name_that_is_none(
            parent in pieced(), other in pieced(), place in pieced(), end in 0usize..5,
        ) {
            let branch = format!("{parent}{place}{}", BRANCHES[end]);
            prop_assert!(reduce(&branch).ends_with(BRANCHES[end]));
            let is_branch = |name: &str| BRANCHES.iter().any(|end| name.ends_with(end));
            prop_assume!(!is_branch(&reduce(&other)));
            prop_assert_ne!(reduce(&branch), reduce(&other));
        }

        #[test]
        fn one_name_in_two_spellings_is_alike(name in pieced()) {
            let wide = name.replace('(', "（").replace(')', "）").replace("科技", "科 技");
            prop_assert_eq!(reduce(&name), reduce(&wide));
        }
    }
}
