//! `[casework]` and `[people]`: what officials do about alerts, and who they are.

use super::serve::{Limits, TlsFiles, read_serve};
use std::path::{Path, PathBuf};
use tocsin_alerts::casework::retention::Kept;
use tocsin_alerts::casework::{Role, Term, Terms};
use tocsin_alerts::docket::is_postgres;
use tocsin_alerts::level::Level;
use tocsin_ingest::catalogue::Catalogue;
use tocsin_ingest::declaration::{Document, Fault, Section};
use tocsin_ingest::format::Encoding;
use tocsin_ingest::source::{FileKind, Mode, Source};

/// What reads are for where a request says nothing else.
const PURPOSE: &str = "非法集资风险监测预警(国务院令第737号 第八条)";

/// Who may unmask where nothing is declared: who checks, who answers for it, and
/// who mends refused records.
const UNMASK: &[Role] = &[Role::Investigator, Role::Head, Role::Engineer];
/// Who may be given it.
const MAY_UNMASK: [Role; 5] = [
    Role::DutyOfficer,
    Role::Investigator,
    Role::Head,
    Role::Analyst,
    Role::Engineer,
];

/// `[casework]`, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseworkSettings {
    /// A file relative to `folder`, or an address of PostgreSQL.
    pub store: String,
    /// The configuration's folder.
    pub folder: PathBuf,
    /// From which level on the policy opens cases; by hand alone, where absent.
    pub open_from: Option<Level>,
    /// What reads are for where a request says nothing else.
    pub purpose: String,
    /// What the office has set itself, by the level's rank.
    pub terms: [Terms; 5],
    /// Where outcomes become labels.
    pub outcomes: Option<OutcomeSource>,
    /// How long lines of the log are kept that change nothing.
    pub retention: Retention,
}

/// `[casework.retention]`, checked: days by kind, no fewer than the law asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention([i64; Kept::ALL.len()]);

impl Retention {
    /// How long such lines are kept.
    pub fn days(&self, what: Kept) -> i64 {
        self.0[what as usize]
    }
}

/// The declared source by which outcomes arrive, and which column says what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeSource {
    /// `agency/resource`.
    pub source: String,
    /// The column of the case's id: the key of the source.
    pub case: String,
    /// The column of the enterprise's code.
    pub enterprise: String,
    /// The column of the outcome.
    pub outcome: String,
    /// The column of the day, where there is one.
    pub date: Option<String>,
    /// The column of the reason of an unfounded alert, where there is one.
    pub reason: Option<String>,
}

/// `[people]`, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeopleSettings {
    /// What somebody may who has not signed in.
    pub guest: Option<Role>,
    /// The highest sensitivity of sources that they see.
    pub guest_clearance: u8,
    /// Who may see a masked person, account or record, one at a time and for a
    /// reason; the others of these roles cannot.
    pub unmask: Vec<Role>,
    /// How long a session lasts unused.
    pub idle_minutes: i64,
    /// How long a session lasts at most.
    pub session_hours: i64,
}

/// The three sections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Office {
    /// Absent: open and read-only, without accounts.
    pub casework: Option<CaseworkSettings>,
    /// Who may what.
    pub people: PeopleSettings,
    /// Absent: plain HTTP.
    pub tls: Option<TlsFiles>,
    /// How often who may ask.
    pub limits: Limits,
}

/// Reads the three sections.
pub(super) fn read_office(root: &Section<'_>, folder: &Path) -> Office {
    let (tls, limits) = read_serve(root, folder);
    Office {
        casework: root
            .section("casework")
            .map(|section| read_casework(&section, folder)),
        people: read_people(root),
        tls,
        limits,
    }
}

