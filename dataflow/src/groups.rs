//! Enterprises that share a subject: a controller, an address, a telephone.
//!
//! Contract: if a subject is linked by a group's kind to c distinct enterprises
//! and min ≤ c ≤ hub, each of them gets the group's slot with count 1 and sum
//! c; an enterprise in several groups gets the sums of all.

use std::rc::Rc;

use tocsin_ingest::fact::{SubjectKey, VALUE_SCALE};

use crate::links::Direct;
use crate::plan::{GroupDef, Plan};
use crate::tally::Tally;
use crate::total::reduce_total;
use crate::types::{ArrangedSaid, Tallies};

/// The tallies that membership of groups gives.
pub(crate) fn groups<'scope>(
    direct: ArrangedSaid<'scope, Direct>,
    plan: Rc<Plan>,
) -> Tallies<'scope> {
    reduce_total(direct, "groups", move |_subject, linked, members| {
        for group in &plan.groups {
            members.extend(of_group(group, linked));
        }
    })
}

fn of_group<'a>(
    group: &'a GroupDef,
    linked: &'a [(&Direct, isize)],
) -> impl Iterator<Item = (SubjectKey, Tally)> + 'a {
    let begin = linked.partition_point(|((kind, _), _)| *kind < group.link);
    let end = linked.partition_point(|((kind, _), _)| *kind <= group.link);
    let alive = linked[begin..end].iter().filter(|(_, n)| *n > 0);
    let size = alive.clone().count();
    let counts = group.min as usize <= size && size <= group.hub as usize;
    let tally = Tally::one(group.slot, 1, size as i64 * VALUE_SCALE);
    alive
        .filter(move |_| counts)
        .map(move |((_, enterprise), _)| (*enterprise, tally.clone()))
}

#[cfg(test)]
mod tests {
    use tocsin_ingest::fact::SubjectKind::Address;

    use super::*;
    use crate::testing::{enterprise, outcome, subject};
    use crate::types::arrange_said;

    /// Links of kind 1 from one address; groups of 2 to 3. Rows are enterprise,
    /// time and count; what is expected is enterprise, time, count and size.
    fn check(rows: &[(u128, u64, isize)], expected: &[(u128, u64, i32, i64)]) {
        let found = outcome(rows.to_vec(), 100, |rows| {
            let group = GroupDef {
                link: 1,
                slot: 2,
                min: 2,
                hub: 3,
            };
            let plan = Rc::new(Plan {
                groups: vec![group],
                ..Plan::default()
            });
            let links = rows.flat_map(|number| {
                let from = subject(Address, 1);
                [1, 2].map(|kind| (from, (kind, enterprise(number))))
            });
            groups(arrange_said(links, "links to enterprises"), plan)
        });
        let expected = expected.iter().map(|(e, time, n, size)| {
            (enterprise(*e), *time, Tally::one(2, *n, size * VALUE_SCALE))
        });
        assert_eq!(found, expected.collect::<Vec<_>>());
    }

    #[test]
    fn a_group_grows_becomes_a_hub_and_shrinks_again() {
        let rows = [
            (1, 1, 1),
            (2, 2, 1),
            (3, 3, 1),
            (4, 4, 1),
            (4, 5, -1),
            (3, 6, -1),
        ];
        let expected = [
            (1, 2, 1, 2),
            (2, 2, 1, 2),
            (1, 3, 0, 1),
            (2, 3, 0, 1),
            (3, 3, 1, 3),
            (1, 4, -1, -3),
            (2, 4, -1, -3),
            (3, 4, -1, -3),
            (1, 5, 1, 3),
            (2, 5, 1, 3),
            (3, 5, 1, 3),
            (1, 6, 0, -1),
            (2, 6, 0, -1),
            (3, 6, -1, -3),
        ];
        check(&rows, &expected);
    }

    #[test]
    fn an_enterprise_linked_twice_is_one_member() {
        check(&[(1, 1, 2), (1, 2, -1)], &[]);
    }
}
