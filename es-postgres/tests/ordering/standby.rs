//! The same on a standby, which knows the primary's transactions but not its locks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use es_core::store::{Checkpoint, ReadAll, Rest};
use es_postgres::PostgresStore;
use sqlx::Connection;
use tokio::task::JoinSet;

use crate::replicas::Servers;
use crate::soak::{follow, follow_naively, seconds, write_all};
use crate::support::{Naive, Reader, append, append_in, committed, connect, numbers, sql};

async fn stores(servers: &Servers) -> (PostgresStore, PostgresStore) {
    // A notification is a separate transaction, which would end after those of a test.
    let options = PostgresStore::options(servers.primary.url()).notify(false);
    let primary = options.migrate().await.expect("a store");
    servers.caught_up().await;
    (primary, PostgresStore::read_only(servers.standby.url()).await.expect("a store that reads"))
}

/// The transaction that is committed first is the older one, so that a snapshot of the standby does not even
/// count the other one as begun.
#[tokio::test(flavor = "multi_thread")]
async fn readers_wait_for_a_lower_position_that_is_committed_later() {
    let servers = Servers::start().await;
    let (store, standby) = stores(&servers).await;
    let (mut ours, mut naive) = (Reader::new(&standby), Naive::default());
    let mut beside = connect(servers.standby.url()).await;
    let mut older = connect(servers.primary.url()).await;
    let mut newer = connect(servers.primary.url()).await;
    // Names are registered in a separate transaction, which would be the first to end.
    append(&store, "first", 0).await;
    for older_first in [true, false] {
        let from = committed(&mut older).await.last().copied().unwrap_or_default();
        let revision = u64::from(!older_first);
        let mut fast = older.begin().await.expect("a transaction");
        if older_first {
            sql(&mut fast, "SELECT txid_current()").await;
        }
        let mut slow = newer.begin().await.expect("a transaction");
        assert_eq!(append_in(&store, &mut slow, "slow", revision).await, from + 1);
        assert_eq!(append_in(&store, &mut fast, "fast", revision).await, from + 2);
        fast.commit().await.expect("committed");
        servers.caught_up().await;
        naive.read(&mut beside).await;
        let head = standby.end().await.expect("a head");
        assert_eq!(ours.read().await, Rest::Held);
        assert_eq!(ours.positions.last(), Some(&from), "the next one is missing");
        assert_eq!(head.position().get(), from);
        slow.commit().await.expect("committed");
        servers.caught_up().await;
        naive.read(&mut beside).await;
        assert_eq!(ours.read().await, Rest::Nothing);
        assert_eq!(ours.positions, committed(&mut newer).await);
    }
    assert_eq!(naive.seen, [1, 3, 5].into(), "the naive cursor has lost two events");
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_wait_for_savepoints_and_prepared_transactions() {
    let servers = Servers::with("max_prepared_transactions = 5").await;
    let (store, standby) = stores(&servers).await;
    let mut reader = Reader::new(&standby);
    let mut connection = connect(servers.primary.url()).await;
    let mut tx = connection.begin().await.expect("a transaction");
    let mut savepoint = tx.begin().await.expect("a savepoint");
    assert_eq!(append_in(&store, &mut savepoint, "a", 0).await, 1);
    savepoint.rollback().await.expect("rolled back");
    let mut savepoint = tx.begin().await.expect("a savepoint");
    assert_eq!(append_in(&store, &mut savepoint, "a", 0).await, 2);
    savepoint.commit().await.expect("released");
    assert_eq!(append(&store, "b", 0).await, 3);
    servers.caught_up().await;
    assert_eq!(reader.read().await, Rest::Held);
    sql(&mut tx, "PREPARE TRANSACTION 'later'").await;
    drop(tx);
    assert_eq!(append(&store, "b", 1).await, 4);
    servers.caught_up().await;
    assert_eq!(reader.read().await, Rest::Held);
    assert!(reader.positions.is_empty());
    let mut other = connect(servers.primary.url()).await;
    sql(&mut other, "COMMIT PREPARED 'later'").await;
    servers.caught_up().await;
    assert_eq!(reader.read().await, Rest::Nothing);
    assert_eq!(reader.positions, [2, 3, 4]);
}

/// A standby cannot tell what a transaction does, so a gap is passed when all open transactions have ended;
/// without a gap, nobody waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_transaction_holds_readers_back_only_at_gaps() {
    let servers = Servers::start().await;
    let (store, standby) = stores(&servers).await;
    let mut reader = Reader::new(&standby);
    let mut stranger = connect(servers.primary.url()).await;
    sql(&mut stranger, "CREATE TABLE strange (n integer); BEGIN; INSERT INTO strange VALUES (1)").await;
    for revision in 0..3 {
        append(&store, "a", revision).await;
        servers.caught_up().await;
        assert_eq!(reader.read().await, Rest::Nothing);
        assert_eq!(reader.positions.len() as u64, revision + 1);
    }
    let mut connection = connect(servers.primary.url()).await;
    let mut tx = connection.begin().await.expect("a transaction");
    append_in(&store, &mut tx, "b", 0).await;
    tx.rollback().await.expect("rolled back");
    append(&store, "a", 3).await;
    servers.caught_up().await;
    assert_eq!(reader.read().await, Rest::Held);
    assert_eq!(reader.positions, [1, 2, 3]);
    sql(&mut stranger, "COMMIT").await;
    servers.caught_up().await;
    assert_eq!(reader.read().await, Rest::Nothing);
    assert_eq!(reader.positions, [1, 2, 3, 5]);
}

