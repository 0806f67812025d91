//! Groups, neighbours and those that go on from an ended firm, the plain way:
//! all shared subjects at once, a union-find over them, a search from each case.

use super::{Evidence, Fold, Folded, Totals, is_keyed};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tocsin_dataflow::{AssociationDef, NeighbourDef, ReturnDef};
use tocsin_ingest::fact::{Slot, SubjectKey, VALUE_SCALE};

/// A subject that enterprises share: the place of its declaration, and itself.
pub type Shared = (usize, SubjectKey);

/// What another enterprise has to do with a figure of this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// The record that says so, and what it adds to the figure.
    pub evidence: Evidence,
    /// The other enterprise, or the enterprise itself.
    pub other: SubjectKey,
    /// The link kind and the subject by which it is known, where the record says
    /// such a link.
    pub link: Option<(u8, SubjectKey)>,
}

/// Who shares what.
struct Sharers<'a> {
    def: &'a AssociationDef,
    by_subject: BTreeMap<Shared, BTreeSet<SubjectKey>>,
    by_enterprise: BTreeMap<SubjectKey, Vec<Shared>>,
}

impl Fold<'_> {
    /// The enterprises that share a subject with one of `enterprises`.
    pub fn associates(&self, enterprises: &BTreeSet<SubjectKey>) -> BTreeSet<SubjectKey> {
        let Some(graph) = &self.settings.association else {
            return BTreeSet::new();
        };
        let sharers = self.sharers(&graph.def);
        let near = enterprises.iter();
        near.flat_map(|from| sharers.within(*from, u64::MAX, 1))
            .collect()
    }

    /// Of every enterprise that is associated with others the first of them.
    pub(super) fn firsts(&self) -> HashMap<SubjectKey, SubjectKey> {
        let graph = self.settings.association.as_ref();
        graph.map_or_else(HashMap::new, |graph| self.sharers(&graph.def).firsts())
    }

    fn sharers<'a>(&self, def: &'a AssociationDef) -> Sharers<'a> {
        let mut sharers = Sharers {
            def,
            by_subject: BTreeMap::new(),
            by_enterprise: BTreeMap::new(),
        };
        for (place, shared) in def.shared.iter().enumerate() {
            for subject in self.linking() {
                let members = self.linked_by(subject, shared.link);
                if members.len() < shared.min as usize || members.len() > shared.hub as usize {
                    continue;
                }
                for member in &members {
                    let of = sharers.by_enterprise.entry(*member).or_default();
                    of.push((place, subject));
                }
                sharers.by_subject.insert((place, subject), members);
            }
        }
        sharers
    }

    /// The enterprises that a subject is linked to by a kind.
    pub(super) fn linked_by(&self, subject: SubjectKey, kind: u8) -> BTreeSet<SubjectKey> {
        let ends = self.linked(subject).filter(|(_, of, _)| *of == kind);
        ends.filter_map(|(to, ..)| Some(self.end(to)?.0)).collect()
    }

    /// The first record that links a subject to an enterprise.
    fn record_of(&self, subject: SubjectKey, kind: u8, enterprise: SubjectKey) -> Option<usize> {
        let leads_to = |to| self.end(to).is_some_and(|(end, _)| end == enterprise);
        let ties = self.linked(subject);
        let ends = ties.filter(|(to, of, _)| *of == kind && leads_to(*to));
        ends.map(|(.., record)| record).min()
    }

    /// Notes that the enterprises that share a subject stand behind a slot of
    /// `member`, one each.
    pub(super) fn note_sharers(
        &self,
        folded: &mut Folded<'_>,
        (member, slot): (SubjectKey, Slot),
        (subject, kind): (SubjectKey, u8),
        others: &BTreeSet<SubjectKey>,
    ) {
        for other in others.iter().filter(|_| self.keep_records) {
            if let Some(record) = self.record_of(subject, kind, *other) {
                let evidence = one(record, slot);
                folded.relations.entry(member).or_default().push(Relation {
                    evidence,
                    other: *other,
                    link: Some((kind, subject)),
                });
            }
        }
    }

    pub(super) fn count_association(&self, folded: &mut Folded<'_>) {
        let Some(graph) = &self.settings.association else {
            return;
        };
        let sharers = self.sharers(&graph.def);
        self.count_members(&sharers, folded);
        for def in &graph.def.neighbours {
            count_neighbours(&sharers, def, folded, self.keep_records);
        }
        for def in &graph.def.returns {
            count_returns(&sharers, def, folded, self.keep_records);
        }
        if self.keep_records {
            folded.shared = sharers.by_subject;
        }
    }

    fn count_members(&self, sharers: &Sharers<'_>, folded: &mut Folded<'_>) {
        for group in sharers.groups() {
            let Some(first) = group.first().copied().filter(|first| self.has(*first)) else {
                continue;
            };
            for member in &group {
                if let Some(slot) = sharers.def.size {
                    let totals = folded.enterprises.entry(*member).or_default();
                    totals.add(slot, 1, group.len() as i64 * VALUE_SCALE);
                    for other in group.iter().filter(|_| self.keep_records) {
                        let by = sharers.by_enterprise[other][0];
                        let link = (by.1, sharers.def.shared[by.0].link);
                        let only = BTreeSet::from([*other]);
                        self.note_sharers(folded, (*member, slot), link, &only);
                    }
                }
            }
            folded.groups.insert(first, group);
        }
    }
}

