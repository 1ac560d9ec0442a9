//! The columns of rows.

use es_core::{CommandOutcome, OffsetDateTime, Position, Revision, StoreError};
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row as _, Sqlite, Type};
use uuid::Uuid;

use crate::error::Failure;

/// The columns that every statement that reads events begins with.
pub(crate) mod column {
    pub(crate) const POSITION: usize = 0;
    pub(crate) const REVISION: usize = 1;
    pub(crate) const ID: usize = 2;
    pub(crate) const TYPE: usize = 3;
    pub(crate) const RECORDED_AT: usize = 4;
    pub(crate) const OCCURRED_AT: usize = 5;
    pub(crate) const CORRELATION_ID: usize = 6;
    pub(crate) const CAUSATION_ID: usize = 7;
    pub(crate) const PAYLOAD: usize = 8;
    pub(crate) const METADATA: usize = 9;
    pub(crate) const CHECKSUM: usize = 10;
    /// The last three are only there where events of several streams are read.
    pub(crate) const CATEGORY: usize = 11;
    pub(crate) const CATEGORY_NAME: usize = 12;
    pub(crate) const KEY: usize = 13;
}

/// What a row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    First,
    Second,
    Event,
}

impl Kind {
    pub(crate) fn of(row: &SqliteRow) -> Self {
        match row.try_get_unchecked::<i64, _>(column::TYPE) {
            Ok(-1) => Self::First,
            Ok(-2) => Self::Second,
            _ => Self::Event,
        }
    }
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
