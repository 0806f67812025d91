//! The business clock: what time it is for windows, levels and epochs.
//!
//! Whatever it is set to, it never stands still or goes back: each epoch is at
//! least a millisecond after the last.

use crate::config::Clock;
use anyhow::{Context, bail};

/// Reads the configured clock.
#[derive(Debug, Clone)]
pub struct BusinessClock {
    clock: Clock,
}

impl BusinessClock {
    /// The clock as it is configured.
    pub fn new(clock: Clock) -> Self {
        BusinessClock { clock }
    }

    /// Whether the clock can be read: before the first epoch no time is known
    /// that could stand in.
    ///
    /// # Errors
    /// When a clock file is missing or holds no instant.
    pub fn check(&self) -> anyhow::Result<()> {
        let Clock::File(path) = &self.clock else {
            return Ok(());
        };
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("clock `{}` cannot be read", path.display()))?;
        if instant(&text).is_none() {
            bail!(
                "clock `{}` says `{}`, but must hold one line with an instant such as 2025-03-01T09:00:00+08:00",
                path.display(),
                text.trim()
            );
        }
        Ok(())
    }

    /// The instant of an epoch after one at `last_ms`, milliseconds UTC. A clock
    /// file that is missing or unreadable leaves time where it was.
    pub fn now_ms(&self, last_ms: i64) -> i64 {
        let now = match &self.clock {
            Clock::Wall => crate::time::now_ms(),
            Clock::Fixed(at_ms) => *at_ms,
            Clock::File(path) => std::fs::read_to_string(path)
                .ok()
                .and_then(|text| instant(&text))
                .unwrap_or(0),
        };
        now.max(last_ms + 1)
    }
}

/// Milliseconds UTC of an RFC 3339 text.
fn instant(text: &str) -> Option<i64> {
    let instant = text.trim().parse::<jiff::Timestamp>().ok()?;
    Some(instant.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_whatever_the_file_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clock");
        let clock = BusinessClock::new(Clock::File(path.clone()));
        assert_eq!(clock.now_ms(41), 42);
        assert!(
            clock
                .check()
                .unwrap_err()
                .to_string()
                .contains("cannot be read")
        );
        std::fs::write(&path, "yesterday\n").unwrap();
        assert!(
            clock
                .check()
                .unwrap_err()
                .to_string()
                .contains("says `yesterday`")
        );
        std::fs::write(&path, "1970-01-01T08:00:01+08:00\n").unwrap();
        assert!(clock.check().is_ok());
        assert_eq!(clock.now_ms(41), 1_000);
        assert_eq!(clock.now_ms(5_000), 5_001);
        assert_eq!(BusinessClock::new(Clock::Fixed(7)).now_ms(0), 7);
        assert_eq!(BusinessClock::new(Clock::Fixed(7)).now_ms(9), 10);
    }
}
