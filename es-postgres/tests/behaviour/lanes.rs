//! Group commit: appends that wait for a lane are sent in one batch, and each gets its own outcome.

use std::collections::HashSet;

use es_core::record::NewEvent;
use es_core::store::{Append, AppendIn, AppendOutcome, CloseStreams, Decision, Remembered, Submitted};
use es_core::{EventStore, Revision, StoreError, StreamId};
use es_postgres::PostgresStore;
use futures_util::future::join_all;
use sqlx::Connection;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::{
    Busy, Gate, append_one, appended, command, conflict, connect, events, fresh, ids, number, patient,
    proxy_before, spawn, sql, stream, submit,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_waiting_appends_are_sent_in_two_calls() {
    let (database, _) = fresh().await;
    let proxy = proxy_before(&database).await;
    let store = patient(proxy.url()).await;
    let mut busy = Busy::lanes(&database, &store).await;
    let mut waiting = Vec::new();
    for nth in 0..100 {
        waiting.push(submit(&store, &format!("{nth}"), 0, 1 + nth % 3).await);
    }
    let before = proxy.round_trips();
    // Both lanes are idle before either of them has finished what it takes next.
    busy.gate.let_through(database.url(), 2).await;
    busy.gate.wait_for(2).await;
    busy.open().await;
    let positions: HashSet<_> = join_all(waiting)
        .await
        .into_iter()
        .flat_map(|outcome| appended(outcome.expect("outcome")).positions)
        .collect();
    // A batch for each lane, and its statement, which is prepared first.
    assert_eq!(proxy.round_trips() - before, 4);
    assert_eq!(positions.len(), 199);
    let mut connection = connect(database.url()).await;
    let (times, smallest) = ("count(*)", "min(appends)");
    let of_batches = |figure: &str| {
        format!(
            "SELECT {figure} FROM (
                 SELECT count(DISTINCT s.id) AS appends FROM es.events e JOIN es.streams s ON s.id = e.stream
                 WHERE s.key NOT IN ('x', 'y') GROUP BY e.recorded_at) AS batches"
        )
    };
    assert_eq!(number(&mut connection, &of_batches(times)).await, 2);
    assert!(number(&mut connection, &of_batches(smallest)).await >= 48, "one half each");
    let out_of_turn = "SELECT count(*) FROM (
                           SELECT s.key::int < lag(s.key::int) OVER (PARTITION BY e.recorded_at ORDER BY e.position) AS early
                           FROM es.events e JOIN es.streams s ON s.id = e.stream WHERE s.key NOT IN ('x', 'y')) AS turns
                       WHERE early";
    assert_eq!(number(&mut connection, out_of_turn).await, 0, "in the order of arrival");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_append_of_a_batch_gets_its_own_outcome() {
    let (database, store) = fresh().await;
    for key in ["old", "behind", "closed", "again", "held"] {
        appended(append_one(&store, &stream(key), 0).await);
    }
    assert!(store.close_stream(&stream("closed"), Revision::new(1)).await.expect("an answer"));
    let id = Uuid::now_v7();
    let (repeated, batch) = (stream("again"), events(1));
    let once = || Append::new(&repeated, Revision::new(1), &batch).command(Some(command(id)));
    appended(store.append(once()).await.expect("an outcome"));
    let mut connection = connect(database.url()).await;
    let mut transaction = connection.begin().await.expect("a transaction");
    sql(&mut transaction, "SELECT 1 FROM es.streams WHERE key = 'held' FOR UPDATE").await;

    let mut busy = Busy::lanes(&database, &store).await;
    let good = submit(&store, "old", 1, 2).await;
    let new = submit(&store, "new", 0, 1).await;
    let behind = submit(&store, "behind", 7, 1).await;
    let missing = submit(&store, "missing", 3, 1).await;
    let closed = submit(&store, "closed", 1, 1).await;
    let again = store.submit(once()).await.expect("submitted");
    let held = submit(&store, "held", 1, 1).await;
    let (last, last_batch) = (stream("last"), events(1));
    let wrong_head = Append::new(&last, Revision::EMPTY, &last_batch).last_event_id(Some(id));
    let wrong_head = store.submit(wrong_head).await.expect("submitted");
    drop(submit(&store, "unheard", 0, 1).await);
    busy.open().await;

    assert_eq!(appended(good.await.expect("an outcome")).positions.len(), 2);
    appended(new.await.expect("an outcome"));
    assert_eq!(behind.await.expect("an outcome"), conflict(1));
    assert_eq!(missing.await.expect("an outcome"), conflict(0));
    assert!(matches!(closed.await, Err(StoreError::StreamClosed { .. })));
    let AppendOutcome::Repeated(outcome) = again.await.expect("an outcome") else { panic!("not repeated") };
    assert_eq!((outcome.first.get(), outcome.count), (2, 1));
    assert_eq!(wrong_head.await.expect("an outcome"), conflict(0));
    // All others are done; this one still waits for the transaction.
    transaction.rollback().await.expect("rolled back");
    appended(held.await.expect("an outcome"));
    assert_eq!(ids(&store, &stream("unheard")).await.len(), 1, "a caller that is gone undoes nothing");
}

