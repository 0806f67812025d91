//! `tocsin whatif`: which alerts other rules would open, close or move, of all
//! enterprises, without touching anything.
//!
//! A change of rules takes effect at once: an alert then stands where its figures
//! put it, whatever the hysteresis held. So what is compared is the level of the
//! open alert now (held) with the level of a fresh judgement under the proposal
//! (then); the level of a fresh judgement now stands beside them.

mod ask;
mod proposal;

pub use ask::{get, whatif};
pub use proposal::Proposal;

use crate::pipeline::judge::figures;
use crate::pipeline::records::Records;
use crate::pipeline::rules::InForce;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tocsin_alerts::level::{Level, Policy, level_of};
use tocsin_alerts::lifecycle::Book;
use tocsin_dataflow::{Assessment, Engine, Survey, Visit};
use tocsin_ingest::fact::SubjectKey;

/// Changes listed when nothing is asked for.
pub const LISTED: usize = 1_000;
/// Changes listed at most; all are counted.
pub const MAX_LISTED: usize = 1_000_000;

/// How many enterprises have each level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByLevel {
    /// 红
    pub red: u64,
    /// 橙
    pub orange: u64,
    /// 黄
    pub yellow: u64,
    /// 蓝
    pub blue: u64,
    /// 无
    pub none: u64,
}

impl ByLevel {
    fn count(&mut self, level: Level) {
        *match level {
            Level::Red => &mut self.red,
            Level::Orange => &mut self.orange,
            Level::Yellow => &mut self.yellow,
            Level::Blue => &mut self.blue,
            Level::None => &mut self.none,
        } += 1;
    }

    fn add(&mut self, other: ByLevel) {
        self.red += other.red;
        self.orange += other.orange;
        self.yellow += other.yellow;
        self.blue += other.blue;
        self.none += other.none;
    }
}

/// What happens to an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Move {
    /// There was none.
    Opened,
    /// To a higher level.
    Raised,
    /// To a lower one.
    Lowered,
    /// There is none any more.
    Closed,
}

impl Move {
    fn of(held: Level, then: Level) -> Option<Move> {
        match (held, then) {
            _ if held == then => None,
            (Level::None, _) => Some(Move::Opened),
            (_, Level::None) => Some(Move::Closed),
            _ if then > held => Some(Move::Raised),
            _ => Some(Move::Lowered),
        }
    }

    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Move::Opened => "opened",
            Move::Raised => "raised",
            Move::Lowered => "lowered",
            Move::Closed => "closed",
        }
    }
}

/// How many alerts are moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moves {
    /// New ones.
    pub opened: u64,
    /// To a higher level.
    pub raised: u64,
    /// To a lower level.
    pub lowered: u64,
    /// Ended.
    pub closed: u64,
    /// Of those lowered or closed: the figures gave no more even before, only the
    /// hysteresis held them. Any change of rules lets them go.
    pub held_only: u64,
}

/// One alert that would be moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// How.
    pub change: Move,
    /// Credit code or opaque identifier.
    pub id: String,
    /// The enterprise's name.
    pub name: Option<String>,
    /// Its district.
    pub district: Option<String>,
    /// The level of the open alert.
    pub held: Level,
    /// What its figures give under the rules in force.
    pub now: Level,
    /// What they give under the proposal.
    pub then: Level,
    /// 0 to 100.
    pub index_now: f64,
    /// 0 to 100.
    pub index_then: f64,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// As of which epoch.
    pub epoch: u64,
    /// Its business time.
    pub as_of: String,
    /// The rules in force.
    pub rules: String,
    /// The rules proposed.
    pub proposed: String,
    /// Enterprises assessed under both.
    pub enterprises: u64,
    /// By the level of the open alert.
    pub held: ByLevel,
    /// By a fresh judgement under the rules in force.
    pub now: ByLevel,
    /// By a fresh judgement under the proposal.
    pub then: ByLevel,
    /// Exact, also where not all are listed.
    pub moves: Moves,
    /// The highest level and index under the proposal first.
    pub listed: Vec<Moved>,
    /// Whether all are listed.
    pub complete: bool,
    /// How long it took.
    pub seconds: f64,
    /// Leads, no findings.
    pub notice: String,
}

/// A move, before anybody knows a name.
#[derive(Debug, Clone, Copy)]
struct Found {
    enterprise: SubjectKey,
    held: Level,
    now: Level,
    then: Level,
    index_now: u16,
    index_then: u16,
}

/// What one worker has found.
#[derive(Default)]
struct Part {
    enterprises: u64,
    held: ByLevel,
    now: ByLevel,
    then: ByLevel,
    moves: Moves,
    found: Vec<Found>,
    cut: bool,
}

impl Part {
    fn see(&mut self, found: Found, limit: usize) {
        self.enterprises += 1;
        self.held.count(found.held);
        self.now.count(found.now);
        self.then.count(found.then);
        let Some(change) = Move::of(found.held, found.then) else {
            return;
        };
        let moves = &mut self.moves;
        *match change {
            Move::Opened => &mut moves.opened,
            Move::Raised => &mut moves.raised,
            Move::Lowered => &mut moves.lowered,
            Move::Closed => &mut moves.closed,
        } += 1;
        moves.held_only += u64::from(found.then < found.held && found.now == found.then);
        self.found.push(found);
        if self.found.len() >= 2 * limit.max(1) {
            self.cut(limit);
        }
    }

