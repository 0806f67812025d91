//! What happens to anybody now and then, as events per enterprise and month in
//! millionths. Which of it is measured, and that the rest is set, says `measured.rs`.

use super::Month;
use super::detail::fill;
use super::measured::{IN_THE_NEWS, JUDGED, TONES};
use crate::event::{Events, Kind};
use crate::random::{mix, stream};

/// How often something happens to an enterprise in a month.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) kind: Kind,
    pub(crate) topic: &'static str,
    pub(crate) ppm: u32,
}

pub(super) const fn rate(kind: Kind, topic: &'static str, ppm: u32) -> Rate {
    Rate { kind, topic, ppm }
}

/// Draws from `rates`, each times `per_cent`, and fills in what was drawn.
pub(super) fn draw(month: &mut Month, out: &mut Events, rates: &[Rate], total: u64, per_cent: u64) {
    for _ in 0..month.dice.count(total * per_cent / 100) {
        let at = month.dice.weighted(rates.iter().map(|rate| rate.ppm));
        let day = month.day();
        let event = out.put(rates[at].kind, rates[at].topic, day);
        fill(month.world, month.of, event, &mut month.dice);
        follow(month, out);
    }
}

/// What comes of the event that was put last: a listed firm is taken off the
/// list, a debt is paid. The later record has the number of the earlier one.
fn follow(month: &mut Month, out: &mut Events) {
    let Some(first) = out.list.last() else { return };
    let (ordinal, date) = (first.ordinal, first.date);
    match first.kind {
        Kind::Abnormal if month.dice.per_cent(55) => {
            let end = date + month.dice.range(30, 300);
            let event = out.put(Kind::AbnormalEnd, "移出", end);
            event.until = end;
            event.ordinal = ordinal;
        }
        Kind::Enforcement if month.dice.per_cent(35) => {
            let paid = date + month.dice.range(40, 250);
            let mut again = first.clone();
            again.until = paid;
            again.told = paid;
            out.list.push(again);
        }
        _ => {}
    }
}

pub(super) fn total(rates: &[Rate]) -> u64 {
    rates.iter().map(|rate| u64::from(rate.ppm)).sum()
}

/// Ordinary life, for everybody. Some firms have three times the average and
/// some a third, for all their life.
pub(super) fn happen(month: &mut Month, out: &mut Events) {
    let lively = mix(
        month.world.seed,
        stream::STYLE,
        u64::from(month.of.index),
        60,
    ) % 8;
    let per_cent = [25, 35, 50, 70, 85, 105, 140, 190][lively as usize];
    draw(month, out, &ORDINARY, ORDINARY_TOTAL, per_cent);
    on_few(month, out, &SUITS, 61, &JUDGED);
    on_few(month, out, &NEWS, 62, &IN_THE_NEWS);
}

/// Draws what happens often to few enterprises and never to the others. `lots` has
/// how many of 100,000 it is, and how often a month in millionths.
fn on_few(month: &mut Month, out: &mut Events, rates: &[Rate], what: u64, lots: &[(u32, u64)]) {
    let index = u64::from(month.of.index);
    let mut lot = (mix(month.world.seed, stream::LOT, index, what) % 100_000) as u32;
    for (share, often) in lots {
        if lot < *share {
            return draw(month, out, rates, *often, 100);
        }
        lot -= share;
    }
}

/// How many topics of ordinary life there are, and the one at a place.
pub(super) const TOPICS: usize = ORDINARY.len() + SUITS.len() + NEWS.len();

pub(super) fn topic(at: usize) -> Option<&'static Rate> {
    ORDINARY.iter().chain(&SUITS).chain(&NEWS).nth(at)
}

const ORDINARY_TOTAL: u64 = {
    let mut sum = 0;
    let mut at = 0;
    while at < ORDINARY.len() {
        sum += ORDINARY[at].ppm as u64;
        at += 1;
    }
    sum
};

