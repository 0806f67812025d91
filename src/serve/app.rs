//! What every handler shares, and the bounds on it.

use super::Request;
use super::latest::Latest;
use super::problem::Problem;
use super::rate::Rates;
use crate::casework::Desk;
use crate::view::View;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

/// Requests that may read files at the same time; others wait.
const READERS: usize = 4;
/// Live streams at the same time; more are refused.
const STREAMS: usize = 1_024;

/// Bytes of pushes that wait for the pipeline: those that find no room wait, and
/// are refused in the end.
const WAITING_BYTES: usize = 256 << 20;

/// Cloned into every request.
#[derive(Clone)]
pub(super) struct App {
    /// What there is to look at.
    pub(super) view: Arc<View>,
    /// What officials do about alerts; none: open and read-only.
    pub(super) desk: Option<Arc<Desk>>,
    /// Whether browsers reach it over TLS.
    pub(super) secure: bool,
    /// Where requests to the pipeline go.
    pub(super) requests: mpsc::Sender<Request>,
    /// Room for the bytes of pushes that wait, a permit each.
    pub(super) push_room: Arc<Semaphore>,
    /// How often who has asked.
    pub(super) rates: Arc<Rates>,
    /// Becomes true when the process is to end.
    pub(super) stopping: watch::Receiver<bool>,
    /// The last events, for whoever asks what is new.
    pub(super) latest: Arc<Latest>,
    readers: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    surveys: Arc<Semaphore>,
}

impl App {
    pub(super) fn new(
        view: Arc<View>,
        desk: Option<Arc<Desk>>,
        requests: mpsc::Sender<Request>,
        stopping: watch::Receiver<bool>,
    ) -> App {
        App {
            secure: view.settings().office.tls.is_some(),
            desk,
            view,
            requests,
            push_room: Arc::new(Semaphore::new(WAITING_BYTES)),
            stopping,
            rates: Arc::default(),
            latest: Arc::default(),
            readers: Arc::new(Semaphore::new(READERS)),
            streams: Arc::new(Semaphore::new(STREAMS)),
            surveys: Arc::new(Semaphore::new(1)),
        }
    }

    /// Casework, where the configuration has it.
    pub(super) fn desk(&self) -> Result<&Arc<Desk>, Problem> {
        self.desk.as_ref().ok_or_else(|| {
            Problem::not_found(
                "there is no casework here: the configuration has no `[casework] store`",
            )
        })
    }

    /// Runs work that reads files away from the threads that serve.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&View) -> anyhow::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = Arc::clone(&self.readers).acquire_owned().await;
        let permit = permit.map_err(|_| Problem::unavailable("the server is stopping"))?;
        let view = Arc::clone(&self.view);
        let task = tokio::task::spawn_blocking(move || {
            // Kept until the work is done, also when nobody waits for it.
            let _permit = permit;
            work(&view)
        });
        match task.await {
            Ok(done) => done.map_err(Problem::from),
            Err(fault) => Err(Problem::internal(&fault)),
        }
    }

    /// The place for a question to all enterprises, held until it is answered.
    pub(super) fn survey_place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let place = Arc::clone(&self.surveys).try_acquire_owned();
        place.map_err(|_| Problem::unavailable("another such question is being answered"))
    }

    /// A place for one more live stream, held as long as it lives.
    pub(super) fn stream_place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let place = Arc::clone(&self.streams).try_acquire_owned();
        place.map_err(|_| {
            Problem::unavailable(format!("{STREAMS} live streams are open: none is left"))
        })
    }
}
