//! The groups as of the last finished epoch: who belongs to which, and what they
//! come to together. Kept in memory: it follows from the records at every start.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{PoisonError, RwLock};
use tocsin_dataflow::{Assessment, EpochOutput};
use tocsin_ingest::fact::SubjectKey;

/// A place in the order of groups: the highest score first.
pub type Rank = (Reverse<i64>, SubjectKey);

/// A group.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// Its members; the least of them names it.
    pub members: BTreeSet<SubjectKey>,
    /// What their records come to together; `None`: none of them is registered.
    pub assessment: Option<Assessment>,
}

/// Shared with everything that serves.
#[derive(Debug, Default)]
pub struct Groups(RwLock<Table>);

#[derive(Debug, Default)]
struct Table {
    of: HashMap<SubjectKey, SubjectKey>,
    groups: HashMap<SubjectKey, Group>,
    ranked: BTreeSet<Rank>,
}

impl Groups {
    /// Takes over what an epoch has changed.
    pub fn apply(&self, output: &EpochOutput) {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // Who goes from one group to another has left before joining.
        for left in output.members.iter().filter(|belongs| !belongs.joined) {
            table.of.remove(&left.member);
            if let Some(group) = table.groups.get_mut(&left.group) {
                group.members.remove(&left.member);
            }
        }
        for joined in output.members.iter().filter(|belongs| belongs.joined) {
            table.of.insert(joined.member, joined.group);
            let group = table.groups.entry(joined.group).or_default();
            group.members.insert(joined.member);
        }
        for change in &output.groups {
            table.assess(change.enterprise, change.new);
        }
        let left = output.members.iter().filter(|belongs| !belongs.joined);
        for group in left.map(|belongs| belongs.group) {
            table.forget_empty(group);
        }
    }

    /// The group that an enterprise belongs to, and who names it.
    pub fn of(&self, enterprise: SubjectKey) -> Option<(SubjectKey, Group)> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let group = table.of.get(&enterprise)?;
        Some((*group, table.groups.get(group)?.clone()))
    }

    /// At most so many scored groups after a place in the order, and whether
    /// there are more.
    pub fn ranked(&self, after: Option<Rank>, limit: usize) -> (Vec<(SubjectKey, Group)>, bool) {
        use std::ops::Bound::{Excluded, Unbounded};
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let begin = after.map_or(Unbounded, Excluded);
        let mut ranked = table.ranked.range((begin, Unbounded));
        let known = |(_, group): &Rank| Some((*group, table.groups.get(group)?.clone()));
        let page = ranked.by_ref().take(limit).filter_map(known).collect();
        (page, ranked.next().is_some())
    }

    /// Who names the group that an enterprise belongs to.
    pub fn named(&self, enterprise: SubjectKey) -> Option<SubjectKey> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        table.of.get(&enterprise).copied()
    }

    /// The members of a group, the least first; none where there is no such group.
    pub fn members(&self, group: SubjectKey) -> Vec<SubjectKey> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let group = table.groups.get(&group);
        group.map_or_else(Vec::new, |group| group.members.iter().copied().collect())
    }

    /// Every group that has a score.
    pub fn scored(&self) -> Vec<(SubjectKey, Assessment)> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let groups = table.groups.iter();
        groups
            .filter_map(|(key, group)| Some((*key, group.assessment?)))
            .collect()
    }

    /// The subjects of which something was retracted, and, where something was,
    /// the enterprises whose groups change: what falls with a group falls with
    /// what parted it. To be asked before the output is applied.
    pub fn touched<'a>(
        &self,
        output: &EpochOutput,
        retracted: &'a HashSet<SubjectKey>,
    ) -> Cow<'a, HashSet<SubjectKey>> {
        if retracted.is_empty() || output.members.is_empty() {
            return Cow::Borrowed(retracted);
        }
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut touched = retracted.clone();
        for belongs in &output.members {
            touched.insert(belongs.member);
            let group = table.groups.get(&belongs.group);
            touched.extend(group.into_iter().flat_map(|group| &group.members));
        }
        Cow::Owned(touched)
    }
}

/// Where a group stands in the order.
pub fn rank(group: SubjectKey, assessment: &Assessment) -> Rank {
    (Reverse(assessment.score.log_odds), group)
}

impl Table {
    fn assess(&mut self, group: SubjectKey, assessment: Option<Assessment>) {
        let held = self.groups.entry(group).or_default();
        if let Some(old) = std::mem::replace(&mut held.assessment, assessment) {
            self.ranked.remove(&rank(group, &old));
        }
        self.ranked.extend(assessment.map(|new| rank(group, &new)));
        self.forget_empty(group);
    }

    fn forget_empty(&mut self, group: SubjectKey) {
        let empty = |group: &Group| group.members.is_empty() && group.assessment.is_none();
        if self.groups.get(&group).is_some_and(empty) {
            self.groups.remove(&group);
        }
    }
}
