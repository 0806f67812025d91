//! The dataflow, put together: inputs at the top, scores at the bottom.
//!
//! Contract: every worker builds the same graph. Inputs are closed one after
//! another, by [`Inputs::enter`]; after that [`Graph::is_done`] says when every
//! consequence of the epoch has reached the harvest.

use std::cell::RefCell;
use std::rc::Rc;

use differential_dataflow::AsCollection;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::operators::{Concatenate, Input, Probe};
use timely::dataflow::{InputHandle, ProbeHandle, Scope, StreamVec};
use timely::worker::Worker;
use tocsin_ingest::fact::{SubjectKey, Term};

use crate::arrivals::{Arrivals, Row};
use crate::association::{Association, association};
use crate::footprint::Gauge;
use crate::groups::groups;
use crate::harvest::{Harvest, Whose};
use crate::identity::{Claim, Counter, identity, resolve_said, resolve_tallies};
use crate::latest::{Version as Profile, latest};
use crate::links::{Target, links};
use crate::named::apart;
use crate::plan::Plan;
use crate::pool::pool;
use crate::reach::{carry, paths, reach};
use crate::revise::Version;
use crate::scores::scores;
use crate::shared::shared;
use crate::split::split;
use crate::terms::{Pending, in_term};
use crate::types::{Said, Tallies, TallyTrace, Time, arrange, arrange_named, arrange_said};
use crate::waiting::Lookup;
use crate::window::{Epoch, Held, window};

type Handle<D> = InputHandle<Time, CapacityContainerBuilder<Vec<D>>>;

/// Where facts enter.
pub(crate) struct Inputs {
    observed: Handle<Epoch>,
    profiles: Handle<Row<Profile>>,
    aliases: Handle<Row<Claim>>,
    links: Handle<Row<(Target, Term)>>,
    rules: Handle<Version>,
}

/// Containers that enter before the dataflow is given time to take them in.
const AT_ONCE: usize = 32;

/// An epoch on its way into the dataflow.
pub(crate) struct Entering {
    time: Time,
    arrivals: Arrivals,
}

impl Entering {
    /// The arrivals of an epoch that closes at `time`.
    pub(crate) fn new(time: Time, arrivals: Arrivals) -> Self {
        Entering { time, arrivals }
    }
}

impl Inputs {
    /// Enters a piece of an epoch; `true` when all of it has entered and nothing
    /// at or before its time can come any more. Rules enter at their own times.
    ///
    /// A piece at a time, and one input after another: what waits is held once,
    /// and an arrangement is built, and its rows freed, before the rows of the
    /// next one begin to move.
    pub(crate) fn enter(&mut self, epoch: &mut Entering) -> bool {
        let Entering { time, arrivals } = epoch;
        let time = *time;
        for (from, rules) in arrivals.rules.drain(..) {
            let from = from.max(*self.rules.time());
            self.rules.advance_to(from);
            self.rules.send((from, rules));
        }
        let mut room = AT_ONCE;
        let entered = send(&mut self.aliases, time, &mut arrivals.aliases, &mut room)
            && send(&mut self.profiles, time, &mut arrivals.profiles, &mut room)
            && send(&mut self.links, time, &mut arrivals.links, &mut room);
        if entered {
            self.observed.advance_to(time);
            let observed = std::mem::take(&mut arrivals.observed);
            if !observed.is_empty() {
                self.observed.send((time, observed));
            }
            self.observed.advance_to(time + 1);
            self.rules.advance_to(time + 1);
        }
        entered
    }
}

/// Sends so many containers as there is room for, at `time`; `true` when that
/// was the last, and the input is closed.
fn send<V: Clone + 'static>(
    handle: &mut Handle<Row<V>>,
    time: Time,
    rows: &mut Vec<Vec<Row<V>>>,
    room: &mut usize,
) -> bool {
    if *handle.time() > time {
        return true;
    }
    handle.advance_to(time);
    while *room > 0 {
        let Some(mut container) = rows.pop() else {
            handle.advance_to(time + 1);
            return true;
        };
        container.iter_mut().for_each(|row| row.1 = time);
        handle.send_batch(&mut container);
        *room -= 1;
    }
    false
}

