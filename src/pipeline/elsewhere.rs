//! What one process takes in and another commits, as plain data on its way; and
//! the answers to questions about records.

use super::output::{Landed, SourceOutput};
use super::records::{Candidates, Identity, Records};
use crate::cluster::message::{Answer, Question, Reject, RowsOf, TakenIn};
use anyhow::Result;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tocsin_alerts::store::RejectRow;
use tocsin_dataflow::Engine;
use tocsin_ingest::fact::SubjectKey;
use tocsin_ingest::index::RowRef;
use tocsin_ingest::landing::{LandedRows, SegmentRows, decode_inline, encode_inline};

/// A source's share of an epoch, as process 0 is told of it; and the inline rows
/// for the landing here.
pub(super) fn pack(output: SourceOutput) -> (TakenIn, Vec<(u32, SegmentRows)>) {
    let mut inline = Vec::new();
    let landed = output.landed.into_iter().map(|landed| match landed {
        Landed::File(info) => (info.id, info.rows, None),
        Landed::Inline(id, bytes, rows) => {
            let count = rows.batch.num_rows() as u32;
            inline.push((id, *rows));
            (id, count, Some(bytes))
        }
        Landed::Elsewhere(id, rows, bytes) => (id, rows, bytes),
    });
    let superseded = output.superseded.iter();
    let taken = TakenIn {
        landed: landed.collect(),
        superseded: superseded.map(|at| (at.segment, at.row)).collect(),
        positions: output.positions,
        pushes: output.pushes,
        rejects: output.rejects.into_iter().map(pack_reject).collect(),
        mended: output.mended.into_iter().map(u128::to_be_bytes).collect(),
        stats: output.stats,
        retracted: output.retracted,
        registered: output.registered,
        rows: output.rows,
    };
    (taken, inline)
}

/// The same as if it had been taken in here.
pub(super) fn unpack(taken: TakenIn) -> SourceOutput {
    let landed = taken.landed.into_iter();
    let superseded = taken.superseded.into_iter();
    SourceOutput {
        landed: landed
            .map(|(id, rows, bytes)| Landed::Elsewhere(id, rows, bytes))
            .collect(),
        superseded: superseded
            .map(|(segment, row)| RowRef { segment, row })
            .collect(),
        positions: taken.positions,
        pushes: taken.pushes,
        rejects: taken.rejects.into_iter().map(unpack_reject).collect(),
        mended: taken.mended.into_iter().map(u128::from_be_bytes).collect(),
        stats: taken.stats,
        retracted: taken.retracted,
        registered: taken.registered,
        rows: taken.rows,
        ..SourceOutput::default()
    }
}

fn pack_reject(reject: RejectRow) -> Reject {
    (
        [
            reject.source,
            reject.file,
            reject.field,
            reject.value,
            reject.reason,
            reject.raw,
        ],
        [reject.record, reject.line, reject.byte],
        reject.key,
        reject.mended,
    )
}

fn unpack_reject((texts, [record, line, byte], key, mended): Reject) -> RejectRow {
    let [source, file, field, value, reason, raw] = texts;
    RejectRow {
        source,
        file,
        record,
        line,
        byte,
        field,
        value,
        reason,
        raw,
        key,
        mended,
    }
}

/// Answers a question by this process's records, or its share of the dataflow.
pub(super) fn answer(records: &Records, engine: &Engine, question: Question) -> Result<Answer> {
    Ok(match question {
        Question::Naming {
            registering,
            most,
            subjects,
        } => rows(records, registering, most, &subjects)?,
        Question::Identities(enterprises) => {
            let mut known: HashMap<SubjectKey, Identity> = records.identities_here(&enterprises)?;
            known.retain(|enterprise, identity| identity.is_known(*enterprise));
            Answer::Identities(known)
        }
        Question::OpaqueIds => Answer::OpaqueIds(records.opaque_ids_here()?),
        Question::Waiting(query) => Answer::Waiting(engine.waiting(query)?),
    })
}

fn rows(
    records: &Records,
    registering: bool,
    most: usize,
    subjects: &HashSet<SubjectKey>,
) -> Result<Answer> {
    let (candidates, all) = records.candidates(registering, most, subjects)?;
    let mut found = Vec::with_capacity(candidates.len());
    for (segment, rows, landed) in candidates {
        let bytes = encode_inline(&SegmentRows {
            source: landed.source.to_string(),
            keys: vec![0; landed.batch.num_rows()],
            subjects: Vec::new(),
            batch: landed.batch,
        })?;
        found.push(RowsOf {
            segment,
            rows,
            bytes,
        });
    }
    Ok(Answer::Rows(found, all))
}

/// Adds the rows of an answer; gives whether these are all.
pub(super) fn take_rows(answer: Answer, candidates: &mut Vec<Candidates>) -> Result<bool> {
    let Answer::Rows(found, all) = answer else {
        return Ok(false);
    };
    for RowsOf {
        segment,
        rows,
        bytes,
    } in found
    {
        let landed = decode_inline(&bytes)?;
        let landed = LandedRows {
            source: Arc::from(landed.source.as_str()),
            batch: landed.batch,
        };
        candidates.push((segment, rows, landed));
    }
    Ok(all)
}
