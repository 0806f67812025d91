//! Signs of a scheme by phase, in events per thousand months of a fully visible
//! organiser.

use super::plan::Phase;
use super::typology::Typology;
use crate::event::Kind;

/// One sign. Columns: promotion, intake, payback, slow-down, collapse, after.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sign {
    pub(super) kind: Kind,
    pub(super) topic: &'static str,
    pub(super) per_mille: [u32; 6],
}

const fn sign(kind: Kind, topic: &'static str, per_mille: [u32; 6]) -> Sign {
    Sign {
        kind,
        topic,
        per_mille,
    }
}

/// The column of a phase.
pub(super) fn column(phase: Phase) -> Option<usize> {
    match phase {
        Phase::Before | Phase::SetUp => None,
        Phase::Promotion => Some(0),
        Phase::Intake => Some(1),
        Phase::Payback => Some(2),
        Phase::SlowDown => Some(3),
        Phase::Collapse => Some(4),
        Phase::After => Some(5),
    }
}

/// Kinds that a quiet scheme avoids while it can.
pub(super) fn is_loud(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Advert
            | Kind::Opinion
            | Kind::EventPermit
            | Kind::Visit
            | Kind::Content
            | Kind::TelecomUse
    )
}

/// Kinds that do not come before the first complaint.
pub(super) fn is_complaint(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Complaint | Kind::Petition | Kind::TipOff | Kind::Incident
    )
}

/// The topic under which a typology is complained of.
pub(super) fn complaint(typology: Typology) -> &'static str {
    match typology {
        Typology::ElderlyCare => "养老",
        Typology::VirtualCurrency => "虚拟币",
        Typology::LeaseBack => "包租",
        Typology::Prepaid => "预付卡",
        _ => "投资返利",
    }
}

/// All signs of a typology.
pub(super) fn of(typology: Typology) -> impl Iterator<Item = &'static Sign> {
    COMMON.iter().chain(typical(typology))
}

