//! `tocsin model watch`: how the model does, asked of a running server or
//! computed from the state.

use super::{Report, text};
use crate::cli::Watch;
use crate::config::Settings;
use crate::explain::brief::Tongue;
use crate::pipeline::Pipeline;
use crate::run;
use anyhow::{Context, Result};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::runtime::Runtime;

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
        false => crate::print(&text::text(&report, Tongue::Both))?,
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
