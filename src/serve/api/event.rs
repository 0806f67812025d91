//! An alert event as a CloudEvent 1.0: the same as a line of the event file.

use crate::serve::problem::Problem;
use crate::time::instant_text;
use serde_json::{Value, json};
use tocsin_alerts::sink::CloudEvent;
use tocsin_alerts::store::Sequenced;

/// The event in its envelope.
pub(super) fn cloud_event(event: &Sequenced) -> Result<CloudEvent<'_>, Problem> {
    CloudEvent::of(event).map_err(|fault| Problem::internal(&fault))
}

/// What a reader is told of an event from whom features are hidden: that the level
/// changed, and nothing of why. `None`: nothing; what leaves the level as it was
/// would tell of evidence.
pub(super) fn told(event: &Sequenced, restricted: usize) -> Result<Option<Value>, Problem> {
    if restricted == 0 {
        let whole = serde_json::to_value(cloud_event(event)?);
        return whole.map(Some).map_err(|fault| Problem::internal(&fault));
    }
    let said = &event.event;
    let changed = said.before != said.after;
    Ok(changed.then(|| {
        json!({
            "specversion": "1.0",
            "id": format!("{}@{}", said.alert, event.seq),
            "source": "tocsin",
            "type": format!("cn.tocsin.alert.{}", said.kind.name()),
            "sequence": format!("{:020}", event.seq),
            "time": instant_text(said.time_ms),
            "data": {
                "alert": said.alert,
                "enterprise": {
                    "id": said.assessment.id,
                    "name": said.assessment.name,
                    "district": said.assessment.district,
                },
                "level_before": said.before,
                "level": said.after,
                "restricted": restricted,
                "text": said.text,
            },
        })
    }))
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