/// Only the server refuses what the owner of the database forbids, and that error ends the whole call.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_the_server_refuses_affects_no_other_append() {
    let (database, store) = fresh().await;
    let forbid = "ALTER TABLE es.events ADD CONSTRAINT mine CHECK (payload::text <> '\"forbidden\"')";
    sql(&mut connect(database.url()).await, forbid).await;
    let mut busy = Busy::lanes(&database, &store).await;
    let mut waiting = Vec::new();
    for nth in 0..20 {
        waiting.push(submit(&store, &format!("{nth}"), 0, 1).await);
    }
    let mut bad = events(1);
    bad[0].payload = b"\"forbidden\"".to_vec();
    let bad_stream = stream("bad");
    let refused = store.submit(Append::new(&bad_stream, Revision::EMPTY, &bad)).await.expect("submitted");
    busy.open().await;
    let error = refused.await.expect_err("forbidden");
    assert!(!error.is_retryable(), "{error}");
    for outcome in join_all(waiting).await {
        appended(outcome.expect("an outcome"));
    }
    assert_eq!(number(&mut connect(database.url()).await, "SELECT count(*) FROM es.events").await, 24);
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_that_build_on_each_other_are_sent_in_one_call_in_order() {
    let (database, store) = fresh().await;
    let stream = stream("a");
    let mut busy = Busy::lanes(&database, &store).await;
    let batches: Vec<Vec<NewEvent>> = (1..=20).map(|nth| events(1 + nth % 3)).collect();
    let commands: Vec<Uuid> = batches.iter().map(|_| Uuid::now_v7()).collect();
    let (mut expected, mut head, mut waiting) = (Revision::EMPTY, None, Vec::new());
    let mut appends = Vec::new();
    for (batch, id) in batches.iter().zip(&commands) {
        let append = Append::new(&stream, expected, batch).last_event_id(head).command(Some(command(*id)));
        waiting.push(store.submit(append).await.expect("submitted"));
        appends.push(append);
        (expected, head) = (append.last_revision(), batch.last().map(|event| event.id));
    }
    busy.open().await;
    for (outcome, batch) in join_all(waiting).await.into_iter().zip(&batches) {
        assert_eq!(appended(outcome.expect("an outcome")).positions.len(), batch.len());
    }
    let written: Vec<Uuid> = batches.iter().flatten().map(|event| event.id).collect();
    assert_eq!(ids(&store, &stream).await, written);
    let mut connection = connect(database.url()).await;
    let times = "SELECT count(DISTINCT recorded_at) FROM es.commands";
    assert_eq!(number(&mut connection, times).await, 1, "one call");
    for append in appends {
        let outcome = store.append(append).await.expect("an outcome");
        let AppendOutcome::Repeated(first) = outcome else { panic!("{outcome:?}") };
        assert_eq!((first.first, first.count), (append.expected.next(), append.events.len() as u64));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_builds_on_an_unwritten_one_is_a_conflict() {
    let (database, store) = fresh().await;
    appended(append_one(&store, &stream("a"), 0).await);
    let mut busy = Busy::lanes(&database, &store).await;
    let mut waiting = Vec::new();
    for expected in 5..10 {
        waiting.push(submit(&store, "a", expected, 1).await);
    }
    // One that does not continue it is not part of that chain.
    let sound = submit(&store, "a", 1, 1).await;
    busy.open().await;
    for outcome in join_all(waiting).await {
        assert_eq!(outcome.expect("an outcome"), conflict(1));
    }
    appended(sound.await.expect("an outcome"));
}

/// A caller that is answered appends again at once. It must not find the lane idle, and be sent alone.
#[tokio::test]
async fn returning_callers_are_batched() {
    let (database, _) = fresh().await;
    let store = patient(database.url()).await;
    let mut busy = Busy::lanes(&database, &store).await;
    let mut callers = JoinSet::new();
    for nth in 0..8 {
        let (store, stream) = (store.clone(), stream(&format!("{nth}")));
        callers.spawn(async move {
            for expected in 0.. {
                appended(append_one(&store, &stream, expected).await);
            }
        });
    }
    while store.metrics().waiting_appends < 8 {
        tokio::task::yield_now().await;
    }
    // Each time, both lanes finish, their callers are answered, and both send again.
    for _ in 0..10 {
        busy.gate.let_through(database.url(), 2).await;
    }
    busy.gate.wait_for(2).await;
    let calls = "SELECT count(*) AS appends FROM es.events e JOIN es.streams s ON s.id = e.stream
                 WHERE s.key NOT IN ('x', 'y') GROUP BY e.xmin::text";
    let connection = &mut busy.gate.connection;
    assert_eq!(number(connection, &format!("SELECT count(*) FROM ({calls}) AS calls")).await, 18);
    let smallest = number(connection, &format!("SELECT min(appends) FROM ({calls}) AS calls")).await;
    assert!(smallest >= 3, "of two lanes each takes half of the 8 callers, not {smallest}");
    callers.abort_all();
    busy.open().await;
}

/// A command in the middle of a chain was executed before: it is repeated, and those behind it have to decide
/// again.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_command_in_a_chain_is_found() {
    let (database, store) = fresh().await;
    let stream = stream("a");
    let id = Uuid::now_v7();
    let batch = events(1);
    let at = |revision| Append::new(&stream, Revision::new(revision), &batch);
    appended(store.append(at(0).command(Some(command(id)))).await.expect("an outcome"));
    let mut busy = Busy::lanes(&database, &store).await;
    let first = submit(&store, "a", 1, 1).await;
    let again = store.submit(at(2).command(Some(command(id)))).await.expect("submitted");
    let built_on_it = submit(&store, "a", 3, 1).await;
    busy.open().await;
    appended(first.await.expect("an outcome"));
    assert!(matches!(again.await, Ok(AppendOutcome::Repeated(first)) if first.first.get() == 1));
    assert_eq!(built_on_it.await.expect("an outcome"), conflict(2));
}

/// A repetition does not depend on the revision of the stream, not in a batch either.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_of_a_batch_that_was_decided_without_events_is_found() {
    let (database, store) = fresh().await;
    let (decided, id, batch) = (stream("a"), Uuid::now_v7(), events(1));
    let decision = Decision::rejected(&decided, Revision::EMPTY, command(id));
    assert_eq!(store.remember(decision).await.expect("no error"), Remembered::Kept);
    appended(append_one(&store, &decided, 0).await);
    let mut busy = Busy::lanes(&database, &store).await;
    let mut waiting = Vec::new();
    for expected in [0, 3, 1] {
        let again = Append::new(&decided, Revision::new(expected), &batch).command(Some(command(id)));
        waiting.push(store.submit(again).await.expect("submitted"));
    }
    let other = submit(&store, "b", 0, 1).await;
    busy.open().await;
    for outcome in join_all(waiting).await {
        assert!(matches!(outcome, Ok(AppendOutcome::Repeated(first)) if first.rejected && first.count == 0));
    }
    appended(other.await.expect("an outcome"));
}

