//! What the engine computes: slots, features, links and groups, as plain data
//! numbered by the catalogue of sources.
//!
//! Contract: a [`Plan`] that [`Plan::check`] accepts refers only to slots, link
//! kinds and agencies that exist; the engine refuses any other.

use std::sync::Arc;

use tocsin_ingest::fact::{Slot, SubjectKind};
use tocsin_models::FeatureSpec;

use crate::decay::HalfLife;
use crate::keeping::{Each, Keeping, MAX_SLOTS};

/// What a slot's facts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Says that the enterprise is registered; only such enterprises are scored.
    Registers,
    /// Counts the records of a source that mention the enterprise.
    Mention,
    /// Evidence that counts for some time.
    Signal,
    /// A value of the latest profile.
    Attribute,
    /// What the enterprises around it say of the enterprise: how many share a
    /// subject with it or are of its group, are cases or have ended. Relations
    /// and not records: a group's own tally leaves them out.
    Group,
}

/// One accumulator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotDef {
    /// The source its facts come from.
    pub source: u16,
    /// The agency that owns the source, 0 to 63.
    pub agency: u8,
    /// What its facts are.
    pub role: Role,
    /// What it remembers of them: for signals what [`Plan::remember`] says, for
    /// other slots sums.
    pub keeping: Keeping,
}

/// How a feature's value is made of its slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aggregate {
    /// The number of facts; zero when there are none.
    Count,
    /// The sum of values; missing when there are no facts.
    Sum,
    /// The mean value, rounded down; missing when there are no facts.
    Mean,
    /// The value of the latest event day; of attributes, which have none, that
    /// of the first listed slot that has one.
    Latest,
    /// 1 when there is a fact, else 0.
    Present,
    /// The greatest value; missing when there are no facts.
    Maximum,
    /// The least value; missing when there are no facts.
    Minimum,
    /// How many different values or keys; zero when there are no facts.
    Distinct,
    /// Days from the latest event day to the business day, not below 0; missing
    /// when there are no facts.
    DaysSince,
}

/// A number made of slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// The slots it is made of.
    pub slots: Vec<Slot>,
    /// How.
    pub aggregate: Aggregate,
    /// After how long facts weigh half, for counts and sums.
    pub half_life: Option<Arc<HalfLife>>,
}

impl Measure {
    /// What its slots must remember.
    pub fn needs(&self) -> Keeping {
        let values = matches!(
            self.aggregate,
            Aggregate::Maximum | Aggregate::Minimum | Aggregate::Distinct | Aggregate::Latest
        );
        let dated = matches!(self.aggregate, Aggregate::Latest | Aggregate::DaysSince);
        Keeping {
            by_day: dated || self.half_life.is_some(),
            each: if values { Each::Value } else { Each::Summed },
        }
    }

    /// Whether it changes when only the day does.
    fn ages(&self) -> bool {
        self.half_life.is_some() || self.aggregate == Aggregate::DaysSince
    }
}

/// One feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureDef {
    /// What models know it by.
    pub spec: FeatureSpec,
    /// What it is.
    pub measure: Measure,
    /// What it is divided by, if anything.
    pub per: Option<Measure>,
    /// Whether a value above 0 makes the level red whatever the score.
    pub hard: bool,
    /// Bits that an assessment joins where the feature is evidence: what they mean
    /// is the business of who declares them.
    pub marks: u8,
}

impl FeatureDef {
    /// What it is made of: itself and what it is divided by.
    pub fn measures(&self) -> impl Iterator<Item = &Measure> {
        std::iter::once(&self.measure).chain(&self.per)
    }

    /// Every slot it is made of.
    pub fn slots(&self) -> impl Iterator<Item = Slot> {
        self.measures().flat_map(|measure| &measure.slots).copied()
    }
}

/// One kind of group: the enterprises that share a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupDef {
    /// The kind of link that shares.
    pub link: u8,
    /// The slot each member gets: count 1, sum the size of the group.
    pub slot: Slot,
    /// The least number of enterprises that make a group.
    pub min: u32,
    /// The greatest: what links more is a hub, such as a registration agent.
    pub hub: u32,
}

/// A kind of subject that associates enterprises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedDef {
    /// The kind of link that shares it.
    pub link: u8,
    /// The least number of enterprises that share it; 2 or more.
    pub min: u32,
    /// The greatest: what more share is a hub and associates nobody.
    pub hub: u32,
}

/// How many cases are near an enterprise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeighbourDef {
    /// The slot: count and sum are the number of cases, not itself.
    pub slot: Slot,
    /// The kinds of subjects along which one goes: bits by place in
    /// [`AssociationDef::shared`].
    pub kinds: u64,
    /// How many subjects lie between at most; 1 or 2.
    pub hops: u8,
    /// An enterprise is a case while one of these slots has facts whose values
    /// sum to more than 0. None may be of role [`Role::Group`].
    pub of: Vec<Slot>,
}

