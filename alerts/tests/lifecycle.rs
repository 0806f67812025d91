//! The life of an alert, by example and by property.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use std::collections::{HashMap, HashSet};
use tocsin_alerts::lifecycle::{GROUP_PREFIX, business_day, group_key};
use tocsin_alerts::*;

const DAY_MS: i64 = 86_400_000;
/// 2024-01-01T00:00 in Shanghai.
const START_MS: i64 = 1_704_038_400_000;

/// An enterprise numbered `key`, at `points`, with evidence in `categories`
/// (bits) of two agencies and full confidence.
fn assess(key: u8, points: u16, categories: u16) -> Assessment {
    Assessment {
        enterprise: [key; 16],
        id: format!("E{key}"),
        index: points * 100,
        categories,
        agencies: 0b11,
        coverage: 1000,
        ..Assessment::default()
    }
}

fn change(cause: Cause, assessment: Assessment) -> Change {
    Change {
        epoch: 1,
        enterprise: assessment.enterprise,
        assessment: Some(assessment),
        cause,
    }
}

/// Plays `(day, points, categories, cause)` for one enterprise and tells the
/// events as `type:level`, a dash where there is none.
fn play(script: &[(i64, u16, u16, Cause)]) -> String {
    let mut book = Book::default();
    let told: Vec<String> = script
        .iter()
        .map(|(day, points, categories, cause)| {
            let change = change(*cause, assess(1, *points, *categories));
            let step = book.apply(&change, START_MS + day * DAY_MS, &Policy::default());
            match step.and_then(|step| step.event) {
                Some(event) => format!("{}:{}", event.kind.name(), event.after.name()),
                None => "-".to_owned(),
            }
        })
        .collect();
    told.join(" ")
}

use Cause::{Clock, Evidence, Model, Withdrawal};

#[test]
fn rises_count_at_once_and_falls_wait_seven_days() {
    let told = play(&[
        (0, 45, 0b1, Evidence),
        (0, 62, 0b11, Evidence),
        (1, 72, 0b11, Evidence),
        (2, 66, 0b11, Evidence), // above 65: not below
        (3, 64, 0b11, Evidence), // below orange from here
        (9, 64, 0b11, Clock),
        (10, 64, 0b11, Clock),
    ]);
    assert_eq!(
        told,
        "opened:blue raised:yellow raised:orange - - - lowered:yellow"
    );
}

#[test]
fn a_day_above_starts_the_wait_anew() {
    let told = play(&[
        (0, 72, 0b11, Evidence),
        (1, 30, 0b11, Evidence),
        (5, 65, 0b11, Evidence),
        (6, 30, 0b11, Evidence),
        (8, 30, 0b11, Clock),
        (12, 30, 0b11, Clock), // yellow and orange from day 6, blue too
        (13, 30, 0b11, Clock),
    ]);
    assert_eq!(told, "opened:orange - - - - - closed:none");
}

#[test]
fn each_level_waits_out_its_own_days() {
    let told = play(&[
        (0, 72, 0b11, Evidence),
        (1, 64, 0b11, Evidence), // below orange
        (4, 30, 0b11, Evidence), // below yellow and blue
        (8, 30, 0b11, Clock),
        (11, 30, 0b11, Clock),
    ]);
    assert_eq!(told, "opened:orange - - lowered:yellow closed:none");
}

#[test]
fn a_lost_gate_waits_like_a_lost_threshold() {
    let told = play(&[
        (0, 75, 0b11, Evidence),
        (1, 75, 0b1, Evidence), // one category left
        (7, 75, 0b1, Clock),
        (8, 75, 0b1, Clock),
    ]);
    assert_eq!(told, "opened:orange - - lowered:blue");
}

#[test]
fn corrections_and_models_count_at_once() {
    let told = play(&[
        (0, 75, 0b11, Evidence),
        (0, 62, 0b11, Withdrawal),
        (0, 45, 0b11, Model),
        (0, 10, 0b11, Withdrawal),
        (0, 10, 0b11, Withdrawal),
        (0, 41, 0b11, Evidence),
    ]);
    assert_eq!(
        told,
        "opened:orange lowered:yellow lowered:blue retracted:none - opened:blue"
    );
}

