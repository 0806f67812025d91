//! The witness against the dataflow: what `tocsin verify` relies on is that two
//! ways without common code give the same figures for any facts.

use super::*;
use crate::pipeline::judge::figures;
use crate::pipeline::specs;
use crate::time::{DAY_MS, midnight_ms};
use crate::witness;
use proptest::prelude::*;
use std::sync::LazyLock;
use tocsin_alerts::level::Assessment;
use tocsin_dataflow::{Engine, EngineConfig, EpochOutput};
use tocsin_ingest::fact::{Alias, Outcome, Standing, SubjectKind, Term};
use tocsin_models::{Artifact, BoundModel};

const FIRST_DAY: i32 = 20_000;

const HEAD: &str = "resource = \"r\"\nbasis = \"b\"\npath = \"*.csv\"\n\
     [columns]\nid = \"text\"\nx = \"number\"\nday = \"date\"\n[enterprise]\nid = \"id\"\n";
/// Slots: 0 mention, 1 and 2 signals, 3 and 4 attributes.
const REGISTER: &str = "[[signal]]\nkind = \"A1\"\n[[signal]]\nkind = \"E1\"\n\
     [[attribute]]\nname = \"size\"\nvalue = \"x\"\n[[attribute]]\nname = \"staff\"\nvalue = \"x\"\n";
/// Slots: 5 mention, 6 signal, 7 attribute.
const OTHER: &str = "[[signal]]\nkind = \"A1\"\n[[attribute]]\nname = \"size\"\nvalue = \"x\"\n";
/// Slots: 8 mention, 9 and 10 signals with a history; the groups' are 11 and
/// 12, the graph's 13 to 15.
const THIRD: &str = "agency = \"three\"\nresource = \"r\"\nbasis = \"b\"\npath = \"*.csv\"\n\
     [columns]\nid = \"text\"\nx = \"number\"\nday = \"date\"\n[enterprise]\nid = \"id\"\n\
     [[signal]]\nkind = \"E5\"\ndate = \"day\"\ndistinct = [\"x\"]\n\
     [[signal]]\nkind = \"E6\"\ndate = \"day\"\nvalue = \"x\"\n";
const CONFIG: &str = "[model]\nartifact = \"model.json\"\n\
     [[link_kind]]\nname = \"whole\"\nshare = 100\n[[link_kind]]\nname = \"part\"\nshare = 60\n\
     [[link_kind]]\nname = \"none\"\nshare = 0\n\
     [[group]]\nlink = \"whole\"\nsignal = \"G4\"\nmin = 2\nhub = 3\n\
     [[group]]\nlink = \"none\"\nsignal = \"G5\"\nmin = 2\nhub = 2\n\
     [association]\nlargest = 3\nsize = \"group_size\"\n\
     [[association.share]]\nlink = \"whole\"\nhub = 3\n\
     [[association.share]]\nlink = \"none\"\nhub = 4\n\
     [[association.neighbour]]\nsignal = \"G1\"\nhops = 2\nof = [\"A1\", \"E1\"]\n\
     [[association.return]]\nsignal = \"G8\"\nlinks = [\"whole\"]\n\
     founded = \"size\"\nended = \"staff\"\nwithin = \"1d\"\nbefore = \"1d\"\n";
/// Name, category, what it is made from, how.
const FEATURES: [(&str, char, &str, &str); 20] = [
    ("signals", 'A', "A1", "count"),
    ("amounts", 'E', "E1", "sum"),
    ("mean", 'D', "A1", "mean"),
    ("size", 'R', "size", "latest"),
    ("staff", 'B', "staff", "latest"),
    ("group", 'H', "G4", "sum"),
    ("groups", 'H', "G5", "present"),
    ("any", 'C', "E1", "present"),
    ("events", 'E', "E5", "count\"\nhalf_life = \"3d"),
    ("different", 'E', "E5", "distinct"),
    ("faded", 'E', "E6", "sum\"\nhalf_life = \"2d"),
    ("fading", 'E', "E6", "count\"\nhalf_life = \"1d"),
    ("last", 'E', "E6", "latest"),
    ("most", 'D', "E6", "maximum"),
    ("least", 'D', "E6", "minimum"),
    ("since", 'G', "E6", "days_since"),
    (
        "ratio",
        'G',
        "E6",
        "sum\"\nper = { from = \"A1\", aggregate = \"count\" }\ntitle = \"",
    ),
    ("members", 'R', "group_size", "sum"),
    ("cases", 'G', "G1", "count"),
    ("returns", 'G', "G8", "sum"),
];

