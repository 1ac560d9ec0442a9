//! SQL that tests are made of.

use sqlx::{AssertSqlSafe, Connection, PgConnection};

pub(crate) async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a connection")
}

/// Runs SQL that a test is made of.
pub(crate) async fn sql(connection: &mut PgConnection, text: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(text)).execute(connection).await;
    done.unwrap_or_else(|error| panic!("{text}: {error}"));
}

pub(crate) async fn number(connection: &mut PgConnection, text: &str) -> i64 {
    let found = sqlx::query_scalar(AssertSqlSafe(text)).persistent(false).fetch_one(connection).await;
    found.unwrap_or_else(|error| panic!("{text}: {error}"))
}
