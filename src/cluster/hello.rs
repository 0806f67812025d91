//! The first words between two processes: who is calling whom, whether both
//! would compute the same, and whether both hold the same secret.
//!
//! The secret (`pseudonym.key`) does not travel: each side proves that it has it
//! by a keyed hash over both sides' random numbers. What follows is not
//! encrypted: a cluster's network is one that only its machines are on.

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Says that this is a process of a cluster, and how it begins.
const MAGIC: &[u8; 16] = b"tocsin cluster 1";
/// No greeting is longer.
const MAX_BYTES: u32 = 1 << 20;
/// How long a greeting may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Differences named at most.
const NAMED: usize = 8;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// Orders, reports, questions and rows.
    Link,
    /// What timely's workers exchange.
    Dataflow,
}

/// What all processes must agree on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Hash of the program.
    pub build: String,
    /// The addresses of all processes.
    pub hosts: Vec<String>,
    /// Workers of each process.
    pub workers: usize,
    /// Hash of each part of the configuration.
    pub parts: BTreeMap<String, String>,
}

impl Terms {
    /// What differs, in words.
    fn differences(&self, theirs: &Terms) -> Vec<String> {
        let mut found = Vec::new();
        if self.build != theirs.build {
            found.push(format!("the program ({} / {})", self.build, theirs.build));
        }
        if self.hosts != theirs.hosts {
            found.push(format!(
                "the hosts file ({} / {})",
                self.hosts.join(" "),
                theirs.hosts.join(" ")
            ));
        }
        if self.workers != theirs.workers {
            found.push(format!("--workers ({} / {})", self.workers, theirs.workers));
        }
        let names: BTreeSet<&String> = self.parts.keys().chain(theirs.parts.keys()).collect();
        for name in names {
            found.extend(match (self.parts.get(name), theirs.parts.get(name)) {
                (Some(_), None) => Some(format!("{name} (there is none there)")),
                (None, Some(_)) => Some(format!("{name} (there is none here)")),
                (ours, theirs) => (ours != theirs).then(|| name.clone()),
            });
        }
        let more = found.len().saturating_sub(NAMED);
        found.truncate(NAMED);
        if more > 0 {
            found.push(format!("and {more} more"));
        }
        found
    }
}

/// How a process introduces itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Hello {
    from: usize,
    to: usize,
    purpose: Purpose,
    terms: Terms,
    nonce: [u8; 32],
}

/// The answer to a greeting.
#[derive(Debug, Serialize, Deserialize)]
enum Reply {
    Welcome { nonce: [u8; 32], proof: [u8; 32] },
    Refused(String),
}

/// Why a greeting failed.
#[derive(Debug)]
pub enum Failure {
    /// The other side is there and does not fit: trying again is of no use.
    Refused(String),
    /// Nothing came of it.
    Broken(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Failure::Broken(error)
    }
}

/// A process as it greets.
#[derive(Debug, Clone)]
pub struct Greeter {
    /// Its number.
    pub process: usize,
    /// What it runs by.
    pub terms: Terms,
    /// The secret that all must hold.
    pub key: [u8; 32],
}

impl Greeter {
    /// Greets process `to` on a fresh connection.
    ///
    /// # Errors
    /// [`Failure::Refused`] with the difference; any failure of the connection.
    pub fn call(&self, stream: &mut TcpStream, to: usize, purpose: Purpose) -> Result<(), Failure> {
        patiently(stream)?;
        let hello = Hello {
            from: self.process,
            to,
            purpose,
            terms: self.terms.clone(),
            nonce: nonce()?,
        };
        stream.write_all(MAGIC).context("greeting")?;
        write(stream, &hello)?;
        let (theirs, proof) = match read::<Reply>(stream)? {
            Reply::Welcome { nonce, proof } => (nonce, proof),
            Reply::Refused(why) => return Err(Failure::Refused(why)),
        };
        if proof != self.proof(b"called", &hello, theirs) {
            let why = other_key(to);
            return Err(Failure::Refused(why));
        }
        write(stream, &self.proof(b"caller", &hello, theirs))?;
        match read::<Option<String>>(stream)? {
            None => Ok(at_ease(stream)?),
            Some(why) => Err(Failure::Refused(why)),
        }
    }

    /// Answers a greeting; gives who called and what for. Only processes of a
    /// higher number call.
    ///
    /// # Errors
    /// [`Failure::Refused`] when the caller was refused; any failure of the
    /// connection.
    pub fn answer(&self, stream: &mut TcpStream) -> Result<(usize, Purpose), Failure> {
        patiently(stream)?;
        let mut magic = [0; MAGIC.len()];
        stream.read_exact(&mut magic).context("greeting")?;
        if magic != *MAGIC {
            return Err(Failure::Broken(anyhow::anyhow!("no process of a cluster")));
        }
        let hello: Hello = read(stream)?;
        if let Some(why) = self.objection(&hello) {
            write(stream, &Reply::Refused(why.clone()))?;
            return Err(Failure::Refused(format!("process {}: {why}", hello.from)));
        }
        let nonce = nonce()?;
        let proof = self.proof(b"called", &hello, nonce);
        write(stream, &Reply::Welcome { nonce, proof })?;
        let theirs: [u8; 32] = read(stream)?;
        if theirs != self.proof(b"caller", &hello, nonce) {
            let why = other_key(self.process);
            write(stream, &Some(why.clone()))?;
            return Err(Failure::Refused(format!("process {}: {why}", hello.from)));
        }
        write(stream, &None::<String>)?;
        at_ease(stream)?;
        Ok((hello.from, hello.purpose))
    }

