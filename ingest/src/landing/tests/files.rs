//! Segment files: any rows come back, damage is named, those of an earlier
//! version are taken over.

use std::fs;

use parquet::arrow::ArrowWriter;
use proptest::prelude::*;

use super::*;
use crate::index::Entry;
use crate::index::durable::NewFile;
use crate::landing::rows::with_keys;
use crate::landing::segment_file::{EARLIER, SegmentFileWriter};

/// Two counts and two texts.
type Cells = (u64, u64, Option<String>, Option<String>);

/// Any batches of rows with two counts and two texts each.
fn batches() -> impl Strategy<Value = Vec<SegmentRows>> {
    let text = || prop::option::weighted(0.8, "[a-z甲乙\u{10000},\"\n]{0,12}");
    let count = || prop_oneof![0..300u64, any::<u64>()];
    let row = (count(), count(), text(), text());
    let batch = prop::collection::vec(row, 0..90);
    prop::collection::vec(batch, 1..5).prop_map(|batches| {
        let mut line = 0;
        let batches = batches.into_iter().map(|cells| {
            let counts = |of: fn(&Cells) -> u64| -> ArrayRef {
                Arc::new(UInt64Array::from_iter_values(cells.iter().map(of)))
            };
            let texts = |of: fn(&Cells) -> Option<&str>| {
                let texts: StringArray = cells.iter().map(of).collect();
                Arc::new(texts) as ArrayRef
            };
            let columns = vec![
                texts(|row| row.2.as_deref()),
                counts(|row| row.0),
                counts(|row| row.1),
                texts(|row| row.3.as_deref()),
            ];
            let first: u64 = line;
            line += cells.len() as u64;
            SegmentRows {
                source: SOURCE.to_owned(),
                batch: RecordBatch::try_new(Arc::new(mixed()), columns).unwrap(),
                keys: (first..line).collect(),
                subjects: Vec::new(),
            }
        });
        batches.collect()
    })
}

fn mixed() -> Schema {
    let fields = schema().fields().to_vec();
    let pick = [0, 1, 2, 5].map(|column| Arc::clone(&fields[column]));
    Schema::new(pick.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_rows_come_back_whole_and_one_by_one(batches in batches(), asked in prop::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let folder = tempfile::tempdir().unwrap();
        let landing = open(folder.path(), &[]);
        let all: Vec<_> = batches.iter().map(|rows| rows.batch.clone()).collect();
        let all = concat_batches(all[0].schema_ref(), &all).unwrap();
        let info = landing.write_segment(1, SOURCE, batches.into_iter().map(Ok)).unwrap();
        landing.publish(1).unwrap();
        if all.num_rows() > 0 {
            prop_assert_eq!(&read(&landing, 1), &all);
        }
        let asked: Vec<u32> = asked.iter().filter(|_| all.num_rows() > 0).map(|row| row.index(all.num_rows()) as u32).collect();
        let landed = landing.rows(1, &asked).unwrap().batch;
        for (place, row) in asked.iter().enumerate() {
            prop_assert_eq!(landed.slice(place, 1), all.slice(*row as usize, 1));
        }
        // An index that is lost is made again from the keys in the file.
        drop(landing);
        fs::remove_dir_all(folder.path().join("keys")).unwrap();
        let landing = open(folder.path(), &[info]);
        for row in &asked {
            prop_assert_eq!(landing.find_key(SOURCE, u64::from(*row)).unwrap(), [at(1, *row)]);
        }
    }
}

/// A segment of 200 rows, closed again.
fn written(folder: &Path) -> Vec<SegmentInfo> {
    let landing = open(folder, &[]);
    let names: Vec<String> = (0..200).map(|row| format!("甲{row}")).collect();
    let cells = names
        .iter()
        .map(|name| (name.as_str(), Some(name.as_str())));
    vec![write_published(
        &landing,
        3,
        rows(SOURCE, &cells.collect::<Vec<_>>()),
    )]
}

#[test]
fn damage_is_named_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let committed = written(folder.path());
    let path = folder.path().join("segments/0000000003.rows");
    let sound = fs::read(&path).unwrap();
    let said = |place: usize| {
        let mut bytes = sound.clone();
        bytes[place] ^= 4;
        fs::write(&path, bytes).unwrap();
        let landing = open(folder.path(), &committed);
        let found = landing.rows(3, &(0..200).collect::<Vec<_>>());
        found.unwrap_err().to_string()
    };
    let keys = hash("甲0").to_le_bytes();
    let keys = sound.windows(8).position(|bytes| bytes == keys).unwrap();
    let blocks = 8..keys;
    assert!(said(blocks.start).ends_with("is damaged: the block of rows from 0 on"));
    for place in blocks.step_by(97) {
        let text = said(place);
        assert!(
            text.contains("is damaged: ") && text.contains("0000000003.rows"),
            "{text}"
        );
    }
    for place in [1, 20, 30, 50, 80, 130] {
        assert!(said(sound.len() - place).ends_with("is damaged: its end"));
    }
    fs::write(&path, &sound[..30]).unwrap();
    let landing = open(folder.path(), &committed);
    assert!(
        landing
            .row(at(3, 0))
            .unwrap_err()
            .to_string()
            .contains("its end")
    );
}

