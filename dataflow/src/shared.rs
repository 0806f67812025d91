//! The subjects that associate enterprises: linked by a declared kind to several
//! of them, and not to so many that it means nothing.
//!
//! Contract: (place of the declaration, subject) and enterprise are there, once,
//! exactly while the subject is linked by that kind to between `min` and `hub`
//! distinct enterprises and the enterprise is one of them.

use differential_dataflow::VecCollection;
use tocsin_ingest::fact::SubjectKey;

use crate::adjacency::Shared;
use crate::links::Direct;
use crate::plan::SharedDef;
use crate::total::reduce_total;
use crate::types::{ArrangedSaid, Time};

/// An enterprise that shares a subject: what enters the graph.
pub(crate) type Sharing<'scope> = VecCollection<'scope, Time, (Shared, SubjectKey), isize>;

/// The links of the association graph.
pub(crate) fn shared<'scope>(
    direct: ArrangedSaid<'scope, Direct>,
    kinds: Vec<SharedDef>,
) -> Sharing<'scope> {
    reduce_total(direct, "shared subjects", move |subject, linked, rows| {
        for (place, def) in kinds.iter().enumerate() {
            let begin = linked.partition_point(|((kind, _), _)| *kind < def.link);
            let end = linked.partition_point(|((kind, _), _)| *kind <= def.link);
            let alive = linked[begin..end].iter().filter(|(_, n)| *n > 0);
            let many = alive.clone().count();
            if (def.min as usize..=def.hub as usize).contains(&many) {
                let shared = (place as u8, subject);
                rows.extend(alive.map(|((_, enterprise), _)| ((shared, *enterprise), 1)));
            }
        }
    })
}
