//! Everything that follows from the deeds: cases, accounts, suppressions.
//!
//! [`Fold::apply`] judges a deed by what the deeds before it made, and takes it
//! in. It is asked before a deed enters the log, and again by whoever verifies.

use super::approval::Names;
use super::authority::{ADMINISTER, DUTY, Role};
use super::case::{Case, Signed};
use super::deed::{Action, Actor, CaseAction, Deed, PersonAction, SuppressionAction};
use super::person::Person;
use super::place::{Place, Seen};
use super::retention::{Expired, Removal};
use super::rule::{self, Refusal, check_text};
use super::steps::By;
use super::suppression::{Lifted, MAX_DAYS, Suppression};
use std::collections::BTreeMap;

const DAY_MS: i64 = 24 * 3_600_000;

/// What deeds made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fold {
    /// Cases by id.
    pub cases: BTreeMap<String, Case>,
    /// Accounts by name.
    pub people: BTreeMap<String, Person>,
    /// Suppressions by alert: the last of each.
    pub suppressions: BTreeMap<String, Suppression>,
    /// How far each person has seen what is new.
    pub places: BTreeMap<String, Place>,
    /// What accounts were ever called, as far as a deed needs it.
    pub names: Names,
    /// What is left of cases whose time was over.
    pub expired: BTreeMap<String, Expired>,
}

/// What became of a deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The role it was done in; empty: none.
    pub role: String,
    /// What it changed.
    pub touched: Touched,
}

/// What a deed changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touched {
    /// A case.
    Case(String),
    /// An account.
    Person(String),
    /// The suppression of an alert.
    Suppression(String),
    /// A reader's place.
    Place(String),
    /// Cases went; these are their ids.
    Expired(Vec<String>),
    /// Nothing but the log.
    Nothing,
}

/// The subject of a case's deeds.
pub fn case_subject(id: &str) -> String {
    format!("case/{id}")
}

/// The subject of an account's deeds.
pub fn person_subject(name: &str) -> String {
    format!("person/{name}")
}

/// The subject of what is done with an alert.
pub fn alert_subject(alert: &str) -> String {
    format!("alert/{alert}")
}

fn named<'a>(deed: &'a Deed, kind: &str) -> Result<&'a str, Refusal> {
    let name = deed
        .subject
        .strip_prefix(kind)
        .and_then(|rest| rest.strip_prefix('/'));
    name.ok_or_else(|| Refusal::Invalid(format!("`{}` is no {kind}", deed.subject)))
}

impl Fold {
    /// Does what a deed says, if it may be done; else nothing is changed.
    ///
    /// # Errors
    /// Why it may not.
    pub fn apply(&mut self, deed: &Deed) -> Result<Applied, Refusal> {
        match &deed.action {
            Action::Case(action @ CaseAction::Open { .. }) => self.open(deed, action),
            Action::Case(action) => self.with_case(deed, action),
            Action::Person(action) => self.with_person(deed, action),
            Action::Suppression(action) => self.with_suppression(deed, action),
            Action::Seen(seen) => self.seen(deed, *seen),
            Action::Read { .. } => self.look(deed),
            Action::Removal(removal) => self.remove(deed, removal),
            Action::Removed => Err(Refusal::Invalid("a removed line does nothing".to_owned())),
            Action::Unmask { text, .. } => {
                check_text("unmask", text, true)?;
                self.look(deed)
            }
        }
    }

    /// The open account that acts; `None`: no person does.
    fn actor(&self, deed: &Deed) -> Result<Option<&Person>, Refusal> {
        let Actor::Person(name) = &deed.who else {
            return Ok(None);
        };
        let person = self.people.get(name).filter(|person| !person.disabled);
        let person = person
            .ok_or_else(|| Refusal::Forbidden(format!("there is no open account `{name}`")))?;
        Ok(Some(person))
    }

    fn signed(&self, deed: &Deed) -> Result<Signed, Refusal> {
        let who = deed.who.name();
        let display = self
            .actor(deed)?
            .map_or_else(|| who.clone(), |p| p.display.clone());
        Ok(Signed {
            who,
            display,
            time_ms: deed.time_ms,
        })
    }

