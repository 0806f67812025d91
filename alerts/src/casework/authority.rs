//! Who may do what: roles, and what a role reaches.

use serde::{Deserialize, Serialize};

/// What somebody is in the office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// 值班: takes alerts in, opens and assigns cases.
    DutyOfficer,
    /// 执法人员: checks, judges, proposes and carries out measures.
    Investigator,
    /// 牵头部门主要负责人: approves.
    Head,
    /// Queries risk.
    Analyst,
    /// Adds sources.
    Engineer,
    /// Keeps the accounts; sees no case.
    Administrator,
    /// Reads the audit log, changes nothing.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 7] = [
        Role::DutyOfficer,
        Role::Investigator,
        Role::Head,
        Role::Analyst,
        Role::Engineer,
        Role::Administrator,
        Role::Auditor,
    ];

    /// As in JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Role::DutyOfficer => "duty-officer",
            Role::Investigator => "investigator",
            Role::Head => "head",
            Role::Analyst => "analyst",
            Role::Engineer => "engineer",
            Role::Administrator => "administrator",
            Role::Auditor => "auditor",
        }
    }

    /// For people.
    pub fn chinese(self) -> &'static str {
        match self {
            Role::DutyOfficer => "值班人员",
            Role::Investigator => "执法人员",
            Role::Head => "部门负责人",
            Role::Analyst => "分析人员",
            Role::Engineer => "数据工程师",
            Role::Administrator => "系统管理员",
            Role::Auditor => "审计人员",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Role, String> {
        let found = Role::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or_else(|| {
            let names = Role::ALL.map(Role::name).join(", ");
            format!("`{text}` is no role; allowed are {names}")
        })
    }
}

/// Who works on cases by routine.
pub const DUTY: &[Role] = &[Role::DutyOfficer, Role::Head];
/// Who investigates.
pub const INVESTIGATE: &[Role] = &[Role::Investigator];
/// Who approves.
pub const APPROVE: &[Role] = &[Role::Head];
/// Who says how a case ended.
pub const CONCLUDE: &[Role] = &[Role::Investigator, Role::Head];
/// Who may do anything with cases.
pub const WORK: &[Role] = &[Role::DutyOfficer, Role::Investigator, Role::Head];
/// Who keeps the accounts.
pub const ADMINISTER: &[Role] = &[Role::Administrator];
