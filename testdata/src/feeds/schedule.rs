//! When an agency delivers: lag, cadence, lateness, silence.

use serde::Deserialize;

use super::feed::Feed;
use crate::calendar::{civil, from_civil, month_of};
use crate::event::Event;
use crate::random::Dice;
use crate::world::{World, month_start};

/// On which days a feed delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Cadence {
    #[default]
    Daily,
    /// On Mondays.
    Weekly,
    /// On the 5th.
    Monthly,
    /// On the 5th of January, April, July, October.
    Quarterly,
    /// On 5 January.
    Yearly,
}

impl Cadence {
    /// The first day of delivery from `day` on.
    pub(crate) fn from(self, day: i32) -> i32 {
        let every = match self {
            Cadence::Daily => return day,
            // 1970-01-05 was a Monday.
            Cadence::Weekly => return day + (4 - day).rem_euclid(7),
            Cadence::Monthly => 1,
            Cadence::Quarterly => 3,
            Cadence::Yearly => 12,
        };
        let (year, month, _) = civil(day);
        let mut month = year * 12 + month - 1;
        loop {
            let fifth = from_civil(month.div_euclid(12), month.rem_euclid(12) + 1, 5);
            if month % every == 0 && fifth >= day {
                return fifth;
            }
            month += 1;
        }
    }
}

/// The day on which a feed delivers an event, `after` days later than it could.
pub(super) fn day(world: &World, feed: &Feed, event: &Event, dice: &mut Dice, after: i32) -> i32 {
    let late = if dice.ppm(feed.dirt.late) {
        dice.range(10, 45)
    } else {
        0
    };
    let lag = dice.range(feed.lag.0, feed.lag.1);
    // What is older than the city is there when the city begins.
    let ready = if event.told + lag <= world.start {
        world.start
    } else {
        event.told + lag + late
    };
    let day = feed.cadence.from(ready + after);
    match feed.silent {
        Some(silent) if month_of(day) == silent => feed.cadence.from(month_start(silent + 1)),
        _ => day,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cadences_fall_on_their_days() {
        let day = from_civil(2024, 1, 6);
        assert_eq!(Cadence::Weekly.from(day), from_civil(2024, 1, 8));
        assert_eq!(
            Cadence::Weekly.from(from_civil(2024, 1, 8)),
            from_civil(2024, 1, 8)
        );
        assert_eq!(Cadence::Monthly.from(day), from_civil(2024, 2, 5));
        assert_eq!(Cadence::Quarterly.from(day), from_civil(2024, 4, 5));
        assert_eq!(Cadence::Yearly.from(day), from_civil(2025, 1, 5));
        assert_eq!(
            Cadence::Yearly.from(from_civil(2025, 1, 5)),
            from_civil(2025, 1, 5)
        );
    }
}
