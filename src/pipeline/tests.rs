//! The pipeline as a whole, in a state directory of its own: what arrives, in
//! whatever way, is what counts, and `verify` agrees.

mod names;
mod workbook;

use super::inputs::Push;
use super::*;
use crate::config::Clock;
use crate::explain::{Explanation, explain, find_enterprise};
use crate::roller::Enough;
use tempfile::TempDir;
use tocsin_alerts::lifecycle::EventType;
use tokio::runtime::Runtime;

const REGISTER: &str = "agency = \"one\"\nresource = \"r\"\nbasis = \"b\"\npath = \"reg/*.csv\"\n\
    mode = \"upsert\"\nkey = [\"id\"]\nregisters = true\nwithdrawn = \"op = 'D'\"\n\
    [columns]\nid = \"text\"\nname = \"text\"\nx = \"number\"\nop = \"text\"\n\
    [enterprise]\nid = \"id\"\n[display]\nname = \"name\"\n\
    [[attribute]]\nname = \"size\"\nvalue = \"x\"\n";
const EVENTS: &str = "agency = \"two\"\nresource = \"r\"\nbasis = \"b\"\npath = \"ev/*.csv\"\n\
    [columns]\nid = \"text\"\nx = \"number\"\n[enterprise]\nid = \"id\"\n\
    [[signal]]\nkind = \"A1\"\nvalue = \"x\"\n";
const FINES: &str = "agency = \"two\"\nresource = \"r\"\nbasis = \"b\"\npath = \"fines/*.csv\"\n\
    mode = \"upsert\"\nkey = [\"no\"]\nwithdrawn = \"op = 'D'\"\n\
    [columns]\nno = \"text\"\nid = \"text\"\nx = \"number\"\nday = \"date\"\nop = \"text\"\n\
    [enterprise]\nid = \"id\"\n\
    [[signal]]\nkind = \"A2\"\nvalue = \"x\"\ndate = \"day\"\nwindow = \"10d\"\n";
const SHOTS: &str = "agency = \"two\"\nresource = \"r\"\nbasis = \"b\"\npath = \"shot/*.csv\"\n\
    mode = \"snapshot\"\nkey = [\"no\"]\n\
    [columns]\nno = \"text\"\nid = \"text\"\nx = \"number\"\n[enterprise]\nid = \"id\"\n\
    [[signal]]\nkind = \"A3\"\nvalue = \"x\"\n";
const FEATURES: [(&str, &str, &str, &str); 5] = [
    ("events", "A", "A1", "sum"),
    ("fines", "B", "A2", "sum"),
    ("fined", "D", "A2", "count"),
    ("shots", "C", "A3", "sum"),
    ("size", "R", "size", "latest"),
];

/// A configuration, its landing and its state.
struct Town {
    folder: TempDir,
    runtime: Runtime,
}

impl Town {
    fn new() -> Town {
        let town = Town {
            folder: tempfile::tempdir().unwrap(),
            runtime: Runtime::new().unwrap(),
        };
        let features = FEATURES.map(|(name, category, from, aggregate)| {
            format!("[[feature]]\nname = \"{name}\"\ncategory = \"{category}\"\nfrom = \"{from}\"\naggregate = \"{aggregate}\"\n")
        });
        town.write("features.toml", &features.concat());
        town.write("model.json", &model());
        town.write("tocsin.toml", "[clock]\ntype = \"file\"\npath = \"clock\"\n[model]\nartifact = \"model.json\"\n[levels]\nhysteresis_days = 7\n");
        town.write("sources/one/reg.toml", REGISTER);
        town.write("sources/two/ev.toml", EVENTS);
        town.write("sources/two/fines.toml", FINES);
        town.write("sources/two/shot.toml", SHOTS);
        town.set_clock("2020-01-05T12:00:00+08:00");
        town.write("landing/reg/1.csv", "id,name,x,op\na,甲,1,\nb,乙,2,\n");
        town
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn append(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        let before = std::fs::read_to_string(&path).unwrap();
        self.write(name, &format!("{before}{text}"));
    }

    fn set_clock(&self, instant: &str) {
        self.write("clock", instant);
    }

    fn open(&self) -> Pipeline {
        let settings = Settings::read(&self.folder.path().join("tocsin.toml")).unwrap();
        assert!(matches!(settings.clock, Clock::File(_)));
        Pipeline::open(
            Arc::new(settings),
            self.options(),
            self.runtime.handle().clone(),
        )
        .unwrap()
    }

    fn options(&self) -> Options {
        Options {
            data: self.folder.path().join("state"),
            workers: 2,
            fsync: false,
        }
    }

    /// Takes in what is there; then the published scores, a fresh dataflow and
    /// the batch fold must agree.
    fn poll(&self, pipeline: &mut Pipeline) {
        pipeline.poll(true).unwrap();
        self.verify(pipeline);
    }

    fn verify(&self, pipeline: &Pipeline) {
        let found = crate::verify::verify(pipeline.view(), &self.options(), self.runtime.handle());
        assert_eq!(found.unwrap().listed, Vec::<String>::new());
    }

    fn reopen(&self, pipeline: Pipeline) -> Pipeline {
        pipeline.close().unwrap();
        let pipeline = self.open();
        self.verify(&pipeline);
        pipeline
    }

    fn events(&self, pipeline: &Pipeline) -> Vec<(EventType, i64)> {
        let events = pipeline.view.store.events_after(0, 1_000);
        let events = self.runtime.block_on(events).unwrap();
        let events = events.into_iter();
        events.map(|e| (e.event.kind, e.event.time_ms)).collect()
    }
}

/// Being fined at all makes an alert; other features only add a little.
fn model() -> String {
    let features = FEATURES.map(|(name, category, _, _)| {
        let weight = if name == "fined" { 9_000_000 } else { 1_000 };
        format!(
            r#"{{"name": "{name}", "category": "{category}", "kind": "number", "bins": [
                {{"missing": true, "weight": 0}}, {{"from": null, "to": 1, "weight": 0}},
                {{"from": 1, "to": 30000, "weight": {weight}}},
                {{"from": 30000, "to": null, "weight": {}}}]}}"#,
            weight + 77
        )
    });
    let features = features.join(",");
    format!(
        r#"{{"format": 1, "kind": "scorecard", "intercept": -4000000, "features": [{features}]}}"#
    )
}

