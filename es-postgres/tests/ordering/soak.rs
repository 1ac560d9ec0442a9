//! Many writers, random pauses, rollbacks; four subscribers; and the naive cursor for comparison.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use es_core::record::RawEvent;
use es_core::subscription::Subscription;
use es_core::uuid::Uuid;
use es_postgres::PostgresStore;
use sqlx::Connection;
use tokio::task::JoinSet;

use crate::support::{LONG, Naive, append, append_in, committed, connect, fresh};

/// Writers with transactions of their own.
const WRITERS: usize = 16;
/// Writers whose appends go through the lanes of the store, several in each transaction.
const IN_LANES: usize = 6;

/// How long the writers write: `ES_SOAK_SECONDS`, or 10.
pub(crate) fn seconds() -> u64 {
    std::env::var("ES_SOAK_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(10)
}

/// Anything below `bound`: the random bits of a fresh id.
fn random(bound: u64) -> u64 {
    (Uuid::now_v7().as_u64_pair().1 & 0xFFFF_FFFF) % bound
}

/// Appends in transactions that pause before and after they draw a position.
async fn write(store: PostgresStore, url: String, writer: usize, end: Instant) -> u64 {
    let mut connection = connect(&url).await;
    let (key, mut revision, mut rolled_back) = (format!("writer {writer}"), 0, 0);
    let pause = async || {
        if random(3) > 0 {
            tokio::time::sleep(Duration::from_micros(random(8_000))).await;
        }
    };
    while Instant::now() < end {
        let mut tx = connection.begin().await.expect("a transaction");
        pause().await;
        append_in(&store, &mut tx, &key, revision).await;
        pause().await;
        if random(100) < 15 {
            tx.rollback().await.expect("rolled back");
            rolled_back += 1;
        } else {
            tx.commit().await.expect("committed");
            revision += 1;
        }
    }
    rolled_back
}

/// Appends as commands do, so that those of several writers are batched.
async fn write_in_lanes(store: PostgresStore, writer: usize, end: Instant) -> u64 {
    let (key, mut revision) = (format!("in lanes {writer}"), 0);
    while Instant::now() < end {
        append(&store, &key, revision).await;
        revision += 1;
        if random(4) == 0 {
            tokio::time::sleep(Duration::from_micros(random(4_000))).await;
        }
    }
    0
}

/// Appends in every way for this time; returns how many were rolled back.
pub(crate) async fn write_all(store: &PostgresStore, url: &str, seconds: u64) -> u64 {
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(store.clone(), url.to_owned(), writer, end));
    }
    for writer in 0..IN_LANES {
        writers.spawn(write_in_lanes(store.clone(), writer, end));
    }
    writers.join_all().await.into_iter().sum()
}

/// Follows a store until `done`, and then up to the last position at `url`; returns all positions.
pub(crate) async fn follow(
    store: PostgresStore,
    page_size: usize,
    done: Arc<AtomicBool>,
    url: String,
) -> Vec<u64> {
    let mut subscription =
        Subscription::new(store).page_size(page_size).poll_every(Duration::from_millis(50));
    let mut seen = Vec::new();
    let mut oracle = None;
    let deadline = Instant::now() + Duration::from_secs(seconds()) + LONG;
    loop {
        if oracle.is_none() && done.load(Ordering::Acquire) {
            oracle = Some(committed(&mut connect(&url).await).await.len());
        }
        if oracle.is_some_and(|committed| seen.len() >= committed) || Instant::now() > deadline {
            return seen;
        }
        let mut new = Vec::new();
        let mut take = |raw: RawEvent<'_>| {
            new.push(raw.position.get());
            Ok(())
        };
        // Woken from time to time, to see whether the writers are done. Events that a dropped call has
        // delivered are delivered again.
        let page = tokio::time::timeout(Duration::from_secs(1), subscription.next_page(&mut take)).await;
        if let Ok(page) = page {
            page.expect("a page");
            seen.extend(new);
        }
    }
}

/// The naive cursor, at the server of this URL.
pub(crate) async fn follow_naively(done: Arc<AtomicBool>, url: String) -> Naive {
    let (mut connection, mut naive) = (connect(&url).await, Naive::default());
    while !done.load(Ordering::Acquire) {
        naive.read(&mut connection).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    naive.read(&mut connection).await;
    naive
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_committed_event_is_seen_once_in_order_by_every_subscriber() {
    let (database, store) = fresh().await;
    // Two subscribers share the writers' store; two act as another process.
    let other = database.options().connect().await.expect("a store");
    let done = Arc::new(AtomicBool::new(false));

    let mut subscribers = JoinSet::new();
    for number in 0..4_usize {
        let store = if number % 2 == 0 { store.clone() } else { other.clone() };
        let url = database.url().to_owned();
        subscribers.spawn(follow(store, 1 + 37 * number, Arc::clone(&done), url));
    }
    let naive = tokio::spawn(follow_naively(Arc::clone(&done), database.url().to_owned()));
    let rolled_back = write_all(&store, database.url(), seconds()).await;
    done.store(true, Ordering::Release);

    let committed = committed(&mut connect(database.url()).await).await;
    let naive = naive.await.expect("no panic").seen;
    let lost_by_naive = committed.iter().filter(|position| !naive.contains(position)).count();
    let mut lost = 0;
    for seen in subscribers.join_all().await {
        let seen_set: std::collections::HashSet<u64> = seen.iter().copied().collect();
        lost += committed.iter().filter(|position| !seen_set.contains(position)).count();
        assert!(seen.is_sorted_by(|one, next| one < next), "out of order, or twice");
        let same = seen.iter().zip(&committed).take_while(|(seen, committed)| seen == committed).count();
        assert!(
            seen.len() == committed.len() && same == seen.len(),
            "{} of {}, the same up to {same}",
            seen.len(),
            committed.len()
        );
    }
    println!(
        "{} events committed, {rolled_back} appends rolled back: the naive cursor lost {lost_by_naive}, four subscribers lost {lost}",
        committed.len()
    );
    assert!(rolled_back > 0 && committed.len() > WRITERS);
    assert!(lost_by_naive > 0, "the bad case did not come up");
}
