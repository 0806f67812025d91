//! The city: its enterprises, its hidden schemes, and a day's deliveries.

use jiff::Span;
use jiff::civil::Date;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::agency;
use crate::calendar::day_number;
use crate::enterprise::{Enterprise, Role};
use crate::random::keyed;
use crate::scheme::{Plan, Scheme, Typology};

/// What determines a city, down to the last byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CityParams {
    /// How many enterprises there are on the first day.
    pub enterprises: u32,
    /// Another seed is another city.
    pub seed: u64,
    /// The first day of deliveries.
    pub start: Date,
    /// For how many months enterprises are founded and schemes begin. Days
    /// beyond are delivered too, and grow quiet.
    pub months: u32,
    /// How many of 100,000 enterprises raise money illegally at some time.
    pub schemes_per_100k: u32,
    /// New enterprises a month, in thousandths of the first day's number.
    pub founded_per_mille: u32,
}

impl Default for CityParams {
    fn default() -> Self {
        CityParams {
            enterprises: 20_000,
            seed: 1,
            start: jiff::civil::date(2025, 1, 1),
            months: 12,
            schemes_per_100k: 300,
            founded_per_mille: 6,
        }
    }
}

/// Bytes to append to one file below the landing folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Relative, with `/`: `msa/penalty/2025-03.csv`.
    pub path: String,
    /// Complete lines; the header first when this opens the file.
    pub bytes: Vec<u8>,
}

/// A simulated city.
#[derive(Debug)]
pub struct City {
    seed: u64,
    start: i32,
    /// The first day on which nothing new begins.
    end: i32,
    stock: u32,
    /// In the order of founding; the first `stock` are older than the city.
    enterprises: Vec<Enterprise>,
    roles: Vec<(Role, Vec<u32>)>,
    plans: Vec<Plan>,
}

impl City {
    /// Founds the city. Cost and memory grow with the number of enterprises.
    pub fn new(params: CityParams) -> City {
        let start = day_number(params.start);
        let months = Span::new().months(i64::from(params.months.clamp(1, 1_200)));
        let end = params
            .start
            .checked_add(months)
            .map_or(start + 31, day_number);
        let mut city = City {
            seed: params.seed,
            start,
            end,
            stock: params.enterprises.max(1),
            enterprises: Vec::new(),
            roles: Vec::new(),
            plans: Vec::new(),
        };
        city.found(&params);
        city.plot(params.schemes_per_100k);
        city.sort_roles();
        city
    }

    /// Draws the enterprises there are and those to come.
    fn found(&mut self, params: &CityParams) {
        let to_come = u64::from(self.stock) * u64::from(params.founded_per_mille) / 1_000;
        let to_come = (to_come * u64::from(params.months)) as u32;
        let total = self.stock + to_come;
        let days = i64::from(self.end - self.start - 1).max(1);
        for index in 0..total {
            let founded = match index.checked_sub(self.stock) {
                None => self.start - age(self.seed, index),
                Some(later) => {
                    self.start + 1 + (i64::from(later) * days / i64::from(to_come)) as i32
                }
            };
            let drawn = Enterprise::draw(self.seed, index, total, self.start, founded);
            self.enterprises.push(drawn);
        }
    }

    /// Draws the schemes and the enterprises behind them.
    fn plot(&mut self, per_100k: u32) {
        let total = self.enterprises.len() as u64;
        let wanted = ((total * u64::from(per_100k) + 50_000) / 100_000)
            .min(u64::from(self.stock) / 4) as u32;
        let mut ring = 0;
        while (self.plans.len() as u32) < wanted {
            let typology = Typology::ALL[(ring % 6) as usize];
            let mut rng = keyed(self.seed, 2, i64::from(ring), 0);
            let promotion = rng.gen_range(self.start - 200..self.end - 20);
            let plan = Plan::draw(&mut rng, typology, promotion);
            // Every second private fund is a ring of three shells.
            let members = if ring % 12 == 4 { 3 } else { 1 };
            for _ in 0..members {
                let enterprise = self.front(&mut rng, plan.setup);
                let ringed = members > 1;
                self.enterprises[enterprise as usize].turn_bad(
                    self.plans.len() as u32,
                    ring,
                    ringed,
                );
                self.dress(enterprise, typology);
                self.plans.push(Plan {
                    enterprise,
                    ..plan.clone()
                });
            }
            ring += 1;
        }
    }