/// On a connection without observations, a reader waits for what follows its position, and not for gaps that
/// it has passed.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_continues_from_its_position_on_a_new_connection() {
    let servers = Servers::start().await;
    let (store, standby) = stores(&servers).await;
    let mut reader = Reader::new(&standby);
    let mut connection = connect(servers.primary.url()).await;
    let mut tx = connection.begin().await.expect("a transaction");
    append_in(&store, &mut tx, "b", 0).await;
    tx.rollback().await.expect("rolled back");
    append(&store, "a", 0).await;
    servers.caught_up().await;
    assert_eq!(reader.read().await, Rest::Nothing);
    let mut stranger = connect(servers.primary.url()).await;
    sql(&mut stranger, "CREATE TABLE strange (n integer); BEGIN; INSERT INTO strange VALUES (1)").await;
    append(&store, "a", 1).await;
    servers.caught_up().await;
    let other = PostgresStore::read_only(servers.standby.url()).await.expect("a store that reads");
    let mut later = Reader::new(&other);
    assert_eq!(later.read().await, Rest::Held, "the gap at 1 may still be filled");
    later.checkpoint = reader.checkpoint;
    assert_eq!(later.read().await, Rest::Nothing);
    assert_eq!(later.positions, [3]);
    sql(&mut stranger, "COMMIT").await;
}

/// The same connections survive a promotion: transactions that had begun on the lost primary never commit.
#[tokio::test(flavor = "multi_thread")]
async fn reading_continues_when_the_standby_is_promoted() {
    let servers = Servers::start().await;
    let (store, standby) = stores(&servers).await;
    let mut reader = Reader::new(&standby);
    let mut connection = connect(servers.primary.url()).await;
    let mut lost = connection.begin().await.expect("a transaction");
    append_in(&store, &mut lost, "lost", 0).await;
    append(&store, "a", 0).await;
    servers.caught_up().await;
    assert_eq!(reader.read().await, Rest::Held);
    servers.fail_over().await;
    let next = PostgresStore::connect(servers.standby.url()).await.expect("a store");
    let mut connection = connect(servers.standby.url()).await;
    let mut tx = connection.begin().await.expect("a transaction");
    let slow = append_in(&next, &mut tx, "slow", 0).await;
    let fast = append(&next, "a", 1).await;
    assert!(slow < fast);
    assert_eq!(reader.read().await, Rest::Held);
    assert_eq!(reader.positions, [2]);
    tx.commit().await.expect("committed");
    assert_eq!(reader.read().await, Rest::Nothing);
    assert_eq!(reader.positions, [2, slow, fast]);
    assert_ne!(reader.checkpoint, Checkpoint::START);
    let mut db = connect(servers.standby.url()).await;
    assert_eq!(numbers(&mut db, "SELECT pg_is_in_recovery()::int::bigint").await, [0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_committed_event_is_seen_once_in_order_on_a_standby() {
    let servers = Servers::with("max_connections = 60").await;
    let (store, standby) = stores(&servers).await;
    let done = Arc::new(AtomicBool::new(false));
    let primary = servers.primary.url();
    let mut subscribers = JoinSet::new();
    for page_size in [1, 40, 1_000] {
        subscribers.spawn(follow(standby.clone(), page_size, Arc::clone(&done), primary.to_owned()));
    }
    let naive = tokio::spawn(follow_naively(Arc::clone(&done), servers.standby.url().to_owned()));
    write_all(&store, primary, seconds().div_ceil(2)).await;
    servers.caught_up().await;
    done.store(true, Ordering::Release);
    let committed = committed(&mut connect(primary).await).await;
    for seen in subscribers.join_all().await {
        assert_eq!(seen, committed);
    }
    let naive = naive.await.expect("no panic").seen;
    let lost = committed.iter().filter(|position| !naive.contains(position)).count();
    println!("{} events committed: the naive cursor on the standby lost {lost}", committed.len());
    assert!(lost > 0, "the bad case did not come up");
}
