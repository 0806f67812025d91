//! Files of several chunks: what lands beside the reading counts as if it had
//! been read and landed row by row.

use super::*;
use std::fmt::Write;

/// A little more than two chunks.
const ROWS: usize = 270_000;

fn rows(header: &str, count: usize, row: impl Fn(usize) -> String) -> String {
    let mut text = header.to_owned();
    for number in 0..count {
        writeln!(text, "{}", row(number)).unwrap();
    }
    text
}

#[test]
fn rows_of_a_later_chunk_replace_those_of_an_earlier_one() {
    let town = Town::new();
    let fine = |number: usize| match number {
        // Corrects, withdraws and repeats what the first chunk says.
        200_000 => "no-0,a,50,2020-01-01,".to_owned(),
        200_001 => "no-1,,,,D".to_owned(),
        200_002 => "no-2,a,5,2020-01-01,".to_owned(),
        200_003 => "no-3,a,x,2020-01-01,".to_owned(),
        _ => format!("no-{number},{},5,2020-01-01,", ["a", "b"][number % 2]),
    };
    town.write("landing/fines/1.csv", &rows(FINES_HEADER, ROWS, fine));
    let mut pipeline = town.open();
    town.poll(&mut pipeline);
    let seen = stats(&pipeline, "two/fines");
    assert_eq!((seen.read, seen.rejected_total()), (ROWS as u64, 1));
    assert_eq!((seen.corrected, seen.withdrawn, seen.duplicates), (1, 1, 1));
    assert_eq!(seen.accepted, ROWS as u64 - 2);
    town.reopen(pipeline);
}

#[test]
fn a_snapshot_of_several_chunks_withdraws_what_it_lacks() {
    let town = Town::new();
    let shot = |number: usize| format!("{number},{},1", ["a", "b"][number % 2]);
    town.write("landing/shot/1.csv", &rows("no,id,x\n", ROWS, shot));
    let mut pipeline = town.open();
    town.poll(&mut pipeline);
    // Half of the rows are there no more, one of the others says something else.
    let half = |number: usize| match number {
        0 => "0,a,9".to_owned(),
        _ => shot(number),
    };
    town.write("landing/shot/2.csv", &rows("no,id,x\n", ROWS / 2, half));
    town.poll(&mut pipeline);
    let seen = stats(&pipeline, "two/shot");
    assert_eq!(seen.withdrawn, ROWS as u64 / 2);
    assert_eq!(seen.corrected, 1);
    assert_eq!(seen.duplicates, ROWS as u64 / 2 - 1);
}
