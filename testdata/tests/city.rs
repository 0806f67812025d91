//! What others may rely on: the same rows for the same seed, however they are
//! made; valid codes; every typology and every look-alike; every resource; truth
//! only in its own file.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use jiff::civil::{Date, date};
use tocsin_testdata::{City, CityParams, Delivery, Typology};
use tocsin_testdata::{pack_city, write_city, write_truth};

/// Feeds whose every column is of use to a test.
const FEEDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/feeds");

fn params(enterprises: u32, months: u32) -> CityParams {
    CityParams {
        enterprises,
        months,
        seed: 7,
        ..CityParams::default()
    }
}

fn with_test_feeds(enterprises: u32, months: u32) -> CityParams {
    CityParams {
        feeds: Some(FEEDS.into()),
        ..params(enterprises, months)
    }
}

/// All files that are written in one go.
fn bulk(params: &CityParams, threads: usize) -> BTreeMap<String, Vec<u8>> {
    let root = tempfile::tempdir().unwrap();
    write_city(root.path(), params, threads, |_| {}).unwrap();
    let mut files = BTreeMap::new();
    gather(root.path(), root.path(), &mut files);
    files
}

fn gather(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(root, &path, files);
        } else {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            files.insert(name, fs::read(&path).unwrap());
        }
    }
}

fn days(params: &CityParams) -> Vec<Date> {
    let count = params.months as usize * 31;
    params
        .start
        .series(jiff::Span::new().days(1))
        .take(count)
        .collect()
}

/// All files, day by day.
fn daily(params: &CityParams) -> BTreeMap<String, Vec<u8>> {
    let mut city = City::new(params).unwrap();
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for day in days(params) {
        for Delivery { path, bytes, .. } in city.day(day).unwrap() {
            files.entry(path).or_default().extend(bytes);
        }
    }
    files
}

/// The lines of a file, sorted, the first one first.
fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    lines[1..].sort_unstable();
    lines
}

/// Rows of a CSV file in UTF-8 without quotes.
fn rows(bytes: &[u8]) -> Vec<Vec<String>> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    text.lines()
        .skip(1)
        .map(|line| line.split(',').map(str::to_owned).collect())
        .collect()
}

#[test]
fn threads_and_runs_change_nothing_and_the_seed_everything() {
    // Three blocks, so that threads have something to confuse.
    let params = params(9_000, 2);
    let one = bulk(&params, 1);
    assert!(one == bulk(&params, 3));
    let other = CityParams { seed: 8, ..params };
    assert!(one != bulk(&other, 1));
}

#[test]
fn a_city_in_one_go_has_the_rows_of_a_city_day_by_day() {
    let params = params(1_000, 5);
    let (bulk, daily) = (bulk(&params, 2), daily(&params));
    assert_eq!(
        bulk.keys().collect::<Vec<_>>(),
        daily.keys().collect::<Vec<_>>()
    );
    for (path, bytes) in &bulk {
        if path.ends_with(".csv") {
            assert!(lines(bytes) == lines(&daily[path]), "{path}");
        }
    }
}

#[test]
fn a_day_does_not_depend_on_what_was_asked_before() {
    let params = params(300, 3);
    let mut in_order = City::new(&params).unwrap();
    let days = days(&params);
    let all: Vec<Vec<Delivery>> = days.iter().map(|day| in_order.day(*day).unwrap()).collect();
    let mut city = City::new(&params).unwrap();
    for at in [40, 0, 59, 12] {
        assert!(city.day(days[at]).unwrap() == all[at], "day {at}");
    }
    assert_eq!(city.day(date(2023, 12, 31)).unwrap(), Vec::new());
    assert_eq!(city.day(date(2024, 4, 1)).unwrap(), Vec::new());
}

