//! The store's connections, lent to the program: what it leaves on them does not affect other callers.

use es_core::store::{Append, AppendIn, Load};
use es_core::{EventStore, Revision, StoreError};
use es_postgres::sqlx::{self, AssertSqlSafe, Connection, PgConnection};
use es_postgres::{PoolTimeout, PostgresStore, Scarce};
use tokio::time::timeout;

use crate::support::{
    LONG, MOMENT, append_one, appended, connect, events, fresh, ids, number, sql, stream, until,
};

async fn text(connection: &mut PgConnection, query: &str) -> String {
    sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(connection).await.expect("a value")
}

async fn pid(connection: &mut PgConnection) -> i64 {
    number(connection, "SELECT pg_backend_pid()::bigint").await
}

/// With a single connection, so that each call gets what the previous one left.
async fn one_connection(url: &str) -> PostgresStore {
    PostgresStore::options(url).connections(1).notify(false).connect().await.expect("a store")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_transaction_is_never_passed_to_another_caller() {
    let (database, writer) = fresh().await;
    let a = stream("a");
    appended(append_one(&writer, &a, 0).await);
    let store = one_connection(database.url()).await;
    let mut watch = connect(database.url()).await;
    sql(&mut watch, "CREATE TABLE mine (n int)").await;
    for round in 0..8 {
        let mut connection = store.connection().await.expect("a connection");
        let backend = pid(&mut connection).await;
        // Begun by the driver or by a statement, healthy or failed.
        if round % 2 == 0 {
            sql(&mut connection, "BEGIN").await;
        } else {
            std::mem::forget(connection.begin().await.expect("a transaction"));
        }
        sql(&mut connection, "INSERT INTO mine VALUES (1)").await;
        let batch = events(1);
        let append = Append::new(&a, Revision::new(1), &batch);
        appended(store.append_in(&mut connection, append).await.expect("an outcome"));
        if round % 4 > 1 {
            sqlx::query("SELECT 1 / 0").execute(&mut *connection).await.expect_err("divided by zero");
        }
        match round {
            0..4 => drop(connection),
            _ => connection.give_back().await,
        }
        // The next caller sees nothing of it, and holds none of its locks.
        assert_eq!(ids(&store, &a).await.len(), 1);
        let mut next = store.connection().await.expect("a connection");
        assert_eq!(number(&mut next, "SELECT count(*) FROM mine").await, 0);
        assert_ne!(pid(&mut next).await, backend);
        next.give_back().await;
        let gone = format!("NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {backend})");
        until(&mut watch, &gone).await;
    }
    appended(append_one(&store, &a, 1).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_given_back_is_reset() {
    let (database, writer) = fresh().await;
    let a = stream("a");
    appended(append_one(&writer, &a, 0).await);
    let store = one_connection(database.url()).await;
    let mut connection = store.connection().await.expect("a connection");
    let backend = pid(&mut connection).await;
    // The caller gets the server's default planner settings.
    assert_eq!(text(&mut connection, "SHOW enable_seqscan").await, "on");
    let settings =
        "SELECT string_agg(name || '=' || coalesce(setting, ''), ' ' ORDER BY name) FROM pg_settings
                    WHERE name NOT LIKE 'plpgsql.%'";
    connection.give_back().await;
    let mut connection = store.connection().await.expect("a connection");
    assert_eq!(pid(&mut connection).await, backend, "it is the same one");
    let before = text(&mut connection, settings).await;
    sql(
        &mut connection,
        "CREATE TEMP TABLE events (n int); SET search_path = pg_temp; SET lock_timeout = 0;
         SET default_transaction_isolation = 'serializable'; SET es.session = 'another'; SET ROLE pg_monitor;
         SELECT pg_advisory_lock(4711); LISTEN mine; SET statement_timeout = 1000;
         SET default_transaction_read_only = on",
    )
    .await;
    connection.give_back().await;
    assert_eq!(ids(&store, &a).await.len(), 1);
    let batch = events(1_500);
    appended(store.append(Append::new(&a, Revision::new(1), &batch)).await.expect("an outcome"));
    let mut connection = store.connection().await.expect("a connection");
    assert_eq!(pid(&mut connection).await, backend, "it is the same one");
    assert_eq!(text(&mut connection, settings).await, before);
    let left = "SELECT (current_user <> session_user)::int + (to_regclass('pg_temp.events') IS NOT NULL)::int
                + (SELECT count(*) FROM pg_listening_channels())
                + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())";
    assert_eq!(number(&mut connection, left).await, 0);
    connection.give_back().await;
}

/// Callers get at most half of the connections, so that reads still find one.
#[tokio::test(flavor = "multi_thread")]
async fn connections_of_the_caller_leave_some_to_the_store() {
    let (database, writer) = fresh().await;
    let a = stream("a");
    appended(append_one(&writer, &a, 0).await);
    let options = database.options().connections(4).longest_connection_wait(MOMENT);
    let store = options.connect().await.expect("a store");
    let kept = [store.connection().await.expect("one"), store.connection().await.expect("two")];
    let error = timeout(LONG, store.connection()).await.expect("an answer").expect_err("half of four");
    assert!(error.is_retryable(), "{error:?}");
    let StoreError::Unavailable { source } = &error else { panic!("{error:?}") };
    let found = source.downcast_ref::<PoolTimeout>().unwrap_or_else(|| panic!("{error:?}"));
    assert_eq!((found.of, found.most), (Scarce::HeldConnections, 2));
    assert_eq!(ids(&store, &a).await.len(), 1);
    appended(append_one(&store, &a, 1).await);
    drop(kept);
    store.connection().await.expect("a connection").give_back().await;
    store.close().await;
    let closed = store.connection().await;
    assert!(matches!(closed, Err(StoreError::Closed)), "{closed:?}");
    let late = store.load(Load::all(&a), &mut |_| Ok(())).await;
    assert!(matches!(late, Err(StoreError::Closed)), "{late:?}");
}

/// A connection that was lost while idle is not lent.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_lost_while_it_idled_is_replaced() {
    let (database, _) = fresh().await;
    let store = one_connection(database.url()).await;
    let mut connection = store.connection().await.expect("a connection");
    let backend = pid(&mut connection).await;
    connection.give_back().await;
    let mut watch = connect(database.url()).await;
    sql(&mut watch, &format!("SELECT pg_terminate_backend({backend}, 30000)")).await;
    let mut connection = store.connection().await.expect("a connection");
    assert_ne!(pid(&mut connection).await, backend);
}
