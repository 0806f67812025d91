//! `[[sink]]`: who is told of alerts, of which, and how often it is tried.
//! Secrets are named here and never written.

use crate::clearance::sensitivity;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tocsin_alerts::Level;
use tocsin_alerts::level::category_bit;
use tocsin_alerts::sink::mail::{MailConfig, Protection};
use tocsin_alerts::sink::webhook::{WebhookConfig, parse_url};
use tocsin_alerts::sink::{Filter, Limits, Mailbox, SecretRef};
use tocsin_ingest::catalogue::Catalogue;
use tocsin_ingest::declaration::{Document, Fault, Section};
use tocsin_ingest::source::Source;

/// Most events of a webhook's request.
const MAX_BATCH: i64 = 200;
/// What a receiver may know of where nothing is declared: as a new account, not of
/// restricted leads.
const CLEARANCE: u8 = 3;
/// Seconds of a day.
const DAY_S: u64 = 86_400;

/// A declared sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkSettings {
    /// Its name: its place in the outbox is kept under it.
    pub name: String,
    /// Which events it is told.
    pub filter: Filter,
    /// The highest sensitivity of sources, L1 to L4, that its receiver may know of.
    pub clearance: u8,
    /// When an event is given up.
    pub limits: Limits,
    /// Whether it is told of what was there before its first start, too.
    pub from_start: bool,
    /// How it is reached.
    pub kind: SinkKind,
}

/// How a sink is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SinkKind {
    /// By Standard Webhooks.
    Webhook(WebhookConfig),
    /// By SMTP.
    Email(Box<MailConfig>),
}

/// Reads every `[[sink]]`.
pub(super) fn read_sinks(root: &Section<'_>, folder: &Path) -> Vec<SinkSettings> {
    let mut sinks: Vec<SinkSettings> = Vec::new();
    for section in root.sections("sink") {
        let Some(sink) = read_one(&section, folder) else {
            continue;
        };
        if sinks.iter().any(|known| known.name == sink.name) {
            section.fault("name", format!("`{}` is declared twice", sink.name));
        }
        sinks.push(sink);
    }
    sinks
}

/// What of `[[sink]]` does not fit the declared sources: a receiver that may not
/// know of some cannot be told by what they say.
pub(super) fn check_clearance(
    document: &Document,
    sinks: &[SinkSettings],
    catalogue: &Catalogue,
    faults: &mut Vec<Fault>,
) {
    for sink in sinks.iter().filter(|sink| sink.filter.categories != 0) {
        let hides = |source: &&Source| sensitivity(source) > sink.clearance;
        if let Some(hidden) = catalogue.sources().iter().find(hides) {
            let message = format!(
                "`sink.categories`: sink `{}` has clearance {}, and whether a category has evidence may follow from source `{}`, which is above it; say `clearance = 4` if the receiver may know of it, or leave `categories` out",
                sink.name, sink.clearance, hidden.id
            );
            faults.push(Fault::of_file(document.file(), message));
        }
    }
}

fn read_one(section: &Section<'_>, folder: &Path) -> Option<SinkSettings> {
    let name = read_name(section);
    let kind = section.required_choice("type", &[("webhook", true), ("email", false)]);
    let kind = match kind {
        Some(true) => read_webhook(section, folder).map(SinkKind::Webhook),
        Some(false) => read_mail(section, folder).map(|mail| SinkKind::Email(Box::new(mail))),
        None => {
            // What belongs to which type is not known.
            section.keys();
            None
        }
    };
    let begin = section.choice("begin", &[("now", false), ("start", true)]);
    let attempts = section.integer("attempts", 1..=20).unwrap_or(8);
    let give_up = section.days("give_up").unwrap_or(3);
    let filter = read_filter(section);
    let clearance = section.integer("clearance", 1..=4);
    section.finish();
    Some(SinkSettings {
        name: name?,
        filter,
        clearance: clearance.map_or(CLEARANCE, |clearance| clearance as u8),
        limits: Limits {
            attempts: attempts as u32,
            give_up: Duration::from_secs(give_up as u64 * DAY_S),
        },
        from_start: begin.unwrap_or(false),
        kind: kind?,
    })
}

/// A name is a metric's label and an argument of `tocsin sink`.
fn read_name(section: &Section<'_>) -> Option<String> {
    let name = section.required_text("name")?;
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 40 || !name.chars().all(allowed) {
        let message =
            format!("`{name}` is no name; allowed are up to 40 of a to z, 0 to 9, - and _");
        section.fault("name", message);
        return None;
    }
    Some(name)
}

