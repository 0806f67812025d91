//! How many cases ended how is what a recount of the log says, whatever was done.

use super::*;
use std::collections::BTreeMap;
use tocsin_alerts::casework::Fold;

/// Counted by outcome, reason and whether a reader of these districts sees it, from
/// the deeds alone.
async fn recounted(
    office: &Office,
    districts: &[String],
) -> BTreeMap<(Outcome, Option<Reason>), u64> {
    let (mut fold, mut filter) = (Fold::default(), DeedFilter::default());
    filter.limit = 1_000;
    loop {
        let lines = office.docket.deeds(&filter).await.unwrap();
        let Some(last) = lines.last() else { break };
        filter.after = last.deed.seq;
        for line in &lines {
            fold.apply(&line.deed).unwrap();
        }
    }
    let mut counted = BTreeMap::new();
    for case in fold.cases.values() {
        let seen = districts.is_empty()
            || case
                .districts()
                .any(|d| districts.iter().any(|own| own == d));
        if let Some(label) = case.label.as_ref().filter(|_| seen) {
            *counted.entry((label.outcome, label.reason)).or_default() += 1;
        }
    }
    counted
}

/// Fails unless what is kept is what the recount says, to each reader.
pub async fn check_outcomes(office: &Office) {
    let readers = ["", "南屿区", "北湾区", "南屿区 北湾区", "无此区"];
    for reader in readers {
        let districts: Vec<String> = reader.split_whitespace().map(str::to_owned).collect();
        let kept = office.docket.outcomes(&districts).await.unwrap();
        let kept: BTreeMap<_, _> = kept
            .into_iter()
            .map(|ended| ((ended.outcome, ended.reason), ended.cases))
            .collect();
        assert_eq!(kept, recounted(office, &districts).await, "`{reader}`");
    }
}

/// Ends two cases, one of two districts, and corrects one of them.
async fn end_two(office: &Office) {
    let unfounded = label(Outcome::Unfounded, Some(Reason::DataError));
    let one = office.checked("A-1").await;
    office.did("one", &one, judged(false)).await;
    office.did("two", &one, unfounded.clone()).await;
    check_outcomes(office).await;
    let two = office.opened("A-2").await;
    let taken = CaseAction::Acknowledge {
        text: String::new(),
    };
    office.did("duty", &two, taken).await;
    let both = CaseAction::Assign {
        places: Places {
            registered: Some("南屿区".into()),
            conduct: vec!["北湾区".into()],
            ..Places::default()
        },
        investigators: vec!["one".into(), "two".into()],
        text: String::new(),
    };
    office.did("duty", &two, both).await;
    office.did("one", &two, check()).await;
    office.did("two", &two, check()).await;
    office.did("one", &two, judged(false)).await;
    office.did("one", &two, unfounded).await;
    check_outcomes(office).await;
    let corrected = CaseAction::Correct {
        outcome: Outcome::Duplicate,
        reason: None,
        text: "同一线索".into(),
    };
    office.did("two", &one, corrected).await;
    let kept = office.docket.outcomes(&["北湾区".into()]).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].outcome, kept[0].cases), (Outcome::Unfounded, 1));
}

pub async fn outcomes_are_counted_where_they_change(store: &str, folder: &Path) {
    let office = Office::open(store, folder).await;
    assert_eq!(office.docket.outcomes(&[]).await.unwrap(), []);
    end_two(&office).await;
    check_outcomes(&office).await;
    assert_eq!(office.broken().await, [""; 0]);
    // A store of before: it is counted when it is opened.
    let pool = pool(store, folder).await;
    run(&pool, "DROP TABLE outcomes").await;
    run(&pool, "DROP TABLE expired").await;
    run(&pool, "DELETE FROM docket_schema WHERE version >= 5").await;
    let docket = Docket::open(store, folder).await.unwrap();
    check_outcomes(&office).await;
    assert_eq!(office.broken().await, [""; 0]);
    // Who changes a count is found.
    run(
        &pool,
        "UPDATE outcomes SET cases = cases + 1 WHERE outcome = 'duplicate'",
    )
    .await;
    let broken = office.broken().await;
    assert!(
        broken[0].contains("outcomes") && broken[0].contains("duplicate"),
        "{broken:?}"
    );
    docket.close().await;
    pool.close().await;
}
