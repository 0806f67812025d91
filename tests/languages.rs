//! The office reads Chinese, its guests English: no page is half of the one and
//! half of the other, and answers for programs are the same in both.
#![allow(clippy::unwrap_used)]

mod support;

use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;
use support::office::{account, get, with_casework};
use support::{World, codes, http, town, wait_until};

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// What a reader sees of a page: the texts between its tags.
fn texts(page: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for part in page.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or((part, ""));
        let hidden = tag.starts_with("script") || tag.starts_with("style");
        if !hidden && !text.trim().is_empty() {
            texts.push(text.trim().to_owned());
        }
        // Words for ears and empty fields count, too.
        for name in [
            "aria-label=\"",
            "placeholder=\"",
            "data-on=\"",
            "data-off=\"",
            "data-failed=\"",
        ] {
            if let Some(rest) = tag.split(name).nth(1) {
                texts.push(rest.split('"').next().unwrap().to_owned());
            }
        }
    }
    texts
}

/// The longest runs of Han characters of a text.
fn runs(text: &str) -> Vec<String> {
    let runs = text.split(|c| !is_han(c)).filter(|run| !run.is_empty());
    runs.map(str::to_owned).collect()
}

/// Three English words in a row, if a text has such: what is no name, no figure and
/// no command.
fn sentence(text: &str) -> Option<String> {
    if text.starts_with("tocsin ") || text.starts_with('[') {
        return None;
    }
    let is_word = |word: &&str| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase());
    let words: Vec<&str> = text.split(' ').collect();
    let found = words.windows(3).find(|three| three.iter().all(is_word));
    found.map(|three| three.join(" "))
}

/// Everything that agencies delivered and the office configured.
fn data(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("data") {
            data(&path, into);
        } else if let Ok(text) = fs::read_to_string(&path) {
            into.push_str(&text);
        }
    }
}

/// What agencies deliver, compressed or not, and the names of its columns.
fn records(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            records(&path, into);
            continue;
        }
        let mut bytes = fs::read(&path).unwrap();
        if path.extension().is_some_and(|e| e == "gz") {
            let mut whole = Vec::new();
            GzDecoder::new(&bytes[..]).read_to_end(&mut whole).unwrap();
            bytes = whole;
        }
        into.push_str(&String::from_utf8_lossy(&bytes));
    }
}

/// What declarations say in the words of the law or of the office that made them, and
/// what columns are called: of these there is no English.
fn cited(folder: &Path, into: &mut String) {
    const KEYS: [&str; 4] = ["citation", "basis", "owner", "purpose"];
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("landing") && !path.ends_with("feeds") {
            cited(&path, into);
        } else if path.extension().is_some_and(|e| e == "toml") {
            for line in fs::read_to_string(&path).unwrap().lines() {
                let key = line.split([' ', '=']).next().unwrap();
                if KEYS.contains(&key) || line.starts_with('"') {
                    into.push_str(line);
                    into.push('\n');
                }
            }
        }
    }
}

/// How case numbers begin in files of GB18030, which are not read here.
const NUMBERS: [&str; 1] = ["滨警"];

/// What the law is called, and where its clauses are, is said in Chinese.
const LAW: [&str; 15] = [
    "国务院令第",
    "号",
    "行政处罚法",
    "行政强制法",
    "行政执法机关移送涉嫌犯罪案件的规定",
    "条",
    "款",
    "项",
    "法释",
    "非法集资风险监测预警",
    "中文",
    "第一款",
    "风险线索",
    "非认定",
    "年",
];

fn is_law(run: &str) -> bool {
    let clause = run.starts_with('第') && run.ends_with(['条', '款', '项']);
    clause || LAW.contains(&run)
}

struct Pages {
    at: String,
    token: String,
}

impl Pages {
    fn get(&self, path: &str, lang: &str) -> http::Reply {
        let bearer = format!("Bearer {}", self.token);
        let cookie = format!("tocsin_lang={lang}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("cookie", cookie.as_str()),
        ];
        http::try_request(&self.at, "GET", path, &headers, "").unwrap()
    }
}

fn town() -> World {
    let world = town::town();
    with_casework(&world);
    // A record that is refused, and a name that waits.
    world.deliver(
        "msa/penalty/2026",
        &format!("P8,{},,12b,2025-06-01,\n", codes::code(1)),
    );
    world
}

