//! Tocsin (警钟): an early-warning stream processor for illegal fundraising.
//!
//! The binary: command line, configuration, the pipeline of epochs, the server.
//! The way of a record is told in ARCHITECTURE.md.

#![cfg_attr(test, allow(clippy::unwrap_used))]

/// Prints a line, as `println!` does, to a reader who may have seen enough
/// (`| head`): a live run does not end because nobody listens.
macro_rules! say {
    () => { say!("") };
    ($($part:tt)+) => {
        if let Err(error) = $crate::print(&format!("{}\n", format_args!($($part)+))) {
            eprintln!("tocsin: standard output: {error:#}");
        }
    };
}

mod backtest;
mod bench;
mod caps;
mod casework;
mod census;
mod checked;
mod clearance;
mod cli;
mod clock;
mod cluster;
mod config;
mod demo;
mod document;
mod drift;
mod explain;
mod export;
mod fold;
mod folder;
mod freshness;
mod groups;
mod hindsight;
mod history;
mod masking;
mod memory;
mod metrics;
mod pipeline;
mod plots;
mod progress;
mod pushes;
mod queue;
mod refused;
mod registry;
mod report;
mod roller;
mod run;
mod secret;
mod serve;
mod sinks;
mod soak;
mod time;
mod train;
mod truth;
mod verify;
mod view;
mod waiting;
mod watch;
mod whatif;
mod witness;

use anyhow::{Context, Result};
use clap::Parser;
use cli::{Cli, Command, Place, Source, Verify};
use config::Settings;
use pipeline::Pipeline;
use pipeline::records::Identity;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use tocsin_ingest::fact::SubjectKey;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The configuration is wrong: every fault has been printed.
const WRONG_CONFIGURATION: u8 = 2;

