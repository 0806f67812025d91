//! `tocsin bench --casework`: what officials wait for. A generated load with alerts
//! and cases, an audit log of a million lines, and a `tocsin run` of its own that is
//! asked over the wire: pages, lists, deeds, and live streams while alerts arrive.

use super::client::{Body, Client};
use super::{CONFIG, Latencies, SEED, streams};
use crate::casework::{Desk, secrets};
use crate::cli::Bench;
use crate::config::Settings;
use crate::demo::write_config;
use crate::time::now_ms;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tocsin_alerts::casework::fold::{case_subject, person_subject};
use tocsin_alerts::casework::jurisdiction::Places;
use tocsin_alerts::casework::{
    Action, Actor, CaseAction, Outcome, Person, PersonAction, Reason, Role, Stage,
};
use tocsin_alerts::docket::{CaseFilter, CredentialChange, Intent};
use tokio::runtime::Runtime;

/// What is added to the load's configuration: with ten records an enterprise, four in
/// five have an alert.
const LEVELS: &str = "\n[levels]\nthresholds = { blue = 20, yellow = 25, orange = 30, red = 40 }\n";
/// Deeds of one transaction when the log is filled.
const BATCH: usize = 2_000;
/// Enterprises whose alerts come and go while streams are open.
const FINED: usize = 4_000;
/// Each page is asked for so often.
const ASKED: usize = 200;
/// How long the idle server is watched.
const IDLE: Duration = Duration::from_secs(10);
/// How long it may take to be ready.
const PATIENCE: Duration = Duration::from_secs(1_800);
const DAY_MS: i64 = 24 * 3_600_000;

/// Accounts and what they may.
const STAFF: [(&str, &[Role]); 5] = [
    ("duty", &[Role::DutyOfficer]),
    ("one", &[Role::Investigator]),
    ("two", &[Role::Investigator]),
    ("auditor", &[Role::Auditor]),
    ("engineer", &[Role::Engineer]),
];

/// Where everything is.
struct Bed {
    config: PathBuf,
    data: PathBuf,
    at: String,
}

/// Runs it and prints its figures.
///
/// # Errors
/// When the disk or the server refuses.
pub(super) fn measure(args: &Bench, folder: &Path, runtime: &Runtime) -> Result<()> {
    let bed = prepare(args, folder)?;
    let codes = codes(&bed.config)?;
    let settings = Settings::read(&bed.config).map_err(|faults| anyhow::anyhow!("{faults:?}"))?;
    let open = || -> Result<Desk> {
        let desk = runtime.block_on(Desk::open(&settings))?;
        desk.context("no casework")
    };
    let desk = open()?;
    let tokens = runtime.block_on(staff(&desk))?;
    let server = bed.serve(&tokens[0], runtime)?;
    runtime.block_on(opened(&desk))?;
    server.stop()?;
    let cases = runtime.block_on(fill(&desk, args.lines, &codes))?;
    let server = bed.serve(&tokens[0], runtime)?;
    server.idle()?;
    runtime.block_on(pages(&bed, &tokens, &cases))?;
    let began = (Instant::now(), server.cpu());
    let rate = (args.rate[0], args.rate[1]);
    let streamed = runtime.block_on(streams::stream(
        &bed.at,
        (&tokens[0], &tokens[4]),
        args.streams,
        rate,
        &codes[..FINED.min(codes.len())],
    ))?;
    say!(
        "streams: {} readers saw each of {} events once and in order, {:.0} a second; {:.2} cores",
        args.streams,
        streamed.events,
        streamed.events as f64 / streamed.time.as_secs_f64(),
        (server.cpu() - began.1) / began.0.elapsed().as_secs_f64()
    );
    say!(
        "  a push until its events are in the store: {}",
        streamed.pushes
    );
    say!("  a reader behind the first of them: {}", streamed.behind);
    let after = streamed.after.as_secs_f64();
    say!("  all were up to date {after:.2} s after the last push was answered");
    say!("memory: peak {} MB", server.memory("VmHWM") >> 20);
    server.stop()?;
    let began = Instant::now();
    let verified = runtime.block_on(desk.docket.verify(None))?;
    if let Some(broken) = verified.broken.first() {
        bail!("the audit log: {broken}");
    }
    let seconds = began.elapsed().as_secs_f64();
    say!("audit verify: {} lines in {seconds:.1} s", verified.lines);
    runtime.block_on(desk.docket.close());
    Ok(())
}

