//! Brings events from the outbox to one receiver, in their order, at least once.
//!
//! One [`Courier::step`] does one thing and says when to come again; who calls it
//! decides on what thread and how often. Everything that outlives a step is in the
//! [`Journal`]: a kill between the receiver's answer and the journal's note makes
//! the same events go out again, with the same ids.
//!
//! - What cannot be reached (no answer, 5xx, 429) holds everything up: it is tried
//!   again after ever longer pauses, at most an hour. After `give_up` without one
//!   success each attempt that fails makes its events dead letters, so that what
//!   an outage costs is one letter an hour.
//! - What is refused (any other answer) is tried `attempts` times, then it is a
//!   dead letter and the next one's turn comes. A batch that is refused is sent
//!   one by one, so that one event cannot take others with it.

use super::cloudevent::is_told;
use super::filter::takes_back;
use super::journal::{Failure, Journal, JournalError};
use super::mail::Mail;
use super::standing::Standing;
use super::webhook::Webhook;
use super::{Filter, Reply, backoff};
use crate::store::{Sequenced, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_64;

/// How many events are looked at in one step.
const PAGE: usize = 200;

/// What brings events to a receiver.
#[derive(Debug)]
pub enum Channel {
    /// An HTTP request.
    Webhook(Webhook),
    /// A letter.
    Mail(Box<Mail>),
}

impl Channel {
    fn batch(&self) -> usize {
        match self {
            Channel::Webhook(webhook) => webhook.batch(),
            Channel::Mail(mail) => mail.batch(),
        }
    }

    /// How long events are gathered before they go out together.
    fn gathers(&self) -> Duration {
        match self {
            Channel::Webhook(_) => Duration::ZERO,
            Channel::Mail(mail) => mail.gathers(),
        }
    }

    async fn deliver(&self, events: &[Sequenced], restricted: usize, now_ms: i64) -> Reply {
        match self {
            Channel::Webhook(webhook) => webhook.deliver(events, restricted, now_ms).await,
            Channel::Mail(mail) => mail.deliver(events, restricted).await,
        }
    }
}

/// When an event is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// So often an event may be refused.
    pub attempts: u32,
    /// So long nothing may succeed.
    pub give_up: Duration,
}

/// When to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// At once: there may be more.
    More,
    /// When there are new events.
    Idle,
    /// At this instant, milliseconds UTC; earlier does no harm.
    At(i64),
    /// When somebody has switched the sink on again.
    Disabled,
}

/// Why a step failed: the receiver is not to blame.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CourierError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The outbox.
    #[error("cannot read the outbox")]
    Outbox(#[from] StoreError),
}

/// One sink at work.
pub struct Courier {
    /// The sink's name.
    pub name: String,
    /// What it wants to hear of.
    pub filter: Filter,
    /// How many features the receiver may not see: with any it is told of changes
    /// of levels alone, whatever the filter. It may change with the rules.
    pub restricted: Arc<dyn Fn() -> usize + Send + Sync>,
    /// How the receiver is reached.
    pub channel: Channel,
    /// When an event is given up.
    pub limits: Limits,
    /// Where its place is kept.
    pub journal: Arc<Journal>,
    /// The outbox.
    pub store: Arc<Store>,
    /// The time: milliseconds UTC.
    pub clock: fn() -> i64,
}

/// Events that go out together.
struct Load {
    events: Vec<Sequenced>,
    /// Where the sink is when they are settled; `None`: they are dead letters that
    /// are tried once more, and it stays where it is.
    position: Option<u64>,
}

impl Courier {
    /// Enters the sink into the journal at its first start: it begins with what
    /// comes from now on, or with the outbox's first event.
    ///
    /// # Errors
    /// [`CourierError`].
    pub fn enter(&self, from_start: bool) -> Result<(), CourierError> {
        let position = match from_start {
            true => 0,
            false => self.store.last_sequence()?,
        };
        Ok(self.journal.enter(&self.name, position)?)
    }

    /// Does what is due. With `flush` it does not wait to gather more.
    ///
    /// # Errors
    /// [`CourierError`]: nothing is lost, the step can be taken again.
    pub async fn step(&self, flush: bool) -> Result<Next, CourierError> {
        let Some(standing) = self.look().await? else {
            return Ok(Next::Idle);
        };
        let now_ms = (self.clock)();
        if standing.disabled.is_some() {
            return Ok(Next::Disabled);
        }
        if now_ms < standing.next_ms {
            return Ok(Next::At(standing.next_ms));
        }
        // What was refused goes on one by one.
        let size = match standing.refusals {
            0 => self.channel.batch(),
            _ => 1,
        };
        let letter = self.letter().await?;
        let load = match letter {
            Some(letter) => letter,
            None => match self.load(standing.position, size).await? {
                Some(load) => load,
                None => return Ok(Next::Idle),
            },
        };
        if load.events.is_empty() {
            if let Some(position) = load.position {
                self.journal.skip(&self.name, position)?;
            }
            return Ok(Next::More);
        }
        let restricted = (self.restricted)();
        let ready_ms = self.begin(&load, now_ms)?;
        if now_ms < ready_ms && load.events.len() < size && !flush {
            return Ok(Next::At(ready_ms));
        }
        let reply = self.channel.deliver(&load.events, restricted, now_ms).await;
        self.settle(&load, reply, &standing)
    }

