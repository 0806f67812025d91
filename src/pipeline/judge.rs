//! Score changes → alerts: what a level, its gates and the life of an alert make
//! of an epoch's changes.

use super::names::Names;
use super::records::{Identity, Records};
use crate::explain::closure;
use crate::history;
use crate::time::{day_of, midnight_ms};
use anyhow::Result;
use std::collections::HashSet;
use tocsin_alerts::level::{Assessment, Policy, Reason, level_of};
use tocsin_alerts::lifecycle::{Alert, AlertEvent, Book, Cause, Change, Step};
use tocsin_alerts::store::ScoreRow;
use tocsin_dataflow::{Assessment as Scored, ScoreChange};
use tocsin_ingest::fact::SubjectKey;

/// Centi-points of a point.
const CENTI: u16 = 100;

/// What an epoch made of its changes.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Alerts that changed, as they are now.
    pub alerts: Vec<Alert>,
    /// What is told to the world.
    pub events: Vec<AlertEvent>,
    /// The scores that changed, the last of each enterprise; none where they are
    /// in `history`.
    pub scores: Vec<ScoreRow>,
    /// The file of the scores, where they are many.
    pub history: Option<history::Draft>,
}

impl Verdict {
    /// Takes what another has found.
    pub fn extend(&mut self, other: Verdict) {
        self.alerts.extend(other.alerts);
        self.events.extend(other.events);
        keep_last(self);
    }

    /// Takes what a step made.
    pub fn take(&mut self, step: Step) {
        self.alerts.push(step.alert);
        self.events.extend(step.event);
    }
}

/// What an epoch is judged by.
pub struct Judge<'a> {
    /// The landed records: names, and who was retracted.
    pub records: &'a Records,
    /// The epoch.
    pub epoch: u64,
    /// When the epoch before it closed, milliseconds UTC; 0: there was none.
    pub last_ms: i64,
    /// When it closed.
    pub now_ms: i64,
    /// Why figures changed, where nothing was retracted.
    pub cause: Cause,
    /// Subjects of which something was retracted in this epoch.
    pub retracted: &'a HashSet<SubjectKey>,
}

impl Judge<'_> {
    /// Judges the changes of the epoch, which are in the order of time, and what
    /// the calendar alone makes of alerts by its end: every midnight counts,
    /// after the changes it brought.
    ///
    /// # Errors
    /// When an enterprise's records cannot be read.
    pub fn judge(&self, sifted: Sifted, book: &mut Book, names: &mut Names) -> Result<Verdict> {
        let changes = &sifted.changes;
        self.learn_names(changes, book, names)?;
        let mut verdict = Verdict {
            scores: sifted.scores,
            ..Verdict::default()
        };
        let mut day = match self.last_ms {
            0 => day_of(self.now_ms),
            last_ms => day_of(last_ms),
        } + 1;
        for together in changes.chunk_by(|a, b| a.time_ms == b.time_ms) {
            let at_ms = together[0].time_ms as i64;
            self.let_days_pass(&mut day, at_ms, book, &mut verdict);
            for change in together {
                self.apply(change, book, names, &mut verdict)?;
            }
        }
        self.let_days_pass(&mut day, self.now_ms, book, &mut verdict);
        self.tick(self.now_ms, book, &mut verdict);
        keep_last(&mut verdict);
        Ok(verdict)
    }

    /// Reads at once who the enterprises are that alerts will speak of.
    fn learn_names(&self, changes: &[ScoreChange], book: &Book, names: &mut Names) -> Result<()> {
        let policy = &self.records.settings.policy;
        let concerned = changes
            .iter()
            .filter(|change| change.new.is_some() && concerns(change, book, policy));
        let enterprises: Vec<SubjectKey> = concerned.map(|change| change.enterprise).collect();
        names.learn(self.records, &enterprises)
    }

    /// Lets the calendar work at every midnight from that of `day` to before
    /// `until_ms`.
    fn let_days_pass(&self, day: &mut i32, until_ms: i64, book: &mut Book, verdict: &mut Verdict) {
        while midnight_ms(*day) < until_ms {
            self.tick(midnight_ms(*day), book, verdict);
            *day += 1;
        }
    }

    fn tick(&self, at_ms: i64, book: &mut Book, verdict: &mut Verdict) {
        for step in book.tick(self.epoch, at_ms, &self.records.settings.policy) {
            verdict.take(step);
        }
    }

    fn apply(
        &self,
        change: &ScoreChange,
        book: &mut Book,
        names: &mut Names,
        verdict: &mut Verdict,
    ) -> Result<()> {
        let policy = &self.records.settings.policy;
        if concerns(change, book, policy) {
            // One that an earlier change of this epoch has opened is unknown yet.
            names.learn(self.records, &[change.enterprise])?;
            let step = book.apply(&self.change(change, names)?, change.time_ms as i64, policy);
            step.into_iter().for_each(|step| verdict.take(step));
        }
        Ok(())
    }

    fn change(&self, change: &ScoreChange, names: &Names) -> Result<Change> {
        let identity = names.of(change.enterprise);
        let scored = change.new.as_ref();
        Ok(Change {
            epoch: self.epoch,
            enterprise: change.enterprise.0.to_be_bytes(),
            assessment: scored
                .map(|scored| assessment(self.records, change.enterprise, identity, scored)),
            cause: self.cause_of(change)?,
        })
    }

    /// A fall after something was retracted that the enterprise's score came
    /// from is a source's correction: the level follows at once.
    fn cause_of(&self, change: &ScoreChange) -> Result<Cause> {
        let log_odds = |scored: &Option<Scored>| {
            scored
                .as_ref()
                .map_or(i64::MIN, |scored| scored.score.log_odds)
        };
        // Records arrive, and are taken back, when the epoch closes: what changes
        // at a midnight before is the calendar's.
        if self.cause == Cause::Evidence && (change.time_ms as i64) < self.now_ms {
            return Ok(Cause::Clock);
        }
        let fell = log_odds(&change.new) < log_odds(&change.old);
        if !fell || self.retracted.is_empty() {
            return Ok(self.cause);
        }
        let touched = self.retracted.contains(&change.enterprise)
            || closure(self.records, change.enterprise)?
                .iter()
                .any(|subject| self.retracted.contains(subject));
        Ok(if touched {
            Cause::Withdrawal
        } else {
            self.cause
        })
    }
}

