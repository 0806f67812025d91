//! Four eyes: two investigators see what is found (Regulation 737, Article 21),
//! and whoever approves a measure has had no part in it.

use super::case::{Case, Proposal, Signed};
use super::person::{Person, same_person};

/// So many investigators at least (Article 21).
pub const INVESTIGATORS: usize = 2;

/// How many different persons signed. Two accounts of one name are one person.
pub fn different(signed: &[Signed]) -> usize {
    let mut seen: Vec<&Signed> = Vec::new();
    for one in signed {
        if !seen
            .iter()
            .any(|other| is_same(one, &other.who, &other.display))
        {
            seen.push(one);
        }
    }
    seen.len()
}

fn is_same(signed: &Signed, who: &str, display: &str) -> bool {
    signed.who == who || same_person(&signed.display, display)
}

/// Whether a person may approve, or refuse, a measure of a case.
///
/// # Errors
/// What part they have in it.
pub fn may_decide(case: &Case, proposal: &Proposal, person: &Person) -> Result<(), String> {
    let own = |signed: &Signed| is_same(signed, &person.name, &person.display);
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
