//! Configuration, load and a `tocsin run` of its own, which is killed with the
//! benchmark.

use super::super::client::Client;
use super::super::{CONFIG, SEED, cpu_seconds_of, memory_of};
use crate::cli::Bench;
use crate::demo::write_config;
use anyhow::{Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// What is added to the load's configuration: with ten records an enterprise, four in
/// five have an alert.
const LEVELS: &str = "\n[levels]\nthresholds = { blue = 20, yellow = 25, orange = 30, red = 40 }\n";

/// How long the idle server is watched.
const IDLE: Duration = Duration::from_secs(10);

/// How long it may take to be ready.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// Where everything is.
pub(super) struct Bed {
    pub(super) config: PathBuf,
    data: PathBuf,
    pub(super) at: String,
}

/// Writes configuration and load, and takes it in.
pub(super) fn prepare(args: &Bench, folder: &Path) -> Result<Bed> {
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
pub(super) fn codes(config: &Path) -> Result<Vec<String>> {
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
    pub(super) fn serve(&self, token: &str, runtime: &Runtime) -> Result<Server> {
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
pub(super) struct Server {
    child: Child,
}

impl Server {
    /// CPU seconds so far.
    pub(super) fn cpu(&self) -> f64 {
        cpu_seconds_of(&self.child.id().to_string())
    }

    pub(super) fn memory(&self, what: &str) -> u64 {
        memory_of(&self.child.id().to_string(), what)
    }

    pub(super) fn idle(&self) -> Result<()> {
        // What a start has to look at is done by then.
        std::thread::sleep(IDLE);
        let (began, cpu) = (Instant::now(), self.cpu());
        std::thread::sleep(IDLE);
        let share = (self.cpu() - cpu) / began.elapsed().as_secs_f64();
        let memory = self.memory("VmRSS") >> 20;
        say!("idle: {:.2} % of a core, {memory} MB", share * 100.0);
        Ok(())
    }

    pub(super) fn stop(mut self) -> Result<()> {
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
