//! How many rows and bytes an arrangement holds.
//!
//! Contract: bytes are an estimate: vectors by their length, heap of values by a
//! sample. Measuring costs the same whatever the size.

use differential_dataflow::operators::arrange::TraceAgent;
use differential_dataflow::trace::TraceReader;
use differential_dataflow::trace::implementations::containers::BatchContainer;
use timely::progress::Antichain;
use tocsin_ingest::fact::SubjectKey;

use crate::identity::{Claim, Meant};
use crate::latest::{Version, Versions};
use crate::links::{Direct, Onward};
use crate::types::{HeldBatch, NamedBatch, TallyBatch, Time};

/// At most this many elements of a batch are looked at.
const SAMPLE: usize = 256;

/// Bytes outside of the value itself.
pub(crate) trait Heap {
    /// How many.
    fn heap(&self) -> usize;
}

impl Heap for Version {
    fn heap(&self) -> usize {
        Version::heap(self)
    }
}

impl Heap for Claim {
    fn heap(&self) -> usize {
        0
    }
}

impl Heap for SubjectKey {
    fn heap(&self) -> usize {
        0
    }
}

impl Heap for () {
    fn heap(&self) -> usize {
        0
    }
}

impl Heap for Meant {
    fn heap(&self) -> usize {
        0
    }
}

impl<V: Heap> Heap for (u16, V) {
    fn heap(&self) -> usize {
        self.1.heap()
    }
}

impl Heap for Direct {
    fn heap(&self) -> usize {
        0
    }
}

impl Heap for Onward {
    fn heap(&self) -> usize {
        0
    }
}

/// A batch of an arrangement.
pub(crate) trait Footprint {
    /// Rows and bytes.
    fn footprint(&self) -> (usize, usize);
}

impl Footprint for TallyBatch {
    fn footprint(&self) -> (usize, usize) {
        let updates = &self.storage.upds;
        let bytes = size_of_val(&self.storage.keys[..])
            + updates.times.bytes()
            + self.storage.keys.len() * size_of::<u32>()
            + updates.diffs.bytes();
        (self.updates, bytes)
    }
}

impl Footprint for NamedBatch {
    fn footprint(&self) -> (usize, usize) {
        let (values, updates) = (&self.storage.vals, &self.storage.upds);
        let bytes = size_of_val(&self.storage.keys[..])
            + size_of_val(&values.vals[..])
            + updates.times.bytes()
            + (self.storage.keys.len() + values.vals.len()) * size_of::<u32>()
            + updates.diffs.bytes();
        (self.updates, bytes)
    }
}

/// Values in a column.
pub(crate) trait Filled {
    /// Their bytes.
    fn bytes(&self) -> usize;
}

impl<V: Heap> Filled for Vec<V> {
    fn bytes(&self) -> usize {
        size_of_val(&self[..]) + heap_of(self)
    }
}

impl Filled for Versions {
    fn bytes(&self) -> usize {
        Versions::bytes(self)
    }
}

impl<C: BatchContainer + Filled> Footprint for HeldBatch<C> {
    fn footprint(&self) -> (usize, usize) {
        let (values, updates) = (&self.storage.vals, &self.storage.upds);
        let bytes = size_of_val(&self.storage.keys[..])
            + values.vals.bytes()
            + updates.times.bytes()
            + updates.diffs.bytes()
            + (self.storage.keys.len() + values.vals.len()) * size_of::<u32>();
        (self.updates, bytes)
    }
}

fn heap_of<H: Heap>(elements: &[H]) -> usize {
    let step = elements.len() / SAMPLE + 1;
    let sample = elements.iter().step_by(step);
    sample.map(Heap::heap).sum::<usize>() * step
}

/// An arrangement that can be measured.
pub(crate) trait Gauge {
    /// Lets everything before `time` be compacted.
    fn compact(&mut self, time: Time);
    /// Rows and bytes.
    fn measure(&self) -> (usize, usize);
}

impl<Tr> Gauge for TraceAgent<Tr>
where
    Tr: TraceReader<Time = Time, Batch: Footprint>,
{
    fn compact(&mut self, time: Time) {
        let frontier = Antichain::from_elem(time);
        self.set_logical_compaction(frontier.borrow());
        self.set_physical_compaction(frontier.borrow());
    }

    fn measure(&self) -> (usize, usize) {
        let mut total = (0, 0);
        self.map_spans(|span| {
            if let Some(batch) = &span.inner {
                let (rows, bytes) = batch.footprint();
                total = (total.0 + rows, total.1 + bytes);
            }
        });
        total
    }
}
