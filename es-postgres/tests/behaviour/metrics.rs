//! The counters of a store.

use std::time::Duration;

use es_core::store::{AllQuery, Append, AppendIn, AppendOutcome, Checkpoint, Filter, ReadAll};
use es_core::{EventStore, Revision, StoreError};
use es_postgres::{PostgresStore, StoreMetrics};
use sqlx::Connection;

use crate::support::{LONG, append_one, appended, connect, events, fresh, ids, proxy_before, sql, stream};

/// Asserts which counters have changed, and by how much.
fn changed(store: &PostgresStore, before: &mut StoreMetrics, expected: impl Fn(&mut StoreMetrics)) {
    let after = store.metrics();
    let mut wanted = *before;
    expected(&mut wanted);
    // Not relevant here.
    (wanted.pages, wanted.sessions, wanted.sessions_opened) =
        (after.pages, after.sessions, after.sessions_opened);
    wanted.connections_in_use = after.connections_in_use;
    assert_eq!(after, wanted);
    *before = after;
}

#[tokio::test]
async fn appends_are_counted_with_their_outcomes() {
    let (database, _) = fresh().await;
    let proxy = proxy_before(&database).await;
    let options = PostgresStore::options(proxy.url()).longest_lock_wait(Duration::from_millis(200));
    let store = options.notify(false).connect().await.expect("a store");
    let (a, b, batch) = (stream("a"), stream("b"), events(2));
    let mut seen = store.metrics();
    assert_eq!(seen.appends, 0);
    appended(append_one(&store, &a, 0).await);
    let submitted = store.submit(Append::new(&a, Revision::new(1), &batch)).await.expect("taken");
    appended(submitted.await.expect("an outcome"));
    changed(&store, &mut seen, |seen| (seen.appends, seen.events) = (2, 3));
    assert!(matches!(append_one(&store, &a, 0).await, AppendOutcome::Conflict { .. }));
    let both = [Append::new(&a, Revision::new(3), &batch), Append::new(&b, Revision::EMPTY, &batch)];
    store.append_all(&both).await.expect("outcomes");
    let mut connection = connect(database.url()).await;
    let mut tx = connection.begin().await.expect("a transaction");
    let append = Append::new(&b, Revision::new(2), &batch);
    appended(store.append_in(&mut *tx, append).await.expect("an outcome"));
    changed(&store, &mut seen, |seen| (seen.appends, seen.events, seen.conflicts) = (5, 9, 1));

    // A lost answer, while another session is idle.
    assert_eq!(ids(&store, &a).await.len(), 5);
    proxy.cut_at_answer(1);
    appended(append_one(&store, &a, 5).await);
    changed(&store, &mut seen, |seen| {
        (seen.appends, seen.events) = (6, 10);
        (seen.lost_answers, seen.found_answers, seen.sessions_lost) = (1, 1, 1);
        seen.sessions_distrusted = store.metrics().sessions_distrusted;
    });
    assert!(seen.sessions_distrusted > 0, "{seen:?}");

    // The transaction holds the stream.
    let held = store.append(append).await.expect_err("held");
    assert!(matches!(held, StoreError::Backend { .. }), "{held:?}");
    changed(&store, &mut seen, |seen| (seen.lock_waits, seen.lock_timeouts) = (1, 1));
    tx.rollback().await.expect("rolled back");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_and_waits_are_counted() {
    let (database, _) = fresh().await;
    let options = database.options().connections(4).longest_connection_wait(Duration::from_millis(200));
    let options = options.idle_timeout(Duration::ZERO);
    let store = options.notify(false).connect().await.expect("a store");
    ids(&store, &stream("a")).await;
    let before = store.metrics();
    assert_eq!((before.connections_in_use, before.sessions_abandoned, before.connection_waits), (0, 0, 0));
    // The first connection, and those after it, have idled for longer than zero.
    ids(&store, &stream("a")).await;
    assert!(store.metrics().sessions_expired > 0, "{:?}", store.metrics());

    let one = store.connection().await.expect("half of them");
    let two = store.connection().await.expect("half of them");
    assert_eq!(store.metrics().connections_in_use, 2);
    let error = store.connection().await.expect_err("no more of them");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    let waited = store.metrics();
    assert_eq!((waited.connection_waits, waited.connection_timeouts), (1, 1));
    assert!(waited.longest_connection_wait >= Duration::from_millis(200), "{waited:?}");
    drop(one);
    two.give_back().await;
    let after = store.metrics();
    assert_eq!((after.connections_in_use, after.sessions_abandoned), (0, 1));
    store.close().await;
    let closed = store.metrics();
    assert_eq!((closed.sessions, closed.sessions_abandoned), (0, 1), "{closed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_that_wait_are_counted_while_they_do() {
    let (database, writer) = fresh().await;
    let store = database.options().connect().await.expect("a store");
    let a = stream("a");
    appended(append_one(&writer, &a, 0).await);
    let mut holder = connect(database.url()).await;
    sql(&mut holder, "BEGIN; SELECT FROM es.streams FOR UPDATE").await;
    let appends: Vec<_> = (0..3)
        .map(|_| {
            let (store, a) = (store.clone(), a.clone());
            tokio::spawn(async move {
                let batch = events(1);
                store.append(Append::new(&a, Revision::new(1), &batch)).await
            })
        })
        .collect();
    let waiting = async {
        while store.metrics().waiting_appends < 2 || store.metrics().lock_waits < 1 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LONG, waiting).await.expect("two wait behind the one that waits for the lock");
    let seen = store.metrics();
    let event = &events(1)[0];
    let bytes = event.payload.len() + event.metadata.to_json().expect("an actor").len();
    assert_eq!((seen.waiting_appends, seen.waiting_bytes), (2, 2 * bytes as u64));
    sql(&mut holder, "ROLLBACK").await;
    for append in appends {
        drop(append.await.expect("no panic").expect("an outcome"));
    }
    let seen = store.metrics();
    assert_eq!((seen.waiting_appends, seen.waiting_bytes, seen.appends, seen.conflicts), (0, 0, 1, 2));
}

#[tokio::test]
async fn pages_and_shared_pages_are_counted() {
    let (database, writer) = fresh().await;
    let store = database.options().notify(false).connect().await.expect("a store");
    appended(append_one(&writer, &stream("a"), 0).await);
    let filter = Filter::new();
    let query = AllQuery::after(Checkpoint::START, &filter);
    store.read_all(query, &mut |_| Ok(())).await.expect("a page");
    let read = store.metrics();
    assert!(read.pages > 0 && read.shared_pages == 0, "{read:?}");
    store.follow(query, &mut |_| Ok(())).await.expect("a page");
    let again = store.metrics();
    assert_eq!((again.pages, again.shared_pages), (read.pages, 1));
}