static SETTINGS: LazyLock<(Settings, BoundModel)> = LazyLock::new(|| {
    let settings = settings();
    let model = Artifact::from_json(&model()).unwrap();
    let model = model.bind(&specs(&settings)).unwrap();
    (settings, model)
});

fn settings() -> Settings {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let features = FEATURES.map(|(name, category, from, aggregate)| {
        let hard = name == "groups";
        format!(
            "[[feature]]\nname = \"{name}\"\ncategory = \"{category}\"\nfrom = \"{from}\"\n\
             aggregate = \"{aggregate}\"\nhard_trigger = {hard}\n"
        )
    });
    write("tocsin.toml", CONFIG);
    write("features.toml", &features.concat());
    let register = format!("agency = \"one\"\nregisters = true\n{HEAD}{REGISTER}");
    let other = format!(
        "agency = \"two\"\n{HEAD}{OTHER}[[alias]]\nkind = \"name\"\ncolumn = \"id\"\n\
         until = \"day\"\n[[link]]\nkind = \"whole\"\n\
         from = {{ person = \"id\" }}\nto = \"enterprise\"\n"
    );
    write("sources/a/register.toml", &register);
    write("sources/b/other.toml", &other);
    write("sources/c/third.toml", THIRD);
    Settings::read(&folder.path().join("tocsin.toml")).unwrap()
}

