//! What the city's marginals were measured on, as numbers.
//!
//! Registry: the sample of 306,028 enterprises of Guangdong and Zhejiang in a
//! public compilation of registrations from 1978 to 2019 (rows with ten fields
//! of 306,029; measured 2026-11-22). Names with a limited company's form:
//! 201,690. The sample has no industry column, so industries are counted by the
//! trade word that ends a name's body; four years that it hardly covers (2007,
//! 2014, 2016, 2017) are the means of their neighbours. The public training set
//! of CCF BDCI 2020 has industry letters, but 82 % of its 14,865 rows are
//! letters O, M and R: drawn for a contest, no city looks like that.
//!
//! Not measured anywhere public, hence set: how many share a telephone.

/// Registrations of the sample by year, in ten thousandths.
pub(super) const YEARS: [(i32, u32); 40] = [
    (1980, 11),
    (1981, 23),
    (1982, 34),
    (1983, 14),
    (1984, 43),
    (1985, 51),
    (1986, 99),
    (1987, 66),
    (1988, 96),
    (1989, 171),
    (1990, 154),
    (1991, 113),
    (1992, 146),
    (1993, 311),
    (1994, 299),
    (1995, 340),
    (1996, 274),
    (1997, 372),
    (1998, 450),
    (1999, 505),
    (2000, 557),
    (2001, 450),
    (2002, 294),
    (2003, 397),
    (2004, 268),
    (2005, 670),
    (2006, 510),
    (2007, 358),
    (2008, 206),
    (2009, 448),
    (2010, 709),
    (2011, 311),
    (2012, 305),
    (2013, 331),
    (2014, 346),
    (2015, 362),
    (2016, 320),
    (2017, 280),
    (2018, 204),
    (2019, 400),
];

/// The year after the sample's last: ages count from here.
pub(super) const SAMPLED_TO: i32 = 2020;

/// Registered capital in 10,000 yuan: per mille of the amounts from the first to
/// the second number (both included), in steps of the third.
pub(super) const CAPITAL: [(u32, u32, u32, u32); 20] = [
    (1, 2, 1, 19),
    (3, 3, 1, 19),
    (5, 9, 1, 13),
    (10, 10, 1, 51),
    (11, 29, 1, 26),
    (30, 48, 2, 33),
    (50, 50, 1, 210),
    (51, 99, 1, 49),
    (100, 100, 1, 116),
    (101, 199, 1, 67),
    (200, 200, 1, 41),
    (201, 499, 1, 75),
    (500, 500, 1, 54),
    (501, 999, 1, 46),
    (1_000, 1_000, 1, 42),
    (1_001, 2_999, 1, 63),
    (3_000, 4_999, 50, 21),
    (5_000, 9_900, 100, 30),
    (10_000, 50_000, 500, 21),
    (50_500, 200_000, 500, 4),
];

/// How the registry writes an amount of 10,000 yuan: text before and after the
/// number, whether with thousands separators, and per mille of the amounts that
/// are given at all.
pub(super) const CAPITAL_FORMS: [(&str, bool, u32); 12] = [
    ("(万元人民币)", false, 536),
    ("(万元人民币)", true, 121),
    ("（万元）", false, 68),
    ("万人民币", false, 79),
    ("(万人民币元)", false, 43),
    ("(万人民币元)", true, 13),
    ("(万)", false, 35),
    ("(万)", true, 7),
    ("(万元(人民币))", false, 26),
    ("(万元(人民币))", true, 4),
    ("万元人民币", false, 10),
    ("万人民币元", false, 2),
];

/// Decimals of an amount in 10,000 yuan, per mille of the amounts that are given:
/// 11,448 of 223,785 have some.
pub(super) const CAPITAL_PARTS: [(u32, u32); 4] = [(1, 9), (2, 3), (3, 2), (4, 37)];

/// Per mille without an amount (`N/A`): 13,416 of 222,900 names that end in 公司,
/// and 54,251 of 66,971 names of shops, plants and the like.
pub(super) const WITHOUT_CAPITAL: [u32; 2] = [60, 810];

/// Per mille without a scope (`N/A` or none: 1,348 of 306,028).
pub(crate) const WITHOUT_SCOPE: u32 = 4;

/// Per mille without a paid-in capital: 11,883 of the 14,865 rows of the contest
/// set, whose registry table comes from the agency itself. It has been optional to
/// register since 2014.
///
/// The registry sample lacks more: 814 per mille of the types and 110 of the
/// representatives, the latter nearly all of shops. Those are gaps of the
/// compilation, as the contest set, from the agency, lacks no type; not used.
pub(crate) const WITHOUT_PAID_CAPITAL: u32 = 799;

/// Per mille of the amounts that are in US dollars (6,361 of 223,785), and in Hong
/// Kong dollars (4,938).
pub(super) const IN_DOLLARS: u32 = 28;
pub(super) const IN_HONG_KONG_DOLLARS: u32 = 22;

/// Of 222,900 names that end in 公司 so many have brackets, per mille; and of
/// those the ones with narrow brackets: 5,131, and 4,685 of them.
pub(super) const NAMES_WITH_BRACKETS: u32 = 23;
pub(super) const NARROW_BRACKETS: u32 = 913;

/// Representatives: per mille of the enterprises whose representative has one,
/// two, three, … enterprises; the last group stands for ten and more.
pub(super) const REPRESENTATIVE_SHARED: [(u32, u32); 6] =
    [(692, 1), (136, 2), (52, 3), (29, 4), (49, 6), (42, 14)];

/// Addresses, likewise.
pub(super) const ADDRESS_SHARED: [(u32, u32); 5] = [(839, 1), (61, 2), (43, 3), (36, 6), (21, 18)];

/// Telephones, likewise: set, not measured.
pub(super) const TELEPHONE_SHARED: [(u32, u32); 4] = [(880, 1), (60, 2), (40, 4), (20, 25)];

/// Shares of the eight districts, per mille: those of the largest city's
/// districts in the sample, by size (18,849 addresses).
pub(super) const DISTRICTS: [u32; 8] = [255, 178, 155, 155, 145, 49, 37, 26];

/// What a limited company's name begins with, per mille: the city with 市, the
/// city without, a district, nothing, the province.
pub(super) const NAME_PREFIX: [u32; 5] = [365, 272, 217, 88, 58];

/// Forms of enterprises at the end of names, per mille, in the order of
/// [`super::form::Form`].
pub(super) const FORMS: [u32; 8] = [700, 8, 6, 131, 73, 37, 27, 18];
