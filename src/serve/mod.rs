//! What people and programs reach over HTTP: the API, the metrics, and the
//! console, all on one port.
//!
//! Everything is read from the [`View`]; what comes in (records that are
//! pushed, a wish to look at the rules) is handed to the pipeline and answered
//! when its epoch is finished. Nothing here waits in the pipeline's way: what reads files runs on
//! the blocking threads, a bounded number at a time.

mod api;
mod app;
mod assets;
mod caller;
mod chart;
mod gate;
mod latest;
mod lookup;
mod openapi;
mod ops;
mod pages;
mod params;
mod problem;
mod rate;
mod rejects;
mod router;
mod routes;
mod schema;
mod shown;
#[cfg(test)]
mod tests;
pub(crate) mod text;
mod tls;
pub(crate) mod words;

use crate::casework::{Desk, outcomes, policy};
use crate::pipeline::inputs::Push;
use crate::pipeline::rules::Outcome;
use crate::pipeline::stats::SourceStats;
use crate::view::View;
use crate::whatif::{Pending, Proposal};
use anyhow::{Context, Result};
use app::App;
use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use rate::Peer;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tls::TlsListener;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};

/// How long requests that are under way at the end may take.
const GRACE: Duration = Duration::from_secs(5);
/// How often to look at how a registered model does.
const WATCH_EVERY: Duration = Duration::from_secs(600);
/// How often to see whether it is time for that.
const WATCH_PAUSE: Duration = Duration::from_millis(500);

/// How often to see whether there are new outcomes.
const OUTCOME_PAUSE: Duration = Duration::from_millis(250);
/// How long to wait after they could not be delivered.
const OUTCOME_RETRY: Duration = Duration::from_secs(10);

/// Records that somebody pushes. The pipeline answers when the epoch with these
/// records is finished.
#[derive(Debug)]
pub struct PushRequest {
    /// The records; no two pushes have the same name.
    pub push: Push,
    /// Takes what became of the records.
    pub reply: oneshot::Sender<Result<SourceStats>>,
    /// The room that it takes while it waits.
    _room: Option<tokio::sync::OwnedSemaphorePermit>,
}

impl PushRequest {
    /// One from within the process, which is let in without taking room; and where
    /// the answer comes.
    pub fn without_room(push: Push) -> (PushRequest, oneshot::Receiver<Result<SourceStats>>) {
        let (reply, answer) = oneshot::channel();
        let request = PushRequest {
            push,
            reply,
            _room: None,
        };
        (request, answer)
    }
}

/// What the pipeline is asked for over HTTP.
pub enum Request {
    /// Take records in.
    Push(PushRequest),
    /// Look at the files of the rules now.
    Reload(oneshot::Sender<Outcome>),
    /// Compare the rules in force with others; answered with the question under
    /// way, or with what is wrong with the others.
    WhatIf(Box<Proposal>, oneshot::Sender<Result<Pending, Vec<String>>>),
    /// Look for files now, all of them complete; answered once what they bring is
    /// taken in. Only who delivers from within the process asks so, nobody over
    /// HTTP.
    Look(oneshot::Sender<()>),
}

/// Serves until `shutdown` resolves; then live streams end at once, and other
/// requests have five seconds.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    view: Arc<View>,
    desk: Option<Arc<Desk>>,
    requests: mpsc::Sender<Request>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let (stop, stopping) = watch::channel(false);
    let tls = view.settings().office.tls.clone();
    let watching = tokio::spawn(watch_model(Arc::clone(&view), stopping.clone()));
    let mut beside = vec![watching];
    if let Some(desk) = &desk {
        let (desk, view) = (Arc::clone(desk), Arc::clone(&view));
        let deliver = deliver_outcomes(
            Arc::clone(&desk),
            Arc::clone(&view),
            requests.clone(),
            stopping.clone(),
        );
        beside.push(tokio::spawn(deliver));
        beside.push(tokio::spawn(policy::follow(desk, view, stopping.clone())));
    }
    let router = router::router(App::new(view, desk, requests, stopping.clone()));
    let signal = async move {
        shutdown.await;
        stop.send_replace(true);
    };
    let served = match tls {
        None => listen(listener, router, signal, stopping).await,
        Some(files) => {
            let listener = TlsListener::new(listener, &files)?;
            listen(listener, router, signal, stopping).await
        }
    };
    beside.iter().for_each(tokio::task::JoinHandle::abort);
    served
}