/// Whether an enterprise goes on where another has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnDef {
    /// The slot: count and sum are the number of ended enterprises.
    pub slot: Slot,
    /// The kinds of subjects of which it shares one with them: bits by place in
    /// [`AssociationDef::shared`].
    pub kinds: u64,
    /// Attributes whose value is the day of founding: the first with facts
    /// counts. None may be of role [`Role::Group`].
    pub founded: Vec<Slot>,
    /// Likewise, the day on which it ended.
    pub ended: Vec<Slot>,
    /// Founded at most so many days after the other's end …
    pub within_days: u32,
    /// … or so many before.
    pub before_days: u32,
}

impl ReturnDef {
    /// Whether days lie as declared.
    pub(crate) fn includes(&self, founded: i64, ended: i64) -> bool {
        let after = founded.saturating_sub(ended);
        (-i64::from(self.before_days)..=i64::from(self.within_days)).contains(&after)
    }

    /// Whether `slot` holds a day that is compared.
    pub(crate) fn asks_for(&self, slot: Slot) -> bool {
        self.founded.contains(&slot) || self.ended.contains(&slot)
    }
}

/// The association graph: who shares subjects with whom, how far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssociationDef {
    /// What associates; at most 64.
    pub shared: Vec<SharedDef>,
    /// A component of more enterprises is no group.
    pub largest: u32,
    /// The slot each member of a group gets: count 1, sum the size of the group.
    pub size: Option<Slot>,
    /// Cases nearby.
    pub neighbours: Vec<NeighbourDef>,
    /// Those that go on from an ended one.
    pub returns: Vec<ReturnDef>,
}

impl AssociationDef {
    /// The slots that the graph looks at.
    pub(crate) fn watched(&self) -> impl Iterator<Item = Slot> + '_ {
        let cases = self.neighbours.iter().flat_map(|def| &def.of);
        let days = self.returns.iter();
        let days = days.flat_map(|def| def.founded.iter().chain(&def.ended));
        cases.chain(days).copied()
    }

    /// The slots that it fills.
    fn filled(&self) -> impl Iterator<Item = Slot> + '_ {
        let near = self.neighbours.iter().map(|def| def.slot);
        let returns = self.returns.iter().map(|def| def.slot);
        self.size.into_iter().chain(near).chain(returns)
    }
}

/// Everything the dataflow is built from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// By slot number.
    pub slots: Vec<SlotDef>,
    /// In the order in which models are bound.
    pub features: Vec<FeatureDef>,
    /// By link kind: the per cent of an observation's value that travels along
    /// a link, 0 to 100. A link of 0 carries nothing, not even the count.
    pub link_shares: Vec<u8>,
    /// Sizes to say: how many share a subject of a kind.
    pub groups: Vec<GroupDef>,
    /// The kinds of alias that may mean different enterprises on different days:
    /// what is said of them keeps its day. Aliases of other kinds hold always.
    pub dated_aliases: Vec<SubjectKind>,
    /// The graph of all of them, if one is to be maintained.
    pub association: Option<AssociationDef>,
}

impl Plan {
    /// Every contradiction in the plan; empty when it is sound.
    pub fn check(&self) -> Vec<String> {
        let mut faults = Vec::new();
        self.check_slots(&mut faults);
        self.check_links(&mut faults);
        self.check_groups(&mut faults);
        if let Some(def) = &self.association {
            self.check_association(def, &mut faults);
        }
        faults
    }

    /// Lets every signal's slot remember what the features need of it.
    pub fn remember(&mut self) {
        let measures = self.features.iter().flat_map(FeatureDef::measures);
        for measure in measures {
            for slot in &measure.slots {
                let def = self.slots.get_mut(usize::from(*slot));
                if let Some(def) = def.filter(|def| def.role == Role::Signal) {
                    def.keeping = def.keeping.and(measure.needs());
                }
            }
        }
    }

    /// The same accumulators under other features.
    ///
    /// # Errors
    /// Every feature that needs what is not kept of its slots: those have to be
    /// loaded anew.
    pub fn with_features(&self, features: Vec<FeatureDef>) -> Result<Plan, Vec<String>> {
        let ageing = self.ageing();
        let kept = |measure: &Measure, slot: Slot| {
            let def = self.slots.get(usize::from(slot));
            let signal = def.filter(|def| def.role == Role::Signal);
            let enough = signal.is_none_or(|def| def.keeping.and(measure.needs()) == def.keeping);
            let aged = ageing.get(usize::from(slot)) == Some(&true);
            enough && (aged || !measure.ages())
        };
        let lacks = |feature: &&FeatureDef| {
            let mut measures = feature.measures();
            !measures.all(|measure| measure.slots.iter().all(|slot| kept(measure, *slot)))
        };
        let faults = features.iter().filter(lacks).map(|feature| {
            let name = &feature.spec.name;
            format!("feature `{name}` needs what is not kept of its signals")
        });
        let faults: Vec<String> = faults.collect();
        match faults.is_empty() {
            true => Ok(Plan {
                features,
                ..self.clone()
            }),
            false => Err(faults),
        }
    }

