//! One record at a time.

use super::*;

const FIELDS: usize = 3;

fn scan(input: &[u8], last: bool) -> Scan {
    RecordScanner::new(b',', FIELDS).scan(input, last, &mut vec![0; input.len() + 1])
}

fn row(bytes: usize, lines: u64, written: usize) -> Scan {
    Scan::Row {
        bytes,
        lines,
        written,
    }
}

fn bad(bytes: usize, found: usize) -> Scan {
    Scan::Bad {
        bytes,
        reason: Reason::FieldCount {
            found,
            expected: FIELDS,
        },
    }
}

fn open_quote(bytes: usize) -> Scan {
    Scan::Bad {
        bytes,
        reason: Reason::OpenQuote,
    }
}

#[test]
fn whole_records() {
    for (input, expected) in [
        (&b"a,b,c\nx"[..], row(6, 1, 3)),
        (b"a,b,c\r\nx", row(7, 1, 3)),
        (b",,\n", row(3, 1, 0)),
        (b"a,\"b\nb\",c\n", row(10, 2, 5)),
        (b"a,b,\"c\r\nc\"\r\n", row(12, 2, 6)),
        (b"a,\"b\"\"b\",c\n", row(11, 1, 5)),
        (b"a,b\"b,c\n", row(8, 1, 5)),
        (b"a,\"b\"b,c\n", row(9, 1, 4)),
        (b"a,b,c\rd\n", row(8, 1, 5)),
        (b"a,b\n", bad(4, 2)),
        (b"a,b,c,d,e\n", bad(10, 5)),
        (b"\na,b,c\n", Scan::Blank(1)),
        (b"\r\na,b,c\n", Scan::Blank(2)),
    ] {
        assert_eq!(
            scan(input, false),
            expected,
            "{:?}",
            String::from_utf8_lossy(input)
        );
    }
}

#[test]
fn beginnings_of_records_wait() {
    for input in [
        &b""[..],
        b"a",
        b"a,b,c",
        b"a,b,c\r",
        b"a,\"b\n",
        b"a,\"b\nc,d",
        b"\r",
    ] {
        assert_eq!(scan(input, false), Scan::Incomplete, "{input:?}");
    }
}

#[test]
fn the_end_of_the_file_ends_a_record() {
    for (input, expected) in [
        (&b"a,b,c"[..], row(5, 1, 3)),
        (b"a,b,c\r", row(6, 1, 3)),
        (b"a,b,", row(4, 1, 2)),
        (b"a,b,\"c\"", row(7, 1, 3)),
        (b"a,b", bad(3, 2)),
        (b"a,b,c,d,e", bad(9, 5)),
        (b"a,b,\"c", open_quote(6)),
        (b"a,\"b,c\nd,e,f\n", open_quote(7)),
        (b"\r", Scan::Blank(1)),
    ] {
        assert_eq!(
            scan(input, true),
            expected,
            "{:?}",
            String::from_utf8_lossy(input)
        );
    }
}

#[test]
fn a_stray_quote_costs_its_own_line() {
    // Swallows up to the next quote; three fields come out, yet it is no row.
    assert_eq!(scan(b"1,\"x,y\n2,\"z\",w\n", false), open_quote(7));
    assert_eq!(scan(b"1,x,\"y\n\"2\",z,w\n", false), open_quote(7));
    // Closed properly, but the wrong number of fields.
    assert_eq!(scan(b"1,\"x\ny\"\n", false), bad(5, 2));
}

#[test]
fn bounds_of_a_record() {
    let lines = |n: usize| format!("a,\"{}\",c\n", "b\n".repeat(n)).into_bytes();
    assert!(matches!(
        scan(&lines(99), false),
        Scan::Row { lines: 100, .. }
    ));
    assert_eq!(scan(&lines(100), false), open_quote(5));
    assert_eq!(scan(&lines(100)[..150], false), Scan::Incomplete);
    assert_eq!(scan(&lines(300)[..300], false), open_quote(5));

    let long = |n: usize| format!("a,b,{}\n", "c".repeat(n)).into_bytes();
    assert!(matches!(
        scan(&long(MAX_RECORD - 5), false),
        Scan::Row { .. }
    ));
    assert_eq!(scan(&long(MAX_RECORD - 4), false), Scan::Endless);
    assert_eq!(
        scan(&long(MAX_RECORD - 4)[..MAX_RECORD - 1], false),
        Scan::Incomplete
    );
    let spread = format!("a,b,\"\n{}", "c".repeat(MAX_RECORD)).into_bytes();
    assert_eq!(scan(&spread, false), open_quote(6));
}

#[test]
fn a_byte_order_mark_inside_a_file_is_data() {
    let mut scanner = RecordScanner::new(b',', FIELDS);
    let mut out = [0; 64];
    assert_eq!(
        scanner.scan(b"\xEF\xBB\xBFa,b,c\n", false, &mut out),
        row(9, 1, 6)
    );
    assert_eq!(
        scanner.scan(b"\xEF\xBB\xBFa,b", false, &mut out),
        Scan::Incomplete
    );
    assert_eq!(
        scanner.scan(b"\xEF\xBB\xBFa,b,c\n", false, &mut out),
        row(9, 1, 6)
    );
}