#[test]
fn no_page_is_half_translated() {
    let world = town();
    let roles = [
        (
            "wf",
            "duty-officer",
            "/,/cases,/cases/C,/enterprises/E,/enterprises/E?since=2025-06-29,/suppressions,/queue,/me,/sources,/models,/nowhere,/enterprises/none,/audit",
        ),
        ("zf", "investigator", "/cases/C"),
        ("fx", "analyst", "/,/identity,/sources/msa/penalty,/queue"),
        ("gl", "administrator", "/people,/people/wf,/me"),
        ("sj", "auditor", "/audit,/audit?verify=yes,/suppressions"),
    ];
    let tokens = roles.map(|(name, role, _)| account(&world, name, &[role], &["--clearance", "4"]));
    let live = world.ready("data");
    wait_until("the policy opens a case", || {
        get(&live.at, &tokens[0], "/api/v1/cases")["cases"][0].is_object()
    });
    let case = &get(&live.at, &tokens[0], "/api/v1/cases")["cases"][0];
    let (id, enterprise) = (
        case["id"].as_str().unwrap(),
        case["enterprise"].as_str().unwrap(),
    );
    let mut known = String::new();
    data(&world.path(""), &mut known);
    // The purpose of what is done in a terminal, as the log has it.
    known.push_str("账号管理");
    let catalogue = include_str!("../src/serve/words/chinese.rs");
    let english: BTreeSet<&str> = catalogue
        .lines()
        .filter_map(|line| line.trim().strip_prefix("(\"")?.split("\", \"").next())
        .filter(|word| word.contains(' '))
        .collect();
    assert!(english.len() > 100, "{}", english.len());
    let (mut seen, mut untold) = (0, Vec::new());
    for ((_, role, paths), token) in roles.iter().zip(&tokens) {
        let pages = Pages {
            at: live.at.clone(),
            token: token.clone(),
        };
        for path in paths.split(',') {
            let path = path.replace("/C", &format!("/{id}"));
            let path = match path.starts_with("/enterprises/E") {
                true => path.replacen("/E", &format!("/{enterprise}"), 1),
                false => path,
            };
            let in_english = pages.get(&path, "en");
            let chinese = pages.get(&path, "zh");
            assert_eq!(in_english.status, chinese.status, "{path} as {role}");
            assert!(in_english.body.contains("<html lang=\"en\">"), "{path}");
            assert!(chinese.body.contains("<html lang=\"zh-CN\">"), "{path}");
            for text in texts(&in_english.body) {
                let foreign = runs(&text)
                    .into_iter()
                    .find(|run| !is_law(run) && !known.contains(run.as_str()));
                assert_eq!(foreign, None, "{path} as {role}, in English: {text}");
            }
            for text in texts(&chinese.body) {
                assert!(
                    !english.contains(text.as_str()),
                    "{path} as {role}, not translated: {text}"
                );
                if let Some(said) = sentence(&text).filter(|said| !known.contains(said.as_str())) {
                    untold.push(format!("{path} as {role}: `{said}` in: {text}"));
                }
            }
            seen += 1;
        }
    }
    assert!(untold.is_empty(), "English on Chinese pages: {untold:#?}");
    assert_eq!(seen, 24);
}

#[test]
fn a_link_changes_the_language_and_answers_for_programs_stay() {
    let world = town::town();
    let live = world.ready("data");
    let chosen = http::get(&live.at, "/?level=red&lang=en");
    assert_eq!(chosen.status, 303);
    assert_eq!(chosen.header("location"), Some("/?level=red"));
    let cookie = chosen.header("set-cookie").unwrap();
    assert!(cookie.starts_with("tocsin_lang=en;"), "{cookie}");
    let home = http::get(&live.at, "/");
    assert!(
        home.body.contains("href=\"?lang=en\"") && home.body.contains("预警名单"),
        "{}",
        home.body
    );
    assert_eq!(home.header("content-language"), Some("zh-CN"));
    let path = format!("/api/v1/enterprises/{}/explanation", codes::code(1));
    let of = |lang: &str| -> Value {
        let cookie = format!("tocsin_lang={lang}");
        http::try_request(&live.at, "GET", &path, &[("cookie", &cookie)], "")
            .unwrap()
            .json()
    };
    assert_eq!(of("en"), of("zh"));
    assert_eq!(http::get(&live.at, "/api/v1/alerts?lang=en").status, 400);
}

/// The rule pack on a small city, with an office; it lets go of both at once.
fn small_city() -> World {
    let world = World::with_config("testdata/city");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/small/landing");
    support::copy(&from, &world.path("landing"));
    world.append(
        "tocsin.toml",
        "\n[casework]\nstore = \"casework.db\"\nopen_from = \"orange\"\n",
    );
    world
}

