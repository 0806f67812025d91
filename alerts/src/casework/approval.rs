//! Four eyes: two investigators see what is found (Regulation 737, Article 21),
//! and whoever approves a measure has had no part in it.

use super::case::{Case, Proposal, Signed};
use super::person::{Person, same_person};
use std::collections::BTreeMap;

/// So many investigators at least (Article 21).
pub const INVESTIGATORS: usize = 2;

/// Every name that accounts have ever borne: who is renamed between two acts is still
/// who they were. Whoever verifies an old log has none, and goes by the names that
/// were signed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(BTreeMap<String, Vec<String>>);

impl Names {
    /// An account bore these names.
    pub fn add(&mut self, account: &str, names: Vec<String>) {
        self.0.insert(account.to_owned(), names);
    }

    fn of<'a>(&'a self, account: &str, display: &'a str) -> impl Iterator<Item = &'a str> {
        let known = self.0.get(account).into_iter().flatten();
        known.map(String::as_str).chain([display])
    }

    /// Whether two accounts are one person: the same account, or one name that both
    /// bear or have borne.
    fn same(&self, one: (&str, &str), other: (&str, &str)) -> bool {
        one.0 == other.0
            || self.of(one.0, one.1).any(|name| {
                self.of(other.0, other.1)
                    .any(|as_well| same_person(name, as_well))
            })
    }

    /// How many different persons signed. Two accounts of one name are one person.
    pub fn different(&self, signed: &[Signed]) -> usize {
        let mut seen: Vec<&Signed> = Vec::new();
        for one in signed {
            if !seen.iter().any(|other| self.is_same(one, other)) {
                seen.push(one);
            }
        }
        seen.len()
    }

    fn is_same(&self, one: &Signed, other: &Signed) -> bool {
        self.same((&one.who, &one.display), (&other.who, &other.display))
    }

    /// Whether a person may approve, or refuse, a measure of a case.
    ///
    /// # Errors
    /// What part they have in it.
    pub fn may_decide(
        &self,
        case: &Case,
        proposal: &Proposal,
        person: &Person,
    ) -> Result<(), String> {
        let who = (person.name.as_str(), person.display.as_str());
        let own = |signed: &Signed| self.same((&signed.who, &signed.display), who);
        let did = match () {
            () if own(&proposal.proposed) => "proposed it",
            () if case.findings.iter().any(|finding| own(&finding.signed)) => "checked the case",
            () if case.judgement.as_ref().is_some_and(|j| own(&j.signed)) => "judged the case",
            () if case.investigators.iter().any(own) => "is an investigator of the case",
            () => return Ok(()),
        };
        Err(format!(
            "measure {} cannot be decided by `{}`, who {did}: a second person has to (four eyes)",
            proposal.number, person.name
        ))
    }

    /// Whether a person may investigate a case: not one who decided a measure of it.
    /// An old log is not judged by this; it has no names.
    ///
    /// # Errors
    /// What they decided.
    pub fn may_investigate(&self, case: &Case, person: &Person) -> Result<(), String> {
        let who = (person.name.as_str(), person.display.as_str());
        let decided = case.measures.iter().filter(|measure| {
            let decided = measure.decided.as_ref();
            decided.is_some_and(|d| self.same((&d.signed.who, &d.signed.display), who))
        });
        match decided.map(|measure| measure.number).next() {
            Some(number) if !self.0.is_empty() => Err(format!(
                "`investigators`: `{}` decided measure {number} of case {}: who approves does not investigate (four eyes)",
                person.name, case.id
            )),
            _ => Ok(()),
        }
    }
}

/// The accounts that had a part in a case.
pub fn accounts(case: &Case) -> impl Iterator<Item = &str> {
    let findings = case.findings.iter().map(|finding| &finding.signed);
    let judged = case.judgement.iter().map(|judgement| &judgement.signed);
    let proposed = case.measures.iter().map(|measure| &measure.proposed);
    let decided = case.measures.iter().filter_map(|m| m.decided.as_ref());
    let signed = case.investigators.iter().chain(findings).chain(judged);
    let signed = signed.chain(proposed).chain(decided.map(|d| &d.signed));
    signed.map(|signed| signed.who.as_str())
}
