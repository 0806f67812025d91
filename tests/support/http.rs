//! A client of a few lines: what it sends and gets is all there is.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The head, as it came.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Reply {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

impl Reply {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }
}

/// An address that nobody listens on.
pub fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// GET; `None`: nobody answers.
pub fn try_get(to: &str, path: &str) -> Option<Reply> {
    send(connect(to).ok()?, &format!("GET {path} HTTP/1.1\r\n"), "")
}

/// GET.
#[track_caller]
pub fn get(to: &str, path: &str) -> Reply {
    try_get(to, path).unwrap()
}

/// POST of CSV.
#[track_caller]
pub fn post(to: &str, path: &str, body: &str) -> Reply {
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\r\ncontent-type: text/csv\r\ncontent-length: {length}\r\n");
    send(connect(to).unwrap(), &head, body).unwrap()
}

/// POST of JSON.
#[track_caller]
pub fn post_json(to: &str, path: &str, body: &str) -> Reply {
    let length = body.len();
    let kind = "content-type: application/json";
    let head = format!("POST {path} HTTP/1.1\r\n{kind}\r\ncontent-length: {length}\r\n");
    send(connect(to).unwrap(), &head, body).unwrap()
}

/// Anything; `None`: nobody answers, or not to the end.
pub fn try_request(
    to: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<Reply> {
    send(
        connect(to).ok()?,
        &head_of(method, path, headers, body),
        body,
    )
}

/// The status alone, of answers that may never end.
#[track_caller]
pub fn status(to: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> u16 {
    let mut stream = connect(to).unwrap();
    let head = head_of(method, path, headers, body);
    let request = format!("{head}host: test\r\nconnection: close\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).unwrap();
    let status = std::str::from_utf8(&first[9..]).unwrap();
    status
        .parse()
        .unwrap_or_else(|_| panic!("{method} {path}: {first:?}"))
}

fn head_of(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head
}

fn connect(to: &str) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn send(mut stream: TcpStream, head: &str, body: &str) -> Option<Reply> {
    let request = format!("{head}host: test\r\nconnection: close\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some(Reply {
        status: head.split(' ').nth(1)?.parse().ok()?,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}

/// A live stream of alert events.
pub struct Events {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Events {
    /// Opens it, to go on after an event.
    pub fn after(to: &str, last_event_id: u64) -> Events {
        let mut stream = connect(to).unwrap();
        let head = "GET /api/v1/alerts/stream HTTP/1.1\r\nhost: test\r\n";
        let head = format!("{head}last-event-id: {last_event_id}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        Events {
            stream,
            answer: Vec::new(),
        }
    }

    /// The next events, as many as `count` in all since it was opened: the
    /// sequence number of each and what it says.
    #[track_caller]
    pub fn take(&mut self, count: usize) -> Vec<(u64, Value)> {
        let mut bytes = [0; 4_096];
        loop {
            // A character may have come in part: it is in no whole event yet.
            let text = String::from_utf8_lossy(&self.answer);
            let found = parse(&text);
            if found.len() >= count {
                return found;
            }
            let read = self.stream.read(&mut bytes).unwrap();
            assert!(read > 0, "the stream ended after {text}");
            self.answer.extend_from_slice(&bytes[..read]);
        }
    }
}

/// Whole events only; the pieces that the answer is sent in may break lines, so
/// their lengths are taken out first.
fn parse(text: &str) -> Vec<(u64, Value)> {
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let plain: Vec<&str> = body.split("\r\n").filter(|part| !is_length(part)).collect();
    let plain = plain.concat();
    let whole = plain
        .split_inclusive("\n\n")
        .filter(|event| event.ends_with("\n\n"));
    whole.filter_map(event).collect()
}

fn is_length(part: &str) -> bool {
    part.len() < 8 && u32::from_str_radix(part, 16).is_ok()
}

fn event(text: &str) -> Option<(u64, Value)> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    let id = field("id: ")?.parse().ok()?;
    Some((id, serde_json::from_str(field("data: ")?).ok()?))
}
