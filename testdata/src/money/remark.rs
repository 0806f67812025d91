//! What people write into the remark of a payment (附言). Payment institutions
//! hand over a sample of it with a lead; who reads it must tell returns from rent.

use super::payments::{Party, Payment};
use crate::random::Dice;
use crate::scheme::Typology;
use crate::world::class::Class;

/// Whose account it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Holder {
    Scheme(Typology),
    Lawful(Class),
}

/// Payments that a sample is drawn from: few, so that what is rare may be missing.
const DRAWN: usize = 6;

/// Per cent of the plain remarks on a lawful account that sound like returns all
/// the same: shareholders have dividends, customers rebates.
const LAWFUL_RETURNS: u32 = 2;

/// The remarks of some payments, each once, as `货款；复投；转账`.
pub(super) fn sample(holder: Holder, payments: &[Payment], dice: &mut Dice) -> String {
    let mut words: Vec<&str> = Vec::new();
    if payments.is_empty() {
        return String::new();
    }
    for _ in 0..DRAWN {
        let payment = &payments[dice.below(payments.len() as u32) as usize];
        let word = remark(holder, payment, dice);
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join("；")
}

fn remark(holder: Holder, payment: &Payment, dice: &mut Dice) -> &'static str {
    match payment.party {
        Party::Cash => "取现",
        Party::Abroad => "境外汇款",
        _ if payment.commission => dice.pick(&COMMISSION),
        _ if payment.telling => dice.pick(returns(holder)),
        _ if slips(holder, dice) => dice.pick(&RETURNS),
        _ => dice.pick(plain(holder)),
    }
}

fn slips(holder: Holder, dice: &mut Dice) -> bool {
    matches!(holder, Holder::Lawful(_)) && dice.per_cent(LAWFUL_RETURNS)
}

/// Remarks of a commission; what a shop pays its sellers is called so too.
const COMMISSION: [&str; 4] = ["推荐奖", "团队提成", "推广提成", "服务佣金"];

/// Remarks of returns, in lawful use.
const RETURNS: [&str; 5] = ["股东分红", "借款利息", "货款返利", "返现", "分红"];

/// Remarks that speak of returns.
fn returns(holder: Holder) -> &'static [&'static str] {
    match holder {
        Holder::Scheme(Typology::ConsumerRebate) => {
            &["消费返利", "返现", "推荐奖励", "积分分红", "复投"]
        }
        Holder::Scheme(Typology::ElderlyCare) => {
            &["床位认购款", "月息", "福利返现", "到期本息", "会员分红"]
        }
        Holder::Scheme(Typology::LeaseBack) => {
            &["商铺认购款", "本息", "投资款", "季度分红", "租金返利"]
        }
        Holder::Scheme(Typology::VirtualCurrency) => {
            &["静态收益", "动态奖励", "入金", "出金", "复投"]
        }
        Holder::Scheme(Typology::PrivateFund) => {
            &["认购款", "理财款", "到期本息", "投资款", "复投"]
        }
        Holder::Scheme(_) => &["投资款", "利息", "本息", "复投", "分红"],
        Holder::Lawful(Class::Fund) => &["基金分红", "份额认购款", "分红"],
        Holder::Lawful(Class::Shop) => &["返现", "满减返利", "充值会员"],
        Holder::Lawful(_) => &RETURNS,
    }
}

/// Remarks that say nothing of returns.
fn plain(holder: Holder) -> &'static [&'static str] {
    let Holder::Lawful(class) = holder else {
        return &["转账", "货款", "往来款", "合作款", "会员费", "服务费"];
    };
    match class {
        Class::Lender => &["还款", "月供", "车贷", "房贷", "还贷"],
        Class::Property => &["物业费", "停车费", "水电费", "维修基金"],
        Class::Tuition => &["学费", "课时费", "教材费", "住宿费"],
        Class::Hospital => &["门诊费", "住院押金", "体检费", "药费"],
        Class::Gym => &["年卡", "私教课", "会费", "储物柜押金"],
        Class::Payroll => &["工资", "代发工资", "劳务费", "社保费"],
        Class::Charity => &["捐款", "爱心捐赠", "助学款", "善款"],
        Class::Fund => &["管理费", "托管费", "实缴出资", "转账"],
        Class::Shop => &["购物", "货款", "订单付款", "运费", "退款"],
        Class::Franchise => &["加盟费", "保证金", "货款", "设备款"],
        Class::TradeCredit => &["货款", "结算款", "往来款", "运费"],
        _ => &["货款", "房租", "服务费", "工资", "往来款", "装修款"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEXICON: &str = include_str!("../../city/lexicons/remark.txt");

    const LAWFUL: [Class; 12] = [
        Class::Ordinary,
        Class::Lender,
        Class::Property,
        Class::Tuition,
        Class::Hospital,
        Class::Gym,
        Class::Payroll,
        Class::Charity,
        Class::Fund,
        Class::Shop,
        Class::Franchise,
        Class::TradeCredit,
    ];

    fn holders() -> impl Iterator<Item = Holder> {
        let schemes = Typology::ALL.into_iter().map(Holder::Scheme);
        schemes.chain(LAWFUL.into_iter().map(Holder::Lawful))
    }

    fn tells(text: &str) -> bool {
        let mut words = LEXICON.lines().filter(|line| !line.starts_with('#'));
        words.any(|word| !word.is_empty() && text.contains(word))
    }

    /// Per cent of 500 samples that the lexicon finds, when `telling` per cent of
    /// the payments speak of returns.
    fn found(holder: Holder, telling: usize) -> usize {
        let payment = |at: usize| Payment {
            hour: 0,
            party: Party::Person(at as u32),
            fen: 100,
            age: 30,
            telling: at < telling,
            commission: false,
        };
        let payments: Vec<Payment> = (0..100).map(payment).collect();
        let hits = |seed: &u64| tells(&sample(holder, &payments, &mut Dice::new(*seed, 1, 1, 1)));
        (0..500).filter(hits).count() / 5
    }

    #[test]
    fn the_lexicon_knows_returns_and_nothing_else() {
        for holder in holders() {
            assert!(returns(holder).iter().all(|word| tells(word)), "{holder:?}");
            assert!(!plain(holder).iter().any(|word| tells(word)), "{holder:?}");
        }
    }

    #[test]
    fn a_sample_mostly_tells_a_scheme_and_not_always() {
        let scheme = found(Holder::Scheme(Typology::VirtualCurrency), 25);
        let quiet = found(Holder::Scheme(Typology::PersonalAccounts), 2);
        let lawful = found(Holder::Lawful(Class::Tuition), 0);
        assert!((70..95).contains(&scheme), "{scheme}");
        assert!((3..25).contains(&quiet), "{quiet}");
        assert!((3..25).contains(&lawful), "{lawful}");
    }
}
