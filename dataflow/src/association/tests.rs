use tocsin_ingest::fact::SubjectKind::{EnterpriseCode, Name, Person, Phone};
use tocsin_ingest::fact::{Alias, Standing, Term};

use super::*;
use crate::identity::{Claim, identity};
use crate::links::links;
use crate::plan::{NeighbourDef, Plan, ReturnDef, SharedDef};
use crate::shared::shared;
use crate::testing::{enterprise, outcome, subject};
use crate::types::arrange_said;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    /// A person or phone of this number is linked to an enterprise or a name.
    Link(SubjectKey, SubjectKey),
    /// The name means the enterprise.
    Means(SubjectKey, u128),
    /// The enterprise has a fact in a slot, of this value.
    Fact(u128, Slot, i64),
}
use Row::{Fact, Link, Means};

const SIZE: Slot = 1;
const NEAR: Slot = 2;
const BACK: Slot = 3;
const CASE: Slot = 4;
const FOUNDED: Slot = 5;
const ENDED: Slot = 6;

fn def() -> AssociationDef {
    AssociationDef {
        shared: vec![SharedDef {
            link: 0,
            min: 2,
            hub: 3,
        }],
        largest: 4,
        size: Some(SIZE),
        neighbours: vec![NeighbourDef {
            slot: NEAR,
            kinds: 1,
            hops: 2,
            of: vec![CASE],
        }],
        returns: vec![ReturnDef {
            slot: BACK,
            kinds: 1,
            founded: vec![FOUNDED],
            ended: vec![ENDED],
            within_days: 30,
            before_days: 5,
        }],
    }
}

fn phone(number: u128) -> SubjectKey {
    subject(Phone, number)
}

fn name(number: u128) -> SubjectKey {
    subject(Name, number)
}

/// A phone is told to be an enterprise's.
fn of(phone_number: u128, number: u128) -> Row {
    Link(phone(phone_number), enterprise(number))
}

/// What each enterprise is told at each time in a slot: the change of the sum.
fn told(rows: &[(Row, Time, isize)], slot: Slot) -> Vec<(Time, u128, i64)> {
    let found = outcome(rows.to_vec(), 100, |rows| built(rows).tallies);
    let number = |key: SubjectKey| key.payload();
    found
        .into_iter()
        .map(|(of, time, tally)| (time, number(of), sum_of(&tally, slot) / VALUE_SCALE))
        .filter(|(_, _, change)| *change != 0)
        .collect()
}

fn sum_of(tally: &Tally, slot: Slot) -> i64 {
    let held: Vec<_> = tally.entries().iter().filter(|e| e.slot == slot).collect();
    held.iter().map(|entry| entry.sum).sum()
}

/// Who belongs to which group from when, or no longer.
fn belong(rows: &[(Row, Time, isize)]) -> Vec<(Time, u128, u128, isize)> {
    let found = outcome(rows.to_vec(), 100, |rows| built(rows).members);
    found
        .into_iter()
        .map(|((member, group), time, n)| (time, member.payload(), group.payload(), n))
        .collect()
}

