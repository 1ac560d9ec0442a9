//! Conditions on streams that an append to several streams only reads: which locks are held, against whom,
//! and for how long.

use std::time::Duration;

use es_core::store::{Append, AppendOutcome};
use es_core::{EventStore, Revision, StoreError, StreamId};
use es_postgres::PostgresStore;
use tokio::task::JoinHandle;

use crate::support::{
    Gate, another, append_one, appended, command, connect, events, fresh, ids, number, proxy_before,
    register_counted, sql, stream,
};

type Outcomes = Result<Vec<AppendOutcome>, StoreError>;

/// Writes one event to the first stream, if the second one is at the expected revision.
fn send(store: &PostgresStore, written: &str, read: &str, at: u64) -> JoinHandle<Outcomes> {
    let (store, written, read) = (store.clone(), stream(written), stream(read));
    tokio::spawn(async move {
        let (batch, at) = (events(1), Revision::new(at));
        store.append_all(&[Append::new(&written, at, &batch), Append::condition(&read, at)]).await
    })
}

fn is_written(outcomes: &[AppendOutcome]) -> bool {
    outcomes.iter().all(|outcome| matches!(outcome, AppendOutcome::Appended(_)))
}

/// The revision of streams that exist, or do not.
async fn standing_at(existing: bool, store: &PostgresStore, keys: &[&str]) -> u64 {
    for key in keys.iter().filter(|_| existing) {
        appended(append_one(store, &stream(key), 0).await);
    }
    u64::from(existing)
}

/// The first has found `b` as expected, and has not written `a` yet. The second, which reads `a` and writes
/// `b`, waits for it, whether the streams exist or not.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_read_what_the_other_writes_the_second_waits_and_is_a_conflict() {
    for existing in [true, false] {
        let (database, store) = fresh().await;
        register_counted(&database).await;
        let other = another(&database).await;
        let at = standing_at(existing, &store, &["a", "b"]).await;
        let mut gate = Gate::closed(database.url()).await;
        let first = send(&store, "a", "b", at);
        gate.wait_for(1).await;
        let second = send(&other, "b", "a", at);
        gate.wait_for_blocked(1).await;
        gate.open().await;
        assert!(is_written(&first.await.expect("no panic").expect("outcomes")));
        let outcomes = second.await.expect("no panic").expect("outcomes");
        let conflict = AppendOutcome::Conflict { actual: Revision::new(at + 1) };
        assert_eq!(outcomes, [AppendOutcome::NotWritten, conflict]);
        assert_eq!(ids(&store, &stream("b")).await.len() as u64, at);
    }
}

/// A single append to a stream that is being read waits, and is written after the reader.
#[tokio::test(flavor = "multi_thread")]
async fn an_append_to_a_stream_that_is_read_waits_until_the_reader_is_written() {
    for existing in [true, false] {
        let (database, store) = fresh().await;
        register_counted(&database).await;
        let other = another(&database).await;
        let at = standing_at(existing, &store, &["a", "b"]).await;
        let mut gate = Gate::closed(database.url()).await;
        let reader = send(&store, "a", "b", at);
        gate.wait_for(1).await;
        let alone = tokio::spawn(async move { append_one(&other, &stream("b"), at).await });
        gate.wait_for_blocked(1).await;
        gate.open().await;
        let mut outcomes = reader.await.expect("no panic").expect("outcomes");
        let alone = appended(alone.await.expect("no panic"));
        assert!(appended(outcomes.swap_remove(0)).positions < alone.positions);
    }
}

/// Readers do not wait for each other: both are at the gate.
#[tokio::test(flavor = "multi_thread")]
async fn two_may_read_one_stream_concurrently() {
    let (database, store) = fresh().await;
    register_counted(&database).await;
    let other = another(&database).await;
    standing_at(true, &store, &["a", "b", "c"]).await;
    let mut gate = Gate::closed(database.url()).await;
    let sent = [send(&store, "a", "b", 1), send(&other, "c", "b", 1)];
    gate.wait_for(2).await;
    gate.open().await;
    for sent in sent {
        assert!(is_written(&sent.await.expect("no panic").expect("outcomes")));
    }
}

/// A session holds `b`. Both wait for it, and each reads what the other one writes; unordered locks would
/// deadlock.
#[tokio::test(flavor = "multi_thread")]
async fn crosswise_readers_and_writers_take_locks_in_one_order() {
    let (database, store) = fresh().await;
    register_counted(&database).await;
    let other = another(&database).await;
    standing_at(true, &store, &["a", "b"]).await;
    let mut holder = Gate { connection: connect(database.url()).await };
    let mut watcher = Gate { connection: connect(database.url()).await };
    sql(&mut holder.connection, "BEGIN; SELECT FROM es.streams WHERE key = 'b' FOR UPDATE").await;
    let first = send(&store, "b", "a", 1);
    watcher.wait_for_blocked(1).await;
    let second = send(&other, "a", "b", 1);
    watcher.wait_for_blocked(2).await;
    sql(&mut holder.connection, "ROLLBACK").await;
    let outcomes = [first.await.expect("no panic"), second.await.expect("no panic")];
    let written = outcomes.map(|outcomes| is_written(&outcomes.expect("no deadlock")));
    assert_eq!(written.into_iter().filter(|written| *written).count(), 1);
}

