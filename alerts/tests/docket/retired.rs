//! Suppressions and closed accounts whose time is over go with all that was said of
//! them; the chain holds, what a line still names stays, and nobody removes more.

use super::*;
use tocsin_alerts::casework::place::Seen;
use tocsin_alerts::casework::retention::Kept;

const DAY: i64 = 24 * 3_600_000;
/// What nobody may find afterwards.
const SAID: &str = "同一举报人重复来电";

/// The machine removes what was done so long before an instant, at that instant.
async fn retire(office: &Office, what: Kept, now: i64, days: i64) -> Result<u64, DocketError> {
    let intent = Intent {
        time_ms: now,
        ..office.intent(Actor::Machine("test".into()), "", Action::Removed)
    };
    let removed = office.docket.retire(what, now - days * DAY, intent).await?;
    Ok(removed.lines)
}

async fn names(office: &Office, what: Kept, before_ms: i64) -> Vec<String> {
    let found = office.docket.retirable(what, before_ms).await.unwrap();
    found.into_iter().map(|one| one.name).collect()
}

async fn suppress(office: &Office, alert: &str, at: i64) -> Result<Done, DocketError> {
    let action = SuppressionAction::Suppress {
        text: SAID.into(),
        until_ms: at + 30 * DAY,
        level: Level::Yellow,
        revision: 1,
        district: Some("南屿区".into()),
    };
    let intent = Intent {
        time_ms: at,
        ..office.intent(
            Actor::Person("duty".into()),
            &format!("alert/{alert}"),
            Action::Suppression(action),
        )
    };
    office.docket.act(intent).await
}

async fn lift(office: &Office, alert: &str) {
    let lift = SuppressionAction::Lift {
        text: SAID.into(),
        hidden: 3,
    };
    let subject = format!("alert/{alert}");
    let lift = Action::Suppression(lift);
    office.tries("duty", &subject, lift).await.unwrap();
}

async fn disable(office: &Office, name: &str) {
    let action = PersonAction::Disable { text: SAID.into() };
    let subject = format!("person/{name}");
    let action = Action::Person(action);
    office.tries("admin", &subject, action).await.unwrap();
}

pub async fn suppressions_and_accounts_go_when_nothing_names_them(store: &str, folder: &Path) {
    let office = Office::open(store, folder).await;
    accounts(&office).await;
    suppressions(&office).await;
    assert_eq!(office.broken().await, [""; 0]);
    let pool = pool(store, folder).await;
    let said: Vec<String> = sqlx::query_scalar("SELECT action FROM deeds WHERE action LIKE $1")
        .bind(format!("%{SAID}%"))
        .fetch_all(&pool)
        .await
        .unwrap();
    // What is left of it is the suppression that stands and the account that is named.
    assert_eq!(said.len(), 2, "{said:?}");
    // Whoever removes one more is found.
    run(
        &pool,
        "UPDATE deeds SET who = '', role = '', purpose = '', subject = '', \
         key = 'removed/' || seq, action = '' WHERE kind = 'suppression.suppress' AND action <> ''",
    )
    .await;
    let broken = office.broken().await;
    assert!(broken[0].contains("no line says so"), "{broken:?}");
    pool.close().await;
}

async fn suppressions(office: &Office) {
    let begun = MONDAY + 500 * DAY;
    let at = begun + 1_000_000;
    for alert in ["S-1", "S-2", "S-3"] {
        suppress(office, alert, at).await.unwrap();
    }
    lift(office, "S-1").await;
    lift(office, "S-3").await;
    let (head, hash) = office.docket.head().await.unwrap();
    let what = Kept::Suppressions;
    let later = begun + 11 * 366 * DAY;
    let early = retire(office, what, later, 3_000).await.unwrap_err();
    assert!(early.to_string().contains("3653 days"), "{early}");
    assert_eq!(names(office, what, begun).await, [""; 0]);
    // One is hidden again after years: its time begins anew.
    let again = begun + 5 * 366 * DAY;
    suppress(office, "S-3", again).await.unwrap();
    let lifted = office.docket.suppression("S-3").await.unwrap().unwrap();
    assert!(lifted.lifted.is_none());
    assert_eq!(names(office, what, later - 3_653 * DAY).await, ["S-1"]);
    assert_eq!(retire(office, what, later, 3_653).await.unwrap(), 2);
    assert_eq!(retire(office, what, later, 3_653).await.unwrap(), 0, "once");
    let verified = office.docket.verify(Some(&hash)).await.unwrap();
    assert_eq!((verified.broken, verified.lines), (Vec::new(), head + 2));
    assert_eq!(office.docket.suppression("S-1").await.unwrap(), None);
    for stays in ["S-2", "S-3"] {
        assert!(office.docket.suppression(stays).await.unwrap().is_some());
    }
    // A later removal takes lines that are older than what an earlier one spoke of.
    let lift = SuppressionAction::Lift {
        text: "x".into(),
        hidden: 3,
    };
    let intent = Intent {
        time_ms: later,
        ..office.intent(
            Actor::Person("duty".into()),
            "alert/S-3",
            Action::Suppression(lift),
        )
    };
    office.docket.act(intent).await.unwrap();
    let last = later + 3_654 * DAY;
    assert_eq!(retire(office, what, last, 3_653).await.unwrap(), 4);
    assert_eq!(office.broken().await, [""; 0]);
}

async fn accounts(office: &Office) {
    let what = Kept::Accounts;
    let person = person("temp", &[Role::DutyOfficer]);
    let add = Action::Person(PersonAction::Add { person });
    office.tries("admin", "person/temp", add).await.unwrap();
    let seen = Action::Seen(Seen {
        events: Some(7),
        deeds: None,
    });
    office.tries("temp", "person/temp", seen).await.unwrap();
    // One who was made an investigator of a case, and one who did nothing else.
    let case = office.checked("A-1").await;
    disable(office, "one").await;
    disable(office, "temp").await;
    let now = MONDAY + 400 * DAY;
    let early = retire(office, what, now, 100).await.unwrap_err();
    assert!(early.to_string().contains("184 days"), "{early}");
    assert_eq!(names(office, what, MONDAY).await, [""; 0]);
    assert_eq!(names(office, what, now - 184 * DAY).await, ["temp"]);
    assert_eq!(retire(office, what, now, 184).await.unwrap(), 3);
    assert_eq!(office.docket.person("temp").await.unwrap(), None);
    assert_eq!(office.docket.place("temp").await.unwrap(), None);
    assert!(office.docket.person("one").await.unwrap().is_some());
    assert!(office.docket.case(&case).await.unwrap().is_some());
    assert_eq!(office.broken().await, [""; 0]);
    // The name is free again, and is somebody else's.
    let person = super::person("temp", &[Role::Analyst]);
    let add = Action::Person(PersonAction::Add { person });
    office.tries("admin", "person/temp", add).await.unwrap();
    assert_eq!(office.broken().await, [""; 0]);
}
