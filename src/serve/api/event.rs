//! An alert event as a CloudEvent 1.0: the same as a line of the event file.

use crate::serve::problem::Problem;
use serde::Serialize;
use tocsin_alerts::level::{Level, Reason};
use tocsin_alerts::lifecycle::{AlertEvent, Cause};
use tocsin_alerts::store::Sequenced;

/// The envelope.
#[derive(Debug, Serialize)]
pub(super) struct CloudEvent<'a> {
    specversion: &'static str,
    id: String,
    source: &'static str,
    #[serde(rename = "type")]
    kind: String,
    time: String,
    subject: &'a str,
    datacontenttype: &'static str,
    sequence: String,
    data: Data<'a>,
}

#[derive(Debug, Serialize)]
struct Data<'a> {
    alert: &'a str,
    revision: u32,
    epoch: u64,
    cause: Cause,
    level_before: Level,
    level: Level,
    level_name: &'static str,
    level_meaning: &'static str,
    index: f64,
    log_odds_micro: i64,
    confidence: f64,
    hard_trigger: bool,
    categories: Vec<char>,
    agencies: u32,
    reasons: &'a [Reason],
    name: Option<&'a str>,
    district: Option<&'a str>,
    text: &'a str,
}

impl<'a> CloudEvent<'a> {
    /// The event in its envelope.
    pub(super) fn of(sequenced: &'a Sequenced) -> Result<CloudEvent<'a>, Problem> {
        let event = &sequenced.event;
        let time = jiff::Timestamp::from_millisecond(event.time_ms);
        let time = time.map_err(|fault| Problem::internal(&fault))?;
        Ok(CloudEvent {
            specversion: "1.0",
            id: format!("{}.{}", event.alert, event.revision),
            source: "tocsin",
            kind: format!("cn.tocsin.alert.{}", event.kind.name()),
            time: time.to_string(),
            subject: &event.assessment.id,
            datacontenttype: "application/json",
            sequence: format!("{:020}", sequenced.seq),
            data: Data::of(event),
        })
    }
}

impl<'a> Data<'a> {
    fn of(event: &'a AlertEvent) -> Data<'a> {
        let figures = &event.assessment;
        Data {
            alert: &event.alert,
            revision: event.revision,
            epoch: event.epoch,
            cause: event.cause,
            level_before: event.before,
            level: event.after,
            level_name: event.after.chinese(),
            level_meaning: event.after.meaning(),
            index: f64::from(figures.index) / 100.0,
            log_odds_micro: figures.log_odds,
            confidence: f64::from(figures.coverage) / 1000.0,
            hard_trigger: figures.hard_trigger,
            categories: figures.category_letters(),
            agencies: figures.agencies.count_ones(),
            reasons: &figures.reasons,
            name: figures.name.as_deref(),
            district: figures.district.as_deref(),
            text: &event.text,
        }
    }
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
            let body = serde_json::to_string(&CloudEvent::of(event).unwrap()).unwrap();
            assert_eq!(body, line);
        }
    }
}
