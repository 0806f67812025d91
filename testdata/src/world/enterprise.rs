//! One enterprise: drawn from its index, and asked what it is on a day.

use super::class::Class;
use super::form::Form;
use super::place::Place;
use super::{HOST_PLACE, World, capital, measured, shared, trade};
use crate::code;
use crate::event::{AccountOf, NEVER};
use crate::life::measured::{CHANGES, CHANGES_DAYS, EARLIER_CHANGES};
use crate::random::{Dice, mix, stream};
use crate::scheme::{Plan, Typology};

/// One enterprise: what does not depend on the day, and the days on which it
/// changes ([`NEVER`] for most).
#[derive(Debug, Clone)]
pub(crate) struct Enterprise {
    pub(crate) index: u32,
    pub(crate) class: Class,
    pub(crate) plan: Option<Plan>,
    pub(crate) form: Form,
    pub(crate) trade: u8,
    pub(crate) founded: i32,
    /// The day on which it is struck off.
    pub(crate) closed: i32,
    /// The day on which an honest firm begins to fail.
    pub(crate) troubled: i32,
    pub(crate) staff: u32,
    pub(crate) capital_wan: u32,
    pub(crate) paid_per_cent: u32,
    pub(crate) person: u32,
    pub(crate) address: u32,
    pub(crate) telephone: u32,
    pub(crate) renamed: i32,
    pub(crate) moved: i32,
    pub(crate) rescoped: i32,
    pub(crate) swapped: i32,
    pub(crate) raised: i32,
    pub(crate) sold: i32,
    pub(crate) earlier_changes: u32,
    pub(crate) site: bool,
}

impl Enterprise {
    /// Draws enterprise `index`.
    pub(super) fn draw(world: &World, index: u32) -> Enterprise {
        let mut dice = Dice::new(world.seed, stream::ENTERPRISE, u64::from(index), 0);
        let plan = world.plan_of(index);
        let class = match plan {
            Some(_) => Class::Scheme,
            None if index % world.hosts == HOST_PLACE => Class::Host,
            None => Class::drawn(dice.below(100_000)),
        };
        let drawn_form = Form::drawn(dice.weighted(measured::FORMS.iter().copied()));
        let form = class.form().unwrap_or(drawn_form);
        let trade = class
            .trade()
            .unwrap_or_else(|| trade::by_weight(dice.next()));
        let founded = world.founded(index);
        let capital_wan = capital::drawn(&mut dice);
        let mut enterprise = Enterprise {
            index,
            class,
            plan,
            form,
            trade,
            founded,
            closed: NEVER,
            troubled: NEVER,
            staff: staff(&mut dice),
            capital_wan,
            paid_per_cent: [0, 0, 20, 50, 100, 100][dice.below(6) as usize],
            person: world.group(
                index,
                shared::REPRESENTATIVE,
                &measured::REPRESENTATIVE_SHARED,
            ),
            address: world.group(index, shared::ADDRESS, &measured::ADDRESS_SHARED),
            telephone: world.group(index, shared::TELEPHONE, &measured::TELEPHONE_SHARED),
            renamed: NEVER,
            moved: NEVER,
            rescoped: NEVER,
            swapped: NEVER,
            raised: NEVER,
            sold: NEVER,
            earlier_changes: earlier_changes(&mut dice),
            site: false,
        };
        enterprise.live(world, &mut dice);
        enterprise
    }

    /// Draws the days of its life and what its class asks for.
    fn live(&mut self, world: &World, dice: &mut Dice) {
        let days = world.end - world.start;
        let mut within = |per_mille: u32| {
            let day = world.start + dice.range(0, days.max(2) - 1);
            if dice.per_mille(per_mille * days as u32 / 730) {
                day.max(self.founded + 20)
            } else {
                NEVER
            }
        };
        self.closed = within(90);
        self.troubled = if self.class == Class::Failing {
            within(5_000)
        } else {
            within(3)
        };
        self.change(world, dice);
        let site = [25, 60][usize::from(matches!(self.class, Class::Shop | Class::Scheme))];
        self.site = dice.per_cent(site);
        if self.troubled != NEVER {
            self.closed = self.troubled + dice.range(90, 400);
        }
        match self.class {
            Class::Hosted => self.address = world.host(self),
            Class::Franchise => {
                let chains = world.total / 3_000 + 1;
                self.person = world.total + dice.below(chains);
            }
            Class::Lender | Class::Fund => {
                self.capital_wan = self.capital_wan.max(1_000) * 3;
                self.paid_per_cent = 100;
                self.closed = NEVER;
            }
            Class::Host | Class::Hospital | Class::Charity => self.closed = NEVER,
            Class::Scheme => self.turn_bad(world, dice),
            _ => {}
        }
    }

