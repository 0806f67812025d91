//! Webhooks and letters, from a real outbox to a real receiver in this process:
//! at least once, in order, the same id each time, whatever the receiver does.

#![allow(clippy::unwrap_used)]

#[path = "../../tests/support/letters.rs"]
mod letters;
#[path = "../../tests/support/receiver.rs"]
mod receiver;

use letters::Relay;
use receiver::{Received, Receiver};
use serde_json::Value;
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tocsin_alerts::level::category_bit;
use tocsin_alerts::sink::mail::{Mail, MailConfig, Protection};
use tocsin_alerts::sink::webhook::{Webhook, WebhookConfig};
use tocsin_alerts::sink::*;
use tocsin_alerts::store::{EpochCommit, EpochResult};
use tocsin_alerts::*;

const T: i64 = 1_704_038_400_000;
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

thread_local! {
    /// The wall clock of the test that runs on this thread.
    static NOW: Cell<i64> = const { Cell::new(T) };
}

fn now() -> i64 {
    NOW.get()
}

fn pass(duration: Duration) {
    NOW.set(NOW.get() + duration.as_millis() as i64);
}

/// A state directory, what happens in it, and who is told.
struct Office {
    folder: TempDir,
    store: Arc<Store>,
    book: Book,
    epoch: u64,
}

impl Office {
    async fn new() -> Office {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), format!("{SECRET}\n")).unwrap();
        let store = Store::open(folder.path(), Durability::NoFsync).await;
        Office {
            store: Arc::new(store.unwrap()),
            folder,
            book: Book::default(),
            epoch: 0,
        }
    }

    /// Enterprise `key` of `district` comes to `points`; one event follows.
    fn happens(&mut self, key: u8, points: u16, district: &str, cause: Cause) {
        self.epoch += 1;
        let assessment = Assessment {
            enterprise: [key; 16],
            id: format!("E{key}"),
            index: points * 100,
            categories: ['B', 'D'].iter().filter_map(|c| category_bit(*c)).sum(),
            agencies: 0b11,
            coverage: 900,
            name: Some(format!("企业{key}")),
            district: Some(district.to_owned()),
            reasons: vec![level::Reason {
                title: "自然人集中转入".to_owned(),
                title_en: Some("individuals paying in".to_owned()),
                ..level::Reason {
                    feature: "fan_in".to_owned(),
                    title: String::new(),
                    title_en: None,
                    category: 'D',
                    contribution: 1,
                    hard_trigger: false,
                }
            }],
            ..Assessment::default()
        };
        let change = Change {
            epoch: self.epoch,
            enterprise: assessment.enterprise,
            assessment: Some(assessment),
            cause,
        };
        let step = self.book.apply(&change, T, &Policy::default()).unwrap();
        assert!(step.event.is_some(), "this makes no event");
        let commit = EpochCommit {
            id: self.epoch,
            time_ms: T,
            ..EpochCommit::default()
        };
        let result = EpochResult {
            id: self.epoch,
            time_ms: T,
            alerts: vec![step.alert],
            events: step.event.into_iter().collect(),
            ..EpochResult::default()
        };
        self.store.commit_finished(&commit, &result).unwrap();
    }

    fn opens(&mut self, key: u8) {
        self.happens(key, 50, "南屿区", Cause::Evidence);
    }

    /// A courier as a new process has it.
    fn courier(&self, channel: Channel) -> Courier {
        let courier = Courier {
            name: "duty".to_owned(),
            filter: Filter::default(),
            restricted: Arc::new(|| 0),
            channel,
            limits: Limits {
                attempts: 3,
                give_up: Duration::from_secs(86_400),
            },
            journal: Arc::new(Journal::open(self.folder.path()).unwrap()),
            store: Arc::clone(&self.store),
            clock: now,
        };
        courier.enter(true).unwrap();
        courier
    }

    fn webhook(&self, to: &Receiver, batch: usize) -> Courier {
        let config = WebhookConfig {
            url: to.url(),
            secrets: vec![SecretRef::File(self.folder.path().join("secret"))],
            ca: None,
            timeout: Duration::from_secs(5),
            batch,
        };
        self.courier(Channel::Webhook(Webhook::new(config).unwrap()))
    }
}

