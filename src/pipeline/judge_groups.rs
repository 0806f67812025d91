//! Groups → alerts: what a group's members' records come to together, judged as
//! an enterprise is, and only from the level on that `[levels] groups` declares.

use super::judge::{Judge, Verdict, assessment, is_open, reaches};
use super::names::Names;
use crate::explain::closure;
use crate::groups::Groups;
use anyhow::Result;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use tocsin_alerts::level::Policy;
use tocsin_alerts::lifecycle::{Book, Cause, Change, GROUP_PREFIX, group_key, is_group, named_by};
use tocsin_dataflow::{Assessment, Membership, ScoreChange};
use tocsin_ingest::fact::SubjectKey;

/// What has become of groups.
pub struct GroupChanges<'a> {
    /// Their figures; a group stands in the place of the enterprise that names it.
    pub changes: &'a [ScoreChange],
    /// Who has left and joined.
    pub members: &'a [Membership],
    /// The groups as they were before.
    pub before: &'a Groups,
}

impl Judge<'_> {
    /// Judges groups; their alerts are in a book of their own.
    ///
    /// # Errors
    /// When the records of a member that names a group cannot be read.
    pub fn judge_groups(
        &self,
        groups: &GroupChanges<'_>,
        book: &mut Book,
        names: &mut Names,
    ) -> Result<Verdict> {
        let mut verdict = Verdict::default();
        let Some(policy) = self.records.settings.policy.of_groups() else {
            self.end_all(book, &mut verdict);
            return Ok(verdict);
        };
        for (from, to) in successions(groups.members) {
            let keys = [from, to].map(|group| group_key(group.0.to_be_bytes()));
            let step = book.succeed(keys[0], keys[1], self.epoch, self.now_ms);
            step.into_iter().for_each(|step| verdict.take(step));
        }
        let concerned = groups.changes.iter().filter(|change| {
            let group = SubjectKey(u128::from_be_bytes(group_key(
                change.enterprise.0.to_be_bytes(),
            )));
            reaches(&change.new, &policy) || is_open(group, book)
        });
        let concerned: Vec<&ScoreChange> = concerned.collect();
        let naming: Vec<SubjectKey> = concerned.iter().map(|change| change.enterprise).collect();
        names.learn(self.records, &naming)?;
        for change in concerned {
            let change = Change {
                epoch: self.epoch,
                enterprise: group_key(change.enterprise.0.to_be_bytes()),
                assessment: change
                    .new
                    .as_ref()
                    .map(|scored| self.group_assessment(change.enterprise, scored, names)),
                cause: self.group_cause(change, groups.before)?,
            };
            let step = book.apply(&change, self.now_ms, &policy);
            step.into_iter().for_each(|step| verdict.take(step));
        }
        self.let_groups_fall(book, &policy, &mut verdict);
        Ok(verdict)
    }

    /// Groups are no longer alerted: what stands is retracted.
    fn end_all(&self, book: &mut Book, verdict: &mut Verdict) {
        let open: Vec<[u8; 16]> = book.open_alerts().map(|alert| alert.enterprise).collect();
        for enterprise in open {
            let gone = Change {
                epoch: self.epoch,
                enterprise,
                assessment: None,
                cause: Cause::Model,
            };
            let step = book.apply(&gone, self.now_ms, &self.records.settings.policy);
            step.into_iter().for_each(|step| verdict.take(step));
        }
    }

    /// What the calendar lowers by the end of the epoch.
    fn let_groups_fall(&self, book: &mut Book, policy: &Policy, verdict: &mut Verdict) {
        for step in book.tick(self.epoch, self.now_ms, policy) {
            verdict.take(step);
        }
    }

    fn group_assessment(
        &self,
        named_by: SubjectKey,
        scored: &Assessment,
        names: &Names,
    ) -> tocsin_alerts::Assessment {
        let mut identity = names.of(named_by);
        let name = identity.name.take().unwrap_or_else(|| identity.id.clone());
        identity.name = Some(format!("{name}关联群"));
        identity.id = format!("{GROUP_PREFIX}{}", identity.id);
        let figures = assessment(self.records, named_by, identity, scored);
        tocsin_alerts::Assessment {
            enterprise: group_key(figures.enterprise),
            ..figures
        }
    }

    /// A group that falls because something was taken back of a member, or parted
    /// by what was taken back, falls at once.
    fn group_cause(&self, change: &ScoreChange, before: &Groups) -> Result<Cause> {
        let log_odds = |scored: &Option<Assessment>| {
            let scored = scored.as_ref();
            scored.map_or(i64::MIN, |scored| scored.score.log_odds)
        };
        let fell = log_odds(&change.new) < log_odds(&change.old);
        if self.cause != Cause::Evidence || !fell || self.retracted.is_empty() {
            return Ok(self.cause);
        }
        let members = before.members(change.enterprise);
        for member in members.into_iter().chain([change.enterprise]) {
            if self.retracted.contains(&member) || self.touches(member)? {
                return Ok(Cause::Withdrawal);
            }
        }
        Ok(self.cause)
    }

    fn touches(&self, member: SubjectKey) -> Result<bool> {
        let subjects = closure(self.records, member)?;
        Ok(subjects
            .iter()
            .any(|subject| self.retracted.contains(subject)))
    }
}

