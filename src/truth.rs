//! `tocsin evaluate --truth FILE`: what the alert feed of a simulated city was
//! worth, judged by what its enterprises really were. The engine itself never
//! reads the truth; this reads nothing but the feed and the truth.
//!
//! An enterprise counts by its highest score in the feed, a scheme by the first
//! of its members that reached a level. What starts after the state's business
//! time is left out: nobody could have seen it.

use crate::time::day_of;
use crate::view::View;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::path::Path;
use tocsin_alerts::AlertEvent;
use tocsin_alerts::level::Level;
use tocsin_alerts::lifecycle::is_group;
use tocsin_ingest::values::date;

/// Depths of the ranking that are judged.
const DEPTHS: [usize; 3] = [50, 100, 200];
/// From this level on an office has a task.
pub const TASK: Level = Level::Yellow;
/// Events read at a time.
const PAGE: usize = 1_000;

/// What one enterprise really is: a line of the truth.
#[derive(Debug, Clone, Default, Deserialize)]
struct Truth {
    uscc: String,
    /// The scheme it is part of; none for the lawful.
    scheme: Option<u32>,
    typology: String,
    /// What makes a lawful one look alike.
    class: String,
    start: String,
    first_complaint: String,
    collapse: String,
}

/// What the feed said of one enterprise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The highest score told, micro-log-odds.
    pub peak: i64,
    /// The day on which it first had any level.
    pub first: i32,
    /// The day on which it first had a level with a task.
    pub task: Option<i32>,
}

/// What a feed was worth.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// Enterprises that belong to a scheme which had started.
    pub members: usize,
    /// Enterprises that ever had an alert.
    pub alerted: usize,
    /// Those whose alert was yellow or higher.
    pub with_task: usize,
    /// Share of scheme members among the first so many of the ranking, or among
    /// all of it where it is shorter; then how many they are.
    pub precision: Vec<(usize, f64, usize)>,
    /// Schemes by typology.
    pub typologies: BTreeMap<String, Recall>,
    /// Every scheme that had started, in the order of their numbers.
    pub schemes: Vec<Found>,
    /// Days from the first alert with a task to the scheme's first complaint.
    pub before_complaint: Option<Quartiles>,
    /// Days from it to the scheme's collapse.
    pub before_collapse: Option<Quartiles>,
    /// Lawful enterprises by what makes them look alike.
    pub lawful: BTreeMap<String, FalseAlerts>,
}

/// What became known of one scheme, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Its number in the truth.
    pub scheme: u32,
    /// Its kind.
    pub typology: String,
    /// Whether a member had any alert.
    pub seen: bool,
    /// Whether a member had an alert with a task.
    pub with_task: bool,
    /// Days from the first alert with a task to the first complaint; negative:
    /// the complaint was first. None where either is missing.
    pub before_complaint: Option<i32>,
    /// Days from it to the collapse.
    pub before_collapse: Option<i32>,
}

/// How many schemes were seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Recall {
    /// Schemes that had started.
    pub schemes: usize,
    /// Those of which a member had any alert.
    pub seen: usize,
    /// Those of which a member had a task.
    pub with_task: usize,
    /// Those of which a member had a task before the collapse.
    pub in_time: usize,
}

/// Alerts on the lawful.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct FalseAlerts {
    /// How many there are; none where the truth does not list them.
    pub members: Option<usize>,
    /// Those with any alert.
    pub alerted: usize,
    /// Those with a task.
    pub with_task: usize,
}

/// First quartile, median, third quartile of so many.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quartiles {
    /// How many there are.
    pub count: usize,
    /// A quarter lies below.
    pub first: i32,
    /// Half lies below.
    pub median: i32,
    /// Three quarters lie below.
    pub third: i32,
}

/// Judges the feed of a state by the truth in `file`.
///
/// # Errors
/// When the file cannot be read as a truth, or the store refuses.
pub fn evaluate(view: &View, runtime: &tokio::runtime::Handle, file: &Path) -> Result<Report> {
    let mut seen = HashMap::new();
    let mut last = 0;
    loop {
        let page = runtime.block_on(view.store.events_after(last, PAGE))?;
        let Some(end) = page.last() else { break };
        last = end.seq;
        // The truth speaks of enterprises.
        let of_enterprises = page
            .iter()
            .filter(|told| !is_group(&told.event.assessment.enterprise));
        of_enterprises.for_each(|told| note(&told.event, &mut seen));
    }
    held_against(file, &seen, (i32::MIN, day_of(view.status().time_ms)))
}

