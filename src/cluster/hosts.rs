//! The list of processes: one `host:port` a line, the first is process 0.

use anyhow::{Context, Result, bail};
use std::path::Path;

/// Most processes of a cluster: each has its own range of segment numbers.
pub const MAX_PROCESSES: usize = 63;

/// Reads the addresses of all processes, and checks that `process` is one.
///
/// # Errors
/// A line that is no `host:port` or is there twice, a file without lines, or a
/// number beyond its lines.
pub fn read(file: &Path, process: usize) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("hosts file `{}` cannot be read", file.display()))?;
    let hosts = parse(&text).with_context(|| format!("hosts file `{}`", file.display()))?;
    if process >= hosts.len() {
        bail!(
            "--process {process}: hosts file `{}` has {} processes, numbered from 0",
            file.display(),
            hosts.len()
        );
    }
    Ok(hosts)
}

fn parse(text: &str) -> Result<Vec<String>> {
    let mut hosts: Vec<String> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let (number, host) = (number + 1, line.trim());
        if host.is_empty() || host.starts_with('#') {
            continue;
        }
        let port = host.rsplit_once(':').filter(|(name, _)| !name.is_empty());
        let port = port.and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_none_or(|port| port == 0) {
            bail!("line {number}: `{host}` is no `host:port` with a port from 1 to 65535");
        }
        if hosts.iter().any(|known| known == host) {
            bail!("line {number}: `{host}` is there twice");
        }
        hosts.push(host.to_owned());
    }
    match hosts.len() {
        0 => bail!("it names no process; write one `host:port` a line"),
        1..=MAX_PROCESSES => Ok(hosts),
        more => bail!("it names {more} processes; at most {MAX_PROCESSES} are allowed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_process() {
        let hosts = parse("# first\n10.0.0.1:7000\n\n  b.example:7001 \n").unwrap();
        assert_eq!(hosts, ["10.0.0.1:7000", "b.example:7001"]);
    }

    #[test]
    fn faults_name_line_and_value() {
        for (text, fault) in [
            ("a:1\nb\n", "line 2: `b` is no `host:port`"),
            ("a:0\n", "line 1: `a:0` is no"),
            (":7\n", "line 1: `:7` is no"),
            ("a:1\na:1\n", "line 2: `a:1` is there twice"),
            ("\n", "it names no process"),
        ] {
            let found = parse(text).unwrap_err().to_string();
            assert!(found.contains(fault), "{found}");
        }
    }
}