    /// By slot: whether features that age are made of it.
    pub(crate) fn ageing(&self) -> Vec<bool> {
        let mut ageing = vec![false; self.slots.len()];
        let measures = self.features.iter().flat_map(FeatureDef::measures);
        for measure in measures.filter(|measure| measure.ages()) {
            for slot in &measure.slots {
                if let Some(ages) = ageing.get_mut(usize::from(*slot)) {
                    *ages = true;
                }
            }
        }
        ageing
    }

    /// The per cent that travels along a link of `kind`; 0 for unknown kinds.
    pub(crate) fn share(&self, kind: u8) -> u8 {
        self.link_shares
            .get(usize::from(kind))
            .copied()
            .unwrap_or(0)
    }

    /// Whether facts of `slot` count as matched records of a source.
    pub(crate) fn is_matched(&self, slot: Slot) -> bool {
        let def = self.slots.get(usize::from(slot));
        def.is_some_and(|def| matches!(def.role, Role::Registers | Role::Mention))
    }

    /// Whether a slot is filled by records and not by relations.
    pub(crate) fn is_of_records(&self, slot: Slot) -> bool {
        let def = self.slots.get(usize::from(slot));
        def.is_some_and(|def| def.role != Role::Group)
    }

    fn has(&self, slot: Slot) -> bool {
        usize::from(slot) < self.slots.len()
    }

    fn check_slots(&self, faults: &mut Vec<String>) {
        if self.slots.len() > MAX_SLOTS {
            let slots = self.slots.len();
            faults.push(format!("there are `{slots}` slots (at most {MAX_SLOTS})"));
        }
        for (number, slot) in self.slots.iter().enumerate() {
            if slot.agency > 63 {
                let agency = slot.agency;
                faults.push(format!(
                    "slot `{number}` has agency `{agency}` (at most 63)"
                ));
            }
        }
        for feature in &self.features {
            for slot in feature.slots().filter(|slot| !self.has(*slot)) {
                let name = &feature.spec.name;
                faults.push(format!("feature `{name}` uses unknown slot `{slot}`"));
            }
        }
    }

    fn check_links(&self, faults: &mut Vec<String>) {
        for (kind, share) in self.link_shares.iter().enumerate() {
            if *share > 100 {
                faults.push(format!(
                    "link kind `{kind}` has share `{share}` (at most 100)"
                ));
            }
        }
    }

    fn check_groups(&self, faults: &mut Vec<String>) {
        for (number, group) in self.groups.iter().enumerate() {
            if usize::from(group.link) >= self.link_shares.len() {
                let link = group.link;
                faults.push(format!("group `{number}` uses unknown link kind `{link}`"));
            }
            if !self.has(group.slot) {
                let slot = group.slot;
                faults.push(format!("group `{number}` uses unknown slot `{slot}`"));
            }
        }
    }

    fn check_association(&self, def: &AssociationDef, faults: &mut Vec<String>) {
        if def.shared.len() > 64 {
            let many = def.shared.len();
            faults.push(format!("the association has {many} kinds (at most 64)"));
        }
        for shared in &def.shared {
            let SharedDef { link, min, hub } = *shared;
            if usize::from(link) >= self.link_shares.len() {
                faults.push(format!("the association uses unknown link kind `{link}`"));
            }
            if min < 2 || hub < min {
                faults.push(format!(
                    "the association has min `{min}` and hub `{hub}` (2 ≤ min ≤ hub)"
                ));
            }
        }
        for near in &def.neighbours {
            if !(1..=2).contains(&near.hops) {
                let hops = near.hops;
                faults.push(format!("neighbours are at `{hops}` hops (1 or 2)"));
            }
        }
        for slot in def.filled().filter(|slot| !self.has(*slot)) {
            faults.push(format!("the association uses unknown slot `{slot}`"));
        }
        for slot in def.watched().filter(|slot| !self.is_of_records(*slot)) {
            faults.push(format!(
                "the association looks at slot `{slot}`, which no record fills"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contradiction_is_listed() {
        let plan = Plan {
            link_shares: vec![101],
            groups: vec![GroupDef {
                link: 1,
                slot: 0,
                min: 2,
                hub: 9,
            }],
            ..Plan::default()
        };
        assert_eq!(plan.check().len(), 3);
        assert!(Plan::default().check().is_empty());
    }
}
