//! One thing that happens to an enterprise, and the list of kinds and topics
//! that can happen: the vocabulary in which feeds say what they see.

use std::borrow::Cow;

/// No end, no person, no other enterprise.
pub(crate) const NEVER: i32 = i32::MAX;
/// Nobody, nothing: as a person's or another enterprise's number, or a per cent.
pub(crate) const NONE: u32 = u32::MAX;

/// What kind of thing happens. The order is that of [`KINDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Kind {
    Registered,
    Changed,
    Dissolved,
    DeregFiled,
    AnnualReport,
    Equity,
    Pledge,
    Transfer,
    Batch,
    Reborn,
    Branch,
    Beneficial,
    Abnormal,
    AbnormalEnd,
    Penalty,
    Licence,
    LicenceEnd,
    Capacity,
    Prepaid,
    TaxFiling,
    Invoice,
    TaxStatus,
    Insured,
    FundPaid,
    Arrears,
    WageDispute,
    Recruitment,
    Utility,
    UtilityChange,
    Lease,
    LeaseEnd,
    Property,
    Seizure,
    Visit,
    Complaint,
    TipOff,
    Petition,
    Incident,
    PoliceCase,
    Prosecution,
    LostContact,
    Suit,
    Enforcement,
    Bankruptcy,
    Arbitration,
    Mediation,
    Notarisation,
    Inquiry,
    Verification,
    Finding,
    Rating,
    Monitor,
    Icp,
    Unfiled,
    SiteGone,
    TelecomUse,
    Opinion,
    Advert,
    Content,
    EventPermit,
    PaybackDelay,
    Account,
    AccountClosed,
    PersonalAccount,
    Lead,
    CrossBorder,
    Trade,
    Project,
    Ip,
    IpPledge,
    Donation,
    Host,
    StateOwned,
    Listed,
    RiskList,
}

/// A kind's name in feeds and the topics it has.
#[derive(Debug)]
pub(crate) struct KindInfo {
    pub(crate) kind: Kind,
    pub(crate) name: &'static str,
    pub(crate) topics: &'static [&'static str],
}

