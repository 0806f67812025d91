//! Several processes of the program that work as one.

use super::{World, program, text};
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The exit code where another process was lost.
pub const LOST: i32 = 3;

/// One running process; killed when the test lets go of it.
pub struct Process(Child);

impl Process {
    /// Starts a command.
    pub fn start(mut command: Command) -> Process {
        let piped = command.stdout(Stdio::null()).stderr(Stdio::piped());
        Process(piped.spawn().unwrap())
    }

    /// Waits for its end: the exit code, and what it complained of.
    #[track_caller]
    pub fn ended(self) -> (Option<i32>, String) {
        let ended = self.ended_within(Duration::from_secs(60));
        ended.unwrap_or_else(|_| panic!("it goes on for ever"))
    }

    /// As [`Process::ended`]; gives it back where it goes on for longer.
    pub fn ended_within(mut self, patience: Duration) -> Result<(Option<i32>, String), Process> {
        let end = Instant::now() + patience;
        while self.0.try_wait().unwrap().is_none() {
            if Instant::now() >= end {
                return Err(self);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let code = self.0.wait().unwrap().code();
        let mut err = String::new();
        let mut stream = self.0.stderr.take().unwrap();
        stream.read_to_string(&mut err).unwrap();
        Ok((code, err))
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.0.kill().unwrap();
    }

    /// Sends it a signal by its name.
    pub fn signal(&self, name: &str) {
        let id = self.0.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Several processes on one configuration.
pub struct Cluster<'a> {
    world: &'a World,
    name: String,
    hosts: PathBuf,
    processes: usize,
}

impl<'a> Cluster<'a> {
    /// So many processes on a world's configuration, whose state is below
    /// `name`.
    pub fn new(world: &'a World, name: &str, processes: usize) -> Cluster<'a> {
        let held: Vec<_> = (0..processes)
            .map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let at = held.iter().map(|at| at.local_addr().unwrap().to_string());
        Cluster::at(world, name, &at.collect::<Vec<_>>())
    }

    /// As [`Cluster::new`], at these addresses.
    pub fn at(world: &'a World, name: &str, addresses: &[String]) -> Cluster<'a> {
        let cluster = Cluster {
            hosts: world.path(&format!("{name}.hosts")),
            name: name.to_owned(),
            processes: addresses.len(),
            world,
        };
        fs::write(&cluster.hosts, addresses.join("\n")).unwrap();
        for process in 0..cluster.processes {
            fs::create_dir_all(cluster.data(process)).unwrap();
            fs::write(cluster.data(process).join("pseudonym.key"), [7; 32]).unwrap();
        }
        cluster
    }

    /// The state directory of a process.
    pub fn data(&self, process: usize) -> PathBuf {
        self.world.path(&format!("{}-{process}", self.name))
    }

    /// Files that a process has landed rows in.
    pub fn segments(&self, process: usize) -> usize {
        let folder = self.data(process).join("landing/segments");
        fs::read_dir(folder).unwrap().count()
    }

    /// The arguments of one process.
    pub fn arguments(&self, process: usize, more: &[&str]) -> Vec<String> {
        let (config, data) = (self.world.path("tocsin.toml"), self.data(process));
        let number = process.to_string();
        let common = [
            "run",
            "--no-fsync",
            "--lost-after",
            "2",
            "--join-within",
            "30",
        ];
        let place = ["--config", text(&config), "--data", text(&data)];
        let part = ["--process", &number, "--hosts", text(&self.hosts)];
        let all = [&common[..], &place, &part, more].concat();
        all.into_iter().map(str::to_owned).collect()
    }

    /// The command of one process.
    pub fn command(&self, process: usize, more: &[&str]) -> Command {
        let arguments = self.arguments(process, more);
        program(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Starts every process, process 0 with `leader`, by process.
    pub fn start(&self, workers: &str, leader: &[&str]) -> Vec<Process> {
        let workers = ["--workers", workers];
        let start = |process| match process {
            0 => Process::start(self.command(0, &[leader, &workers].concat())),
            other => Process::start(self.command(other, &workers)),
        };
        // The last first: the order is of no matter.
        let mut started: Vec<Process> = (0..self.processes).rev().map(start).collect();
        started.reverse();
        started
    }

    /// Takes in all that is there; gives the exported scores and the events.
    #[track_caller]
    pub fn once(&self, workers: &str) -> (String, String) {
        let export = self.world.path(&format!("{}.csv", self.name));
        let started = self.start(workers, &["--once", "--export", text(&export)]);
        all_well(started);
        let events = fs::read_to_string(self.data(0).join("alerts.ndjson")).unwrap();
        (fs::read_to_string(export).unwrap(), events)
    }

    /// Everything on one machine again: the files of all below process 0's
    /// landing. What one process can do, it can do then.
    #[track_caller]
    pub fn verify_together(&self) {
        for process in 1..self.processes {
            let from = self.data(process).join("landing/segments");
            for file in fs::read_dir(from).unwrap() {
                let file = file.unwrap();
                let to = self.data(0).join("landing/segments").join(file.file_name());
                fs::copy(file.path(), to).unwrap();
            }
        }
        self.world.verify(&format!("{}-0", self.name));
    }
}

/// Waits until every process has ended in order.
#[track_caller]
pub fn all_well(started: Vec<Process>) {
    for (process, started) in started.into_iter().enumerate() {
        let (code, err) = started.ended();
        assert_eq!(code, Some(0), "process {process}: {err}");
        assert!(!err.contains("panicked"), "process {process}: {err}");
    }
}
