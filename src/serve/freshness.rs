//! Whether a source is alive: a dead source lowers scores in silence, so its
//! silence must be seen.

use crate::time::DAY_MS;
use tocsin_ingest::source::Freshness;

/// How long ago a source last said something, judged by its declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing ever arrived.
    Never,
    /// Within what is declared, or nothing is declared.
    Fresh,
    /// Later than its warning.
    Late,
    /// Later than its error.
    Dead,
}

impl State {
    /// The state of a source at `now_ms`; `last_ms` is 0 where nothing arrived.
    pub(super) fn of(declared: Freshness, last_ms: i64, now_ms: i64) -> State {
        let age_ms = now_ms - last_ms;
        let over = |days: Option<i32>| days.is_some_and(|days| age_ms > i64::from(days) * DAY_MS);
        match last_ms {
            0 => State::Never,
            _ if over(declared.error_days) => State::Dead,
            _ if over(declared.warn_days) => State::Late,
            _ => State::Fresh,
        }
    }

    /// As in JSON and in style sheets.
    pub(super) fn name(self) -> &'static str {
        match self {
            State::Never => "never",
            State::Fresh => "fresh",
            State::Late => "late",
            State::Dead => "dead",
        }
    }

    /// As people read it.
    pub(super) fn words(self) -> &'static str {
        match self {
            State::Never => "未到达 never",
            State::Fresh => "正常 fresh",
            State::Late => "延迟 late",
            State::Dead => "中断 dead",
        }
    }
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
        let state = |days: i64| State::of(declared, now - days * DAY_MS, now);
        assert_eq!(
            [state(2), state(3), state(7), state(8)],
            [State::Fresh, State::Late, State::Late, State::Dead]
        );
        assert_eq!(State::of(declared, 0, now), State::Never);
        assert_eq!(State::of(Freshness::default(), 1, now), State::Fresh);
    }
}
