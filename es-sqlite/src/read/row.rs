//! Columns of rows that have several, and times.

use es_core::Revision;
use es_core::store::CommandOutcome;
use es_core::time::OffsetDateTime;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row as _, Sqlite, Type};

use crate::error::Failure;

/// One column. A value of another type is damage, as the tables are strict.
pub(crate) fn get<'r, T>(row: &'r SqliteRow, at: usize) -> Result<T, Failure>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
{
    Ok(row.try_get(at)?)
}

/// A time from its microseconds since 1970.
pub(crate) fn time(micros: i64) -> Result<OffsetDateTime, Failure> {
    let nanos = i128::from(micros) * 1_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos)
        .map_err(|_| Failure::damaged("a time that no store writes"))
}

/// The outcome in the command ledger, in these columns: first, count, rejected, body hash, name.
pub(crate) fn outcome(row: &SqliteRow, columns: [usize; 5]) -> Result<Option<CommandOutcome>, Failure> {
    let [first, count, rejected, body_hash, name] = columns;
    let Some(first) = get::<Option<i64>>(row, first)? else { return Ok(None) };
    let (first, count) = (Revision::new(first.cast_unsigned()), get::<i64>(row, count)?.cast_unsigned());
    let outcome = CommandOutcome::new(first, count)
        .rejected(get(row, rejected)?)
        .body_hash(get(row, body_hash)?)
        .name(get::<Option<String>>(row, name)?.map(Into::into));
    Ok(Some(outcome))
}
