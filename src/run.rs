//! `tocsin run`: the pipeline's thread and, around it, the server and the
//! terminal.

use crate::casework::{Desk, outcomes};
use crate::cli::{Place, Run};
use crate::cluster::{self, Cluster, Membership, hosts};
use crate::config::{ModelChoice, Settings};
use crate::pipeline::stats::SourceStats;
use crate::pipeline::{Options, Pipeline};
use crate::serve::{Request, serve};
use crate::sinks::{self, Sinks};
use crate::view::View;
use crate::watch::Watch;
use crate::{export, pushes, report, secret};
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, TryLockError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Requests that may wait.
const REQUESTS: usize = 256;
/// Quiet for so long, the pipeline tidies up.
const TIDY_AFTER: Duration = Duration::from_secs(1);

/// Exit code of a run that is done but for a file that could not be read to its end:
/// what the others say counts.
const BROKEN_SOURCE: u8 = 4;

/// How long process 0 may take to stop all when another was asked to.
const STOP_WITHIN: Duration = Duration::from_secs(60);

/// The options that a place on the command line means.
pub fn options(place: &Place) -> Options {
    Options {
        data: place.data.clone(),
        workers: usize::from(place.workers),
        fsync: !place.no_fsync,
    }
}

/// `tocsin run`, alone or as one of several processes.
///
/// # Errors
/// When the state cannot be opened, another process refuses this one or does
/// not come, or an epoch fails. Once the others have come, a failure ends the
/// process here, after they have been told.
pub fn run(args: &Run, settings: Settings, runtime: &tokio::runtime::Runtime) -> Result<ExitCode> {
    let settings = Arc::new(settings);
    let cluster = join(args, &settings)?;
    let done = match &cluster {
        Some(cluster) if !cluster.leads() => {
            follow(args, settings, cluster, runtime).map(|()| ExitCode::SUCCESS)
        }
        cluster => match args.once {
            true => once(args, settings, cluster.as_ref(), runtime),
            false => live(args, settings, cluster.as_ref(), runtime).map(|()| ExitCode::SUCCESS),
        },
    };
    match (done, cluster) {
        (Err(error), Some(cluster)) => cluster.fail(&format!("{error:#}")),
        (done, _) => done,
    }
}

/// Meets the other processes, if there are any.
fn join(args: &Run, settings: &Settings) -> Result<Option<Arc<Cluster>>> {
    let machines = &args.machines;
    let (Some(process), Some(file)) = (machines.process, &machines.hosts) else {
        return Ok(None);
    };
    let member = Membership {
        process,
        hosts: hosts::read(file, process)?,
        patience: Duration::from_secs(machines.join_within),
        silence: Duration::from_secs(machines.lost_after),
    };
    if member.hosts.len() == 1 {
        return Ok(None);
    }
    let data = &args.place.data;
    std::fs::create_dir_all(data)
        .with_context(|| format!("state directory `{}`", data.display()))?;
    let key = match process {
        0 => secret::key(data)?,
        _ => secret::shared_key(data)?,
    };
    let workers = usize::from(args.place.workers);
    let terms = cluster::terms(&member, workers, settings.parts.clone())?;
    Ok(Some(Cluster::join(&member, terms, key)?))
}

/// Any process but 0: does as it is ordered until the end.
fn follow(
    args: &Run,
    settings: Arc<Settings>,
    cluster: &Arc<Cluster>,
    runtime: &tokio::runtime::Runtime,
) -> Result<()> {
    let share = cluster.share();
    let sources = settings.catalogue.sources();
    let taken = sources.iter().filter(|source| share.has(source)).count();
    say!(
        "process {} of {}: {taken} of {} sources; process 0 commits and serves",
        share.process,
        share.processes,
        sources.len()
    );
    let asked = Arc::clone(cluster);
    runtime.spawn(async move {
        wait_for_signal().await;
        asked.ask_to_stop();
        tokio::time::sleep(STOP_WITHIN).await;
        asked.fail("it was asked to stop, and process 0 did not stop it");
    });
    let (options, handle) = (options(&args.place), runtime.handle().clone());
    Pipeline::follow(settings, options, Arc::clone(cluster), handle)
}

