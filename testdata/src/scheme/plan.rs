//! A scheme's plan: when it sets up, promotes itself, takes money in, pays some
//! back, slows down and collapses, and how much of it agencies can see.

use super::typology::{Role, Typology};
use crate::event::NEVER;
use crate::random::{Dice, mix, stream};
use crate::world::World;

/// Where a scheme is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Before,
    SetUp,
    Promotion,
    Intake,
    Payback,
    SlowDown,
    Collapse,
    After,
}

/// A scheme's plan. Dates are days since 1970-01-01.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// The scheme's number in the city.
    pub(crate) number: u32,
    pub(crate) typology: Typology,
    /// The first of its enterprises; the others are its neighbours.
    pub(crate) first: u32,
    pub(crate) members: u32,
    pub(crate) setup: i32,
    pub(crate) promotion: i32,
    pub(crate) intake: i32,
    pub(crate) payback: i32,
    pub(crate) slow: i32,
    pub(crate) collapse: i32,
    /// [`NEVER`]: nobody complains.
    pub(crate) first_complaint: i32,
    /// When the outcome of a check is written down.
    pub(crate) finding: i32,
    /// When an earlier check ended in a repair, or [`NEVER`].
    pub(crate) repaired: i32,
    /// How large it grows: 1 to 10.
    pub(crate) size: u32,
    /// Per cent of the traces that it leaves: few for the hard ones.
    pub(crate) visible: u32,
    /// Works without shop window and without the words that lists know.
    pub(crate) quiet: bool,
}

impl Plan {
    /// Draws scheme `number`, whose slot begins at `from` and has room for
    /// `room` enterprises.
    pub(crate) fn draw(world: &World, number: u32, from: u32, room: u32) -> Plan {
        let mut dice = Dice::new(world.seed, stream::PLAN, u64::from(number), 0);
        let typology = dealt(world.seed, number);
        let (few, many) = typology.members();
        let members = (few + dice.below(many - few + 1)).min(room / 2 + 1);
        let first = from + dice.below(room - members + 1);
        let promotion = promotion(world, first, typology, &mut dice);
        let slow_ramp = if typology == Typology::SlowRamp { 2 } else { 1 };
        let intake = promotion + dice.range(10, 45) * slow_ramp;
        let payback = intake + dice.range(20, 70) * slow_ramp;
        let caught_early = dice.per_cent(12);
        let slow = payback
            + if caught_early {
                30
            } else {
                dice.range(60, 330) * slow_ramp
            };
        let collapse = slow + dice.range(20, 120);
        let mut plan = Plan {
            number,
            typology,
            first,
            members,
            setup: promotion - dice.range(20, 90),
            promotion,
            intake,
            payback,
            slow,
            collapse,
            first_complaint: if dice.per_cent(25) {
                dice.range(intake, slow)
            } else {
                slow + dice.range(-20, 25)
            },
            finding: collapse + dice.range(15, 75),
            repaired: NEVER,
            size: 1 + dice.below(10),
            visible: [100, 100, 100, 55, 55, 55, 25, 25, 8, 8][dice.below(10) as usize],
            quiet: dice.per_cent(30) || typology == Typology::PersonalAccounts,
        };
        plan.bend(world, &mut dice);
        plan
    }

    /// What three typologies do otherwise.
    fn bend(&mut self, world: &World, dice: &mut Dice) {
        match self.typology {
            Typology::NoComplaint => {
                self.first_complaint = NEVER;
                self.slow = self.slow.max(world.end + dice.range(20, 120));
                self.collapse = self.slow + dice.range(30, 120);
                self.finding = NEVER;
            }
            Typology::Relapse => self.repaired = self.promotion - dice.range(60, 160),
            _ => {}
        }
    }

    /// The phase on `day`.
    pub(crate) fn phase(&self, day: i32) -> Phase {
        let steps = [
            (self.setup, Phase::Before),
            (self.promotion, Phase::SetUp),
            (self.intake, Phase::Promotion),
            (self.payback, Phase::Intake),
            (self.slow, Phase::Payback),
            (self.collapse, Phase::SlowDown),
            (self.collapse + 90, Phase::Collapse),
        ];
        let next = steps.iter().find(|(until, _)| day < *until);
        next.map_or(Phase::After, |(_, phase)| *phase)
    }

    /// The part that an enterprise of the scheme plays.
    pub(crate) fn role(&self, index: u32) -> Role {
        let place = index - self.first;
        match (place, self.members - 1 - place) {
            (0, _) => Role::Organiser,
            (_, 0) if self.members > 2 => Role::Collector,
            (1, _) if self.members < 5 => Role::Helper,
            (_, 1) => Role::Helper,
            _ => Role::Shell,
        }
    }

    /// How many accounts it collects on.
    pub(crate) fn accounts(&self) -> u32 {
        1 + self.size / 3
    }

    /// Whether the money goes to persons.
    pub(crate) fn collects_on_persons(&self) -> bool {
        self.typology == Typology::PersonalAccounts || (self.quiet && self.size.is_multiple_of(3))
    }

    /// The person behind all of its enterprises.
    pub(crate) fn mastermind(&self, world: &World) -> u32 {
        world.total * 2 + self.number
    }
}

/// Every round of twelve schemes has every typology once.
fn dealt(seed: u64, number: u32) -> Typology {
    let all = Typology::ALL.len() as u32;
    let turn = (mix(seed, stream::SLOT, u64::from(number / all), 1) % u64::from(all)) as u32;
    Typology::ALL[((number % all) * 5 + turn) as usize % Typology::ALL.len()]
}

/// When it begins to promote itself: some before the city's first day, some so
/// late that they are not over at its end.
fn promotion(world: &World, first: u32, typology: Typology, dice: &mut Dice) -> i32 {
    let span = world.end - world.start;
    let late = (world.end - 40).max(world.start);
    if first >= world.stock {
        return world.founded(first) + dice.range(20, 120);
    }
    match typology {
        Typology::NoComplaint => world.end - dice.range(60, 240),
        Typology::Relapse => dice.range(world.start + span / 6 + 20, late),
        _ => dice.range(world.start - 200, late),
    }
}