    /// A deed by somebody with one of these roles, or by the policy.
    fn role_of(&self, deed: &Deed, allowed: &[Role]) -> Result<String, Refusal> {
        if deed.who == Actor::Policy {
            return Ok(String::new());
        }
        let person = self.actor(deed)?;
        let role = person.and_then(|person| person.role_among(allowed));
        role.map(|role| role.name().to_owned()).ok_or_else(|| {
            let names: Vec<&str> = allowed.iter().map(|role| role.name()).collect();
            Refusal::Forbidden(format!(
                "`{}` by `{}`: allowed are {}",
                deed.action.kind(),
                deed.who.name(),
                names.join(", ")
            ))
        })
    }

    /// Whether somebody who acts sees a district.
    fn check_scope(&self, deed: &Deed, district: Option<&str>) -> Result<(), Refusal> {
        match self.actor(deed)? {
            Some(person) if !person.sees(district.into_iter()) => Err(Refusal::Forbidden(format!(
                "{} is not in a district of `{}`",
                deed.subject, person.name
            ))),
            _ => Ok(()),
        }
    }

    fn open(&mut self, deed: &Deed, action: &CaseAction) -> Result<Applied, Refusal> {
        let id = named(deed, "case")?.to_owned();
        let role = self.role_of(deed, DUTY)?;
        let case = Case::open(id.clone(), action, self.signed(deed)?);
        let case = case.ok_or_else(|| Refusal::Invalid("no case is opened".to_owned()))?;
        self.check_scope(deed, case.district.as_deref())?;
        let mut open = self.cases.values().filter(|other| other.is_open());
        if let Some(other) = open.find(|other| other.alert == case.alert) {
            let detail = format!("alert {} has the open case {}", case.alert, other.id);
            return Err(Refusal::Conflict(detail));
        }
        if self.cases.contains_key(&id) {
            return Err(Refusal::Conflict(format!("there is a case {id} already")));
        }
        self.cases.insert(id.clone(), case);
        Ok(Applied {
            role,
            touched: Touched::Case(id),
        })
    }

    fn with_case(&mut self, deed: &Deed, action: &CaseAction) -> Result<Applied, Refusal> {
        let id = named(deed, "case")?;
        let case = self.cases.get(id);
        let case = case.ok_or_else(|| Refusal::NotFound(format!("there is no case `{id}`")))?;
        let person = self.actor(deed)?;
        let role = rule::judge(action, case, &deed.who, person)?;
        let named = match action {
            CaseAction::Assign { investigators, .. } => investigators
                .iter()
                .map(|name| self.people.get(name))
                .collect(),
            _ => Vec::new(),
        };
        let other = match action {
            CaseAction::Merge { into, .. } => self.cases.get(into),
            _ => None,
        };
        let by = By {
            signed: self.signed(deed)?,
            person,
            named,
            names: &self.names,
            other,
        };
        let mut next = case.clone();
        next.apply(action, by)?;
        let id = id.to_owned();
        self.cases.insert(id.clone(), next);
        Ok(Applied {
            role,
            touched: Touched::Case(id),
        })
    }

