//! Whole files: what becomes of each line, and that pieces and restarts change
//! nothing.

use super::*;
use crate::format::{Encoding, TextRows};
use arrow_array::Array;
use proptest::prelude::*;

/// Everything a decoder says about a file.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    /// Record, line, byte and fields.
    rows: Vec<(u64, u64, u64, Vec<String>)>,
    rejects: Vec<Reject>,
    position: CsvPosition,
    error: Option<FileError>,
}

fn unpack(rows: TextRows) -> Vec<(u64, u64, u64, Vec<String>)> {
    let fields = |row: usize| {
        rows.columns
            .iter()
            .map(|column| column.value(row).to_owned())
            .collect()
    };
    assert!(rows.columns.iter().all(|column| column.null_count() == 0));
    (0..rows.len())
        .map(|row| {
            (
                rows.record[row],
                rows.line[row],
                rows.byte[row],
                fields(row),
            )
        })
        .collect()
}

fn read_on(options: CsvOptions, resume: Option<CsvPosition>, pieces: &[&[u8]]) -> Told {
    let mut decoder = CsvDecoder::new(options, resume);
    let (mut batch, mut rejects, mut error) = (RowBatch::new(), Vec::new(), None);
    for (index, piece) in pieces.iter().enumerate() {
        error = decoder
            .decode(piece, index + 1 == pieces.len(), &mut batch, &mut rejects)
            .err();
    }
    Told {
        rows: unpack(batch.take()),
        rejects,
        position: decoder.position(),
        error,
    }
}

fn read(bytes: &[u8]) -> Told {
    read_on(CsvOptions::default(), None, &[bytes])
}

/// Rows as `record@line:byte field|field`, then rejects likewise with the reason.
fn shown(told: &Told) -> Vec<String> {
    let rows = told.rows.iter().map(|(record, line, byte, fields)| {
        (
            *byte,
            format!("{record}@{line}:{byte} {}", fields.join("|")),
        )
    });
    let rejects = told.rejects.iter().map(|reject| {
        let Reject {
            record,
            line,
            byte,
            reason,
            raw,
            ..
        } = reject;
        (*byte, format!("{record}@{line}:{byte} !{reason} [{raw}]"))
    });
    let mut all: Vec<_> = rows.chain(rejects).collect();
    all.sort();
    let error = told.error.iter().map(|error| format!("!!{error}"));
    all.into_iter().map(|(_, text)| text).chain(error).collect()
}

fn check(bytes: &[u8], expected: &[&str]) {
    assert_eq!(
        shown(&read(bytes)),
        expected,
        "{:?}",
        String::from_utf8_lossy(bytes)
    );
}

#[test]
fn good_files() {
    check(b"a,b\n1,2\n3,4\n", &["1@2:4 1|2", "2@3:8 3|4"]);
    check(b"\xEF\xBB\xBFa,b\r\n1,2\r\n", &["1@2:8 1|2"]);
    check(b"a,b\n1,2", &["1@2:4 1|2"]);
    check(b"a,b\n\n\r\n1,\n\n", &["1@4:7 1|"]);
    check(b"\n\na,b\n1,2\n", &["1@4:6 1|2"]);
    check(
        "名,号\n深圳,\"1,\"\"2\"\"\n3\"\n甲,乙\n".as_bytes(),
        &["1@2:8 深圳|1,\"2\"\n3", "2@4:27 甲|乙"],
    );
    check(b"a,b\n", &[]);
    check(b"a\n1\n", &["1@2:2 1"]);
    assert_eq!(
        read(b"\xEF\xBB\xBF \"a\" , b\r\n").position.header,
        ["\"a\"", "b"]
    );
}

#[test]
fn bad_lines_cost_only_themselves() {
    check(
        b"a,b\n1\n2,3\n4,5,6\n",
        &[
            "1@2:4 !1 fields, expected 2 [1]",
            "2@3:6 2|3",
            "3@4:10 !3 fields, expected 2 [4,5,6]",
        ],
    );
    check(
        b"a,b\n1,\"x\n2,3\n4,\"5\"\n6,7\n",
        &[
            "1@2:4 !a quote opened in this line is not closed at the end of a field [1,\"x]",
            "2@3:9 2|3",
            "3@4:13 4|5",
            "4@5:19 6|7",
        ],
    );
    check(
        b"a,b\n1,\xff\n2,3\n",
        &[
            "1@2:4 !byte 6 of the file is not `utf-8` [1,\u{fffd}]",
            "2@3:8 2|3",
        ],
    );
    check(
        b"a,b\n1,\0\n2,3\n",
        &["1@2:4 !byte 6 of the file is zero [1,\0]", "2@3:8 2|3"],
    );
    // Halves of a character in two fields do not make a whole.
    check(
        b"a,b\n\xE4,\xB8\xAD\n2,3\n",
        &[
            "1@2:4 !byte 4 of the file is not `utf-8` [\u{fffd},\u{fffd}\u{fffd}]",
            "2@3:9 2|3",
        ],
    );
}

