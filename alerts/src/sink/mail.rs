//! E-mail by SMTP: one letter an event, or a digest of those that were gathered.
//!
//! A letter leaves the house: it says that there is a lead, its level, the name
//! and where to look, and nothing of what stands behind it.

use super::Reply;
use super::signature::SecretRef;
use super::webhook::message_id;
use crate::DISCLAIMER;
use crate::lifecycle::AlertEvent;
use crate::store::Sequenced;
use jiff::Timestamp;
use jiff::tz::offset;
use lettre::message::{Mailbox, Message, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

/// The most events of a digest; what is more follows in the next.
pub const MAX_DIGEST: usize = 200;

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// From the first byte on.
    Tls,
    /// After the greeting, or not at all.
    StartTls,
    /// Not: for a relay on the same machine.
    None,
}

/// Where letters go, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailConfig {
    /// The relay's name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub protection: Protection,
    /// A CA's certificate (PEM) that is trusted beside the well-known ones.
    pub ca: Option<PathBuf>,
    /// The account and where its password is, if the relay asks for them.
    pub account: Option<(String, SecretRef)>,
    /// Whom letters come from.
    pub from: Mailbox,
    /// Whom they go to, all together.
    pub to: Vec<Mailbox>,
    /// The console's address, such as `https://tocsin.example`: what links begin with.
    pub link: Option<String>,
    /// How long events are gathered for a digest; `None`: a letter an event.
    pub digest: Option<Duration>,
    /// How long the relay may take to answer.
    pub timeout: Duration,
}

/// A receiver of letters.
pub struct Mail {
    config: MailConfig,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_tuple("Mail").field(&self.config).finish()
    }
}

impl Mail {
    /// Prepares a receiver; nothing is sent. A password must be there.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn new(config: MailConfig) -> Result<Mail, String> {
        let tls = match config.protection {
            Protection::None => Tls::None,
            Protection::StartTls => Tls::Required(tls_parameters(&config)?),
            Protection::Tls => Tls::Wrapper(tls_parameters(&config)?),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port)
            .tls(tls)
            .timeout(Some(config.timeout));
        if let Some((account, password)) = &config.account {
            let password = password.lines()?.swap_remove(0);
            transport = transport.credentials(Credentials::new(account.clone(), password));
        }
        let transport = transport.build();
        Ok(Mail { config, transport })
    }

    /// How many events a letter has at most.
    pub(super) fn batch(&self) -> usize {
        self.config.digest.map_or(1, |_| MAX_DIGEST)
    }

    /// How long events are gathered.
    pub(super) fn gathers(&self) -> Duration {
        self.config.digest.unwrap_or_default()
    }

    /// Sends a letter about these events.
    pub(super) async fn deliver(&self, events: &[Sequenced], restricted: usize) -> Reply {
        let letter = match self.letter(events, restricted) {
            Ok(letter) => letter,
            Err(error) => return Reply::Refused(format!("no letter: {error}")),
        };
        match self.transport.send(letter).await {
            Ok(_) => Reply::Taken,
            Err(error) if error.is_permanent() => Reply::Refused(error.to_string()),
            Err(error) => Reply::away(error.to_string()),
        }
    }

    /// A letter has no evidence in it whoever gets it; its id is what differs.
    fn letter(
        &self,
        events: &[Sequenced],
        restricted: usize,
    ) -> Result<Message, lettre::error::Error> {
        let id = message_id(events, restricted).replace(':', ".");
        let id = format!("<{id}@tocsin>");
        let mut letter = Message::builder()
            .from(self.config.from.clone())
            .subject(subject(events))
            // The same letter sent twice is known by it.
            .message_id(Some(id))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.config.to {
            letter = letter.to(to.clone());
        }
        letter.body(text(events, self.config.link.as_deref()))
    }
}

fn tls_parameters(config: &MailConfig) -> Result<TlsParameters, String> {
    let mut parameters = TlsParameters::builder(config.host.clone());
    if let Some(path) = &config.ca {
        let told = |fault: &dyn std::fmt::Display| format!("`{}`: {fault}", path.display());
        let pem = std::fs::read(path).map_err(|error| told(&error))?;
        let certificate = Certificate::from_pem(&pem).map_err(|error| told(&error))?;
        parameters = parameters.add_root_certificate(certificate);
    }
    parameters.build().map_err(|error| error.to_string())
}

fn subject(events: &[Sequenced]) -> String {
    let highest = events.iter().map(|event| event.event.after).max();
    match events {
        [one] => format!(
            "[Tocsin] {} {} · {DISCLAIMER}",
            happened(&one.event),
            who(&one.event)
        ),
        _ => format!(
            "[Tocsin] {} 条风险线索 leads,最高 highest {} · {DISCLAIMER}",
            events.len(),
            highest.unwrap_or_default().chinese()
        ),
    }
}

/// What the letter says.
fn text(events: &[Sequenced], link: Option<&str>) -> String {
    let mut text = format!(
        "{DISCLAIMER}。须经核查,不得据此单独作出处理。\n\
         Risk leads, not findings: to be checked; nothing may be decided by them alone.\n"
    );
    for Sequenced { event, .. } in events {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n{}  {}\n{}\n",
            moment(event.time_ms),
            happened(event),
            who(event)
        );
        if let Some(link) = link {
            let id = encode(&event.assessment.id);
            let _ = writeln!(text, "{}/enterprises/{id}", link.trim_end_matches('/'));
        }
    }
    text
}

fn who(event: &AlertEvent) -> &str {
    let figures = &event.assessment;
    figures.name.as_deref().unwrap_or(&figures.id)
}

fn happened(event: &AlertEvent) -> String {
    let what = event.kind.words();
    let (before, after) = (event.before.chinese(), event.after.chinese());
    match event.before == event.after {
        true => format!("{what} {after}"),
        false => format!("{what} {before}→{after}"),
    }
}

/// Shanghai time, to the minute.
fn moment(time_ms: i64) -> String {
    let instant = Timestamp::from_millisecond(time_ms).unwrap_or_default();
    let there = instant.to_zoned(offset(8).to_time_zone());
    there.strftime("%Y-%m-%d %H:%M").to_string()
}

/// A path segment: all but letters, digits and `-._~` as `%` and two digits.
fn encode(id: &str) -> String {
    let mut path = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => path.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => path.push(char::from(byte)),
            _ => {
                let _ = write!(path, "%{byte:02X}");
            }
        }
    }
    path
}
