//! What a process begins from: its own store, or what process 0's store knows of
//! its share.
//!
//! Contract: the store of process 0 decides what exists in every process. A
//! state directory belongs to one cluster and one process of it, or to none.

use super::live::Superseded;
use super::{Options, index_row, open};
use crate::clock::BusinessClock;
use crate::cluster::Cluster;
use crate::cluster::message::{Opening, Order};
use crate::cluster::share::{Share, holder};
use crate::config::Settings;
use anyhow::{Context, Result, bail};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use tocsin_alerts::store::{
    ModelRow, Position, Recovery, RowRef, Segment, Store, Superseded as Later,
};
use tocsin_ingest::landing::segment_file;

/// The store's note of the cluster it belongs to, and of the process.
const CLUSTER: &str = "cluster";

/// What a process begins from.
pub(super) struct Beginning {
    /// What the store knows of its share.
    pub(super) recovery: Recovery,
    /// Its rows that no longer count.
    pub(super) superseded: Superseded,
    /// Its inline rows, where they do not lie in its own store.
    pub(super) inline: Option<HashMap<u32, Vec<u8>>>,
    /// Inline segments of other processes, and their rows.
    pub(super) inline_elsewhere: (usize, u64),
    /// The instant of the first epoch that the dataflow closes.
    pub(super) start_ms: i64,
}

/// Finds out what a process begins from; process 0 of a cluster tells the
/// others.
///
/// # Errors
/// When the store cannot be read, or the state belongs elsewhere.
pub(super) fn begin(
    settings: &Settings,
    options: &Options,
    store: &Store,
    cluster: Option<&Arc<Cluster>>,
    clock: &BusinessClock,
    runtime: &tokio::runtime::Handle,
) -> Result<Beginning> {
    let note = runtime.block_on(store.get_meta(CLUSTER))?;
    if let Some(cluster) = cluster.filter(|cluster| !cluster.leads()) {
        return told(store, cluster, note.as_deref());
    }
    check_leading(options, note.as_deref())?;
    let mut recovery = runtime.block_on(store.recover())?;
    let start_ms = open::start_time(&recovery, clock)?;
    let processes = cluster.map_or(1, |cluster| cluster.share().processes);
    let mut gone = superseded(store, processes)?;
    let mut inline_elsewhere = (0, 0);
    match cluster {
        None => check_all_here(options, &recovery)?,
        Some(cluster) => {
            let share = cluster.share();
            share.check_sources(&settings.catalogue)?;
            share.check_segments(&settings.catalogue, &recovery.segments)?;
            let name = match note {
                Some(note) => note,
                None => name_cluster(store)?,
            };
            for process in cluster.others() {
                let opening = opening(settings, store, &recovery, process, cluster, runtime)?;
                for (_, _, _, rows, _) in opening.segments.iter().filter(|s| s.4.is_some()) {
                    inline_elsewhere.0 += 1;
                    inline_elsewhere.1 += rows;
                }
                let cluster_name = name.split(' ').next().unwrap_or_default().to_owned();
                let opening = Opening {
                    cluster: cluster_name,
                    start_ms,
                    gone: std::mem::take(&mut gone[process]).into_segments(),
                    ..opening
                };
                cluster.order(process, Order::Open(Box::new(opening)))?;
            }
            keep_share(&mut recovery, share);
        }
    }
    Ok(Beginning {
        recovery,
        superseded: gone.swap_remove(0),
        inline: None,
        inline_elsewhere,
        start_ms,
    })
}

/// By process: the rows that no longer count. One process has all.
fn superseded(store: &Store, processes: usize) -> Result<Vec<Superseded>> {
    let by_process: Vec<_> = (0..processes).map(|_| Superseded::default()).collect();
    store.each_superseded(|gone| {
        let process = match processes {
            1 => 0,
            _ => holder(gone.at.segment),
        };
        // What lies with none of them was found out before.
        if let Some(of_process) = by_process.get(process) {
            of_process.insert(index_row(gone.at));
        }
    })?;
    Ok(by_process)
}

/// What the store of a state that one process looks at knows.
///
/// # Errors
/// As [`begin`].
pub(super) fn whole(
    options: &Options,
    store: &Store,
    runtime: &tokio::runtime::Handle,
) -> Result<(Recovery, Superseded)> {
    let note = runtime.block_on(store.get_meta(CLUSTER))?;
    check_leading(options, note.as_deref())?;
    let recovery = runtime.block_on(store.recover())?;
    check_all_here(options, &recovery)?;
    let gone = superseded(store, 1)?.swap_remove(0);
    Ok((recovery, gone))
}

/// Only the state of process 0 can be opened by itself.
fn check_leading(options: &Options, note: Option<&str>) -> Result<()> {
    if let Some(process) = note.and_then(process_of).filter(|p| *p != "0") {
        bail!(
            "state directory `{}` is that of process {process} of a cluster: start it with --process {process} and --hosts",
            options.data.display()
        );
    }
    Ok(())
}

/// `<cluster> process <number>` → the number.
fn process_of(note: &str) -> Option<&str> {
    note.rsplit(' ').next()
}

