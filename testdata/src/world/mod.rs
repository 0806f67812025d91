//! The enterprises of the city. Each is a pure function of the seed, its index
//! and the city's size: nothing is held, so memory does not grow with them.

pub(crate) mod capital;
pub(crate) mod class;
pub(crate) mod form;
mod measured;
pub(crate) mod name;
pub(crate) mod people;
pub(crate) mod place;
mod shared;
pub(crate) mod trade;

use jiff::Span;

use crate::calendar::{civil, day_number, from_civil, month_of};
use crate::city::CityParams;
use crate::code;
use crate::event::{AccountOf, NEVER};
use crate::random::{Dice, mix, stream};
use crate::scheme::{Plan, Typology};
use class::Class;
use form::Form;
use place::Place;

/// Of 100 enterprises so many are still there a year later; the sample counts
/// registrations, the city counts survivors.
const SURVIVE: u64 = 93;

/// What the whole city is made of: numbers only.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) seed: u64,
    /// Enterprises that are older than the first day.
    pub(crate) stock: u32,
    /// With those that are founded later.
    pub(crate) total: u32,
    pub(crate) start: i32,
    /// The first day after the simulated time.
    pub(crate) end: i32,
    /// Months since 1970 of the first day.
    pub(crate) first_month: i32,
    pub(crate) months: u32,
    pub(crate) schemes: u32,
    /// Indices a scheme's slot.
    spacing: u32,
    /// One in so many is a host of addresses.
    hosts: u32,
    /// Ages in years and how many are at most so old, of the last one's number.
    ages: Vec<(i32, u64)>,
}

impl World {
    pub(crate) fn new(params: &CityParams) -> World {
        let start = day_number(params.start);
        let months = params.months.clamp(1, 1_200);
        let span = Span::new().months(i64::from(months));
        let end = params
            .start
            .checked_add(span)
            .map_or(start + 31, day_number);
        let stock = params.enterprises.max(1);
        let to_come = u64::from(stock) * u64::from(params.founded_per_mille) / 1_000;
        let total = stock + (to_come * u64::from(months)) as u32;
        let schemes = schemes(total, params.schemes_per_100k);
        World {
            seed: params.seed,
            stock,
            total,
            start,
            end,
            first_month: month_of(start),
            months,
            schemes,
            spacing: total / schemes.max(1),
            hosts: (total / (1 + total / 20_000)).max(2),
            ages: ages(),
        }
    }

    /// How many enterprises have been registered by `day`: the first so many.
    pub(crate) fn known(&self, day: i32) -> u32 {
        let to_come = i64::from(self.total - self.stock);
        let days = i64::from(self.end - self.start - 1).max(1);
        let passed = i64::from(day - self.start - 1);
        if passed < 0 || to_come == 0 {
            return self.stock;
        }
        let come = (passed * to_come + to_come - 1) / days + 1;
        let mut known = self.stock + come.min(to_come) as u32;
        while known > self.stock && self.founded(known - 1) > day {
            known -= 1;
        }
        known
    }

    /// The day on which enterprise `index` was founded, unless a scheme needs
    /// another.
    pub(crate) fn founded(&self, index: u32) -> i32 {
        let Some(later) = index.checked_sub(self.stock) else {
            return self.start - self.age(index);
        };
        let days = i64::from(self.end - self.start - 1).max(1);
        let to_come = i64::from(self.total - self.stock);
        self.start + 1 + (i64::from(later) * days / to_come) as i32
    }

    /// Days that an enterprise of the first day is old.
    fn age(&self, index: u32) -> i32 {
        let mut dice = Dice::new(self.seed, stream::AGE, u64::from(index), 0);
        let all = self.ages.last().map_or(1, |last| last.1);
        let draw = dice.next() % all;
        let at = self.ages.partition_point(|(_, sum)| *sum <= draw);
        let years = self.ages.get(at).map_or(0, |age| age.0);
        years * 365 + dice.range(1, 365)
    }

    /// The plan of the scheme that `index` belongs to.
    pub(crate) fn plan_of(&self, index: u32) -> Option<Plan> {
        let number = index / self.spacing.max(1);
        if number >= self.schemes {
            return None;
        }
        let plan = self.plan(number);
        (index >= plan.first && index < plan.first + plan.members).then_some(plan)
    }

