//! From a tally to the values of features: pure, integers only.
//!
//! Contract: values are in units of 1/[`VALUE_SCALE`]; `None` means missing and
//! is not zero. A value depends on the tally and, for ages and half-lives, on
//! the business day.

use tocsin_ingest::fact::{Slot, VALUE_SCALE};

use crate::decay::HalfLife;
use crate::keeping::has_values;
use crate::places::Placed;
use crate::plan::{Aggregate, FeatureDef, Measure, Plan, Role};
use crate::tally::{Entry, Tally};

/// Whether the enterprise of this tally is registered, and so has a score.
pub fn is_registered(plan: &Plan, tally: &Tally) -> bool {
    tally.entries().iter().any(|entry| {
        let def = plan.slots.get(usize::from(entry.slot));
        entry.n > 0 && def.is_some_and(|def| def.role == Role::Registers)
    })
}

/// Replaces `row` by the value of every feature on the day `today`, in the
/// plan's order.
pub(crate) fn fill_row(plan: &Plan, tally: Placed<'_>, today: i32, row: &mut Vec<Option<i64>>) {
    let features = plan.features.iter();
    row.clear();
    row.extend(features.map(|feature| value(feature, tally, today)));
}

/// The value of one feature on the day `today`.
pub(crate) fn value(feature: &FeatureDef, tally: Placed<'_>, today: i32) -> Option<i64> {
    let measured = Measured::new(&feature.measure, tally, today);
    let value = measured.value(feature.measure.aggregate)?;
    match &feature.per {
        None => Some(value),
        Some(per) => {
            let divisor = Measured::new(per, tally, today).value(per.aggregate)?;
            quotient(value, divisor)
        }
    }
}

/// One number by another, rounded down; missing when the other is zero.
fn quotient(value: i64, divisor: i64) -> Option<i64> {
    let scaled = i128::from(value) * i128::from(VALUE_SCALE);
    let quotient = scaled.checked_div_euclid(i128::from(divisor))?;
    Some(quotient.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64)
}

/// What a measure is taken of.
struct Measured<'a> {
    slots: &'a [Slot],
    half_life: Option<&'a HalfLife>,
    tally: Placed<'a>,
    today: i32,
}

impl<'a> Measured<'a> {
    fn new(measure: &'a Measure, tally: Placed<'a>, today: i32) -> Self {
        Measured {
            slots: &measure.slots,
            half_life: measure.half_life.as_deref(),
            tally,
            today,
        }
    }

    fn value(&self, aggregate: Aggregate) -> Option<i64> {
        match aggregate {
            Aggregate::Count => Some(self.count()),
            Aggregate::Present => Some(if self.total().0 > 0 { VALUE_SCALE } else { 0 }),
            Aggregate::Sum => self.sum(),
            Aggregate::Mean => {
                let (n, sum) = self.total();
                (n != 0).then(|| sum.wrapping_div_euclid(n))
            }
            Aggregate::Latest => self.latest(),
            Aggregate::Maximum => self.living().map(|entry| each_value(&entry)).max(),
            Aggregate::Minimum => self.living().map(|entry| each_value(&entry)).min(),
            Aggregate::Distinct => Some(self.distinct()),
            Aggregate::DaysSince => self.days_since(),
        }
    }

    fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        let of = |slot: &Slot| self.tally.of(*slot);
        self.slots.iter().flat_map(of).copied()
    }

    fn living(&self) -> impl Iterator<Item = Entry> + '_ {
        self.entries().filter(|entry| entry.n > 0)
    }

    /// How many facts, and what their values sum to.
    fn total(&self) -> (i64, i64) {
        self.entries().fold((0, 0), |(n, sum), entry| {
            (n + i64::from(entry.n), sum.wrapping_add(whole_sum(&entry)))
        })
    }

    /// How many facts; facts of one key count once.
    fn count(&self) -> i64 {
        let mut weighed = 0;
        for entry in self.entries().filter(|entry| !self.has_keys(entry)) {
            weighed += i128::from(entry.n) * self.weight(&entry);
        }
        let mut keys: Vec<(i64, u16)> = Vec::new();
        let keyed = self.living().filter(|entry| self.has_keys(entry));
        keys.extend(keyed.map(|entry| (entry.sum, entry.day)));
        keys.sort_unstable();
        for same in keys.chunk_by(|a, b| a.0 == b.0) {
            let latest = same.last().map_or(0, |(_, day)| *day);
            weighed += self.weight_of_day(latest);
        }
        HalfLife::total(weighed * i128::from(VALUE_SCALE))
    }

    fn sum(&self) -> Option<i64> {
        let (n, sum) = self.total();
        if n == 0 {
            return None;
        }
        let weighed = |entry: Entry| i128::from(whole_sum(&entry)) * self.weight(&entry);
        Some(match self.half_life {
            None => sum,
            Some(_) => HalfLife::total(self.entries().map(weighed).sum()),
        })
    }

    /// The value of the latest day; of one day that of the slot that is listed
    /// first, then the greatest.
    fn latest(&self) -> Option<i64> {
        let mut latest: Option<Entry> = None;
        for slot in self.slots {
            let mut living = self.tally.of(*slot).iter();
            let last = living.rfind(|entry| entry.n > 0);
            latest = match (latest, last) {
                (Some(known), Some(other)) if other.day <= known.day => Some(known),
                (known, other) => other.copied().or(known),
            };
        }
        latest.map(|entry| each_value(&entry))
    }

    fn distinct(&self) -> i64 {
        let mut values: Vec<i64> = self.living().map(|entry| each_value(&entry)).collect();
        values.sort_unstable();
        values.dedup();
        values.len() as i64 * VALUE_SCALE
    }

    fn days_since(&self) -> Option<i64> {
        let dated = self.living().filter(|entry| entry.day > 0);
        let last = dated.map(|entry| entry.day).max()?;
        let days = (self.today - i32::from(last)).max(0);
        Some(i64::from(days) * VALUE_SCALE)
    }

    fn has_keys(&self, entry: &Entry) -> bool {
        crate::keeping::has_keys(entry.slot)
    }

    fn weight(&self, entry: &Entry) -> i128 {
        self.weight_of_day(entry.day)
    }

    /// In units of 2^-32; what has no day weighs whole.
    fn weight_of_day(&self, day: u16) -> i128 {
        match self.half_life.filter(|_| day > 0) {
            None => 1 << 32,
            Some(half_life) => i128::from(half_life.weight(self.today - i32::from(day))),
        }
    }
}

/// The sum of the values of an entry's facts.
fn whole_sum(entry: &Entry) -> i64 {
    match has_values(entry.slot) {
        true => entry.sum.wrapping_mul(i64::from(entry.n)),
        false => entry.sum,
    }
}

/// The value of each of an entry's facts; of facts that are only summed, their
/// mean.
fn each_value(entry: &Entry) -> i64 {
    match has_values(entry.slot) {
        true => entry.sum,
        false => entry.sum.wrapping_div_euclid(i64::from(entry.n)),
    }
}

#[cfg(test)]
mod tests {
    use tocsin_models::{Category, FeatureKind, FeatureSpec};

    use super::*;
    use crate::keeping::{Each, Keeping};
    use crate::places::Places;

    const TODAY: i32 = 1_000;

    /// Of slots 4 and 2.
    fn feature(aggregate: Aggregate, half_life: Option<u16>) -> FeatureDef {
        FeatureDef {
            spec: FeatureSpec::new("f", Category::A, FeatureKind::Number),
            measure: Measure {
                slots: vec![4, 2],
                aggregate,
                half_life: half_life.map(|days| HalfLife::new(days).into()),
            },
            per: None,
            hard: false,
            marks: 0,
        }
    }

    /// Facts are slot, day, number and value of each.
    fn found(
        keeping: Keeping,
        feature: &FeatureDef,
        facts: &[(Slot, u16, i32, i64)],
    ) -> Option<i64> {
        let mut tally = Tally::default();
        for (slot, day, n, value) in facts {
            let sum = match keeping.each {
                Each::Summed => value * i64::from(*n),
                _ => *value,
            };
            tally.put(Entry {
                slot: keeping.stored(*slot),
                day: if keeping.by_day { *day } else { 0 },
                n: *n,
                sum,
            });
        }
        value(feature, Places::default().of(&tally), TODAY)
    }

