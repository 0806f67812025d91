//! Following the alert events without gap or repeat.
//!
//! The store is the truth; the live channel only says that there is something
//! new. Whatever the channel gives that is not the very next event (it lost
//! some, or is behind the store) sends the follower back to the store.

use crate::view::News;
use std::collections::VecDeque;
use std::sync::Arc;
use tocsin_alerts::Store;
use tocsin_alerts::store::StoreError;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

/// Events read from the store at once.
const PAGE: usize = 500;

/// One reader's place in the events.
pub(super) struct Replay {
    store: Arc<Store>,
    live: broadcast::Receiver<Arc<News>>,
    /// The last event given or queued.
    last: u64,
    /// The store may have more after `last`.
    behind: bool,
    queue: VecDeque<Arc<News>>,
}

impl Replay {
    /// Follows the events after the place `after`. `live` must have been
    /// subscribed to before anything is read.
    pub(super) fn new(
        store: Arc<Store>,
        live: broadcast::Receiver<Arc<News>>,
        after: u64,
    ) -> Replay {
        Replay {
            store,
            live,
            last: after,
            behind: true,
            queue: VecDeque::new(),
        }
    }

    /// The next event, as soon as there is one; `None` when the pipeline ended.
    pub(super) async fn next(&mut self) -> Result<Option<Arc<News>>, StoreError> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Ok(Some(event));
            }
            if self.behind {
                self.read_store().await?;
                continue;
            }
            match self.live.recv().await {
                Ok(event) => self.take(event),
                Err(RecvError::Lagged(_)) => self.behind = true,
                Err(RecvError::Closed) => return Ok(None),
            }
        }
    }

    /// The next event if it is here already.
    pub(super) fn ready(&mut self) -> Option<Arc<News>> {
        while self.queue.is_empty() && !self.behind {
            match self.live.try_recv() {
                Ok(event) => self.take(event),
                Err(TryRecvError::Lagged(_)) => self.behind = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
            }
        }
        self.queue.pop_front()
    }

    async fn read_store(&mut self) -> Result<(), StoreError> {
        let page = self.store.events_after(self.last, PAGE).await?;
        self.behind = page.len() == PAGE;
        self.last = page.last().map_or(self.last, |event| event.seq);
        self.queue
            .extend(page.into_iter().map(News::new).map(Arc::new));
        Ok(())
    }

    fn take(&mut self, event: Arc<News>) {
        if event.seq == self.last + 1 {
            self.last = event.seq;
            self.queue.push_back(event);
        } else if event.seq > self.last {
            self.behind = true;
        }
    }
}

/// Where a reader goes on: after the event it saw last, else after the one it
/// names in the query, else after all there are. A place beyond the last event
/// is one of another store: that reader gets everything.
pub(super) fn start(last_event_id: Option<&str>, after: Option<u64>, last: u64) -> u64 {
    let seen = last_event_id
        .and_then(|id| id.trim().parse().ok())
        .or(after);
    match seen {
        None => last,
        Some(seen) if seen > last => 0,
        Some(seen) => seen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::tests::samples;
    use tocsin_alerts::store::Sequenced;

    /// As many events as are to be had now.
    async fn drain(replay: &mut Replay) -> Vec<u64> {
        let mut seen = Vec::new();
        let patience = std::time::Duration::from_millis(200);
        while let Ok(next) = tokio::time::timeout(patience, replay.next()).await {
            match next.unwrap() {
                Some(event) => seen.push(event.seq),
                None => break,
            }
        }
        seen
    }

    fn announce(sender: &broadcast::Sender<Arc<News>>, events: &[Sequenced]) {
        for event in events {
            let _ = sender.send(Arc::new(News::new(event.clone())));
        }
    }

    #[tokio::test]
    async fn the_past_comes_first_and_then_the_present_once() {
        let (_folder, store) = samples::store(7).await;
        let store = Arc::new(store);
        let sender = broadcast::channel(16).0;
        let mut replay = Replay::new(Arc::clone(&store), sender.subscribe(), 3);
        // Announced after the subscription, and in the store: to be given once.
        announce(&sender, &store.events_after(5, 10).await.unwrap());
        assert_eq!(drain(&mut replay).await, [4, 5, 6, 7]);
        let new = samples::more(&store, 2, 2).await;
        announce(&sender, &new);
        announce(&sender, &new);
        assert_eq!(drain(&mut replay).await, [8, 9]);
    }

    #[tokio::test]
    async fn a_slow_reader_is_sent_back_to_the_store() {
        let (_folder, store) = samples::store(1).await;
        let store = Arc::new(store);
        let sender = broadcast::channel(2).0;
        let mut replay = Replay::new(Arc::clone(&store), sender.subscribe(), 0);
        assert_eq!(drain(&mut replay).await, [1]);
        announce(&sender, &samples::more(&store, 2, 10).await);
        assert_eq!(drain(&mut replay).await, (2..=11).collect::<Vec<u64>>());
    }

    #[tokio::test]
    async fn a_gap_in_the_channel_is_filled_from_the_store() {
        let (_folder, store) = samples::store(1).await;
        let store = Arc::new(store);
        let sender = broadcast::channel(16).0;
        let mut replay = Replay::new(Arc::clone(&store), sender.subscribe(), 1);
        assert!(drain(&mut replay).await.is_empty());
        let new = samples::more(&store, 2, 4).await;
        announce(&sender, &new[2..]);
        assert_eq!(drain(&mut replay).await, [2, 3, 4, 5]);
        drop(sender);
        assert!(replay.next().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn more_than_a_page_is_replayed_whole() {
        let (_folder, store) = samples::store(1_234).await;
        let sender = broadcast::channel(2).0;
        let mut replay = Replay::new(Arc::new(store), sender.subscribe(), 0);
        assert_eq!(drain(&mut replay).await, (1..=1_234).collect::<Vec<u64>>());
    }

    #[test]
    fn a_reader_goes_on_where_it_was() {
        assert_eq!(start(None, None, 9), 9);
        assert_eq!(start(Some("4"), Some(2), 9), 4);
        assert_eq!(start(None, Some(2), 9), 2);
        assert_eq!(start(Some("nonsense"), Some(2), 9), 2);
        assert_eq!(start(Some("99"), None, 9), 0);
    }
}