    fn with_person(&mut self, deed: &Deed, action: &PersonAction) -> Result<Applied, Refusal> {
        let name = named(deed, "person")?;
        let role = self.may_keep(deed, name, action)?;
        let applied = |touched| {
            Ok(Applied {
                role: role.clone(),
                touched,
            })
        };
        let known = self.people.get(name);
        let missing = || Refusal::NotFound(format!("there is no account `{name}`"));
        let next = match action {
            PersonAction::Add { person } => {
                if known.is_some() {
                    return Err(Refusal::Conflict(format!(
                        "there is an account `{name}` already"
                    )));
                }
                person.clone()
            }
            PersonAction::Change { person } => {
                known.ok_or_else(missing)?;
                person.clone()
            }
            PersonAction::Disable { text } => {
                check_text("disable", text, true)?;
                Person {
                    disabled: true,
                    ..known.ok_or_else(missing)?.clone()
                }
            }
            PersonAction::SignInFailed { .. } => return applied(Touched::Nothing),
            PersonAction::Unlock { text } => {
                check_text("unlock", text, true)?;
                known.ok_or_else(missing)?;
                return applied(Touched::Nothing);
            }
            _ => {
                known
                    .filter(|person| !person.disabled)
                    .ok_or_else(missing)?;
                return applied(Touched::Nothing);
            }
        };
        next.check().map_err(Refusal::Invalid)?;
        if next.name != name {
            let detail = format!("the account `{name}` cannot become `{}`", next.name);
            return Err(Refusal::Invalid(detail));
        }
        let name = name.to_owned();
        self.people.insert(name.clone(), next);
        applied(Touched::Person(name))
    }

    /// Who may do what with an account: its owner with password and tokens, an
    /// administrator with others' accounts, the machine with all.
    fn may_keep(&self, deed: &Deed, name: &str, action: &PersonAction) -> Result<String, Refusal> {
        let own = deed.who == Actor::Person(name.to_owned());
        let (by_owner, by_others) = match action {
            PersonAction::Add { .. }
            | PersonAction::Change { .. }
            | PersonAction::Disable { .. }
            | PersonAction::Unlock { .. } => (false, true),
            PersonAction::Password | PersonAction::Token { .. } | PersonAction::Revoke { .. } => {
                (true, true)
            }
            PersonAction::SignIn { .. } | PersonAction::SignOut { .. } => (true, false),
            PersonAction::SignInFailed { .. } => {
                return match deed.who {
                    Actor::Guest => Ok(String::new()),
                    _ => Err(Refusal::Forbidden("nobody signs in twice".to_owned())),
                };
            }
        };
        match &deed.who {
            Actor::Machine(_) if by_others => Ok(String::new()),
            Actor::Person(_) if own && by_owner => {
                self.actor(deed)?;
                Ok(String::new())
            }
            // An administrator who sets another's token or password could act as
            // them; who has forgotten theirs goes to the machine.
            Actor::Person(_) if !own && is_secret(action) => Err(Refusal::Forbidden(format!(
                "passwords and tokens of `{name}` are made by `{name}`, or at the machine"
            ))),
            Actor::Person(_) if !own && by_others => self.role_of(deed, ADMINISTER),
            _ => Err(Refusal::Forbidden(format!(
                "`{}` cannot be done with the account `{name}` by `{}`",
                deed.action.kind(),
                deed.who.name()
            ))),
        }
    }

    fn with_suppression(
        &mut self,
        deed: &Deed,
        action: &SuppressionAction,
    ) -> Result<Applied, Refusal> {
        let alert = named(deed, "alert")?.to_owned();
        let role = self.role_of(deed, DUTY)?;
        let now = deed.time_ms;
        let known = self.suppressions.get(&alert).filter(|s| s.lifted.is_none());
        let next = match action {
            SuppressionAction::Suppress {
                text,
                until_ms,
                level,
                revision,
                district,
            } => {
                check_text("suppress", text, true)?;
                self.check_scope(deed, district.as_deref())?;
                if *until_ms <= now || *until_ms > now + MAX_DAYS * DAY_MS {
                    return Err(Refusal::Invalid(format!(
                        "`until_ms` {until_ms}: allowed is an instant within the next {MAX_DAYS} days"
                    )));
                }
                if known.is_some_and(|s| s.hides(*level, now)) {
                    let detail = format!("alert {alert} is suppressed already: lift that first");
                    return Err(Refusal::Conflict(detail));
                }
                Suppression {
                    alert: alert.clone(),
                    who: deed.who.name(),
                    since_ms: now,
                    until_ms: *until_ms,
                    text: text.clone(),
                    level: *level,
                    revision: *revision,
                    district: district.clone(),
                    lifted: None,
                }
            }
            SuppressionAction::Lift { text, hidden } => {
                check_text("lift", text, true)?;
                let known = known
                    .ok_or_else(|| Refusal::Conflict(format!("alert {alert} is not suppressed")))?;
                self.check_scope(deed, known.district.as_deref())?;
                let lifted = Lifted {
                    time_ms: now,
                    who: deed.who.name(),
                    text: text.clone(),
                    hidden: *hidden,
                };
                Suppression {
                    lifted: Some(lifted),
                    ..known.clone()
                }
            }
        };
        self.suppressions.insert(alert.clone(), next);
        Ok(Applied {
            role,
            touched: Touched::Suppression(alert),
        })
    }