    /// Draws the days on which something changes at the registry: few firms change
    /// much, most nothing.
    fn change(&mut self, world: &World, dice: &mut Dice) {
        let from = world.start.max(self.founded + 20);
        let days = (world.end - from).max(0) as u32;
        let (changing, items) = CHANGES[usize::from(self.form.is_small())];
        let changes = dice.per_mille(changing * days / CHANGES_DAYS);
        let mut on = |per_mille: u32| {
            let day = dice.range(from, world.end - 1);
            match days > 0 && dice.per_mille(per_mille) {
                true => day,
                false => NEVER,
            }
        };
        let mut item = |at: usize| on(if changes { items[at] } else { 0 });
        self.renamed = item(0);
        self.moved = item(1);
        self.rescoped = item(2);
        self.swapped = item(3);
        self.raised = item(4);
        self.sold = item(5);
        if self.class == Class::Moved {
            self.renamed = on(200 * days / 730);
            self.moved = on(600 * days / 730);
        }
    }

    /// Makes it a part of its scheme.
    fn turn_bad(&mut self, world: &World, dice: &mut Dice) {
        let Some(plan) = self.plan else { return };
        if self.index < world.stock {
            let latest = plan.setup.min(world.start) - 5;
            self.founded = if dice.per_cent(55) {
                latest - dice.range(5, 400)
            } else {
                self.founded.min(latest)
            };
        }
        let trades = plan.typology.trades();
        if dice.per_cent(80) {
            self.trade = trades[dice.below(trades.len() as u32) as usize];
        }
        self.closed = if dice.per_cent(30) && plan.finding != NEVER {
            plan.finding + dice.range(60, 300)
        } else {
            NEVER
        };
        if dice.per_cent(plan.visible.max(40)) {
            self.capital_wan = self.capital_wan.max(500) * 2;
            self.paid_per_cent = if dice.per_cent(60) { 0 } else { 20 };
            self.staff = self.staff.min(6);
        }
        if dice.per_cent(plan.visible / 2) {
            self.swapped = plan.slow + dice.range(-30, 60);
        }
        if plan.members > 1 {
            self.join_ring(world, &plan, dice);
        }
    }

    /// What the enterprises of one scheme share: not all share all of it.
    fn join_ring(&mut self, world: &World, plan: &Plan, dice: &mut Dice) {
        let together = dice.range(0, 25);
        if plan.typology == Typology::ShellRing && self.index < world.stock {
            let leader = mix(world.seed, stream::SCHEME, u64::from(plan.number), 0);
            self.founded = plan.setup.min(world.start) - 30 - (leader % 300) as i32 - together;
        }
        if dice.per_cent(60) {
            self.person = plan.mastermind(world);
        }
        if dice.per_cent(60) {
            self.address = world.total * 2 + plan.number;
        }
        if dice.per_cent(50) {
            self.telephone = world.total * 2 + plan.number;
        }
    }

    /// Its credit code.
    pub(crate) fn uscc(&self) -> [u8; 18] {
        code::credit_code(u64::from(self.index), self.form == Form::Institution)
    }

    /// Whether agencies know a 15-digit number of it: credit codes came in
    /// October 2015, and not every old number was kept.
    pub(crate) fn has_old_number(&self) -> bool {
        self.founded < OLD_NUMBERS_TO && !self.index.is_multiple_of(3)
    }

    /// The legal representative on `day`.
    pub(crate) fn representative(&self, world: &World, day: i32) -> u32 {
        if day >= self.swapped {
            self.second_person(world)
        } else {
            self.person
        }
    }