    /// Keeps the first `limit`.
    fn cut(&mut self, limit: usize) {
        let rank = |found: &Found| (found.then, found.index_then, found.held);
        self.found
            .sort_by(|a, b| rank(b).cmp(&rank(a)).then(a.enterprise.cmp(&b.enterprise)));
        self.cut |= self.found.len() > limit;
        self.found.truncate(limit);
    }

    fn add(&mut self, other: Part) {
        self.enterprises += other.enterprises;
        self.held.add(other.held);
        self.now.add(other.now);
        self.then.add(other.then);
        self.moves.opened += other.moves.opened;
        self.moves.raised += other.moves.raised;
        self.moves.lowered += other.moves.lowered;
        self.moves.closed += other.moves.closed;
        self.moves.held_only += other.moves.held_only;
        self.found.extend(other.found);
        self.cut |= other.cut;
    }
}

/// A question that the engine is answering.
pub struct Pending {
    survey: Survey,
    parts: Vec<Arc<Mutex<Part>>>,
    records: Records,
    answer: Answer,
    limit: usize,
    started: Instant,
}

impl Pending {
    /// Begins to compare the rules in force with those proposed, over the state
    /// of the last epoch.
    ///
    /// # Errors
    /// When the rules do not fit the engine, or a worker is gone.
    pub fn begin(
        engine: &Engine,
        book: &Book,
        (now, then): (&InForce, &InForce),
        (epoch, time_ms): (u64, i64),
        limit: Option<usize>,
    ) -> Result<Pending> {
        let started = Instant::now();
        let limit = limit.unwrap_or(LISTED).min(MAX_LISTED);
        let none = "there is no model yet: nothing is scored";
        let rules = [now.rules()?.context(none)?, then.rules()?.context(none)?];
        let open = book.open_alerts();
        let held: HashMap<[u8; 16], Level> =
            open.map(|alert| (alert.enterprise, alert.level)).collect();
        let held = Arc::new(held);
        let policies = [now, then].map(|rules| rules.records.settings.policy.clone());
        let mut parts = Vec::new();
        let visitor = || {
            let part = Arc::new(Mutex::new(Part::default()));
            parts.push(Arc::clone(&part));
            visitor(part, Arc::clone(&held), policies.clone(), limit)
        };
        let survey = engine.survey(&rules, visitor)?;
        Ok(Pending {
            survey,
            parts,
            records: now.records.clone(),
            answer: Answer {
                epoch,
                as_of: crate::time::instant_text(time_ms),
                rules: now.version(),
                proposed: then.version(),
                enterprises: 0,
                held: ByLevel::default(),
                now: ByLevel::default(),
                then: ByLevel::default(),
                moves: Moves::default(),
                listed: Vec::new(),
                complete: true,
                seconds: 0.0,
                notice: tocsin_alerts::DISCLAIMER.to_owned(),
            },
            limit,
            started,
        })
    }

    /// Waits for the workers and names what they found.
    ///
    /// # Errors
    /// When a worker is gone, or the landing cannot be read.
    pub fn finish(self) -> Result<Answer> {
        self.survey.wait()?;
        let mut all = Part::default();
        for part in &self.parts {
            all.add(std::mem::take(&mut *lock(part)));
        }
        all.cut(self.limit);
        let enterprises: Vec<SubjectKey> = all.found.iter().map(|f| f.enterprise).collect();
        let names = self.records.identities(&enterprises)?;
        let moved = |found: Found| {
            let identity = names.get(&found.enterprise).cloned().unwrap_or_default();
            Some(Moved {
                change: Move::of(found.held, found.then)?,
                id: identity.id,
                name: identity.name,
                district: identity.district,
                held: found.held,
                now: found.now,
                then: found.then,
                index_now: f64::from(found.index_now) / 100.0,
                index_then: f64::from(found.index_then) / 100.0,
            })
        };
        Ok(Answer {
            enterprises: all.enterprises,
            held: all.held,
            now: all.now,
            then: all.then,
            moves: all.moves,
            listed: all.found.into_iter().filter_map(moved).collect(),
            complete: !all.cut,
            seconds: self.started.elapsed().as_secs_f64(),
            ..self.answer
        })
    }
}

fn visitor(
    part: Arc<Mutex<Part>>,
    held: Arc<HashMap<[u8; 16], Level>>,
    [now, then]: [Policy; 2],
    limit: usize,
) -> Visit {
    Box::new(
        move |enterprise: SubjectKey, assessments: &[Assessment], _| {
            let [present, proposed] = assessments else {
                return;
            };
            let level = |scored, policy| level_of(&figures(enterprise, scored), policy);
            let key = enterprise.0.to_be_bytes();
            let found = Found {
                enterprise,
                held: held.get(&key).copied().unwrap_or_default(),
                now: level(present, &now),
                then: level(proposed, &then),
                index_now: present.score.index,
                index_then: proposed.score.index,
            };
            lock(&part).see(found, limit);
        },
    )
}

fn lock(part: &Mutex<Part>) -> MutexGuard<'_, Part> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}