#[test]
fn notable_rises_and_new_categories_are_told_again() {
    let told = play(&[
        (0, 41, 0b1, Evidence),
        (1, 50, 0b1, Evidence),
        (2, 51, 0b1, Evidence),
        (3, 51, 0b11, Evidence),
        (4, 51, 0b1, Evidence),
        (5, 51, 0b11, Evidence),                 // told before: calm
        (6, 51, 0b11 | 0b1_0000_0000, Evidence), // the registry's category is no news
    ]);
    assert_eq!(told, "opened:blue - re-raised:blue re-raised:blue - - -");
}

#[test]
fn a_new_element_is_told_once_an_episode() {
    let policy = Policy::default();
    let mut book = Book::default();
    let mut told = Vec::new();
    for elements in [0b0001, 0b0001, 0b0101, 0b0100, 0b0101, 0b1000] {
        let assessment = Assessment {
            elements,
            ..assess(1, 51, 0b11)
        };
        let step = book.apply(&change(Evidence, assessment), START_MS, &policy);
        let event = step.and_then(|step| step.event);
        told.push(event.map_or("-", |event| event.kind.name()));
    }
    // What was there before and comes back is no news.
    assert_eq!(told, ["opened", "-", "re-raised", "-", "-", "re-raised"]);
}

#[test]
fn an_alert_of_before_elements_were_noted_is_not_told_again_for_them() {
    let mut book = Book::default();
    let policy = Policy::default();
    let opened = book.apply(&change(Evidence, assess(1, 51, 0b1)), START_MS, &policy);
    let mut state = serde_json::to_value(opened.unwrap().alert).unwrap();
    let fields = state.as_object_mut().unwrap();
    assert!(fields.remove("notified_elements").is_some());
    let old: Alert = serde_json::from_value(state).unwrap();
    let mut book = Book::default();
    book.hold(&old);
    let assessment = Assessment {
        elements: 0b1111,
        ..assess(1, 51, 0b1)
    };
    let step = book.apply(&change(Evidence, assessment), START_MS, &policy);
    assert_eq!(step.unwrap().event, None);
}

/// A group named by enterprise `key`, at `points`.
fn group(key: u8, points: u16) -> Change {
    let assessment = assess(key, points, 0b1111);
    let assessment = Assessment {
        enterprise: group_key(assessment.enterprise),
        id: format!("{GROUP_PREFIX}{}", assessment.id),
        ..assessment
    };
    change(Evidence, assessment)
}

#[test]
fn groups_are_alerted_from_their_level_on() {
    assert_eq!(Policy::default().of_groups(), None);
    let declared = Policy {
        groups: Some(Level::Orange),
        ..Policy::default()
    };
    let policy = declared.of_groups().unwrap();
    for (points, level) in [(69, Level::None), (70, Level::Orange), (80, Level::Red)] {
        let assessment = group(1, points).assessment.unwrap();
        assert_eq!(level_of(&assessment, &policy), level, "{points}");
    }
    // Red asks for confidence: without it a group is not orange instead.
    let red = Policy {
        groups: Some(Level::Red),
        ..Policy::default()
    };
    let doubtful = Assessment {
        coverage: 100,
        ..group(1, 95).assessment.unwrap()
    };
    assert_eq!(level_of(&doubtful, &red.of_groups().unwrap()), Level::None);
    assert_eq!(level_of(&doubtful, &policy), Level::Orange);
    // What falls below it ends: there is nothing lower to fall to.
    let mut book = Book::default();
    book.apply(&group(1, 75), START_MS, &policy);
    book.apply(&group(1, 50), START_MS, &policy);
    let ended = book.tick(2, START_MS + 7 * DAY_MS, &policy).remove(0);
    assert_eq!(ended.event.unwrap().kind, EventType::Closed);
}

