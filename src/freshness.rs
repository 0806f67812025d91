//! Whether sources are alive, and how far a score can be relied on: that nothing
//! is known against an enterprise says less where those who would know are
//! silent. Silence lowers the confidence, and never the score.

use crate::config::{Feature, Settings};
use crate::fold::Folded;
use crate::pipeline::stats::SourceStats;
use crate::time::DAY_MS;
use crate::view::Status;
use tocsin_ingest::fact::{Slot, SubjectKey};
use tocsin_ingest::source::Freshness;

/// How long ago a source last said something, judged by its declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing ever arrived.
    Never,
    /// Within what is declared, or nothing is declared.
    Fresh,
    /// Later than its warning.
    Late,
    /// Later than its error.
    Dead,
    /// A file of it could not be read to its end: what it says is not known whole.
    Broken,
}

impl State {
    /// The state of a source at `now_ms`.
    pub fn of(declared: Freshness, stats: &SourceStats, now_ms: i64) -> State {
        match stats.broken {
            true => State::Broken,
            false => State::by_age(declared, stats.last_arrival_ms, now_ms),
        }
    }

    /// The same by age alone; `last_ms` is 0 where nothing arrived.
    fn by_age(declared: Freshness, last_ms: i64, now_ms: i64) -> State {
        let age_ms = now_ms - last_ms;
        let over = |days: Option<i32>| days.is_some_and(|days| age_ms > i64::from(days) * DAY_MS);
        match last_ms {
            0 => State::Never,
            _ if over(declared.error_days) => State::Dead,
            _ if over(declared.warn_days) => State::Late,
            _ => State::Fresh,
        }
    }

    /// Whether nothing can be concluded from what the source does not say.
    pub fn is_silent(self) -> bool {
        matches!(self, State::Never | State::Dead | State::Broken)
    }

    /// As in JSON and in style sheets.
    pub fn name(self) -> &'static str {
        match self {
            State::Never => "never",
            State::Fresh => "fresh",
            State::Late => "late",
            State::Dead => "dead",
            State::Broken => "broken",
        }
    }
}

/// Every source's state, by index.
pub fn states(settings: &Settings, status: &Status) -> Vec<State> {
    let sources = settings.catalogue.sources().iter();
    sources
        .map(|source| {
            let stats = status.stats.get(usize::from(source.index));
            stats.map_or(State::Never, |stats| {
                State::of(source.freshness, stats, status.time_ms)
            })
        })
        .collect()
}

/// How far an enterprise's features can be relied on, per mille: one for which
/// there is evidence wholly, one that is empty as far as its sources are heard,
/// one that is missing not at all.
pub fn confidence(
    settings: &Settings,
    states: &[State],
    folded: &Folded<'_>,
    enterprise: SubjectKey,
    row: &[Option<i64>],
) -> u16 {
    let relied = |(feature, value): (&Feature, &Option<i64>)| match value {
        None => 0,
        Some(_) => match has_evidence(folded, enterprise, feature) {
            true => 1_000,
            false => heard(settings, states, &feature.slots),
        },
    };
    let total: usize = settings.features.iter().zip(row).map(relied).sum();
    total.checked_div(row.len()).unwrap_or(0) as u16
}

fn has_evidence(folded: &Folded<'_>, enterprise: SubjectKey, feature: &Feature) -> bool {
    let mut slots = feature.slots.iter();
    slots.any(|slot| folded.total(enterprise, *slot).count > 0)
}

/// The part of the slots whose sources are alive, per mille. What groups give
/// has no source of its own.
fn heard(settings: &Settings, states: &[State], slots: &[Slot]) -> usize {
    let known = settings.catalogue.slots();
    let alive = |slot: &&Slot| {
        let info = known.get(usize::from(**slot));
        info.is_none_or(|info| !states[usize::from(info.source)].is_silent())
    };
    let alive = slots.iter().filter(alive).count();
    (alive * 1_000).checked_div(slots.len()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_is_judged_by_what_is_declared() {
        let declared = Freshness {
            warn_days: Some(2),
            error_days: Some(7),
        };
        let now = 100 * DAY_MS;
        let state = |days: i64| State::by_age(declared, now - days * DAY_MS, now);
        assert_eq!(
            [state(2), state(3), state(7), state(8)],
            [State::Fresh, State::Late, State::Late, State::Dead]
        );
        assert_eq!(State::by_age(declared, 0, now), State::Never);
        assert_eq!(State::by_age(Freshness::default(), 1, now), State::Fresh);
        let broken = SourceStats {
            broken: true,
            last_arrival_ms: now,
            ..SourceStats::default()
        };
        assert_eq!(State::of(declared, &broken, now), State::Broken);
        assert!(State::Broken.is_silent());
    }
}
