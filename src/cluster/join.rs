//! How processes find each other: each listens on its own address and calls
//! those of a lower number, twice, once for each purpose.

use super::hello::{Failure, Greeter, Purpose};
use anyhow::{Context, Result, bail};
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// How long between two tries.
const PAUSE: Duration = Duration::from_millis(100);
/// How long an address may stay in use.
const GONE_WITHIN: Duration = Duration::from_secs(5);
/// How often to say for whom one waits.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// The connections to all other processes, by process; `None` for this one.
#[derive(Debug, Default)]
pub struct Connections {
    /// For orders and rows.
    pub links: Vec<Option<TcpStream>>,
    /// For timely's workers.
    pub dataflow: Vec<Option<TcpStream>>,
}

impl Connections {
    fn put(&mut self, process: usize, purpose: Purpose, stream: TcpStream) {
        match purpose {
            Purpose::Link => self.links[process] = Some(stream),
            Purpose::Dataflow => self.dataflow[process] = Some(stream),
        }
    }

    /// The processes that are not connected yet.
    fn missing(&self, own: usize) -> Vec<usize> {
        let both =
            |process: &usize| self.links[*process].is_some() && self.dataflow[*process].is_some();
        (0..self.links.len())
            .filter(|process| *process != own && !both(process))
            .collect()
    }
}

/// Connects with all other processes, which may start earlier or later.
///
/// # Errors
/// When the own address cannot be listened on, another process refuses, or some
/// have not come by the end of `patience`.
pub fn join(greeter: &Greeter, patience: Duration) -> Result<Connections> {
    let hosts = &greeter.terms.hosts;
    let own = &hosts[greeter.process];
    let listener = listen(own)
        .with_context(|| format!("process {} cannot listen on `{own}`", greeter.process))?;
    listener.set_nonblocking(true)?;
    let empty = || hosts.iter().map(|_| None).collect();
    let mut connected = Connections {
        links: empty(),
        dataflow: empty(),
    };
    let began = Instant::now();
    let mut say_at = began + SAY_EVERY;
    loop {
        call_lower(greeter, &mut connected)?;
        answer_all(greeter, &listener, &mut connected);
        let missing = connected.missing(greeter.process);
        if missing.is_empty() {
            return Ok(connected);
        }
        let whom: Vec<String> = missing
            .iter()
            .map(|process| format!("process {process} ({})", hosts[*process]))
            .collect();
        if began.elapsed() >= patience {
            bail!(
                "{} has not come within {} s: start every process with its own --process and the same hosts file",
                whom.join(", "),
                patience.as_secs()
            );
        }
        if Instant::now() >= say_at {
            eprintln!("tocsin: waiting for {}", whom.join(", "));
            say_at += SAY_EVERY;
        }
        std::thread::sleep(PAUSE);
    }
}

/// Listens on the own address; the process that was here before may not be quite
/// gone.
fn listen(own: &str) -> std::io::Result<TcpListener> {
    let end = Instant::now() + GONE_WITHIN;
    loop {
        match TcpListener::bind(own) {
            Err(error) if error.kind() == ErrorKind::AddrInUse && Instant::now() < end => {
                std::thread::sleep(PAUSE);
            }
            bound => return bound,
        }
    }
}

/// Calls every process of a lower number that is not connected yet.
fn call_lower(greeter: &Greeter, connected: &mut Connections) -> Result<()> {
    for process in 0..greeter.process {
        for purpose in [Purpose::Link, Purpose::Dataflow] {
            let there = match purpose {
                Purpose::Link => &connected.links[process],
                Purpose::Dataflow => &connected.dataflow[process],
            };
            if there.is_some() {
                continue;
            }
            let host = &greeter.terms.hosts[process];
            let Some(mut stream) = call(host) else {
                break;
            };
            match greeter.call(&mut stream, process, purpose) {
                Ok(()) => connected.put(process, purpose, stream),
                Err(Failure::Refused(why)) => bail!("process {process} ({host}) refuses: {why}"),
                Err(Failure::Broken(error)) => {
                    tracing::info!(process, %error, "a greeting failed; it is tried again");
                }
            }
        }
    }
    Ok(())
}

/// A connection to one of the addresses that a name means.
fn call(host: &str) -> Option<TcpStream> {
    use std::net::ToSocketAddrs;
    let addresses = host.to_socket_addrs().ok()?;
    let mut connected =
        addresses.filter_map(|at| TcpStream::connect_timeout(&at, Duration::from_secs(2)).ok());
    connected.next()
}

/// Answers whoever has called. Who calls again has started again.
fn answer_all(greeter: &Greeter, listener: &TcpListener, connected: &mut Connections) {
    while let Ok((mut stream, from)) = listener.accept() {
        if stream.set_nonblocking(false).is_err() {
            continue;
        }
        match greeter.answer(&mut stream) {
            Ok((process, purpose)) => connected.put(process, purpose, stream),
            Err(Failure::Refused(why)) => eprintln!("tocsin: refused {from}: {why}"),
            Err(Failure::Broken(error)) => {
                tracing::info!(%from, %error, "a greeting failed");
            }
        }
    }
}