#[test]
fn a_groups_alert_goes_on_under_another_name_and_two_become_one() {
    let policy = Policy::default();
    let key = |key: u8| group_key([key; 16]);
    let mut book = Book::default();
    book.apply(&group(5, 75), START_MS, &policy);
    // A lesser member joins and names the group from now on.
    let moved = book.succeed(key(5), key(1), 2, START_MS).unwrap();
    assert_eq!((moved.event, moved.alert.id.as_str()), (None, "group:E5-1"));
    assert_eq!(
        book.apply(&group(1, 75), START_MS, &policy).unwrap().event,
        None
    );
    let raised = book.apply(&group(1, 85), START_MS, &policy).unwrap();
    assert_eq!(
        (raised.alert.id.as_str(), raised.alert.revision),
        ("group:E5-1", 2)
    );
    // What 5 names next is another group; its alert another episode.
    let again = book.apply(&group(5, 75), START_MS, &policy).unwrap();
    assert_eq!(again.alert.id, "group:E5-2");
    // The two come together: one alert is left, and the other says so.
    let merged = book.succeed(key(5), key(1), 3, START_MS).unwrap();
    let event = merged.event.unwrap();
    assert_eq!(
        (event.kind, event.before, event.after),
        (EventType::Merged, Level::Orange, Level::None)
    );
    assert_eq!((event.alert.as_str(), event.revision), ("group:E5-2", 2));
    let open: Vec<&str> = book.open_alerts().map(|alert| alert.id.as_str()).collect();
    assert_eq!(open, ["group:E5-1"]);
    // Nothing is left to go on.
    assert_eq!(book.succeed(key(5), key(1), 4, START_MS), None);
}

#[test]
fn an_enterprise_that_is_no_longer_scored_ends_its_alert() {
    for (cause, kind) in [
        (Withdrawal, EventType::Retracted),
        (Clock, EventType::Closed),
    ] {
        let mut book = Book::default();
        book.apply(
            &change(Evidence, assess(1, 50, 1)),
            START_MS,
            &Policy::default(),
        );
        let gone = Change {
            epoch: 2,
            enterprise: [1; 16],
            assessment: None,
            cause,
        };
        let mut step = book.apply(&gone, START_MS, &Policy::default()).unwrap();
        if cause == Clock {
            assert_eq!(step.event, None);
            step = book
                .tick(3, START_MS + 7 * DAY_MS, &Policy::default())
                .remove(0);
        }
        assert_eq!(step.event.unwrap().kind, kind);
        assert_eq!(book.open_alerts().count(), 0);
    }
}

#[test]
fn episodes_are_numbered_and_events_say_what_they_are() {
    let mut book = Book::default();
    let policy = Policy::default();
    book.apply(&change(Evidence, assess(7, 50, 1)), START_MS, &policy);
    book.apply(&change(Withdrawal, assess(7, 0, 0)), START_MS, &policy);
    let step = book
        .apply(&change(Evidence, assess(7, 50, 1)), START_MS, &policy)
        .unwrap();
    let event = step.event.unwrap();
    assert_eq!((event.alert.as_str(), event.revision), ("E7-2", 1));
    assert_eq!(event.text, "风险线索,非认定");
    assert_eq!((event.before, event.after), (Level::None, Level::Blue));
}

#[test]
fn days_are_those_of_shanghai() {
    assert_eq!(business_day(START_MS), business_day(START_MS + DAY_MS - 1));
    assert_eq!(business_day(START_MS - 1) + 1, business_day(START_MS));
}

/// One change of one of three enterprises, some hours after the last.
#[derive(Debug, Clone)]
struct Move {
    hours: i64,
    key: u8,
    points: Option<u16>,
    categories: u16,
    agencies: u64,
    hard: bool,
    cause: Cause,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = (
        0..80_i64,
        1..4_u8,
        prop::option::weighted(0.95, 0..=100_u16),
        0..512_u16,
        0..8_u64,
        prop::bool::weighted(0.03),
        prop::sample::select(vec![
            Evidence, Evidence, Evidence, Clock, Clock, Withdrawal, Model,
        ]),
    );
    let one = one.prop_map(
        |(hours, key, points, categories, agencies, hard, cause)| Move {
            hours,
            key,
            points,
            categories,
            agencies,
            hard,
            cause,
        },
    );
    prop::collection::vec(one, 1..120)
}

/// The changes of some moves, with their times.
fn changes(moves: &[Move]) -> Vec<(Change, i64)> {
    let mut now_ms = START_MS;
    let mut out = Vec::new();
    for (epoch, step) in (1..).zip(moves) {
        now_ms += step.hours * 3_600_000;
        let assessment = step.points.map(|points| Assessment {
            agencies: step.agencies,
            hard_trigger: step.hard,
            ..assess(step.key, points, step.categories)
        });
        let enterprise = [step.key; 16];
        out.push((
            Change {
                epoch,
                enterprise,
                assessment,
                cause: step.cause,
            },
            now_ms,
        ));
    }
    out
}

