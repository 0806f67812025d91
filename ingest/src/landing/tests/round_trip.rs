use super::*;
use crate::landing::{decode_inline, encode_inline};

fn some_rows() -> SegmentRows {
    rows(
        SOURCE,
        &[
            ("甲1", Some("北京某某投资有限公司")),
            ("", None),
            ("乙2", Some("")),
            ("甲1", None),
        ],
    )
}

#[test]
fn a_file_gives_back_what_went_in() {
    let folder = tempfile::tempdir().unwrap();
    let landing = open(folder.path(), &[]);
    let info = write_published(&landing, 7, some_rows());
    assert_eq!(
        (info.id, info.rows, info.order, info.inline),
        (7, 4, 7, None)
    );
    assert_eq!(read(&landing, 7), some_rows().batch);
    let landed = landing.rows(7, &[3, 0, 0]).unwrap();
    assert_eq!(&*landed.source, SOURCE);
    assert_eq!(landed.batch.slice(1, 1), some_rows().batch.slice(0, 1));
    assert_eq!(landed.batch.slice(0, 1), some_rows().batch.slice(3, 1));
    assert_eq!(landing.rows(7, &[]).unwrap().batch.num_rows(), 0);
}

#[test]
fn inline_rows_give_back_what_went_in() {
    let folder = tempfile::tempdir().unwrap();
    let landing = open(folder.path(), &[]);
    landing.add_inline(7, some_rows()).unwrap();
    assert_eq!(read(&landing, 7), some_rows().batch);
    assert_eq!(
        landing.row(at(7, 2)).unwrap().batch,
        some_rows().batch.slice(2, 1)
    );
    assert_eq!(
        landing.find_key(SOURCE, hash("甲1")).unwrap(),
        [at(7, 3), at(7, 0)]
    );
}

#[test]
fn inline_bytes_restore_keys_and_postings_too() {
    let mut several = some_rows();
    several.subjects = vec![(1, 0), (9, 0), (9, 3)];
    assert_eq!(
        decode_inline(&encode_inline(&several).unwrap()).unwrap(),
        several
    );
    let none = rows("空", &[]);
    assert_eq!(decode_inline(&encode_inline(&none).unwrap()).unwrap(), none);
    assert!(decode_inline(b"something else").is_err());
    assert!(decode_inline(b"").is_err());
}

#[test]
fn many_batches_make_one_segment_across_pages_and_groups() {
    let folder = tempfile::tempdir().unwrap();
    let landing = open(folder.path(), &[]);
    let keys: Vec<String> = (0..150_000).map(|number| format!("k{number}")).collect();
    let mut writer = landing.writer(1, SOURCE).unwrap();
    for part in keys.chunks(7777) {
        let cells: Vec<_> = part
            .iter()
            .map(|key| (key.as_str(), Some(key.as_str())))
            .collect();
        writer.push_rows(&rows(SOURCE, &cells)).unwrap();
    }
    assert_eq!(writer.rows(), 150_000);
    writer.finish().unwrap();
    landing.publish(1).unwrap();
    for row in [0, 1, 2047, 2048, 7776, 7777, 131_071, 131_072, 149_999] {
        let key = &keys[row as usize];
        assert_eq!(name(&landing, at(1, row)).as_ref(), Some(key));
        assert_eq!(landing.find_key(SOURCE, hash(key)).unwrap(), [at(1, row)]);
        assert_eq!(landing.find_subject(hash(key), 9).unwrap(), [at(1, row)]);
    }
    let landed = landing.rows(1, &[5, 131_073, 9, 149_998]).unwrap();
    let column = landed
        .batch
        .column(5)
        .as_any()
        .downcast_ref::<StringArray>()
        .unwrap();
    let names: Vec<_> = column.iter().flatten().collect();
    assert_eq!(names, ["k5", "k131073", "k9", "k149998"]);
    assert_eq!(read(&landing, 1).num_rows(), 150_000);
}

#[test]
fn keys_of_one_source_are_not_found_in_another() {
    let folder = tempfile::tempdir().unwrap();
    let landing = open(folder.path(), &[]);
    write_published(&landing, 1, rows("a", &[("k", Some("甲"))]));
    write_published(&landing, 2, rows("b", &[("k", Some("甲"))]));
    assert_eq!(landing.find_key("a", hash("k")).unwrap(), [at(1, 0)]);
    assert_eq!(landing.find_key("c", hash("k")).unwrap(), []);
    assert_eq!(
        landing.find_subject(hash("甲"), 9).unwrap(),
        [at(2, 0), at(1, 0)]
    );
    assert_eq!(landing.find_subject(hash("甲"), 1).unwrap(), [at(2, 0)]);
}

#[test]
fn nothing_is_seen_before_it_is_published() {
    let folder = tempfile::tempdir().unwrap();
    let landing = open(folder.path(), &[]);
    write(&landing, 1, some_rows());
    assert_eq!(landing.find_key(SOURCE, hash("乙2")).unwrap(), []);
    assert!(matches!(
        landing.row(at(1, 0)),
        Err(LandingError::UnknownSegment(1))
    ));
    assert!(landing.segments().is_empty());
    landing.publish(1).unwrap();
    assert_eq!(landing.find_key(SOURCE, hash("乙2")).unwrap(), [at(1, 2)]);
}

