//! How the model does, as metrics. Labels are features, districts, sectors and
//! groups, all of bounded number: never an enterprise.

use super::Report;
use crate::metrics::{gauge_of, gauges_of};
use prometheus::{Gauge, GaugeVec, Registry};

/// The metrics of a model at work.
#[derive(Clone)]
pub struct Watched {
    stability: GaugeVec,
    coverage: Gauge,
    coverage_then: Gauge,
    alerts: GaugeVec,
    sectors: GaugeVec,
    outcomes: Gauge,
    expected: Gauge,
    observed: Gauge,
    found: GaugeVec,
    alarmed: GaugeVec,
}

impl Watched {
    /// Registers them.
    pub fn new(registry: &Registry) -> Watched {
        let one = |name, help| gauge_of(registry, (name, help));
        let many = |name, help, labels: &[&str]| gauges_of(registry, (name, help), labels);
        Watched {
            stability: many(
                "tocsin_model_stability_index",
                "Population stability index against the enterprises as they were when the version in force was submitted, by feature and of the score: 0.1 moves, 0.25 has moved.",
                &["feature"],
            ),
            coverage: one(
                "tocsin_model_coverage_ratio",
                "Mean share of the features that have a value.",
            ),
            coverage_then: one(
                "tocsin_model_reference_coverage_ratio",
                "The same when the version in force was submitted; 0: not known.",
            ),
            alerts: many(
                "tocsin_district_alerts",
                "Alerts by district: open, and opened within 30 days of business time.",
                &["district", "count"],
            ),
            sectors: many(
                "tocsin_sector_raised_ratio",
                "Share of a sector's enterprises at blue or higher by score and gates.",
                &["sector"],
            ),
            outcomes: one(
                "tocsin_model_outcomes",
                "Outcomes that came since the model is in force.",
            ),
            expected: one(
                "tocsin_model_expected_positive_outcomes",
                "Positive ones among them that its probabilities foretold.",
            ),
            observed: one(
                "tocsin_model_positive_outcomes",
                "Positive ones among them.",
            ),
            found: many(
                "tocsin_model_found_ratio",
                "Of the positive outcomes of a group, those that stood at yellow or higher before.",
                &["by", "group"],
            ),
            alarmed: many(
                "tocsin_model_false_alarm_ratio",
                "Of the other outcomes of a group, those that did.",
                &["by", "group"],
            ),
        }
    }

    /// Shows a report.
    pub fn show(&self, report: &Report) {
        for vec in [
            &self.stability,
            &self.alerts,
            &self.sectors,
            &self.found,
            &self.alarmed,
        ] {
            vec.reset();
        }
        for moved in &report.moved {
            let of_feature = self.stability.with_label_values(&[&moved.name]);
            of_feature.set(moved.stability);
        }
        self.coverage.set(report.coverage);
        let then = report.reference.as_ref();
        self.coverage_then
            .set(then.map_or(0.0, |then| then.coverage));
        for (district, volume) in &report.districts {
            for (count, value) in [("open", volume.open), ("new", volume.new)] {
                let labels = [district.as_str(), count];
                self.alerts.with_label_values(&labels).set(value as f64);
            }
        }
        for (sector, (all, raised)) in &report.sectors {
            let share = *raised as f64 / (*all).max(1) as f64;
            self.sectors.with_label_values(&[sector]).set(share);
        }
        let outcomes = report.outcomes.as_ref();
        self.outcomes
            .set(outcomes.map_or(0.0, |told| told.rows as f64));
        self.expected
            .set(outcomes.map_or(0.0, |told| told.expected));
        self.observed
            .set(outcomes.map_or(0.0, |told| told.observed.part as f64));
        for group in outcomes.iter().flat_map(|told| &told.errors) {
            let labels = [group.by.as_str(), group.name.as_str()];
            let shares = [(&self.found, &group.found), (&self.alarmed, &group.alarmed)];
            for (vec, share) in shares.into_iter().filter(|(_, share)| share.whole > 0) {
                vec.with_label_values(&labels).set(share.value());
            }
        }
    }
}