#[test]
fn a_stray_quote_in_the_last_hundred_lines_of_a_long_file() {
    let mut file = b"a,b\n1,\"x\n".to_vec();
    (0..500).for_each(|n| file.extend(format!("{n},y\n").bytes()));
    let told = read(&file);
    assert_eq!((told.rows.len(), told.rejects.len()), (500, 1));
    assert_eq!(told.rejects[0].reason, Reason::OpenQuote);
}

#[test]
fn a_line_beyond_all_bounds_is_one_reject() {
    let mut file = b"a,b\n1,".to_vec();
    file.extend(std::iter::repeat_n(b'x', 3 * MAX_RECORD));
    file.extend(b"\n2,3\n");
    let whole = read(&file);
    assert_eq!(
        whole.rejects[0].reason,
        Reason::TooLong { limit: MAX_RECORD }
    );
    assert_eq!(whole.rejects[0].raw.len(), 2_000);
    assert_eq!(
        whole.rows,
        [(
            2,
            3,
            file.len() as u64 - 4,
            vec!["2".to_owned(), "3".to_owned()]
        )]
    );
    let pieces: Vec<&[u8]> = file.chunks(100_000).collect();
    assert_eq!(read_on(CsvOptions::default(), None, &pieces), whole);
}

#[test]
fn files_refused_as_a_whole() {
    let error = |bytes: &[u8]| {
        read(bytes)
            .error
            .map(|error| error.to_string())
            .unwrap_or_default()
    };
    assert!(error(b"").starts_with("the file is empty"));
    assert!(error(b"\xEF\xBB\xBF\r\n\n").starts_with("the file is empty"));
    assert_eq!(
        error(b"a,b,a\n1,2,3\n"),
        "column `a` is in the header twice (columns 1 and 3)"
    );
    assert_eq!(
        error(b"a,\"b\n1,2\n"),
        "a quote in the header (line 1) is not closed in the same line"
    );
    assert_eq!(
        error(b"\nb,\xff\n"),
        "the header is not `utf-8`: bad byte at 3"
    );
    assert!(
        error(b"PK\x03\x04\x0a\0\0\0")
            .starts_with("the file is binary (control byte 0x03 at byte 2)")
    );
    assert!(
        error(b"\xFF\xFEa\0,\0b\0\n\0")
            .starts_with("the file is binary (control byte 0x00 at byte 3)")
    );
    assert!(error(&[1; 9_000]).starts_with("the file is binary"));
    assert!(error(&vec![b'a'; MAX_RECORD + 1]).starts_with("no line end in the first"));
}

#[test]
fn a_refused_file_stays_refused() {
    let mut decoder = CsvDecoder::new(CsvOptions::default(), None);
    let (mut rows, mut rejects) = (RowBatch::new(), Vec::new());
    let first = decoder
        .decode(b"a,a\n", false, &mut rows, &mut rejects)
        .unwrap_err();
    assert_eq!(
        decoder.decode(b"1,2\n", true, &mut rows, &mut rejects),
        Err(first)
    );
    assert!(rows.is_empty() && rejects.is_empty());
}

