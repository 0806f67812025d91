//! Random lives of a landing against a plain list of what was said.

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::landing::decode_inline;

#[derive(Debug, Clone)]
enum Step {
    Write {
        source: usize,
        keys: Vec<u8>,
        published: bool,
    },
    Inline {
        source: usize,
        keys: Vec<u8>,
    },
    Roll {
        source: usize,
        drop_key: u8,
    },
    Merge {
        budget: usize,
    },
    Discard {
        which: usize,
    },
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let keys = || prop::collection::vec(0u8..10, 1..6);
    prop_oneof![
        3 => (0usize..2, keys(), prop::bool::weighted(0.9))
            .prop_map(|(source, keys, published)| Step::Write { source, keys, published }),
        4 => (0usize..2, keys()).prop_map(|(source, keys)| Step::Inline { source, keys }),
        2 => (0usize..2, 0u8..12).prop_map(|(source, drop_key)| Step::Roll { source, drop_key }),
        2 => (1usize..20).prop_map(|budget| Step::Merge { budget }),
        1 => (0usize..9).prop_map(|which| Step::Discard { which }),
        1 => Just(Step::Reopen),
    ]
}

const SOURCES: [&str; 2] = ["甲局/一", "b"];

/// What one row said; the list is in order of time.
#[derive(Debug, Clone)]
struct Said {
    source: usize,
    key: u8,
    name: String,
    at: RowRef,
}

/// Two keys share each hash: the landing must not care.
fn key_hash(key: u8) -> u64 {
    hash(&format!("k{}", key / 2))
}

fn subject(key: u8) -> u64 {
    u64::from(key % 3) << 61
}

struct World {
    folder: TempDir,
    landing: Landing,
    store: Vec<SegmentInfo>,
    /// Written and never published: gone with the next opening.
    hidden: Vec<SegmentInfo>,
    said: Vec<Said>,
    next: u32,
    /// The lowest id that was never committed.
    uncommitted: u32,
}

