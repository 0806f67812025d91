//! A small plan, a model for it and subjects to speak of.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

pub mod relations;

use std::sync::Arc;

use tocsin_dataflow::{
    Aggregate, AssociationDef, Each, Engine, EngineConfig, FeatureDef, GroupDef, HalfLife, Keeping,
    Measure, NeighbourDef, Plan, ReturnDef, Role, SharedDef, SlotDef,
};
use tocsin_ingest::fact::{
    Alias, Facts, Link, NEVER, Observation, Standing, SubjectKey, SubjectKind, Term,
};
use tocsin_models::{Artifact, BoundModel, Category, FeatureKind, FeatureSpec};

/// Slots of the small plan.
pub const REGISTERED: u16 = 0;
pub const MENTION: u16 = 1;
pub const SIGNAL: u16 = 2;
pub const AMOUNT: u16 = 3;
pub const CAPITAL: u16 = 4;
pub const STAFF: u16 = 5;
pub const GROUP: u16 = 6;
pub const HISTORY: u16 = 7;
pub const KEYED: u16 = 8;
pub const DECAYS: u16 = 9;
pub const SIZE: u16 = 10;
pub const CASES: u16 = 11;
pub const RETURNS: u16 = 12;

/// A plan with one of everything.
pub fn plan() -> Plan {
    let slot = |agency: u8, role| SlotDef {
        source: u16::from(agency),
        agency,
        role,
        keeping: Keeping::default(),
    };
    let keyed = SlotDef {
        keeping: Keeping {
            each: Each::Key,
            ..Keeping::default()
        },
        ..slot(9, Role::Signal)
    };
    let mut halved = feature("halved", Category::C, &[KEYED, DECAYS], Aggregate::Count);
    halved.measure.half_life = Some(Arc::new(HalfLife::new(2)));
    let mut decayed = feature("decayed", Category::C, &[DECAYS], Aggregate::Sum);
    decayed.measure.half_life = Some(Arc::new(HalfLife::new(3)));
    let mut ratio = feature("ratio", Category::F, &[AMOUNT], Aggregate::Sum);
    ratio.per = Some(feature("", Category::F, &[SIGNAL], Aggregate::Count).measure);
    Plan {
        slots: vec![
            slot(0, Role::Registers),
            slot(1, Role::Mention),
            slot(2, Role::Signal),
            slot(63, Role::Signal),
            slot(4, Role::Attribute),
            slot(4, Role::Attribute),
            slot(6, Role::Group),
            slot(8, Role::Signal),
            keyed,
            slot(10, Role::Signal),
            slot(6, Role::Group),
            slot(7, Role::Group),
            slot(8, Role::Group),
        ],
        features: vec![
            feature("signals", Category::B, &[SIGNAL], Aggregate::Count),
            feature("amounts", Category::E, &[SIGNAL, AMOUNT], Aggregate::Sum),
            feature("mean", Category::D, &[AMOUNT], Aggregate::Mean),
            feature("size", Category::R, &[STAFF, CAPITAL], Aggregate::Latest),
            feature("mentioned", Category::A, &[MENTION], Aggregate::Present),
            feature("group", Category::H, &[GROUP], Aggregate::Sum),
            feature(
                "greatest",
                Category::D,
                &[HISTORY, SIGNAL],
                Aggregate::Maximum,
            ),
            feature("least", Category::D, &[HISTORY], Aggregate::Minimum),
            feature("last", Category::E, &[HISTORY], Aggregate::Latest),
            feature(
                "since",
                Category::G,
                &[DECAYS, HISTORY],
                Aggregate::DaysSince,
            ),
            feature(
                "different",
                Category::G,
                &[HISTORY, KEYED],
                Aggregate::Distinct,
            ),
            halved,
            decayed,
            ratio,
            feature("group size", Category::R, &[SIZE], Aggregate::Sum),
            feature("cases", Category::G, &[CASES], Aggregate::Count),
            feature("returns", Category::G, &[RETURNS], Aggregate::Sum),
        ],
        link_shares: vec![100, 60, 0],
        groups: vec![group(0, 2, 3), group(2, 2, 2)],
        dated_aliases: vec![SubjectKind::Name, SubjectKind::AgencyId],
        association: Some(association()),
    }
}

/// The plan with groups of up to so many.
pub fn plan_with_groups(largest: u32) -> Plan {
    let mut plan = plan();
    plan.association.as_mut().unwrap().largest = largest;
    plan.association.as_mut().unwrap().shared[0].hub = 50;
    plan
}

