//! Corrections, withdrawals, snapshots and what expires.

use super::*;

/// Corrections, duplicates and withdrawals, within one reading and across
/// epochs, with or without a restart after each step.
fn corrections(restarts: bool) {
    let town = Town::new();
    let mut pipeline = town.open();
    let day = "2020-01-04";
    let step = |pipeline: Pipeline, rows: &str, expected: (Option<f64>, [u64; 5])| {
        let mut pipeline = if restarts {
            town.reopen(pipeline)
        } else {
            pipeline
        };
        let name = format!("landing/fines/{:04}.csv", pipeline.last_epoch);
        town.write(
            &name,
            &format!("{FINES_HEADER}{}", rows.replace("DAY", day)),
        );
        let before = stats(&pipeline, "two/fines").clone();
        town.poll(&mut pipeline);
        let now = stats(&pipeline, "two/fines");
        let counted = [
            now.accepted - before.accepted,
            now.duplicates - before.duplicates,
            now.corrected - before.corrected,
            now.withdrawn - before.withdrawn,
            now.rejected_total() - before.rejected_total(),
        ];
        assert_eq!(
            (value(&pipeline, "a", "fines"), counted),
            expected,
            "{rows}"
        );
        pipeline
    };
    pipeline = step(
        pipeline,
        "1,a,1,DAY,\n2,a,10,DAY,\n",
        (Some(11.0), [2, 0, 0, 0, 0]),
    );
    // The same again says nothing; another value takes the place of the old.
    pipeline = step(
        pipeline,
        "1,a,1,DAY,\n2,a,20,DAY,\n",
        (Some(21.0), [1, 1, 1, 0, 0]),
    );
    // Within one file: corrected three times, back to what had landed before.
    pipeline = step(
        pipeline,
        "1,a,5,DAY,\n1,a,6,DAY,\n1,a,6,DAY,\n1,a,1,DAY,\n",
        (Some(21.0), [3, 1, 3, 0, 0]),
    );
    pipeline = step(
        pipeline,
        "1,a,5,DAY,\n1,b,7,DAY,\n",
        (Some(20.0), [2, 0, 2, 0, 0]),
    );
    // A withdrawal has its key only; twice is once; a bad row changes nothing.
    pipeline = step(pipeline, "2,,,,D\n", (None, [1, 0, 0, 1, 0]));
    pipeline = step(
        pipeline,
        "2,a,,,D\n2,a,x,DAY,\n,a,9,DAY,\n",
        (None, [1, 0, 0, 0, 2]),
    );
    // What was withdrawn may come again.
    pipeline = step(pipeline, "2,a,3,DAY,\n", (Some(3.0), [1, 0, 1, 0, 0]));
    assert_eq!(value(&pipeline, "b", "fines"), Some(7.0));
    // A withdrawn registration takes the enterprise's score away.
    town.write("landing/reg/2.csv", "id,name,x,op\na,,,D\n");
    town.poll(&mut pipeline);
    assert!(explained(&pipeline, "a").is_none());
    town.write("landing/reg/3.csv", "id,name,x,op\na,新,9,\n");
    town.poll(&mut pipeline);
    assert_eq!(
        explained(&pipeline, "a").unwrap().name.as_deref(),
        Some("新")
    );
    assert_eq!(value(&pipeline, "a", "fines"), Some(3.0));
    town.verify(&town.reopen(pipeline));
}

#[test]
fn the_newest_version_of_a_record_counts() {
    corrections(false);
}

#[test]
fn a_restart_between_versions_changes_nothing() {
    corrections(true);
}

#[test]
fn a_snapshot_replaces_the_one_before() {
    let town = Town::new();
    let mut pipeline = town.open();
    let header = "no,id,x\n";
    town.write(
        "landing/shot/1.csv",
        &format!("{header}1,a,1\n2,a,2\n3,b,3\n"),
    );
    // Read only when it is complete, and later ones wait for it.
    pipeline.poll(false).unwrap();
    assert_eq!(stats(&pipeline, "two/shot").read, 0);
    town.poll(&mut pipeline);
    assert_eq!(value(&pipeline, "a", "shots"), Some(3.0));
    // 1 is the same, 2 is refused and so stays as it was, 3 is gone, 4 is new.
    town.write(
        "landing/shot/2.csv",
        &format!("{header}1,a,1\n2,a,bad\n4,b,9\n"),
    );
    let mut pipeline = town.reopen(pipeline);
    town.poll(&mut pipeline);
    assert_eq!(value(&pipeline, "a", "shots"), Some(3.0));
    assert_eq!(value(&pipeline, "b", "shots"), Some(9.0));
    let counted = stats(&pipeline, "two/shot");
    assert_eq!((counted.duplicates, counted.withdrawn), (1, 1));
    // A file that has changed its size is another snapshot, read from its begin.
    town.write("landing/shot/2.csv", &format!("{header}1,b,4\n"));
    town.poll(&mut pipeline);
    assert_eq!(value(&pipeline, "a", "shots"), None);
    assert_eq!(value(&pipeline, "b", "shots"), Some(4.0));
    assert!(pipeline.poll(true).unwrap().is_none());
    // One that cannot be read withdraws nothing.
    town.write("landing/shot/3.csv", "no,x\n1,2\n");
    town.poll(&mut pipeline);
    assert_eq!(value(&pipeline, "b", "shots"), Some(4.0));
    assert!(stats(&pipeline, "two/shot").error.is_some());
}

#[test]
fn what_expires_ends_on_its_day() {
    let town = Town::new();
    let mut pipeline = town.open();
    town.write(
        "landing/fines/1.csv",
        &format!("{FINES_HEADER}1,a,2,2020-01-04,\n"),
    );
    town.poll(&mut pipeline);
    assert_eq!(town.events(&pipeline)[0].0, EventType::Opened);
    // Nothing arrives for a month: the fine counts until the 14th, and the alert
    // is held for seven days from then.
    town.set_clock("2020-02-05T12:00:00+08:00");
    town.poll(&mut pipeline);
    assert_eq!(value(&pipeline, "a", "fines"), None);
    let closed: jiff::Timestamp = "2020-01-21T00:00:00+08:00".parse().unwrap();
    assert_eq!(
        town.events(&pipeline)[1..],
        [(EventType::Closed, closed.as_millisecond())]
    );
    // Time that goes back stands still.
    town.set_clock("2020-01-01T00:00:00+08:00");
    let before = pipeline.last_time_ms;
    town.write("landing/ev/1.csv", "id,x\na,4\n");
    town.poll(&mut pipeline);
    assert_eq!(pipeline.last_time_ms, before + 1);
    let mut pipeline = town.reopen(pipeline);
    town.append("landing/ev/1.csv", "a,4\n");
    town.poll(&mut pipeline);
    assert_eq!(pipeline.last_time_ms, before + 2);
}

#[test]
fn a_withdrawn_record_takes_its_alert_back() {
    let town = Town::new();
    let mut pipeline = town.open();
    town.write(
        "landing/fines/1.csv",
        &format!("{FINES_HEADER}1,a,2,2020-01-04,\n"),
    );
    town.poll(&mut pipeline);
    town.write("landing/fines/2.csv", &format!("{FINES_HEADER}1,,,,D\n"));
    town.poll(&mut pipeline);
    let kinds: Vec<EventType> = town.events(&pipeline).iter().map(|e| e.0).collect();
    assert_eq!(kinds, [EventType::Opened, EventType::Retracted]);
}