    /// The plan of a scheme.
    pub(crate) fn plan(&self, number: u32) -> Plan {
        Plan::draw(self, number, number * self.spacing, self.spacing)
    }

    /// An enterprise that another deals with; not one in particular.
    pub(crate) fn anybody(&self, dice: &mut Dice) -> u32 {
        dice.below(self.stock)
    }

    /// Who keeps the books of `of`: one agent has a hundred clients.
    pub(crate) fn bookkeeper(&self, of: &Enterprise) -> u32 {
        let agents = self.stock / 100 + 1;
        (of.index % agents) * 100 % self.stock
    }

    /// The enterprise that hosts the address of `of`.
    pub(crate) fn host(&self, of: &Enterprise) -> u32 {
        let hosts = (self.total / self.hosts).max(1);
        (of.index % hosts) * self.hosts + HOST_PLACE
    }

    /// Enterprise `index`.
    pub(crate) fn enterprise(&self, index: u32) -> Enterprise {
        let mut dice = Dice::new(self.seed, stream::ENTERPRISE, u64::from(index), 0);
        let plan = self.plan_of(index);
        let class = match plan {
            Some(_) => Class::Scheme,
            None if index % self.hosts == HOST_PLACE => Class::Host,
            None => Class::drawn(dice.below(100_000)),
        };
        let drawn_form = Form::drawn(dice.weighted(measured::FORMS.iter().copied()));
        let form = class.form().unwrap_or(drawn_form);
        let trade = class
            .trade()
            .unwrap_or_else(|| trade::by_weight(dice.next()));
        let founded = self.founded(index);
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
            person: self.group(
                index,
                shared::REPRESENTATIVE,
                &measured::REPRESENTATIVE_SHARED,
            ),
            address: self.group(index, shared::ADDRESS, &measured::ADDRESS_SHARED),
            telephone: self.group(index, shared::TELEPHONE, &measured::TELEPHONE_SHARED),
            renamed: NEVER,
            moved: NEVER,
            rescoped: NEVER,
            swapped: NEVER,
            raised: NEVER,
            sold: NEVER,
            earlier_changes: [0, 0, 0, 1, 1, 2, 3, 5][dice.below(8) as usize],
            site: false,
        };
        enterprise.live(self, &mut dice);
        enterprise
    }

    fn group(&self, index: u32, stride: u64, shares: &[(u32, u32)]) -> u32 {
        shared::group(index, self.total, stride, shares)
    }
}

/// Hosts are at this place of every stretch of indices.
const HOST_PLACE: u32 = 1;

/// How many schemes there are: at least one a typology, unless the city is
/// smaller than that. A scheme has about two enterprises.
fn schemes(total: u32, per_100k: u32) -> u32 {
    if per_100k == 0 {
        return 0;
    }
    let wanted = u64::from(total) * u64::from(per_100k) / 220_000;
    let least = Typology::ALL.len() as u64;
    wanted.max(least).min(u64::from(total) / 12).max(1) as u32
}

fn ages() -> Vec<(i32, u64)> {
    let mut sum = 0;
    let mut ages = Vec::new();
    for (year, registered) in measured::YEARS.iter().rev() {
        let age = measured::SAMPLED_TO - 1 - year;
        let mut left = u64::from(*registered) * 1_000_000;
        for _ in 0..age {
            left = left * SURVIVE / 100;
        }
        sum += left;
        ages.push((age, sum));
    }
    ages
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
        let moves = if self.class == Class::Moved { 8 } else { 1 };
        self.renamed = within(25 * moves);
        self.moved = within(75 * moves);
        self.rescoped = within(90);
        self.swapped = within(55);
        self.raised = within(45);
        self.sold = within(55);
        self.closed = within(90);
        self.troubled = if self.class == Class::Failing {
            within(5_000)
        } else {
            within(3)
        };
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

/// The first day of a month since 1970.
pub(crate) fn month_start(month: i32) -> i32 {
    from_civil(1970 + month.div_euclid(12), month.rem_euclid(12) + 1, 1)
}

/// Month of the year of a month since 1970: 1 to 12.
pub(crate) fn month_of_year(month: i32) -> i32 {
    month.rem_euclid(12) + 1
}

/// The year of a day.
pub(crate) fn year_of(day: i32) -> i32 {
    civil(day).0
}
