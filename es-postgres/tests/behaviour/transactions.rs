//! Appends in the caller's transaction: committed with its other rows, or not at all.

use std::time::Duration;

use es_core::store::{Append, AppendIn, AppendOutcome, CommandKey, CommandRecord, Load};
use es_core::{Revision, StoreError};
use sqlx::{Connection, PgConnection};

use crate::support::{append_one, appended, connect, events, fresh, ids, number, sql, stream};

#[tokio::test]
async fn events_and_the_callers_rows_are_committed_together() {
    let (database, store) = fresh().await;
    let mut connection = connect(database.url()).await;
    sql(&mut connection, "CREATE TABLE public.orders (id bigint)").await;
    // The caller may use any search path.
    sql(&mut connection, "SET search_path = ''").await;
    let stream = stream("a");
    for (commits, rows) in [(false, 0), (true, 1)] {
        let mut transaction = connection.begin().await.expect("a transaction");
        sql(&mut transaction, "INSERT INTO public.orders VALUES (1)").await;
        let batch = events(2);
        let outcome = store.append_in(&mut *transaction, Append::new(&stream, Revision::EMPTY, &batch)).await;
        appended(outcome.expect("an outcome"));
        let head =
            store.load_in(&mut *transaction, Load::all(&stream), &mut |_| Ok(())).await.expect("a head");
        assert_eq!(head.revision, Revision::new(2), "the transaction sees its own events");
        assert_eq!(ids(&store, &stream).await.len(), 0, "nobody else sees them");
        if commits {
            transaction.commit().await.expect("a commit");
        } else {
            transaction.rollback().await.expect("a rollback");
        }
        assert_eq!(number(&mut connection, "SELECT count(*) FROM public.orders").await, rows);
    }
    assert_eq!(ids(&store, &stream).await.len(), 2);
}

#[tokio::test]
async fn a_wrong_isolation_level_is_reported_before_anything_is_written() {
    let (database, store) = fresh().await;
    let mut connection = connect(database.url()).await;
    let stream = stream("a");
    for level in ["repeatable read", "serializable"] {
        let mut transaction = connection.begin().await.expect("a transaction");
        sql(&mut transaction, &format!("SET TRANSACTION ISOLATION LEVEL {level}")).await;
        let batch = events(1);
        let refused = store.append_in(&mut *transaction, Append::new(&stream, Revision::EMPTY, &batch)).await;
        match refused {
            Err(StoreError::IsolationLevel { found }) => assert_eq!(found, level),
            other => panic!("{other:?}"),
        }
        // The transaction can still be used for other statements.
        sql(&mut transaction, "SELECT 1").await;
        transaction.commit().await.expect("a commit");
    }
    assert!(ids(&store, &stream).await.is_empty());
}

/// One id belongs to one command, also in the caller's transaction.
#[tokio::test]
async fn a_command_id_of_another_command_is_refused_in_a_transaction() {
    let (database, store) = fresh().await;
    let mut connection = connect(database.url()).await;
    let (stream, id, batch) = (stream("a"), uuid::Uuid::now_v7(), events(2));
    let named = |name, body_hash| CommandRecord::new(CommandKey::new(id).body_hash(body_hash), name);
    let append_in = async |connection: &mut PgConnection, record, expected, count| {
        let append = Append::new(&stream, Revision::new(expected), &batch[..count]).command(Some(record));
        let mut transaction = connection.begin().await.expect("a transaction");
        let outcome = store.append_in(&mut *transaction, append).await;
        transaction.commit().await.expect("a commit");
        outcome
    };
    appended(append_in(&mut connection, named("count", Some(1)), 0, 1).await.expect("an outcome"));
    for count in [1, 2] {
        for expected in [0, 1] {
            let repeated = append_in(&mut connection, named("count", None), expected, count).await;
            assert!(matches!(repeated, Ok(AppendOutcome::Repeated(_))), "{repeated:?}");
            for (record, of) in [(named("erase", Some(1)), Some("count")), (named("count", Some(2)), None)] {
                let error = append_in(&mut connection, record, expected, count).await.expect_err("reused");
                let StoreError::CommandIdReused { command_id, first, .. } = error else { panic!("{error}") };
                assert_eq!((command_id, first.as_deref()), (id, of));
            }
        }
    }
    assert_eq!(ids(&store, &stream).await.len(), 1);
}

