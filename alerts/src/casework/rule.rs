//! For every action: which roles may do it, at which stages, and what else holds.

use super::approval::{INVESTIGATORS, Names};
use super::authority::{APPROVE, CONCLUDE, DUTY, INVESTIGATE, Role, WORK};
use super::case::{Case, Side, Stage};
use super::deed::{Actor, CaseAction};
use super::person::Person;

/// The longest text, in characters.
const MAX_TEXT: usize = 4_000;

/// Why a deed may not be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not by this person.
    #[error("{0}")]
    Forbidden(String),
    /// Not as things stand.
    #[error("{0}")]
    Conflict(String),
    /// Not in this form.
    #[error("{0}")]
    Invalid(String),
    /// What it names does not exist.
    #[error("{0}")]
    NotFound(String),
}

/// What holds for an action with a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub action: &'static str,
    /// Who may; empty: the policy alone.
    pub roles: &'static [Role],
    /// At which stages.
    pub stages: &'static [Stage],
    /// Whether it may be done while another agency owes an answer.
    pub supplement: bool,
    /// Whether it may be done while the case is suspended.
    pub suspended: bool,
    /// Whether only the case's own investigators may, where an investigator does.
    pub assigned: bool,
    /// Whether it has to say something in words.
    pub text: bool,
}

use Stage::{Acknowledged, Acting, Archived, Assigned, Issued, Judged, Labelled, Verifying};

const OPEN: &[Stage] = &[Issued, Acknowledged, Assigned, Verifying, Judged, Acting];
const IN_WORK: &[Stage] = &[Assigned, Verifying, Judged, Acting];

const fn rule(action: &'static str, roles: &'static [Role], stages: &'static [Stage]) -> Rule {
    Rule {
        action,
        roles,
        stages,
        supplement: false,
        suspended: false,
        assigned: false,
        text: true,
    }
}

/// Every action with a case, in the order of the work.
pub const RULES: [Rule; 21] = [
    Rule {
        supplement: true,
        suspended: true,
        text: false,
        ..rule("escalate", &[], OPEN)
    },
    Rule {
        text: false,
        ..rule("acknowledge", DUTY, &[Issued])
    },
    Rule {
        text: false,
        ..rule("assign", DUTY, &[Acknowledged, Assigned, Verifying])
    },
    Rule {
        assigned: true,
        supplement: true,
        ..rule("check", INVESTIGATE, &[Assigned, Verifying])
    },
    Rule {
        assigned: true,
        ..rule("ask", INVESTIGATE, IN_WORK)
    },
    Rule {
        assigned: true,
        supplement: true,
        ..rule("answered", WORK, IN_WORK)
    },
    Rule {
        assigned: true,
        ..rule("judge", INVESTIGATE, &[Verifying])
    },
    Rule {
        assigned: true,
        supplement: true,
        ..rule("propose", INVESTIGATE, IN_WORK)
    },
    Rule {
        supplement: true,
        text: false,
        ..rule("approve", APPROVE, IN_WORK)
    },
    Rule {
        supplement: true,
        ..rule("refuse", APPROVE, IN_WORK)
    },
    Rule {
        assigned: true,
        supplement: true,
        ..rule("carry", INVESTIGATE, IN_WORK)
    },
    Rule {
        assigned: true,
        ..rule("label", CONCLUDE, &[Judged, Acting])
    },
    Rule {
        assigned: true,
        ..rule("correct", CONCLUDE, &[Labelled, Archived])
    },
    Rule {
        text: false,
        ..rule("archive", DUTY, &[Labelled])
    },
    Rule {
        supplement: true,
        suspended: true,
        ..rule("merge", DUTY, OPEN)
    },
    Rule {
        supplement: true,
        suspended: true,
        ..rule("hand-over", DUTY, OPEN)
    },
    rule("suspend", DUTY, OPEN),
    Rule {
        suspended: true,
        ..rule("resume", DUTY, OPEN)
    },
    Rule {
        supplement: true,
        suspended: true,
        ..rule("appeal", WORK, &Stage::ALL)
    },
    Rule {
        supplement: true,
        suspended: true,
        ..rule("appeal-decided", WORK, &Stage::ALL)
    },
    Rule {
        supplement: true,
        suspended: true,
        ..rule("retract", &[], OPEN)
    },
];

/// The rule of an action; opening a case has none: there is no case yet.
pub fn of(action: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.action == action)
}

