//! Turns the inline segments of a source into one file.

use super::rows::{SegmentInfo, SegmentRows};
use super::segment::{Body, take_rows};
use super::segment_writer::SegmentWriter;
use super::{Landing, LandingError, Segment};
use crate::index::RowRef;

use std::sync::Arc;

/// A finished roll: durable, not visible before [`Landing::publish_roll`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roll {
    /// The new segment; the caller commits it in place of `from`.
    pub info: SegmentInfo,
    /// The segments it replaces.
    pub from: Vec<u32>,
    /// For each row that was kept: where it was and where it is.
    pub moved: Vec<(RowRef, RowRef)>,
}

impl Landing {
    /// Writes the rows of inline segments of one source, except those that
    /// `keep` refuses, as the new segment `id`. Meanwhile, and until
    /// [`Landing::publish_roll`], readers see the old ones.
    ///
    /// # Errors
    /// Segments that are unknown, files already, of several sources or columns,
    /// or with another segment of their source between them; a disk that refuses.
    pub fn roll(
        &self,
        id: u32,
        from: &[u32],
        keep: &dyn Fn(RowRef) -> bool,
    ) -> Result<Roll, LandingError> {
        let segments = self.segments_to_roll(from)?;
        let (Some(first), Some(last)) = (segments.first(), segments.last()) else {
            return Err(LandingError::Empty(id));
        };
        let mut writer = self.writer(id, &first.source)?.with_order(last.order);
        let mut moved = Vec::new();
        for segment in &segments {
            roll_segment(segment, &mut writer, id, keep, &mut moved)?;
        }
        let from = segments.iter().map(|segment| segment.id).collect();
        Ok(Roll {
            info: writer.finish()?,
            from,
            moved,
        })
    }

    /// Shows a roll's new segment in place of the old ones, in one step. Call
    /// it when the store has committed the same.
    ///
    /// # Errors
    /// [`LandingError::UnknownSegment`] if the new segment is not there.
    pub fn publish_roll(&self, roll: &Roll) -> Result<(), LandingError> {
        self.exchange(Some(roll.info.id), &roll.from)
    }

    /// The segments in order of time, after all checks.
    fn segments_to_roll(&self, from: &[u32]) -> Result<Vec<Arc<Segment>>, LandingError> {
        let mut segments = Vec::with_capacity(from.len());
        for id in from {
            let segment = self.segment(*id)?;
            if matches!(segment.body, Body::File(_)) {
                return Err(LandingError::NotInline(*id));
            }
            segments.push(segment);
        }
        segments.sort_by_key(|segment| segment.order);
        segments.dedup_by_key(|segment| segment.id);
        self.check_gap(&segments)?;
        Ok(segments)
    }

    fn check_gap(&self, segments: &[Arc<Segment>]) -> Result<(), LandingError> {
        let (Some(first), Some(last)) = (segments.first(), segments.last()) else {
            return Ok(());
        };
        let between = self.all_segments().into_iter().find(|other| {
            let inside = first.order < other.order && other.order < last.order;
            let chosen = segments.iter().any(|segment| segment.id == other.id);
            inside && other.source == first.source && !chosen
        });
        between.map_or(Ok(()), |segment| Err(LandingError::RollGap(segment.id)))
    }
}

fn roll_segment(
    segment: &Segment,
    writer: &mut SegmentWriter<'_>,
    id: u32,
    keep: &dyn Fn(RowRef) -> bool,
    moved: &mut Vec<(RowRef, RowRef)>,
) -> Result<(), LandingError> {
    let Body::Inline(rows) = &segment.body else {
        return Err(LandingError::NotInline(segment.id));
    };
    let at = |row| RowRef {
        segment: segment.id,
        row,
    };
    let kept: Vec<u32> = (0..segment.rows).filter(|row| keep(at(*row))).collect();
    let base = writer.rows();
    writer.push_rows(&only(rows, &kept)?)?;
    moved.extend(
        kept.iter()
            .zip(base..)
            .map(|(old, row)| (at(*old), RowRef { segment: id, row })),
    );
    Ok(())
}

/// The rows of `kept` (ascending), with their keys and postings.
fn only(rows: &SegmentRows, kept: &[u32]) -> Result<SegmentRows, LandingError> {
    let place = |(hash, row): &(u64, u32)| {
        kept.binary_search(row)
            .ok()
            .map(|place| (*hash, place as u32))
    };
    Ok(SegmentRows {
        source: rows.source.clone(),
        batch: take_rows(&rows.batch, kept.iter().copied())?,
        keys: kept.iter().map(|row| rows.keys[*row as usize]).collect(),
        subjects: rows.subjects.iter().filter_map(place).collect(),
    })
}
