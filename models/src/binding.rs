//! Whether a model is for the features that are configured.

use crate::feature::{FeatureKind, FeatureSpec};

/// What keeps a model over `own` features (a `noun`) from scoring rows of
/// `specs`: every missing, extra, repeated and changed feature.
pub(crate) fn differences(noun: &str, own: &[&FeatureSpec], specs: &[FeatureSpec]) -> Vec<String> {
    let mut found: Vec<String> = specs
        .iter()
        .enumerate()
        .filter_map(|(place, spec)| difference(noun, own, spec, &specs[..place]))
        .collect();
    for spec in own {
        if !specs.iter().any(|other| other.name == spec.name) {
            found.push(format!("`{}` is in the {noun}, not configured", spec.name));
        }
    }
    found
}

fn difference(
    noun: &str,
    own: &[&FeatureSpec],
    spec: &FeatureSpec,
    before: &[FeatureSpec],
) -> Option<String> {
    let name = &spec.name;
    if before.iter().any(|other| other.name == *name) {
        return Some(format!("`{name}` is configured twice"));
    }
    match own.iter().find(|other| other.name == *name) {
        None => Some(format!("`{name}` is configured, not in the {noun}")),
        Some(other) if *other == spec => None,
        Some(other) => Some(format!(
            "`{name}` is configured as {}, in the {noun} it is {}",
            describe(spec),
            describe(other)
        )),
    }
}

fn describe(spec: &FeatureSpec) -> String {
    let kind = match spec.kind {
        FeatureKind::Number => "number",
        FeatureKind::Category => "category",
    };
    format!("{kind} of {}", spec.category.letter())
}