/// The pipeline, alone or as process 0 of a cluster.
fn open(
    args: &Run,
    settings: Arc<Settings>,
    cluster: Option<&Arc<Cluster>>,
    runtime: &tokio::runtime::Runtime,
) -> Result<Pipeline> {
    sinks::check(&settings)?;
    let (options, handle) = (options(&args.place), runtime.handle().clone());
    match cluster {
        None => Pipeline::open(settings, options, handle),
        Some(cluster) => Pipeline::lead(settings, options, Arc::clone(cluster), handle),
    }
}

/// `tocsin run --once`: everything that is there, then a summary.
fn once(
    args: &Run,
    settings: Arc<Settings>,
    cluster: Option<&Arc<Cluster>>,
    runtime: &tokio::runtime::Runtime,
) -> Result<ExitCode> {
    let started = Instant::now();
    let mut pipeline = open(args, settings, cluster, runtime)?;
    let sinks = Sinks::open(pipeline.view())?;
    catch_up(&mut pipeline, true)?;
    deliver_outcomes(&mut pipeline, runtime)?;
    while pipeline.tidy()? {}
    let view = Arc::clone(pipeline.view());
    let stats = view.status().stats;
    let code = match stats.iter().any(|stats| stats.broken) {
        true => ExitCode::from(BROKEN_SOURCE),
        false => ExitCode::SUCCESS,
    };
    crate::print(&report::sources(&view, runtime.handle())?)?;
    say!();
    if view.model().is_none() && view.settings().model == ModelChoice::NoneLive {
        say!("no version of the registry is live: nothing is scored");
        return pipeline.close().map(|()| code);
    }
    let lines = export::lines(&view, runtime.handle())?;
    crate::print(&report::levels(&lines))?;
    crate::print(&report::challenger(&view))?;
    crate::print(&report::top(&view, &lines, args.top)?)?;
    if let Some(path) = &args.export {
        export::write(path, &lines)?;
        say!("{} enterprises written to {}", lines.len(), path.display());
    }
    crate::print(&sinks::text(&sinks.drain(runtime.handle())?))?;
    say!(
        "done in {:.1} s; state in {}",
        started.elapsed().as_secs_f64(),
        args.place.data.display()
    );
    pipeline.close().map(|()| code)
}

/// Takes outcomes of cases in that this state has not, as a live run does.
fn deliver_outcomes(pipeline: &mut Pipeline, runtime: &tokio::runtime::Runtime) -> Result<()> {
    let view = Arc::clone(pipeline.view());
    let Some(desk) = runtime.block_on(Desk::open(&view.settings()))? else {
        return Ok(());
    };
    while let Some(delivery) =
        runtime.block_on(outcomes::next(&desk, &view.data, &view.catalogue))?
    {
        let mut stats = SourceStats::default();
        if !delivery.is_empty() {
            let (_, mut became) = pipeline.push(vec![delivery.push.clone()])?;
            stats = became.pop().unwrap_or_default();
        }
        delivery.done(&stats)?;
    }
    runtime.block_on(desk.docket.close());
    Ok(())
}

/// Takes in all that is there, and trains a model where one is to be trained.
/// With `final_reading` every file is complete; a live run begins in the middle
/// of deliveries, where a last line may still be half written.
///
/// # Errors
/// When an epoch fails, or there is nothing to train on.
pub fn catch_up(pipeline: &mut Pipeline, final_reading: bool) -> Result<()> {
    while pipeline.poll(final_reading)?.is_some() {}
    if pipeline.view().settings().model == ModelChoice::TrainIfMissing {
        pipeline.ensure_model()?;
    }
    pipeline.view().set_ready();
    Ok(())
}

/// Files are looked for at least so often, unless `--poll-ms` asks for less.
const LONGEST_REST: Duration = Duration::from_secs(10);

/// While requests never pause, files are looked for no more often.
const BUSY_REST: Duration = Duration::from_secs(1);

/// What keeps a live pipeline going.
pub struct Live {
    /// Records that are pushed, and other wishes.
    pub requests: Receiver<Request>,
    /// Set when the files of the rules are to be read again.
    pub reload: Arc<AtomicBool>,
    /// Set when the process is to stop.
    pub stop: Arc<AtomicBool>,
    /// Set when nothing more will come: it stops once everything is taken in.
    pub over: Arc<AtomicBool>,
    /// How often to look for new files.
    pub poll: Duration,
    /// Held by who writes files that count together, until they are taken in: none
    /// is looked for meanwhile, but as [`Request::Look`] asks.
    pub landing: Arc<Mutex<()>>,
}