/// The changes that make every group judged anew: those that are, and those whose
/// alerts stand although they are no more.
pub fn all_groups(groups: &Groups, book: &Book, time_ms: u64) -> Vec<ScoreChange> {
    let change = |enterprise, new| ScoreChange {
        enterprise,
        old: None,
        new,
        time_ms,
    };
    let scored = groups.scored();
    let known: HashSet<SubjectKey> = scored.iter().map(|(group, _)| *group).collect();
    let mut changes: Vec<ScoreChange> = scored
        .into_iter()
        .map(|(group, assessment)| change(group, Some(assessment)))
        .collect();
    let alerted = book.open_alerts().map(|alert| alert.enterprise);
    let alerted = alerted.filter(is_group).map(named_by);
    let alerted = alerted.map(|key| SubjectKey(u128::from_be_bytes(key)));
    let gone = alerted.filter(|group| !known.contains(group));
    changes.extend(gone.map(|group| change(group, None)));
    changes.sort_unstable_by_key(|change| change.enterprise);
    changes
}

/// Which group goes on as which: the one that most of those who left it joined, of
/// equal ones the least. A group of which somebody has stayed goes on as itself.
fn successions(members: &[Membership]) -> Vec<(SubjectKey, SubjectKey)> {
    let joined: BTreeMap<SubjectKey, SubjectKey> = members
        .iter()
        .filter(|belongs| belongs.joined)
        .map(|belongs| (belongs.member, belongs.group))
        .collect();
    let mut moves: BTreeMap<SubjectKey, BTreeMap<SubjectKey, usize>> = BTreeMap::new();
    for left in members.iter().filter(|belongs| !belongs.joined) {
        if let Some(to) = joined.get(&left.member) {
            *moves.entry(left.group).or_default().entry(*to).or_default() += 1;
        }
    }
    // A group is named by its least member: it is gone when that one has left.
    let gone = |group: &SubjectKey| {
        let mut left = members.iter().filter(|belongs| !belongs.joined);
        left.any(|left| left.group == *group && left.member == *group)
    };
    let moves = moves.into_iter().filter(|(from, _)| gone(from));
    let most = |to: BTreeMap<SubjectKey, usize>| {
        to.into_iter()
            .min_by_key(|(group, count)| (Reverse(*count), *group))
    };
    moves
        .filter_map(|(from, to)| Some((from, most(to)?.0)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moves(list: &[(u128, Option<u128>, Option<u128>)]) -> Vec<(u128, u128)> {
        let belongs = |member: u128, group: u128, joined| Membership {
            member: SubjectKey(member),
            group: SubjectKey(group),
            joined,
        };
        let mut members = Vec::new();
        for (member, from, to) in list {
            members.extend(from.map(|group| belongs(*member, group, false)));
            members.extend(to.map(|group| belongs(*member, group, true)));
        }
        let found = successions(&members).into_iter();
        found.map(|(from, to)| (from.0, to.0)).collect()
    }

    #[test]
    fn a_group_goes_on_where_most_of_it_does() {
        // Somebody lesser joins: the name changes, the group does not.
        let renamed = [
            (1, None, Some(1)),
            (5, Some(5), Some(1)),
            (6, Some(5), Some(1)),
        ];
        assert_eq!(moves(&renamed), [(5, 1)]);
        // It parts: the larger piece goes on, here under its own name.
        let parted = [
            (2, Some(2), Some(2)),
            (3, Some(2), Some(3)),
            (4, Some(2), Some(3)),
        ];
        assert_eq!(moves(&parted), [(2, 3)]);
        // Nobody goes anywhere, or the one that names it stays.
        assert_eq!(moves(&[(2, Some(2), None), (3, Some(2), None)]), []);
        assert_eq!(moves(&[(7, Some(2), Some(7)), (9, None, Some(7))]), []);
    }
}
