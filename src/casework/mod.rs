//! Casework as the running process does it: the docket beside the clock, what the
//! policy does by itself, and how outcomes become labels. What may be done, and
//! what it makes, is decided in `tocsin_alerts::casework`.

pub mod command;
pub mod districts;
pub mod expire;
pub mod outcomes;
pub mod policy;
pub mod secrets;
pub mod sign_in;

use crate::clock::BusinessClock;
use crate::config::{CaseworkSettings, Clock, Office, PeopleSettings, Settings};
use anyhow::{Context, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use tocsin_alerts::casework::{Action, Actor, Terms};
use tocsin_alerts::docket::{Docket, DocketError, Intent};
use tocsin_alerts::level::Level;

/// Everything that casework needs; shared by all who serve.
pub struct Desk {
    /// The log of deeds and what follows from it.
    pub docket: Docket,
    /// `[casework]`.
    pub settings: CaseworkSettings,
    /// `[people]`.
    pub people: PeopleSettings,
    /// Wrong passwords and how often somebody may try.
    pub door: sign_in::Door,
    clock: BusinessClock,
    /// An account was seen: there is no way back to none.
    peopled: AtomicBool,
}

impl Desk {
    /// Opens the docket that a configuration names; `None`: it names none.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn open(settings: &Settings) -> Result<Option<Desk>> {
        Desk::open_for(&settings.office, settings.clock.clone()).await
    }

    /// The same of a configuration of which nothing else may be readable.
    ///
    /// # Errors
    /// As [`Desk::open`].
    pub async fn open_for(office: &Office, clock: Clock) -> Result<Option<Desk>> {
        let Some(casework) = office.casework.clone() else {
            return Ok(None);
        };
        let docket = Docket::open(&casework.store, &casework.folder).await;
        let docket = docket.context("`casework.store`")?;
        Ok(Some(Desk {
            docket,
            settings: casework,
            people: office.people.clone(),
            door: sign_in::Door::default(),
            clock: BusinessClock::new(clock),
            peopled: AtomicBool::new(false),
        }))
    }

    /// Business time, milliseconds UTC: that of deeds and deadlines. The log sees
    /// to it that it does not go back.
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms(0)
    }

    /// Whether there is any account: from then on one has to sign in.
    ///
    /// # Errors
    /// When the docket fails.
    pub async fn has_people(&self) -> Result<bool, DocketError> {
        if !self.peopled.load(Ordering::Relaxed) && self.docket.has_people().await? {
            self.peopled.store(true, Ordering::Relaxed);
        }
        Ok(self.peopled.load(Ordering::Relaxed))
    }

    /// What the office has set itself for a level.
    pub fn terms(&self, level: Level) -> Terms {
        self.settings.terms[usize::from(level.rank())]
    }

    /// What the policy wants to do, under a key that is the same whenever it would
    /// do it again.
    pub fn policy_intent(&self, subject: &str, key: &str, action: Action) -> Intent {
        Intent {
            who: Actor::Policy,
            role: String::new(),
            purpose: self.settings.purpose.clone(),
            subject: subject.to_owned(),
            key: key.to_owned(),
            action,
            expected: None,
            time_ms: self.now_ms(),
            credential: None,
        }
    }
}
