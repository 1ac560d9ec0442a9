//! The ledger, and the closed streams.

use es_core::{CommandOutcome, Revision, StoreError, StoredCommand, StreamId};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::error::Failure;
use crate::read::row::{get, time};
use crate::sql;

pub(super) async fn commands(
    connection: &mut SqliteConnection,
    after: Option<&StoredCommand>,
    limit: usize,
) -> Result<Vec<StoredCommand>, StoreError> {
    let rows = sqlx::query(sql::EXPORT_COMMANDS)
        .bind(after.map(|after| after.stream.category()))
        .bind(after.map(|after| after.stream.key()))
        .bind(after.map(|after| after.id))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await
        .map_err(Failure::from)?;
    rows.iter().map(command).collect()
}

fn command(row: &SqliteRow) -> Result<StoredCommand, StoreError> {
    let stream = StreamId::new(get::<String>(row, 0)?, get::<&str>(row, 1)?)?;
    Ok(StoredCommand::new(stream, get(row, 2)?, outcome(row, 3)?, time(get(row, 8)?)?))
}

/// What the ledger says, in five columns: first, count, rejected, body hash, name.
pub(super) fn outcome(row: &SqliteRow, at: usize) -> Result<CommandOutcome, Failure> {
    Ok(CommandOutcome {
        first: Revision::new(get::<i64>(row, at)?.cast_unsigned()),
        count: get::<i64>(row, at + 1)?.cast_unsigned(),
        rejected: get(row, at + 2)?,
        body_hash: get(row, at + 3)?,
        name: get::<Option<String>>(row, at + 4)?.map(Into::into),
    })
}

pub(super) async fn closed(
    connection: &mut SqliteConnection,
    after: Option<&StreamId>,
    limit: usize,
) -> Result<Vec<StreamId>, StoreError> {
    let rows = sqlx::query(sql::EXPORT_CLOSED)
        .bind(after.map(StreamId::category))
        .bind(after.map(StreamId::key))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await
        .map_err(Failure::from)?;
    rows.iter().map(|row| Ok(StreamId::new(get::<String>(row, 0)?, get::<&str>(row, 1)?)?)).collect()
}
