//! The server crashes, is restored, or is replaced by another one.

use std::process::Command;
use std::time::Duration;

use es_core::store::{AllQuery, Checkpoint, Filter, ReadAll, Rest};
use es_core::{EventStore, StoreError};
use es_postgres::PostgresStore;
use es_postgres::testing::{Cluster, TestDatabase};
use sqlx::{AssertSqlSafe, Connection};

use crate::support::{Reader, append, append_in, committed, connect, fresh, number, numbers, sql};

/// Positions that were not committed can be assigned again after a crash: their WAL record was not flushed. A
/// reader that stores "all up to here is safe" as a checkpoint, in a row or in memory, then skips the events
/// that get them.
#[tokio::test(flavor = "multi_thread")]
async fn positions_that_are_assigned_again_after_a_crash_are_not_skipped() {
    let folder = std::env::temp_dir().join(format!("es-cluster-{}", uuid::Uuid::now_v7().simple()));
    let server = || Cluster::persistent(&folder).setting("autovacuum = off");
    let cluster = server().start().await.expect("a server");
    let store = PostgresStore::options(cluster.url()).connections(2).migrate().await.expect("a store");
    let mut reader = Reader::new(&store);
    append(&store, "a", 0).await;
    let mut connection = connect(cluster.url()).await;
    // From here on only a commit flushes the WAL.
    let writers_of_wal = numbers(
        &mut connection,
        "SELECT pid::bigint FROM pg_stat_activity WHERE backend_type IN ('walwriter', 'background writer', 'checkpointer')",
    )
    .await;
    for pid in &writers_of_wal {
        signal("-STOP", *pid);
        let stat = format!("/proc/{pid}/stat");
        while !std::fs::read_to_string(&stat).expect("a process").contains(") T ") {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    // The sequence is logged 32 numbers ahead; these go beyond, in a transaction that is not committed.
    let mut tx = connection.begin().await.expect("a transaction");
    sql(&mut tx, "SELECT nextval('es.positions') FROM generate_series(1, 200)").await;
    tx.rollback().await.expect("rolled back");
    assert_eq!(reader.read().await, Rest::Nothing);
    assert_eq!(reader.positions, [1]);
    let drawn = numbers(&mut connection, "SELECT last_value FROM es.positions").await;
    assert_eq!(drawn, [201]);

    cluster.crash().await.expect("killed");
    writers_of_wal.iter().for_each(|pid| signal("-KILL", *pid));
    let again = server().start().await.expect("a server");
    let mut connection = connect(again.url()).await;
    let drawn = number(&mut connection, "SELECT last_value FROM es.positions").await;
    assert!(drawn < 201, "the numbers are assigned again, from {drawn}");
    let mut tx = connection.begin().await.expect("a transaction");
    let low = append_in(&store, &mut tx, "low", 0).await;
    // The connections of the store are dead, and it notices.
    let high = append_until(&store, "high", 0).await;
    assert!(low < high && high < 201);
    assert_eq!(reader.read().await, Rest::Held);
    assert_eq!(reader.positions, [1]);
    tx.commit().await.expect("committed");
    assert_eq!(reader.read().await, Rest::Nothing);
    assert_eq!(reader.positions, [1, low, high]);
    assert_eq!(reader.positions, committed(&mut connection).await);
    drop(connection);
    store.close().await;
    drop(again);
    drop(cluster);
    std::fs::remove_dir_all(&folder).expect("removed");
}

fn signal(signal: &str, pid: u64) {
    let sent = Command::new("kill").args([signal, &pid.to_string()]).status().expect("kill");
    assert!(sent.success(), "{signal} {pid}");
}

/// Appends one event; the first attempts may meet dead connections.
async fn append_until(store: &PostgresStore, key: &str, expected: u64) -> u64 {
    let (stream, event) = (crate::support::stream(key), crate::support::event("1"));
    loop {
        let append = es_core::store::Append::new(&stream, es_core::Revision::new(expected), &event);
        match store.append(append).await {
            Ok(es_core::store::AppendOutcome::Appended(appended)) => return appended.positions[0].get(),
            Ok(other) => panic!("{other:?}"),
            Err(error) => assert!(matches!(error, StoreError::Unavailable { .. }), "{error}"),
        }
    }
}

/// A backup that is restored, and then grows past the checkpoint with other events.
#[tokio::test]
async fn a_store_restored_to_an_earlier_state_is_detected_by_its_events() {
    let (database, store) = fresh().await;
    for revision in 0..5 {
        append(&store, "a", revision).await;
    }
    let at_backup = store.end().await.expect("a head");
    // A database that is copied must have no sessions.
    store.close().await;
    let backup = TestDatabase::empty().await.expect("a database");
    let name = |url: &str| {
        let before_query = url.split('?').next().expect("a url");
        before_query.rsplit('/').next().expect("a name").to_owned()
    };
    let mut admin = connect(database.admin_url()).await;
    sql(&mut admin, &format!("DROP DATABASE {} WITH (FORCE)", name(backup.url()))).await;
    sql(&mut admin, &format!("CREATE DATABASE {} TEMPLATE {}", name(backup.url()), name(database.url())))
        .await;

    let store = database.store().await.expect("a store");
    for revision in 5..10 {
        append(&store, "a", revision).await;
    }
    let lost = store.end().await.expect("a head");
    let restored = backup.store().await.expect("a store");
    let refused = async |filter: &Filter| {
        let mut take = |_: es_core::record::RawEvent<'_>| panic!("nothing may be delivered");
        restored.read_all(AllQuery::after(lost, filter), &mut take).await.expect_err("another history")
    };
    let error = refused(&Filter::new()).await;
    assert!(matches!(error, StoreError::ForeignCheckpoint { found: None, .. }), "{error}");
    for revision in 5..20 {
        append(&restored, "a", revision).await;
        for filter in [Filter::new(), Filter::new().event_name("nothing")] {
            let error = refused(&filter).await;
            assert!(
                matches!(error, StoreError::ForeignCheckpoint { .. }) && !error.is_retryable(),
                "{error}"
            );
        }
    }
    let text = refused(&Filter::new()).await.to_string();
    assert!(text.contains("restored to an earlier state") && text.contains("start again"), "{text}");
    let mut reader = Reader::new(&restored);
    reader.checkpoint = at_backup;
    assert_eq!(reader.read().await, Rest::Nothing);
    assert_eq!(reader.positions.len(), 15, "a checkpoint from before the backup still works");
}

/// A sequence that was manually set below the events would assign positions again. The check at connect
/// detects that.
#[tokio::test]
async fn a_sequence_that_breaks_the_order_is_refused_at_connect() {
    let (database, store) = fresh().await;
    append(&store, "a", 0).await;
    append(&store, "a", 1).await;
    let mut owner = connect(database.url()).await;
    for (break_it, mend_it, wanted) in [
        ("ALTER SEQUENCE es.positions CACHE 10", "ALTER SEQUENCE es.positions CACHE 1", "CACHE 1"),
        ("ALTER SEQUENCE es.positions INCREMENT 2", "ALTER SEQUENCE es.positions INCREMENT 1", "INCREMENT 1"),
        ("ALTER SEQUENCE es.positions CYCLE", "ALTER SEQUENCE es.positions NO CYCLE", "NO CYCLE"),
        ("SELECT setval('es.positions', 1)", "SELECT setval('es.positions', 2)", "setval"),
    ] {
        sql(&mut owner, break_it).await;
        let refused =
            PostgresStore::connect(database.url()).await.expect_err("it breaks the order").to_string();
        assert!(refused.contains(wanted), "{break_it}: {refused}");
        sql(&mut owner, mend_it).await;
        PostgresStore::connect(database.url()).await.expect("mended").close().await;
    }
}

/// All connections of a store are killed repeatedly while it reads.
#[tokio::test(flavor = "multi_thread")]
async fn killed_connections_lose_nothing() {
    let (database, store) = fresh().await;
    let reading = database.options().connect().await.expect("a store");
    let mut admin = connect(database.url()).await;
    let mut reader = Reader::new(&reading);
    for round in 0..30 {
        let mut tx = admin.begin().await.expect("a transaction");
        append_in(&store, &mut tx, &format!("slow {round}"), 0).await;
        append_until(&store, "a", round).await;
        assert_eq!(reader.read().await, Rest::Held);
        let killed: i64 = sqlx::query_scalar(AssertSqlSafe(
            "SELECT count(*) FROM (SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend') k",
        ))
        .fetch_one(&mut *tx)
        .await
        .expect("a count");
        assert!(killed > 0);
        // The open append is the same; the observations of it were lost with the connection.
        assert_eq!(reader.read().await, Rest::Held);
        tx.commit().await.expect("committed");
        assert_eq!(reader.read().await, Rest::Nothing);
        assert_eq!(reader.positions.len() as u64, 2 * (round + 1));
    }
    assert_eq!(reader.positions, committed(&mut admin).await);
    assert_ne!(reader.checkpoint, Checkpoint::START);
}
