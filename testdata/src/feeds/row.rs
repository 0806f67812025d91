//! Fills the columns of a row: what an agency writes down of an event.

use std::fmt::Write;

use super::column::Expression;
use super::feed::Feed;
use crate::calendar::{civil, iso, iso_month, month_of};
use crate::code;
use crate::event::{AccountOf, Event, Kind, NEVER, NONE};
use crate::money::{INSTITUTIONS, keeper};
use crate::random::{Dice, mix, stream};
use crate::world::place::{domain, email, phone};
use crate::world::trade::{TRADES, sector};
use crate::world::{Enterprise, World, capital, measured, name, people};

/// The fields of a row, one after another.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    pub(super) text: String,
    ends: Vec<usize>,
}

impl Fields {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// Ends the field that is being written.
    pub(super) fn end(&mut self) {
        self.ends.push(self.text.len());
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let mut from = 0;
        self.ends.iter().map(move |to| {
            let field = &self.text[from..*to];
            from = *to;
            field
        })
    }

    pub(super) fn from_list(list: &[String]) -> Fields {
        let mut fields = Fields::default();
        for field in list {
            fields.text.push_str(field);
            fields.end();
        }
        fields
    }
}

/// Which version of a record is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    First,
    Corrected,
    Withdrawn,
}

/// What a row is filled from.
pub(super) struct Row<'a> {
    pub(super) world: &'a World,
    pub(super) of: &'a Enterprise,
    pub(super) event: &'a Event,
    pub(super) feed: &'a Feed,
    pub(super) version: Version,
}

