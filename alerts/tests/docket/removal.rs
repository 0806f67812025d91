//! Lines whose time is over go; the chain holds, and nobody removes more.

use super::*;
use tocsin_alerts::casework::retention::Kept;

const YEAR: i64 = 366 * 24 * 3_600_000;

/// The machine removes reads from before an instant, at another.
async fn remove(office: &Office, before_ms: i64, time_ms: i64) -> Result<u64, DocketError> {
    let who = Actor::Machine("test".into());
    let intent = Intent {
        time_ms,
        ..office.intent(who, "", Action::Removed)
    };
    let removed = office.docket.remove(Kept::Reads, before_ms, intent).await?;
    Ok(removed.lines)
}

/// One looks at something at an instant.
async fn look(office: &Office, time_ms: i64) {
    let read = Action::Read {
        path: "/enterprises/E1".into(),
    };
    let intent = Intent {
        role: "investigator".into(),
        time_ms,
        ..office.intent(Actor::Person("one".into()), "enterprise/E1", read)
    };
    office.docket.act(intent).await.unwrap();
}

pub async fn what_is_removed_is_said_and_no_more(store: &str, folder: &Path) {
    let office = Office::open(store, folder).await;
    let case = office.checked("A-1").await;
    for year in 0..3 {
        look(&office, MONDAY + year * YEAR).await;
        look(&office, MONDAY + year * YEAR + 1_000_000).await;
    }
    let (head, hash) = office.docket.head().await.unwrap();
    // Five years are five years.
    let now = MONDAY + 6 * YEAR;
    let early = remove(&office, now - 4 * YEAR, now).await.unwrap_err();
    assert!(early.to_string().contains("1827 days"), "{early}");
    assert_eq!(office.docket.head().await.unwrap(), (head, hash.clone()));
    let first = MONDAY + YEAR / 2;
    assert_eq!(
        office.docket.removable(Kept::Reads, first).await.unwrap(),
        2
    );
    assert_eq!(remove(&office, first, now).await.unwrap(), 2);
    assert_eq!(remove(&office, first, now).await.unwrap(), 0, "once");
    // A year later the next are gone; what was done stays.
    assert_eq!(remove(&office, first + YEAR, now + YEAR).await.unwrap(), 2);
    let verified = office.docket.verify(Some(&hash)).await.unwrap();
    assert_eq!((verified.broken, verified.lines), (Vec::new(), head + 2));
    let filter = DeedFilter {
        limit: 1_000,
        ..DeedFilter::default()
    };
    let lines = office.docket.deeds(&filter).await.unwrap();
    let gone = lines
        .iter()
        .filter(|line| line.deed.action == Action::Removed);
    assert!(
        gone.clone()
            .all(|line| line.deed.subject.is_empty() && line.deed.key.starts_with("removed/"))
    );
    assert_eq!(gone.count(), 4);
    assert!(office.docket.case(&case).await.unwrap().is_some());
    // Whoever removes one more, or lets the line that says so say otherwise, is found.
    let pool = pool(store, folder).await;
    let wipe = |condition: &str| {
        format!(
            "UPDATE deeds SET who = '', role = '', purpose = '', subject = '', key = 'removed/' || seq, action = '' WHERE {condition}"
        )
    };
    run(&pool, &wipe("kind = 'read' AND action <> ''")).await;
    assert!(
        office.broken().await[0].contains("no line says so"),
        "{:?}",
        office.broken().await
    );
    run(&pool, &wipe("kind = 'case.check'")).await;
    assert!(
        office.broken().await[0].contains("no line says so"),
        "{:?}",
        office.broken().await
    );
    run(&pool, &wipe("kind = 'removal'")).await;
    assert!(
        office.broken().await[0].contains("stays for ever"),
        "{:?}",
        office.broken().await
    );
    // Without an account nothing that it did could have been done.
    run(&pool, &wipe("kind = 'person.add'")).await;
    assert!(
        office.broken().await[0].contains("there is no open account"),
        "{:?}",
        office.broken().await
    );
    pool.close().await;
}
