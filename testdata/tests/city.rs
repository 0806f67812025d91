//! What others may rely on: the same bytes for the same seed, complete lines,
//! valid codes, and schemes that agencies can see before they collapse.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};
use tocsin_testdata::{City, CityParams, Delivery, Typology, write_day};

const DAYS: usize = 330;

fn params(seed: u64) -> CityParams {
    CityParams {
        enterprises: 1_500,
        seed,
        schemes_per_100k: 2_000,
        ..CityParams::default()
    }
}

fn days(count: usize) -> Vec<Date> {
    let start = params(0).start;
    start
        .series(jiff::Span::new().days(1))
        .take(count)
        .collect()
}

/// All deliveries of `count` days, put together as files.
fn files(seed: u64, count: usize) -> BTreeMap<String, Vec<u8>> {
    let mut city = City::new(params(seed));
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for day in days(count) {
        for Delivery { path, bytes } in city.day(day) {
            files.entry(path).or_default().extend(bytes);
        }
    }
    files
}

fn text(path: &str, bytes: &[u8]) -> String {
    let gb = ["msa/penalty", "court/enforcement", "12345/ticket"];
    let encoding = if gb.iter().any(|folder| path.starts_with(folder)) {
        encoding_rs::GB18030
    } else {
        encoding_rs::UTF_8
    };
    let (text, _, broken) = encoding.decode(bytes);
    assert!(!broken, "{path} is not {}", encoding.name());
    text.into_owned()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    assert_eq!(files(7, 40), files(7, 40));
    assert_ne!(files(7, 3), files(8, 3));
}

#[test]
fn a_day_does_not_depend_on_what_was_asked_before() {
    let mut in_order = City::new(params(7));
    let all: Vec<Vec<Delivery>> = days(60).into_iter().map(|day| in_order.day(day)).collect();
    for at in [0, 59, 31, 12] {
        let mut fresh = City::new(params(7));
        assert_eq!(fresh.day(days(60)[at]), all[at], "day {at}");
    }
}

#[test]
fn nothing_is_delivered_before_the_first_day() {
    let mut city = City::new(params(7));
    assert_eq!(city.day(date(2024, 12, 31)), Vec::new());
}

#[test]
fn deliveries_are_complete_lines_of_files_that_begin_with_their_header() {
    for (path, bytes) in files(7, 70) {
        assert!(bytes.ends_with(b"\n"), "{path}");
        let text = text(&path, &bytes);
        let header = text.lines().next().unwrap();
        assert_eq!(
            text.lines().filter(|line| *line == header).count(),
            1,
            "{path}"
        );
        let fields = header.split(',').count();
        let short = text
            .lines()
            .filter(|line| !line.contains('"') && line.split(',').count() != fields);
        assert!(
            short.count() * 50 < text.lines().count() + 50,
            "{path}: too many broken lines"
        );
    }
}

#[test]
fn every_agency_delivers() {
    let folders: BTreeSet<String> = files(7, DAYS)
        .iter()
        .filter(|(_, bytes)| bytes.iter().filter(|byte| **byte == b'\n').count() > 1)
        .filter_map(|(path, _)| path.rsplit_once('/').map(|(folder, _)| folder.to_owned()))
        .collect();
    assert_eq!(folders.len(), 22, "{folders:?}");
    let agencies: BTreeSet<&str> = folders
        .iter()
        .filter_map(|folder| folder.split('/').next())
        .collect();
    assert_eq!(agencies.len(), 12, "{agencies:?}");
}

#[test]
fn nearly_all_codes_are_valid_and_a_few_are_not() {
    let files = files(7, 1);
    let text = text("msa/registration", &files["msa/registration/2025-01.csv"]);
    let codes: Vec<&str> = text
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .collect();
    let wrong = codes
        .iter()
        .filter(|code| !valid(&code.to_uppercase()))
        .count();
    assert!(
        codes.len() >= 1_500 && wrong < codes.len() / 100,
        "{wrong} of {}",
        codes.len()
    );
    let distinct: BTreeSet<String> = codes
        .iter()
        .map(|code| code.to_uppercase())
        .filter(|code| valid(code))
        .collect();
    assert_eq!(distinct.len(), 1_500);
}