/// A model that tells many values of every feature apart.
fn model() -> String {
    let feature = |(place, (name, category, ..)): (usize, &(&str, char, &str, &str))| {
        let mut bins = vec![r#"{"missing": true, "weight": -70000}"#.to_owned()];
        let mut from = "null".to_owned();
        for step in -3..12_i64 {
            let (to, weight) = (step * 7_000 + 1, step * 10_007 + place as i64);
            bins.push(format!(
                r#"{{"from": {from}, "to": {to}, "weight": {weight}}}"#
            ));
            from = to.to_string();
        }
        bins.push(format!(
            r#"{{"from": {from}, "to": null, "weight": 500000}}"#
        ));
        let bins = bins.join(",");
        format!(
            r#"{{"name": "{name}", "category": "{category}", "kind": "number", "bins": [{bins}]}}"#
        )
    };
    let features: Vec<String> = FEATURES.iter().enumerate().map(feature).collect();
    format!(
        r#"{{"format": 1, "kind": "scorecard", "intercept": 5, "features": [{}]}}"#,
        features.join(",")
    )
}

fn subject(kind: SubjectKind, count: u128) -> impl Strategy<Value = SubjectKey> {
    (0..count).prop_map(move |number| SubjectKey::new(kind, number))
}

fn enterprise() -> impl Strategy<Value = SubjectKey> {
    prop_oneof![
        3 => subject(SubjectKind::EnterpriseCode, 3),
        1 => subject(SubjectKind::EnterpriseId, 2),
    ]
}

fn alias() -> impl Strategy<Value = SubjectKey> {
    prop_oneof![
        2 => subject(SubjectKind::Name, 2),
        1 => subject(SubjectKind::RegistrationNumber, 1),
    ]
}

fn traveller() -> impl Strategy<Value = SubjectKey> {
    prop_oneof![
        subject(SubjectKind::Person, 2),
        subject(SubjectKind::Account, 2)
    ]
}

fn anybody() -> impl Strategy<Value = SubjectKey> {
    prop_oneof![4 => enterprise(), 2 => alias(), 2 => traveller()]
}

fn observation() -> impl Strategy<Value = Facts> {
    let expiry = prop_oneof![(-1i32..6).prop_map(|day| FIRST_DAY + day), Just(NEVER)];
    let summed =
        prop_oneof![3 => Just(0u16), 2 => Just(1), 2 => Just(2), 1 => Just(5), 2 => Just(6)];
    let slot = prop_oneof![2 => summed, 1 => 9u16..11];
    let said = (anybody(), expiry, slot, day(), -20i64..60);
    said.prop_map(|(subject, expiry, slot, day, hundreds)| Facts {
        observations: vec![Observation {
            subject,
            expiry,
            slot,
            day,
            value: hundreds * 1_100,
        }],
        ..Facts::default()
    })
}

fn profile() -> impl Strategy<Value = Facts> {
    let subject = prop_oneof![enterprise(), alias()];
    let stated = (any::<bool>(), any::<bool>(), any::<bool>(), -2i64..9);
    (subject, stated, 0i32..3, 0u64..2, day()).prop_map(
        |(subject, (other, first, second, value), day, record, named)| {
            let slots: &[Slot] = if other { &[7] } else { &[3, 4] };
            let kept = slots.iter().zip([first, second]).filter(|(_, kept)| *kept);
            Facts {
                profiles: vec![Profile {
                    subject,
                    source: u16::from(other),
                    day,
                    record,
                    values: kept.map(|(slot, _)| (*slot, value * 5_000)).collect(),
                    named,
                }],
                ..Facts::default()
            }
        },
    )
}

/// The day of which a record speaks; 0: of none.
fn day() -> impl Strategy<Value = u16> {
    prop_oneof![1 => Just(0), 6 => (1..8u16).prop_map(|day| FIRST_DAY as u16 - day)]
}

/// Days from `first` on, or none.
fn term(first: i32) -> impl Strategy<Value = Term> {
    let some_day = move || (0u16..9).prop_map(move |day| first as u16 + day);
    let from = prop_oneof![Just(0), some_day()];
    let until = prop_oneof![Just(u16::MAX), some_day()];
    (from, until).prop_map(|(from, until)| Term { from, until })
}

fn identity() -> impl Strategy<Value = Facts> {
    use Standing::{Beyond, Borne, Decided};
    let standing = prop_oneof![1 => Just(Beyond), 4 => Just(Borne), 1 => Just(Decided)];
    let said = (alias(), enterprise(), term(FIRST_DAY - 8), standing);
    said.prop_map(|(alias, enterprise, term, standing)| Facts {
        aliases: vec![Alias {
            alias,
            enterprise,
            term: match alias.kind() {
                SubjectKind::Name => term,
                _ => Term::ALWAYS,
            },
            standing,
        }],
        ..Facts::default()
    })
}

fn link() -> impl Strategy<Value = Facts> {
    let said = (traveller(), anybody(), 0u8..3, term(FIRST_DAY - 1), day());
    said.prop_map(|(from, to, kind, term, named)| Facts {
        links: vec![Link {
            from,
            to,
            kind,
            term,
            named,
        }],
        ..Facts::default()
    })
}

fn fact() -> impl Strategy<Value = Facts> {
    prop_oneof![5 => observation(), 2 => profile(), 2 => identity(), 4 => link()]
}

/// An epoch: how many days after the last, and which facts come or go.
type Epoch = (i64, Vec<proptest::sample::Index>);

/// What a dataflow has said: figures of enterprises and of groups, and who
/// belongs to them.
#[derive(Debug, Default, PartialEq)]
struct Held {
    enterprises: BTreeMap<SubjectKey, Assessment>,
    groups: BTreeMap<SubjectKey, Assessment>,
    members: BTreeMap<SubjectKey, BTreeSet<SubjectKey>>,
}

impl Held {
    fn apply(&mut self, output: &EpochOutput) {
        let changes = [
            (&output.changes, &mut self.enterprises),
            (&output.groups, &mut self.groups),
        ];
        for (changes, into) in changes {
            for change in changes {
                match &change.new {
                    Some(new) => into.insert(change.enterprise, figures(change.enterprise, new)),
                    None => into.remove(&change.enterprise),
                };
            }
        }
        for belongs in &output.members {
            let members = self.members.entry(belongs.group).or_default();
            let changed = match belongs.joined {
                true => members.insert(belongs.member),
                false => members.remove(&belongs.member),
            };
            assert!(changed);
        }
        self.members.retain(|_, members| !members.is_empty());
    }
}

/// Plays the epochs into a dataflow: each mention of a fact adds it, or takes
/// it back. Returns the figures it ends with, what is left, and the last day.
fn play(facts: &[Facts], epochs: &[Epoch], workers: usize) -> (Held, Vec<bool>, i32) {
    let (settings, model) = &*SETTINGS;
    let mut time_ms = midnight_ms(FIRST_DAY) + 1;
    let plan = settings.plan();
    let config = EngineConfig { workers, plan };
    let engine = Engine::start(config, time_ms as u64, Some(model.clone())).unwrap();
    let mut loader = engine.loader();
    let mut there = vec![false; facts.len()];
    let mut held = Held::default();
    for (days, toggles) in epochs {
        time_ms += days * DAY_MS + 1;
        for place in toggles.iter().map(|pick| pick.index(facts.len())) {
            loader.add(&facts[place], if there[place] { -1 } else { 1 });
            there[place] = !there[place];
        }
        loader.flush();
        held.apply(&engine.advance(time_ms as u64).unwrap());
    }
    (held, there, crate::time::day_of(time_ms))
}

fn fold_of<'a>(settings: &'a Settings, facts: &[Facts], there: &[bool], day: i32) -> Folded<'a> {
    let mut fold = Fold::new(settings, day, true);
    let left = facts.iter().zip(there).enumerate();
    for (record, (facts, _)) in left.filter(|(_, (_, there))| **there) {
        fold.add(record, facts);
    }
    fold.finish()
}

