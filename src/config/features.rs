//! Features as they are declared: a number per enterprise, made from what
//! sources say.

use std::sync::Arc;
use tocsin_dataflow::HalfLife;
use tocsin_ingest::declaration::{Document, Fault, Section};
use tocsin_ingest::fact::Slot;
use tocsin_models::{Category, FeatureKind, FeatureSpec};

pub use tocsin_dataflow::Aggregate;

/// Another number that a feature is divided by.
#[derive(Debug, Clone, PartialEq)]
pub struct Divisor {
    /// The signal or attribute that it counts.
    pub from: String,
    /// How.
    pub aggregate: Aggregate,
    /// The accumulators that feed it.
    pub slots: Vec<Slot>,
    /// After how long its facts weigh half.
    pub half_life: Option<Arc<HalfLife>>,
}

/// A declared feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Name, category and kind, as the model knows it.
    pub spec: FeatureSpec,
    /// What people read.
    pub title: String,
    /// The same in English, where that is declared.
    pub title_en: Option<String>,
    /// How.
    pub aggregate: Aggregate,
    /// The signal or attribute that it counts.
    pub from: String,
    /// The accumulators that feed it.
    pub slots: Vec<Slot>,
    /// After how long its facts weigh half.
    pub half_life: Option<Arc<HalfLife>>,
    /// What it is divided by.
    pub per: Option<Divisor>,
    /// Whether a value above 0 makes the level red whatever the score: a police
    /// filing, an administrative finding.
    pub hard: bool,
    /// Whether more of it never lowers the risk.
    pub rising: bool,
    /// Whether more of it never raises the risk.
    pub falling: bool,
    /// By what a code is divided to give that of its parent.
    pub parent: Option<i64>,
}

/// What features can be made of.
pub trait Raised {
    /// The accumulators of a signal or attribute; none when nothing raises it.
    fn slots_of(&self, from: &str) -> Vec<Slot>;
    /// After how many days a signal weighs half, where that is declared.
    fn half_life_of(&self, from: &str) -> Option<i32>;
    /// Whether facts of the slot have an event day: signals with a `date` do.
    fn has_days(&self, slot: Slot) -> bool;
    /// Whether a slot's values are keys that tell events apart.
    fn has_keys(&self, slot: Slot) -> bool;
}

/// Reads the features.
///
/// # Errors
/// Every fault of the file.
pub fn read(document: &Document, raised: &impl Raised) -> Result<Vec<Feature>, Vec<Fault>> {
    document.build(|root| {
        let sections = root.sections("feature");
        if sections.is_empty() {
            root.fault(
                "feature",
                "no feature is declared; open each with [[feature]]",
            );
        }
        let mut features: Vec<Feature> = Vec::new();
        for section in &sections {
            let Some(feature) = read_one(section, raised) else {
                continue;
            };
            if features
                .iter()
                .any(|known| known.spec.name == feature.spec.name)
            {
                section.fault("name", format!("`{}` is declared twice", feature.spec.name));
            }
            features.push(feature);
        }
        Some(features)
    })
}

const AGGREGATES: [(&str, Aggregate); 9] = [
    ("count", Aggregate::Count),
    ("sum", Aggregate::Sum),
    ("mean", Aggregate::Mean),
    ("latest", Aggregate::Latest),
    ("present", Aggregate::Present),
    ("maximum", Aggregate::Maximum),
    ("minimum", Aggregate::Minimum),
    ("distinct", Aggregate::Distinct),
    ("days_since", Aggregate::DaysSince),
];

const KINDS: [(&str, FeatureKind); 2] = [
    ("number", FeatureKind::Number),
    ("category", FeatureKind::Category),
];

fn read_category(section: &Section<'_>) -> Option<Category> {
    let letters = Category::ALL.map(|category| (category.letter().to_string(), category));
    let letters: Vec<(&str, Category)> = letters
        .iter()
        .map(|(letter, category)| (letter.as_str(), *category))
        .collect();
    section.required_choice("category", &letters)
}