impl Sharers<'_> {
    /// Of every enterprise that shares something the first of all that are
    /// connected with it.
    fn firsts(&self) -> HashMap<SubjectKey, SubjectKey> {
        let mut parent: HashMap<SubjectKey, SubjectKey> = HashMap::new();
        for members in self.by_subject.values() {
            let mut members = members.iter();
            let first = members.next().map(|first| root(&mut parent, *first));
            for (other, first) in members.zip(first.into_iter().cycle()) {
                let (other, first) = (root(&mut parent, *other), root(&mut parent, first));
                parent.insert(other.max(first), other.min(first));
            }
        }
        let enterprises = self.by_enterprise.keys();
        enterprises
            .map(|enterprise| (*enterprise, root(&mut parent, *enterprise)))
            .collect()
    }

    /// The connected components that are groups.
    fn groups(&self) -> Vec<BTreeSet<SubjectKey>> {
        let mut groups: BTreeMap<SubjectKey, BTreeSet<SubjectKey>> = BTreeMap::new();
        for (enterprise, first) in self.firsts() {
            groups.entry(first).or_default().insert(enterprise);
        }
        let largest = self.def.largest as usize;
        let groups = groups.into_values();
        groups
            .filter(|group| (2..=largest).contains(&group.len()))
            .collect()
    }

    /// The other enterprises at most `hops` shared subjects away.
    fn within(&self, from: SubjectKey, kinds: u64, hops: u8) -> BTreeSet<SubjectKey> {
        let mut found = BTreeSet::from([from]);
        for _ in 0..hops {
            let mut next = BTreeSet::new();
            for enterprise in &found {
                for shared in self.by_enterprise.get(enterprise).into_iter().flatten() {
                    if kinds >> shared.0 & 1 == 1 {
                        next.extend(self.by_subject[shared].iter().copied());
                    }
                }
            }
            found.extend(next);
        }
        found.remove(&from);
        found
    }
}

fn root(parent: &mut HashMap<SubjectKey, SubjectKey>, mut of: SubjectKey) -> SubjectKey {
    while let Some(up) = parent.get(&of).copied().filter(|up| *up != of) {
        // Every other step is left out the next time.
        if let Some(next) = parent.get(&up).copied() {
            parent.insert(of, next);
        }
        of = up;
    }
    of
}

fn count_neighbours(
    sharers: &Sharers<'_>,
    def: &NeighbourDef,
    folded: &mut Folded<'_>,
    keep_records: bool,
) {
    let enterprises: Vec<SubjectKey> = sharers.by_enterprise.keys().copied().collect();
    for case in enterprises {
        let facts = |slot: &Slot| {
            let total = folded.total(case, *slot);
            // Keys are no amounts: any fact counts.
            total.count > 0 && (total.sum > 0 || is_keyed(folded.settings, *slot))
        };
        let slots: Vec<Slot> = def.of.iter().copied().filter(facts).collect();
        if slots.is_empty() {
            continue;
        }
        for near in sharers.within(case, def.kinds, def.hops) {
            tell(folded, near, def.slot, case, &slots, keep_records);
        }
    }
}

