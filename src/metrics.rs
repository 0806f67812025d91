//! Metrics in the business's words; names and units as Prometheus recommends.
//! Labels are sources, outcomes, levels and arrangements: never an enterprise.

use crate::drift::metrics::Watched;
use crate::pipeline::EpochSummary;
use crate::pipeline::rules::{InForce, Outcome, Standings};
use crate::pipeline::stats::SourceStats;
use crate::sinks::metrics::SinkMetrics;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};
use prometheus::{Gauge, GaugeVec};
use std::time::Duration;
use tocsin_alerts::AlertEvent;
use tocsin_alerts::level::Level;
use tocsin_dataflow::EngineStats;

/// Every metric of the process.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    records: IntCounterVec,
    matched: IntGaugeVec,
    waiting: IntGaugeVec,
    last_arrival: GaugeVec,
    source_error: IntGaugeVec,
    epochs: HistogramVec,
    epoch_rows: Histogram,
    score_changes: IntCounter,
    latency: Histogram,
    alert_events: IntCounterVec,
    arrangement_rows: IntGaugeVec,
    arrangement_bytes: IntGaugeVec,
    last_epoch: IntGauge,
    business_time: Gauge,
    rules: IntGaugeVec,
    reloads: IntCounterVec,
    rules_faults: IntGauge,
    model_levels: IntGaugeVec,
    levels_differ: IntGauge,
    limited: IntCounterVec,
    /// How the model in force does.
    pub watched: Watched,
    /// How sinks do.
    pub sinks: SinkMetrics,
}

/// Registers a gauge.
pub fn gauge_of(registry: &Registry, about: (&str, &str)) -> Gauge {
    let gauge = sound(Gauge::with_opts(Opts::new(about.0, about.1)));
    register(registry, gauge)
}

/// Registers a gauge with labels.
pub fn gauges_of(registry: &Registry, about: (&str, &str), labels: &[&str]) -> GaugeVec {
    let gauges = sound(GaugeVec::new(Opts::new(about.0, about.1), labels));
    register(registry, gauges)
}

/// Registers a collector. Names are fixed and distinct, so it cannot fail.
fn register<C: prometheus::core::Collector + Clone + 'static>(
    registry: &Registry,
    collector: C,
) -> C {
    if registry.register(Box::new(collector.clone())).is_err() {
        tracing::error!("a metric was declared twice and is not shown");
    }
    collector
}

/// A metric's name and what it says.
pub type About = (&'static str, &'static str);

const RECORDS: About = ("tocsin_records_total", "Records by source and outcome.");
const MATCHED: About = (
    "tocsin_source_matched_records",
    "Live records that name a registered enterprise.",
);
const WAITING: About = (
    "tocsin_source_waiting_records",
    "Live records that wait for the alias by which they name an enterprise: why is unknown (nobody bears it on their day) or ambiguous (several do).",
);
const LAST_ARRIVAL: About = (
    "tocsin_source_last_arrival_timestamp_seconds",
    "Business time of a source's last records, seconds since 1970.",
);
const SOURCE_ERROR: About = (
    "tocsin_source_error",
    "1 while something is wrong with a source's files.",
);
const EPOCHS: About = (
    "tocsin_epoch_duration_seconds",
    "How long epochs took, by kind.",
);
const EPOCH_ROWS: About = ("tocsin_epoch_rows", "Rows landed by an epoch.");
const SCORE_CHANGES: About = ("tocsin_score_changes_total", "Scores that changed.");
const LATENCY: About = (
    "tocsin_change_to_alert_seconds",
    "From the begin of an epoch that changed scores to its alerts being visible.",
);
const ALERT_EVENTS: About = (
    "tocsin_alert_events_total",
    "Alert events by type and level after it.",
);
const ARRANGEMENT_ROWS: About = (
    "tocsin_arrangement_rows",
    "Rows held by the dataflow, by arrangement.",
);
const ARRANGEMENT_BYTES: About = (
    "tocsin_arrangement_bytes",
    "Estimated bytes held by the dataflow, by arrangement.",
);
const LAST_EPOCH: About = ("tocsin_last_epoch", "The last finished epoch.");
const BUSINESS_TIME: About = (
    "tocsin_business_time_timestamp_seconds",
    "Business time of the last epoch, seconds since 1970.",
);

const RULES: About = (
    "tocsin_rules_info",
    "1 for the rules in force: their version, that of the model, the epoch they came with.",
);
const RELOADS: About = (
    "tocsin_rules_reloads_total",
    "Looks at changed rules by what became of them.",
);
const RULES_FAULTS: About = (
    "tocsin_rules_refused_faults",
    "Faults of the rules in the files while those are refused.",
);
const MODEL_LEVELS: About = (
    "tocsin_model_level_enterprises",
    "Enterprises by level, under the model in force and under its challenger.",
);
const LEVELS_DIFFER: About = (
    "tocsin_challenger_differing_enterprises",
    "Enterprises whose level the challenger would change.",
);
const LIMITED: About = (
    "tocsin_requests_limited_total",
    "Requests refused because there were too many, by whom they are counted by: address or token.",
);