/// One worker's share of the dataflow.
pub(crate) struct Graph {
    /// Where facts enter.
    pub(crate) inputs: Inputs,
    /// Where changes come out.
    pub(crate) harvest: Rc<RefCell<Harvest>>,
    /// The enterprises, for surveys.
    pub(crate) tallies: TallyTrace,
    /// Counts the records that name an enterprise by an alias.
    pub(crate) by_alias: Counter,
    /// Finds what waits for an alias.
    pub(crate) lookup: Lookup,
    probe: ProbeHandle<Time>,
    held: Held,
    turns: Pending<(SubjectKey, Target)>,
    gauges: Vec<(&'static str, Box<dyn Gauge>)>,
}

impl Graph {
    /// Builds the dataflow; inputs begin at the beginning of time.
    pub(crate) fn build(worker: &mut Worker, plan: Rc<Plan>, harvest: Harvest) -> Graph {
        worker.dataflow_named::<Time, _, _>("tocsin", |scope| assemble(scope, plan, harvest))
    }

    /// Whether everything up to `time` has come out.
    pub(crate) fn is_done(&self, time: Time) -> bool {
        !self.probe.less_equal(&time)
    }

    /// Lets the arrangements forget history before `time`.
    pub(crate) fn compact(&mut self, time: Time) {
        for (_, gauge) in &mut self.gauges {
            gauge.compact(time);
        }
        Gauge::compact(&mut self.tallies, time);
        self.lookup.compact(time);
    }

    /// Name, rows and bytes of everything that is held.
    pub(crate) fn measure(&self) -> Vec<(&'static str, usize, usize)> {
        let held = self.held.borrow();
        let turns = self.turns.borrow().measure();
        let mut measured = vec![
            ("window", held.rows(), held.bytes()),
            ("terms", turns.0, turns.1),
        ];
        measured.extend(self.gauges.iter().map(|(name, gauge)| {
            let (rows, bytes) = gauge.measure();
            (*name, rows, bytes)
        }));
        measured
    }
}

/// What enters, as collections.
struct Streams<'scope> {
    observations: StreamVec<'scope, Time, Epoch>,
    profiles: Said<'scope, Profile>,
    aliases: Said<'scope, Claim>,
    links: Said<'scope, (Target, Term)>,
    rules: StreamVec<'scope, Time, Version>,
}

fn open(scope: Scope<'_, Time>) -> (Inputs, Streams<'_>) {
    let (observed, observations) = scope.new_input();
    let (profiles, versions) = scope.new_input();
    let (aliases, meanings) = scope.new_input();
    let (links, targets) = scope.new_input();
    let (rules, in_force) = scope.new_input();
    let inputs = Inputs {
        observed,
        profiles,
        aliases,
        links,
        rules,
    };
    let entering = Streams {
        observations,
        profiles: versions.as_collection(),
        aliases: meanings.as_collection(),
        links: targets.as_collection(),
        rules: in_force,
    };
    (inputs, entering)
}

