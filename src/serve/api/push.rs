//! `POST sources/{agency}/{resource}/records`: CSV with a header, in the
//! source's declared encoding; answered when the epoch that took it is finished.
//!
//! The media type is demanded strictly: a page of another site cannot send
//! `text/csv` without asking first, and is never allowed to.

use crate::pipeline::inputs::Push;
use crate::pipeline::stats::SourceStats;
use crate::serve::PushRequest;
use crate::serve::Request as Asked;
use crate::serve::app::App;
use crate::serve::lookup;
use crate::serve::params::Segments;
use crate::serve::problem::Problem;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// The largest push, in bytes.
pub(in crate::serve) const MAX_BYTES: usize = 16 << 20;
/// How long a push may wait for room, and for a place in the queue.
const QUEUE_WAIT: Duration = match cfg!(test) {
    true => Duration::from_millis(50),
    false => Duration::from_secs(10),
};

static PUSHES: AtomicU64 = AtomicU64::new(1);

/// Takes records in.
pub(in crate::serve) async fn push(
    State(app): State<App>,
    Segments((agency, resource)): Segments<(String, String)>,
    request: Request,
) -> Result<Json<SourceStats>, Problem> {
    let source = lookup::source(&app, &agency, &resource)?;
    demand_csv(request.headers())?;
    let room = room(&app, request.headers()).await?;
    let bytes = body(request).await?;
    if bytes.is_empty() {
        return Err(Problem::bad_request(
            "the body is empty: CSV with a header is allowed",
        ));
    }
    let (reply, answer) = oneshot::channel();
    let push = PushRequest {
        push: Push {
            source: source.index,
            name: name(),
            bytes: bytes.into(),
        },
        reply,
        _room: Some(room),
    };
    let queued = app.requests.send_timeout(Asked::Push(push), QUEUE_WAIT);
    queued.await.map_err(|_| no_more())?;
    let stopped = "the pipeline stopped before it could answer; the records may count";
    let stats = answer.await.map_err(|_| Problem::unavailable(stopped))??;
    match stats.error {
        Some(error) => Err(Problem::refused(error)),
        None => Ok(Json(stats)),
    }
}

/// Waits for room for a push before any of it is read: all that wait together
/// hold no more than there is.
async fn room(app: &App, headers: &HeaderMap) -> Result<OwnedSemaphorePermit, Problem> {
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse().ok());
    let bytes = length.unwrap_or(MAX_BYTES).min(MAX_BYTES);
    let wanted = Arc::clone(&app.push_room).acquire_many_owned(bytes as u32);
    match tokio::time::timeout(QUEUE_WAIT, wanted).await {
        Ok(Ok(room)) => Ok(room),
        _ => Err(no_more()),
    }
}

fn no_more() -> Problem {
    Problem::unavailable("the pipeline takes no more records now")
}

/// A name that no push had before, also not before a restart.
fn name() -> String {
    let number = PUSHES.fetch_add(1, Ordering::Relaxed);
    format!("push/{}-{number}", crate::time::now_ms())
}

fn demand_csv(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let given = given.unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("text/csv") {
        return Ok(());
    }
    let detail = format!("content type `{given}`: allowed is text/csv, with a header line");
    Err(Problem::media_type(detail))
}

async fn body(request: Request) -> Result<Bytes, Problem> {
    Bytes::from_request(request, &())
        .await
        .map_err(|refused| match refused.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(format!(
                "allowed are {MAX_BYTES} bytes a push: send it in parts"
            )),
            _ => Problem::bad_request(refused.body_text()),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_csv_is_taken() {
        let judge = |kind: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            demand_csv(&headers).map_err(|problem| problem.status)
        };
        assert_eq!(judge("text/csv"), Ok(()));
        assert_eq!(judge("Text/CSV; charset=utf-8"), Ok(()));
        assert_eq!(judge("text/plain"), Err(415));
        assert_eq!(demand_csv(&HeaderMap::new()).unwrap_err().status, 415);
        assert_ne!(name(), name());
    }
}
