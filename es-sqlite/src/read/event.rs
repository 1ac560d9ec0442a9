//! Reads an event from a row, and checks that it is what was written.

use es_core::record::RawEvent;
use es_core::{Position, Revision, StoreError, StreamId};

use super::packed::{self, Packed};
use super::row::time;
use super::types::Types;
use crate::checksum::Fields;
use crate::error::Failure;

/// The position with which the row of every event begins.
pub(crate) fn position(row: &mut Packed<'_>) -> Result<i64, Failure> {
    row.number()
}

/// The event of a row, after its position.
pub(crate) fn event<'r>(
    mut row: Packed<'r>,
    position: i64,
    stream: &'r StreamId,
    types: &'r Types,
) -> Result<RawEvent<'r>, Failure> {
    let revision = row.number()?;
    let (name, version) = types.of(&mut row)?;
    let (recorded_at, checksum) = (row.number()?, row.number()?);
    let [occurred_at, correlation, causation, metadata] = optional(&mut row)?;
    let id = row.raw_id(Some(16))?.unwrap_or_default();
    let fields = Fields {
        key: stream.key(),
        position,
        revision,
        id,
        name,
        version,
        recorded_at,
        occurred_at,
        correlation_id: row.raw_id(correlation)?,
        causation_id: row.raw_id(causation)?,
        metadata: row.bytes(metadata)?.map(packed::text).transpose()?,
        payload: row.rest()?,
    };
    if fields.checksum() != checksum {
        return Err(Failure::damaged("the event is not what was written: its checksum differs"));
    }
    let revision = Revision::new(fields.revision.cast_unsigned());
    let place = (revision, Position::new(fields.position.cast_unsigned()));
    let (payload, recorded_at) = (fields.payload.as_bytes(), time(fields.recorded_at)?);
    Ok(RawEvent::new(stream, place, fields.id, (name, version), payload, recorded_at)
        .occurred(fields.occurred_at.map(time).transpose()?)
        .correlation_id(fields.correlation_id)
        .causation_id(fields.causation_id)
        .metadata_json(fields.metadata.map(str::as_bytes)))
}

/// When it occurred, and the lengths of correlation, causation and metadata. A flag tells if there are none.
fn optional(row: &mut Packed<'_>) -> Result<[Option<i64>; 4], Failure> {
    if row.number()? == 0 {
        return Ok([None; 4]);
    }
    Ok([row.optional()?, row.optional()?, row.optional()?, row.optional()?])
}

/// The event of a row that does not contain its stream.
pub(crate) fn of_stream<'r>(
    mut row: Packed<'r>,
    stream: &'r StreamId,
    types: &'r Types,
) -> Result<RawEvent<'r>, Failure> {
    let position = position(&mut row)?;
    event(row, position, stream, types)
}

/// Converts an error of a row to one of its event, or of the next event if its position cannot be read.
pub(crate) fn damaged(failure: Failure, mut row: Packed<'_>, next: Position) -> StoreError {
    let position = position(&mut row).map_or(next, |position| Position::new(position.cast_unsigned()));
    failure.at(position)
}