impl Row<'_> {
    /// Fills all columns. `dice` decide how the agency writes things; they are
    /// the same for every version.
    pub(super) fn fill(&self, fields: &mut Fields, mut dice: Dice) {
        fields.clear();
        for (at, column) in self.feed.columns.iter().enumerate() {
            self.write(at as u64, &column.expression, &mut fields.text, &mut dice);
            fields.end();
        }
    }

    fn write(&self, at: u64, expression: &Expression, to: &mut String, dice: &mut Dice) {
        use Expression as E;
        match expression {
            E::Uscc | E::UsccClean | E::MaybeUscc | E::OldNumber | E::OrgCode => {
                self.identifier(expression, to, dice);
            }
            E::Name
            | E::ToldName
            | E::Type
            | E::Sector
            | E::SectorCode
            | E::Scope
            | E::Founded
            | E::Capital
            | E::PaidCapital
            | E::Status
            | E::Staff
            | E::Changes => {
                self.registered(expression, to, dice);
            }
            E::District | E::Street | E::Address | E::Phone | E::Email | E::Domain => {
                self.place(expression, to, dice);
            }
            E::LegalRep
            | E::LegalRepId
            | E::Controller
            | E::ControllerId
            | E::Shareholder
            | E::ShareholderId
            | E::ShareholderUscc
            | E::Person
            | E::PersonId
            | E::OtherName
            | E::OtherUscc => self.party(expression, to),
            E::Account | E::Bank | E::PersonalAccount | E::Institution | E::LeadAccount => {
                self.account(expression, to);
            }
            E::Date | E::Until | E::Period | E::Year | E::Since => self.time(expression, to),
            E::Yuan
            | E::Wan
            | E::YuanOut
            | E::Count
            | E::Percent
            | E::Patterns
            | E::Confidence
            | E::Places => self.figure(expression, to, dice),
            E::Number(prefix) => self.number(prefix, to),
            E::Constant(text) => to.push_str(text),
            E::OneOf(list) => {
                let at = self.choice(at) % list.len() as u64;
                to.push_str(&list[at as usize]);
            }
            E::Int(low, high) => {
                let width = (high - low + 1) as u64;
                put(to, low + (self.choice(at) % width) as i64);
            }
            E::Topic => to.push_str(self.event.topic),
            E::Text => self.text(to),
            E::Remarks => to.push_str(&self.event.text),
            E::StatusOf => to.push_str(self.status_of()),
            E::Op => to.push_str(if self.version == Version::Withdrawn {
                "D"
            } else {
                ""
            }),
            E::Before | E::After => self.change(*expression == E::After, to),
        }
    }

    /// A draw that is stable for the event, the feed and the column.
    fn choice(&self, column: u64) -> u64 {
        let id = self.event.id(self.of.index);
        mix(
            self.world.seed,
            stream::CHOICE,
            id,
            self.feed.key.wrapping_add(column),
        )
    }

    fn number(&self, prefix: &str, to: &mut String) {
        // One to one within a month, and not in the enterprises' order.
        let place = (u64::from(self.of.index) * 48_271) % 100_000_000;
        let month = (self.event.ordinal >> 12) as i32;
        let (year, month) = (1970 + month.div_euclid(12), month.rem_euclid(12) + 1);
        let ordinal = self.event.ordinal & 0xfff;
        to.push_str(prefix);
        put(to, i64::from(year));
        padded(to, month as u64, 2);
        padded(to, place, 8);
        padded(to, u64::from(ordinal), 3);
    }

    fn identifier(&self, expression: &Expression, to: &mut String, dice: &mut Dice) {
        let code = self.of.uscc();
        let draw = dice.below(1_000_000);
        let dirt = &self.feed.dirt;
        match expression {
            Expression::OrgCode => push_ascii(to, &code[8..17]),
            Expression::OldNumber => self.old_number(to),
            Expression::UsccClean => push_ascii(to, &code),
            // Who tells of an enterprise mostly knows its code: set, not measured.
            Expression::MaybeUscc if draw >= 700_000 => {}
            _ if draw < dirt.old && self.of.has_old_number() => self.old_number(to),
            _ if (dirt.old..dirt.old + dirt.lower).contains(&draw) => {
                let lower = code.map(|byte| byte.to_ascii_lowercase());
                push_ascii(to, &lower);
            }
            _ => push_ascii(to, &code),
        }
    }

    fn old_number(&self, to: &mut String) {
        if self.of.has_old_number() {
            to.push_str(&code::registration_number(u64::from(self.of.index)));
        }
    }

    fn registered(&self, expression: &Expression, to: &mut String, dice: &mut Dice) {
        let (world, of, day) = (self.world, self.of, self.event.date);
        let trade = &TRADES[usize::from(of.trade)];
        match expression {
            Expression::Name => to.push_str(&name::registered(world, of, day)),
            Expression::ToldName => to.push_str(&name::told(world, of, day, dice)),
            Expression::Type => to.push_str(of.form.registered()),
            Expression::Sector => to.push_str(sector(trade.letter)),
            Expression::SectorCode => to.push(trade.letter),
            Expression::Scope if self.lacks(2, measured::WITHOUT_SCOPE) => to.push_str("N/A"),
            Expression::Scope => to.push_str(&of.scope(day)),
            Expression::Founded => date(to, of.founded),
            Expression::Capital if self.lacks(0, of.form.without_capital_per_mille()) => {
                to.push_str("N/A");
            }
            Expression::Capital => {
                let part = mix(world.seed, stream::LOT, u64::from(of.index), 3);
                to.push_str(&capital::text(of.capital(day), part, dice));
            }
            Expression::PaidCapital if self.lacks(1, measured::WITHOUT_PAID_CAPITAL) => {}
            Expression::PaidCapital => {
                let paid = of.capital(day) * of.paid_per_cent / 100;
                let _ = write!(to, "{paid}(万元人民币)");
            }
            Expression::Status => to.push_str(of.status(day)),
            Expression::Staff => put(to, i64::from(of.staff)),
            _ => put(to, i64::from(of.changes(day))),
        }
    }

    /// Whether the registry does not know `what` of the enterprise: for good.
    fn lacks(&self, what: u64, per_mille: u32) -> bool {
        let index = u64::from(self.of.index);
        mix(self.world.seed, stream::LOT, index, what) % 1_000 < u64::from(per_mille)
    }

    fn place(&self, expression: &Expression, to: &mut String, dice: &mut Dice) {
        let (world, of) = (self.world, self.of);
        let place = of.place(world, self.event.date);
        match expression {
            Expression::District => to.push_str(place.district()),
            Expression::Street => to.push_str(&place.street()),
            Expression::Address => {
                let wide = dice.ppm(self.feed.dirt.wide);
                let text = place.text();
                to.push_str(&if wide {
                    capital::full_width(&text)
                } else {
                    text
                });
            }
            Expression::Phone => to.push_str(&phone(world.seed, of.telephone)),
            Expression::Email => to.push_str(&email(of.telephone)),
            _ => to.push_str(&domain(of.site_number())),
        }
    }

    fn party(&self, expression: &Expression, to: &mut String) {
        use Expression as E;
        let (world, of, event) = (self.world, self.of, self.event);
        let day = event.date;
        let person = match expression {
            E::LegalRep | E::LegalRepId => of.representative(world, day),
            E::Controller | E::ControllerId => of.controller(world, day),
            E::Shareholder | E::ShareholderId => of.shareholder(world, day),
            E::Person | E::PersonId if event.person == NONE => of.representative(world, day),
            E::Person | E::PersonId => event.person,
            _ => return self.other(expression, to),
        };
        match expression {
            E::LegalRepId | E::ControllerId | E::ShareholderId | E::PersonId => {
                to.push_str(&people::pseudonym(world.seed, person));
            }
            E::Shareholder if event.kind == Kind::Equity && event.other != NONE => {
                self.other(&E::OtherName, to);
            }
            _ => to.push_str(&people::name(person)),
        }
    }

    fn other(&self, expression: &Expression, to: &mut String) {
        if self.event.other == NONE {
            return;
        }
        let other = self.world.enterprise(self.event.other);
        if *expression == Expression::OtherName {
            to.push_str(&name::registered(self.world, &other, self.event.date));
        } else {
            push_ascii(to, &other.uscc());
        }
    }

    fn account(&self, expression: &Expression, to: &mut String) {
        let (world, of) = (self.world, self.of);
        let account = match (expression, self.event.account) {
            (Expression::PersonalAccount, AccountOf::Person(serial)) => AccountOf::Person(serial),
            (Expression::PersonalAccount, _) => AccountOf::Person(0),
            (Expression::Account | Expression::Bank, AccountOf::Person(_))
                if self.event.kind == Kind::Lead =>
            {
                AccountOf::First
            }
            (_, account) => account,
        };
        match expression {
            Expression::Bank => {
                to.push_str(INSTITUTIONS[usize::from(keeper(world.seed, of.index, account))]);
            }
            Expression::Institution => {
                to.push_str(INSTITUTIONS[usize::from(self.event.institution % 8)])
            }
            _ => {
                let (owner, serial) = of.account(account);
                to.push_str(&code::account(world.seed, owner, serial));
            }
        }
    }

    fn time(&self, expression: &Expression, to: &mut String) {
        let event = self.event;
        match expression {
            Expression::Date => date(to, event.date),
            Expression::Until if event.until == NEVER => {}
            Expression::Until => date(to, event.until),
            Expression::Since => date(to, event.date - 30),
            Expression::Period => to.push_str(&iso_month(month_of(event.date))),
            _ => put(to, i64::from(civil(event.date).0)),
        }
    }

    fn figure(&self, expression: &Expression, to: &mut String, dice: &mut Dice) {
        let event = self.event;
        let fen = self.corrected(event.fen);
        match expression {
            Expression::Yuan => yuan(to, fen, dice),
            Expression::YuanOut => yuan(to, self.corrected(event.out_fen), dice),
            Expression::Wan => {
                let _ = write!(to, "{}.{:02}", fen / 1_000_000, fen % 1_000_000 / 10_000);
            }
            Expression::Count => put(to, event.count),
            Expression::Percent if event.percent == NONE => {}
            Expression::Percent => put(to, i64::from(event.percent)),
            Expression::Patterns => patterns(to, event.patterns),
            Expression::Confidence => {
                let _ = write!(to, "0.{:02}", event.confidence.min(99));
            }
            _ => put(to, i64::from(event.places)),
        }
    }

    /// A corrected record has another amount.
    fn corrected(&self, fen: i64) -> i64 {
        if self.version == Version::Corrected {
            fen * 9 / 10
        } else {
            fen
        }
    }

    fn text(&self, to: &mut String) {
        let event = self.event;
        if !event.text.is_empty() {
            to.push_str(&event.text);
        } else {
            to.push_str(plain(event.kind, event.topic));
        }
        if self.version == Version::Corrected {
            to.push_str("（更正）");
        }
    }

    fn status_of(&self) -> &'static str {
        let draw = self.choice(1_000) % 1_000;
        match self.event.kind {
            Kind::Licence | Kind::Listed | Kind::Icp | Kind::Host => match draw {
                0..975 => "有效",
                975..985 => "注销",
                985..992 => "过期",
                _ => "吊销",
            },
            _ => ["已办结", "已办结", "办理中", "已转办", "已受理"][(draw % 5) as usize],
        }
    }

    /// What a change replaced, or what replaced it.
    fn change(&self, after: bool, to: &mut String) {
        if self.event.kind != Kind::Changed {
            return;
        }
        let (world, of) = (self.world, self.of);
        let day = if after {
            self.event.date
        } else {
            self.event.date - 1
        };
        match self.event.topic {
            "名称" => to.push_str(&name::registered(world, of, day)),
            "住所" => to.push_str(&of.place(world, day).text()),
            "经营范围" => to.push_str(&of.scope(day)),
            "法定代表人" => to.push_str(&people::name(of.representative(world, day))),
            "注册资本" => {
                let _ = write!(to, "{}万元人民币", of.capital(day));
            }
            _ => to.push_str(&people::name(of.shareholder(world, day))),
        }
    }
}

