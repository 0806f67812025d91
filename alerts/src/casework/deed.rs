//! What was done, by whom and why: the lines of the audit log.

use super::clock::Terms;
use super::jurisdiction::Places;
use super::measure::Measure;
use super::outcome::{Outcome, Reason};
use super::person::Person;
use super::place::Seen;
use super::retention::Removal;
use crate::level::Level;
use serde::{Deserialize, Serialize};

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A person with an account.
    Person(String),
    /// The configured policy, by the running process.
    Policy,
    /// Whoever has the machine: `tocsin people …` on the command line.
    Machine(String),
    /// Somebody who has not signed in.
    Guest,
}

impl Actor {
    /// As in the log. No account can have such a name but a person's.
    pub fn name(&self) -> String {
        match self {
            Actor::Person(name) => name.clone(),
            Actor::Policy => "#policy".to_owned(),
            Actor::Machine(user) => format!("#machine:{user}"),
            Actor::Guest => "#guest".to_owned(),
        }
    }

    /// Who acted, by the log.
    pub fn of_name(name: &str) -> Actor {
        match (name, name.strip_prefix("#machine:")) {
            ("#policy", _) => Actor::Policy,
            ("#guest", _) => Actor::Guest,
            (_, Some(user)) => Actor::Machine(user.to_owned()),
            _ => Actor::Person(name.to_owned()),
        }
    }
}

/// What somebody does, before it is in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// Its number, from 1 without gaps.
    pub seq: u64,
    /// When, milliseconds UTC of business time.
    pub time_ms: i64,
    /// Who.
    pub who: Actor,
    /// In which role; empty where an actor has none.
    pub role: String,
    /// For what purpose.
    pub purpose: String,
    /// What it is about: `case/C7`, `alert/…`, `person/…`.
    pub subject: String,
    /// The id that the client chose: the same twice is one deed.
    pub key: String,
    /// What.
    pub action: Action,
}

/// Everything that can be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// With a case.
    Case(CaseAction),
    /// With an account.
    Person(PersonAction),
    /// With what is shown of an alert.
    Suppression(SuppressionAction),
    /// Something was looked at.
    Read {
        /// Which path.
        path: String,
    },
    /// Lines of the log were removed, whose time was over.
    Removal(Removal),
    /// This line was: what is left of it are number, time, kind and hash.
    Removed,
    /// Somebody has seen what is new.
    Seen(Seen),
    /// Something that is shown masked was shown as it is, once.
    Unmask {
        /// What: the mark that stands for it.
        what: String,
        /// Why.
        text: String,
    },
}

impl Action {
    /// A short name such as `case.assign`, by which the log is searched.
    pub fn kind(&self) -> String {
        // The form that serde gives is the one in the log.
        let value = serde_json::to_value(self).unwrap_or_default();
        if let Some(kind) = value.as_str() {
            return kind.to_owned();
        }
        let Some((kind, inner)) = value.as_object().and_then(|outer| outer.iter().next()) else {
            return String::new();
        };
        match inner.get("do").and_then(serde_json::Value::as_str) {
            Some(what) => format!("{kind}.{what}"),
            None => kind.clone(),
        }
    }
}

impl Action {
    /// What was said or looked at, for who reads the log.
    pub fn said(&self) -> String {
        match self {
            Action::Case(action) => action.text().to_owned(),
            Action::Person(action) => action.said(),
            Action::Suppression(
                SuppressionAction::Suppress { text, .. } | SuppressionAction::Lift { text, .. },
            ) => text.clone(),
            Action::Seen(seen) => {
                let part = |what: &str, to: Option<u64>| to.map(|to| format!("{what} {to}"));
                let parts = [part("events", seen.events), part("deeds", seen.deeds)];
                parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
            }
            Action::Read { path } => path.clone(),
            Action::Unmask { what, text } => format!("{what}: {text}"),
            Action::Removal(removal) => format!("{} × {}", removal.what.name(), removal.lines),
            Action::Removed => String::new(),
        }
    }
}

