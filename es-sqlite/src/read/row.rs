//! An event as it stands in a row, and whether it is what was written.

use std::num::NonZeroU32;

use es_core::{CommandOutcome, OffsetDateTime, Position, RawEvent, Revision, StoreError, StreamId};
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row as _, Sqlite, Type};
use uuid::Uuid;

use crate::checksum::Fields;
use crate::error::Failure;

/// The columns that every statement that reads events begins with.
pub(crate) mod column {
    pub(crate) const KIND: usize = 0;
    pub(crate) const POSITION: usize = 1;
    pub(crate) const REVISION: usize = 2;
    pub(crate) const ID: usize = 3;
    pub(crate) const NAME: usize = 4;
    pub(crate) const VERSION: usize = 5;
    pub(crate) const RECORDED_AT: usize = 6;
    pub(crate) const OCCURRED_AT: usize = 7;
    pub(crate) const CORRELATION_ID: usize = 8;
    pub(crate) const CAUSATION_ID: usize = 9;
    pub(crate) const PAYLOAD: usize = 10;
    pub(crate) const METADATA: usize = 11;
    pub(crate) const CHECKSUM: usize = 12;
    /// The last three are only there where events of several streams are read.
    pub(crate) const CATEGORY: usize = 13;
    pub(crate) const CATEGORY_NAME: usize = 14;
    pub(crate) const KEY: usize = 15;
}

/// One column. A value of another type is damage, as the tables are strict.
pub(crate) fn get<'r, T>(row: &'r SqliteRow, at: usize) -> Result<T, Failure>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
{
    Ok(row.try_get(at)?)
}

/// The position of a row, or the one that comes next if it cannot be read.
pub(crate) fn position(row: &SqliteRow, next: Position) -> Position {
    get::<i64>(row, column::POSITION).map_or(next, |position| Position::new(position.cast_unsigned()))
}

/// The event of a row, as it was written.
pub(crate) fn event<'r>(row: &'r SqliteRow, stream: &'r StreamId) -> Result<RawEvent<'r>, Failure> {
    let name: Option<&str> = get(row, column::NAME)?;
    let name = name.ok_or_else(|| Failure::damaged("the event has a type that is not in the file"))?;
    let version: u32 = get(row, column::VERSION)?;
    let version = NonZeroU32::new(version).ok_or_else(|| Failure::damaged("the event has version 0"))?.get();
    let fields = Fields {
        key: stream.key(),
        position: get(row, column::POSITION)?,
        revision: get(row, column::REVISION)?,
        id: get(row, column::ID)?,
        name,
        version,
        recorded_at: get(row, column::RECORDED_AT)?,
        occurred_at: get(row, column::OCCURRED_AT)?,
        correlation_id: get(row, column::CORRELATION_ID)?,
        causation_id: get(row, column::CAUSATION_ID)?,
        payload: get(row, column::PAYLOAD)?,
        metadata: get(row, column::METADATA)?,
    };
    if fields.checksum() != get::<i64>(row, column::CHECKSUM)? {
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

/// A time from its microseconds since 1970.
pub(crate) fn time(micros: i64) -> Result<OffsetDateTime, Failure> {
    let nanos = i128::from(micros) * 1_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos)
        .map_err(|_| Failure::damaged("a time that no store keeps"))
}

/// An error of a row, as that of the event in it.
pub(crate) fn damaged(failure: Failure, row: &SqliteRow, next: Position) -> StoreError {
    failure.at(position(row, next))
}

/// An id, if the column has one.
pub(crate) fn id(row: &SqliteRow, at: usize) -> Result<Option<Uuid>, Failure> {
    get(row, at)
}

/// What the ledger says, in these columns: first, count, rejected, body hash, name.
pub(crate) fn outcome(row: &SqliteRow, columns: [usize; 5]) -> Result<Option<CommandOutcome>, Failure> {
    let [first, count, rejected, body_hash, name] = columns;
    let Some(first) = get::<Option<i64>>(row, first)? else { return Ok(None) };
    Ok(Some(CommandOutcome {
        first: Revision::new(first.cast_unsigned()),
        count: get::<i64>(row, count)?.cast_unsigned(),
        rejected: get(row, rejected)?,
        body_hash: get(row, body_hash)?,
        name: get::<Option<String>>(row, name)?.map(Into::into),
    }))
}
