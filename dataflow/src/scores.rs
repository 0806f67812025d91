//! Scores: tallies × model, for the enterprises that change.
//!
//! Contract: at every instant the assessments are those of the registered
//! enterprises under the model in force on that business day; an update says
//! what was and what is. A new model revises every enterprise, a midnight those
//! with facts that age. State is the arrangement of tallies: what an assessment
//! was is computed again.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use differential_dataflow::trace::cursor::cursor_list;
use differential_dataflow::trace::{BatchCursor, Cursor, SpanOf, TraceReader};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::Stream;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::Capability;
use timely::dataflow::operators::generic::Operator;
use timely::progress::Antichain;
use timely::progress::frontier::MutableAntichain;
use tocsin_ingest::fact::SubjectKey;

use crate::day::{business_day, midnight};
use crate::harvest::{Harvest, Whose};
use crate::packed::Packed;
use crate::pieces::Pieces;
use crate::plan::Plan;
use crate::revise::{Reviser, ScoreChange, Version};
use crate::tally::Tally;
use crate::types::{ArrangedTallies, TallyBatch, TallyTrace, Time};
use crate::worker::Wanted;

type Nothing = CapacityContainerBuilder<Vec<()>>;

/// Scores the enterprises, or the groups, of `tallies` under the models, which
/// every worker gets. Changes go straight to the harvest: they are large, and a stream would
/// hold them twice. What is behind the output's frontier has been harvested.
pub(crate) fn scores<'scope>(
    tallies: ArrangedTallies<'scope>,
    models: Stream<'scope, Time, Vec<Version>>,
    plan: Rc<Plan>,
    (harvest, whose): (Rc<RefCell<Harvest>>, Whose),
    pieces: Pieces,
) -> Stream<'scope, Time, Vec<()>> {
    let mut intake = Intake::new(tallies.trace);
    let mut reviser = Reviser::new(plan);
    let stream = tallies.stream;
    stream.binary_frontier::<_, Nothing, _, _, _, _>(
        models,
        Pipeline,
        Pipeline,
        "scores",
        move |capability, _info| {
            // For the first midnight to come; without it an epoch would seem
            // complete before its midnights have been looked at.
            let mut midnight_capability = reviser.ages().then_some(capability);
            move |(batches, tallied), (models, modelled), _output| {
                models.for_each(|capability, versions| {
                    intake
                        .capabilities
                        .extend(capability.retain_stamp(0).iter().cloned());
                    intake.versions.append(versions);
                });
                batches.for_each(|capability, spans| {
                    intake
                        .capabilities
                        .extend(capability.retain_stamp(0).iter().cloned());
                    intake.spans.extend(spans.drain(..));
                });
                let lower = intake.upper.clone();
                let since = intake.until;
                let wanted = match whose {
                    Whose::Enterprises => harvest.borrow().wanted,
                    // Nobody keeps groups: they are told again after a restart.
                    Whose::Groups => Wanted::Changes,
                };
                // Where nobody is told, each piece is done with at once.
                let together = (wanted == Wanted::Changes).then_some(&pieces);
                let (ready, due) = intake.ready(tallied, modelled, together);
                reviser.begin(since, intake.until, due);
                if !ready.is_empty() || reviser.affects_all() {
                    let mut harvest = harvest.borrow_mut();
                    reviser.want(wanted);
                    let known = &mut intake.trace;
                    let told = |time| pieces.settled(time);
                    let harvested = &mut |change| harvest.add(change, whose);
                    revise_all(&mut reviser, known, (&lower, told), ready, harvested);
                    reviser.end();
                    for (slot, change) in reviser.take_matched() {
                        harvest.count(slot, change, whose);
                    }
                    harvest.grade(&reviser.take_graded(), whose);
                }
                wait_for_midnight(&mut midnight_capability, intake.until);
                intake.tidy();
            }
        },
    )
}

/// Downgrades the capability to the first midnight at or after `until`.
fn wait_for_midnight(capability: &mut Option<Capability<Time>>, until: Time) {
    if until == Time::MAX {
        *capability = None;
    }
    let next = midnight(business_day(until.saturating_sub(1)) + 1);
    if let Some(capability) = capability
        .as_mut()
        .filter(|c| *c.time() < next && until > 0)
    {
        capability.downgrade(&next);
    }
}

/// What has arrived and waits for the times before it to be complete.
struct Intake {
    trace: TallyTrace,
    spans: VecDeque<SpanOf<TallyTrace>>,
    versions: Vec<Version>,
    capabilities: Vec<Capability<Time>>,
    /// Every batch before this has been revised.
    upper: Antichain<Time>,
    /// Everything before this has been: batches, models and midnights.
    until: Time,
}

