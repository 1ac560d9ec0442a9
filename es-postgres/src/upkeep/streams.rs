//! What concerns a stream as a whole: listing, closing, snapshots, and the ledger's old rows.

use std::borrow::Cow;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use es_core::{NewSnapshot, Revision, StoreError, StreamId, StreamSummary};
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;
use sqlx::{PgConnection, Row};

use crate::connect::failure::{Failure, unexpected};
use crate::connect::lease::Lease;
use crate::connect::lock_timeout::{LockTimeout, find_holders};
use crate::connect::pool::Pool;
use crate::connect::statements::Statement;
use crate::read::row::{Columns, required};
use crate::write::columns::bigint;
use crate::write::json::Json;

/// Runs one statement on a connection of the store.
pub(crate) async fn rows(
    pool: &Arc<Pool>,
    call: Query<'_, Postgres, PgArguments>,
) -> Result<Vec<PgRow>, StoreError> {
    rows_on(pool, pool.lease().await?, call).await
}

/// The same of one that may have to wait for a lock that somebody else holds.
pub(crate) async fn rows_kept(
    pool: &Arc<Pool>,
    call: Query<'_, Postgres, PgArguments>,
) -> Result<Vec<PgRow>, StoreError> {
    rows_on(pool, pool.lease_kept().await?, call).await
}

async fn rows_on(
    pool: &Pool,
    mut lease: Lease,
    call: Query<'_, Postgres, PgArguments>,
) -> Result<Vec<PgRow>, StoreError> {
    let backend = lease.session.backend;
    let (answer, holders) = {
        let answer = pin!(pool.settings.answered(run(&mut lease.session.connection, pool, call)));
        find_holders(pool, backend, pool.settings.longest_lock_wait, answer).await
    };
    match answer {
        Ok(rows) => {
            lease.keep();
            Ok(rows)
        }
        Err(failure) => {
            lease.keep_after(&failure);
            match failure.is_held_up() {
                true => Err(LockTimeout::of(pool, String::from("a statement"), holders).into()),
                false => Err(failure.into()),
            }
        }
    }
}

async fn run(
    connection: &mut PgConnection,
    pool: &Pool,
    call: Query<'_, Postgres, PgArguments>,
) -> Result<Vec<PgRow>, Failure> {
    pool.begin(connection).await?;
    let rows = call.fetch_all(&mut *connection).await?;
    pool.commit(connection).await?;
    Ok(rows)
}

/// The one value of a statement that may have to wait for a lock that somebody else holds.
pub(crate) async fn value_kept<T>(
    pool: &Arc<Pool>,
    call: Query<'_, Postgres, PgArguments>,
) -> Result<T, StoreError>
where
    T: for<'r> sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>,
{
    match rows_kept(pool, call).await?.first() {
        Some(row) => row.try_get(0).map_err(unexpected),
        None => Err(unexpected("no answer")),
    }
}

pub(crate) async fn list(
    pool: &Arc<Pool>,
    category: &str,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<StreamSummary>, StoreError> {
    if [category, prefix].iter().any(|text| text.contains('\0')) {
        // No key and no category holds a NUL character, which the database does not take in a question.
        return Ok(Vec::new());
    }
    // Every key after the rest of it comes after what stands before a NUL character.
    let after = after.map(|after| after.split('\0').next().unwrap_or_default());
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let call = pool.statements.list_streams.call();
    let call = call.bind(category).bind(after.unwrap_or_default()).bind(limit).bind(prefix);
    let mut summaries = Vec::new();
    for row in rows(pool, call).await? {
        let key = required(0, Columns(&row).text(0)?)?;
        let stream = StreamId::new(category, key)?;
        let revision = Revision::new(Columns(&row).bigint(1)?);
        summaries.push(StreamSummary::new(stream, revision, row.try_get(2).map_err(unexpected)?));
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

pub(crate) async fn save_snapshot(pool: &Arc<Pool>, snapshot: &NewSnapshot) -> Result<(), StoreError> {
    let NewSnapshot { stream, revision, event_id, fingerprint, state, .. } = snapshot;
    if state.contains(&0) {
        // The server would not take it as a text.
        return Err(unexpected(format!("the snapshot of {stream} is no JSON: it holds a NUL byte")));
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

/// Nothing was stored before; a longer time the server cannot take from its clock.
const BEFORE_ALL: Duration = Duration::from_secs(u32::MAX as u64);

pub(crate) async fn prune_commands(pool: &Arc<Pool>, older_than: Duration) -> Result<u64, StoreError> {
    let call = pool.statements.prune_commands.call().bind(older_than.min(BEFORE_ALL).as_secs_f64());
    value_kept::<i64>(pool, call).await.map(i64::unsigned_abs)
}

pub(crate) async fn grant(pool: &Arc<Pool>, grant: &Statement, role: &str) -> Result<(), StoreError> {
    if role.contains('\0') {
        // The server would not take it in a question.
        return Err(unexpected(format!("there is no role {role:?}")));
    }
    rows_kept(pool, grant.call().bind(role)).await.map(|_| ())
}
