//! How files and pushes are read.

use super::*;

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
    let progress = crate::progress::Progress::new("taking in", "bytes", 0);
    let output = pipeline
        .take_source(source.index, &pending, 1, &progress)
        .unwrap();
    let (_, fault) = &output.failed[0];
    assert!(fault.may_pass && fault.why.contains("`ev/1.csv`: the file was cut short"));
    assert_eq!((output.rows, output.stats.read), (2, 2));
    let (_, position) = &output.positions[0];
    assert_eq!(position.byte as usize, text.len() - 2);
    // What was read is not read again, and what follows is not lost.
    let mut inputs = inputs::Inputs::default();
    inputs.read_to(source.index, "ev/1.csv".into(), position.clone());
    town.append("landing/ev/1.csv", "3\n");
    let pending = inputs.scan(settings, 0, true, |_| true, |_| true);
    let from = pending[&source.index].files[0].from.as_ref();
    assert_eq!(from, Some(position));
}