fn opts((name, help): About) -> Opts {
    Opts::new(name, help)
}

/// Registers counters with labels.
pub fn counters(registry: &Registry, about: About, labels: &[&str]) -> IntCounterVec {
    register(registry, sound(IntCounterVec::new(opts(about), labels)))
}

/// Registers gauges of whole numbers with labels.
pub fn gauges(registry: &Registry, about: About, labels: &[&str]) -> IntGaugeVec {
    register(registry, sound(IntGaugeVec::new(opts(about), labels)))
}

fn seconds((name, help): About) -> HistogramOpts {
    let buckets = vec![
        0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0,
    ];
    HistogramOpts::new(name, help).buckets(buckets)
}

fn rows((name, help): About) -> HistogramOpts {
    let buckets = sound(prometheus::exponential_buckets(1.0, 10.0, 8));
    HistogramOpts::new(name, help).buckets(buckets)
}

fn sound<T>(made: prometheus::Result<T>) -> T {
    made.unwrap_or_else(|error| panic!("a metric is declared wrongly: {error}"))
}

impl Metrics {
    /// A registry of its own, with the process's memory and CPU.
    ///
    /// # Panics
    /// Never in a released program: metric names are fixed and tested.
    pub fn new() -> Metrics {
        let registry = Registry::new();
        if registry
            .register(Box::new(ProcessCollector::for_self()))
            .is_err()
        {
            tracing::error!("process metrics are not shown");
        }
        let r = &registry;
        Metrics {
            records: counters(r, RECORDS, &["source", "outcome"]),
            matched: gauges(r, MATCHED, &["source"]),
            waiting: gauges(r, WAITING, &["source", "why"]),
            last_arrival: register(r, sound(GaugeVec::new(opts(LAST_ARRIVAL), &["source"]))),
            source_error: gauges(r, SOURCE_ERROR, &["source"]),
            epochs: register(r, sound(HistogramVec::new(seconds(EPOCHS), &["kind"]))),
            epoch_rows: register(r, sound(Histogram::with_opts(rows(EPOCH_ROWS)))),
            score_changes: register(r, sound(IntCounter::with_opts(opts(SCORE_CHANGES)))),
            latency: register(r, sound(Histogram::with_opts(seconds(LATENCY)))),
            alert_events: counters(r, ALERT_EVENTS, &["type", "level"]),
            arrangement_rows: gauges(r, ARRANGEMENT_ROWS, &["arrangement"]),
            arrangement_bytes: gauges(r, ARRANGEMENT_BYTES, &["arrangement"]),
            last_epoch: register(r, sound(IntGauge::with_opts(opts(LAST_EPOCH)))),
            business_time: register(r, sound(Gauge::with_opts(opts(BUSINESS_TIME)))),
            rules: gauges(r, RULES, &["version", "model", "challenger", "epoch"]),
            reloads: counters(r, RELOADS, &["outcome"]),
            rules_faults: register(r, sound(IntGauge::with_opts(opts(RULES_FAULTS)))),
            model_levels: gauges(r, MODEL_LEVELS, &["model", "level"]),
            levels_differ: register(r, sound(IntGauge::with_opts(opts(LEVELS_DIFFER)))),
            limited: counters(r, LIMITED, &["by"]),
            watched: Watched::new(r),
            sinks: SinkMetrics::new(r),
            registry,
        }
    }

    /// What became of a source's records in an epoch.
    pub fn records(&self, source: &str, stats: &SourceStats) {
        let outcomes = [
            ("accepted", stats.accepted),
            ("duplicate", stats.duplicates),
            ("corrected", stats.corrected),
            ("withdrawn", stats.withdrawn),
            ("normalised", stats.normalised),
            ("rejected", stats.rejected_total()),
            ("mended", stats.mended),
        ];
        for (outcome, count) in outcomes {
            self.records
                .with_label_values(&[source, outcome])
                .inc_by(count);
        }
    }

    /// How a source stands; `waiting` are its records that wait for an alias
    /// that is unknown, and for one that is ambiguous.
    pub fn source(&self, source: &str, stats: &SourceStats, matched: i64, waiting: (i64, i64)) {
        self.matched.with_label_values(&[source]).set(matched);
        for (why, count) in [("unknown", waiting.0), ("ambiguous", waiting.1)] {
            self.waiting.with_label_values(&[source, why]).set(count);
        }
        self.last_arrival
            .with_label_values(&[source])
            .set(stats.last_arrival_ms as f64 / 1_000.0);
        self.source_error
            .with_label_values(&[source])
            .set(i64::from(stats.error.is_some()));
    }

