//! Ways to put a model in force alone, and to be shown whom a record speaks of without
//! a reason in the log: each tried as an attack, from outside.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use std::fs;
use std::thread;
use support::http::{self, Reply};
use support::office::{PASSWORD, account, feed, get, password, run, send, with_casework};
use support::{Live, Ran, World, codes, program, text, town};

/// `tocsin model …` on the world's configuration.
fn model(world: &World, arguments: &[&str]) -> Ran {
    let config = world.path("tocsin.toml");
    support::tocsin(&[&["model"], arguments, &["--config", text(&config)]].concat())
}

fn step(world: &World, arguments: &[&str], person: &str) -> Ran {
    model(
        world,
        &[arguments, &["--as", person, "--why", "试验"]].concat(),
    )
}

/// Puts the world's model on the shelf with another intercept; gives its version.
fn submitted(world: &World, intercept: i64, person: &str) -> String {
    let mut card: Value = serde_json::from_str(&world.read("model.json")).unwrap();
    card["version"] = "".into();
    card["intercept"] = json!(intercept);
    let file = world.path(&format!("card{intercept}.json"));
    fs::write(&file, card.to_string()).unwrap();
    let arguments = ["submit", text(&file), "--unmeasured"];
    step(world, &arguments, person).ok();
    let list = model(world, &["list", "--json"]).ok().out;
    let list: Value = serde_json::from_str(&list).unwrap();
    let last = list["versions"].as_array().unwrap().last().unwrap();
    last["version"].as_str().unwrap().to_owned()
}

fn with_registry() -> World {
    let world = town::town();
    let artifact = "artifact = \"model.json\"";
    world.edit(
        "tocsin.toml",
        artifact,
        &format!("{artifact}\nregistry = \"models\""),
    );
    world
}

#[track_caller]
fn refuses(ran: &Ran, part: &str) {
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
    assert!(ran.err.contains(part), "{}", ran.err);
}

#[test]
fn nobody_puts_a_model_in_force_alone() {
    let world = with_registry();
    let first = submitted(&world, -5_000_000, "玉田 José");
    refuses(&step(&world, &["approve", &first], "李强"), "is draft");
    step(&world, &["shadow", &first], "玉田 José").ok();
    // One's own name, however it is written.
    for own in [
        "玉田 José",
        "  玉田josé",
        "玉\u{200b}田·JOSÉ",
        "\u{2f5f}\u{2f65} Jose\u{301}",
        "玉田 Ｊｏｓé",
    ] {
        refuses(&step(&world, &["approve", &first], own), "four eyes");
    }
    for nobody in ["", " ", "\u{200b}", "a\nb"] {
        let ran = step(&world, &["approve", &first], nobody);
        assert_ne!(ran.code, Some(0), "{nobody:?}: {}", ran.out);
    }
    // Another version than the one that is beside the model in force.
    let second = submitted(&world, -6_000_000, "玉田 José");
    refuses(&step(&world, &["approve", &second], "李强"), "is draft");
    refuses(&step(&world, &["approve", "no"], "李强"), "no version");
    let silent = ["approve", &first, "--as", "李强", "--why", "\u{3000}"];
    refuses(&model(&world, &silent), "says why");

    // Six at once: one of them did it.
    let approvers = ["李强", "赵敏", "钱进", "孙立", "周正", "吴越"];
    let done = thread::scope(|scope| {
        let tries = approvers.map(|who| {
            let (world, first) = (&world, &first);
            scope.spawn(move || step(world, &["approve", first], who).code == Some(0))
        });
        tries.map(|tried| tried.join().unwrap())
    });
    assert_eq!(done.iter().filter(|done| **done).count(), 1, "{done:?}");
    refuses(&step(&world, &["approve", &first], "郑安"), "is live");
    refuses(
        &step(&world, &["rollback"], "郑安"),
        "no version was in force before",
    );

    // Back and forth: who brought it back needs a second person as well.
    step(&world, &["shadow", &second], "李强").ok();
    step(&world, &["approve", &second], "赵敏").ok();
    step(&world, &["rollback"], "赵敏").ok();
    step(&world, &["shadow", &second], "赵敏").ok();
    for own in ["赵敏", "玉田 José"] {
        refuses(&step(&world, &["approve", &second], own), "four eyes");
    }
    model(&world, &["verify"]).ok();

    // The file of what is in force is exchanged for another that was submitted.
    let (live, other) = (
        format!("models/{first}.json"),
        format!("models/{second}.json"),
    );
    let kept = world.read(&live);
    world.write(&live, world.read(&other));
    let ran = world.tocsin("data", &["run", "--once"]);
    assert_eq!(ran.code, Some(2), "{}", ran.out);
    assert!(
        ran.err.contains("changed after it was submitted"),
        "{}",
        ran.err
    );
    world.write(&live, kept);
    // Its approval is repeated in the log.
    let log = world.read("models/log.ndjson");
    let approval = log
        .lines()
        .find(|line| line.contains("\"approve\""))
        .unwrap();
    world.write("models/log.ndjson", format!("{log}{approval}\n"));
    assert_ne!(model(&world, &["verify"]).code, Some(0));
    world.write("models/log.ndjson", log);
    world.run_once("data");
}