    fn objection(&self, hello: &Hello) -> Option<String> {
        let differences = self.terms.differences(&hello.terms);
        if !differences.is_empty() {
            return Some(format!(
                "process {} (first) and process {} (second) differ in: {}; all must run the same program on the same configuration",
                self.process,
                hello.from,
                differences.join("; ")
            ));
        }
        let expected = self.process + 1..self.terms.hosts.len();
        (hello.to != self.process || !expected.contains(&hello.from)).then(|| {
            format!(
                "process {} is called by {} as process {}: is a --process given twice?",
                self.process, hello.from, hello.to
            )
        })
    }

    fn proof(&self, role: &[u8], hello: &Hello, answer: [u8; 32]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(MAGIC);
        hasher.update(role);
        hasher.update(&hello.nonce);
        hasher.update(&answer);
        hasher.update(&[hello.from as u8, hello.to as u8, hello.purpose as u8]);
        *hasher.finalize().as_bytes()
    }
}

fn other_key(process: usize) -> String {
    format!(
        "process {process} holds another `pseudonym.key`: copy that of process 0's state directory to every other one"
    )
}

fn nonce() -> Result<[u8; 32]> {
    let mut nonce = [0; 32];
    let mut random = std::fs::File::open("/dev/urandom").context("no random bytes")?;
    random.read_exact(&mut nonce).context("no random bytes")?;
    Ok(nonce)
}

fn patiently(stream: &TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(())
}

fn at_ease(stream: &TcpStream) -> Result<()> {
    stream.set_read_timeout(None)?;
    stream.set_write_timeout(None)?;
    Ok(())
}

fn write(stream: &mut TcpStream, words: &impl Serialize) -> Result<()> {
    let words = serde_json::to_vec(words)?;
    stream.write_all(&(words.len() as u32).to_be_bytes())?;
    stream.write_all(&words)?;
    Ok(())
}

fn read<T: DeserializeOwned>(stream: &mut TcpStream) -> Result<T> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    if length > MAX_BYTES {
        bail!("a greeting of {length} bytes");
    }
    let mut words = vec![0; length as usize];
    stream.read_exact(&mut words)?;
    Ok(serde_json::from_slice(&words)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn greeter(process: usize) -> Greeter {
        let terms = Terms {
            build: "b".into(),
            hosts: vec!["a:1".into(), "b:1".into()],
            workers: 2,
            parts: BTreeMap::from([("features".to_owned(), "1".to_owned())]),
        };
        let key = [7; 32];
        Greeter {
            process,
            terms,
            key,
        }
    }

    /// What the caller and the called hear of each other.
    fn meet(caller: &Greeter, called: &Greeter) -> (Option<String>, Option<String>) {
        let heard = |failure: Failure| match failure {
            Failure::Refused(why) => why,
            Failure::Broken(error) => format!("broken: {error}"),
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        std::thread::scope(|scope| {
            let answered = scope.spawn(|| {
                let mut stream = listener.accept().unwrap().0;
                called.answer(&mut stream).err().map(heard)
            });
            let mut stream = TcpStream::connect(at).unwrap();
            let called = caller.call(&mut stream, 0, Purpose::Link).err().map(heard);
            (called, answered.join().unwrap())
        })
    }

    #[test]
    fn those_who_agree_meet() {
        assert_eq!(meet(&greeter(1), &greeter(0)), (None, None));
    }

    #[test]
    fn a_difference_is_named_to_both() {
        let mut other = greeter(1);
        other.terms.workers = 3;
        other.terms.parts.insert("features".into(), "2".into());
        let (caller, called) = meet(&other, &greeter(0));
        for heard in [caller, called] {
            let heard = heard.unwrap();
            assert!(heard.contains("--workers (2 / 3); features"), "{heard}");
        }
    }

    #[test]
    fn another_secret_is_refused_by_either() {
        let mut other = greeter(1);
        other.key = [8; 32];
        let (caller, _) = meet(&other, &greeter(0));
        assert!(caller.unwrap().contains("another `pseudonym.key`"));
    }

    #[test]
    fn a_number_given_twice_is_refused() {
        let (caller, _) = meet(&greeter(0), &greeter(0));
        assert!(caller.unwrap().contains("is a --process given twice?"));
    }
}
