//! Where enterprises are: district, street, address, telephone, e-mail, domain.

use super::measured::DISTRICTS as SHARES;
use super::{Enterprise, World};
use crate::random::{Dice, mix, stream};

/// Districts of the city, the largest first.
pub(crate) const DISTRICTS: [&str; 8] = [
    "滨城区",
    "港湾区",
    "东岭区",
    "西河区",
    "南屿区",
    "北原区",
    "高新区",
    "临港区",
];

const STREETS: [&str; 8] = [
    "中心", "新安", "西湾", "石桥", "龙潭", "向阳", "沙河", "云山",
];

const ROADS: [&str; 16] = [
    "解放路",
    "人民路",
    "海滨大道",
    "中山路",
    "建设路",
    "文化路",
    "科技路",
    "港口路",
    "学府路",
    "迎宾路",
    "金山路",
    "环城路",
    "和平路",
    "新华路",
    "光明路",
    "工业大道",
];

/// An address: its number fixes everything about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) number: u32,
    pub(crate) district: u8,
    street: u8,
    road: u8,
}

impl Place {
    /// Where an enterprise is registered on `day`.
    pub(crate) fn of(world: &World, of: &Enterprise, day: i32) -> Place {
        let moved = day >= of.moved;
        Place::numbered(
            world,
            if moved {
                of.address ^ MOVED
            } else {
                of.address
            },
        )
    }

    fn numbered(world: &World, number: u32) -> Place {
        let mut dice = Dice::new(world.seed, stream::ADDRESS, u64::from(number), 0);
        Place {
            number,
            district: dice.weighted(SHARES.iter().copied()) as u8,
            street: dice.below(STREETS.len() as u32) as u8,
            road: dice.below(ROADS.len() as u32) as u8,
        }
    }

    pub(crate) fn district(self) -> &'static str {
        DISTRICTS[usize::from(self.district)]
    }

    pub(crate) fn street(self) -> String {
        format!("{}街道", STREETS[usize::from(self.street)])
    }

    /// The postal address. Rooms of a house are given out one after another.
    pub(crate) fn text(self) -> String {
        format!(
            "滨海市{}{}街道{}{}号{}室",
            self.district(),
            STREETS[usize::from(self.street)],
            ROADS[usize::from(self.road)],
            self.number / 40 + 1,
            101 + self.number % 40
        )
    }
}

/// The bit that tells an enterprise's second address from its first.
const MOVED: u32 = 1 << 30;

/// A mobile number of a range that no operator has.
pub(crate) fn phone(seed: u64, number: u32) -> String {
    let digits = mix(seed, stream::STYLE, u64::from(number), 1) % 100_000;
    format!("100{:04}{digits:05}", number % 10_000)
}

/// The domain of enterprise `index`: under a name that cannot be registered.
pub(crate) fn domain(index: u32) -> String {
    format!("bh{index:x}.example")
}

/// The mailbox that goes with a telephone: who shares one shares the other.
pub(crate) fn email(telephone: u32) -> String {
    format!("office{telephone:x}@mail.example")
}