fn read_casework(section: &Section<'_>, folder: &Path) -> CaseworkSettings {
    let store = section.required_text("store").unwrap_or_default();
    if store.contains("://") && !is_postgres(&store) {
        section.fault(
            "store",
            format!("`{store}`: allowed are a file and postgres://…"),
        );
    }
    let levels = Level::RAISED.map(|level| (level.name(), level));
    let open_from = section.choice("open_from", &levels);
    let purpose = section
        .text("purpose")
        .unwrap_or_else(|| PURPOSE.to_owned());
    let declared = section.section("terms");
    let terms = Level::ALL.map(|level| {
        let of_level = declared
            .as_ref()
            .and_then(|terms| terms.section(level.name()));
        of_level.map_or_else(|| Terms::of(level), |section| read_terms(&section, level))
    });
    if let Some(declared) = &declared {
        declared.finish();
    }
    let outcomes = read_outcomes(section);
    let retention = read_retention(section);
    section.finish();
    CaseworkSettings {
        store,
        folder: folder.to_owned(),
        open_from,
        purpose,
        terms,
        outcomes,
        retention,
    }
}

fn read_retention(section: &Section<'_>) -> Retention {
    let declared = section.section("retention");
    let days = Kept::ALL.map(|what| {
        let key = what.name().replace('-', "_");
        let asked = declared.as_ref().and_then(|declared| declared.days(&key));
        let (days, least) = (asked.map(i64::from), what.least_days());
        if let (Some(declared), Some(days)) = (&declared, days.filter(|days| *days < least)) {
            let message = format!(
                "`{days}d`: allowed are {least}d and more ({})",
                what.basis()
            );
            declared.fault(&key, message);
        }
        days.unwrap_or(least)
    });
    if let Some(declared) = &declared {
        declared.finish();
    }
    Retention(days)
}

fn read_terms(section: &Section<'_>, level: Level) -> Terms {
    let mut terms = Terms::of(level);
    let set = |key: &str, term: &mut Term| {
        let Some(text) = section.text(key) else {
            return;
        };
        match parse_term(&text) {
            Some(found) => *term = found,
            None => section.fault(
                key,
                format!("`{text}`: allowed are hours, days or working days such as 2h, 30d, 5wd"),
            ),
        }
    };
    set("acknowledge", &mut terms.acknowledge);
    set("finding", &mut terms.finding);
    set("outcome", &mut terms.outcome);
    section.finish();
    terms
}

/// `2h`, `30d` or `5wd`; from 1 to 1000.
fn parse_term(text: &str) -> Option<Term> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number = number
        .parse()
        .ok()
        .filter(|number| (1..=1_000).contains(number))?;
    match unit {
        "h" => Some(Term::Hours(number)),
        "d" => Some(Term::Days(number)),
        "wd" => Some(Term::WorkingDays(number)),
        _ => None,
    }
}

fn read_outcomes(section: &Section<'_>) -> Option<OutcomeSource> {
    let source = section.text("outcome_source");
    let columns = section.section("outcome_columns");
    if let (None, Some(_)) = (&source, &columns) {
        section.fault("outcome_columns", "means nothing without `outcome_source`");
    }
    let source = source?;
    let Some(columns) = columns else {
        section.fault(
            "outcome_columns",
            "is missing; say which column holds what: { case = \"…\", enterprise = \"…\", outcome = \"…\" }",
        );
        return None;
    };
    let read = (
        columns.required_text("case"),
        columns.required_text("enterprise"),
        columns.required_text("outcome"),
    );
    let (date, reason) = (columns.text("date"), columns.text("reason"));
    columns.finish();
    let (case, enterprise, outcome) = (read.0?, read.1?, read.2?);
    Some(OutcomeSource {
        source,
        case,
        enterprise,
        outcome,
        date,
        reason,
    })
}

