//! A receiver of webhooks in the test's own process: keeps what it gets, and
//! answers as the test says. Knows nothing but the standard library, so that the
//! tests of `alerts` use it as well.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// The path.
    pub path: String,
    /// Header fields, their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

/// A status, and further header lines.
pub type Answer = (u16, &'static str);

type Answering = Box<dyn FnMut(&Received) -> Answer + Send>;

/// What all connections share.
struct Shared {
    got: Mutex<Vec<Received>>,
    answering: Mutex<Answering>,
    over: AtomicBool,
}

/// The receiver; it ends when the test lets go of it.
pub struct Receiver {
    /// Where it listens.
    pub at: String,
    shared: Arc<Shared>,
}

impl Receiver {
    /// Starts one that answers as `answering` says, which is asked after the
    /// request is kept.
    pub fn start(answering: impl FnMut(&Received) -> Answer + Send + 'static) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared {
            got: Mutex::default(),
            answering: Mutex::new(Box::new(answering)),
            over: AtomicBool::new(false),
        });
        let all = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if all.over.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&all);
                std::thread::spawn(move || answer(stream, &shared));
            }
        });
        Receiver { at, shared }
    }

    /// One that takes everything.
    pub fn taking() -> Receiver {
        Receiver::start(|_| (204, ""))
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.at)
    }

    /// Everything it got, in the order in which it came.
    pub fn got(&self) -> Vec<Received> {
        self.shared.got.lock().unwrap().clone()
    }

    /// Answers otherwise from now on.
    pub fn answer(&self, answering: impl FnMut(&Received) -> Answer + Send + 'static) {
        *self.shared.answering.lock().unwrap() = Box::new(answering);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(&self.at);
    }
}

/// One request a connection. A caller that was killed says less than a whole one:
/// it is not kept.
fn answer(stream: TcpStream, shared: &Shared) -> Option<()> {
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let request = read(&mut reader)?;
    shared.got.lock().unwrap().push(request.clone());
    let (status, headers) = (shared.answering.lock().unwrap())(&request);
    let head = format!("HTTP/1.1 {status} status\r\n{headers}connection: close\r\n");
    let mut stream = stream;
    let body = if status == 204 {
        ""
    } else {
        "said by the receiver"
    };
    let length = match status {
        204 => String::new(),
        _ => format!("content-length: {}\r\n", body.len()),
    };
    write!(stream, "{head}{length}\r\n{body}").ok()
}

fn read(reader: &mut impl BufRead) -> Option<Received> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received {
        path,
        headers,
        body,
    })
}
