//! What people and agencies write about ordinary enterprises. Now and then it
//! sounds like fundraising: words alone give nobody away.

use std::borrow::Cow;

use crate::event::Kind;
use crate::random::Dice;
use crate::world::Enterprise;
use crate::world::class::Class;

/// A sentence for an event; empty when the topic says it all.
pub(super) fn ordinary(of: &Enterprise, kind: Kind, topic: &str, dice: &mut Dice) -> Cow<'static, str> {
    let list: &[&'static str] = match kind {
        Kind::Complaint => complaint(topic, of.class),
        Kind::TipOff => tip_off(topic),
        Kind::Petition => &["反映欠薪", "反映物业收费", "反映合同纠纷", "反映噪音扰民", "反映退费难"],
        Kind::Opinion => opinion(topic, of),
        Kind::Advert => advert(of.class),
        Kind::Content => &["转载不实信息", "标题夸张", "未标明广告", "用户投诉诱导分享", "诱导充值"],
        Kind::Visit if topic == "发现传单" => {
            &["门口摆放健身传单", "发放培训班传单", "发放开业优惠传单", "张贴贷款小广告", "发放养生讲座传单"]
        }
        Kind::Visit if topic == "举办讲座" => {
            &["举办育儿讲座", "举办健康讲座", "举办反诈宣传讲座", "举办新品推介会", "举办理财知识讲座"]
        }
        Kind::Incident => &["顾客与店员纠纷", "房租纠纷", "货款纠纷", "退费纠纷", "停车纠纷"],
        Kind::PaybackDelay => &["项目回款慢，向投资人说明延期", "加盟保证金延期退还", "预付款延期退还"],
        Kind::Mediation => &["货款纠纷", "租金纠纷", "退费纠纷", "邻里纠纷", "借款纠纷"],
        Kind::Notarisation => &["合同公证", "授权委托公证", "借款合同见证", "租赁合同见证", "保全证据公证"],
        Kind::Arbitration => &["买卖合同货款", "加盟合同解除", "租金支付", "股权回购", "服务合同"],
        Kind::Penalty => penalty(topic),
        Kind::EventPermit => &["行业展会", "新品发布会", "周年庆典", "健康讲座", "招商推介会"],
        Kind::Verification | Kind::Inquiry => &["例行检查", "投诉转办", "专项检查", "信用抽查"],
        _ => &[],
    };
    if list.is_empty() { Cow::Borrowed("") } else { Cow::Borrowed(dice.pick(list)) }
}

fn complaint(topic: &str, class: Class) -> &'static [&'static str] {
    match (topic, class) {
        ("售后服务", Class::Property) => &["电梯故障", "物业费收取不合理", "停车收费", "维修基金使用不透明"],
        ("售后服务", Class::Hospital) => &["排队时间长", "收费不透明", "服务态度差", "体检套餐退费"],
        ("售后服务", _) => &["商品质量问题", "维修拖延", "服务态度差", "噪音扰民", "油烟排放"],
        ("退款", _) => &["退费纠纷", "退货不退款", "承诺的课程回购未兑现", "押金不退", "门店关闭，负责人失联"],
        ("预付卡", Class::Gym | Class::Tuition) => &["预付卡余额不退", "教练离职", "更换校区不退费", "会员卡转让收费", "充值满减未到账"],
        ("预付卡", _) => &["预付卡余额不退", "预付卡余额不退，老板跑路", "充值后门店搬迁"],
        ("投资返利", Class::Lender) => &["贷款年化利率过高", "借款合同收费不明", "砍头息", "提前还本被收违约金"],
        ("投资返利", Class::Shop) => &["返利积分不能提现", "消费返利活动规则变更", "满额返现未到账"],
        ("投资返利", Class::Fund) => &["基金净值下跌，要求还本", "私募产品未达到预期收益", "延期清算"],
        ("投资返利", Class::Franchise) => &["加盟承诺保本未兑现", "加盟费投资回本慢", "承诺年化收益不实"],
        ("投资返利", _) => &["消费返利未兑现", "会员分红与宣传不符", "充值返现未到账", "股东分红纠纷", "投资款未按约退还"],
        ("养老", _) => &["养老院床位费上涨", "护理服务不到位", "养老公寓退费慢", "保健品讲座误导老人"],
        ("虚拟币", _) => &["游戏币充值未到账", "数字藏品无法转售", "算力租赁服务器不可用"],
        ("包租", _) => &["租金未按约支付", "商铺回租租金下调", "托管公寓空置"],
        _ => &["合同解除纠纷", "拖欠货款", "装修延期", "催收电话骚扰", "定金不退"],
    }
}