/// Judges what was seen of enterprises, by their ids, from one day to another, by
/// the truth in `file`: schemes that had collapsed before count for nothing.
///
/// # Errors
/// When the file cannot be read as a truth.
pub fn held_against(
    file: &Path,
    seen: &HashMap<String, Seen>,
    (from, to): (i32, i32),
) -> Result<Report> {
    let context = || format!("truth `{}`", file.display());
    let rows = csv::Reader::from_path(file).with_context(context)?;
    let truth: Vec<Truth> = rows
        .into_deserialize()
        .collect::<Result<_, _>>()
        .with_context(context)?;
    let over = |row: &Truth| parse_day(&row.collapse).is_some_and(|collapse| collapse < from);
    let (over, truth): (Vec<Truth>, Vec<Truth>) = truth.into_iter().partition(over);
    // Nobody could have seen them in time; they are no false alarms either.
    let over: BTreeSet<String> = over.into_iter().map(|row| row.uscc).collect();
    let mut seen = seen.clone();
    seen.retain(|id, _| !over.contains(id));
    Ok(judge(&truth, &seen, to))
}

fn note(event: &AlertEvent, seen: &mut HashMap<String, Seen>) {
    let day = day_of(event.time_ms);
    let score = event.assessment.log_odds;
    let entry = seen.entry(event.assessment.id.clone()).or_insert(Seen {
        peak: score,
        first: day,
        task: None,
    });
    entry.peak = entry.peak.max(score);
    if event.after >= TASK {
        entry.task.get_or_insert(day);
    }
}

fn judge(truth: &[Truth], seen: &HashMap<String, Seen>, today: i32) -> Report {
    let started = |row: &&Truth| parse_day(&row.start).is_some_and(|start| start <= today);
    let members: Vec<&Truth> = truth.iter().filter(started).collect();
    let mut schemes: BTreeMap<u32, Vec<&Truth>> = BTreeMap::new();
    for row in &members {
        if let Some(scheme) = row.scheme {
            schemes.entry(scheme).or_default().push(row);
        }
    }
    let mut report = Report {
        members: members.iter().filter(|row| row.scheme.is_some()).count(),
        alerted: seen.len(),
        with_task: seen.values().filter(|seen| seen.task.is_some()).count(),
        precision: precision(&members, seen),
        lawful: lawful(truth, seen),
        ..Report::default()
    };
    report.schemes = schemes
        .iter()
        .map(|(scheme, members)| found(*scheme, members, seen))
        .collect();
    for found in &report.schemes {
        let recall = report.typologies.entry(found.typology.clone()).or_default();
        recall.schemes += 1;
        recall.seen += usize::from(found.seen);
        recall.with_task += usize::from(found.with_task);
        recall.in_time += usize::from(found.before_collapse.is_some_and(|days| days > 0));
    }
    // Where all arrived at once, nothing was early or late.
    let days: BTreeSet<i32> = seen.values().map(|seen| seen.first).collect();
    if days.len() > 1 {
        let of = |days: fn(&Found) -> Option<i32>| report.schemes.iter().filter_map(days).collect();
        report.before_complaint = quartiles(of(|found| found.before_complaint));
        report.before_collapse = quartiles(of(|found| found.before_collapse));
    }
    report
}

fn found(scheme: u32, members: &[&Truth], seen: &HashMap<String, Seen>) -> Found {
    let alerts: Vec<&Seen> = members
        .iter()
        .filter_map(|row| seen.get(&row.uscc))
        .collect();
    let task = alerts.iter().filter_map(|seen| seen.task).min();
    let complaint = members
        .iter()
        .filter_map(|row| parse_day(&row.first_complaint))
        .min();
    let until = |day: Option<i32>| Some(day? - task?);
    Found {
        scheme,
        typology: members[0].typology.clone(),
        seen: !alerts.is_empty(),
        with_task: task.is_some(),
        before_complaint: until(complaint),
        before_collapse: until(parse_day(&members[0].collapse)),
    }
}

fn parse_day(text: &str) -> Option<i32> {
    date::parse(text).ok()
}

fn precision(members: &[&Truth], seen: &HashMap<String, Seen>) -> Vec<(usize, f64, usize)> {
    let mut ranking: Vec<(i64, &str)> = seen
        .iter()
        .map(|(id, seen)| (seen.peak, id.as_str()))
        .collect();
    ranking.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let real: std::collections::HashSet<&str> = members
        .iter()
        .filter(|row| row.scheme.is_some())
        .map(|row| row.uscc.as_str())
        .collect();
    let share = |depth: usize| {
        let top = &ranking[..depth.min(ranking.len())];
        let hits = top.iter().filter(|(_, id)| real.contains(id)).count();
        (depth, hits as f64 / top.len().max(1) as f64, hits)
    };
    DEPTHS.map(share).to_vec()
}