/// Steps until it waits for something; time passes where it waits for that.
async fn work(courier: &Courier) -> Next {
    for _ in 0..200 {
        match courier.step(false).await.unwrap() {
            Next::More => {}
            Next::At(at) => NOW.set(at),
            other => return other,
        }
    }
    panic!("it does not come to an end");
}

fn standing(courier: &Courier) -> Standing {
    courier.journal.standing(&courier.name).unwrap().unwrap()
}

fn event(request: &Received) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

fn ids(requests: &[Received]) -> Vec<String> {
    let id = |request: &Received| event(request)["id"].as_str().unwrap().to_owned();
    requests.iter().map(id).collect()
}

#[tokio::test]
async fn a_request_is_a_signed_cloud_event() {
    let mut office = Office::new().await;
    office.opens(1);
    // The second key is being brought in.
    let second = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let keys = format!("{SECRET}\n{second}\n");
    std::fs::write(office.folder.path().join("secret"), keys).unwrap();
    let receiver = Receiver::taking();
    let courier = office.webhook(&receiver, 1);
    assert_eq!(work(&courier).await, Next::Idle);
    let got = receiver.got();
    assert_eq!(got.len(), 1);
    let headers = &got[0].headers;
    assert_eq!(
        headers["content-type"],
        "application/cloudevents+json; charset=UTF-8"
    );
    assert_eq!(headers["webhook-id"], "E1-1_1");
    assert_eq!(headers["webhook-timestamp"], (now() / 1_000).to_string());
    let secrets = [SECRET, second].map(|text| Secret::parse(text).unwrap());
    let signed = sign(&secrets, "E1-1_1", now() / 1_000, &got[0].body);
    assert_eq!(headers["webhook-signature"], signed);
    let event = event(&got[0]);
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["id"], "E1-1.1");
    assert_eq!(event["data"]["text"], DISCLAIMER);
    assert_eq!(standing(&courier).pending(), 0);
}

#[tokio::test]
async fn an_outage_delays_and_loses_nothing() {
    let mut office = Office::new().await;
    (1..=5).for_each(|key| office.opens(key));
    let mut times = 0;
    let receiver = Receiver::start(move |_| {
        times += 1;
        if times <= 4 { (503, "") } else { (200, "") }
    });
    let courier = office.webhook(&receiver, 1);
    let before = now();
    assert_eq!(work(&courier).await, Next::Idle);
    assert_eq!(
        ids(&receiver.got()),
        [
            "E1-1.1", "E1-1.1", "E1-1.1", "E1-1.1", "E1-1.1", "E2-1.1", "E3-1.1", "E4-1.1",
            "E5-1.1"
        ]
    );
    // 1, 2, 4, 8 s, each between half and all of it.
    let waited = now() - before;
    assert!((7_500..=15_000).contains(&waited), "{waited} ms");
    let standing = standing(&courier);
    assert_eq!(
        (standing.delivered, standing.failed, standing.dead),
        (5, 4, 0)
    );
    assert_eq!(standing.last_error, None);
}

#[tokio::test]
async fn nobody_listening_is_an_outage() {
    let mut office = Office::new().await;
    office.opens(1);
    let gone = Receiver::taking();
    let url_of = office.webhook(&gone, 1);
    drop(gone);
    std::thread::sleep(Duration::from_millis(50));
    let next = url_of.step(false).await.unwrap();
    assert!(matches!(next, Next::At(at) if at > now()), "{next:?}");
    assert!(standing(&url_of).last_error.unwrap().contains("refused"));
    assert_eq!(standing(&url_of).pending(), 1);
}

