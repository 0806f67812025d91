//! An analyst's model on its way: trained, submitted, scored beside the present
//! one, approved by a second person, live, and rolled back, as those who do it see
//! it.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use std::fs;
use support::codes::code;
use support::http::get;
use support::{Live, Ran, World, state, text, wait_until};

/// Enterprises that were checked.
const CHECKED: u32 = 240;

/// A world with outcomes, a registry, and a rule index until a version is live.
fn world() -> World {
    let world = World::new();
    let (mut rows, mut tickets, mut outcomes) = (String::new(), String::new(), String::new());
    for n in 1..=CHECKED {
        let found = n.is_multiple_of(3);
        let name = format!("企业{n}有限公司");
        rows += &format!("{},{name},人{n},{n}万,,2024-05-01\n", code(n));
        let complaints = if found && n % 5 != 0 { 3 } else { n % 2 };
        for ticket in 0..complaints {
            tickets += &format!("T{n}-{ticket},{name},保本返利,2025-06-01,\n");
        }
        let ended = if found {
            "认定非法集资"
        } else {
            "未发现"
        };
        outcomes += &format!("H{n},{},{ended}\n", code(n));
    }
    world.deliver("msa/registration/all", &rows);
    world.deliver("12345/ticket/all", &tickets);
    world.deliver("finance-office/outcome/all", &outcomes);
    world.edit(
        "tocsin.toml",
        "artifact = \"model.json\"",
        "artifact = \"model.json\"\nregistry = \"models\"",
    );
    world
}

/// `tocsin model …` on the world's configuration.
fn model(world: &World, arguments: &[&str]) -> Ran {
    let config = world.path("tocsin.toml");
    let place = ["--config", text(&config)];
    support::tocsin(&[&["model"], arguments, &place].concat())
}

fn step(world: &World, arguments: &[&str], person: &str) -> Ran {
    let signed = ["--as", person, "--why", "试验"];
    model(world, &[arguments, &signed].concat())
}

/// Trains and submits; the version.
fn submitted(world: &World, data: &str, person: &str) -> String {
    let out = world.path(&format!("{data}.json"));
    world.tocsin(data, &["train", "--out", text(&out)]).ok();
    let card: Value = serde_json::from_str(&fs::read_to_string(&out).unwrap()).unwrap();
    let version = card["version"].as_str().unwrap().to_owned();
    let arguments = [
        "model",
        "submit",
        text(&out),
        "--as",
        person,
        "--why",
        "第二季度",
    ];
    let said = world.tocsin(data, &arguments).ok().out;
    assert!(said.contains("average precision"), "{said}");
    version
}