const COMMON: [Sign; 43] = [
    sign(Kind::Advert, "互联网", [250, 300, 200, 60, 0, 0]),
    sign(Kind::Advert, "传单", [250, 250, 150, 40, 0, 0]),
    sign(Kind::Advert, "讲座", [180, 220, 140, 40, 0, 0]),
    sign(Kind::Opinion, "正面", [350, 350, 250, 60, 0, 0]),
    sign(Kind::Opinion, "承诺收益", [90, 120, 90, 30, 0, 0]),
    sign(Kind::Opinion, "负面", [20, 40, 60, 500, 1_500, 250]),
    sign(Kind::Visit, "举办讲座", [60, 90, 60, 10, 0, 0]),
    sign(Kind::Visit, "发现传单", [60, 80, 40, 10, 0, 0]),
    sign(Kind::Visit, "正常经营", [12, 12, 12, 5, 0, 0]),
    sign(Kind::Visit, "无人办公", [5, 5, 8, 60, 250, 60]),
    sign(Kind::Visit, "空置", [2, 2, 2, 15, 150, 40]),
    sign(Kind::EventPermit, "讲座", [40, 60, 35, 5, 0, 0]),
    sign(Kind::Branch, "门店", [60, 120, 70, 0, 0, 0]),
    sign(Kind::Branch, "分支机构", [30, 60, 40, 0, 0, 0]),
    sign(Kind::TelecomUse, "群聊", [90, 150, 120, 60, 30, 0]),
    sign(Kind::TelecomUse, "短信", [70, 90, 60, 30, 0, 0]),
    sign(Kind::Content, "违规信息", [15, 25, 20, 30, 40, 5]),
    sign(Kind::Recruitment, "招聘", [60, 60, 30, 5, 0, 0]),
    sign(Kind::Penalty, "虚假宣传", [5, 15, 18, 15, 10, 0]),
    sign(Kind::Penalty, "违规发布广告", [6, 12, 10, 5, 0, 0]),
    sign(Kind::Penalty, "超范围经营", [4, 10, 12, 12, 8, 0]),
    sign(Kind::Complaint, "退款", [0, 8, 15, 120, 250, 30]),
    sign(Kind::Complaint, "合同", [0, 8, 12, 90, 220, 30]),
    sign(Kind::TipOff, "集资", [8, 25, 35, 200, 400, 40]),
    sign(Kind::Incident, "集资报警", [0, 0, 5, 150, 600, 60]),
    sign(Kind::Petition, "来访", [0, 0, 5, 100, 400, 50]),
    sign(Kind::Petition, "集体访", [0, 0, 0, 50, 300, 40]),
    sign(Kind::PaybackDelay, "延期兑付", [0, 0, 4, 350, 250, 0]),
    sign(Kind::PaybackDelay, "停止兑付", [0, 0, 0, 30, 450, 60]),
    sign(Kind::Suit, "民间借贷", [2, 6, 15, 120, 450, 250]),
    sign(Kind::Suit, "委托理财", [0, 2, 5, 40, 180, 90]),
    sign(Kind::Enforcement, "被执行人", [0, 0, 4, 30, 220, 200]),
    sign(Kind::Enforcement, "财产保全", [0, 0, 2, 30, 160, 60]),
    sign(Kind::Seizure, "冻结", [0, 0, 0, 20, 180, 60]),
    sign(Kind::WageDispute, "欠薪投诉", [2, 2, 4, 90, 350, 80]),
    sign(Kind::Arrears, "社保欠缴", [5, 5, 8, 60, 200, 60]),
    sign(Kind::LeaseEnd, "退租", [2, 2, 4, 40, 220, 60]),
    sign(Kind::UtilityChange, "电报停", [2, 2, 2, 15, 120, 60]),
    sign(Kind::SiteGone, "网站", [1, 2, 3, 30, 220, 50]),
    sign(Kind::LostContact, "失联", [0, 0, 0, 20, 250, 60]),
    sign(Kind::LostContact, "出境", [1, 2, 8, 60, 90, 0]),
    sign(Kind::DeregFiled, "简易注销公告", [0, 0, 1, 25, 70, 20]),
    sign(Kind::RiskList, "假冒国企", [8, 12, 10, 4, 0, 0]),
];

fn typical(typology: Typology) -> &'static [Sign] {
    match typology {
        Typology::ConsumerRebate => &REBATE,
        Typology::ElderlyCare => &ELDERLY,
        Typology::LeaseBack => &LEASE_BACK,
        Typology::VirtualCurrency => &VIRTUAL,
        Typology::PrivateFund => &FUND,
        Typology::Prepaid => &PREPAID,
        Typology::ShellRing => &RING,
        Typology::SlowRamp => &SLOW,
        Typology::LoansShares | Typology::PersonalAccounts => &LOANS,
        Typology::NoComplaint | Typology::Relapse => &OTHERS,
    }
}

const REBATE: [Sign; 5] = [
    sign(Kind::Complaint, "投资返利", [5, 15, 25, 350, 900, 60]),
    sign(Kind::TipOff, "返利", [10, 35, 40, 120, 200, 20]),
    sign(Kind::TelecomUse, "安装量", [90, 150, 120, 40, 0, 0]),
    sign(Kind::Content, "应用下架", [3, 8, 10, 30, 120, 10]),
    sign(Kind::Incident, "纠纷", [5, 10, 15, 60, 100, 5]),
];

const ELDERLY: [Sign; 5] = [
    sign(Kind::Complaint, "养老", [2, 10, 20, 350, 900, 60]),
    sign(Kind::TipOff, "养老", [10, 30, 35, 120, 200, 20]),
    sign(Kind::Notarisation, "律师见证", [25, 40, 30, 5, 0, 0]),
    sign(Kind::Visit, "举办讲座", [120, 160, 110, 20, 0, 0]),
    sign(Kind::Lease, "商铺", [30, 50, 20, 0, 0, 0]),
];

