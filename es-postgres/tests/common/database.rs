//! Helpers to run SQL in tests.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// Much longer than any wait takes, also on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A deadline that is meant to pass, long enough that what must succeed before it does so on a busy machine.
#[allow(dead_code, reason = "not all tests have deadlines that pass")]
pub(crate) const MOMENT: Duration = Duration::from_secs(2);

pub(crate) async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a connection")
}

/// Executes SQL.
pub(crate) async fn sql(connection: &mut PgConnection, text: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(text)).execute(connection).await;
    done.unwrap_or_else(|error| panic!("{text}: {error}"));
}

pub(crate) async fn number(connection: &mut PgConnection, text: &str) -> i64 {
    let found = sqlx::query_scalar(AssertSqlSafe(text)).persistent(false).fetch_one(connection).await;
    found.unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub(crate) async fn holds(connection: &mut PgConnection, condition: &str) -> bool {
    number(connection, &format!("SELECT coalesce(({condition})::integer, 0)::bigint")).await == 1
}

/// Waits until a condition in SQL holds.
pub(crate) async fn until(connection: &mut PgConnection, condition: &str) {
    let held = tokio::time::timeout(LONG, async {
        while !holds(connection, condition).await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    held.await.unwrap_or_else(|_| panic!("never: {condition}"));
}
