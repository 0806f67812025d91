//! The little of HTTP/1.1 that the benchmark speaks: one connection, kept, with a
//! token; so that what is timed is the server.

use anyhow::{Context, Result, bail};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A connection.
pub(super) struct Client {
    stream: BufReader<TcpStream>,
    token: String,
}

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) etag: Option<String>,
    pub(super) body: Vec<u8>,
}

/// A request beside its method and path.
#[derive(Default)]
pub(super) struct Body<'a> {
    pub(super) kind: &'a str,
    pub(super) text: &'a str,
    /// Further lines of the head.
    pub(super) more: String,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub(super) async fn connect(at: &str, token: &str) -> Result<Client> {
        let stream = TcpStream::connect(at).await?;
        stream.set_nodelay(true)?;
        Ok(Client {
            stream: BufReader::with_capacity(64 << 10, stream),
            token: token.to_owned(),
        })
    }

    /// GET, which must be answered with 200.
    ///
    /// # Errors
    /// Any other answer.
    pub(super) async fn get(&mut self, path: &str) -> Result<Answer> {
        let answer = self.send("GET", path, Body::default()).await?;
        answer.expect(path, 200)
    }

    /// Anything.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(super) async fn send(
        &mut self,
        method: &str,
        path: &str,
        body: Body<'_>,
    ) -> Result<Answer> {
        self.ask(method, path, &body).await?;
        let (status, fields) = self.head().await?;
        let field = |name: &str| {
            let found = fields.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone())
        };
        let mut answer = Answer {
            status,
            etag: field("etag"),
            body: Vec::new(),
        };
        match field("content-length") {
            Some(length) => {
                answer.body.resize(length.parse()?, 0);
                self.stream.read_exact(&mut answer.body).await?;
            }
            None => while self.chunk(&mut answer.body).await? {},
        }
        Ok(answer)
    }

    /// Sends a request, and leaves the answer to who reads it.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(super) async fn ask(&mut self, method: &str, path: &str, body: &Body<'_>) -> Result<()> {
        let (token, length, more) = (&self.token, body.text.len(), &body.more);
        let kind = match body.kind {
            "" => String::new(),
            kind => format!("content-type: {kind}\r\n"),
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\
             content-length: {length}\r\n{kind}{more}\r\n{}",
            body.text
        );
        self.stream.write_all(request.as_bytes()).await?;
        Ok(())
    }

    /// Status and fields of an answer.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(super) async fn head(&mut self) -> Result<(u16, Vec<(String, String)>)> {
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        let status = line.split(' ').nth(1).context("no status")?.parse()?;
        let mut fields = Vec::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line).await? == 0 {
                bail!("the connection ended");
            }
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                return Ok((status, fields));
            };
            fields.push((name.to_lowercase(), value.to_owned()));
        }
    }

    /// Whether anything is there to be read within a while.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(super) async fn waits(&mut self, a_while: Duration) -> Result<bool> {
        // What was read stays in the buffer: nothing is lost when time is over.
        match tokio::time::timeout(a_while, self.stream.fill_buf()).await {
            Ok(bytes) => Ok(bytes.map(|_| true)?),
            Err(_) => Ok(false),
        }
    }

    /// The next chunk of a body; false: it was the last.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(super) async fn chunk(&mut self, into: &mut Vec<u8>) -> Result<bool> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Ok(false);
        }
        let length = usize::from_str_radix(line.trim_end(), 16)
            .with_context(|| format!("`{line}` is no length of a chunk"))?;
        let from = into.len();
        into.resize(from + length + 2, 0);
        self.stream.read_exact(&mut into[from..]).await?;
        into.truncate(from + length);
        Ok(length > 0)
    }
}

impl Answer {
    /// The answer, if it has this status.
    ///
    /// # Errors
    /// Else.
    pub(super) fn expect(self, path: &str, status: u16) -> Result<Answer> {
        if self.status != status {
            let said = String::from_utf8_lossy(&self.body);
            bail!("{path}: {}: {said}", self.status);
        }
        Ok(self)
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn json(&self) -> Result<serde_json::Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}