impl World {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let landing = open(folder.path(), &[]);
        World {
            folder,
            landing,
            store: Vec::new(),
            hidden: Vec::new(),
            said: Vec::new(),
            next: 0,
            uncommitted: 0,
        }
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Write {
                source,
                keys,
                published,
            } => self.write(source, &keys, published),
            Step::Inline { source, keys } => self.inline(source, &keys),
            Step::Roll { source, drop_key } => self.roll(source, drop_key),
            Step::Merge { budget } => {
                self.landing.merge_step(budget).unwrap();
            }
            Step::Discard { which } => self.discard(which),
            Step::Reopen => self.reopen(),
        }
    }

    fn write(&mut self, source: usize, keys: &[u8], published: bool) {
        let (id, rows) = self.rows(source, keys);
        let info = write(&self.landing, id, rows);
        if published {
            self.commit(info);
            self.landing.publish(id).unwrap();
            self.say(source, keys, id);
        } else {
            self.hidden.push(info);
        }
    }

    fn inline(&mut self, source: usize, keys: &[u8]) {
        let (id, rows) = self.rows(source, keys);
        let info = inline_info(id, &rows);
        self.landing
            .add_inline(id, decode_inline(info.inline.as_ref().unwrap()).unwrap())
            .unwrap();
        self.commit(info);
        self.say(source, keys, id);
    }

    /// Rolls the oldest inline segments that follow each other.
    fn roll(&mut self, source: usize, drop_key: u8) {
        let mut ours: Vec<_> = self
            .store
            .iter()
            .chain(&self.hidden)
            .filter(|info| info.source == SOURCES[source])
            .collect();
        ours.sort_by_key(|info| info.order);
        let inline = ours.iter().skip_while(|info| info.inline.is_none());
        let from: Vec<u32> = inline
            .take_while(|info| info.inline.is_some())
            .map(|info| info.id)
            .collect();
        if from.is_empty() {
            return;
        }
        let dropped: BTreeSet<RowRef> = self
            .said
            .iter()
            .filter(|said| said.key == drop_key)
            .map(|said| said.at)
            .collect();
        let id = self.new_id();
        let roll = self
            .landing
            .roll(id, &from, &|row| !dropped.contains(&row))
            .unwrap();
        self.store.retain(|info| !from.contains(&info.id));
        self.commit(roll.info.clone());
        self.landing.publish_roll(&roll).unwrap();
        self.said
            .retain(|said| !from.contains(&said.at.segment) || said.key != drop_key);
        for said in &mut self.said {
            if let Some((_, new)) = roll.moved.iter().find(|(old, _)| *old == said.at) {
                said.at = *new;
            }
        }
    }

    fn discard(&mut self, which: usize) {
        if which < self.store.len() {
            let gone = self.store.remove(which).id;
            self.landing.discard(&[gone]).unwrap();
            self.said.retain(|said| said.at.segment != gone);
        }
    }

    fn reopen(&mut self) {
        // The old one must not touch the folder any more: it is as good as killed.
        self.landing = open(TempDir::new().unwrap().path(), &[]);
        self.landing = open(self.folder.path(), &self.store);
        // Ids that were never committed are given again.
        self.next = self.uncommitted;
        self.hidden.clear();
    }

    fn rows(&mut self, source: usize, keys: &[u8]) -> (u32, SegmentRows) {
        let id = self.new_id();
        let names: Vec<String> = (0u32..)
            .zip(keys)
            .map(|(row, key)| row_name(*key, id, row))
            .collect();
        let cells: Vec<_> = names
            .iter()
            .map(|name| ("k", Some(name.as_str())))
            .collect();
        let mut rows = rows(SOURCES[source], &cells);
        rows.keys = keys.iter().map(|key| key_hash(*key)).collect();
        rows.subjects = keys
            .iter()
            .zip(0..)
            .map(|(key, row)| (subject(*key), row))
            .collect();
        (id, rows)
    }

    fn commit(&mut self, info: SegmentInfo) {
        self.uncommitted = self.uncommitted.max(info.id + 1);
        self.store.push(info);
    }

    fn new_id(&mut self) -> u32 {
        self.next += 1;
        self.next - 1
    }

    fn say(&mut self, source: usize, keys: &[u8], id: u32) {
        for (row, key) in (0u32..).zip(keys) {
            let name = row_name(*key, id, row);
            self.said.push(Said {
                source,
                key: *key,
                name,
                at: at(id, row),
            });
        }
    }

    fn check(&self) {
        for source in 0..SOURCES.len() {
            self.check_keys(source);
        }
        for key in 0..3 {
            let expected = self.newest_first(|said| subject(said.key) == subject(key));
            let found = self.landing.find_subject(subject(key), usize::MAX).unwrap();
            assert_eq!(found.len(), expected.len());
            for source in SOURCES {
                assert_eq!(
                    self.of_source(&found, source),
                    self.of_source(&expected, source)
                );
            }
            let few = self.landing.find_subject(subject(key), 2).unwrap();
            assert_eq!(few.len(), expected.len().min(2));
        }
        for said in &self.said {
            assert_eq!(name(&self.landing, said.at).as_ref(), Some(&said.name));
        }
    }

    fn check_keys(&self, source: usize) {
        let hashes: BTreeSet<u64> = (0..12).map(key_hash).collect();
        let mut all = Vec::new();
        for wanted in &hashes {
            let matches = |said: &Said| said.source == source && key_hash(said.key) == *wanted;
            let expected = self.newest_first(matches);
            assert_eq!(
                self.landing.find_key(SOURCES[source], *wanted).unwrap(),
                expected
            );
            all.extend(expected.into_iter().map(|row| (*wanted, row)));
        }
        let hashes: Vec<u64> = hashes.into_iter().collect();
        assert_eq!(
            self.landing
                .find_keys_bulk(SOURCES[source], &hashes)
                .unwrap(),
            all
        );
    }

    fn of_source(&self, rows: &[RowRef], source: &str) -> Vec<RowRef> {
        let segments = self.landing.segments();
        let ours = |row: &&RowRef| {
            segments
                .iter()
                .any(|info| info.id == row.segment && info.source == source)
        };
        rows.iter().filter(ours).copied().collect()
    }

    fn newest_first(&self, wanted: impl Fn(&Said) -> bool) -> Vec<RowRef> {
        self.said
            .iter()
            .rev()
            .filter(|said| wanted(said))
            .map(|said| said.at)
            .collect()
    }
}

fn row_name(key: u8, segment: u32, row: u32) -> String {
    format!("名{key}/{segment}/{row}")
}

fn no_leftovers(folder: &Path, store: &[SegmentInfo]) {
    let files = std::fs::read_dir(folder.join("segments")).unwrap().count();
    assert_eq!(
        files,
        store.iter().filter(|info| info.inline.is_none()).count()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_landing_answers_as_a_list_does(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        for step in steps {
            world.apply(step);
            world.check();
        }
        world.reopen();
        world.check();
        no_leftovers(world.folder.path(), &world.store);
    }
}