fn states(live: &Live) -> Vec<(String, String)> {
    let models = get(&live.at, "/api/v1/models").json();
    let versions = models["registry"]["versions"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    versions
        .map(|v| (text(&v["version"]), text(&v["state"])))
        .collect()
}

fn in_force(live: &Live) -> String {
    let models = get(&live.at, "/api/v1/models").json();
    models["in_force"]["version"].as_str().unwrap().to_owned()
}

#[test]
fn a_model_goes_live_by_four_eyes_and_is_rolled_back_by_one_command() {
    let world = world();
    world.run_once("data");
    let index: Value = serde_json::from_str(&world.read("model.json")).unwrap();
    assert_eq!(
        index["version"], "",
        "the rule index of the first day is a file"
    );
    let first = submitted(&world, "data", "王芳");
    let before = world.explain("data", &code(3))["model"].clone();
    assert_ne!(before, first.as_str(), "training puts nothing in force");

    let live = world.ready("data");
    let rule_index = in_force(&live);
    let early = step(&world, &["approve", &first], "李强");
    assert_eq!(early.code, Some(1));
    assert!(early.err.contains("is draft"), "{}", early.err);
    step(&world, &["shadow", &first], "王芳").ok();
    wait_until("the shadow is scored", || {
        get(&live.at, "/api/v1/models").json()["challenger"]["version"] == first.as_str()
    });
    assert_eq!(in_force(&live), rule_index, "a shadow decides nothing");

    for own in ["王芳", " 王芳 "] {
        let refused = step(&world, &["approve", &first], own);
        assert_eq!(refused.code, Some(1));
        assert!(refused.err.contains("four eyes"), "{}", refused.err);
    }
    step(&world, &["approve", &first[..6]], "李强").ok();
    wait_until("the approved version is in force", || {
        in_force(&live) == first
    });
    assert_eq!(states(&live), [(first.clone(), "live".to_owned())]);
    let epoch = get(&live.at, "/api/v1/rules").json()["epoch"]
        .as_u64()
        .unwrap();
    live.stop();
    state::check_published(&world.path("data"));
    world.verify("data");

    // A second version: other records, so another model.
    world.deliver(
        "12345/ticket/more",
        &format!("N1,{},保本返利,2025-06-20,\n", "企业8有限公司"),
    );
    world.run_once("data");
    let second = submitted(&world, "data", "赵敏");
    assert_ne!(first, second);
    let live = world.ready("data");
    assert_eq!(in_force(&live), first, "it survives a restart");
    step(&world, &["shadow", &second], "王芳").ok();
    step(&world, &["approve", &second], "李强").ok();
    wait_until("the second version is in force", || {
        in_force(&live) == second
    });
    let later = get(&live.at, "/api/v1/rules").json()["epoch"]
        .as_u64()
        .unwrap();
    assert!(later > epoch);
    let back = step(&world, &["rollback"], "钱进").ok().out;
    assert!(back.contains(&first), "{back}");
    wait_until("the first version is in force again", || {
        in_force(&live) == first
    });
    let expected = [(first.clone(), "live"), (second.clone(), "retired")];
    assert_eq!(states(&live), expected.map(|(v, s)| (v, s.to_owned())));
    live.stop();
    state::check_published(&world.path("data"));
    world.verify("data");

    let nothing = step(&world, &["rollback"], "钱进");
    assert_eq!(nothing.code, Some(1), "{}", nothing.out);
    let log = model(&world, &["log"]).ok().out;
    assert_eq!(log.lines().count(), 7, "{log}");
    // The state directory is not where decisions are kept.
    fs::remove_dir_all(world.path("data")).unwrap();
    world.run_once("data");
    assert_eq!(world.explain("data", &code(3))["model"], first.as_str());
}

#[test]
fn a_registry_that_was_touched_is_named_and_refused() {
    let world = world();
    world.run_once("data");
    let version = submitted(&world, "data", "王芳");
    step(&world, &["shadow", &version], "王芳").ok();
    step(&world, &["approve", &version], "李强").ok();
    let whole = model(&world, &["verify"]).ok().out;
    assert!(whole.contains("3 entries in one chain"), "{whole}");
    let head = whole.lines().find_map(|line| line.strip_prefix("head: "));
    let head = head.unwrap().to_owned();

    // Who approved is written anew.
    let log = world.read("models/log.ndjson");
    world.write("models/log.ndjson", log.replace("李强", "王芳"));
    let broken = model(&world, &["verify"]);
    assert_eq!(broken.code, Some(1));
    assert!(broken.err.contains("log.ndjson:3"), "{}", broken.err);
    let refused = world.tocsin("data", &["run", "--once"]);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(refused.err.contains("tocsin.toml:") && refused.err.contains("log.ndjson:3"));

    // The last line is cut off: the chain is whole, the head is known elsewhere.
    let shorter: Vec<&str> = log.lines().take(2).collect();
    world.write("models/log.ndjson", shorter.join("\n") + "\n");
    model(&world, &["verify"]).ok();
    let cut = model(&world, &["verify", "--head", &head]);
    assert_eq!(cut.code, Some(1), "{}", cut.out);
    world.write("models/log.ndjson", &log);
    model(&world, &["verify", "--head", &head]).ok();

    // A weight is changed in the artifact.
    let file = format!("models/{version}.json");
    let card = world.read(&file);
    world.write(&file, card.replacen("\"weight\": ", "\"weight\": 1", 1));
    let broken = model(&world, &["verify"]);
    assert_eq!(broken.code, Some(1), "{}", broken.out);
    let refused = world.tocsin("data", &["run", "--once"]);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(
        refused.err.contains("changed after it was submitted"),
        "{}",
        refused.err
    );
    // Nobody is kept from writing it back.
    world.write(&file, &card);
    world.run_once("data");
}

#[test]
fn a_model_card_tells_all_and_fetches_nothing() {
    let world = world();
    world.run_once("data");
    let version = submitted(&world, "data", "王芳");
    let out = world.path("cards");
    model(&world, &["card", &version, "--out", text(&out)]).ok();
    model(&world, &["impact", "--out", text(&out)]).ok();
    let html = fs::read_to_string(out.join(format!("model-card-{version}.html"))).unwrap();
    let markdown = fs::read_to_string(out.join(format!("model-card-{version}.md"))).unwrap();
    for part in [
        "王芳",
        "240 outcomes of 240 enterprises, 80 positive",
        "cross-validation",
        "gives this very version, to the byte",
        "average precision",
        "Precision at capacity",
        "Reliability",
        "Lift",
        "D 资金 funds",
        "no sample of all",
    ] {
        assert!(html.contains(part), "`{part}` is not in the page");
        assert!(markdown.contains(part), "`{part}` is not in the Markdown");
    }
    assert!(html.matches("<svg").count() >= 4);
    let impact = fs::read_to_string(out.join("impact-assessment.html")).unwrap();
    for part in [
        "第五十五条",
        "第五十六条",
        "msa/registration",
        "须人工填写",
        "account",
    ] {
        assert!(impact.contains(part), "`{part}` is not in the page");
    }
    for page in [&html, &impact] {
        let fetched = page.replace("http://www.w3.org/2000/svg", "");
        for outside in ["http:", "https:", "src=", "@import", "url("] {
            assert!(!fetched.contains(outside), "`{outside}` is in a page");
        }
    }
    let shown = model(&world, &["show", &version[..8], "--json"]).ok().out;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let judged = &shown["dossier"]["measured"]["judged"];
    assert_eq!(
        (&judged["rows"], &judged["positives"]),
        (&240.into(), &80.into())
    );
    assert_eq!(
        shown["dossier"]["measured"]["population"]["enterprises"],
        240
    );
}

#[test]
fn a_model_card_lists_what_features_say_together_and_what_caps_take_off() {
    let world = world();
    world.append(
        "tocsin.toml",
        "\n[training]\npairs = 2\n\n[[cap]]\ncategory = \"E\"\nlog_odds = 0.1\n",
    );
    // Who was checked is found where complaints and leads do not agree.
    let (mut accounts, mut leads, mut outcomes) = (String::new(), String::new(), String::new());
    for n in 1..=CHECKED {
        let (complained, led) = (n.is_multiple_of(2), n.is_multiple_of(3));
        accounts += &format!("A{n},{}\n", code(n));
        if led {
            leads += &format!("L{n},A{n},0.9,2025-06-01,\n");
        }
        let found = complained != led;
        let ended = if found {
            "认定非法集资"
        } else {
            "未发现"
        };
        outcomes += &format!("H{n},{},{ended}\n", code(n));
    }
    world.deliver("pbc/account/all", &accounts);
    world.deliver("pbc/lead/all", &leads);
    let tickets = (1..=CHECKED / 2).map(|n| {
        let name = format!("企业{}有限公司", 2 * n);
        format!("T{n},{name},保本返利,2025-06-01,\n")
    });
    for (file, rows) in [
        ("12345/ticket/all", tickets.collect()),
        ("finance-office/outcome/all", outcomes),
    ] {
        fs::remove_file(world.path(&format!("landing/{file}.csv"))).unwrap();
        world.deliver(file, &rows);
    }
    world.run_once("data");
    let version = submitted(&world, "data", "王芳");
    let shown = model(&world, &["show", &version[..8], "--json"]).ok().out;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let contributions = &shown["dossier"]["measured"]["contributions"];
    let size = |name: &str| contributions[name]["mean_size"].as_i64().unwrap_or(0);
    let pair = ["fan_in × complaints", "complaints × fan_in"];
    let pair = pair.into_iter().find(|name| size(name) > 0).unwrap();
    assert!(size("cap E") > 0, "{contributions}");
    let out = world.path("cards");
    model(&world, &["card", &version, "--out", text(&out)]).ok();
    let html = fs::read_to_string(out.join(format!("model-card-{version}.html"))).unwrap();
    for part in [pair, "cap E", "pairs of features do so together"] {
        assert!(html.contains(part), "`{part}` is not in the page");
    }
}

#[test]
fn a_card_and_the_impact_page_say_what_a_calibrated_blend_is() {
    let world = world();
    world.edit(
        "tocsin.toml",
        "[clock]",
        "[training]\nkind = \"blend\"\ntrees = 20\n\n[clock]",
    );
    world.run_once("data");
    let out = world.path("blend.json");
    world.tocsin("data", &["train", "--out", text(&out)]).ok();
    let mut blend: Value = serde_json::from_str(&fs::read_to_string(&out).unwrap()).unwrap();
    blend["version"] = "".into();
    blend["calibration"] =
        serde_json::json!([[-2_000_000, -1_500_000], [0, 0], [3_000_000, 1_250_000]]);
    fs::write(&out, blend.to_string()).unwrap();
    let why = ["--as", "王芳", "--why", "校准"];
    let submit = [&["model", "submit", text(&out)], &why[..]].concat();
    world.tocsin("data", &submit).ok();
    let listed = model(&world, &["list", "--json"]).ok().out;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let version = listed["versions"][0]["version"]
        .as_str()
        .unwrap()
        .to_owned();
    step(&world, &["shadow", &version], "王芳").ok();
    step(&world, &["approve", &version], "李强").ok();
    let cards = world.path("cards");
    model(&world, &["card", &version, "--out", text(&cards)]).ok();
    model(&world, &["impact", "--out", text(&cards)]).ok();
    let part = |name: &str| blend[name]["version"].as_str().unwrap();
    let kind = format!(
        "blend: scorecard {} + forest {}, the sum of both; 1/2 of the weights of each is in it",
        part("scorecard"),
        part("forest")
    );
    let points = "-2.000 → -1.500; +0.000 → +0.000; +3.000 → +1.250";
    for file in [
        format!("model-card-{version}.html"),
        format!("model-card-{version}.md"),
        "impact-assessment.html".to_owned(),
        "impact-assessment.md".to_owned(),
    ] {
        let said = fs::read_to_string(cards.join(&file)).unwrap();
        for part in [&kind, points] {
            assert!(said.contains(part), "`{part}` is not in {file}");
        }
    }
    let card = fs::read_to_string(cards.join(format!("model-card-{version}.md"))).unwrap();
    for figure in ["calibration error", "calibration error by chance alone"] {
        assert!(card.contains(&format!("| {figure} | 0.")), "{card}");
    }
    // Points set by hand are not what training gives.
    assert!(
        card.contains("was not found to give this version"),
        "{card}"
    );
    let impact = fs::read_to_string(cards.join("impact-assessment.md")).unwrap();
    assert!(impact.contains("without [casework] no log-in"), "{impact}");
    // In force, what it says of an enterprise is read behind these points.
    world.run_once("data");
    let found = world.explain("data", &code(3));
    assert_eq!(found["model"], version.as_str());
    assert_ne!(found["calibrated"], found["log_odds"]);
}

#[test]
fn without_a_live_version_nothing_is_scored() {
    let world = world();
    world.edit("tocsin.toml", "artifact = \"model.json\"\n", "");
    let said = world.run_once("data");
    assert!(
        said.contains("no version of the registry is live"),
        "{said}"
    );
    let version = submitted(&world, "data", "王芳");
    step(&world, &["shadow", &version], "王芳").ok();
    let live = world.ready("data");
    assert!(get(&live.at, "/api/v1/models").json()["in_force"].is_null());
    step(&world, &["approve", &version], "李强").ok();
    wait_until("the first version is in force", || {
        get(&live.at, "/api/v1/models").json()["in_force"]["version"] == version.as_str()
    });
    live.stop();
    world.verify("data");
    assert!(world.scores("data").lines().count() > CHECKED as usize);
}
