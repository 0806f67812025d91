//! A scenario: a folder with a configuration, sources that deliver into it, and
//! the program that is run on it as its users run it.
//!
//! What it offers is shared by all end-to-end tests; each uses a part.
#![allow(dead_code, clippy::unwrap_used)]

pub mod cluster;
pub mod codes;
pub mod http;
pub mod letters;
pub mod model;
pub mod office;
pub mod receiver;
pub mod schema;
pub mod secured;
pub mod siege;
pub mod state;
pub mod town;

use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The headers of the small world's sources, by folder.
const HEADERS: [(&str, &str); 11] = [
    (
        "msa/registration",
        "统一社会信用代码,企业名称,法定代表人,注册资本,注册号,核准日期",
    ),
    ("msa/contact", "备案编号,代码,联系电话"),
    ("msa/penalty", "文号,代码,当事人,金额,决定日期,op"),
    ("12345/ticket", "工单编号,被反映单位,诉求内容,来电日期,op"),
    ("cyberspace/opinion", "涉及企业,情感,阅读量,发布日期"),
    ("pbc/account", "账户,持有企业代码"),
    ("pbc/personal_account", "账户,持有人"),
    ("pbc/lead", "线索编号,账户,可信度,窗口止,op"),
    ("finance-office/licence", "许可证号,统一社会信用代码,状态"),
    (
        "finance-office/outcome",
        "核查编号,统一社会信用代码,核查结论",
    ),
    ("hrss/insured", "统一社会信用代码,月份,参保人数,统计日期,op"),
];

/// The business day of the small world, unless a test moves it.
pub const TODAY: &str = "2025-06-30";

/// A folder with everything that the program needs.
pub struct World {
    folder: TempDir,
}

/// How a run of the program ended.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; `None`: killed.
    pub code: Option<i32>,
    /// What it printed.
    pub out: String,
    /// What it complained of.
    pub err: String,
}

impl Ran {
    pub fn of(output: Output) -> Ran {
        Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The run, which must have succeeded.
    #[track_caller]
    pub fn ok(self) -> Ran {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self
    }
}

/// The program, with nothing of the caller's settings.
pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tocsin"));
    command.args(arguments).env_remove("TOCSIN_LOG");
    for name in [
        "CONFIG", "DATA", "WORKERS", "NO_FSYNC", "LISTEN", "PROCESS", "HOSTS",
    ] {
        command.env_remove(format!("TOCSIN_{name}"));
    }
    command
}

/// Runs the program to its end.
pub fn tocsin(arguments: &[&str]) -> Ran {
    Ran::of(program(arguments).output().unwrap())
}

impl World {
    /// The small world of `tests/world`, with a model that tells apart almost
    /// any two values of any feature.
    pub fn new() -> World {
        let world = World::with_config("tests/world");
        world.set_day(TODAY);
        let features = world.read("features.toml");
        world.write("model.json", model::sensitive(&features));
        world
    }

    /// A copy of a configuration folder of this package.
    pub fn with_config(folder: &str) -> World {
        let world = World {
            folder: tempfile::tempdir().unwrap(),
        };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        copy(&source, world.folder.path());
        fs::create_dir_all(world.path("landing")).unwrap();
        world
    }

