//! `/`: how many, what just happened, and the alerts by rank.

use super::feed::{self, Filter};
use super::office::news::{self, NewsCard};
use super::rows::{AlertRow, EventRow, LevelMark, kind_words};
use super::{Failed, Frame, page};
use crate::pipeline::stats::SourceStats;
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::params::{self, Params};
use crate::serve::problem::Problem;
use crate::serve::shown::Shown;
use crate::serve::text;
use crate::serve::words::{c, either, filters, named, say, t};
use askama::Template;
use axum::extract::State;
use axum::response::Html;
use serde::Deserialize;
use tocsin_alerts::level::Level;
use tocsin_alerts::lifecycle::{Cause, EventType, Status};
use tocsin_alerts::store::{AlertFilter, Counts, Order};

/// Events shown at first.
const EVENTS: usize = 60;
/// Alerts a page.
const ALERTS: usize = 50;
/// The choice that lets every status through.
const ALL: &str = "all";

/// The parameters; what a form sends empty is not set.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::serve) struct Query {
    level: String,
    status: String,
    after: String,
}

/// One entry of a menu.
pub(super) struct Choice {
    value: &'static str,
    label: String,
    chosen: bool,
}

/// A number with its name.
pub(super) struct Counter {
    label: &'static str,
    value: String,
    note: String,
}

/// Open alerts of a level.
pub(super) struct LevelCounter {
    level: LevelMark,
    count: String,
    meaning: &'static str,
}

/// A word the script needs: its key and what people read.
pub(super) struct Word {
    key: String,
    text: &'static str,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    frame: Frame,
    counters: Vec<Counter>,
    /// The rules in force.
    rules: String,
    /// What is wrong with those in the files, where they are others.
    refused: Vec<String>,
    levels: Vec<LevelCounter>,
    level_choices: Vec<Choice>,
    status_choices: Vec<Choice>,
    query: Query,
    last: u64,
    events: Vec<EventRow>,
    blank: EventRow,
    words: Vec<Word>,
    alerts: Vec<AlertRow>,
    next: String,
    news: Option<NewsCard>,
}

/// The page.
pub(in crate::serve) async fn home(
    State(app): State<App>,
    caller: Caller,
    query: Result<Params<Query>, Problem>,
) -> Result<Html<String>, Failed> {
    let Params(query) = query?;
    // Who sees some districts, or not every source, has no figures of the whole.
    let restricted = caller.restricted(&app) > 0;
    let part = restricted
        || caller
            .person
            .as_ref()
            .is_some_and(|of| !of.districts.is_empty());
    let shown = Shown::of(&app, caller.clone(), "no").await?;
    let store = &app.view.store;
    let counts = store.counts().await?;
    let last = counts.events;
    let filter = Filter {
        level: params::level(&query.level)?,
        status: status(&query.status)?,
    };
    let events = feed::latest(store, last, filter, EVENTS).await?;
    let events = events
        .iter()
        .filter(|event| caller.sees(event.event.assessment.district.as_deref()));
    let events = events
        .filter_map(|event| EventRow::told(event, restricted))
        .collect();
    let mut wanted = alert_filter(&query, filter);
    if restricted {
        // Their order by score would tell of what is hidden.
        wanted.order = Order::Newest;
    }
    let alerts = shown.page(&app, wanted).await?;
    page(&Home {
        frame: Frame::of(&app, &caller),
        news: news::of_alerts(&app, &caller).await?,
        counters: match part {
            true => Vec::new(),
            false => counters(&app, &counts),
        },
        rules: rules(&app),
        refused: app.view.refusal().unwrap_or_default().faults,
        levels: match part {
            true => Vec::new(),
            false => levels(&counts),
        },
        level_choices: level_choices(filter.level),
        status_choices: status_choices(&query.status),
        last,
        events,
        blank: EventRow::blank(),
        words: words(),
        alerts: alerts
            .alerts
            .iter()
            .map(|alert| match restricted {
                true => AlertRow::bare(alert),
                false => AlertRow::of(&app, alert),
            })
            .collect(),
        next: alerts
            .next
            .map(|next| next_page(&query, &next))
            .unwrap_or_default(),
        query,
    })
}

fn status(text: &str) -> Result<Option<Status>, Problem> {
    match text {
        ALL => Ok(None),
        text => params::status(text),
    }
}

/// The list shows open alerts unless another status is chosen.
fn alert_filter(query: &Query, filter: Filter) -> AlertFilter {
    let unset = query.status.is_empty();
    AlertFilter {
        level: filter.level,
        status: if unset {
            Some(Status::Open)
        } else {
            filter.status
        },
        order: Order::Ranked,
        after: (!query.after.is_empty()).then(|| query.after.clone()),
        limit: ALERTS,
    }
}

fn next_page(query: &Query, next: &str) -> String {
    let next = text::segment(next);
    format!(
        "/?level={}&status={}&after={next}",
        query.level, query.status
    )
}

