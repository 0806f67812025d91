//! From a tally to the values of features: pure, integers only.
//!
//! Contract: values are in units of 1/[`VALUE_SCALE`]; `None` means missing and
//! is not zero.

use tocsin_ingest::fact::{Slot, VALUE_SCALE};

use crate::plan::{Aggregate, FeatureDef, Plan, Role};
use crate::tally::Tally;

/// Whether the enterprise of this tally is registered, and so has a score.
pub fn is_registered(plan: &Plan, tally: &Tally) -> bool {
    tally.entries().iter().any(|entry| {
        let def = plan.slots.get(usize::from(entry.slot));
        entry.n > 0 && def.is_some_and(|def| def.role == Role::Registers)
    })
}

/// Replaces `row` by the value of every feature, in the plan's order.
pub fn fill_row(plan: &Plan, tally: &Tally, row: &mut Vec<Option<i64>>) {
    row.clear();
    row.extend(plan.features.iter().map(|feature| value(feature, tally)));
}

/// The value of one feature.
pub fn value(feature: &FeatureDef, tally: &Tally) -> Option<i64> {
    let (n, sum) = total(&feature.slots, tally);
    match feature.aggregate {
        Aggregate::Count => Some(n.wrapping_mul(VALUE_SCALE)),
        Aggregate::Present => Some(if n > 0 { VALUE_SCALE } else { 0 }),
        Aggregate::Sum => (n != 0).then_some(sum),
        Aggregate::Mean => (n != 0).then(|| sum.wrapping_div_euclid(n)),
        Aggregate::Latest => latest(&feature.slots, tally),
    }
}

fn total(slots: &[Slot], tally: &Tally) -> (i64, i64) {
    let mut total = (0i64, 0i64);
    for slot in slots {
        let entry = tally.get(*slot);
        total.0 += i64::from(entry.n);
        total.1 = total.1.wrapping_add(entry.sum);
    }
    total
}

fn latest(slots: &[Slot], tally: &Tally) -> Option<i64> {
    let mut entries = slots.iter().map(|slot| tally.get(*slot));
    let entry = entries.find(|entry| entry.n > 0)?;
    Some(entry.sum.wrapping_div_euclid(i64::from(entry.n)))
}

#[cfg(test)]
mod tests {
    use tocsin_models::{Category, FeatureKind, FeatureSpec};

    use super::*;

    fn check(aggregate: Aggregate, entries: &[(Slot, i32, i64)], expected: Option<i64>) {
        let feature = FeatureDef {
            spec: FeatureSpec::new("f", Category::A, FeatureKind::Number),
            slots: vec![4, 2],
            aggregate,
            hard: false,
        };
        let mut tally = Tally::default();
        for (slot, n, sum) in entries {
            tally.add(*slot, *n, *sum);
        }
        assert_eq!(value(&feature, &tally), expected, "{aggregate:?}");
    }

    #[test]
    fn values_follow_their_aggregate() {
        let some = [(2, 2, -30_001), (3, 7, 7), (4, 1, 10_000)];
        check(Aggregate::Count, &some, Some(30_000));
        check(Aggregate::Present, &some, Some(10_000));
        check(Aggregate::Sum, &some, Some(-20_001));
        check(Aggregate::Mean, &some, Some(-6_667));
        check(Aggregate::Latest, &some, Some(10_000));
        check(Aggregate::Latest, &some[..2], Some(-15_001));
    }

    #[test]
    fn without_facts_counts_are_zero_and_amounts_are_missing() {
        check(Aggregate::Count, &[], Some(0));
        check(Aggregate::Present, &[], Some(0));
        check(Aggregate::Sum, &[], None);
        check(Aggregate::Mean, &[], None);
        check(Aggregate::Latest, &[(3, 1, 1)], None);
    }
}