const ORDINARY: [Rate; 143] = [
    rate(Kind::Pledge, "股权出质", 300),
    rate(Kind::Pledge, "动产抵押", 300),
    rate(Kind::Pledge, "不动产抵押", 300),
    rate(Kind::Transfer, "不动产转移", 300),
    rate(Kind::Transfer, "受让代持", 80),
    rate(Kind::Branch, "分支机构", 2_500),
    rate(Kind::Branch, "门店", 1_200),
    rate(Kind::Abnormal, "住所失联", 1_200),
    rate(Kind::Abnormal, "弄虚作假", 150),
    rate(Kind::Penalty, "虚假宣传", 300),
    rate(Kind::Penalty, "违规发布广告", 250),
    rate(Kind::Penalty, "超范围经营", 500),
    rate(Kind::Penalty, "价格违法", 150),
    rate(Kind::Penalty, "产品质量", 300),
    rate(Kind::Penalty, "环保", 250),
    rate(Kind::Penalty, "消防", 300),
    rate(Kind::Penalty, "运输", 200),
    rate(Kind::Penalty, "卫生", 250),
    rate(Kind::Penalty, "海关", 150),
    rate(Kind::Penalty, "外汇", 150),
    rate(Kind::Penalty, "税务", 250),
    rate(Kind::Penalty, "劳动", 250),
    rate(Kind::Penalty, "知识产权", 150),
    rate(Kind::Penalty, "建设", 200),
    rate(Kind::TaxStatus, "非正常户", 800),
    rate(Kind::TaxStatus, "欠税", 900),
    rate(Kind::Invoice, "异常发票", 300),
    rate(Kind::Arrears, "社保欠缴", 1_200),
    rate(Kind::Arrears, "公积金停缴", 500),
    rate(Kind::Arrears, "医保欠缴", 500),
    rate(Kind::WageDispute, "欠薪投诉", 1_200),
    rate(Kind::WageDispute, "劳动仲裁", 900),
    rate(Kind::Recruitment, "招聘", 6_000),
    rate(Kind::UtilityChange, "电报停", 500),
    rate(Kind::UtilityChange, "电欠费", 1_200),
    rate(Kind::UtilityChange, "水报停", 300),
    rate(Kind::UtilityChange, "水欠费", 700),
    rate(Kind::UtilityChange, "气报停", 150),
    rate(Kind::UtilityChange, "户名变更", 600),
    rate(Kind::LeaseEnd, "退租", 2_500),
    rate(Kind::Property, "不动产登记", 900),
    rate(Kind::Seizure, "查封", 200),
    rate(Kind::Seizure, "冻结", 250),
    rate(Kind::Visit, "正常经营", 9_000),
    rate(Kind::Visit, "无人办公", 1_500),
    rate(Kind::Visit, "查无此户", 800),
    rate(Kind::Visit, "发现传单", 200),
    rate(Kind::Visit, "举办讲座", 250),
    rate(Kind::Visit, "空置", 800),
    rate(Kind::Complaint, "售后服务", 3_000),
    rate(Kind::Complaint, "退款", 2_500),
    rate(Kind::Complaint, "预付卡", 800),
    rate(Kind::Complaint, "投资返利", 120),
    rate(Kind::Complaint, "养老", 300),
    rate(Kind::Complaint, "虚拟币", 100),
    rate(Kind::Complaint, "包租", 120),
    rate(Kind::Complaint, "合同", 2_000),
    rate(Kind::TipOff, "集资", 120),
    rate(Kind::TipOff, "返利", 120),
    rate(Kind::TipOff, "养老", 100),
    rate(Kind::TipOff, "虚拟币", 100),
    rate(Kind::TipOff, "私募", 100),
    rate(Kind::TipOff, "包租", 100),
    rate(Kind::TipOff, "不实", 300),
    rate(Kind::Petition, "来信", 300),
    rate(Kind::Petition, "来访", 300),
    rate(Kind::Petition, "集体访", 120),
    rate(Kind::Incident, "纠纷", 3_000),
    rate(Kind::Incident, "诈骗报警", 300),
    rate(Kind::Incident, "集资报警", 60),
    rate(Kind::PoliceCase, "合同诈骗", 60),
    rate(Kind::PoliceCase, "传销", 40),
    rate(Kind::Prosecution, "起诉", 50),
    rate(Kind::Prosecution, "立案监督", 80),
    rate(Kind::Prosecution, "公益诉讼", 100),
    rate(Kind::LostContact, "失联", 100),
    rate(Kind::LostContact, "出境", 400),
    rate(Kind::LostContact, "限制出境", 70),
    rate(Kind::Enforcement, "被执行人", 1_200),
    rate(Kind::Enforcement, "失信", 350),
    rate(Kind::Enforcement, "限高", 350),
    rate(Kind::Enforcement, "财产保全", 400),
    rate(Kind::Bankruptcy, "破产受理", 120),
    rate(Kind::Arbitration, "商事", 400),
    rate(Kind::Arbitration, "投资", 100),
    rate(Kind::Arbitration, "租赁", 150),
    rate(Kind::Mediation, "人民调解", 500),
    rate(Kind::Mediation, "行业调解", 300),
    rate(Kind::Notarisation, "公证", 800),
    rate(Kind::Notarisation, "律师见证", 300),
    rate(Kind::Inquiry, "线索核查", 120),
    rate(Kind::Verification, "现场检查", 1_000),
    rate(Kind::Verification, "约谈", 150),
    rate(Kind::Verification, "责令整改", 300),
    rate(Kind::Rating, "A", 3_500),
    rate(Kind::Rating, "B", 2_500),
    rate(Kind::Rating, "C", 800),
    rate(Kind::Rating, "D", 200),
    rate(Kind::Monitor, "历史评级", 1_500),
    rate(Kind::Unfiled, "网站", 200),
    rate(Kind::Unfiled, "APP", 80),
    rate(Kind::SiteGone, "网站", 500),
    rate(Kind::SiteGone, "APP", 100),
    rate(Kind::TelecomUse, "短信", 2_500),
    rate(Kind::TelecomUse, "安装量", 800),
    rate(Kind::TelecomUse, "群聊", 500),
    rate(Kind::Opinion, "承诺收益", 80),
    rate(Kind::Advert, "户外", 800),
    rate(Kind::Advert, "互联网", 2_500),
    rate(Kind::Advert, "传单", 600),
    rate(Kind::Advert, "讲座", 400),
    rate(Kind::Content, "违规信息", 300),
    rate(Kind::Content, "账号处置", 200),
    rate(Kind::Content, "应用下架", 120),
    rate(Kind::EventPermit, "大型活动", 400),
    rate(Kind::EventPermit, "讲座", 400),
    rate(Kind::EventPermit, "展会", 700),
    rate(Kind::PaybackDelay, "延期兑付", 80),
    rate(Kind::PaybackDelay, "停止兑付", 30),
    rate(Kind::Account, "开立", 1_500),
    rate(Kind::AccountClosed, "撤销", 1_800),
    rate(Kind::PersonalAccount, "收款账户", 700),
    rate(Kind::CrossBorder, "收支异常", 300),
    rate(Kind::Project, "科研项目", 500),
    rate(Kind::Project, "技术合同", 800),
    rate(Kind::Project, "政府采购", 1_200),
    rate(Kind::Project, "财政补贴", 1_500),
    rate(Kind::Project, "项目备案", 800),
    rate(Kind::Project, "重点项目", 700),
    rate(Kind::Ip, "商标", 3_500),
    rate(Kind::Ip, "专利", 2_000),
    rate(Kind::Ip, "软件著作权", 1_500),
    rate(Kind::IpPledge, "质押", 180),
    rate(Kind::Donation, "慈善募捐", 250),
    rate(Kind::RiskList, "失联公示", 150),
    rate(Kind::RiskList, "严重违法", 200),
    rate(Kind::RiskList, "黑名单", 250),
    rate(Kind::RiskList, "警示", 250),
    rate(Kind::RiskList, "假冒国企", 60),
    rate(Kind::Finding, "有风险已整改", 15),
    rate(Kind::Finding, "其他违法", 15),
    rate(Kind::Finding, "不实", 25),
    rate(Kind::Finding, "失联无法核查", 10),
];

/// What suits are about, by weight.
const SUITS: [Rate; 5] = [
    rate(Kind::Suit, "民间借贷", 800),
    rate(Kind::Suit, "买卖合同", 2_500),
    rate(Kind::Suit, "劳动争议", 1_500),
    rate(Kind::Suit, "委托理财", 100),
    rate(Kind::Suit, "房屋租赁", 600),
];

/// What news are like, by weight.
const NEWS: [Rate; 3] = [
    rate(Kind::Opinion, "正面", TONES[0]),
    rate(Kind::Opinion, "中性", TONES[1]),
    rate(Kind::Opinion, "负面", TONES[2]),
];