/// A step as an account that shows a password; of several lines only the first counts.
fn step_by_password(world: &World, arguments: &[&str], account: &str, typed: &str) -> Ran {
    let all = [&["model"], arguments, &["--as", account, "--why", "试验"]].concat();
    feed(world, &all, &format!("{typed}\n"))
}

/// A step as an account that shows a token.
fn step_by_token(world: &World, arguments: &[&str], account: &str, token: &str) -> Ran {
    let config = world.path("tocsin.toml");
    let (why, config) = (["--why", "试验"], ["--config", text(&config)]);
    let all = [&["model"], arguments, &["--as", account], &why, &config].concat();
    let mut program = program(&all);
    Ran::of(program.env("TOCSIN_TOKEN", token).output().unwrap())
}

#[test]
fn where_there_are_accounts_nobody_signs_as_another() {
    let world = with_registry();
    with_casework(&world);
    // Before the first account a name is taken at its word.
    let first = submitted(&world, -5_000_000, "玉田");
    let chen = account(&world, "chen", &["analyst"], &[]);
    let li = account(&world, "li", &["head"], &[]);
    let zhao = account(&world, "zhao", &["duty-officer"], &[]);
    let root = account(&world, "root", &["administrator"], &[]);
    password(&world, "chen");
    let shadow = ["shadow", first.as_str()];
    let approve = ["approve", first.as_str()];

    refuses(
        &step_by_password(&world, &shadow, "chen", ""),
        "no password",
    );
    for (who, typed) in [("chen", "wrong"), ("玉田", PASSWORD), ("li", PASSWORD)] {
        let ran = step_by_password(&world, &shadow, who, typed);
        refuses(&ran, "is no account, or the password is wrong");
    }
    for (who, token) in [("li", &chen), ("chen", &li), ("玉田", &chen)] {
        refuses(&step_by_token(&world, &shadow, who, token), "is none of");
    }
    for (what, who, token) in [
        (&shadow, "zhao", &zhao),
        (&shadow, "root", &root),
        (&shadow, "li", &li),
        (&approve, "root", &root),
    ] {
        refuses(&step_by_token(&world, what, who, token), "may not");
    }
    refuses(
        &step_by_token(&world, &["rollback"], "zhao", &zhao),
        "no version",
    );

    step_by_password(&world, &shadow, "chen", PASSWORD).ok();
    refuses(&step_by_token(&world, &approve, "chen", &chen), "four eyes");
    // Under another name, and by another account of either name.
    let renamed = [
        "people",
        "change",
        "chen",
        "--display",
        "陈琳",
        "--role",
        "analyst",
    ];
    run(&world, &renamed).ok();
    refuses(&step_by_token(&world, &approve, "chen", &chen), "four eyes");
    let second = account(&world, "chen2", &["head"], &[]);
    let as_before = [
        "people",
        "change",
        "chen2",
        "--display",
        "Chen",
        "--role",
        "head",
    ];
    run(&world, &as_before).ok();
    refuses(
        &step_by_token(&world, &approve, "chen2", &second),
        "four eyes",
    );

    // A closed account, and a token of it.
    run(&world, &["people", "disable", "chen2", "--why", "left"]).ok();
    let ran = step_by_token(&world, &approve, "chen2", &second);
    assert_ne!(ran.code, Some(0), "{}", ran.out);
    step_by_token(&world, &approve, "li", &li).ok();

    // Five wrong ones lock the account, here as in the console.
    for _ in 0..5 {
        let wrong = step_by_password(&world, &["rollback"], "chen", "wrong");
        assert_eq!(wrong.code, Some(1), "{}", wrong.out);
    }
    let log = world.read("models/log.ndjson");
    let signed = |line: &str| -> Value { serde_json::from_str(line).unwrap() };
    let persons: Vec<_> = log
        .lines()
        .map(signed)
        .map(|line| line["person"].clone())
        .collect();
    assert_eq!(persons, ["玉田", "chen", "li"]);
    run(&world, &["audit", "verify"]).ok();
    let tried = run(
        &world,
        &["audit", "list", "--kind", "person.sign-in-failed"],
    )
    .ok()
    .out;
    assert!(tried.contains("chen"), "{tried}");
}

