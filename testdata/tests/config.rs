//! The checked-in configurations: every source says what it must, every feature
//! is fed, every model covers the features in order, and the city's and the
//! load's files have the columns that their sources declare.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tocsin_testdata::write_load;
use toml::Table;

const FOLDERS: [&str; 4] = ["city", "bench", "ccf2020", "registry"];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(path: &Path) -> Table {
    let text = fs::read_to_string(path).unwrap();
    text.parse()
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn sources(name: &str) -> Vec<(String, Table)> {
    let mut sources = Vec::new();
    for agency in fs::read_dir(folder(name).join("sources")).unwrap() {
        for file in fs::read_dir(agency.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            sources.push((path.display().to_string(), read(&path)));
        }
    }
    sources.sort_by(|one, two| one.0.cmp(&two.0));
    sources
}

fn list<'a>(table: &'a Table, key: &str) -> Vec<&'a Table> {
    let items = table.get(key).and_then(|value| value.as_array());
    items
        .into_iter()
        .flatten()
        .filter_map(|item| item.as_table())
        .collect()
}

fn word<'a>(table: &'a Table, key: &str) -> &'a str {
    table
        .get(key)
        .and_then(|value| value.as_str())
        .unwrap_or_default()
}

/// Every string in a value that names a column.
fn named(source: &Table) -> Vec<String> {
    let mut named = Vec::new();
    let mut add = |value: Option<&toml::Value>| match value {
        Some(toml::Value::String(text)) if text != "enterprise" => named.push(text.clone()),
        Some(toml::Value::Array(items)) => named.extend(
            items
                .iter()
                .filter_map(|item| item.as_str().map(str::to_owned)),
        ),
        Some(toml::Value::Table(table)) => named.extend(
            table
                .values()
                .filter_map(|item| item.as_str().map(str::to_owned)),
        ),
        _ => {}
    };
    add(source.get("key"));
    add(source.get("enterprise"));
    for item in list(source, "signal") {
        add(item.get("subject"));
    }
    for item in list(source, "alias")
        .into_iter()
        .chain(list(source, "lexicon"))
    {
        add(item.get("column"));
    }
    for item in list(source, "link") {
        add(item.get("from"));
        add(item.get("to"));
    }
    named
}

#[test]
fn every_source_says_what_it_must_and_names_only_columns_it_declares() {
    for name in FOLDERS {
        for (path, source) in sources(name) {
            for key in ["agency", "resource", "basis", "path", "mode"] {
                assert!(!word(&source, key).is_empty(), "{path}: no {key}");
            }
            let mode = word(&source, "mode");
            assert!(
                ["append", "upsert", "snapshot"].contains(&mode),
                "{path}: {mode}"
            );
            assert!(
                mode == "append" || source.contains_key("key"),
                "{path}: no key"
            );
            let columns = source["columns"].as_table().unwrap();
            for column in named(&source) {
                assert!(
                    columns.contains_key(&column),
                    "{path}: `{column}` is no column"
                );
            }
        }
    }
}

#[test]
fn lexicons_and_link_kinds_exist() {
    for name in FOLDERS {
        let config = read(&folder(name).join("tocsin.toml"));
        let kinds: BTreeSet<&str> = list(&config, "link_kind")
            .iter()
            .map(|kind| word(kind, "name"))
            .collect();
        for group in list(&config, "group") {
            assert!(kinds.contains(word(group, "link")), "{name}: {group:?}");
        }
        for share in associations(&config, "share") {
            assert!(kinds.contains(word(share, "link")), "{name}: {share:?}");
        }
        for (path, source) in sources(name) {
            for link in list(&source, "link") {
                assert!(kinds.contains(word(link, "kind")), "{path}: {link:?}");
            }
            for lexicon in list(&source, "lexicon") {
                for key in ["words", "unless"] {
                    let file = word(lexicon, key);
                    assert!(
                        file.is_empty() || folder(name).join(file).is_file(),
                        "{path}: {file}"
                    );
                }
            }
        }
    }
}

/// The tables of a kind below `[association]`.
fn associations<'a>(config: &'a Table, kind: &str) -> Vec<&'a Table> {
    let graph = config.get("association").and_then(toml::Value::as_table);
    graph.map_or_else(Vec::new, |graph| list(graph, kind))
}

#[test]
fn what_the_graph_asks_for_is_declared_by_a_source() {
    let attributes: BTreeSet<String> = sources("city")
        .iter()
        .flat_map(|(_, source)| list(source, "attribute"))
        .map(|attribute| word(attribute, "name").to_owned())
        .collect();
    let config = read(&folder("city").join("tocsin.toml"));
    for near in associations(&config, "neighbour") {
        for name in near["of"].as_array().unwrap() {
            assert!(attributes.contains(name.as_str().unwrap()), "{near:?}");
        }
    }
    for returns in associations(&config, "return") {
        for key in ["founded", "ended"] {
            assert!(attributes.contains(word(returns, key)), "{returns:?}");
        }
    }
}

