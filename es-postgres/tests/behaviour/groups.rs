//! Atomic appends to several streams in the batches of group commit: each is written to all of its streams or
//! to none, and affects no other.

use es_core::store::{Append, AppendOutcome, CloseStreams};
use es_core::{EventStore, Revision, StoreError};
use es_postgres::PostgresStore;
use futures_util::future::join_all;
use sqlx::Connection;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::support::{
    Busy, Gate, another, append_one, appended, command, conflict, connect, events, fresh, ids, number,
    patient, proxy_before, register_counted, spawn, sql, stream, submit,
};

type Outcomes = Result<Vec<AppendOutcome>, StoreError>;
type At = (&'static str, u64);

/// Writes one event to each of some streams, if those and others are at these revisions.
fn group(store: &PostgresStore, written: &[At], read: &[At], id: Option<Uuid>) -> JoinHandle<Outcomes> {
    let of =
        |all: &[At]| -> Vec<_> { all.iter().map(|(key, at)| (stream(key), Revision::new(*at))).collect() };
    let (store, written, read) = (store.clone(), of(written), of(read));
    tokio::spawn(async move {
        let batch = events(1);
        let writes = written.iter().map(|(stream, at)| Append::new(stream, *at, &batch));
        let all = writes.chain(read.iter().map(|(stream, at)| Append::condition(stream, *at)));
        let appends: Vec<_> = all.map(|append| append.command(id.map(command))).collect();
        store.append_all(&appends).await
    })
}

async fn written(group: JoinHandle<Outcomes>) -> Vec<usize> {
    let outcomes = group.await.expect("no panic").expect("outcomes");
    outcomes.into_iter().map(|outcome| appended(outcome).positions.len()).collect()
}

async fn outcomes(group: JoinHandle<Outcomes>) -> Vec<AppendOutcome> {
    group.await.expect("no panic").expect("outcomes")
}

/// Creates streams with one event.
async fn create(store: &PostgresStore, keys: &[&str]) {
    for key in keys {
        appended(append_one(store, &stream(key), 0).await);
    }
}

async fn assert_at(store: &PostgresStore, revision: usize, keys: &[&str]) {
    for key in keys {
        assert_eq!(ids(store, &stream(key)).await.len(), revision, "{key}");
    }
}

async fn until_waiting(store: &PostgresStore, appends: u64) {
    while store.metrics().waiting_appends < appends {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_groups_and_appends_share_two_calls() {
    let (database, _) = fresh().await;
    let proxy = proxy_before(&database).await;
    let store = patient(proxy.url()).await;
    create(&store, &["read"]).await;
    let mut busy = Busy::lanes(&database, &store).await;
    let mut groups = Vec::new();
    for pair in [["0", "1"], ["2", "3"], ["4", "5"], ["6", "7"], ["8", "9"], ["10", "11"]] {
        groups.push(group(&store, &pair.map(|key| (key, 0)), &[("read", 1)], None));
        until_waiting(&store, groups.len() as u64).await;
    }
    let single = [submit(&store, "12", 0, 2).await, submit(&store, "13", 0, 1).await];
    let before = proxy.round_trips();
    busy.gate.let_through(database.url(), 2).await;
    busy.gate.wait_for(2).await;
    busy.open().await;
    for group in groups {
        assert_eq!(written(group).await, [1, 1, 0]);
    }
    for single in single {
        appended(single.await.expect("an outcome"));
    }
    // A batch for each lane, and its statement, which is prepared first.
    assert_eq!(proxy.round_trips() - before, 4);
    let calls = "SELECT count(DISTINCT e.xmin::text) FROM es.events e JOIN es.streams s ON s.id = e.stream
                 WHERE s.key NOT IN ('x', 'y', 'read')";
    let mut connection = connect(database.url()).await;
    assert_eq!(number(&mut connection, calls).await, 2);
    let smallest = "SELECT min(streams) FROM (
                        SELECT count(DISTINCT e.stream) AS streams FROM es.events e JOIN es.streams s ON s.id = e.stream
                        WHERE s.key NOT IN ('x', 'y', 'read') GROUP BY e.xmin::text) AS calls";
    assert!(number(&mut connection, smallest).await >= 6, "one half each");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_group_of_a_batch_gets_its_own_outcome() {
    let (database, store) = fresh().await;
    let once = ["a", "b", "c", "d", "e", "f", "g", "h", "read", "moved", "again", "closed", "held"];
    create(&store, &once).await;
    appended(append_one(&store, &stream("moved"), 1).await);
    assert!(store.close_stream(&stream("closed"), Revision::new(1)).await.expect("an answer"));
    let id = Uuid::now_v7();
    assert_eq!(written(group(&store, &[("again", 1)], &[("read", 1)], Some(id))).await, [1, 0]);
    let mut connection = connect(database.url()).await;
    let mut transaction = connection.begin().await.expect("a transaction");
    sql(&mut transaction, "SELECT 1 FROM es.streams WHERE key = 'held' FOR UPDATE").await;

    let mut busy = Busy::lanes(&database, &store).await;
    let good = group(&store, &[("a", 1), ("new", 0)], &[("read", 1), ("closed", 1)], Some(Uuid::now_v7()));
    let behind = group(&store, &[("b", 1), ("moved", 1)], &[("read", 1)], Some(Uuid::now_v7()));
    let unmet = group(&store, &[("c", 1), ("never", 0)], &[("moved", 1)], None);
    let missing = group(&store, &[("d", 1), ("absent", 3)], &[], None);
    let closed = group(&store, &[("e", 1), ("closed", 1)], &[], None);
    let again = group(&store, &[("again", 1)], &[("read", 1)], Some(id));
    let held = group(&store, &[("f", 1), ("held", 1)], &[], None);
    drop(group(&store, &[("g", 1)], &[], None));
    until_waiting(&store, 8).await;
    let single = [submit(&store, "h", 1, 2).await, submit(&store, "h", 3, 1).await];
    let lone = submit(&store, "h", 9, 1).await;
    busy.open().await;

    assert_eq!(written(good).await, [1, 1, 0, 0]);
    assert_eq!(outcomes(behind).await, [AppendOutcome::NotWritten, conflict(2), AppendOutcome::NotWritten]);
    assert_eq!(outcomes(unmet).await, [AppendOutcome::NotWritten, AppendOutcome::NotWritten, conflict(2)]);
    assert_eq!(outcomes(missing).await, [AppendOutcome::NotWritten, conflict(0)]);
    assert!(matches!(closed.await.expect("no panic"), Err(StoreError::StreamClosed { .. })));
    for (outcome, (first, count)) in outcomes(again).await.into_iter().zip([(2, 1), (1, 0)]) {
        let AppendOutcome::Repeated(outcome) = outcome else { panic!("{outcome:?}") };
        assert_eq!((outcome.first.get(), outcome.count), (first, count));
    }
    for outcome in join_all(single).await {
        appended(outcome.expect("an outcome"));
    }
    assert_eq!(lone.await.expect("an outcome"), conflict(4));
    assert_at(&store, 1, &["b", "c", "d", "e", "f", "new"]).await;
    assert_at(&store, 2, &["a", "g"]).await;
    assert_at(&store, 0, &["never", "absent"]).await;
    // All others are done; this one still waits for the transaction.
    transaction.rollback().await.expect("rolled back");
    assert_eq!(written(held).await, [1, 1]);
    let ledger = "SELECT (SELECT count(*) FROM es.commands) * 10 + (SELECT count(*) FROM es.decisions)";
    assert_eq!(number(&mut connection, ledger).await, 33, "of `again` and of `good`, for each stream");
    assert_eq!(number(&mut connection, "SELECT count(*) FROM es.streams WHERE revision = 0").await, 0);
}

/// Only the server refuses what the owner of the database forbids, and that error ends the whole call.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_the_server_refuses_affects_no_other() {
    let (database, store) = fresh().await;
    create(&store, &["bad"]).await;
    let forbid = "ALTER TABLE es.events ADD CONSTRAINT mine CHECK (revision <> 2 OR stream <> 1)";
    sql(&mut connect(database.url()).await, forbid).await;
    let mut busy = Busy::lanes(&database, &store).await;
    let bad = group(&store, &[("a", 0), ("bad", 1)], &[], None);
    let good =
        [group(&store, &[("b", 0), ("c", 0)], &[], None), group(&store, &[("d", 0), ("e", 0)], &[], None)];
    until_waiting(&store, 3).await;
    let single = submit(&store, "f", 0, 1).await;
    busy.open().await;
    let error = bad.await.expect("no panic").expect_err("forbidden");
    assert!(!error.is_retryable(), "{error}");
    for good in good {
        assert_eq!(written(good).await, [1, 1]);
    }
    appended(single.await.expect("an outcome"));
    assert_at(&store, 0, &["a"]).await;
}

/// Another program creates a stream of a group while the batch waits for it. What the group has created by
/// then is undone.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_loses_a_new_stream_is_a_conflict_and_affects_no_other() {
    let (database, store) = fresh().await;
    let mut busy = Busy::lanes(&database, &store).await;
    let winner = spawn(&another(&database).await, "n", 0);
    busy.gate.wait_for(3).await;
    let loser = group(&store, &[("m", 0), ("n", 0), ("o", 0)], &[], None);
    let good = group(&store, &[("b", 0), ("c", 0)], &[], None);
    until_waiting(&store, 2).await;
    busy.open().await;
    appended(winner.await.expect("no panic").expect("an outcome"));
    assert_eq!(outcomes(loser).await, [AppendOutcome::NotWritten, conflict(1), AppendOutcome::NotWritten]);
    assert_eq!(written(good).await, [1, 1]);
    assert_at(&store, 0, &["m", "o"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_groups_that_read_what_the_other_writes_one_is_a_conflict() {
    let (database, store) = fresh().await;
    create(&store, &["a", "b"]).await;
    let mut busy = Busy::lanes(&database, &store).await;
    let first = group(&store, &[("a", 1)], &[("b", 1)], None);
    let second = group(&store, &[("b", 1)], &[("a", 1)], None);
    until_waiting(&store, 2).await;
    busy.open().await;
    let mut both = [outcomes(first).await, outcomes(second).await];
    both.sort_by_key(|outcomes| outcomes.contains(&AppendOutcome::NotWritten));
    assert!(both[0].iter().all(|outcome| matches!(outcome, AppendOutcome::Appended(_))), "{both:?}");
    assert_eq!(both[1], [AppendOutcome::NotWritten, conflict(2)]);
}

/// One stream is read by many groups at once. An append to it waits for those before it, and those after it
/// wait for the append.
#[tokio::test(flavor = "multi_thread")]
async fn an_append_takes_its_turn_among_the_readers_of_its_stream() {
    let (database, store) = fresh().await;
    create(&store, &["a", "b", "c", "read"]).await;
    let mut gate = Gate::closed(database.url()).await;
    let before =
        [group(&store, &[("a", 1)], &[("read", 1)], None), group(&store, &[("b", 1)], &[("read", 1)], None)];
    gate.wait_for(2).await;
    let append = spawn(&store, "read", 1);
    until_waiting(&store, 1).await;
    let after = group(&store, &[("c", 1)], &[("read", 1)], None);
    until_waiting(&store, 2).await;
    gate.open().await;
    for before in before {
        assert_eq!(written(before).await, [1, 0]);
    }
    appended(append.await.expect("no panic").expect("an outcome"));
    assert_eq!(outcomes(after).await, [AppendOutcome::NotWritten, conflict(2)]);
}

/// The batches of two programs hold the same streams in opposite orders, old ones and new ones.
#[tokio::test(flavor = "multi_thread")]
async fn batches_of_two_programs_in_opposite_orders_do_not_deadlock() {
    let (database, store) = fresh().await;
    let other = another(&database).await;
    create(&store, &["a", "b", "c", "d"]).await;
    let mut busy = Busy::lanes(&database, &store).await;
    let others = ["v", "w"].map(|key| spawn(&other, key, 0));
    busy.gate.wait_for(4).await;
    let pairs = [
        (group(&store, &[("a", 1), ("b", 1)], &[], None), group(&other, &[("b", 1), ("a", 1)], &[], None)),
        (group(&store, &[("m", 0), ("n", 0)], &[], None), group(&other, &[("n", 0), ("m", 0)], &[], None)),
        (group(&store, &[("c", 1)], &[("d", 1)], None), group(&other, &[("d", 1)], &[("c", 1)], None)),
    ];
    until_waiting(&store, 3).await;
    until_waiting(&other, 3).await;
    busy.gate.let_through(database.url(), 4).await;
    busy.open().await;
    for held in others {
        appended(held.await.expect("no panic").expect("an outcome"));
    }
    for (first, second) in pairs {
        let both = [outcomes(first).await, outcomes(second).await];
        let is_written =
            |each: &&Vec<AppendOutcome>| each.iter().all(|one| matches!(one, AppendOutcome::Appended(_)));
        assert_eq!(both.iter().filter(is_written).count(), 1, "{both:?}");
    }
    assert_at(&store, 2, &["a", "b"]).await;
    assert_at(&store, 1, &["m", "n"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_answer_is_lost_each_group_gets_its_original_outcome() {
    let (database, _) = fresh().await;
    let proxy = proxy_before(&database).await;
    let store = patient(proxy.url()).await;
    create(&store, &["known", "read", "y", "b"]).await;
    // One lane is held by a transaction all the time, the other one by the gate.
    let mut connection = connect(database.url()).await;
    let mut transaction = connection.begin().await.expect("a transaction");
    sql(&mut transaction, "SELECT 1 FROM es.streams WHERE key = 'y' FOR UPDATE").await;
    let mut gate = Gate::closed(database.url()).await;
    let other = spawn(&store, "y", 1);
    gate.wait_for_blocked(1).await;
    let first = spawn(&store, "x", 0);
    gate.wait_for(1).await;
    let known = group(&store, &[("known", 1), ("new", 0)], &[("read", 1)], None);
    let behind = group(&store, &[("a", 0), ("b", 9)], &[], None);
    until_waiting(&store, 2).await;
    // The answers of the held append, of preparing the statement, and of the batch.
    proxy.cut_at_answer(3);
    gate.open().await;
    appended(first.await.expect("no panic").expect("an outcome"));
    assert_eq!(written(known).await, [1, 1, 0]);
    let failed = behind.await.expect("no panic").expect_err("nothing was written, for an unknown reason");
    assert!(failed.is_retryable(), "{failed}");
    transaction.rollback().await.expect("rolled back");
    appended(other.await.expect("no panic").expect("an outcome"));
    assert_at(&store, 2, &["known"]).await;
    assert_at(&store, 0, &["a"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_waits_for_groups_that_were_accepted() {
    let (database, store) = fresh().await;
    register_counted(&database).await;
    create(&store, &["a", "held"]).await;
    let mut connection = connect(database.url()).await;
    let mut transaction = connection.begin().await.expect("a transaction");
    sql(&mut transaction, "SELECT 1 FROM es.streams WHERE key = 'held' FOR UPDATE").await;
    let mut busy = Busy::lanes(&database, &store).await;
    let held = group(&store, &[("a", 1), ("held", 1)], &[], None);
    let good = group(&store, &[("b", 0), ("c", 0)], &[], None);
    until_waiting(&store, 2).await;
    let closing = tokio::spawn({
        let store = store.clone();
        async move { store.close().await }
    });
    // What is accepted before that waits for the lanes, so its outcome is not awaited.
    let (late, batch) = (stream("late"), events(1));
    while !matches!(store.submit(Append::new(&late, Revision::EMPTY, &batch)).await, Err(StoreError::Closed))
    {
        tokio::task::yield_now().await;
    }
    let late = group(&store, &[("late", 0)], &[], None).await.expect("no panic");
    assert!(matches!(late, Err(StoreError::Closed)), "{late:?}");
    busy.open().await;
    assert_eq!(written(good).await, [1, 1]);
    busy.gate.wait_for_blocked(1).await;
    assert!(!closing.is_finished());
    transaction.rollback().await.expect("rolled back");
    assert_eq!(written(held).await, [1, 1]);
    closing.await.expect("no panic");
}
