//! Writers of one stream: exactly one wins, the others get a conflict and not an error of the database.

use es_core::store::{Append, AppendIn, AppendOutcome};
use es_core::{EventStore, Revision};
use es_postgres::PostgresStore;
use futures_util::future::join_all;
use sqlx::Connection;

use crate::support::{Gate, another, append_one, appended, connect, events, fresh, ids, number, sql, stream};

#[tokio::test(flavor = "multi_thread")]
async fn of_32_appends_at_one_revision_exactly_one_wins() {
    let (_database, store) = fresh().await;
    let stream = stream("a");
    for expected in 0..5 {
        let appends = (0..32).map(|_| {
            let (store, stream) = (store.clone(), stream.clone());
            tokio::spawn(async move { append_one(&store, &stream, expected).await })
        });
        let outcomes: Vec<_> =
            join_all(appends).await.into_iter().map(|done| done.expect("no panic")).collect();
        let won = outcomes.iter().filter(|outcome| matches!(outcome, AppendOutcome::Appended(_))).count();
        let actual = Revision::new(expected + 1);
        let lost = outcomes.iter().filter(|outcome| **outcome == AppendOutcome::Conflict { actual }).count();
        assert_eq!((won, lost), (1, 31));
    }
    assert_eq!(ids(&store, &stream).await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_waited_for_the_winner_is_a_conflict() {
    for existing in [0, 1] {
        let (database, store) = fresh().await;
        let stream = stream("a");
        for expected in 0..existing {
            appended(append_one(&store, &stream, expected).await);
        }
        let mut gate = Gate::closed(database.url()).await;
        let other = another(&database).await;
        let spawn = |store: &PostgresStore| {
            let (store, stream) = (store.clone(), stream.clone());
            tokio::spawn(async move { append_one(&store, &stream, existing).await })
        };
        let winner = spawn(&store);
        gate.wait_for(1).await;
        let loser = spawn(&other);
        gate.wait_for_blocked(1).await;
        gate.open().await;
        appended(winner.await.expect("no panic"));
        let actual = Revision::new(existing + 1);
        assert_eq!(loser.await.expect("no panic"), AppendOutcome::Conflict { actual });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_winner_fails_the_append_that_waited_for_it_wins() {
    let (database, store) = fresh().await;
    let stream = stream("a");
    let mut gate = Gate::closed(database.url()).await;
    let other = another(&database).await;
    let spawn = |store: &PostgresStore| {
        let (store, stream) = (store.clone(), stream.clone());
        tokio::spawn(async move { store.append(Append::new(&stream, Revision::EMPTY, &events(1))).await })
    };
    let first = spawn(&store);
    gate.wait_for(1).await;
    let backend = gate.backend().await;
    let second = spawn(&other);
    gate.wait_for_blocked(1).await;
    sql(&mut gate.connection, &format!("SELECT pg_cancel_backend({backend})")).await;
    let failed = first.await.expect("no panic").expect_err("cancelled");
    assert!(failed.is_retryable(), "{failed}");
    gate.wait_for(1).await;
    gate.open().await;
    appended(second.await.expect("no panic").expect("an outcome"));
    assert_eq!(ids(&store, &stream).await.len(), 1);
}

#[tokio::test]
async fn a_conflict_draws_no_position() {
    let (database, store) = fresh().await;
    let mut connection = connect(database.url()).await;
    let stream = stream("a");
    appended(append_one(&store, &stream, 0).await);
    for expected in [0, 2, 7] {
        let outcome = append_one(&store, &stream, expected).await;
        assert_eq!(outcome, AppendOutcome::Conflict { actual: Revision::new(1) });
    }
    assert_eq!(number(&mut connection, "SELECT last_value FROM es.positions").await, 1);
}

#[tokio::test]
async fn a_conflict_leaves_the_callers_transaction_usable() {
    let (database, store) = fresh().await;
    let stream = stream("a");
    appended(append_one(&store, &stream, 0).await);
    let mut connection = connect(database.url()).await;
    sql(&mut connection, "CREATE TABLE orders (id bigint)").await;

    let mut transaction = connection.begin().await.expect("a transaction");
    sql(&mut transaction, "INSERT INTO orders VALUES (1)").await;
    let batch = events(1);
    let outcome = store.append_in(&mut *transaction, Append::new(&stream, Revision::EMPTY, &batch)).await;
    assert_eq!(outcome.expect("an outcome"), AppendOutcome::Conflict { actual: Revision::new(1) });
    let outcome = store.append_in(&mut *transaction, Append::new(&stream, Revision::new(1), &batch)).await;
    appended(outcome.expect("an outcome"));
    transaction.commit().await.expect("a commit");

    assert_eq!(number(&mut connection, "SELECT count(*) FROM orders").await, 1);
    assert_eq!(ids(&store, &stream).await.len(), 2);
}
