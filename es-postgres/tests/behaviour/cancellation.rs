//! A future that is dropped in the middle of an append: all of it is written or nothing, and the store keeps
//! working.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use es_core::store::{Append, LoadItem, StreamRange};
use es_core::{EventStore, Revision, StoreError};

use crate::support::{Gate, append_one, appended, events, fresh, ids, number, stream, until};

#[tokio::test(flavor = "multi_thread")]
async fn an_append_dropped_at_the_gate_is_all_or_nothing() {
    let (database, _) = fresh().await;
    let store = database.options().connections(1).connect().await.expect("a store");
    let stream = stream("a");
    appended(append_one(&store, &stream, 0).await);
    let mut gate = Gate::closed(database.url()).await;
    let batch = events(5);
    let append = Append::new(&stream, Revision::new(1), &batch);
    {
        let sent = store.append(append);
        tokio::select! {
            outcome = sent => panic!("the gate is closed: {outcome:?}"),
            () = gate.wait_for(1) => {}
        }
    }
    let backend = gate.backend().await;
    gate.open().await;
    let gone = format!("NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {backend})");
    until(&mut gate.connection, &gone).await;
    let written = number(&mut gate.connection, "SELECT count(*) - 1 FROM es.events").await;
    assert_eq!(written, 5, "nothing stopped the running statement");
    // The only connection was closed; the next call gets a new one.
    appended(append_one(&store, &stream, 6).await);
}

/// Polls an append a given number of times and drops it, at every point where it can be dropped.
#[tokio::test]
async fn an_append_can_be_dropped_wherever_it_waits() {
    let (database, _) = fresh().await;
    let store = database.options().connections(2).connect().await.expect("a store");
    let stream = stream("a");
    for polls in 0..30 {
        let revision = ids(&store, &stream).await.len() as u64;
        let batch = events(3);
        {
            let mut append = pin!(store.append(Append::new(&stream, Revision::new(revision), &batch)));
            let mut left = polls;
            std::future::poll_fn(|context| {
                if left == 0 || append.as_mut().poll(context).is_ready() {
                    return Poll::Ready(());
                }
                left -= 1;
                Poll::Pending
            })
            .await;
        }
        // The dropped append holds the row until its backend is done; then it is stored or not.
        let mut next = revision;
        while let es_core::store::AppendOutcome::Conflict { actual } = append_one(&store, &stream, next).await
        {
            next = actual.get();
        }
        assert!(next == revision || next == revision + 3, "{} of 3 events were written", next - revision);
    }
}

#[tokio::test]
async fn a_read_that_its_sink_stops_leaves_the_store_usable() {
    let (database, _) = fresh().await;
    let store = database.options().connections(1).connect().await.expect("a store");
    let (stream, batch) = (stream("a"), events(2_000));
    appended(store.append(Append::new(&stream, Revision::EMPTY, &batch)).await.expect("an outcome"));
    for _ in 0..3 {
        let stop = || StoreError::Backend { source: "enough".into(), retryable: false };
        let stopped = store.read_stream(&stream, StreamRange::ALL, &mut |_| Err(stop())).await;
        assert!(matches!(stopped, Err(StoreError::Backend { .. })), "{stopped:?}");
        let load = es_core::store::Load::all(&stream);
        let mut sink = |item: LoadItem<'_>| match item {
            LoadItem::Event(event) if event.revision == Revision::new(1_000) => Err(stop()),
            _ => Ok(()),
        };
        assert!(matches!(store.load(load, &mut sink).await, Err(StoreError::Backend { .. })));
        assert_eq!(ids(&store, &stream).await.len(), 2_000);
    }
}

#[tokio::test]
async fn calls_on_a_closed_store_fail_with_closed() {
    let (_database, store) = fresh().await;
    appended(append_one(&store, &stream("a"), 0).await);
    store.close().await;
    let refused = store.append(Append::new(&stream("a"), Revision::new(1), &events(1))).await;
    let error = refused.expect_err("closed");
    assert_eq!(error.to_string(), "this store was closed");
}