#[test]
fn what_breaks_the_contract_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let landing = open(folder.path(), &[]);
    let check = |broken: SegmentRows| landing.add_inline(1, broken).unwrap_err().to_string();
    let mut few_keys = some_rows();
    few_keys.keys.pop();
    assert_eq!(check(few_keys), "3 keys for 4 rows");
    let mut stray = some_rows();
    stray.subjects.push((1, 4));
    assert_eq!(check(stray), "posting of row 4 in a batch of 4 rows");
    let mut reserved = some_rows();
    reserved.batch = reserved.batch.project(&[5]).unwrap();
    let field = Field::new("_key", DataType::Utf8, true);
    let columns = reserved.batch.columns().to_vec();
    reserved.batch = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), columns).unwrap();
    assert_eq!(check(reserved), "column name `_key` is reserved");
    write_published(&landing, 1, some_rows());
    assert_eq!(check(some_rows()), "segment 1 exists already");
    let row = landing.row(at(1, 4)).unwrap_err().to_string();
    assert_eq!(row, "segment 1 has 4 rows, there is no row 4");
}

#[test]
fn a_segment_has_one_source_and_one_set_of_columns() {
    let folder = tempfile::tempdir().unwrap();
    let landing = open(folder.path(), &[]);
    let mut writer = landing.writer(1, SOURCE).unwrap();
    let source = writer
        .push_rows(&rows("other", &[("k", None)]))
        .unwrap_err();
    assert!(matches!(source, LandingError::Mixed { what: "source", .. }));
    writer.push_rows(&some_rows()).unwrap();
    let narrow = some_rows().batch.project(&[0, 1, 2, 3, 4]).unwrap();
    let columns = writer.push(&narrow, &[0; 4], &[]).unwrap_err();
    assert!(matches!(
        columns,
        LandingError::Mixed {
            what: "columns",
            ..
        }
    ));
    assert!(matches!(
        landing.writer(2, SOURCE).unwrap().finish(),
        Err(LandingError::Empty(2))
    ));
}

#[test]
fn an_abandoned_writer_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let landing = open(folder.path(), &[]);
    let mut writer = landing.writer(1, SOURCE).unwrap();
    writer.push_rows(&some_rows()).unwrap();
    drop(writer);
    assert_eq!(
        std::fs::read_dir(folder.path().join("segments"))
            .unwrap()
            .count(),
        0
    );
    write_published(&landing, 1, some_rows());
}

#[test]
fn a_roll_moves_rows_keeps_their_time_and_drops_the_refused() {
    let folder = tempfile::tempdir().unwrap();
    let landing = open(folder.path(), &[]);
    landing
        .add_inline(1, rows(SOURCE, &[("k", Some("甲")), ("x", None)]))
        .unwrap();
    landing
        .add_inline(2, rows(SOURCE, &[("k", Some("乙"))]))
        .unwrap();
    landing
        .add_inline(3, rows(SOURCE, &[("k", Some("丙"))]))
        .unwrap();
    let roll = landing.roll(9, &[2, 1], &|row| row != at(1, 1)).unwrap();
    assert_eq!(roll.moved, [(at(1, 0), at(9, 0)), (at(2, 0), at(9, 1))]);
    assert_eq!(
        (roll.info.rows, roll.info.order, roll.from.as_slice()),
        (2, 2, &[1, 2][..])
    );
    assert_eq!(
        landing.find_key(SOURCE, hash("k")).unwrap(),
        [at(3, 0), at(2, 0), at(1, 0)]
    );
    landing.publish_roll(&roll).unwrap();
    let newest_first = [at(3, 0), at(9, 1), at(9, 0)];
    assert_eq!(landing.find_key(SOURCE, hash("k")).unwrap(), newest_first);
    let bulk = landing.find_keys_bulk(SOURCE, &[hash("k")]).unwrap();
    assert_eq!(bulk, newest_first.map(|row| (hash("k"), row)));
    assert_eq!(landing.find_key(SOURCE, hash("x")).unwrap(), []);
    assert_eq!(landing.find_subject(hash("乙"), 9).unwrap(), [at(9, 1)]);
    assert_eq!(name(&landing, at(9, 1)).as_deref(), Some("乙"));
    let inline: Vec<_> = landing
        .inline_segments(SOURCE)
        .into_iter()
        .map(|info| info.id)
        .collect();
    assert_eq!(inline, [3]);
}

#[test]
fn a_roll_that_would_lose_the_order_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let landing = open(folder.path(), &[]);
    landing.add_inline(1, some_rows()).unwrap();
    write_published(&landing, 2, some_rows());
    landing.add_inline(3, some_rows()).unwrap();
    let refused = |from: &[u32]| landing.roll(9, from, &|_| true).unwrap_err();
    assert!(matches!(refused(&[1, 3]), LandingError::RollGap(2)));
    assert!(matches!(refused(&[1, 2]), LandingError::NotInline(2)));
    assert!(matches!(refused(&[8]), LandingError::UnknownSegment(8)));
    assert!(matches!(refused(&[]), LandingError::Empty(9)));
}

#[test]
fn discarded_segments_go_when_their_readers_have_gone() {
    let folder = tempfile::tempdir().unwrap();
    let landing = open(folder.path(), &[]);
    write_published(&landing, 1, some_rows());
    let reader = landing.read(1).unwrap();
    landing.discard(&[1]).unwrap();
    assert_eq!(landing.find_key(SOURCE, hash("乙2")).unwrap(), []);
    assert_eq!(
        reader.map(|batch| batch.unwrap().num_rows()).sum::<usize>(),
        4
    );
    assert_eq!(
        std::fs::read_dir(folder.path().join("segments"))
            .unwrap()
            .count(),
        0
    );
}
