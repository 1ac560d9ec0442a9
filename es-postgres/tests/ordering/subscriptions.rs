//! Catch-up subscriptions on PostgreSQL: notifications, lost connections, and readers that are far behind.

use std::time::Duration;

use es_core::StoreError;
use es_core::record::RawEvent;
use es_core::store::{Checkpoint, Filter, Listener, ReadAll, Rest};
use es_core::subscription::Subscription;
use es_postgres::PostgresStore;
use sqlx::Connection;

use crate::support::{LONG, append, append_in, connect, fresh, numbers, sql, until};

/// Longer than any test takes: a reader that waits for its poll interval fails the test.
const NEVER: Duration = Duration::from_secs(3_600);

async fn next(subscription: &mut Subscription<PostgresStore>) -> Vec<u64> {
    let mut seen = Vec::new();
    let mut take = |raw: RawEvent<'_>| {
        seen.push(raw.position.get());
        Ok(())
    };
    let page = tokio::time::timeout(LONG, subscription.next_page(&mut take)).await;
    page.expect("a page in time").expect("a page");
    seen
}

async fn heard(listener: &mut Listener) {
    tokio::time::timeout(LONG, listener.rung()).await.expect("a ring");
}

const LISTENING: &str =
    "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'es listen'
             AND query LIKE 'LISTEN%' AND state = 'idle')";

#[tokio::test(flavor = "multi_thread")]
async fn an_append_wakes_readers_of_the_same_process_and_of_others() {
    let (database, store) = fresh().await;
    let other = database.options().connect().await.expect("a store");
    let mut here = Subscription::new(store.clone()).poll_every(NEVER);
    let mut there = Subscription::new(other).poll_every(NEVER);
    let mut watch = connect(database.url()).await;
    for round in 0..20 {
        let (here, there, position) =
            tokio::join!(next(&mut here), next(&mut there), append(&store, "a", round));
        assert_eq!((here, there), (vec![position], vec![position]));
        // The other store listens before the next append.
        until(&mut watch, LISTENING).await;
    }
}