    /// A path in the world's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file of the world.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Writes a file of the world.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Replaces a part of a file of the world, which must be there.
    #[track_caller]
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "`{from}` is not in {name}");
        self.write(name, text.replace(from, to));
    }

    /// Sets the business clock to a day's evening.
    pub fn set_day(&self, day: &str) {
        self.write("clock", format!("{day}T18:00:00+08:00\n"));
    }

    /// Delivers rows: `file` is `agency/resource/name` without `.csv`; a new
    /// file begins with its source's header. An empty `rows` makes a file that
    /// has the header alone.
    pub fn deliver(&self, file: &str, rows: &str) {
        let path = self.path(&format!("landing/{file}.csv"));
        let mut text = String::new();
        if !path.exists() {
            let folder = file.rsplit_once('/').unwrap().0;
            let header = HEADERS.iter().find(|(of, _)| *of == folder).unwrap().1;
            text = format!("{header}\n");
        }
        text.push_str(rows);
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        self.append(&format!("landing/{file}.csv"), text);
    }

    /// Appends to a file of the world, in one go.
    pub fn append(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        file.write_all(content.as_ref()).unwrap();
    }

    /// Puts a file in its place as a whole.
    pub fn put_whole(&self, name: &str, content: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let next = path.with_extension("next");
        fs::write(&next, content).unwrap();
        fs::rename(next, path).unwrap();
    }

    /// Runs a subcommand on this world's configuration and the state `data`.
    pub fn tocsin(&self, data: &str, arguments: &[&str]) -> Ran {
        let (config, data) = (self.path("tocsin.toml"), self.path(data));
        let place = ["--config", text(&config), "--data", text(&data)];
        tocsin(&[arguments, &place, &["--no-fsync"]].concat())
    }

    /// Takes in all that is there, and gives the exported scores.
    #[track_caller]
    pub fn scores(&self, data: &str) -> String {
        let file = self.path(&format!("{data}.csv"));
        self.tocsin(data, &["run", "--once", "--export", text(&file)])
            .ok();
        fs::read_to_string(file).unwrap()
    }

    /// What `run --once` prints.
    #[track_caller]
    pub fn run_once(&self, data: &str) -> String {
        self.tocsin(data, &["run", "--once"]).ok().out
    }

    /// `tocsin verify` must find no difference.
    #[track_caller]
    pub fn verify(&self, data: &str) {
        self.tocsin(data, &["verify"]).ok();
    }

    /// `tocsin explain --json`.
    #[track_caller]
    pub fn explain(&self, data: &str, id: &str) -> Value {
        let ran = self.tocsin(data, &["explain", id, "--json"]).ok();
        serde_json::from_str(&ran.out).unwrap()
    }

    /// The same scores as a fresh run over the files as they are now, byte for
    /// byte; gives them.
    #[track_caller]
    pub fn same_as_fresh(&self, data: &str) -> String {
        let scores = self.scores(data);
        self.verify(data);
        let fresh = self.scores("fresh");
        fs::remove_dir_all(self.path("fresh")).unwrap();
        assert_eq!(scores, fresh, "incremental (left), fresh (right)");
        scores
    }

    /// Starts a live run, its commits as durable as they are for users.
    pub fn live(&self, data: &str, listen: &str) -> Live {
        let (config, data) = (self.path("tocsin.toml"), self.path(data));
        let child = program(&["run", "--poll-ms", "10", "--listen", listen])
            .env("TOCSIN_LOG", "info")
            .args(["--config", text(&config), "--data", text(&data)])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let at = listen.to_owned();
        Live { child, at }
    }

    /// Starts a live run and waits until it has taken in what was there.
    #[track_caller]
    pub fn ready(&self, data: &str) -> Live {
        let live = self.live(data, &http::free_address());
        wait_until("the run is ready", || {
            http::try_get(&live.at, "/readyz").is_some_and(|reply| reply.status == 200)
        });
        live
    }
}

/// A live run; it is killed when the test lets go of it.
pub struct Live {
    child: Child,
    /// Where it listens.
    pub at: String,
}

impl Live {
    /// `kill -9`. Gives what it had complained of.
    pub fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.ended().1
    }

    /// SIGTERM; it must end in order.
    #[track_caller]
    pub fn stop(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(&id).status().unwrap().success());
        let (code, err) = self.ended();
        assert_eq!(code, Some(0), "{err}");
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    fn ended(&mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        let mut err = String::new();
        if let Some(mut stream) = self.child.stderr.take() {
            std::io::Read::read_to_string(&mut stream, &mut err).unwrap();
        }
        (code, err)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until `done`, at most half a minute.
#[track_caller]
pub fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// One enterprise's line of exported scores.
#[track_caller]
pub fn line_of<'a>(scores: &'a str, id: &str) -> &'a str {
    let found = scores.lines().find(|line| line.starts_with(id));
    found.unwrap_or_else(|| panic!("`{id}` is not among the scores:\n{scores}"))
}

/// One enterprise's log-odds in exported scores.
#[track_caller]
pub fn log_odds(scores: &str, id: &str) -> i64 {
    line_of(scores, id)
        .split(',')
        .nth(3)
        .unwrap()
        .parse()
        .unwrap()
}

/// The part of a report that is about one source.
#[track_caller]
pub fn section<'a>(report: &'a str, source: &str) -> &'a str {
    let start = report
        .find(source)
        .unwrap_or_else(|| panic!("no `{source}` in:\n{report}"));
    let rest = &report[start..];
    let end = rest.find("\n").map_or(rest.len(), |line| {
        let next = rest[line + 1..]
            .lines()
            .take_while(|line| line.starts_with("    "));
        line + 1 + next.map(|line| line.len() + 1).sum::<usize>()
    });
    &rest[..end]
}

/// The figures of a source's line: read, accepted, duplicate, corrected,
/// withdrawn, cleaned, rejected, matched.
#[track_caller]
pub fn figures(report: &str, source: &str) -> Vec<u64> {
    let line = section(report, source).lines().next().unwrap();
    line.split_whitespace()
        .skip(1)
        .map(|figure| figure.parse().unwrap())
        .collect()
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
