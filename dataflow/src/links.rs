//! Links between subjects, sorted by what they lead to.
//!
//! Contract: `direct` has, by the linking subject, every enterprise that a link
//! names or names by a resolved alias; `onward` has, by the linking subject, the
//! links from subjects that are no enterprise to subjects that are no
//! enterprise. Links that carry nothing (share 0) are not in `onward`.

use std::rc::Rc;

use tocsin_ingest::fact::SubjectKey;

use crate::identity::{Resolved, resolve_said};
use crate::named::apart;
use crate::plan::Plan;
use crate::split::split;
use crate::types::{ArrangedSaid, Said, arrange_said};

/// A link's target and kind, by the subject that is linked.
pub(crate) type Target = (SubjectKey, u8);

/// A link kind and the enterprise it leads to.
pub(crate) type Direct = (u8, SubjectKey);

/// A subject one link away, and the per cent that travels.
pub(crate) type Onward = (SubjectKey, u8);

/// The two forms in which links are used.
pub(crate) struct Links<'scope> {
    /// By linking subject, arranged.
    pub(crate) direct: ArrangedSaid<'scope, Direct>,
    /// From subjects to subjects, by linking subject, arranged.
    pub(crate) onward: ArrangedSaid<'scope, Onward>,
    /// Links to aliases and the days on which they are used, by alias: some of
    /// them wait.
    pub(crate) named: ArrangedSaid<'scope, (u16, Direct)>,
}

/// Sorts links and resolves the aliases among their targets.
pub(crate) fn links<'scope>(
    said: Said<'scope, Target>,
    identity: Resolved<'scope>,
    plan: Rc<Plan>,
) -> Links<'scope> {
    let (to_enterprise, others) = split(said, |(_, (to, _))| to.kind().is_enterprise());
    let (to_alias, to_subject) = split(others, |(_, (to, _))| to.kind().is_alias());
    let named = to_alias.map(|(from, (named, kind))| {
        let (alias, day) = apart(named);
        (alias, (day, (kind, from)))
    });
    let named = arrange_said(named, "links to names");
    let resolved = resolve_said(named.clone(), identity)
        .map(|(enterprise, (kind, from))| (from, (kind, enterprise)));
    let direct = to_enterprise
        .map(|(from, (enterprise, kind))| (from, (kind, enterprise)))
        .concat(resolved);
    let onward = to_subject.flat_map(move |(from, (middle, kind))| {
        let share = plan.share(kind);
        let carries = share > 0 && travels(from);
        carries.then_some((from, (middle, share)))
    });
    Links {
        direct: arrange_said(direct, "links to enterprises"),
        onward: arrange_said(onward, "links to subjects"),
        named,
    }
}

/// Whether observations on this subject travel along links: it is neither an
/// enterprise nor an alias of one.
pub(crate) fn travels(subject: SubjectKey) -> bool {
    let kind = subject.kind();
    !kind.is_enterprise() && !kind.is_alias()
}