#[test]
fn every_lexicon_of_the_city_is_used() {
    let sources = sources("city");
    let used: BTreeSet<&str> = sources
        .iter()
        .flat_map(|(_, source)| list(source, "lexicon"))
        .flat_map(|lexicon| [word(lexicon, "words"), word(lexicon, "unless")])
        .filter(|file| !file.is_empty())
        .collect();
    for file in fs::read_dir(folder("city").join("lexicons")).unwrap() {
        let name = file.unwrap().file_name();
        let file = format!("lexicons/{}", name.to_str().unwrap());
        assert!(used.contains(file.as_str()), "no source uses {file}");
    }
}

/// A lexicon's column that no condition or value names would find for nobody.
#[test]
fn every_lexicons_column_decides_a_signal() {
    for name in FOLDERS {
        for (path, source) in sources(name) {
            let said: String = list(&source, "signal")
                .into_iter()
                .chain(list(&source, "attribute"))
                .flat_map(|item| [word(item, "when"), word(item, "value")])
                .collect();
            for lexicon in list(&source, "lexicon") {
                let column = word(lexicon, "name");
                assert!(said.contains(column), "{path}: nothing asks for `{column}`");
            }
        }
    }
}

#[test]
fn every_feature_is_fed() {
    for name in FOLDERS {
        let mut fed: BTreeSet<String> = BTreeSet::new();
        for (_, source) in sources(name) {
            fed.extend(
                list(&source, "signal")
                    .iter()
                    .map(|signal| word(signal, "kind").to_owned()),
            );
            fed.extend(
                list(&source, "attribute")
                    .iter()
                    .map(|attribute| word(attribute, "name").to_owned()),
            );
        }
        let config = read(&folder(name).join("tocsin.toml"));
        fed.extend(
            list(&config, "group")
                .iter()
                .map(|group| word(group, "signal").to_owned()),
        );
        for kind in ["neighbour", "return"] {
            let raised = associations(&config, kind).into_iter();
            fed.extend(raised.map(|graph| word(graph, "signal").to_owned()));
        }
        let features = read(&folder(name).join("features.toml"));
        for feature in list(&features, "feature") {
            let from = word(feature, "from");
            assert!(fed.contains(from), "{name}: nothing feeds {from}");
            let aggregates = [
                "count",
                "sum",
                "mean",
                "latest",
                "present",
                "distinct",
                "maximum",
                "minimum",
                "days_since",
            ];
            assert!(
                aggregates.contains(&word(feature, "aggregate")),
                "{name}: {feature:?}"
            );
            let category = word(feature, "category");
            assert!(
                "ABCDEFGHR".contains(category) && category.len() == 1,
                "{name}: {feature:?}"
            );
            assert!(!word(feature, "title").is_empty(), "{name}: {feature:?}");
        }
    }
}

#[test]
fn models_cover_the_features_in_order() {
    for name in ["city", "bench", "registry"] {
        let features = read(&folder(name).join("features.toml"));
        let features = list(&features, "feature");
        let text = fs::read_to_string(folder(name).join("model.json")).unwrap();
        let model: serde_json::Value = serde_json::from_str(&text).unwrap();
        let weighed = model["features"].as_array().unwrap();
        assert_eq!(weighed.len(), features.len(), "{name}");
        for (feature, weighed) in features.iter().zip(weighed) {
            assert_eq!(weighed["name"], word(feature, "name"), "{name}");
            assert_eq!(weighed["category"], word(feature, "category"), "{name}");
            check_bins(weighed);
        }
    }
}

/// Bins begin with the missing one and cover all numbers without a gap.
fn check_bins(feature: &serde_json::Value) {
    let bins = feature["bins"].as_array().unwrap();
    assert_eq!(bins[0]["missing"], true, "{feature}");
    assert!(bins.iter().all(|bin| bin["weight"].is_i64()), "{feature}");
    if feature["kind"] == "category" {
        assert_eq!(bins[bins.len() - 1]["other"], true, "{feature}");
        return;
    }
    assert!(
        bins[1]["from"].is_null() && bins[bins.len() - 1]["to"].is_null(),
        "{feature}"
    );
    for pair in bins[1..].windows(2) {
        assert_eq!(pair[0]["to"], pair[1]["from"], "{feature}");
        assert!(
            pair[0]["from"].as_i64() < pair[1]["from"].as_i64(),
            "{feature}"
        );
    }
}

/// The header of the first file below `folder` of each source's glob.
fn check_header(source: &Table, path: &str, header: &str) {
    let header: BTreeSet<&str> = header.trim_start_matches('\u{feff}').split(',').collect();
    for column in source["columns"].as_table().unwrap().keys() {
        assert!(
            header.contains(column.as_str()),
            "{path}: `{column}` is not in {header:?}"
        );
    }
}

