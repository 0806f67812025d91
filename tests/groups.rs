//! An analyst relies on it: enterprises that share a telephone are one group as
//! long as records say so, and what is scattered over them adds up.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::codes::code;
use support::http::get;
use support::town::town;
use support::{Live, World, model, wait_until};

const CONTACT: &str = "agency   = \"市场监督管理局\"\nresource = \"联络员备案\"\n\
     basis = \"市场主体登记管理条例 第九条\"\npath = \"msa/contact/*.csv\"\nmode = \"upsert\"\n\
     key = [\"备案编号\"]\n[columns]\n\"备案编号\" = { type = \"text\", required = true }\n\
     \"代码\" = \"uscc\"\n\"联系电话\" = \"text\"\n[enterprise]\nuscc = \"代码\"\n\
     [[link]]\nkind = \"contact_phone\"\nfrom = { phone = \"联系电话\" }\nto = \"enterprise\"\n";

const ASSOCIATION: &str = "[[link_kind]]\nname = \"contact_phone\"\nshare = 0\n\
     [association]\nlargest = 20\nsize = \"group_size\"\n\
     [[association.share]]\nlink = \"contact_phone\"\nhub = 3\n\
     [[association.neighbour]]\nsignal = \"G1\"\nof = [\"A4\"]\n";

const FEATURES: &str = "\n[[feature]]\nname = \"group_size\"\ncategory = \"R\"\n\
     from = \"group_size\"\naggregate = \"sum\"\ntitle = \"关联群企业数\"\n\
     [[feature]]\nname = \"case_nearby\"\ncategory = \"G\"\nfrom = \"G1\"\n\
     aggregate = \"count\"\ntitle = \"与涉案主体相近\"\n";

/// The town, in which telephones associate. Enterprise 4 is a case: its licence
/// is revoked.
fn telephone_town() -> World {
    let world = town();
    world.write("sources/msa/contact.toml", CONTACT);
    for (file, more) in [("tocsin.toml", ASSOCIATION), ("features.toml", FEATURES)] {
        world.append(file, format!("\n{more}"));
    }
    world.write("model.json", model::sensitive(&world.read("features.toml")));
    world
}

fn contact(number: u32, phone: &str) -> String {
    format!("C{number},{},{phone}\n", code(number))
}

fn groups(live: &Live) -> Vec<Value> {
    let page = get(&live.at, "/api/v1/groups").json();
    assert_eq!(page["next"], json!(null));
    page["groups"].as_array().unwrap().clone()
}

fn part<'a>(explanation: &'a Value, feature: &str) -> &'a Value {
    let parts = explanation["contributions"].as_array().unwrap();
    parts
        .iter()
        .find(|part| part["feature"] == feature)
        .unwrap()
}

#[test]
fn a_shared_telephone_makes_a_group_and_its_correction_parts_it() {
    let world = telephone_town();
    let apart = world.same_as_fresh("data");
    let rows = [contact(3, "13800138000"), contact(4, "13800138000")];
    world.deliver("msa/contact/2025", &rows.concat());
    let together = world.same_as_fresh("data");
    assert_ne!(apart, together);

    let why = world.explain("data", &code(3));
    for (feature, value, records) in [("group_size", 2.0, 2), ("case_nearby", 1.0, 1)] {
        let part = part(&why, feature);
        assert_eq!(part["value"], json!(value), "{part}");
        assert_eq!(part["records"].as_array().unwrap().len(), records, "{part}");
    }
    let told = &part(&why, "group_size")["records"][1];
    assert_eq!(told["other"], json!(code(4)));
    assert!(
        told["shared"]
            .as_str()
            .unwrap()
            .starts_with("contact_phone phone ")
    );
    assert_eq!(part(&why, "case_nearby")["records"][0]["key"], "X2");

    let live = world.ready("data");
    let found = groups(&live);
    assert_eq!(found.len(), 1, "{found:?}");
    let whole = get(&live.at, &format!("/api/v1/groups/{}", code(4))).json();
    assert_eq!(whole["group"]["id"], found[0]["id"]);
    assert_eq!(whole["group"]["members"], 2);
    assert_eq!(whole["shared"][0]["link"], "contact_phone");
    let members = whole["members"].as_array().unwrap();
    let mut of_group: Vec<&Value> = members.iter().map(|member| &member["id"]).collect();
    of_group.sort_by_key(|id| id.as_str());
    assert_eq!(of_group, [&json!(code(3)), &json!(code(4))]);
    for member in members {
        let path = format!("/api/v1/enterprises/{}", member["id"].as_str().unwrap());
        let own = get(&live.at, &path).json();
        assert_eq!(member["log_odds"], own["score"]["log_odds"]);
        // Together they come to more than each alone.
        let of_all = whole["group"]["score"]["log_odds"].as_i64().unwrap();
        assert!(of_all >= own["score"]["log_odds"].as_i64().unwrap() - 1_000_000);
    }
    let page = get(&live.at, &format!("/enterprises/{}", code(3)));
    assert!(page.body.contains("关联群") && page.body.contains("丁贸易有限公司"));
    assert_eq!(
        get(&live.at, &format!("/api/v1/groups/{}", code(1))).status,
        404
    );

    world.deliver("msa/contact/2026", &contact(4, "13900139000"));
    wait_until("the group is parted", || groups(&live).is_empty());
    assert_eq!(
        get(&live.at, &format!("/api/v1/groups/{}", code(3))).status,
        404
    );
    live.stop();
    assert_eq!(world.same_as_fresh("data"), apart);
}

