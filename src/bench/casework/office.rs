//! Accounts, and what they did before anybody asks: cases in every state and a log of
//! many lines.

use crate::casework::{Desk, secrets};
use crate::time::now_ms;
use anyhow::Result;
use std::time::{Duration, Instant};
use tocsin_alerts::casework::fold::{case_subject, person_subject};
use tocsin_alerts::casework::jurisdiction::Places;
use tocsin_alerts::casework::{
    Action, Actor, CaseAction, Outcome, Person, PersonAction, Reason, Role, Stage,
};
use tocsin_alerts::docket::{CaseFilter, CredentialChange, Intent};

/// Deeds of one transaction when the log is filled.
const BATCH: usize = 2_000;

const DAY_MS: i64 = 24 * 3_600_000;

/// Accounts and what they may.
const STAFF: [(&str, &[Role]); 5] = [
    ("duty", &[Role::DutyOfficer]),
    ("one", &[Role::Investigator]),
    ("two", &[Role::Investigator]),
    ("auditor", &[Role::Auditor]),
    ("engineer", &[Role::Engineer]),
];

/// Makes the accounts; gives a token of each.
pub(super) async fn staff(desk: &Desk) -> Result<Vec<String>> {
    let mut tokens = Vec::new();
    for (name, roles) in STAFF {
        let person = Person {
            name: name.to_owned(),
            display: name.to_owned(),
            roles: roles.to_vec(),
            districts: Vec::new(),
            clearance: 4,
            disabled: false,
        };
        let now = now_ms();
        let (token, credential) = secrets::token(name, now, now + DAY_MS)?;
        let id = credential.id.clone();
        let new = PersonAction::Token {
            id,
            expires_ms: credential.expires_ms,
            text: "bench".to_owned(),
        };
        let machine = || Actor::Machine("bench".to_owned());
        let add = Action::Person(PersonAction::Add { person });
        desk.docket
            .act(intent(desk, machine(), &person_subject(name), add)?)
            .await?;
        let with_token = Intent {
            credential: Some(CredentialChange::Put(credential)),
            ..intent(desk, machine(), &person_subject(name), Action::Person(new))?
        };
        desk.docket.act(with_token).await?;
        tokens.push(token);
    }
    Ok(tokens)
}

fn intent(desk: &Desk, who: Actor, subject: &str, action: Action) -> Result<Intent> {
    Ok(Intent {
        who,
        role: String::new(),
        purpose: desk.settings.purpose.clone(),
        subject: subject.to_owned(),
        key: secrets::id()?,
        action,
        expected: None,
        time_ms: desk.now_ms(),
        credential: None,
    })
}

/// Waits until the policy opens no more cases, and says how fast it did.
pub(super) async fn opened(desk: &Desk) -> Result<()> {
    let began = Instant::now();
    let (mut last, mut since) = (desk.docket.head().await?.0, Instant::now());
    let first = last;
    while since.elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = desk.docket.head().await?.0;
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
    let seconds = (since - began).as_secs_f64().max(0.05);
    say!(
        "the policy opened {} cases within {seconds:.1} s of being ready",
        last - first
    );
    Ok(())
}

/// Works through a part of the cases and lets people look at things until the log
/// has so many lines; gives cases that are being worked on.
pub(super) async fn fill(desk: &Desk, lines: u64, codes: &[String]) -> Result<Vec<String>> {
    let began = Instant::now();
    let (mut after, mut at_work, mut number, mut total) = (None, Vec::new(), 0_usize, 0_usize);
    loop {
        let filter = CaseFilter {
            stage: Some(Stage::Issued),
            after,
            limit: 500,
            ..CaseFilter::default()
        };
        let page = desk.docket.cases(&filter).await?;
        let mut deeds = Vec::new();
        for case in &page.cases {
            number += 1;
            deeds.extend(work(desk, &case.id, number)?);
            if number % 3 == 0 && number % 100 != 1 {
                at_work.push(case.id.clone());
            }
        }
        total += page.cases.len();
        act(desk, deeds).await?;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut seq = desk.docket.head().await?.0;
    let worked = seq;
    while seq < lines {
        let reads = (lines - seq).min(BATCH as u64);
        let reads = (seq..seq + reads).map(|number| read(desk, number, codes));
        act(desk, reads.collect::<Result<_>>()?).await?;
        seq = desk.docket.head().await?.0;
    }
    say!(
        "{total} cases, {worked} lines of work, {} of looking: written in {:.0} s",
        seq - worked,
        began.elapsed().as_secs_f64()
    );
    Ok(at_work)
}

async fn act(desk: &Desk, deeds: Vec<Intent>) -> Result<()> {
    for done in desk.docket.act_each(deeds).await? {
        done?;
    }
    Ok(())
}

/// What is done in a case: of three, one is taken in, one worked on, one ended; of
/// a hundred one is suspended.
fn work(desk: &Desk, case: &str, number: usize) -> Result<Vec<Intent>> {
    let text = || "现场核查: 办公场所无人, 已询问物业及相邻商户".to_owned();
    let assign = CaseAction::Assign {
        places: Places {
            registered: Some("南屿区".to_owned()),
            ..Places::default()
        },
        investigators: vec!["one".to_owned(), "two".to_owned()],
        text: String::new(),
    };
    let mut deeds = vec![(
        "duty",
        CaseAction::Acknowledge {
            text: String::new(),
        },
    )];
    if number % 100 == 1 {
        let until_ms = desk.now_ms() + 30 * DAY_MS;
        deeds.push((
            "duty",
            CaseAction::Suspend {
                text: text(),
                until_ms,
            },
        ));
    } else if number % 3 != 1 {
        deeds.push(("duty", assign));
        deeds.push(("one", CaseAction::Check { text: text() }));
        deeds.push(("two", CaseAction::Check { text: text() }));
    }
    if number % 3 == 2 && number % 100 != 1 {
        let judged = CaseAction::Judge {
            text: text(),
            founded: false,
        };
        deeds.push(("one", judged));
        deeds.push((
            "two",
            CaseAction::Label {
                outcome: Outcome::Unfounded,
                reason: Some(Reason::OrdinaryBusiness),
                text: text(),
            },
        ));
    }
    let subject = case_subject(case);
    deeds
        .into_iter()
        .map(|(who, action)| {
            let who = Actor::Person(who.to_owned());
            intent(desk, who, &subject, Action::Case(action))
        })
        .collect()
}

/// Somebody looks at an enterprise.
fn read(desk: &Desk, number: u64, codes: &[String]) -> Result<Intent> {
    let (name, roles) = STAFF[number as usize % 3];
    let code = &codes[number as usize * 7_919 % codes.len()];
    let path = format!("/enterprises/{code}");
    let who = Actor::Person(name.to_owned());
    let looked = intent(
        desk,
        who,
        &format!("enterprise/{code}"),
        Action::Read { path },
    )?;
    Ok(Intent {
        role: roles[0].name().to_owned(),
        ..looked
    })
}
