//! How long lines of the log are kept that change nothing: what the law asks for
//! at least. What was done in a case, with accounts and suppressions stays, because
//! everything else follows from it.

use serde::{Deserialize, Serialize};

const DAY_MS: i64 = 24 * 3_600_000;

/// What may be removed after its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// Who looked at what: query records.
    Reads,
    /// Who signed in, out, or tried to: network logs.
    SignIns,
}

impl Kept {
    /// All of them.
    pub const ALL: [Kept; 2] = [Kept::Reads, Kept::SignIns];

    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Kept::Reads => "reads",
            Kept::SignIns => "sign-ins",
        }
    }

    /// The kinds of its lines.
    pub fn kinds(self) -> &'static [&'static str] {
        match self {
            Kept::Reads => &["read"],
            Kept::SignIns => &["person.sign-in", "person.sign-out", "person.sign-in-failed"],
        }
    }

    /// How long the law has it kept at least, in days.
    pub fn least_days(self) -> i64 {
        match self {
            // Five years with two leap days.
            Kept::Reads => 1_827,
            // Six months, the longest.
            Kept::SignIns => 184,
        }
    }

    /// Where that is said.
    pub fn basis(self) -> &'static str {
        match self {
            Kept::Reads => "深圳经济特区社会信用条例 第四十五条:查询记录至少五年",
            Kept::SignIns => "网络安全法 第二十一条第三项:网络日志不少于六个月",
        }
    }

    /// Before which instant it may be gone at `now_ms`, milliseconds UTC.
    pub fn free_before_ms(self, now_ms: i64) -> i64 {
        now_ms - self.least_days() * DAY_MS
    }
}

/// Lines were removed: their hashes stay, and this says which and how many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Removal {
    /// Of what.
    pub what: Kept,
    /// All from before this instant, milliseconds UTC.
    pub before_ms: i64,
    /// How many.
    pub lines: u64,
    /// BLAKE3 of their numbers and hashes, a line each.
    pub digest: String,
}
