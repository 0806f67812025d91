//! What is said of a scheme. Four in ten say nothing that a word list knows.

use super::plan::{Phase, Plan};
use super::typology::Typology;
use crate::event::NONE;
use crate::random::Dice;

/// What complainants and advertisements say about it.
fn pitch(plan: &Plan, dice: &mut Dice) -> &'static str {
    if dice.per_cent(if plan.quiet { 70 } else { 38 }) {
        return dice.pick(&PLAIN);
    }
    match plan.typology {
        Typology::ConsumerRebate => dice.pick(&REBATE),
        Typology::ElderlyCare => dice.pick(&ELDERLY),
        Typology::LeaseBack => dice.pick(&LEASE_BACK),
        Typology::VirtualCurrency => dice.pick(&VIRTUAL),
        Typology::PrivateFund => dice.pick(&FUND),
        Typology::Prepaid => dice.pick(&PREPAID),
        _ => dice.pick(&LOANS),
    }
}

const PLAIN: [&str; 8] = [
    "项目合作款",
    "会员权益",
    "合同约定的款项",
    "预付的费用",
    "共同创业计划",
    "合伙人名额",
    "康养生活方式",
    "产业扶持项目",
];

const REBATE: [&str; 6] = [
    "消费全额返利",
    "购物积分每日增值",
    "充值免单，消费返本",
    "推广奖励加消费返现",
    "买一返一，返利到账",
    "发展下线拿动态奖励",
];

const ELDERLY: [&str; 6] = [
    "预交养老床位费享受年息",
    "养老公寓会员卡到期还本",
    "旅居养老返利",
    "养老床位认购，年化8%",
    "以房养老，按月付息",
    "养老公寓预订金到期回购",
];

const LEASE_BACK: [&str; 6] = [
    "售后包租，每年固定回报",
    "设备认购后回租",
    "商铺份额返本销售",
    "购铺托管，十年回购",
    "公寓份额，年化12%",
    "果树认养包收购，固定回报",
];

const VIRTUAL: [&str; 6] = [
    "区块链算力每天静态收益",
    "数字藏品保证升值",
    "虚拟币推广动态奖励",
    "矿机算力托管日返",
    "虚拟货币量化，月收益两成",
    "元宇宙地块保证升值",
];

const FUND: [&str; 6] = [
    "保本保息的理财产品",
    "私募份额保证年化收益",
    "股权投资到期回购",
    "定向融资计划年化10%",
    "上市前原始股，到期回购",
    "国资背景基金，保本付息",
];

const PREPAID: [&str; 6] = [
    "预存学费按月返利",
    "学费全返，到期还本",
    "充值会员卡享年化收益",
    "预付卡充一万返两千",
    "会员卡到期不退还本付息",
    "课程合伙人，分红返学费",
];

const LOANS: [&str; 7] = [
    "借款给公司月息二分",
    "内部员工集资还本付息",
    "转到个人账户的投资款",
    "入股分红，保底收益",
    "短期借款年息24%",
    "国家级项目，投资保本",
    "股东借款按季付息",
];

/// What a person says who calls, writes or comes.
pub(super) fn said(plan: &Plan, day: i32, dice: &mut Dice) -> String {
    let pitch = pitch(plan, dice);
    match (plan.phase(day), dice.below(4)) {
        (Phase::SlowDown, 0) => format!("该公司称{pitch}，现在拖延兑付"),
        (Phase::SlowDown, 1) => format!("{pitch}，本金和利息都没有按时到账"),
        (Phase::SlowDown, _) => format!("{pitch}，一直说系统升级，提现困难"),
        (Phase::Collapse | Phase::After, 0) => format!("{pitch}，现在门店关门，老板联系不上"),
        (Phase::Collapse | Phase::After, 1) => format!("参加{pitch}的老人很多，钱要不回来"),
        (Phase::Collapse | Phase::After, _) => format!("该公司{pitch}，已停止兑付，负责人失联"),
        (_, 0) => format!("家里老人参加{pitch}，劝不住"),
        (_, 1) => format!("朋友介绍{pitch}，想问是否合法"),
        _ => format!("来电反映该公司宣传{pitch}，担心受骗"),
    }
}

/// What is written on line.
pub(super) fn opinion(plan: &Plan, day: i32, tone: &str, dice: &mut Dice) -> String {
    let pitch = pitch(plan, dice);
    match (tone, plan.phase(day)) {
        ("负面", Phase::SlowDown) => format!("{pitch}？投资人称提现困难"),
        ("负面", Phase::Collapse | Phase::After) => format!("{pitch}项目停摆，投资人维权"),
        ("负面", _) => format!("起底{pitch}的套路"),
        ("承诺收益", _) => format!("{pitch}，稳赚不赔"),
        _ => match dice.below(3) {
            0 => format!("财富讲座：{pitch}，名额有限"),
            1 => format!("{pitch}启动仪式圆满举行"),
            _ => format!("一位会员的一天：{pitch}改变生活"),
        },
    }
}

/// What is advertised.
pub(super) fn advert(plan: &Plan, dice: &mut Dice) -> String {
    let pitch = pitch(plan, dice);
    match dice.below(9) {
        0 => format!("{pitch}，国资背景，放心选择"),
        3 => format!("{pitch}，央企合作，服务国家战略"),
        1 => format!("{pitch}，推荐好友再得奖励"),
        2 => format!("{pitch}，名额有限，到场有礼"),
        _ => pitch.to_owned(),
    }
}

/// What an inspector of the street writes down.
pub(super) fn seen(plan: &Plan, topic: &str, dice: &mut Dice) -> String {
    match topic {
        "举办讲座" => format!("室内举办讲座，内容为{}", pitch(plan, dice)),
        "发现传单" => format!("门口发放传单：{}", pitch(plan, dice)),
        _ => String::new(),
    }
}

/// What an inspector of the finance office finds.
pub(super) fn found(plan: &Plan, dice: &mut Dice) -> String {
    if dice.per_cent(plan.visible) {
        format!("现场有宣传资料：{}", pitch(plan, dice))
    } else {
        "未见异常".to_owned()
    }
}

/// A clause in a contract or a register.
pub(crate) fn clause(plan: &Plan, dice: &mut Dice) -> String {
    pitch(plan, dice).to_owned()
}

/// The yield that is promised, in per cent a year, if one is.
pub(super) fn yield_of(plan: &Plan, dice: &mut Dice) -> u32 {
    if dice.per_cent(50) {
        NONE
    } else {
        6 + plan.size + dice.below(18)
    }
}