impl Rule {
    /// Whether the case stands where this may be done.
    fn fits(&self, case: &Case) -> bool {
        let side = match case.side {
            None => self.action != "answered" && self.action != "resume",
            Some(Side::Supplement { .. }) => self.supplement,
            Some(Side::Suspended { .. }) => self.suspended,
            Some(Side::Merged { .. } | Side::HandedOver { .. } | Side::Retracted) => false,
        };
        side && self.stages.contains(&case.stage)
    }

    /// Whether a person may do this with a case, wherever it stands.
    ///
    /// # Errors
    /// Why not.
    pub fn admits(&self, person: &Person, case: &Case) -> Result<Role, Refusal> {
        let role = person.role_among(self.roles).ok_or_else(|| {
            let names: Vec<&str> = self.roles.iter().map(|role| role.name()).collect();
            let allowed = match names.is_empty() {
                true => "nobody but the configured policy".to_owned(),
                false => names.join(", "),
            };
            let who = &person.name;
            Refusal::Forbidden(format!(
                "`{}` by `{who}`: allowed are {allowed}",
                self.action
            ))
        })?;
        if !person.sees(case.districts()) {
            return Err(Refusal::Forbidden(format!(
                "case {} is not in a district of `{}`",
                case.id, person.name
            )));
        }
        let own = case.investigators.iter().any(|own| own.who == person.name);
        if self.assigned && role == Role::Investigator && !own {
            return Err(Refusal::Forbidden(format!(
                "`{}` is no investigator of case {}",
                person.name, case.id
            )));
        }
        Ok(role)
    }
}

/// Whether an action may be done with a case as it stands, and in which role.
///
/// # Errors
/// Why not.
pub fn judge(
    action: &CaseAction,
    case: &Case,
    actor: &Actor,
    person: Option<&Person>,
) -> Result<String, Refusal> {
    let name = action.name();
    let known =
        of(name).ok_or_else(|| Refusal::Conflict(format!("case {} is open already", case.id)))?;
    // What the policy may end it may also have begun: suspensions run out.
    let by_policy = *actor == Actor::Policy && (known.roles.is_empty() || name == "resume");
    let role = match person {
        Some(person) => known.admits(person, case)?.name(),
        None if by_policy => "",
        None => {
            return Err(Refusal::Forbidden(format!(
                "`{name}` needs a person who has signed in"
            )));
        }
    };
    if !known.fits(case) {
        return Err(Refusal::Conflict(format!(
            "`{name}` cannot be done with case {}, which is {}",
            case.id,
            case.standing()
        )));
    }
    check_text(name, action.text(), known.text)?;
    Ok(role.to_owned())
}

/// What somebody may do with a case as it stands.
pub fn offered(case: &Case, person: &Person) -> Vec<&'static str> {
    let offered = RULES.iter().filter(|rule| {
        rule.fits(case) && rule.admits(person, case).is_ok() && has_ground(rule, case, person)
    });
    offered.map(|rule| rule.action).collect()
}

/// Whether there is what an action is about: findings to judge by, a measure that
/// this person may decide or carry out.
fn has_ground(rule: &Rule, case: &Case, person: &Person) -> bool {
    let mut measures = case.measures.iter();
    match rule.action {
        "judge" => case.checked_by(&Names::default()) >= INVESTIGATORS,
        "propose" => case.calls_for_measures(),
        "appeal" => case.appeal.is_none(),
        "appeal-decided" => case.appeal.is_some(),
        "approve" | "refuse" => measures.any(|measure| {
            measure.waits() && Names::default().may_decide(case, measure, person).is_ok()
        }),
        "carry" => measures.any(|measure| measure.carried.is_none() && measure.may_be_carried()),
        _ => true,
    }
}

/// Whether a character can be seen: blanks, and what takes no room or looks like a
/// blank, say nothing.
fn is_seen(c: char) -> bool {
    let blank = matches!(
        c,
        '\u{ad}'
            | '\u{115f}'..='\u{1160}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{e0000}'..='\u{e0fff}'
    );
    !(c.is_whitespace() || c.is_control() || blank)
}

/// Whether a text says something, where it has to, and not too much.
///
/// # Errors
/// What is allowed.
pub fn check_text(what: &str, text: &str, needed: bool) -> Result<(), Refusal> {
    if needed && !text.chars().any(is_seen) {
        return Err(Refusal::Invalid(format!(
            "`{what}` needs a `text` that says why or what"
        )));
    }
    let length = text.chars().count();
    match length <= MAX_TEXT {
        true => Ok(()),
        false => Err(Refusal::Invalid(format!(
            "the `text` of `{what}` has {length} characters; allowed are {MAX_TEXT}"
        ))),
    }
}