/// Answers on a listener until the signal, and then for the grace.
async fn listen<L: axum::serve::Listener>(
    listener: L,
    router: axum::Router,
    signal: impl Future<Output = ()> + Send + 'static,
    stopping: watch::Receiver<bool>,
) -> Result<()>
where
    L::Addr: std::fmt::Debug,
    Peer: for<'a> Connected<IncomingStream<'a, L>>,
{
    let service = router.into_make_service_with_connect_info::<Peer>();
    let server = axum::serve(listener, service).with_graceful_shutdown(signal);
    tokio::select! {
        served = server.into_future() => served.context("the HTTP server failed"),
        () = grace(stopping) => Ok(()),
    }
}

/// Hands outcomes to the pipeline as records of their source, in order.
async fn deliver_outcomes(
    desk: Arc<Desk>,
    view: Arc<View>,
    requests: mpsc::Sender<Request>,
    mut stopping: watch::Receiver<bool>,
) {
    loop {
        let pause = match deliver_some(&desk, &view, &requests).await {
            Ok(true) => Duration::ZERO,
            Ok(false) => OUTCOME_PAUSE,
            Err(error) => {
                tracing::error!(%error, "outcomes could not be delivered; it is tried again");
                OUTCOME_RETRY
            }
        };
        let stopped = tokio::time::timeout(pause, stopping.wait_for(|stop| *stop));
        if stopped.await.is_ok() {
            return;
        }
    }
}

/// Delivers the next outcomes; false: there are none.
async fn deliver_some(desk: &Desk, view: &View, requests: &mpsc::Sender<Request>) -> Result<bool> {
    // Before everything that was there is taken in, a push would only wait.
    if !view.status().ready {
        return Ok(false);
    }
    let Some(delivery) = outcomes::next(desk, &view.data, &view.catalogue).await? else {
        return Ok(false);
    };
    let stats = match delivery.is_empty() {
        true => SourceStats::default(),
        false => push_for(&delivery, requests).await?,
    };
    delivery.done(&stats)?;
    Ok(true)
}

async fn push_for(
    delivery: &outcomes::Delivery,
    requests: &mpsc::Sender<Request>,
) -> Result<SourceStats> {
    let (push, answer) = PushRequest::without_room(delivery.push.clone());
    requests
        .send(Request::Push(push))
        .await
        .context("the pipeline has ended")?;
    answer
        .await
        .context("the pipeline ended before it could answer")?
}

/// Looks every ten minutes at how a registered model does, when there was an
/// epoch meanwhile, and at once when another is in force.
async fn watch_model(view: Arc<View>, mut stopping: watch::Receiver<bool>) {
    let mut looked: Option<(Instant, u64, Option<String>)> = None;
    loop {
        let pause = tokio::time::timeout(WATCH_PAUSE, stopping.wait_for(|stop| *stop));
        if pause.await.is_ok() {
            return;
        }
        let (status, in_force) = (view.status(), view.in_force());
        let model = in_force.model_version();
        let registered = in_force.records.settings.registry.is_some();
        if !status.ready || !registered || model.is_none() {
            continue;
        }
        let due = looked.as_ref().is_none_or(|(at, epoch, of)| {
            *of != model || (*epoch != status.epoch && at.elapsed() >= WATCH_EVERY)
        });
        if !due {
            continue;
        }
        looked = Some((Instant::now(), status.epoch, model));
        let (view, runtime) = (Arc::clone(&view), tokio::runtime::Handle::current());
        let report = tokio::task::spawn_blocking(move || {
            let report = crate::drift::report(&view, &runtime)?;
            view.set_watched(report);
            anyhow::Ok(())
        });
        if let Ok(Err(error)) = report.await {
            tracing::warn!(%error, "how the model does could not be looked at");
        }
    }
}

/// Resolves some time after the server was told to stop.
async fn grace(mut stopping: watch::Receiver<bool>) {
    let told = stopping.wait_for(|stop| *stop).await.is_ok();
    if !told {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(GRACE).await;
}
