//! `tocsin model watch`: how the model does, asked of a running server or
//! computed from the state.

use super::Report;
use crate::cli::Watch;
use crate::config::Settings;
use crate::pipeline::Pipeline;
use crate::registry::dossier::Share;
use crate::run;
use anyhow::{Context, Result};
use std::fmt::Write;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Steady features listed.
const LISTED: usize = 20;

/// Prints how the model does.
///
/// # Errors
/// When neither a server nor a state answers.
pub fn watch(args: &Watch, runtime: &Runtime) -> Result<ExitCode> {
    let report = match &args.url {
        Some(url) => {
            let body = crate::whatif::get(url, "/api/v1/models/watch")?;
            serde_json::from_str(&body).context("the server's answer is of another version")?
        }
        None => computed(args, runtime)?,
    };
    match args.json {
        true => crate::print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?,
        false => crate::print(&text(&report))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn computed(args: &Watch, runtime: &Runtime) -> Result<Report> {
    let place = &args.place;
    let settings = Settings::read(&place.config).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", faults.join("\n"))
    })?;
    let handle = runtime.handle().clone();
    let pipeline = Pipeline::open(Arc::new(settings), run::options(place), handle)?;
    let report = super::report(pipeline.view(), runtime.handle())?;
    pipeline.close()?;
    Ok(report)
}

/// The report as text.
pub fn text(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = written(&mut text, report);
    text
}

fn written(text: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(
        text,
        "{}\nmodel {} as of {} (epoch {}): {} enterprises, mean coverage {:.3}",
        report.notice,
        report.model,
        report.as_of,
        report.epoch,
        report.enterprises,
        report.coverage
    )?;
    writeln!(
        text,
        "by score and gates: {}",
        crate::census::highest_first(&report.levels).join(" ")
    )?;
    match &report.reference {
        None => writeln!(
            text,
            "no reference: the version is not in a registry, or was submitted unmeasured"
        )?,
        Some(then) => writeln!(
            text,
            "when it was submitted, {}: {} enterprises, mean coverage {:.3}",
            then.as_of, then.enterprises, then.coverage
        )?,
    }
    drift(text, report)?;
    writeln!(
        text,
        "\n{:<28} {:>8} {:>8}",
        "alerts by district", "open", "30 days"
    )?;
    for (district, volume) in &report.districts {
        writeln!(text, "{district:<28} {:>8} {:>8}", volume.open, volume.new)?;
    }
    if !report.sectors.is_empty() {
        writeln!(text, "\n{:<28} {:>8} {:>8}", "sector", "all", "raised")?;
        for (sector, (all, raised)) in &report.sectors {
            writeln!(text, "{sector:<28} {all:>8} {raised:>8}")?;
        }
    }
    outcomes(text, report)
}

fn drift(text: &mut String, report: &Report) -> std::fmt::Result {
    if report.moved.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n{:<28} {:>8}", "population stability index", "")?;
    let steady = report
        .moved
        .iter()
        .filter(|moved| moved.verdict == "steady");
    let hidden = steady.count().saturating_sub(LISTED);
    let listed = report.moved.len() - hidden;
    for moved in report.moved.iter().take(listed) {
        writeln!(
            text,
            "{:<28} {:>8.4} {}",
            moved.name, moved.stability, moved.verdict
        )?;
    }
    match hidden {
        0 => Ok(()),
        _ => writeln!(text, "… and {hidden} more that are steady"),
    }
}

fn outcomes(text: &mut String, report: &Report) -> std::fmt::Result {
    let Some(outcomes) = &report.outcomes else {
        return writeln!(text, "\nno outcome has come since the model is in force");
    };
    let older = if outcomes.cut {
        ", older ones left out"
    } else {
        ""
    };
    writeln!(
        text,
        "\n{} outcomes since the model is in force{older}: {:.1} positive foretold, {} found ({})",
        outcomes.rows,
        outcomes.expected,
        outcomes.observed.part,
        share(&outcomes.observed)
    )?;
    writeln!(text, "{:>9} {:>24} {:>6}", "predicted", "observed", "rows")?;
    for bin in &outcomes.calibration {
        let rows = bin.observed.whole;
        writeln!(
            text,
            "{:>9.4} {:>24} {rows:>6}",
            bin.predicted,
            share(&bin.observed)
        )?;
    }
    writeln!(
        text,
        "{:<24} {:>6} {:>24} {:>24}",
        "at yellow or higher", "rows", "of the positive", "of the others"
    )?;
    for group in &outcomes.errors {
        let name = format!("{} {}", group.by, group.name);
        writeln!(
            text,
            "{name:<24} {:>6} {:>24} {:>24}",
            group.rows,
            share(&group.found),
            share(&group.alarmed)
        )?;
    }
    Ok(())
}

fn share(share: &Share) -> String {
    match share.whole {
        0 => "—".to_owned(),
        _ => format!(
            "{:.3} ({:.3} to {:.3})",
            share.value(),
            share.low,
            share.high
        ),
    }
}