/// What a condition inserts to lock a missing stream is never visible, and is gone afterwards; the rows of
/// streams still cannot be deleted.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_stream_is_locked_and_not_created() {
    let (database, store) = fresh().await;
    register_counted(&database).await;
    let mut gate = Gate::closed(database.url()).await;
    let reader = send(&store, "a", "b", 0);
    gate.wait_for(1).await;
    let streams = "SELECT count(*) FROM es.streams";
    assert_eq!(number(&mut gate.connection, streams).await, 0);
    gate.open().await;
    assert!(is_written(&reader.await.expect("no panic").expect("outcomes")));
    assert_eq!(number(&mut gate.connection, streams).await, 1);
    let deleted = sqlx::query("DELETE FROM es.streams").execute(&mut gate.connection).await;
    assert!(deleted.expect_err("refused").to_string().contains("history is only ever appended to"));
    assert_eq!(number(&mut gate.connection, streams).await, 1);
}

/// The backend of a reader is killed while it holds a stream: those that wait for it proceed, and nothing of
/// the reader is left.
#[tokio::test(flavor = "multi_thread")]
async fn the_locks_of_a_killed_reader_are_released() {
    for existing in [true, false] {
        let (database, store) = fresh().await;
        register_counted(&database).await;
        let other = another(&database).await;
        let at = standing_at(existing, &store, &["a", "b"]).await;
        let mut gate = Gate::closed(database.url()).await;
        let reader = send(&store, "a", "b", at);
        gate.wait_for(1).await;
        let backend = gate.backend().await;
        let alone = tokio::spawn(async move { append_one(&other, &stream("b"), at).await });
        gate.wait_for_blocked(1).await;
        sql(&mut gate.connection, &format!("SELECT pg_terminate_backend({backend})")).await;
        // It is at the gate now, in its place.
        gate.wait_for(1).await;
        gate.open().await;
        appended(alone.await.expect("no panic"));
        let error = reader.await.expect("no panic").expect_err("killed");
        assert!(error.is_retryable(), "{error}");
        assert_eq!(ids(&store, &stream("a")).await.len() as u64, at);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_answer_is_lost_conditions_are_answered_with_the_rest() {
    let (database, _) = fresh().await;
    register_counted(&database).await;
    let proxy = proxy_before(&database).await;
    let store = PostgresStore::options(proxy.url()).notify(false).connect().await.expect("a store");
    let (written, read) = (stream("a"), stream("b"));
    let batch = events(2);
    let at = |expected| {
        [Append::condition(&read, Revision::EMPTY), Append::new(&written, Revision::new(expected), &batch)]
    };
    // The statement is prepared by a call that conflicts, so that the next answer is that of the append.
    store.append_all(&at(7)).await.expect("conflicts");
    proxy.cut_at_answer(1);
    let outcomes = store.append_all(&at(0)).await.expect("outcomes");
    let positions: Vec<_> = outcomes.into_iter().map(|outcome| appended(outcome).positions.len()).collect();
    assert_eq!(positions, [0, 2]);
    // Conditions alone have written nothing, and may be sent again.
    proxy.cut_at_answer(1);
    let error = store.append_all(&at(0)[..1]).await.expect_err("lost");
    assert!(error.is_retryable(), "{error}");
}

/// A condition and [`EventStore::remember`] of one command at once: one of them is remembered.
#[tokio::test(flavor = "multi_thread")]
async fn a_condition_and_a_decision_of_one_command_do_not_both_succeed() {
    use es_core::store::{Decision, Remembered};
    use es_core::uuid::Uuid;

    for existing in [true, false] {
        let (database, store) = fresh().await;
        register_counted(&database).await;
        let other = another(&database).await;
        let at = Revision::new(standing_at(existing, &store, &["a", "b"]).await);
        let record = command(Uuid::now_v7());
        let mut gate = Gate::closed(database.url()).await;
        let reader = tokio::spawn(async move {
            let (batch, written, read) = (events(1), stream("a"), stream("b"));
            let condition = Append::condition(&read, at).command(Some(record));
            store.append_all(&[Append::new(&written, at, &batch), condition]).await
        });
        gate.wait_for(1).await;
        let deciding: JoinHandle<Remembered> = tokio::spawn(async move {
            let read: StreamId = stream("b");
            loop {
                match other.remember(Decision::rejected(&read, at, record)).await {
                    Err(error) if error.is_retryable() => tokio::time::sleep(Duration::from_millis(5)).await,
                    remembered => return remembered.expect("an answer"),
                }
            }
        });
        gate.wait_for_blocked(1).await;
        gate.open().await;
        assert!(is_written(&reader.await.expect("no panic").expect("outcomes")));
        let Remembered::Repeated(outcome) = deciding.await.expect("no panic") else { panic!("not repeated") };
        assert_eq!((outcome.first, outcome.count, outcome.rejected), (at, 0, false));
    }
}
