//! An event as it stands in a row, and whether it is what was written.

use es_core::{Position, RawEvent, Revision, StreamId};
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row as _, Sqlite, Type};

use super::row::{column, time};
use super::types::Types;
use crate::checksum::Fields;
use crate::error::Failure;

/// The event of a row, as it was written.
pub(crate) fn event<'r>(
    row: &'r SqliteRow,
    stream: &'r StreamId,
    types: &'r Types,
) -> Result<RawEvent<'r>, Failure> {
    let (name, version) = types.of(row)?;
    let fields = Fields {
        key: stream.key(),
        position: value(row, column::POSITION)?,
        revision: value(row, column::REVISION)?,
        id: value(row, column::ID)?,
        name,
        version,
        recorded_at: value(row, column::RECORDED_AT)?,
        occurred_at: value(row, column::OCCURRED_AT)?,
        correlation_id: value(row, column::CORRELATION_ID)?,
        causation_id: value(row, column::CAUSATION_ID)?,
        payload: value(row, column::PAYLOAD)?,
        metadata: value(row, column::METADATA)?,
    };
    if fields.checksum() != value::<i64>(row, column::CHECKSUM)? {
        return Err(Failure::damaged("the event is not the one that was written: its checksum is another"));
    }
    Ok(RawEvent {
        stream,
        revision: Revision::new(fields.revision.cast_unsigned()),
        position: Position::new(fields.position.cast_unsigned()),
        event_id: fields.id,
        name,
        version,
        payload: fields.payload.as_bytes(),
        recorded_at: time(fields.recorded_at)?,
        occurred: fields.occurred_at.map(time).transpose()?,
        correlation_id: fields.correlation_id,
        causation_id: fields.causation_id,
        metadata: fields.metadata.map(str::as_bytes),
    })
}

/// One column of an event, whose checksum tells whether it is what was written: its type is not looked at,
/// which takes longer than the value.
fn value<'r, T>(row: &'r SqliteRow, at: usize) -> Result<T, Failure>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
{
    Ok(row.try_get_unchecked(at)?)
}
