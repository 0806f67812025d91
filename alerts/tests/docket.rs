//! An official relies on it: what was done is in the log once, cannot be changed
//! unseen, and nobody is talked out of the four eyes. The same on SQLite and
//! PostgreSQL.
#![allow(clippy::unwrap_used)]

#[path = "support/postgres.rs"]
mod postgres;

use postgres::Postgres;
use proptest::prelude::*;
use sqlx::AnyPool;
use std::path::Path;
use tocsin_alerts::casework::jurisdiction::Places;
use tocsin_alerts::casework::{
    Action, Actor, Case, CaseAction, Measure, Outcome, Person, PersonAction, Reason, Refusal, Role,
    Stage, SuppressionAction, Terms,
};
use tocsin_alerts::chain;
use tocsin_alerts::docket::{CaseFilter, Docket, DocketError, Done, Entry, Intent};
use tocsin_alerts::level::Level;

const MONDAY: i64 = 1_751_245_200_000; // 2025-06-30T09:00+08:00

struct Office {
    docket: Docket,
    keys: std::cell::Cell<u64>,
}

fn person(name: &str, roles: &[Role]) -> Person {
    Person {
        name: name.to_owned(),
        display: format!("{name} 本人"),
        roles: roles.to_vec(),
        districts: Vec::new(),
        clearance: 3,
        disabled: false,
    }
}

/// Who there is.
fn staff() -> Vec<Person> {
    vec![
        person("duty", &[Role::DutyOfficer]),
        person("one", &[Role::Investigator]),
        person("two", &[Role::Investigator]),
        person("both", &[Role::Investigator, Role::Head]),
        person("head", &[Role::Head]),
        person("admin", &[Role::Administrator]),
        Person {
            districts: vec!["北湾区".into()],
            ..person("north", &[Role::DutyOfficer])
        },
        // A second account of one.
        Person {
            display: "ONE 本人".into(),
            ..person("alias", &[Role::Head, Role::Investigator])
        },
    ]
}

impl Office {
    async fn open(store: &str, folder: &Path) -> Office {
        let office = Office {
            docket: Docket::open(store, folder).await.unwrap(),
            keys: std::cell::Cell::new(0),
        };
        for person in staff() {
            let subject = format!("person/{}", person.name);
            let action = Action::Person(PersonAction::Add { person });
            let who = Actor::Machine("test".into());
            office
                .docket
                .act(office.intent(who, &subject, action))
                .await
                .unwrap();
        }
        office
    }

    fn intent(&self, who: Actor, subject: &str, action: Action) -> Intent {
        self.keys.set(self.keys.get() + 1);
        Intent {
            who,
            role: String::new(),
            purpose: "test".into(),
            subject: subject.into(),
            key: format!("k{}", self.keys.get()),
            action,
            expected: None,
            time_ms: MONDAY + self.keys.get() as i64 * 1_000,
            credential: None,
        }
    }

    async fn tries(&self, who: &str, subject: &str, action: Action) -> Result<Done, DocketError> {
        let who = Actor::Person(who.into());
        self.docket.act(self.intent(who, subject, action)).await
    }

    async fn with_case(
        &self,
        who: &str,
        case: &str,
        action: CaseAction,
    ) -> Result<Case, DocketError> {
        let done = self
            .tries(who, &format!("case/{case}"), Action::Case(action))
            .await?;
        Ok(done.case.unwrap())
    }

    async fn did(&self, who: &str, case: &str, action: CaseAction) -> Case {
        let name = action.name();
        self.with_case(who, case, action)
            .await
            .unwrap_or_else(|e| panic!("{name} by {who}: {e}"))
    }

    async fn refuses(&self, who: &str, case: &str, action: CaseAction, why: &str) {
        let before = self.docket.head().await.unwrap();
        let refused = self.with_case(who, case, action.clone()).await.unwrap_err();
        let said = refused.to_string();
        assert!(
            said.contains(why),
            "{} by {who}: `{said}` lacks `{why}`",
            action.name()
        );
        assert_eq!(
            self.docket.head().await.unwrap(),
            before,
            "what is refused leaves nothing"
        );
    }

    async fn opened(&self, alert: &str) -> String {
        let done = self
            .tries("duty", "", Action::Case(opening(alert)))
            .await
            .unwrap();
        done.case.unwrap().id
    }

    /// A case that one and two have checked.
    async fn checked(&self, alert: &str) -> String {
        let case = self.opened(alert).await;
        self.did(
            "duty",
            &case,
            CaseAction::Acknowledge {
                text: String::new(),
            },
        )
        .await;
        self.did("duty", &case, assignment(&["one", "two"])).await;
        self.did("one", &case, check()).await;
        self.did("two", &case, check()).await;
        case
    }

    async fn broken(&self) -> Vec<String> {
        let found = self.docket.verify(None).await.unwrap();
        found.broken.iter().map(ToString::to_string).collect()
    }
}

