//! Other identifiers of enterprises: old registration numbers, organisation
//! codes, names, agencies' own numbers.
//!
//! Contract: on each day an alias means the one enterprise that its claims of
//! the firmest standing on that day agree on. Where they do not agree it is
//! ambiguous, and where there are none it is unknown; what a record of that day
//! says of it waits. A record without a day waits unless the alias means one
//! enterprise on every day on which it means anybody: nobody could say whom
//! else. It resolves, or stops to, as soon as aliases are added, corrected or
//! withdrawn, whichever side arrives first.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use tocsin_ingest::fact::{Alias, Standing, SubjectKey, Term};

use crate::plan::Plan;
use crate::tally::Tally;
use crate::total::reduce_total;
use crate::types::{ArrangedNamed, ArrangedSaid, Said, Tallies, arrange_said};

/// Whom an ambiguous alias means.
const NOBODY: SubjectKey = SubjectKey(0);

/// The day of records that have none.
const NO_DAY: u16 = 0;

/// That an alias means an enterprise, on some days. 22 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Claim {
    enterprise: [u8; 16],
    term: Term,
    standing: Standing,
}

impl From<&Alias> for Claim {
    fn from(alias: &Alias) -> Self {
        Claim {
            enterprise: alias.enterprise.0.to_be_bytes(),
            term: alias.term,
            standing: alias.standing,
        }
    }
}

impl Claim {
    /// Who claims the alias, when, and how firmly.
    pub(crate) fn parts(&self) -> (SubjectKey, Term, Standing) {
        let enterprise = SubjectKey(u128::from_be_bytes(self.enterprise));
        (enterprise, self.term, self.standing)
    }
}

/// Whom an alias means on some days: an enterprise, or nobody can say. 20 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Meant {
    term: Term,
    enterprise: [u8; 16],
}

impl Meant {
    /// Whom a record of `day` means, if these are its days.
    fn on(&self, day: u16) -> Option<SubjectKey> {
        let enterprise = SubjectKey(u128::from_be_bytes(self.enterprise));
        self.term.holds_on(day).then_some(enterprise)
    }

    /// Whether a record of `day` means an enterprise, or nobody can say which;
    /// nothing if these are not its days.
    pub(crate) fn is_clear_on(&self, day: u16) -> Option<bool> {
        self.on(day).map(|meant| meant != NOBODY)
    }
}

/// Whom each alias means, and when.
pub(crate) type Resolved<'scope> = ArrangedSaid<'scope, Meant>;

/// Resolves what is said about aliases, arranged by alias.
pub(crate) fn identity<'scope>(aliases: ArrangedSaid<'scope, Claim>) -> Resolved<'scope> {
    let resolved = reduce_total(aliases, "identity", |alias, claims, resolved| {
        let claims = claims.iter().filter(|(_, n)| *n > 0);
        let meant = meant(claims.map(|(claim, _)| **claim));
        resolved.extend(meant.into_iter().map(|meant| ((alias, meant), 1)));
    });
    arrange_said(resolved, "identity")
}

/// Whom these claims make an alias mean: terms that follow each other, longest
/// possible. Day 0 stands for records without a day.
fn meant(claims: impl Iterator<Item = Claim>) -> Vec<Meant> {
    let claims: Vec<Claim> = claims.filter(|claim| !claim.term.is_empty()).collect();
    if let [first, rest @ ..] = claims.as_slice() {
        let agree =
            |claim: &Claim| claim.enterprise == first.enterprise && claim.term == Term::ALWAYS;
        // By far the commonest.
        if agree(first) && rest.iter().all(agree) {
            return vec![Meant {
                term: Term::ALWAYS,
                enterprise: first.enterprise,
            }];
        }
    }
    let mut days = by_day(&claims);
    without_day(&mut days);
    days
}

/// Whom the claims make an alias mean on each day, from day 1 on.
fn by_day(claims: &[Claim]) -> Vec<Meant> {
    // What begins and what ends, by day.
    let mut turns: BTreeMap<u16, Vec<(&Claim, i32)>> = BTreeMap::new();
    for claim in claims {
        let begin = claim.term.from.max(NO_DAY + 1);
        turns.entry(begin).or_default().push((claim, 1));
        turns.entry(claim.term.until).or_default().push((claim, -1));
    }
    let mut standing: BTreeMap<(Standing, [u8; 16]), i32> = BTreeMap::new();
    let mut days: Vec<Meant> = Vec::new();
    let mut turns = turns.into_iter().peekable();
    while let Some((from, changes)) = turns.next() {
        for (claim, n) in changes {
            let key = (claim.standing, claim.enterprise);
            *standing.entry(key).or_default() += n;
        }
        standing.retain(|_, n| *n > 0);
        let Some(until) = turns.peek().map(|(until, _)| *until) else {
            break;
        };
        if let Some(enterprise) = firmest(&standing) {
            extend(&mut days, Term { from, until }, enterprise);
        }
    }
    days
}