/// Writes configuration and load, and takes it in.
fn prepare(args: &Bench, folder: &Path) -> Result<Bed> {
    let config = write_config(&CONFIG, &folder.join("config"))?;
    let text = fs::read_to_string(&config)?;
    let store = format!(
        "\n[casework]\nstore = \"{}\"\nopen_from = \"yellow\"\n",
        args.store
    );
    fs::write(&config, text + LEVELS + &store)?;
    let landing = folder.join("config/landing");
    let records = args.records.saturating_sub(u64::from(args.enterprises));
    let load = tocsin_testdata::write_load(&landing, records, args.enterprises, SEED)?;
    say!(
        "{} records over {} enterprises",
        load.records,
        load.enterprises
    );
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let bed = Bed {
        config,
        data: folder.join("data"),
        at: listener.local_addr()?.to_string(),
    };
    let loaded = bed.program(&["run", "--once", "--top", "0"]).output()?;
    if !loaded.status.success() {
        bail!("{}", String::from_utf8_lossy(&loaded.stderr));
    }
    let out = String::from_utf8_lossy(&loaded.stdout).into_owned();
    let scored = out.lines().find(|line| line.contains("enterprises scored"));
    say!("{}", scored.unwrap_or_default());
    Ok(bed)
}

/// Codes of enterprises that the load registers.
fn codes(config: &Path) -> Result<Vec<String>> {
    let file = config.with_file_name("landing/msa/registration/0001.csv");
    let text = fs::read_to_string(file)?;
    let codes = text
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next());
    Ok(codes.map(str::to_owned).collect())
}

impl Bed {
    fn program(&self, arguments: &[&str]) -> Command {
        let program = std::env::current_exe().unwrap_or_else(|_| "tocsin".into());
        let mut command = Command::new(program);
        command.args(arguments);
        command.arg("--config").arg(&self.config);
        command.arg("--data").arg(&self.data);
        command.stdin(Stdio::null());
        command
    }

    /// Starts a run, and waits until it is ready.
    fn serve(&self, token: &str, runtime: &Runtime) -> Result<Server> {
        let began = Instant::now();
        let mut command = self.program(&["run", "--listen", &self.at]);
        let child = command.stdout(Stdio::null()).spawn()?;
        let server = Server { child };
        runtime.block_on(async {
            while began.elapsed() < PATIENCE {
                tokio::time::sleep(Duration::from_millis(20)).await;
                if let Ok(mut client) = Client::connect(&self.at, token).await
                    && client.get("/readyz").await.is_ok()
                {
                    return Ok(());
                }
            }
            bail!("the server is not ready")
        })?;
        say!("ready after {:.1} s", began.elapsed().as_secs_f64());
        Ok(server)
    }
}

/// A run of its own; it is killed with the benchmark.
struct Server {
    child: Child,
}

impl Server {
    /// CPU seconds so far.
    fn cpu(&self) -> f64 {
        super::cpu_seconds_of(&self.child.id().to_string())
    }

    fn memory(&self, what: &str) -> u64 {
        super::memory_of(&self.child.id().to_string(), what)
    }

    fn idle(&self) -> Result<()> {
        // What a start has to look at is done by then.
        std::thread::sleep(IDLE);
        let (began, cpu) = (Instant::now(), self.cpu());
        std::thread::sleep(IDLE);
        let share = (self.cpu() - cpu) / began.elapsed().as_secs_f64();
        let memory = self.memory("VmRSS") >> 20;
        say!("idle: {:.2} % of a core, {memory} MB", share * 100.0);
        Ok(())
    }

