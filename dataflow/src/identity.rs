//! Other identifiers of enterprises: old registration numbers, organisation
//! codes, names.
//!
//! Contract: an alias counts at exactly the times at which it means one
//! enterprise. While it means none or several, whatever names it waits; it
//! resolves, or stops to, as soon as aliases are added, corrected or withdrawn,
//! whichever side arrives first.

use tocsin_ingest::fact::SubjectKey;

use crate::total::reduce_total;
use crate::types::{ArrangedSaid, ArrangedTallies, Said, Tallies, arrange_said};

/// The enterprise each unambiguous alias means.
pub(crate) type Resolved<'scope> = ArrangedSaid<'scope, SubjectKey>;

/// Resolves what is said about aliases, arranged by alias.
pub(crate) fn identity<'scope>(aliases: ArrangedSaid<'scope, SubjectKey>) -> Resolved<'scope> {
    let resolved = reduce_total(aliases, "identity", |alias, enterprises, resolved| {
        let mut meant = enterprises.iter().filter(|(_, n)| *n > 0);
        if let (Some((enterprise, _)), None) = (meant.next(), meant.next()) {
            resolved.push(((alias, **enterprise), 1));
        }
    });
    arrange_said(resolved, "identity")
}

/// Moves tallies of aliases to the enterprises they mean.
pub(crate) fn resolve_tallies<'scope>(
    waiting: ArrangedTallies<'scope>,
    identity: Resolved<'scope>,
) -> Tallies<'scope> {
    waiting.join_core(identity, |_alias, (), enterprise| Some(*enterprise))
}

/// Moves what is said of aliases to the enterprises they mean.
pub(crate) fn resolve_said<'scope, V: differential_dataflow::ExchangeData>(
    waiting: ArrangedSaid<'scope, V>,
    identity: Resolved<'scope>,
) -> Said<'scope, V> {
    waiting.join_core(identity, |_alias, value, enterprise| {
        Some((*enterprise, value.clone()))
    })
}

#[cfg(test)]
mod tests {
    use tocsin_ingest::fact::SubjectKind;

    use super::*;
    use crate::testing::{enterprise, outcome, subject, tally};
    use crate::types::arrange;

    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
    enum Row {
        /// The name means this enterprise.
        Means(u128),
        /// A fact of the name, of this value.
        Fact(i64),
    }
    use Row::{Fact, Means};

    fn check(rows: &[(Row, u64, isize)], expected: &[(u128, u64, i32, i64)]) {
        let name = subject(SubjectKind::Name, 7);
        let found = outcome(rows.to_vec(), 100, move |rows| {
            let aliases = rows.clone().flat_map(move |row| match row {
                Means(number) => Some((name, enterprise(number))),
                Fact(_) => None,
            });
            let facts = rows.explode(move |row| match row {
                Fact(value) => Some((name, tally(1, value))),
                Means(_) => None,
            });
            let identity = identity(arrange_said(aliases, "aliases"));
            resolve_tallies(arrange(facts, "facts of names"), identity)
        });
        let expected = expected
            .iter()
            .map(|(e, time, n, sum)| (enterprise(*e), *time, tally(*n, *sum)));
        assert_eq!(found, expected.collect::<Vec<_>>());
    }

    #[test]
    fn a_fact_waits_for_its_alias_and_leaves_with_it() {
        let rows = [(Fact(5), 1, 1), (Means(1), 2, 1), (Means(1), 3, -1)];
        check(&rows, &[(1, 2, 1, 5), (1, 3, -1, -5)]);
        let rows = [(Means(1), 1, 1), (Fact(5), 2, 1), (Fact(5), 3, -1)];
        check(&rows, &[(1, 2, 1, 5), (1, 3, -1, -5)]);
    }

    #[test]
    fn an_alias_that_means_two_enterprises_means_none() {
        let rows = [
            (Fact(5), 1, 1),
            (Means(1), 2, 2),
            (Means(2), 3, 1),
            (Means(1), 4, -2),
        ];
        check(&rows, &[(1, 2, 1, 5), (1, 3, -1, -5), (2, 4, 1, 5)]);
    }

    #[test]
    fn saying_the_same_twice_and_taking_back_one_changes_nothing() {
        let rows = [
            (Fact(5), 1, 1),
            (Means(1), 2, 1),
            (Means(1), 3, 1),
            (Means(1), 4, -1),
        ];
        check(&rows, &[(1, 2, 1, 5)]);
    }
}
