//! What an office may do about a case, on what basis, and what needs its head's
//! approval.

use serde::{Deserialize, Serialize};

/// A disposition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// 约谈 (警示约谈).
    Talk,
    /// 责令整改.
    Rectify,
    /// 立案.
    File,
    /// 查询有关账户.
    AccountQuery,
    /// 先行登记保存证据.
    RegisterEvidence,
    /// 责令暂停集资行为, with the registry's freeze.
    Suspend,
    /// 责令停止集资行为.
    Stop,
    /// 查封、扣押.
    Seal,
    /// 责令追回、变价出售资产.
    Recover,
    /// 限制出境.
    ExitLimit,
    /// 移送公安机关.
    Transfer,
    /// 认定非法集资并作出行政处罚决定.
    Finding,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Measure; 12] = [
        Measure::Talk,
        Measure::Rectify,
        Measure::File,
        Measure::AccountQuery,
        Measure::RegisterEvidence,
        Measure::Suspend,
        Measure::Stop,
        Measure::Seal,
        Measure::Recover,
        Measure::ExitLimit,
        Measure::Transfer,
        Measure::Finding,
    ];

    /// For people.
    pub fn chinese(self) -> &'static str {
        match self {
            Measure::Talk => "警示约谈",
            Measure::Rectify => "责令整改",
            Measure::File => "立案",
            Measure::AccountQuery => "查询有关账户",
            Measure::RegisterEvidence => "先行登记保存证据",
            Measure::Suspend => "责令暂停集资行为",
            Measure::Stop => "责令立即停止集资行为",
            Measure::Seal => "查封、扣押",
            Measure::Recover => "责令追回、变价出售资产",
            Measure::ExitLimit => "限制出境",
            Measure::Transfer => "移送公安机关",
            Measure::Finding => "认定非法集资并处罚",
        }
    }

    /// What it rests on.
    pub fn basis(self) -> &'static str {
        match self {
            Measure::Talk | Measure::Rectify => "国务院令第737号 第十八条",
            Measure::File => "行政处罚法 第五十四条",
            Measure::AccountQuery => "国务院令第737号 第二十一条",
            Measure::RegisterEvidence => "行政处罚法 第五十六条",
            Measure::Suspend => "国务院令第737号 第二十二条",
            Measure::Stop => "国务院令第737号 第二十三条",
            Measure::Seal | Measure::Recover | Measure::ExitLimit => "国务院令第737号 第二十四条",
            Measure::Transfer => {
                "国务院令第737号 第二十三条; 行政执法机关移送涉嫌犯罪案件的规定 第五条"
            }
            Measure::Finding => "国务院令第737号 第三十条; 行政处罚法 第五十七条",
        }
    }

    /// Whether the head's approval comes first. What the law does not ask it for
    /// is done on the investigators' own responsibility.
    pub fn needs_approval(self) -> bool {
        !matches!(
            self,
            Measure::Talk | Measure::Rectify | Measure::Suspend | Measure::Stop
        )
    }
}
