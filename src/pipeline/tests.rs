//! The pipeline as a whole, in a state directory of its own: what arrives, in
//! whatever way, is what counts, and `verify` agrees.

mod checked;
mod files;
mod large;
mod names;
mod packed;
mod pushes;
mod restart;
mod rules;
mod versions;
mod workbook;

use super::inputs::Push;
use super::*;
use crate::config::Clock;
use crate::explain::{Explanation, find_enterprise};
use crate::roller::Enough;
use tempfile::TempDir;
use tocsin_alerts::lifecycle::EventType;
use tokio::runtime::Runtime;

const REGISTER: &str = "agency = \"one\"\nresource = \"r\"\nbasis = \"b\"\npath = \"reg/*.csv\"\n\
    mode = \"upsert\"\nkey = [\"id\"]\nregisters = true\nwithdrawn = \"op = 'D'\"\n\
    [columns]\nid = \"text\"\nname = \"text\"\nx = \"number\"\nop = \"text\"\n\
    [enterprise]\nid = \"id\"\n[display]\nname = \"name\"\n\
    [[attribute]]\nname = \"size\"\nvalue = \"x\"\n";
const EVENTS: &str = "agency = \"two\"\nresource = \"r\"\nbasis = \"b\"\npath = \"ev/*.csv\"\n\
    [columns]\nid = \"text\"\nx = \"number\"\n[enterprise]\nid = \"id\"\n\
    [[signal]]\nkind = \"A1\"\nvalue = \"x\"\n";
const FINES: &str = "agency = \"two\"\nresource = \"r\"\nbasis = \"b\"\npath = \"fines/*.csv\"\n\
    mode = \"upsert\"\nkey = [\"no\"]\nwithdrawn = \"op = 'D'\"\n\
    [columns]\nno = \"text\"\nid = \"text\"\nx = \"number\"\nday = \"date\"\nop = \"text\"\n\
    [enterprise]\nid = \"id\"\n\
    [[signal]]\nkind = \"A2\"\nvalue = \"x\"\ndate = \"day\"\nwindow = \"10d\"\n";
const SHOTS: &str = "agency = \"two\"\nresource = \"r\"\nbasis = \"b\"\npath = \"shot/*.csv\"\n\
    mode = \"snapshot\"\nkey = [\"no\"]\n\
    [columns]\nno = \"text\"\nid = \"text\"\nx = \"number\"\n[enterprise]\nid = \"id\"\n\
    [[signal]]\nkind = \"A3\"\nvalue = \"x\"\n";
const FEATURES: [(&str, &str, &str, &str); 5] = [
    ("events", "A", "A1", "sum"),
    ("fines", "B", "A2", "sum"),
    ("fined", "D", "A2", "count"),
    ("shots", "C", "A3", "sum"),
    ("size", "R", "size", "latest"),
];

/// A configuration, its landing and its state.
struct Town {
    folder: TempDir,
    runtime: Runtime,
}

