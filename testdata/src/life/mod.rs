//! Ordinary life: what happens to an enterprise in a month. A pure function of
//! the world, the enterprise and the month; what a scheme adds is in
//! [`crate::scheme`], what banks notice in [`crate::money`].

mod class_rates;
mod detail;
mod figures;
mod floor;
mod licence;
pub(crate) mod measured;
mod rates;
mod registry;
mod text;

pub(crate) use detail::fill;
pub(crate) use figures::revenue;

use crate::calendar::month_of;
use crate::event::Events;
use crate::random::{Dice, mix, stream};
use crate::world::{Enterprise, World, month_of_year, month_start};
use crate::{money, scheme};

/// One enterprise's month, and the dice that decide it.
pub(crate) struct Month<'a> {
    pub(crate) world: &'a World,
    pub(crate) of: &'a Enterprise,
    /// Months since 1970.
    pub(crate) month: i32,
    /// The first day, or the founding day in the month of founding.
    pub(crate) from: i32,
    /// The last day on which it lives.
    pub(crate) to: i32,
    /// Agencies report it for the first time.
    pub(crate) fresh: bool,
    pub(crate) dice: Dice,
}

impl<'a> Month<'a> {
    /// The month, unless the enterprise does not live in it.
    fn of(world: &'a World, of: &'a Enterprise, month: i32) -> Option<Month<'a>> {
        let from = month_start(month).max(of.founded);
        let to = (month_start(month + 1) - 1).min(of.closed);
        if from > to || of.closed < world.start {
            return None;
        }
        let key = u64::from(of.index) << 16 | month as u64;
        Some(Month {
            world,
            of,
            month,
            from,
            to,
            fresh: month == world.first_month || of.founded >= month_start(month),
            dice: Dice::new(world.seed, stream::LIFE, key, 0),
        })
    }

    /// A day of the month on which it lives.
    pub(crate) fn day(&mut self) -> i32 {
        self.dice.range(self.from, self.to)
    }

    /// Whether `day` is one of the month.
    pub(crate) fn has(&self, day: i32) -> bool {
        (self.from..=self.to).contains(&day)
    }

    /// The day on which something that is already so began: long ago for the
    /// first day's stock, soon after the founding for the others.
    fn began(&mut self) -> i32 {
        if self.of.founded < self.world.start {
            let back = self.dice.range(1, 500);
            (self.world.start - back).max(self.of.founded)
        } else {
            self.of.founded + self.dice.range(1, 25)
        }
    }

    /// Whether this is the month of the year in which figure `what` is reported
    /// again: the first time in the second year.
    fn due(&self, what: u64) -> bool {
        let turn = mix(
            self.world.seed,
            stream::FIGURE,
            u64::from(self.of.index),
            what,
        ) % 12;
        self.month - month_of(self.of.founded).max(self.world.first_month) > 11
            && month_of_year(self.month) - 1 == turn as i32
    }

    /// A property of the enterprise that never changes: true for `per_cent`.
    fn has_trait(&self, what: u64, per_cent: u64) -> bool {
        mix(
            self.world.seed,
            stream::STYLE,
            u64::from(self.of.index),
            what,
        ) % 100
            < per_cent
    }
}

/// Everything that happens to an enterprise in a month since 1970.
pub(crate) fn live(world: &World, of: &Enterprise, month: i32, out: &mut Events) {
    out.clear(month);
    let Some(mut month) = Month::of(world, of, month) else {
        return;
    };
    registry::happen(&mut month, out);
    figures::happen(&mut month, out);
    licence::happen(&mut month, out);
    rates::happen(&mut month, out);
    floor::happen(&mut month, out);
    class_rates::happen(&mut month, out);
    money::happen(&mut month, out);
    scheme::happen(&mut month, out);
}