fn tip_off(topic: &str) -> &'static [&'static str] {
    match topic {
        "集资" => &["向员工借款周转", "亲友借款未还", "担心受骗", "向供应商借款付息"],
        "返利" => &["消费返利活动宣传夸大", "积分返现", "拉新奖励"],
        "养老" => &["向老人推销会员卡", "组织老人旅游卖保健品"],
        "虚拟币" => &["推销数字藏品", "宣传区块链课程"],
        "私募" => &["微信群推荐基金", "推介会讲股权投资"],
        "包租" => &["商铺带租约销售", "公寓托管年化收益宣传"],
        _ => &["同行恶意举报", "感觉不正规", "门口常有老人排队", "电话推销频繁"],
    }
}

fn opinion(topic: &str, of: &Enterprise) -> &'static [&'static str] {
    match (topic, of.class) {
        ("正面", Class::Shop) => &["购物返利活动", "充值免单抽奖", "新品上市", "满减优惠"],
        ("正面", Class::Fund) => &["基金经理谈市场", "私募路演推介会", "年度业绩排名"],
        ("正面", _) => &["新品上市", "周年店庆满减返利活动", "获评优秀企业", "推介会", "公益讲座，名额有限"],
        ("中性", _) => &["参加行业展会", "发布招聘信息", "门店搬迁公告", "签约合作", "更名公告"],
        ("承诺收益", _) => &["加盟年化收益百分之三十", "股东招募，保证分红", "商铺投资，稳定回报", "基金年化收益率达8%"],
        (_, Class::Failing) => &["门店停业，会员维权", "老板失联，员工讨薪", "欠款未还被曝光", "停业公告"],
        (_, Class::Lender) => &["贷款年化利率偏高引争议", "暴力催收被曝光"],
        _ => &["服务态度引发不满", "商品质量遭吐槽", "退费难被曝光", "预付卡维权"],
    }
}

fn advert(class: Class) -> &'static [&'static str] {
    match class {
        Class::Lender => &["低息贷款，当天放款", "信用贷款月息低"],
        Class::Shop => &["消费返利，充值免单", "购物返现", "限时满减"],
        Class::Tuition => &["寒假班火热报名，名额有限", "学费立减", "升学讲座"],
        Class::Gym => &["年卡半价", "会员推荐有奖", "预存两年送一年"],
        Class::Fund => &["稳健投资，专业管理", "私募股权投资沙龙"],
        Class::Franchise => &["加盟创业，投资小回本快", "全程扶持，年入百万"],
        Class::Hospital => &["养生讲座免费领鸡蛋", "健康体检优惠"],
        _ => &["开业优惠", "诚招代理", "周年庆典", "新房装修，免费设计", "品质生活"],
    }
}

fn penalty(topic: &str) -> &'static [&'static str] {
    match topic {
        "虚假宣传" => &["虚构用户评价", "夸大商品功效", "虚假促销", "虚构荣誉资质"],
        "违规发布广告" => &["使用绝对化用语", "医疗用语不规范", "招商广告含收益承诺"],
        "超范围经营" => &["未经许可从事培训", "未取得许可销售食品", "未经许可从事咨询业务"],
        _ => &[],
    }
}
