//! `GET alerts/stream`: alert events as they happen, as server-sent events.
//!
//! Each carries its sequence number as `id`; a reader that comes back with
//! `Last-Event-ID` gets what it missed first. The query's `after` does the same
//! for a reader's first visit.
//!
//! Events that wait go out in one piece, and what is sent of an event whole is made
//! once for all readers: hundreds of them cost little more than their bytes.

use super::event::{cloud_event, told};
use super::replay::{Replay, start};
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::lookup;
use crate::serve::params::Params;
use crate::serve::problem::Problem;
use crate::view::News;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tocsin_alerts::store::Sequenced;
use tokio::sync::{OwnedSemaphorePermit, watch};

/// What a stream begins with: how long a browser waits before it comes back.
const GREETING: &str = "retry: 2000\n: open\n\n";
/// What is said where nothing happens, so that who stands between does not hang up.
const STILL: &str = ":\n\n";
/// How long nothing may be said.
const SILENCE: Duration = Duration::from_secs(15);
/// A piece is sent when it has so many bytes.
const PIECE: usize = 64 << 10;

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
) -> Result<Response, Problem> {
    let place = app.stream_place()?;
    let live = app.view.listen();
    // Not `last_sequence`: that would wait for an epoch that is being written.
    let last = app.view.store.last_event().await?;
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
    let pieces = futures::stream::unfold(reader, |mut reader| async move {
        let piece = reader.next().await?;
        Some((piece, reader))
    });
    let kind = [(header::CONTENT_TYPE, "text/event-stream")];
    Ok((kind, Body::from_stream(pieces)).into_response())
}

impl Reader {
    /// The next piece; `None` ends the stream, and the reader comes back with its
    /// place.
    async fn next(&mut self) -> Option<Result<Bytes, Problem>> {
        if !self.greeted {
            self.greeted = true;
            return Some(Ok(Bytes::from_static(GREETING.as_bytes())));
        }
        loop {
            let stop = async {
                let _ = self.stopping.wait_for(|stop| *stop).await;
            };
            let next = tokio::time::timeout(SILENCE, self.replay.next());
            let next = tokio::select! {
                () = stop => return None,
                next = next => next,
            };
            let first = match next {
                Err(_) => return Some(Ok(Bytes::from_static(STILL.as_bytes()))),
                Ok(Ok(None)) => return None,
                Ok(Err(fault)) => return Some(Err(Problem::from(fault))),
                Ok(Ok(Some(first))) => first,
            };
            match self.piece(&first).await {
                Ok(piece) if piece.is_empty() => {}
                piece => return Some(piece),
            }
        }
    }

    /// What the reader is sent of an event and of those that are here behind it.
    async fn piece(&mut self, first: &News) -> Result<Bytes, Problem> {
        let first = self.of(first)?;
        // The rest of its epoch is announced while other readers have their turn.
        tokio::task::yield_now().await;
        let Some(second) = self.replay.ready() else {
            return Ok(first);
        };
        let mut piece = Vec::from(first);
        piece.extend_from_slice(&self.of(&second)?);
        while piece.len() < PIECE
            && let Some(event) = self.replay.ready()
        {
            piece.extend_from_slice(&self.of(&event)?);
        }
        Ok(piece.into())
    }

    /// What the reader is sent of an event; empty: nothing of this one.
    fn of(&self, event: &News) -> Result<Bytes, Problem> {
        let district = event.event.assessment.district.as_deref();
        if !self.caller.sees(district) {
            return Ok(Bytes::new());
        }
        if self.restricted == 0 {
            return event.sent(whole);
        }
        let told = told(event, self.restricted)?;
        told.map_or(Ok(Bytes::new()), |told| server_sent(event.seq, &told))
    }
}

fn whole(event: &Sequenced) -> Result<Bytes, Problem> {
    server_sent(event.seq, &cloud_event(event)?)
}

/// A server-sent event: JSON has no line breaks outside its texts, where they are
/// escaped.
fn server_sent(seq: u64, said: &impl Serialize) -> Result<Bytes, Problem> {
    let json = serde_json::to_string(said).map_err(|fault| Problem::internal(&fault))?;
    Ok(format!("event: alert\nid: {seq}\ndata: {json}\n\n").into())
}
