//! `[association]`: which subjects associate enterprises, and what that says of
//! them. Without it no groups are kept.

use super::settings::LinkKind;
use std::path::Path;
use tocsin_dataflow::{AssociationDef, NeighbourDef, ReturnDef, SharedDef};
use tocsin_ingest::catalogue::Catalogue;
use tocsin_ingest::declaration::{Fault, Section};
use tocsin_ingest::fact::Slot;
use tocsin_ingest::source::is_signal_kind;

/// Members of the largest group, where nothing is said.
const LARGEST: i64 = 200;
/// Sharers of a subject that is no hub, where nothing is said.
const HUB: i64 = 50;
/// More would make a change in the largest group slow.
const MOST: i64 = 10_000;
/// Kinds of subjects at most: the dataflow keeps them as bits.
const MAX_SHARED: usize = 64;

/// The association graph as it is declared.
#[derive(Debug, Clone)]
pub struct Association {
    /// What the dataflow maintains; its slots are known once all sources are.
    pub def: AssociationDef,
    /// What features know the size of a group by.
    size: Option<String>,
    /// The signal of each neighbourhood, and what makes a case.
    neighbours: Vec<(String, Vec<String>)>,
    /// The signal of each return, the attributes with the days of founding and
    /// of the end.
    returns: Vec<(String, String, String)>,
}

/// A slot that the graph fills.
#[derive(Debug, Clone, Copy)]
pub struct Filled<'a> {
    /// What features know it by.
    pub name: &'a str,
    /// The accumulator.
    pub slot: Slot,
    /// The first of the link kinds that it comes from.
    pub link: u8,
}

impl Association {
    /// Every slot that the graph fills.
    pub fn filled(&self) -> impl Iterator<Item = Filled<'_>> {
        let link_of = |kinds: u64| {
            let place = kinds.trailing_zeros() as usize;
            self.def.shared.get(place).map_or(0, |shared| shared.link)
        };
        let size = self.size.iter().zip(self.def.size);
        let size = size.map(move |(name, slot)| (name, slot, u64::MAX));
        let near = self.neighbours.iter().zip(&self.def.neighbours);
        let near = near.map(|((signal, _), def)| (signal, def.slot, def.kinds));
        let returns = self.returns.iter().zip(&self.def.returns);
        let returns = returns.map(|((signal, ..), def)| (signal, def.slot, def.kinds));
        let all = size.chain(near).chain(returns);
        all.map(move |(name, slot, kinds)| Filled {
            name,
            slot,
            link: link_of(kinds),
        })
    }

    /// The signals that the graph raises.
    pub fn signals(&self) -> impl Iterator<Item = &str> {
        let near = self.neighbours.iter().map(|(signal, _)| signal.as_str());
        near.chain(self.returns.iter().map(|(signal, ..)| signal.as_str()))
    }

    /// Whether facts of a slot bear on others than the one they are said of.
    pub fn looks_at(&self, slot: Slot) -> bool {
        let case = |def: &NeighbourDef| def.of.contains(&slot);
        let day = |def: &ReturnDef| def.founded.contains(&slot) || def.ended.contains(&slot);
        self.def.neighbours.iter().any(case) || self.def.returns.iter().any(day)
    }

    /// Gives out slots from `first` on, and finds those that it looks at.
    pub(super) fn resolve(
        &mut self,
        first: Slot,
        catalogue: &Catalogue,
        file: &Path,
        faults: &mut Vec<Fault>,
    ) {
        let mut slots = first..;
        let mut next = || slots.next().unwrap_or(Slot::MAX);
        let mut fault = |message: String| faults.push(Fault::of_file(file, message));
        let mut find = |key: &str, name: &String| {
            let found = catalogue.slots_of(name);
            if found.is_empty() {
                fault(format!(
                    "`association.{key}`: `{name}` is raised by no source"
                ));
            }
            found
        };
        self.def.size = self.size.as_ref().map(|_| next());
        for (def, (_, of)) in self.def.neighbours.iter_mut().zip(&self.neighbours) {
            def.slot = next();
            def.of = of
                .iter()
                .flat_map(|name| find("neighbour.of", name))
                .collect();
        }
        for (def, (_, founded, ended)) in self.def.returns.iter_mut().zip(&self.returns) {
            def.slot = next();
            def.founded = find("return.founded", founded);
            def.ended = find("return.ended", ended);
        }
        if let Some(size) = self.size.as_ref()
            && !catalogue.slots_of(size).is_empty()
        {
            fault(format!(
                "`association.size`: `{size}` is raised by a source already"
            ));
        }
    }
}

