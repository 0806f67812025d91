//! Where every version stands, by what the log says was done: draft → shadow →
//! live, and what is retired.
//!
//! Pure: the same rules decide whether a deed may be done and, when the log is
//! read again, whether it might have been.

use super::log::{Action, Deed, Entry, Files};
use serde::Serialize;
use tocsin_alerts::casework::person::{check_name, same_person};

/// How far a version has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Submitted.
    Draft,
    /// Scored beside the model in force; it decides nothing.
    Shadow,
    /// In force.
    Live,
    /// It was one of these and is no more.
    Retired,
}

impl State {
    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            State::Draft => "draft",
            State::Shadow => "shadow",
            State::Live => "live",
            State::Retired => "retired",
        }
    }
}

/// Who did something, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signed {
    /// Who.
    pub person: String,
    /// When, RFC 3339.
    pub time: String,
    /// Why.
    pub why: String,
}

/// A version and how it came to where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Version {
    /// The hash of its content, by which models are known.
    pub version: String,
    /// How far it has come.
    pub state: State,
    /// Who put it on the shelf.
    pub submitted: Signed,
    /// Who put it beside the model in force, the last time.
    pub shadowed: Option<Signed>,
    /// Who approved it, the last time.
    pub approved: Option<Signed>,
    /// Hashes of its files.
    #[serde(skip)]
    pub files: Files,
}

/// Every version, in the order of submission.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shelf {
    versions: Vec<Version>,
    /// The versions in force one after the other, the present one last; those
    /// that were rolled back are gone.
    line: Vec<String>,
}

impl Shelf {
    /// What a log makes of it.
    ///
    /// # Errors
    /// The entry that could not have been made, and why.
    pub fn of(entries: &[Entry]) -> Result<Shelf, String> {
        let mut shelf = Shelf::default();
        for entry in entries {
            let deed = Deed {
                person: entry.person.clone(),
                action: entry.action,
                version: entry.version.clone(),
                why: entry.why.clone(),
                files: entry.files.clone(),
            };
            let done = shelf.apply(&deed, &entry.time);
            done.map_err(|fault| format!("entry {}: {fault}", entry.number))?;
        }
        Ok(shelf)
    }

    /// Every version, in the order of submission.
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// The version in force.
    pub fn live(&self) -> Option<&Version> {
        self.in_state(State::Live)
    }

    /// The version beside it.
    pub fn shadow(&self) -> Option<&Version> {
        self.in_state(State::Shadow)
    }

    fn in_state(&self, state: State) -> Option<&Version> {
        self.versions.iter().find(|version| version.state == state)
    }

    /// The version that a rollback would bring back.
    pub fn before(&self) -> Option<&str> {
        let place = self.line.len().checked_sub(2)?;
        Some(&self.line[place])
    }

    /// The one version whose name begins so.
    ///
    /// # Errors
    /// When there is none, or several.
    pub fn find(&self, name: &str) -> Result<&Version, String> {
        let mut found = self
            .versions
            .iter()
            .filter(|version| !name.is_empty() && version.version.starts_with(name));
        match (found.next(), found.next()) {
            (Some(version), None) => Ok(version),
            (Some(_), Some(_)) => Err(format!("several versions begin with `{name}`")),
            (None, _) => Err(format!(
                "no version `{name}` in the registry; `tocsin model list` shows all"
            )),
        }
    }

    /// Does what is to be done, if it may be.
    ///
    /// # Errors
    /// Why it may not.
    pub fn apply(&mut self, deed: &Deed, time: &str) -> Result<(), String> {
        let signed = Signed {
            person: deed.person.clone(),
            time: time.to_owned(),
            why: deed.why.clone(),
        };
        check_name(&deed.person)?;
        match deed.action {
            Action::Submit => self.submit(deed, signed),
            Action::Shadow => self.put_beside(&deed.version, signed),
            Action::Approve => self.approve(&deed.version, signed),
            Action::Rollback => self.roll_back(&deed.version),
            Action::Retire => self.retire(&deed.version),
        }
    }