fn count_returns(
    sharers: &Sharers<'_>,
    def: &ReturnDef,
    folded: &mut Folded<'_>,
    keep_records: bool,
) {
    let enterprises: Vec<SubjectKey> = sharers.by_enterprise.keys().copied().collect();
    for gone in enterprises {
        let Some(ended) = day(folded, gone, &def.ended) else {
            continue;
        };
        for new in sharers.within(gone, def.kinds, 1) {
            let Some(after) = day(folded, new, &def.founded).map(|founded| founded - ended) else {
                continue;
            };
            if after <= i64::from(def.within_days) && after >= -i64::from(def.before_days) {
                tell(folded, new, def.slot, gone, &def.ended, keep_records);
            }
        }
    }
}

/// Counts `other` for an enterprise, by a record of one of `slots`.
fn tell(
    folded: &mut Folded<'_>,
    enterprise: SubjectKey,
    slot: Slot,
    other: SubjectKey,
    slots: &[Slot],
    keep_records: bool,
) {
    let totals = folded.enterprises.entry(enterprise).or_default();
    totals.add(slot, 1, VALUE_SCALE);
    if !keep_records {
        return;
    }
    let behind = folded.evidence(other, slots).into_iter();
    if let Some(first) = behind.max_by_key(|step| step.value) {
        let of = folded.relations.entry(enterprise).or_default();
        of.push(Relation {
            evidence: one(first.record, slot),
            other,
            link: None,
        });
    }
}

fn day(folded: &Folded<'_>, enterprise: SubjectKey, slots: &[Slot]) -> Option<i64> {
    let totals = slots.iter().map(|slot| folded.total(enterprise, *slot));
    let first = totals.into_iter().find(|total| total.count > 0)?;
    Some(first.sum.div_euclid(first.count).div_euclid(VALUE_SCALE))
}

/// What one enterprise adds to a count of enterprises.
fn one(record: usize, slot: Slot) -> Evidence {
    Evidence {
        record,
        slot,
        value: VALUE_SCALE,
        day: 0,
        share: 100,
        way: Vec::new(),
    }
}

impl<'a> Folded<'a> {
    /// The groups with their members, by the least of them.
    pub fn groups(&self) -> &BTreeMap<SubjectKey, BTreeSet<SubjectKey>> {
        &self.groups
    }

    /// What other enterprises have to do with slots of an enterprise.
    pub fn relations(&self, enterprise: SubjectKey, slots: &[Slot]) -> Vec<Relation> {
        let all = self.relations.get(&enterprise).into_iter().flatten();
        all.filter(|relation| slots.contains(&relation.evidence.slot))
            .cloned()
            .collect()
    }

    /// The subjects that members of a group share, where records were kept.
    pub fn shared(&self) -> &BTreeMap<Shared, BTreeSet<SubjectKey>> {
        &self.shared
    }

    /// Every group as if it were one enterprise: what records say of its members
    /// added up, without what their relations say.
    pub fn pooled(&self) -> Folded<'a> {
        let graph = self.settings.association.iter();
        let filled = graph.flat_map(|graph| graph.filled()).map(|f| f.slot);
        let sizes = self.settings.groups.iter().map(|group| group.slot);
        let relational: BTreeSet<Slot> = sizes.chain(filled).collect();
        let mut pooled = Folded::empty(self.settings, self.today);
        for (group, members) in &self.groups {
            let mut sum = Totals::default();
            for totals in members
                .iter()
                .filter_map(|member| self.enterprises.get(member))
            {
                let of_records = totals.iter().filter(|(slot, _)| !relational.contains(slot));
                for (slot, total) in of_records {
                    sum.add(slot, total.count, total.sum);
                    sum.of(slot).facts.extend(&total.facts);
                }
            }
            pooled.enterprises.insert(*group, sum);
        }
        pooled
    }
}
