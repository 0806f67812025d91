//! A connection to another process: frames of a kind, heartbeats in between.
//!
//! Contract: frames arrive whole and in order. Where nothing arrives for the
//! agreed time, not even a heartbeat, or the connection ends, the reader says so
//! and ends. Writing waits while the other side has too much to take.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// No frame is longer: more is no frame of ours.
const MAX_BYTES: u64 = 1 << 32;
/// Frames up to this long are written in one go with their header.
const SHORT: usize = 1 << 16;
/// How long a last word may take.
const FAREWELL: Duration = Duration::from_millis(200);
/// Heartbeats within the time after which silence is loss.
const BEATS: u32 = 4;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The sender is alive.
    Heartbeat = 0,
    /// Rows for a worker.
    Rows = 1,
    /// All rows of an epoch have been sent.
    Flushed = 2,
    /// A message.
    Message = 3,
    /// The sender ends, and why.
    Farewell = 4,
}

impl Kind {
    fn of(byte: u8) -> Option<Kind> {
        use Kind::{Farewell, Flushed, Heartbeat, Message, Rows};
        [Heartbeat, Rows, Flushed, Message, Farewell]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }
}

/// The writing end.
#[derive(Debug)]
pub struct Link {
    stream: Mutex<TcpStream>,
}

impl Link {
    /// The writing end of a connection.
    ///
    /// # Errors
    /// When the system refuses another handle of it.
    pub fn new(stream: &TcpStream) -> io::Result<Link> {
        let stream = Mutex::new(stream.try_clone()?);
        Ok(Link { stream })
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// When the connection has ended.
    pub fn send(&self, kind: Kind, bytes: &[u8]) -> io::Result<()> {
        let mut header = [0; 9];
        header[0] = kind as u8;
        header[1..].copy_from_slice(&(bytes.len() as u64).to_be_bytes());
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes.len() <= SHORT {
            return stream.write_all(&[&header[..], bytes].concat());
        }
        stream.write_all(&header)?;
        stream.write_all(bytes)
    }

    /// Says why this process ends, unless somebody else goes on writing or the
    /// other side takes nothing more.
    pub fn try_farewell(&self, why: &str) {
        let end = Instant::now() + FAREWELL;
        let mut stream = loop {
            match self.stream.try_lock() {
                Ok(stream) => break stream,
                Err(_) if Instant::now() < end => std::thread::sleep(FAREWELL / 40),
                Err(_) => return,
            }
        };
        let mut frame = vec![Kind::Farewell as u8];
        frame.extend((why.len() as u64).to_be_bytes());
        frame.extend(why.as_bytes());
        let _ = stream.set_write_timeout(Some(FAREWELL));
        let _ = stream.write_all(&frame);
    }

    /// Says that this process is alive, until the connection ends.
    pub fn beat(&self, silence: Duration) {
        while self.send(Kind::Heartbeat, &[]).is_ok() {
            std::thread::sleep(silence / BEATS);
        }
    }
}

/// Reads frames until the connection ends or is silent for too long, and hands
/// all but heartbeats to `take`. Gives why it ended.
pub fn read(mut stream: TcpStream, silence: Duration, mut take: impl FnMut(Kind, &[u8])) -> String {
    let silent = || format!("nothing has come from it for {} ms", silence.as_millis());
    if let Err(error) = stream.set_read_timeout(Some(silence)) {
        return error.to_string();
    }
    let mut bytes = Vec::new();
    loop {
        match read_frame(&mut stream, &mut bytes) {
            Ok(Kind::Heartbeat) => {}
            Ok(kind) => take(kind, &bytes),
            Err(error) => {
                return match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => silent(),
                    ErrorKind::UnexpectedEof => "it closed the connection".to_owned(),
                    _ => error.to_string(),
                };
            }
        }
        // One long frame is no reason to hold its room for ever.
        if bytes.capacity() > SHORT * 16 {
            bytes = Vec::new();
        }
    }
}

fn read_frame(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<Kind> {
    let mut header = [0; 9];
    stream.read_exact(&mut header)?;
    let [kind, length @ ..] = header;
    let length = u64::from_be_bytes(length);
    let kind = Kind::of(kind).filter(|_| length <= MAX_BYTES);
    let kind = kind.ok_or_else(|| io::Error::other("what came is no frame"))?;
    bytes.clear();
    bytes.resize(length as usize, 0);
    stream.read_exact(bytes)?;
    Ok(kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (one, listener.accept().unwrap().0)
    }

    #[test]
    fn frames_arrive_whole_and_in_order() {
        let (one, other) = pair();
        let long = vec![5; 3 * SHORT];
        let link = Link::new(&one).unwrap();
        let sent = long.clone();
        let writer = std::thread::spawn(move || {
            link.send(Kind::Rows, &sent).unwrap();
            link.send(Kind::Heartbeat, &[]).unwrap();
            link.send(Kind::Flushed, &[]).unwrap();
            drop((link, one));
        });
        let mut frames = Vec::new();
        let ended = read(other, Duration::from_secs(9), |kind, bytes| {
            frames.push((kind, bytes.to_vec()));
        });
        writer.join().unwrap();
        assert_eq!(frames, [(Kind::Rows, long), (Kind::Flushed, vec![])]);
        assert_eq!(ended, "it closed the connection");
    }

    #[test]
    fn silence_ends_and_heartbeats_are_no_silence() {
        let (one, other) = pair();
        let silence = Duration::from_millis(200);
        let link = Link::new(&one).unwrap();
        let beats = std::thread::spawn(move || {
            for _ in 0..8 {
                link.send(Kind::Heartbeat, &[]).unwrap();
                std::thread::sleep(silence / 4);
            }
            std::thread::sleep(silence * 3);
        });
        let began = std::time::Instant::now();
        let ended = read(other, silence, |_, _| {});
        assert_eq!(ended, "nothing has come from it for 200 ms");
        assert!(began.elapsed() >= silence * 2, "{:?}", began.elapsed());
        beats.join().unwrap();
    }

    #[test]
    fn other_bytes_are_refused() {
        let (mut one, other) = pair();
        one.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let ended = read(other, Duration::from_secs(9), |_, _| {});
        assert_eq!(ended, "what came is no frame");
    }
}
