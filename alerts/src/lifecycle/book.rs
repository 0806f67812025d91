//! The book of alerts: what stands for every enterprise that ever had one.
//!
//! In memory, rebuilt by `Store::recover`. Only enterprises that ever reached a
//! level are in it, so it stays small beside the scores.

use super::{Alert, Cause, Change, EventType, Status, Step, due, step};
use crate::level::Policy;
use std::collections::{BTreeMap, BTreeSet};

/// What stands for one enterprise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Track {
    /// How many episodes it has had, the open one included.
    pub episodes: u32,
    /// The open alert: at most one.
    pub open: Option<Alert>,
}

/// What stands for all enterprises, in the order of their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    tracks: BTreeMap<[u8; 16], Track>,
    /// Who has an open alert whose level does not hold any more: only these the
    /// calendar can lower, and every epoch asks.
    falling: BTreeSet<[u8; 16]>,
}

impl Book {
    /// Applies one change; see [`step`]. `None`: nothing changed.
    pub fn apply(&mut self, change: &Change, now_ms: i64, policy: &Policy) -> Option<Step> {
        let none = Track::default();
        let track = self.tracks.get(&change.enterprise).unwrap_or(&none);
        let done = step(track, change, now_ms, policy)?;
        let opened = |event: &super::AlertEvent| event.kind == EventType::Opened;
        if done.event.as_ref().is_some_and(opened) {
            self.enter_episodes(change.enterprise, done.alert.episode);
        }
        self.hold(&done.alert);
        Some(done)
    }

    /// Lets the calendar lower what is due: call it once a business day, within
    /// an epoch, after that day's changes. In the order of keys.
    pub fn tick(&mut self, epoch: u64, now_ms: i64, policy: &Policy) -> Vec<Step> {
        let changes: Vec<Change> = self
            .falling
            .iter()
            .filter_map(|enterprise| self.tracks.get(enterprise)?.open.as_ref())
            .filter(|alert| due(alert, now_ms, policy))
            .map(|alert| unchanged(alert, epoch))
            .collect();
        changes
            .iter()
            .filter_map(|change| self.apply(change, now_ms, policy))
            .collect()
    }

    /// Enters an alert as it stands, whether open or ended. How many episodes its
    /// enterprise has had is to be entered as well: that of a group may have been
    /// opened under another name.
    pub fn hold(&mut self, alert: &Alert) {
        let track = self.tracks.entry(alert.enterprise).or_default();
        track.open = (alert.status == Status::Open).then(|| alert.clone());
        let falls = alert.below_since.iter().any(Option::is_some);
        match alert.status == Status::Open && falls {
            true => self.falling.insert(alert.enterprise),
            false => self.falling.remove(&alert.enterprise),
        };
    }

    /// An enterprise has no open alert any more.
    pub(super) fn release(&mut self, enterprise: &[u8; 16]) {
        if let Some(track) = self.tracks.get_mut(enterprise) {
            track.open = None;
        }
        self.falling.remove(enterprise);
    }

    /// Notes that an enterprise has had so many episodes.
    pub fn enter_episodes(&mut self, enterprise: [u8; 16], episodes: u32) {
        let track = self.tracks.entry(enterprise).or_default();
        track.episodes = track.episodes.max(episodes);
    }

    /// What stands for an enterprise, if it ever had an alert.
    pub fn track(&self, enterprise: &[u8; 16]) -> Option<&Track> {
        self.tracks.get(enterprise)
    }

    /// The open alerts, in the order of keys.
    pub fn open_alerts(&self) -> impl Iterator<Item = &Alert> {
        self.tracks.values().filter_map(|track| track.open.as_ref())
    }
}

/// The change of a day that brought no change of figures.
fn unchanged(alert: &Alert, epoch: u64) -> Change {
    Change {
        epoch,
        enterprise: alert.enterprise,
        assessment: Some(alert.assessment.clone()),
        cause: Cause::Clock,
    }
}
