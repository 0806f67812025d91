//! Every shape that registries and tax lines were seen to use.

use super::*;
use proptest::prelude::*;

fn check(cell: &str, fen: i64, currency: Currency) {
    assert_eq!(
        parse(cell, Unit::Yuan),
        Ok(Money { fen, currency }),
        "{cell:?}"
    );
}

#[test]
fn yuan_in_ten_thousands() {
    for cell in [
        "1,000(万人民币元)",
        "1000万人民币",
        "1,000(万元人民币)",
        "1000（万元）",
        "1000(万)",
        "1000万",
        "1000(万元(人民币))",
        "1000(万元（人民币）)",
        "1000万元人民币",
        "1000万人民币元",
        "1000(万元)",
        "1,000.0000( 万人民币元)",
        "１，０００万元",
        "人民币1000万元",
        "RMB 1000万",
        "1000万元整",
        "￥1000万",
        "￥１０００万",
        "0.1亿元",
        "1千万元",
        "10百万元",
        "1000万圆",
        "1000万ＲＭＢ",
        "rmb1000万",
    ] {
        check(cell, 1_000_000_000, Currency::Cny);
    }
    check("3万人民币", 3_000_000, Currency::Cny);
    check("4.7000(万元人民币)", 4_700_000, Currency::Cny);
    check(
        "1,234,567.8901(万元人民币)",
        1_234_567_890_100,
        Currency::Cny,
    );
}

#[test]
fn other_currencies() {
    check("50(万美元)", 50_000_000, Currency::Usd);
    check("50(万元(美元))", 50_000_000, Currency::Usd);
    check("50(万元（美元）)", 50_000_000, Currency::Usd);
    check("5.5万美元", 5_500_000, Currency::Usd);
    check("1(万香港元)", 1_000_000, Currency::Hkd);
    check("1万港币", 1_000_000, Currency::Hkd);
    check("1万港元", 1_000_000, Currency::Hkd);
    check("1(万元(港币))", 1_000_000, Currency::Hkd);
    check("123,456(万日元)", 123_456_000_000, Currency::Jpy);
    check("1(万欧元)", 1_000_000, Currency::Eur);
    check("1(万英镑)", 1_000_000, Currency::Gbp);
    check("1(万澳大利亚元)", 1_000_000, Currency::Aud);
    check("1(万新加坡元)", 1_000_000, Currency::Sgd);
    check("1(万德国马克)", 1_000_000, Currency::Dem);
    check("1(万法国法郎)", 1_000_000, Currency::Frf);
    check("USD 12.5", 1_250, Currency::Usd);
}

#[test]
fn plain_amounts() {
    check("12.5", 1_250, Currency::Cny);
    check("-0.04", -4, Currency::Cny);
    check("7654000.000000002", 765_400_000, Currency::Cny);
    check("123456789.80000004", 12_345_678_980, Currency::Cny);
    check("1.5E+07", 1_500_000_000, Currency::Cny);
    check("5元", 500, Currency::Cny);
}

#[test]
fn the_unit_counts_only_where_none_is_written() {
    let fen = |cell, unit| parse(cell, unit).map(|money| money.fen);
    assert_eq!(fen("45678.0", Unit::Wan), Ok(45_678_000_000));
    assert_eq!(fen("45678元", Unit::Wan), Ok(4_567_800));
    assert_eq!(fen("50美元", Unit::Wan), Ok(5_000));
    assert_eq!(fen("USD50", Unit::Wan), Ok(50_000_000));
    assert_eq!(fen("5万", Unit::Fen), Ok(5_000_000));
    assert_eq!(fen("50", Unit::Fen), Ok(50));
}

#[test]
fn refused_with_the_reason() {
    for (cell, refusal) in [
        ("N/A", Refusal::Absent),
        ("-", Refusal::Absent),
        ("　", Refusal::Absent),
        ("甲公司", SYNTAX),
        ("万元", SYNTAX),
        ("ROY", SYNTAX),
        ("100万股", Refusal::Currency),
        ("100(万美元)(万港元)", Refusal::Currency),
        ("100万(万元)", Refusal::Currency),
        ("5元3角", Refusal::Currency),
        ("100 200", Refusal::Currency),
        ("1,00万", Refusal::Grouping),
        ("99999999999999999999", RANGE),
        ("92233720368547758.08", RANGE),
        ("1000000000万亿元", RANGE),
    ] {
        assert_eq!(parse(cell, Unit::Yuan), Err(refusal), "{cell:?}");
    }
}

#[test]
fn no_name_hides_behind_a_shorter_one() {
    assert_eq!(Currency::Mop.code(), "MOP");
    check("1(万澳门元)", 1_000_000, Currency::Mop);
    check("1(万新西兰元)", 1_000_000, Currency::Nzd);
    check("1(万新台币元)", 1_000_000, Currency::Twd);
}

proptest! {
    #[test]
    fn every_amount_of_fen_is_read_back(fen in any::<i32>()) {
        let (sign, size) = (if fen < 0 { "-" } else { "" }, i64::from(fen).abs());
        let cell = format!("{sign}{}.{:02}元", size / 100, size % 100);
        prop_assert_eq!(parse(&cell, Unit::Wan).map(|money| money.fen), Ok(i64::from(fen)));
    }

    #[test]
    fn any_text_is_read_or_refused(cell in "[0-9,.万亿元人民币美()（） E-]{0,20}") {
        let _ = parse(&cell, Unit::Yuan);
    }
}