#[tokio::test]
async fn who_asks_for_patience_is_left_alone() {
    let mut office = Office::new().await;
    office.opens(1);
    let receiver = Receiver::start(|_| (429, "retry-after: 120\r\n"));
    let courier = office.webhook(&receiver, 1);
    assert_eq!(
        courier.step(false).await.unwrap(),
        Next::At(now() + 120_000)
    );
    pass(Duration::from_secs(119));
    assert_eq!(courier.step(false).await.unwrap(), Next::At(now() + 1_000));
    assert_eq!(receiver.got().len(), 1, "it was not left alone");
    receiver.answer(|_| (200, ""));
    assert_eq!(work(&courier).await, Next::Idle);
    assert_eq!(receiver.got().len(), 2);
}

#[tokio::test]
async fn gone_switches_off_until_somebody_switches_on() {
    let mut office = Office::new().await;
    office.opens(1);
    let receiver = Receiver::start(|_| (410, ""));
    let courier = office.webhook(&receiver, 1);
    assert_eq!(work(&courier).await, Next::Disabled);
    // Another process, later: still off.
    pass(Duration::from_secs(1_000_000));
    let courier = office.webhook(&receiver, 1);
    assert_eq!(work(&courier).await, Next::Disabled);
    assert_eq!(receiver.got().len(), 1);
    assert!(standing(&courier).disabled.unwrap().contains("410"));
    receiver.answer(|_| (200, ""));
    courier.journal.retry("duty", None).unwrap();
    assert_eq!(work(&courier).await, Next::Idle);
    assert_eq!(ids(&receiver.got()), ["E1-1.1", "E1-1.1"]);
}

#[tokio::test]
async fn what_is_refused_becomes_a_dead_letter_and_the_next_has_its_turn() {
    let mut office = Office::new().await;
    (1..=3).for_each(|key| office.opens(key));
    let receiver = Receiver::start(|request| match event(request)["id"].as_str() {
        Some("E2-1.1") => (422, ""),
        _ => (200, ""),
    });
    let courier = office.webhook(&receiver, 1);
    assert_eq!(work(&courier).await, Next::Idle);
    assert_eq!(
        ids(&receiver.got()),
        ["E1-1.1", "E2-1.1", "E2-1.1", "E2-1.1", "E3-1.1"]
    );
    let dead = courier.journal.dead("duty", 10).unwrap();
    assert_eq!(
        (dead.len(), dead[0].seq, dead[0].event.as_str()),
        (1, 2, "E2-1.1")
    );
    assert!(dead[0].reason.contains("422") && dead[0].reason.contains("said by the receiver"));

    // Once more, of no use: it is dead again. Then the receiver is mended.
    assert_eq!(courier.journal.retry("duty", Some("E2-1.1")).unwrap(), 1);
    assert_eq!(work(&courier).await, Next::Idle);
    assert_eq!(standing(&courier).dead, 1);
    receiver.answer(|_| (200, ""));
    assert_eq!(courier.journal.retry("duty", None).unwrap(), 1);
    assert_eq!(work(&courier).await, Next::Idle);
    let standing = standing(&courier);
    assert_eq!(
        (standing.delivered, standing.dead, standing.position),
        (3, 0, 3)
    );
    assert_eq!(ids(&receiver.got()).last().unwrap(), "E2-1.1");
}

#[tokio::test]
async fn after_a_long_outage_each_attempt_costs_one_letter_at_most() {
    let mut office = Office::new().await;
    (1..=4).for_each(|key| office.opens(key));
    let receiver = Receiver::start(|_| (500, ""));
    let courier = office.webhook(&receiver, 1);
    let began = now();
    while standing(&courier).dead < 2 {
        if let Next::At(at) = courier.step(false).await.unwrap() {
            NOW.set(at);
        }
    }
    assert!(
        now() - began >= 86_400_000,
        "given up after {} ms",
        now() - began
    );
    // An attempt an hour, and those of the beginning.
    assert!(receiver.got().len() > 24, "{}", receiver.got().len());
    receiver.answer(|_| (200, ""));
    assert_eq!(work(&courier).await, Next::Idle);
    assert_eq!(standing(&courier).delivered, 2);
    courier.journal.retry("duty", None).unwrap();
    assert_eq!(work(&courier).await, Next::Idle);
    assert_eq!(standing(&courier).delivered, 4);
}