/// Which rules are in force, since when, and what a challenger would change.
fn rules(app: &App) -> String {
    let in_force = app.view.in_force();
    let mut text = format!(
        "{} · {} {}",
        in_force.version(),
        t("since epoch"),
        text::count(in_force.epoch)
    );
    let standings = app.view.standings();
    if let Some(challenger) = &standings.challenger {
        let differing = u64::try_from(standings.graded.differing()).unwrap_or(0);
        text.push_str(&say(
            " · challenger {0}: the level of {1} would differ",
            &[challenger, &text::count(differing)],
        ));
    }
    text
}

fn counters(app: &App, counts: &Counts) -> Vec<Counter> {
    let counter = |label, value: u64, note: String| Counter {
        label,
        value: text::count(value),
        note,
    };
    let (monitored, note) = monitored(app);
    let open: u64 = counts.open.iter().sum();
    let total = format!("{} {}", t("ever"), text::count(counts.alerts));
    let stats = app.view.status();
    let waiting = stats.stats.iter().map(SourceStats::rejected_waiting);
    let waiting = text::count(waiting.sum());
    let refused = format!("{} {waiting}", t("rejected, waiting"));
    let epochs = format!("{} {}", t("epochs"), text::count(counts.epochs));
    vec![
        counter("monitored", monitored, note),
        counter("open alerts", open, total),
        counter("records", counts.rows, refused),
        counter("events", counts.events, epochs),
    ]
}

/// Enterprises by the registering sources that name them: of several, the
/// largest counts, because they name the same ones.
fn monitored(app: &App) -> (u64, String) {
    let status = app.view.status();
    let sources = app.view.catalogue.sources().iter();
    let registering = sources.filter(|source| source.registers).map(|source| {
        let matched = status
            .matched
            .get(usize::from(source.index))
            .copied()
            .unwrap_or(0);
        (u64::try_from(matched).unwrap_or(0), source)
    });
    let registering: Vec<_> = registering.collect();
    let most = registering
        .iter()
        .map(|(matched, _)| *matched)
        .max()
        .unwrap_or(0);
    let name = |(matched, source): &(u64, &tocsin_ingest::source::Source)| match registering.len() {
        1 => named(&source.resource),
        _ => format!("{} {}", named(&source.resource), text::count(*matched)),
    };
    (
        most,
        registering.iter().map(name).collect::<Vec<_>>().join(" · "),
    )
}

fn levels(counts: &Counts) -> Vec<LevelCounter> {
    let counter = |level: Level| LevelCounter {
        level: level.into(),
        count: text::count(counts.open[usize::from(level.rank())]),
        meaning: c(level.meaning()),
    };
    Level::RAISED.into_iter().rev().map(counter).collect()
}

fn level_choices(chosen: Option<Level>) -> Vec<Choice> {
    let any = Choice {
        value: "",
        label: t("any level").to_owned(),
        chosen: chosen.is_none(),
    };
    let choice = |level: Level| Choice {
        value: level.name(),
        label: either(level.chinese(), level.name()).to_owned(),
        chosen: chosen == Some(level),
    };
    std::iter::once(any)
        .chain(Level::RAISED.into_iter().rev().map(choice))
        .collect()
}

fn status_choices(chosen: &str) -> Vec<Choice> {
    let all = [Status::Open, Status::Closed, Status::Retracted];
    let mut choices: Vec<Choice> = all
        .into_iter()
        .map(|status| Choice {
            value: status.name(),
            label: t(text::status(status)).to_owned(),
            chosen: chosen == status.name(),
        })
        .collect();
    choices.push(Choice {
        value: ALL,
        label: t("all").to_owned(),
        chosen: chosen == ALL,
    });
    choices
}

/// The words for events that arrive while the page is open, by what the API
/// calls them.
fn words() -> Vec<Word> {
    use EventType::{Closed, Lowered, Merged, Opened, Raised, Reraised, Retracted};
    let events = [Opened, Raised, Lowered, Retracted, Closed, Reraised, Merged];
    let causes = [
        (Cause::Evidence, "evidence"),
        (Cause::Withdrawal, "withdrawal"),
        (Cause::Clock, "clock"),
        (Cause::Model, "model"),
    ];
    let word = |key: &str, text| Word {
        key: key.to_owned(),
        text,
    };
    let mut words: Vec<Word> = Vec::new();
    words.extend(events.map(|kind| word(kind.name(), t(kind_words(kind)))));
    words.extend(causes.map(|(cause, key)| word(key, t(text::cause(cause)))));
    words.extend(Level::ALL.map(|level| word(level.name(), either(level.chinese(), level.name()))));
    let category = |(letter, chinese, english): (char, _, _)| {
        word(&format!("category-{letter}"), either(chinese, english))
    };
    words.extend(text::CATEGORIES.map(category));
    words.push(word("hard-trigger", t(text::HARD_TRIGGER)));
    words
}
