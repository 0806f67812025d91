//! What a restart, new rules and rolling leave as it was.

use super::*;

#[test]
fn rolling_changes_nothing_that_is_seen() {
    let town = Town::new();
    let mut pipeline = town.open();
    for epoch in 0..4 {
        // Other columns in between: the rows on both sides roll by themselves.
        let more = if epoch == 2 { ",more" } else { "" };
        town.write(
            &format!("landing/fines/{epoch}.csv"),
            &format!("no,id,x,day,op{more}\n1,a,{epoch},2020-01-04,{more}\n{epoch}9,a,5,2020-01-04,{more}\n"),
        );
        town.poll(&mut pipeline);
    }
    let before = explained(&pipeline, "a").unwrap();
    assert_eq!(
        before
            .contributions
            .iter()
            .find(|c| c.feature == "fines")
            .unwrap()
            .value,
        Some(23.0)
    );
    let enough = Enough {
        rows: 1,
        segments: 1,
        ..Enough::default()
    };
    while pipeline.tidy_when(enough).unwrap() {
        town.verify(&pipeline);
    }
    for source in pipeline.settings().catalogue.sources() {
        assert!(
            pipeline
                .records()
                .landing
                .inline_segments(&source.id)
                .is_empty()
        );
    }
    assert_eq!(explained(&pipeline, "a").unwrap(), before);
    let mut pipeline = town.reopen(pipeline);
    assert_eq!(explained(&pipeline, "a").unwrap(), before);
    // What was rolled is still found by those who correct it.
    town.write(
        "landing/fines/9.csv",
        &format!("{FINES_HEADER}1,a,100,2020-01-04,\n09,,,,D\n"),
    );
    town.poll(&mut pipeline);
    assert_eq!(value(&pipeline, "a", "fines"), Some(115.0));
    while pipeline.tidy_when(enough).unwrap() {}
    town.verify(&town.reopen(pipeline));
}

#[test]
fn a_source_that_has_not_enough_makes_room_when_all_have_too_much() {
    let town = Town::new();
    let mut pipeline = town.open();
    for epoch in 0..4 {
        town.write(
            &format!("landing/fines/{epoch}.csv"),
            &format!("{FINES_HEADER}{epoch},a,5,2020-01-04,\n"),
        );
        town.poll(&mut pipeline);
    }
    let waiting = |pipeline: &Pipeline| pipeline.records().landing.inline_count().0;
    let before = waiting(&pipeline);
    let enough = |all_segments| Enough {
        all_segments,
        ..Enough::default()
    };
    assert!(!pipeline.tidy_when(enough(before)).unwrap());
    assert!(pipeline.tidy_when(enough(before - 1)).unwrap());
    // The four of the source that has most are one now, and in a file.
    assert_eq!(waiting(&pipeline), before - 4);
    town.verify(&town.reopen(pipeline));
}

#[test]
fn new_rules_are_an_epoch_of_their_own() {
    let town = Town::new();
    let mut pipeline = town.open();
    town.write(
        "landing/fines/1.csv",
        &format!("{FINES_HEADER}1,a,2,2020-01-04,\n2,b,1,2020-01-04,\n"),
    );
    town.poll(&mut pipeline);
    let epoch = pipeline.last_epoch;
    // A column that the landed rows do not have, and another value.
    let fines = FINES.replace("day = \"date\"\n", "day = \"date\"\nnew = \"number\"\n");
    let fines = fines.replace("value = \"x\"", "value = \"x * coalesce(new, 7)\"");
    town.write("sources/two/fines.toml", &fines);
    // b's registration is refused now: its alert must not stay.
    town.write(
        "sources/one/reg.toml",
        &REGISTER
            .replace("x = \"number\"", "x = \"boolean\"")
            .replace("value = \"x\"", "value = \"1\""),
    );
    let mut pipeline = town.reopen(pipeline);
    assert_eq!(pipeline.last_epoch, epoch + 1);
    assert_eq!(value(&pipeline, "a", "fines"), Some(14.0));
    assert!(explained(&pipeline, "b").is_none());
    let kinds: Vec<EventType> = town.events(&pipeline).iter().map(|e| e.0).collect();
    assert_eq!(
        kinds,
        [EventType::Opened, EventType::Opened, EventType::Retracted]
    );
    // The refused row is replaced all the same: back to the old rules, only its
    // successor counts.
    town.write("landing/reg/2.csv", "id,name,x,op\nb,丙,1,\n");
    town.poll(&mut pipeline);
    town.write("sources/one/reg.toml", REGISTER);
    town.write("sources/two/fines.toml", FINES);
    let pipeline = town.reopen(pipeline);
    assert_eq!(value(&pipeline, "b", "size"), Some(1.0));
    assert_eq!(value(&pipeline, "a", "fines"), Some(2.0));
    let again = town.reopen(pipeline);
    assert_eq!(again.last_epoch, epoch + 3);
}

/// Commits an epoch of what is there and stops as a kill would.
fn kill_after_commit(mut pipeline: Pipeline) {
    let fed = |_| true;
    let settings = Arc::clone(pipeline.settings());
    let pending = pipeline
        .inputs
        .scan(&settings, crate::time::now_ms(), true, |_| true, fed);
    let time_ms = pipeline.clock.now_ms(pipeline.last_time_ms);
    let outputs = pipeline.take_in(pending, time_ms).unwrap();
    let id = pipeline.last_epoch + 1;
    let gathered = pipeline.gather(id, time_ms, "records", outputs);
    pipeline.commit(gathered.commit).unwrap();
}

#[test]
fn a_committed_epoch_is_finished_after_a_kill() {
    let town = Town::new();
    kill_after_commit(town.open());
    // The first epoch of all, and the clock has gone on since.
    town.set_clock("2020-01-08T00:00:00+08:00");
    let pipeline = town.open();
    town.verify(&pipeline);
    assert_eq!(pipeline.last_epoch, 1);
    assert_eq!(value(&pipeline, "a", "size"), Some(1.0));
    // One that corrects; and the rules change before the next start.
    town.write("landing/reg/2.csv", "id,name,x,op\na,甲,3,\n");
    kill_after_commit(pipeline);
    town.write(
        "sources/one/reg.toml",
        &REGISTER.replace("value = \"x\"", "value = \"x * 10\""),
    );
    let mut pipeline = town.open();
    town.verify(&pipeline);
    assert_eq!(pipeline.last_epoch, 3);
    assert_eq!(value(&pipeline, "a", "size"), Some(30.0));
    town.poll(&mut pipeline);
    assert_eq!(stats(&pipeline, "one/reg").read, 3);
}
