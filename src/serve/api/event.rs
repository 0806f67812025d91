//! An alert event as a CloudEvent 1.0: the same as a line of the event file.

use crate::serve::problem::Problem;
use tocsin_alerts::sink::CloudEvent;
use tocsin_alerts::store::Sequenced;

/// The event in its envelope.
pub(super) fn cloud_event(event: &Sequenced) -> Result<CloudEvent<'_>, Problem> {
    CloudEvent::of(event).map_err(|fault| Problem::internal(&fault))
}

/// What a reader is told of an event from whom features are hidden: see
/// [`CloudEvent::told`]. `None`: nothing.
pub(super) fn told(
    event: &Sequenced,
    restricted: usize,
) -> Result<Option<CloudEvent<'_>>, Problem> {
    CloudEvent::told(event, restricted).map_err(|fault| Problem::internal(&fault))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::tests::samples;
    use tocsin_alerts::{Sink, publish_pending};

    #[tokio::test]
    async fn an_event_is_the_line_that_the_sink_writes() {
        let (folder, store) = samples::store(3).await;
        let file = folder.path().join("alerts.ndjson");
        let mut sink = Sink::open(&file).unwrap();
        publish_pending(&store, &mut sink).await.unwrap();
        let events = store.events_after(0, 10).await.unwrap();
        let lines = std::fs::read_to_string(&file).unwrap();
        assert_eq!(lines.lines().count(), events.len());
        for (line, event) in lines.lines().zip(&events) {
            let body = serde_json::to_string(&cloud_event(event).unwrap()).unwrap();
            assert_eq!(body, line);
        }
    }
}
