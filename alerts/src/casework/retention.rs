//! How long what is kept: what the law asks for at least, and what goes when its time
//! is over. An account stays as long as a line that stays names it, because whether
//! that line could be written follows from what the account was.

use super::case::{Case, Side, Stage};
use super::outcome::{Outcome, Reason};
use super::rule::Refusal;
use crate::chain;
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
    /// Who was shown what is masked, and why.
    Unmaskings,
    /// Cases in which nothing was done to anybody: what they say, who it speaks of,
    /// every deed in them.
    Cases,
    /// Cases in which an offence was found or a measure carried out.
    FoundedCases,
    /// Events that a receiver would not have, in the state directory.
    DeadLetters,
    /// Queues as they were drawn: files beside the state.
    Queues,
    /// What was not shown for a while, by whom and why, once it was lifted.
    Suppressions,
    /// Closed accounts that no line names any longer.
    Accounts,
}

impl Kept {
    /// All of them, in the order in which they are numbered.
    pub const ALL: [Kept; 9] = [
        Kept::Reads,
        Kept::SignIns,
        Kept::Unmaskings,
        Kept::Cases,
        Kept::FoundedCases,
        Kept::DeadLetters,
        Kept::Queues,
        Kept::Suppressions,
        Kept::Accounts,
    ];

    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Kept::Reads => "reads",
            Kept::SignIns => "sign-ins",
            Kept::Unmaskings => "unmaskings",
            Kept::Cases => "cases",
            Kept::FoundedCases => "founded-cases",
            Kept::DeadLetters => "dead-letters",
            Kept::Queues => "queues",
            Kept::Suppressions => "suppressions",
            Kept::Accounts => "accounts",
        }
    }

    /// The kinds of its lines, where they are lines of the log that stand alone.
    pub fn kinds(self) -> &'static [&'static str] {
        match self {
            Kept::Reads => &["read"],
            Kept::SignIns => &["person.sign-in", "person.sign-out", "person.sign-in-failed"],
            Kept::Unmaskings => &["unmask"],
            Kept::Suppressions => &["suppression.suppress", "suppression.lift"],
            Kept::Accounts => &[
                "person.add",
                "person.change",
                "person.disable",
                "person.password",
                "person.token",
                "person.revoke",
                "person.unlock",
                "seen",
            ],
            Kept::Cases | Kept::FoundedCases | Kept::DeadLetters | Kept::Queues => &[],
        }
    }

    /// Whether whole cases go, with all that was done in them.
    pub fn is_of_cases(self) -> bool {
        matches!(self, Kept::Cases | Kept::FoundedCases)
    }

    /// Whether its lines go together with what follows from them, each under its number.
    pub fn is_retired(self) -> bool {
        matches!(self, Kept::Suppressions | Kept::Accounts)
    }

    /// Whether it lies beside the log, which only says that it went.
    pub fn is_beside(self) -> bool {
        matches!(self, Kept::DeadLetters | Kept::Queues)
    }

    /// How long the law has it kept at least, in days.
    pub fn least_days(self) -> i64 {
        match self {
            // Five years with two leap days.
            Kept::Reads | Kept::Unmaskings => 1_827,
            // Six months, the longest.
            Kept::SignIns | Kept::Accounts => 184,
            // Ten years with three leap days, thirty with eight.
            Kept::Cases | Kept::Queues | Kept::Suppressions => 3_653,
            Kept::FoundedCases => 10_958,
            // Three years with a leap day.
            Kept::DeadLetters => 1_096,
        }
    }

    /// Where that is said.
    pub fn basis(self) -> &'static str {
        match self {
            Kept::Reads => "深圳经济特区社会信用条例 第四十五条:查询记录至少五年",
            Kept::SignIns => "网络安全法 第二十一条第三项:网络日志不少于六个月",
            Kept::Unmaskings => {
                "深圳经济特区社会信用条例 第四十五条:查询记录至少五年;个人信息保护法 第五十六条:处理情况记录至少三年"
            }
            Kept::Cases => {
                "国家档案局令第8号:定期档案十年;个人信息保护法 第十九条:个人信息不长于实现目的所必要的最短时间"
            }
            Kept::FoundedCases => {
                "国家档案局令第8号:定期档案三十年;个人信息保护法 第十九条:个人信息不长于实现目的所必要的最短时间"
            }
            Kept::DeadLetters => "网络数据安全管理条例 第十二条:提供情况的记录至少三年",
            Kept::Queues => "国家档案局令第8号:定期档案十年",
            Kept::Suppressions => {
                "国家档案局令第8号:定期档案十年;个人信息保护法 第十九条:个人信息不长于实现目的所必要的最短时间"
            }
            Kept::Accounts => {
                "网络安全法 第二十一条第三项:网络日志不少于六个月;个人信息保护法 第十九条:个人信息不长于实现目的所必要的最短时间"
            }
        }
    }

    /// Before which instant it may be gone at `now_ms`, milliseconds UTC.
    pub fn free_before_ms(self, now_ms: i64) -> i64 {
        now_ms - self.least_days() * DAY_MS
    }

    /// Which of the two a case is.
    pub fn of_case(case: &Case) -> Kept {
        let outcome = case.label.as_ref().map(|label| label.outcome);
        let found = matches!(
            outcome,
            Some(
                Outcome::Illegal
                    | Outcome::Transferred
                    | Outcome::Rectified
                    | Outcome::OtherOffence
            )
        );
        // A measure is an act upon somebody, however the case ended.
        let acted = case.measures.iter().any(|of| of.carried.is_some());
        match found || acted {
            true => Kept::FoundedCases,
            false => Kept::Cases,
        }
    }
}