const fn info(kind: Kind, name: &'static str, topics: &'static [&'static str]) -> KindInfo {
    KindInfo { kind, name, topics }
}

/// What licences are for.
pub(crate) const LICENCES: [&str; 62] = [
    "小额贷款",
    "融资担保",
    "典当",
    "融资租赁",
    "商业保理",
    "交易场所",
    "支付业务",
    "银行网点",
    "保险",
    "信托",
    "私募管理人",
    "私募产品",
    "养老机构",
    "社会组织",
    "慈善组织",
    "民办学校",
    "校外培训",
    "医疗机构",
    "医美",
    "药店",
    "旅行社",
    "演出",
    "体育健身",
    "文物艺术品",
    "单用途预付卡",
    "直销",
    "特许经营",
    "拍卖",
    "境外投资",
    "人力资源",
    "劳务派遣",
    "道路运输",
    "网约车",
    "共享车辆",
    "港口",
    "排污",
    "环评",
    "危化品",
    "安全生产",
    "特种设备",
    "食品",
    "建筑资质",
    "房地产开发",
    "房产经纪",
    "物业",
    "电信业务",
    "软件企业",
    "高新技术",
    "数据中心",
    "海关备案",
    "外汇登记",
    "律所",
    "公证处",
    "会计所",
    "代理记账",
    "工业企业",
    "印刷",
    "出版",
    "烟草",
    "农业",
    "水利",
    "林权",
];

/// Every kind, its name and its topics, in the order of [`Kind`].
pub(crate) static KINDS: [KindInfo; 75] = [
    info(Kind::Registered, "registered", &["设立"]),
    info(
        Kind::Changed,
        "changed",
        &["法定代表人", "住所", "经营范围", "名称", "注册资本", "股东"],
    ),
    info(Kind::Dissolved, "dissolved", &["注销", "吊销"]),
    info(
        Kind::DeregFiled,
        "dereg_filed",
        &["简易注销公告", "普通注销备案"],
    ),
    info(Kind::AnnualReport, "annual_report", &["年报"]),
    info(Kind::Equity, "equity", &["股东出资"]),
    info(
        Kind::Pledge,
        "pledge",
        &["股权出质", "动产抵押", "不动产抵押"],
    ),
    info(
        Kind::Transfer,
        "transfer",
        &["股权转让", "不动产转移", "受让代持"],
    ),
    info(Kind::Batch, "batch", &["批量设立"]),
    info(Kind::Reborn, "reborn", &["同一控制人", "同一住所"]),
    info(Kind::Branch, "branch", &["分支机构", "门店"]),
    info(Kind::Beneficial, "beneficial", &["受益所有人"]),
    info(
        Kind::Abnormal,
        "abnormal",
        &["住所失联", "未年报", "弄虚作假"],
    ),
    info(Kind::AbnormalEnd, "abnormal_end", &["移出"]),
    info(
        Kind::Penalty,
        "penalty",
        &[
            "虚假宣传",
            "违规发布广告",
            "超范围经营",
            "价格违法",
            "产品质量",
            "环保",
            "消防",
            "运输",
            "卫生",
            "海关",
            "外汇",
            "税务",
            "劳动",
            "知识产权",
            "建设",
        ],
    ),
    info(Kind::Licence, "licence", &LICENCES),
    info(Kind::LicenceEnd, "licence_end", &LICENCES),
    info(
        Kind::Capacity,
        "capacity",
        &["床位", "学籍", "会员", "座位"],
    ),
    info(
        Kind::Prepaid,
        "prepaid",
        &["预付卡", "学费", "健身", "养老", "医美", "押金"],
    ),
    info(Kind::TaxFiling, "tax_filing", &["正常", "零申报", "未申报"]),
    info(Kind::Invoice, "invoice", &["开票汇总", "异常发票"]),
    info(Kind::TaxStatus, "tax_status", &["非正常户", "欠税"]),
    info(Kind::Insured, "insured", &["参保"]),
    info(Kind::FundPaid, "fund_paid", &["缴存"]),
    info(
        Kind::Arrears,
        "arrears",
        &["社保欠缴", "公积金停缴", "医保欠缴"],
    ),
    info(Kind::WageDispute, "wage_dispute", &["欠薪投诉", "劳动仲裁"]),
    info(Kind::Recruitment, "recruitment", &["招聘"]),
    info(Kind::Utility, "utility", &["电", "水", "气"]),
    info(
        Kind::UtilityChange,
        "utility_change",
        &["电报停", "电欠费", "水报停", "水欠费", "气报停", "户名变更"],
    ),
    info(Kind::Lease, "lease", &["办公", "商铺", "仓库"]),
    info(Kind::LeaseEnd, "lease_end", &["退租"]),
    info(Kind::Property, "property", &["不动产登记"]),
    info(Kind::Seizure, "seizure", &["查封", "冻结"]),
    info(
        Kind::Visit,
        "visit",
        &[
            "正常经营",
            "无人办公",
            "查无此户",
            "发现传单",
            "举办讲座",
            "空置",
        ],
    ),
    info(
        Kind::Complaint,
        "complaint",
        &[
            "售后服务",
            "退款",
            "预付卡",
            "投资返利",
            "养老",
            "虚拟币",
            "包租",
            "合同",
        ],
    ),
    info(
        Kind::TipOff,
        "tip_off",
        &["集资", "返利", "养老", "虚拟币", "私募", "包租", "不实"],
    ),
    info(Kind::Petition, "petition", &["来信", "来访", "集体访"]),
    info(
        Kind::Incident,
        "incident",
        &["纠纷", "诈骗报警", "集资报警"],
    ),
    info(
        Kind::PoliceCase,
        "police_case",
        &["合同诈骗", "非法吸收公众存款", "集资诈骗", "传销"],
    ),
    info(
        Kind::Prosecution,
        "prosecution",
        &["起诉", "立案监督", "公益诉讼"],
    ),
    info(
        Kind::LostContact,
        "lost_contact",
        &["失联", "出境", "限制出境"],
    ),
    info(
        Kind::Suit,
        "suit",
        &["民间借贷", "买卖合同", "劳动争议", "委托理财", "房屋租赁"],
    ),
    info(
        Kind::Enforcement,
        "enforcement",
        &["被执行人", "失信", "限高", "财产保全"],
    ),
    info(Kind::Bankruptcy, "bankruptcy", &["破产受理"]),
    info(Kind::Arbitration, "arbitration", &["商事", "投资", "租赁"]),
    info(Kind::Mediation, "mediation", &["人民调解", "行业调解"]),
    info(Kind::Notarisation, "notarisation", &["公证", "律师见证"]),
    info(Kind::Inquiry, "inquiry", &["线索核查"]),
    info(
        Kind::Verification,
        "verification",
        &["现场检查", "约谈", "责令整改"],
    ),
    info(
        Kind::Finding,
        "finding",
        &[
            "认定非法集资",
            "涉嫌犯罪移送",
            "有风险已整改",
            "其他违法",
            "不实",
            "失联无法核查",
        ],
    ),
    info(Kind::Rating, "rating", &["A", "B", "C", "D"]),
    info(Kind::Monitor, "monitor", &["历史评级"]),
    info(Kind::Icp, "icp", &["网站", "APP", "小程序"]),
    info(Kind::Unfiled, "unfiled", &["网站", "APP"]),
    info(Kind::SiteGone, "site_gone", &["网站", "APP"]),
    info(Kind::TelecomUse, "telecom_use", &["短信", "安装量", "群聊"]),
    info(
        Kind::Opinion,
        "opinion",
        &["正面", "中性", "负面", "承诺收益"],
    ),
    info(Kind::Advert, "advert", &["户外", "互联网", "传单", "讲座"]),
    info(
        Kind::Content,
        "content",
        &["违规信息", "账号处置", "应用下架"],
    ),
    info(
        Kind::EventPermit,
        "event_permit",
        &["大型活动", "讲座", "展会"],
    ),
    info(
        Kind::PaybackDelay,
        "payback_delay",
        &["延期兑付", "停止兑付"],
    ),
    info(Kind::Account, "account", &["开立"]),
    info(Kind::AccountClosed, "account_closed", &["撤销"]),
    info(Kind::PersonalAccount, "personal_account", &["收款账户"]),
    info(Kind::Lead, "lead", &["可疑线索"]),
    info(Kind::CrossBorder, "cross_border", &["收支异常"]),
    info(Kind::Trade, "trade", &["进口", "出口"]),
    info(
        Kind::Project,
        "project",
        &[
            "科研项目",
            "技术合同",
            "政府采购",
            "财政补贴",
            "项目备案",
            "重点项目",
        ],
    ),
    info(Kind::Ip, "ip", &["商标", "专利", "软件著作权"]),
    info(Kind::IpPledge, "ip_pledge", &["质押"]),
    info(Kind::Donation, "donation", &["慈善募捐"]),
    info(Kind::Host, "host", &["托管"]),
    info(Kind::StateOwned, "state_owned", &["市属国企"]),
    info(Kind::Listed, "listed", &["持牌机构"]),
    info(
        Kind::RiskList,
        "risk_list",
        &["失联公示", "严重违法", "黑名单", "警示", "假冒国企"],
    ),
];

/// An account that an event speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountOf {
    /// The enterprise's first one.
    First,
    /// The enterprise's own with this number.
    Own(u32),
    /// A person's, with this number, that collects for the enterprise.
    Person(u32),
}