fn explained(pipeline: &Pipeline, id: &str) -> Option<Explanation> {
    let view = pipeline.view();
    let key = find_enterprise(&view.records, id).unwrap()?;
    let (status, model) = (view.status(), view.model().unwrap());
    explain(&view.records, &model, key, status.epoch, status.time_ms).unwrap()
}

/// A feature's value for an enterprise.
fn value(pipeline: &Pipeline, id: &str, feature: &str) -> Option<f64> {
    let explanation = explained(pipeline, id).unwrap();
    assert_eq!(explanation.incomplete, None);
    let mut features = explanation.contributions.into_iter();
    features.find(|c| c.feature == feature).unwrap().value
}

fn stats<'a>(pipeline: &'a Pipeline, source: &str) -> &'a SourceStats {
    let source = pipeline.settings().catalogue.source(source).unwrap();
    &pipeline.stats[usize::from(source.index)]
}

fn push(pipeline: &mut Pipeline, source: &str, text: &str) -> SourceStats {
    let source = pipeline.settings().catalogue.source(source).unwrap().index;
    let push = Push {
        source,
        name: "push/1".into(),
        bytes: text.as_bytes().to_vec(),
    };
    let (_, mut gained) = pipeline.push(vec![push]).unwrap();
    gained.remove(&source).unwrap()
}

const FINES_HEADER: &str = "no,id,x,day,op\n";

#[test]
fn a_file_that_grows_is_read_on() {
    let town = Town::new();
    let mut pipeline = town.open();
    town.write("landing/ev/1.csv", "id,x\na,1\na,2");
    pipeline.poll(false).unwrap();
    assert_eq!(value(&pipeline, "a", "events"), Some(1.0));
    // A line that is still being written makes no epoch, however often one looks.
    let epoch = pipeline.last_epoch;
    assert!(pipeline.poll(false).unwrap().is_none());
    assert_eq!(pipeline.last_epoch, epoch);
    let mut pipeline = town.reopen(pipeline);
    town.append("landing/ev/1.csv", "0\nb,5\n");
    town.poll(&mut pipeline);
    assert_eq!(value(&pipeline, "a", "events"), Some(21.0));
    assert_eq!(value(&pipeline, "b", "events"), Some(5.0));
    assert_eq!(stats(&pipeline, "two/ev").read, 3);
    assert!(pipeline.poll(true).unwrap().is_none());
}

