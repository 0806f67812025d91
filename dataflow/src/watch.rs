//! Hears what passes by in some slots, without holding it up or copying it.
//!
//! Contract: every tally comes out as it went in; beside it, for each entry in one
//! of the slots, the enterprise, the time and the entry as count and sum, however
//! the slot is kept. A key is no amount: each counts as one.

use differential_dataflow::AsCollection;
use hashbrown::HashSet;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::generic::OutputBuilder;
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;
use tocsin_ingest::fact::{Slot, SubjectKey, VALUE_SCALE};

use crate::keeping::{has_keys, has_values, slot_of};
use crate::tally::{Entry, Tally};
use crate::types::{Tallies, Time};

/// An entry of an enterprise's tally that changed, and when.
pub(crate) type Heard = (SubjectKey, Time, Entry);

type Row = (SubjectKey, Time, Tally);

/// The tallies, and what they say in `slots`.
pub(crate) fn watch<'scope>(
    tallies: Tallies<'scope>,
    slots: HashSet<Slot>,
) -> (Tallies<'scope>, StreamVec<'scope, Time, Heard>) {
    let mut builder = OperatorBuilder::new("watch".to_owned(), tallies.inner.scope());
    let mut input = builder.new_input(tallies.inner, Pipeline);
    let (passing, passed) = builder.new_output();
    let (telling, told) = builder.new_output();
    let mut passing = OutputBuilder::<_, CapacityContainerBuilder<Vec<Row>>>::from(passing);
    let mut telling = OutputBuilder::<_, CapacityContainerBuilder<Vec<Heard>>>::from(telling);
    builder.build(move |_capabilities| {
        move |_frontiers| {
            let (mut passing, mut telling) = (passing.activate(), telling.activate());
            input.for_each(|capability, rows| {
                let mut heard = telling.session(&capability);
                for (enterprise, time, tally) in rows.iter() {
                    let entries = tally.entries().iter().map(summed);
                    for entry in entries.filter(|entry| slots.contains(&entry.slot)) {
                        heard.give((*enterprise, *time, entry));
                    }
                }
                drop(heard);
                passing.session(&capability).give_container(rows);
            });
        }
    });
    (passed.as_collection(), told)
}

fn summed(entry: &Entry) -> Entry {
    let n = i64::from(entry.n);
    let sum = match entry.slot {
        slot if has_keys(slot) => n.wrapping_mul(VALUE_SCALE),
        slot if has_values(slot) => n.wrapping_mul(entry.sum),
        _ => entry.sum,
    };
    Entry {
        slot: slot_of(entry.slot),
        day: 0,
        n: entry.n,
        sum,
    }
}
