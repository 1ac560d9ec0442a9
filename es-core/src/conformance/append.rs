//! Appending to one stream.

use std::sync::Arc;

use tokio::task::JoinSet;
use uuid::Uuid;

use super::fixture::{append, appended, command, event, load, numbered, payloads, revisions, rows, stream};
use crate::error::StoreError;
use crate::record::{Metadata, NewEvent};
use crate::store::{Append, AppendOutcome, CommandRecord, Decision, EventStore, Limits, Load, StreamHead};
use crate::stream::Revision;

/// Revisions are 1, 2, 3 … across all appends.
pub async fn an_append_counts_revisions_without_gaps<S: EventStore>(store: S) {
    let stream = stream("1");
    append(&store, &stream, 0, &numbered(1, 1)).await;
    append(&store, &stream, 1, &numbered(2, 3)).await;
    let last = event("5");
    append(&store, &stream, 4, std::slice::from_ref(&last)).await;
    let rows = rows(&store, &stream).await;
    assert_eq!(revisions(&rows), [1, 2, 3, 4, 5]);
    assert_eq!(payloads(&rows), ["1", "2", "3", "4", "5"]);
    let (_, _, head) = load(&store, Load::all(&stream)).await;
    assert_eq!(head, StreamHead::new(Revision::new(5), Some(last.id)));
}

/// An append at another revision is a conflict with the actual revision, and nothing is written.
pub async fn an_append_at_another_revision_is_a_conflict<S: EventStore>(store: S) {
    let (stream, missing) = (stream("1"), stream("2"));
    append(&store, &stream, 0, &numbered(1, 2)).await;
    for (stream, expected, actual) in
        [(&stream, 0, 2), (&stream, 1, 2), (&stream, 3, 2), (&stream, 9, 2), (&missing, 1, 0)]
    {
        let events = numbered(7, 2);
        let outcome = store.append(Append::new(stream, Revision::new(expected), &events)).await;
        assert_eq!(outcome.expect("no error"), AppendOutcome::Conflict { actual: Revision::new(actual) });
    }
    assert_eq!(payloads(&rows(&store, &stream).await), ["1", "2"]);
    assert!(rows(&store, &missing).await.is_empty());
}

/// An append after a different last event than the caller has seen is a conflict, whatever the revision.
pub async fn an_append_after_another_last_event_is_a_conflict<S: EventStore>(store: S) {
    let stream = stream("1");
    let first = event("1");
    append(&store, &stream, 0, std::slice::from_ref(&first)).await;
    let next = numbered(2, 1);
    let guarded = |head| Append::new(&stream, Revision::new(1), &next).last_event_id(Some(head));
    let outcome = store.append(guarded(Uuid::now_v7())).await.expect("no error");
    assert_eq!(outcome, AppendOutcome::Conflict { actual: Revision::new(1) });
    appended(store.append(guarded(first.id)).await.expect("no error"));
    assert_eq!(payloads(&rows(&store, &stream).await), ["1", "2"]);
}

/// Of many concurrent appends at one revision exactly one wins, on a new or an existing stream; the others
/// get a conflict.
pub async fn of_concurrent_appends_exactly_one_wins<S: EventStore + 'static>(store: S) {
    const WRITERS: u64 = 32;
    let store = Arc::new(store);
    let stream = stream("1");
    for expected in 0..5 {
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let (store, stream) = (Arc::clone(&store), stream.clone());
            writers.spawn(async move {
                let events = numbered(writer, 1);
                store.append(Append::new(&stream, Revision::new(expected), &events)).await
            });
        }
        let outcomes = writers.join_all().await;
        let won = outcomes.iter().filter(|o| matches!(o, Ok(AppendOutcome::Appended(_)))).count();
        assert_eq!(won, 1, "winners at revision {expected}");
        let actual = Revision::new(expected + 1);
        let lost = outcomes
            .iter()
            .filter(|o| matches!(o, Ok(AppendOutcome::Conflict { actual: a }) if *a == actual));
        assert_eq!(lost.count() as u64, WRITERS - 1, "losers at revision {expected}: {outcomes:?}");
    }
    assert_eq!(revisions(&rows(&*store, &stream).await), [1, 2, 3, 4, 5]);
}

