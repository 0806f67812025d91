//! The latest events, so that a reload of the page loses nothing.

use tocsin_alerts::Store;
use tocsin_alerts::level::Level;
use tocsin_alerts::lifecycle::{EventType, Status};
use tocsin_alerts::store::{Sequenced, StoreError};

/// Events read from the store at once.
const PAGE: usize = 200;
/// How far back to look for events that a filter lets through.
const MAX_PAGES: usize = 20;

/// Which events to show.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Filter {
    pub(super) level: Option<Level>,
    pub(super) status: Option<Status>,
}

impl Filter {
    fn lets_through(self, event: &Sequenced) -> bool {
        let event = &event.event;
        self.level.is_none_or(|wanted| wanted == event.after)
            && self
                .status
                .is_none_or(|wanted| wanted == status_after(event.kind))
    }
}

/// What an alert's status is after an event.
fn status_after(kind: EventType) -> Status {
    match kind {
        EventType::Closed | EventType::Merged => Status::Closed,
        EventType::Retracted => Status::Retracted,
        _ => Status::Open,
    }
}

/// The last `wanted` events up to the place `last`, the latest first.
pub(super) async fn latest(
    store: &Store,
    last: u64,
    filter: Filter,
    wanted: usize,
) -> Result<Vec<Sequenced>, StoreError> {
    let (mut found, mut end) = (Vec::new(), last);
    for _ in 0..MAX_PAGES {
        if end == 0 || found.len() >= wanted {
            break;
        }
        let page = store.events_until(end, filter.level, PAGE).await?;
        end = page.last().map_or(0, |event| event.seq - 1);
        found.extend(page.into_iter().filter(|event| filter.lets_through(event)));
    }
    found.truncate(wanted);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::tests::samples;

    #[tokio::test]
    async fn the_latest_come_first_across_pages() {
        let (_folder, store) = samples::store(1_200).await;
        let none = Filter::default();
        let found = latest(&store, 1_199, none, 800).await.unwrap();
        let places: Vec<u64> = found.iter().map(|event| event.seq).collect();
        assert_eq!(places, (400..=1_199).rev().collect::<Vec<u64>>());
        assert!(latest(&store, 0, none, 5).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_filter_looks_further_back() {
        let (_folder, store) = samples::store(700).await;
        let red = Filter {
            level: Some(Level::Red),
            ..Filter::default()
        };
        let found = latest(&store, 700, red, 10).await.unwrap();
        assert!(found.iter().all(|event| event.event.after == Level::Red));
        assert_eq!(found.len(), 10);
        let closed = Filter {
            status: Some(Status::Closed),
            ..Filter::default()
        };
        assert!(latest(&store, 700, closed, 10).await.unwrap().is_empty());
    }
}