/// What is done with a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum CaseAction {
    /// 立线索: a case of an alert.
    Open {
        /// The alert.
        alert: String,
        /// The enterprise's credit code or identifier.
        enterprise: String,
        /// Its name.
        name: Option<String>,
        /// Its district.
        district: Option<String>,
        /// The alert's level.
        level: Level,
        /// What the office has set itself for it.
        terms: Terms,
    },
    /// The alert rose.
    Escalate {
        /// To which level.
        level: Level,
        /// What the office has set itself for it.
        terms: Terms,
    },
    /// 签收.
    Acknowledge {
        /// A remark.
        #[serde(default)]
        text: String,
    },
    /// 分办: to a district by Article 20, and to investigators.
    Assign {
        /// Where what lies; the registered district is the alert's where absent.
        #[serde(default)]
        places: Places,
        /// Accounts of at least two investigators.
        investigators: Vec<String>,
        /// A remark.
        #[serde(default)]
        text: String,
    },
    /// 核查: an investigator signs what was found.
    Check {
        /// What was found.
        text: String,
    },
    /// 补充数据: another agency is asked; policy clocks stand.
    Ask {
        /// Whom.
        agency: String,
        /// For what.
        text: String,
    },
    /// It answered.
    Answered {
        /// What.
        text: String,
    },
    /// 研判.
    Judge {
        /// What is concluded.
        text: String,
        /// Whether measures are called for.
        founded: bool,
    },
    /// 处置: a measure is proposed.
    Propose {
        /// Which.
        measure: Measure,
        /// Why.
        text: String,
    },
    /// The head approves it.
    Approve {
        /// Its number in the case.
        measure: u32,
        /// A remark.
        #[serde(default)]
        text: String,
    },
    /// The head refuses it.
    Refuse {
        /// Its number in the case.
        measure: u32,
        /// Why.
        text: String,
    },
    /// It was carried out.
    Carry {
        /// Its number in the case.
        measure: u32,
        /// What came of it.
        text: String,
    },
    /// 反馈: how it ended.
    Label {
        /// How.
        outcome: Outcome,
        /// Why it was unfounded, if so.
        #[serde(default)]
        reason: Option<Reason>,
        /// In words.
        text: String,
    },
    /// It ended otherwise than was said.
    Correct {
        /// How.
        outcome: Outcome,
        /// Why it was unfounded, if so.
        #[serde(default)]
        reason: Option<Reason>,
        /// Why what was said was wrong.
        text: String,
    },
    /// 归档.
    Archive {
        /// A remark.
        #[serde(default)]
        text: String,
    },
    /// 并案: it goes on in another case.
    Merge {
        /// Which.
        into: String,
        /// Why.
        text: String,
    },
    /// 移交外地.
    HandOver {
        /// To whom.
        to: String,
        /// Why.
        text: String,
    },
    /// 暂缓: policy clocks stand.
    Suspend {
        /// Why.
        text: String,
        /// Until when, milliseconds UTC.
        until_ms: i64,
    },
    /// It goes on.
    Resume {
        /// Why.
        text: String,
    },
    /// 复议或诉讼: somebody contests what was done; nothing of the case may go.
    Appeal {
        /// Before whom: an authority or a court.
        agency: String,
        /// Against what.
        text: String,
    },
    /// It is decided.
    AppealDecided {
        /// How.
        text: String,
    },
    /// 撤回: the alert was taken back by a source's correction.
    Retract {
        /// What was corrected.
        text: String,
    },
}

