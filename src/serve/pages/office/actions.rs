//! The forms of a case: one for each action that makes sense now, the one that
//! leads on first, with what was typed and refused beside its field.

use super::case::measure_words;
use crate::casework::secrets;
use crate::serve::problem::Problem;
use crate::serve::words::{action, c, fault, say, t};
use tocsin_alerts::casework::case::Proposal;
use tocsin_alerts::casework::{Case, Measure, Outcome, Reason};

/// What leads a case on, before what may also be done.
const LEADS_ON: [&str; 9] = [
    "acknowledge",
    "assign",
    "answered",
    "approve",
    "carry",
    "label",
    "propose",
    "judge",
    "check",
];

/// A form for one action.
pub(super) struct ActionForm {
    pub(super) name: &'static str,
    pub(super) words: &'static str,
    /// The id of the action, if this form is sent.
    pub(super) key: String,
    /// Whether it is unfolded.
    pub(super) open: bool,
    /// What was refused, where no field of it is to blame.
    pub(super) error: String,
    pub(super) fields: Vec<Field>,
}

impl ActionForm {
    /// Whether something in it was refused.
    pub(super) fn is_wrong(&self) -> bool {
        !self.error.is_empty() || self.fields.iter().any(|field| !field.error.is_empty())
    }
}

/// How something is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Any of some.
    Several,
    /// One of a few, all of them in sight.
    One,
    /// One of many.
    Select,
    /// Yes or nothing.
    Tick,
    Line,
    Day,
    /// Words of several lines.
    Text,
}

impl Shape {
    /// What HTML calls the input.
    pub(super) fn input(self) -> &'static str {
        match self {
            Shape::Several | Shape::Tick => "checkbox",
            Shape::One => "radio",
            Shape::Day => "date",
            Shape::Select | Shape::Line | Shape::Text => "text",
        }
    }
}

/// Something to choose.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) words: String,
    pub(super) chosen: bool,
}

/// One field of a form.
pub(super) struct Field {
    /// Of no other element of the page.
    pub(super) id: String,
    pub(super) name: &'static str,
    /// A word of the catalogue.
    pub(super) label: &'static str,
    pub(super) note: String,
    pub(super) placeholder: &'static str,
    pub(super) shape: Shape,
    pub(super) required: bool,
    pub(super) choices: Vec<Choice>,
    pub(super) value: String,
    pub(super) error: String,
}

impl Field {
    fn new(name: &'static str, label: &'static str, shape: Shape) -> Field {
        Field {
            id: String::new(),
            name,
            label,
            note: String::new(),
            placeholder: "",
            shape,
            required: false,
            choices: Vec::new(),
            value: String::new(),
            error: String::new(),
        }
    }

    fn needed(self) -> Field {
        Field {
            required: true,
            ..self
        }
    }

    fn among(self, choices: Vec<Choice>) -> Field {
        Field { choices, ..self }
    }

    pub(super) fn is_group(&self) -> bool {
        matches!(self.shape, Shape::Several | Shape::One)
    }

    pub(super) fn is_select(&self) -> bool {
        self.shape == Shape::Select
    }

    pub(super) fn is_tick(&self) -> bool {
        self.shape == Shape::Tick
    }

    pub(super) fn is_text(&self) -> bool {
        self.shape == Shape::Text
    }

    /// With what was typed into it.
    fn filled(mut self, pairs: &[(String, String)]) -> Field {
        let said: Vec<&str> = pairs
            .iter()
            .filter(|(name, _)| name == self.name)
            .map(|(_, value)| value.as_str())
            .collect();
        for choice in &mut self.choices {
            choice.chosen = said.contains(&choice.value.as_str());
        }
        self.value = said.first().copied().unwrap_or_default().to_owned();
        self
    }
}

/// What was sent and refused.
pub(super) struct Refused {
    pub(super) pairs: Vec<(String, String)>,
    pub(super) problem: Problem,
}

impl Refused {
    /// The action that it was about.
    fn action(&self) -> &str {
        let found = self.pairs.iter().find(|(name, _)| name == "do");
        found.map_or("", |(_, action)| action)
    }
}