/// Applies all changes, a daily tick before each, and gives every step.
fn run(changes: &[(Change, i64)]) -> Vec<Step> {
    let mut book = Book::default();
    let policy = Policy::default();
    let mut steps = Vec::new();
    for (change, now_ms) in changes {
        steps.extend(book.tick(change.epoch, *now_ms, &policy));
        steps.extend(book.apply(change, *now_ms, &policy));
    }
    steps
}

proptest! {
    /// What is promised: while a fall still waits, an alert stands where its highest
    /// figures put it, in whatever order and pieces they came.
    #[test]
    fn an_alert_stands_where_its_highest_figures_do_whatever_their_order(
        points in prop::collection::vec(0..=100_u16, 1..12),
        seed: u64,
    ) {
        let policy = Policy::default();
        let run = |order: &[u16]| {
            let mut book = Book::default();
            for points in order {
                book.apply(&change(Evidence, assess(1, *points, 0b1111)), START_MS, &policy);
            }
            book.open_alerts().next().map(|alert| (alert.id.clone(), alert.level))
        };
        let mut other = points.clone();
        other.rotate_left(seed as usize % points.len());
        prop_assert_eq!(run(&points), run(&other));
    }

    #[test]
    fn at_most_one_alert_is_open_and_revisions_have_no_gaps(moves in moves()) {
        let mut open: HashMap<[u8; 16], String> = HashMap::new();
        let mut revisions: HashMap<String, u32> = HashMap::new();
        let mut ended: HashSet<String> = HashSet::new();
        for step in run(&changes(&moves)) {
            let alert = &step.alert;
            prop_assert!(!ended.contains(&alert.id), "an ended alert came back");
            if let Some(event) = &step.event {
                let last = revisions.entry(event.alert.clone()).or_default();
                prop_assert_eq!(event.revision, *last + 1);
                *last = event.revision;
                prop_assert_eq!(event.before == Level::None, event.kind == EventType::Opened);
            }
            if alert.status == Status::Open {
                let known = open.entry(alert.enterprise).or_insert_with(|| alert.id.clone());
                prop_assert_eq!(&*known, &alert.id);
            } else {
                open.remove(&alert.enterprise);
                ended.insert(alert.id.clone());
            }
        }
    }

    #[test]
    fn the_same_change_twice_is_one_change(moves in moves()) {
        let mut book = Book::default();
        let policy = Policy::default();
        for (change, now_ms) in changes(&moves) {
            book.apply(&change, now_ms, &policy);
            let before = book.clone();
            prop_assert_eq!(book.apply(&change, now_ms, &policy), None);
            prop_assert_eq!(&book, &before);
        }
    }

    #[test]
    fn evidence_never_lowers_before_seven_days(moves in moves()) {
        let policy = Policy::default();
        // When each enterprise last had figures that hold a level.
        let mut held: HashMap<([u8; 16], Level), i64> = HashMap::new();
        let mut book = Book::default();
        for (change, now_ms) in changes(&moves) {
            let step = book.apply(&change, now_ms, &policy);
            if let Some(event) = step.and_then(|step| step.event) {
                let waits = matches!(event.cause, Cause::Evidence | Cause::Clock);
                if waits && event.after < event.before {
                    let since = held[&(change.enterprise, event.before)];
                    prop_assert!(business_day(now_ms) - business_day(since) >= 7);
                }
            }
            let level = change.assessment.map_or(Level::None, |now| level_of(&now, &policy));
            for lower in Level::ALL.into_iter().filter(|lower| *lower <= level) {
                held.insert((change.enterprise, lower), now_ms);
            }
        }
    }

    #[test]
    fn a_replay_tells_the_same(moves in moves()) {
        let changes = changes(&moves);
        prop_assert_eq!(run(&changes), run(&changes));
    }

    #[test]
    fn an_alert_survives_its_json(moves in moves()) {
        for step in run(&changes(&moves)) {
            let json = serde_json::to_string(&step.alert).unwrap();
            prop_assert_eq!(serde_json::from_str::<Alert>(&json).unwrap(), step.alert);
        }
    }

    #[test]
    fn after_a_tick_nothing_is_due(moves in moves()) {
        let mut book = Book::default();
        let policy = Policy::default();
        for (change, now_ms) in changes(&moves) {
            book.apply(&change, now_ms, &policy);
        }
        let late = START_MS + 400 * DAY_MS;
        book.tick(999, late, &policy);
        prop_assert_eq!(book.tick(1000, late, &policy), Vec::new());
    }
}