    fn submit(&mut self, deed: &Deed, submitted: Signed) -> Result<(), String> {
        let Some(files) = deed.files.clone() else {
            return Err("a submission names the hashes of its files".to_owned());
        };
        let named = self.versions.iter().find(|v| v.version == deed.version);
        if let Some(known) = named {
            return Err(format!(
                "version `{}` is in the registry already: {} submitted it at {}",
                known.version, known.submitted.person, known.submitted.time
            ));
        }
        self.versions.push(Version {
            version: deed.version.clone(),
            state: State::Draft,
            submitted,
            shadowed: None,
            approved: None,
            files,
        });
        Ok(())
    }

    fn put_beside(&mut self, version: &str, signed: Signed) -> Result<(), String> {
        let place = self.place(version)?;
        match self.versions[place].state {
            State::Draft | State::Retired => {}
            state => return Err(format!("version `{version}` is {} already", state.name())),
        }
        for other in &mut self.versions {
            if other.state == State::Shadow {
                other.state = State::Draft;
            }
        }
        let version = &mut self.versions[place];
        version.state = State::Shadow;
        version.shadowed = Some(signed);
        Ok(())
    }

    fn approve(&mut self, name: &str, signed: Signed) -> Result<(), String> {
        let place = self.place(name)?;
        let version = &self.versions[place];
        if version.state != State::Shadow {
            return Err(format!(
                "version `{name}` is {}; only what has been put beside the model in force is approved: `tocsin model shadow {name}` comes first",
                version.state.name()
            ));
        }
        let shadowed = version.shadowed.as_ref();
        let before = [(Some(&version.submitted), "submitted"), (shadowed, "put")];
        for (by, did) in before {
            if by.is_some_and(|by| same_person(&by.person, &signed.person)) {
                let did = match did {
                    "put" => "put it beside the model in force",
                    _ => "submitted it",
                };
                return Err(format!(
                    "version `{name}` cannot be approved by `{}`, who {did}: a second person has to (four eyes)",
                    signed.person
                ));
            }
        }
        for other in &mut self.versions {
            if other.state == State::Live {
                other.state = State::Retired;
            }
        }
        self.versions[place].state = State::Live;
        self.versions[place].approved = Some(signed);
        self.line.push(name.to_owned());
        Ok(())
    }

    fn roll_back(&mut self, version: &str) -> Result<(), String> {
        let Some(before) = self.before().map(str::to_owned) else {
            return Err("no version was in force before this one".to_owned());
        };
        if before != version {
            return Err(format!(
                "a rollback brings back `{before}`, which was in force before, not `{version}`"
            ));
        }
        let gone = self.line.pop().unwrap_or_default();
        let gone = self.place(&gone)?;
        self.versions[gone].state = State::Retired;
        let back = self.place(&before)?;
        self.versions[back].state = State::Live;
        Ok(())
    }

    fn retire(&mut self, version: &str) -> Result<(), String> {
        let place = self.place(version)?;
        match self.versions[place].state {
            State::Draft | State::Shadow => {
                self.versions[place].state = State::Retired;
                Ok(())
            }
            State::Live => Err(format!(
                "version `{version}` is in force: approve another, or roll back"
            )),
            State::Retired => Err(format!("version `{version}` is retired already")),
        }
    }