#[tokio::test]
async fn a_batch_is_a_list_and_one_bad_event_takes_no_other_with_it() {
    let mut office = Office::new().await;
    (1..=5).for_each(|key| office.opens(key));
    let bad = |request: &Received| {
        let has = |event: &Value| event["id"] == "E3-1.1";
        event(request).as_array().unwrap().iter().any(has)
    };
    let receiver = Receiver::start(move |request| if bad(request) { (400, "") } else { (200, "") });
    let courier = office.webhook(&receiver, 10);
    assert_eq!(work(&courier).await, Next::Idle);
    let got = receiver.got();
    let kind = "application/cloudevents-batch+json; charset=UTF-8";
    assert!(
        got.iter()
            .all(|request| request.headers["content-type"] == kind)
    );
    assert_eq!(got[0].headers["webhook-id"], "E1-1_1:E5-1_1:5");
    let standing = standing(&courier);
    assert_eq!((standing.delivered, standing.dead), (4, 1));
    assert_eq!(courier.journal.dead("duty", 10).unwrap()[0].event, "E3-1.1");
}

#[tokio::test]
async fn a_filter_lets_through_what_it_says() {
    let mut office = Office::new().await;
    office.happens(1, 50, "南屿区", Cause::Evidence);
    office.happens(2, 75, "北港区", Cause::Evidence);
    office.happens(3, 75, "南屿区", Cause::Evidence);
    let receiver = Receiver::taking();
    let filter = |level, categories: &str, districts: &[&str]| Filter {
        level,
        categories: categories.chars().filter_map(category_bit).sum(),
        districts: districts.iter().map(|name| (*name).to_owned()).collect(),
    };
    let cases = [
        (
            filter(Level::None, "", &[]),
            vec!["E1-1.1", "E2-1.1", "E3-1.1"],
        ),
        (filter(Level::Orange, "", &[]), vec!["E2-1.1", "E3-1.1"]),
        (
            filter(Level::Blue, "", &["南屿区"]),
            vec!["E1-1.1", "E3-1.1"],
        ),
        (filter(Level::Blue, "AD", &["北港区"]), vec!["E2-1.1"]),
        (filter(Level::Blue, "A", &[]), vec![]),
    ];
    for (place, (filter, expected)) in cases.into_iter().enumerate() {
        let before = receiver.got().len();
        let name = format!("sink-{place}");
        let courier = Courier {
            name,
            filter,
            ..office.webhook(&receiver, 1)
        };
        courier.enter(true).unwrap();
        assert_eq!(work(&courier).await, Next::Idle);
        assert_eq!(ids(&receiver.got()[before..]), expected, "case {place}");
        assert_eq!(standing(&courier).pending(), 0);
    }
}

#[tokio::test]
async fn who_was_told_is_told_when_it_is_taken_back_and_nobody_else() {
    let mut office = Office::new().await;
    let receiver = Receiver::taking();
    let high = |office: &Office| Courier {
        filter: Filter {
            level: Level::Orange,
            ..Filter::default()
        },
        ..office.webhook(&receiver, 1)
    };
    office.happens(1, 75, "南屿区", Cause::Evidence);
    office.happens(2, 50, "南屿区", Cause::Evidence);
    assert_eq!(work(&high(&office)).await, Next::Idle);
    // Each in a process of its own: what was told is remembered.
    office.happens(1, 50, "南屿区", Cause::Withdrawal);
    office.happens(2, 10, "南屿区", Cause::Withdrawal);
    assert_eq!(work(&high(&office)).await, Next::Idle);
    office.happens(1, 10, "南屿区", Cause::Withdrawal);
    // A new episode of the same enterprise is another alert.
    office.happens(1, 50, "南屿区", Cause::Evidence);
    office.happens(1, 10, "南屿区", Cause::Withdrawal);
    assert_eq!(work(&high(&office)).await, Next::Idle);
    assert_eq!(ids(&receiver.got()), ["E1-1.1", "E1-1.2", "E1-1.3"]);
    assert_eq!(
        event(&receiver.got()[2])["type"],
        "cn.tocsin.alert.retracted"
    );
}