impl Town {
    fn new() -> Town {
        let town = Town {
            folder: tempfile::tempdir().unwrap(),
            runtime: Runtime::new().unwrap(),
        };
        let features = FEATURES.map(|(name, category, from, aggregate)| {
            format!("[[feature]]\nname = \"{name}\"\ncategory = \"{category}\"\nfrom = \"{from}\"\naggregate = \"{aggregate}\"\n")
        });
        town.write("features.toml", &features.concat());
        town.write("model.json", &model());
        town.write("tocsin.toml", "[clock]\ntype = \"file\"\npath = \"clock\"\n[model]\nartifact = \"model.json\"\n[levels]\nhysteresis_days = 7\n");
        town.write("sources/one/reg.toml", REGISTER);
        town.write("sources/two/ev.toml", EVENTS);
        town.write("sources/two/fines.toml", FINES);
        town.write("sources/two/shot.toml", SHOTS);
        town.set_clock("2020-01-05T12:00:00+08:00");
        town.write("landing/reg/1.csv", "id,name,x,op\na,甲,1,\nb,乙,2,\n");
        town
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn append(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        let before = std::fs::read_to_string(&path).unwrap();
        self.write(name, &format!("{before}{text}"));
    }

    fn set_clock(&self, instant: &str) {
        self.write("clock", instant);
    }

    fn open(&self) -> Pipeline {
        let settings = Settings::read(&self.folder.path().join("tocsin.toml")).unwrap();
        assert!(matches!(settings.clock, Clock::File(_)));
        Pipeline::open(
            Arc::new(settings),
            self.options(),
            self.runtime.handle().clone(),
        )
        .unwrap()
    }

    fn options(&self) -> Options {
        Options {
            data: self.folder.path().join("state"),
            workers: 2,
            fsync: false,
        }
    }

    /// Takes in what is there; then the published scores, a fresh dataflow and
    /// the batch fold must agree.
    fn poll(&self, pipeline: &mut Pipeline) {
        pipeline.poll(true).unwrap();
        self.verify(pipeline);
    }

    fn verify(&self, pipeline: &Pipeline) {
        let verify = |parts| {
            let (view, runtime) = (pipeline.view(), self.runtime.handle());
            let found = crate::verify::verify(view, &self.options(), Some(parts), runtime).unwrap();
            assert_eq!(found.listed, Vec::<String>::new());
            (found.enterprises, found.groups, found.records)
        };
        assert_eq!(verify(1), verify(3));
    }

    fn reopen(&self, pipeline: Pipeline) -> Pipeline {
        pipeline.close().unwrap();
        let pipeline = self.open();
        self.verify(&pipeline);
        pipeline
    }

    fn events(&self, pipeline: &Pipeline) -> Vec<(EventType, i64)> {
        let events = pipeline.view.store.events_after(0, 1_000);
        let events = self.runtime.block_on(events).unwrap();
        let events = events.into_iter();
        events.map(|e| (e.event.kind, e.event.time_ms)).collect()
    }
}

/// Being fined at all makes an alert; other features only add a little.
fn model() -> String {
    let features = FEATURES.map(|(name, category, _, _)| {
        let weight = if name == "fined" { 9_000_000 } else { 1_000 };
        format!(
            r#"{{"name": "{name}", "category": "{category}", "kind": "number", "bins": [
                {{"missing": true, "weight": 0}}, {{"from": null, "to": 1, "weight": 0}},
                {{"from": 1, "to": 30000, "weight": {weight}}},
                {{"from": 30000, "to": null, "weight": {}}}]}}"#,
            weight + 77
        )
    });
    let features = features.join(",");
    format!(
        r#"{{"format": 1, "kind": "scorecard", "intercept": -4000000, "features": [{features}]}}"#
    )
}

fn explained(pipeline: &Pipeline, id: &str) -> Option<Explanation> {
    let view = pipeline.view();
    let key = find_enterprise(&view.records(), id).unwrap()?;
    let in_force = view.in_force();
    in_force
        .explain(key, &view.status(), crate::clearance::ALL)
        .unwrap()
}

/// A feature's value for an enterprise.
fn value(pipeline: &Pipeline, id: &str, feature: &str) -> Option<f64> {
    let explanation = explained(pipeline, id).unwrap();
    assert_eq!(explanation.incomplete, None);
    let mut features = explanation.contributions.into_iter();
    features.find(|c| c.feature == feature).unwrap().value
}

fn stats<'a>(pipeline: &'a Pipeline, source: &str) -> &'a SourceStats {
    let source = pipeline.settings().catalogue.source(source).unwrap();
    &pipeline.stats[usize::from(source.index)]
}

fn push(pipeline: &mut Pipeline, source: &str, text: &str) -> SourceStats {
    let source = pipeline.settings().catalogue.source(source).unwrap().index;
    let push = Push {
        source,
        name: "push/1".into(),
        bytes: text.as_bytes().to_vec(),
    };
    let (_, mut became) = pipeline.push(vec![push]).unwrap();
    became.remove(0)
}

const FINES_HEADER: &str = "no,id,x,day,op\n";
