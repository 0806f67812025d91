//! `tocsin bench --casework`: what officials wait for. A generated load with alerts
//! and cases, an audit log of a million lines, and a `tocsin run` of its own that is
//! asked over the wire: pages, lists, deeds, and live streams while alerts arrive.

mod bed;
mod office;
mod pages;

use super::streams;
use crate::casework::Desk;
use crate::cli::Bench;
use crate::config::Settings;
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::time::Instant;
use tokio::runtime::Runtime;

/// Enterprises whose alerts come and go while streams are open.
const FINED: usize = 4_000;

/// Runs it and prints its figures.
///
/// # Errors
/// When the disk or the server refuses.
pub(super) fn measure(args: &Bench, folder: &Path, runtime: &Runtime) -> Result<()> {
    let bed = bed::prepare(args, folder)?;
    let codes = bed::codes(&bed.config)?;
    let settings = Settings::read(&bed.config).map_err(|faults| anyhow::anyhow!("{faults:?}"))?;
    let open = || -> Result<Desk> {
        let desk = runtime.block_on(Desk::open(&settings))?;
        desk.context("no casework")
    };
    let desk = open()?;
    let tokens = runtime.block_on(office::staff(&desk))?;
    let server = bed.serve(&tokens[0], runtime)?;
    runtime.block_on(pages::first(&bed, &tokens[0]))?;
    runtime.block_on(office::opened(&desk))?;
    server.stop()?;
    let cases = runtime.block_on(office::fill(&desk, args.lines, &codes))?;
    let server = bed.serve(&tokens[0], runtime)?;
    runtime.block_on(pages::first(&bed, &tokens[0]))?;
    server.idle()?;
    runtime.block_on(pages::pages(&bed, &tokens, &cases))?;
    let began = (Instant::now(), server.cpu());
    let rate = (args.rate[0], args.rate[1]);
    let streamed = runtime.block_on(streams::stream(
        &bed.at,
        (&tokens[0], &tokens[4]),
        args.streams,
        rate,
        &codes[..FINED.min(codes.len())],
    ))?;
    say!(
        "streams: {} readers saw each of {} events once and in order, {:.0} a second; {:.2} cores",
        args.streams,
        streamed.events,
        streamed.events as f64 / streamed.time.as_secs_f64(),
        (server.cpu() - began.1) / began.0.elapsed().as_secs_f64()
    );
    say!(
        "  a push until its events are in the store: {}",
        streamed.pushes
    );
    say!("  a reader behind the first of them: {}", streamed.behind);
    let after = streamed.after.as_secs_f64();
    say!("  all were up to date {after:.2} s after the last push was answered");
    say!("memory: peak {} MB", server.memory("VmHWM") >> 20);
    server.stop()?;
    let began = Instant::now();
    let verified = runtime.block_on(desk.docket.verify(None))?;
    if let Some(broken) = verified.broken.first() {
        bail!("the audit log: {broken}");
    }
    let seconds = began.elapsed().as_secs_f64();
    say!("audit verify: {} lines in {seconds:.1} s", verified.lines);
    runtime.block_on(desk.docket.close());
    Ok(())
}