#[tokio::test]
async fn a_dead_letter_was_told_in_the_sense_of_what_is_taken_back() {
    let mut office = Office::new().await;
    let receiver = Receiver::start(|_| (400, ""));
    office.happens(1, 75, "南屿区", Cause::Evidence);
    let courier = Courier {
        filter: Filter {
            level: Level::Orange,
            ..Filter::default()
        },
        ..office.webhook(&receiver, 1)
    };
    assert_eq!(work(&courier).await, Next::Idle);
    assert_eq!(standing(&courier).dead, 1);
    receiver.answer(|_| (200, ""));
    office.happens(1, 10, "南屿区", Cause::Withdrawal);
    assert_eq!(work(&courier).await, Next::Idle);
    // It may have looked at the first before it refused it.
    assert_eq!(ids(&receiver.got()).last().unwrap(), "E1-1.2");
}

#[tokio::test]
async fn a_new_sink_begins_now_unless_it_is_told_to_begin_at_the_start() {
    let mut office = Office::new().await;
    office.opens(1);
    let receiver = Receiver::taking();
    let courier = Courier {
        name: "late".to_owned(),
        ..office.webhook(&receiver, 1)
    };
    courier.enter(false).unwrap();
    office.opens(2);
    // A second start changes nothing.
    courier.enter(true).unwrap();
    assert_eq!(work(&courier).await, Next::Idle);
    assert_eq!(ids(&receiver.got()), ["E2-1.1"]);
}

#[tokio::test]
async fn who_may_not_know_why_is_told_the_same_whatever_the_evidence() {
    // The same levels on the same days, by other figures and with events between
    // that change no level.
    let mut told = Vec::new();
    for (first, second) in [(75, 75), (71, 79), (78, 71)] {
        let mut office = Office::new().await;
        let receiver = Receiver::taking();
        office.happens(1, first, "南屿区", Cause::Evidence);
        office.happens(1, 10, "南屿区", Cause::Withdrawal);
        office.happens(2, second, "北港区", Cause::Evidence);
        let courier = Courier {
            restricted: Arc::new(|| 3),
            ..office.webhook(&receiver, 1)
        };
        assert_eq!(work(&courier).await, Next::Idle);
        let bodies = receiver.got().into_iter();
        let said = bodies.map(|request| (request.headers["webhook-id"].clone(), request.body));
        told.push(said.collect::<Vec<_>>());
    }
    assert_eq!(told[0].len(), 3);
    assert!(told.iter().all(|said| *said == told[0]));
    // What changes no level is not told at all.
    let mut office = Office::new().await;
    let receiver = Receiver::taking();
    office.happens(1, 41, "南屿区", Cause::Evidence);
    office.happens(1, 58, "南屿区", Cause::Evidence);
    let courier = Courier {
        restricted: Arc::new(|| 3),
        ..office.webhook(&receiver, 1)
    };
    assert_eq!(work(&courier).await, Next::Idle);
    assert_eq!(ids(&receiver.got()), ["E1-1@1"]);
    assert_eq!(standing(&courier).pending(), 0);
}