    fn keeping(by_day: bool, each: Each) -> Keeping {
        Keeping { by_day, each }
    }

    #[test]
    fn values_follow_their_aggregate() {
        let facts = [(2, 0, 2, -15_000), (3, 0, 7, 1), (4, 0, 1, 10_000)];
        for each in [Each::Summed, Each::Value] {
            let check = |aggregate, facts: &[_], expected| {
                let feature = feature(aggregate, None);
                let found = found(keeping(false, each), &feature, facts);
                assert_eq!(found, expected, "{aggregate:?}");
            };
            check(Aggregate::Count, &facts, Some(30_000));
            check(Aggregate::Present, &facts, Some(10_000));
            check(Aggregate::Sum, &facts, Some(-20_000));
            check(Aggregate::Mean, &facts, Some(-6_667));
            check(Aggregate::Latest, &facts, Some(10_000));
            check(Aggregate::Latest, &facts[..2], Some(-15_000));
            check(Aggregate::Maximum, &facts, Some(10_000));
            check(Aggregate::Minimum, &facts, Some(-15_000));
            check(Aggregate::Distinct, &facts, Some(20_000));
        }
    }

    #[test]
    fn without_facts_counts_are_zero_and_amounts_are_missing() {
        let check = |aggregate, expected| {
            let feature = feature(aggregate, None);
            assert_eq!(found(Keeping::default(), &feature, &[]), expected);
        };
        check(Aggregate::Count, Some(0));
        check(Aggregate::Present, Some(0));
        check(Aggregate::Distinct, Some(0));
        check(Aggregate::Sum, None);
        check(Aggregate::Mean, None);
        check(Aggregate::Latest, None);
        check(Aggregate::Maximum, None);
        check(Aggregate::DaysSince, None);
    }

    #[test]
    fn the_latest_of_a_history_is_that_of_the_last_day() {
        let facts = [
            (4, 980, 1, 10_000),
            (2, 990, 1, 30_000),
            (2, 985, 1, 90_000),
        ];
        let history = keeping(true, Each::Value);
        let latest = |facts: &[_]| found(history, &feature(Aggregate::Latest, None), facts);
        assert_eq!(latest(&facts), Some(30_000));
        assert_eq!(latest(&facts[..1]), Some(10_000));
        let days = |facts: &[_]| found(history, &feature(Aggregate::DaysSince, None), facts);
        assert_eq!(days(&facts), Some(100_000));
        assert_eq!(days(&[(4, 1_005, 1, 1)]), Some(0));
    }

    #[test]
    fn half_of_a_fact_is_left_after_its_half_life() {
        // A fact of today, one of a half-life ago, two of two half-lives ago.
        let facts = [
            (2, 1_000, 1, 10_000),
            (4, 990, 1, 30_000),
            (2, 980, 2, 20_000),
        ];
        for each in [Each::Summed, Each::Value] {
            let history = keeping(true, each);
            let count = found(history, &feature(Aggregate::Count, Some(10)), &facts);
            assert_eq!(count, Some(20_000));
            let sum = found(history, &feature(Aggregate::Sum, Some(10)), &facts);
            assert_eq!(sum, Some(10_000 + 15_000 + 10_000));
        }
    }

    #[test]
    fn what_has_one_key_counts_once_and_as_of_its_latest_report() {
        let facts = [(2, 980, 1, 77), (4, 990, 3, 77), (2, 1_000, 1, 78)];
        let keys = keeping(true, Each::Key);
        let count = |half_life| found(keys, &feature(Aggregate::Count, half_life), &facts);
        assert_eq!(count(None), Some(20_000));
        assert_eq!(count(Some(10)), Some(15_000));
    }

    #[test]
    fn a_ratio_is_missing_without_its_divisor() {
        let mut ratio = feature(Aggregate::Sum, None);
        ratio.per = Some(Measure {
            slots: vec![3],
            aggregate: Aggregate::Count,
            half_life: None,
        });
        let mut tally = Tally::one(2, 1, -50_000);
        assert_eq!(value(&ratio, Places::default().of(&tally), TODAY), None);
        tally.add(3, 3, 0);
        assert_eq!(
            value(&ratio, Places::default().of(&tally), TODAY),
            Some(-16_667)
        );
    }
}
