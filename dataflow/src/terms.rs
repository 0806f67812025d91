//! Links count from the day they begin until the day they end.
//!
//! Contract: as for facts in [`window`](crate::window): a link that arrives at
//! time t counts from t, or from the midnight that begins its first day if that
//! is later, and stops exactly at the midnight that begins the first day on which
//! it does no more, whatever arrives. Links without days pass through and are
//! not stored; of the others only what is still to come is.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use differential_dataflow::consolidation::consolidate;
use differential_dataflow::{AsCollection, Data};
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::generic::Operator;
use tocsin_ingest::fact::{SubjectKey, Term};

use crate::alarm::Alarm;
use crate::day::{business_day, midnight};
use crate::types::{Said, Time};

/// Below this many, what comes and goes within a day is not tidied.
const FEW: usize = 64;

/// What begins or ends, by day.
#[derive(Debug)]
pub(crate) struct Turns<D> {
    days: BTreeMap<i32, Turn<D>>,
}

/// What begins or ends on one day.
#[derive(Debug)]
struct Turn<D> {
    rows: Vec<(D, isize)>,
    tidy_at: usize,
}

/// What one worker holds, shared so that it can be measured.
pub(crate) type Pending<D> = Rc<RefCell<Turns<D>>>;

impl<D> Default for Turns<D> {
    fn default() -> Self {
        let days = BTreeMap::new();
        Turns { days }
    }
}

impl<D: Data> Turns<D> {
    fn add(&mut self, day: i32, row: D, n: isize) {
        let turn = self.days.entry(day).or_insert_with(|| Turn {
            rows: Vec::new(),
            tidy_at: FEW,
        });
        turn.rows.push((row, n));
        if turn.rows.len() >= turn.tidy_at {
            consolidate(&mut turn.rows);
            turn.tidy_at = FEW.max(turn.rows.len() * 2);
        }
    }

    fn first(&self) -> Option<i32> {
        self.days.keys().next().copied()
    }

    fn take(&mut self, day: i32) -> Vec<(D, isize)> {
        let mut rows = self.days.remove(&day).map(|turn| turn.rows);
        let mut rows = rows.take().unwrap_or_default();
        consolidate(&mut rows);
        rows
    }

    /// Rows and bytes held.
    pub(crate) fn measure(&self) -> (usize, usize) {
        let rows = self.days.values().map(|turn| turn.rows.len()).sum();
        let room = self.days.values().map(|turn| turn.rows.capacity());
        (rows, room.sum::<usize>() * size_of::<(D, isize)>())
    }
}

/// The values that hold, at every instant.
pub(crate) fn in_term<'scope, V: Data>(
    said: Said<'scope, (V, Term)>,
    pending: Pending<(SubjectKey, V)>,
) -> Said<'scope, V> {
    let holding = said
        .inner
        .unary_frontier(Pipeline, "terms", move |capability, _info| {
            drop(capability);
            let mut calendar = Calendar {
                turns: pending,
                alarm: Alarm::default(),
            };
            move |(input, frontier), output| {
                input.for_each(|capability, rows| {
                    let mut session = output.session(&capability);
                    for ((subject, (value, term)), time, n) in rows.drain(..) {
                        let row = (subject, value);
                        if calendar.admit(&row, term, time, n) {
                            session.give((row, time, n));
                        }
                    }
                    drop(session);
                    let first = calendar.first().map(midnight);
                    calendar.alarm.set(first, &capability);
                });
                while let Some(day) = calendar.due(|time| frontier.less_equal(time)) {
                    let Some(capability) = calendar.alarm.capability() else {
                        break;
                    };
                    let time = midnight(day);
                    let turned = calendar.turns.borrow_mut().take(day);
                    let mut session = output.session(capability);
                    session.give_iterator(turned.into_iter().map(|(row, n)| (row, time, n)));
                    drop(session);
                    calendar.alarm.set_on(calendar.first().map(midnight));
                }
            }
        });
    holding.as_collection()
}

