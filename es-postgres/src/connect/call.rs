//! Calls that are one statement.

use std::pin::pin;
use std::sync::Arc;

use es_core::StoreError;
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;
use sqlx::{PgConnection, Row};

use crate::connect::columns::ONLY;
use crate::connect::failure::{Failure, unexpected};
use crate::connect::lease::Lease;
use crate::connect::lock_timeout::{LockTimeout, find_holders};
use crate::connect::pool::Pool;

/// Runs one statement on a connection of the store.
pub(crate) async fn rows(
    pool: &Arc<Pool>,
    call: Query<'_, Postgres, PgArguments>,
) -> Result<Vec<PgRow>, StoreError> {
    rows_on(pool, pool.lease().await?, call).await
}

/// The same for a statement that may have to wait for a lock of another transaction.
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

/// The only value of a statement that may have to wait for a lock of another transaction.
pub(crate) async fn value_kept<T>(
    pool: &Arc<Pool>,
    call: Query<'_, Postgres, PgArguments>,
) -> Result<T, StoreError>
where
    T: for<'r> sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>,
{
    match rows_kept(pool, call).await?.first() {
        Some(row) => row.try_get(ONLY).map_err(unexpected),
        None => Err(unexpected("no answer")),
    }
}
