//! What happens more often to those who look like fundraising: the same words,
//! the same agencies, another cause.

use super::Month;
use super::rates::{Rate, draw, rate, total};
use crate::event::{Events, Kind};
use crate::world::class::Class;

pub(super) fn happen(month: &mut Month, out: &mut Events) {
    if month.to >= month.of.troubled {
        let deep = month.from > month.of.troubled + 60;
        draw(
            month,
            out,
            &FAILING,
            total(&FAILING),
            if deep { 100 } else { 45 },
        );
    }
    let rates = of(month.of.class);
    if !rates.is_empty() {
        draw(month, out, rates, total(rates), 100);
    }
    if month.of.renamed != i32::MAX && month.has(month.of.renamed + 20) {
        // A new name is asked about: is it the old firm?
        draw(month, out, &RENAMED, total(&RENAMED), 100);
    }
}

fn of(class: Class) -> &'static [Rate] {
    match class {
        Class::Lender => &LENDER,
        Class::Property => &PROPERTY,
        Class::Tuition => &TUITION,
        Class::Hospital => &HOSPITAL,
        Class::Shop => &SHOP,
        Class::Gym => &GYM,
        Class::Fund => &FUND,
        Class::Charity => &CHARITY,
        Class::Franchise => &FRANCHISE,
        Class::Hosted => &HOSTED,
        Class::TradeCredit => &TRADE_CREDIT,
        _ => &[],
    }
}

const LENDER: [Rate; 8] = [
    rate(Kind::Complaint, "合同", 40_000),
    rate(Kind::Complaint, "投资返利", 3_000),
    rate(Kind::TipOff, "集资", 3_000),
    rate(Kind::Suit, "民间借贷", 15_000),
    rate(Kind::Advert, "互联网", 60_000),
    rate(Kind::Opinion, "负面", 30_000),
    rate(Kind::Incident, "纠纷", 20_000),
    rate(Kind::Verification, "现场检查", 20_000),
];

const PROPERTY: [Rate; 4] = [
    rate(Kind::Complaint, "售后服务", 60_000),
    rate(Kind::Petition, "集体访", 5_000),
    rate(Kind::Petition, "来访", 8_000),
    rate(Kind::Incident, "纠纷", 30_000),
];

const TUITION: [Rate; 8] = [
    rate(Kind::Complaint, "退款", 50_000),
    rate(Kind::Complaint, "预付卡", 20_000),
    rate(Kind::Complaint, "投资返利", 700),
    rate(Kind::Advert, "传单", 60_000),
    rate(Kind::Advert, "讲座", 30_000),
    rate(Kind::TelecomUse, "群聊", 30_000),
    rate(Kind::EventPermit, "讲座", 10_000),
    rate(Kind::Opinion, "负面", 20_000),
];

const HOSPITAL: [Rate; 5] = [
    rate(Kind::Complaint, "售后服务", 60_000),
    rate(Kind::Complaint, "养老", 8_000),
    rate(Kind::Advert, "讲座", 30_000),
    rate(Kind::Petition, "集体访", 6_000),
    rate(Kind::Opinion, "负面", 30_000),
];

const SHOP: [Rate; 8] = [
    rate(Kind::Complaint, "退款", 80_000),
    rate(Kind::Complaint, "投资返利", 2_500),
    rate(Kind::TipOff, "返利", 2_500),
    rate(Kind::Advert, "互联网", 120_000),
    rate(Kind::Opinion, "负面", 30_000),
    rate(Kind::Opinion, "正面", 60_000),
    rate(Kind::TelecomUse, "安装量", 40_000),
    rate(Kind::Penalty, "虚假宣传", 6_000),
];

const GYM: [Rate; 7] = [
    rate(Kind::Complaint, "预付卡", 70_000),
    rate(Kind::Complaint, "投资返利", 1_200),
    rate(Kind::Advert, "传单", 60_000),
    rate(Kind::Branch, "门店", 20_000),
    rate(Kind::TelecomUse, "群聊", 20_000),
    rate(Kind::Opinion, "负面", 25_000),
    rate(Kind::TipOff, "返利", 900),
];

const FUND: [Rate; 7] = [
    rate(Kind::TipOff, "私募", 9_000),
    rate(Kind::Complaint, "投资返利", 6_000),
    rate(Kind::Opinion, "承诺收益", 4_000),
    rate(Kind::Suit, "委托理财", 8_000),
    rate(Kind::Arbitration, "投资", 10_000),
    rate(Kind::EventPermit, "讲座", 12_000),
    rate(Kind::PaybackDelay, "延期兑付", 3_500),
];

const CHARITY: [Rate; 3] = [
    rate(Kind::Donation, "慈善募捐", 150_000),
    rate(Kind::Advert, "户外", 40_000),
    rate(Kind::TipOff, "集资", 2_000),
];

const FRANCHISE: [Rate; 6] = [
    rate(Kind::Branch, "门店", 60_000),
    rate(Kind::Advert, "互联网", 50_000),
    rate(Kind::Complaint, "合同", 20_000),
    rate(Kind::Complaint, "投资返利", 2_000),
    rate(Kind::Suit, "买卖合同", 6_000),
    rate(Kind::EventPermit, "展会", 8_000),
];

const HOSTED: [Rate; 3] = [
    rate(Kind::Visit, "查无此户", 20_000),
    rate(Kind::Visit, "无人办公", 15_000),
    rate(Kind::Abnormal, "住所失联", 3_000),
];

const TRADE_CREDIT: [Rate; 3] = [
    rate(Kind::Suit, "民间借贷", 6_000),
    rate(Kind::Mediation, "行业调解", 6_000),
    rate(Kind::Notarisation, "律师见证", 6_000),
];

const RENAMED: [Rate; 2] = [
    rate(Kind::TipOff, "不实", 20_000),
    rate(Kind::Visit, "查无此户", 40_000),
];

/// An honest firm that cannot go on: everything that a collapse leaves, but no
/// promise to anybody.
const FAILING: [Rate; 24] = [
    rate(Kind::WageDispute, "欠薪投诉", 250_000),
    rate(Kind::WageDispute, "劳动仲裁", 120_000),
    rate(Kind::Arrears, "社保欠缴", 120_000),
    rate(Kind::Arrears, "公积金停缴", 50_000),
    rate(Kind::Arrears, "医保欠缴", 50_000),
    rate(Kind::TaxStatus, "欠税", 60_000),
    rate(Kind::UtilityChange, "电欠费", 60_000),
    rate(Kind::UtilityChange, "电报停", 40_000),
    rate(Kind::LeaseEnd, "退租", 50_000),
    rate(Kind::Suit, "买卖合同", 150_000),
    rate(Kind::Suit, "民间借贷", 80_000),
    rate(Kind::Suit, "劳动争议", 60_000),
    rate(Kind::Enforcement, "被执行人", 100_000),
    rate(Kind::Enforcement, "失信", 50_000),
    rate(Kind::Enforcement, "限高", 40_000),
    rate(Kind::Seizure, "冻结", 40_000),
    rate(Kind::Complaint, "退款", 120_000),
    rate(Kind::Complaint, "预付卡", 80_000),
    rate(Kind::Petition, "集体访", 25_000),
    rate(Kind::Opinion, "负面", 80_000),
    rate(Kind::Incident, "诈骗报警", 20_000),
    rate(Kind::Bankruptcy, "破产受理", 15_000),
    rate(Kind::Pledge, "动产抵押", 15_000),
    rate(Kind::PaybackDelay, "延期兑付", 4_000),
];
