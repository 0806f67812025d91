//! Facts count until the day they expire.
//!
//! Contract: a fact that arrives at time t counts from t if its expiry lies
//! after the business day of t, and never otherwise; it stops counting exactly
//! at the midnight that begins its expiry day, whatever the epochs are. Taking
//! back a fact that has expired changes nothing. Facts that never expire pass
//! through and are not stored.
//!
//! An epoch's observations come summed by subject, and in a pile a day, so that
//! the operator works by subject and by day. It holds a capability for the first
//! pending midnight only, so it sleeps until the input frontier passes it.

use std::cell::RefCell;
use std::rc::Rc;

use differential_dataflow::AsCollection;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::generic::Operator;
use tocsin_ingest::fact::SubjectKey;

use crate::alarm::Alarm;
use crate::calendar::Calendar;
use crate::day::midnight;
use crate::pile::Pile;
use crate::tally::Tally;
use crate::types::{Tallies, Time};

/// The pending facts of one worker, shared so that they can be measured.
pub(crate) type Held = Rc<RefCell<Calendar>>;

/// What came at an instant.
#[derive(Clone)]
pub(crate) enum Came {
    /// What counts from then on, summed.
    Counting(Vec<(SubjectKey, Tally)>),
    /// What stops counting on a day.
    Ending(i32, Pile),
}

/// What came, and the instant at which it did.
pub(crate) type Arrived = (Time, Came);

/// The tallies that count, at every instant. Whatever is said of a subject has
/// to come to the same worker.
pub(crate) fn window<'scope>(
    observed: StreamVec<'scope, Time, Arrived>,
    held: Held,
) -> Tallies<'scope> {
    let counting = observed.unary_frontier(Pipeline, "window", move |capability, _info| {
        drop(capability);
        let mut window = Window {
            calendar: held,
            alarm: Alarm::default(),
        };
        move |(input, frontier), output| {
            input.for_each(|capability, arrived| {
                let mut session = output.session(&capability);
                for (time, came) in arrived.drain(..) {
                    match came {
                        Came::Ending(day, pile) => window.calendar.borrow_mut().add(day, pile),
                        Came::Counting(tallies) => {
                            let rows = tallies.into_iter();
                            let rows = rows.map(|(subject, tally)| (subject, time, tally));
                            session.give_iterator(rows);
                        }
                    }
                }
                drop(session);
                let first = window.first().map(midnight);
                window.alarm.set(first, &capability);
            });
            while let Some(day) = window.due(|time| frontier.less_equal(time)) {
                let Some(capability) = window.alarm.capability() else {
                    break;
                };
                let time = midnight(day);
                let ended = window.calendar.borrow_mut().take(day);
                let mut session = output.session(capability);
                session.give_iterator(ended.map(|(subject, tally)| (subject, time, less(tally))));
                drop(session);
                window.alarm.set_on(window.first().map(midnight));
            }
        }
    });
    counting.as_collection()
}

struct Window {
    calendar: Held,
    /// For the midnight of the calendar's first day.
    alarm: Alarm,
}

impl Window {
    fn first(&self) -> Option<i32> {
        self.calendar.borrow().first()
    }

    /// The first day if its midnight has passed.
    fn due(&self, to_come: impl Fn(&Time) -> bool) -> Option<i32> {
        self.first().filter(|day| !to_come(&midnight(*day)))
    }
}

fn less(mut tally: Tally) -> Tally {
    use differential_dataflow::difference::Abelian;
    tally.negate();
    tally
}

#[cfg(test)]
mod tests {
    use timely::dataflow::operators::Input;
    use timely::dataflow::operators::capture::{Capture, Extract};
    use tocsin_ingest::fact::{NEVER, Observation, SubjectKey, SubjectKind};

    use super::*;
    use crate::day::business_day;
    use crate::grain::Dated;
    use crate::keeping::Keeping;
    use crate::observed::Observed;

    const DAY: i32 = 20_000;
    const NOON: u64 = 12 * 3_600_000;

    fn subject(number: u128) -> SubjectKey {
        SubjectKey::new(SubjectKind::EnterpriseCode, number)
    }

    fn dated((number, expiry, times): Said) -> Dated {
        let observation = Observation {
            subject: subject(number),
            expiry,
            slot: 1,
            day: 0,
            value: 5,
        };
        Dated::new(&observation, observation.subject, times, Keeping::default())
    }

    type Row = (SubjectKey, Time, Tally);

    /// Subject, expiry, times.
    type Said = (u128, i32, i32);

    /// What comes out of epochs when time has gone
    /// on for ever, and how many grains were pending after the last one.
    fn run(epochs: Vec<(Time, Vec<Said>)>) -> (Vec<Row>, usize) {
        let (rows, held) = timely::execute_directly(move |worker| {
            let held = Held::default();
            let (mut input, rows) = worker.dataflow::<Time, _, _>(|scope| {
                let (input, observed) = scope.new_input();
                (input, window(observed, held.clone()).inner.capture())
            });
            for (time, facts) in epochs {
                let mut observed = Observed::default();
                let facts: Vec<Dated> = facts.into_iter().map(dated).collect();
                observed.add(&facts, i32::MIN);
                input.advance_to(time);
                let (sums, days) = observed.close(business_day(time));
                input.send((time, Came::Counting(sums.into_tallies().collect())));
                for (day, pile) in days {
                    input.send((time, Came::Ending(day, pile)));
                }
                input.advance_to(time + 1);
                for _ in 0..4 {
                    worker.step();
                }
            }
            let rows_held = held.borrow().rows();
            (rows, rows_held)
        });
        let mut rows: Vec<Row> = rows.extract().into_iter().flat_map(|(_, r)| r).collect();
        differential_dataflow::consolidation::consolidate_updates(&mut rows);
        rows.sort_by_key(|(subject, time, _)| (*time, *subject));
        (rows, held)
    }

    fn row(number: u128, time: Time, n: i32) -> Row {
        (subject(number), time, Tally::one(1, n, i64::from(n) * 5))
    }

    #[test]
    fn facts_count_from_arrival_to_the_midnight_of_their_expiry() {
        let noon = midnight(DAY) + NOON;
        let facts = vec![(1, DAY + 2, 1), (1, NEVER, 1), (2, DAY, 1), (3, DAY + 1, 2)];
        let (rows, _) = run(vec![(noon, facts)]);
        let expected = vec![
            row(1, noon, 2),
            row(3, noon, 2),
            row(3, midnight(DAY + 1), -2),
            row(1, midnight(DAY + 2), -1),
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn taking_back_ends_a_fact_unless_it_has_expired() {
        let noon = midnight(DAY) + NOON;
        let facts = vec![(1, DAY + 1, 1), (2, DAY + 9, 1)];
        let back = vec![(1, DAY + 1, -1), (2, DAY + 9, -1)];
        let (rows, _) = run(vec![(noon, facts), (midnight(DAY + 2), back)]);
        let expected = vec![
            row(1, noon, 1),
            row(2, noon, 1),
            row(1, midnight(DAY + 1), -1),
            row(2, midnight(DAY + 2), -1),
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn days_wait_although_nothing_counts_now() {
        let noon = midnight(DAY) + NOON;
        let (rows, held) = run(vec![(noon, vec![(1, DAY + 1, 1), (1, DAY + 3, -1)])]);
        let expected = vec![row(1, midnight(DAY + 1), -1), row(1, midnight(DAY + 3), 1)];
        assert_eq!(rows, expected);
        assert_eq!(held, 2);
    }
}
