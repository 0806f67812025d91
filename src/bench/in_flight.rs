//! What is sustained: batches pushed by somebody who has several on their way
//! before the first is answered, taken in as a live run takes them in.

use crate::pipeline::Pipeline;
use crate::pipeline::inputs::Push;
use crate::pipeline::stats::SourceStats;
use crate::pushes;
use crate::serve::{PushRequest, Request};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};

/// Requests that may wait, as in a live run.
const REQUESTS: usize = 256;

/// A batch on its way.
struct Sent {
    at: Instant,
    answers: Vec<oneshot::Receiver<Result<SourceStats>>>,
}

/// Plays batches, so many at a time. Says of each how long its answer took, when
/// it came, and which epoch it was the end of, if of one.
pub(super) fn play(
    pipeline: &mut Pipeline,
    batches: Vec<Vec<Push>>,
    at_once: usize,
) -> Result<Vec<Value>> {
    let sizes: Vec<usize> = batches.iter().map(Vec::len).collect();
    let (sender, mut waiting) = mpsc::channel(REQUESTS);
    let begun = Instant::now();
    let client = std::thread::spawn(move || push_all(batches, at_once, &sender, begun));
    let ends = serve(pipeline, &mut waiting)?;
    let answered = client
        .join()
        .map_err(|panic| anyhow::anyhow!("the client ended with {panic:?}"))??;
    let mut pushed = 0;
    let told = sizes.iter().zip(answered).map(|(size, (ms, until_ms))| {
        pushed += size;
        let epoch = ends.iter().find(|(end, _)| *end == pushed);
        json!({"epoch": epoch.map(|(_, epoch)| epoch), "ms": ms, "until_ms": until_ms})
    });
    Ok(told.collect())
}

/// Takes in what comes until no more can; after how many pushes each epoch ended.
fn serve(
    pipeline: &mut Pipeline,
    waiting: &mut mpsc::Receiver<Request>,
) -> Result<Vec<(usize, u64)>> {
    let (mut pushed, mut ends, mut next) = (0, Vec::new(), None);
    while let Some(request) = next.take().or_else(|| waiting.blocking_recv()) {
        let Request::Push(request) = request else {
            continue;
        };
        let (taken, left) = pushes::take_in(pipeline, request, waiting)?;
        next = left;
        pushed += taken;
        ends.push((pushed, pipeline.view().status().epoch));
        pipeline.tidy_a_little()?;
    }
    Ok(ends)
}

/// Pushes batch after batch, so many of which may be unanswered. Of each: what its
/// answer took, and when it was there, in milliseconds.
fn push_all(
    batches: Vec<Vec<Push>>,
    at_once: usize,
    sender: &mpsc::Sender<Request>,
    begun: Instant,
) -> Result<Vec<(f64, f64)>> {
    let (mut sent, mut answered): (VecDeque<Sent>, _) = (VecDeque::new(), Vec::new());
    for batch in batches {
        if sent.len() == at_once {
            answered.extend(
                sent.pop_front()
                    .map(|first| first.wait(begun))
                    .transpose()?,
            );
        }
        let at = Instant::now();
        let mut answers = Vec::new();
        for push in batch {
            let (request, answer) = PushRequest::without_room(push);
            let request = Request::Push(request);
            sender
                .blocking_send(request)
                .context("the pipeline ended")?;
            answers.push(answer);
        }
        sent.push_back(Sent { at, answers });
    }
    for batch in sent {
        answered.push(batch.wait(begun)?);
    }
    Ok(answered)
}

impl Sent {
    fn wait(self, begun: Instant) -> Result<(f64, f64)> {
        for answer in self.answers {
            answer.blocking_recv().context("a push has no answer")??;
        }
        let ms = |since: Instant| since.elapsed().as_secs_f64() * 1e3;
        Ok((ms(self.at), ms(begun)))
    }
}
