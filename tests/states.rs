//! Nobody stands before a page that says nothing: each page says what to do next where
//! there is nothing yet, where nothing fits, where something does not exist, may not be
//! seen, was sent wrongly or cannot be answered; in both languages. Which pages there
//! are is asked of the document, so that a new one without its states fails here.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use support::http::{self, Reply};
use support::office::{account, get, with_casework};
use support::{World, codes, town, wait_until};

const ROLES: [&str; 7] = [
    "duty-officer",
    "investigator",
    "head",
    "analyst",
    "engineer",
    "administrator",
    "auditor",
];

/// What has nothing to show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Where {
    /// An office to which nothing has been delivered.
    Nothing,
    /// The town, in which something is.
    Town,
}

use Where::{Nothing, Town};

/// Page, what is asked, in which office, and what it says then.
type State = (&'static str, &'static str, Where, &'static str);

/// Nothing there yet, or nothing that fits.
const EMPTY: [State; 17] = [
    (
        "/",
        "/",
        Nothing,
        "No open alert. Alerts come by themselves when records raise a score; whether records arrive is on the page of the sources.",
    ),
    (
        "/",
        "/",
        Nothing,
        "No event fits yet. The list fills by itself while the page is open.",
    ),
    (
        "/",
        "/?level=red&status=retracted",
        Town,
        "No alert fits: choose another level or status, or clear the filter.",
    ),
    (
        "/enterprises/{id}",
        "/enterprises/QUIET",
        Town,
        "Never alerted: an alert begins by itself when index and gates reach blue.",
    ),
    (
        "/sources",
        "/sources",
        Nothing,
        "No record has arrived yet: put files where the declarations say, or push them over the API.",
    ),
    (
        "/sources/{agency}/{resource}",
        "/sources/msa/registration",
        Town,
        "No record was refused: there is nothing to mend.",
    ),
    (
        "/sources/{agency}/{resource}",
        "/sources/msa/registration",
        Nothing,
        "None: every record that came was accepted.",
    ),
    (
        "/sources/{agency}/{resource}",
        "/sources/msa/registration",
        Town,
        "None: nothing odd was found, or the source declares no [[check]].",
    ),
    (
        "/identity",
        "/identity",
        Nothing,
        "No record waits for a name: there is nothing to do.",
    ),
    (
        "/identity",
        "/identity?source=pbc/lead",
        Town,
        "No record waits for a name: there is nothing to do.",
    ),
    ("/models", "/models", Nothing, "no registry:"),
    (
        "/cases",
        "/cases",
        Nothing,
        "No case fits. Cases are opened by policy when an alert rises, or from an enterprise's page.",
    ),
    (
        "/cases",
        "/cases?stage=archived",
        Town,
        "No case fits. Cases are opened by policy when an alert rises, or from an enterprise's page.",
    ),
    (
        "/queue",
        "/queue",
        Town,
        "No queue was drawn here today: say how many checks there is time for, and draw it.",
    ),
    (
        "/suppressions",
        "/suppressions",
        Nothing,
        "none; an alert is suppressed on its enterprise's page",
    ),
    (
        "/audit",
        "/audit?who=nobody",
        Town,
        "No line fits: widen the days or clear the filter.",
    ),
    (
        "/people/{name}",
        "/people/idle",
        Town,
        "None: nobody is signed in, and no program has a token.",
    ),
];

/// Pages that cannot be empty, and why.
const NEVER_EMPTY: [(&str, &str); 6] = [
    ("/search", "it leads on, or finds nothing"),
    ("/sign-in", "it is a form"),
    ("/people", "who looks at it has an account"),
    ("/me", "who looks at it has come in by a session or token"),
    ("/cases/{id}", "a case has its opening"),
    ("/models/{version}/card", "a version has its dossier"),
];

/// Where there is no such thing.
const LOST: [(&str, &str); 8] = [
    ("/search", "/search?q=no-such-thing"),
    ("/enterprises/{id}", "/enterprises/none"),
    ("/sources/{agency}/{resource}", "/sources/msa/none"),
    ("/identity", "/identity?source=msa/none"),
    ("/models/{version}/card", "/models/none/card"),
    ("/cases/{id}", "/cases/C999"),
    ("/people/{name}", "/people/none"),
    ("/nowhere", "/nowhere"),
];

/// What cannot be asked so.
const WRONG: [(&str, &str); 9] = [
    ("/", "/?level=pink"),
    ("/", "/?after=x"),
    ("/search", "/search"),
    ("/enterprises/{id}", "/enterprises/QUIET?since=soon"),
    ("/identity", "/identity?why=because"),
    ("/cases", "/cases?stage=somewhere"),
    ("/cases", "/cases?after=x"),
    ("/queue", "/queue?districts=x"),
    ("/audit", "/audit?from=yesterday"),
];

/// The words of the catalogue, as pages have them.
fn catalogue() -> BTreeMap<String, String> {
    let text = include_str!("../src/serve/words/chinese.rs");
    let quoted: Vec<&str> = text.split('"').collect();
    let mut words = BTreeMap::new();
    // `"English", "中文"`: what stands between is a comma and blanks.
    for at in (1..quoted.len() - 2).step_by(2) {
        if quoted[at + 1].trim() == "," {
            words.insert(quoted[at].to_owned(), quoted[at + 2].to_owned());
        }
    }
    assert!(words.len() > 300, "{}", words.len());
    words
}

/// As markup has it.
fn escaped(text: &str) -> String {
    text.replace('\'', "&#39;")
}

struct Office {
    world: World,
    live: support::Live,
    tokens: BTreeMap<&'static str, String>,
    words: BTreeMap<String, String>,
}

impl Office {
    fn new(of: Where) -> Office {
        let world = match of {
            Nothing => World::new(),
            Town => town::town(),
        };
        with_casework(&world);
        if of == Town {
            // Somebody of whom nothing is known.
            let row = town::registration(9, "静安文具店", "孙八", "10万", "");
            world.deliver("msa/registration/2026", &row);
        }
        let cleared = ["--clearance", "4"];
        let token = |role| (role, account(&world, role, &[role], &cleared));
        let tokens = ROLES.map(token).into_iter().collect();
        let idle = [
            "people",
            "add",
            "idle",
            "--display",
            "idle",
            "--role",
            "head",
        ];
        support::office::run(&world, &idle).ok();
        let live = world.ready("data");
        Office {
            world,
            live,
            tokens,
            words: catalogue(),
        }
    }

    fn ask(&self, method: &str, path: &str, role: Option<&str>, lang: &str) -> Reply {
        let bearer = role.map(|role| format!("Bearer {}", self.tokens[role]));
        let cookie = format!("tocsin_lang={lang}");
        let mut headers = vec![
            ("cookie", cookie.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        let path = path.replace("QUIET", &codes::code(9));
        http::try_request(&self.live.at, method, &path, &headers, "").unwrap()
    }

    /// Says something in both languages.
    #[track_caller]
    fn says(&self, path: &str, role: &str, words: &str) {
        let chinese = self.words.get(words);
        let chinese = chinese.unwrap_or_else(|| panic!("no Chinese for: {words}"));
        for (lang, said) in [("en", words), ("zh", chinese)] {
            let reply = self.ask("GET", path, Some(role), lang);
            assert_eq!(reply.status, 200, "{path} as {role}: {}", reply.body);
            assert!(
                reply.body.contains(&escaped(said)),
                "{path} as {role} does not say `{said}`: {}",
                reply.body
            );
        }
    }

    /// Is a page that says what is wrong and what to do, in both languages.
    #[track_caller]
    fn fails(&self, method: &str, path: &str, role: Option<&str>, statuses: &[u16]) {
        let mut seen = Vec::new();
        for lang in ["en", "zh"] {
            let reply = self.ask(method, path, role, lang);
            let what = format!("{method} {path} as {role:?} in {lang}: {}", reply.status);
            assert!(statuses.contains(&reply.status), "{what}: {}", reply.body);
            let html = reply.header("content-type").unwrap_or_default();
            assert!(html.starts_with("text/html"), "{what}: {html}, no page");
            let tag = if lang == "en" { "en" } else { "zh-CN" };
            assert!(
                reply.body.contains(&format!("<html lang=\"{tag}\">")),
                "{what}"
            );
            let alert = alert_of(&reply.body);
            let alert = alert.unwrap_or_else(|| panic!("{what} alerts nobody: {}", reply.body));
            assert!(!alert.trim().is_empty(), "{what}: {}", reply.body);
            if lang == "zh" {
                assert!(alert.chars().any(is_han), "{what}: {alert}");
            }
            let on = reply.body.contains("class=\"failed\"");
            assert!(
                !on || has_advice(&self.words, &reply.body, lang),
                "{what}: {}",
                reply.body
            );
            seen.push(reply.status);
        }
        assert_eq!(seen[0], seen[1], "{method} {path}");
    }
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// What is wrong, as the page says it.
fn alert_of(page: &str) -> Option<String> {
    let (_, rest) = page.split_once("role=\"alert\">")?;
    Some(rest.split('<').next()?.to_owned())
}

/// Whether a page of its own says what to do next, and leads on.
fn has_advice(words: &BTreeMap<String, String>, page: &str, lang: &str) -> bool {
    let source = include_str!("../src/serve/pages/mod.rs");
    let advice = source.split("fn advice(").nth(1).unwrap();
    let advice = advice.split("\n}\n").next().unwrap();
    let said = advice.split('"').skip(1).step_by(2);
    let leads = page.contains("href=\"/\"");
    leads
        && said.into_iter().any(|said| {
            let said = if lang == "en" { said } else { &words[said] };
            page.contains(&escaped(said))
        })
}

/// Pages and forms of the document: method, path, and the roles it lets in.
fn pages(at: &str) -> Vec<(String, String, BTreeSet<String>)> {
    let document = http::get(at, "/api/openapi.json").json();
    let page = |page: &Value| {
        let roles = page["x-roles"].as_array().unwrap().iter();
        let roles = roles.map(|role| role.as_str().unwrap().to_owned());
        let public = page["x-access"] == "public";
        let roles = if public {
            BTreeSet::new()
        } else {
            roles.collect()
        };
        let text = |key: &str| page[key].as_str().unwrap().to_owned();
        (text("method"), text("path"), roles)
    };
    let pages = document["x-pages"].as_array().unwrap();
    let all: Vec<_> = pages.iter().map(page).collect();
    assert!(all.len() > 25, "{}", all.len());
    all
}

/// One of the roles that a page lets in.
fn role_of(all: &[(String, String, BTreeSet<String>)], page: &str) -> &'static str {
    let found = all
        .iter()
        .find(|(method, path, _)| method == "GET" && path == page);
    let of = found.map(|(.., roles)| roles);
    let mut roles = ROLES.into_iter();
    let may = |role: &&str| of.is_none_or(|of| of.is_empty() || of.contains(*role));
    roles.find(may).unwrap()
}

#[test]
fn every_page_that_has_nothing_to_show_says_what_to_do() {
    let offices = [Office::new(Nothing), Office::new(Town)];
    let all = pages(&offices[0].live.at);
    for (page, asked, of, words) in EMPTY {
        offices[of as usize].says(asked, role_of(&all, page), words);
    }
    // Whoever adds a page says here what it shows when it has nothing to.
    let told: BTreeSet<&str> = EMPTY.iter().map(|(page, ..)| *page).collect();
    let told: BTreeSet<&str> = told.into_iter().chain(NEVER_EMPTY.map(|of| of.0)).collect();
    let gets = all.iter().filter(|(method, ..)| method == "GET");
    let untold: Vec<&String> = gets
        .map(|(_, path, _)| path)
        .filter(|path| !told.contains(path.as_str()))
        .collect();
    assert!(untold.is_empty(), "no empty state: {untold:?}");
    for office in offices {
        drop(office.live);
        drop(office.world);
    }
}

#[test]
fn every_page_that_cannot_be_shown_says_why_and_what_to_do() {
    let office = Office::new(Town);
    let all = pages(&office.live.at);
    for (page, asked) in LOST {
        office.fails("GET", asked, Some(role_of(&all, page)), &[404]);
    }
    for (page, asked) in WRONG {
        office.fails("GET", asked, Some(role_of(&all, page)), &[400, 422]);
    }
    let lost: BTreeSet<&str> = LOST.iter().map(|(page, _)| *page).collect();
    let mut tried = 0;
    for (method, path, roles) in &all {
        let asked = path
            .replace("{id}", "none")
            .replace("{name}", "none")
            .replace("{agency}", "msa")
            .replace("{resource}", "penalty")
            .replace("{version}", "none");
        assert!(
            method != "GET" || !path.contains('{') || lost.contains(path.as_str()),
            "{path}: say what is not found"
        );
        if roles.is_empty() {
            continue;
        }
        office.fails(method, &asked, None, &[401]);
        for role in ROLES.iter().filter(|role| !roles.contains(**role)) {
            office.fails(method, &asked, Some(role), &[403]);
            tried += 1;
        }
    }
    assert!(tried > 80, "{tried}");
}

#[test]
fn every_form_that_is_sent_wrongly_says_what_is_missing() {
    let office = Office::new(Town);
    let mut case = None;
    wait_until("the policy opens a case", || {
        let found = get(&office.live.at, &office.tokens["head"], "/api/v1/cases");
        case = found["cases"][0]["id"]
            .as_str()
            .map(|id| format!("/cases/{id}"));
        case.is_some()
    });
    let mut forms = 0;
    for (method, path, roles) in pages(&office.live.at) {
        if method != "POST" || path == "/sign-out" || path == "/news/seen" {
            continue;
        }
        let asked = path
            .replace("{id}", &codes::code(1))
            .replace("{name}", "idle")
            .replace("{agency}", "msa")
            .replace("{resource}", "penalty");
        let asked = match path.starts_with("/cases/") {
            true => case.clone().unwrap(),
            false => asked,
        };
        let role = ROLES.into_iter().find(|role| roles.contains(*role));
        let open = roles.is_empty().then_some("head");
        office.fails("POST", &asked, role.or(open), &[400, 422]);
        forms += 1;
    }
    assert!(forms >= 10, "{forms}");
}

#[test]
fn whoever_may_not_see_all_is_told_so() {
    let world = town::town();
    with_casework(&world);
    let lead = "sources/pbc/lead.toml";
    world.edit(lead, "basis ", "sensitivity = \"L4\"\nbasis ");
    let south = ["--clearance", "4", "--district", "南屿区"];
    let tokens = BTreeMap::from([
        (
            "analyst",
            account(&world, "low", &["analyst"], &["--clearance", "3"]),
        ),
        ("engineer", account(&world, "south", &["engineer"], &south)),
    ]);
    let live = world.ready("data");
    let office = Office {
        world,
        live,
        tokens,
        words: catalogue(),
    };
    for path in ["/identity", "/sources/pbc/lead", "/queue"] {
        office.fails("GET", path, Some("analyst"), &[403]);
    }
    for path in ["/identity", "/sources/pbc/lead"] {
        office.fails("GET", path, Some("engineer"), &[403]);
    }
}

#[test]
fn a_store_that_has_failed_is_told_with_the_time_to_name() {
    let office = Office::new(Town);
    let before = office.ask("GET", "/cases", Some("head"), "en");
    assert_eq!(before.status, 200);
    // As a disk that fails leaves it.
    for name in ["casework.db", "casework.db-wal", "casework.db-shm"] {
        let file = office.world.path(name);
        if file.exists() {
            let size = std::fs::metadata(&file).unwrap().len() as usize;
            std::fs::write(&file, vec![0x5a_u8; size]).unwrap();
        }
    }
    for path in ["/cases", "/suppressions"] {
        office.fails("GET", path, Some("head"), &[500, 503]);
        let said = office.ask("GET", path, Some("head"), "en");
        assert!(!said.body.contains("casework.db"), "{}", said.body);
    }
}
