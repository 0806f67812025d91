//! Half-lives, in integers: what a fact of some age still weighs.
//!
//! Contract: after every half-life the weight is exactly half, between them it
//! falls along 2^(-age / half-life), in units of 2^-32; the same on every
//! machine, because no floating point takes part. Sums of weighed facts are
//! rounded once, at the end, and downwards.

/// Binary places of a weight.
const PLACES: u32 = 32;

/// Binary places of the exponent's fraction.
const STEPS: u32 = 40;

/// What facts weigh by their age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HalfLife {
    /// By days after the last whole half-life: the weight within it.
    within: Vec<u64>,
}

impl HalfLife {
    /// A half-life of so many days, at least one.
    pub fn new(days: u16) -> Self {
        let days = u64::from(days.max(1));
        let within = (0..days).map(|day| two_to_minus(day, days)).collect();
        HalfLife { within }
    }

    /// In days.
    pub fn days(&self) -> u16 {
        self.within.len() as u16
    }

    /// What a fact weighs `age` days after its day, in units of 2^-32; one whose
    /// day has not come weighs whole.
    pub fn weight(&self, age: i32) -> u64 {
        let age = age.max(0) as usize;
        let (halves, rest) = (age / self.within.len(), age % self.within.len());
        match self.within.get(rest) {
            Some(weight) if halves < PLACES as usize => weight >> halves,
            _ => 0,
        }
    }

    /// What a number of weighed units comes to, rounded down.
    pub fn total(weighed: i128) -> i64 {
        let whole = weighed >> PLACES;
        whole.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }
}

/// 2^(-part / whole) in units of 2^-32, for part < whole: the product of the
/// roots of one half that the binary fraction of part / whole names.
fn two_to_minus(part: u64, whole: u64) -> u64 {
    let fraction = (part << STEPS) / whole;
    // In units of 2^-64; the first root is that of 2^-1.
    let (mut product, mut root) = (u128::from(u64::MAX) + 1, 1u128 << 63);
    for step in 1..=STEPS {
        root = (root << 64).isqrt();
        if fraction >> (STEPS - step) & 1 == 1 {
            product = ((product >> 1) * (root >> 1)) >> 62;
        }
    }
    let half = 1u128 << (63 - PLACES);
    ((product + half) >> (64 - PLACES)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_those_of_the_exponential() {
        for days in [1, 2, 7, 30, 45, 90, 365, 3_650] {
            let half_life = HalfLife::new(days);
            assert_eq!(half_life.days(), days);
            for age in 0..4 * i32::from(days) {
                let expected = (-f64::from(age) / f64::from(days)).exp2();
                let found = half_life.weight(age) as f64 / 2f64.powi(32);
                assert!((found - expected).abs() < 1e-9, "{days} {age}");
            }
        }
    }

    #[test]
    fn every_half_life_halves_and_the_end_is_nothing() {
        let half_life = HalfLife::new(45);
        assert_eq!(half_life.weight(0), 1 << 32);
        assert_eq!(half_life.weight(45), 1 << 31);
        assert_eq!(half_life.weight(-3), 1 << 32);
        assert_eq!(half_life.weight(45 * 32), 0);
        assert_eq!(half_life.weight(i32::MAX), 0);
        assert!((0..2_000).is_sorted_by_key(|age| std::cmp::Reverse(half_life.weight(age))));
    }

    #[test]
    fn totals_are_rounded_down_and_never_overflow() {
        assert_eq!(HalfLife::total((3i128 << 32) - 1), 2);
        assert_eq!(HalfLife::total(-1), -1);
        assert_eq!(HalfLife::total(i128::MAX), i64::MAX);
    }
}
