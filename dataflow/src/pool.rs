//! The tally of a group: what the records say of its members, added up, so that
//! evidence that is scattered over shells counts together.
//!
//! Contract: a group's tally, under the enterprise that names it, is the sum of
//! its members' tallies without the slots that say how they are related: that
//! they belong together is why they are added, and is not counted for it again.

use std::rc::Rc;

use differential_dataflow::AsCollection;
use differential_dataflow::consolidation::ConsolidatingContainerBuilder;
use differential_dataflow::difference::{IsZero, Multiply};
use differential_dataflow::operators::join::join_traces;
use timely::container::PushInto;
use tocsin_ingest::fact::SubjectKey;

use crate::plan::Plan;
use crate::tally::Tally;
use crate::types::{ArrangedSaid, ArrangedTallies, Tallies, Time};

/// Adds up the tallies of members, arranged with the groups they belong to.
pub(crate) fn pool<'scope>(
    tallies: ArrangedTallies<'scope>,
    members: ArrangedSaid<'scope, SubjectKey>,
    plan: Rc<Plan>,
) -> Tallies<'scope> {
    type Rows = ConsolidatingContainerBuilder<Vec<(SubjectKey, Time, Tally)>>;
    join_traces::<_, _, _, _, Rows>(
        tallies,
        members,
        "tallies of members",
        move |_member, _, group, time, tally, times, rows| {
            let tally = tally.only(|slot| plan.is_of_records(slot)).multiply(times);
            if !tally.is_zero() {
                rows.push_into((*group, time, tally));
            }
        },
    )
    .as_collection()
}