/// Groups of at most four; cases by any signal, two steps away; days in halves of
/// the capital and thirds of the staff.
fn association() -> AssociationDef {
    let shared = |link, hub| SharedDef { link, min: 2, hub };
    AssociationDef {
        shared: vec![shared(0, 3), shared(1, 4), shared(2, 2)],
        largest: 4,
        size: Some(SIZE),
        neighbours: vec![NeighbourDef {
            slot: CASES,
            kinds: 0b110,
            hops: 2,
            of: vec![SIGNAL, AMOUNT],
        }],
        returns: vec![ReturnDef {
            slot: RETURNS,
            kinds: 0b011,
            founded: vec![CAPITAL],
            ended: vec![STAFF],
            within_days: 1,
            before_days: 1,
        }],
    }
}

fn feature(name: &str, category: Category, slots: &[u16], aggregate: Aggregate) -> FeatureDef {
    FeatureDef {
        spec: FeatureSpec::new(name, category, FeatureKind::Number),
        measure: Measure {
            slots: slots.to_vec(),
            aggregate,
            half_life: None,
        },
        per: None,
        hard: name == "mean",
        marks: 1 << (slots.len() + name.len() % 6),
    }
}

fn group(link: u8, min: u32, hub: u32) -> GroupDef {
    GroupDef {
        link,
        slot: GROUP,
        min,
        hub,
    }
}

/// A model that tells apart many values of every feature of `plan`.
pub fn model(plan: &Plan, intercept: i64) -> BoundModel {
    let mut features = Vec::new();
    for (place, feature) in plan.features.iter().enumerate() {
        let mut bins = vec![r#"{"missing": true, "weight": -70000}"#.to_owned()];
        let cuts: Vec<i64> = (-3..12).map(|step| step * 7_000 + 1).collect();
        let mut from = "null".to_owned();
        for (step, cut) in cuts.iter().enumerate() {
            let weight = (step as i64 - 3) * 10_007 + place as i64;
            bins.push(format!(
                r#"{{"from": {from}, "to": {cut}, "weight": {weight}}}"#
            ));
            from = cut.to_string();
        }
        bins.push(format!(
            r#"{{"from": {from}, "to": null, "weight": 500000}}"#
        ));
        features.push(format!(
            r#"{{"name": "{}", "category": "{}", "kind": "number", "bins": [{}]}}"#,
            feature.spec.name,
            feature.spec.category.letter(),
            bins.join(",")
        ));
    }
    let json = format!(
        r#"{{"format": 1, "kind": "scorecard", "intercept": {intercept}, "features": [{}]}}"#,
        features.join(",")
    );
    let specs: Vec<FeatureSpec> = plan.features.iter().map(|f| f.spec.clone()).collect();
    Artifact::from_json(&json).unwrap().bind(&specs).unwrap()
}

/// Starts an engine for the small plan.
pub fn engine(workers: usize, start_ms: u64) -> Engine {
    let plan = plan();
    let model = model(&plan, 0);
    Engine::start(EngineConfig { workers, plan }, start_ms, Some(model)).unwrap()
}

pub fn enterprise(number: u128) -> SubjectKey {
    SubjectKey::new(SubjectKind::EnterpriseCode, number)
}

pub fn name(number: u128) -> SubjectKey {
    SubjectKey::new(SubjectKind::Name, number)
}

/// An agency's own number of an enterprise.
pub fn agency_id(number: u128) -> SubjectKey {
    SubjectKey::new(SubjectKind::AgencyId, number)
}

/// An old number: what it means does not change with the day.
pub fn old_number(number: u128) -> SubjectKey {
    SubjectKey::new(SubjectKind::RegistrationNumber, number)
}

/// That an alias means an enterprise, from and until these days.
pub fn means(alias: SubjectKey, number: u128, from: u16, until: u16) -> Facts {
    Facts {
        aliases: vec![Alias {
            alias,
            enterprise: enterprise(number),
            term: Term { from, until },
            standing: Standing::Borne,
        }],
        ..Facts::default()
    }
}

/// A link that makes no group, from and until these days.
pub fn linked(from: SubjectKey, to: SubjectKey, since: u16, until: u16) -> Facts {
    Facts {
        links: vec![Link {
            from,
            to,
            kind: 1,
            term: Term { from: since, until },
            named: 0,
        }],
        ..Facts::default()
    }
}

/// One observation of a day as facts.
pub fn observed_on(subject: SubjectKey, slot: u16, day: u16, value: i64) -> Facts {
    let mut facts = observed(subject, slot, NEVER, value);
    facts.observations[0].day = day;
    facts
}

pub fn person(number: u128) -> SubjectKey {
    SubjectKey::new(SubjectKind::Person, number)
}

pub fn account(number: u128) -> SubjectKey {
    SubjectKey::new(SubjectKind::Account, number)
}

/// One observation as facts.
pub fn observed(subject: SubjectKey, slot: u16, expiry: i32, value: i64) -> Facts {
    Facts {
        observations: vec![Observation {
            subject,
            expiry,
            slot,
            day: 0,
            value,
        }],
        ..Facts::default()
    }
}

/// The registration of an enterprise.
pub fn registered(number: u128) -> Facts {
    observed(enterprise(number), REGISTERED, NEVER, 10_000)
}
