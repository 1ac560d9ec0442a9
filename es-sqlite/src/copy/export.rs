//! Exports the command ledger and the closed streams.

use es_core::store::StoredCommand;
use es_core::{StoreError, StreamId};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::error::Failure;
use crate::read::row::{get, outcome, time};
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
    let outcome =
        outcome(row, [3, 4, 5, 6, 7])?.ok_or_else(|| Failure::damaged("a command without an outcome"))?;
    Ok(StoredCommand::new(stream, get(row, 2)?, outcome, time(get(row, 8)?)?))
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