/// The holder of a stream in a transaction may wait for an append to another one: no lane waits for that
/// stream.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_a_transaction_holds_stops_no_lane() {
    let (database, _) = fresh().await;
    let store = database.store().await.expect("a store");
    for key in ["a", "b", "c", "d"] {
        appended(append_one(&store, &stream(key), 0).await);
    }
    let mut connection = connect(database.url()).await;
    let mut transaction = connection.begin().await.expect("a transaction");
    for key in ["a", "b", "c", "new"] {
        let (stream, batch) = (stream(key), events(1));
        let expected = Revision::new(u64::from(key != "new"));
        let outcome = store.append_in(&mut *transaction, Append::new(&stream, expected, &batch)).await;
        appended(outcome.expect("an outcome"));
    }
    let held = [spawn(&store, "a", 1), spawn(&store, "b", 1), spawn(&store, "c", 1), spawn(&store, "new", 0)];
    for expected in 1..50 {
        appended(append_one(&store, &stream("d"), expected).await);
    }
    transaction.commit().await.expect("a commit");
    for (held, actual) in held.into_iter().zip([2, 2, 2, 1]) {
        assert_eq!(held.await.expect("no panic").expect("an outcome"), conflict(actual));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_answer_of_a_batch_is_lost_each_gets_its_original_outcome() {
    let (database, _) = fresh().await;
    let proxy = proxy_before(&database).await;
    let store = patient(proxy.url()).await;
    appended(append_one(&store, &stream("known"), 0).await);
    // One lane is held by a transaction all the time, the other one by the gate.
    let mut connection = connect(database.url()).await;
    let mut transaction = connection.begin().await.expect("a transaction");
    appended(append_one(&store, &stream("y"), 0).await);
    sql(&mut transaction, "SELECT 1 FROM es.streams WHERE key = 'y' FOR UPDATE").await;
    let mut gate = Gate::closed(database.url()).await;
    let other = spawn(&store, "y", 1);
    gate.wait_for_blocked(1).await;
    let first = spawn(&store, "x", 0);
    gate.wait_for(1).await;
    // One of the four shares its stream with another, so that the lane's share is all that wait.
    let known = [submit(&store, "known", 1, 1).await, submit(&store, "known", 2, 1).await];
    let new = submit(&store, "new", 0, 1).await;
    let behind = submit(&store, "behind", 9, 1).await;
    // The answers of the held append, of preparing the batch statement, and of the batch.
    proxy.cut_at_answer(3);
    gate.open().await;
    appended(first.await.expect("no panic").expect("an outcome"));
    for outcome in join_all(known.into_iter().chain([new])).await {
        appended(outcome.expect("the original outcome"));
    }
    let failed = behind.await.expect_err("nothing was written, for an unknown reason");
    assert!(failed.is_retryable(), "{failed}");
    transaction.rollback().await.expect("rolled back");
    appended(other.await.expect("no panic").expect("an outcome"));
    assert_eq!((ids(&store, &stream("known")).await.len(), ids(&store, &stream("new")).await.len()), (3, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn backends_that_are_killed_in_batches_leave_nothing_behind() {
    let (database, store) = fresh().await;
    let mut busy = Busy::lanes(&database, &store).await;
    let waiting = join_all((0..10).map(|nth| submit_owned(&store, format!("{nth}")))).await;
    let mut watcher = connect(database.url()).await;
    // The gate stays closed for the batches: the backends that hold the lanes are killed, and then those of
    // the batches.
    let kill = |backend: i64| format!("SELECT pg_terminate_backend({backend}, 30000)");
    for backend in busy.gate.backends().await {
        sql(&mut watcher, &kill(backend)).await;
    }
    for first in busy.first.drain(..) {
        let error = first.await.expect("no panic").expect_err("killed");
        assert!(error.is_retryable(), "{error}");
    }
    busy.gate.wait_for(2).await;
    for backend in busy.gate.backends().await {
        sql(&mut watcher, &kill(backend)).await;
    }
    for outcome in join_all(waiting).await {
        let error = outcome.expect_err("killed");
        assert!(error.is_retryable(), "{error}");
    }
    assert_eq!(number(&mut watcher, "SELECT count(*) FROM es.events").await, 2);
    busy.gate.open().await;
    appended(append_one(&store, &stream("3"), 0).await);
}

/// What it leaves behind is started one by one in a loop: nested calls would need a stack as deep as the
/// queue is long.
#[test]
fn a_runtime_that_is_shut_down_may_leave_many_behind() {
    let ours = tokio::runtime::Runtime::new().expect("a runtime");
    let theirs = tokio::runtime::Runtime::new().expect("a runtime");
    let (database, store) = ours.block_on(fresh());
    let mut busy = ours.block_on(Busy::lanes(&database, &store));
    let lost: Vec<_> = (0..1_000).map(|_| theirs.block_on(submit(&store, "theirs", 0, 1))).collect();
    theirs.shutdown_background();
    ours.block_on(async {
        busy.open().await;
        for lost in lost {
            assert!(matches!(lost.await, Err(StoreError::OutcomeUnknown { .. })));
        }
        appended(append_one(&store, &stream("theirs"), 0).await);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_waits_for_accepted_appends_and_loses_nothing_acknowledged() {
    let (database, store) = fresh().await;
    let mut busy = Busy::lanes(&database, &store).await;
    let waiting = join_all((0..50).map(|nth| submit_owned(&store, format!("{nth}")))).await;
    let closing = tokio::spawn({
        let store = store.clone();
        async move { store.close().await }
    });
    // Once it is closing, no append is accepted any more.
    while !matches!(submit_to(&store, "late").await, Err(StoreError::Closed)) {
        tokio::task::yield_now().await;
    }
    assert!(!closing.is_finished());
    busy.open().await;
    for outcome in join_all(waiting).await {
        appended(outcome.expect("an outcome"));
    }
    closing.await.expect("no panic");
    let mut connection = connect(database.url()).await;
    let written =
        "SELECT count(*) FROM es.events e JOIN es.streams s ON s.id = e.stream WHERE s.key <> 'late'";
    assert_eq!(number(&mut connection, written).await, 54);
}

/// The task of a batch belongs to the runtime of one of its callers. When that is gone, the others proceed.
#[test]
fn a_runtime_that_is_shut_down_takes_no_other_with_it() {
    let ours = tokio::runtime::Runtime::new().expect("a runtime");
    let theirs = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let (database, store) = ours.block_on(fresh());
    let mut busy = ours.block_on(Busy::lanes(&database, &store));
    // The first waiting append is theirs, and so is the task that will send both.
    let lost = theirs.block_on(submit(&store, "theirs", 0, 1));
    let kept = ours.block_on(submit(&store, "ours", 0, 1));
    theirs.shutdown_background();
    ours.block_on(async {
        busy.open().await;
        let unknown = lost.await;
        assert!(matches!(unknown, Err(StoreError::OutcomeUnknown { .. })), "{unknown:?}");
        // The outcome of what that task sent is unknown.
        let unknown = kept.await;
        assert!(matches!(unknown, Err(StoreError::OutcomeUnknown { .. })), "{unknown:?}");
        appended(append_one(&store, &stream("later"), 0).await);
        store.close().await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_append_holds_no_lane() {
    let (database, store) = fresh().await;
    let mut gate = Gate::closed(database.url()).await;
    let large = submit(&store, "large", 0, 5_000).await;
    gate.wait_for(1).await;
    let built_on_it = submit(&store, "large", 5_000, 1).await;
    let both = [spawn(&store, "x", 0), spawn(&store, "y", 0)];
    gate.wait_for(3).await;
    gate.open().await;
    for done in both {
        appended(done.await.expect("no panic").expect("an outcome"));
    }
    appended(large.await.expect("an outcome"));
    appended(built_on_it.await.expect("an outcome"));
}

/// Two programs, the same streams in opposite orders, new and old: no deadlock, and each stream is
/// contiguous.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_programs_on_the_same_streams_lose_nothing() {
    let (database, _) = fresh().await;
    let stores = [database.store().await.expect("a store"), database.store().await.expect("a store")];
    let writers = (0..32_u64).map(|writer| {
        let store = stores[(writer % 2) as usize].clone();
        tokio::spawn(async move {
            let mut written = 0;
            for round in 0..60_u64 {
                let nth = if writer % 2 == 0 { round % 12 } else { 11 - round % 12 };
                let stream = stream(&format!("{nth}"));
                let mut expected = round / 12;
                while let AppendOutcome::Conflict { actual } = append_one(&store, &stream, expected).await {
                    expected = actual.get();
                }
                written += 1;
            }
            written
        })
    });
    let written: usize = join_all(writers).await.into_iter().map(|done| done.expect("no panic")).sum();
    let mut stored = 0;
    for nth in 0..12 {
        stored += ids(&stores[0], &stream(&format!("{nth}"))).await.len();
    }
    assert_eq!((written, stored), (32 * 60, 32 * 60));
}

async fn submit_to(store: &PostgresStore, key: &str) -> Result<Submitted, StoreError> {
    let (stream, batch): (StreamId, _) = (stream(key), events(1));
    store.submit(Append::new(&stream, Revision::EMPTY, &batch)).await
}

async fn submit_owned(store: &PostgresStore, key: String) -> Submitted {
    submit_to(store, &key).await.expect("submitted")
}