    fn place(&self, version: &str) -> Result<usize, String> {
        let found = self.versions.iter().position(|v| v.version == version);
        found.ok_or_else(|| format!("no version `{version}` in the registry"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn deed(action: Action, version: &str, person: &str) -> Deed {
        let files = Files {
            artifact: String::new(),
            dossier: String::new(),
        };
        Deed {
            person: person.to_owned(),
            action,
            version: version.to_owned(),
            why: "test".to_owned(),
            files: (action == Action::Submit).then_some(files),
        }
    }

    fn did(shelf: &mut Shelf, action: Action, version: &str, person: &str) -> Result<(), String> {
        shelf.apply(&deed(action, version, person), "2026-01-01")
    }

    fn live(shelf: &mut Shelf, version: &str) {
        did(shelf, Action::Submit, version, "甲").unwrap();
        did(shelf, Action::Shadow, version, "甲").unwrap();
        did(shelf, Action::Approve, version, "乙").unwrap();
    }

    #[test]
    fn nobody_approves_what_is_their_own() {
        let mut shelf = Shelf::default();
        did(&mut shelf, Action::Submit, "a", "Wang Wei").unwrap();
        let early = did(&mut shelf, Action::Approve, "a", "乙").unwrap_err();
        assert!(early.contains("is draft"), "{early}");
        did(&mut shelf, Action::Shadow, "a", "丙").unwrap();
        for own in ["Wang Wei", " wang  wei", "ＷＡＮＧ ＷＥＩ", "丙"] {
            let refused = did(&mut shelf, Action::Approve, "a", own).unwrap_err();
            assert!(refused.contains("four eyes"), "{refused}");
        }
        assert!(did(&mut shelf, Action::Approve, "a", "  ").is_err());
        did(&mut shelf, Action::Approve, "a", "乙").unwrap();
        assert_eq!(shelf.live().unwrap().version, "a");
    }

    #[test]
    fn a_rollback_brings_back_what_was_in_force_before() {
        let mut shelf = Shelf::default();
        live(&mut shelf, "a");
        assert!(did(&mut shelf, Action::Rollback, "a", "丁").is_err());
        live(&mut shelf, "b");
        live(&mut shelf, "c");
        for (back, before) in [("b", Some("a")), ("a", None)] {
            assert_eq!(shelf.before(), Some(back));
            did(&mut shelf, Action::Rollback, back, "丁").unwrap();
            assert_eq!(shelf.live().unwrap().version, back);
            assert_eq!(shelf.before(), before);
        }
        did(&mut shelf, Action::Shadow, "c", "甲").unwrap();
        assert!(did(&mut shelf, Action::Approve, "c", "甲").is_err());
        did(&mut shelf, Action::Approve, "c", "乙").unwrap();
        assert_eq!(shelf.before(), Some("a"));
    }

    #[test]
    fn one_version_at_most_is_beside_the_one_in_force() {
        let mut shelf = Shelf::default();
        for version in ["a", "b"] {
            did(&mut shelf, Action::Submit, version, "甲").unwrap();
            did(&mut shelf, Action::Shadow, version, "甲").unwrap();
        }
        assert_eq!(shelf.shadow().unwrap().version, "b");
        assert_eq!(shelf.find("a").unwrap().state, State::Draft);
        did(&mut shelf, Action::Retire, "b", "甲").unwrap();
        assert!(shelf.shadow().is_none());
        assert!(did(&mut shelf, Action::Submit, "a", "乙").is_err());
        assert!(shelf.find("x").is_err() && shelf.find("").is_err());
    }

    proptest! {
        /// Whatever is tried: one version at most is live, one at most shadow, and
        /// whoever is live was approved by neither who submitted nor who shadowed.
        #[test]
        fn whatever_is_tried_four_eyes_saw_what_is_live(
            tries in proptest::collection::vec((0..5usize, 0..3usize, 0..3usize), 0..40),
        ) {
            let actions = [Action::Submit, Action::Shadow, Action::Approve, Action::Rollback, Action::Retire];
            let mut shelf = Shelf::default();
            for (action, version, person) in tries {
                let (version, person) = (["a", "b", "c"][version], ["甲", "乙", "丙"][person]);
                let before = shelf.clone();
                if did(&mut shelf, actions[action], version, person).is_err() {
                    prop_assert_eq!(&shelf, &before);
                }
                let count = |state| shelf.versions.iter().filter(|v| v.state == state).count();
                prop_assert!(count(State::Live) <= 1 && count(State::Shadow) <= 1);
                prop_assert_eq!(count(State::Live) == 1, !shelf.line.is_empty());
                prop_assert_eq!(shelf.live().map(|v| v.version.as_str()), shelf.line.last().map(String::as_str));
            }
        }
    }
}