/// The transaction is the caller's, so nothing notifies readers of its commit; readers that know that it is
/// open read again.
#[tokio::test(flavor = "multi_thread")]
async fn an_append_in_a_transaction_of_the_caller_wakes_readers_when_it_is_committed() {
    let (database, store) = fresh().await;
    let mut connection = connect(database.url()).await;
    let mut live = Subscription::new(store.clone()).poll_every(NEVER);
    for round in 0..5 {
        let mut tx = connection.begin().await.expect("a transaction");
        let position = append_in(&store, &mut tx, "a", round).await;
        let waiting = async {
            let dropped =
                tokio::time::timeout(Duration::from_millis(20), live.next_page(&mut |_| Ok(()))).await;
            assert!(dropped.is_err(), "nothing is committed");
            let committed = async {
                tx.commit().await.expect("committed");
            };
            tokio::join!(next(&mut live), committed).0
        };
        assert_eq!(waiting.await, [position]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_listen_connection_loses_nothing() {
    let (database, store) = fresh().await;
    let other = database.options().connect().await.expect("a store");
    let mut there = Subscription::new(other.clone()).poll_every(NEVER);
    let mut watch = connect(database.url()).await;
    let position = append(&store, "a", 0).await;
    assert_eq!(next(&mut there).await, [position]);
    for round in 1..4 {
        until(&mut watch, LISTENING).await;
        sql(
            &mut watch,
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'es listen'",
        )
        .await;
        // This one is not notified until the connection is open again.
        let position = append(&store, "a", round).await;
        assert_eq!(next(&mut there).await, [position]);
    }
}

/// A second connection, for the high-water mark, is opened only when one answer is not enough, because an
/// append is open.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_does_not_follow_takes_one_connection() {
    const CONNECTIONS: &str = "SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND backend_type = 'client backend'";
    let (database, store) = fresh().await;
    let first = append(&store, "a", 0).await;
    let mut writer = connect(database.url()).await;
    let mut tx = writer.begin().await.expect("a transaction");
    let held = append_in(&store, &mut tx, "b", 0).await;
    let behind = append(&store, "a", 1).await;
    store.close().await;
    let mut watch = connect(database.url()).await;
    until(&mut watch, &format!("({CONNECTIONS}) = 2")).await;

    let mut reader = Subscription::new(database.options().connect().await.expect("a store"));
    let mut seen = Vec::new();
    let mut take = |raw: RawEvent<'_>| {
        seen.push(raw.position.get());
        Ok(())
    };
    let page = reader.page(&mut take).await.expect("a page");
    assert_eq!((page.rest, numbers(&mut watch, CONNECTIONS).await), (Rest::Held, vec![4]));
    tx.commit().await.expect("committed");
    let page = reader.page(&mut take).await.expect("a page");
    assert_eq!(page.rest, Rest::Nothing);
    assert_eq!(seen, [first, held, behind]);

    let mut reader = Subscription::new(database.options().connect().await.expect("another store"));
    let page = reader.page(&mut |_| Ok(())).await.expect("a page");
    assert_eq!((page.events, page.rest), (3, Rest::Nothing));
    assert_eq!(numbers(&mut watch, CONNECTIONS).await, [5], "one more");
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_the_store_ends_its_subscriptions() {
    let (_database, store) = fresh().await;
    append(&store, "a", 0).await;
    let mut live = Subscription::new(store.clone()).from_now().await.expect("a head").poll_every(NEVER);
    let waiting = tokio::spawn(async move { live.next_page(&mut |_| Ok(())).await });
    // Whether it waits already or not, it ends.
    store.close().await;
    let ended = tokio::time::timeout(LONG, waiting).await.expect("an end").expect("no panic");
    let error = ended.expect_err("closed");
    assert!(matches!(error, StoreError::Closed) && !error.is_retryable(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_notified_once_of_its_own_appends_and_of_those_of_others() {
    let (database, store) = fresh().await;
    let other = database.options().connect().await.expect("a store");
    let mut listener = other.listen();
    let mut watch = connect(database.url()).await;
    until(&mut watch, LISTENING).await;
    heard(&mut listener).await;
    append(&store, "a", 0).await;
    heard(&mut listener).await;
}

/// A reader is 100,000 events behind and reads them in bounded pages; another one looks for a rare event
/// among them, before a large gap.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_far_behind_catches_up() {
    const EVENTS: u64 = 100_000;
    let (database, store) = fresh().await;
    append(&store, "a", 0).await;
    let mut owner = connect(database.url()).await;
    sql(
        &mut owner,
        "SELECT es.register_names('{}', '{account.rare}', '{1}');
         INSERT INTO es.streams (category, key, revision, head_event_id)
         SELECT 1, 'many ' || n, 99999, gen_random_uuid() FROM generate_series(1, 10) n;
         INSERT INTO es.events (position, stream, revision, recorded_at, event_id, type, payload)
         SELECT nextval('es.positions'), id, n / 10 + 1, clock_timestamp(), gen_random_uuid(),
                CASE WHEN n = 99997 THEN 2 ELSE 1 END, '1'
         FROM (SELECT n, s.id FROM generate_series(0, 99998) n
               JOIN es.streams s ON s.key = 'many ' || (n % 10 + 1) ORDER BY n) ordered;
         SELECT setval('es.positions', 1000000000)",
    )
    .await;
    append(&store, "a", 1).await;
    append(&store, "a", 2).await;
    let head = store.end().await.expect("a head");

    let mut all = Subscription::new(store.clone());
    let (mut count, mut last) = (0, 0);
    while all.checkpoint() != head {
        let page = all
            .page(&mut |raw: RawEvent<'_>| {
                assert!(raw.position.get() > last);
                last = raw.position.get();
                count += 1;
                Ok(())
            })
            .await
            .expect("a page");
        assert!(page.events <= 4_000);
    }
    assert_eq!(count, EVENTS + 2);

    let mut rare = Subscription::new(store.clone()).filter(Filter::new().event_name("account.rare"));
    let (mut found, mut pages) = (0, 0);
    while rare.checkpoint() != head {
        let before = rare.checkpoint();
        found += rare.page(&mut |_| Ok(())).await.expect("a page").events;
        pages += 1;
        assert_ne!(rare.checkpoint(), before, "each page gets further");
    }
    assert_eq!(found, 1);
    assert!(pages <= 6, "{pages} pages");
    assert_eq!(numbers(&mut owner, "SELECT count(*) FROM es.events").await, [EVENTS + 2]);
    let from_start = Subscription::new(store).from(Checkpoint::START).checkpoint();
    assert_eq!(from_start, Checkpoint::START);
}