impl CaseAction {
    /// As in `do`.
    pub fn name(&self) -> &'static str {
        match self {
            CaseAction::Open { .. } => "open",
            CaseAction::Escalate { .. } => "escalate",
            CaseAction::Acknowledge { .. } => "acknowledge",
            CaseAction::Assign { .. } => "assign",
            CaseAction::Check { .. } => "check",
            CaseAction::Ask { .. } => "ask",
            CaseAction::Answered { .. } => "answered",
            CaseAction::Judge { .. } => "judge",
            CaseAction::Propose { .. } => "propose",
            CaseAction::Approve { .. } => "approve",
            CaseAction::Refuse { .. } => "refuse",
            CaseAction::Carry { .. } => "carry",
            CaseAction::Label { .. } => "label",
            CaseAction::Correct { .. } => "correct",
            CaseAction::Archive { .. } => "archive",
            CaseAction::Merge { .. } => "merge",
            CaseAction::HandOver { .. } => "hand-over",
            CaseAction::Suspend { .. } => "suspend",
            CaseAction::Resume { .. } => "resume",
            CaseAction::Appeal { .. } => "appeal",
            CaseAction::AppealDecided { .. } => "appeal-decided",
            CaseAction::Retract { .. } => "retract",
        }
    }

    /// What is said in words, where the action says something.
    pub fn text(&self) -> &str {
        match self {
            CaseAction::Open { .. } | CaseAction::Escalate { .. } => "",
            CaseAction::Acknowledge { text }
            | CaseAction::Assign { text, .. }
            | CaseAction::Check { text }
            | CaseAction::Ask { text, .. }
            | CaseAction::Answered { text }
            | CaseAction::Judge { text, .. }
            | CaseAction::Propose { text, .. }
            | CaseAction::Approve { text, .. }
            | CaseAction::Refuse { text, .. }
            | CaseAction::Carry { text, .. }
            | CaseAction::Label { text, .. }
            | CaseAction::Correct { text, .. }
            | CaseAction::Archive { text }
            | CaseAction::Merge { text, .. }
            | CaseAction::HandOver { text, .. }
            | CaseAction::Suspend { text, .. }
            | CaseAction::Resume { text }
            | CaseAction::Appeal { text, .. }
            | CaseAction::AppealDecided { text }
            | CaseAction::Retract { text } => text,
        }
    }
}

/// What is done with an account. Passwords and tokens themselves are elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum PersonAction {
    /// There is a new one.
    Add {
        /// What it says.
        person: Person,
    },
    /// It says something else.
    Change {
        /// What it says.
        person: Person,
    },
    /// It is closed.
    Disable {
        /// Why.
        text: String,
    },
    /// A password was set.
    Password,
    /// A token was made.
    Token {
        /// Its public id.
        id: String,
        /// When it ends, milliseconds UTC.
        expires_ms: i64,
        /// What for.
        text: String,
    },
    /// A token or session was ended.
    Revoke {
        /// Its public id.
        id: String,
    },
    /// Signed in.
    SignIn {
        /// The session's public id.
        session: String,
    },
    /// A wrong password.
    SignInFailed {
        /// How many in a row.
        failures: u32,
        /// Locked until then, milliseconds UTC.
        locked_until_ms: Option<i64>,
    },
    /// Signed out.
    SignOut {
        /// The session's public id.
        session: String,
    },
    /// It may be tried again at once, after too many wrong passwords.
    Unlock {
        /// Why.
        text: String,
    },
}

impl PersonAction {
    fn said(&self) -> String {
        match self {
            PersonAction::Add { person } | PersonAction::Change { person } => {
                let roles: Vec<&str> = person.roles.iter().map(|role| role.name()).collect();
                let districts = person.districts.join(" ");
                let said = format!(
                    "{} {} {districts} L{}",
                    person.display,
                    roles.join(" "),
                    person.clearance
                );
                said.replace("  ", " ")
            }
            PersonAction::Disable { text }
            | PersonAction::Token { text, .. }
            | PersonAction::Unlock { text } => text.clone(),
            PersonAction::Revoke { id } => id.clone(),
            PersonAction::SignIn { session } | PersonAction::SignOut { session } => session.clone(),
            PersonAction::SignInFailed { failures, .. } => failures.to_string(),
            PersonAction::Password => String::new(),
        }
    }
}

/// What is done with what is shown of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SuppressionAction {
    /// Not shown for a while.
    Suppress {
        /// Why.
        text: String,
        /// Until when, milliseconds UTC.
        until_ms: i64,
        /// The alert's level: above it, it is shown again.
        level: Level,
        /// The alert's revision: what comes after it is counted as hidden.
        revision: u32,
        /// Its district.
        district: Option<String>,
    },
    /// Shown again.
    Lift {
        /// Why.
        text: String,
        /// How many events it hid.
        hidden: u32,
    },
}
