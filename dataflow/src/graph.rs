//! The dataflow, put together: inputs at the top, scores at the bottom.
//!
//! Contract: every worker builds the same graph. Inputs are closed one after
//! another, by [`Inputs::enter`]; after that [`Graph::is_done`] says when every
//! consequence of the epoch has reached the harvest.

use std::cell::RefCell;
use std::rc::Rc;

use differential_dataflow::AsCollection;
use serde::Serialize;
use serde::de::DeserializeOwned;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::operators::{Concatenate, Input, Probe};
use timely::dataflow::{InputHandle, ProbeHandle, Scope, StreamVec};
use timely::worker::Worker;
use tocsin_ingest::fact::{SubjectKey, Term};

use crate::arrivals::{Arrivals, Row};
use crate::association::{Association, association};
use crate::day::business_day;
use crate::footprint::Gauge;
use crate::groups::groups;
use crate::harvest::{Harvest, Whose};
use crate::identity::{Claim, Counter, identity, resolve_said, resolve_tallies};
use crate::latest::{Version as Profile, latest};
use crate::links::{Target, links};
use crate::named::apart;
use crate::observed::Observed;
use crate::pieces::Pieces;
use crate::plan::Plan;
use crate::pool::pool;
use crate::reach::{carry, paths, reach};
use crate::revise::Version;
use crate::scores::scores;
use crate::shared::shared;
use crate::split::split;
use crate::stock::{Part, Stock};
use crate::tally::Tally;
use crate::terms::{Pending, in_term};
use crate::types::{
    Said, Tallies, TallyTrace, Time, arrange, arrange_named, arrange_profiles, arrange_said,
};
use crate::waiting::Lookup;
use crate::window::{Arrived, Came, Held, window};
use crate::worker::Wanted;

type Handle<D> = InputHandle<Time, CapacityContainerBuilder<Vec<D>>>;

/// Where facts enter.
pub(crate) struct Inputs {
    observed: Handle<Arrived>,
    profiles: Handle<Row<Profile>>,
    aliases: Handle<Row<Claim>>,
    links: Handle<Row<(Target, Term)>>,
    rules: Handle<Version>,
    pieces: Pieces,
    after_piece: fn(),
}

/// Parts of a piece that enter before the dataflow is given time to take them in.
const AT_ONCE: usize = 32;
/// Tallies of such a part.
const PART: usize = 1024;

/// An epoch on its way into the dataflow.
pub(crate) struct Entering {
    arrivals: Arrivals,
    /// Once observations have begun to enter.
    tallies: Option<Summed>,
    /// Whether anybody wants to know what it changes.
    wanted: Wanted,
}

/// The tallies of an epoch on their way.
struct Summed {
    tallies: Box<dyn Iterator<Item = (SubjectKey, Tally)>>,
    pieces: usize,
    entered: usize,
}

impl Entering {
    /// The arrivals of an epoch.
    pub(crate) fn new(arrivals: Arrivals, wanted: Wanted) -> Self {
        Entering {
            arrivals,
            tallies: None,
            wanted,
        }
    }
}

impl Inputs {
    /// Calls a function whenever a piece has entered and another is to, and before
    /// the first of several pieces of tallies.
    pub(crate) fn after_pieces(&mut self, function: fn()) {
        self.after_piece = function;
    }

    /// Begins to close an epoch at `time`.
    pub(crate) fn begin(&mut self, time: Time) {
        self.pieces.begin(*self.observed.time(), time);
    }

    /// Enters a part of an epoch; `true` when all of it has entered and nothing
    /// at or before its time can come any more. Rules enter at their own times.
    ///
    /// A part at a time, a piece after the other, and one input after another:
    /// what waits is held once, and of a large epoch a piece is arranged, and its
    /// rows freed, before those of the next begin to move.
    pub(crate) fn enter(&mut self, epoch: &mut Entering) -> bool {
        let arrivals = &mut epoch.arrivals;
        for (from, rules) in arrivals.rules.drain(..) {
            let from = from.max(*self.rules.time());
            self.rules.advance_to(from);
            self.rules.send((from, rules));
        }
        let mut room = AT_ONCE;
        let pieces = (&self.pieces, self.after_piece);
        send(&mut self.aliases, &mut arrivals.aliases, pieces, &mut room)
            && send(
                &mut self.profiles,
                &mut arrivals.profiles,
                pieces,
                &mut room,
            )
            && send(&mut self.links, &mut arrivals.links, pieces, &mut room)
            && self.observe(epoch, &mut room)
    }

