//! An event as a CloudEvent 1.0 in structured JSON.
//!
//! The `sequence` extension is a string that sorts as the number does, as the
//! extension asks: zeros before it, 20 digits in all.

use crate::level::{Level, Reason};
use crate::lifecycle::{AlertEvent, Cause};
use crate::store::Sequenced;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::io;

/// The envelope of an event, ready to be serialised: a line of the event file,
/// and the same wherever else the event is told.
#[derive(Serialize)]
pub struct CloudEvent<'a> {
    specversion: &'static str,
    id: String,
    source: &'static str,
    #[serde(rename = "type")]
    kind: String,
    time: String,
    subject: &'a str,
    datacontenttype: &'static str,
    sequence: String,
    data: Says<'a>,
}

/// What an event says to who may see everything, and to who may not.
#[derive(Serialize)]
#[serde(untagged)]
enum Says<'a> {
    Everything(Box<Data<'a>>),
    TheLevel(Box<TheLevel<'a>>),
}

/// What an event says to who may not see some of the records: that the level
/// changed, and nothing of why.
#[derive(Serialize)]
struct TheLevel<'a> {
    alert: &'a str,
    enterprise: Named<'a>,
    level_before: Level,
    level: Level,
    level_name: &'static str,
    level_meaning: &'static str,
    /// How many features are hidden.
    restricted: usize,
    text: &'a str,
}

#[derive(Serialize)]
struct Named<'a> {
    id: &'a str,
    name: Option<&'a str>,
    district: Option<&'a str>,
}

/// What an event says, in units for people: points and lists, not centi-points
/// and bits.
#[derive(Serialize)]
struct Data<'a> {
    alert: &'a str,
    revision: u32,
    epoch: u64,
    cause: Cause,
    level_before: Level,
    level: Level,
    level_name: &'static str,
    level_meaning: &'static str,
    index: f64,
    log_odds_micro: i64,
    coverage: f64,
    hard_trigger: bool,
    categories: Vec<char>,
    elements: Vec<&'static str>,
    agencies: u32,
    reasons: &'a [Reason],
    name: Option<&'a str>,
    district: Option<&'a str>,
    text: &'a str,
}

/// Writes an event as one line.
pub(super) fn write(to: &mut Vec<u8>, event: &Sequenced) -> io::Result<()> {
    serde_json::to_writer(&mut *to, &CloudEvent::of(event)?)?;
    to.push(b'\n');
    Ok(())
}

/// The sequence number of a line written by [`write()`].
pub(super) fn sequence(line: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Envelope {
        sequence: String,
    }
    let envelope: Envelope = serde_json::from_slice(line).ok()?;
    envelope.sequence.parse().ok()
}

impl<'a> CloudEvent<'a> {
    /// The event in its envelope.
    ///
    /// # Errors
    /// When its instant is beyond the calendar.
    pub fn of(sequenced: &'a Sequenced) -> io::Result<CloudEvent<'a>> {
        let says = Says::Everything(Box::new(data(&sequenced.event)));
        envelope(sequenced, sequenced.id(), says)
    }

    /// What is told of the event to who may not see `restricted` features: a change
    /// of the level alone, because levels are told to all; `None`: nothing. With 0
    /// it is [`CloudEvent::of`].
    ///
    /// # Errors
    /// As [`CloudEvent::of`].
    pub fn told(sequenced: &'a Sequenced, restricted: usize) -> io::Result<Option<CloudEvent<'a>>> {
        if restricted == 0 {
            return CloudEvent::of(sequenced).map(Some);
        }
        if !is_told(sequenced, restricted) {
            return Ok(None);
        }
        let (event, figures) = (&sequenced.event, &sequenced.event.assessment);
        let says = Says::TheLevel(Box::new(TheLevel {
            alert: &event.alert,
            enterprise: Named {
                id: &figures.id,
                name: figures.name.as_deref(),
                district: figures.district.as_deref(),
            },
            level_before: event.before,
            level: event.after,
            level_name: event.after.chinese(),
            level_meaning: event.after.meaning(),
            restricted,
            text: &event.text,
        }));
        envelope(sequenced, told_id(sequenced, restricted), says).map(Some)
    }
}

/// Whether anything of an event is told to who may not see `restricted` features.
pub(super) fn is_told(sequenced: &Sequenced, restricted: usize) -> bool {
    restricted == 0 || sequenced.event.before != sequenced.event.after
}

/// The id under which an event is told. Revisions count what is hidden, too: who
/// may not see that has the event's place among all instead.
pub(super) fn told_id(sequenced: &Sequenced, restricted: usize) -> String {
    match restricted {
        0 => sequenced.id(),
        _ => format!("{}@{}", sequenced.event.alert, sequenced.seq),
    }
}

fn envelope<'a>(
    sequenced: &'a Sequenced,
    id: String,
    data: Says<'a>,
) -> io::Result<CloudEvent<'a>> {
    let Sequenced { seq, event } = sequenced;
    let time = Timestamp::from_millisecond(event.time_ms).map_err(io::Error::other)?;
    Ok(CloudEvent {
        specversion: "1.0",
        id,
        source: "tocsin",
        kind: format!("cn.tocsin.alert.{}", event.kind.name()),
        time: time.to_string(),
        subject: &event.assessment.id,
        datacontenttype: "application/json",
        sequence: format!("{seq:020}"),
        data,
    })
}

fn data(event: &AlertEvent) -> Data<'_> {
    let figures = &event.assessment;
    Data {
        alert: &event.alert,
        revision: event.revision,
        epoch: event.epoch,
        cause: event.cause,
        level_before: event.before,
        level: event.after,
        level_name: event.after.chinese(),
        level_meaning: event.after.meaning(),
        index: f64::from(figures.index) / 100.0,
        log_odds_micro: figures.log_odds,
        coverage: f64::from(figures.coverage) / 1000.0,
        hard_trigger: figures.hard_trigger,
        categories: figures.category_letters(),
        elements: figures.element_names(),
        agencies: figures.agencies.count_ones(),
        reasons: &figures.reasons,
        name: figures.name.as_deref(),
        district: figures.district.as_deref(),
        text: &event.text,
    }
}
