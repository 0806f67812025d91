//! A person with an account.

use super::authority::Role;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// The longest name, in characters.
const MAX_NAME: usize = 64;
/// The secrecy of sources, from public to restricted.
pub const HIGHEST_CLEARANCE: u8 = 4;

/// What an account says of a person. Passwords and tokens are not part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The account's name.
    pub name: String,
    /// The person's own name.
    pub display: String,
    /// What they are.
    pub roles: Vec<Role>,
    /// The districts they see; none: the whole city.
    pub districts: Vec<String>,
    /// The highest sensitivity of sources they see, 1 to 4.
    pub clearance: u8,
    /// Whether the account is closed.
    pub disabled: bool,
}

impl Person {
    /// The first of their roles that is among those allowed.
    pub fn role_among(&self, allowed: &[Role]) -> Option<Role> {
        let mut roles = self.roles.iter().copied();
        roles.find(|role| allowed.contains(role))
    }

    /// Whether they see something of these districts; what has none is seen by
    /// those who see the whole city.
    pub fn sees<'a>(&self, mut districts: impl Iterator<Item = &'a str>) -> bool {
        self.districts.is_empty() || districts.any(|d| self.districts.iter().any(|own| own == d))
    }

    /// What is wrong with an account.
    ///
    /// # Errors
    /// The field, the value and what is allowed.
    pub fn check(&self) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if self.name.is_empty() || self.name.len() > MAX_NAME || !self.name.chars().all(plain) {
            return Err(format!(
                "`{}` is no account's name; allowed are 1 to {MAX_NAME} of a-z, A-Z, 0-9, `.`, `_`, `-`",
                self.name
            ));
        }
        check_name(&self.display)?;
        if self.roles.is_empty() {
            let names = Role::ALL.map(Role::name).join(", ");
            return Err(format!("no role is given; allowed are {names}"));
        }
        let alone = [Role::Administrator, Role::Auditor];
        if self.roles.len() > 1 && self.roles.iter().any(|role| alone.contains(role)) {
            return Err(
                "administrator and auditor go with no other role: who keeps or audits the accounts does not work with them"
                    .to_owned(),
            );
        }
        if !(1..=HIGHEST_CLEARANCE).contains(&self.clearance) {
            return Err(format!(
                "clearance {}; allowed are 1 to {HIGHEST_CLEARANCE}",
                self.clearance
            ));
        }
        Ok(())
    }
}

/// Whether a text can be a person's name.
///
/// # Errors
/// The name, and what is allowed.
pub fn check_name(name: &str) -> Result<(), String> {
    let length = name.chars().filter(|c| !c.is_whitespace()).count();
    // Of what cannot be seen or said no two are told apart.
    if folded(name).is_empty() || length > MAX_NAME || name.chars().any(char::is_control) {
        return Err(format!(
            "`{name}` is no person's name; allowed are 1 to {MAX_NAME} characters"
        ));
    }
    Ok(())
}

/// Whether two names are of one person: case, width, spaces, points and what cannot be
/// seen make nobody another.
pub fn same_person(one: &str, other: &str) -> bool {
    folded(one) == folded(other)
}

fn folded(name: &str) -> String {
    // Width, radicals that look like characters, and accents that are written apart.
    let kept = name.nfkc().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_it_is_written_a_name_is_one_persons() {
        let pairs = [
            ("王芳", " 王 芳 "),
            ("王芳", "王\u{200b}芳"),
            ("王芳", "王·芳"),
            // Radicals and compatibility forms that look the same.
            ("玉田", "\u{2f5f}\u{2f65}"),
            ("Wang Wei", "ＷＡＮＧ ＷＥＩ"),
            ("José", "Jose\u{301}"),
            ("ﬁlip", "Filip"),
        ];
        for (one, other) in pairs {
            assert!(same_person(one, other), "{one} {other}");
        }
        for nobody in ["", " ", "\u{200b}", "·", "\u{3000}\u{feff}"] {
            assert!(check_name(nobody).is_err(), "{nobody:?}");
        }
        for (one, other) in [("王芳", "王方"), ("Jose", "José")] {
            assert!(!same_person(one, other), "{one} {other}");
        }
    }
}
