//! `tocsin model`: the shelf, who does what with it, and what is known of a
//! version.

use super::dossier::Dossier;
use super::log::{Action, Deed};
use super::signer::Signer;
use super::{Registry, Version, card, impact, measure};
use crate::cli::{Model, Named, Signature, Step, Where};
use crate::config::Settings;
use crate::pipeline::Pipeline;
use crate::pipeline::rules::Model as Bound;
use crate::run;
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tocsin_models::Artifact;
use tokio::runtime::Runtime;

/// Hashes are shown so long; all of them are in the log.
const SHORT: usize = 12;

/// `tocsin model …`.
///
/// # Errors
/// When the registry is broken, or what is asked for may not be done.
pub fn model(command: &Model, runtime: &Runtime) -> Result<ExitCode> {
    match command {
        Model::List(at) => list(at)?,
        Model::Log(at) => print_log(at)?,
        Model::Show(named) => show(named)?,
        Model::Verify { at, head } => return verify(at, head.as_deref()),
        Model::Submit(args) => submit(args, runtime)?,
        Model::Shadow(step) => advance(step, Action::Shadow, runtime)?,
        Model::Approve(step) => advance(step, Action::Approve, runtime)?,
        Model::Retire(step) => advance(step, Action::Retire, runtime)?,
        Model::Rollback(back) => rollback(&back.at, &back.signature, runtime)?,
        Model::Card { named, out } => write_card(named, out)?,
        Model::Impact { at, out } => write_impact(at, out)?,
        Model::Watch(args) => return crate::drift::command::watch(args, runtime),
    }
    Ok(ExitCode::SUCCESS)
}

/// The registry that a configuration names. The rest of the configuration may
/// have faults: a rollback must be possible all the same.
///
/// # Errors
/// When none is named, or it is broken.
pub fn open(config: &Path) -> Result<Registry> {
    Registry::read(&folder(config)?).map_err(anyhow::Error::msg)
}

fn folder(config: &Path) -> Result<PathBuf> {
    let name = config.display();
    let text = std::fs::read_to_string(config).with_context(|| format!("`{name}`"))?;
    let table: toml::Table = text.parse().with_context(|| format!("`{name}`"))?;
    let folder = table.get("model").and_then(|model| model.get("registry"));
    let folder = folder.and_then(toml::Value::as_str).with_context(|| {
        format!(
            "`{name}` declares no registry; say `[model] registry = \"models\"`, a folder beside it"
        )
    })?;
    Ok(config.parent().unwrap_or(Path::new(".")).join(folder))
}

fn settings(config: &Path) -> Result<Settings> {
    Settings::read(config).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", faults.join("\n"))
    })
}

fn list(at: &Where) -> Result<()> {
    let registry = open(&at.config)?;
    if at.json {
        let shelf = registry.shelf();
        let body = json!({"head": registry.head(), "versions": shelf.versions()});
        return crate::print(&format!("{}\n", serde_json::to_string_pretty(&body)?));
    }
    if registry.shelf().versions().is_empty() {
        say!("no version yet; `tocsin model submit FILE` puts one on the shelf");
    }
    for version in registry.shelf().versions() {
        say!("{}", line(version));
    }
    Ok(())
}

/// A version in one line.
fn line(version: &Version) -> String {
    let mut text = format!(
        "{:<18} {:<8} submitted {} by {}",
        version.version,
        version.state.name(),
        day(&version.submitted.time),
        version.submitted.person
    );
    let later = [
        (&version.shadowed, "shadow"),
        (&version.approved, "approved"),
    ];
    for (signed, what) in later {
        if let Some(signed) = signed {
            let _ = write!(text, ", {what} {} by {}", day(&signed.time), signed.person);
        }
    }
    text
}

fn day(instant: &str) -> &str {
    instant.get(..10).unwrap_or(instant)
}

fn print_log(at: &Where) -> Result<()> {
    let registry = open(&at.config)?;
    if at.json {
        let body = serde_json::to_string_pretty(registry.entries())?;
        return crate::print(&format!("{body}\n"));
    }
    for entry in registry.entries() {
        say!(
            "{:>4} {} {:<9} {:<18} {}: {}  [{}]",
            entry.number,
            entry.time,
            entry.action.name(),
            entry.version,
            entry.person,
            entry.why,
            entry.hash.get(..SHORT).unwrap_or_default()
        );
    }
    Ok(())
}

