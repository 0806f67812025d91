use proptest::prelude::*;
use tocsin_ingest::fact::SubjectKind;

use super::*;
use crate::named::{Dated, apart};
use crate::testing::{enterprise, outcome, subject, tally};
use crate::types::{arrange_named, arrange_said};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    /// The name means this enterprise, from and until these days, so firmly.
    Means(u128, u16, u16, Standing),
    /// A fact of the name on a day, of this value.
    Fact(u16, i64),
}
use Row::{Fact, Means};
use Standing::{Beyond, Borne, Decided};

const EVER: u16 = u16::MAX;

fn name() -> SubjectKey {
    subject(SubjectKind::Name, 7)
}

fn claim(number: u128, from: u16, until: u16, standing: Standing) -> Claim {
    Claim::from(&Alias {
        alias: name(),
        enterprise: enterprise(number),
        term: Term { from, until },
        standing,
    })
}

fn check(rows: &[(Row, u64, isize)], expected: &[(u128, u64, i32, i64)]) {
    let found = outcome(rows.to_vec(), 100, move |rows| {
        let aliases = rows.clone().flat_map(move |row| match row {
            Means(number, from, until, standing) => {
                Some((name(), claim(number, from, until, standing)))
            }
            Fact(..) => None,
        });
        let facts = rows.explode(move |row| match row {
            Fact(day, value) => {
                let named = Dated::new(&[SubjectKind::Name]).on(name(), day);
                Some((apart(named), tally(1, value)))
            }
            Means(..) => None,
        });
        let identity = identity(arrange_said(aliases, "aliases"));
        let counter = Counter::new(Rc::new(Plan::default()));
        resolve_tallies(arrange_named(facts, "facts of names"), identity, counter)
    });
    let expected = expected
        .iter()
        .map(|(e, time, n, sum)| (enterprise(*e), *time, tally(*n, *sum)));
    assert_eq!(found, expected.collect::<Vec<_>>());
}

fn means(number: u128) -> Row {
    Means(number, 0, EVER, Borne)
}

#[test]
fn a_fact_waits_for_its_alias_and_leaves_with_it() {
    let rows = [(Fact(9, 5), 1, 1), (means(1), 2, 1), (means(1), 3, -1)];
    check(&rows, &[(1, 2, 1, 5), (1, 3, -1, -5)]);
    let rows = [(means(1), 1, 1), (Fact(9, 5), 2, 1), (Fact(9, 5), 3, -1)];
    check(&rows, &[(1, 2, 1, 5), (1, 3, -1, -5)]);
}

#[test]
fn an_alias_that_means_two_enterprises_means_none() {
    let rows = [
        (Fact(9, 5), 1, 1),
        (means(1), 2, 2),
        (means(2), 3, 1),
        (means(1), 4, -2),
    ];
    check(&rows, &[(1, 2, 1, 5), (1, 3, -1, -5), (2, 4, 1, 5)]);
}

#[test]
fn saying_the_same_twice_and_taking_back_one_changes_nothing() {
    let rows = [
        (Fact(9, 5), 1, 1),
        (means(1), 2, 1),
        (means(1), 3, 1),
        (means(1), 4, -1),
    ];
    check(&rows, &[(1, 2, 1, 5)]);
}

#[test]
fn a_name_means_on_each_day_the_enterprise_that_bore_it_then() {
    let rows = [
        (Fact(9, 1), 1, 1),
        (Fact(10, 2), 1, 1),
        (Fact(20, 4), 1, 1),
        (Means(1, 0, 10, Borne), 2, 1),
        (Means(2, 20, EVER, Borne), 3, 1),
        // The former bearer bore it longer: both bore it from day 20 on.
        (Means(1, 0, 10, Borne), 4, -1),
        (Means(1, 0, 21, Borne), 4, 1),
    ];
    let expected = [(1, 2, 1, 1), (2, 3, 1, 4), (1, 4, 1, 2), (2, 4, -1, -4)];
    check(&rows, &expected);
}

#[test]
fn beyond_its_days_a_name_counts_until_another_bears_it() {
    let rows = [
        (Fact(9, 1), 1, 1),
        (Fact(30, 2), 1, 1),
        (Means(1, 0, 10, Borne), 2, 1),
        (Means(1, 0, EVER, Beyond), 2, 1),
        (Means(2, 20, EVER, Borne), 3, 1),
    ];
    check(&rows, &[(1, 2, 2, 3), (1, 3, -1, -2), (2, 3, 1, 2)]);
}

#[test]
fn a_decision_ends_an_ambiguity_on_its_days_and_gives_it_back() {
    let rows = [
        (Fact(9, 1), 1, 1),
        (Fact(30, 2), 1, 1),
        (means(1), 1, 1),
        (means(2), 1, 1),
        (Means(2, 0, 20, Decided), 2, 1),
        (Means(2, 0, 20, Decided), 3, -1),
    ];
    check(&rows, &[(2, 2, 1, 1), (2, 3, -1, -1)]);
}

#[test]
fn a_fact_without_a_day_waits_if_the_name_has_meant_two() {
    let rows = [
        (Fact(NO_DAY, 1), 1, 1),
        (Means(1, 5, 10, Borne), 2, 1),
        (Means(2, 20, EVER, Borne), 3, 1),
        (Means(1, 5, 10, Borne), 4, -1),
    ];
    check(&rows, &[(1, 2, 1, 1), (1, 3, -1, -1), (2, 4, 1, 1)]);
}

#[test]
fn a_claim_takes_22_bytes_and_what_it_makes_20() {
    assert_eq!((size_of::<Claim>(), size_of::<Meant>()), (22, 20));
}

fn any_claim() -> impl Strategy<Value = Claim> {
    let from = prop_oneof![Just(0u16), 0u16..6];
    let until = prop_oneof![Just(EVER), 0u16..7];
    let standing = prop_oneof![Just(Beyond), Just(Borne), Just(Decided)];
    (0u128..3, from, until, standing)
        .prop_map(|(number, from, until, standing)| claim(number, from, until, standing))
}

proptest! {
    #[test]
    fn what_is_meant_is_what_a_look_at_every_day_says(
        claims in proptest::collection::vec(any_claim(), 0..6),
    ) {
        let on = |day: u16| {
            let then = claims.iter().filter(|claim| !claim.term.is_empty() && claim.term.holds_on(day));
            let firmest = then.clone().map(|claim| claim.standing).max()?;
            let mut firm: Vec<_> = then
                .filter(|claim| claim.standing == firmest)
                .map(|claim| claim.parts().0)
                .collect();
            firm.dedup();
            Some(if firm.iter().all(|one| *one == firm[0]) { firm[0] } else { NOBODY })
        };
        let meant = meant(claims.iter().copied());
        let found = |day: u16| meant.iter().filter_map(|meant| meant.on(day)).collect::<Vec<_>>();
        for day in (1..9).chain([EVER - 1]) {
            prop_assert_eq!(found(day), on(day).into_iter().collect::<Vec<_>>(), "day {}", day);
        }
        let mut ever: Vec<_> = (1..9).filter_map(on).collect();
        ever.dedup();
        let undated = match ever.as_slice() {
            [] => vec![],
            [one] => vec![*one],
            _ => vec![NOBODY],
        };
        prop_assert_eq!(found(NO_DAY), undated);
    }
}
