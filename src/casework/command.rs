//! `tocsin people` and `tocsin audit`.

use super::expire::expire;
use super::{Desk, secrets};
use crate::cli::{Account, Audit, People, Where, Who};
use crate::config::Settings;
use crate::time::{instant_text, now_ms};
use anyhow::{Context, Result, bail};
use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;
use tocsin_alerts::casework::fold::person_subject;
use tocsin_alerts::casework::{Action, Actor, Person, PersonAction};
use tocsin_alerts::docket::{CredentialChange, DeedFilter, Entry, Intent};
use tokio::runtime::{Handle, Runtime};

/// A day.
const DAY_MS: i64 = 24 * 3_600_000;
/// Lines read at once.
const PAGE: usize = 1_000;

impl People {
    /// Which configuration.
    pub fn at(&self) -> &Where {
        match self {
            People::List(at) => at,
            People::Add(account) | People::Change(account) => &account.who.at,
            People::Disable { who, .. } | People::Password(who) | People::Token { who, .. } => {
                &who.at
            }
        }
    }
}

impl Audit {
    /// Which configuration.
    pub fn at(&self) -> &Where {
        match self {
            Audit::List { at, .. } | Audit::Verify { at, .. } | Audit::Expire { at, .. } => at,
        }
    }
}

fn open(settings: &Settings, runtime: &Runtime) -> Result<Desk> {
    let desk = runtime.block_on(Desk::open(settings))?;
    desk.context("the configuration has no accounts; say `[casework] store = \"casework.db\"`, a file beside it")
}

/// `tocsin people …`.
///
/// # Errors
/// When the store cannot be opened, or refuses.
pub fn people(command: &People, settings: &Settings, runtime: &Runtime) -> Result<()> {
    let desk = open(settings, runtime)?;
    runtime.block_on(async {
        match command {
            People::List(at) => list(&desk, at).await,
            People::Add(account) => {
                check_districts(&desk, account).await?;
                let action = PersonAction::Add {
                    person: person(account),
                };
                act(&desk, &account.who, action, None).await?;
                say!(
                    "account `{0}` is there; next: tocsin people password {0}",
                    account.who.name
                );
                Ok(())
            }
            People::Change(account) => {
                check_districts(&desk, account).await?;
                let action = PersonAction::Change {
                    person: person(account),
                };
                act(&desk, &account.who, action, None).await?;
                say!(
                    "account `{}` is changed, from its next request on",
                    account.who.name
                );
                Ok(())
            }
            People::Disable { who, why } => {
                let change = CredentialChange::EndAll {
                    person: who.name.clone(),
                };
                act(
                    &desk,
                    who,
                    PersonAction::Disable { text: why.clone() },
                    Some(change),
                )
                .await?;
                say!("account `{}` is closed", who.name);
                Ok(())
            }
            People::Password(who) => password(&desk, who).await,
            People::Token { who, days, why } => token(&desk, who, *days, why).await,
        }
    })
}

/// Refuses districts in which nobody lies, as far as a server has noted them.
async fn check_districts(desk: &Desk, account: &Account) -> Result<()> {
    match desk.unknown_districts(&account.districts).await? {
        Some(why) => bail!("{why}"),
        None => Ok(()),
    }
}

fn person(account: &Account) -> Person {
    Person {
        name: account.who.name.clone(),
        display: account.display.clone(),
        roles: account.roles.clone(),
        districts: account.districts.clone(),
        clearance: account.clearance,
        disabled: false,
    }
}

async fn list(desk: &Desk, at: &Where) -> Result<()> {
    let people = desk.docket.people().await?;
    if at.json {
        return crate::print(&format!("{}\n", serde_json::to_string_pretty(&people)?));
    }
    if people.is_empty() {
        say!("no account yet: everybody who reaches the server sees everything");
    }
    for person in people {
        let roles: Vec<&str> = person.roles.iter().map(|role| role.name()).collect();
        let scope = match person.districts.is_empty() {
            true => "whole city".to_owned(),
            false => person.districts.join(" "),
        };
        say!(
            "{:<16} {}  {}  {scope}  clearance {}{}",
            person.name,
            person.display,
            roles.join(" "),
            person.clearance,
            if person.disabled { "  closed" } else { "" }
        );
    }
    Ok(())
}

async fn password(desk: &Desk, who: &Who) -> Result<()> {
    let hash = secrets::hash(&read_password(&who.name)?)?;
    let change = CredentialChange::Put(secrets::password(&who.name, hash, now_ms()));
    act(desk, who, PersonAction::Password, Some(change)).await?;
    say!("the password of `{}` is set", who.name);
    Ok(())
}

/// A password, from a terminal without showing it, else the first line that comes.
///
/// # Errors
/// When none came.
pub fn read_password(name: &str) -> Result<String> {
    let input = std::io::stdin();
    let hidden = input.is_terminal().then(|| Echo::off(&input)).transpose()?;
    if hidden.is_some() {
        eprint!("password of {name}: ");
        std::io::stderr().flush()?;
    }
    let mut line = String::new();
    input.lock().read_line(&mut line)?;
    if hidden.is_some() {
        eprintln!();
    }
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("no password came");
    }
    Ok(password.to_owned())
}

