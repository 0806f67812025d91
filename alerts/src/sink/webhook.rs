//! Webhooks by Standard Webhooks 1.0, carrying CloudEvents 1.0 in structured
//! JSON: one event a request, or, where declared, a batch.

use super::cloudevent::told_id;
use super::signature::{SecretRef, sign};
use super::{CloudEvent, Reply};
use crate::store::Sequenced;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Certificate, Client, Response, StatusCode, Url};
use std::fmt::Write;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// How much of an answer is looked at.
const MAX_ANSWER: usize = 200;
/// The longest a receiver is left alone because it asks for it.
const MAX_PATIENCE: Duration = Duration::from_secs(24 * 3_600);

/// Where a webhook goes, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookConfig {
    /// The address: http or https.
    pub url: String,
    /// Where the signing keys are; each of them signs.
    pub secrets: Vec<SecretRef>,
    /// A CA's certificate (PEM) that is trusted beside the well-known ones.
    pub ca: Option<PathBuf>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How many events a request carries at most; 1: a request has one event, and
    /// no list.
    pub batch: usize,
}

/// A receiver of webhooks.
#[derive(Debug)]
pub struct Webhook {
    config: WebhookConfig,
    url: Url,
    client: Client,
}

impl Webhook {
    /// Prepares a receiver; nothing is sent. Secrets must be there and be keys.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn new(config: WebhookConfig) -> Result<Webhook, String> {
        let url = parse_url(&config.url)?;
        for secret in &config.secrets {
            secret.secrets()?;
        }
        let mut client = Client::builder()
            .timeout(config.timeout)
            // A receiver that has moved says so to who configured it.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("tocsin/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = &config.ca {
            let told = |fault: &dyn std::fmt::Display| format!("`{}`: {fault}", path.display());
            let pem = std::fs::read(path).map_err(|error| told(&error))?;
            let certificate = Certificate::from_pem(&pem).map_err(|error| told(&error))?;
            client = client.add_root_certificate(certificate);
        }
        let client = client.build().map_err(|error| chain(&error))?;
        Ok(Webhook {
            config,
            url,
            client,
        })
    }

    /// How many events a request carries at most.
    pub(super) fn batch(&self) -> usize {
        self.config.batch
    }

    /// Sends events, signed at `now_ms`, to who may not see `restricted` features.
    pub(super) async fn deliver(
        &self,
        events: &[Sequenced],
        restricted: usize,
        now_ms: i64,
    ) -> Reply {
        let body = match body(events, restricted, self.config.batch > 1) {
            Ok(body) => body,
            Err(error) => return Reply::Refused(format!("no CloudEvent: {error}")),
        };
        let mut secrets = Vec::new();
        for secret in &self.config.secrets {
            match secret.secrets() {
                Ok(found) => secrets.extend(found),
                Err(fault) => return Reply::away(fault),
            }
        }
        let (id, timestamp) = (message_id(events, restricted), now_ms.div_euclid(1_000));
        let content = match self.config.batch > 1 {
            true => "application/cloudevents-batch+json; charset=UTF-8",
            false => "application/cloudevents+json; charset=UTF-8",
        };
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, content)
            .header("webhook-signature", sign(&secrets, &id, timestamp, &body))
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp.to_string())
            .body(body);
        match request.send().await {
            Ok(response) => reply(response).await,
            Err(error) => Reply::away(chain(&error.without_url())),
        }
    }
}

/// Reads a receiver's address.
///
/// # Errors
/// What is wrong with it, and what is allowed.
pub fn parse_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("`{text}`: {error}"))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(format!(
            "`{text}`: `{other}` is no web address; allowed are http and https"
        )),
    }
}

/// The header `webhook-id`: the id of the event, or, of several, of the first and
/// the last with their number. The same events always have the same. What a
/// header or the signature's dots do not bear is written as `~` and two digits.
pub(super) fn message_id(events: &[Sequenced], restricted: usize) -> String {
    let id = |event| told_id(event, restricted);
    let plain = match events {
        [] => String::new(),
        [event] => id(event),
        [first, .., last] => format!("{}:{}:{}", id(first), id(last), events.len()),
    };
    let mut id = String::with_capacity(plain.len());
    for byte in plain.bytes() {
        match byte {
            b'.' => id.push('_'),
            b'-' | b':' => id.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => id.push(char::from(byte)),
            // Writing to a string cannot fail.
            _ => {
                let _ = write!(id, "~{byte:02X}");
            }
        }
    }
    id
}

fn body(events: &[Sequenced], restricted: usize, batch: bool) -> io::Result<Vec<u8>> {
    let events = events.iter();
    let events: Vec<CloudEvent<'_>> = events
        .filter_map(|event| CloudEvent::told(event, restricted).transpose())
        .collect::<Result<_, _>>()?;
    Ok(match (&events[..], batch) {
        ([event], false) => serde_json::to_vec(event)?,
        _ => serde_json::to_vec(&events)?,
    })
}

/// What an answer means.
async fn reply(response: Response) -> Reply {
    let (status, after) = (response.status(), retry_after(&response));
    if status.is_success() {
        return Reply::Taken;
    }
    let reason = said(status, response).await;
    match status {
        StatusCode::GONE => Reply::Gone(reason),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Reply::Away { reason, after }
        }
        _ if status.is_server_error() => Reply::Away { reason, after },
        _ => Reply::Refused(reason),
    }
}

/// The status and the beginning of what was said with it.
async fn said(status: StatusCode, mut response: Response) -> String {
    let mut text = Vec::new();
    while text.len() < MAX_ANSWER {
        match response.chunk().await {
            Ok(Some(chunk)) => text.extend_from_slice(&chunk),
            _ => break,
        }
    }
    text.truncate(MAX_ANSWER);
    let text = String::from_utf8_lossy(&text);
    format!("{status} {}", text.trim()).trim().to_owned()
}

/// `Retry-After`: seconds, or an instant.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    let after = match value.trim().parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let instant = httpdate::parse_http_date(value.trim()).ok()?;
            instant
                .duration_since(SystemTime::now())
                .unwrap_or_default()
        }
    };
    Some(after.min(MAX_PATIENCE))
}

/// An error with all that caused it: "error sending request" alone helps nobody.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}
