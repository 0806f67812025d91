//! Cases whose time is over go with all that they say; the chain holds, what is open or
//! contested stays, and nobody removes more.

use super::*;
use tocsin_alerts::casework::retention::Kept;

const YEAR: i64 = 366 * 24 * 3_600_000;
/// What somebody wrote into a case, and nobody may find afterwards.
const SAID: &str = "举报人赵某某";

async fn ended(office: &Office, alert: &str) -> String {
    let case = office.checked(alert).await;
    let said = CaseAction::Judge {
        text: SAID.into(),
        founded: false,
    };
    office.did("one", &case, said).await;
    let unfounded = label(Outcome::Unfounded, Some(Reason::DataError));
    office.did("two", &case, unfounded).await;
    case
}

async fn founded(office: &Office, alert: &str) -> String {
    let case = office.checked(alert).await;
    office.did("one", &case, judged(true)).await;
    office.did("one", &case, proposal(Measure::Talk)).await;
    office.did("one", &case, carried(1)).await;
    office
        .did("two", &case, label(Outcome::Rectified, None))
        .await;
    case
}

/// The machine removes cases from before an instant, `years` later.
async fn remove(office: &Office, what: Kept, years: i64) -> Result<(u64, u64), DocketError> {
    let now = MONDAY + years * YEAR;
    let who = Actor::Machine("test".into());
    let intent = Intent {
        time_ms: now,
        ..office.intent(who, "", Action::Removed)
    };
    let before_ms = now - what.least_days() * 24 * 3_600_000;
    let removed = office.docket.remove_cases(what, before_ms, intent).await?;
    Ok((removed.cases, removed.lines))
}

fn appeal() -> CaseAction {
    CaseAction::Appeal {
        agency: "市人民政府".into(),
        text: "不服处理决定".into(),
    }
}

pub async fn cases_go_when_their_time_is_over(store: &str, folder: &Path) {
    let office = Office::open(store, folder).await;
    let plain = ended(&office, "A-1").await;
    let contested = ended(&office, "A-2").await;
    office.did("duty", &contested, appeal()).await;
    office
        .refuses("duty", &contested, appeal(), "is pending")
        .await;
    let open = office.checked("A-3").await;
    let found = founded(&office, "A-4").await;
    let (into, merged) = (ended_with_merged(&office).await, "A-6");
    let outcomes = office.docket.outcomes(&[]).await.unwrap();
    let (head, hash) = office.docket.head().await.unwrap();
    // Nine years are not ten.
    assert_eq!(remove(&office, Kept::Cases, 9).await.unwrap(), (0, 0));
    let now = MONDAY + 11 * YEAR;
    let (due, stays) = office
        .docket
        .due(Kept::Cases, now - 10 * YEAR)
        .await
        .unwrap();
    let mut ids: Vec<&str> = due.iter().map(|due| due.id()).collect();
    ids.sort_unstable();
    let mut expected = vec![plain.as_str(), into.as_str()];
    expected.sort_unstable();
    assert_eq!(ids, expected, "{merged} goes with {into}");
    let stays: Vec<_> = stays.into_iter().collect();
    assert_eq!(stays, [("open", 1), ("under appeal (复议或诉讼)", 1)]);
    assert_eq!(office.docket.head().await.unwrap(), (head, hash.clone()));

    let (cases, lines) = remove(&office, Kept::Cases, 11).await.unwrap();
    assert_eq!(cases, 3, "the plain one, and two that went on as one");
    assert!(lines > 15, "{lines}");
    let verified = office.docket.verify(Some(&hash)).await.unwrap();
    assert_eq!((verified.broken, verified.lines), (Vec::new(), head + 2));
    assert_eq!(office.docket.case(&plain).await.unwrap(), None);
    let left = office.docket.expired(&plain).await.unwrap().unwrap();
    assert_eq!(left.outcome, Some(Outcome::Unfounded));
    assert!(
        office.docket.expired_of("A-1").await.unwrap(),
        "none is opened anew"
    );
    assert!(!office.docket.expired_of("A-2").await.unwrap());
    for stays in [&contested, &open, &found] {
        assert!(
            office.docket.case(stays).await.unwrap().is_some(),
            "{stays}"
        );
    }
    let counted = office.docket.outcomes(&[]).await.unwrap();
    assert_eq!(counted, outcomes, "how they ended stays counted");
    assert_eq!(
        remove(&office, Kept::Cases, 12).await.unwrap(),
        (0, 0),
        "once"
    );
    // Decided, it is ten years after that.
    let decided = CaseAction::AppealDecided {
        text: "维持".into(),
    };
    office.did("duty", &contested, decided).await;
    office
        .refuses(
            "duty",
            &contested,
            CaseAction::AppealDecided { text: "x".into() },
            "no appeal",
        )
        .await;
    assert_eq!(remove(&office, Kept::Cases, 23).await.unwrap().0, 1);
    assert_eq!(
        remove(&office, Kept::FoundedCases, 29).await.unwrap(),
        (0, 0)
    );
    assert_eq!(remove(&office, Kept::FoundedCases, 42).await.unwrap().0, 1);
    assert_eq!(office.broken().await, [""; 0]);
    nobody_removes_more(&office, &open).await;
    gone_from_the_store(store, folder, &office).await;
    more_that_is_gone_is_found(store, folder, &office, &open).await;
}