fn gb18030(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

const GB: CsvOptions = CsvOptions {
    encoding: Encoding::Gb18030,
    delimiter: b',',
};

#[test]
fn gb18030_counts_bytes_of_the_original() {
    let mut file = gb18030("企业名称,金额\n深圳某某,\"1,000\"\n");
    file.extend(b"\xc9\xee\xff,2\n");
    file.extend(gb18030("龦㐀,3\n"));
    let told = read_on(GB, None, &[&file]);
    assert_eq!(told.position.header, ["企业名称", "金额"]);
    assert_eq!(
        shown(&told),
        [
            "1@2:14 深圳某某|1,000",
            "2@3:31 !byte 33 of the file is not `gb18030` [深\u{fffd},2]",
            "3@4:37 龦㐀|3"
        ]
    );
    assert_eq!(told.position.byte, file.len() as u64);
}

#[test]
fn gb18030_headers() {
    let error = |bytes: &[u8]| read_on(GB, None, &[bytes]).error;
    assert_eq!(error(b"\xEF\xBB\xBFa,b\n"), Some(FileError::ByteOrderMark));
    assert_eq!(
        error(b"a,\xff\n"),
        Some(FileError::HeaderEncoding {
            encoding: "gb18030",
            byte: 2
        })
    );
    let barred = CsvOptions {
        delimiter: b'|',
        ..GB
    };
    assert!(matches!(
        read_on(barred, None, &[b"a|b\n"]).error,
        Some(FileError::Delimiter { .. })
    ));
}

#[test]
fn a_growing_file_waits_for_the_end_of_its_last_line() {
    let mut decoder = CsvDecoder::new(CsvOptions::default(), None);
    let (mut rows, mut rejects) = (RowBatch::new(), Vec::new());
    decoder
        .decode(b"a,b\n1,2\n3,", false, &mut rows, &mut rejects)
        .unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(decoder.header().unwrap(), ["a", "b"]);
    let position = decoder.position();
    assert_eq!((position.byte, position.line, position.record), (8, 3, 2));
    let json = serde_json::to_string(&position).unwrap();
    let told = read_on(
        CsvOptions::default(),
        serde_json::from_str(&json).unwrap(),
        &[b"3,4\n"],
    );
    assert_eq!(shown(&told), ["2@3:8 3|4"]);
}

#[test]
fn batches_can_be_taken_in_between() {
    let mut decoder = CsvDecoder::new(CsvOptions::default(), None);
    let (mut rows, mut rejects) = (RowBatch::new(), Vec::new());
    decoder
        .decode(b"a,b\n1,2\n", false, &mut rows, &mut rejects)
        .unwrap();
    assert_eq!(unpack(rows.take()).len(), 1);
    decoder
        .decode(b"3,4\n", true, &mut rows, &mut rejects)
        .unwrap();
    assert_eq!(
        unpack(rows.take()),
        [(2, 3, 8, vec!["3".to_owned(), "4".to_owned()])]
    );
    assert!(rows.take().is_empty());
}

/// Files made of what is likely to confuse.
fn dirty_file() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        4 => Just(&b","[..]),
        4 => Just(&b"\n"[..]),
        3 => Just(&b"x"[..]),
        2 => Just(&b"1,2\n"[..]),
        1 => Just(&b"\r\n"[..]),
        1 => Just(&b"\r"[..]),
        2 => Just(&b"\""[..]),
        1 => Just(&b"\"\""[..]),
        1 => Just("深".as_bytes()),
        1 => Just(&b"\xB8"[..]),
        1 => Just(&b"\xE4"[..]),
        1 => Just(&b"\0"[..]),
        1 => Just(&b"\xEF\xBB\xBF"[..]),
    ];
    let header = prop_oneof![9 => Just(&b"a,b\n"[..]), 1 => Just(&b""[..]), 1 => Just(&b"\xEF\xBB\xBFa,b\r\n"[..])];
    (header, prop::collection::vec(token, 0..400))
        .prop_map(|(header, tokens)| [header, &tokens.concat()].concat())
}

fn cut<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

fn options() -> impl Strategy<Value = CsvOptions> {
    prop_oneof![Just(CsvOptions::default()), Just(GB)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn pieces_change_nothing(options in options(), file in dirty_file(), cuts in any::<[prop::sample::Index; 5]>()) {
        let whole = read_on(options, None, &[&file]);
        prop_assert_eq!(read_on(options, None, &cut(&file, &cuts)), whole.clone());
        let bytes: Vec<&[u8]> = file.chunks(1).chain([&[][..]]).collect();
        prop_assert_eq!(read_on(options, None, &bytes), whole);
    }

    #[test]
    fn reading_on_from_any_position_is_reading_in_one_go(
        options in options(), file in dirty_file(), stop in any::<prop::sample::Index>(),
    ) {
        let whole = read_on(options, None, &[&file]);
        let mut decoder = CsvDecoder::new(options, None);
        let (mut rows, mut rejects) = (RowBatch::new(), Vec::new());
        let seen = &file[..stop.index(file.len() + 1)];
        if decoder.decode(seen, false, &mut rows, &mut rejects).is_ok() {
            let position = decoder.position();
            let rest = read_on(options, Some(position.clone()), &[&file[position.byte as usize..]]);
            let told = Told {
                rows: [unpack(rows.take()), rest.rows].concat(),
                rejects: [rejects, rest.rejects].concat(),
                ..rest
            };
            prop_assert_eq!(told, whole);
        }
    }

    #[test]
    fn every_line_is_a_row_a_reject_or_blank(file in dirty_file()) {
        let told = read(&file);
        if told.error.is_none() {
            prop_assert_eq!(told.position.byte, file.len() as u64);
            let records = told.rows.len() + told.rejects.len();
            prop_assert_eq!(told.position.record, records as u64 + 1);
            let mut numbers: Vec<u64> = told.rows.iter().map(|row| row.0).collect();
            numbers.extend(told.rejects.iter().map(|reject| reject.record));
            numbers.sort_unstable();
            prop_assert!(numbers.iter().copied().eq(1..=records as u64));
        }
    }

    #[test]
    fn what_a_csv_writer_writes_is_read_back(
        options in options(),
        rows in prop::collection::vec(prop::collection::vec("[a深，,\"\r\n ]{0,6}", 3..=3), 0..20),
    ) {
        let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
        writer.write_record(["x", "y", "z"]).unwrap();
        rows.iter().for_each(|row| writer.write_record(row).unwrap());
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let file = if options == GB { gb18030(&text) } else { text.into_bytes() };
        let told = read_on(options, None, &[&file]);
        prop_assert!(told.rejects.is_empty());
        prop_assert_eq!(told.rows.into_iter().map(|row| row.3).collect::<Vec<_>>(), rows);
    }
}
