//! Appending to several streams in one call.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::fixture::{append, appended, numbered, payloads, rows, stream};
use super::registration::{TEXT, events, register};
use crate::error::StoreError;
use crate::record::{Metadata, NewEvent};
use crate::store::{Append, AppendOutcome, EventStore};
use crate::stream::Revision;

/// New and existing streams get their events in one call; outcomes are in the order of the appends.
pub async fn a_batch_is_written_to_all_streams<S: EventStore>(store: S) {
    let (old, new) = (stream("b"), stream("a"));
    append(&store, &old, 0, &numbered(1, 1)).await;
    let (for_old, for_new) = (numbered(2, 2), numbered(1, 3));
    let batch = [Append::new(&old, Revision::new(1), &for_old), Append::new(&new, Revision::EMPTY, &for_new)];
    let outcomes = store.append_all(&batch).await.expect("a batch");
    let counts: Vec<_> = outcomes.into_iter().map(|outcome| appended(outcome).positions.len()).collect();
    assert_eq!(counts, [2, 3]);
    assert_eq!(payloads(&rows(&store, &old).await), ["1", "2", "3"]);
    assert_eq!(payloads(&rows(&store, &new).await), ["1", "2", "3"]);
    assert!(store.append_all(&[]).await.expect("an empty batch").is_empty());
}

/// If one stream is at another revision, no stream is written, and the outcomes tell which one it was.
pub async fn a_batch_with_one_conflict_writes_nothing<S: EventStore>(store: S) {
    let (a, b, c) = (stream("a"), stream("b"), stream("c"));
    append(&store, &b, 0, &numbered(1, 1)).await;
    let events = numbered(7, 1);
    let batch = [&a, &b, &c].map(|stream| Append::new(stream, Revision::EMPTY, &events));
    let outcomes = store.append_all(&batch).await.expect("no error");
    let conflict = AppendOutcome::Conflict { actual: Revision::new(1) };
    assert_eq!(outcomes, [AppendOutcome::NotWritten, conflict, AppendOutcome::NotWritten]);
    assert!(rows(&store, &a).await.is_empty() && rows(&store, &c).await.is_empty());
    assert_eq!(payloads(&rows(&store, &b).await), ["1"]);
}

/// The same stream twice in one call is a typed error, even if it is only a condition; nothing is written.
pub async fn a_batch_that_names_a_stream_twice_is_refused<S: EventStore>(store: S) {
    let (a, b) = (stream("a"), stream("b"));
    let events = numbered(1, 1);
    let batch = [&a, &b, &a].map(|stream| Append::new(stream, Revision::EMPTY, &events));
    let error = store.append_all(&batch).await.expect_err("a stream twice");
    assert!(matches!(&error, StoreError::DuplicateStream { stream } if *stream == a), "{error}");
    let batch = [Append::new(&b, Revision::EMPTY, &events), Append::condition(&b, Revision::EMPTY)];
    let error = store.append_all(&batch).await.expect_err("a stream twice");
    assert!(matches!(&error, StoreError::DuplicateStream { stream } if *stream == b), "{error}");
    assert!(rows(&store, &a).await.is_empty() && rows(&store, &b).await.is_empty());
}

/// Batches on the same streams in different orders do not deadlock: each is written or is a conflict.
pub async fn batches_in_opposite_orders_do_not_block_each_other<S: EventStore + 'static>(store: S) {
    append(&store, &stream("first"), 0, &numbered(1, 1)).await;
    let store = Arc::new(store);
    let mut writers = JoinSet::new();
    for writer in 0..8_usize {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            let mut won = 0;
            for round in 0..25_u64 {
                let streams: Vec<_> = (0..6).map(|n| stream(&format!("{round}/{n}"))).collect();
                let events = numbered(round, 1);
                let mut batch: Vec<_> =
                    streams.iter().map(|stream| Append::new(stream, Revision::EMPTY, &events)).collect();
                batch.rotate_left(writer % 6);
                if writer % 2 == 0 {
                    batch.reverse();
                }
                let outcomes = store.append_all(&batch).await.expect("written or a conflict");
                let written = outcomes.iter().filter(|o| matches!(o, AppendOutcome::Appended(_))).count();
                assert!(written == 0 || written == 6, "all or nothing, not {written}");
                won += usize::from(written == 6);
            }
            won
        });
    }
    let won: usize = writers.join_all().await.into_iter().sum();
    assert_eq!(won, 25, "one winner a round");
}

/// A batch accepts registered events, under all their names, and events that are already stored; others are
/// rejected, and nothing is written.
pub async fn a_batch_takes_registered_events_only<S: EventStore>(store: S) {
    let (a, b) = (stream("a"), stream("b"));
    let named = |name, version| {
        let payload = b"1".to_vec();
        [NewEvent::new(name, version, payload, Arc::new(Metadata::new()))]
    };
    let append_both = async |expected, name, version| {
        let events = named(name, version);
        let batch = [&a, &b].map(|stream| Append::new(stream, Revision::new(expected), &events));
        store.append_all(&batch).await.map(|outcomes| outcomes.into_iter().map(appended).count())
    };
    for (name, version) in [("account.noted", 1), ("account.remarked", 1)] {
        let error = append_both(0, name, version).await.expect_err("nobody has registered it");
        let StoreError::NotRegistered { stream, name: refused, version: of } = error else {
            panic!("{error}")
        };
        assert_eq!((stream, refused, of), (a.clone(), name, version));
    }
    assert!(rows(&store, &a).await.is_empty() && rows(&store, &b).await.is_empty());

    register(&store, &events(&[("account.noted", 2, &["account.remarked"], TEXT)])).await;
    for (expected, name) in [(0, "account.noted"), (1, "account.remarked")] {
        assert_eq!(append_both(expected, name, 2).await.expect("registered"), 2);
    }
    append_both(2, "account.noted", 3).await.expect_err("a version of the future");
    // A single append makes the name of its event known.
    append(&store, &stream("c"), 0, &named("account.closed", 1)).await;
    assert_eq!(append_both(2, "account.closed", 1).await.expect("known"), 2);
    assert_eq!(rows(&store, &a).await.len(), 3);
}
