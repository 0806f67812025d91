//! The configuration as a whole.

use super::*;
use tempfile::TempDir;

/// Writes a configuration; each pair is a file and its text.
fn write(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

const CONFIG: &str = "[model]\ntrain = \"if-missing\"\n\
    [[link_kind]]\nname = \"holder\"\nshare = 60\n\
    [[group]]\nlink = \"holder\"\nsignal = \"G4\"\nmin = 3\nhub = 9\n\
    [levels]\nhysteresis_days = 3\n";
const SOURCE: &str = "agency = \"a\"\nresource = \"r\"\nbasis = \"b\"\npath = \"*.csv\"\nregisters = true\n\
    [columns]\nid = \"text\"\nx = \"number\"\n[enterprise]\nid = \"id\"\n\
    [[lexicon]]\nname = \"hard\"\ncolumn = \"id\"\nwords = \"words.txt\"\n\
    [[signal]]\nkind = \"A1\"\n[[attribute]]\nname = \"size\"\nvalue = \"x\"\n\
    [[link]]\nkind = \"holder\"\nfrom = { person = \"id\" }\nto = \"enterprise\"\n";
const FEATURES: &str = "[[feature]]\nname = \"signals\"\ncategory = \"A\"\nfrom = \"A1\"\naggregate = \"count\"\nhard_trigger = true\n\
    [[feature]]\nname = \"size\"\ncategory = \"R\"\nfrom = \"size\"\naggregate = \"latest\"\n\
    [[feature]]\nname = \"group\"\ncategory = \"H\"\nfrom = \"G4\"\naggregate = \"sum\"\ntitle = \"同一控制人\"\n";

fn read(config: &str, source: &str, features: &str) -> Result<Settings, Vec<Fault>> {
    let files = [
        ("tocsin.toml", config),
        ("sources/a/r.toml", source),
        ("features.toml", features),
        ("words.txt", "理财\n"),
    ];
    Settings::read(&write(&files).path().join("tocsin.toml"))
}

#[test]
fn the_plan_is_what_is_declared() {
    let settings = read(CONFIG, SOURCE, FEATURES).unwrap();
    let plan = settings.plan();
    let roles: Vec<Role> = plan.slots.iter().map(|slot| slot.role).collect();
    assert_eq!(
        roles,
        [Role::Registers, Role::Signal, Role::Attribute, Role::Group]
    );
    let range = settings.catalogue.range(&settings.catalogue.sources()[0]);
    assert_eq!((range.mention, range.signals, range.attributes), (0, 1, 2));
    let slots: Vec<Vec<Slot>> = plan.features.iter().map(|f| f.slots().collect()).collect();
    assert_eq!(slots, [[1], [2], [3]]);
    assert_eq!(
        plan.features.iter().map(|f| f.hard).collect::<Vec<_>>(),
        [true, false, false]
    );
    assert_eq!(plan.link_shares, [60]);
    let group = &plan.groups[0];
    assert_eq!((group.link, group.slot, group.min, group.hub), (0, 3, 3, 9));
    assert_eq!(settings.policy.hysteresis_days, 3);
    assert_eq!(settings.features[2].title, "同一控制人");
    assert_eq!(settings.features[0].title, "signals");
    assert_eq!(settings.clock, Clock::Wall);
}

#[test]
fn the_rules_have_another_hash_when_anything_of_them_changes() {
    let hash = |words: &str, source: &str| {
        let files = [
            ("tocsin.toml", CONFIG),
            ("sources/a/r.toml", source),
            ("features.toml", FEATURES),
            ("words.txt", words),
        ];
        let folder = write(&files);
        Settings::read(&folder.path().join("tocsin.toml"))
            .unwrap()
            .hash
    };
    let before = hash("理财\n", SOURCE);
    assert_eq!(hash("# a comment\n理财\n", SOURCE), before);
    assert_ne!(hash("理财\n金融\n", SOURCE), before);
    assert_ne!(
        hash(
            "理财\n",
            &SOURCE
                .replace("size", "scale")
                .replace("name = \"scale\"", "name = \"size\"")
        ),
        ""
    );
    assert_ne!(
        hash(
            "理财\n",
            &format!("{SOURCE}[[check]]\nname = \"c\"\nwhen = \"x > 1\"\n")
        ),
        before
    );
}

/// Expects the faults to contain each of the texts, and no more faults than that.
fn check(config: &str, source: &str, features: &str, expected: &[&str]) {
    let faults = read(config, source, features).unwrap_err();
    let found: Vec<String> = faults.iter().map(Fault::to_string).collect();
    for text in expected {
        assert!(
            found.iter().any(|fault| fault.contains(text)),
            "{text}: {found:#?}"
        );
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

#[test]
fn the_faults_of_all_files_come_at_once() {
    let config = CONFIG
        .replace("60", "101")
        .replace("\"holder\"\nsignal", "\"hodler\"\nsignal");
    check(
        &config,
        "agency = \"a\"\nresource = \"r\"\nbasis = \"b\"\n[columns]\nid = \"txt\"\n",
        &FEATURES.replace("\"latest\"", "\"newest\""),
        &[
            "tocsin.toml:5: `link_kind.share`: 101 is out of bounds",
            "tocsin.toml:7: `group.link`: `hodler` is no link kind",
            "r.toml:1: `path`: is missing",
            "r.toml:5: `columns.id`: `txt` is not allowed",
            "features.toml:11: `feature.aggregate`: `newest` is not allowed",
        ],
    );
}

#[test]
fn every_fault_says_what_is_allowed() {
    let config = |text: &str, message: &str| check(text, SOURCE, FEATURES, &[message]);
    config(
        &CONFIG.replace("[model]\ntrain = \"if-missing\"\n", ""),
        "`model`: is missing",
    );
    config(
        &CONFIG.replace("train = \"if-missing\"", ""),
        "either `artifact`",
    );
    config(
        &CONFIG.replace("hub = 9", "hub = 2"),
        "`group.hub`: 2 is less than `min`, 3",
    );
    let unknown = [
        "`Z4` is no signal",
        "`G4` is raised by no source and no group",
    ];
    check(
        &CONFIG.replace("\"G4\"", "\"Z4\""),
        SOURCE,
        FEATURES,
        &unknown,
    );
    config(
        &CONFIG.replace("hysteresis_days = 3", "hysteresis_dys = 3"),
        "hysteresis_dys",
    );
    config(
        &CONFIG.replace("hysteresis_days = 3", "hysteresis_days = 9999"),
        "hysteresis_days",
    );
    config(
        &format!("{CONFIG}[[link_kind]]\nname = \"holder\"\nshare = 1\n"),
        "`holder` is declared twice",
    );
    config(
        &format!("{CONFIG}[clock]\ntype = \"fixed\"\n"),
        "a fixed clock needs a day",
    );
    config(
        &format!("{CONFIG}[clock]\ntype = \"file\"\n"),
        "needs the file's path",
    );
    config(
        &format!("{CONFIG}[evaluation]\nsector = \"sice\"\n"),
        "no feature `sice` is declared; did you mean `size`?",
    );
    config(
        &format!("{CONFIG}[input]\n"),
        "unknown key `input`; did you mean `inputs`?",
    );
    let broken = [
        "tocsin.toml:13: extra `=`",
        "tocsin.toml:13: unexpected key or value",
    ];
    check(&format!("{CONFIG}a = = 1\n"), SOURCE, FEATURES, &broken);
    let features = |text: &str, message: &str| check(CONFIG, SOURCE, text, &[message]);
    features(
        &FEATURES.replace("\"latest\"", "\"latest\"\nhalf_life = \"9d\""),
        "`feature.half_life`: goes with `count` and `sum` only",
    );
    features(
        &FEATURES.replace("\"count\"", "\"count\"\nhalf_life = \"9d\""),
        "`feature.half_life`: not every source of `A1` gives it an event day",
    );
    features(
        &FEATURES.replace("\"count\"", "\"days_since\""),
        "`feature.aggregate`: not every source of `A1` gives it an event day",
    );
    features(
        &FEATURES.replace(
            "\"count\"",
            "\"count\"\nper = { from = \"A9\", aggregate = \"sum\" }",
        ),
        "`feature.per.from`: `A9` is raised by no source and no group",
    );
    check(
        CONFIG,
        &SOURCE.replace("\"A1\"", "\"A1\"\ndistinct = [\"id\"]"),
        &FEATURES.replace("\"count\"", "\"sum\""),
        &["`feature.aggregate`: `A1` counts events that several sources report"],
    );
    check(
        CONFIG,
        &SOURCE.replace(
            "\"A1\"",
            "\"A1\"\ndistinct = [\"id\", \"y\"]\nvalue = \"x\"",
        ),
        FEATURES,
        &["`signal.distinct`: ", "goes without `value`"],
    );
    features(
        &FEATURES.replace("\"A1\"", "\"A2\""),
        "`A2` is raised by no source and no group",
    );
    features(
        &FEATURES.replace("category = \"A\"", ""),
        "`feature.category`: is missing",
    );
    features(
        &FEATURES.replace("\"group\"", "\"size\""),
        "`size` is declared twice",
    );
    features("", "no feature is declared");
}

const GRAPH: &str = "[association]\nlargest = 30\nsize = \"members\"\n\
    [[association.share]]\nlink = \"holder\"\nhub = 9\n\
    [[association.neighbour]]\nsignal = \"G1\"\nlinks = [\"holder\"]\nhops = 1\nof = [\"A1\"]\n\
    [[association.return]]\nsignal = \"G8\"\nfounded = \"size\"\nended = \"size\"\nwithin = \"30d\"\n";

#[test]
fn the_graph_is_what_is_declared() {
    let features = FEATURES.replace("from = \"A1\"", "from = \"members\"");
    let settings = read(&format!("{CONFIG}{GRAPH}"), SOURCE, &features).unwrap();
    let plan = settings.plan();
    assert_eq!(plan.check(), Vec::<String>::new());
    assert_eq!(plan.features[0].measure.slots, [4]);
    let def = plan.association.unwrap();
    assert_eq!((def.largest, def.size), (30, Some(4)));
    assert_eq!((def.shared[0].min, def.shared[0].hub), (2, 9));
    let near = &def.neighbours[0];
    assert_eq!((near.slot, near.kinds, near.hops), (5, 1, 1));
    assert_eq!(near.of, [1]);
    let returns = &def.returns[0];
    assert_eq!(
        (returns.slot, returns.within_days, returns.before_days),
        (6, 30, 0)
    );
    assert_eq!((&returns.founded, &returns.ended), (&vec![2], &vec![2]));
}

#[test]
fn every_fault_of_the_graph_says_what_is_allowed() {
    let check = |from: &str, to: &str, message: &str| {
        let graph = GRAPH.replace(from, to);
        assert_ne!(graph, GRAPH);
        check(&format!("{CONFIG}{graph}"), SOURCE, FEATURES, &[message]);
    };
    check(
        "largest = 30",
        "largest = 1",
        "`association.largest`: 1 is out of bounds",
    );
    check("[\"holder\"]", "[\"hodler\"]", "`hodler` is no link kind");
    check("hub = 9", "hub = 9\nmin = 10", "9 is less than `min`, 10");
    check("hub = 9", "hbu = 9", "unknown key `association.share.hbu`");
    check("\"G1\"", "\"Z1\"", "`Z1` is no signal");
    check(
        "hops = 1",
        "hops = 3",
        "`association.neighbour.hops`: 3 is out of bounds",
    );
    check(
        "of = [\"A1\"]",
        "of = [\"A9\"]",
        "`A9` is raised by no source",
    );
    check("of = [\"A1\"]", "", "`association.neighbour.of`");
    check(
        "ended = \"size\"",
        "ended = \"end\"",
        "`association.return.ended`: `end` is raised",
    );
    check(
        "\"members\"",
        "\"size\"",
        "`size` is raised by a source already",
    );
}

#[test]
fn where_the_files_are_decides_no_score() {
    let one = read(CONFIG, SOURCE, FEATURES).unwrap();
    let moved = read(CONFIG, SOURCE, FEATURES).unwrap();
    assert_ne!(one.root, moved.root);
    assert_eq!(one.ground.scoring(), moved.ground.scoring());
    let other = read(
        &CONFIG.replace("share = 60", "share = 50"),
        SOURCE,
        FEATURES,
    )
    .unwrap();
    assert_ne!(one.ground.scoring(), other.ground.scoring());
    let other = read(
        CONFIG,
        &SOURCE.replace("A1", "A2"),
        &FEATURES.replace("A1", "A2"),
    )
    .unwrap();
    assert_ne!(one.ground.scoring(), other.ground.scoring());
}

#[test]
fn every_fault_of_a_sink_is_named_and_no_secret_is_repeated() {
    let config = format!(
        "{CONFIG}[[sink]]\nname = \"Duty\"\ntype = \"webhook\"\nurl = \"ftp://x\"\n\
         secrets = [\"whsec_abc\"]\nlevel = \"pink\"\ncategories = [\"Z\"]\nbatch = 0\n\
         [[sink]]\nname = \"mail\"\ntype = \"email\"\nserver = \"relay\"\nfrom = \"nobody\"\n\
         account = \"a\"\nurls = \"x\"\n[[sink]]\nname = \"x\"\ntype = \"pigeon\"\n"
    );
    let faults = read(&config, SOURCE, FEATURES).unwrap_err();
    let found: Vec<String> = faults.iter().map(|fault| fault.message.clone()).collect();
    let found = found.join("\n");
    for part in [
        "`Duty` is no name",
        "allowed are http and https",
        "a secret is named, not written",
        "`pink` is not allowed; allowed are blue, yellow, orange, red",
        "`Z` is none; allowed are A to H",
        "batch",
        "`relay` is no `host:port`",
        "`nobody` is no address",
        "`account` and `password` go together",
        "a list of addresses",
        "urls",
        "`pigeon` is not allowed; allowed are webhook, email",
    ] {
        assert!(found.contains(part), "{part}: {found}");
    }
    assert!(!found.contains("whsec_abc"), "{found}");
}

#[test]
fn a_sink_is_what_is_declared_and_no_part_of_the_score() {
    let sink = "[[sink]]\nname = \"duty\"\ntype = \"webhook\"\nurl = \"https://x.example/\"\n\
         secrets = [\"env:KEY\", \"file:key\"]\nlevel = \"orange\"\ncategories = [\"A\", \"D\"]\ngive_up = \"2d\"\n";
    let settings = read(&format!("{CONFIG}{sink}"), SOURCE, FEATURES).unwrap();
    let duty = &settings.sinks[0];
    assert_eq!((duty.name.as_str(), duty.from_start), ("duty", false));
    assert_eq!(
        (duty.limits.attempts, duty.limits.give_up.as_secs()),
        (8, 172_800)
    );
    assert_eq!(
        (duty.filter.level, duty.filter.categories),
        (tocsin_alerts::Level::Orange, 0b1001)
    );
    let without = read(CONFIG, SOURCE, FEATURES).unwrap();
    let differences = without.ground.differences(&settings.ground);
    let said = "needs a restart: `[[sink]]` has changed".to_owned();
    assert!(differences.contains(&said), "{differences:?}");
    assert_eq!(without.ground.scoring(), settings.ground.scoring());
}
