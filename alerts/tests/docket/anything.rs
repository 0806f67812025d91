//! Whatever is tried, the tables are what the log makes.

use super::*;

/// Tries anything; what is accepted must be what the tables say.
pub async fn try_anything(store: &str, folder: &Path, tries: &[(u8, u8, u8)]) {
    let office = Office::open(store, folder).await;
    let cases = [office.checked("A-1").await, office.opened("A-2").await];
    let people = [
        "duty", "one", "two", "both", "head", "alias", "north", "admin",
    ];
    let mut accepted = 0;
    for (who, case, what) in tries {
        let who = people[usize::from(*who) % people.len()];
        let case = &cases[usize::from(*case) % 2];
        let before = office.docket.head().await.unwrap();
        match office.with_case(who, case, anything(*what)).await {
            Ok(_) => accepted += 1,
            Err(DocketError::Refused(_)) => {
                assert_eq!(office.docket.head().await.unwrap(), before);
            }
            Err(error) => panic!("{error}"),
        }
    }
    let (last, _) = office.docket.head().await.unwrap();
    assert_eq!(last, staff().len() as u64 + 6 + accepted);
    assert_eq!(office.broken().await, [""; 0]);
    check_outcomes(&office).await;
    for case in cases {
        let case = office.docket.case(&case).await.unwrap().unwrap();
        for measure in &case.measures {
            let decided = measure.decided.as_ref();
            let own = decided.filter(|decided| decided.signed.who == measure.proposed.who);
            assert!(own.is_none(), "{measure:?}");
            let carried_unseen =
                measure.carried.is_some() && measure.needs_approval && decided.is_none();
            assert!(!carried_unseen, "{measure:?}");
        }
    }
}

pub fn anything(what: u8) -> CaseAction {
    let text = || "随意".to_owned();
    match what % 20 {
        0 => CaseAction::Acknowledge { text: text() },
        1 => assignment(&["one", "both"]),
        2 | 3 => check(),
        4 => judged(what < 128),
        5 => proposal(Measure::ALL[usize::from(what) % Measure::ALL.len()]),
        6 => proposal(Measure::Finding),
        7 => approval(u32::from(what) % 3 + 1),
        8 => CaseAction::Refuse {
            measure: 1,
            text: text(),
        },
        9 => carried(u32::from(what) % 3 + 1),
        10 => label(Outcome::ALL[usize::from(what) % 7], None),
        11 => label(Outcome::Unfounded, Some(Reason::DataError)),
        12 => CaseAction::Correct {
            outcome: Outcome::OtherOffence,
            reason: None,
            text: text(),
        },
        13 => CaseAction::Archive { text: text() },
        14 => CaseAction::Ask {
            agency: "税务局".into(),
            text: text(),
        },
        15 => CaseAction::Answered { text: text() },
        16 => CaseAction::Suspend {
            text: text(),
            until_ms: MONDAY * 2,
        },
        17 => CaseAction::Resume { text: text() },
        18 => assignment(&["two", "one", "both"]),
        _ => CaseAction::HandOver {
            to: "邻市".into(),
            text: String::new(),
        },
    }
}