#[test]
fn every_resource_delivers() {
    let params = params(3_000, 24);
    let delivered: BTreeSet<String> = bulk(&params, 2)
        .keys()
        .filter_map(|path| path.rsplit_once('/').map(|(folder, _)| folder.to_owned()))
        .collect();
    let mut missing = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("city/feeds")).unwrap() {
        let path = entry.unwrap().path();
        let unit: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        for feed in unit["feed"].as_array().unwrap() {
            let resource = feed["resource"].as_str().unwrap();
            let folder = format!("{}/{resource}", path.file_stem().unwrap().to_str().unwrap());
            if !delivered.contains(&folder) {
                missing.push(folder);
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn an_enterprise_has_twenty_to_forty_rows_in_two_years() {
    let root = tempfile::tempdir().unwrap();
    let params = params(12_000, 24);
    let stats = write_city(root.path(), &params, 2, |_| {}).unwrap();
    let each = stats.rows / u64::from(params.enterprises);
    assert!((20..=40).contains(&each), "{each}");
}

#[test]
fn every_typology_and_every_look_alike_is_there() {
    let city = City::new(&params(20_000, 24)).unwrap();
    let mut typologies = BTreeSet::new();
    let mut classes = BTreeSet::new();
    for truth in city.truth() {
        assert!(valid(&truth.uscc), "{}", truth.uscc);
        match truth.scheme {
            Some(scheme) => {
                typologies.insert(scheme.typology);
                assert!(scheme.start < scheme.collapse);
                let complaint = scheme.first_complaint;
                assert!(complaint.is_none_or(|day| scheme.start < day));
                assert_eq!(
                    complaint.is_none(),
                    scheme.typology == Typology::NoComplaint
                );
            }
            None => drop(classes.insert(truth.class)),
        }
    }
    assert_eq!(typologies.len(), Typology::ALL.len());
    assert_eq!(classes.len(), 15, "{classes:?}");
}

#[test]
fn about_one_enterprise_in_four_thousand_belongs_to_a_scheme() {
    let city = City::new(&params(400_000, 24)).unwrap();
    let bad = city.truth().filter(|truth| truth.scheme.is_some()).count();
    assert!((70..190).contains(&bad), "{bad} of 457,600");
}

#[test]
fn truth_is_in_its_own_file_alone() {
    let params = params(1_000, 24);
    let mut truth = Vec::new();
    let count = write_truth(&mut truth, &params).unwrap();
    assert_eq!(rows(&truth).len() as u64, count);
    for (path, bytes) in bulk(&params, 2) {
        assert!(!path.contains("truth"), "{path}");
        let text = String::from_utf8_lossy(&bytes);
        for typology in Typology::ALL {
            assert!(
                !text.contains(typology.name()),
                "{path}: {}",
                typology.name()
            );
        }
    }
}

#[test]
fn a_lead_has_the_code_of_remarks_or_the_remarks_but_not_both() {
    let files = bulk(&params(12_000, 12), 2);
    let leads = files
        .iter()
        .filter(|(path, _)| path.starts_with("pbc/lead/"));
    // Without those that went wrong, or have commas of their own.
    let leads: Vec<Vec<String>> = leads
        .flat_map(|(_, bytes)| rows(bytes))
        .filter(|row| row.len() == 13 && row[0].starts_with("XS"))
        .collect();
    let (mut codes, mut returns, mut plain) = (0, 0, 0);
    for lead in &leads {
        let [institution, patterns, remarks] = [&lead[1], &lead[9], &lead[10]];
        let coded = patterns.contains("|D6|");
        assert_eq!(
            institution.ends_with("支付"),
            !remarks.is_empty(),
            "{lead:?}"
        );
        assert!(remarks.is_empty() || !coded, "{lead:?}");
        let tells = ["复投", "返利", "分红", "本息"]
            .iter()
            .any(|word| remarks.contains(word));
        codes += usize::from(coded);
        returns += usize::from(tells);
        plain += usize::from(!tells && !remarks.is_empty());
    }
    assert!(
        codes > 0 && returns > 0 && plain > returns,
        "{codes} {returns} {plain}"
    );
}

/// The month in a file's name, which may begin with the name of a unit that was
/// renamed.
fn month_of(file: &str) -> &str {
    &file.trim_start_matches(|c: char| !c.is_ascii_digit())[..7]
}

#[test]
fn a_merged_unit_delivers_under_its_new_name() {
    let files = bulk(&params(2_000, 24), 2);
    let of_unit = files
        .keys()
        .filter_map(|path| path.strip_prefix("port-zone/"));
    let (mut before, mut since) = (0, 0);
    for (_, file) in of_unit.filter_map(|path| path.rsplit_once('/')) {
        match file.starts_with("滨海片区-") {
            true => since += 1,
            false => before += 1,
        }
        assert_eq!(
            file.starts_with("滨海片区-"),
            month_of(file) >= "2025-03",
            "{file}"
        );
    }
    assert!(before > 0 && since > 0, "{before} before, {since} since");
}

#[test]
fn schemes_are_seen_by_several_units_before_they_collapse() {
    let params = CityParams {
        schemes_per_100k: 3_000,
        ..params(2_000, 24)
    };
    let end = date(2026, 1, 1);
    let files = bulk(&params, 2);
    let ended: Vec<_> = City::new(&params)
        .unwrap()
        .truth()
        .filter_map(|truth| {
            let scheme = truth.scheme?;
            let seen =
                scheme.start > params.start && scheme.collapse < end && scheme.visible == 100;
            (seen && scheme.role.name() == "organiser").then_some((truth.uscc, scheme))
        })
        .collect();
    assert!(!ended.is_empty());
    for (uscc, scheme) in ended {
        let collapse = scheme.collapse.to_string();
        let units: BTreeSet<&str> = files
            .iter()
            .filter(|(path, bytes)| {
                path.as_str() < "z"
                    && path.ends_with(".csv")
                    && path
                        .rsplit_once('/')
                        .is_some_and(|(_, file)| month_of(file) < &collapse[..7])
                    && String::from_utf8_lossy(bytes).contains(&uscc)
            })
            .filter_map(|(path, _)| path.split('/').next())
            .collect();
        assert!(units.len() >= 5, "{uscc}: {units:?}");
    }
}

#[test]
fn rows_go_wrong_about_as_often_as_declared() {
    let files = bulk(&with_test_feeds(6_000, 2), 2);
    let dirty = rows(&files["test/dirty/2024-01.csv"]);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &dirty {
        *seen.entry(&row[0]).or_default() += 1;
    }
    let originals = seen.keys().filter(|number| !number.ends_with('X')).count();
    let broken = dirty
        .iter()
        .filter(|row| row.len() != 5 || row[0].ends_with('X') || !row[0].starts_with("D-"))
        .count();
    let withdrawn = dirty
        .iter()
        .filter(|row| row.len() == 5 && row[4] == "D")
        .count();
    let again = dirty.len() - originals - broken;
    let per_mille = |count: usize| count * 1_000 / originals;
    assert!(originals >= 5_900, "{originals}");
    assert!((14..27).contains(&per_mille(broken)), "broken {broken}");
    assert!(
        (20..41).contains(&per_mille(withdrawn)),
        "withdrawn {withdrawn}"
    );
    // Duplicates 30, corrected 40, withdrawn 30.
    assert!((80..120).contains(&per_mille(again)), "again {again}");
    let clean = rows(&files["test/clean/2024-01.csv"]);
    assert!(clean.iter().all(|row| row.len() == 3 && valid(&row[0])));
}

/// Rows of a feed's files, and how many of them repeat another.
fn repeated(files: &BTreeMap<String, Vec<u8>>, folder: &str) -> (usize, usize) {
    let of_feed = files.iter().filter(|(path, _)| path.starts_with(folder));
    let rows: Vec<&[u8]> = of_feed
        .flat_map(|(_, bytes)| bytes.split(|byte| *byte == b'\n').skip(1))
        .filter(|row| !row.is_empty())
        .collect();
    let once: BTreeSet<&&[u8]> = rows.iter().collect();
    (rows.len(), rows.len() - once.len())
}

#[test]
fn each_kind_of_records_is_as_dirty_as_its_sample() {
    let dirty = |dirt: u32| {
        let params = params(6_000, 6);
        bulk(&CityParams { dirt, ..params }, 2)
    };
    let (clean, measured, dirty) = (dirty(0), dirty(1), dirty(20));
    let (rows, again) = repeated(&measured, "tax/filing/");
    let per_mille = again * 1_000 / (rows - again);
    assert!(
        (135..180).contains(&per_mille),
        "{again} of {rows} tax rows"
    );
    assert_eq!(repeated(&clean, "tax/filing/").1, 0);
    // Of registers some 70 in a million, so one looks at twenty times as many.
    let (rows, again) = repeated(&dirty, "pbc/account/");
    assert!((2..25).contains(&again), "{again} of {rows} accounts");
    assert_eq!(repeated(&clean, "pbc/account/").1, 0);
}

#[test]
fn large_files_are_compressed_and_nothing_else_changes() {
    let params = params(500, 2);
    let plain = bulk(&params, 1);
    let root = tempfile::tempdir().unwrap();
    write_city(root.path(), &params, 1, |_| {}).unwrap();
    let saved = pack_city(root.path(), 20_000).unwrap();
    let mut packed = BTreeMap::new();
    gather(root.path(), root.path(), &mut packed);
    let size = |files: &BTreeMap<String, Vec<u8>>| files.values().map(Vec::len).sum::<usize>();
    assert_eq!(size(&packed) as u64 + saved, size(&plain) as u64);
    for (path, bytes) in &plain {
        if path.ends_with(".csv") && bytes.len() >= 20_000 {
            let mut contents = Vec::new();
            let mut file = GzDecoder::new(&packed[&format!("{path}.gz")][..]);
            file.read_to_end(&mut contents).unwrap();
            assert!(contents == *bytes, "{path}");
            // Neither day nor name: the same contents, the same bytes.
            assert_eq!(file.header().unwrap().mtime(), 0);
            assert_eq!(file.header().unwrap().filename(), None);
        } else {
            assert!(packed[path] == *bytes, "{path}");
        }
    }
    assert!(packed.keys().any(|path| path.ends_with(".gz")));
    assert_eq!(packed.len(), plain.len());
}

#[test]
fn a_unit_goes_silent_and_another_is_renamed() {
    let files = bulk(&with_test_feeds(2_000, 4), 1);
    assert!(files.contains_key("test/silent/2024-01.csv"));
    assert!(!files.contains_key("test/silent/2024-02.csv"));
    let months = |month: &str| rows(&files[&format!("test/silent/2024-{month}.csv")]).len();
    assert!(
        months("03") > months("04") * 14 / 10,
        "{} {}",
        months("03"),
        months("04")
    );
    assert!(files.contains_key("merged/visit/2024-02.csv"));
    assert!(files.contains_key("merged/visit/新区-2024-03.csv"));
}

#[test]
fn files_have_their_form() {
    let files = bulk(&with_test_feeds(500, 2), 1);
    let bom = &files["test/silent/2024-01.csv"];
    assert!(bom.starts_with(b"\xef\xbb\xbf") && bom.ends_with(b"\r\n"));
    let (text, _, broken) = encoding_rs::GB18030.decode(&files["test/dialect/2024-01.csv"]);
    assert!(!broken && text.starts_with("企业名称,"));
    assert!(files["test/book/2024-02-05.xlsx"].starts_with(b"PK"));
    let list = |day: &str| rows(&files[&format!("test/list/{day}.csv")]).len();
    assert!(list("2024-01-05") > 0 && list("2024-02-05") > 0);
}

#[test]
fn faults_name_file_resource_value_and_what_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"
        [[feed]]
        resource = "a"
        on = "penalti"
        columns = [["代码", "uscc"]]
        [[feed]]
        resource = "b"
        on = "penalty"
        topics = ["虚假"]
        columns = [["代码", "usc"]]
    "#;
    fs::write(folder.path().join("unit.toml"), text).unwrap();
    let asked = CityParams {
        feeds: Some(folder.path().to_owned()),
        ..params(10, 1)
    };
    let Err(tocsin_testdata::CityError::Feeds(faults)) = City::new(&asked) else {
        panic!("the feeds were accepted")
    };
    let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(
        said[0].starts_with("unit.toml: resource `a`: kind `penalti`: allowed are registered ")
    );
    assert!(said[1].starts_with("unit.toml: resource `b`: topic `虚假`: allowed are 虚假宣传 "));
    assert!(said[2].starts_with(
        "unit.toml: resource `b`: column `代码`: expression `usc`: allowed are uscc "
    ));
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