/// The terminal shows what is typed again when this is dropped.
struct Echo(rustix::termios::Termios);

impl Echo {
    fn off(input: &std::io::Stdin) -> Result<Echo> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(input)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(input, OptionalActions::Now, &silent)?;
        Ok(Echo(before))
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        // Nothing can be done about a terminal that is gone.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
    }
}

async fn token(desk: &Desk, who: &Who, days: i64, why: &str) -> Result<()> {
    let now = now_ms();
    let (text, credential) = secrets::token(&who.name, now, now + days * DAY_MS)?;
    let action = PersonAction::Token {
        id: credential.id.clone(),
        expires_ms: credential.expires_ms,
        text: why.to_owned(),
    };
    act(desk, who, action, Some(CredentialChange::Put(credential))).await?;
    say!("{text}");
    Ok(())
}

/// Notes that whoever has the machine is shown what a mark stands for; without
/// casework there is no log.
///
/// # Errors
/// When the store cannot be opened, or refuses: then nothing may be shown.
pub fn note_unmasking(
    settings: &Settings,
    runtime: &Handle,
    subject: String,
    what: &str,
    why: &str,
) -> Result<()> {
    let Some(desk) = runtime.block_on(Desk::open(settings))? else {
        return Ok(());
    };
    let intent = Intent {
        who: machine(),
        role: String::new(),
        purpose: desk.settings.purpose.clone(),
        subject,
        key: secrets::id()?,
        action: Action::Unmask {
            what: what.to_owned(),
            text: why.to_owned(),
        },
        expected: None,
        time_ms: desk.now_ms(),
        credential: None,
    };
    runtime.block_on(desk.docket.act(intent))?;
    Ok(())
}

/// Whoever has the machine.
pub(super) fn machine() -> Actor {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
    Actor::Machine(user.unwrap_or_else(|_| "unknown".to_owned()))
}

async fn act(
    desk: &Desk,
    who: &Who,
    action: PersonAction,
    credential: Option<CredentialChange>,
) -> Result<()> {
    let intent = Intent {
        who: machine(),
        role: String::new(),
        purpose: "账号管理".to_owned(),
        subject: person_subject(&who.name),
        key: secrets::id()?,
        action: Action::Person(action),
        expected: None,
        time_ms: desk.now_ms(),
        credential,
    };
    desk.docket.act(intent).await?;
    Ok(())
}

/// `tocsin audit …`.
///
/// # Errors
/// When the store cannot be read.
pub fn audit(command: &Audit, settings: &Settings, runtime: &Runtime) -> Result<ExitCode> {
    let desk = open(settings, runtime)?;
    match command {
        Audit::List {
            at,
            after,
            who,
            subject,
            kind,
            limit,
        } => {
            let filter = DeedFilter {
                after: *after,
                who: who.clone(),
                subject: subject.clone(),
                kind: kind.clone(),
                limit: (*limit).clamp(1, PAGE),
                ..DeedFilter::default()
            };
            runtime.block_on(print_lines(&desk, filter, *limit, at.json))?;
            Ok(ExitCode::SUCCESS)
        }
        Audit::Verify { head, .. } => runtime.block_on(verify(&desk, head.as_deref())),
        Audit::Expire { data, remove, .. } => {
            runtime.block_on(expire(&desk, settings, data, *remove))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn print_lines(desk: &Desk, mut filter: DeedFilter, limit: usize, json: bool) -> Result<()> {
    let mut left = limit;
    while left > 0 {
        filter.limit = left.min(PAGE);
        let entries = desk.docket.deeds(&filter).await?;
        let Some(last) = entries.last() else {
            return Ok(());
        };
        filter.after = last.deed.seq;
        left -= entries.len().min(left);
        for entry in &entries {
            match json {
                true => say!("{}", entry.content()),
                false => say!("{}", line(entry)),
            }
        }
    }
    Ok(())
}

fn line(entry: &Entry) -> String {
    let deed = &entry.deed;
    format!(
        "{:>6} {} {:<16} {:<14} {:<22} {:<24} {}  [{}]{}",
        deed.seq,
        instant_text(deed.time_ms),
        deed.who.name(),
        deed.role,
        deed.action.kind(),
        deed.subject,
        deed.purpose,
        entry.hash.get(..12).unwrap_or_default(),
        match &deed.action {
            // What was unmasked, and why, is what one looks here for.
            Action::Unmask { .. } => format!("  {}", deed.action.said()),
            _ => String::new(),
        }
    )
}

async fn verify(desk: &Desk, head: Option<&str>) -> Result<ExitCode> {
    let found = desk.docket.verify(head).await?;
    for broken in &found.broken {
        say!("broken: {broken}");
    }
    if !found.broken.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    say!(
        "{} lines in one chain; {} cases, accounts, suppressions and places are what they make",
        found.lines,
        found.rows
    );
    say!("head: {}", found.head);
    say!("keep the head elsewhere; with `--head HASH` a log that was cut off is found, too");
    Ok(ExitCode::SUCCESS)
}
