//! What an institution derives from the payments on one account. It sees only
//! what it holds; thresholds differ from institution to institution.

use std::collections::BTreeMap;

use super::payments::{Party, Payment};
use super::profile::Profile;

/// A lead, if the institution reports one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Bit n: pattern D(n + 1).
    pub(super) patterns: u32,
    pub(super) payers: u32,
    pub(super) in_fen: i64,
    pub(super) out_fen: i64,
    /// Per cent of the paying persons who are 60 and older.
    pub(super) elderly: u32,
    /// Per cent.
    pub(super) confidence: u32,
}

/// How closely an institution looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Care {
    /// Persons paying in that make it look at all.
    pub(super) payers: u32,
    /// Patterns that make it report.
    pub(super) patterns: u32,
}

/// Bit of pattern `number`, 1 to 15.
pub(super) const fn bit(number: u32) -> u32 {
    1 << (number - 1)
}

/// What is counted on the way.
#[derive(Debug, Default)]
struct Counted {
    persons: BTreeMap<u32, u32>,
    firms_in: i64,
    in_fen: i64,
    out_fen: i64,
    to_persons: Vec<i64>,
    receivers: BTreeMap<Party, i64>,
    on_lattice: usize,
    payments_in: usize,
    telling: usize,
    commissions: usize,
    late_out: i64,
}

/// Looks at a month on an account. `revenue_fen` is what the holder declares for
/// a month: it knows its customer.
pub(super) fn look(
    profile: &Profile,
    payments: &[Payment],
    revenue_fen: i64,
    care: Care,
) -> Option<Found> {
    let counted = count(payments);
    let patterns = patterns(profile, payments, &counted, revenue_fen, care);
    let many = patterns.count_ones();
    if many < care.patterns {
        return None;
    }
    let payers = counted.persons.len() as u32;
    let old = counted.persons.values().filter(|age| **age >= 60).count() as u32;
    let strong = (patterns & (bit(3) | bit(6) | bit(10) | bit(11))).count_ones();
    // Played payers stand for all of them.
    let scale = i64::from((profile.payers / payers.max(1)).max(1));
    Some(Found {
        patterns,
        payers: profile.payers.max(payers),
        in_fen: counted.in_fen * scale,
        out_fen: counted.out_fen * scale,
        elderly: old * 100 / payers.max(1),
        confidence: (22 + 7 * many + 9 * strong).min(92),
    })
}

fn count(payments: &[Payment]) -> Counted {
    let mut counted = Counted::default();
    for payment in payments {
        counted.telling += usize::from(payment.telling);
        counted.commissions += usize::from(payment.commission);
        if payment.fen >= 0 {
            counted.payments_in += 1;
            counted.in_fen += payment.fen;
            counted.on_lattice += usize::from(payment.fen % 50_000 == 0);
            match payment.party {
                Party::Person(person) => drop(counted.persons.insert(person, payment.age)),
                _ => counted.firms_in += payment.fen,
            }
        } else {
            counted.out_fen -= payment.fen;
            *counted.receivers.entry(payment.party).or_default() -= payment.fen;
            if matches!(payment.party, Party::Person(person) if person < 100_000) {
                counted.to_persons.push(-payment.fen);
            }
            counted.late_out -= if payment.hour + 48 > super::payments::HOURS {
                payment.fen
            } else {
                0
            };
        }
    }
    counted
}

fn patterns(
    profile: &Profile,
    payments: &[Payment],
    counted: &Counted,
    revenue_fen: i64,
    care: Care,
) -> u32 {
    let persons = counted.persons.len() as u32;
    let old = counted.persons.values().filter(|age| **age >= 60).count() as u32;
    let back: i64 = counted.to_persons.iter().sum();
    let mut top: Vec<i64> = counted.receivers.values().copied().collect();
    top.sort_unstable_by(|one, other| other.cmp(one));
    let top: i64 = top.iter().take(3).sum();
    let of = |party: Party| counted.receivers.get(&party).copied().unwrap_or(0);
    let rules = [
        (
            1,
            persons >= care.payers && counted.firms_in * 3 < counted.in_fen,
        ),
        (
            2,
            counted.on_lattice * 10 >= counted.payments_in * 8 && counted.payments_in >= 15,
        ),
        (3, regular(&counted.to_persons)),
        (
            4,
            counted.late_out * 100 >= counted.in_fen * 60 && counted.in_fen > 10_000_000,
        ),
        (
            5,
            top * 10 > counted.out_fen * 7 && counted.out_fen * 2 > counted.in_fen,
        ),
        (6, counted.telling * 10 >= payments.len()),
        (7, old * 2 >= persons && persons >= 15),
        (8, counted.in_fen > revenue_fen.max(1_000_000) * 6),
        (9, profile.dormant),
        (
            10,
            back * 2 > counted.in_fen && persons >= 15 && counted.to_persons.len() >= 20,
        ),
        (11, counted.commissions >= 3),
        (12, profile.personal && persons >= 10),
        (14, of(Party::Abroad) * 10 > counted.in_fen),
        (15, of(Party::Cash) * 100 > counted.in_fen * 15),
    ];
    let found = rules.iter().filter(|(_, holds)| *holds);
    found.fold(0, |patterns, (number, _)| patterns | bit(*number))
}

/// Whether payments to persons are shares of one size: the mean deviation is
/// below a fifth of the mean.
fn regular(shares: &[i64]) -> bool {
    if shares.len() < 15 {
        return false;
    }
    let many = shares.len() as i64;
    let mean = shares.iter().sum::<i64>() / many;
    let deviation = shares.iter().map(|share| (share - mean).abs()).sum::<i64>() / many;
    deviation * 100 < mean * 13
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::payments::play;
    use crate::random::Dice;

    const CARE: Care = Care {
        payers: 30,
        patterns: 1,
    };

    fn found(profile: Profile) -> u32 {
        let mut dice = Dice::new(1, 2, 3, 4);
        let payments = play(&profile, &mut dice);
        look(&profile, &payments, 100_000_000, CARE).map_or(0, |found| found.patterns)
    }

    #[test]
    fn each_pattern_comes_from_its_payments() {
        let base = Profile {
            payers: 100,
            low: 1_000,
            high: 9_000,
            unit: 1,
            ..Profile::default()
        };
        assert_eq!(found(base), bit(1));
        assert_eq!(found(Profile { unit: 500, ..base }), bit(1) | bit(2));
        assert_eq!(
            found(Profile {
                back: 30,
                uneven: 10,
                ..base
            }),
            bit(1) | bit(3)
        );
        assert_eq!(
            found(Profile {
                back: 80,
                uneven: 90,
                ..base
            }),
            bit(1) | bit(10)
        );
        assert_eq!(
            found(Profile {
                elderly: 90,
                ..base
            }),
            bit(1) | bit(7)
        );
        assert_eq!(
            found(Profile {
                remarks: 40,
                ..base
            }),
            bit(1) | bit(6)
        );
        assert_eq!(
            found(Profile {
                cash: 30,
                back: 40,
                uneven: 90,
                ..base
            }),
            bit(1) | bit(15)
        );
        assert_eq!(
            found(Profile {
                payers: 3,
                firms: 9,
                ..base
            }),
            0
        );
    }
}
