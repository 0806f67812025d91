//! How far long work is: a bar on a terminal, a line now and then elsewhere.
//!
//! Work that ends within a few seconds shows nothing.

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Before this a terminal shows nothing.
const SILENT: Duration = Duration::from_secs(2);
/// Lines, where there is no terminal, are this far apart.
const LINES: Duration = Duration::from_secs(10);

/// Work of a known size, done by any number of threads.
pub struct Progress {
    what: &'static str,
    unit: &'static str,
    begun: Instant,
    bar: ProgressBar,
    terminal: bool,
    /// When something is to be shown next; never, once a bar is there.
    next: Mutex<Option<Instant>>,
}

impl Progress {
    /// Work of `total` units.
    pub fn new(what: &'static str, unit: &'static str, total: u64) -> Self {
        let bar = ProgressBar::hidden();
        bar.set_length(total);
        let begun = Instant::now();
        let terminal = std::io::stderr().is_terminal();
        let wait = if terminal { SILENT } else { LINES };
        Progress {
            what,
            unit,
            begun,
            bar,
            terminal,
            next: Mutex::new(Some(begun + wait)),
        }
    }

    /// So many more are done.
    pub fn add(&self, done: u64) {
        self.bar.inc(done);
        // While another thread shows it, this one need not.
        let Ok(mut next) = self.next.try_lock() else {
            return;
        };
        if next.is_none_or(|at| Instant::now() < at) {
            return;
        }
        *next = match self.terminal {
            true => {
                self.show_bar();
                None
            }
            false => {
                eprintln!("tocsin: {}", self.line());
                Some(Instant::now() + LINES)
            }
        };
    }

    fn show_bar(&self) {
        let template = format!(
            "{} {{wide_bar}} {{human_pos}} of {{human_len}} {}, {{per_sec}}, {{eta}} left",
            self.what, self.unit
        );
        if let Ok(style) = ProgressStyle::with_template(&template) {
            self.bar.set_style(style);
        }
        self.bar
            .set_draw_target(indicatif::ProgressDrawTarget::stderr());
        self.bar.tick();
    }

    /// In words: how much of how much, how fast, how much longer.
    fn line(&self) -> String {
        let (done, total) = (self.bar.position(), self.bar.length().unwrap_or(0));
        let taken = self.begun.elapsed().as_secs_f64();
        let rate = done as f64 / taken.max(1e-9);
        let left = total.saturating_sub(done) as f64 / rate.max(1e-9);
        format!(
            "{}: {} of {} {}, {}/s, {} left",
            self.what,
            HumanCount(done),
            HumanCount(total),
            self.unit,
            HumanCount(rate as u64),
            HumanDuration(Duration::from_secs_f64(left.min(1e9)))
        )
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_much_of_how_much() {
        let progress = Progress::new("loading the landing", "rows", 12_000);
        progress.add(3_000);
        let line = progress.line();
        assert!(
            line.starts_with("loading the landing: 3,000 of 12,000 rows, "),
            "{line}"
        );
        assert!(line.ends_with(" left"), "{line}");
    }
}
