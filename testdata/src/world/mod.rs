//! The enterprises of the city. Each is a pure function of the seed, its index
//! and the city's size: nothing is held, so memory does not grow with them.

pub(crate) mod capital;
pub(crate) mod class;
mod enterprise;
pub(crate) mod form;
pub(crate) mod measured;
pub(crate) mod name;
pub(crate) mod people;
pub(crate) mod place;
mod shared;
pub(crate) mod trade;

use jiff::Span;

use crate::calendar::{civil, day_number, from_civil, month_of};
use crate::city::CityParams;
use crate::random::{Dice, stream};
use crate::scheme::{Plan, Typology};
pub(crate) use enterprise::Enterprise;

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
        Enterprise::draw(self, index)
    }

    /// The number of the group that `index` shares something with.
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
