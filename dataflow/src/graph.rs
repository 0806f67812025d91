//! The dataflow, put together: inputs at the top, scores at the bottom.
//!
//! Contract: every worker builds the same graph. Inputs advance together, by
//! [`Inputs::close`]; after it, [`Graph::is_done`] says when every consequence
//! of the epoch has reached the harvest.

use std::cell::RefCell;
use std::rc::Rc;

use differential_dataflow::AsCollection;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::operators::{Input, Probe};
use timely::dataflow::{InputHandle, ProbeHandle, Scope, StreamVec};
use timely::worker::Worker;
use tocsin_ingest::fact::SubjectKey;

use crate::arrivals::{Arrivals, Row};
use crate::footprint::Gauge;
use crate::groups::groups;
use crate::harvest::Harvest;
use crate::identity::{identity, resolve_said, resolve_tallies};
use crate::latest::{Version as Profile, latest};
use crate::links::{Target, links};
use crate::plan::Plan;
use crate::reach::{carry, paths, reach};
use crate::revise::Version;
use crate::scores::scores;
use crate::split::split;
use crate::types::{Said, Tallies, Time, arrange};
use crate::window::{Epoch, Held, window};

type Handle<D> = InputHandle<Time, CapacityContainerBuilder<Vec<D>>>;

/// Where facts enter.
pub(crate) struct Inputs {
    observed: Handle<Epoch>,
    profiles: Handle<Row<Profile>>,
    aliases: Handle<Row<SubjectKey>>,
    links: Handle<Row<Target>>,
    models: Handle<Version>,
}

impl Inputs {
    /// Enters an epoch at `time` and closes it: nothing at or before `time` can
    /// come any more. Models enter at their own times.
    pub(crate) fn close(&mut self, time: Time, arrivals: Arrivals) {
        for (from, model) in arrivals.models {
            let from = from.max(*self.models.time());
            self.models.advance_to(from);
            self.models.send((from, model));
        }
        self.models.advance_to(time + 1);
        self.observed.advance_to(time);
        if !arrivals.observed.is_empty() {
            self.observed.send((time, arrivals.observed));
        }
        self.observed.advance_to(time + 1);
        send(&mut self.profiles, time, arrivals.profiles, |row| {
            row.1 = time
        });
        send(&mut self.aliases, time, arrivals.aliases, |row| {
            row.1 = time
        });
        send(&mut self.links, time, arrivals.links, |row| row.1 = time);
    }
}

fn send<D: Clone + 'static>(
    handle: &mut Handle<D>,
    time: Time,
    rows: Vec<Vec<D>>,
    stamp: impl Fn(&mut D),
) {
    handle.advance_to(time);
    for mut container in rows {
        container.iter_mut().for_each(&stamp);
        handle.send_batch(&mut container);
    }
    handle.advance_to(time + 1);
}

/// One worker's share of the dataflow.
pub(crate) struct Graph {
    /// Where facts enter.
    pub(crate) inputs: Inputs,
    /// Where changes come out.
    pub(crate) harvest: Rc<RefCell<Harvest>>,
    probe: ProbeHandle<Time>,
    held: Held,
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
    }

    /// Name, rows and bytes of everything that is held.
    pub(crate) fn measure(&self) -> Vec<(&'static str, usize, usize)> {
        let held = self.held.borrow();
        let mut measured = vec![("window", held.rows(), held.bytes())];
        measured.extend(self.gauges.iter().map(|(name, gauge)| {
            let (rows, bytes) = gauge.measure();
            (*name, rows, bytes)
        }));
        measured
    }
}

/// What enters, as collections.
struct Entering<'scope> {
    observations: StreamVec<'scope, Time, Epoch>,
    profiles: Said<'scope, Profile>,
    aliases: Said<'scope, SubjectKey>,
    links: Said<'scope, Target>,
    models: StreamVec<'scope, Time, Version>,
}

fn open(scope: Scope<'_, Time>) -> (Inputs, Entering<'_>) {
    let (observed, observations) = scope.new_input();
    let (profiles, versions) = scope.new_input();
    let (aliases, meanings) = scope.new_input();
    let (links, targets) = scope.new_input();
    let (models, in_force) = scope.new_input();
    let inputs = Inputs {
        observed,
        profiles,
        aliases,
        links,
        models,
    };
    let entering = Entering {
        observations,
        profiles: versions.as_collection(),
        aliases: meanings.as_collection(),
        links: targets.as_collection(),
        models: in_force,
    };
    (inputs, entering)
}

fn assemble(scope: Scope<'_, Time>, plan: Rc<Plan>, harvest: Harvest) -> Graph {
    let (inputs, entering) = open(scope);
    let held = Held::default();

    let (enterprises, names, leads) = by_kind(window(entering.observations, held.clone()));
    let names = arrange(names, "facts of names");
    let leads = arrange(leads, "leads");
    let aliases = entering.aliases.arrange_by_key_named("aliases");
    let identity = identity(aliases.clone());
    let links = links(entering.links, identity.clone(), plan.clone());
    let paths = paths(&links, plan.clone());
    let reach = reach(paths.clone());
    let (known, named) = by_name(entering.profiles);
    let named = named.arrange_by_key_named("profiles of names");
    let profiles_of = known.concat(resolve_said(named.clone(), identity.clone()));
    let profiles_of = profiles_of.arrange_by_key_named("profiles");

    let mut tallied = vec![
        resolve_tallies(names.clone(), identity.clone()),
        carry(leads.clone(), reach.clone()),
        latest(profiles_of.clone()),
    ];
    if !plan.groups.is_empty() {
        tallied.push(groups(links.direct.clone(), plan.clone()));
    }
    let tallied = arrange(enterprises.concatenate(tallied), "tallies");
    let gauges: Vec<(&'static str, Box<dyn Gauge>)> = vec![
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
    let (probe, _) = scores(tallied, entering.models, plan, harvest.clone()).probe();
    Graph {
        inputs,
        harvest,
        probe,
        held,
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
