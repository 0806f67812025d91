//! What is proposed: other levels, features or another model, over the rules in
//! force. Everything here can be answered exactly from what the dataflow holds.

use crate::config::{Cap, Settings, Whom};
use crate::pipeline::rules::{InForce, Model};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;
use tocsin_alerts::level::Policy;
use tocsin_ingest::declaration::{Document, Fault};
use tocsin_models::{Artifact, Limit};

/// What can be set, for people.
const CAN_BE_SET: &str = "can be set: levels.thresholds.yellow and its like (any key of [levels]), \
    feature.NAME.weight (a factor on all its weights, such as 0.5), feature.NAME.cap (the most \
    log-odds it adds), feature.NAME.hard_trigger, model.intercept (log-odds), cap.D.log_odds, \
    cap.D.below (and of any other category, of an agency by its name, of `each` agency; `none` takes \
    the cap away)";
/// Units of a factor: four decimals.
const FACTOR_UNITS: i64 = 10_000;
/// Micro-log-odds of a log-odd.
const MICRO: i64 = 1_000_000;

/// Other rules; what is left out stays as it is in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Proposal {
    /// `KEY=VALUE`, applied in order after everything else.
    pub set: Vec<String>,
    /// The text of a model's artifact.
    pub model: Option<String>,
    /// The text of a `features.toml`.
    pub features: Option<String>,
    /// The text of a `tocsin.toml`; its `[levels]` are taken.
    pub levels: Option<String>,
    /// Changes to list at most.
    pub limit: Option<usize>,
}

impl Proposal {
    /// The rules as they would be.
    ///
    /// # Errors
    /// Every fault of it.
    pub fn over(&self, now: &InForce) -> Result<InForce, Vec<String>> {
        let present = &now.records.settings;
        let mut settings = Settings::clone(present);
        let mut faults = Vec::new();
        if let Some(text) = &self.levels {
            let document = Document::new(Path::new("levels"), text.as_str());
            match keep(crate::config::read_policy(&document), &mut faults) {
                Some(policy) => settings.policy = policy,
                None => return Err(faults),
            }
        }
        if let Some(text) = &self.features {
            let document = Document::new(Path::new("features"), text.as_str());
            if let Some(features) = keep(settings.read_features(&document), &mut faults) {
                settings.features = features;
            }
        }
        let mut card = match &self.model {
            None => now.model.as_ref().map(|model| model.card.clone()),
            Some(text) => read_card(text, &mut faults),
        };
        for pair in &self.set {
            if let Err(fault) = set(pair, &mut settings, &mut card) {
                faults.push(fault);
            }
        }
        faults.extend(now.bears(&settings).err().into_iter().flatten());
        let model = card.map(|card| Model::new(card, &settings));
        let model = model
            .transpose()
            .map_err(|fault| faults.push(fault.to_string()));
        match (model, faults.is_empty()) {
            (Ok(Some(model)), true) => Ok(now.with(settings, Some(model), None)),
            (Ok(None), true) => Err(vec!["there is no model yet: nothing is scored".to_owned()]),
            _ => Err(faults),
        }
    }
}

fn keep<T>(read: Result<T, Vec<Fault>>, faults: &mut Vec<String>) -> Option<T> {
    let told = read.map_err(|found| faults.extend(found.iter().map(ToString::to_string)));
    told.ok()
}

fn read_card(text: &str, faults: &mut Vec<String>) -> Option<Artifact> {
    let card = Artifact::from_json(text).map_err(|fault| faults.push(fault.to_string()));
    card.ok()
}

/// Why a forest or a blend has no number that could be set.
const OF_TREES: &str = "the model has trees: its weights are theirs";