/// What a fold says of everybody.
fn said_by(folded: &Folded<'_>) -> Held {
    let (settings, model) = &*SETTINGS;
    let assessed = |folded: &Folded<'_>| {
        let assess = |enterprise: SubjectKey| {
            let row = folded.features(enterprise);
            (
                enterprise,
                witness::assess(settings, enterprise, folded, model, &row),
            )
        };
        folded.registered().into_iter().map(assess).collect()
    };
    Held {
        enterprises: assessed(folded),
        groups: assessed(&folded.pooled()),
        members: folded.groups().clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn the_fold_of_what_is_left_is_what_the_dataflow_holds(
        facts in proptest::collection::vec(fact(), 1..40),
        epochs in proptest::collection::vec(
            (0i64..4, proptest::collection::vec(any::<proptest::sample::Index>(), 0..30)), 1..6),
        workers in 1usize..3,
    ) {
        let (settings, _) = &*SETTINGS;
        let (held, there, day) = play(&facts, &epochs, workers);
        let folded = fold_of(settings, &facts, &there, day);
        prop_assert_eq!(held, said_by(&folded));
    }

    /// Enterprises that are folded part by part come to what they come to together,
    /// each in one part.
    #[test]
    fn parts_come_to_the_whole(
        facts in proptest::collection::vec(fact(), 1..40),
        parts in 2u64..5,
    ) {
        let (settings, _) = &*SETTINGS;
        let whole = said_by(&fold_of(settings, &facts, &vec![true; facts.len()], FIRST_DAY));
        let mut fold = Fold::new(settings, FIRST_DAY, false);
        facts.iter().for_each(|facts| fold.relate(0, facts));
        let mut together = Held::default();
        for part in 0..parts {
            fold.only(part, parts);
            facts.iter().for_each(|facts| fold.observe(0, facts));
            let said = said_by(&fold.end_part());
            for (enterprise, assessment) in said.enterprises {
                prop_assert!(fold.has(enterprise));
                prop_assert_eq!(together.enterprises.insert(enterprise, assessment), None);
            }
            for (group, assessment) in said.groups {
                prop_assert_eq!(together.groups.insert(group, assessment), None);
            }
            for (group, members) in said.members {
                prop_assert!(fold.has(group));
                prop_assert_eq!(together.members.insert(group, members), None);
            }
        }
        prop_assert_eq!(together, whole);
    }

    /// The records that an explanation shows add up to the value they explain.
    #[test]
    fn evidence_adds_up(facts in proptest::collection::vec(fact(), 1..40)) {
        let (settings, _) = &*SETTINGS;
        let folded = fold_of(settings, &facts, &vec![true; facts.len()], FIRST_DAY);
        for enterprise in folded.enterprises.keys() {
            for slot in 0..8 {
                let steps = folded.evidence(*enterprise, &[slot]);
                let total = folded.total(*enterprise, slot);
                prop_assert_eq!(steps.len() as i64, total.count);
                prop_assert_eq!(steps.iter().map(|step| step.value).sum::<i64>(), total.sum);
            }
            for slot in 11..16 {
                let relations = folded.relations(*enterprise, &[slot]);
                let sum: i64 = relations.iter().map(|relation| relation.evidence.value).sum();
                prop_assert_eq!(sum, folded.total(*enterprise, slot).sum);
            }
        }
    }
}

#[test]
fn an_outcome_is_positive_if_one_of_them_is() {
    let (settings, _) = &*SETTINGS;
    let key = |number| SubjectKey::new(SubjectKind::EnterpriseCode, number);
    let name = SubjectKey::new(SubjectKind::Name, 1);
    let outcome = |subject, positive| Outcome {
        subject,
        positive,
        named: 20_000,
    };
    let facts = Facts {
        outcomes: vec![
            outcome(key(1), false),
            outcome(name, true),
            outcome(key(2), false),
        ],
        aliases: vec![Alias {
            alias: name,
            enterprise: key(1),
            term: Term::ALWAYS,
            standing: Standing::Borne,
        }],
        ..Facts::default()
    };
    let folded = fold_of(settings, &[facts], &[true], FIRST_DAY);
    assert_eq!(
        folded.outcomes,
        HashMap::from([(key(1), true), (key(2), false)])
    );
}
