//! A category under a cap, as all who meet its score see it: exported, explained,
//! verified, asked what if, and changed while the program runs.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use support::codes::code;
use support::http::{get, post_json};
use support::{World, log_odds, text, wait_until};

/// The most that D adds, log-odds.
const CAP: f64 = 0.2;

/// Enterprises 1 to 5, of which the first has much of D and some of E.
fn world() -> World {
    let world = World::new();
    let (mut rows, mut accounts) = (String::new(), String::new());
    for n in 1..=5 {
        rows += &format!("{},企业{n}有限公司,人{n},{n}万,,2024-05-01\n", code(n));
        accounts += &format!("A{n},{}\n", code(n));
    }
    world.deliver("msa/registration/all", &rows);
    world.deliver("pbc/account/all", &accounts);
    let leads = (1..=10).map(|n| format!("L{n},A1,0.9,2025-06-01,\n"));
    let leads: String = leads.collect();
    world.deliver("pbc/lead/all", &(leads + "L11,A2,0.1,2025-06-01,\n"));
    world.deliver(
        "12345/ticket/all",
        "T1,企业1有限公司,保本返利,2025-06-01,\nT2,企业3有限公司,保本返利,2025-06-01,\n",
    );
    world
}

fn declare(world: &World) {
    world.append(
        "tocsin.toml",
        format!("\n[[cap]]\ncategory = \"D\"\nlog_odds = {CAP}\n"),
    );
}

fn part<'a>(explained: &'a Value, feature: &str) -> Option<&'a Value> {
    let parts = explained["contributions"].as_array().unwrap();
    parts.iter().find(|part| part["feature"] == feature)
}

fn subtotal(explained: &Value, category: &str) -> i64 {
    let subtotals = explained["subtotals"].as_array().unwrap();
    let found = subtotals.iter().find(|part| part["category"] == category);
    found.unwrap()["weight"].as_i64().unwrap()
}

/// Intercept and contributions are the score, and so are intercept and subtotals.
#[track_caller]
fn sums(explained: &Value) {
    let of = |name: &str| -> i64 {
        let parts = explained[name].as_array().unwrap().iter();
        parts.map(|part| part["weight"].as_i64().unwrap()).sum()
    };
    let score = explained["log_odds"].as_i64().unwrap();
    let intercept = explained["intercept"].as_i64().unwrap();
    assert_eq!(intercept + of("contributions"), score);
    assert_eq!(intercept + of("subtotals"), score);
}

#[test]
fn a_cap_takes_off_what_is_beyond_it_and_says_so() {
    let world = world();
    let before = world.scores("free");
    declare(&world);
    let after = world.scores("data");
    world.verify("data");
    let micro = (CAP * 1e6) as i64;
    for n in 1..=5 {
        let id = code(n);
        let explained = world.explain("data", &id);
        sums(&explained);
        assert_eq!(explained["log_odds"], log_odds(&after, &id), "{n}");
        let beyond = world.explain("free", &id);
        // The free state is judged anew by the cap when it is opened.
        assert_eq!(beyond["log_odds"], explained["log_odds"]);
        let cap = part(&explained, "cap D").unwrap();
        let cut = cap["weight"].as_i64().unwrap();
        assert_eq!(cap["title"], "上限 D");
        assert_eq!(cap["term"]["cap"], CAP);
        assert_eq!(log_odds(&after, &id) - log_odds(&before, &id), cut, "{n}");
        assert_eq!(cut < 0, n == 1, "{n}: {cut}");
        if n == 1 {
            assert_eq!(subtotal(&explained, "D"), micro);
        }
    }
    let printed = world.tocsin("data", &["explain", &code(1)]).ok().out;
    assert!(
        printed.contains("D 上限 D (cap D) [≤ +0.200000]"),
        "{printed}"
    );
    assert!(
        printed.contains("sum, the score to the last digit"),
        "{printed}"
    );
}

#[test]
fn a_cap_comes_into_force_live_as_it_was_foretold() {
    let world = world();
    let index = |data: &str| {
        world.run_once(data);
        world.explain(data, &code(1))["index"].as_f64().unwrap()
    };
    let free = index("free");
    declare(&world);
    let capped = index("capped");
    let declared = world.read("tocsin.toml");
    // A level that the first reaches with all of D only.
    let blue = free.floor();
    assert!(capped < blue, "{capped} {free}");
    let levels = format!(
        "\n[levels]\nhysteresis_points = 0\nthresholds = {{ blue = {blue}, yellow = 97, orange = 98, red = 99 }}\n"
    );
    let capped_file = declared.clone() + &levels;
    let free_file = capped_file.replace(&format!("log_odds = {CAP}"), "log_odds = 900");
    world.write("tocsin.toml", &free_file);

    let live = world.ready("data");
    let open = || {
        let listed = get(&live.at, "/api/v1/alerts?status=open").json();
        listed["alerts"].as_array().unwrap().len()
    };
    assert_eq!(open(), 1);
    let whatif = |set: &str| {
        let question = format!("{{\"set\": [\"{set}\"]}}");
        post_json(&live.at, "/api/v1/whatif", &question)
    };
    for (set, closed) in [
        (format!("cap.D.log_odds={CAP}"), 1),
        ("cap.D.log_odds=none".to_owned(), 0),
    ] {
        let foretold = whatif(&set).json();
        assert_eq!(foretold["moves"]["closed"], closed, "{set}: {foretold}");
    }
    assert_eq!(whatif("cap.Q.below=50").status, 422);
    world.put_whole("tocsin.toml", capped_file.as_bytes());
    wait_until("the cap to count", || open() == 0);
    live.stop();
    world.verify("data");
    world.same_as_fresh("data");
}

