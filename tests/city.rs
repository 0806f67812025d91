//! The simulated city as its three users meet it: it is there with one command,
//! the engine runs on it exactly, its feed can be judged by the truth, and the
//! engine cannot reach the truth.
#![allow(clippy::unwrap_used)]

mod support;

use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use support::{program, text, tocsin, wait_until};
use tempfile::TempDir;

/// A small city with many schemes, in a folder of its own.
struct Simulated {
    folder: TempDir,
}

impl Simulated {
    fn new(months: &str, more: &[&str]) -> Simulated {
        let city = Simulated {
            folder: tempfile::tempdir().unwrap(),
        };
        let out = city.path("city");
        let size = ["--enterprises", "1500", "--seed", "5", "--schemes", "2000"];
        let place = ["simulate", "--out", text(&out), "--months", months];
        tocsin(&[&place[..], &size, more].concat()).ok();
        city
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, data: &str, arguments: &[&str]) -> support::Ran {
        let (config, data) = (self.path("city/tocsin.toml"), self.path(data));
        let place = [
            "--config",
            text(&config),
            "--data",
            text(&data),
            "--no-fsync",
        ];
        tocsin(&[arguments, &place].concat())
    }
}

/// The rows below a landing by file, without order.
fn rows(landing: &Path) -> Vec<(String, Vec<Vec<u8>>)> {
    let mut files = Vec::new();
    for unit in fs::read_dir(landing)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        let Ok(resources) = fs::read_dir(&unit) else {
            continue;
        };
        for resource in resources.map(|entry| entry.unwrap().path()) {
            for file in fs::read_dir(resource)
                .unwrap()
                .map(|entry| entry.unwrap().path())
            {
                let bytes = fs::read(&file).unwrap();
                // A workbook holds its rows compressed: its size must do.
                let mut rows: Vec<Vec<u8>> = match file.extension().is_some_and(|e| e == "csv") {
                    true => bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect(),
                    false => vec![bytes.len().to_le_bytes().to_vec()],
                };
                rows.sort_unstable();
                files.push((text(file.strip_prefix(landing).unwrap()).to_owned(), rows));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn an_analyst_judges_the_feed_of_a_city_by_its_truth() {
    let city = Simulated::new("24", &[]);
    let ran = city.run("state", &["run", "--once", "--top", "5"]).ok();
    assert!(ran.out.contains("enterprises scored"), "{}", ran.out);
    city.run("state", &["verify"]).ok();
    let truth = city.path("city/truth.csv");
    let report = city
        .run("state", &["evaluate", "--json", "--truth", text(&truth)])
        .ok();
    let report: Value = serde_json::from_str(&report.out).unwrap();
    assert!(report["alerted"].as_u64().unwrap() > 0, "{report}");
    let typologies = report["typologies"].as_object().unwrap();
    assert_eq!(typologies.len(), 12, "{report}");
    assert!(
        report["lawful"].as_object().unwrap().len() >= 12,
        "{report}"
    );
    // Everything at once leaves no lead time, but the worst must stand out.
    assert!(
        report["precision"][0][1].as_f64().unwrap() > 0.3,
        "{report}"
    );
}

#[test]
fn no_source_reaches_the_truth() {
    let city = Simulated::new("1", &[]);
    let outcome = city.path("city/sources/finance-office/outcome.toml");
    let declared = fs::read_to_string(&outcome).unwrap();
    let leak = declared.replace("finance-office/outcome/", "../");
    assert_ne!(leak, declared);
    fs::write(&outcome, leak).unwrap();
    let config = city.path("city/tocsin.toml");
    let ran = tocsin(&["source", "check", "--config", text(&config)]);
    assert_eq!(ran.code, Some(2), "{}", ran.out);
    let said = format!("{}{}", ran.out, ran.err);
    assert!(said.contains("leads out of the inputs' root"), "{said}");
}

#[test]
fn arrivals_are_the_same_records_day_by_day() {
    let at_once = Simulated::new("2", &[]);
    let by_day = Simulated {
        folder: tempfile::tempdir().unwrap(),
    };
    let out = by_day.path("city");
    let size = ["--enterprises", "1500", "--seed", "5", "--schemes", "2000"];
    let place = ["simulate", "--out", text(&out), "--months", "2"];
    let play = ["--arrivals", "--days-per-second", "1000"];
    let mut child = program(&[&place[..], &size, &play].concat())
        .spawn()
        .unwrap();
    wait_until("the city's time is over", || {
        child.try_wait().unwrap().is_some()
    });
    let [one, other] = [&at_once, &by_day].map(|city| rows(&city.path("city/landing")));
    let names = |files: &[(String, Vec<Vec<u8>>)]| -> Vec<String> {
        files.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&one), names(&other));
    assert!(one == other, "the same files hold other rows");
}

/// The small city that is checked in, beside the configuration that reads it.
fn small_city() -> Simulated {
    let city = Simulated {
        folder: tempfile::tempdir().unwrap(),
    };
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    support::copy(&testdata.join("city"), &city.path("city"));
    support::copy(&testdata.join("small"), &city.path("city"));
    city
}

/// Every file below a folder, with its bytes; of a compressed one its contents, as
/// another version of the library may compress otherwise.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => drop(found.insert(path.clone(), contents(&path))),
        }
    }
    found
}

fn contents(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    if path.extension().is_none_or(|extension| extension != "gz") {
        return bytes;
    }
    let mut contents = Vec::new();
    GzDecoder::new(&bytes[..])
        .read_to_end(&mut contents)
        .unwrap();
    contents
}

/// The size of all files below a folder.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap();
    let sizes = entries.map(|entry| {
        let entry = entry.unwrap();
        match entry.path().is_dir() {
            true => size(&entry.path()),
            false => entry.metadata().unwrap().len(),
        }
    });
    sizes.sum()
}