/// A channel for requests.
pub fn request_channel() -> (Sender<Request>, Receiver<Request>) {
    channel(REQUESTS)
}

/// `tocsin run`: live until Ctrl-C.
fn live(
    args: &Run,
    settings: Arc<Settings>,
    cluster: Option<&Arc<Cluster>>,
    runtime: &tokio::runtime::Runtime,
) -> Result<()> {
    let mut pipeline = open(args, settings, cluster, runtime)?;
    let mut sinks = Sinks::open(pipeline.view())?;
    // Any process of a cluster may be asked to stop: all do.
    let stop = cluster.map_or_else(Arc::default, |cluster| Arc::clone(cluster.stop_flag()));
    set_on_signal(runtime, &stop);
    let (sender, requests) = request_channel();
    let (at, server) = start_server(runtime, pipeline.view(), sender, &args.listen, &stop)?;
    let printer = runtime.spawn(print_events(Arc::clone(pipeline.view())));
    sinks.start(runtime.handle());
    let scheme = match pipeline.settings().office.tls {
        Some(_) => "https",
        None => "http",
    };
    say!("console at {scheme}://{at}/  metrics at /metrics  Ctrl-C stops");
    let flag = Arc::clone(&stop);
    let live = Live {
        requests,
        reload: reload_on_signal(runtime),
        stop,
        over: Arc::default(),
        poll: Duration::from_millis(args.poll_ms),
        landing: Arc::default(),
    };
    let result = drive(&mut pipeline, live);
    // Whatever ended the loop, the server is to end with it.
    flag.store(true, Ordering::Relaxed);
    printer.abort();
    sinks.stop(runtime.handle());
    runtime.block_on(server)??;
    result?;
    pipeline.close()
}

/// Starts the server on `listen`; it ends when `stop` is set. Gives the address it
/// has, which of port 0 is any that was free.
///
/// # Errors
/// When the address cannot be bound.
pub fn start_server(
    runtime: &tokio::runtime::Runtime,
    view: &Arc<View>,
    requests: Sender<Request>,
    listen: &str,
    stop: &Arc<AtomicBool>,
) -> Result<(SocketAddr, tokio::task::JoinHandle<Result<()>>)> {
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind(listen))
        .with_context(|| format!("cannot listen on `{listen}`; choose another with --listen"))?;
    let (view, stop) = (Arc::clone(view), Arc::clone(stop));
    let desk = runtime
        .block_on(Desk::open(&view.settings()))?
        .map(Arc::new);
    let stopped = async move {
        while !stop.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let at = listener.local_addr()?;
    let server = runtime.spawn(serve(view, desk, requests, listener, stopped));
    Ok((at, server))
}

/// A flag that Ctrl-C and SIGTERM set.
pub fn stop_on_signal(runtime: &tokio::runtime::Runtime) -> Arc<AtomicBool> {
    let stop = Arc::default();
    set_on_signal(runtime, &stop);
    stop
}

fn set_on_signal(runtime: &tokio::runtime::Runtime, flag: &Arc<AtomicBool>) {
    let flag = Arc::clone(flag);
    runtime.spawn(async move {
        wait_for_signal().await;
        flag.store(true, Ordering::Relaxed);
    });
}

/// A flag that SIGHUP sets.
pub fn reload_on_signal(runtime: &tokio::runtime::Runtime) -> Arc<AtomicBool> {
    use tokio::signal::unix::{SignalKind, signal};
    let reload = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&reload);
    runtime.spawn(async move {
        match signal(SignalKind::hangup()) {
            Ok(mut hangup) => {
                while hangup.recv().await.is_some() {
                    flag.store(true, Ordering::Relaxed);
                }
            }
            Err(error) => tracing::warn!(%error, "SIGHUP does not reload the rules here"),
        }
    });
    reload
}

async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

