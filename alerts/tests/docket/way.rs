//! A case goes its way and no other.

use super::*;

pub async fn the_way_of_a_case(store: &str, folder: &Path) {
    let office = Office::open(store, folder).await;
    let case = office.opened("A-1").await;
    office
        .refuses(
            "duty",
            &case,
            assignment(&["one", "two"]),
            "which is issued",
        )
        .await;
    office
        .refuses(
            "one",
            &case,
            CaseAction::Acknowledge {
                text: String::new(),
            },
            "allowed are duty-officer",
        )
        .await;
    office
        .refuses(
            "north",
            &case,
            CaseAction::Acknowledge {
                text: String::new(),
            },
            "not in a district",
        )
        .await;
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
        .refuses("duty", &case, assignment(&["one"]), "1 different persons")
        .await;
    office
        .refuses(
            "duty",
            &case,
            assignment(&["one", "one"]),
            "1 different persons",
        )
        .await;
    office
        .refuses(
            "duty",
            &case,
            assignment(&["one", "alias"]),
            "1 different persons",
        )
        .await;
    office
        .refuses(
            "duty",
            &case,
            assignment(&["one", "head"]),
            "has not the role investigator",
        )
        .await;
    office
        .refuses(
            "duty",
            &case,
            assignment(&["one", "nobody"]),
            "no open account `nobody`",
        )
        .await;
    let assigned = office.did("duty", &case, assignment(&["one", "two"])).await;
    assert_eq!(assigned.routing.unwrap().district, "南屿区");
    office
        .refuses("both", &case, check(), "no investigator of case")
        .await;
    office.did("one", &case, check()).await;
    office
        .refuses(
            "one",
            &case,
            judged(true),
            "findings of 1 different persons",
        )
        .await;
    office.did("one", &case, check()).await;
    office
        .refuses(
            "one",
            &case,
            judged(true),
            "findings of 1 different persons",
        )
        .await;
    let ask = CaseAction::Ask {
        agency: "人民银行".into(),
        text: "账户流水".into(),
    };
    let waiting = office.did("one", &case, ask).await;
    assert!(waiting.clocks.iter().any(|clock| clock.stands()));
    office.did("two", &case, check()).await;
    office.refuses("two", &case, judged(true), "补充数据").await;
    office
        .did(
            "duty",
            &case,
            CaseAction::Answered {
                text: "已复函".into(),
            },
        )
        .await;
    office.did("two", &case, judged(true)).await;
    office
        .refuses(
            "one",
            &case,
            label(Outcome::Illegal, None),
            "a finding that the head approved",
        )
        .await;
    office
        .refuses(
            "one",
            &case,
            label(Outcome::Unfounded, Some(Reason::Licensed)),
            "a judgement that it is unfounded",
        )
        .await;
    office.did("one", &case, proposal(Measure::Transfer)).await;
    office
        .refuses(
            "one",
            &case,
            label(Outcome::Transferred, None),
            "waits for the head's decision",
        )
        .await;
    office
        .refuses("one", &case, carried(1), "needs the head's approval")
        .await;
    office.did("head", &case, approval(1)).await;
    let handed = office.did("one", &case, carried(1)).await;
    assert_eq!(handed.stage, Stage::Acting);
    let review = handed.clocks.last().unwrap();
    assert!(review.basis.contains("第八条") && review.ended_ms.is_none());
    let ended = office
        .did("two", &case, label(Outcome::Transferred, None))
        .await;
    assert!(ended.clocks.iter().all(|clock| clock.ended_ms.is_some()) && !ended.is_open());
    office
        .did(
            "duty",
            &case,
            CaseAction::Archive {
                text: String::new(),
            },
        )
        .await;
    let correction = CaseAction::Correct {
        outcome: Outcome::Illegal,
        reason: None,
        text: "更正".into(),
    };
    office
        .refuses(
            "head",
            &case,
            correction,
            "a finding that the head approved",
        )
        .await;
    let wrong = CaseAction::Correct {
        outcome: Outcome::Unfounded,
        reason: Some(Reason::WrongEntity),
        text: "实体错配".into(),
    };
    let corrected = office.did("head", &case, wrong).await;
    assert_eq!(
        serde_json::to_value(corrected.label.unwrap().fault).unwrap(),
        "linkage"
    );
    let outcomes = office.docket.outcomes_after(0, 10).await.unwrap();
    assert_eq!(outcomes.len(), 2);
    assert_eq!(office.broken().await, [""; 0]);
}
