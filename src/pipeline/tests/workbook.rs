//! Workbooks come whole: what they repeat is a duplicate, what they change a
//! correction.

use super::*;
use rust_xlsxwriter::Workbook;

const BOOK: &str = "agency = \"two\"\nresource = \"r\"\nbasis = \"b\"\npath = \"book/*.xlsx\"\n\
    format = { type = \"xlsx\" }\nmode = \"upsert\"\nkey = [\"no\"]\n\
    [columns]\nno = \"text\"\nid = \"text\"\nx = \"number\"\n[enterprise]\nid = \"id\"\n\
    [[signal]]\nkind = \"A3\"\nvalue = \"x\"\n";

fn deliver(town: &Town, rows: &[[&str; 3]]) {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (line, row) in [["no", "id", "x"]].iter().chain(rows).enumerate() {
        for (column, text) in row.iter().enumerate() {
            sheet
                .write_string(line as u32, column as u16, *text)
                .unwrap();
        }
    }
    let folder = town.folder.path().join("landing/book");
    std::fs::create_dir_all(&folder).unwrap();
    workbook.save(folder.join("1.xlsx")).unwrap();
}

#[test]
fn a_workbook_is_read_again_when_it_changes() {
    let town = Town::new();
    town.write("sources/two/book.toml", BOOK);
    deliver(&town, &[["1", "a", "5"], ["2", "b", "five"]]);
    let mut pipeline = town.open();
    town.poll(&mut pipeline);
    let first = stats(&pipeline, "two/book").clone();
    assert_eq!(
        (first.read, first.accepted, first.rejected.len()),
        (2, 1, 1)
    );
    assert_eq!(value(&pipeline, "a", "shots"), Some(5.0));
    let more = [
        ["1", "a", "6"],
        ["2", "b", "7"],
        ["3", "a", "1"],
        ["4", "b", "1"],
    ];
    deliver(&town, &more);
    town.poll(&mut pipeline);
    let second = stats(&pipeline, "two/book").clone();
    assert_eq!((second.read, second.corrected), (6, 1));
    assert_eq!(value(&pipeline, "a", "shots"), Some(7.0));
    let pipeline = town.reopen(pipeline);
    assert_eq!(value(&pipeline, "b", "shots"), Some(8.0));
}

#[test]
fn what_is_no_workbook_is_a_fault_of_its_source() {
    let town = Town::new();
    town.write("sources/two/book.toml", BOOK);
    town.write("landing/book/1.xlsx", "no,id,x\n1,a,5\n");
    let mut pipeline = town.open();
    town.poll(&mut pipeline);
    let fault = stats(&pipeline, "two/book").error.clone().unwrap();
    assert!(
        fault.contains("book/1.xlsx") && fault.contains("workbook"),
        "{fault}"
    );
    assert_eq!(value(&pipeline, "a", "size"), Some(1.0));
}