/// The pipeline's loop: catches up, then waits for requests and files.
///
/// # Errors
/// When an epoch fails.
pub fn drive(pipeline: &mut Pipeline, mut live: Live) -> Result<()> {
    catch_up(pipeline, false)?;
    let landing = Arc::clone(&live.landing);
    let runtime = pipeline.runtime().clone();
    let mut quiet_since = Instant::now();
    let mut tidied = false;
    let mut next = None;
    let mut rest = live.poll;
    let mut looked = Instant::now();
    let mut watch = Watch::new(pipeline.settings());
    while !live.stop.load(Ordering::Relaxed) {
        // Read before looking for files: what was there before counts.
        let over = live.over.load(Ordering::Acquire);
        // Who pushes without a pause does not keep files waiting for ever.
        let due = looked.elapsed() >= rest.max(BUSY_REST);
        let request = match next.take_if(|_| !due) {
            None if !due => wait(&runtime, &mut live, rest),
            request => request,
        };
        let worked = match request {
            Some(Request::Push(request)) => {
                next = pushes::take_in(pipeline, request, &mut live.requests)?.1;
                true
            }
            Some(Request::Reload(reply)) => {
                watch.taken(pipeline.settings());
                // Whoever asked may have gone away.
                let _ = reply.send(pipeline.reload()?);
                true
            }
            Some(Request::WhatIf(proposal, reply)) => {
                let _ = reply.send(pipeline.whatif(&proposal));
                true
            }
            Some(Request::Look(reply)) => {
                // Who asks answers for their being complete.
                while pipeline.poll(true)?.is_some() {}
                // Whoever asked may have gone away.
                let _ = reply.send(());
                true
            }
            None => {
                let began = Instant::now();
                let worked = match landing.try_lock() {
                    Err(TryLockError::WouldBlock) => false,
                    // A writer that panicked left files as a killed one would.
                    Ok(_) | Err(TryLockError::Poisoned(_)) => pipeline.poll(false)?.is_some(),
                };
                rest = if worked {
                    live.poll
                } else {
                    rest_after(began.elapsed(), live.poll)
                };
                looked = Instant::now();
                worked
            }
        };
        let asked = live.reload.swap(false, Ordering::Relaxed);
        if watch.changed(pipeline.settings()) || asked {
            pipeline.reload()?;
        }
        if worked {
            quiet_since = Instant::now();
            tidied = false;
            pipeline.tidy_a_little()?;
        } else if over && !due {
            return Ok(());
        } else if !tidied && quiet_since.elapsed() >= TIDY_AFTER {
            tidied = !pipeline.tidy()?;
        }
    }
    Ok(())
}

/// How long to wait after a look for files that found nothing: looking at ten
/// thousand files takes thirty milliseconds, and may take a hundredth of the time.
fn rest_after(look: Duration, poll: Duration) -> Duration {
    poll.max((look * 100).min(LONGEST_REST))
}

/// Waits for a request, at most until it is time to look for files or something
/// else is asked for.
fn wait(runtime: &tokio::runtime::Handle, live: &mut Live, mut rest: Duration) -> Option<Request> {
    loop {
        let a_while = rest.min(live.poll);
        let waited = async { tokio::time::timeout(a_while, live.requests.recv()).await };
        match runtime.block_on(waited) {
            // Nobody can ask any more; files are still looked for.
            Ok(None) => std::thread::sleep(a_while),
            Ok(request) => return request,
            Err(_) => {}
        }
        rest -= a_while;
        let flags = [&live.stop, &live.reload, &live.over];
        if rest.is_zero() || flags.iter().any(|flag| flag.load(Ordering::Relaxed)) {
            return None;
        }
    }
}

/// Prints alert events as they come.
pub async fn print_events(view: Arc<View>) {
    let mut events = view.listen();
    loop {
        match events.recv().await {
            Ok(event) => say!("{}", event_line(&event.event)),
            Err(tokio::sync::broadcast::error::RecvError::Lagged(missed)) => {
                say!("… {missed} more events; all are in alerts.ndjson");
            }
            Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
        }
    }
}

fn event_line(event: &tocsin_alerts::AlertEvent) -> String {
    let assessment = &event.assessment;
    let reasons: Vec<String> = assessment
        .reasons
        .iter()
        .take(3)
        .map(|reason| {
            let weight = match reason.hard_trigger {
                true => "直接触发".to_owned(),
                false => format!("{:+.2}", reason.contribution as f64 / 1e6),
            };
            format!("{} {} {weight}", reason.category, reason.title)
        })
        .collect();
    format!(
        "{} {:<9} {}→{} {:>6.2}  {} {}  {}",
        &crate::time::instant_text(event.time_ms)[..16],
        event.kind.name(),
        event.before.chinese(),
        event.after.chinese(),
        f64::from(assessment.index) / 100.0,
        assessment.id,
        assessment.name.as_deref().unwrap_or(""),
        reasons.join(" · ")
    )
}