fn name_cluster(store: &Store) -> Result<String> {
    let mut random = [0; 8];
    let mut file = std::fs::File::open("/dev/urandom").context("no random bytes")?;
    std::io::Read::read_exact(&mut file, &mut random).context("no random bytes")?;
    let note = format!("{:016x} process 0", u64::from_be_bytes(random));
    store.set_meta(CLUSTER, &note)?;
    Ok(note)
}

/// With one process, every segment must be here.
fn check_all_here(options: &Options, recovery: &Recovery) -> Result<()> {
    let folder = options.data.join("landing").join("segments");
    // The store may note the name that an earlier version gave the file.
    let gone = |segment: &&Segment| {
        let here = |name: &str| folder.join(name).exists();
        let file = segment.file.as_ref();
        holder(segment.id) != 0
            && file.is_some_and(|file| !here(file) && !here(&segment_file(segment.id)))
    };
    let missing: BTreeSet<usize> = recovery
        .segments
        .iter()
        .filter(gone)
        .map(|segment| holder(segment.id))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let others: Vec<String> = missing.iter().map(usize::to_string).collect();
    bail!(
        "a part of this state lies with process {} of a cluster: `run` it with --process 0 and --hosts; for anything else, or to go on with one process, stop the cluster and copy the files below `landing/segments` of those state directories to `{}`",
        others.join(", "),
        folder.display()
    )
}

/// What process 0 says of this process's share.
fn told(store: &Store, cluster: &Cluster, note: Option<&str>) -> Result<Beginning> {
    let Order::Open(opening) = cluster.ordered()? else {
        bail!("process 0 does not say what there is");
    };
    let process = cluster.share().process;
    let wanted = format!("{} process {process}", opening.cluster);
    match note {
        Some(note) if note != wanted => bail!(
            "the state directory belongs to another cluster or process ({note}, not {wanted}): name another --data, or start process 0 on the state it had"
        ),
        Some(_) => {}
        None => store.set_meta(CLUSTER, &wanted)?,
    }
    Ok(unpack(*opening))
}

/// What process 0's store knows of another process's share.
fn opening(
    settings: &Settings,
    store: &Store,
    recovery: &Recovery,
    process: usize,
    cluster: &Cluster,
    runtime: &tokio::runtime::Handle,
) -> Result<Opening> {
    let share = Share {
        process,
        ..cluster.share()
    };
    let mut segments = Vec::new();
    for segment in recovery.segments.iter().filter(|s| holder(s.id) == process) {
        let inline = match segment.file {
            Some(_) => None,
            None => runtime.block_on(store.inline(segment.id))?,
        };
        let source = segment.source.clone();
        segments.push((segment.id, segment.epoch, source, segment.rows, inline));
    }
    let later = recovery.superseded.iter();
    let later = later.filter(|gone| holder(gone.at.segment) == process);
    let its = |id: &String| {
        let source = settings.catalogue.source(id);
        source.is_some_and(|source| share.has(source))
    };
    let positions = recovery.positions.iter().filter(|p| its(&p.source));
    let stats = recovery.stats.iter().filter(|(source, _)| its(source));
    let model = recovery.model.as_ref();
    Ok(Opening {
        last_finished: (recovery.last_finished, recovery.last_time_ms),
        segments,
        later: later
            .map(|gone| (gone.at.segment, gone.at.row, gone.epoch))
            .collect(),
        positions: positions
            .map(|p| (p.source.clone(), p.file.clone(), p.state.clone()))
            .collect(),
        stats: stats
            .map(|(source, s)| (source.clone(), s.clone()))
            .collect(),
        waiting: recovery
            .waiting
            .iter()
            .filter(|(_, source, _)| its(source))
            .cloned()
            .collect(),
        model: model.map(|model| (model.version.clone(), model.artifact.clone())),
        ..Opening::default()
    })
}

fn unpack(opening: Opening) -> Beginning {
    let (last_finished, last_time_ms) = opening.last_finished;
    let mut inline = HashMap::new();
    let mut segments = Vec::new();
    for (id, epoch, source, rows, bytes) in opening.segments {
        let file = bytes.is_none().then(|| segment_file(id));
        inline.extend(bytes.map(|bytes| (id, bytes)));
        segments.push(Segment {
            id,
            epoch,
            source,
            rows,
            file,
        });
    }
    let later = opening.later.into_iter();
    let positions = opening.positions.into_iter();
    let recovery = Recovery {
        last_finished,
        last_time_ms,
        segments,
        superseded: later
            .map(|(segment, row, epoch)| Later {
                at: RowRef { segment, row },
                epoch,
            })
            .collect(),
        positions: positions
            .map(|(source, file, state)| Position {
                source,
                file,
                state,
            })
            .collect(),
        stats: opening.stats,
        waiting: opening.waiting,
        model: opening.model.map(|(version, artifact)| ModelRow {
            version,
            artifact,
            activated_epoch: Some(last_finished),
        }),
        ..Recovery::default()
    };
    Beginning {
        recovery,
        superseded: Superseded::new(opening.gone),
        inline: Some(inline),
        inline_elsewhere: (0, 0),
        start_ms: opening.start_ms,
    }
}

/// Leaves out what lies with other processes. What is known of their sources
/// stays: process 0 shows it.
fn keep_share(recovery: &mut Recovery, share: Share) {
    recovery
        .segments
        .retain(|segment| holder(segment.id) == share.process);
    recovery
        .superseded
        .retain(|gone| holder(gone.at.segment) == share.process);
}