fn main() -> ExitCode {
    memory::set_up();
    let cli = Cli::parse();
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("TOCSIN_LOG").unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A file that it is redirected to is no terminal.
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match execute(cli.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("tocsin: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    match command {
        Command::Demo(args) => demo::demo(&args, &runtime).map(|()| ExitCode::SUCCESS),
        Command::Bench(args) => bench::bench(&args, &runtime).map(|()| ExitCode::SUCCESS),
        Command::Soak(args) => soak::soak(&args, &runtime).map(|()| ExitCode::SUCCESS),
        Command::Simulate(args) => demo::simulate(&args, &runtime).map(|()| ExitCode::SUCCESS),
        Command::Run(args) => with(&args.place.config, |settings| {
            run::run(&args, settings, &runtime)
        }),
        Command::Source(Source::Check { config }) => with(&config, |settings| {
            let sources = settings.catalogue.sources().len();
            for missing in sinks::missing(&settings) {
                eprintln!("warning: {missing}; `tocsin run` will not start so");
            }
            say!(
                "{sources} sources, {} features: no fault",
                settings.features.len()
            );
            Ok(ExitCode::SUCCESS)
        }),
        Command::Source(Source::List { config }) => with(&config, |settings| {
            list(&settings);
            Ok(ExitCode::SUCCESS)
        }),
        Command::Source(Source::Rejects(args)) => with(&args.place.config, |settings| {
            refused::list(&args, &settings)
        }),
        Command::Explain(args) => open(&args.place, &runtime, |pipeline| explain(pipeline, &args)),
        Command::Train(args) => open(&args.place, &runtime, |pipeline| train(pipeline, &args)),
        Command::Evaluate(args) => {
            open(&args.place, &runtime, |pipeline| evaluate(pipeline, &args))
        }
        Command::Backtest(args) => {
            open(&args.place, &runtime, |pipeline| backtest(pipeline, &args))
        }
        Command::Queue(args) => open(&args.place, &runtime, |pipeline| queue(pipeline, &args)),
        Command::Model(command) => registry::command::model(&command, &runtime),
        Command::Sink(command) => sinks::command::sink(&command).map(|()| ExitCode::SUCCESS),
        Command::People(command) => with(&command.at().config, |settings| {
            casework::command::people(&command, &settings, &runtime).map(|()| ExitCode::SUCCESS)
        }),
        Command::Audit(command) => with(&command.at().config, |settings| {
            casework::command::audit(&command, &settings, &runtime)
        }),
        Command::Whatif(args) => whatif::whatif(&args, &runtime).map(|()| ExitCode::SUCCESS),
        Command::Verify(of) => open(&of.place, &runtime, |pipeline| verify(pipeline, &of)),
    }
}

/// Prints a text; whoever reads it may have seen enough (`| head`).
fn print(text: &str) -> Result<()> {
    use std::io::Write;
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Reads the configuration, or prints all its faults.
fn with(config: &Path, job: impl FnOnce(Settings) -> Result<ExitCode>) -> Result<ExitCode> {
    match Settings::read(config) {
        Ok(settings) => job(settings),
        Err(faults) => {
            for fault in &faults {
                eprintln!("{fault}");
            }
            let plural = if faults.len() == 1 { "" } else { "s" };
            eprintln!(
                "tocsin: {} fault{plural} in the configuration",
                faults.len()
            );
            Ok(ExitCode::from(WRONG_CONFIGURATION))
        }
    }
}

/// Opens the state; where there is none yet, takes in what is there first.
fn open(
    place: &Place,
    runtime: &tokio::runtime::Runtime,
    job: impl FnOnce(&mut Pipeline) -> Result<ExitCode>,
) -> Result<ExitCode> {
    with(&place.config, |settings| {
        let fresh = !place.data.join(tocsin_alerts::store::DATABASE).exists();
        let mut pipeline = Pipeline::open(
            Arc::new(settings),
            run::options(place),
            runtime.handle().clone(),
        )?;
        if fresh {
            while pipeline.poll(true)?.is_some() {}
        }
        let code = job(&mut pipeline)?;
        pipeline.close()?;
        Ok(code)
    })
}

fn list(settings: &Settings) {
    for source in settings.catalogue.sources() {
        let kinds: Vec<&str> = source
            .signals
            .iter()
            .map(|signal| signal.kind.as_str())
            .collect();
        let feeds = if kinds.is_empty() {
            "-".to_owned()
        } else {
            kinds.join(" ")
        };
        say!(
            "{:<32} {} · {}  [{feeds}]  {}",
            source.id,
            source.agency,
            source.resource,
            source.pattern
        );
    }
}

fn explain(pipeline: &mut Pipeline, args: &cli::Explain) -> Result<ExitCode> {
    let view = pipeline.view();
    let in_force = view.in_force();
    in_force
        .model
        .as_ref()
        .context("there is no model yet: nothing is scored")?;
    let status = view.status();
    let enterprise = explain::find_enterprise(&in_force.records, &args.id)?;
    if let (Some(key), Some(mark), Some(why)) = (enterprise, &args.unmask, &args.why) {
        return unmask(pipeline, key, mark, why, args.json);
    }
    if let (Some(key), Some(since)) = (enterprise, args.since) {
        let runtime = pipeline.runtime();
        let change = explain::change(view, runtime, key, since, args.at, clearance::ALL)?;
        match args.json {
            true => print(&format!("{}\n", serde_json::to_string_pretty(&change)?))?,
            false => print(&explain::change::text(&change))?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    let attribution = match args.shapley {
        true => explain::Attribution::Shapley,
        false => explain::Attribution::Deciding,
    };
    let reading = (clearance::ALL, attribution);
    let found = match (enterprise, args.at) {
        (Some(key), None) => in_force.explain_by(key, &status, reading)?,
        (Some(key), Some(at)) => explain::explain_at(view, pipeline.runtime(), key, at, reading)?,
        (None, _) => None,
    };
    let found = found.with_context(|| format!("`{}` is no registered enterprise; allowed are a credit code, an old number, an identifier or an exact name", args.id))?;
    if args.json {
        print(&format!("{}\n", serde_json::to_string_pretty(&found)?))?;
    } else {
        print(&report::explanation(&in_force.records, &found))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what a mark stands for, once the log says who wants to know.
fn unmask(
    pipeline: &mut Pipeline,
    enterprise: SubjectKey,
    mark: &str,
    why: &str,
    json: bool,
) -> Result<ExitCode> {
    let view = pipeline.view();
    let (records, time_ms) = (view.records(), view.status().time_ms);
    let values = explain::reveal(&records, enterprise, mark, time_ms, clearance::ALL)?;
    anyhow::ensure!(
        !values.is_empty(),
        "no record speaks of `{mark}` here: `tocsin explain` shows the marks"
    );
    let subject = format!("enterprise/{}", Identity::of_key(enterprise).id);
    casework::command::note_unmasking(&view.settings(), pipeline.runtime(), subject, mark, why)?;
    if json {
        print(&format!("{}\n", serde_json::to_string(&values)?))?;
    } else {
        print(&format!("{mark}: {}\n", values.join(" / ")))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn train(pipeline: &mut Pipeline, args: &cli::Train) -> Result<ExitCode> {
    let view = Arc::clone(pipeline.view());
    let runtime = pipeline.runtime().clone();
    let kind = args.kind.map(Into::into);
    let card = train::train(&view, view.status().time_ms, kind, &runtime)?;
    if view.settings().registry.is_some() {
        return trained_for_registry(&card, args);
    }
    let levels = || -> Result<String> { Ok(report::levels(&export::lines(&view, &runtime)?)) };
    let before = view.model().is_some().then(&levels).transpose()?;
    pipeline.activate(&card)?;
    say!(
        "{} {} is in force: {}",
        card.kind().name(),
        card.version(),
        card.provenance().note
    );
    if let Some(before) = before {
        print(&format!("before: {before}"))?;
    }
    print(&format!("now:    {}", levels()?))?;
    if let config::ModelChoice::Artifact(path) = &view.settings().model {
        say!(
            "the configuration names `{}`: the next start takes that one again, unless this is written there (--out)",
            path.display()
        );
    }
    if let Some(out) = &args.out {
        std::fs::write(out, card.to_json()).with_context(|| format!("`{}`", out.display()))?;
        say!("written to {}", out.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// What is registered comes into force by approval alone.
fn trained_for_registry(card: &tocsin_models::Artifact, args: &cli::Train) -> Result<ExitCode> {
    let out = args.out.as_ref().context(
        "the configuration has a registry: training puts nothing in force. Say --out FILE, then `tocsin model submit FILE`",
    )?;
    std::fs::write(out, card.to_json()).with_context(|| format!("`{}`", out.display()))?;
    let out = out.display();
    say!("model {}: {}", card.version(), card.provenance().note);
    say!("written to {out}; next: tocsin model submit {out} --as NAME --why TEXT");
    Ok(ExitCode::SUCCESS)
}

fn evaluate(pipeline: &mut Pipeline, args: &cli::Evaluate) -> Result<ExitCode> {
    pipeline.end_dataflow();
    let view = pipeline.view();
    if let Some(file) = &args.truth {
        let report = truth::evaluate(view, pipeline.runtime(), file)?;
        match args.json {
            true => print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?,
            false => print(&report.to_string())?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    let records = view.records();
    let examples = train::Examples::gather(view, view.status().time_ms, pipeline.runtime())?;
    let splits = train::Splits {
        folds: usize::from(args.folds),
        seed: args.seed,
        repeats: usize::from(args.repeats),
    };
    if let Some(file) = &args.features {
        train::write_examples(file, &records, &examples, splits)?;
        say!(
            "{} examples written to {}",
            examples.labels.len(),
            file.display()
        );
        return Ok(ExitCode::SUCCESS);
    }
    let kinds = match args.kind {
        Some(kind) => vec![kind.into()],
        None => tocsin_models::KINDS.to_vec(),
    };
    let judged = train::evaluate(&records.settings, &examples, &kinds, splits)?;
    let audited = queue::estimate::audited(view)?;
    if args.json {
        let all = serde_json::json!({ "kinds": judged, "audited": audited });
        print(&format!("{}\n", serde_json::to_string_pretty(&all)?))?;
        return Ok(ExitCode::SUCCESS);
    }
    print(&report::evaluations(&judged))?;
    if let Some(audited) = audited {
        print(&audited.text())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn queue(pipeline: &mut Pipeline, args: &cli::Queue) -> Result<ExitCode> {
    let view = pipeline.view();
    view.model()
        .context("there is no model yet: nothing is scored")?;
    let district = args.district.as_deref();
    let drawn = queue::draw(view, pipeline.runtime(), district, args.capacity as usize)?;
    match args.json {
        true => print(&format!("{}\n", serde_json::to_string_pretty(&drawn)?))?,
        false => print(&queue::text(&drawn))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn backtest(pipeline: &mut Pipeline, args: &cli::Backtest) -> Result<ExitCode> {
    let request = backtest::Request {
        from: args.from,
        to: args.to.unwrap_or(i32::MAX),
        every: args.every,
        horizon: args.horizon.unwrap_or(args.every),
        capacity: args.capacity as usize,
        retrain: args.retrain,
        truth: args.truth.clone(),
        seed: args.seed,
    };
    let workers = usize::from(args.place.workers);
    let runtime = pipeline.runtime().clone();
    let report = backtest::backtest(pipeline.view(), workers, &request, &runtime)?;
    match args.json {
        true => print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?,
        false => print(&report.to_string())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn verify(pipeline: &mut Pipeline, of: &Verify) -> Result<ExitCode> {
    let runtime = pipeline.runtime().clone();
    pipeline.end_dataflow();
    let found = verify::verify(
        pipeline.view(),
        &run::options(&of.place),
        of.parts,
        &runtime,
    )?;
    say!(
        "epoch {}: {} enterprises from {} live records compared",
        found.epoch,
        found.enterprises,
        found.records
    );
    if found.groups > 0 {
        say!("{} groups compared", found.groups);
    }
    for difference in &found.listed {
        say!("differs: {difference}");
    }
    if found.differences > 0 {
        say!("{} differences", found.differences);
        return Ok(ExitCode::FAILURE);
    }
    say!("dataflow, published scores and batch fold agree to the last bit");
    Ok(ExitCode::SUCCESS)
}
