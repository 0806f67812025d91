//! The association graph: enterprises that share subjects, their groups, and
//! what belonging and neighbourhood say of each of them.
//!
//! Contract: at every time, as a function of the links and facts at that time
//! alone: every member of a connected component of 2 to `largest` enterprises
//! belongs to the group that the least of them names, and has the slot of sizes;
//! every enterprise has a fact for each case near it and for each ended firm it
//! goes on from, as declared. Components above `largest` are no group.
//!
//! One worker holds the whole graph, because components know no borders; only
//! links that are shared enter it. Labels are not held: what is said of the
//! surroundings of a change is computed before and after it, and the difference
//! leaves. So one change visits and emits at most the members of the groups it
//! touches, `largest` each, and what lies around cases within two steps.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use differential_dataflow::AsCollection;
use differential_dataflow::consolidation::consolidate;
use hashbrown::HashSet;
use serde::{Deserialize, Serialize};
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::generic::Operator;
use timely::dataflow::operators::vec::Map;
use timely::dataflow::operators::{Concat, OkErr};
use tocsin_ingest::fact::{Slot, SubjectKey, VALUE_SCALE};

use crate::adjacency::{Adjacency, Shared};
use crate::alarm::Alarm;
use crate::footprint::Gauge;
use crate::pieces::Pieces;
use crate::plan::AssociationDef;
use crate::shared::Sharing;
use crate::surroundings::{Components, Known, around, ball, goes_on_from};
use crate::tally::{Entry, Tally};
use crate::types::{Said, Tallies, Time};
use crate::watch::watch;

/// What the graph hears of.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum News {
    /// An enterprise shares a subject, or no longer.
    Shares(Shared, SubjectKey, isize),
    /// Facts of an enterprise in a slot that the graph looks at.
    Facts(SubjectKey, Entry),
}

/// What the graph says of an enterprise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Saying {
    /// It belongs to the group that this enterprise names.
    Belongs(SubjectKey),
    /// It has these facts.
    Counts(Entry),
}

/// Sayings with how often they are said, or no longer.
type Sayings = Vec<((SubjectKey, Saying), isize)>;

/// The graph of one worker, shared so that it can be measured.
type Held = Rc<RefCell<Graph>>;

/// What comes of the graph.
pub(crate) struct Association<'scope> {
    /// Members and the enterprises that name their groups.
    pub(crate) members: Said<'scope, SubjectKey>,
    /// The tallies with those that groups and neighbours give.
    pub(crate) tallies: Tallies<'scope>,
    /// What it costs.
    pub(crate) gauge: Box<dyn Gauge>,
}

/// Maintains the graph. `tallies` are those of enterprises without what comes of
/// the graph itself.
pub(crate) fn association<'scope>(
    sharing: Sharing<'scope>,
    tallies: Tallies<'scope>,
    def: AssociationDef,
    pieces: Pieces,
) -> Association<'scope> {
    let watched: HashSet<Slot> = def.watched().collect();
    let shares = sharing
        .inner
        .map(|((shared, enterprise), time, n)| (time, News::Shares(shared, enterprise, n)));
    let (tallies, heard) = watch(tallies, watched);
    let facts = heard.map(|(enterprise, time, entry)| (time, News::Facts(enterprise, entry)));
    let graph = Rc::new(RefCell::new(Graph::new(def)));
    let said = run(shares.concat(facts), graph.clone(), pieces);
    let (members, counts): (StreamVec<_, _>, StreamVec<_, _>) =
        said.ok_err(|(enterprise, saying, time, n)| match saying {
            Saying::Belongs(group) => Ok(((enterprise, group), time, n)),
            Saying::Counts(entry) => {
                let (count, sum) = (n as i32, n as i64);
                let (count, sum) = (entry.n.wrapping_mul(count), entry.sum.wrapping_mul(sum));
                Err((enterprise, time, Tally::one(entry.slot, count, sum)))
            }
        });
    Association {
        members: members.as_collection(),
        tallies: tallies.concat(counts.as_collection()),
        gauge: Box::new(graph),
    }
}

