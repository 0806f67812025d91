//! Asks: a running server where there is one, else the state itself, which is
//! loaded for the question and left as it is.

use super::{Answer, ByLevel, Moved, Pending, Proposal};
use crate::cli::Whatif;
use crate::config::Settings;
use crate::pipeline::Standing;
use crate::run;
use anyhow::{Context, Result, bail};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tocsin_alerts::StoreError;

/// Longer than a province takes.
const PATIENCE: Duration = Duration::from_secs(600);

/// `tocsin whatif`.
///
/// # Errors
/// When neither a server nor a state answers, or the proposal is refused.
pub fn whatif(args: &Whatif, runtime: &tokio::runtime::Runtime) -> Result<()> {
    let proposal = proposal(args)?;
    let answer = match &args.url {
        Some(url) => ask(url, &proposal)?,
        None => match load(args, &proposal, runtime)? {
            Some(answer) => answer,
            None => ask(&args.listen, &proposal)?,
        },
    };
    if let Some(out) = &args.out {
        std::fs::write(out, csv(&answer)).with_context(|| format!("`{}`", out.display()))?;
    }
    match args.json {
        true => crate::print(&format!("{}\n", serde_json::to_string_pretty(&answer)?)),
        false => crate::print(&text(&answer, args)?),
    }
}

fn proposal(args: &Whatif) -> Result<Proposal> {
    let read = |file: &Option<std::path::PathBuf>| {
        let file = file.as_deref();
        let text = |file: &Path| {
            std::fs::read_to_string(file).with_context(|| format!("`{}`", file.display()))
        };
        file.map(text).transpose()
    };
    Ok(Proposal {
        set: args.set.clone(),
        model: read(&args.model)?,
        features: read(&args.features)?,
        levels: read(&args.levels)?,
        limit: Some(match args.out {
            Some(_) => super::MAX_LISTED,
            None => args.top,
        }),
    })
}

/// Answers from the state directory; `None`: another process has it open.
fn load(
    args: &Whatif,
    proposal: &Proposal,
    runtime: &tokio::runtime::Runtime,
) -> Result<Option<Answer>> {
    let place = &args.place;
    if !place.data.join(tocsin_alerts::store::DATABASE).exists() {
        // Perhaps a server runs with a state directory of another name.
        return match TcpStream::connect(&args.listen) {
            Ok(_) => Ok(None),
            Err(_) => bail!(
                "there is no state in `{}`, and no server at `{}`; name one with --data or --url",
                place.data.display(),
                args.listen
            ),
        };
    }
    let settings = Settings::read(&place.config).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", faults.join("\n"))
    })?;
    let standing = Standing::load(
        Arc::new(settings),
        &run::options(place),
        runtime.handle().clone(),
    );
    let standing = match standing {
        Err(error) => match error.downcast_ref::<StoreError>() {
            Some(StoreError::Locked { .. }) => return Ok(None),
            _ => return Err(error),
        },
        Ok(standing) => standing,
    };
    let now = &standing.in_force;
    let then = proposal
        .over(now)
        .map_err(|faults| anyhow::anyhow!("{}", faults.join("\n")))?;
    let pending = Pending::begin(
        &standing.engine,
        &standing.book,
        (now, &then),
        (standing.epoch, standing.time_ms),
        proposal.limit,
    )?;
    pending.finish().map(Some)
}

/// Asks the server at `host:port`, with or without `http://` before it.
fn ask(url: &str, proposal: &Proposal) -> Result<Answer> {
    let body = serde_json::to_string(proposal)?;
    let answer = request(url, "POST /api/v1/whatif", &body)?;
    serde_json::from_str(&answer).context("the server's answer is of another version")
}

/// What a server says at a path.
///
/// # Errors
/// When none answers, or it refuses.
pub fn get(url: &str, path: &str) -> Result<String> {
    request(url, &format!("GET {path}"), "")
}

