//! `/sources`: every source, whether it is alive, and what became of its
//! records.

use super::{Failed, Frame, page};
use crate::freshness::State as Age;
use crate::pipeline::stats::SourceStats;
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::text;
use crate::serve::words::filters;
use crate::view::Status;
use askama::Template;
use axum::extract::State;
use axum::response::Html;
use tocsin_ingest::source::Source;

/// Reasons of rejects shown in the table.
const REASONS: usize = 3;

/// One source.
pub(super) struct SourceRow {
    pub(super) id: String,
    pub(super) path: String,
    pub(super) agency: String,
    pub(super) resource: String,
    pub(super) registers: bool,
    pub(super) age: &'static str,
    pub(super) last_arrival: String,
    pub(super) read: String,
    pub(super) accepted: String,
    pub(super) duplicates: String,
    pub(super) corrected: String,
    pub(super) withdrawn: String,
    pub(super) normalised: String,
    /// Those that wait, and all that ever were.
    pub(super) rejected: String,
    pub(super) refused: String,
    pub(super) mended: String,
    pub(super) reasons: Vec<(String, String)>,
    pub(super) matched: String,
    pub(super) unknown: String,
    pub(super) ambiguous: String,
    pub(super) error: String,
}

impl SourceRow {
    /// A source as the pipeline last left it; all reasons of rejects, the most
    /// frequent first.
    pub(super) fn of(source: &Source, status: &Status) -> SourceRow {
        let place = usize::from(source.index);
        let stats = status.stats.get(place).cloned().unwrap_or_default();
        let counted = |counts: &[i64]| {
            let count = counts.get(place).copied().unwrap_or(0);
            text::count(u64::try_from(count).unwrap_or(0))
        };
        let age = Age::of(source.freshness, &stats, status.time_ms);
        SourceRow {
            id: source.id.clone(),
            path: path(&source.id),
            agency: source.agency.clone(),
            resource: source.resource.clone(),
            registers: source.registers,
            age: age.name(),
            last_arrival: match stats.last_arrival_ms {
                0 => "—".to_owned(),
                at_ms => text::clock(at_ms),
            },
            read: text::count(stats.read),
            accepted: text::count(stats.accepted),
            duplicates: text::count(stats.duplicates),
            corrected: text::count(stats.corrected),
            withdrawn: text::count(stats.withdrawn),
            normalised: text::count(stats.normalised),
            rejected: text::count(stats.rejected_waiting()),
            refused: text::count(stats.rejected_total()),
            mended: text::count(stats.mended),
            reasons: reasons(&stats),
            matched: counted(&status.matched),
            unknown: counted(&status.unknown),
            ambiguous: counted(&status.ambiguous),
            error: stats.error.unwrap_or_default(),
        }
    }
}

/// The page of a source.
pub(super) fn path(id: &str) -> String {
    let segments: Vec<String> = id.split('/').map(text::segment).collect();
    format!("/sources/{}", segments.join("/"))
}

fn reasons(stats: &SourceStats) -> Vec<(String, String)> {
    let mut reasons: Vec<_> = stats.rejected.iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    reasons
        .into_iter()
        .map(|(reason, count)| (reason.clone(), text::count(*count)))
        .collect()
}

#[derive(Template)]
#[template(path = "sources.html")]
struct SourcesPage {
    frame: Frame,
    sources: Vec<SourceRow>,
    agencies: usize,
    troubled: usize,
    /// Whether no record has come from any of them.
    nothing: bool,
}

/// The page.
pub(in crate::serve) async fn sources(
    State(app): State<App>,
    caller: Caller,
) -> Result<Html<String>, Failed> {
    let status = app.view.status();
    let catalogue = &app.view.catalogue;
    let mut sources: Vec<SourceRow> = catalogue
        .sources()
        .iter()
        .map(|source| SourceRow::of(source, &status))
        .collect();
    for source in &mut sources {
        source.reasons.truncate(REASONS);
    }
    let read = |stats: &SourceStats| stats.read > 0;
    page(&SourcesPage {
        nothing: !status.stats.iter().any(read),
        frame: Frame::of(&app, &caller),
        agencies: catalogue.agencies().len(),
        troubled: sources
            .iter()
            .filter(|s| s.age != "fresh" || !s.error.is_empty())
            .count(),
        sources,
    })
}