#[test]
fn who_breaks_the_configuration_still_has_to_prove_who_they_are() {
    let world = with_registry();
    with_casework(&world);
    for (intercept, who) in [(-5_000_000, "玉田"), (-6_000_000, "李强")] {
        let version = submitted(&world, intercept, who);
        step(&world, &["shadow", &version], who).ok();
        step(&world, &["approve", &version], "赵敏").ok();
    }
    let li = account(&world, "li", &["head"], &[]);
    world.write("features.toml", "no features");
    let ran = step_by_password(&world, &["rollback"], "赵敏", "");
    refuses(&ran, "no password");
    let ran = step_by_token(&world, &["rollback"], "li", "a token of nobody");
    refuses(&ran, "is none of");
    step_by_token(&world, &["rollback"], "li", &li).ok();
}

fn town_with_secrets() -> World {
    let world = town::town();
    for file in ["pbc/lead", "pbc/account"] {
        let file = format!("sources/{file}.toml");
        world.edit(&file, "basis ", "sensitivity = \"L4\"\nbasis ");
    }
    with_casework(&world);
    world
}

/// The first mark of an account in a text.
fn mark_of(text: &str) -> String {
    let at = text.find("account ").unwrap();
    text[at..at + "account 00000000".len()].to_owned()
}

struct Office {
    live: Live,
    auditor: String,
}

impl Office {
    fn unmask(&self, token: &str, enterprise: u32, key: &str, wanted: &Value) -> Reply {
        let path = format!("/api/v1/enterprises/{}/unmask", codes::code(enterprise));
        send(
            &self.live.at,
            token,
            "POST",
            &path,
            &[("idempotency-key", key)],
            wanted,
        )
        .unwrap()
    }

    /// Lines of the log of a kind that are about an enterprise.
    fn lines(&self, kind: &str) -> usize {
        let page = format!("/api/v1/audit?kind={kind}&limit=1000");
        let found = get(&self.live.at, &self.auditor, &page);
        let lines = found["lines"].as_array().unwrap().iter();
        let of = |line: &&Value| line["subject"].as_str().unwrap().starts_with("enterprise/");
        lines.filter(of).count()
    }

    /// Refused so, and nothing is shown or logged as shown.
    #[track_caller]
    fn refuses(&self, reply: &Reply, status: u16, shown: usize) -> String {
        assert_eq!(reply.status, status, "{}", reply.body);
        assert!(reply.json().get("values").is_none(), "{}", reply.body);
        assert_eq!(self.lines("unmask"), shown, "{}", reply.body);
        reply.json()["detail"].as_str().unwrap().to_owned()
    }
}

#[test]
fn nobody_is_shown_whom_a_record_speaks_of_without_a_line_that_says_why() {
    let world = town_with_secrets();
    let cleared = ["--clearance", "4"];
    let one = account(&world, "one", &["investigator"], &cleared);
    let two = account(&world, "two", &["investigator"], &cleared);
    let low = account(&world, "low", &["investigator"], &[]);
    let south = ["--clearance", "4", "--district", "南屿区"];
    let south = account(&world, "south", &["investigator"], &south);
    let auditor = account(&world, "auditor", &["auditor"], &[]);
    let live = world.ready("data");
    let office = Office { live, auditor };
    let at = office.live.at.clone();
    let path = format!("/api/v1/enterprises/{}/explanation", codes::code(1));
    let mark = mark_of(&get(&at, &one, &path).to_string());
    let wanted = |subject: &str, text: &str| json!({"subject": subject, "text": text});

    // Without a reason, with one that cannot be seen, or with too much of one: and the
    // answer is the same whether there is such a mark or not.
    let long = "很".repeat(4_001);
    for text in ["", " ", "\u{3000}", "\u{200b}\u{feff}", "\u{3164}", &long] {
        let there = office.unmask(&one, 1, "blank", &wanted(&mark, text));
        let there = office.refuses(&there, 422, 0);
        let none = office.unmask(&one, 1, "blank", &wanted("account 00000000", text));
        assert_eq!(office.refuses(&none, 422, 0), there);
    }
    let reply = office.unmask(&one, 1, "none", &json!({"subject": mark}));
    assert!([400, 422].contains(&reply.status), "{}", reply.body);
    // Another enterprise's page; a mark that was guessed, cut or widened.
    for (enterprise, subject) in [
        (4, mark.as_str()),
        (1, "account"),
        (1, &mark[..mark.len() - 1]),
        (1, "account %"),
        (1, "account ********"),
        (1, ""),
        (1, "A1"),
    ] {
        let reply = office.unmask(&one, enterprise, "wrong", &wanted(subject, "核对"));
        office.refuses(&reply, 404, 0);
    }
    // Without clearance, and of another district: no word tells what there is.
    let hidden = office.unmask(&low, 1, "low", &wanted(&mark, "核对"));
    let hidden = office.refuses(&hidden, 404, 0);
    let none = office.unmask(&low, 1, "low2", &wanted("account 00000000", "核对"));
    let none = office.refuses(&none, 404, 0);
    assert_eq!(
        hidden.replace(&mark, ""),
        none.replace("account 00000000", "")
    );
    let there = office.unmask(&south, 1, "south", &wanted(&mark, "核对"));
    let there = office.refuses(&there, 403, 0);
    let none = office.unmask(&south, 1, "south", &wanted("account 00000000", "核对"));
    assert_eq!(office.refuses(&none, 403, 0), there);

    // One look a line: eight at once under one key are one.
    let shown = thread::scope(|scope| {
        let tries = [(); 8].map(|()| {
            let (office, one, asked) = (&office, &one, wanted(&mark, "核对收款账户"));
            scope.spawn(move || office.unmask(one, 1, "once", &asked).status)
        });
        tries.map(|tried| tried.join().unwrap())
    });
    assert_eq!(
        shown.iter().filter(|status| **status == 200).count(),
        1,
        "{shown:?}"
    );
    assert!(
        shown.iter().all(|status| [200, 409].contains(status)),
        "{shown:?}"
    );
    let again = office.unmask(&one, 1, "once", &wanted(&mark, "核对收款账户"));
    office.refuses(&again, 409, 1);
    // The same key for something else, and another's key, which is no key of one's own.
    let other = office.unmask(&one, 1, "once", &wanted(&mark, "另一个理由"));
    office.refuses(&other, 422, 1);
    assert_eq!(
        office
            .unmask(&two, 1, "once", &wanted(&mark, "复核"))
            .status,
        200
    );
    assert_eq!(office.lines("unmask"), 2);

    // The role is taken away while the session goes on.
    let change = [
        "people",
        "change",
        "two",
        "--display",
        "two",
        "--role",
        "analyst",
    ];
    run(&world, &change).ok();
    let reply = office.unmask(&two, 1, "later", &wanted(&mark, "复核"));
    office.refuses(&reply, 403, 2);
    run(&world, &["people", "disable", "one", "--why", "调离"]).ok();
    let reply = office.unmask(&one, 1, "gone", &wanted(&mark, "复核"));
    office.refuses(&reply, 401, 2);
    run(&world, &["audit", "verify"]).ok();
}

