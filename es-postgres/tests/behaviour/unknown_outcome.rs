//! The connection breaks during an append: the store finds the outcome itself.

use std::time::Duration;

use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome, Decision, Remembered};
use es_core::{EventStore, Revision, StoreError};
use es_postgres::PostgresStore;
use es_postgres::testing::{Fault, Proxy, TestDatabase};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::support::{
    Gate, MOMENT, Warnings, another, append_one, appended, command, connect, events, fresh, ids, number,
    patient, proxy_before, sql, stream, until,
};

fn send(store: &PostgresStore, batch: Vec<NewEvent>) -> JoinHandle<Result<AppendOutcome, StoreError>> {
    let store = store.clone();
    tokio::spawn(async move { store.append(Append::new(&stream("a"), Revision::new(1), &batch)).await })
}

/// A store behind a proxy, with one event in stream `a`.
async fn proxied() -> (TestDatabase, Proxy, PostgresStore) {
    let (database, _) = fresh().await;
    let proxy = proxy_before(&database).await;
    let store = patient(proxy.url()).await;
    appended(append_one(&store, &stream("a"), 0).await);
    (database, proxy, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_backend_is_killed_in_the_append_nothing_was_written() {
    let (database, store) = fresh().await;
    appended(append_one(&store, &stream("a"), 0).await);
    let mut gate = Gate::closed(database.url()).await;
    let sent = send(&store, events(2));
    gate.wait_for(1).await;
    let backend = gate.backend().await;
    sql(&mut gate.connection, &format!("SELECT pg_terminate_backend({backend})")).await;
    let error = sent.await.expect("no panic").expect_err("killed");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(error.is_retryable());
    gate.open().await;
    assert_eq!(ids(&store, &stream("a")).await.len(), 1);
    appended(append_one(&store, &stream("a"), 1).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_answer_is_lost_the_original_outcome_is_returned() {
    let (database, proxy, store) = proxied().await;
    // The statement is prepared by a call that conflicts, so that the next answer is that of the append.
    let conflict =
        store.append(Append::new(&stream("a"), Revision::new(7), &events(2))).await.expect("an outcome");
    assert!(matches!(conflict, AppendOutcome::Conflict { .. }));
    let batch = events(3);
    let sent_ids: Vec<_> = batch.iter().map(|event| event.id).collect();
    proxy.cut_at_answer(1);
    let outcome = appended(send(&store, batch).await.expect("no panic").expect("an outcome"));
    assert_eq!(ids(&store, &stream("a")).await[1..], sent_ids);
    let mut connection = connect(database.url()).await;
    let positions: Vec<_> = outcome.positions.iter().map(|position| position.get().cast_signed()).collect();
    let stored: Vec<i64> =
        sqlx::query_scalar("SELECT position FROM es.events WHERE revision > 1 ORDER BY revision")
            .fetch_all(&mut connection)
            .await
            .expect("positions");
    assert_eq!(positions, stored);
    let recorded: time::OffsetDateTime = sqlx::query_scalar("SELECT max(recorded_at) FROM es.events")
        .fetch_one(&mut connection)
        .await
        .expect("a time");
    assert_eq!(outcome.recorded_at, recorded);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_answer_of_a_batch_is_lost_its_outcomes_are_returned() {
    let (_database, proxy, store) = proxied().await;
    let (a, b) = (stream("a"), stream("b"));
    // The statement is prepared by a call that conflicts, so that the next answer is that of the batch.
    let (first, second) = (events(2), events(1));
    let appends = [Append::new(&b, Revision::new(7), &first), Append::new(&a, Revision::new(7), &second)];
    store.append_all(&appends).await.expect("conflicts");
    let appends = [Append::new(&b, Revision::EMPTY, &first), Append::new(&a, Revision::new(1), &second)];
    proxy.cut_at_answer(1);
    let outcomes = store.append_all(&appends).await.expect("outcomes");
    let positions: Vec<_> = outcomes.into_iter().map(|outcome| appended(outcome).positions.len()).collect();
    assert_eq!(positions, [2, 1]);
    assert_eq!((ids(&store, &a).await.len(), ids(&store, &b).await.len()), (2, 2));
}

/// The client is cut off while the old backend still waits; the call reports what that one does later.
#[tokio::test(flavor = "multi_thread")]
async fn the_call_waits_for_the_outcome_of_a_backend_that_is_still_running() {
    for commits in [true, false] {
        let (database, proxy, store) = proxied().await;
        let mut gate = Gate::closed(database.url()).await;
        let mut sent = send(&store, events(1));
        gate.wait_for(1).await;
        let backend = gate.backend().await;
        let asking = proxy.round_trips();
        proxy.cut();
        // The store has connected again and looked for the old backend more than once, and still waits.
        while proxy.round_trips() < asking + 8 {
            let done = tokio::time::timeout(Duration::from_millis(2), &mut sent).await;
            assert!(done.is_err(), "the outcome is open, but was reported: {done:?}");
        }
        assert_eq!(number(&mut gate.connection, "SELECT count(*) FROM es.events").await, 1);
        if commits {
            gate.open().await;
            appended(sent.await.expect("no panic").expect("an outcome"));
            assert_eq!(ids(&store, &stream("a")).await.len(), 2);
        } else {
            sql(&mut gate.connection, &format!("SELECT pg_cancel_backend({backend})")).await;
            let error = sent.await.expect("no panic").expect_err("cancelled");
            assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
            assert_eq!(ids(&store, &stream("a")).await.len(), 1);
        }
    }
}

/// As many events as were sent, at the same revision, but of another program.
#[tokio::test(flavor = "multi_thread")]
async fn events_of_others_are_not_mistaken_for_those_that_were_sent() {
    let (database, proxy, store) = proxied().await;
    let other = another(&database).await;
    let mut gate = Gate::closed(database.url()).await;
    let sent = send(&store, events(1));
    gate.wait_for(1).await;
    let backend = gate.backend().await;
    // The store does not look for it before the others are stored.
    proxy.set(Fault::Refuse);
    proxy.cut();
    sql(&mut gate.connection, &format!("SELECT pg_terminate_backend({backend}, 60000)")).await;
    gate.open().await;
    appended(append_one(&other, &stream("a"), 1).await);
    proxy.set(Fault::None);
    let error = sent.await.expect("no panic").expect_err("nothing was written");
    assert!(matches!(&error, StoreError::Unavailable { .. }) && error.is_retryable(), "{error:?}");
    assert_eq!(ids(&store, &stream("a")).await.len(), 2);
}

/// If nothing was sent, the outcome is known: the call uses another connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_on_a_connection_that_broke_while_idle_is_sent_over_another() {
    let (database, proxy, store) = proxied().await;
    let mut watch = connect(database.url()).await;
    let mut head = 1;
    for call in 0..4 {
        // Both kinds of connections are open and idle.
        appended(append_one(&store, &stream("a"), head).await);
        ids(&store, &stream("a")).await;
        head += 1;
        proxy.cut();
        let others =
            "pid <> pg_backend_pid() AND datname = current_database() AND backend_type = 'client backend'";
        until(&mut watch, &format!("NOT EXISTS (SELECT FROM pg_stat_activity WHERE {others})")).await;
        let (a, at) = (stream("a"), Revision::new(head));
        let (one, large) = (events(1), events(1_500));
        match call {
            0 => drop(appended(append_one(&store, &a, head).await)),
            1 => drop(appended(store.append(Append::new(&a, at, &large)).await.expect("an outcome"))),
            2 => {
                let outcomes = store.append_all(&[Append::new(&a, at, &one)]).await.expect("outcomes");
                outcomes.into_iter().for_each(|outcome| drop(appended(outcome)));
            }
            _ => {
                let decision = Decision::empty(&a, at, command(Uuid::now_v7()));
                assert_eq!(store.remember(decision).await.expect("an answer"), Remembered::Kept);
            }
        }
        head = ids(&store, &a).await.len() as u64;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_cannot_be_determined_is_unknown() {
    let (database, _, _) = proxied().await;
    let proxy = proxy_before(&database).await;
    let options = PostgresStore::options(proxy.url()).notify(false).patience(MOMENT);
    let store = options.connect().await.expect("a store");
    assert!(matches!(append_one(&store, &stream("a"), 7).await, AppendOutcome::Conflict { .. }));
    proxy.set(Fault::Refuse);
    proxy.cut_at_answer(1);
    let error = send(&store, events(1)).await.expect("no panic").expect_err("cut off");
    assert!(matches!(&error, StoreError::OutcomeUnknown { stream, .. } if stream.key() == "a"), "{error:?}");
    assert!(!error.is_retryable());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_on_a_connection_that_broke_while_idle_is_repeated() {
    let (_database, proxy, store) = proxied().await;
    proxy.cut();
    assert_eq!(ids(&store, &stream("a")).await.len(), 1);
}

/// Like a server that fails under many appends.
#[tokio::test]
async fn lost_appends_are_logged_once_a_minute() {
    let warnings = Warnings::listen();
    let (_database, proxy, store) = proxied().await;
    for expected in [1, 3, 5] {
        proxy.cut_at_answer(1);
        appended(append_one(&store, &stream("a"), expected).await);
        // On a new connection.
        appended(append_one(&store, &stream("a"), expected + 1).await);
    }
    let lost = warnings.with("connection lost while appending");
    assert_eq!(lost.len(), 1, "{lost:?}");
}
