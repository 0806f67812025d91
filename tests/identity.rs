//! Names change owners, people decide whom a name means, and control ends: what
//! counts for whom follows, and can be explained.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use support::World;
use support::codes::code;
use support::http::get;
use support::town::{registration, town};
use support::{log_odds, wait_until};

const RENAME: &str = r#"
agency   = "市场监督管理局"
resource = "名称变更"
basis    = "市场主体登记管理条例 第二十四条"
path     = "msa/rename/*.csv"
mode     = "upsert"
key      = ["变更编号"]
withdrawn = "op = 'D'"
[columns]
"变更编号" = { type = "text", required = true }
"统一社会信用代码" = { type = "uscc", required = true }
"原名称" = "text"
"核准日期" = { type = "date", required = true }
op = "text"
[enterprise]
uscc = "统一社会信用代码"
[[alias]]
kind = "name"
column = "原名称"
until = "核准日期"
"#;

const DECISION: &str = r#"
agency   = "打非办"
resource = "名称认定"
basis    = "国务院令第737号 第八条"
path     = "identity.csv"
mode     = "upsert"
key      = ["alias", "code"]
withdrawn = "op = 'D'"
[columns]
alias = { type = "text", required = true }
code = { type = "uscc", required = true }
from = "date"
until = "date"
who = "text"
reason = "text"
op = "text"
[enterprise]
uscc = "code"
[[alias]]
kind = "name"
column = "alias"
from = "from"
until = "until"
decides = true
"#;

const CONTROL: &str = r#"
agency   = "市场监督管理局"
resource = "实际控制人"
basis    = "国务院令第737号 第八条"
path     = "msa/control/*.csv"
mode     = "upsert"
key      = ["编号"]
[columns]
"编号" = { type = "text", required = true }
"统一社会信用代码" = { type = "uscc", required = true }
"控制人" = "text"
"终止日期" = "date"
[enterprise]
uscc = "统一社会信用代码"
[[link]]
kind = "holder"
from = { person = "控制人" }
to = "enterprise"
until = "终止日期"
"#;

/// The town, with sources that say when names hold, and one that decides.
fn named_town() -> World {
    let world = town();
    world.write("sources/msa/rename.toml", RENAME);
    world.write("sources/finance-office/decision.toml", DECISION);
    world.write("sources/msa/control.toml", CONTROL);
    world.edit(
        "sources/msa/registration.toml",
        "column = \"企业名称\"\n",
        "column = \"企业名称\"\nfrom = \"核准日期\"\nbeyond = true\n",
    );
    world
}

/// The records behind an enterprise's score, by key: by which ways they came.
fn records(world: &World, number: u32) -> BTreeMap<String, Vec<String>> {
    let explained = world.explain("data", &code(number));
    let mut found = BTreeMap::new();
    for part in explained["contributions"].as_array().unwrap() {
        for record in part["records"].as_array().unwrap() {
            let steps = record["via"].as_array().cloned().unwrap_or_default();
            let step = |via: &Value| {
                let word = |key: &str| via[key].as_str().unwrap().to_owned();
                format!("{} {} {}", word("by"), word("source"), word("key"))
            };
            let key = record["key"].as_str().unwrap().to_owned();
            found.insert(key, steps.iter().map(step).collect());
        }
    }
    found
}

#[test]
fn a_record_counts_for_whom_bore_its_name_on_its_day() {
    const FORMER: &str = "旧名科技有限公司";
    let world = named_town();
    world.deliver(
        "12345/ticket/2025",
        &format!("T10,{FORMER},保本返利,2025-02-01,\nT11,{FORMER},保本返利,2025-04-01,\n"),
    );
    world.same_as_fresh("data");
    assert!(!records(&world, 1).contains_key("T10"));
    // Enterprise 1 bore the name until March; then enterprise 4 took it.
    world.append(
        "landing/msa/rename/2025.csv",
        format!(
            "变更编号,统一社会信用代码,原名称,核准日期,op\nR1,{},{FORMER},2025-03-01,\n",
            code(1)
        ),
    );
    world.same_as_fresh("data");
    let first = records(&world, 1);
    assert_eq!(first["T10"], ["name msa/rename R1"]);
    assert!(!first.contains_key("T11"));
    let taken = format!("{},{FORMER},王五,50万,,2025-03-01\n", code(4));
    world.deliver("msa/registration/2025", &taken);
    world.same_as_fresh("data");
    assert_eq!(records(&world, 1)["T10"], ["name msa/rename R1"]);
    let by_registration = format!("name msa/registration {}", code(4));
    let by_registration = [by_registration];
    assert_eq!(records(&world, 4)["T11"], by_registration);
    assert!(!records(&world, 4).contains_key("T10"));
    // The change of name is withdrawn: nobody else bore the name before March.
    world.append(
        "landing/msa/rename/2025.csv",
        format!("R1,{},,2025-03-01,D\n", code(1)),
    );
    world.same_as_fresh("data");
    assert_eq!(records(&world, 4)["T10"], by_registration);
    assert!(!records(&world, 1).contains_key("T10"));
}

