//! What a model is trained on is the same, however many values are folded at once.

use super::*;
use crate::checked::Checked;
use crate::hindsight::{Chronicle, TODAY};
use std::fmt::Write;

const OUTCOMES: &str = "agency = \"two\"\nresource = \"o\"\nbasis = \"b\"\npath = \"out/*.csv\"\n\
    [columns]\nid = \"text\"\nfound = \"integer\"\n[enterprise]\nid = \"id\"\n\
    [outcome]\npositive = \"found = 1\"\n";
const CHECKED: i64 = 40;

/// Forty enterprises, of which one in three was found, and one that is not registered;
/// their outcomes arrive a month after the rest.
fn checked(town: &Town) -> Pipeline {
    town.write("sources/two/out.toml", OUTCOMES);
    let (mut registered, mut events, mut ended) = (
        "id,name,x,op\n".to_owned(),
        "id,x\n".to_owned(),
        "id,found\nnobody,1\n".to_owned(),
    );
    for n in 0..CHECKED {
        writeln!(registered, "e{n},企业{n},{n},").unwrap();
        writeln!(events, "e{n},{}\ne{n},3", n % 7).unwrap();
        writeln!(ended, "e{n},{}", i64::from(n % 3 == 0)).unwrap();
    }
    town.write("landing/reg/2.csv", &registered);
    town.write("landing/ev/1.csv", &events);
    let mut pipeline = town.open();
    town.poll(&mut pipeline);
    town.set_clock("2020-02-05T12:00:00+08:00");
    town.write("landing/out/1.csv", &ended);
    town.poll(&mut pipeline);
    pipeline
}

#[test]
fn examples_of_now_are_the_same_in_any_number_of_parts() {
    let town = Town::new();
    let pipeline = checked(&town);
    let records = pipeline.view().records();
    let time_ms = pipeline.view().status().time_ms;
    let gather = |at_once| {
        let checked = Checked::gather(&records, time_ms, at_once, &mut 0).unwrap();
        let known = checked.outcomes.iter();
        let rows = known.map(|(key, positive)| (*key, *positive, checked.features(*key)));
        let mut rows: Vec<_> = rows.collect();
        rows.sort_unstable();
        rows
    };
    let whole = gather(1_000_000);
    assert_eq!(whole.len(), CHECKED as usize);
    let found = whole.iter().filter(|(_, positive, _)| *positive).count();
    assert_eq!(found, 14);
    // Sums of events differ, so rows are not all alike.
    assert!(whole.iter().any(|(.., row)| row[0] == Some(90_000)));
    for at_once in [1, 7, 50] {
        assert_eq!(gather(at_once), whole, "{at_once}");
    }
}

#[test]
fn examples_without_hindsight_are_the_same_in_any_number_of_parts() {
    let town = Town::new();
    let pipeline = checked(&town);
    let gather = |at_once| {
        let chronicle = Chronicle::read(pipeline.view(), town.runtime.handle()).unwrap();
        let mut rows = Vec::new();
        let chronicle = chronicle.at_once(at_once);
        let each = |example: crate::hindsight::Example| {
            rows.push((example.enterprise, example.positive, example.rows));
        };
        chronicle.each_example(TODAY, each).unwrap();
        rows
    };
    let whole = gather(1_000_000);
    assert_eq!(whole.len(), CHECKED as usize);
    assert!(whole.iter().all(|(.., rows)| rows.len() == 1));
    for at_once in [1, 7, 50] {
        assert_eq!(gather(at_once), whole, "{at_once}");
    }
}