#[test]
fn a_header_may_come_in_pieces() {
    let town = Town::new();
    let mut pipeline = town.open();
    town.write("landing/ev/1.csv", "id");
    pipeline.poll(false).unwrap();
    let epoch = pipeline.last_epoch;
    assert!(pipeline.poll(false).unwrap().is_none());
    assert_eq!(
        (
            stats(&pipeline, "two/ev").error.clone(),
            pipeline.last_epoch
        ),
        (None, epoch)
    );
    town.append("landing/ev/1.csv", ",x\na,4\n");
    town.poll(&mut pipeline);
    assert_eq!(value(&pipeline, "a", "events"), Some(4.0));
}

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
    // Within one file: corrected twice, back to what had landed before.
    pipeline = step(
        pipeline,
        "1,a,5,DAY,\n1,a,6,DAY,\n1,a,6,DAY,\n1,a,1,DAY,\n",
        (Some(21.0), [2, 2, 2, 0, 0]),
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
fn a_fault_is_shown_until_it_is_gone() {
    let town = Town::new();
    let mut pipeline = town.open();
    let error = |pipeline: &Pipeline| stats(pipeline, "two/ev").error.clone().unwrap_or_default();
    pipeline.poll(true).unwrap();
    assert_eq!(error(&pipeline), "no file matches `ev/*.csv`");
    town.write("landing/ev/1.csv", "id,y\na,4\n");
    town.write("landing/ev/2.csv", "id,x\na,4\n");
    town.poll(&mut pipeline);
    assert!(
        error(&pipeline)
            .contains("file `ev/1.csv`: its header lacks the declared columns x; it has id, y")
    );
    assert_eq!(pipeline.view.status().stats, pipeline.stats);
    // The other file counts, and the bad one is not read again and again.
    assert_eq!(value(&pipeline, "a", "events"), Some(4.0));
    assert!(pipeline.poll(true).unwrap().is_none());
    assert!(error(&pipeline).contains("lacks"));
    town.write("landing/ev/1.csv", "id,x,_key\na,4,k\n");
    town.poll(&mut pipeline);
    assert!(error(&pipeline).contains("`_key`, a name that is reserved"));
    town.write("landing/ev/1.csv", "id,x\na,40\n");
    town.poll(&mut pipeline);
    assert_eq!(error(&pipeline), "");
    assert_eq!(value(&pipeline, "a", "events"), Some(44.0));
    town.write("landing/ev/1.csv", "id,x\n");
    town.poll(&mut pipeline);
    assert!(error(&pipeline).contains("was cut short"));
    std::fs::remove_file(town.folder.path().join("landing/ev/1.csv")).unwrap();
    town.poll(&mut pipeline);
    assert!(error(&pipeline).contains("`ev/1.csv` has vanished"));
}

#[test]
fn pushed_records_count_like_files() {
    let town = Town::new();
    let mut pipeline = town.open();
    town.poll(&mut pipeline);
    let gained = push(&mut pipeline, "two/ev", "id,x\na,1\na,1\n,2");
    assert_eq!(
        (gained.read, gained.accepted, gained.rejected_total()),
        (3, 2, 1)
    );
    // A refused push says why, and is no fault of the source.
    let refused = push(&mut pipeline, "two/ev", "id\na\n");
    assert!(
        refused
            .error
            .unwrap()
            .contains("its header lacks the declared columns x")
    );
    assert_eq!(push(&mut pipeline, "two/ev", "id,x\nb,1\n").error, None);
    // The same again is other records; their names differ, also after a restart.
    let mut pipeline = town.reopen(pipeline);
    push(&mut pipeline, "two/ev", "id,x\na,1\n");
    town.verify(&pipeline);
    assert_eq!(value(&pipeline, "a", "events"), Some(3.0));
    let lines = explained(&pipeline, "a").unwrap().contributions;
    let events = lines.into_iter().find(|c| c.feature == "events").unwrap();
    let mut places: Vec<(String, u64)> = events
        .records
        .into_iter()
        .map(|r| (r.file, r.line))
        .collect();
    places.dedup();
    assert_eq!(places.len(), 3);
    // A source that was pushed to needs no files.
    pipeline.poll(true).unwrap();
    assert_eq!(stats(&pipeline, "two/ev").error, None);
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
        .scan(&settings, crate::time::now_ms(), true, fed);
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

#[test]
fn a_clock_must_be_readable_to_begin() {
    let town = Town::new();
    std::fs::remove_file(town.folder.path().join("clock")).unwrap();
    let settings = Settings::read(&town.folder.path().join("tocsin.toml")).unwrap();
    let opened = Pipeline::open(
        Arc::new(settings),
        town.options(),
        town.runtime.handle().clone(),
    );
    assert!(opened.err().unwrap().to_string().contains("clock"));
}

#[test]
fn a_file_that_ends_early_counts_as_far_as_it_was_read() {
    let town = Town::new();
    let pipeline = town.open();
    let text = "id,x\na,1\nb,2\nb,";
    town.write("landing/ev/1.csv", text);
    let source = pipeline.settings().catalogue.source("two/ev").unwrap();
    let settings = pipeline.settings();
    let mut found = tocsin_ingest::transport::list(&settings.root, &source.pattern).unwrap();
    // As if it had been cut between the look at it and the reading.
    found[0].size += 100;
    let reading = inputs::Reading {
        found: found.remove(0),
        from: None,
        complete: true,
    };
    let pending = inputs::Pending {
        files: vec![reading],
        pushes: Vec::new(),
    };
    let output = pipeline.take_source(source.index, &pending, 1).unwrap();
    let (_, fault) = &output.failed[0];
    assert!(fault.may_pass && fault.why.contains("`ev/1.csv`: the file was cut short"));
    assert_eq!((output.rows, output.stats.read), (2, 2));
    let (_, position) = &output.positions[0];
    assert_eq!(position.byte as usize, text.len() - 2);
    // What was read is not read again, and what follows is not lost.
    let mut inputs = inputs::Inputs::default();
    inputs.read_to(source.index, "ev/1.csv".into(), position.clone());
    town.append("landing/ev/1.csv", "3\n");
    let pending = inputs.scan(settings, 0, true, |_| true);
    let from = pending[&source.index].files[0].from.as_ref();
    assert_eq!(from, Some(position));
}
