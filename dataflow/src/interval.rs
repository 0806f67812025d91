//! Follows an arrangement from one interval of time to the next.
//!
//! Contract: `logic` gets what was arranged before the interval and what the
//! interval adds, once for every interval that adds anything, and emits at times
//! within it. The trace is kept no further back than the last interval needs.

use differential_dataflow::difference::Semigroup;
use differential_dataflow::operators::arrange::Arranged;
use differential_dataflow::trace::TraceReader;
use differential_dataflow::{AsCollection, Data, VecCollection};
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::CapabilitySet;
use timely::dataflow::operators::generic::Operator;
use timely::progress::Antichain;

use crate::types::Time;

/// What takes a row, its time and its difference.
pub(crate) type Emit<'a, D, R> = dyn FnMut(D, Time, R) + 'a;

/// The collection of what `logic` emits of each interval of `arranged`.
pub(crate) fn by_interval<'scope, Tr, D, R, L>(
    arranged: Arranged<'scope, Tr>,
    name: &str,
    mut logic: L,
) -> VecCollection<'scope, Time, D, R>
where
    Tr: TraceReader<Time = Time> + Clone + 'static,
    D: Data,
    R: Semigroup + 'static,
    L: FnMut(Vec<Tr::Batch>, Vec<Tr::Batch>, &mut Emit<'_, D, R>) + 'static,
{
    let mut trace = arranged.trace;
    let emitted = arranged
        .stream
        .unary_frontier(Pipeline, name, move |_capability, _info| {
            let mut lower = Antichain::from_elem(Time::MIN);
            let mut upper = Antichain::from_elem(Time::MIN);
            move |(input, _frontier), output| {
                lower.clone_from(&upper);
                let mut capabilities = CapabilitySet::new();
                let mut batches = Vec::new();
                input.for_each(|capability, spans| {
                    for capability in capability.retain_stamp(0).iter() {
                        capabilities.insert(capability.clone());
                    }
                    for span in spans.drain(..) {
                        upper.clone_from(span.upper());
                        batches.extend(span.inner);
                    }
                });
                if !batches.is_empty() {
                    let past = trace.batches_through(lower.borrow()).unwrap_or_default();
                    let mut session = output.session(&capabilities);
                    logic(past, batches, &mut |row, time, diff| {
                        session.give((row, time, diff));
                    });
                }
                trace.advance_upper(&mut upper);
                trace.set_logical_compaction(upper.borrow());
                trace.set_physical_compaction(upper.borrow());
            }
        });
    emitted.as_collection()
}