/// GB 32100-2015, written once more: weights are powers of 3 modulo 31, and the
/// check digit brings the sum to a multiple of 31.
fn valid(code: &str) -> bool {
    let alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let values: Option<Vec<usize>> = code.chars().map(|letter| alphabet.find(letter)).collect();
    let Some(values) = values.filter(|values| values.len() == 18) else {
        return false;
    };
    let mut weight = 1;
    let mut sum = values[17];
    for value in &values[..17] {
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    sum.is_multiple_of(31)
}

#[test]
fn schemes_are_seen_by_several_agencies_and_before_they_collapse() {
    let city = City::new(params(7));
    let files = files(7, DAYS);
    let end = *days(DAYS).last().unwrap();
    let mut seen = 0;
    let ended: Vec<_> = city
        .truth()
        .into_iter()
        .filter(|scheme| scheme.collapse < end && scheme.start > params(0).start)
        .collect();
    assert!(ended.len() >= 3, "{}", ended.len());
    for scheme in &ended {
        assert!(scheme.start < scheme.first_complaint && scheme.first_complaint < scheme.collapse);
        let name = name_of(&files, &scheme.uscc);
        let agencies: BTreeSet<&str> = files
            .iter()
            .filter(|(path, bytes)| {
                let text = text(path, bytes);
                text.contains(&scheme.uscc) || text.contains(&name)
            })
            .filter_map(|(path, _)| path.split('/').next())
            .collect();
        seen += usize::from(agencies.len() >= 6);
    }
    assert_eq!(seen, ended.len());
}

fn name_of(files: &BTreeMap<String, Vec<u8>>, uscc: &str) -> String {
    files
        .iter()
        .filter(|(path, _)| path.starts_with("msa/registration"))
        .find_map(|(path, bytes)| {
            let text = text(path, bytes);
            let line = text.lines().find(|line| line.starts_with(uscc))?;
            line.split(',').nth(1).map(str::to_owned)
        })
        .unwrap()
}

#[test]
fn all_typologies_occur_and_outcomes_follow() {
    let truth = City::new(params(7)).truth();
    let kinds: BTreeSet<Typology> = truth.iter().map(|scheme| scheme.typology).collect();
    assert_eq!(kinds.len(), Typology::ALL.len());
    let files = files(7, DAYS);
    let outcomes: String = files
        .iter()
        .filter(|(path, _)| path.starts_with("finance-office/outcome"))
        .map(|(path, bytes)| text(path, bytes))
        .collect();
    let positive =
        outcomes.matches("认定非法集资").count() + outcomes.matches("涉嫌犯罪移送").count();
    let negative = outcomes.matches("不实").count() + outcomes.matches("非集资").count();
    assert!(positive >= 5, "{positive} positive");
    assert!(
        negative >= positive / 2,
        "{negative} negative, {positive} positive"
    );
}

#[test]
fn write_day_appends_what_day_delivers_and_sets_the_clock_last() {
    let root = tempfile::tempdir().unwrap();
    let mut city = City::new(params(7));
    let mut rows = 0;
    for day in days(35) {
        rows += write_day(root.path(), &mut city, day).unwrap().rows;
    }
    for (path, bytes) in files(7, 35) {
        assert_eq!(
            std::fs::read(root.path().join(&path)).unwrap(),
            bytes,
            "{path}"
        );
    }
    let clock = std::fs::read_to_string(root.path().join("clock")).unwrap();
    assert_eq!(clock, "2025-02-04T18:00:00+08:00\n");
    let lines: usize = files(7, 35)
        .values()
        .map(|bytes| bytes.iter().filter(|byte| **byte == b'\n').count() - 1)
        .sum();
    assert_eq!(rows, lines as u64);
}
