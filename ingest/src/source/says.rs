//! What the records of a source say: signals, attributes, aliases, links, checks.

use super::scope::Scope;
use super::{AliasColumn, Attribute, Check, LinkColumns, LinkEnd, Signal, TermColumns};
use crate::declaration::Section;
use crate::sql::Wanted;

pub(super) fn read_signal(section: &Section<'_>, scope: &Scope<'_>) -> Option<Signal> {
    let kind = section.required_text("kind");
    if let Some(kind) = kind.as_deref().filter(|kind| !is_signal_kind(kind)) {
        section.fault(
            "kind",
            format!("`{kind}` is no signal; allowed are A1 to H9: a category A … H and a number"),
        );
    }
    let signal = Signal {
        kind: kind.unwrap_or_default(),
        when: scope.expression(section, "when", Wanted::Condition),
        value: scope.expression(section, "value", Wanted::Number),
        distinct: scope.columns(section, "distinct"),
        date: scope.expression(section, "date", Wanted::Date),
        window_days: section.days("window"),
        subject: section.section("subject").and_then(|s| scope.subject(&s)),
    };
    if section.has("distinct") && section.has("value") {
        section.fault(
            "distinct",
            "goes without `value`: what several report is counted once and not summed",
        );
    }
    if section.has("window") && !section.has("date") {
        section.fault("window", "needs a `date` to count from");
    }
    section.finish();
    Some(signal)
}

/// Whether a word is a signal's name: a category letter and a number.
pub fn is_signal_kind(word: &str) -> bool {
    let mut chars = word.chars();
    let category = chars.next().is_some_and(|c| ('A'..='H').contains(&c));
    let number = chars.as_str();
    category
        && !number.is_empty()
        && number.len() <= 2
        && number.bytes().all(|b| b.is_ascii_digit())
}

pub(super) fn read_attribute(section: &Section<'_>, scope: &Scope<'_>) -> Option<Attribute> {
    let name = section.required_text("name");
    let value = scope.required_expression(section, "value", Wanted::Number);
    let date = scope.expression(section, "date", Wanted::Date);
    section.finish();
    if let Some(name) = name.as_deref().filter(|name| is_signal_kind(name)) {
        section.fault(
            "name",
            format!("`{name}` looks like a signal; give the attribute a name of its own"),
        );
    }
    Some(Attribute {
        name: name?,
        value: value?,
        date,
    })
}

pub(super) fn read_alias(section: &Section<'_>, scope: &Scope<'_>) -> Option<AliasColumn> {
    use crate::fact::SubjectKind::{AgencyId, Name, OrganisationCode, RegistrationNumber};
    let kind = section.required_choice(
        "kind",
        &[
            ("registration_number", RegistrationNumber),
            ("organisation_code", OrganisationCode),
            ("name", Name),
            ("agency_id", AgencyId),
        ],
    );
    let column = section
        .required_text("column")
        .and_then(|name| scope.column(section, "column", &name));
    let agency = section.text("agency");
    if agency.is_some() && kind.is_some_and(|kind| kind != AgencyId) {
        section.fault("agency", "is only for aliases of kind agency_id");
    }
    let term = read_term(section, scope, "from");
    let beyond = section.boolean("beyond").unwrap_or(false);
    let decides = section.boolean("decides").unwrap_or(false);
    if beyond && !term.is_dated() {
        section.fault("beyond", "needs a `from` or an `until` to go beyond");
    }
    if beyond && decides {
        section.fault(
            "beyond",
            "does not go with `decides`: a decision is for its days alone",
        );
    }
    section.finish();
    Some(AliasColumn {
        kind: kind?,
        column: column?,
        agency: agency.unwrap_or_else(|| scope.agency.to_owned()),
        term,
        beyond,
        decides,
    })
}

/// The days `from` (of a link: `since`) and `until`; neither has to be there.
fn read_term(section: &Section<'_>, scope: &Scope<'_>, from: &str) -> TermColumns {
    TermColumns {
        from: scope.expression(section, from, Wanted::Date),
        until: scope.expression(section, "until", Wanted::Date),
    }
}

pub(super) fn read_link(section: &Section<'_>, scope: &Scope<'_>) -> Option<LinkColumns> {
    let kind = section.required_text("kind");
    let known = scope.around.link_kinds;
    let index = kind
        .as_ref()
        .and_then(|kind| known.iter().position(|k| k == kind));
    if let (Some(kind), None) = (&kind, index) {
        section.fault(
            "kind",
            format!(
                "`{kind}` is no link kind; declared are {}",
                known.join(", ")
            ),
        );
    }
    let from = section.section("from").and_then(|s| scope.subject(&s));
    if !section.has("from") {
        section.fault(
            "from",
            "is missing; write from = { person = \"column\" } (or account, address, phone, domain)",
        );
    }
    let to = if section.is_table("to") {
        section
            .section("to")
            .and_then(|s| scope.subject(&s))
            .map(LinkEnd::Subject)
    } else {
        section.required_choice("to", &[("enterprise", LinkEnd::Enterprise)])
    };
    let term = read_term(section, scope, "since");
    section.finish();
    Some(LinkColumns {
        kind: u8::try_from(index?).ok()?,
        from: from?,
        to: to?,
        term,
    })
}

pub(super) fn read_check(section: &Section<'_>, scope: &Scope<'_>) -> Option<Check> {
    let name = section.required_text("name");
    let when = scope.required_expression(section, "when", Wanted::Condition);
    section.finish();
    Some(Check {
        name: name?,
        when: when?,
    })
}
