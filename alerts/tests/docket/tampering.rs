//! Whatever is changed in the database is found.

use super::*;

/// What somebody with the database in hand may try.
pub async fn whatever_is_changed_in_the_database_is_found(store: &str, folder: &Path) {
    let office = Office::open(store, folder).await;
    let case = office.checked("A-1").await;
    office.did("one", &case, judged(true)).await;
    office.did("one", &case, proposal(Measure::Finding)).await;
    let suppress = SuppressionAction::Suppress {
        text: "季节性".into(),
        until_ms: MONDAY + 86_400_000,
        level: Level::Blue,
        revision: 1,
        district: None,
    };
    office
        .tries("duty", "alert/B-1", Action::Suppression(suppress))
        .await
        .unwrap();
    let (last, head) = office.docket.head().await.unwrap();
    assert_eq!(office.broken().await, [""; 0]);
    let pool = pool(store, folder).await;
    for table in ["deeds", "cases", "people", "suppressions"] {
        run(
            &pool,
            &format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}"),
        )
        .await;
    }
    let forged = forged_approval(&office, &case, last + 1, &head);
    let tricks = [
        "UPDATE deeds SET purpose = 'other' WHERE seq = 3".to_owned(),
        "UPDATE deeds SET who = 'two' WHERE who = 'one'".to_owned(),
        "UPDATE deeds SET time_ms = time_ms - 1 WHERE seq = 9".to_owned(),
        "UPDATE deeds SET action = replace(action, '现场', '书面')".to_owned(),
        "UPDATE deeds SET kind = 'read' WHERE kind = 'case.check'".to_owned(),
        "UPDATE deeds SET role = 'head' WHERE seq = 10".to_owned(),
        "UPDATE deeds SET hash = previous WHERE seq = 5".to_owned(),
        "DELETE FROM deeds WHERE seq = 7".to_owned(),
        "DELETE FROM deeds WHERE seq = 1".to_owned(),
        format!("DELETE FROM deeds WHERE seq = {last}"),
        "UPDATE deeds SET seq = seq - 100 WHERE seq = 4".to_owned(),
        swap(12, 13),
        "INSERT INTO deeds SELECT seq + 1000, time_ms, who, role, purpose, subject, 'copy', kind, action, previous, hash FROM deeds WHERE seq = 11".to_owned(),
        format!("INSERT INTO deeds SELECT {last} + 1, time_ms, who, role, purpose, subject, 'copy', kind, action, '{head}', hash FROM deeds WHERE seq = 11"),
        forged,
        "UPDATE cases SET body = replace(body, 'judged', 'labelled')".to_owned(),
        "UPDATE cases SET due_ms = 0".to_owned(),
        "DELETE FROM cases".to_owned(),
        "UPDATE people SET body = replace(body, 'investigator', 'head') WHERE name = 'one'".to_owned(),
        "DELETE FROM people WHERE name = 'north'".to_owned(),
        "UPDATE suppressions SET open = 0".to_owned(),
        "INSERT INTO people SELECT 'ghost', body FROM people WHERE name = 'head'".to_owned(),
    ];
    for trick in tricks {
        for statement in trick.split(';') {
            run(&pool, statement).await;
        }
        let broken = office.broken().await;
        assert!(!broken.is_empty(), "unseen: {trick}");
        for table in ["deeds", "cases", "people", "suppressions"] {
            run(&pool, &format!("DELETE FROM {table}")).await;
            run(
                &pool,
                &format!("INSERT INTO {table} SELECT * FROM kept_{table}"),
            )
            .await;
        }
        assert_eq!(office.broken().await, [""; 0]);
    }
    // Log and tables cut off together: seen by whoever kept a later hash.
    run(&pool, &format!("DELETE FROM deeds WHERE seq = {last}")).await;
    run(&pool, "DELETE FROM suppressions").await;
    assert_eq!(office.broken().await, [""; 0]);
    let found = office.docket.verify(Some(&head)).await.unwrap();
    assert!(
        found.broken[0].what.contains("no line has the hash"),
        "{:?}",
        found.broken
    );
    pool.close().await;
}

/// A line that fits the chain to the last bit, and says what could not be: the
/// proposer approves.
pub fn forged_approval(office: &Office, case: &str, seq: u64, head: &str) -> String {
    let action = Action::Case(approval(1));
    let intent = office.intent(Actor::Person("one".into()), &format!("case/{case}"), action);
    let text = serde_json::to_string(&intent.action).unwrap();
    let deed = tocsin_alerts::casework::Deed {
        seq,
        time_ms: intent.time_ms,
        who: intent.who,
        role: "head".into(),
        purpose: intent.purpose,
        subject: intent.subject,
        key: intent.key,
        action: intent.action,
    };
    let mut entry = Entry {
        deed,
        action: text,
        previous: head.into(),
        hash: String::new(),
    };
    entry.hash = chain::hash(entry.content().as_bytes());
    let deed = &entry.deed;
    format!(
        "INSERT INTO deeds VALUES ({seq}, {}, 'one', 'head', 'test', 'case/{case}', '{}', 'case.approve', '{}', '{head}', '{}')",
        deed.time_ms, deed.key, entry.action, entry.hash
    )
}

pub fn swap(one: u64, other: u64) -> String {
    format!(
        "UPDATE deeds SET seq = -1 WHERE seq = {one};UPDATE deeds SET seq = {one} WHERE seq = {other};UPDATE deeds SET seq = {other} WHERE seq = -1"
    )
}

pub async fn pool(store: &str, folder: &Path) -> AnyPool {
    let address = match store.starts_with("postgres") {
        true => store.to_owned(),
        false => format!("sqlite://{}", folder.join(store).display()),
    };
    let options = sqlx::any::AnyPoolOptions::new().max_connections(1);
    options.connect(&address).await.unwrap()
}

pub async fn run(pool: &AnyPool, sql: &str) {
    sqlx::query(sql)
        .execute(pool)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}
