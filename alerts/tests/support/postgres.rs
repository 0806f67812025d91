//! A PostgreSQL of a test's own, where its programs are on the machine.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A running server; it ends when it is dropped.
pub struct Postgres {
    server: Child,
    folder: TempDir,
}

impl Postgres {
    /// Starts one; `None`, with the reason printed: it cannot.
    pub fn start() -> Option<Postgres> {
        let Some(programs) = programs() else {
            eprintln!("skipped: no PostgreSQL below /usr/lib/postgresql or in PATH");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let user = user();
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(folder.path(), Some(uid), Some(gid)).unwrap();
        } else if is_root() {
            eprintln!("skipped: PostgreSQL does not run as root, and there is no user `postgres`");
            return None;
        }
        let data = folder.path().join("data");
        let mut initdb = command(&programs.join("initdb"), user);
        initdb.args([
            "--no-sync",
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "-D",
        ]);
        let made = initdb.arg(&data).output().unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let mut server = command(&programs.join("postgres"), user);
        server.arg("-D").arg(&data).arg("-k").arg(folder.path());
        server.args(["-F", "-c", "listen_addresses="]);
        let server = server
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let postgres = Postgres { server, folder };
        let socket = postgres.folder.path().join(".s.PGSQL.5432");
        let end = Instant::now() + Duration::from_secs(30);
        while !socket.exists() {
            assert!(Instant::now() < end, "PostgreSQL does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(postgres)
    }

    /// The address of a database; `postgres` is always there.
    pub fn address(&self, database: &str) -> String {
        let folder = self.folder.path().display();
        format!("postgres://postgres@localhost/{database}?host={folder}")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGQUIT: at once, without waiting for clients.
        let id = self.server.id().to_string();
        let _ = Command::new("kill").args(["-QUIT", &id]).status();
        let _ = self.server.wait();
    }
}

fn command(program: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/").env("LC_ALL", "C.UTF-8");
    if let Some((uid, gid)) = user {
        command.gid(gid).uid(uid);
    }
    command
}

fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = versions.flatten().map(|entry| entry.path().join("bin"));
    folders
        .filter(|folder| folder.join("initdb").exists())
        .max()
}

fn is_root() -> bool {
    number("id", &["-u"]) == Some(0)
}

/// Whom to run it as: root may not.
fn user() -> Option<(u32, u32)> {
    match is_root() {
        false => None,
        true => Some((
            number("id", &["-u", "postgres"])?,
            number("id", &["-g", "postgres"])?,
        )),
    }
}

fn number(program: &str, arguments: &[&str]) -> Option<u32> {
    let output = Command::new(program).args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
