//! The same deed twice is one, and on an old version none.

use super::*;

pub async fn a_deed_is_done_once_and_on_the_version_that_was_seen(store: &str, folder: &Path) {
    let office = Office::open(store, folder).await;
    let case = office.checked("A-1").await;
    let version = office.docket.case(&case).await.unwrap().unwrap().version;
    let subject = format!("case/{case}");
    let intent = Intent {
        expected: Some(version),
        ..office.intent(
            Actor::Person("one".into()),
            &subject,
            Action::Case(judged(true)),
        )
    };
    let (first, second) = tokio::join!(
        office.docket.act(intent.clone()),
        office.docket.act(intent.clone())
    );
    let done = [first.unwrap(), second.unwrap()];
    assert_eq!(done[0].seq, done[1].seq);
    assert_eq!(done.iter().filter(|done| done.repeated).count(), 1);
    let stale = Intent {
        key: "another".into(),
        ..intent
    };
    let refused = office.docket.act(stale).await.unwrap_err();
    assert!(matches!(refused, DocketError::Stale { .. }), "{refused}");
    let again = office
        .tries("duty", "", Action::Case(opening("A-1")))
        .await
        .unwrap_err();
    assert!(again.to_string().contains("has the open case"), "{again}");
    // It goes on in another one.
    let into = office.opened("A-2").await;
    let merge = |into: &str| CaseAction::Merge {
        into: into.into(),
        text: "同一团伙".into(),
    };
    office
        .refuses("duty", &case, merge(&case), "no other open case")
        .await;
    office
        .refuses("duty", &case, merge("C999"), "there is no case")
        .await;
    let merged = office.did("duty", &case, merge(&into)).await;
    assert!(!merged.is_open());
    let filter = CaseFilter {
        open: Some(true),
        limit: 10,
        ..CaseFilter::default()
    };
    let open = office.docket.cases(&filter).await.unwrap().cases;
    assert_eq!(
        open.iter().map(|case| case.id.as_str()).collect::<Vec<_>>(),
        [into]
    );
    let south = CaseFilter {
        districts: vec!["南屿区".into()],
        limit: 1,
        ..CaseFilter::default()
    };
    let page = office.docket.cases(&south).await.unwrap();
    let next = CaseFilter {
        after: page.next.clone(),
        ..south
    };
    assert_eq!(
        (
            page.cases.len(),
            office.docket.cases(&next).await.unwrap().cases.len()
        ),
        (1, 1)
    );
    let north = CaseFilter {
        districts: vec!["北%".into()],
        limit: 9,
        ..CaseFilter::default()
    };
    assert!(office.docket.cases(&north).await.unwrap().cases.is_empty());
}