struct Calendar<D> {
    turns: Pending<D>,
    /// For the midnight of the first day.
    alarm: Alarm,
}

impl<D: Data> Calendar<D> {
    /// Notes when a row begins and ends; whether it counts from `time` on.
    fn admit(&mut self, row: &D, term: Term, time: Time, n: isize) -> bool {
        if term == Term::ALWAYS {
            return true;
        }
        let (from, until) = (i32::from(term.from), i32::from(term.until));
        let today = business_day(time);
        let ended = term.until != u16::MAX && until <= today;
        if term.is_empty() || ended {
            return false;
        }
        let mut turns = self.turns.borrow_mut();
        if term.until != u16::MAX {
            turns.add(until, row.clone(), -n);
        }
        if from > today {
            turns.add(from, row.clone(), n);
        }
        from <= today
    }

    fn first(&self) -> Option<i32> {
        self.turns.borrow().first()
    }

    /// The first day if its midnight has passed.
    fn due(&self, to_come: impl Fn(&Time) -> bool) -> Option<i32> {
        self.first().filter(|day| !to_come(&midnight(*day)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{enterprise, outcome};

    const DAY: u16 = 20_000;
    const EVER: u16 = u16::MAX;

    fn noon(day: u16) -> Time {
        midnight(i32::from(day)) + 12 * 3_600_000
    }

    /// Rows are from, until, time and count; what is expected is time and count.
    fn check(rows: &[((u16, u16), Time, isize)], expected: &[(Time, isize)]) {
        let found = outcome(rows.to_vec(), midnight(i32::from(DAY) + 100), |rows| {
            let said = rows.map(|(from, until)| (enterprise(1), (7u8, Term { from, until })));
            in_term(said, Pending::default())
        });
        let expected = expected.iter();
        let expected = expected.map(|(time, n)| ((enterprise(1), 7), *time, *n));
        assert_eq!(found, expected.collect::<Vec<_>>());
    }

    #[test]
    fn a_link_ends_on_its_day_without_any_arrival() {
        let rows = [((0, DAY + 2), noon(DAY), 1)];
        let end = midnight(i32::from(DAY) + 2);
        check(&rows, &[(noon(DAY), 1), (end, -1)]);
        check(&[((0, DAY), noon(DAY), 1)], &[]);
        check(&[((0, EVER), noon(DAY), 1)], &[(noon(DAY), 1)]);
    }

    #[test]
    fn a_link_begins_on_its_day() {
        let (begin, end) = (midnight(i32::from(DAY) + 2), midnight(i32::from(DAY) + 4));
        let term = (DAY + 2, DAY + 4);
        check(&[(term, noon(DAY), 1)], &[(begin, 1), (end, -1)]);
        check(&[((DAY + 4, DAY + 2), noon(DAY), 1)], &[]);
    }

    #[test]
    fn taking_back_ends_it_wherever_it_stands() {
        let term = (DAY + 2, DAY + 4);
        let before = [(term, noon(DAY), 1), (term, noon(DAY + 1), -1)];
        check(&before, &[]);
        let begin = midnight(i32::from(DAY) + 2);
        let within = [(term, noon(DAY), 1), (term, noon(DAY + 3), -1)];
        check(&within, &[(begin, 1), (noon(DAY + 3), -1)]);
        let after = [(term, noon(DAY), 1), (term, noon(DAY + 9), -1)];
        let end = midnight(i32::from(DAY) + 4);
        check(&after, &[(begin, 1), (end, -1)]);
    }

    #[test]
    fn what_was_withdrawn_is_forgotten() {
        let mut turns = Turns::default();
        for round in 0..1_000 {
            turns.add(9, round % 10, 1);
            turns.add(9, round % 10, -1);
        }
        assert!(turns.measure().0 <= 2 * FEW);
        assert_eq!(turns.take(9), vec![]);
    }
}