fn opening(alert: &str) -> CaseAction {
    CaseAction::Open {
        alert: alert.into(),
        enterprise: "91440300MA00000820".into(),
        name: Some("万家果业".into()),
        district: Some("南屿区".into()),
        level: Level::Orange,
        terms: Terms::of(Level::Orange),
    }
}

fn assignment(names: &[&str]) -> CaseAction {
    CaseAction::Assign {
        places: Places::default(),
        investigators: names.iter().map(|name| (*name).to_owned()).collect(),
        text: String::new(),
    }
}

fn check() -> CaseAction {
    CaseAction::Check {
        text: "现场核查".into(),
    }
}

fn judged(founded: bool) -> CaseAction {
    CaseAction::Judge {
        text: "研判意见".into(),
        founded,
    }
}

fn proposal(measure: Measure) -> CaseAction {
    CaseAction::Propose {
        measure,
        text: "理由".into(),
    }
}

fn approval(measure: u32) -> CaseAction {
    CaseAction::Approve {
        measure,
        text: String::new(),
    }
}

fn carried(measure: u32) -> CaseAction {
    CaseAction::Carry {
        measure,
        text: "已办理".into(),
    }
}

fn label(outcome: Outcome, reason: Option<Reason>) -> CaseAction {
    CaseAction::Label {
        outcome,
        reason,
        text: "结论".into(),
    }
}

async fn the_way_of_a_case(store: &str, folder: &Path) {
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

/// Whatever one person tries, a second has to see it.
async fn nobody_is_talked_out_of_the_four_eyes(store: &str, folder: &Path) {
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
        .refuses("head", &case, approval(1), "waits for no decision")
        .await;
    assert_eq!(office.broken().await, [""; 0]);
}

async fn a_deed_is_done_once_and_on_the_version_that_was_seen(store: &str, folder: &Path) {
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

/// What somebody with the database in hand may try.
async fn whatever_is_changed_in_the_database_is_found(store: &str, folder: &Path) {
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
fn forged_approval(office: &Office, case: &str, seq: u64, head: &str) -> String {
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

fn swap(one: u64, other: u64) -> String {
    format!(
        "UPDATE deeds SET seq = -1 WHERE seq = {one};UPDATE deeds SET seq = {one} WHERE seq = {other};UPDATE deeds SET seq = {other} WHERE seq = -1"
    )
}

async fn pool(store: &str, folder: &Path) -> AnyPool {
    let address = match store.starts_with("postgres") {
        true => store.to_owned(),
        false => format!("sqlite://{}", folder.join(store).display()),
    };
    let options = sqlx::any::AnyPoolOptions::new().max_connections(1);
    options.connect(&address).await.unwrap()
}

async fn run(pool: &AnyPool, sql: &str) {
    sqlx::query(sql)
        .execute(pool)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// Tries anything; what is accepted must be what the tables say.
async fn try_anything(store: &str, folder: &Path, tries: &[(u8, u8, u8)]) {
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

fn anything(what: u8) -> CaseAction {
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

fn on_sqlite<F: AsyncFnOnce(&str, &Path)>(check: F) {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(check("case work.db", folder.path()));
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn a_case_goes_its_way_and_no_other() {
    on_sqlite(the_way_of_a_case);
}

#[test]
fn four_eyes_hold() {
    on_sqlite(nobody_is_talked_out_of_the_four_eyes);
}

#[test]
fn a_deed_is_done_once() {
    on_sqlite(a_deed_is_done_once_and_on_the_version_that_was_seen);
}

#[test]
fn what_is_changed_is_found() {
    on_sqlite(whatever_is_changed_in_the_database_is_found);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn whatever_is_tried_the_tables_are_what_the_log_makes(
        tries in proptest::collection::vec(any::<(u8, u8, u8)>(), 0..120),
    ) {
        on_sqlite(async |store, folder| try_anything(store, folder, &tries).await);
    }
}

#[test]
fn everything_holds_on_postgresql_too() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let tries: Vec<(u8, u8, u8)> = (0..=255_u8)
        .map(|n| (n.wrapping_mul(37), n / 7, n.wrapping_mul(91)))
        .collect();
    runtime().block_on(async {
        sqlx::any::install_default_drivers();
        let admin = pool(&postgres.address("postgres"), Path::new("")).await;
        for name in ["way", "eyes", "once", "changed", "anything"] {
            run(&admin, &format!("CREATE DATABASE {name}")).await;
        }
        admin.close().await;
        let nowhere = Path::new("/nonexistent");
        the_way_of_a_case(&postgres.address("way"), nowhere).await;
        nobody_is_talked_out_of_the_four_eyes(&postgres.address("eyes"), nowhere).await;
        a_deed_is_done_once_and_on_the_version_that_was_seen(&postgres.address("once"), nowhere)
            .await;
        whatever_is_changed_in_the_database_is_found(&postgres.address("changed"), nowhere).await;
        try_anything(&postgres.address("anything"), nowhere, &tries).await;
    });
}
