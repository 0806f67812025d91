//! `[[cap]]`: how much a category, or what one agency says, may add to the score,
//! whatever the model.

use tocsin_ingest::declaration::{Section, did_you_mean};
use tocsin_models::{Category, Limit};

/// Micro-log-odds of a log-odd, and the most that is allowed.
const MICRO: f64 = 1_000_000.0;
const MAX_LOG_ODDS: f64 = 1_000.0;

/// A cap as it is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
    /// Whom it holds.
    pub of: Whom,
    /// How much.
    pub limit: Limit,
}

/// Whom a cap holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// The features of a category.
    Category(Category),
    /// The features that rest on sources of this agency alone.
    Agency(String),
    /// Every agency, each by itself, that has no cap of its own.
    EachAgency,
}

impl Whom {
    /// What is meant by a category's letter, `each`, or one of `agencies`.
    ///
    /// # Errors
    /// When it is none of these; with what is allowed.
    pub fn of(name: &str, agencies: &[String]) -> Result<Whom, String> {
        let mut categories = Category::ALL.into_iter();
        if let Some(category) = categories.find(|known| known.letter().to_string() == name) {
            return Ok(Whom::Category(category));
        }
        match name {
            "each" => Ok(Whom::EachAgency),
            _ if agencies.iter().any(|agency| agency == name) => Ok(Whom::Agency(name.to_owned())),
            _ => Err(format!(
                "no category or agency `{name}`; allowed are A to H and R, each (agency), and {}",
                agencies.join(", ")
            )),
        }
    }

    /// What it is called.
    fn name(&self) -> String {
        match self {
            Whom::Category(category) => category.letter().to_string(),
            Whom::Agency(agency) => agency.clone(),
            Whom::EachAgency => "agency".to_owned(),
        }
    }

    /// The key that names it.
    fn key(&self) -> &'static str {
        match self {
            Whom::Category(_) => "category",
            Whom::Agency(_) => "agency",
            Whom::EachAgency => "each",
        }
    }
}

/// Says of every cap over an agency that does not exist which do.
pub(super) fn faults(caps: &[Cap], agencies: &[String]) -> Vec<String> {
    let unknown = caps.iter().filter_map(|cap| match &cap.of {
        Whom::Agency(agency) if !agencies.contains(agency) => Some(agency),
        _ => None,
    });
    let known: Vec<&str> = agencies.iter().map(String::as_str).collect();
    let told = |agency: &String| {
        let hint = did_you_mean(agency, &known);
        format!(
            "`cap.agency`: no source is of an agency `{agency}`{hint}; allowed are {}",
            known.join(", ")
        )
    };
    unknown.map(told).collect()
}

/// Reads every `[[cap]]`, the first of each category or agency first.
pub(super) fn read_caps(root: &Section<'_>) -> Vec<Cap> {
    let mut caps: Vec<Cap> = Vec::new();
    for section in root.sections("cap") {
        let Some(cap) = read_cap(&section) else {
            continue;
        };
        if caps.iter().any(|known| known.of == cap.of) {
            let message = format!("`{}` has a cap already", cap.of.name());
            section.fault(cap.of.key(), message);
        }
        caps.push(cap);
    }
    caps
}

fn read_cap(section: &Section<'_>) -> Option<Cap> {
    let of = read_whom(section);
    let (log_odds, below) = (section.number("log_odds"), section.number("below"));
    section.finish();
    let limit = match (log_odds, below) {
        (Some(limit), None) if (0.0..=MAX_LOG_ODDS).contains(&limit) => {
            Limit::LogOdds((limit * MICRO).round() as i64)
        }
        (Some(limit), None) => {
            section.fault(
                "log_odds",
                format!("`{limit}` is out of bounds; allowed are 0 to {MAX_LOG_ODDS}"),
            );
            return None;
        }
        (None, Some(index)) if (0.01..=99.99).contains(&index) => {
            Limit::Below((index * 100.0).round() as u16)
        }
        (None, Some(index)) => {
            section.fault(
                "below",
                format!("`{index}` is out of bounds; allowed are 0.01 to 99.99"),
            );
            return None;
        }
        _ => {
            section.fault(
                "log_odds",
                "give either `log_odds` (the most that it adds) or `below` (the index that it stays below by itself)",
            );
            return None;
        }
    };
    Some(Cap { of: of?, limit })
}

/// One of `category`, `agency` and `each`.
fn read_whom(section: &Section<'_>) -> Option<Whom> {
    let categories = Category::ALL.map(|category| (category.letter().to_string(), category));
    let allowed: Vec<(&str, Category)> = categories
        .iter()
        .map(|(letter, category)| (letter.as_str(), *category))
        .collect();
    let category = section.choice("category", &allowed).map(Whom::Category);
    let agency = section.text("agency").map(Whom::Agency);
    let each = section
        .choice("each", &[("agency", ())])
        .map(|()| Whom::EachAgency);
    let given = ["category", "agency", "each"].map(|key| section.has(key));
    if given.into_iter().filter(|given| *given).count() != 1 {
        section.fault(
            "category",
            "give one of `category` (A to H, R), `agency` (of a source) and `each = \"agency\"`",
        );
        return None;
    }
    category.or(agency).or(each)
}