/// Applies one `KEY=VALUE`.
fn set(pair: &str, settings: &mut Settings, card: &mut Option<Artifact>) -> Result<(), String> {
    let Some((key, value)) = pair.split_once('=') else {
        return Err(format!("`{pair}`: KEY=VALUE is allowed; {CAN_BE_SET}"));
    };
    let (key, value) = (key.trim(), value.trim());
    let fault = |message: String| format!("`{key}` = `{value}`: {message}");
    let done = match key.split_once('.') {
        Some(("levels", rest)) => set_level(rest, value, &mut settings.policy),
        Some(("model", "intercept")) => {
            let micro = scaled(value, MICRO, i64::MIN);
            edit_card(card, micro, |json, micro| {
                let intercept = json.get_mut("intercept");
                *intercept.ok_or(OF_TREES)? = micro.into();
                Ok(())
            })
        }
        Some(("cap", rest)) => set_cap(rest, value, settings),
        Some(("feature", rest)) => set_feature(rest, value, settings, card),
        _ => Err(format!("cannot be set; {CAN_BE_SET}")),
    };
    done.map_err(fault)
}

/// Sets a key of `[levels]`, such as `thresholds.yellow`.
fn set_level(path: &str, value: &str, policy: &mut Policy) -> Result<(), String> {
    let mut json = serde_json::to_value(&*policy).map_err(|fault| fault.to_string())?;
    let pointer = format!("/{}", path.replace('.', "/"));
    let place = json.pointer_mut(&pointer).filter(|held| !held.is_object());
    let place = place.ok_or_else(|| format!("is no key of [levels]; {CAN_BE_SET}"))?;
    *place = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    let changed: Policy = serde_json::from_value(json).map_err(|fault| fault.to_string())?;
    match changed.validate() {
        faults if faults.is_empty() => *policy = changed,
        faults => return Err(faults.join("; ")),
    }
    Ok(())
}

/// Sets `D.log_odds` or `D.below`, or takes the cap away; in place of `D` an agency
/// or `each`.
fn set_cap(path: &str, value: &str, settings: &mut Settings) -> Result<(), String> {
    let (name, key) = path.rsplit_once('.').unwrap_or((path, ""));
    let of = Whom::of(name, settings.catalogue.agencies())?;
    let limit = match (key, value) {
        ("log_odds" | "below", "none") => None,
        ("log_odds", _) => Some(Limit::LogOdds(scaled(value, MICRO, 0)?)),
        ("below", _) => match scaled(value, 100, 1)? {
            index @ 1..=9_999 => Some(Limit::Below(index as u16)),
            _ => return Err("is out of bounds; allowed are 0.01 to 99.99".to_owned()),
        },
        _ => return Err(format!("cannot be set; {CAN_BE_SET}")),
    };
    let caps = &mut settings.caps;
    caps.retain(|cap| cap.of != of);
    caps.extend(limit.map(|limit| Cap { of, limit }));
    Ok(())
}

/// Sets `NAME.weight`, `NAME.cap` or `NAME.hard_trigger`.
fn set_feature(
    path: &str,
    value: &str,
    settings: &mut Settings,
    card: &mut Option<Artifact>,
) -> Result<(), String> {
    let (name, key) = path.rsplit_once('.').unwrap_or((path, ""));
    let mut features = settings.features.iter_mut();
    let Some(feature) = features.find(|feature| feature.spec.name == name) else {
        return Err(format!("no feature `{name}` is declared"));
    };
    match key {
        "hard_trigger" => {
            feature.hard = value
                .parse()
                .map_err(|_| "allowed are true and false".to_owned())?;
            Ok(())
        }
        "weight" => edit_card(card, scaled(value, FACTOR_UNITS, 0), |json, factor| {
            each_weight(json, name, |weight| {
                let product = i128::from(weight) * i128::from(factor);
                let half = i128::from(FACTOR_UNITS / 2) * product.signum();
                ((product + half) / i128::from(FACTOR_UNITS)) as i64
            })
        }),
        "cap" => edit_card(card, scaled(value, MICRO, 0), |json, cap| {
            each_weight(json, name, |weight| weight.min(cap))
        }),
        "window" | "half_life" => Err(format!(
            "what has expired is no longer in the tallies, so this cannot be answered exactly; change it in the declaration and restart. {CAN_BE_SET}"
        )),
        _ => Err(format!("cannot be set; {CAN_BE_SET}")),
    }
}

