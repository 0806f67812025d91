//! An SMTP relay in the test's own process: keeps the letters it gets. Knows
//! nothing but the standard library and base64.
#![allow(dead_code, clippy::unwrap_used)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A letter as it came.
#[derive(Debug, Clone, Default)]
pub struct Letter {
    /// Whom the envelope names.
    pub to: Vec<String>,
    /// Head and body, as they were sent.
    pub raw: String,
}

impl Letter {
    /// A header field, its encoded words decoded.
    pub fn header(&self, name: &str) -> String {
        let (head, _) = self.raw.split_once("\r\n\r\n").unwrap();
        let head = head.replace("\r\n ", " ");
        let found = head
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name}: ")));
        let words = found.unwrap_or_default().split(' ').map(word);
        words.collect::<Vec<_>>().join(" ")
    }

    /// The text, decoded.
    pub fn text(&self) -> String {
        let (_, body) = self.raw.split_once("\r\n\r\n").unwrap();
        match self.header("Content-Transfer-Encoding").as_str() {
            "base64" => decoded(&body.replace("\r\n", "")),
            "quoted-printable" => unquoted(body),
            _ => body.to_owned(),
        }
    }
}

fn word(word: &str) -> String {
    let coded = word.strip_prefix("=?utf-8?b?");
    let coded = coded.and_then(|coded| coded.strip_suffix("?="));
    coded.map_or_else(|| word.to_owned(), decoded)
}

fn decoded(coded: &str) -> String {
    String::from_utf8(STANDARD.decode(coded).unwrap()).unwrap()
}

fn unquoted(text: &str) -> String {
    let text = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'=' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            let digits = std::str::from_utf8(&digits).unwrap().to_owned();
            bytes.push(u8::from_str_radix(&digits, 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// The relay.
pub struct Relay {
    /// Where it listens.
    pub at: String,
    letters: Arc<Mutex<Vec<Letter>>>,
    /// What it answers to a recipient.
    says: Arc<Mutex<&'static str>>,
}

impl Relay {
    /// Starts one.
    pub fn start() -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap().to_string();
        let (letters, says) = (Arc::default(), Arc::new(Mutex::new("250 ok")));
        let relay = Relay { at, letters, says };
        let (letters, says) = (Arc::clone(&relay.letters), Arc::clone(&relay.says));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (letters, says) = (Arc::clone(&letters), Arc::clone(&says));
                std::thread::spawn(move || serve(stream, &letters, &says));
            }
        });
        relay
    }

    /// The letters that came, in their order.
    pub fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap().clone()
    }

    /// Answers so to every recipient from now on.
    pub fn say(&self, answer: &'static str) {
        *self.says.lock().unwrap() = answer;
    }
}

fn serve(
    stream: TcpStream,
    letters: &Mutex<Vec<Letter>>,
    says: &Mutex<&'static str>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    stream.write_all(b"220 test\r\n")?;
    let mut letter = Letter::default();
    let mut line = String::new();
    while reader.read_line(&mut line)? > 0 {
        let command = line.trim_end().to_owned();
        line.clear();
        let answer = match command.get(..4).unwrap_or_default() {
            "RCPT" => {
                letter.to.push(command["RCPT TO:".len()..].to_owned());
                says.lock().unwrap().to_string()
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                while reader.read_line(&mut line)? > 0 && line != ".\r\n" {
                    letter.raw += line.strip_prefix('.').unwrap_or(&line);
                    line.clear();
                }
                line.clear();
                letters.lock().unwrap().push(std::mem::take(&mut letter));
                "250 kept".to_owned()
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n")?;
                return Ok(());
            }
            "RSET" => {
                letter = Letter::default();
                "250 ok".to_owned()
            }
            _ => "250 ok".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes())?;
    }
    Ok(())
}
