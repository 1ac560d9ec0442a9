//! Roles besides the owner of the store.

use es_postgres::PostgresStore;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use super::{connect, sql};

/// A role without any privileges: its URL, and its name. [`drop_role`] drops it.
pub(crate) async fn role(url: &str) -> (String, String) {
    let role = format!("role_{}", Uuid::now_v7().simple());
    sql(&mut connect(url).await, &format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'")).await;
    (url_of(url, &role), role)
}

/// The URL of a role that [`role`] created.
pub(crate) fn url_of(url: &str, role: &str) -> String {
    let (_, rest) = url.split_once('@').expect("a url with a user");
    format!("postgres://{role}:secret@{rest}")
}

/// A role with the privileges of a writer.
pub(crate) async fn writer(url: &str, owner: &PostgresStore) -> (String, String) {
    let (url, role) = role(url).await;
    owner.grant_writer(&role).await.expect("granted");
    (url, role)
}

/// Drops a role, with everything that it owns.
pub(crate) async fn drop_role(url: &str, role: &str) {
    sql(&mut connect(url).await, &format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}")).await;
}

/// One column of all rows.
pub(crate) async fn texts(connection: &mut PgConnection, text: &str) -> Vec<String> {
    let found = sqlx::query_scalar(AssertSqlSafe(text)).persistent(false).fetch_all(connection).await;
    found.unwrap_or_else(|error| panic!("{text}: {error}"))
}