/// A case that ended, and into which another was merged: they go together.
async fn ended_with_merged(office: &Office) -> String {
    let into = office.checked("A-5").await;
    let other = office.checked("A-6").await;
    let merge = CaseAction::Merge {
        into: into.clone(),
        text: SAID.into(),
    };
    office.did("duty", &other, merge).await;
    office.did("one", &into, judged(false)).await;
    let duplicate = label(Outcome::Duplicate, None);
    office.did("two", &into, duplicate).await;
    into
}

/// A removal that somebody makes up is judged like any deed.
async fn nobody_removes_more(office: &Office, open: &str) {
    use tocsin_alerts::casework::retention::{Expired, Removal};
    let case = office.docket.case(open).await.unwrap().unwrap();
    let removal = |before_ms| {
        Action::Removal(Removal {
            what: Kept::Cases,
            before_ms,
            lines: 1,
            digest: String::new(),
            cases: vec![Expired::of(&case, MONDAY, vec![1])],
            numbers: Vec::new(),
        })
    };
    let late = MONDAY + 60 * YEAR;
    let by = |who, action| Intent {
        time_ms: late,
        ..office.intent(who, "log/cases", action)
    };
    let machine = || Actor::Machine("test".into());
    let before = late - 11 * YEAR;
    let held = office.docket.act(by(machine(), removal(before))).await;
    assert!(held.unwrap_err().to_string().contains("it is open"));
    let early = office.docket.act(by(machine(), removal(late - YEAR))).await;
    assert!(early.unwrap_err().to_string().contains("3653 days"));
    let person = Actor::Person("admin".into());
    let forbidden = office.docket.act(by(person, removal(before))).await;
    assert!(forbidden.unwrap_err().to_string().contains("machine alone"));
}

/// Nothing of what was said is in any file of the store.
async fn gone_from_the_store(store: &str, folder: &Path, office: &Office) {
    let pool = pool(store, folder).await;
    let sql = "SELECT count(*) FROM deeds WHERE action LIKE $1";
    let query = sqlx::query_scalar(sql).bind(format!("%{SAID}%"));
    let lines: i64 = query.fetch_one(&pool).await.unwrap();
    assert_eq!(lines, 0);
    let sql = "SELECT count(*) FROM cases WHERE body LIKE $1";
    let query = sqlx::query_scalar(sql).bind(format!("%{SAID}%"));
    let cases: i64 = query.fetch_one(&pool).await.unwrap();
    assert_eq!(cases, 0);
    pool.close().await;
    office.docket.scrub().await.unwrap();
    if !tocsin_alerts::docket::is_postgres(store) {
        for file in std::fs::read_dir(folder).unwrap().flatten() {
            let bytes = std::fs::read(file.path()).unwrap();
            let there = bytes
                .windows(SAID.len())
                .any(|part| part == SAID.as_bytes());
            assert!(!there, "{}", file.path().display());
        }
    }
}

/// Whoever empties one line more, or brings a case back, is found.
async fn more_that_is_gone_is_found(store: &str, folder: &Path, office: &Office, open: &str) {
    let pool = pool(store, folder).await;
    run(
        &pool,
        "UPDATE expired SET body = replace(body, 'unfounded', 'illegal')",
    )
    .await;
    assert!(
        office.broken().await[0].contains("expired"),
        "{:?}",
        office.broken().await
    );
    run(
        &pool,
        "UPDATE expired SET body = replace(body, 'illegal', 'unfounded')",
    )
    .await;
    assert_eq!(office.broken().await, [""; 0]);
    let sql = format!(
        "UPDATE deeds SET who = '', role = '', purpose = '', subject = '', key = 'removed/' || seq, \
         action = '' WHERE subject = 'case/{open}'"
    );
    run(&pool, &sql).await;
    let broken = office.broken().await;
    assert!(broken[0].contains("no line says so"), "{broken:?}");
    pool.close().await;
}
