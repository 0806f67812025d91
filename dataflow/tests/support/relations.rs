//! What the association graph says, computed plainly from all links at once.

use std::collections::{BTreeMap, BTreeSet};

use tocsin_dataflow::{AssociationDef, Plan, Role};
use tocsin_ingest::fact::{Slot, SubjectKey, VALUE_SCALE};

/// Event day and value of every fact, by slot.
pub type Known = BTreeMap<Slot, Vec<(i32, i64)>>;

/// Facts by enterprise.
pub type Sums = BTreeMap<SubjectKey, Known>;

/// A live link whose end is resolved: subject, kind, enterprise.
pub type Link = (SubjectKey, u8, SubjectKey);

/// Groups by their least members.
pub type Groups = BTreeMap<SubjectKey, BTreeSet<SubjectKey>>;

type Sets = Vec<(usize, BTreeSet<SubjectKey>)>;

/// The sharers of every subject that associates.
fn sets(def: &AssociationDef, links: &BTreeSet<Link>) -> Sets {
    let mut sets = Vec::new();
    for (place, shared) in def.shared.iter().enumerate() {
        let mut by_subject: BTreeMap<SubjectKey, BTreeSet<SubjectKey>> = BTreeMap::new();
        for (subject, _, enterprise) in links.iter().filter(|link| link.1 == shared.link) {
            by_subject.entry(*subject).or_default().insert(*enterprise);
        }
        let bounds = shared.min as usize..=shared.hub as usize;
        let sized = by_subject
            .into_values()
            .filter(|set| bounds.contains(&set.len()));
        sets.extend(sized.map(|set| (place, set)));
    }
    sets
}

fn within(sets: &Sets, from: SubjectKey, kinds: u64, hops: u8) -> BTreeSet<SubjectKey> {
    let mut found = BTreeSet::from([from]);
    for _ in 0..hops {
        let met = |(place, set): &&(usize, BTreeSet<SubjectKey>)| {
            kinds >> place & 1 == 1 && !set.is_disjoint(&found)
        };
        let next: Vec<_> = sets.iter().filter(met).flat_map(|(_, set)| set).collect();
        let next: BTreeSet<SubjectKey> = next.into_iter().copied().collect();
        found.extend(next);
    }
    found.remove(&from);
    found
}

/// The groups; adds what the graph says of each enterprise to `sums`.
pub fn add(plan: &Plan, links: &BTreeSet<Link>, sums: &mut Sums) -> Groups {
    let Some(def) = &plan.association else {
        return Groups::new();
    };
    let sets = sets(def, links);
    let before = sums.clone();
    let of = |enterprise: &SubjectKey, slot: &Slot| {
        let facts = before.get(enterprise)?.get(slot)?;
        let sum: i64 = facts.iter().map(|(_, value)| value).sum();
        Some((facts.len() as i64, sum))
    };
    let mut count = |enterprise: SubjectKey, slot: Slot, n: i64, value: i64| {
        for _ in 0..n {
            let facts = sums.entry(enterprise).or_default().entry(slot);
            facts.or_default().push((0, value * VALUE_SCALE));
        }
    };
    let all: BTreeSet<SubjectKey> = sets.iter().flat_map(|(_, set)| set).copied().collect();
    let mut groups = Groups::new();
    for enterprise in &all {
        let mut group = within(&sets, *enterprise, u64::MAX, u8::MAX);
        group.insert(*enterprise);
        if group.len() <= def.largest as usize {
            if let Some(slot) = def.size {
                count(*enterprise, slot, 1, group.len() as i64);
            }
            groups.insert(*group.first().unwrap(), group);
        }
        for near in &def.neighbours {
            let is_case = |other: &&SubjectKey| {
                let entries = near.of.iter().filter_map(|slot| of(other, slot));
                entries.into_iter().any(|(n, sum)| n > 0 && sum > 0)
            };
            let around = within(&sets, *enterprise, near.kinds, near.hops);
            let cases = around.iter().filter(is_case).count() as i64;
            count(*enterprise, near.slot, cases, 1);
        }
        for def in &def.returns {
            let day = |other: &SubjectKey, slots: &[Slot]| {
                let first = slots.iter().find_map(|slot| of(other, slot));
                first.map(|(n, sum)| sum.div_euclid(n).div_euclid(VALUE_SCALE))
            };
            let founded = day(enterprise, &def.founded);
            let goes_on = |other: &&SubjectKey| {
                founded
                    .zip(day(other, &def.ended))
                    .is_some_and(|(founded, ended)| {
                        (-i64::from(def.before_days)..=i64::from(def.within_days))
                            .contains(&(founded - ended))
                    })
            };
            let around = within(&sets, *enterprise, def.kinds, 1);
            let ended = around.iter().filter(goes_on).count() as i64;
            count(*enterprise, def.slot, ended, 1);
        }
    }
    groups
}

/// What the records say of the members of each group together.
pub fn pooled(plan: &Plan, groups: &Groups, sums: &Sums) -> Sums {
    let mut pooled = Sums::new();
    for (group, members) in groups {
        let of_members = members.iter().filter_map(|member| sums.get(member));
        for (slot, facts) in of_members.flatten() {
            if plan.slots[usize::from(*slot)].role != Role::Group {
                let entry = pooled.entry(*group).or_default();
                entry.entry(*slot).or_default().extend(facts);
            }
        }
    }
    pooled
}