#[test]
fn no_single_agency_adds_more_than_its_cap() {
    let world = world();
    let before = world.scores("free");
    let declared = format!(
        "\n[[cap]]\neach = \"agency\"\nlog_odds = {CAP}\n\n[[cap]]\nagency = \"政务服务和数据管理局\"\nlog_odds = 900\n\n[[cap]]\ncategory = \"D\"\nlog_odds = 900\n"
    );
    world.append("tocsin.toml", declared);
    let after = world.scores("data");
    world.verify("data");
    let id = code(1);
    let explained = world.explain("data", &id);
    sums(&explained);
    assert_eq!(explained["log_odds"], log_odds(&after, &id));
    let cut = part(&explained, "cap agency 人民银行").unwrap();
    let weight = cut["weight"].as_i64().unwrap();
    assert_eq!(cut["title"], "上限 人民银行");
    assert_eq!(cut["category"], "D");
    assert!(weight < 0, "{cut}");
    assert_eq!(log_odds(&after, &id) - log_odds(&before, &id), weight);
    assert_eq!(subtotal(&explained, "D"), (CAP * 1e6) as i64);
    // One that has a cap of its own is not one of each; a category is none.
    for (name, limit) in [("cap agency 政务服务和数据管理局", 900.0), ("cap D", 900.0)] {
        let cap = part(&explained, name).unwrap();
        assert_eq!(
            (&cap["weight"], &cap["term"]["cap"]),
            (&0.into(), &limit.into())
        );
    }
    let live = world.ready("data");
    let models = get(&live.at, "/api/v1/models").json();
    let caps = models["in_force"]["caps"].as_array().unwrap();
    assert!(
        caps.iter()
            .any(|cap| cap["agency"] == "人民银行" && cap["limit"] == 200_000)
    );
    let whatif = |set: &str| {
        post_json(
            &live.at,
            "/api/v1/whatif",
            &format!("{{\"set\": [\"{set}\"]}}"),
        )
    };
    assert_eq!(whatif("cap.人民银行.log_odds=1").status, 200);
    assert_eq!(whatif("cap.each.below=70").status, 200);
    let refused = whatif("cap.psb.below=70");
    assert_eq!(refused.status, 422);
    assert!(
        refused.body.contains("no category or agency `psb`") && refused.body.contains("人民银行"),
        "{}",
        refused.body
    );
    live.stop();
    world.same_as_fresh("data");
}

#[test]
fn a_wrong_cap_is_refused_with_what_is_allowed() {
    let world = world();
    world.append(
        "tocsin.toml",
        "\n[[cap]]\ncategory = \"Q\"\nlog_odds = 1\n\n[[cap]]\ncategory = \"D\"\nbelow = 100\n\n[[cap]]\ncategory = \"E\"\n\n[[cap]]\ncategory = \"F\"\nlog_odds = 1\nbelow = 80\n\n[[cap]]\ncategory = \"A\"\nlog_odds = -1\n\n[[cap]]\ncategory = \"B\"\nlog_odds = 1\n\n[[cap]]\ncategory = \"B\"\nbelow = 60\n\n[[cap]]\nagency = \"人民银\"\nbelow = 60\n\n[[cap]]\nagency = \"人民银行\"\neach = \"agency\"\nbelow = 60\n\n[[cap]]\neach = \"bank\"\nbelow = 60\n",
    );
    let config = world.path("tocsin.toml");
    let ran = support::tocsin(&["source", "check", "--config", text(&config)]);
    assert_eq!(ran.code, Some(2));
    let told = ran.out + &ran.err;
    for fault in [
        "`Q`",
        "`100` is out of bounds; allowed are 0.01 to 99.99",
        "give either `log_odds`",
        "`-1` is out of bounds; allowed are 0 to 1000",
        "`B` has a cap already",
        "give one of `category` (A to H, R), `agency` (of a source) and `each",
        "`bank` is not allowed; allowed are agency",
    ] {
        assert!(told.contains(fault), "{fault}: {told}");
    }
}

#[test]
fn an_unknown_agency_is_refused_with_the_known() {
    let world = world();
    world.append(
        "tocsin.toml",
        "\n[[cap]]\nagency = \"人民银\"\nbelow = 60\n",
    );
    let config = world.path("tocsin.toml");
    let ran = support::tocsin(&["source", "check", "--config", text(&config)]);
    assert_eq!(ran.code, Some(2));
    let told = ran.out + &ran.err;
    let expected = "no source is of an agency `人民银`; did you mean `人民银行`?; allowed are ";
    assert!(told.contains(expected) && told.contains("网信办"), "{told}");
}
