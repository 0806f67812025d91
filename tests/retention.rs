//! What the law no longer asks for goes: configuration, work, years, removal; the chain
//! still holds, and nobody finds what was said.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::office::{account, assignment, does, get, run, send, with_casework};
use support::{World, text, town, wait_until};

/// What is said in the case, and of whom.
const SAID: &str = "举报人赵某某称已投入二十万元";

/// A town whose office keeps things as long as it says.
fn office() -> World {
    let world = town::town();
    with_casework(&world);
    world.append(
        "tocsin.toml",
        "\n[casework.retention]\ncases = \"4000d\"\nunmaskings = \"2000d\"\n",
    );
    world
}

/// Ends a case of the highest alert; gives its id.
fn end_one(at: &str, duty: &str, one: &str, two: &str) -> String {
    let mut id = None;
    wait_until("the policy opens a case", || {
        let page = get(at, duty, "/api/v1/cases?open=yes");
        id = page["cases"][0]["id"].as_str().map(str::to_owned);
        id.is_some()
    });
    let case = id.unwrap();
    does(at, duty, &case, json!({"do": "acknowledge"}));
    does(at, duty, &case, assignment(&["one", "two"]));
    does(at, one, &case, json!({"do": "check", "text": SAID}));
    does(
        at,
        two,
        &case,
        json!({"do": "check", "text": "办公场所正常"}),
    );
    does(
        at,
        one,
        &case,
        json!({"do": "judge", "text": SAID, "founded": false}),
    );
    let unfounded =
        json!({"do": "label", "outcome": "unfounded", "reason": "data-error", "text": SAID});
    does(at, two, &case, unfounded);
    case
}

/// Every file of the store, and what of it holds the text.
fn holding(world: &World, needle: &str) -> Vec<String> {
    let folder = world.path("casework.db").parent().unwrap().to_owned();
    let files = std::fs::read_dir(folder).unwrap().flatten();
    let stores = files.filter(|f| f.file_name().to_string_lossy().starts_with("casework.db"));
    let holds = |file: &std::fs::DirEntry| {
        let bytes = std::fs::read(file.path()).unwrap();
        bytes
            .windows(needle.len())
            .any(|part| part == needle.as_bytes())
    };
    let names = stores.filter(holds);
    names
        .map(|f| f.file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn a_case_goes_when_its_time_is_over_and_the_chain_holds() {
    let world = office();
    let [duty, one, two] = [
        ("duty", "duty-officer"),
        ("one", "investigator"),
        ("two", "investigator"),
    ]
    .map(|(name, role)| account(&world, name, &[role], &[]));
    let live = world.ready("data");
    let case = end_one(&live.at, &duty, &one, &two);
    let counted = get(&live.at, &duty, "/api/v1/outcomes");
    assert_eq!(counted["outcomes"]["不实"], 1);
    live.stop();
    assert!(!holding(&world, SAID).is_empty());
    let head = run(&world, &["audit", "verify"]).ok().out;
    let head = head
        .lines()
        .find_map(|line| line.strip_prefix("head: "))
        .unwrap()
        .to_owned();

    let data = world.path("data");
    let expire = ["audit", "expire", "--data", text(&data)];
    world.set_day("2035-12-01");
    let early = run(&world, &expire).ok().out;
    assert!(
        early.contains("kept 4000 days") && early.contains("0 cases"),
        "{early}"
    );
    world.set_day("2037-12-01");
    let dry = run(&world, &expire).ok().out;
    assert!(dry.contains("1 cases of") && dry.contains(&case), "{dry}");
    assert!(
        dry.contains("国家档案局令第8号") && dry.contains("as old stay: open"),
        "{dry}"
    );
    assert!(dry.contains("nothing was removed"), "{dry}");
    assert!(!holding(&world, SAID).is_empty());
    let done = run(&world, &[&expire[..], &["--remove"]].concat()).ok().out;
    assert!(
        done.contains("says so") && done.contains("were rewritten"),
        "{done}"
    );
    assert_eq!(holding(&world, SAID), [""; 0]);
    let verified = run(&world, &["audit", "verify", "--head", &head]).ok().out;
    assert!(verified.contains("lines in one chain"), "{verified}");
    let listed = run(&world, &["audit", "list", "--kind", "removal"])
        .ok()
        .out;
    assert!(listed.contains("log/cases"), "{listed}");
    let again = run(&world, &[&expire[..], &["--remove"]].concat()).ok().out;
    assert!(!again.contains("says so"), "{again}");

    let live = world.ready("data");
    for path in [
        format!("/api/v1/cases/{case}"),
        format!("/api/v1/cases/{case}/deeds"),
    ] {
        let reply = send(&live.at, &duty, "GET", &path, &[], &Value::Null).unwrap();
        assert_eq!(reply.status, 410, "{path}: {}", reply.body);
        assert!(
            reply.body.contains("不实") && reply.body.contains("内容已删除"),
            "{}",
            reply.body
        );
    }
    let html = [("accept", "text/html")];
    let page = send(
        &live.at,
        &duty,
        "GET",
        &format!("/cases/{case}"),
        &html,
        &Value::Null,
    )
    .unwrap();
    assert_eq!(page.status, 410);
    assert!(page.body.contains("内容已删除"), "{}", page.body);
    assert_eq!(get(&live.at, &duty, "/api/v1/outcomes"), counted);
    live.stop();
}