fn lawful(truth: &[Truth], seen: &HashMap<String, Seen>) -> BTreeMap<String, FalseAlerts> {
    let known: HashMap<&str, &Truth> = truth.iter().map(|row| (row.uscc.as_str(), row)).collect();
    let mut classes: BTreeMap<String, FalseAlerts> = BTreeMap::new();
    for row in truth.iter().filter(|row| row.scheme.is_none()) {
        let class = classes.entry(row.class.clone()).or_default();
        class.members = Some(class.members.unwrap_or(0) + 1);
    }
    for (id, seen) in seen {
        let class = match known.get(id.as_str()) {
            Some(row) if row.scheme.is_some() => continue,
            Some(row) => row.class.clone(),
            None => "ordinary".to_owned(),
        };
        let class = classes.entry(class).or_default();
        class.alerted += 1;
        class.with_task += usize::from(seen.task.is_some());
    }
    classes
}

/// The quartiles of numbers of days; `None` of none.
pub fn quartiles(mut days: Vec<i32>) -> Option<Quartiles> {
    days.sort_unstable();
    let at =
        |quarter: usize| days.get((days.len() * quarter / 4).min(days.len().saturating_sub(1)));
    Some(Quartiles {
        count: days.len(),
        first: *at(1)?,
        median: *at(2)?,
        third: *at(3)?,
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} enterprises had an alert, {} of them yellow or higher; {} belong to schemes",
            self.alerted, self.with_task, self.members
        )?;
        for (depth, share, hits) in &self.precision {
            let among = self.alerted.min(*depth);
            let all = self.members;
            writeln!(
                f,
                "precision at {depth:<4} {share:.3}  {hits} of {among}; {all} are to be found"
            )?;
        }
        writeln!(
            f,
            "{:<22} {:>8} {:>8} {:>8} {:>8}",
            "typology", "schemes", "seen", "yellow", "in time"
        )?;
        for (name, recall) in &self.typologies {
            let Recall {
                schemes,
                seen,
                with_task,
                in_time,
            } = recall;
            writeln!(
                f,
                "{name:<22} {schemes:>8} {seen:>8} {with_task:>8} {in_time:>8}"
            )?;
        }
        for (what, days) in [
            ("first complaint", self.before_complaint),
            ("collapse", self.before_collapse),
        ] {
            if let Some(Quartiles {
                count,
                first,
                median,
                third,
            }) = days
            {
                writeln!(
                    f,
                    "days from yellow to {what}: median {median}, quartiles {first} to {third} ({count} schemes)"
                )?;
            }
        }
        writeln!(
            f,
            "{:<22} {:>8} {:>8} {:>8}",
            "lawful", "members", "alerts", "yellow"
        )?;
        for (class, alerts) in &self.lawful {
            let members = alerts
                .members
                .map_or_else(|| "-".to_owned(), |count| count.to_string());
            writeln!(
                f,
                "{class:<22} {members:>8} {:>8} {:>8}",
                alerts.alerted, alerts.with_task
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(uscc: &str, scheme: u32, start: &str) -> Truth {
        Truth {
            uscc: uscc.into(),
            scheme: Some(scheme),
            typology: "elderly_care".into(),
            start: start.into(),
            first_complaint: "1970-02-10".into(),
            collapse: "1970-03-02".into(),
            ..Truth::default()
        }
    }

    #[test]
    fn schemes_count_once_and_the_lawful_by_class() {
        let gym = Truth {
            uscc: "gym".into(),
            class: "gym".into(),
            ..Truth::default()
        };
        let truth = [
            member("head", 1, "1970-01-11"),
            member("shell", 1, "1970-01-11"),
            member("missed", 2, "1970-01-11"),
            member("later", 3, "1971-01-01"),
            gym,
        ];
        let told = |peak, first, task| Seen { peak, first, task };
        let seen = HashMap::from([
            ("head".to_owned(), told(9, 20, Some(30))),
            ("shell".to_owned(), told(5, 21, None)),
            ("gym".to_owned(), told(7, 22, Some(22))),
            ("who".to_owned(), told(1, 22, None)),
        ]);
        let report = judge(&truth, &seen, 100);
        assert_eq!(report.members, 3);
        assert_eq!(report.precision[0], (50, 2.0 / 4.0, 2));
        let recall = Recall {
            schemes: 2,
            seen: 1,
            with_task: 1,
            in_time: 1,
        };
        assert_eq!(report.typologies["elderly_care"], recall);
        let days = |report: Option<Quartiles>| report.map(|q| (q.count, q.median));
        assert_eq!(days(report.before_complaint), Some((1, 10)));
        assert_eq!(days(report.before_collapse), Some((1, 30)));
        let each: Vec<_> = report
            .schemes
            .iter()
            .map(|found| (found.scheme, found.seen, found.before_complaint))
            .collect();
        assert_eq!(each, [(1, true, Some(10)), (2, false, None)]);
        let gyms = FalseAlerts {
            members: Some(1),
            alerted: 1,
            with_task: 1,
        };
        assert_eq!(report.lawful["gym"], gyms);
        assert_eq!(report.lawful["ordinary"].alerted, 1);
    }
}
