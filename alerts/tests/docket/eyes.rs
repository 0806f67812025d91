//! Whatever one person tries, a second has to see it.

use super::*;

/// Whatever one person tries, a second has to see it.
pub async fn nobody_is_talked_out_of_the_four_eyes(store: &str, folder: &Path) {
    let office = Office::open(store, folder).await;
    let case = office.opened("A-1").await;
    office
        .did(
            "duty",
            &case,
            CaseAction::Acknowledge {
                text: String::new(),
            },
        )
        .await;
    office
        .did("duty", &case, assignment(&["one", "both"]))
        .await;
    office.did("both", &case, check()).await;
    office
        .did("both", &case, proposal(Measure::AccountQuery))
        .await;
    office
        .refuses("one", &case, approval(1), "allowed are head")
        .await;
    office
        .refuses("both", &case, approval(1), "who proposed it")
        .await;
    office.did("one", &case, proposal(Measure::Seal)).await;
    office
        .refuses("both", &case, approval(2), "who checked the case")
        .await;
    // Another account of the same person, as far as names tell.
    office
        .refuses("alias", &case, approval(2), "who proposed it")
        .await;
    office
        .refuses("admin", &case, approval(2), "allowed are head")
        .await;
    // An administrator cannot make themselves a head, nor be one.
    let heads = Person {
        roles: vec![Role::Administrator, Role::Head],
        ..person("admin", &[])
    };
    let change = Action::Person(PersonAction::Change { person: heads });
    let refused = office
        .tries("admin", "person/admin", change)
        .await
        .unwrap_err();
    assert!(
        matches!(refused, DocketError::Refused(Refusal::Forbidden(_))),
        "{refused}"
    );
    let token = PersonAction::Token {
        id: "t".into(),
        expires_ms: i64::MAX,
        text: "x".into(),
    };
    for secret in [PersonAction::Password, token] {
        let refused = office
            .tries("admin", "person/head", Action::Person(secret))
            .await;
        assert!(matches!(
            refused,
            Err(DocketError::Refused(Refusal::Forbidden(_)))
        ));
    }
    // A head who is none any more, then one whose account is closed.
    let analyst = Person {
        roles: vec![Role::Analyst],
        ..person("head", &[])
    };
    let change = Action::Person(PersonAction::Change { person: analyst });
    office.tries("admin", "person/head", change).await.unwrap();
    office
        .refuses("head", &case, approval(1), "allowed are head")
        .await;
    let back = Action::Person(PersonAction::Change {
        person: person("head", &[Role::Head]),
    });
    office.tries("admin", "person/head", back).await.unwrap();
    let close = Action::Person(PersonAction::Disable {
        text: "离岗".into(),
    });
    office.tries("admin", "person/head", close).await.unwrap();
    office
        .refuses("head", &case, approval(1), "no open account `head`")
        .await;
    let back = Action::Person(PersonAction::Change {
        person: person("head", &[Role::Head]),
    });
    office.tries("admin", "person/head", back).await.unwrap();
    // The head's own deed, sent again by another, is not the head's.
    let subject = format!("case/{case}");
    let approve = Action::Case(approval(1));
    let by_head = office.intent(Actor::Person("head".into()), &subject, approve);
    let done = office.docket.act(by_head.clone()).await.unwrap();
    assert!(!done.repeated);
    assert!(office.docket.act(by_head.clone()).await.unwrap().repeated);
    let replayed = Intent {
        who: Actor::Person("one".into()),
        ..by_head.clone()
    };
    let refused = office.docket.act(replayed).await.unwrap_err();
    assert!(matches!(refused, DocketError::Refused(_)), "{refused}");
    let other = Intent {
        action: Action::Case(approval(2)),
        ..by_head
    };
    let reused = office.docket.act(other).await.unwrap_err();
    assert!(matches!(reused, DocketError::KeyReused { .. }), "{reused}");
    office
        .refuses(
            "head",
            &case,
            approval(1),
            "waits for no decision: it was decided already",
        )
        .await;
    assert_eq!(office.broken().await, [""; 0]);
}
