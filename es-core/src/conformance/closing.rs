//! Closing streams.

use super::fixture::{append, load, numbered, payloads, rows, stream};
use super::renames::{old, rename};
use crate::error::StoreError;
use crate::store::{Append, AppendOutcome, CloseStreams, EventStore, ListQuery, ListStreams, Load};
use crate::stream::Revision;

/// A stream is closed permanently, at the revision that the caller has seen; it can still be read.
pub async fn a_closed_stream_takes_no_more_events<S: EventStore + CloseStreams>(store: S) {
    let stream = stream("1");
    let close =
        async |revision| store.close_stream(&stream, Revision::new(revision)).await.expect("no error");
    assert!(!close(1).await, "a stream that does not exist");
    append(&store, &stream, 0, &numbered(1, 2)).await;
    assert!(!close(1).await, "a stream at a later revision");
    assert!(close(2).await);
    assert!(close(2).await, "closing again changes nothing");
    for expected in [0, 2, 3] {
        let events = numbered(3, 1);
        let error =
            store.append(Append::new(&stream, Revision::new(expected), &events)).await.expect_err("closed");
        assert!(matches!(&error, StoreError::StreamClosed { stream: s } if *s == stream), "{error}");
    }
    let (_, rows, head) = load(&store, Load::all(&stream)).await;
    assert_eq!(payloads(&rows), ["1", "2"]);
    assert!(head.closed);
}

/// A closed stream in a batch is an error, and nothing is written.
pub async fn a_batch_with_a_closed_stream_writes_nothing<S: EventStore + CloseStreams>(store: S) {
    let (a, b) = (stream("a"), stream("b"));
    append(&store, &b, 0, &numbered(1, 1)).await;
    assert!(store.close_stream(&b, Revision::new(1)).await.expect("no error"));
    let events = numbered(2, 1);
    let batch = [Append::new(&a, Revision::EMPTY, &events), Append::new(&b, Revision::new(1), &events)];
    let error = store.append_all(&batch).await.expect_err("closed");
    assert!(matches!(&error, StoreError::StreamClosed { stream } if *stream == b), "{error}");
    assert!(rows(&store, &a).await.is_empty());
}

/// A closed stream can be the stream of a condition: nobody can change it.
pub async fn a_closed_stream_meets_a_condition<S: EventStore + CloseStreams>(store: S) {
    let (read, written) = (stream("a"), stream("b"));
    append(&store, &read, 0, &numbered(1, 1)).await;
    assert!(store.close_stream(&read, Revision::new(1)).await.expect("no error"));
    let events = numbered(2, 1);
    let batch =
        |at| [Append::condition(&read, Revision::new(at)), Append::new(&written, Revision::EMPTY, &events)];
    let outcomes = store.append_all(&batch(0)).await.expect("no error");
    let conflict = AppendOutcome::Conflict { actual: Revision::new(1) };
    assert_eq!(outcomes, [conflict, AppendOutcome::NotWritten]);
    let outcomes = store.append_all(&batch(1)).await.expect("no error");
    assert!(outcomes.iter().all(|outcome| matches!(outcome, AppendOutcome::Appended(_))), "{outcomes:?}");
    assert_eq!(payloads(&rows(&store, &written).await), ["2"]);
}

/// A stream is closed under each name of its category.
pub async fn a_stream_is_closed_under_every_name<S: EventStore + CloseStreams>(store: S) {
    append(&store, &old("1"), 0, &numbered(1, 1)).await;
    rename(&store, "account", &["konto"]).await;
    append(&store, &stream("2"), 0, &numbered(1, 1)).await;
    for (closed, written) in [(old("2"), stream("2")), (stream("1"), old("1"))] {
        assert!(store.close_stream(&closed, Revision::new(1)).await.expect("no error"));
        let refused = store.append(Append::new(&written, Revision::new(1), &numbered(2, 1))).await;
        assert!(matches!(refused, Err(StoreError::StreamClosed { .. })), "{refused:?}");
    }
}

/// A closed stream is listed as such.
pub async fn a_closed_stream_is_listed_as_closed<S: EventStore + CloseStreams + ListStreams>(store: S) {
    for key in ["a", "b"] {
        append(&store, &stream(key), 0, &numbered(1, 2)).await;
    }
    assert!(store.close_stream(&stream("b"), Revision::new(2)).await.expect("no error"));
    let page = store.list_streams(ListQuery::category("account")).await.expect("a page");
    let listed: Vec<_> = page.iter().map(|summary| (summary.stream.key(), summary.closed)).collect();
    assert_eq!(listed, [("a", false), ("b", true)]);
}