    /// An ordinary enterprise, founded before `setup`, that becomes a front:
    /// some are founded for it, most are bought or were always there.
    fn front(&mut self, rng: &mut ChaCha8Rng, setup: i32) -> u32 {
        loop {
            let known = self.founded_by(setup - 1);
            let new = known > self.stock && rng.gen_range(0..100u32) < 40;
            let index = if new {
                rng.gen_range(self.stock..known)
            } else {
                rng.gen_range(0..self.stock)
            };
            let young = rng.gen_range(0..100u32) < 60;
            let days = rng.gen_range(10..200);
            let front = &mut self.enterprises[index as usize];
            if matches!(front.role, Role::Scheme(_)) {
                continue;
            }
            let before = setup.min(self.start);
            if !new {
                front.founded = if young {
                    before - days
                } else {
                    front.founded.min(before - 10)
                };
            }
            return index;
        }
    }

    /// Gives a front the looks of its typology.
    fn dress(&mut self, enterprise: u32, typology: Typology) {
        use crate::enterprise::sector;
        let front = &mut self.enterprises[enterprise as usize];
        front.sector = match typology {
            Typology::ConsumerRebate => sector::SHOP,
            Typology::ElderlyCare => sector::ELDERLY,
            Typology::LeaseBack => 10,
            Typology::VirtualCurrency => 3,
            Typology::PrivateFund if enterprise.is_multiple_of(3) => sector::WEALTH,
            Typology::PrivateFund => sector::ASSETS,
            Typology::PersonalAccounts => 2,
        };
        if typology != Typology::PersonalAccounts {
            front.capital_wan = front.capital_wan.max(1_000) * 2;
            front.paid_wan = 0;
            front.staff = front.staff.min(6);
        }
    }

    fn sort_roles(&mut self) {
        let mut members: Vec<(Role, u32)> = Vec::new();
        for (index, enterprise) in self.enterprises.iter().enumerate() {
            if !matches!(enterprise.role, Role::Ordinary | Role::Scheme(_)) {
                members.push((enterprise.role, index as u32));
            }
        }
        members.sort_unstable();
        for (role, index) in members {
            match self.roles.last_mut() {
                Some((last, list)) if *last == role => list.push(index),
                _ => self.roles.push((role, vec![index])),
            }
        }
    }

    /// Every file the agencies deliver on `day`, in order. Empty before the
    /// first day. The same day gives the same bytes whenever it is asked for.
    pub fn day(&mut self, day: Date) -> Vec<Delivery> {
        let day = day_number(day);
        if day < self.start {
            return Vec::new();
        }
        agency::deliver(self, day)
    }

    /// The hidden truth. The engine never reads it.
    pub fn truth(&self) -> Vec<Scheme> {
        let date = |day: i32| jiff::civil::date(1970, 1, 1).saturating_add(Span::new().days(day));
        let scheme = |plan: &Plan| Scheme {
            uscc: self.enterprises[plan.enterprise as usize].uscc(plan.enterprise),
            typology: plan.typology,
            start: date(plan.promotion),
            first_complaint: date(plan.first_complaint),
            collapse: date(plan.collapse),
        };
        self.plans.iter().map(scheme).collect()
    }

    /// Whether `day` is the first day of deliveries.
    pub(crate) fn is_first(&self, day: Date) -> bool {
        day_number(day) == self.start
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    pub(crate) fn start(&self) -> i32 {
        self.start
    }

    pub(crate) fn stock(&self) -> u32 {
        self.stock
    }

    pub(crate) fn enterprises(&self) -> &[Enterprise] {
        &self.enterprises
    }

    pub(crate) fn roles(&self) -> &[(Role, Vec<u32>)] {
        &self.roles
    }

    pub(crate) fn plans(&self) -> &[Plan] {
        &self.plans
    }

    /// The plan of an enterprise, if it has one.
    pub(crate) fn plan_of(&self, enterprise: u32) -> Option<&Plan> {
        match self.enterprises[enterprise as usize].role {
            Role::Scheme(scheme) => Some(&self.plans[scheme as usize]),
            _ => None,
        }
    }

    /// How many enterprises have been registered by `day`: the first so many.
    pub(crate) fn founded_by(&self, day: i32) -> u32 {
        let to_come = &self.enterprises[self.stock as usize..];
        self.stock + to_come.partition_point(|later| later.founded <= day) as u32
    }
}

/// Days that an enterprise of the first day is old: from one to 45 years, the
/// younger the more.
fn age(seed: u64, index: u32) -> i32 {
    let mut rng = keyed(seed, 3, i64::from(index), 0);
    let oldest = rng.gen_range(1..=45);
    rng.gen_range(0..oldest) * 365 + rng.gen_range(1..=365)
}
