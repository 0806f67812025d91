//! Currencies, by the names that registries and bank records use for them.

/// A currency by its ISO 4217 code; the older ones still stand in registries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // The names are the codes.
pub enum Currency {
    Cny,
    Usd,
    Hkd,
    Eur,
    Jpy,
    Gbp,
    Aud,
    Sgd,
    Cad,
    Chf,
    Krw,
    Twd,
    Mop,
    Nzd,
    Sek,
    Dkk,
    Nok,
    Thb,
    Myr,
    Rub,
    Dem,
    Frf,
    Itl,
    Nlg,
    Bef,
    Ats,
}

use Currency::*;

/// Names and symbols, longest first where one begins another.
const NAMES: [(&str, Currency); 58] = [
    ("人民币", Cny),
    ("美元", Usd),
    ("港元", Hkd),
    ("港币", Hkd),
    ("香港元", Hkd),
    ("港幣", Hkd),
    ("美金", Usd),
    ("欧元", Eur),
    ("日元", Jpy),
    ("日圆", Jpy),
    ("日币", Jpy),
    ("英镑", Gbp),
    ("澳大利亚元", Aud),
    ("澳元", Aud),
    ("新加坡元", Sgd),
    ("新加坡币", Sgd),
    ("加拿大元", Cad),
    ("加元", Cad),
    ("瑞士法郎", Chf),
    ("韩国元", Krw),
    ("韩元", Krw),
    ("韩圆", Krw),
    ("新台币元", Twd),
    ("新台币", Twd),
    ("台币", Twd),
    ("台湾元", Twd),
    ("澳门元", Mop),
    ("澳门币", Mop),
    ("新西兰元", Nzd),
    ("瑞典克朗", Sek),
    ("丹麦克朗", Dkk),
    ("挪威克朗", Nok),
    ("泰铢", Thb),
    ("马来西亚元", Myr),
    ("林吉特", Myr),
    ("卢布", Rub),
    ("德国马克", Dem),
    ("法国法郎", Frf),
    ("意大利里拉", Itl),
    ("荷兰盾", Nlg),
    ("比利时法郎", Bef),
    ("奥地利先令", Ats),
    ("RMB", Cny),
    ("CNY", Cny),
    ("USD", Usd),
    ("HKD", Hkd),
    ("EUR", Eur),
    ("JPY", Jpy),
    ("GBP", Gbp),
    ("AUD", Aud),
    ("SGD", Sgd),
    ("CAD", Cad),
    ("CHF", Chf),
    ("TWD", Twd),
    ("US$", Usd),
    ("HK$", Hkd),
    ("¥", Cny),
    ("€", Eur),
];

/// The currency that `text` begins with, whether its name also states the unit
/// (`美元`, but not `USD`), and what follows.
pub(super) fn prefix(text: &str) -> Option<(Currency, bool, &str)> {
    // Most amounts are bare numbers.
    if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return None;
    }
    let starts = |name: &&(&str, Currency)| {
        text.get(..name.0.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name.0))
    };
    let (name, currency) = NAMES.iter().find(starts)?;
    let names_unit = name.ends_with('元') || name.ends_with('圆');
    Some((*currency, names_unit, &text[name.len()..]))
}

impl Currency {
    /// The ISO 4217 code, in capitals.
    pub fn code(self) -> &'static str {
        match self {
            Cny => "CNY",
            Usd => "USD",
            Hkd => "HKD",
            Eur => "EUR",
            Jpy => "JPY",
            Gbp => "GBP",
            Aud => "AUD",
            Sgd => "SGD",
            Cad => "CAD",
            Chf => "CHF",
            Krw => "KRW",
            Twd => "TWD",
            Mop => "MOP",
            Nzd => "NZD",
            Sek => "SEK",
            Dkk => "DKK",
            Nok => "NOK",
            Thb => "THB",
            Myr => "MYR",
            Rub => "RUB",
            Dem => "DEM",
            Frf => "FRF",
            Itl => "ITL",
            Nlg => "NLG",
            Bef => "BEF",
            Ats => "ATS",
        }
    }
}
