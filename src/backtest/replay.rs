//! The landing again in the order in which it arrived, through a dataflow of its
//! own.
//!
//! Contract: at every instant the dataflow holds what had arrived before it and
//! had not been corrected or withdrawn by then. Nothing that arrived later has
//! been near it, so nothing can look ahead.

use crate::pipeline::index_row;
use crate::pipeline::judge::figures;
use crate::pipeline::records::Records;
use crate::view::View;
use anyhow::Result;
use std::collections::HashMap;
use tocsin_alerts::level::{Level, level_of};
use tocsin_dataflow::{Engine, EngineConfig, Loader, ScoreChange};
use tocsin_ingest::fact::{Facts, SubjectKey};
use tocsin_ingest::index::RowRef;
use tocsin_ingest::landing::SegmentInfo;
use tocsin_models::BoundModel;

/// Where an enterprise stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its score, micro-log-odds.
    pub log_odds: i64,
    /// Its index, centi-points.
    pub index: u16,
    /// Its level by index and gates.
    pub level: Level,
}

/// The records as they arrived, up to an instant.
pub struct Replay {
    records: Records,
    engine: Engine,
    loader: Loader,
    segments: Vec<Span>,
    /// When rows stopped counting, milliseconds UTC.
    gone: HashMap<RowRef, i64>,
    at_ms: i64,
    standings: HashMap<SubjectKey, Standing>,
}

/// A segment, and when its rows came and went.
struct Span {
    segment: SegmentInfo,
    /// The instants of its first and last row's arrival, and of the last row's
    /// end that is not for ever; `None` before it has been read.
    seen: Option<(i64, i64, i64)>,
}

impl Span {
    /// Whether rows may have come or gone from after `since` to `until`.
    fn concerns(&self, since: i64, until: i64) -> bool {
        self.seen.is_none_or(|(first, last, gone)| {
            let came = first < until && last >= since;
            came || gone >= since && first < until
        })
    }
}

impl Replay {
    /// Begins before anything has arrived; the first instant is at or after
    /// `from_ms`.
    ///
    /// # Errors
    /// When the store cannot be read or the dataflow does not start.
    pub fn begin(
        view: &View,
        workers: usize,
        from_ms: i64,
        runtime: &tokio::runtime::Handle,
    ) -> Result<Replay> {
        let records = view.records();
        let times = runtime.block_on(view.store.epoch_times())?;
        let mut gone = HashMap::new();
        view.store.each_superseded(|row| {
            let ended = times.get(&row.epoch).copied().unwrap_or(i64::MIN);
            gone.insert(index_row(row.at), ended);
        })?;
        let config = EngineConfig {
            workers,
            plan: records.settings.plan(),
        };
        let engine = Engine::start(config, from_ms as u64, None)?;
        let span = |segment| Span {
            segment,
            seen: None,
        };
        Ok(Replay {
            segments: records.segments().into_iter().map(span).collect(),
            loader: engine.loader(),
            engine,
            records,
            gone,
            at_ms: i64::MIN,
            standings: HashMap::new(),
        })
    }

    /// Scores by `model` from the next instant on.
    ///
    /// # Errors
    /// When the model is bound to other features, or the dataflow is gone.
    pub fn set_model(&self, from_ms: i64, model: BoundModel) -> Result<()> {
        Ok(self.engine.set_model(from_ms as u64, model)?)
    }

    /// Goes on to `to_ms`, with what arrived before it: where every registered
    /// enterprise stands then, and what has changed on the way.
    ///
    /// # Errors
    /// When a segment cannot be read, or the dataflow is gone.
    pub fn advance(
        &mut self,
        to_ms: i64,
    ) -> Result<(&HashMap<SubjectKey, Standing>, Vec<ScoreChange>)> {
        let since = self.at_ms;
        for span in &mut self.segments {
            if span.concerns(since, to_ms) {
                span.seen = Some(load(
                    &self.records,
                    &span.segment,
                    &self.gone,
                    (since, to_ms),
                    &mut self.loader,
                )?);
            }
        }
        self.loader.flush();
        self.at_ms = to_ms;
        let output = self.engine.advance(to_ms as u64)?;
        let policy = &self.records.settings.policy;
        for change in &output.changes {
            match &change.new {
                None => self.standings.remove(&change.enterprise),
                Some(new) => {
                    let standing = Standing {
                        log_odds: new.score.log_odds,
                        index: new.score.index,
                        level: level_of(&figures(change.enterprise, new), policy),
                    };
                    self.standings.insert(change.enterprise, standing)
                }
            };
        }
        Ok((&self.standings, output.changes))
    }
}

/// Adds the rows that came after `since` and count at `until`, takes back those
/// that counted at `since` and do not any more. Gives when rows came and went.
fn load(
    records: &Records,
    segment: &SegmentInfo,
    gone: &HashMap<RowRef, i64>,
    (since, until): (i64, i64),
    loader: &mut Loader,
) -> Result<(i64, i64, i64)> {
    let (mut first, mut last, mut ended) = (i64::MAX, i64::MIN, i64::MIN);
    records.scan(
        segment,
        |_| true,
        |record| {
            let came = record.arrival_ms();
            let went = gone.get(&record.at).copied();
            (first, last) = (first.min(came), last.max(came));
            ended = ended.max(went.unwrap_or(i64::MIN));
            let counted = |at: i64| came < at && went.is_none_or(|went| went >= at);
            let diff = i32::from(counted(until)) - i32::from(counted(since));
            if diff != 0 && !record.said.withdraws[record.index] {
                let mut facts = Facts::default();
                record.said.facts(record.index, &mut facts);
                loader.add(&facts, diff);
            }
        },
    )?;
    Ok((first, last, ended))
}
