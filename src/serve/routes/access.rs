//! Who may take a way.

use crate::config::PeopleSettings;
use crate::serve::gate::may_unmask;
use tocsin_alerts::casework::Role;

use Role::{Administrator, Analyst, Auditor, DutyOfficer, Engineer, Head, Investigator};

/// Who may take a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::serve) enum Access {
    /// Anybody.
    Public,
    /// Whoever has signed in.
    SignedIn,
    /// These roles, once there are accounts; a guest's may be among them.
    Roles(&'static [Role]),
    /// These roles of persons who have signed in, never a guest.
    People(&'static [Role]),
    /// Those of these roles of persons whom the configuration lets see what is
    /// masked.
    Unmask(&'static [Role]),
}

impl Access {
    /// The roles that are let in; all where it needs none in particular.
    pub(in crate::serve) fn roles(self, people: &PeopleSettings) -> Vec<Role> {
        match self {
            Access::Public | Access::SignedIn => Role::ALL.to_vec(),
            Access::Roles(roles) | Access::People(roles) => roles.to_vec(),
            Access::Unmask(roles) => may_unmask(people, roles),
        }
    }
}

/// Who looks at enterprises and alerts.
pub(super) const READERS: Access = Access::Roles(&[DutyOfficer, Investigator, Head, Analyst]);
/// Who looks at sources and models.
pub(super) const STAFF: Access =
    Access::Roles(&[DutyOfficer, Investigator, Head, Analyst, Engineer]);
/// Who looks at records as they came.
pub(super) const ENGINEERS: Access = Access::Roles(&[Engineer, Analyst]);
/// Who changes what comes in and counts.
pub(super) const ENGINEER: Access = Access::Roles(&[Engineer]);
/// Who tries other rules.
pub(super) const ANALYSTS: Access = Access::Roles(&[Analyst, Head]);
/// Who works on cases.
pub(super) const OFFICE: Access = Access::People(&[DutyOfficer, Investigator, Head]);
/// Who decides what is shown.
pub(super) const DUTY: Access = Access::People(&[DutyOfficer, Head]);
/// Who may be let see whom the records behind an enterprise speak of.
pub(super) const UNMASK: Access = Access::Unmask(&[DutyOfficer, Investigator, Head, Analyst]);
/// Who may be let see a refused record as it came.
pub(super) const UNMASK_REJECT: Access = Access::Unmask(&[Engineer, Analyst]);
/// Who sees what is hidden.
pub(super) const WATCHERS: Access = Access::People(&[DutyOfficer, Investigator, Head, Auditor]);
/// Who says whom to check.
pub(super) const PLANNERS: Access = Access::People(&[DutyOfficer, Head, Analyst]);
/// Who keeps the accounts.
pub(super) const ADMINISTRATOR: Access = Access::People(&[Administrator]);
/// Who reads the log.
pub(super) const AUDITOR: Access = Access::People(&[Auditor]);
/// Who reads what cases came to.
pub(super) const LABELLERS: Access = Access::People(&[DutyOfficer, Investigator, Head, Analyst]);