fn show(named: &Named) -> Result<()> {
    let registry = open(&named.at.config)?;
    let version = find(&registry, &named.version)?;
    let dossier = registry.dossier(version).map_err(anyhow::Error::msg)?;
    match named.at.json {
        true => {
            let body = json!({"version": version, "dossier": dossier});
            crate::print(&format!("{}\n", serde_json::to_string_pretty(&body)?))
        }
        false => crate::print(&card::markdown(&registry, version, &dossier)),
    }
}

fn find<'a>(registry: &'a Registry, name: &str) -> Result<&'a Version> {
    registry.shelf().find(name).map_err(anyhow::Error::msg)
}

/// Follows the chain, judges every deed in it again, and holds every file against
/// its hash.
fn verify(at: &Where, head: Option<&str>) -> Result<ExitCode> {
    let registry = open(&at.config)?;
    let faults = registry.file_faults();
    for fault in &faults {
        say!("broken: {fault}");
    }
    let known = |head: &str| registry.entries().iter().any(|entry| entry.hash == head);
    if let Some(head) = head.filter(|head| !known(head)) {
        say!("broken: no entry has the hash `{head}`: the log was cut off, or is another");
        return Ok(ExitCode::FAILURE);
    }
    if !faults.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    let approved = registry.shelf().live();
    say!(
        "{} entries in one chain, {} versions, every file as it was submitted",
        registry.entries().len(),
        registry.shelf().versions().len()
    );
    match approved {
        Some(live) => say!("live: {}", line(live)),
        None => say!("no version is live"),
    }
    say!(
        "head: {}\nkeep the head elsewhere; with `--head HASH` a log that was cut off is found, too",
        registry.head()
    );
    Ok(ExitCode::SUCCESS)
}

fn submit(args: &crate::cli::Submit, runtime: &Runtime) -> Result<()> {
    let place = &args.place;
    let registry = open(&place.config)?;
    let name = args.file.display();
    let text = std::fs::read_to_string(&args.file).with_context(|| format!("`{name}`"))?;
    let card = Artifact::from_json(&text).with_context(|| format!("`{name}`"))?;
    let settings = settings(&place.config)?;
    Bound::new(card.clone(), &settings).with_context(|| format!("`{name}`"))?;
    if registry.shelf().find(card.version()).is_ok() {
        bail!("version `{}` is in the registry already", card.version());
    }
    let Signature { person, why } = &args.signature;
    let signer = Signer::prove(&place.config, person, Action::Submit, runtime)?;
    let dossier = match args.unmeasured {
        true => measure::unmeasured(&card, &settings)?,
        false => measured(&card, settings, place, runtime)?,
    };
    let done = registry.submit(&card, &dossier, &signer.name, why);
    let entry = done.map_err(anyhow::Error::msg)?;
    say!(
        "version {} is a draft (entry {})",
        entry.version,
        entry.number
    );
    say!("{}", summary(&dossier));
    say!(
        "next: tocsin model shadow {} --as NAME --why TEXT",
        entry.version
    );
    Ok(())
}

/// Measures a version on a state directory, which no other process may have open.
fn measured(
    card: &Artifact,
    settings: Settings,
    place: &crate::cli::Place,
    runtime: &Runtime,
) -> Result<Dossier> {
    if !place.data.join(tocsin_alerts::store::DATABASE).exists() {
        bail!(
            "there is no state in `{}` to measure the version on; name one with --data (a copy, beside a running server), or say --unmeasured",
            place.data.display()
        );
    }
    let handle = runtime.handle().clone();
    let pipeline = Pipeline::open(Arc::new(settings), run::options(place), handle)?;
    let dossier = measure::measured(card, pipeline.view(), runtime.handle())?;
    pipeline.close()?;
    Ok(dossier)
}

