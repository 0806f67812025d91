//! Compressed files count as what was compressed does.

use super::*;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use tocsin_alerts::store::RejectRow;

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

impl Town {
    fn write_bytes(&self, name: &str, bytes: &[u8]) {
        self.write(name, "");
        std::fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.folder.path().join(name)).unwrap();
    }

    fn rejects(&self, pipeline: &Pipeline) -> Vec<RejectRow> {
        let found = pipeline.view.store.rejects(Some("two/ev"), 0, 100);
        let found = self.runtime.block_on(found).unwrap();
        found.into_iter().map(|stored| stored.reject).collect()
    }
}

fn error(pipeline: &Pipeline, source: &str) -> String {
    stats(pipeline, source).error.clone().unwrap_or_default()
}

#[test]
fn a_compressed_file_has_the_rows_rejects_and_places_of_the_plain_one() {
    let text = "id,x\r\na,1\r\n\r\na,five\na\n\"b\",\"5\"\nb,2";
    let of = |name: &str, bytes: &[u8]| {
        let town = Town::new();
        town.write_bytes(name, bytes);
        let mut pipeline = town.open();
        town.poll(&mut pipeline);
        assert_eq!(error(&pipeline, "two/ev"), "");
        let values = ["a", "b"].map(|id| value(&pipeline, id, "events"));
        let mut rejects = town.rejects(&pipeline);
        for reject in &mut rejects {
            assert_eq!(std::mem::take(&mut reject.file), name["landing/".len()..]);
        }
        (values, rejects, stats(&pipeline, "two/ev").clone())
    };
    let plain = of("landing/ev/1.csv", text.as_bytes());
    assert_eq!((plain.0, plain.1.len()), ([Some(1.0), Some(7.0)], 2));
    assert!(plain == of("landing/ev/1.csv.gz", &packed(text)));
    // Cut into members anywhere.
    let (one, other) = text.split_at(13);
    let members = [packed(one), packed(other)].concat();
    assert!(plain == of("landing/ev/1.csv.gz", &members));
}

#[test]
fn only_what_is_new_in_a_compressed_file_counts() {
    // A source without keys: what is read twice counts twice.
    let town = Town::new();
    let mut pipeline = town.open();
    let mut bytes = packed("id,x\na,1\n");
    town.write_bytes("landing/ev/1.csv.gz", &bytes);
    // It may be on its way still.
    assert!(pipeline.poll(false).unwrap().is_some());
    assert_eq!(value(&pipeline, "a", "events"), None);
    town.poll(&mut pipeline);
    assert_eq!(value(&pipeline, "a", "events"), Some(1.0));
    bytes.extend(packed("a,10\n"));
    town.write_bytes("landing/ev/1.csv.gz", &bytes);
    let mut pipeline = town.reopen(pipeline);
    town.poll(&mut pipeline);
    assert_eq!(value(&pipeline, "a", "events"), Some(11.0));
    // Delivered anew, with more, in one piece.
    town.write_bytes("landing/ev/1.csv.gz", &packed("id,x\na,1\na,10\na,100\n"));
    town.poll(&mut pipeline);
    assert_eq!(value(&pipeline, "a", "events"), Some(111.0));
    assert!(pipeline.poll(true).unwrap().is_none());
    town.write_bytes("landing/ev/1.csv.gz", &packed("id,x\na,1\n"));
    town.poll(&mut pipeline);
    let told = error(&pipeline, "two/ev");
    assert!(
        told.contains("`ev/1.csv.gz`: was cut short: 20 bytes"),
        "{told}"
    );
    assert_eq!(value(&pipeline, "a", "events"), Some(111.0));
}

#[test]
fn to_compress_a_file_that_was_read_changes_nothing() {
    let town = Town::new();
    let mut pipeline = town.open();
    town.write("landing/ev/1.csv", "id,x\na,1\n");
    town.poll(&mut pipeline);
    // While it is compressed both are there.
    town.write_bytes("landing/ev/1.csv.gz", &packed("id,x\na,1\na,4\n"));
    town.poll(&mut pipeline);
    let told = error(&pipeline, "two/ev");
    assert!(
        told.contains("`ev/1.csv.gz` is not read as long as `ev/1.csv`"),
        "{told}"
    );
    assert_eq!(value(&pipeline, "a", "events"), Some(1.0));
    town.remove("landing/ev/1.csv");
    town.poll(&mut pipeline);
    assert_eq!(error(&pipeline, "two/ev"), "");
    assert_eq!(value(&pipeline, "a", "events"), Some(5.0));
    let mut pipeline = town.reopen(pipeline);
    town.remove("landing/ev/1.csv.gz");
    town.write("landing/ev/1.csv", "id,x\na,1\na,4\na,2\n");
    town.poll(&mut pipeline);
    assert_eq!(value(&pipeline, "a", "events"), Some(7.0));
    assert_eq!(error(&pipeline, "two/ev"), "");
}

#[test]
fn a_damaged_file_is_named_and_costs_no_other() {
    let town = Town::new();
    let mut pipeline = town.open();
    let text = "id,x\na,1\n".to_owned() + &"a,1\n".repeat(9_000);
    let good = packed(&text);
    town.write_bytes("landing/ev/1.csv.gz", &good[..good.len() - 3]);
    town.write_bytes("landing/ev/2.csv.gz", b"id,x\na,1\n");
    town.write("landing/ev/3.csv", "id,x\nb,4\n");
    town.poll(&mut pipeline);
    let told = error(&pipeline, "two/ev");
    for name in ["ev/1.csv.gz", "ev/2.csv.gz"] {
        assert!(
            told.contains(&format!("file `{name}`: is no whole gzip file")),
            "{told}"
        );
    }
    let values = ["a", "b"].map(|id| value(&pipeline, id, "events"));
    assert_eq!(values, [None, Some(4.0)]);
    // It is not read again and again, but when it has come whole.
    assert!(pipeline.poll(true).unwrap().is_none());
    town.write_bytes("landing/ev/1.csv.gz", &good);
    town.remove("landing/ev/2.csv.gz");
    town.poll(&mut pipeline);
    assert_eq!(error(&pipeline, "two/ev"), "");
    assert_eq!(value(&pipeline, "a", "events"), Some(9_001.0));
}

#[test]
fn a_compressed_list_replaces_the_last_one_and_an_old_one_nothing() {
    let town = Town::new();
    let mut pipeline = town.open();
    town.write("landing/shot/1.csv", "no,id,x\n1,a,1\n2,b,1\n");
    town.poll(&mut pipeline);
    town.write_bytes("landing/shot/2.csv.gz", &packed("no,id,x\n1,a,5\n"));
    town.poll(&mut pipeline);
    let values = |pipeline: &Pipeline| ["a", "b"].map(|id| value(pipeline, id, "shots"));
    assert_eq!(values(&pipeline), [Some(5.0), None]);
    town.remove("landing/shot/1.csv");
    town.write_bytes("landing/shot/1.csv.gz", &packed("no,id,x\n1,a,1\n2,b,1\n"));
    assert!(pipeline.poll(true).unwrap().is_none());
    assert_eq!(values(&pipeline), [Some(5.0), None]);
    // Damaged, it withdraws nothing.
    town.write_bytes("landing/shot/3.csv.gz", &packed("no,id,x\n")[..15]);
    town.poll(&mut pipeline);
    assert!(error(&pipeline, "two/shot").contains("is no whole gzip file"));
    assert_eq!(values(&pipeline), [Some(5.0), None]);
}