    /// Who holds most of it on `day`: mostly the representative.
    pub(crate) fn shareholder(&self, world: &World, day: i32) -> u32 {
        if day >= self.sold {
            self.second_person(world)
        } else {
            self.person
        }
    }

    /// Who decides: in a scheme one person for all, if agencies can see it.
    pub(crate) fn controller(&self, world: &World, day: i32) -> u32 {
        match self.plan {
            Some(plan) if plan.visible > 25 => plan.mastermind(world),
            _ => self.shareholder(world, day),
        }
    }

    /// Who takes over from the first person; nominees take over many.
    fn second_person(&self, world: &World) -> u32 {
        if self.has_nominee() {
            world.total + world.total / 2 + self.index / 1_000
        } else {
            world.total * 3 + self.index
        }
    }

    /// Whether who takes over is one who represents many.
    pub(crate) fn has_nominee(&self) -> bool {
        self.index
            .is_multiple_of(if self.plan.is_some() { 3 } else { 12 })
    }

    /// Changes that the registry has counted by `day`.
    pub(crate) fn changes(&self, day: i32) -> u32 {
        let days = [
            self.renamed,
            self.moved,
            self.rescoped,
            self.swapped,
            self.raised,
            self.sold,
        ];
        self.earlier_changes + days.iter().filter(|change| **change <= day).count() as u32
    }

    /// Registered capital on `day`, in 10,000 yuan.
    pub(crate) fn capital(&self, day: i32) -> u32 {
        if day >= self.raised {
            self.capital_wan * 2
        } else {
            self.capital_wan
        }
    }

    /// What it may do, as the registry writes it on `day`.
    pub(crate) fn scope(&self, day: i32) -> String {
        let scope = trade::TRADES[usize::from(self.trade)].scope;
        let more = match self.index % 8 {
            0 => "；不得从事信托、金融资产管理、证券资产管理业务",
            1 => "（依法须经批准的项目，经相关部门批准后方可开展经营活动）",
            2 => "；经济信息咨询",
            _ => "",
        };
        let later = if day >= self.rescoped {
            "；信息咨询服务；市场营销策划"
        } else {
            ""
        };
        format!("{scope}{later}{more}")
    }

    /// What the registry says of it on `day`.
    pub(crate) fn status(&self, day: i32) -> &'static str {
        match (day >= self.closed, self.is_revoked()) {
            (false, _) => "存续",
            (true, true) => "吊销",
            (true, false) => "注销",
        }
    }

    /// Whether it is struck off by the registry when its time comes.
    pub(crate) fn is_revoked(&self) -> bool {
        self.index.is_multiple_of(5)
    }

    /// The number of its site: members of a scheme share one, or do not.
    pub(crate) fn site_number(&self) -> u32 {
        match self.plan {
            Some(plan) if self.index.is_multiple_of(2) => plan.first,
            _ => self.index,
        }
    }

    /// Owner and serial number of an account that an event speaks of. Persons'
    /// accounts belong to the scheme, so several enterprises may use one.
    pub(crate) fn account(&self, account: AccountOf) -> (u64, u32) {
        let own = u64::from(self.index);
        match account {
            AccountOf::First => (own, 0),
            AccountOf::Own(serial) => (own, serial),
            AccountOf::Person(serial) => {
                let first = self.plan.map_or(self.index, |plan| plan.first);
                (PERSONAL + u64::from(first), serial)
            }
        }
    }

    /// Where it is registered on `day`.
    pub(crate) fn place(&self, world: &World, day: i32) -> Place {
        Place::of(world, self, day)
    }
}

/// Owners of accounts that persons hold are numbered from here on.
const PERSONAL: u64 = 5_000_000_000;

/// The day number of 2015-10-01.
const OLD_NUMBERS_TO: i32 = 16_709;

/// Changes that the registry has counted before the first day.
fn earlier_changes(dice: &mut Dice) -> u32 {
    let at = dice.weighted(EARLIER_CHANGES.iter().map(|(share, _)| *share));
    EARLIER_CHANGES[at].1
}

fn staff(dice: &mut Dice) -> u32 {
    let factor = 1 + dice.below(10);
    match dice.below(1_000) {
        0..180 => 0,
        180..650 => factor,
        650..920 => factor * 4,
        920..990 => factor * 15,
        _ => factor * 80,
    }
}