fn read_one(section: &Section<'_>, raised: &impl Raised) -> Option<Feature> {
    let name = section.required_text("name");
    let category = read_category(section);
    let measured = read_divisor(section, raised);
    let per = section.section("per");
    let per = per.map(|per| {
        let divisor = read_divisor(&per, raised);
        per.finish();
        divisor
    });
    let kind = section.choice("kind", &KINDS);
    let title = section.text("title");
    let title_en = section.english("title_en");
    let hard = section.boolean("hard_trigger").unwrap_or(false);
    let rising = section.boolean("rising").unwrap_or(false);
    let falling = section.boolean("falling").unwrap_or(false);
    let parent = section.integer("parent", 2..=1_000_000_000_000);
    if parent.is_some() && kind != Some(FeatureKind::Category) {
        section.fault("parent", "goes with `kind = \"category\"`");
    }
    for (key, is_set) in [("rising", rising), ("falling", falling)] {
        if is_set && kind == Some(FeatureKind::Category) {
            section.fault(key, "goes with numbers; categories have no order");
        }
    }
    if rising && falling {
        section.fault("falling", "contradicts `rising`: leave one of them out");
    }
    section.finish();
    let (name, measured) = (name?, measured?);
    let per = match per {
        Some(divisor) => Some(divisor?),
        None => None,
    };
    Some(Feature {
        title: title.unwrap_or_else(|| name.clone()),
        title_en,
        spec: FeatureSpec {
            name,
            category: category?,
            kind: kind.unwrap_or(FeatureKind::Number),
        },
        aggregate: measured.aggregate,
        from: measured.from,
        slots: measured.slots,
        half_life: measured.half_life,
        per,
        hard,
        rising,
        falling,
        parent,
    })
}

/// Reads `from`, `aggregate` and `half_life`, of a feature or its divisor.
fn read_divisor(section: &Section<'_>, raised: &impl Raised) -> Option<Divisor> {
    let from = section.required_text("from");
    let aggregate = section.required_choice("aggregate", &AGGREGATES);
    let declared = read_half_life(section);
    let (from, aggregate) = (from?, aggregate?);
    let slots = raised.slots_of(&from);
    if slots.is_empty() {
        section.fault(
            "from",
            format!("`{from}` is raised by no source and no group"),
        );
    }
    let halves = matches!(aggregate, Aggregate::Count | Aggregate::Sum);
    if section.has("half_life") && !halves {
        section.fault("half_life", "goes with `count` and `sum` only");
    }
    let all_dated = slots.iter().all(|slot| raised.has_days(*slot));
    let needs_days = aggregate == Aggregate::DaysSince || halves && declared.is_some_and(|d| d > 0);
    if needs_days && !all_dated {
        let fault = format!("not every source of `{from}` gives it an event day (`date`)");
        let key = if section.has("half_life") {
            "half_life"
        } else {
            "aggregate"
        };
        section.fault(key, fault);
    }
    let keyed = slots.iter().any(|slot| raised.has_keys(*slot));
    if keyed && !counts_events(aggregate) {
        let fault = format!(
            "`{from}` counts events that several sources report (`distinct`) and has no values; allowed are count, present, distinct and days_since"
        );
        section.fault("aggregate", fault);
    }
    let days = declared.or_else(|| raised.half_life_of(&from));
    let dated = slots.iter().any(|slot| raised.has_days(*slot));
    let days = days.filter(|days| *days > 0 && halves && dated);
    Some(Divisor {
        half_life: days.map(|days| Arc::new(HalfLife::new(days as u16))),
        from,
        aggregate,
        slots,
    })
}

fn counts_events(aggregate: Aggregate) -> bool {
    matches!(
        aggregate,
        Aggregate::Count | Aggregate::Present | Aggregate::Distinct | Aggregate::DaysSince
    )
}

/// In days; 0 for `none`, which overrules what the signal says.
fn read_half_life(section: &Section<'_>) -> Option<i32> {
    match section.text("half_life")?.as_str() {
        "none" => Some(0),
        _ => section.days("half_life"),
    }
}