type Batch = TallyBatch;

impl Intake {
    fn new(trace: TallyTrace) -> Self {
        Intake {
            trace,
            spans: VecDeque::new(),
            versions: Vec::new(),
            capabilities: Vec::new(),
            upper: Antichain::from_elem(Time::MIN),
            until: Time::MIN,
        }
    }

    /// Takes the batches and models of all times that are complete on both
    /// sides, and advances `upper` and `until` to where that ends. Those of the
    /// pieces that are to be told of together are taken together.
    fn ready(
        &mut self,
        tallied: &MutableAntichain<Time>,
        modelled: &MutableAntichain<Time>,
        together: Option<&Pieces>,
    ) -> (Vec<Batch>, Vec<Version>) {
        let complete = |frontier: &MutableAntichain<Time>| {
            let time = first(&frontier.frontier());
            together.map_or(time, |pieces| pieces.whole(time))
        };
        let (tallied, modelled) = (complete(tallied), complete(modelled));
        let both = tallied.min(modelled);
        let mut batches = Vec::new();
        while self
            .spans
            .front()
            .is_some_and(|span| first(&span.upper().borrow()) <= both)
        {
            let Some(span) = self.spans.pop_front() else {
                break;
            };
            self.upper.clone_from(span.upper());
            batches.extend(span.inner);
        }
        let mut until = first(&self.upper.borrow());
        if self.spans.is_empty() {
            self.trace.advance_upper(&mut self.upper);
            until = tallied.max(first(&self.upper.borrow())).min(modelled);
        }
        self.until = self.until.max(until);
        let due = self
            .versions
            .extract_if(.., |(time, _)| *time < until)
            .collect();
        (batches, due)
    }

    fn tidy(&mut self) {
        if self.spans.is_empty() && self.versions.is_empty() {
            self.capabilities.clear();
        }
        self.trace.set_logical_compaction(self.upper.borrow());
        self.trace.set_physical_compaction(self.upper.borrow());
    }
}

/// The first time of a frontier; the end of time when it is empty.
fn first(frontier: &[Time]) -> Time {
    frontier.first().copied().unwrap_or(Time::MAX)
}

/// Revises the enterprises of `ready`, or all when a model comes into force;
/// `lower` is where `ready` begins, and `told` says at which instant what was so
/// at another is told.
fn revise_all(
    reviser: &mut Reviser,
    trace: &mut TallyTrace,
    (lower, told): (&Antichain<Time>, impl Fn(Time) -> Time),
    ready: Vec<Batch>,
    harvest: &mut dyn FnMut(ScoreChange),
) {
    let past = trace.batches_through(lower.borrow()).unwrap_or_default();
    let (mut olds, olds_store) = cursor_list(past);
    let (mut news, news_store) = cursor_list(ready);
    let (mut changes, mut tally) = (Vec::new(), Tally::default());
    loop {
        let changed = news.get_key(&news_store).copied();
        match changed {
            Some(enterprise) if !reviser.affects_all() => olds.seek_key(&olds_store, &enterprise),
            None if !reviser.affects_all() => break,
            _ => {}
        }
        let known = olds.get_key(&olds_store).copied();
        let Some(enterprise) = least(changed, known, reviser.affects_all()) else {
            break;
        };
        tally.clear();
        if known == Some(enterprise) {
            each(&mut olds, &olds_store, |_, change| {
                change.add_to(&mut tally)
            });
            olds.step_key(&olds_store);
        }
        if changed == Some(enterprise) {
            each(&mut news, &news_store, |time, change| {
                changes.push((told(time), change.tally()))
            });
            news.step_key(&news_store);
        }
        reviser.revise(enterprise, &mut tally, &mut changes, &mut *harvest);
    }
}

/// The enterprise to revise next: of the changed ones, or of all.
fn least(changed: Option<SubjectKey>, known: Option<SubjectKey>, all: bool) -> Option<SubjectKey> {
    match all {
        true => changed.into_iter().chain(known).min(),
        false => changed,
    }
}

type Tallied = differential_dataflow::trace::cursor::CursorList<BatchCursor<TallyTrace>>;

fn each(cursor: &mut Tallied, store: &Vec<Batch>, mut action: impl FnMut(Time, Packed<'_>)) {
    cursor.map_times(store, |time, change| action(*time, change));
}