/// Each statement would be committed by itself: the events stay when the caller's own rows fail.
#[tokio::test]
async fn a_connection_without_a_transaction_is_refused_and_nothing_is_written() {
    let (database, store) = fresh().await;
    let mut connection = connect(database.url()).await;
    let (stream, batch) = (stream("a"), events(1));
    let append = Append::new(&stream, Revision::EMPTY, &batch);
    let refused = store.append_in(&mut connection, append).await;
    assert!(matches!(refused, Err(StoreError::NoTransaction)), "{refused:?}");
    let refused = store.load_in(&mut connection, Load::all(&stream), &mut |_| Ok(())).await;
    assert!(matches!(refused, Err(StoreError::NoTransaction)), "{refused:?}");
    let known = "SELECT count(*) FROM es.event_types";
    assert_eq!(number(&mut connection, known).await, 0, "not even a name was registered");
    // Through a pointer, and after a transaction that has ended.
    let transaction = connection.begin().await.expect("a transaction");
    transaction.commit().await.expect("a commit");
    let shared = std::sync::Arc::new(store.clone());
    let refused = shared.append_in(&mut connection, append).await;
    assert!(matches!(refused, Err(StoreError::NoTransaction)), "{refused:?}");
    assert!(ids(&store, &stream).await.is_empty());
}

#[tokio::test]
async fn a_transaction_that_was_begun_by_a_statement_is_recognized() {
    let (database, store) = fresh().await;
    let mut connection = connect(database.url()).await;
    let (stream, batch) = (stream("a"), events(1));
    for (end, count) in [("ROLLBACK", 0), ("COMMIT", 1)] {
        sql(&mut connection, "BEGIN").await;
        let append = Append::new(&stream, Revision::EMPTY, &batch);
        appended(store.append_in(&mut connection, append).await.expect("an outcome"));
        let head = store.load_in(&mut connection, Load::all(&stream), &mut |_| Ok(())).await.expect("a head");
        assert_eq!(head.revision, Revision::new(1));
        sql(&mut connection, end).await;
        assert_eq!(ids(&store, &stream).await.len(), count, "{end}");
    }
}

#[tokio::test]
async fn a_new_event_type_outlives_the_rollback_that_used_it_first() {
    let (database, store) = fresh().await;
    let mut connection = connect(database.url()).await;
    let stream = stream("a");
    let mut transaction = connection.begin().await.expect("a transaction");
    let batch = events(1);
    let outcome = store.append_in(&mut *transaction, Append::new(&stream, Revision::EMPTY, &batch)).await;
    appended(outcome.expect("an outcome"));
    transaction.rollback().await.expect("a rollback");
    assert_eq!(number(&mut connection, "SELECT count(*) FROM es.event_types").await, 1);
    appended(append_one(&store, &stream, 0).await);
    assert_eq!(number(&mut connection, "SELECT count(*) FROM es.event_log").await, 1);
}

/// Every connection of the store waits for the row that the caller's transaction holds; the transaction still
/// proceeds, with a type that has no id yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_never_waits_for_a_connection_of_the_store() {
    let (database, _) = fresh().await;
    // One append waits for the stream on the only connection, the other one for the first.
    let options = database.options().connections(1).append_lock_timeout(Duration::from_millis(1));
    let store = options.connect().await.expect("a store");
    let stream = stream("a");
    appended(append_one(&store, &stream, 0).await);
    let mut connection = connect(database.url()).await;
    let mut transaction = connection.begin().await.expect("a transaction");
    let batch = events(1);
    let outcome = store.append_in(&mut *transaction, Append::new(&stream, Revision::new(1), &batch)).await;
    appended(outcome.expect("an outcome"));
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let (store, stream) = (store.clone(), stream.clone());
            tokio::spawn(async move { append_one(&store, &stream, 1).await })
        })
        .collect();
    let mut watcher = connect(database.url()).await;
    crate::support::until(
        &mut watcher,
        "(SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock') = 1",
    )
    .await;
    let mut other = events(1);
    other[0].name = "account.renamed";
    let outcome = store.append_in(&mut *transaction, Append::new(&stream, Revision::new(2), &other)).await;
    appended(outcome.expect("an outcome"));
    transaction.commit().await.expect("a commit");
    for waited in waiting {
        let actual = Revision::new(3);
        assert_eq!(waited.await.expect("no panic"), AppendOutcome::Conflict { actual });
    }
}
