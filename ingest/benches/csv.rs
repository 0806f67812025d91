//! How fast files become rows, and cells values: microseconds a row,
//! nanoseconds a cell.
//!
//! `cargo bench -p tocsin-ingest --bench csv`

use std::hint::black_box;
use std::time::Instant;
use tocsin_ingest::format::{CsvDecoder, CsvOptions, Encoding, RowBatch};
use tocsin_ingest::values::{Pseudonymiser, Unit, Uscc, date, identify, money, name, number, text};

const ROWS: usize = 1_000_000;
const ROUNDS: usize = 5;
/// As a transport would feed it.
const PIECE: usize = 1 << 20;

fn main() {
    let ascii = file("91350100M000100Y43,2019-01-31,printing,1200.50,0.13,0,156.07");
    let chinese = file(
        "深圳市某某实业发展有限公司,91350100M000100Y43,2019-01-31,有限责任公司,1000(万人民币元),一般经营项目：国内贸易；经营进出口业务。,深圳",
    );
    let gb18030 = encoding_rs::GB18030.encode(&chinese).0.into_owned();
    rows("8 columns, ascii", ascii.as_bytes(), Encoding::Utf8);
    rows(
        "8 columns, chinese utf-8",
        chinese.as_bytes(),
        Encoding::Utf8,
    );
    rows("8 columns, chinese gb18030", &gb18030, Encoding::Gb18030);
    cells();
}

fn file(row: &str) -> String {
    let mut file = String::from("a,b,c,d,e,f,g,h\n");
    (0..ROWS).for_each(|n| file.push_str(&format!("{n},{row}\n")));
    file
}

/// The best of some rounds over a whole file.
fn rows(what: &str, bytes: &[u8], encoding: Encoding) {
    let round = |_| {
        let start = Instant::now();
        decode(bytes, encoding);
        start.elapsed().as_secs_f64()
    };
    let best = (0..ROUNDS).map(round).fold(f64::MAX, f64::min);
    let (each, speed) = (best * 1e6 / ROWS as f64, bytes.len() as f64 / best / 1e6);
    println!("{what:30} {each:.3} µs/row  {speed:.0} MB/s");
}

fn decode(bytes: &[u8], encoding: Encoding) {
    let mut decoder = CsvDecoder::new(
        CsvOptions {
            encoding,
            delimiter: b',',
        },
        None,
    );
    let (mut batch, mut rejects, mut count) = (RowBatch::new(), Vec::new(), 0);
    for piece in bytes.chunks(PIECE) {
        decoder
            .decode(piece, false, &mut batch, &mut rejects)
            .expect("a good file");
        count += black_box(batch.take()).len();
    }
    assert_eq!((count, rejects.len()), (ROWS, 0));
}

fn cells() {
    let keys = Pseudonymiser::new([7; 32]);
    cell("uscc", "91350100M000100Y43", |c| Uscc::parse(c).is_ok());
    cell("identify", "91350100M000100Y43", |c| identify(c).is_ok());
    cell("date", "2019-01-31", |c| date::parse(c).is_ok());
    cell("date, in Chinese", "2019年1月31日", |c| {
        date::parse(c).is_ok()
    });
    cell("money, plain", "12345.75", |c| {
        money::parse(c, Unit::Yuan).is_ok()
    });
    cell("money, with words", "1,000(万人民币元)", |c| {
        money::parse(c, Unit::Yuan).is_ok()
    });
    cell("integer", "1234.0", |c| number::integer(c).is_ok());
    cell("number", "0.13", |c| number::number(c).is_ok());
    cell("text", "深圳市某某实业发展有限公司", |c| {
        text::clean(c).len() > 1
    });
    cell("name key", "深圳市某某实业发展有限公司", |c| {
        name::key(c).is_some()
    });
    cell("account key", "6222000012345678901", |c| {
        keys.account(c).is_some()
    });
}

fn cell(what: &str, cell: &str, read: impl Fn(&str) -> bool) {
    let start = Instant::now();
    let good = (0..ROWS).filter(|_| read(black_box(cell))).count();
    assert_eq!(good, ROWS);
    println!(
        "{what:30} {:.0} ns",
        start.elapsed().as_nanos() as f64 / ROWS as f64
    );
}
