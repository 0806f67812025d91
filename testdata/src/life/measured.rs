//! How often what happens in ordinary life, as far as anything real shows it.
//!
//! Measured on 2026-11-22 on the contest set CCF BDCI 2020: one city's registry
//! table (`base_info`, 14,865 enterprises that had lived 25 months on average by
//! September 2020), annual reports, news and counts of judgments. Below is SQL for
//! DuckDB with a table for each file. The set was drawn for a contest: what is taken
//! from it are rates of the enterprises that are in `base_info`, by form where that
//! matters, and no shares of industries.
//!
//! What nothing real shows is set: every other rate of `rates.rs` and all of
//! `class_rates.rs` (no public source has such rates for a whole city; they are
//! set so that rare things stay rare and every topic is seen somewhere), which
//! item of the registry changes, what a suit is about, and how many
//! enterprises end. Three tables of the set say less than they seem to:
//! - `state` has codes that nobody explains (6: 12,956; 7: 1,846), so no rate of
//!   ending is taken from it;
//! - `tax_info` holds lines, up to dozens a month, of 808 enterprises of which 174
//!   are in `base_info`: the city's filings are one a period and thinned on purpose;
//! - `brand_num` and `patent_num` count what is held, without a day.

/// Whether an enterprise changes anything at the registry in 25 months, and then
/// each item, in thousandths: companies and others, then households.
///
/// `SELECT small, count(*), sum(n), count(*) FILTER (n > 0), sum(least(n, 6)) FROM
/// (SELECT change_info_rows::DOUBLE n, enttype LIKE '96%' AS small FROM base_info)
/// GROUP BY small`: of 10,244 enterprises 3,443 have changed 18,760 items, and of
/// 4,621 households 590 have changed 1,177, which is 0.77 and 0.17 a year each. An
/// enterprise of the city changes each of six items once at most, so those who do
/// change have 3.78 and 1.98 of them (13,017 and 1,168 when one has six at most). How
/// these divide over name, address, scope, representative, capital and shareholders
/// is set.
pub(crate) const CHANGES: [(u32, [u32; 6]); 2] = [
    (336, [274, 822, 986, 603, 493, 603]),
    (128, [144, 430, 517, 316, 258, 316]),
];

/// The days that [`CHANGES`] are of.
pub(crate) const CHANGES_DAYS: u32 = 770;

/// Changes before the city's first day, per mille: `SELECT change_info_rows,
/// count(*) FROM base_info GROUP BY 1`, the last three groups 5 to 7, 8 to 10, more.
pub(crate) const EARLIER_CHANGES: [(u32, u32); 8] = [
    (728, 0),
    (53, 1),
    (55, 2),
    (38, 3),
    (29, 4),
    (45, 6),
    (24, 9),
    (28, 16),
];

/// Per cent of enterprises that do not file an annual report that is due. Of the
/// enterprises in `base_info` that filed any, founded in the year or before it,
/// 1,843 of 1,958 filed for 2017 and 3,029 of 3,335 for 2018.
pub(super) const SILENT_PER_CENT: u64 = 8;

/// Judgments fall on few: of 100,000 enterprises so many have so many a month, in
/// millionths. `other_info` joined with `base_info`: 314 of 14,865 have 5,528; here by
/// eighths of the 314, the lower four as one, over the 25.3 months of a life.
pub(super) const JUDGED: [(u32, u64); 5] = [
    (1_056, 61_000),
    (264, 166_000),
    (264, 308_000),
    (264, 692_000),
    (264, 4_090_000),
];

/// News likewise: 981 items of 2019 about 100 enterprises, of which two have 716, in
/// 8,869 years that enterprises of `base_info` lived in 2019. By those with 1, 2 to
/// 5, 7 to 25 and the two.
pub(super) const IN_THE_NEWS: [(u32, u64); 4] = [
    (643, 83_000),
    (372, 262_000),
    (90, 1_083_000),
    (23, 29_830_000),
];

/// Their tone, in items: 积极, 中立, 消极.
pub(super) const TONES: [u32; 3] = [377, 448, 156];