const LEASE_BACK: [Sign; 7] = [
    sign(Kind::Complaint, "包租", [2, 8, 20, 350, 900, 60]),
    sign(Kind::TipOff, "包租", [8, 20, 25, 100, 150, 20]),
    sign(Kind::Property, "不动产登记", [60, 90, 60, 5, 0, 0]),
    sign(Kind::Lease, "商铺", [60, 90, 60, 0, 0, 0]),
    sign(Kind::Pledge, "不动产抵押", [10, 15, 30, 80, 40, 0]),
    sign(Kind::Licence, "林权", [15, 10, 0, 0, 0, 0]),
    sign(Kind::Arbitration, "租赁", [0, 2, 8, 60, 180, 60]),
];

const VIRTUAL: [Sign; 6] = [
    sign(Kind::Complaint, "虚拟币", [2, 8, 15, 350, 900, 60]),
    sign(Kind::TipOff, "虚拟币", [10, 30, 35, 120, 200, 20]),
    sign(Kind::TelecomUse, "安装量", [120, 200, 150, 40, 0, 0]),
    sign(Kind::Content, "账号处置", [10, 25, 25, 40, 60, 5]),
    sign(Kind::Unfiled, "APP", [120, 60, 20, 0, 0, 0]),
    sign(Kind::SiteGone, "APP", [1, 3, 5, 60, 250, 20]),
];

const FUND: [Sign; 5] = [
    sign(Kind::Complaint, "投资返利", [2, 8, 15, 250, 700, 60]),
    sign(Kind::TipOff, "私募", [8, 25, 30, 120, 200, 20]),
    sign(Kind::Arbitration, "投资", [0, 3, 10, 80, 250, 90]),
    sign(Kind::Pledge, "股权出质", [10, 15, 25, 60, 30, 0]),
    sign(Kind::Notarisation, "公证", [20, 30, 20, 5, 0, 0]),
];

const PREPAID: [Sign; 4] = [
    sign(Kind::Complaint, "预付卡", [5, 15, 25, 400, 1_000, 80]),
    sign(Kind::Complaint, "投资返利", [1, 5, 10, 120, 300, 20]),
    sign(Kind::TipOff, "返利", [5, 15, 20, 80, 120, 10]),
    sign(Kind::LeaseEnd, "退租", [0, 2, 5, 60, 250, 30]),
];

const RING: [Sign; 6] = [
    sign(Kind::Complaint, "投资返利", [2, 8, 15, 300, 800, 60]),
    sign(Kind::Account, "开立", [120, 90, 40, 10, 0, 0]),
    sign(Kind::AccountClosed, "撤销", [10, 20, 40, 90, 120, 20]),
    sign(Kind::Transfer, "股权转让", [20, 30, 40, 120, 60, 0]),
    sign(Kind::Pledge, "股权出质", [15, 25, 30, 60, 20, 0]),
    sign(Kind::Invoice, "异常发票", [20, 40, 50, 60, 20, 0]),
];

const SLOW: [Sign; 3] = [
    sign(Kind::Complaint, "投资返利", [1, 3, 6, 200, 600, 60]),
    sign(Kind::Suit, "民间借贷", [1, 4, 10, 60, 120, 60]),
    sign(Kind::Mediation, "人民调解", [2, 5, 10, 60, 60, 10]),
];

const LOANS: [Sign; 5] = [
    sign(Kind::Complaint, "投资返利", [1, 6, 12, 300, 800, 60]),
    sign(Kind::Mediation, "人民调解", [2, 5, 12, 90, 100, 20]),
    sign(Kind::Notarisation, "公证", [15, 30, 30, 10, 0, 0]),
    sign(Kind::Transfer, "受让代持", [20, 40, 30, 20, 10, 0]),
    sign(Kind::Pledge, "动产抵押", [5, 10, 20, 60, 30, 0]),
];

const OTHERS: [Sign; 3] = [
    sign(Kind::Complaint, "投资返利", [2, 8, 15, 300, 800, 60]),
    sign(Kind::Unfiled, "网站", [60, 30, 10, 0, 0, 0]),
    sign(Kind::Notarisation, "律师见证", [15, 25, 20, 5, 0, 0]),
];
