//! Leads reach enterprises: account → holder → enterprise it controls.
//!
//! Contract: a subject that is no enterprise reaches every enterprise that one
//! or two links lead to. A path carries the product of its shares (integer per
//! cent, rounded down), the best path counts, and a path that carries nothing is
//! none. An observation's count travels whole, its sum times the share.
//!
//! Ways are followed from subjects that have leads and from no others: of a
//! city's persons, addresses and telephones hardly one in a hundred has any.

use std::rc::Rc;

use differential_dataflow::AsCollection;
use differential_dataflow::consolidation::ConsolidatingContainerBuilder;
use differential_dataflow::difference::Multiply;
use differential_dataflow::operators::join::join_traces;
use timely::container::PushInto;
use tocsin_ingest::fact::SubjectKey;

use crate::links::{Links, travels};
use crate::plan::Plan;
use crate::spoken_of::spoken_of;
use crate::tally::Tally;
use crate::total::reduce_total;
use crate::types::{ArrangedSaid, ArrangedTallies, Tallies, Time, arrange_said};

/// An enterprise, and the per cent of a value that reaches it.
pub(crate) type Share = (SubjectKey, u8);

/// Every path of one or two links that starts where a lead is, arranged by where
/// it starts.
pub(crate) fn paths<'scope>(
    links: &Links<'scope>,
    leads: ArrangedTallies<'scope>,
    plan: Rc<Plan>,
) -> ArrangedSaid<'scope, Share> {
    let starts = arrange_said(spoken_of(leads).map(|lead| (lead, ())), "starts");
    let (direct, onward) = (links.direct.clone(), links.onward.clone());
    let short = plan.clone();
    let one = direct
        .clone()
        .join_core(starts.clone(), move |from, (kind, enterprise), ()| {
            let share = short.share(*kind);
            (share > 0 && travels(*from)).then_some((*from, (*enterprise, share)))
        });
    let middles = onward.join_core(starts, |from, (middle, first), ()| {
        Some((*middle, (*from, *first)))
    });
    let middles = arrange_said(middles, "middles");
    let two = middles.join_core(direct, move |_, (from, first), (kind, enterprise)| {
        let share = u16::from(*first) * u16::from(plan.share(*kind)) / 100;
        (share > 0).then_some((*from, (*enterprise, share as u8)))
    });
    arrange_said(one.concat(two), "paths")
}

/// The best path from each subject to each enterprise.
pub(crate) fn reach<'scope>(paths: ArrangedSaid<'scope, Share>) -> ArrangedSaid<'scope, Share> {
    let best = reduce_total(paths, "reach", |from, paths, best| {
        let alive = paths.iter().filter(|(_, n)| *n > 0);
        for ((enterprise, share), _) in alive {
            match best.last_mut() {
                Some(((_, (last, most)), _)) if last == enterprise => *most = *share,
                _ => best.push(((from, (*enterprise, *share)), 1)),
            }
        }
    });
    arrange_said(best, "reach")
}

/// Moves the tallies of leads to the enterprises they reach.
pub(crate) fn carry<'scope>(
    leads: ArrangedTallies<'scope>,
    reach: ArrangedSaid<'scope, Share>,
) -> Tallies<'scope> {
    type Rows = ConsolidatingContainerBuilder<Vec<(SubjectKey, Time, Tally)>>;
    join_traces::<_, _, _, _, Rows>(
        leads,
        reach,
        "leads reach enterprises",
        |_lead, _, (enterprise, share), time, tally, times, rows| {
            let tally = tally.shared(*share).multiply(times);
            rows.push_into((*enterprise, time, tally));
        },
    )
    .as_collection()
}

#[cfg(test)]
mod tests {
    use tocsin_ingest::fact::SubjectKind::{Account, Name, Person};
    use tocsin_ingest::fact::{Alias, Standing, Term};

    use super::*;
    use crate::identity::{Claim, identity};
    use crate::links::links;
    use crate::testing::{enterprise, outcome, subject, tally};
    use crate::types::arrange;

    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
    enum Row {
        Link(SubjectKey, SubjectKey, u8),
        Means(SubjectKey, SubjectKey),
        Lead(i64),
    }
    use Row::{Lead, Link, Means};

    /// Leads are on account 1; links of kind k carry 0, 50 or 100 per cent.
    fn check(rows: &[(Row, u64, isize)], expected: &[(u128, u64, i32, i64)]) {
        let found = outcome(rows.to_vec(), 100, |rows| {
            let plan = Rc::new(Plan {
                link_shares: vec![0, 50, 100],
                ..Plan::default()
            });
            let aliases = rows.clone().flat_map(|row| match row {
                Means(alias, enterprise) => {
                    let always = Alias {
                        alias,
                        enterprise,
                        term: Term::ALWAYS,
                        standing: Standing::Borne,
                    };
                    Some((alias, Claim::from(&always)))
                }
                _ => None,
            });
            let said = rows.clone().flat_map(|row| match row {
                Link(from, to, kind) => Some((from, (to, kind))),
                _ => None,
            });
            let leads = rows.explode(|row| match row {
                Lead(value) => Some((subject(Account, 1), tally(1, value))),
                _ => None,
            });
            let identity = identity(arrange_said(aliases, "aliases"));
            let links = links(said, identity, plan.clone());
            let leads = arrange(leads, "leads");
            carry(leads.clone(), reach(paths(&links, leads, plan)))
        });
        let expected = expected
            .iter()
            .map(|(e, time, n, sum)| (enterprise(*e), *time, tally(*n, *sum)));
        assert_eq!(found, expected.collect::<Vec<_>>());
    }

    #[test]
    fn two_links_multiply_and_a_withdrawn_link_takes_the_lead_back() {
        let (account, person) = (subject(Account, 1), subject(Person, 1));
        let rows = [
            (Lead(1_000), 1, 1),
            (Link(account, person, 1), 2, 1),
            (Link(person, enterprise(1), 1), 3, 1),
            (Link(account, person, 1), 4, -1),
        ];
        check(&rows, &[(1, 3, 1, 250), (1, 4, -1, -250)]);
    }

    #[test]
    fn the_best_path_counts_once() {
        let (account, person) = (subject(Account, 1), subject(Person, 1));
        let rows = [
            (Lead(1_000), 1, 1),
            (Link(account, person, 2), 1, 1),
            (Link(person, enterprise(1), 1), 1, 1),
            (Link(account, enterprise(1), 2), 2, 1),
            (Link(account, enterprise(1), 2), 3, -1),
        ];
        check(&rows, &[(1, 1, 1, 500), (1, 2, 0, 500), (1, 3, 0, -500)]);
    }

    #[test]
    fn a_link_to_a_name_waits_for_it_and_a_link_without_share_carries_nothing() {
        let (account, name) = (subject(Account, 1), subject(Name, 1));
        let rows = [
            (Lead(1_000), 1, 1),
            (Link(account, name, 1), 1, 1),
            (Link(account, enterprise(2), 0), 1, 1),
            (Means(name, enterprise(1)), 2, 1),
            (Lead(1_000), 3, -1),
        ];
        check(&rows, &[(1, 2, 1, 500), (1, 3, -1, -500)]);
    }

    #[test]
    fn three_links_are_too_many() {
        let (account, person) = (subject(Account, 1), subject(Person, 1));
        let other = subject(Person, 2);
        let rows = [
            (Lead(1_000), 1, 1),
            (Link(account, person, 2), 1, 1),
            (Link(person, other, 2), 1, 1),
            (Link(other, enterprise(1), 2), 1, 1),
        ];
        check(&rows, &[]);
    }
}
