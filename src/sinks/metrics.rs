//! How sinks do, as metrics. The label is the sink's declared name.

use crate::metrics::{counters, gauges, gauges_of};
use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec, Registry};
use tocsin_alerts::sink::Standing;

/// The metrics of sinks; the counters go on across restarts.
#[derive(Clone)]
pub struct SinkMetrics {
    delivered: IntCounterVec,
    failed: IntCounterVec,
    pending: IntGaugeVec,
    dead: IntGaugeVec,
    disabled: IntGaugeVec,
    oldest: GaugeVec,
}

impl SinkMetrics {
    /// Registers them.
    pub fn new(registry: &Registry) -> SinkMetrics {
        let sink = &["sink"];
        SinkMetrics {
            delivered: counters(
                registry,
                (
                    "tocsin_sink_delivered_total",
                    "Events that a sink's receiver has taken.",
                ),
                sink,
            ),
            failed: counters(
                registry,
                (
                    "tocsin_sink_failed_total",
                    "Attempts to deliver that failed.",
                ),
                sink,
            ),
            pending: gauges(
                registry,
                (
                    "tocsin_sink_pending_events",
                    "Events of the outbox that a sink has not settled.",
                ),
                sink,
            ),
            dead: gauges(
                registry,
                (
                    "tocsin_sink_dead_letters",
                    "Events that were given up: `tocsin sink list`.",
                ),
                sink,
            ),
            disabled: gauges(
                registry,
                (
                    "tocsin_sink_disabled",
                    "1 while a sink is off because its receiver said 410 Gone.",
                ),
                sink,
            ),
            oldest: gauges_of(
                registry,
                (
                    "tocsin_sink_oldest_pending_seconds",
                    "For how long the oldest event waits that a sink is to be told; 0: none.",
                ),
                sink,
            ),
        }
    }

    /// How a sink stands at `now_ms`.
    pub fn show(&self, sink: &Standing, now_ms: i64) {
        let name = &[sink.name.as_str()];
        let rise = |counter: &IntCounterVec, to: u64| {
            let counter = counter.with_label_values(name);
            counter.inc_by(to.saturating_sub(counter.get()));
        };
        rise(&self.delivered, sink.delivered);
        rise(&self.failed, sink.failed);
        self.pending
            .with_label_values(name)
            .set(sink.pending() as i64);
        self.dead.with_label_values(name).set(sink.dead as i64);
        let disabled = i64::from(sink.disabled.is_some());
        self.disabled.with_label_values(name).set(disabled);
        let age_ms = sink.waiting_since_ms.map_or(0, |since| now_ms - since);
        let age = age_ms.max(0) as f64 / 1_000.0;
        self.oldest.with_label_values(name).set(age);
    }
}