/// Why a case may not go however old it is; `None`: only its age counts.
pub fn held(case: &Case) -> Option<&'static str> {
    if case.appeal.is_some() {
        return Some("under appeal (复议或诉讼)");
    }
    case.is_open().then_some("open")
}

/// Something was removed: hashes of lines stay, and this says which and how many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Removal {
    /// Of what.
    pub what: Kept,
    /// All from before this instant, milliseconds UTC.
    pub before_ms: i64,
    /// How many lines; letters or files, where they lie beside the log.
    pub lines: u64,
    /// BLAKE3 of the lines' numbers and hashes, a line each; of names, where they lie
    /// beside the log.
    pub digest: String,
    /// The cases that went: those that were merged go together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<Expired>,
    /// The numbers of the lines, where they are those of suppressions or accounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<u64>,
}

/// What is left of a case whose time was over: that there was one and how it ended, and
/// nothing of whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expired {
    /// The case.
    pub id: String,
    /// BLAKE3 of its alert's id: the policy opens no other of it.
    pub alert: String,
    /// The districts that it concerned.
    pub districts: Vec<String>,
    /// How far it had come.
    pub stage: Stage,
    /// How it ended, if it was labelled.
    pub outcome: Option<Outcome>,
    /// Why it was unfounded, if so.
    pub reason: Option<Reason>,
    /// When something was last done in it, milliseconds UTC.
    pub last_ms: i64,
    /// The numbers of its lines.
    pub lines: Vec<u64>,
}

impl Expired {
    /// What is left of a case in which these lines were written, the last of them then.
    pub fn of(case: &Case, last_ms: i64, lines: Vec<u64>) -> Expired {
        let mut districts: Vec<String> = case.districts().map(str::to_owned).collect();
        districts.sort_unstable();
        districts.dedup();
        Expired {
            id: case.id.clone(),
            alert: Expired::alert(&case.alert),
            districts,
            stage: case.stage,
            outcome: case.label.as_ref().map(|label| label.outcome),
            reason: case.label.as_ref().and_then(|label| label.reason),
            last_ms,
            lines,
        }
    }

    /// What is kept of an alert's id.
    pub fn alert(id: &str) -> String {
        chain::hash(id.as_bytes())
    }

    /// Whether this case may go as part of a removal, and is what is left of it.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn check(&self, case: &Case, removal: &Removal) -> Result<(), Refusal> {
        let id = &self.id;
        if let Some(why) = held(case) {
            return Err(Refusal::Conflict(format!(
                "case {id} may not go: it is {why}"
            )));
        }
        if removal.what == Kept::Cases && Kept::of_case(case) == Kept::FoundedCases {
            let detail = format!("case {id} is one of founded-cases: it is kept longer");
            return Err(Refusal::Conflict(detail));
        }
        if let Some(Side::Merged { into }) = &case.side
            && !removal.cases.iter().any(|other| other.id == *into)
        {
            let detail = format!("case {id} goes with case {into}, in which it went on");
            return Err(Refusal::Conflict(detail));
        }
        match *self == Expired::of(case, self.last_ms, self.lines.clone()) {
            true => Ok(()),
            false => Err(Refusal::Invalid(format!(
                "what is said of case {id} is not what it was"
            ))),
        }
    }
}
