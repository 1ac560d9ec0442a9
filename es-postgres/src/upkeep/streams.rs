//! Listing and closing streams, and pruning the command ledger.

use std::sync::Arc;
use std::time::Duration;

use es_core::store::{ListQuery, StreamSummary};
use es_core::{Revision, StoreError, StreamId};
use sqlx::Row;

use crate::connect::call::{rows, value_kept};
use crate::connect::columns::list_streams;
use crate::connect::failure::unexpected;
use crate::connect::number::bigint;
use crate::connect::pool::Pool;
use crate::read::row::{Columns, required};

pub(crate) async fn list(pool: &Arc<Pool>, query: ListQuery<'_>) -> Result<Vec<StreamSummary>, StoreError> {
    let ListQuery { category, prefix, after, limit, .. } = query;
    if [category, prefix].iter().any(|text| text.contains('\0')) {
        // No key and no category contains a NUL character, which the database rejects in parameters.
        return Ok(Vec::new());
    }
    // A key sorts after the whole text exactly if it sorts after the part before the NUL character.
    let after = after.map(|after| after.split('\0').next().unwrap_or_default());
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let call = pool.statements.list_streams.call();
    let call = call.bind(category).bind(after.unwrap_or_default()).bind(limit).bind(prefix);
    let mut summaries = Vec::new();
    for row in rows(pool, call).await? {
        let key = required(list_streams::KEY, Columns(&row).text(list_streams::KEY)?)?;
        let stream = StreamId::new(category, key)?;
        let revision = Revision::new(Columns(&row).bigint(list_streams::REVISION)?);
        let closed = row.try_get(list_streams::CLOSED).map_err(unexpected)?;
        summaries.push(StreamSummary::new(stream, revision).closed(closed));
    }
    Ok(summaries)
}

pub(crate) async fn close(
    pool: &Arc<Pool>,
    stream: &StreamId,
    expected: Revision,
) -> Result<bool, StoreError> {
    let call = pool.statements.close_stream.call();
    value_kept(pool, call.bind(stream.category()).bind(stream.key()).bind(bigint(expected))).await
}

/// Nothing was stored before that; the server cannot subtract a longer time from its clock.
const BEFORE_ALL: Duration = Duration::from_secs(u32::MAX as u64);

pub(crate) async fn prune_commands(pool: &Arc<Pool>, older_than: Duration) -> Result<u64, StoreError> {
    let call = pool.statements.prune_commands.call().bind(older_than.min(BEFORE_ALL).as_secs_f64());
    value_kept::<i64>(pool, call).await.map(i64::unsigned_abs)
}