/// A decimal number as an integer of 1/`units`, at least `least`.
fn scaled(text: &str, units: i64, least: i64) -> Result<i64, String> {
    let number: f64 = text
        .parse()
        .map_err(|_| "a number such as 0.5 is allowed".to_owned())?;
    let scaled = (number * units as f64).round();
    // Written so that NaN is refused too.
    if !(scaled >= least as f64 && scaled.abs() < 1e12) {
        return Err("is out of bounds".to_owned());
    }
    Ok(scaled as i64)
}

/// Changes the scorecard as it is written, so that it is checked whole again.
fn edit_card(
    card: &mut Option<Artifact>,
    number: Result<i64, String>,
    edit: impl FnOnce(&mut Value, i64) -> Result<(), String>,
) -> Result<(), String> {
    let number = number?;
    let Some(present) = card else {
        return Err("there is no model yet".to_owned());
    };
    let mut json: Value =
        serde_json::from_str(&present.to_json()).map_err(|fault| fault.to_string())?;
    json["version"] = "".into();
    edit(&mut json, number)?;
    *present = Artifact::from_json(&json.to_string()).map_err(|fault| fault.to_string())?;
    Ok(())
}

fn each_weight(json: &mut Value, name: &str, change: impl Fn(i64) -> i64) -> Result<(), String> {
    let features = json["features"].as_array_mut().into_iter().flatten();
    let mut features = features.filter(|feature| feature["name"] == name);
    let feature = features.next();
    let feature = feature.ok_or_else(|| format!("the model has no feature `{name}`"))?;
    let Some(bins) = feature["bins"].as_array_mut() else {
        return Err(OF_TREES.to_owned());
    };
    for bin in bins {
        bin["weight"] = change(bin["weight"].as_i64().unwrap_or(0)).into();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_the_levels_is_set_and_judged() {
        let mut policy = Policy::default();
        set_level("thresholds.yellow", "55", &mut policy).unwrap();
        assert_eq!(policy.thresholds.yellow, 55);
        set_level("red_one_of", "[\"C\"]", &mut policy).unwrap();
        assert_eq!(policy.red_one_of, ['C']);
        for (key, value, told) in [
            ("thresholds.yellow", "75", "each must be above"),
            ("thresholds.pink", "75", "no key of [levels]"),
            ("thresholds", "75", "no key of [levels]"),
            ("hysteresis_days", "long", "invalid type"),
        ] {
            let fault = set_level(key, value, &mut policy).unwrap_err();
            assert!(fault.contains(told), "{fault}");
        }
        assert_eq!(policy.thresholds.yellow, 55);
    }

    #[test]
    fn weights_are_scaled_and_capped_in_integers() {
        let card = r#"{"format": 1, "kind": "scorecard", "intercept": -4000000, "features": [
            {"name": "tips", "category": "E", "kind": "number", "bins": [
            {"missing": true, "weight": -3},
            {"from": null, "to": 10000, "weight": 0},
            {"from": 10000, "to": null, "weight": 2000001}]}]}"#;
        let mut card = Some(Artifact::from_json(card).unwrap());
        let weights = |card: &Option<Artifact>| -> Vec<i64> {
            let Some(Artifact::Scorecard(card)) = card else {
                panic!("a scorecard stays one");
            };
            let bins = card.features()[0].bins();
            bins.into_iter().map(|(_, weight)| weight).collect()
        };
        let before = weights(&card);
        edit_card(&mut card, scaled("0.5", FACTOR_UNITS, 0), |json, factor| {
            each_weight(json, "tips", |weight| weight * factor / FACTOR_UNITS)
        })
        .unwrap();
        assert_eq!(before.iter().sum::<i64>(), 1_999_998);
        assert_eq!(weights(&card).iter().sum::<i64>(), 999_999);
        edit_card(&mut card, scaled("0.25", MICRO, 0), |json, cap| {
            each_weight(json, "tips", |weight| weight.min(cap))
        })
        .unwrap();
        assert!(weights(&card).contains(&250_000));
        assert!(scaled("NaN", MICRO, 0).is_err() && scaled("-1", MICRO, 0).is_err());
    }
}
