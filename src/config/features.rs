//! Features as they are declared: a number per enterprise, made from what
//! sources say.

use tocsin_ingest::declaration::{Document, Fault, Section};
use tocsin_ingest::fact::Slot;
use tocsin_models::{Category, FeatureKind, FeatureSpec};

pub use tocsin_dataflow::Aggregate;

/// A declared feature.
#[derive(Debug, Clone)]
pub struct Feature {
    /// Name, category and kind, as the model knows it.
    pub spec: FeatureSpec,
    /// What people read.
    pub title: String,
    /// How.
    pub aggregate: Aggregate,
    /// The signal or attribute that it counts.
    pub from: String,
    /// The accumulators that feed it.
    pub slots: Vec<Slot>,
    /// Whether a value above 0 makes the level red whatever the score: a police
    /// filing, an administrative finding.
    pub hard: bool,
    /// Whether more of it never lowers the risk.
    pub rising: bool,
}

/// Reads the features; `slots_of` finds the accumulators of a signal or
/// attribute.
///
/// # Errors
/// Every fault of the file.
pub fn read(
    document: &Document,
    slots_of: impl Fn(&str) -> Vec<Slot>,
) -> Result<Vec<Feature>, Vec<Fault>> {
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
            let Some(feature) = read_one(section, &slots_of) else {
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

const AGGREGATES: [(&str, Aggregate); 5] = [
    ("count", Aggregate::Count),
    ("sum", Aggregate::Sum),
    ("mean", Aggregate::Mean),
    ("latest", Aggregate::Latest),
    ("present", Aggregate::Present),
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

fn read_one(section: &Section<'_>, slots_of: impl Fn(&str) -> Vec<Slot>) -> Option<Feature> {
    let name = section.required_text("name");
    let category = read_category(section);
    let from = section.required_text("from");
    let aggregate = section.required_choice("aggregate", &AGGREGATES);
    let kind = section.choice("kind", &KINDS);
    let title = section.text("title");
    let hard = section.boolean("hard_trigger").unwrap_or(false);
    let rising = section.boolean("rising").unwrap_or(false);
    if rising && kind == Some(FeatureKind::Category) {
        section.fault("rising", "goes with numbers; categories have no order");
    }
    section.finish();
    let (name, from) = (name?, from?);
    let slots = slots_of(&from);
    if slots.is_empty() {
        section.fault(
            "from",
            format!("`{from}` is raised by no source and no group"),
        );
    }
    Some(Feature {
        title: title.unwrap_or_else(|| name.clone()),
        spec: FeatureSpec {
            name,
            category: category?,
            kind: kind.unwrap_or(FeatureKind::Number),
        },
        aggregate: aggregate?,
        from,
        slots,
        hard,
        rising,
    })
}