/// Whether a change can matter to an alert: millions of enterprises are far
/// below every threshold and have none.
fn concerns(change: &ScoreChange, book: &Book, policy: &Policy) -> bool {
    reaches(&change.new, policy) || is_open(change.enterprise, book)
}

/// Whether figures may be above the least threshold.
pub fn reaches(scored: &Option<Scored>, policy: &Policy) -> bool {
    let lowest = policy.thresholds.blue * CENTI;
    scored
        .as_ref()
        .is_some_and(|s| s.score.index >= lowest || s.hard_trigger)
}

/// Whether there is an open alert.
pub fn is_open(enterprise: SubjectKey, book: &Book) -> bool {
    let track = book.track(&enterprise.0.to_be_bytes());
    track.is_some_and(|track| track.open.is_some())
}

/// Takes the changes of an epoch as they come and keeps of most only the score:
/// whole, those of a city would take gigabytes, and most concern no alert.
pub struct Sieve<'a> {
    policy: &'a Policy,
    book: &'a Book,
    kept: HashSet<SubjectKey>,
    sifted: Sifted,
}

/// What is left of an epoch's changes.
#[derive(Default)]
pub struct Sifted {
    /// Those that may concern an alert, in the order of time and enterprise.
    pub changes: Vec<ScoreChange>,
    /// The score that each change made, those of an enterprise in the order of
    /// time.
    pub scores: Vec<ScoreRow>,
}

impl<'a> Sieve<'a> {
    /// A sieve for an epoch that begins with the alerts of `book`.
    pub fn new(policy: &'a Policy, book: &'a Book) -> Self {
        Sieve {
            policy,
            book,
            kept: HashSet::new(),
            sifted: Sifted::default(),
        }
    }

    /// Takes a change; those of an enterprise come in the order of time.
    pub fn take(&mut self, change: ScoreChange) {
        self.sifted.scores.push(score_row(&change, self.policy));
        // An alert that an earlier change of the epoch opens is open later on.
        let may_concern = reaches(&change.new, self.policy)
            || is_open(change.enterprise, self.book)
            || self.kept.contains(&change.enterprise);
        if may_concern {
            self.kept.insert(change.enterprise);
            self.sifted.changes.push(change);
        }
    }

    /// What is left.
    pub fn end(mut self) -> Sifted {
        let order = |change: &ScoreChange| (change.time_ms, change.enterprise);
        self.sifted.changes.sort_unstable_by_key(order);
        self.sifted
    }
}

fn score_row(change: &ScoreChange, policy: &Policy) -> ScoreRow {
    let figures = change
        .new
        .as_ref()
        .map(|scored| figures(change.enterprise, scored));
    let figures = figures.unwrap_or_default();
    ScoreRow {
        enterprise: change.enterprise.0.to_be_bytes(),
        log_odds: figures.log_odds,
        index: figures.index,
        level: level_of(&figures, policy),
    }
}

/// The figures that levels are made of, without names.
pub fn figures(enterprise: SubjectKey, scored: &Scored) -> Assessment {
    Assessment {
        enterprise: enterprise.0.to_be_bytes(),
        log_odds: scored.score.log_odds,
        index: scored.score.index,
        subtotals: scored.score.subtotals,
        categories: scored.categories,
        agencies: scored.agencies,
        elements: scored.marks,
        coverage: scored.coverage,
        hard_trigger: scored.hard_trigger,
        ..Assessment::default()
    }
}

/// The whole assessment, with names and reasons.
pub fn assessment(
    records: &Records,
    enterprise: SubjectKey,
    identity: Identity,
    scored: &Scored,
) -> Assessment {
    let features = &records.settings.features;
    let reason = |&(feature, contribution): &(u16, i64)| {
        let feature = features.get(usize::from(feature))?;
        Some(Reason {
            feature: feature.spec.name.clone(),
            title: feature.title.clone(),
            title_en: feature.title_en.clone(),
            category: feature.spec.category.letter(),
            contribution,
            hard_trigger: feature.hard,
        })
    };
    Assessment {
        id: identity.id,
        name: identity.name,
        district: identity.district,
        reasons: scored.reasons.iter().filter_map(reason).collect(),
        ..figures(enterprise, scored)
    }
}

/// Alerts and scores may change several times in an epoch (a midnight, then
/// arrivals): the store keeps the last.
fn keep_last(verdict: &mut Verdict) {
    let mut seen = HashSet::new();
    verdict.alerts.reverse();
    verdict.alerts.retain(|alert| seen.insert(alert.id.clone()));
    verdict.alerts.reverse();
    history::keep_last(&mut verdict.scores);
}