/// Brings all news to one worker, and its graph from time to time.
fn run<'scope>(
    news: StreamVec<'scope, Time, (Time, News)>,
    graph: Held,
    pieces: Pieces,
) -> StreamVec<'scope, Time, (SubjectKey, Saying, Time, isize)> {
    let one = Exchange::new(|_: &(Time, News)| 0);
    news.unary_frontier(one, "association", move |capability, _info| {
        drop(capability);
        let mut waiting = Waiting::new(pieces);
        move |(input, frontier), output| {
            input.for_each(|capability, news| {
                for (time, news) in news.drain(..) {
                    waiting.news.entry(time).or_default().push(news);
                }
                waiting.alarm.set(waiting.first(), &capability);
            });
            while let Some(time) = waiting.due(|time| frontier.less_equal(time)) {
                let news = waiting.take(time);
                let sayings = graph.borrow_mut().change(news);
                if let Some(capability) = waiting.alarm.capability() {
                    let rows = sayings.into_iter();
                    let rows = rows.map(|((of, saying), n)| (of, saying, time, n));
                    output.session(capability).give_iterator(rows);
                }
                waiting.alarm.set_on(waiting.first());
            }
        }
    })
}

/// The news of one time.
#[derive(Default)]
struct Changes {
    shares: Vec<((Shared, SubjectKey), isize)>,
    facts: Vec<(SubjectKey, Entry)>,
}

impl Changes {
    fn push(&mut self, news: News) {
        match news {
            News::Shares(shared, enterprise, n) => self.shares.push(((shared, enterprise), n)),
            News::Facts(enterprise, entry) => self.facts.push((enterprise, entry)),
        }
    }
}

/// News of times that are not complete yet.
struct Waiting {
    news: BTreeMap<Time, Changes>,
    pieces: Pieces,
    /// For the first of these times.
    alarm: Alarm,
}

impl Waiting {
    fn new(pieces: Pieces) -> Self {
        Waiting {
            news: BTreeMap::new(),
            pieces,
            alarm: Alarm::default(),
        }
    }

    /// When the first news are to be told. Those of all pieces of an epoch are
    /// told together: what groups would be in between costs much and is nobody's
    /// concern.
    fn first(&self) -> Option<Time> {
        let (first, _) = self.news.first_key_value()?;
        Some(self.pieces.settled(*first))
    }

    /// The first time, if nothing more can come until then.
    fn due(&self, to_come: impl Fn(&Time) -> bool) -> Option<Time> {
        self.first().filter(|time| !to_come(time))
    }

    /// Takes the news up to `time`.
    fn take(&mut self, time: Time) -> Changes {
        let later = self.news.split_off(&(time + 1));
        let mut news = std::mem::replace(&mut self.news, later).into_values();
        let first = news.next().unwrap_or_default();
        news.fold(first, |mut all, mut some| {
            all.shares.append(&mut some.shares);
            all.facts.append(&mut some.facts);
            all
        })
    }
}

/// The links there are, and what is known of the enterprises.
struct Graph {
    def: AssociationDef,
    links: Adjacency,
    known: Known,
}

/// The enterprises of which something may be said that was not said before.
#[derive(Default)]
struct Touched {
    /// They share a subject whose sharers change.
    linked: HashSet<SubjectKey>,
    /// Cases, before or after, around which links or facts change.
    cases: HashSet<SubjectKey>,
    /// What they go on from may change.
    returning: HashSet<SubjectKey>,
}

impl Graph {
    fn new(def: AssociationDef) -> Self {
        Graph {
            def,
            links: Adjacency::new(),
            known: Known::default(),
        }
    }

    /// Applies the news of one time; what differs afterwards.
    fn change(&mut self, Changes { mut shares, facts }: Changes) -> Sayings {
        consolidate(&mut shares);
        let touched = self.touched(&shares, &facts);
        let mut sayings = Sayings::new();
        self.say(&touched, -1, &mut sayings);
        for ((shared, enterprise), n) in shares {
            match n > 0 {
                true => self.links.link(shared, enterprise),
                false => self.links.unlink(shared, enterprise),
            }
        }
        for (enterprise, entry) in facts {
            self.known.add(enterprise, entry);
        }
        self.say(&touched, 1, &mut sayings);
        consolidate(&mut sayings);
        sayings
    }

