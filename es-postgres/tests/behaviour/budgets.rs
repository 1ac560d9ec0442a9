//! Calls that others can keep waiting use only a share of the connections, and every wait has a deadline:
//! while a transaction of a caller holds streams, reads and other streams proceed.

use std::sync::Arc;
use std::time::Duration;

use es_core::record::NewEvent;
use es_core::store::{
    AllQuery, Append, AppendIn, AppendOutcome, Checkpoint, Decision, Filter, ReadAll, Remembered,
};
use es_core::{EventStore, Metadata, Revision, StoreError, StreamId};
use es_postgres::{LockTimeout, PoolTimeout, PostgresStore, Scarce};
use futures_util::FutureExt;
use futures_util::future::join_all;
use sqlx::{Connection, PgConnection};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uuid::Uuid;

use crate::support::{
    LONG, MOMENT, append_one, appended, command, connect, events, fresh, ids, number, register_counted, sql,
    stream, until,
};

/// Locks are held for longer than any wait here.
const VERY_LONG: Duration = Duration::from_secs(300);

/// Waits until so many sessions wait for a lock.
async fn blocked(watch: &mut PgConnection, sessions: usize) {
    let blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                   AND wait_event_type = 'Lock'";
    until(watch, &format!("({blocked}) = {sessions}")).await;
}

/// Locks the rows of all streams but one.
async fn hold_all_but(holder: &mut PgConnection, free: &str) {
    sql(holder, &format!("BEGIN; SELECT FROM es.streams WHERE key <> '{free}' FOR UPDATE")).await;
}

fn spawn_append(
    store: &PostgresStore,
    stream: &StreamId,
    expected: u64,
) -> JoinHandle<Result<AppendOutcome, StoreError>> {
    let (store, stream) = (store.clone(), stream.clone());
    tokio::spawn(async move {
        let batch = events(1);
        store.append(Append::new(&stream, Revision::new(expected), &batch)).await
    })
}

/// Covers every call that may have to wait for a stream.
#[tokio::test(flavor = "multi_thread")]
async fn while_appends_wait_for_streams_that_a_transaction_holds_others_proceed() {
    let (database, writer) = fresh().await;
    register_counted(&database).await;
    let options = database.options().longest_lock_wait(VERY_LONG).longest_connection_wait(VERY_LONG);
    let store = options.notify(false).connect().await.expect("a store");
    let held: Vec<StreamId> = (0..20).map(|nth| stream(&format!("held-{nth}"))).collect();
    for stream in held.iter().chain([&stream("free")]) {
        appended(append_one(&writer, stream, 0).await);
    }
    // A transaction of the caller, which appends to all of them.
    let mut connection = connect(database.url()).await;
    let mut transaction = connection.begin().await.expect("a transaction");
    let batch = events(1);
    for stream in &held {
        let append = Append::new(stream, Revision::new(1), &batch);
        appended(store.append_in(&mut *transaction, append).await.expect("an outcome"));
    }
    let mut waiting = Vec::new();
    for held in &held {
        let (store, held) = (store.clone(), held.clone());
        waiting.push(tokio::spawn(async move {
            let (one, large) = (events(1), events(1_500));
            let at = Revision::new(1);
            let (small, large) = (Append::new(&held, at, &one), Append::new(&held, at, &large));
            let id = command(Uuid::now_v7());
            let decision = Decision::empty(&held, at, id);
            let conflict = AppendOutcome::Conflict { actual: Revision::new(2) };
            let all = [small];
            let (a, b, all, remembered) = tokio::join!(
                store.append(small),
                store.append(large),
                store.append_all(&all),
                store.remember(decision)
            );
            assert_eq!(
                (a.expect("an outcome"), b.expect("an outcome")),
                (conflict.clone(), conflict.clone())
            );
            assert_eq!(all.expect("outcomes"), [conflict]);
            let actual = Revision::new(2);
            assert_eq!(remembered.expect("an answer"), Remembered::Conflict { actual });
        }));
    }
    let mut watch = connect(database.url()).await;
    // Half of the connections, and no more.
    blocked(&mut watch, 8).await;
    let free = stream("free");
    let others = async {
        let any = Filter::new();
        for round in 0..5 {
            // The holder has to read something before it can proceed.
            assert_eq!(ids(&store, &held[0]).await.len(), 1);
            assert_eq!(ids(&store, &free).await.len(), 1 + round * 1_502);
            store.read_all(AllQuery::after(Checkpoint::START, &any), &mut |_| Ok(())).await.expect("a page");
            let at = |more: u64| Revision::new(1 + round as u64 * 1_502 + more);
            let (one, large) = (events(1), events(1_500));
            appended(store.append(Append::new(&free, at(0), &one)).await.expect("an outcome"));
            appended(store.append(Append::new(&free, at(1), &large)).await.expect("an outcome"));
            let batch = events(1);
            let all = [Append::new(&free, at(1_501), &batch)];
            store.append_all(&all).await.expect("outcomes").into_iter().for_each(|done| drop(appended(done)));
            let decision = Decision::empty(&free, at(1_502), command(Uuid::now_v7()));
            assert_eq!(store.remember(decision).await.expect("an answer"), Remembered::Kept);
        }
        blocked(&mut watch, 8).await;
    };
    timeout(LONG, others).await.expect("nobody else waits");
    transaction.commit().await.expect("a commit");
    for waiting in waiting {
        timeout(LONG, waiting).await.expect("nobody waits any more").expect("no panic");
    }
}