fn summary(dossier: &Dossier) -> String {
    let Some(measured) = &dossier.measured else {
        return "not measured".to_owned();
    };
    let mut text = format!(
        "measured on {} enterprises as of {}",
        measured.population.enterprises, measured.as_of
    );
    match &measured.judged {
        Some(judged) => {
            for figure in judged.figures.iter().take(2) {
                let _ = write!(
                    text,
                    "; {} {:.4} ({:.4} to {:.4})",
                    figure.name, figure.value, figure.low, figure.high
                );
            }
            let _ = write!(text, "\njudged by {}", judged.by.words());
        }
        None => {
            let _ = write!(text, "\nnot judged: {}", measured.not_judged);
        }
    }
    text
}

fn advance(step: &Step, action: Action, runtime: &Runtime) -> Result<()> {
    let Step { named, signature } = step;
    let config = &named.at.config;
    let registry = open(config)?;
    let version = find(&registry, &named.version)?;
    if action != Action::Retire {
        let card = registry.artifact(version).map_err(anyhow::Error::msg)?;
        Bound::new(card, &settings(config)?)
            .with_context(|| format!("version {}", version.version))?;
    }
    let signer = Signer::prove(config, &signature.person, action, runtime)?;
    if action == Action::Approve {
        signer.may_approve(version)?;
    }
    let entry = record(
        &registry,
        &version.version,
        (&signer, &signature.why),
        action,
    )?;
    let words = match action {
        Action::Shadow => {
            "is scored beside the model in force from now on; whoever approves it must be neither who submitted it nor you"
        }
        Action::Approve => "is live",
        _ => "is retired",
    };
    say!("version {} {words} (entry {})", entry.version, entry.number);
    takes_effect();
    Ok(())
}

fn rollback(at: &Where, signature: &Signature, runtime: &Runtime) -> Result<()> {
    let registry = open(&at.config)?;
    let back = registry.shelf().before();
    let back = back.context("no version was in force before the present one")?;
    let version = find(&registry, back)?;
    let card = registry.artifact(version).map_err(anyhow::Error::msg)?;
    // A configuration that cannot be read now must not keep anybody from going back.
    if let Ok(settings) = settings(&at.config) {
        Bound::new(card, &settings).with_context(|| format!("version {back}"))?;
    }
    let gone = registry.shelf().live().map(|live| live.version.clone());
    let signer = Signer::prove(&at.config, &signature.person, Action::Rollback, runtime)?;
    let entry = record(&registry, back, (&signer, &signature.why), Action::Rollback)?;
    say!(
        "version {back} is live again in place of {} (entry {})",
        gone.unwrap_or_default(),
        entry.number
    );
    takes_effect();
    Ok(())
}

fn takes_effect() {
    say!(
        "a running `tocsin run` on this configuration follows within three seconds, others at their next start"
    );
}

fn record(
    registry: &Registry,
    version: &str,
    (signer, why): (&Signer, &str),
    action: Action,
) -> Result<super::Entry> {
    let deed = Deed {
        person: signer.name.clone(),
        action,
        version: version.to_owned(),
        why: why.to_owned(),
        files: None,
    };
    registry.record(deed).map_err(anyhow::Error::msg)
}

fn write_card(named: &Named, out: &Path) -> Result<()> {
    let registry = open(&named.at.config)?;
    let version = find(&registry, &named.version)?;
    let dossier = registry.dossier(version).map_err(anyhow::Error::msg)?;
    let name = format!("model-card-{}", version.version);
    let markdown = card::markdown(&registry, version, &dossier);
    let html = card::html(&registry, version, &dossier);
    write_both(out, &name, &markdown, &html)
}

fn write_impact(at: &Where, out: &Path) -> Result<()> {
    let registry = open(&at.config)?;
    let settings = settings(&at.config)?;
    let live = registry.shelf().live();
    let dossier = live.map(|live| registry.dossier(live)).transpose();
    let dossier = dossier.map_err(anyhow::Error::msg)?;
    let known = live.zip(dossier.as_ref());
    let markdown = impact::markdown(&settings, known);
    let html = impact::html(&settings, known);
    write_both(out, "impact-assessment", &markdown, &html)
}

fn write_both(out: &Path, name: &str, markdown: &str, html: &str) -> Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("`{}`", out.display()))?;
    for (ending, text) in [("md", markdown), ("html", html)] {
        let file = out.join(format!("{name}.{ending}"));
        std::fs::write(&file, text).with_context(|| format!("`{}`", file.display()))?;
        say!("written to {}", file.display());
    }
    Ok(())
}
