//! Who shares what: a graph of enterprises and the subjects between them.
//!
//! Contract: a link is there or it is not; linking twice is the caller's fault
//! and changes nothing. Enterprises and subjects without a link are not held,
//! and their places are used again, so that size follows the links there are.

use std::hash::Hash;

use hashbrown::HashMap;
use smallvec::SmallVec;
use tocsin_ingest::fact::SubjectKey;

/// A shared subject: the place of its declaration, and the subject. A person who
/// represents some enterprises and controls others is two.
pub(crate) type Shared = (u8, SubjectKey);

/// The ends of the links of one node.
type Ends = SmallVec<[u32; 4]>;

/// The nodes of one kind.
#[derive(Debug)]
struct Side<K> {
    places: HashMap<K, u32>,
    nodes: Vec<(K, Ends)>,
    free: Vec<u32>,
}

impl<K: Copy + Eq + Hash> Side<K> {
    fn new() -> Self {
        Side {
            places: HashMap::new(),
            nodes: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Where a node is; makes it where it is not.
    fn place(&mut self, key: K) -> u32 {
        if let Some(place) = self.places.get(&key) {
            return *place;
        }
        let place = match self.free.pop() {
            Some(place) => {
                self.nodes[place as usize].0 = key;
                place
            }
            None => {
                self.nodes.push((key, Ends::new()));
                (self.nodes.len() - 1) as u32
            }
        };
        self.places.insert(key, place);
        place
    }

    /// Adds an end; `false` where it was there.
    fn attach(&mut self, place: u32, end: u32) -> bool {
        let ends = &mut self.nodes[place as usize].1;
        let new = !ends.contains(&end);
        if new {
            ends.push(end);
        }
        new
    }

    /// Takes an end away, and the node with its last one; `false` where the end
    /// was not there.
    fn detach(&mut self, place: u32, end: u32) -> bool {
        let (key, ends) = &mut self.nodes[place as usize];
        let Some(at) = ends.iter().position(|held| *held == end) else {
            return false;
        };
        ends.swap_remove(at);
        if ends.is_empty() {
            *ends = Ends::new();
            self.places.remove(key);
            self.free.push(place);
        }
        true
    }

    fn ends(&self, place: u32) -> &[u32] {
        &self.nodes[place as usize].1
    }

    fn bytes(&self) -> usize {
        // A table keeps a byte a bucket beside the pair, and an eighth free.
        self.places.capacity() * (size_of::<(K, u32)>() + 1) * 8 / 7
            + self.nodes.capacity() * size_of::<(K, Ends)>()
            + self.free.capacity() * size_of::<u32>()
    }
}

/// The graph.
#[derive(Debug)]
pub(crate) struct Adjacency {
    subjects: Side<Shared>,
    enterprises: Side<SubjectKey>,
    links: usize,
}

impl Adjacency {
    /// Nothing is shared.
    pub(crate) fn new() -> Self {
        Adjacency {
            subjects: Side::new(),
            enterprises: Side::new(),
            links: 0,
        }
    }

    /// An enterprise shares a subject from now on.
    pub(crate) fn link(&mut self, shared: Shared, enterprise: SubjectKey) {
        let subject = self.subjects.place(shared);
        let enterprise = self.enterprises.place(enterprise);
        if self.subjects.attach(subject, enterprise) {
            self.enterprises.attach(enterprise, subject);
            self.links += 1;
        }
    }

    /// An enterprise shares a subject no longer.
    pub(crate) fn unlink(&mut self, shared: Shared, enterprise: SubjectKey) {
        let subject = self.subjects.places.get(&shared).copied();
        let enterprise = self.enterprises.places.get(&enterprise).copied();
        if let (Some(subject), Some(enterprise)) = (subject, enterprise)
            && self.subjects.detach(subject, enterprise)
        {
            self.enterprises.detach(enterprise, subject);
            self.links -= 1;
        }
    }

    /// The enterprises that share a subject.
    pub(crate) fn sharers(&self, shared: Shared) -> impl Iterator<Item = SubjectKey> + '_ {
        let place = self.subjects.places.get(&shared);
        let ends = place.map_or(&[][..], |place| self.subjects.ends(*place));
        ends.iter().map(|end| self.key(*end))
    }

    /// Where an enterprise is, if it shares anything.
    pub(crate) fn find(&self, enterprise: SubjectKey) -> Option<u32> {
        self.enterprises.places.get(&enterprise).copied()
    }

    /// The enterprise at a place.
    pub(crate) fn key(&self, place: u32) -> SubjectKey {
        self.enterprises.nodes[place as usize].0
    }

    /// Calls `action` with every enterprise that shares a subject of the declared
    /// kinds (bits by place) with the one at `place`, which is among them; one
    /// that shares several comes several times.
    pub(crate) fn beside(&self, place: u32, kinds: u64, mut action: impl FnMut(u32)) {
        for subject in self.enterprises.ends(place) {
            let (kind, _) = self.subjects.nodes[*subject as usize].0;
            if kinds >> kind & 1 == 1 {
                self.subjects.ends(*subject).iter().for_each(|e| action(*e));
            }
        }
    }

    /// Links and bytes.
    pub(crate) fn measure(&self) -> (usize, usize) {
        (self.links, self.subjects.bytes() + self.enterprises.bytes())
    }
}