/// Reads `[association]`.
pub(super) fn read(root: &Section<'_>, kinds: &[LinkKind]) -> Option<Association> {
    let section = root.section("association")?;
    let largest = section.integer("largest", 2..=MOST).unwrap_or(LARGEST);
    let size = section.text("size");
    let shares = section.sections("share");
    if shares.is_empty() || shares.len() > MAX_SHARED {
        let many = shares.len();
        let message = format!("{many} kinds are given; allowed are 1 to {MAX_SHARED}");
        section.fault("share", message);
    }
    let shared: Vec<SharedDef> = shares
        .iter()
        .filter_map(|share| read_share(share, kinds))
        .collect();
    let near = section.sections("neighbour");
    let near = near
        .iter()
        .filter_map(|s| read_neighbour(s, kinds, &shared));
    let (neighbours, near) = near.unzip();
    let returns = section.sections("return");
    let returns = returns
        .iter()
        .filter_map(|s| read_return(s, kinds, &shared));
    let (returning, returns) = returns.unzip();
    section.finish();
    Some(Association {
        def: AssociationDef {
            shared,
            largest: largest as u32,
            size: None,
            neighbours: near,
            returns,
        },
        size,
        neighbours,
        returns: returning,
    })
}

fn read_share(section: &Section<'_>, kinds: &[LinkKind]) -> Option<SharedDef> {
    let link = section.required_text("link");
    let min = section.integer("min", 2..=MOST).unwrap_or(2);
    let hub = section.integer("hub", 2..=MOST).unwrap_or(HUB);
    section.finish();
    if min > hub {
        section.fault("hub", format!("{hub} is less than `min`, {min}"));
    }
    Some(SharedDef {
        link: link_kind(section, "link", &link?, kinds)?,
        min: min as u32,
        hub: hub as u32,
    })
}

fn read_neighbour(
    section: &Section<'_>,
    kinds: &[LinkKind],
    shared: &[SharedDef],
) -> Option<((String, Vec<String>), NeighbourDef)> {
    let signal = read_signal(section);
    let along = read_links(section, kinds, shared);
    let hops = section.integer("hops", 1..=2).unwrap_or(2);
    let of = section.texts("of");
    if of.is_empty() {
        section.fault("of", "name the signals or attributes that make a case");
    }
    section.finish();
    let def = NeighbourDef {
        slot: 0,
        kinds: along,
        hops: hops as u8,
        of: Vec::new(),
    };
    Some(((signal?, of), def))
}

fn read_return(
    section: &Section<'_>,
    kinds: &[LinkKind],
    shared: &[SharedDef],
) -> Option<((String, String, String), ReturnDef)> {
    let signal = read_signal(section);
    let along = read_links(section, kinds, shared);
    let founded = section.required_text("founded");
    let ended = section.required_text("ended");
    let within = section.days("within").unwrap_or(365);
    let before = section.days("before").unwrap_or(0);
    section.finish();
    let def = ReturnDef {
        slot: 0,
        kinds: along,
        founded: Vec::new(),
        ended: Vec::new(),
        within_days: within as u32,
        before_days: before as u32,
    };
    Some(((signal?, founded?, ended?), def))
}

fn read_signal(section: &Section<'_>) -> Option<String> {
    let signal = section.required_text("signal")?;
    if !is_signal_kind(&signal) {
        let message = format!("`{signal}` is no signal; allowed are A1 to H9");
        section.fault("signal", message);
    }
    Some(signal)
}

/// The kinds along which one goes, as bits by place; all where none is named.
fn read_links(section: &Section<'_>, kinds: &[LinkKind], shared: &[SharedDef]) -> u64 {
    let named = section.texts("links");
    if named.is_empty() {
        return u64::MAX;
    }
    let mut bits = 0;
    for name in &named {
        let Some(link) = link_kind(section, "links", name, kinds) else {
            continue;
        };
        match shared.iter().position(|shared| shared.link == link) {
            Some(place) => bits |= 1 << place,
            None => {
                let message = format!("`{name}` is not among [[association.share]]");
                section.fault("links", message);
            }
        }
    }
    bits
}

fn link_kind(section: &Section<'_>, key: &str, name: &str, kinds: &[LinkKind]) -> Option<u8> {
    let place = kinds.iter().position(|kind| kind.name == name);
    if place.is_none() {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
        let known = names.join(", ");
        section.fault(
            key,
            format!("`{name}` is no link kind; declared are {known}"),
        );
    }
    place.map(|place| place as u8)
}