    fn stop(mut self) -> Result<()> {
        let id = self.child.id().to_string();
        Command::new("kill").arg(id).status()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes the accounts; gives a token of each.
async fn staff(desk: &Desk) -> Result<Vec<String>> {
    let mut tokens = Vec::new();
    for (name, roles) in STAFF {
        let person = Person {
            name: name.to_owned(),
            display: name.to_owned(),
            roles: roles.to_vec(),
            districts: Vec::new(),
            clearance: 4,
            disabled: false,
        };
        let now = now_ms();
        let (token, credential) = secrets::token(name, now, now + DAY_MS)?;
        let id = credential.id.clone();
        let new = PersonAction::Token {
            id,
            expires_ms: credential.expires_ms,
            text: "bench".to_owned(),
        };
        let machine = || Actor::Machine("bench".to_owned());
        let add = Action::Person(PersonAction::Add { person });
        desk.docket
            .act(intent(desk, machine(), &person_subject(name), add)?)
            .await?;
        let with_token = Intent {
            credential: Some(CredentialChange::Put(credential)),
            ..intent(desk, machine(), &person_subject(name), Action::Person(new))?
        };
        desk.docket.act(with_token).await?;
        tokens.push(token);
    }
    Ok(tokens)
}

fn intent(desk: &Desk, who: Actor, subject: &str, action: Action) -> Result<Intent> {
    Ok(Intent {
        who,
        role: String::new(),
        purpose: desk.settings.purpose.clone(),
        subject: subject.to_owned(),
        key: secrets::id()?,
        action,
        expected: None,
        time_ms: desk.now_ms(),
        credential: None,
    })
}

/// Waits until the policy opens no more cases, and says how fast it did.
async fn opened(desk: &Desk) -> Result<()> {
    let began = Instant::now();
    let (mut last, mut since) = (desk.docket.head().await?.0, Instant::now());
    let first = last;
    while since.elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = desk.docket.head().await?.0;
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
    let seconds = (since - began).as_secs_f64().max(0.05);
    say!(
        "the policy opened {} cases within {seconds:.1} s of being ready",
        last - first
    );
    Ok(())
}

/// Works through a part of the cases and lets people look at things until the log
/// has so many lines; gives cases that are being worked on.
async fn fill(desk: &Desk, lines: u64, codes: &[String]) -> Result<Vec<String>> {
    let began = Instant::now();
    let (mut after, mut at_work, mut number, mut total) = (None, Vec::new(), 0_usize, 0_usize);
    loop {
        let filter = CaseFilter {
            stage: Some(Stage::Issued),
            after,
            limit: 500,
            ..CaseFilter::default()
        };
        let page = desk.docket.cases(&filter).await?;
        let mut deeds = Vec::new();
        for case in &page.cases {
            number += 1;
            deeds.extend(work(desk, &case.id, number)?);
            if number % 3 == 0 && number % 100 != 1 {
                at_work.push(case.id.clone());
            }
        }
        total += page.cases.len();
        act(desk, deeds).await?;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut seq = desk.docket.head().await?.0;
    let worked = seq;
    while seq < lines {
        let reads = (lines - seq).min(BATCH as u64);
        let reads = (seq..seq + reads).map(|number| read(desk, number, codes));
        act(desk, reads.collect::<Result<_>>()?).await?;
        seq = desk.docket.head().await?.0;
    }
    say!(
        "{total} cases, {worked} lines of work, {} of looking: written in {:.0} s",
        seq - worked,
        began.elapsed().as_secs_f64()
    );
    Ok(at_work)
}

async fn act(desk: &Desk, deeds: Vec<Intent>) -> Result<()> {
    for done in desk.docket.act_each(deeds).await? {
        done?;
    }
    Ok(())
}

/// What is done in a case: of three, one is taken in, one worked on, one ended; of
/// a hundred one is suspended.
fn work(desk: &Desk, case: &str, number: usize) -> Result<Vec<Intent>> {
    let text = || "现场核查: 办公场所无人, 已询问物业及相邻商户".to_owned();
    let assign = CaseAction::Assign {
        places: Places {
            registered: Some("南屿区".to_owned()),
            ..Places::default()
        },
        investigators: vec!["one".to_owned(), "two".to_owned()],
        text: String::new(),
    };
    let mut deeds = vec![(
        "duty",
        CaseAction::Acknowledge {
            text: String::new(),
        },
    )];
    if number % 100 == 1 {
        let until_ms = desk.now_ms() + 30 * DAY_MS;
        deeds.push((
            "duty",
            CaseAction::Suspend {
                text: text(),
                until_ms,
            },
        ));
    } else if number % 3 != 1 {
        deeds.push(("duty", assign));
        deeds.push(("one", CaseAction::Check { text: text() }));
        deeds.push(("two", CaseAction::Check { text: text() }));
    }
    if number % 3 == 2 && number % 100 != 1 {
        let judged = CaseAction::Judge {
            text: text(),
            founded: false,
        };
        deeds.push(("one", judged));
        deeds.push((
            "two",
            CaseAction::Label {
                outcome: Outcome::Unfounded,
                reason: Some(Reason::OrdinaryBusiness),
                text: text(),
            },
        ));
    }
    let subject = case_subject(case);
    deeds
        .into_iter()
        .map(|(who, action)| {
            let who = Actor::Person(who.to_owned());
            intent(desk, who, &subject, Action::Case(action))
        })
        .collect()
}

/// Somebody looks at an enterprise.
fn read(desk: &Desk, number: u64, codes: &[String]) -> Result<Intent> {
    let (name, roles) = STAFF[number as usize % 3];
    let code = &codes[number as usize * 7_919 % codes.len()];
    let path = format!("/enterprises/{code}");
    let who = Actor::Person(name.to_owned());
    let looked = intent(
        desk,
        who,
        &format!("enterprise/{code}"),
        Action::Read { path },
    )?;
    Ok(Intent {
        role: roles[0].name().to_owned(),
        ..looked
    })
}

/// Asks for every page that people wait for.
async fn pages(bed: &Bed, tokens: &[String], cases: &[String]) -> Result<()> {
    let mut duty = Client::connect(&bed.at, &tokens[0]).await?;
    let mut one = Client::connect(&bed.at, &tokens[1]).await?;
    let mut auditor = Client::connect(&bed.at, &tokens[3]).await?;
    let list = duty
        .get("/api/v1/alerts?status=open&order=ranked&limit=200")
        .await?;
    let list = list.json()?;
    let alerts = list["alerts"].as_array().context("no alerts")?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let ids: Vec<String> = alerts.iter().map(|alert| text(&alert["id"])).collect();
    let codes = alerts.iter().map(|alert| text(&alert["enterprise"]["id"]));
    let codes: Vec<String> = codes.collect();
    let step = (cases.len() / ASKED).max(1);
    let cases: Vec<&String> = cases.iter().step_by(step).collect();
    let each = |before: &str, of: &[&String], after: &str| -> Vec<String> {
        of.iter().map(|id| format!("{before}{id}{after}")).collect()
    };
    let same = |path: &str| vec![path.to_owned()];
    let (ids, codes): (Vec<&String>, Vec<&String>) = (ids.iter().collect(), codes.iter().collect());
    time(&mut duty, "feed", &same("/")).await?;
    time(&mut duty, "feed, red alone", &same("/?level=red")).await?;
    time(
        &mut duty,
        "enterprise's page",
        &each("/enterprises/", &codes, ""),
    )
    .await?;
    time(&mut duty, "API: alert", &each("/api/v1/alerts/", &ids, "")).await?;
    time(
        &mut duty,
        "API: alerts, ranked",
        &same("/api/v1/alerts?status=open&order=ranked"),
    )
    .await?;
    time(&mut duty, "API: alerts, newest", &same("/api/v1/alerts")).await?;
    time(
        &mut duty,
        "API: alerts, not suppressed",
        &same("/api/v1/alerts?status=open&suppressed=no"),
    )
    .await?;
    time(&mut duty, "cases", &same("/cases?open=yes")).await?;
    time(&mut duty, "cases, overdue", &same("/cases?overdue=yes")).await?;
    time(
        &mut one,
        "cases, my own",
        &same("/cases?open=yes&person=me"),
    )
    .await?;
    time(&mut duty, "case's page", &each("/cases/", &cases, "")).await?;
    time(&mut duty, "API: cases", &same("/api/v1/cases?open=yes")).await?;
    time(&mut duty, "API: case", &each("/api/v1/cases/", &cases, "")).await?;
    time(
        &mut duty,
        "API: case's deeds",
        &each("/api/v1/cases/", &cases, "/deeds"),
    )
    .await?;
    time(
        &mut duty,
        "API: suppressions",
        &same("/api/v1/suppressions"),
    )
    .await?;
    time(&mut duty, "API: outcomes", &same("/api/v1/outcomes")).await?;
    time(
        &mut auditor,
        "API: audit, the newest",
        &same("/api/v1/audit?after=999000"),
    )
    .await?;
    time(
        &mut auditor,
        "API: audit, one case",
        &same(&format!("/api/v1/audit?subject=case/{}", cases[0])),
    )
    .await?;
    check(&mut one, &cases).await
}

/// Asks for paths in turn, and says how long the answers took.
async fn time(client: &mut Client, what: &str, paths: &[String]) -> Result<()> {
    let (mut times, mut bytes) = (Vec::new(), 0);
    for path in paths.iter().cycle().take(ASKED) {
        let began = Instant::now();
        let answer = client.get(path).await?;
        times.push(began.elapsed());
        bytes = bytes.max(answer.body.len());
    }
    times.sort_unstable();
    say!("  {what:<28} {}, {} kB", Latencies(times), bytes >> 10);
    Ok(())
}

/// An investigator signs what was found.
async fn check(client: &mut Client, cases: &[&String]) -> Result<()> {
    let mut times = Vec::new();
    for case in cases.iter().take(ASKED) {
        let path = format!("/api/v1/cases/{case}");
        let version = client.get(&path).await?.etag.context("no ETag")?;
        let body = Body {
            kind: "application/json",
            text: r#"{"do":"check","text":"再次核查"}"#,
            more: format!(
                "idempotency-key: {}\r\nif-match: {version}\r\n",
                secrets::id()?
            ),
        };
        let path = format!("{path}/actions");
        let began = Instant::now();
        client.send("POST", &path, body).await?.expect(&path, 200)?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    say!("  {:<28} {}", "API: a finding is signed", Latencies(times));
    Ok(())
}
