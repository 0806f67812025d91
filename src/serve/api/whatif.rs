//! `POST whatif`: which alerts other rules would open, close or move. Answered
//! from the state of the last epoch; live epochs go on meanwhile.

use crate::serve::Request;
use crate::serve::app::App;
use crate::serve::params::{Nothing, Params};
use crate::serve::problem::Problem;
use crate::whatif::{Answer, Proposal};
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a question may wait for a place in the queue.
const QUEUE_WAIT: Duration = Duration::from_secs(10);

/// Compares the rules in force with those proposed.
pub(in crate::serve) async fn whatif(
    State(app): State<App>,
    Params(Nothing {}): Params<Nothing>,
    proposal: Result<Json<Proposal>, JsonRejection>,
) -> Result<Json<Answer>, Problem> {
    let Json(proposal) = proposal.map_err(|refused| Problem::bad_request(refused.body_text()))?;
    let _place = app.survey_place()?;
    let (reply, answer) = oneshot::channel();
    let question = Request::WhatIf(Box::new(proposal), reply);
    let queued = app.requests.send_timeout(question, QUEUE_WAIT).await;
    queued.map_err(|_| Problem::unavailable("the pipeline takes no more requests now"))?;
    let stopped = "the pipeline stopped before it could answer";
    let pending = answer.await.map_err(|_| Problem::unavailable(stopped))?;
    let pending = pending.map_err(|faults| Problem::unfit(faults.join("\n")))?;
    let finished = app.blocking(move |_| pending.finish());
    Ok(Json(finished.await?))
}