    /// Enters as many parts of the epoch's tallies as there is room for; `true`
    /// when that was the last.
    fn observe(&mut self, epoch: &mut Entering, room: &mut usize) -> bool {
        let close = self.pieces.close();
        let summed = match &mut epoch.tallies {
            Some(summed) => summed,
            none => none.insert(self.sum_up(&mut epoch.arrivals)),
        };
        while *room > 0 {
            let piece = (summed.entered / epoch.arrivals.size.weight()).min(summed.pieces - 1);
            let time = self.pieces.at(piece, summed.pieces);
            if *self.observed.time() < time {
                (self.after_piece)();
            }
            self.observed.advance_to(time);
            if epoch.wanted == Wanted::Nothing && time > *self.rules.time() {
                // Then each piece is done with at once.
                self.rules.advance_to(time);
            }
            let part: Vec<_> = summed.tallies.by_ref().take(PART).collect();
            if part.is_empty() {
                self.observed.advance_to(close + 1);
                self.rules.advance_to(close + 1);
                return true;
            }
            let entries = part.iter().map(|(_, tally)| tally.entries().len());
            summed.entered += part.len() + entries.sum::<usize>();
            self.observed.send((time, Came::Counting(part)));
            *room -= 1;
        }
        false
    }

    /// Enters what will stop counting, and sums up what counts.
    fn sum_up(&mut self, arrivals: &mut Arrivals) -> Summed {
        let (close, size) = (self.pieces.close(), arrivals.size);
        let observed = std::mem::replace(&mut arrivals.observed, Observed::new(size));
        let (sums, days) = observed.close(business_day(close));
        let pieces = sums.weight().div_ceil(size.weight()).max(1);
        if pieces > 1 {
            // From the first piece on: tallies are freed one by one, and their pages
            // would be kept while arrangements are made of them.
            (self.after_piece)();
        }
        let time = self.pieces.at(0, pieces);
        self.observed.advance_to(time);
        for (day, pile) in days {
            self.observed.send((time, Came::Ending(day, pile)));
        }
        Summed {
            tallies: sums.into_tallies(),
            pieces,
            entered: 0,
        }
    }
}

/// Sends so many parts as there is room for; `true` when that was the last, and
/// the input is closed.
fn send<V: Clone + Serialize + DeserializeOwned + 'static>(
    handle: &mut Handle<Row<V>>,
    rows: &mut Stock<V>,
    (pieces, after_piece): (&Pieces, fn()),
    room: &mut usize,
) -> bool {
    if *handle.time() > pieces.close() {
        return true;
    }
    while *room > 0 {
        let Some(Part {
            mut rows,
            piece,
            of,
        }) = rows.take()
        else {
            handle.advance_to(pieces.close() + 1);
            return true;
        };
        let time = pieces.at(piece, of);
        if *handle.time() < time && piece > 0 {
            after_piece();
        }
        handle.advance_to(time);
        rows.iter_mut().for_each(|row| row.1 = time);
        handle.send_batch(&mut rows);
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
    observations: StreamVec<'scope, Time, Arrived>,
    profiles: Said<'scope, Profile>,
    aliases: Said<'scope, Claim>,
    links: Said<'scope, (Target, Term)>,
    rules: StreamVec<'scope, Time, Version>,
}

fn open(scope: Scope<'_, Time>, pieces: Pieces) -> (Inputs, Streams<'_>) {
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
        pieces,
        after_piece: || {},
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
    let pieces = Pieces::default();
    let (inputs, entering) = open(scope, pieces.clone());
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
    let profiles_of = arrange_profiles(profiles_of, "profiles");

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
            } = association(sharing, tallied, def, pieces.clone());
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
        (harvest.clone(), Whose::Enterprises),
        pieces.clone(),
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
        let whose = (harvest.clone(), Whose::Groups);
        scored.push(scores(pooled, entering.rules, plan, whose, pieces));
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