#[test]
fn an_english_page_of_the_rule_pack_has_names_and_records_in_chinese_alone() {
    let world = small_city();
    let roles = ["duty-officer", "analyst", "engineer"];
    let tokens = roles.map(|role| account(&world, role, &[role], &["--clearance", "4"]));
    world.run_once("data");
    let live = world.ready("data");
    let alerts = get(&live.at, &tokens[0], "/api/v1/alerts?order=ranked&limit=3");
    let alerts = alerts["alerts"].as_array().unwrap();
    assert_eq!(alerts.len(), 3);
    let mut paths: Vec<(usize, String)> = ["/", "/cases", "/sources", "/models"]
        .map(|path| (0, path.to_owned()))
        .into();
    for alert in alerts {
        let id = alert["enterprise"]["id"].as_str().unwrap();
        paths.push((0, format!("/enterprises/{id}")));
        paths.push((0, format!("/enterprises/{id}?since=2024-03-31")));
    }
    paths.extend([(1, "/identity".to_owned()), (1, "/queue".to_owned())]);
    for source in [
        "pbc/lead",
        "msa/registration",
        "telecom/app_filing",
        "hrss/insured",
    ] {
        paths.push((2, format!("/sources/{source}")));
    }
    let mut known = String::new();
    records(&world.path("landing"), &mut known);
    cited(&world.path(""), &mut known);
    let mut left: BTreeSet<String> = BTreeSet::new();
    let mut named = 0;
    for (role, path) in &paths {
        let pages = Pages {
            at: live.at.clone(),
            token: tokens[*role].clone(),
        };
        let page = pages.get(path, "en");
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        for text in texts(&page.body) {
            let runs = runs(&text).into_iter();
            let is_known = |run: &String| known.contains(run) || NUMBERS.contains(&run.as_str());
            let foreign = runs.filter(|run| !is_law(run) && !is_known(run));
            left.extend(foreign.map(|run| format!("{path}: {run} in: {text}")));
        }
        named += usize::from(page.body.contains("Individuals paying in"));
    }
    assert!(left.is_empty(), "{left:#?}");
    assert!(named > 0);
    // What is left in Chinese is marked so, and programs get both.
    let id = alerts[0]["enterprise"]["id"].as_str().unwrap();
    let path = format!("/api/v1/enterprises/{id}/explanation");
    let explained = get(&live.at, &tokens[0], &path);
    let of = |value: &Value| (value["title"].clone(), value["title_en"].clone());
    for part in explained["contributions"].as_array().unwrap() {
        let (title, english) = of(part);
        assert!(title.as_str().unwrap().chars().any(is_han), "{part}");
        assert!(!english.as_str().unwrap().chars().any(is_han), "{part}");
    }
    for part in ["typologies", "thresholds", "next_checks"] {
        for one in explained["brief"][part].as_array().unwrap() {
            assert!(of(one).1.is_string(), "{one}");
        }
    }
    let alert = get(
        &live.at,
        &tokens[0],
        &format!("/api/v1/alerts/{}", alerts[0]["id"].as_str().unwrap()),
    );
    assert!(alert.to_string().contains("\"title_en\":"), "{alert}");
}

#[test]
fn a_title_without_an_english_name_is_shown_and_marked() {
    let world = town::town();
    let live = world.ready("data");
    let pages = Pages {
        at: live.at.clone(),
        token: String::new(),
    };
    let path = format!("/enterprises/{}", codes::code(1));
    let features = world.read("features.toml");
    let title = features
        .lines()
        .filter_map(|line| line.strip_prefix("title = \"")?.strip_suffix('"'))
        .find(|title| pages.get(&path, "zh").body.contains(title))
        .unwrap();
    let marked = format!("<span lang=\"zh-CN\">{title}</span>");
    assert!(pages.get(&path, "en").body.contains(&marked), "{title}");
    assert!(!pages.get(&path, "zh").body.contains(&marked));
    live.stop();
    // With a name it is called by that; with two the configuration is refused.
    let declared = format!("title = \"{title}\"");
    let name = format!("{declared}\ntitle_en = \"What it is called\"");
    world.edit("features.toml", &declared, &name);
    let live = world.ready("data");
    let pages = Pages {
        at: live.at.clone(),
        token: String::new(),
    };
    assert!(pages.get(&path, "en").body.contains("What it is called"));
    assert!(!pages.get(&path, "zh").body.contains("What it is called"));
    live.stop();
    world.append(
        "tocsin.toml",
        "\n[[agency]]\nname = \"某某局\"\nname_en = \"局\"\n[[agency]]\nname = \"人民银行\"\n",
    );
    let refused = world.tocsin("data", &["run", "--once"]);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    for part in [
        "`agency.name_en`: `局` is not English",
        "`agency.name_en`: is missing",
    ] {
        assert!(refused.err.contains(part), "{}", refused.err);
    }
}