/// A form for each action that makes sense; of several measures the rules say the
/// rest.
///
/// # Errors
/// When there is no randomness for their ids.
pub(super) fn forms(
    case: &Case,
    may: &[&'static str],
    people: &[Choice],
    refused: Option<&Refused>,
) -> Result<Vec<ActionForm>, Problem> {
    let mut names: Vec<&'static str> = may
        .iter()
        .copied()
        .filter(|name| is_sensible(case, name))
        .collect();
    let place = |name: &&str| LEADS_ON.iter().position(|of| of == name);
    names.sort_by_key(|name| place(name).unwrap_or(LEADS_ON.len()));
    // A judgement that is founded calls for a measure before it can be reported.
    if case.judgement.as_ref().is_some_and(|judged| judged.founded)
        && case.measures.is_empty()
        && let Some(at) = names.iter().position(|name| *name == "propose")
    {
        names[..=at].rotate_right(1);
    }
    let sent = refused.map_or("", Refused::action);
    let unfolded = names.iter().position(|name| *name == sent).unwrap_or(0);
    let form = |(place, name): (usize, &'static str)| {
        let mut form = ActionForm {
            name,
            words: action(name),
            key: secrets::id().map_err(|fault| Problem::internal(&fault))?,
            open: place == unfolded,
            error: String::new(),
            fields: fields(case, name, people),
        };
        for field in &mut form.fields {
            field.id = format!("{name}-{}", field.name);
        }
        if let Some(refused) = refused.filter(|_| name == sent) {
            take_back(&mut form, refused);
        }
        Ok(form)
    };
    names.into_iter().enumerate().map(form).collect()
}

/// Puts what was typed back, and beside the field that is named what is wrong.
fn take_back(form: &mut ActionForm, refused: &Refused) {
    let fields = std::mem::take(&mut form.fields);
    form.fields = fields
        .into_iter()
        .map(|field| field.filled(&refused.pairs))
        .collect();
    let detail = &refused.problem.detail;
    let words = fault(detail);
    // What is quoted is the field; what a fault begins with may be another.
    let quoted = form
        .fields
        .iter()
        .position(|field| quotes(detail, field.name));
    let begins = |field: &Field| {
        let rest = detail.strip_prefix(field.name);
        rest.is_some_and(|rest| rest.starts_with([' ', ':']))
    };
    let blamed = quoted.or_else(|| form.fields.iter().position(begins));
    match blamed {
        Some(place) => form.fields[place].error = words,
        None => form.error = words,
    }
}

/// Whether a fault quotes a field: `` `reason` ``, `` `places.registered` ``,
/// `` `until_ms` ``.
fn quotes(detail: &str, field: &str) -> bool {
    let mut parts = detail.split('`').skip(1).step_by(2);
    parts.any(|quoted| {
        let quoted = quoted.strip_prefix("places.").unwrap_or(quoted);
        quoted.strip_suffix("_ms").unwrap_or(quoted) == field
    })
}

fn is_sensible(case: &Case, name: &str) -> bool {
    let decided = |of: &Proposal| of.decided.is_some() || !of.needs_approval;
    match name {
        "approve" | "refuse" => case.measures.iter().any(|of| !decided(of)),
        "carry" => case
            .measures
            .iter()
            .any(|of| decided(of) && of.carried.is_none()),
        _ => true,
    }
}

/// What is asked for by each action, words last.
fn fields(case: &Case, name: &str, people: &[Choice]) -> Vec<Field> {
    use Shape::{Day, Line, One, Select, Several, Text, Tick};
    let field = Field::new;
    let mut fields = match name {
        "assign" => {
            let mut registered = field("registered", "place of registration: it leads", Line);
            match case.district.as_deref() {
                Some(district) => registered.note = say("where nothing is said: {0}", &[district]),
                None => registered.placeholder = "needed",
            }
            vec![
                field("investigators", "investigators, two at least", Several)
                    .among(people.to_vec()),
                registered,
                field("person", "a natural person: domicile leads", Tick),
                field("domicile", "domicile", Line),
                field("conduct", "districts of the conduct", Line),
                field("assets", "of assets", Line),
                field("participants", "of participants", Line),
            ]
        }
        "ask" | "appeal" => vec![field("agency", "agency", Line).needed()],
        "judge" => vec![
            field("founded", "conclusion", One)
                .among(vec![
                    plain("yes", t("founded")),
                    plain("no", t("unfounded")),
                ])
                .needed(),
        ],
        "propose" => {
            let all = Measure::ALL.map(|of| choice(&of, &measure_words(of)));
            vec![
                field("measure", "measure", Select)
                    .among(all.into())
                    .needed(),
            ]
        }
        "approve" | "refuse" | "carry" => {
            let all = case.measures.iter().map(proposed).collect();
            vec![field("measure", "measure", Select).among(all).needed()]
        }
        "label" | "correct" => {
            let outcomes = Outcome::ALL.map(|of| choice(&of, c(of.chinese())));
            let reasons = Reason::ALL.map(|of| choice(&of, c(of.chinese())));
            vec![
                field("outcome", "outcome", One)
                    .among(outcomes.into())
                    .needed(),
                field("reason", "why, if unfounded", Select).among(reasons.into()),
            ]
        }
        "merge" => vec![field("into", "into case", Line).needed()],
        "hand-over" => vec![field("to", "to", Line).needed()],
        "suspend" => vec![field("until", "until", Day).needed()],
        _ => Vec::new(),
    };
    fields.push(match needs_words(name) {
        true => field("text", "in words", Text).needed(),
        false => field("text", "remark", Text),
    });
    fields
}

fn needs_words(name: &str) -> bool {
    !matches!(name, "acknowledge" | "assign" | "approve" | "archive")
}

pub(super) fn plain(value: &str, words: &str) -> Choice {
    Choice {
        value: value.to_owned(),
        words: words.to_owned(),
        chosen: false,
    }
}

/// By the name it has in JSON.
fn choice(of: &impl serde::Serialize, words: &str) -> Choice {
    let name = serde_json::to_value(of).unwrap_or_default();
    plain(name.as_str().unwrap_or_default(), words)
}

fn proposed(of: &Proposal) -> Choice {
    let words = format!("{} {}", of.number, c(of.measure.chinese()));
    plain(&of.number.to_string(), &words)
}

#[cfg(test)]
mod tests {
    use super::quotes;

    #[test]
    fn a_fault_quotes_its_field() {
        assert!(quotes(
            "`investigators` names 1 different persons",
            "investigators"
        ));
        assert!(quotes("`until_ms` is not in the future", "until"));
        assert!(quotes("`places.registered` is missing", "registered"));
        assert!(quotes("outcome 不实 needs a `reason`", "reason"));
        assert!(!quotes("outcome 不实 needs a `reason`", "outcome"));
        assert!(!quotes(
            "`li` has none of the case's districts",
            "investigators"
        ));
    }
}
