//! Groups of a dense graph against a plain recomputation: whatever links and
//! names come and go, in whatever epochs, by one worker or two, who belongs
//! together is who is connected now.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use support::*;
use tocsin_dataflow::{Engine, EngineConfig};
use tocsin_ingest::fact::{Alias, Facts, Link, Standing, SubjectKey, Term};

/// Adds a link, or takes it back; names mean whom they mean likewise.
#[derive(Debug, Clone, PartialEq)]
enum Row {
    Link(Link),
    Alias(Alias),
}

impl Row {
    fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        match self {
            Row::Link(link) => facts.links.push(*link),
            Row::Alias(alias) => facts.aliases.push(*alias),
        }
        facts
    }
}

fn row() -> impl Strategy<Value = Row> {
    let from = prop_oneof![(0u128..6).prop_map(person), (0u128..6).prop_map(account)];
    let to = prop_oneof![6 => (0u128..14).prop_map(enterprise), 1 => (0u128..3).prop_map(name)];
    let link = (from, to, 0u8..3).prop_map(|(from, to, kind)| {
        Row::Link(Link {
            from,
            to,
            kind,
            term: Term::ALWAYS,
            named: 0,
        })
    });
    let alias = ((0u128..3).prop_map(name), (0u128..14).prop_map(enterprise));
    let alias = alias.prop_map(|(alias, enterprise)| {
        Row::Alias(Alias {
            alias,
            enterprise,
            term: Term::ALWAYS,
            standing: Standing::Borne,
        })
    });
    prop_oneof![9 => link, 1 => alias]
}

/// Members by group, of the rows that are there.
fn expected(largest: u32, rows: &[&Row]) -> relations::Groups {
    let mut meant: BTreeMap<SubjectKey, BTreeSet<SubjectKey>> = BTreeMap::new();
    for row in rows {
        if let Row::Alias(alias) = row {
            meant
                .entry(alias.alias)
                .or_default()
                .insert(alias.enterprise);
        }
    }
    let resolve = |to: SubjectKey| match meant.get(&to) {
        _ if to.kind().is_enterprise() => Some(to),
        Some(meant) if meant.len() == 1 => meant.first().copied(),
        _ => None,
    };
    let links = rows.iter().filter_map(|row| match row {
        Row::Link(link) => Some((link.from, link.kind, resolve(link.to)?)),
        Row::Alias(_) => None,
    });
    let plan = plan_with_groups(largest);
    relations::add(&plan, &links.collect(), &mut BTreeMap::new())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn who_belongs_together_is_who_is_connected(
        rows in proptest::collection::vec(row(), 1..60),
        epochs in proptest::collection::vec(
            proptest::collection::vec(any::<proptest::sample::Index>(), 0..25), 1..12),
        workers in 1usize..3,
        largest in 2u32..16,
    ) {
        let plan = plan_with_groups(largest);
        let engine = Engine::start(EngineConfig { workers, plan }, 1, None).unwrap();
        let mut loader = engine.loader();
        let mut there = vec![false; rows.len()];
        let mut groups = relations::Groups::new();
        for (time, toggles) in epochs.iter().enumerate() {
            for place in toggles.iter().map(|pick| pick.index(rows.len())) {
                loader.add(&rows[place].facts(), if there[place] { -1 } else { 1 });
                there[place] = !there[place];
            }
            loader.flush();
            for change in engine.advance(1 + time as u64).unwrap().members {
                let members = groups.entry(change.group).or_default();
                let changed = match change.joined {
                    true => members.insert(change.member),
                    false => members.remove(&change.member),
                };
                prop_assert!(changed);
            }
            groups.retain(|_, members| !members.is_empty());
            let left = rows.iter().zip(&there).filter(|(_, there)| **there);
            let left: Vec<&Row> = left.map(|(row, _)| row).collect();
            prop_assert_eq!(&groups, &expected(largest, &left));
        }
    }
}