/// The same with the smallest number of connections.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_with_one_connection_reads_while_an_append_waits() {
    let (database, writer) = fresh().await;
    let options = database.options().connections(1).longest_lock_wait(VERY_LONG);
    let store = options.longest_connection_wait(VERY_LONG).connect().await.expect("a store");
    let (held, free) = (stream("held"), stream("free"));
    appended(append_one(&writer, &held, 0).await);
    appended(append_one(&writer, &free, 0).await);
    let (mut holder, mut watch) = (connect(database.url()).await, connect(database.url()).await);
    hold_all_but(&mut holder, "free").await;
    let waiting = [spawn_append(&store, &held, 1), spawn_append(&store, &held, 1)];
    // No longer on a lane.
    let apart = "wait_event_type = 'Lock' AND query LIKE '%set_config%'";
    until(&mut watch, &format!("EXISTS (SELECT FROM pg_stat_activity WHERE {apart})")).await;
    assert_eq!(timeout(LONG, ids(&store, &held)).await.expect("an answer").len(), 1);
    appended(timeout(LONG, append_one(&store, &free, 1)).await.expect("an answer"));
    sql(&mut holder, "COMMIT").await;
    for waiting in waiting {
        drop(timeout(LONG, waiting).await.expect("an end").expect("no panic").expect("an outcome"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_gets_no_connection_fails_in_time() {
    let (database, writer) = fresh().await;
    let a = stream("a");
    appended(append_one(&writer, &a, 0).await);
    let wait = MOMENT;
    let options = database.options().connections(2).longest_connection_wait(wait);
    let store = options.connect().await.expect("a store");
    let (mut holder, mut watch) = (connect(database.url()).await, connect(database.url()).await);
    sql(&mut holder, "BEGIN; LOCK TABLE es.events IN ACCESS EXCLUSIVE MODE").await;
    let reading = [a.clone(), a.clone()].map(|a| {
        let store = store.clone();
        tokio::spawn(async move { ids(&store, &a).await })
    });
    blocked(&mut watch, 2).await;
    let load = es_core::store::Load::all(&a);
    let refused = timeout(LONG, store.load(load, &mut |_| Ok(()))).await.expect("an answer");
    let error = refused.expect_err("both are in use");
    assert!(error.is_retryable(), "{error:?}");
    let StoreError::Unavailable { source } = &error else { panic!("{error:?}") };
    let found = source.downcast_ref::<PoolTimeout>().unwrap_or_else(|| panic!("{error:?}"));
    assert_eq!((found.of, found.most, found.waited), (Scarce::Connections, 2, wait));
    let text = found.to_string();
    assert!(text.contains("all 2 connections") && text.contains("PostgresOptions::connections"), "{text}");
    sql(&mut holder, "COMMIT").await;
    for reading in reading {
        assert_eq!(reading.await.expect("no panic").len(), 1);
    }
    assert_eq!(ids(&store, &a).await.len(), 1);
}

/// The reasons in the errors of appends that waited too long: who holds the lock, or that too many wait.
fn waited(outcome: Result<AppendOutcome, StoreError>) -> Option<PoolTimeout> {
    let error = outcome.expect_err("held");
    assert!(error.is_retryable(), "{error:?}");
    match &error {
        StoreError::Backend { source, .. } => assert!(source.is::<LockTimeout>(), "{error:?}"),
        StoreError::Unavailable { source } => return source.downcast_ref().copied(),
        _ => panic!("{error:?}"),
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_gets_no_connection_to_wait_on_fails_in_time() {
    let (database, writer) = fresh().await;
    let held: Vec<StreamId> = (0..8).map(|nth| stream(&format!("{nth}"))).collect();
    for held in &held {
        appended(append_one(&writer, held, 0).await);
    }
    let options = database.options().connections(2).longest_lock_wait(MOMENT);
    let store = options.connect().await.expect("a store");
    let mut holder = connect(database.url()).await;
    hold_all_but(&mut holder, "").await;
    let own = store.connection().await.expect("the half of two");
    let waiting: Vec<_> = held.iter().map(|held| spawn_append(&store, held, 1)).collect();
    for outcome in timeout(LONG, join_all(waiting)).await.expect("an end of each") {
        let error = waited(outcome.expect("no panic")).expect("it could not wait");
        assert_eq!((error.of, error.most), (Scarce::HeldConnections, 1), "{error}");
    }
    own.give_back().await;
    sql(&mut holder, "COMMIT").await;
    for held in &held {
        appended(append_one(&store, held, 1).await);
    }
}

/// One after the other, they would wait for ten minutes.
#[tokio::test(flavor = "multi_thread")]
async fn appends_that_wait_behind_a_held_up_one_fail_with_it() {
    let (database, writer) = fresh().await;
    let (held, batches) = (stream("held"), (0..150).map(|_| events(1)).collect::<Vec<Vec<NewEvent>>>());
    appended(append_one(&writer, &held, 0).await);
    let store = database.options().longest_lock_wait(MOMENT).connect().await.expect("a store");
    let mut holder = connect(database.url()).await;
    hold_all_but(&mut holder, "").await;
    // Separate callers, and one that submits before it gets its answers.
    let alone: Vec<_> = (0..150).map(|_| spawn_append(&store, &held, 1)).collect();
    let mut ahead = Vec::new();
    for (at, batch) in (1..).zip(&batches) {
        ahead.push(store.submit(Append::new(&held, Revision::new(at), batch)).await.expect("submitted"));
    }
    for outcome in timeout(LONG, join_all(alone)).await.expect("an end of each") {
        assert_eq!(waited(outcome.expect("no panic")), None);
    }
    for outcome in timeout(LONG, join_all(ahead)).await.expect("an end of each") {
        assert_eq!(waited(outcome), None);
    }
    sql(&mut holder, "COMMIT").await;
    appended(append_one(&store, &held, 1).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_behind_a_held_up_stream_take_no_place_from_others() {
    let (database, writer) = fresh().await;
    let (held, free) = (stream("held"), stream("free"));
    appended(append_one(&writer, &held, 0).await);
    appended(append_one(&writer, &free, 0).await);
    let options = database.options().longest_lock_wait(VERY_LONG);
    let options = options.longest_connection_wait(MOMENT);
    let store = options.connect().await.expect("a store");
    let (mut holder, mut watch) = (connect(database.url()).await, connect(database.url()).await);
    hold_all_but(&mut holder, "free").await;
    let batch = events(1);
    let submit = |expected| store.submit(Append::new(&held, Revision::new(expected), &batch));
    let mut waiting = vec![submit(1).await.expect("submitted")];
    blocked(&mut watch, 1).await;
    let error = loop {
        match timeout(LONG, submit(1)).await.expect("an answer") {
            Ok(submitted) => waiting.push(submitted),
            Err(error) => break error,
        }
        assert!(waiting.len() < 2_000, "there is no end of places");
    };
    let StoreError::Unavailable { source } = &error else { panic!("{error:?}") };
    let found = source.downcast_ref::<PoolTimeout>().unwrap_or_else(|| panic!("{error:?}"));
    assert_eq!((found.of, found.most), (Scarce::Appends, 512));
    for expected in 1..5 {
        let append = Append::new(&free, Revision::new(expected), &batch);
        let submitted = timeout(LONG, store.submit(append)).await.expect("a place").expect("submitted");
        appended(timeout(LONG, submitted).await.expect("an answer").expect("an outcome"));
    }
    sql(&mut holder, "COMMIT").await;
    let outcomes = timeout(LONG, join_all(waiting)).await.expect("an end of each");
    let written = outcomes.into_iter().filter(|outcome| matches!(outcome, Ok(AppendOutcome::Appended(_))));
    assert_eq!(written.count(), 1);
}

/// A few appends of many megabytes, of payloads or of metadata, take the places of many small ones.
#[tokio::test(flavor = "multi_thread")]
async fn appends_that_wait_are_bounded_in_bytes() {
    let (database, writer) = fresh().await;
    let held = stream("held");
    appended(append_one(&writer, &held, 0).await);
    let (mut holder, mut watch) = (connect(database.url()).await, connect(database.url()).await);
    hold_all_but(&mut holder, "").await;
    let long = "x".repeat(1_000_000);
    let (mut large, mut annotated) = (events(8), events(8));
    for event in &mut large {
        event.payload = format!("\"{long}\"").into_bytes();
    }
    let metadata = Arc::new(Metadata::new().actor(&*long));
    annotated.iter_mut().for_each(|event| event.metadata = Arc::clone(&metadata));
    let options = || {
        let options = database.options().longest_lock_wait(VERY_LONG);
        options.longest_connection_wait(MOMENT)
    };
    let mut waiting = Vec::new();
    for (nth, (batch, options, most)) in
        [(&large, options(), 10), (&annotated, options(), 10), (&large, options().waiting_bytes(20 << 20), 4)]
            .into_iter()
            .enumerate()
    {
        let store = options.connect().await.expect("a store");
        let submit = || store.submit(Append::new(&held, Revision::new(1), batch));
        let mut submitted = vec![submit().await.expect("submitted")];
        blocked(&mut watch, nth + 1).await;
        let error = loop {
            match timeout(LONG, submit()).await.expect("an answer") {
                Ok(one) => submitted.push(one),
                Err(error) => break error,
            }
            assert!(submitted.len() < most, "{} of 8 MB", submitted.len());
        };
        assert!(matches!(&error, StoreError::Unavailable { .. }), "{error:?}");
        waiting.append(&mut submitted);
    }
    sql(&mut holder, "COMMIT").await;
    timeout(LONG, join_all(waiting)).await.expect("an end of each");
}

/// Its future is kept, and not polled again.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_polled_does_not_hold_up_close() {
    let (database, writer) = fresh().await;
    let a = stream("a");
    appended(append_one(&writer, &a, 0).await);
    let options = database.options().patience(MOMENT).answer_within(MOMENT).longest_lock_wait(MOMENT);
    let store = options.connect().await.expect("a store");
    let mut holder = connect(database.url()).await;
    sql(&mut holder, "BEGIN; LOCK TABLE es.streams IN ACCESS EXCLUSIVE MODE").await;
    let mut ignore = |_: es_core::store::LoadItem<'_>| Ok(());
    let mut still = store.load(es_core::store::Load::all(&a), &mut ignore).boxed();
    assert!((&mut still).now_or_never().is_none(), "it waits for the server");
    timeout(LONG, store.close()).await.expect("closed");
    let late = store.load(es_core::store::Load::all(&a), &mut |_| Ok(())).await;
    assert!(matches!(late, Err(StoreError::Closed)), "{late:?}");
}

/// If connections may not idle at all, each call gets a new one, and only the last is kept.
#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_are_closed_in_time() {
    let (database, writer) = fresh().await;
    let a = stream("a");
    appended(append_one(&writer, &a, 0).await);
    writer.close().await;
    let mut watch = connect(database.url()).await;
    let (mut holder, others) = (
        connect(database.url()).await,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
         AND backend_type = 'client backend' AND pid <> pg_backend_pid()",
    );
    for (idle, left) in [(Duration::from_secs(600), 5), (Duration::ZERO, 2)] {
        let options = database.options().connections(4).notify(false).idle_timeout(idle);
        let store = options.connect().await.expect("a store");
        sql(&mut holder, "BEGIN; LOCK TABLE es.events IN ACCESS EXCLUSIVE MODE").await;
        let reads: Vec<_> = (0..4)
            .map(|_| {
                let (store, a) = (store.clone(), a.clone());
                tokio::spawn(async move { ids(&store, &a).await })
            })
            .collect();
        blocked(&mut watch, 4).await;
        sql(&mut holder, "COMMIT").await;
        for read in reads {
            assert_eq!(read.await.expect("no panic").len(), 1);
        }
        // Besides the one that holds the lock.
        until(&mut watch, &format!("({others}) = {left}")).await;
        store.close().await;
        until(&mut watch, &format!("({others}) = 1")).await;
    }
    assert_eq!(number(&mut watch, others).await, 1);
}
