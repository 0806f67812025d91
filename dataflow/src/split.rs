//! Divides a collection in two without copying a row.

use differential_dataflow::{AsCollection, Data, VecCollection};
use timely::dataflow::StreamVec;
use timely::dataflow::operators::OkErr;

use crate::types::Time;

/// The rows that `wanted` accepts, and the others.
pub(crate) fn split<'scope, D: Data, R: Clone + 'static>(
    rows: VecCollection<'scope, Time, D, R>,
    wanted: impl Fn(&D) -> bool + 'static,
) -> (
    VecCollection<'scope, Time, D, R>,
    VecCollection<'scope, Time, D, R>,
) {
    let judge = move |row: (D, Time, R)| match wanted(&row.0) {
        true => Ok(row),
        false => Err(row),
    };
    let (accepted, others): (StreamVec<_, _>, StreamVec<_, _>) = rows.inner.ok_err(judge);
    (accepted.as_collection(), others.as_collection())
}