/// Feeds of the city by the folder that their files are in.
fn feeds() -> Vec<(String, Table)> {
    let mut feeds = Vec::new();
    for file in fs::read_dir(folder("city").join("feeds")).unwrap() {
        let path = file.unwrap().path();
        let unit = path.file_stem().unwrap().to_str().unwrap().to_owned();
        for feed in list(&read(&path), "feed") {
            feeds.push((format!("{unit}/{}", word(feed, "resource")), feed.clone()));
        }
    }
    feeds
}

#[test]
fn every_source_of_the_city_has_one_feed_with_its_columns() {
    let feeds = feeds();
    let mut fed = 0;
    for (path, source) in sources("city") {
        let files = word(&source, "path");
        let folder = files.rsplit_once('/').map_or("", |(folder, _)| folder);
        let of: Vec<&Table> = feeds
            .iter()
            .filter(|(feed, _)| feed == folder)
            .map(|(_, feed)| feed)
            .collect();
        assert_eq!(of.len(), 1, "{path}: feeds of `{folder}`");
        let columns: BTreeSet<&str> = of[0]["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|column| column[0].as_str().unwrap())
            .collect();
        let declared: BTreeSet<&str> = source["columns"]
            .as_table()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(columns, declared, "{path}");
        fed += 1;
    }
    assert_eq!(fed, feeds.len(), "feeds without a source");
}

#[test]
fn the_loads_sources_fit_its_files() {
    let root = tempfile::tempdir().unwrap();
    write_load(root.path(), 100, 10, 1).unwrap();
    let sources = sources("bench");
    assert_eq!(sources.len(), 4);
    for (path, source) in sources {
        let file = word(&source, "path").replace('*', "0001");
        let text = fs::read_to_string(root.path().join(file)).unwrap();
        check_header(&source, &path, text.lines().next().unwrap());
    }
}

/// The kinds of signals that sources and groups of the city raise.
fn raised() -> BTreeSet<String> {
    let sources = sources("city");
    let by_sources = sources
        .iter()
        .flat_map(|(_, source)| list(source, "signal"));
    let settings = read(&folder("city").join("tocsin.toml"));
    let by_sources: BTreeSet<String> = by_sources.map(|s| word(s, "kind").to_owned()).collect();
    let by_groups = list(&settings, "group")
        .into_iter()
        .map(|group| word(group, "signal").to_owned());
    by_sources.into_iter().chain(by_groups).collect()
}

#[test]
fn no_signal_of_the_city_lacks_a_source_and_no_source_raises_another() {
    let declared = read(&folder("city").join("signals.toml"));
    let declared: BTreeSet<String> = list(&declared, "signal")
        .into_iter()
        .map(|signal| word(signal, "id").to_owned())
        .collect();
    assert_eq!(declared.len(), 72);
    assert_eq!(raised(), declared);
}

#[test]
fn every_feature_of_the_city_has_a_category_that_its_signal_is_of() {
    let attributes: BTreeSet<String> = sources("city")
        .iter()
        .flat_map(|(_, source)| list(source, "attribute"))
        .map(|attribute| word(attribute, "name").to_owned())
        .collect();
    let (raised, features) = (raised(), read(&folder("city").join("features.toml")));
    let mut fed = BTreeSet::new();
    for feature in list(&features, "feature") {
        let (name, from, category) = (
            word(feature, "name"),
            word(feature, "from"),
            word(feature, "category"),
        );
        let of_signal = raised.contains(from) && from.starts_with(category);
        let of_attribute = attributes.contains(from) && "ABCDEFGHR".contains(category);
        assert!(
            !category.is_empty() && (of_signal || of_attribute),
            "{name} from {from}"
        );
        fed.insert(from.to_owned());
    }
    let unused: Vec<&String> = raised.difference(&fed).collect();
    assert!(unused.is_empty(), "no feature counts {unused:?}");
}

#[test]
fn the_city_has_its_42_units_with_all_their_resources() {
    let agencies = read(&folder("city").join("agencies.toml"));
    let agencies = list(&agencies, "agency");
    let sources = sources("city");
    assert_eq!((agencies.len(), sources.len()), (42, 496));
    for agency in agencies {
        let below = format!("/{}/", word(agency, "id"));
        let its: Vec<&Table> = sources
            .iter()
            .filter(|(path, _)| path.contains(&below))
            .map(|(_, source)| source)
            .collect();
        let promised = agency.get("resources").and_then(toml::Value::as_integer);
        assert_eq!(promised, Some(its.len() as i64), "{below}");
        for source in its {
            assert_eq!(word(source, "agency"), word(agency, "name"), "{below}");
            for key in [
                "resource",
                "basis",
                "purpose",
                "owner",
                "sensitivity",
                "expires",
                "cadence",
                "lag",
            ] {
                assert!(
                    !word(source, key).is_empty(),
                    "{below} {} {key}",
                    word(source, "resource")
                );
            }
        }
    }
}