fn assemble(scope: Scope<'_, Time>, plan: Rc<Plan>, harvest: Harvest) -> Graph {
    let (inputs, entering) = open(scope);
    let held = Held::default();

    let (enterprises, names, leads) = by_kind(window(entering.observations, held.clone()));
    let by_alias = Counter::new(plan.clone());
    let names = by_alias.count_all(names).map(apart);
    let names = arrange_named(names, "facts of names");
    let leads = arrange(leads, "leads");
    let aliases = arrange_said(entering.aliases, "aliases");
    let identity = identity(aliases.clone());
    let turns = Pending::default();
    let said = in_term(entering.links, turns.clone());
    let links = links(said, identity.clone(), plan.clone());
    let paths = paths(&links, leads.clone(), plan.clone());
    let reach = reach(paths.clone());
    let (known, named) = by_name(entering.profiles);
    let named = named.map(|(named, version)| {
        let (alias, day) = apart(named);
        (alias, (day, version))
    });
    let named = arrange_said(named, "profiles of names");
    let profiles_of = known.concat(resolve_said(named.clone(), identity.clone()));
    let profiles_of = arrange_said(profiles_of, "profiles");

    let mut tallied = vec![
        resolve_tallies(names.clone(), identity.clone(), by_alias.clone()),
        carry(leads.clone(), reach.clone()),
        latest(profiles_of.clone()),
    ];
    if !plan.groups.is_empty() {
        tallied.push(groups(links.direct.clone(), plan.clone()));
    }
    let lookup = Lookup {
        plan: plan.clone(),
        facts: names.trace.clone(),
        identity: identity.trace.clone(),
        aliases: aliases.trace.clone(),
    };
    let tallied = enterprises.concatenate(tallied);
    let (tallied, members) = match plan.association.clone() {
        Some(def) => {
            let sharing = shared(links.direct.clone(), def.shared.clone());
            let Association {
                members,
                tallies,
                gauge,
            } = association(sharing, tallied, def);
            (tallies, Some((members, gauge)))
        }
        None => (tallied, None),
    };
    let tallied = arrange(tallied, "tallies");
    let mut gauges: Vec<(&'static str, Box<dyn Gauge>)> = vec![
        ("facts of names", Box::new(names.trace)),
        ("leads", Box::new(leads.trace)),
        ("aliases", Box::new(aliases.trace)),
        ("identity", Box::new(identity.trace)),
        ("links to enterprises", Box::new(links.direct.trace)),
        ("links to subjects", Box::new(links.onward.trace)),
        ("links to names", Box::new(links.named.trace)),
        ("paths", Box::new(paths.trace)),
        ("reach", Box::new(reach.trace)),
        ("profiles of names", Box::new(named.trace)),
        ("profiles", Box::new(profiles_of.trace)),
        ("tallies", Box::new(tallied.trace.clone())),
    ];
    let harvest = Rc::new(RefCell::new(harvest));
    let tallies = tallied.trace.clone();
    let mut scored = vec![scores(
        tallied.clone(),
        entering.rules.clone(),
        plan.clone(),
        harvest.clone(),
        Whose::Enterprises,
    )];
    if let Some((members, gauge)) = members {
        let joined = harvest.clone();
        let members = members.inspect(move |((member, group), _, times)| {
            joined.borrow_mut().belongs(*member, *group, *times)
        });
        let members = arrange_said(members, "members of groups");
        let pooled = pool(tallied, members.clone(), plan.clone());
        let pooled = arrange(pooled, "tallies of groups");
        gauges.push(("association", gauge));
        gauges.push(("members of groups", Box::new(members.trace)));
        gauges.push(("tallies of groups", Box::new(pooled.trace.clone())));
        let of_groups = scores(pooled, entering.rules, plan, harvest.clone(), Whose::Groups);
        scored.push(of_groups);
    }
    let (probe, _) = scope.concatenate(scored).probe();
    Graph {
        inputs,
        harvest,
        tallies,
        by_alias,
        lookup,
        probe,
        held,
        turns,
        gauges,
    }
}

/// Tallies of enterprises, of aliases, and of everything else.
fn by_kind(tallies: Tallies<'_>) -> (Tallies<'_>, Tallies<'_>, Tallies<'_>) {
    let (enterprises, others) = split(tallies, |subject| subject.kind().is_enterprise());
    let (names, leads) = split(others, |subject| subject.kind().is_alias());
    (enterprises, names, leads)
}

/// Profiles of enterprises, and of aliases. Nothing else has a profile.
fn by_name<'scope>(
    profiles: Said<'scope, Profile>,
) -> (Said<'scope, Profile>, Said<'scope, Profile>) {
    let (known, others) = split(profiles, |(subject, _)| subject.kind().is_enterprise());
    let named = others.filter(|(subject, _)| subject.kind().is_alias());
    (known, named)
}