#[test]
fn damaged_keys_are_named_when_the_index_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let committed = written(folder.path());
    let path = folder.path().join("segments/0000000003.rows");
    let mut bytes = fs::read(&path).unwrap();
    let key = hash("甲17").to_le_bytes();
    let place = bytes.windows(8).position(|bytes| bytes == key).unwrap();
    bytes[place] ^= 1;
    fs::write(&path, bytes).unwrap();
    fs::remove_dir_all(folder.path().join("keys")).unwrap();
    let error = Landing::open(folder.path(), options(), &committed)
        .err()
        .unwrap();
    assert!(
        error.to_string().ends_with("is damaged: its keys"),
        "{error}"
    );
}

#[test]
fn a_column_of_another_type_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let landing = open(folder.path(), &[]);
    let field = Field::new("金额", DataType::Float64, true);
    let amounts: ArrayRef = Arc::new(arrow_array::Float64Array::from(vec![1.5]));
    let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![amounts]).unwrap();
    let error = landing.writer(1, SOURCE).unwrap().push(&batch, &[7], &[]);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("`金额` is of type Float64"), "{error}");
}

#[test]
fn segments_of_an_earlier_version_are_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let committed = written(folder.path());
    let landing = open(folder.path(), &committed);
    let all = read(&landing, 3);
    drop(landing);
    let new = folder.path().join("segments/0000000003.rows");
    let old = folder.path().join("segments/0000000003.parquet");
    let sound = fs::read(&new).unwrap();
    fs::remove_file(&new).unwrap();
    let keys: Vec<u64> = (0..200).map(|row| hash(&format!("甲{row}"))).collect();
    let keyed = with_keys(&all, &keys).unwrap();
    let mut writer =
        ArrowWriter::try_new(fs::File::create(&old).unwrap(), keyed.schema(), None).unwrap();
    writer.write(&keyed).unwrap();
    writer.close().unwrap();
    let landing = open(folder.path(), &committed);
    assert!(!old.exists());
    assert_eq!(fs::read(&new).unwrap(), sound);
    assert_eq!(read(&landing, 3), all);
    assert_eq!(landing.find_key(SOURCE, hash("甲60")).unwrap(), [at(3, 60)]);
    drop(landing);
    // Killed before the old one was removed: the new one counts.
    fs::write(&old, b"PAR1").unwrap();
    assert_eq!(read(&open(folder.path(), &committed), 3), all);
    assert!(!old.exists());
    // Damaged: named, and left alone.
    fs::rename(&new, &old).unwrap();
    let error = Landing::open(folder.path(), options(), &committed)
        .err()
        .unwrap();
    assert!(error.to_string().contains("0000000003.parquet"), "{error}");
    assert!(old.exists() && !new.exists());
}

#[test]
fn files_of_the_earlier_layout_are_read_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let committed = written(folder.path());
    let landing = open(folder.path(), &committed);
    let all = read(&landing, 3);
    let some: Vec<u32> = (0..200).step_by(7).collect();
    let picked = landing.rows(3, &some).unwrap().batch;
    drop(landing);
    let path = folder.path().join("segments/0000000003.rows");
    let sound = fs::read(&path).unwrap();
    let out = NewFile::create(path.clone(), options().durability).unwrap();
    let mut writer = SegmentFileWriter::with_layout(3, out, all.schema(), &EARLIER).unwrap();
    writer.push(&all).unwrap();
    let keys = (0..200).map(|row| Entry::new(hash(&format!("甲{row}")), 3, row));
    writer.finish(&keys.collect::<Vec<_>>()).unwrap();
    assert!(fs::read(&path).unwrap().starts_with(b"TOCSEG1"));
    let landing = open(folder.path(), &committed);
    assert_eq!(read(&landing, 3), all);
    assert_eq!(landing.rows(3, &some).unwrap().batch, picked);
    assert_eq!(landing.find_key(SOURCE, hash("甲60")).unwrap(), [at(3, 60)]);
    drop(landing);
    // Neither is taken for the other.
    let mut bytes = sound;
    let magic = bytes.len() - 8;
    bytes[magic..].copy_from_slice(b"TOCSEG1\n");
    fs::write(&path, bytes).unwrap();
    let landing = open(folder.path(), &committed);
    assert!(landing.rows(3, &some).is_err());
}