fn read_filter(section: &Section<'_>) -> Filter {
    let levels = Level::RAISED.map(|level| (level.name(), level));
    let level = section.choice("level", &levels);
    let mut categories = 0;
    for text in section.texts("categories") {
        let mut letters = text.chars();
        match (letters.next(), letters.next()) {
            (Some(letter @ 'A'..='H'), None) => categories |= category_bit(letter).unwrap_or(0),
            _ => section.fault(
                "categories",
                format!("`{text}` is none; allowed are A to H"),
            ),
        }
    }
    Filter {
        level: level.unwrap_or(Level::Blue),
        categories,
        districts: section.texts("districts"),
    }
}

fn read_webhook(section: &Section<'_>, folder: &Path) -> Option<WebhookConfig> {
    let url = section.required_text("url");
    if let Some(Err(fault)) = url.as_deref().map(parse_url) {
        section.fault("url", fault);
    }
    let texts = section.texts("secrets");
    if texts.is_empty() {
        section.fault("secrets", format!("is missing: {ALLOWED_SECRET}"));
    }
    let secrets = texts.iter();
    let secrets = secrets.filter_map(|text| secret(section, "secrets", text, folder));
    Some(WebhookConfig {
        secrets: secrets.collect(),
        ca: file(section, "ca", folder),
        timeout: timeout(section),
        batch: section.integer("batch", 1..=MAX_BATCH).unwrap_or(1) as usize,
        url: url?,
    })
}

fn read_mail(section: &Section<'_>, folder: &Path) -> Option<MailConfig> {
    let protections = [
        ("tls", Protection::Tls),
        ("starttls", Protection::StartTls),
        ("none", Protection::None),
    ];
    let server = section.required_text("server").and_then(|server| {
        let found = server.rsplit_once(':');
        let found = found.and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
        if found.is_none() {
            section.fault("server", format!("`{server}` is no `host:port`"));
        }
        found
    });
    let protection = section.choice("protection", &protections);
    let account = section.text("account");
    let password = section.text("password");
    let password = password.and_then(|text| secret(section, "password", &text, folder));
    if account.is_some() != password.is_some() {
        section.fault("account", "`account` and `password` go together");
    }
    let from = section.required_text("from");
    let from = from.and_then(|text| mailbox(section, "from", &text));
    let to = section.texts("to");
    if to.is_empty() {
        section.fault("to", "is missing: a list of addresses");
    }
    let link = section.text("link");
    if let Some(Err(fault)) = link.as_deref().map(parse_url) {
        section.fault("link", fault);
    }
    let digest = section.integer("digest_minutes", 1..=1_440);
    let (host, port) = server?;
    Some(MailConfig {
        host,
        port,
        protection: protection.unwrap_or(Protection::Tls),
        ca: file(section, "ca", folder),
        account: account.zip(password),
        to: to
            .iter()
            .filter_map(|text| mailbox(section, "to", text))
            .collect(),
        from: from?,
        link,
        digest: digest.map(|minutes| Duration::from_secs(minutes as u64 * 60)),
        timeout: timeout(section),
    })
}

const ALLOWED_SECRET: &str = "a secret is named, not written: `file:PATH` or `env:NAME`";

/// Where a secret is. What is written in its place is not repeated.
fn secret(section: &Section<'_>, key: &str, text: &str, folder: &Path) -> Option<SecretRef> {
    match text.split_once(':') {
        Some(("file", path)) => Some(SecretRef::File(folder.join(path))),
        Some(("env", name)) => Some(SecretRef::Environment(name.to_owned())),
        _ => {
            section.fault(key, ALLOWED_SECRET);
            None
        }
    }
}

fn mailbox(section: &Section<'_>, key: &str, text: &str) -> Option<Mailbox> {
    let found = text.parse();
    if let Err(fault) = &found {
        section.fault(key, format!("`{text}` is no address: {fault}"));
    }
    found.ok()
}

fn file(section: &Section<'_>, key: &str, folder: &Path) -> Option<PathBuf> {
    section.text(key).map(|file| folder.join(file))
}

fn timeout(section: &Section<'_>) -> Duration {
    let seconds = section.integer("timeout_seconds", 1..=120).unwrap_or(10);
    Duration::from_secs(seconds as u64)
}