#[test]
fn an_ambiguous_name_waits_until_somebody_decides() {
    const SHARED: &str = "同名商贸有限公司";
    let world = named_town();
    let rows = [
        registration(6, SHARED, "钱六", "10万", ""),
        registration(7, SHARED, "孙七", "10万", ""),
        registration(8, "深圳市仿名科技有限公司", "周八", "10万", ""),
    ];
    world.deliver("msa/registration/2025", &rows.concat());
    world.deliver(
        "12345/ticket/2025",
        &format!(
            "T20,{SHARED},保本返利,2025-05-20,\nT21,{SHARED},保本返利,2025-05-21,\n\
             T22,仿名（深圳）科技有限责任公司,保本返利,2025-05-21,\n"
        ),
    );
    world.same_as_fresh("data");
    waiting_is_told(&world, SHARED);
    let decision = |row: String| {
        let header = "alias,code,from,until,who,reason,op\n";
        let known = world.path("landing/identity.csv").exists();
        let text = if known { row } else { format!("{header}{row}") };
        world.append("landing/identity.csv", text);
        world.same_as_fresh("data");
    };
    decision(format!(
        "{SHARED},{},,2025-05-21,张工,工单附营业执照,\n",
        code(6)
    ));
    assert_eq!(
        records(&world, 6)["T20"],
        [format!("name finance-office/decision {SHARED} {}", code(6))]
    );
    assert!(!records(&world, 6).contains_key("T21"));
    decision(format!("{SHARED},{},,,,,D\n", code(6)));
    assert!(!records(&world, 6).contains_key("T20"));
}

/// What the service tells of the names that wait.
#[track_caller]
fn waiting_is_told(world: &World, shared: &str) {
    let live = world.ready("data");
    let told = get(&live.at, "/api/v1/identity/waiting").json();
    assert_eq!(told["aliases"], 2, "{told}");
    let [first, second] = [&told["waiting"][0], &told["waiting"][1]];
    assert_eq!(
        (&first["alias"], &first["records"]),
        (&shared.into(), &2.into())
    );
    assert_eq!(first["sources"][0]["source"], "12345/ticket");
    assert_eq!(first["sources"][0]["ambiguous"], 2);
    let ids: Vec<&str> = first["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [code(6), code(7)]);
    assert_eq!(first["candidates"][0]["why"], "bears it");
    // The other only resembles one: it is offered, and counts for nobody.
    assert_eq!(second["sources"][0]["unknown"], 1);
    assert_eq!(second["candidates"][0]["id"], code(8).as_str());
    let why = second["candidates"][0]["why"].as_str().unwrap();
    assert!(why.contains("resembles"), "{why}");
    let ambiguous = get(&live.at, "/api/v1/identity/waiting?why=ambiguous&limit=1").json();
    assert_eq!(
        (&ambiguous["aliases"], &ambiguous["next"]),
        (&1.into(), &Value::Null)
    );
    let page = get(&live.at, "/identity?source=12345/ticket");
    assert!(page.status == 200 && page.body.contains(shared), "{page:?}");
    assert_eq!(get(&live.at, "/api/v1/identity/waiting?why=x").status, 400);
    wait_until("the metrics tell it", || {
        let metrics = get(&live.at, "/metrics").body;
        let line = |why, n| {
            let name = "tocsin_source_waiting_records";
            metrics.contains(&format!(
                "{name}{{source=\"12345/ticket\",why=\"{why}\"}} {n}\n"
            ))
        };
        line("ambiguous", 2) && line("unknown", 1)
    });
    live.stop();
}

#[test]
fn a_lead_on_a_person_leaves_an_enterprise_on_the_day_control_ends() {
    let world = named_town();
    world.append(
        "landing/msa/control/2025.csv",
        format!(
            "编号,统一社会信用代码,控制人,终止日期\nK1,{},赵六,\nK2,{},赵六,2025-07-02\n",
            code(3),
            code(4)
        ),
    );
    let before = world.same_as_fresh("data");
    world.deliver("pbc/personal_account/2025", "B9,赵六\n");
    world.deliver("pbc/lead/2025", "L9,B9,0.9,2025-06-20,\n");
    let reached = world.same_as_fresh("data");
    assert!(log_odds(&reached, &code(3)) > log_odds(&before, &code(3)));
    assert!(log_odds(&reached, &code(4)) > log_odds(&before, &code(4)));
    // Whose account it is, is masked, and which record says so is not.
    let way = &records(&world, 4)["L9"];
    assert!(
        way[0].starts_with("holder pbc/personal_account account "),
        "{way:?}"
    );
    assert_eq!(way[1..], ["holder msa/control K2"]);
    // Nothing arrives: the day alone ends it.
    world.set_day("2025-07-01");
    let still = world.same_as_fresh("data");
    assert_eq!(log_odds(&still, &code(4)), log_odds(&reached, &code(4)));
    world.set_day("2025-07-02");
    let ended = world.same_as_fresh("data");
    assert_eq!(log_odds(&ended, &code(4)), log_odds(&before, &code(4)));
    assert_eq!(log_odds(&ended, &code(3)), log_odds(&reached, &code(3)));
    assert!(!records(&world, 4).contains_key("L9"));
}
