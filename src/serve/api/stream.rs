//! `GET alerts/stream`: alert events as they happen, as server-sent events.
//!
//! Each carries its sequence number as `id`; a reader that comes back with
//! `Last-Event-ID` gets what it missed first. The query's `after` does the same
//! for a reader's first visit.

use super::event::told;
use super::replay::{Replay, start};
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::lookup;
use crate::serve::params::Params;
use crate::serve::problem::Problem;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use serde::Deserialize;
use std::time::Duration;
use tocsin_alerts::store::Sequenced;
use tokio::sync::{OwnedSemaphorePermit, watch};

/// How long a browser waits before it comes back.
const RETRY: Duration = Duration::from_secs(2);

/// The parameters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Query {
    after: Option<u64>,
}

/// What one reader holds.
struct Reader {
    replay: Replay,
    stopping: watch::Receiver<bool>,
    caller: Caller,
    /// How many features are hidden from the reader.
    restricted: usize,
    greeted: bool,
    _place: OwnedSemaphorePermit,
}

/// Opens a stream.
pub(in crate::serve) async fn stream(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Params(query): Params<Query>,
) -> Result<Sse<impl Stream<Item = Result<Event, Problem>>>, Problem> {
    let place = app.stream_place()?;
    let live = app.view.listen();
    // Not `last_sequence`: that would wait for an epoch that is being written.
    let last = app.view.store.counts().await?.events;
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let after = start(seen, query.after, last);
    let reader = Reader {
        replay: Replay::new(lookup::store(&app), live, after),
        stopping: app.stopping.clone(),
        restricted: caller.restricted(&app),
        caller,
        greeted: false,
        _place: place,
    };
    let events = futures::stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((event, reader))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

impl Reader {
    /// The next event; `None` ends the stream, and the reader comes back with
    /// its place.
    async fn next(&mut self) -> Option<Result<Event, Problem>> {
        if !self.greeted {
            self.greeted = true;
            return Some(Ok(Event::default().retry(RETRY).comment("open")));
        }
        let stop = async {
            let _ = self.stopping.wait_for(|stop| *stop).await;
        };
        let (caller, restricted, replay) = (&self.caller, self.restricted, &mut self.replay);
        let next = async {
            loop {
                match replay.next().await {
                    Ok(Some(event)) => {
                        if let Some(sent) = server_sent(&event, caller, restricted).transpose() {
                            return Some(sent);
                        }
                    }
                    Ok(None) => return None,
                    Err(fault) => return Some(Err(Problem::from(fault))),
                }
            }
        };
        tokio::select! {
            () = stop => None,
            next = next => next,
        }
    }
}

/// What a reader is sent of an event; `None`: nothing of this one.
fn server_sent(
    event: &Sequenced,
    caller: &Caller,
    restricted: usize,
) -> Result<Option<Event>, Problem> {
    let district = event.event.assessment.district.as_deref();
    let told = match caller.sees(district) {
        true => told(event, restricted)?,
        false => None,
    };
    let Some(told) = told else { return Ok(None) };
    let sent = Event::default().event("alert").id(event.seq.to_string());
    let sent = sent
        .json_data(told)
        .map_err(|fault| Problem::internal(&fault))?;
    Ok(Some(sent))
}