fn built(rows: differential_dataflow::VecCollection<'_, Time, Row, isize>) -> Association<'_> {
    let plan = Rc::new(Plan {
        link_shares: vec![0],
        ..Plan::default()
    });
    let aliases = rows.clone().flat_map(|row| match row {
        Means(alias, number) => {
            let always = Alias {
                alias,
                enterprise: enterprise(number),
                term: Term::ALWAYS,
                standing: Standing::Borne,
            };
            Some((alias, Claim::from(&always)))
        }
        _ => None,
    });
    let said = rows.clone().flat_map(|row| match row {
        Link(from, to) => Some((from, (to, 0))),
        _ => None,
    });
    let facts = rows.explode(|row| match row {
        Fact(number, slot, value) => {
            Some((enterprise(number), Tally::one(slot, 1, value * VALUE_SCALE)))
        }
        _ => None,
    });
    let identity = identity(arrange_said(aliases, "aliases"));
    let links = links(said, identity, plan);
    let def = def();
    let sharing = shared(links.direct, def.shared.clone());
    association(sharing, facts, def, Pieces::default())
}

#[test]
fn groups_grow_merge_and_split_where_the_last_edge_goes() {
    let rows = [
        (of(1, 2), 1, 1),
        (of(1, 3), 1, 1),
        (of(2, 4), 2, 1),
        (of(2, 1), 2, 1),
        (of(3, 3), 3, 1),
        (of(3, 4), 3, 1),
        (of(3, 4), 4, -1),
    ];
    let expected = [
        (1, 2, 2, 1),
        (1, 3, 2, 1),
        (2, 1, 1, 1),
        (2, 4, 1, 1),
        (3, 2, 1, 1),
        (3, 2, 2, -1),
        (3, 3, 1, 1),
        (3, 3, 2, -1),
        (4, 2, 1, -1),
        (4, 2, 2, 1),
        (4, 3, 1, -1),
        (4, 3, 2, 1),
    ];
    assert_eq!(belong(&rows), expected);
    let sizes = told(&rows, SIZE);
    assert_eq!(sizes[4..8], [(3, 1, 2), (3, 2, 2), (3, 3, 2), (3, 4, 2)]);
    assert_eq!(sizes[8..], [(4, 1, -2), (4, 2, -2), (4, 3, -2), (4, 4, -2)]);
}

#[test]
fn another_edge_within_a_group_changes_nothing_and_holds_it_together() {
    let rows = [
        (of(1, 1), 1, 1),
        (of(1, 2), 1, 1),
        (of(2, 1), 2, 1),
        (of(2, 2), 2, 1),
        (of(1, 2), 3, -1),
        (of(2, 2), 4, -1),
    ];
    assert_eq!(
        belong(&rows),
        [(1, 1, 1, 1), (1, 2, 1, 1), (4, 1, 1, -1), (4, 2, 1, -1)]
    );
}

#[test]
fn a_subject_that_becomes_a_hub_associates_nobody() {
    let mut rows: Vec<_> = (1..=3).map(|number| (of(1, number), 1, 1)).collect();
    rows.push((of(1, 4), 2, 1));
    rows.push((of(1, 1), 3, -1));
    let times = |time| belong(&rows).into_iter().filter(move |row| row.0 == time);
    assert_eq!(times(2).map(|row| row.3).sum::<isize>(), -3);
    assert_eq!(
        times(3).collect::<Vec<_>>(),
        [(3, 2, 2, 1), (3, 3, 2, 1), (3, 4, 2, 1)]
    );
}

#[test]
fn a_component_above_the_bound_is_no_group_until_it_falls_apart() {
    let chain = |from: u128, to: u128| [of(from, from), of(from, to)];
    let mut rows: Vec<_> = (1..=4)
        .flat_map(|number| chain(number, number + 1))
        .map(|row| (row, 1, 1))
        .collect();
    rows.push((of(2, 3), 2, -1));
    assert_eq!(
        belong(&rows),
        [
            (2, 1, 1, 1),
            (2, 2, 1, 1),
            (2, 3, 3, 1),
            (2, 4, 3, 1),
            (2, 5, 3, 1)
        ]
    );
}

#[test]
fn a_link_by_name_counts_when_the_name_is_told_and_as_long() {
    let rows = [
        (of(1, 1), 1, 1),
        (Link(phone(1), name(7)), 1, 1),
        (Means(name(7), 2), 2, 1),
        (Means(name(7), 3), 3, 1),
        (Means(name(7), 2), 4, -1),
    ];
    assert_eq!(
        belong(&rows),
        [
            (2, 1, 1, 1),
            (2, 2, 1, 1),
            (3, 1, 1, -1),
            (3, 2, 1, -1),
            (4, 1, 1, 1),
            (4, 3, 1, 1)
        ]
    );
}

#[test]
fn cases_count_for_those_within_two_steps_and_not_for_themselves() {
    let rows = [
        (of(1, 1), 1, 1),
        (of(1, 2), 1, 1),
        (of(2, 2), 1, 1),
        (of(2, 3), 1, 1),
        (of(3, 3), 1, 1),
        (of(3, 4), 1, 1),
        (Fact(1, CASE, 1), 2, 1),
        // A fact of no value makes no case.
        (Fact(4, CASE, 0), 2, 1),
        (Fact(3, CASE, 1), 3, 1),
        (of(2, 2), 4, -1),
        (Fact(1, CASE, 1), 5, -1),
    ];
    let expected = [
        (2, 2, 1),
        (2, 3, 1),
        (3, 1, 1),
        (3, 2, 1),
        (3, 4, 1),
        (4, 1, -1),
        (4, 2, -1),
        (4, 3, -1),
        (5, 2, -1),
    ];
    assert_eq!(told(&rows, NEAR), expected);
}

#[test]
fn who_is_founded_around_the_end_of_another_goes_on_from_it() {
    let rows = [
        (of(1, 1), 1, 1),
        (of(1, 2), 1, 1),
        (of(1, 3), 1, 1),
        (Fact(1, ENDED, 100), 1, 1),
        (Fact(2, FOUNDED, 130), 2, 1),
        (Fact(3, FOUNDED, 94), 2, 1),
        // The founding is corrected, then the end.
        (Fact(3, FOUNDED, 94), 3, -1),
        (Fact(3, FOUNDED, 95), 3, 1),
        (Fact(1, ENDED, 100), 4, -1),
        (Fact(1, ENDED, 99), 4, 1),
        (of(1, 1), 5, -1),
    ];
    assert_eq!(
        told(&rows, BACK),
        [(2, 2, 1), (3, 3, 1), (4, 2, -1), (5, 3, -1)]
    );
}

#[test]
fn kinds_of_subjects_are_apart() {
    let person = subject(Person, 1);
    let rows = [
        (of(1, 1), 1, 1),
        (Link(person, enterprise(2)), 1, 1),
        (Link(person, subject(EnterpriseCode, 1)), 2, 1),
    ];
    assert_eq!(belong(&rows), [(2, 1, 1, 1), (2, 2, 1, 1)]);
}
