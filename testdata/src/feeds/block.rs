//! A block of enterprises in a month: their events, as every agency will deliver
//! them. Blocks are independent of each other, so threads can share them out.

use super::dirt::break_row;
use super::feed::{Feed, Feeds, Mode};
use super::file::write;
use super::row::{Fields, Row, Version};
use super::schedule::day;
use crate::event::{Event, Events, NEVER};
use crate::life::live;
use crate::random::{Dice, mix, stream};
use crate::world::{Enterprise, World, month_start};

/// Enterprises of one block.
pub(crate) const BLOCK: u32 = 4_096;

/// One row on its way into a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    pub(crate) feed: u16,
    /// The day of delivery.
    pub(crate) day: i32,
    /// The first day on which it is no longer in force; for snapshots.
    pub(crate) until: i32,
    pub(crate) bytes: u32,
}

/// The rows of a block, in the order in which they came about.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) bytes: Vec<u8>,
}

/// Blocks of a month: those of enterprises that are known by its end.
pub(crate) fn blocks(world: &World, month: i32) -> u32 {
    world.known(month_start(month + 1) - 1).div_ceil(BLOCK)
}

/// Generates block `number` of a month.
pub(crate) fn generate(world: &World, feeds: &Feeds, month: i32, number: u32) -> Block {
    let known = world.known(month_start(month + 1) - 1);
    let from = number * BLOCK;
    let mut writer = Writer {
        world,
        feeds,
        block: Block::default(),
        fields: Fields::default(),
        line: String::new(),
    };
    let mut events = Events::default();
    for index in from..known.min(from + BLOCK) {
        let of = world.enterprise(index);
        live(world, &of, month, &mut events);
        for event in &events.list {
            writer.event(&of, event);
        }
    }
    writer.block
}

struct Writer<'a> {
    world: &'a World,
    feeds: &'a Feeds,
    block: Block,
    fields: Fields,
    line: String,
}

impl Writer<'_> {
    /// Lets every feed that sees an event write it down.
    fn event(&mut self, of: &Enterprise, event: &Event) {
        let feeds = self.feeds;
        let id = event.id(of.index);
        let share = (mix(self.world.seed, stream::SHARE, id, 0) % 100) as u32;
        for place in feeds.seeing(event.kind as usize, event.topic) {
            let feed = &feeds.list[usize::from(*place)];
            if (feed.share.0..feed.share.1).contains(&share) {
                self.row(of, event, feed, *place);
            }
        }
    }

    /// A row with what goes wrong with it.
    fn row(&mut self, of: &Enterprise, event: &Event, feed: &Feed, place: u16) {
        let id = event.id(of.index);
        let mut dice = Dice::new(self.world.seed, stream::DIRT, id, feed.key);
        let due = day(self.world, feed, event, &mut dice, 0);
        if due >= self.world.end {
            return;
        }
        let style = dice.clone();
        let again = dice.ppm(feed.dirt.duplicate);
        let row = Row {
            world: self.world,
            of,
            event,
            feed,
            version: Version::First,
        };
        row.fill(&mut self.fields, style.clone());
        self.put(of, event, feed, place, due);
        if feed.mode == Mode::Snapshot {
            return;
        }
        if again {
            self.put(of, event, feed, place, due);
        }
        let dirt = feed.dirt;
        if let Some(fault) = dirt.fault(&mut dice) {
            self.fields = break_row(feed, &self.fields, fault, &mut dice);
            self.put(of, event, feed, place, due);
        }
        let version = match dice.below(1_000_000) {
            draw if draw < dirt.corrected => Version::Corrected,
            draw if draw < dirt.corrected + dirt.withdrawn && feed.op.is_some() => {
                Version::Withdrawn
            }
            _ => return,
        };
        let again = feed.cadence.from(due + dice.range(5, 25));
        if again < self.world.end {
            Row { version, ..row }.fill(&mut self.fields, style);
            self.put(of, event, feed, place, again);
        }
    }

    fn put(&mut self, of: &Enterprise, event: &Event, feed: &Feed, place: u16, due: i32) {
        let before = self.block.bytes.len();
        write(feed, &self.fields, &mut self.line, &mut self.block.bytes);
        let closed = if of.closed < self.world.end {
            of.closed
        } else {
            NEVER
        };
        self.block.pieces.push(Piece {
            feed: place,
            day: due,
            until: event.until.min(closed),
            bytes: (self.block.bytes.len() - before) as u32,
        });
    }
}
