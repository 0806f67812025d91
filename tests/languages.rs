//! The office reads Chinese, its guests English: no page is half of the one and
//! half of the other, and answers for programs are the same in both.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
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
