//! Pushes that wait become an epoch together.
//!
//! Contract: they count in the order in which they came, and each gets an answer
//! of its own once the epoch is finished. What an epoch costs beside its records
//! is paid once for all of them, so the more wait, the faster they are taken in.

use crate::pipeline::Pipeline;
use crate::pipeline::inputs::Push;
use crate::serve::{PushRequest, Request};
use anyhow::Result;
use tokio::sync::mpsc::Receiver;

/// Pushes that make one epoch at most.
const PUSHES: usize = 256;
/// Having so many bytes, no other push joins an epoch: who waits for it is not to
/// wait for much more than a large push of its own.
const BYTES: usize = 4 << 20;

/// Takes in a push and those that wait behind it. Returns how many these were, and
/// the request that has to wait for the next epoch.
///
/// # Errors
/// As [`Pipeline::poll`].
pub fn take_in(
    pipeline: &mut Pipeline,
    first: PushRequest,
    waiting: &mut Receiver<Request>,
) -> Result<(usize, Option<Request>)> {
    let (requests, left) = gather(first, waiting);
    let (pushes, replies): (Vec<Push>, Vec<_>) = requests
        .into_iter()
        .map(|request| (request.push, request.reply))
        .unzip();
    let (_, became) = pipeline.push(pushes)?;
    let taken = became.len();
    for (reply, became) in replies.into_iter().zip(became) {
        // Whoever asked may have gone away; the records count all the same.
        let _ = reply.send(Ok(became));
    }
    Ok((taken, left))
}

/// The pushes that make an epoch, and what came after the last of them.
fn gather(
    first: PushRequest,
    waiting: &mut Receiver<Request>,
) -> (Vec<PushRequest>, Option<Request>) {
    let mut bytes = first.push.bytes.len();
    let mut requests = vec![first];
    while requests.len() < PUSHES && bytes < BYTES {
        match waiting.try_recv() {
            Ok(Request::Push(request)) => {
                bytes += request.push.bytes.len();
                requests.push(request);
            }
            other => return (requests, other.ok()),
        }
    }
    (requests, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;

    fn request(bytes: usize) -> Request {
        let push = Push {
            source: 0,
            name: "push/1".into(),
            bytes: vec![b'x'; bytes],
        };
        Request::Push(PushRequest::without_room(push).0)
    }

    /// How many of the waiting pushes of so many bytes join a first one of ten
    /// bytes, and whether something is left that was looked at.
    fn joined(waiting: Vec<Request>) -> (usize, bool) {
        let (sender, mut receiver) = mpsc::channel(1_000);
        for request in waiting {
            assert!(sender.try_send(request).is_ok());
        }
        let Request::Push(first) = request(10) else {
            unreachable!()
        };
        let (requests, left) = gather(first, &mut receiver);
        (requests.len() - 1, left.is_some())
    }

    #[test]
    fn as_many_pushes_join_as_make_a_small_epoch() {
        let many = |count, bytes| (0..count).map(|_| request(bytes)).collect();
        assert_eq!(joined(Vec::new()), (0, false));
        assert_eq!(joined(many(5, 100)), (5, false));
        assert_eq!(joined(many(500, 100)), (PUSHES - 1, false));
        assert_eq!(joined(many(9, BYTES / 2)), (2, false));
    }

    #[test]
    fn another_request_waits_for_the_next() {
        let (reply, _) = tokio::sync::oneshot::channel();
        let waiting = vec![request(1), Request::Look(reply), request(1)];
        assert_eq!(joined(waiting), (1, true));
    }
}
