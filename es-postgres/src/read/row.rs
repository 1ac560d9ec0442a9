//! From rows to events: values are read in place, payloads are not copied.

use es_core::record::{BoxError, RawEvent};
use es_core::{Position, Revision, StoreError, StreamId};
use sqlx::postgres::PgRow;
use sqlx::{Row, ValueRef};
use time::{OffsetDateTime, macros::datetime};
use uuid::Uuid;

use crate::connect::columns::{event, noted};
use crate::connect::failure::unexpected;
use crate::connect::names::Known;

/// The epoch of PostgreSQL's timestamps, which are in microseconds.
const EPOCH: OffsetDateTime = datetime!(2000-01-01 00:00 UTC);

/// Converts a timestamp of PostgreSQL; `None` beyond the supported years. Adding a `Duration` would take
/// twice as long.
fn time(microseconds: i64) -> Option<OffsetDateTime> {
    const SECOND: i64 = 1_000_000;
    let seconds = microseconds.div_euclid(SECOND).checked_add(EPOCH.unix_timestamp())?;
    let rest = u32::try_from(microseconds.rem_euclid(SECOND)).ok()?;
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.replace_microsecond(rest).ok()
}

/// A row in the binary form of the protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Columns<'r>(pub(crate) &'r PgRow);

impl<'r> Columns<'r> {
    #[inline]
    pub(crate) fn optional(self, column: usize) -> Result<Option<&'r [u8]>, StoreError> {
        let value = self.0.try_get_raw(column).map_err(unexpected)?;
        if value.is_null() { Ok(None) } else { value.as_bytes().map(Some).map_err(unexpected) }
    }

    #[inline]
    fn fixed<const N: usize>(self, column: usize) -> Result<Option<[u8; N]>, StoreError> {
        let Some(bytes) = self.optional(column)? else { return Ok(None) };
        match bytes.try_into() {
            Ok(bytes) => Ok(Some(bytes)),
            Err(_) => Err(unexpected(format!("column {column} has {} bytes, not {N}", bytes.len()))),
        }
    }

    pub(crate) fn is_null(self, column: usize) -> Result<bool, StoreError> {
        Ok(self.optional(column)?.is_none())
    }

    pub(crate) fn bigint(self, column: usize) -> Result<u64, StoreError> {
        let bytes = required(column, self.fixed(column)?)?;
        u64::try_from(i64::from_be_bytes(bytes)).map_err(unexpected)
    }

    pub(crate) fn integer(self, column: usize) -> Result<i32, StoreError> {
        Ok(i32::from_be_bytes(required(column, self.fixed(column)?)?))
    }

    pub(crate) fn boolean(self, column: usize) -> Result<bool, StoreError> {
        Ok(required(column, self.fixed::<1>(column)?)? != [0])
    }

    pub(crate) fn uuid(self, column: usize) -> Result<Option<Uuid>, StoreError> {
        Ok(self.fixed(column)?.map(Uuid::from_bytes))
    }

    pub(crate) fn time(self, column: usize) -> Result<Option<OffsetDateTime>, StoreError> {
        let Some(bytes) = self.fixed(column)? else { return Ok(None) };
        match time(i64::from_be_bytes(bytes)) {
            Some(time) => Ok(Some(time)),
            None => Err(unexpected(format!("column {column} holds a time out of range"))),
        }
    }

    pub(crate) fn text(self, column: usize) -> Result<Option<&'r str>, StoreError> {
        let Some(bytes) = self.optional(column)? else { return Ok(None) };
        std::str::from_utf8(bytes).map(Some).map_err(unexpected)
    }
}

pub(crate) fn required<T>(column: usize, value: Option<T>) -> Result<T, StoreError> {
    value.ok_or_else(|| unexpected(format!("column {column} is null")))
}

/// Reads the event in a row, with this type: of `load`, `find_event` or any other statement that returns
/// events.
pub(crate) fn event<'r>(
    stream: &'r StreamId,
    (name, version): (&'r str, u32),
    row: Columns<'r>,
) -> Result<RawEvent<'r>, StoreError> {
    let position = Position::new(row.bigint(event::POSITION)?);
    match whole(stream, name, version, position, row) {
        Err(error) => Err(damaged(position, error)),
        whole => whole,
    }
}

/// The error of an event that no append could have written like this.
#[cold]
pub(crate) fn damaged(position: Position, what: impl Into<BoxError>) -> StoreError {
    StoreError::DamagedEvent { position, source: what.into() }
}

#[inline]
fn whole<'r>(
    stream: &'r StreamId,
    name: &'r str,
    version: u32,
    position: Position,
    row: Columns<'r>,
) -> Result<RawEvent<'r>, StoreError> {
    let place = (Revision::new(row.bigint(event::REVISION)?), position);
    let id = required(event::EVENT_ID, row.uuid(event::EVENT_ID)?)?;
    let payload = required(event::PAYLOAD, row.optional(event::PAYLOAD)?)?;
    let recorded_at = required(event::RECORDED_AT, row.time(event::RECORDED_AT)?)?;
    Ok(RawEvent::new(stream, place, id, (name, version), payload, recorded_at)
        .occurred(row.time(event::OCCURRED_AT)?)
        .correlation_id(row.uuid(event::CORRELATION_ID)?)
        .causation_id(row.uuid(event::CAUSATION_ID)?)
        .metadata_json(row.optional(event::METADATA)?))
}

/// The type of the event in a row, which includes version and name if the caller does not know them, or knows
/// those of another history.
pub(crate) fn event_type<'r>(known: &'r Known, row: Columns<'r>) -> Result<(&'r str, u32), StoreError> {
    let id = row.integer(event::TYPE)?;
    let Some(note) = row.text(noted::NOTE)? else {
        let (name, version) = known.event_type(id).ok_or_else(|| no_event_type(row, id))?;
        return Ok((name, *version));
    };
    note.split_once(' ')
        .and_then(|(version, name)| Some((name, version.parse().ok()?)))
        .ok_or_else(|| no_event_type(row, id))
}

/// The error of an event whose type is not in `event_types`.
#[cold]
pub(crate) fn no_event_type(row: Columns<'_>, id: i32) -> StoreError {
    match row.bigint(event::POSITION) {
        Ok(position) => damaged(Position::new(position), format!("its type {id} is not in event_types")),
        Err(error) => error,
    }
}
