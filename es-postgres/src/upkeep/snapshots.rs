//! Snapshots: listing them by generation of a program, and deleting unused ones.

use std::borrow::Cow;
use std::sync::Arc;

use es_core::StoreError;
use es_core::model::NewSnapshot;
use es_core::shape::Fingerprint;
use es_core::time::OffsetDateTime;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::connect::call::{rows, value_kept};
use crate::connect::columns::list_snapshots;
use crate::connect::failure::unexpected;
use crate::connect::number::bigint;
use crate::connect::pool::Pool;
use crate::write::json::Json;

/// The snapshots of one category with one fingerprint: those of one generation of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SnapshotGroup {
    /// The category; if it has several names, the first one.
    pub category: String,
    /// The fingerprint of the snapshots. An aggregate's current one is `A::snapshots().fingerprint`.
    pub fingerprint: Fingerprint,
    /// The number of snapshots.
    pub snapshots: u64,
    /// Their size in the table, compressed.
    pub bytes: u64,
    /// When the newest of them was saved.
    pub newest: OffsetDateTime,
}

pub(crate) async fn list(pool: &Arc<Pool>) -> Result<Vec<SnapshotGroup>, StoreError> {
    let rows = rows(pool, pool.statements.list_snapshots.call()).await?;
    rows.iter().map(group).collect::<Result<_, _>>().map_err(unexpected)
}

fn group(row: &PgRow) -> Result<SnapshotGroup, sqlx::Error> {
    Ok(SnapshotGroup {
        category: row.try_get(list_snapshots::CATEGORY)?,
        fingerprint: Fingerprint::from_i64(row.try_get(list_snapshots::FINGERPRINT)?),
        snapshots: row.try_get::<i64, _>(list_snapshots::SNAPSHOTS)?.unsigned_abs(),
        bytes: row.try_get::<i64, _>(list_snapshots::BYTES)?.unsigned_abs(),
        newest: row.try_get(list_snapshots::NEWEST)?,
    })
}

pub(crate) async fn drop_all(pool: &Arc<Pool>, fingerprint: Fingerprint) -> Result<u64, StoreError> {
    let call = pool.statements.drop_snapshots.call().bind(fingerprint.to_i64());
    value_kept::<i64>(pool, call).await.map(i64::unsigned_abs)
}

pub(crate) async fn save(pool: &Arc<Pool>, snapshot: &NewSnapshot) -> Result<(), StoreError> {
    let NewSnapshot { stream, revision, event_id, fingerprint, state, .. } = snapshot;
    if state.contains(&0) {
        // The server would reject it as text.
        return Err(unexpected(format!(
            "the snapshot of {stream} is not valid JSON: it contains a NUL byte"
        )));
    }
    let call = pool
        .statements
        .save_snapshot
        .call()
        .bind(stream.category())
        .bind(stream.key())
        .bind(fingerprint.to_i64())
        .bind(bigint(*revision))
        .bind(Json(Cow::Borrowed(state)))
        .bind(event_id);
    rows(pool, call).await.map(|_| ())
}