    /// Everybody says for themselves what they have seen.
    fn seen(&mut self, deed: &Deed, seen: Seen) -> Result<Applied, Refusal> {
        let name = named(deed, "person")?;
        let own = self.actor(deed)?.is_some_and(|person| person.name == name);
        if !own {
            return Err(Refusal::Forbidden(format!(
                "what `{name}` has seen is said by `{name}`"
            )));
        }
        let place = self.places.get(name).copied().unwrap_or_default();
        if seen.events.is_none() && seen.deeds.is_none() {
            return Err(Refusal::Invalid(
                "`seen` needs `events`, `deeds` or both".to_owned(),
            ));
        }
        let name = name.to_owned();
        self.places
            .insert(name.clone(), place.after(seen, deed.time_ms));
        Ok(Applied {
            role: String::new(),
            touched: Touched::Place(name),
        })
    }

    /// Looking changes nothing. The role is the one in which it was allowed.
    fn look(&self, deed: &Deed) -> Result<Applied, Refusal> {
        // Who has the machine has the records, too: the log shall say what for.
        if matches!(
            (&deed.who, &deed.action),
            (Actor::Machine(_), Action::Unmask { .. })
        ) {
            return Ok(Applied {
                role: String::new(),
                touched: Touched::Nothing,
            });
        }
        let person = self.actor(deed)?;
        let holds = person.is_some_and(|p| p.roles.iter().any(|role| role.name() == deed.role));
        match holds {
            true => Ok(Applied {
                role: deed.role.clone(),
                touched: Touched::Nothing,
            }),
            false => Err(Refusal::Forbidden(format!(
                "`{}` has not the role `{}`",
                deed.who.name(),
                deed.role
            ))),
        }
    }

    /// At the machine alone, and nothing that the law has kept.
    fn remove(&mut self, deed: &Deed, removal: &Removal) -> Result<Applied, Refusal> {
        let Removal {
            what, before_ms, ..
        } = removal;
        if !matches!(deed.who, Actor::Machine(_)) {
            let detail = "lines of the log are removed at the machine alone".to_owned();
            return Err(Refusal::Forbidden(detail));
        }
        if *before_ms > what.free_before_ms(deed.time_ms) {
            return Err(Refusal::Invalid(format!(
                "`before_ms` {before_ms}: {} are kept for at least {} days ({})",
                what.name(),
                what.least_days(),
                what.basis()
            )));
        }
        if removal.cases.is_empty() {
            return Ok(Applied {
                role: String::new(),
                touched: Touched::Nothing,
            });
        }
        for expired in &removal.cases {
            if !what.is_of_cases() || expired.last_ms >= *before_ms {
                let detail = format!("case {} is not among {}", expired.id, what.name());
                return Err(Refusal::Invalid(detail));
            }
            // Whoever verifies has no case here any more: its lines are gone.
            if let Some(case) = self.cases.get(&expired.id) {
                expired.check(case, removal)?;
            }
        }
        let mut ids = Vec::with_capacity(removal.cases.len());
        for expired in &removal.cases {
            self.cases.remove(&expired.id);
            self.expired.insert(expired.id.clone(), expired.clone());
            ids.push(expired.id.clone());
        }
        Ok(Applied {
            role: String::new(),
            touched: Touched::Expired(ids),
        })
    }
}

/// Whether who does this could act as the account's owner.
fn is_secret(action: &PersonAction) -> bool {
    matches!(action, PersonAction::Token { .. } | PersonAction::Password)
}
