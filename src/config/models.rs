//! `[model]` and `[queue]`: which model scores, which beside it, and how those
//! are chosen whose checks say how good it is.

use crate::queue::QueueSettings;
use crate::registry::Registry;
use std::path::{Path, PathBuf};
use tocsin_ingest::declaration::Section;

/// Where the model comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ModelChoice {
    /// An artifact in a file.
    Artifact(PathBuf),
    /// The one in the data directory; trained on the outcomes if there is none.
    #[default]
    TrainIfMissing,
    /// That of a registry in which no version is live yet.
    NoneLive,
}

/// Where the models come from.
#[derive(Default)]
pub(super) struct Models {
    /// What scores.
    pub(super) in_force: ModelChoice,
    /// What is scored beside it.
    pub(super) challenger: Option<PathBuf>,
    /// The registry that says which these are, where there is one.
    pub(super) registry: Option<PathBuf>,
}

/// The model, and the challenger that is scored beside it.
pub(super) fn read_models(root: &Section<'_>, folder: &Path) -> Models {
    let Some(section) = root.section("model") else {
        root.fault(
            "model",
            "is missing; give `artifact` (a file), `registry` (a folder) or `train = \"if-missing\"`",
        );
        return Models::default();
    };
    let file = |key: &str| section.text(key).map(|file| folder.join(file));
    let (artifact, challenger, registry) = (file("artifact"), file("challenger"), file("registry"));
    let train = section.choice("train", &[("if-missing", ())]);
    section.finish();
    let in_force = match (artifact, train, &registry) {
        (Some(artifact), None, _) => ModelChoice::Artifact(artifact),
        (None, Some(()), None) => ModelChoice::TrainIfMissing,
        (None, None, Some(_)) => ModelChoice::NoneLive,
        _ => {
            section.fault(
                "artifact",
                "give either `artifact` (a file), `registry` (a folder) or both (the file until a version is live), or `train = \"if-missing\"` alone",
            );
            ModelChoice::TrainIfMissing
        }
    };
    if challenger.is_some() && registry.is_some() {
        section.fault(
            "challenger",
            "the registry says what is scored beside the model: leave one of them out",
        );
    }
    let models = Models {
        in_force,
        challenger,
        registry,
    };
    match &models.registry {
        Some(folder) => registered(&section, folder.clone(), models),
        None => models,
    }
}

/// What a registry puts in force and beside it, where it does.
fn registered(section: &Section<'_>, folder: PathBuf, models: Models) -> Models {
    let found = Registry::read(&folder)
        .and_then(|registry| Ok((registry.live_artifact()?, registry.shadow_artifact()?)));
    match found {
        Ok((live, shadow)) => Models {
            in_force: live.map_or(models.in_force, ModelChoice::Artifact),
            challenger: shadow,
            registry: Some(folder),
        },
        Err(fault) => {
            section.fault("registry", fault);
            models
        }
    }
}

/// `[queue]`: the share of every queue that is drawn at random.
pub(super) fn read_queue(root: &Section<'_>, folder: &Path) -> QueueSettings {
    let section = root.section("queue");
    let section = section.as_ref();
    let share = section.and_then(|section| section.number("audit_share"));
    let record = section.and_then(|section| section.text("record"));
    let share = share.unwrap_or(0.0);
    if let Some(section) = section {
        if !(0.0..=0.5).contains(&share) {
            section.fault(
                "audit_share",
                format!("{share} is out of bounds; allowed are 0 to 0.5"),
            );
        }
        section.finish();
    }
    QueueSettings {
        audit_per_mille: (share.clamp(0.0, 0.5) * 1_000.0).round() as u32,
        folder: folder.join(record.unwrap_or_else(|| "queues".to_owned())),
    }
}