#[test]
fn a_form_that_is_refused_is_a_look_all_the_same_and_needs_its_session() {
    let world = town_with_secrets();
    let cleared = ["--clearance", "4"];
    account(&world, "one", &["head"], &cleared);
    password(&world, "one");
    let auditor = account(&world, "auditor", &["auditor"], &[]);
    let office = Office {
        live: world.ready("data"),
        auditor,
    };
    let at = office.live.at.clone();
    let form = "application/x-www-form-urlencoded";
    let given = format!("name=one&password={}", PASSWORD.replace(' ', "+"));
    let signed = http::try_request(&at, "POST", "/sign-in", &[("content-type", form)], &given);
    let signed = signed.unwrap();
    let cookie = signed
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let ask = |method: &str, path: &str, body: &str| {
        let headers = [("cookie", cookie), ("content-type", form)];
        http::try_request(&at, method, path, &headers, body).unwrap()
    };
    let path = format!("/enterprises/{}", codes::code(1));
    let page = ask("GET", &path, "").body;
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap();
    let csrf = csrf.split('"').next().unwrap();
    let mark = mark_of(&page).replace(' ', "+");
    let reads = office.lines("read");
    // Another site sends the form in the reader's browser.
    for token in ["", "&csrf=", "&csrf=0000", &format!("&csrf={}", &csrf[1..])] {
        let sent = format!("subject={mark}&text=x&key=k{token}");
        assert_eq!(ask("POST", &path, &sent).status, 403, "{token}");
        let work = format!("{path}/work");
        let sent = format!("do=open&alert=x&key=k{token}");
        assert_eq!(ask("POST", &work, &sent).status, 403, "{token}");
    }
    assert_eq!((office.lines("unmask"), office.lines("read")), (0, reads));
    // What is refused shows the page: that is a look, and the log has it.
    let sent = format!("subject={mark}&text=&key=k&csrf={csrf}");
    let refused = ask("POST", &path, &sent);
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("role=\"alert\"") && refused.body.contains("class=\"parts\""));
    assert_eq!(
        (office.lines("unmask"), office.lines("read")),
        (0, reads + 1)
    );
    let sent = format!(
        "do=suppress&alert={}-1&text=x&until=2031-01-01&key=s&csrf={csrf}",
        codes::code(1)
    );
    let refused = ask("POST", &format!("{path}/work"), &sent);
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(
        refused.body.contains("value=\"2031-01-01\"") && refused.body.contains("class=\"parts\"")
    );
    assert_eq!(office.lines("read"), reads + 2);
}