fn request(url: &str, what: &str, body: &str) -> Result<String> {
    let address = url.strip_prefix("http://").unwrap_or(url);
    let address = address.trim_end_matches('/');
    let mut stream = TcpStream::connect(address)
        .with_context(|| format!("no server answers at `{address}`; name it with --url"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // Where there are accounts, a program shows a token (`tocsin people token`).
    let token = std::env::var("TOCSIN_TOKEN").unwrap_or_default();
    let token = match token.is_empty() {
        true => String::new(),
        false => format!("authorization: Bearer {token}\r\n"),
    };
    write!(
        stream,
        "{what} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{token}\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8(answer).context("the server's answer is no text")?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .with_context(|| format!("`{address}` does not answer as a server of tocsin does"))?;
    if head.split_whitespace().nth(1) == Some("200") {
        return Ok(body.to_owned());
    }
    let problem: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    bail!("{}", problem["detail"].as_str().unwrap_or(body))
}

fn text(answer: &Answer, args: &Whatif) -> Result<String> {
    let mut text = format!(
        "{}\nas of {} (epoch {}): {} enterprises under both rules in {:.1} s\n\
         {:<36} {:>9} {:>9} {:>9} {:>9} {:>10}\n",
        answer.notice,
        answer.as_of,
        answer.epoch,
        answer.enterprises,
        answer.seconds,
        "",
        "red",
        "orange",
        "yellow",
        "blue",
        "none"
    );
    let rows = [
        ("open alerts", &answer.held),
        ("by figures under the rules in force", &answer.now),
        ("by figures under the proposal", &answer.then),
    ];
    for (name, count) in rows {
        let ByLevel {
            red,
            orange,
            yellow,
            blue,
            none,
        } = count;
        writeln!(
            text,
            "{name:<36} {red:>9} {orange:>9} {yellow:>9} {blue:>9} {none:>10}"
        )?;
    }
    let moves = &answer.moves;
    writeln!(
        text,
        "alerts: {} opened, {} raised, {} lowered, {} closed",
        moves.opened, moves.raised, moves.lowered, moves.closed
    )?;
    if moves.held_only > 0 {
        writeln!(
            text,
            "{} of those that fall were held by the hysteresis alone: any change of rules lets them go",
            moves.held_only
        )?;
    }
    for moved in answer.listed.iter().take(args.top) {
        writeln!(
            text,
            "{:<8} {}→{} {:>6.2}→{:<6.2} {} {}",
            moved.change.name(),
            moved.held.chinese(),
            moved.then.chinese(),
            moved.index_now,
            moved.index_then,
            moved.id,
            moved.name.as_deref().unwrap_or("")
        )?;
    }
    if let Some(out) = &args.out {
        let part = if answer.complete { "all" } else { "the first" };
        let count = answer.listed.len();
        writeln!(text, "{part} {count} written to {}", out.display())?;
    } else if !answer.complete {
        writeln!(text, "… --top lists more, --out FILE writes all as CSV")?;
    }
    Ok(text)
}

fn csv(answer: &Answer) -> String {
    let mut text =
        "change,enterprise,name,district,held,now,then,index_now,index_then\n".to_owned();
    for moved in &answer.listed {
        let Moved {
            change,
            id,
            name,
            district,
            held,
            now,
            then,
            index_now,
            index_then,
        } = moved;
        let fields = [
            change.name().to_owned(),
            quoted(id),
            quoted(name.as_deref().unwrap_or("")),
            quoted(district.as_deref().unwrap_or("")),
            held.name().to_owned(),
            now.name().to_owned(),
            then.name().to_owned(),
            format!("{index_now:.2}"),
            format!("{index_then:.2}"),
        ];
        text.push_str(&fields.join(","));
        text.push('\n');
    }
    text
}

/// A field of CSV; names hold commas and quotes.
fn quoted(field: &str) -> String {
    match field.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.to_owned(),
    }
}
