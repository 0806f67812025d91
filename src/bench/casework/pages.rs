//! Every page, list and deed that people wait for, asked over the wire.

use super::super::Latencies;
use super::super::client::{Body, Client};
use super::bed::Bed;
use crate::casework::secrets;
use anyhow::{Context, Result};
use std::time::Instant;

/// Each page is asked for so often.
const ASKED: usize = 200;

/// Asks for every page that people wait for.
pub(super) async fn pages(bed: &Bed, tokens: &[String], cases: &[String]) -> Result<()> {
    let mut duty = Client::connect(&bed.at, &tokens[0]).await?;
    let mut one = Client::connect(&bed.at, &tokens[1]).await?;
    let mut auditor = Client::connect(&bed.at, &tokens[3]).await?;
    let list = duty
        .get("/api/v1/alerts?status=open&order=ranked&limit=200")
        .await?;
    let list = list.json()?;
    let alerts = list["alerts"].as_array().context("no alerts")?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let ids: Vec<String> = alerts.iter().map(|alert| text(&alert["id"])).collect();
    let codes = alerts.iter().map(|alert| text(&alert["enterprise"]["id"]));
    let codes: Vec<String> = codes.collect();
    let step = (cases.len() / ASKED).max(1);
    let cases: Vec<&String> = cases.iter().step_by(step).collect();
    let each = |before: &str, of: &[&String], after: &str| -> Vec<String> {
        of.iter().map(|id| format!("{before}{id}{after}")).collect()
    };
    let same = |path: &str| vec![path.to_owned()];
    let (ids, codes): (Vec<&String>, Vec<&String>) = (ids.iter().collect(), codes.iter().collect());
    time(&mut duty, "feed", &same("/")).await?;
    time(&mut duty, "feed, red alone", &same("/?level=red")).await?;
    time(
        &mut duty,
        "enterprise's page",
        &each("/enterprises/", &codes, ""),
    )
    .await?;
    time(&mut duty, "API: alert", &each("/api/v1/alerts/", &ids, "")).await?;
    time(
        &mut duty,
        "API: alerts, ranked",
        &same("/api/v1/alerts?status=open&order=ranked"),
    )
    .await?;
    time(&mut duty, "API: alerts, newest", &same("/api/v1/alerts")).await?;
    time(
        &mut duty,
        "API: alerts, not suppressed",
        &same("/api/v1/alerts?status=open&suppressed=no"),
    )
    .await?;
    time(&mut duty, "cases", &same("/cases?open=yes")).await?;
    time(&mut duty, "cases, overdue", &same("/cases?overdue=yes")).await?;
    time(
        &mut one,
        "cases, my own",
        &same("/cases?open=yes&person=me"),
    )
    .await?;
    time(&mut duty, "case's page", &each("/cases/", &cases, "")).await?;
    time(&mut duty, "API: cases", &same("/api/v1/cases?open=yes")).await?;
    time(&mut duty, "API: case", &each("/api/v1/cases/", &cases, "")).await?;
    time(
        &mut duty,
        "API: case's deeds",
        &each("/api/v1/cases/", &cases, "/deeds"),
    )
    .await?;
    time(
        &mut duty,
        "API: suppressions",
        &same("/api/v1/suppressions"),
    )
    .await?;
    time(&mut duty, "API: outcomes", &same("/api/v1/outcomes")).await?;
    time(
        &mut auditor,
        "API: audit, the newest",
        &same("/api/v1/audit?after=999000"),
    )
    .await?;
    time(
        &mut auditor,
        "API: audit, one case",
        &same(&format!("/api/v1/audit?subject=case/{}", cases[0])),
    )
    .await?;
    check(&mut one, &cases).await
}

/// The first pages after a start, while the policy looks at all alerts.
pub(super) async fn first(bed: &Bed, token: &str) -> Result<()> {
    let mut client = Client::connect(&bed.at, token).await?;
    for (what, path) in [
        ("feed", "/"),
        ("cases", "/cases?open=yes"),
        ("feed again", "/"),
    ] {
        let began = Instant::now();
        client.get(path).await?;
        say!(
            "  first after a start: {what:<12} {:.0} ms",
            began.elapsed().as_secs_f64() * 1e3
        );
    }
    Ok(())
}

/// Asks for paths in turn, and says how long the answers took.
async fn time(client: &mut Client, what: &str, paths: &[String]) -> Result<()> {
    let (mut times, mut bytes) = (Vec::new(), 0);
    for path in paths.iter().cycle().take(ASKED) {
        let began = Instant::now();
        let answer = client.get(path).await?;
        times.push(began.elapsed());
        bytes = bytes.max(answer.body.len());
    }
    times.sort_unstable();
    say!("  {what:<28} {}, {} kB", Latencies(times), bytes >> 10);
    Ok(())
}

/// An investigator signs what was found.
async fn check(client: &mut Client, cases: &[&String]) -> Result<()> {
    let mut times = Vec::new();
    for case in cases.iter().take(ASKED) {
        let path = format!("/api/v1/cases/{case}");
        let version = client.get(&path).await?.etag.context("no ETag")?;
        let body = Body {
            kind: "application/json",
            text: r#"{"do":"check","text":"再次核查"}"#,
            more: format!(
                "idempotency-key: {}\r\nif-match: {version}\r\n",
                secrets::id()?
            ),
        };
        let path = format!("{path}/actions");
        let began = Instant::now();
        client.send("POST", &path, body).await?.expect(&path, 200)?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    say!("  {:<28} {}", "API: a finding is signed", Latencies(times));
    Ok(())
}