    /// What time it is.
    pub fn business_time(&self, now_ms: i64) {
        self.business_time.set(now_ms as f64 / 1_000.0);
    }

    /// An epoch has ended.
    pub fn epoch(&self, kind: &str, took: Duration, summary: &EpochSummary) {
        self.epochs
            .with_label_values(&[kind])
            .observe(took.as_secs_f64());
        self.epoch_rows.observe(summary.rows as f64);
        self.score_changes.inc_by(summary.changes as u64);
        self.last_epoch.set(summary.id as i64);
        if summary.changes > 0 {
            self.latency.observe(took.as_secs_f64());
        }
    }

    /// A request was refused because there were too many `by` address or token.
    pub fn limited(&self, by: &str) {
        self.limited.with_label_values(&[by]).inc();
    }

    /// These rules are in force.
    pub fn rules(&self, rules: &InForce) {
        let version = rules.version();
        let (model, challenger) = (rules.model_version(), rules.challenger_version());
        let epoch = rules.epoch.to_string();
        let name = |version: &Option<String>| version.clone().unwrap_or_else(|| "none".to_owned());
        let labels = [&version, &name(&model), &name(&challenger), &epoch];
        self.rules.reset();
        self.rules.with_label_values(&labels).set(1);
    }

    /// What became of changed rules.
    pub fn reload(&self, outcome: &Outcome) {
        let outcome = match outcome {
            Outcome::Same => "same",
            Outcome::Applied { .. } => "applied",
            Outcome::Refused(_) => "refused",
        };
        self.reloads.with_label_values(&[outcome]).inc();
    }

    /// How many faults keep the rules in the files from being in force.
    pub fn refused(&self, faults: usize) {
        self.rules_faults.set(faults as i64);
    }

    /// How champion and challenger divide the enterprises.
    pub fn standings(&self, standings: &Standings) {
        self.model_levels.reset();
        self.levels_differ.set(standings.graded.differing());
        if standings.challenger.is_none() {
            return;
        }
        let (model, challenger) = standings.graded.totals();
        for (name, counts) in [("champion", model), ("challenger", challenger)] {
            for level in Level::ALL {
                let count = counts[usize::from(level.rank())];
                let labels = [name, level.name()];
                self.model_levels.with_label_values(&labels).set(count);
            }
        }
    }

    /// An alert event was published.
    pub fn event(&self, event: &AlertEvent) {
        self.alert_events
            .with_label_values(&[event.kind.name(), event.after.name()])
            .inc();
    }

    /// How much the dataflow holds.
    pub fn arrangements(&self, stats: &EngineStats) {
        for arrangement in &stats.arrangements {
            self.arrangement_rows
                .with_label_values(&[arrangement.name])
                .set(arrangement.rows as i64);
            self.arrangement_bytes
                .with_label_values(&[arrangement.name])
                .set(arrangement.bytes as i64);
        }
    }

    /// The text that Prometheus scrapes.
    ///
    /// # Errors
    /// When a metric cannot be encoded.
    pub fn text(&self) -> prometheus::Result<String> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_declared_once_and_shown() {
        let metrics = Metrics::new();
        let mut stats = SourceStats {
            accepted: 3,
            error: Some("gone".into()),
            last_arrival_ms: 2_500,
            ..SourceStats::default()
        };
        stats.reject("x", "syntax");
        metrics.records("a/r", &stats);
        metrics.source("a/r", &stats, 7, (2, 1));
        metrics.business_time(1_000);
        let summary = EpochSummary {
            id: 4,
            rows: 10,
            changes: 2,
            events: 0,
        };
        metrics.epoch("records", Duration::from_millis(3), &summary);
        let text = metrics.text().unwrap();
        for line in [
            "tocsin_records_total{outcome=\"accepted\",source=\"a/r\"} 3",
            "tocsin_records_total{outcome=\"rejected\",source=\"a/r\"} 1",
            "tocsin_source_matched_records{source=\"a/r\"} 7",
            "tocsin_source_waiting_records{source=\"a/r\",why=\"unknown\"} 2",
            "tocsin_source_waiting_records{source=\"a/r\",why=\"ambiguous\"} 1",
            "tocsin_source_last_arrival_timestamp_seconds{source=\"a/r\"} 2.5",
            "tocsin_source_error{source=\"a/r\"} 1",
            "tocsin_epoch_duration_seconds_bucket{kind=\"records\",le=\"0.005\"} 1",
            "tocsin_epoch_rows_sum 10",
            "tocsin_score_changes_total 2",
            "tocsin_change_to_alert_seconds_count 1",
            "tocsin_last_epoch 4",
            "tocsin_business_time_timestamp_seconds 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
    }
}
