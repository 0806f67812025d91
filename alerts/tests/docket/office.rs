//! An office with its people, and the deeds they do.

use super::*;

pub const MONDAY: i64 = 1_751_245_200_000; // 2025-06-30T09:00+08:00

pub struct Office {
    pub docket: Docket,
    pub keys: std::cell::Cell<u64>,
}

pub fn person(name: &str, roles: &[Role]) -> Person {
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
pub fn staff() -> Vec<Person> {
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
    pub async fn open(store: &str, folder: &Path) -> Office {
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

    pub fn intent(&self, who: Actor, subject: &str, action: Action) -> Intent {
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

    pub async fn tries(
        &self,
        who: &str,
        subject: &str,
        action: Action,
    ) -> Result<Done, DocketError> {
        let who = Actor::Person(who.into());
        self.docket.act(self.intent(who, subject, action)).await
    }

    pub async fn with_case(
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

    pub async fn did(&self, who: &str, case: &str, action: CaseAction) -> Case {
        let name = action.name();
        self.with_case(who, case, action)
            .await
            .unwrap_or_else(|e| panic!("{name} by {who}: {e}"))
    }

    pub async fn refuses(&self, who: &str, case: &str, action: CaseAction, why: &str) {
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

    pub async fn opened(&self, alert: &str) -> String {
        let done = self
            .tries("duty", "", Action::Case(opening(alert)))
            .await
            .unwrap();
        done.case.unwrap().id
    }

    /// A case that one and two have checked.
    pub async fn checked(&self, alert: &str) -> String {
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

    pub async fn broken(&self) -> Vec<String> {
        let found = self.docket.verify(None).await.unwrap();
        found.broken.iter().map(ToString::to_string).collect()
    }
}

pub fn opening(alert: &str) -> CaseAction {
    CaseAction::Open {
        alert: alert.into(),
        enterprise: "91440300MA00000820".into(),
        name: Some("万家果业".into()),
        district: Some("南屿区".into()),
        level: Level::Orange,
        terms: Terms::of(Level::Orange),
    }
}

pub fn assignment(names: &[&str]) -> CaseAction {
    CaseAction::Assign {
        places: Places::default(),
        investigators: names.iter().map(|name| (*name).to_owned()).collect(),
        text: String::new(),
    }
}

pub fn check() -> CaseAction {
    CaseAction::Check {
        text: "现场核查".into(),
    }
}

pub fn judged(founded: bool) -> CaseAction {
    CaseAction::Judge {
        text: "研判意见".into(),
        founded,
    }
}

pub fn proposal(measure: Measure) -> CaseAction {
    CaseAction::Propose {
        measure,
        text: "理由".into(),
    }
}

pub fn approval(measure: u32) -> CaseAction {
    CaseAction::Approve {
        measure,
        text: String::new(),
    }
}

pub fn carried(measure: u32) -> CaseAction {
    CaseAction::Carry {
        measure,
        text: "已办理".into(),
    }
}

pub fn label(outcome: Outcome, reason: Option<Reason>) -> CaseAction {
    CaseAction::Label {
        outcome,
        reason,
        text: "结论".into(),
    }
}