#[test]
fn the_small_city_is_what_the_simulator_writes() {
    let written = Simulated {
        folder: tempfile::tempdir().unwrap(),
    };
    let out = written.path("city");
    let params = [
        ["--enterprises", "3000"],
        ["--months", "6"],
        ["--schemes", "1000"],
        ["--seed", "7"],
        ["--dirt", "10"],
        ["--compress", "50000"],
    ];
    tocsin(&[&["simulate", "--out", text(&out)], params.as_flattened()].concat()).ok();
    let small = small_city();
    let relative = |city: &Simulated, part: &str| -> BTreeMap<PathBuf, Vec<u8>> {
        let root = city.path("city").join(part);
        let found = files(&root).into_iter();
        found
            .map(|(path, bytes)| (path.strip_prefix(&root).unwrap().to_owned(), bytes))
            .collect()
    };
    let (now, checked_in) = (relative(&written, "landing"), relative(&small, "landing"));
    assert!(
        now.keys().eq(checked_in.keys()),
        "other files than testdata/small"
    );
    for (path, bytes) in &now {
        let same = *bytes == checked_in[path];
        assert!(
            same,
            "testdata/small/landing/{} is of an older simulator: write it anew",
            path.display()
        );
    }
    let truth = |city: &Simulated| fs::read_to_string(city.path("city/truth.csv")).unwrap();
    assert_eq!(truth(&written), truth(&small));
    let kinds: BTreeSet<String> = truth(&small)
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').nth(2).map(str::to_owned))
        .filter(|kind| !kind.is_empty())
        .collect();
    assert_eq!(kinds.len(), 12, "{kinds:?}");
    let size = size(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/small"));
    assert!(size < 5_000_000, "{size} bytes");
}

#[test]
fn all_units_of_the_small_city_are_read_and_its_schemes_stand_out() {
    let city = small_city();
    let declared = city.path("city/sources");
    let units = fs::read_dir(&declared).unwrap().count();
    let ran = city.run("state", &["run", "--once", "--top", "10"]).ok();
    let delivered = |unit: &str| {
        let lines = ran.out.lines();
        let mut lines = lines.filter(|line| line.starts_with(&format!("{unit}/")));
        lines.any(|line| {
            line.split_whitespace()
                .nth(1)
                .is_some_and(|read| read != "0")
        })
    };
    for unit in fs::read_dir(&declared).unwrap() {
        let unit = unit.unwrap().file_name().into_string().unwrap();
        assert!(delivered(&unit), "{unit} delivered nothing\n{}", ran.out);
    }
    assert_eq!(units, 42);
    city.run("state", &["verify"]).ok();
    // By the hand-set index as by the trained scorecard.
    let truth = city.path("city/truth.csv");
    let precision = |data: &str| -> f64 {
        let judged = ["evaluate", "--json", "--truth", text(&truth)];
        let report: Value = serde_json::from_str(&city.run(data, &judged).ok().out).unwrap();
        report["precision"][0][1].as_f64().unwrap()
    };
    let by_rules = precision("state");
    fs::copy(
        city.path("city/scorecard.json"),
        city.path("city/model.json"),
    )
    .unwrap();
    city.run("trained", &["run", "--once"]).ok();
    city.run("trained", &["verify"]).ok();
    let trained = precision("trained");
    assert!(by_rules > 0.3 && trained > 0.3, "{by_rules} {trained}");
}

#[test]
fn a_reader_who_has_seen_enough_ends_nothing() {
    let city = Simulated {
        folder: tempfile::tempdir().unwrap(),
    };
    let out = city.path("city");
    let place = ["simulate", "--out", text(&out), "--months", "3"];
    let mut child = program(&[&place[..], &["--enterprises", "300"]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    let complaint = String::from_utf8(ended.stderr).unwrap();
    assert_eq!((ended.status.code(), complaint.as_str()), (Some(0), ""));
}

#[test]
fn a_second_demo_goes_on_with_what_was_configured() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let size = ["--enterprises", "200", "--months", "1", "--seed", "5"];
    let how = [
        "--once",
        "--days-per-second",
        "500",
        "--listen",
        "127.0.0.1:0",
    ];
    let start = ["demo", "--data", text(&data)];
    let arguments = [&start[..], &size, &how].concat();
    tocsin(&arguments).ok();
    let config = data.join("city/tocsin.toml");
    let edited = fs::read_to_string(&config).unwrap() + "\n[queue]\naudit_share = 0.2\n";
    fs::write(&config, &edited).unwrap();
    tocsin(&arguments).ok();
    assert_eq!(fs::read_to_string(&config).unwrap(), edited);
}

/// Lead times are days: no day may hide in another because the engine is slow, or
/// the city fast.
#[test]
fn a_demo_tells_of_the_same_alerts_on_the_same_days_at_any_speed() {
    let folder = tempfile::tempdir().unwrap();
    let played = |name: &str, speed: &str| {
        let data = folder.path().join(name);
        let size = ["--enterprises", "600", "--months", "3", "--seed", "5"];
        let how = [
            "--schemes",
            "2000",
            "--once",
            "--days-per-second",
            speed,
            "--listen",
            "127.0.0.1:0",
        ];
        let place = ["demo", "--data", text(&data)];
        let ran = tocsin(&[&place[..], &size, &how].concat()).ok();
        let events = fs::read_to_string(data.join("alerts.ndjson")).unwrap();
        (ran.out, events)
    };
    let (said, slow) = played("slow", "60");
    let (_, fast) = played("fast", "1000");
    assert!(slow.lines().count() > 5, "{slow}");
    assert_eq!(slow, fast);
    assert!(said.ends_with("after epoch 91\n"), "{said}");
}