fn alerts(live: &Live) -> Vec<Value> {
    let page = get(&live.at, "/api/v1/alerts?status=open&limit=1000").json();
    page["alerts"].as_array().unwrap().clone()
}

#[test]
fn a_group_has_an_alert_that_its_members_are_part_of() {
    let world = telephone_town();
    let levels = "[levels]\nthresholds = { blue = 6, yellow = 60, orange = 70, red = 80 }\n";
    world.append("tocsin.toml", format!("\n{levels}groups = \"blue\"\n"));
    let rows = [contact(3, "13800138000"), contact(4, "13800138000")];
    world.deliver("msa/contact/2025", &rows.concat());
    world.run_once("data");
    let live = world.ready("data");
    let find = |id: &str| -> Option<Value> {
        let mut open = alerts(&live).into_iter();
        open.find(|alert| alert["enterprise"]["id"] == id)
    };
    let named_by = [code(3), code(4)].into_iter().min().unwrap();
    let group = find(&format!("group:{named_by}")).unwrap();
    let of_group = get(&live.at, &format!("/api/v1/groups/{}", code(3))).json();
    assert_eq!(group["log_odds"], of_group["group"]["score"]["log_odds"]);
    assert_eq!(of_group["group"]["alert"]["id"], group["id"]);

    // Its members, with the part that each has, and their own alerts below it.
    let id = group["id"].as_str().unwrap();
    let whole = get(
        &live.at,
        &format!("/api/v1/alerts/{}", id.replace(':', "%3A")),
    )
    .json();
    let members = whole["members"].as_array().unwrap();
    assert_eq!(members.len(), 2, "{whole}");
    assert!(
        members.iter().any(|member| member["parts"] != json!([])),
        "{members:?}"
    );
    for member in members {
        let own = find(member["id"].as_str().unwrap());
        if let Some(own) = own {
            assert_eq!(own["group"]["id"], group["id"], "{own}");
            let folded = own["folded"] == json!(true);
            assert!(folded || own["level"] != group["level"], "{own}");
        }
    }
    assert!(find(&code(1)).is_none_or(|alert| alert["group"].is_null()));
    for page in ["/".to_owned(), format!("/enterprises/{}", code(3))] {
        assert!(get(&live.at, &page).body.contains(id), "{page}");
    }

    // A correction parts the group: whoever was told of it is told, at once.
    world.deliver("msa/contact/2026", &contact(4, "13900139000"));
    wait_until("the group's alert is over", || {
        !alerts(&live).iter().any(|alert| alert["id"] == group["id"])
    });
    let whole = get(
        &live.at,
        &format!("/api/v1/alerts/{}", id.replace(':', "%3A")),
    )
    .json();
    assert_eq!(whole["alert"]["status"], "retracted", "{whole}");
    live.stop();
    // A start finds what was left, and tells nothing anew.
    let told = std::fs::read_to_string(world.path("data/alerts.ndjson")).unwrap();
    world.run_once("data");
    let again = std::fs::read_to_string(world.path("data/alerts.ndjson")).unwrap();
    assert_eq!(told, again);
    support::state::check_published(&world.path("data"));
    world.verify("data");
}
