//! Independent pieces of work on as many threads as there are.

use std::sync::atomic::{AtomicUsize, Ordering};

/// What `job` makes of 0 to `count` − 1, in that order, whichever thread did which.
pub(crate) fn each<T: Send>(count: usize, job: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (next, job) = (&AtomicUsize::new(0), &job);
    let work = move || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return done;
            }
            done.push((number, job(number)));
        }
    };
    let mut all: Vec<(usize, T)> = Vec::with_capacity(count);
    std::thread::scope(|scope| {
        let threads = (0..threads.min(count)).map(|_| scope.spawn(work));
        let threads: Vec<_> = threads.collect();
        for thread in threads {
            match thread.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order() {
        assert_eq!(
            each(100, |n| n * n),
            (0..100).map(|n| n * n).collect::<Vec<_>>()
        );
        assert!(each(0, |n| n).is_empty());
    }
}