/// One event in an enterprise's life, before any agency has written it down.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) kind: Kind,
    pub(crate) topic: &'static str,
    /// When it happened.
    pub(crate) date: i32,
    /// When agencies learn of it: later than `date` when an earlier record comes
    /// again.
    pub(crate) told: i32,
    /// Until when it holds, or [`NEVER`].
    pub(crate) until: i32,
    pub(crate) fen: i64,
    /// The second amount: what flowed out.
    pub(crate) out_fen: i64,
    pub(crate) count: i64,
    /// Per cent of whatever the kind counts, or [`NONE`].
    pub(crate) percent: u32,
    /// The natural person concerned, or [`NONE`].
    pub(crate) person: u32,
    /// The other enterprise concerned, or [`NONE`].
    pub(crate) other: u32,
    pub(crate) account: AccountOf,
    pub(crate) institution: u8,
    /// Bit n: pattern D(n + 1); bit 15: H1.
    pub(crate) patterns: u32,
    /// Cities that payers come from.
    pub(crate) places: u32,
    /// Per cent.
    pub(crate) confidence: u32,
    /// What was said, of a lead the remarks of some payments; empty: the topic says
    /// it all.
    pub(crate) text: Cow<'static, str>,
    /// Month and place in the enterprise's month.
    pub(crate) ordinal: u32,
}

impl Event {
    /// A number of its own, the same for every agency and every correction.
    pub(crate) fn id(&self, enterprise: u32) -> u64 {
        u64::from(enterprise) << 32 | u64::from(self.ordinal)
    }
}

/// The events of one enterprise in one month, in the order in which they were
/// put.
#[derive(Debug, Default)]
pub(crate) struct Events {
    /// Months since 1970.
    month: u32,
    pub(crate) list: Vec<Event>,
}

impl Events {
    /// Begins another enterprise's month.
    pub(crate) fn clear(&mut self, month: i32) {
        self.month = month as u32;
        self.list.clear();
    }

    /// Adds an event, whose details the caller fills in.
    pub(crate) fn put(&mut self, kind: Kind, topic: &'static str, date: i32) -> &mut Event {
        debug_assert!(
            KINDS[kind as usize].kind == kind && KINDS[kind as usize].topics.contains(&topic),
            "{kind:?} has no topic {topic}"
        );
        let at = self.list.len();
        self.list.push(Event {
            kind,
            topic,
            date,
            told: date,
            until: NEVER,
            fen: 0,
            out_fen: 0,
            count: 1,
            percent: NONE,
            person: NONE,
            other: NONE,
            account: AccountOf::First,
            institution: 0,
            patterns: 0,
            places: 1,
            confidence: 0,
            text: Cow::Borrowed(""),
            ordinal: self.month << 12 | at as u32,
        });
        &mut self.list[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_stand_in_their_order() {
        for (at, info) in KINDS.iter().enumerate() {
            assert_eq!(info.kind as usize, at, "{}", info.name);
        }
    }
}
