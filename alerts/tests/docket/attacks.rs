//! Ways round the second person, each tried as an attack.

use super::*;
use std::sync::Arc;

/// What an account says, changed by the administrator.
async fn change(office: &Office, person: Person) {
    let subject = format!("person/{}", person.name);
    let action = Action::Person(PersonAction::Change { person });
    office.tries("admin", &subject, action).await.unwrap();
}

async fn rename(office: &Office, name: &str, roles: &[Role], display: &str) {
    let renamed = Person {
        display: display.into(),
        ..person(name, roles)
    };
    change(office, renamed).await;
}

/// A case of one and two in which one has proposed to query accounts.
async fn proposed(office: &Office, alert: &str) -> String {
    let case = office.checked(alert).await;
    office
        .did("one", &case, proposal(Measure::AccountQuery))
        .await;
    case
}

pub async fn every_way_round_the_second_person_is_closed(store: &str, folder: &Path) {
    let office = Office::open(store, folder).await;
    another_name(&office).await;
    another_role(&office).await;
    another_district(&office).await;
    the_other_side(&office).await;
    another_proposal(&office).await;
    assert_eq!(office.broken().await, [""; 0]);
    at_once(&office, store, folder).await;
    assert_eq!(office.broken().await, [""; 0]);
}

/// A second account is renamed between two acts, or written so that it looks another.
async fn another_name(office: &Office) {
    let case = proposed(office, "N-1").await;
    let both = [Role::Head, Role::Investigator];
    for display in [
        "完全不同的名字",
        "O N E 本人",
        "one\u{200b}本\u{feff}人",
        "ONE·本人",
    ] {
        rename(office, "alias", &both, display).await;
        office
            .refuses("alias", &case, approval(1), "who proposed it")
            .await;
        let refuse = CaseAction::Refuse {
            measure: 1,
            text: "x".into(),
        };
        office.refuses("alias", &case, refuse, "four eyes").await;
    }
    // Nor do the two count as the two that investigate, or that have checked.
    rename(office, "alias", &both, "又一个名字").await;
    let other = office.opened("N-2").await;
    let taken = CaseAction::Acknowledge {
        text: String::new(),
    };
    office.did("duty", &other, taken).await;
    office
        .refuses(
            "duty",
            &other,
            assignment(&["one", "alias"]),
            "names 1 different",
        )
        .await;
    office
        .did("duty", &other, assignment(&["one", "alias", "two"]))
        .await;
    office.did("one", &other, check()).await;
    office.did("alias", &other, check()).await;
    office
        .refuses("one", &other, judged(true), "findings of 1 different")
        .await;
    office.did("head", &case, approval(1)).await;
}

/// Who proposed becomes a head before approving, or is one under another token.
async fn another_role(office: &Office) {
    let case = proposed(office, "R-1").await;
    change(office, person("one", &[Role::Head])).await;
    office
        .refuses("one", &case, approval(1), "who proposed it")
        .await;
    change(office, person("one", &[Role::Investigator, Role::Head])).await;
    office
        .refuses("one", &case, approval(1), "who proposed it")
        .await;
    change(office, person("one", &[Role::Investigator])).await;
    // A new account of the same name; the old one is closed meanwhile.
    let close = Action::Person(PersonAction::Disable { text: "x".into() });
    office.tries("admin", "person/two", close).await.unwrap();
    let again = Person {
        display: "two 本人".into(),
        ..person("two2", &[Role::Head])
    };
    let add = Action::Person(PersonAction::Add { person: again });
    office.tries("admin", "person/two2", add).await.unwrap();
    office
        .refuses("two2", &case, approval(1), "who checked the case")
        .await;
    change(office, person("two", &[Role::Investigator])).await;
    // An administrator makes no password or token of the head's.
    let password = Action::Person(PersonAction::Password);
    assert!(
        office
            .tries("admin", "person/head", password)
            .await
            .is_err()
    );
}

/// The head's district is another by the time of approving.
async fn another_district(office: &Office) {
    let case = proposed(office, "D-1").await;
    let moved = Person {
        districts: vec!["北湾区".into()],
        ..person("head", &[Role::Head])
    };
    change(office, moved).await;
    office
        .refuses("head", &case, approval(1), "not in a district")
        .await;
    change(office, person("head", &[Role::Head])).await;
    office.did("head", &case, approval(1)).await;
}

/// Who approved investigates afterwards, or who investigated is taken off and approves.
async fn the_other_side(office: &Office) {
    let case = proposed(office, "S-1").await;
    office.did("both", &case, approval(1)).await;
    office
        .refuses(
            "duty",
            &case,
            assignment(&["both", "two"]),
            "decided measure 1",
        )
        .await;
    let other = office.opened("S-2").await;
    let taken = CaseAction::Acknowledge {
        text: String::new(),
    };
    office.did("duty", &other, taken).await;
    office
        .did("duty", &other, assignment(&["both", "one"]))
        .await;
    office.did("both", &other, check()).await;
    office
        .did("duty", &other, assignment(&["one", "two"]))
        .await;
    office.did("one", &other, proposal(Measure::Seal)).await;
    office
        .refuses("both", &other, approval(1), "who checked the case")
        .await;
}