fn mail_to(relay: &Relay, digest: Option<Duration>) -> Channel {
    let (host, port) = relay.at.rsplit_once(':').unwrap();
    let config = MailConfig {
        host: host.to_owned(),
        port: port.parse().unwrap(),
        protection: Protection::None,
        ca: None,
        account: None,
        from: "警钟 <tocsin@example.cn>".parse().unwrap(),
        to: vec![
            "duty@example.cn".parse().unwrap(),
            "head@example.cn".parse().unwrap(),
        ],
        link: Some("https://tocsin.example/".to_owned()),
        digest,
        timeout: Duration::from_secs(5),
    };
    Channel::Mail(Box::new(Mail::new(config).unwrap()))
}

#[tokio::test]
async fn a_letter_says_what_it_is_and_nothing_of_what_stands_behind_it() {
    let mut office = Office::new().await;
    office.happens(1, 75, "南屿区", Cause::Evidence);
    office.happens(1, 50, "南屿区", Cause::Withdrawal);
    let relay = Relay::start();
    let courier = office.courier(mail_to(&relay, None));
    assert_eq!(work(&courier).await, Next::Idle);
    let letters = relay.letters();
    assert_eq!(letters.len(), 2);
    let (first, text) = (&letters[0], letters[0].text());
    assert_eq!(first.to, ["<duty@example.cn>", "<head@example.cn>"]);
    assert_eq!(first.header("Message-ID"), "<E1-1_1@tocsin>");
    let subject = first.header("Subject");
    assert!(
        subject.contains("企业1") && subject.contains(DISCLAIMER),
        "{subject}"
    );
    for says in [
        DISCLAIMER,
        "2024-01-01 00:00",
        "新增 opened 无→橙",
        "企业1",
        "https://tocsin.example/enterprises/E1\r\n",
    ] {
        assert!(text.contains(says), "`{says}` is not in {text}");
    }
    assert!(letters[1].text().contains("降级 lowered 橙→蓝"));
    let secret = ["自然人集中转入", "fan_in", "75"];
    assert!(
        !letters
            .iter()
            .any(|letter| secret.iter().any(|word| letter.text().contains(word)))
    );
}

#[tokio::test]
async fn a_digest_gathers_and_a_kill_while_it_gathers_loses_nothing() {
    let mut office = Office::new().await;
    let relay = Relay::start();
    let half_an_hour = Some(Duration::from_secs(1_800));
    office.opens(1);
    let courier = office.courier(mail_to(&relay, half_an_hour));
    let ready = now() + 1_800_000;
    assert_eq!(courier.step(false).await.unwrap(), Next::At(ready));
    pass(Duration::from_secs(600));
    office.happens(2, 75, "南屿区", Cause::Evidence);
    let courier = office.courier(mail_to(&relay, half_an_hour));
    assert_eq!(courier.step(false).await.unwrap(), Next::At(ready));
    assert_eq!(relay.letters().len(), 0);
    NOW.set(ready);
    assert_eq!(work(&courier).await, Next::Idle);
    let letters = relay.letters();
    assert_eq!(letters.len(), 1);
    let subject = letters[0].header("Subject");
    assert!(
        subject.contains("2 条") && subject.contains('橙'),
        "{subject}"
    );
    assert!(letters[0].text().contains("企业1") && letters[0].text().contains("企业2"));
}

#[tokio::test]
async fn a_relay_that_refuses_for_good_and_one_that_asks_to_wait() {
    let mut office = Office::new().await;
    office.opens(1);
    let relay = Relay::start();
    relay.say("451 later");
    let courier = office.courier(mail_to(&relay, None));
    assert!(matches!(courier.step(false).await.unwrap(), Next::At(_)));
    assert_eq!(
        (standing(&courier).refusals, standing(&courier).dead),
        (0, 0)
    );
    relay.say("550 no such mailbox");
    assert_eq!(work(&courier).await, Next::Idle);
    let dead = courier.journal.dead("duty", 10).unwrap();
    assert!(
        dead[0].reason.contains("550") || dead[0].reason.contains("no such mailbox"),
        "{dead:?}"
    );
}