/// The one enterprise of the firmest standing; nobody, if they are several;
/// nothing, if there is none.
fn firmest(standing: &BTreeMap<(Standing, [u8; 16]), i32>) -> Option<[u8; 16]> {
    let mut firm = standing.keys().rev();
    let (first, enterprise) = firm.next()?;
    match firm.next() {
        Some((second, _)) if first == second => Some(NOBODY.0.to_be_bytes()),
        _ => Some(*enterprise),
    }
}

fn extend(days: &mut Vec<Meant>, term: Term, enterprise: [u8; 16]) {
    match days.last_mut() {
        Some(last) if last.enterprise == enterprise && last.term.until == term.from => {
            last.term.until = term.until;
        }
        _ => days.push(Meant { term, enterprise }),
    }
}

/// Adds whom records without a day mean.
fn without_day(days: &mut Vec<Meant>) {
    let Some(first) = days.first().copied() else {
        return;
    };
    let agree = days
        .iter()
        .all(|meant| meant.enterprise == first.enterprise);
    let enterprise = match agree {
        true => first.enterprise,
        false => NOBODY.0.to_be_bytes(),
    };
    if enterprise == first.enterprise && first.term.from == NO_DAY + 1 {
        days[0].term.from = NO_DAY;
        return;
    }
    let term = Term {
        from: NO_DAY,
        until: NO_DAY + 1,
    };
    days.insert(0, Meant { term, enterprise });
}

/// How many records name an enterprise by an alias, by slot: since the last
/// report.
#[derive(Debug, Default)]
pub(crate) struct ByAlias {
    /// All.
    pub(crate) all: Vec<i64>,
    /// Those that mean one enterprise.
    pub(crate) clear: Vec<i64>,
    /// Those of which nobody can say which they mean.
    pub(crate) ambiguous: Vec<i64>,
}

/// Counts records where they pass.
#[derive(Clone)]
pub(crate) struct Counter {
    plan: Rc<Plan>,
    counts: Rc<RefCell<ByAlias>>,
}

impl Counter {
    /// A counter that has counted nothing.
    pub(crate) fn new(plan: Rc<Plan>) -> Self {
        let none = vec![0; plan.slots.len()];
        let counts = Rc::new(RefCell::new(ByAlias {
            all: none.clone(),
            clear: none.clone(),
            ambiguous: none,
        }));
        Counter { plan, counts }
    }

    /// Counts tallies of aliases that pass here.
    pub(crate) fn count_all<'scope>(&self, named: Tallies<'scope>) -> Tallies<'scope> {
        let counter = self.clone();
        named.inspect(move |(_, _, tally)| {
            let mut counts = counter.counts.borrow_mut();
            add(&counter.plan, tally, &mut counts.all);
        })
    }

    /// How many records have come or gone, by slot: those that wait for an
    /// alias, and those that wait because theirs is ambiguous.
    pub(crate) fn take_waiting(&self) -> (Vec<i64>, Vec<i64>) {
        let counts = &mut *self.counts.borrow_mut();
        let known = counts.clear.iter().zip(&counts.ambiguous);
        let unknown = counts.all.iter().zip(known);
        let unknown = unknown.map(|(all, (clear, ambiguous))| all - clear - ambiguous);
        let taken = (unknown.collect(), counts.ambiguous.clone());
        counts.all.fill(0);
        counts.clear.fill(0);
        counts.ambiguous.fill(0);
        taken
    }
}

fn add(plan: &Plan, tally: &Tally, counts: &mut [i64]) {
    for entry in tally.entries() {
        if plan.is_matched(entry.slot) {
            counts[usize::from(entry.slot)] += i64::from(entry.n);
        }
    }
}

/// Moves tallies of aliases to the enterprises they mean.
pub(crate) fn resolve_tallies<'scope>(
    waiting: ArrangedNamed<'scope>,
    identity: Resolved<'scope>,
    counter: Counter,
) -> Tallies<'scope> {
    let known = waiting.join_core(identity, |_alias, day, meant| meant.on(*day));
    known
        .inspect(move |(meant, _, tally)| {
            let counts = &mut *counter.counts.borrow_mut();
            let counts = match *meant == NOBODY {
                true => &mut counts.ambiguous,
                false => &mut counts.clear,
            };
            add(&counter.plan, tally, counts);
        })
        .filter(|meant| *meant != NOBODY)
}

/// Moves what is said of aliases, with the days on which they are used, to the
/// enterprises they mean.
pub(crate) fn resolve_said<'scope, V: differential_dataflow::ExchangeData>(
    waiting: ArrangedSaid<'scope, (u16, V)>,
    identity: Resolved<'scope>,
) -> Said<'scope, V> {
    waiting.join_core(identity, |_alias, (day, value), meant| {
        let meant = meant.on(*day).filter(|meant| *meant != NOBODY)?;
        Some((meant, value.clone()))
    })
}

#[cfg(test)]
mod tests;