    /// Whom a change touches. A way that the change makes or breaks leads, up to
    /// the first link that changes, over links that are there before and after:
    /// so what lies around the change before it is enough to know.
    fn touched(
        &self,
        shares: &[((Shared, SubjectKey), isize)],
        facts: &[(SubjectKey, Entry)],
    ) -> Touched {
        let mut touched = Touched::default();
        for at_once in shares.chunk_by(|a, b| a.0.0 == b.0.0) {
            let subject = at_once[0].0.0;
            touched.linked.extend(self.links.sharers(subject));
            let changing = at_once.iter().map(|((_, enterprise), _)| *enterprise);
            touched.linked.extend(changing);
        }
        for def in &self.def.neighbours {
            for enterprise in &touched.linked {
                let near = ball(&self.links, *enterprise, def.kinds, def.hops - 1);
                let near = near.into_iter().map(|place| self.links.key(place));
                touched
                    .cases
                    .extend(near.filter(|e| self.known.speaks_of(*e)));
                touched.cases.insert(*enterprise);
            }
        }
        let of_cases = |slot| self.def.neighbours.iter().any(|def| def.of.contains(&slot));
        let cases = facts.iter().filter(|(_, entry)| of_cases(entry.slot));
        touched.cases.extend(cases.map(|(of, _)| *of));
        touched.returning.extend(&touched.linked);
        for def in &self.def.returns {
            let days = facts.iter().filter(|(_, entry)| def.asks_for(entry.slot));
            for (enterprise, _) in days {
                let beside = ball(&self.links, *enterprise, def.kinds, 1);
                let beside = beside.into_iter().map(|place| self.links.key(place));
                touched.returning.extend(beside);
            }
        }
        touched
    }

    /// Everything that there is to say of whom a change touches, `times`.
    fn say(&self, touched: &Touched, times: isize, sayings: &mut Sayings) {
        self.say_groups(&touched.linked, times, sayings);
        for def in &self.def.neighbours {
            let cases = touched.cases.iter();
            for case in cases.filter(|case| self.known.is_case(**case, &def.of)) {
                let one = counts(def.slot, 1, 1);
                sayings.extend(around(&self.links, *case, def).map(|e| ((e, one), times)));
            }
        }
        for def in &self.def.returns {
            for enterprise in &touched.returning {
                let ended = goes_on_from(&self.links, &self.known, *enterprise, def);
                if ended > 0 {
                    let many = counts(def.slot, ended, i64::from(ended));
                    sayings.push(((*enterprise, many), times));
                }
            }
        }
    }

    fn say_groups(&self, of: &HashSet<SubjectKey>, times: isize, sayings: &mut Sayings) {
        let mut components = Components::default();
        for seed in of {
            let largest = self.def.largest as usize;
            let Some(members) = components.of(&self.links, *seed, largest) else {
                continue;
            };
            let size = self
                .def
                .size
                .map(|slot| counts(slot, 1, members.len() as i64));
            for member in &members {
                let said = [Some(Saying::Belongs(members[0])), size];
                let said = said.into_iter().flatten();
                sayings.extend(said.map(|saying| ((*member, saying), times)));
            }
        }
    }
}

/// So many facts, whose values sum to `value`.
fn counts(slot: Slot, n: i32, value: i64) -> Saying {
    let sum = value * VALUE_SCALE;
    Saying::Counts(Entry {
        slot,
        day: 0,
        n,
        sum,
    })
}

impl Gauge for Held {
    fn compact(&mut self, _time: Time) {}

    fn measure(&self) -> (usize, usize) {
        let graph = self.borrow();
        let (links, enterprises) = (graph.links.measure(), graph.known.measure());
        (links.0 + enterprises.0, links.1 + enterprises.1)
    }
}

#[cfg(test)]
mod tests;