/// Writers of different streams do not block each other.
pub async fn concurrent_appends_to_many_streams_all_win<S: EventStore + 'static>(store: S) {
    let store = Arc::new(store);
    let mut writers = JoinSet::new();
    for writer in 0..16_u64 {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            let stream = stream(&writer.to_string());
            for expected in 0..10 {
                append(&*store, &stream, expected, &numbered(expected + 1, 1)).await;
            }
            rows(&*store, &stream).await
        });
    }
    let mut positions = Vec::new();
    for rows in writers.join_all().await {
        assert_eq!(revisions(&rows), (1..=10).collect::<Vec<_>>());
        assert!(rows.is_sorted_by_key(|row| row.position), "a stream's positions increase");
        positions.extend(rows.iter().map(|row| row.position));
    }
    positions.sort_unstable();
    positions.dedup();
    assert_eq!(positions.len(), 160, "a position was assigned twice");
}

/// Positions increase from event to event, and an append returns the positions of its events.
pub async fn positions_increase_within_and_across_appends<S: EventStore>(store: S) {
    let (left, right) = (stream("1"), stream("2"));
    let mut returned = Vec::new();
    let mut stored = Vec::new();
    for (stream, expected, count) in [(&left, 0, 3), (&right, 0, 2), (&left, 3, 2)] {
        let appended = append(&store, stream, expected, &numbered(1, count)).await;
        returned.extend(appended.positions.iter().map(|position| position.get()));
        let rows = rows(&store, stream).await;
        let skip = usize::try_from(expected).expect("small");
        stored.extend(rows[skip..].iter().map(|row| row.position));
    }
    assert_eq!(returned, stored);
    assert!(returned.is_sorted_by(|a, b| a < b), "{returned:?}");
}

/// A thousand events in one append are stored in order.
pub async fn a_large_append_keeps_its_order<S: EventStore>(store: S) {
    let stream = stream("1");
    let appended = append(&store, &stream, 0, &numbered(1, 1_000)).await;
    assert_eq!(appended.positions.len(), 1_000);
    let rows = rows(&store, &stream).await;
    assert!(rows.iter().all(|row| row.payload == row.revision.to_string()));
    assert_eq!(revisions(&rows), (1..=1_000).collect::<Vec<_>>());
}