/// What stands in a text column when nobody said anything in particular.
fn plain(kind: Kind, topic: &'static str) -> &'static str {
    match kind {
        Kind::Property | Kind::Lease => "无特别约定",
        Kind::Prepaid => "凭卡消费，余额可退",
        Kind::Licence | Kind::LicenceEnd => "无",
        Kind::Visit => "已登记",
        Kind::Verification => "无异常经营",
        _ => topic,
    }
}

fn put(to: &mut String, value: i64) {
    let _ = write!(to, "{value}");
}

fn padded(to: &mut String, value: u64, width: usize) {
    let _ = write!(to, "{value:0width$}");
}

fn push_ascii(to: &mut String, bytes: &[u8]) {
    to.extend(bytes.iter().map(|byte| char::from(*byte)));
}

fn date(to: &mut String, day: i32) {
    to.push_str(&iso(day));
}

/// Money as agencies write it: mostly plain, sometimes with separators or in
/// full-width digits. All amounts of the tax sample are plain; the other forms are
/// set, so that they are seen.
fn yuan(to: &mut String, fen: i64, dice: &mut Dice) {
    let (whole, rest) = (fen / 100, fen.unsigned_abs() % 100);
    match dice.below(100) {
        0..3 => {
            let _ = write!(to, "{}.{rest:02}", capital::thousands(whole.unsigned_abs()));
        }
        3 => to.push_str(&capital::full_width(&whole.to_string())),
        4..8 if rest == 0 => put(to, whole),
        8..10 if whole % 10_000 == 0 && whole > 0 => {
            let _ = write!(to, "{}万元", whole / 10_000);
        }
        _ => {
            let _ = write!(to, "{whole}.{rest:02}");
        }
    }
}

/// `|D1|D3|`; bit 15 is H1.
fn patterns(to: &mut String, bits: u32) {
    for at in 0..15 {
        if bits & (1 << at) != 0 {
            let _ = write!(to, "|D{}", at + 1);
        }
    }
    if bits & (1 << 15) != 0 {
        to.push_str("|H1");
    }
    to.push('|');
}