/// What was approved is that measure and no other: nothing is carried out under it.
async fn another_proposal(office: &Office) {
    let case = proposed(office, "P-1").await;
    office.did("head", &case, approval(1)).await;
    office.did("one", &case, proposal(Measure::Seal)).await;
    office
        .refuses("one", &case, carried(2), "needs the head's approval")
        .await;
    office.did("one", &case, carried(1)).await;
    office
        .refuses("one", &case, carried(1), "carried out already")
        .await;
    // The head saw the case before the second proposal: that is no approval of it.
    let seen = office.docket.case(&case).await.unwrap().unwrap().version;
    office.did("one", &case, proposal(Measure::Transfer)).await;
    let subject = format!("case/{case}");
    let head = Actor::Person("head".into());
    let stale = Intent {
        expected: Some(seen),
        ..office.intent(head, &subject, Action::Case(approval(2)))
    };
    let refused = office.docket.act(stale).await.unwrap_err();
    assert!(matches!(refused, DocketError::Stale { .. }), "{refused}");
    // The head's form of another case, sent to this one under the same key.
    let head = Actor::Person("head".into());
    let form = office.intent(head, &subject, Action::Case(approval(2)));
    office.docket.act(form.clone()).await.unwrap();
    let other = proposed(office, "P-2").await;
    let replayed = Intent {
        subject: format!("case/{other}"),
        ..form
    };
    let refused = office.docket.act(replayed).await.unwrap_err();
    assert!(
        matches!(refused, DocketError::KeyReused { .. }),
        "{refused}"
    );
}

/// Two heads, or one with two tokens, in two processes, at the same moment: one
/// decision, and never one of somebody who was no head any more.
async fn at_once(office: &Office, store: &str, folder: &Path) {
    let other = Arc::new(Docket::open(store, folder).await.unwrap());
    let mine = Arc::new(Docket::open(store, folder).await.unwrap());
    for round in 0..8 {
        let case = proposed(office, &format!("Q-{round}")).await;
        let subject = format!("case/{case}");
        let head = || Actor::Person("head".into());
        let both = || Actor::Person("both".into());
        let refuse = CaseAction::Refuse {
            measure: 1,
            text: "不予批准".into(),
        };
        let tries = vec![
            (
                &mine,
                office.intent(head(), &subject, Action::Case(approval(1))),
            ),
            (
                &other,
                office.intent(head(), &subject, Action::Case(approval(1))),
            ),
            (
                &other,
                office.intent(both(), &subject, Action::Case(refuse)),
            ),
            (
                &mine,
                office.intent(both(), &subject, Action::Case(approval(1))),
            ),
        ];
        let tries: Vec<_> = tries
            .into_iter()
            .map(|(docket, intent)| {
                let docket = Arc::clone(docket);
                tokio::spawn(async move { docket.act(intent).await })
            })
            .collect();
        let mut done = 0;
        for tried in tries {
            match tried.await.unwrap() {
                Ok(_) => done += 1,
                Err(DocketError::Refused(Refusal::Conflict(why))) => {
                    assert!(why.contains("waits for no decision"), "{why}");
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(done, 1, "one decision of {case}");
    }
    no_longer_head(office, &mine, &other).await;
    mine.close().await;
    other.close().await;
}

/// The head's role ends while they approve: the log's order says whether they were one.
async fn no_longer_head(office: &Office, mine: &Arc<Docket>, other: &Arc<Docket>) {
    for round in 0..8 {
        let case = proposed(office, &format!("H-{round}")).await;
        let head = Actor::Person("head".into());
        let approve = office.intent(head, &format!("case/{case}"), Action::Case(approval(1)));
        let analyst = person("head", &[Role::Analyst]);
        let demote = Action::Person(PersonAction::Change { person: analyst });
        let admin = Actor::Person("admin".into());
        let demote = office.intent(admin, "person/head", demote);
        let (approving, demoting) = (Arc::clone(mine), Arc::clone(other));
        let approving = tokio::spawn(async move { approving.act(approve).await });
        let demoting = tokio::spawn(async move { demoting.act(demote).await });
        let demoted = demoting.await.unwrap().unwrap().seq;
        match approving.await.unwrap() {
            Ok(done) => assert!(done.seq < demoted, "approved after the role was gone"),
            Err(refused) => assert!(
                refused.to_string().contains("allowed are head"),
                "{refused}"
            ),
        }
        change(office, person("head", &[Role::Head])).await;
    }
}