fn read_people(root: &Section<'_>) -> PeopleSettings {
    let section = root.section("people");
    let section = section.as_ref();
    let roles = Role::ALL.map(|role| (role.name(), role));
    let people = PeopleSettings {
        guest: section.and_then(|s| s.choice("guest", &roles)),
        guest_clearance: section
            .and_then(|s| s.integer("guest_clearance", 1..=4))
            .unwrap_or(1) as u8,
        unmask: section.map_or_else(|| UNMASK.to_vec(), |section| unmask(section)),
        idle_minutes: section
            .and_then(|s| s.integer("idle_minutes", 1..=1_440))
            .unwrap_or(30),
        session_hours: section
            .and_then(|s| s.integer("session_hours", 1..=168))
            .unwrap_or(12),
    };
    if let Some(section) = section {
        if matches!(people.guest, Some(Role::Administrator | Role::Auditor)) {
            section.fault(
                "guest",
                "nobody keeps or audits the accounts without signing in",
            );
        }
        section.finish();
    }
    people
}

/// Roles that look at records, of which some may see what is masked.
fn unmask(section: &Section<'_>) -> Vec<Role> {
    if !section.has("unmask") {
        return UNMASK.to_vec();
    }
    let allowed = MAY_UNMASK.map(Role::name);
    let mut roles = Vec::new();
    for name in section.texts("unmask") {
        match MAY_UNMASK.into_iter().find(|role| role.name() == name) {
            Some(role) => roles.push(role),
            None => section.fault(
                "unmask",
                format!("`{name}`: allowed are {}", allowed.join(", ")),
            ),
        }
    }
    roles
}

/// What of `[casework]` does not fit the declared sources.
pub(super) fn check_outcomes(
    document: &Document,
    office: &Office,
    catalogue: &Catalogue,
    faults: &mut Vec<Fault>,
) {
    let outcomes = office
        .casework
        .as_ref()
        .and_then(|casework| casework.outcomes.as_ref());
    let Some(outcomes) = outcomes.filter(|_| !catalogue.sources().is_empty()) else {
        return;
    };
    let mut tell = |message: String| {
        faults.push(Fault::of_file(
            document.file(),
            format!("`casework.{message}"),
        ));
    };
    let Some(source) = catalogue.source(&outcomes.source) else {
        tell(format!(
            "outcome_source`: no source `{}` is declared",
            outcomes.source
        ));
        return;
    };
    for column in outcomes.columns() {
        if !source.columns.iter().any(|known| known.name == *column) {
            tell(format!(
                "outcome_columns`: source `{}` declares no column `{column}`",
                source.id
            ));
        }
    }
    let given = |name: &str| outcomes.columns().any(|column| column == name);
    for column in source
        .columns
        .iter()
        .filter(|column| column.required && !given(&column.name))
    {
        tell(format!(
            "outcome_columns`: source `{}` requires column `{}`, which no outcome has",
            source.id, column.name
        ));
    }
    if source.encoding != Encoding::Utf8 || source.file_kind != FileKind::Csv {
        tell(format!(
            "outcome_source`: source `{}` must be CSV in utf-8",
            source.id
        ));
    }
    if !is_keyed_by(source, &outcomes.case) {
        tell(format!(
            "outcome_source`: source `{}` must have mode upsert and the key [\"{}\"], so that a corrected outcome replaces the first",
            source.id, outcomes.case
        ));
    }
}

fn is_keyed_by(source: &Source, column: &str) -> bool {
    let keys: Vec<&str> = source
        .key
        .iter()
        .map(|place| source.columns[*place].name.as_str())
        .collect();
    source.mode == Mode::Upsert && keys == [column]
}

impl OutcomeSource {
    /// The columns that an outcome fills.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        let always = [&self.case, &self.enterprise, &self.outcome];
        always.into_iter().chain(&self.date).chain(&self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_hours_days_or_working_days() {
        for (text, expected) in [
            ("2h", Some(Term::Hours(2))),
            ("30d", Some(Term::Days(30))),
            ("5wd", Some(Term::WorkingDays(5))),
            ("5", None),
            ("wd", None),
            ("0h", None),
            ("5 wd", None),
        ] {
            assert_eq!(parse_term(text), expected, "{text}");
        }
    }
}
