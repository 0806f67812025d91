//! The last events of the outbox, read once for all readers: every feed begins with
//! what is new, and to who has not looked for long that is the last thousand.
//!
//! Events never change, so nothing here is ever out of date; what came since is read
//! when somebody asks.

use super::api::news::MOST;
use std::collections::VecDeque;
use std::sync::Arc;
use tocsin_alerts::store::{Sequenced, Store, StoreError};
use tokio::sync::Mutex;

/// Rows read at once.
const PAGE: usize = 500;

/// The last [`MOST`] events, the oldest first.
#[derive(Default)]
pub(super) struct Latest(Mutex<VecDeque<Arc<Sequenced>>>);

impl Latest {
    /// The events after a place up to another, of which at most the last [`MOST`] are
    /// there.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn between(
        &self,
        store: &Store,
        after: u64,
        last: u64,
    ) -> Result<Vec<Arc<Sequenced>>, StoreError> {
        let mut kept = self.0.lock().await;
        let known = kept.back().map_or(0, |event| event.seq);
        let mut from = known.max(last.saturating_sub(MOST as u64));
        while from < last {
            let page = store.events_after(from, PAGE).await?;
            let Some(end) = page.last() else { break };
            from = end.seq;
            kept.extend(page.into_iter().map(Arc::new));
        }
        let surplus = kept.len().saturating_sub(MOST);
        kept.drain(..surplus);
        let wanted = kept.iter().filter(|of| after < of.seq && of.seq <= last);
        Ok(wanted.map(Arc::clone).collect())
    }
}
