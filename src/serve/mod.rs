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
mod chart;
mod lookup;
mod ops;
mod pages;
mod params;
mod problem;
mod rejects;
mod router;
#[cfg(test)]
mod tests;
pub(crate) mod text;

use crate::pipeline::rules::Outcome;
use crate::pipeline::stats::SourceStats;
use crate::view::View;
use crate::whatif::{Pending, Proposal};
use anyhow::{Context, Result};
use app::App;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};

/// How long requests that are under way at the end may take.
const GRACE: Duration = Duration::from_secs(5);

/// Records that somebody pushes. The pipeline answers when the epoch with these
/// records is finished.
#[derive(Debug)]
pub struct PushRequest {
    /// The source, by its index.
    pub source: u16,
    /// A name for the push, in place of a file's; no two are alike.
    pub name: String,
    /// CSV with a header.
    pub bytes: Vec<u8>,
    /// Takes what became of the records.
    pub reply: oneshot::Sender<Result<SourceStats>>,
    /// The room that it takes while it waits.
    _room: tokio::sync::OwnedSemaphorePermit,
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
}

/// Serves until `shutdown` resolves; then live streams end at once, and other
/// requests have five seconds.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    view: Arc<View>,
    requests: mpsc::Sender<Request>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let (stop, stopping) = watch::channel(false);
    let router = router::router(App::new(view, requests, stopping.clone()));
    let signal = async move {
        shutdown.await;
        stop.send_replace(true);
    };
    let server = axum::serve(listener, router).with_graceful_shutdown(signal);
    tokio::select! {
        served = server.into_future() => served.context("the HTTP server failed"),
        () = grace(stopping) => Ok(()),
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