/// No events, too many bytes, and NUL characters are typed errors; nothing is written, not even valid events
/// of the same append.
pub async fn bad_input_is_refused_and_nothing_is_written<S: EventStore>(store: S) {
    let stream = stream("1");
    let with = |metadata| NewEvent::new("account.noted", 1, b"1".to_vec(), Arc::new(metadata));
    let long = "x".repeat(Limits::default().payload_bytes);
    let refused = [
        (vec![], "empty"),
        (vec![event("1"), event(&format!("\"{long}\""))], "too large"),
        (vec![event("1"), event(r#"{"name":"a\u0000b"}"#)], "NUL"),
        (vec![with(Metadata::new().actor("a\0b"))], "NUL"),
        (vec![with(Metadata::new().entry("a\0b", 1))], "NUL"),
        (vec![with(Metadata::new().entry("note", long))], "too large"),
    ];
    for (events, why) in refused {
        let error = store.append(Append::new(&stream, Revision::EMPTY, &events)).await.expect_err(why);
        let kind = match &error {
            StoreError::EmptyAppend { .. } => "empty",
            StoreError::TooLarge { .. } => "too large",
            StoreError::NulCharacter { .. } => "NUL",
            other => panic!("{why}: {other}"),
        };
        assert_eq!(kind, why, "{error}");
        assert!(!error.is_retryable());
    }
    assert!(rows(&store, &stream).await.is_empty());
    let harmless = [event(r#"{"name":"a\\u0000b"}"#)];
    append(&store, &stream, 0, &harmless).await;
}

/// What not every store can store is rejected by every store: payloads that are not JSON, names with NUL
/// characters, versions out of range. By itself, among others, submitted and remembered; nothing is written.
pub async fn what_not_every_store_can_hold_is_refused<S: EventStore>(store: S) {
    let deep = "[".repeat(128) + &"]".repeat(128);
    let no_json: [&[u8]; 12] = [
        b"",
        b"{",
        b"1e",
        b"01",
        b"nul",
        b"1 2",
        b"{'a':1}",
        b"[1,]",
        br#""\ug000""#,
        b"\"\x01\"",
        b"\"\xff\"",
        deep.as_bytes(),
    ];
    let events = no_json.map(|payload| (of("account.noted", 1, payload), "not JSON"));
    let types =
        [("account.noted", 0), ("account.noted", 1 << 31), ("account.noted", u32::MAX), ("", 1), ("a\0b", 1)];
    let types = types.map(|(name, version)| (of(name, version, b"1"), "type"));
    for (event, why) in events.into_iter().chain(types) {
        is_refused(&store, event, why).await;
    }
    a_command_name_is_refused(&store).await;
    for (name, was) in
        [("acc\0unt", "account"), ("account", "acc\0unt"), ("account", ""), ("a\nb", "account")]
    {
        let error = store.rename_category(name, &[was]).await.expect_err("not a valid category");
        assert!(matches!(error, StoreError::InvalidStreamId(_)), "{error}");
    }
    for stream in &[stream("1"), stream("2")] {
        assert!(rows(&store, stream).await.is_empty());
        let wide = format!("[{}1e999]", "[],".repeat(500));
        append(&store, stream, 0, &[of("account.noted", i32::MAX.unsigned_abs(), wide.as_bytes())]).await;
    }
}

/// An event of any name, version and payload.
fn of(name: &'static str, version: u32, payload: &[u8]) -> NewEvent {
    NewEvent::new(name, version, payload.to_vec(), Arc::new(Metadata::new()))
}

/// For each way to append, also together with a valid append.
async fn is_refused(store: &impl EventStore, event: NewEvent, why: &str) {
    let (bad, good) = (stream("1"), stream("2"));
    let (events, others) = ([self::event("1"), event], numbered(1, 1));
    let append = Append::new(&bad, Revision::EMPTY, &events);
    let beside = Append::new(&good, Revision::EMPTY, &others);
    let submitted = match store.submit(append).await {
        Ok(outcome) => outcome.await.map(drop),
        Err(error) => Err(error),
    };
    let refused = [
        store.append(append).await.map(drop),
        store.append_all(&[beside, append]).await.map(drop),
        submitted,
    ];
    for refused in refused {
        let error = refused.expect_err(why);
        let (kind, of) = match &error {
            StoreError::NotJson { stream, name: "account.noted", .. } => ("not JSON", stream),
            StoreError::InvalidEventType { stream, .. } => ("type", stream),
            other => panic!("{why}: {other}"),
        };
        assert_eq!((kind, of), (why, &bad), "{error}");
        assert!(!error.is_retryable() && !error.to_string().contains('\0'), "{error}");
    }
}

async fn a_command_name_is_refused(store: &impl EventStore) {
    let bad = stream("1");
    let record = CommandRecord { name: "No\0te", ..command(Uuid::now_v7()) };
    let events = numbered(1, 1);
    let append = Append::new(&bad, Revision::EMPTY, &events).command(Some(record));
    let refused = [
        store.append(append).await.map(drop),
        store.append_all(&[append]).await.map(drop),
        store.remember(Decision::rejected(&bad, Revision::EMPTY, record)).await.map(drop),
    ];
    for refused in refused {
        let error = refused.expect_err("a NUL character");
        assert!(matches!(&error, StoreError::InvalidCommandName { stream, .. } if *stream == bad), "{error}");
    }
}

/// The payloads and metadata of one call share a limit, however many streams it writes to; nothing is written
/// beyond it.
pub async fn an_append_has_a_limit_of_bytes<S: EventStore>(store: S) {
    let limits = store.limits();
    assert!(limits.append_bytes < usize::MAX && limits.payload_bytes < limits.append_bytes, "{limits:?}");
    let (a, b) = (stream("1"), stream("2"));
    let half = limits.payload_bytes / 2;
    let count = limits.append_bytes / (2 * half) + 1;
    let metadata = Arc::new(Metadata::new().entry("note", "x".repeat(half)));
    let event = NewEvent::new("account.noted", 1, format!("\"{}\"", "x".repeat(half)).into(), metadata);
    let events: Vec<_> =
        std::iter::repeat_with(|| NewEvent { id: Uuid::now_v7(), ..event.clone() }).take(count).collect();
    let (left, right) = events.split_at(count / 2);
    let refused = [
        store.append(Append::new(&a, Revision::EMPTY, &events)).await.map(drop),
        store
            .append_all(&[Append::new(&b, Revision::EMPTY, left), Append::new(&a, Revision::EMPTY, right)])
            .await
            .map(drop),
    ];
    for refused in refused {
        let error = refused.expect_err("too much");
        let StoreError::AppendTooLarge { stream, bytes, limit } = &error else { panic!("{error}") };
        assert!(*stream == a && bytes > limit && *limit == limits.append_bytes, "{error}");
        assert!(!error.is_retryable());
    }
    assert!(rows(&store, &a).await.is_empty() && rows(&store, &b).await.is_empty());
    append(&store, &a, 0, left).await;
}
