//! Divides a collection in two without copying a row.

use differential_dataflow::{AsCollection, Data, VecCollection};
use timely::dataflow::StreamVec;
use timely::dataflow::operators::OkErr;

use crate::types::Time;

type Rows<'scope, D, R> = StreamVec<'scope, Time, (D, Time, R)>;

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
    let (accepted, others): (Rows<'scope, D, R>, Rows<'scope, D, R>) = rows.inner.ok_err(judge);
    (accepted.as_collection(), others.as_collection())
}