    /// How the sink stands, and how long the outbox is by now.
    async fn look(&self) -> Result<Option<Standing>, CourierError> {
        let standing = self.journal.standing(&self.name)?;
        let outbox = self.store.last_event().await?;
        if standing.as_ref().is_some_and(|sink| sink.outbox != outbox) {
            self.journal.note_outbox(&self.name, outbox)?;
        }
        Ok(standing)
    }

    /// Notes what is about to be told, and gives from when on it may be: those that
    /// are gathered wait for others from when the first of them came.
    fn begin(&self, load: &Load, now_ms: i64) -> Result<i64, CourierError> {
        if load.position.is_none() {
            return Ok(now_ms);
        }
        let since_ms = self.journal.begin(&self.name, &load.events, now_ms)?;
        Ok(since_ms.saturating_add(self.channel.gathers().as_millis() as i64))
    }

    /// The first dead letter that is to be tried once more.
    async fn letter(&self) -> Result<Option<Load>, CourierError> {
        let Some(seq) = self.journal.next_again(&self.name)? else {
            return Ok(None);
        };
        let mut events = self.store.events_after(seq - 1, 1).await?;
        events.retain(|event| event.seq == seq);
        if events.is_empty() {
            tracing::error!(
                sink = self.name,
                seq,
                "a dead letter is no event of this outbox"
            );
            self.journal.forget(&self.name, seq)?;
        }
        Ok((!events.is_empty()).then_some(Load {
            events,
            position: None,
        }))
    }

    /// The next events that go out together, with those passed over before them;
    /// `None`: there are none.
    async fn load(&self, position: u64, size: usize) -> Result<Option<Load>, CourierError> {
        let page = self.store.events_after(position, PAGE.max(size)).await?;
        let mut load = Load {
            events: Vec::new(),
            position: Some(position),
        };
        if page.is_empty() {
            return Ok(None);
        }
        for event in page {
            load.position = Some(event.seq);
            if self.concerns(&event, &load.events)? {
                load.events.push(event);
                if load.events.len() >= size {
                    break;
                }
            }
        }
        Ok(Some(load))
    }

    /// Whether the sink is to be told: it wants to, or was told what is taken back.
    fn concerns(&self, event: &Sequenced, before: &[Sequenced]) -> Result<bool, CourierError> {
        if !is_told(event, (self.restricted)()) {
            return Ok(false);
        }
        if self.filter.wants(&event.event) {
            return Ok(true);
        }
        if !takes_back(&event.event) {
            return Ok(false);
        }
        let alert = &event.event.alert;
        let just_now = before.iter().any(|told| told.event.alert == *alert);
        Ok(just_now || self.journal.was_told(&self.name, alert)?)
    }

    /// Notes what came of an attempt; `before` is how the sink stood.
    fn settle(&self, load: &Load, reply: Reply, before: &Standing) -> Result<Next, CourierError> {
        let (name, now_ms) = (self.name.as_str(), (self.clock)());
        let (reason, refused, after) = match reply {
            Reply::Taken => {
                self.journal.delivered(name, &load.events, load.position)?;
                return Ok(Next::More);
            }
            Reply::Gone(reason) => {
                tracing::error!(
                    sink = name,
                    reason,
                    "the receiver wants nothing more: the sink is off until `tocsin sink retry`"
                );
                self.journal.disable(name, &reason)?;
                return Ok(Next::Disabled);
            }
            Reply::Refused(reason) => (reason, true, None),
            Reply::Away { reason, after } => (reason, false, after),
        };
        let pause = backoff::pause(before.failures.saturating_add(1), self.seed(load, now_ms));
        let pause = pause.max(after.unwrap_or_default());
        let next_ms = now_ms.saturating_add(pause.as_millis() as i64);
        tracing::warn!(
            sink = name,
            reason,
            wait_ms = pause.as_millis() as u64,
            "a delivery failed"
        );
        let failure = Failure {
            reason: &reason,
            refused,
            now_ms,
            next_ms,
        };
        self.journal.failed(name, failure)?;
        let failing_ms = now_ms - before.failing_since_ms.unwrap_or(now_ms);
        let given_up = match refused {
            true => {
                before.refusals.saturating_add(1) >= self.limits.attempts && load.events.len() == 1
            }
            false => failing_ms >= self.limits.give_up.as_millis() as i64,
        };
        if given_up {
            let events = load.events.len();
            tracing::error!(
                sink = name,
                reason,
                events,
                "given up: `tocsin sink list` has the dead letters"
            );
            self.journal
                .bury(name, &load.events, &reason, now_ms, load.position)?;
        }
        Ok(Next::At(next_ms))
    }

    /// What makes this attempt's pause its own.
    fn seed(&self, load: &Load, now_ms: i64) -> u64 {
        let seq = load.events.first().map_or(0, |event| event.seq);
        xxh3_64(format!("{} {seq} {now_ms}", self.name).as_bytes())
    }
}
