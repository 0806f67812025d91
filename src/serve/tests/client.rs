//! A client of a few lines: what it sends and gets is all there is.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer.
pub(super) struct Reply {
    pub(super) status: u16,
    /// The head, in lower case.
    pub(super) head: String,
    pub(super) body: String,
}

impl Reply {
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(super) fn get(to: SocketAddr, path: &str) -> Reply {
    send(to, &format!("GET {path} HTTP/1.1\r\n"), b"")
}

pub(super) fn post(to: SocketAddr, path: &str, kind: &str, body: &[u8]) -> Reply {
    let head = format!(
        "POST {path} HTTP/1.1\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n",
        body.len()
    );
    send(to, &head, body)
}

fn send(to: SocketAddr, head: &str, body: &[u8]) -> Reply {
    let mut stream = connect(to, head);
    // A server that refuses early may close before it has read everything.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply {
        status,
        head: head.to_lowercase(),
        body: body.to_owned(),
    }
}

fn connect(to: SocketAddr, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!("{head}host: test\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// A live stream.
pub(super) struct Live {
    stream: TcpStream,
    text: String,
}

impl Live {
    pub(super) fn open(to: SocketAddr, path: &str, last_event_id: Option<u64>) -> Live {
        let id = last_event_id
            .map(|id| format!("last-event-id: {id}\r\n"))
            .unwrap_or_default();
        let stream = connect(to, &format!("GET {path} HTTP/1.1\r\n{id}"));
        Live {
            stream,
            text: String::new(),
        }
    }

    /// Reads on until the text holds `wanted` so many times.
    pub(super) fn until(&mut self, wanted: &str, times: usize) -> &str {
        let mut bytes = [0; 4096];
        while self.text.matches(wanted).count() < times {
            let read = self.stream.read(&mut bytes).unwrap();
            assert!(read > 0, "the stream ended after {:?}", self.text);
            self.text.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
        &self.text
    }

    /// Whether the server ends it.
    pub(super) fn ends(&mut self) -> bool {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).is_ok()
    }
}
