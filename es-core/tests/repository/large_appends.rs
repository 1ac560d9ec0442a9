//! Migrations of many events, in chunks: in order, only whole chunks, and never twice.

use std::sync::{Arc, Mutex};

use crate::common::{Account, Deposited, Meddler, Opened};
use es_core::bulk::{LargeAppend, LargeAppendError};
use es_core::record::NewEvent;
use es_core::store::{AllQuery, Checkpoint, Filter, ReadAll};
use es_core::uuid::Uuid;
use es_core::{Aggregate, Apply, MemoryStore, Metadata, Revision, StoreError, StreamId};

fn stream(key: u64) -> StreamId {
    StreamId::new("account", format!("A-{key}")).expect("a stream id")
}

/// The event of this number, under an id that is always its own.
fn event(nth: u64) -> NewEvent {
    let payload = format!("{{\"cents\":{nth}}}").into_bytes();
    let mut event = NewEvent::new("account.deposited", 1, payload, Arc::new(Metadata::new()));
    event.id = Uuid::from_u128(u128::from(nth) + 1);
    event
}

/// A history of 1,000 events of ten streams, one after the other in turn or in stretches.
fn history(stretch: u64) -> Vec<(StreamId, Revision, NewEvent)> {
    let mut revisions = [0; 10];
    let event = |nth: u64| {
        let key = nth / stretch % 10;
        let expected = Revision::new(revisions[usize::try_from(key).expect("small")]);
        revisions[usize::try_from(key).expect("small")] += 1;
        (stream(key), expected, event(nth))
    };
    (0..1_000).map(event).collect()
}

async fn stored<S: ReadAll>(store: &S) -> Vec<Uuid> {
    let (filter, mut found) = (Filter::new(), Vec::new());
    let query = AllQuery::after(Checkpoint::START, &filter).limit(10_000);
    store
        .read_all(query, &mut |event| {
            found.push(event.event_id);
            Ok(())
        })
        .await
        .expect("read");
    found
}

#[tokio::test]
async fn positions_follow_the_order_of_the_history_whatever_its_streams() {
    for stretch in [1, 7, 100] {
        let store = MemoryStore::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&seen);
        let mut migration = LargeAppend::new(&store)
            .aggregate::<Account>()
            .chunk(64)
            .on_progress(move |done| told.lock().expect("sound").push(done));
        let history = history(stretch);
        let ids: Vec<Uuid> = history.iter().map(|(_, _, event)| event.id).collect();
        for (stream, expected, event) in history {
            migration.push(stream, expected, vec![event]).await.expect("pushed");
        }
        let done = migration.finish().await.expect("finished");
        assert_eq!((done.events, done.passed_over), (1_000, 0));
        assert_eq!(stored(&store).await, ids, "stretch {stretch}");
        let seen = seen.lock().expect("sound");
        assert_eq!(seen.last(), Some(&done));
        assert!(
            seen.windows(2)
                .all(|pair| pair[0].events <= pair[1].events && pair[1].events - pair[0].events <= 64)
        );
    }
}

#[tokio::test]
async fn an_interrupted_migration_resumes_with_other_chunks_and_writes_nothing_twice() {
    let store = Meddler::default();
    let history = history(7);
    for (chunk, until) in [(64, 300), (50, 620), (128, 1_000)] {
        let mut migration = LargeAppend::new(&store).aggregate::<Account>().chunk(chunk);
        for (stream, expected, event) in history.iter().take(until).cloned() {
            migration.push(stream, expected, vec![event]).await.expect("pushed");
        }
        // The first two are dropped before their end, and with them the events that were not appended yet.
        if until == 1_000 {
            let done = migration.finish().await.expect("finished");
            assert_eq!(done.events + done.passed_over, 1_000);
            assert!(done.passed_over >= 500);
        }
    }
    assert_eq!(stored(&store.inner).await, history.iter().map(|(_, _, event)| event.id).collect::<Vec<_>>());
}

#[tokio::test]
async fn other_events_at_a_revision_are_a_conflict_and_nothing_of_the_chunk_is_written() {
    let store = Meddler::default();
    store.put("A-1", "account.deposited", 1, "{\"cents\":1}").await;
    let mut migration = LargeAppend::new(&store).aggregate::<Account>();
    migration.push(stream(0), Revision::EMPTY, vec![event(0)]).await.expect("gathered");
    migration.push(stream(1), Revision::EMPTY, vec![event(1)]).await.expect("gathered");
    let error = migration.finish().await.expect_err("other events");
    assert_eq!(
        error.to_string(),
        "stream \"account/A-1\": expected revision 0, found 1 with different events"
    );
    assert_eq!(stored(&store.inner).await.len(), 1);
    let mut migration = LargeAppend::new(&store).aggregate::<Account>();
    migration.push(stream(2), Revision::new(3), vec![event(2)]).await.expect("gathered");
    let error = migration.finish().await.expect_err("a hole");
    assert!(
        matches!(error, LargeAppendError::Conflict { actual, .. } if actual == Revision::EMPTY),
        "{error}"
    );
}

#[tokio::test]
async fn an_event_that_the_store_refuses_ends_it_with_the_stores_own_error() {
    let store = MemoryStore::new();
    let mut migration = LargeAppend::new(&store).aggregate::<Account>();
    let mut bad = event(0);
    bad.name = "account.opened";
    bad.payload = b"{\"owner\":\"\\u0000\"}".to_vec();
    migration.push(stream(0), Revision::EMPTY, vec![bad]).await.expect("gathered");
    let error = migration.finish().await.expect_err("a NUL");
    assert!(matches!(error, LargeAppendError::Store(StoreError::NulCharacter { .. })), "{error}");
}

/// The outcome of the last push of a migration that was valid until then.
async fn refused(bad: NewEvent) -> LargeAppendError {
    let store = MemoryStore::new();
    let mut migration = LargeAppend::new(&store).aggregate::<Account>();
    migration.push(stream(0), Revision::EMPTY, vec![event(0)]).await.expect("gathered");
    migration.push(stream(1), Revision::EMPTY, vec![bad]).await.expect("gathered");
    let error = migration.finish().await.expect_err("refused");
    assert!(stored(&store).await.is_empty(), "nothing of the chunk is written");
    error
}

#[tokio::test]
async fn what_the_aggregate_cannot_read_is_not_written() {
    let changed = |change: &dyn Fn(&mut NewEvent)| {
        let mut event = event(7);
        change(&mut event);
        event
    };
    for (name, version) in [("account.deposit", 1), ("account.deposited", 2), ("account.deposited", 0)] {
        let error = refused(changed(&|event| (event.name, event.version) = (name, version))).await;
        let LargeAppendError::Store(StoreError::NotRegistered { name: found, version: of, .. }) = error
        else {
            panic!("{error}")
        };
        assert_eq!((found, of), (name, version));
    }
    for payload in ["{}", "{\"cents\":\"7\"}", "7", "{\"cents\":7"] {
        let error = refused(changed(&|event| event.payload = payload.into())).await;
        assert!(
            matches!(
                error,
                LargeAppendError::Store(StoreError::NotReadable { name: "account.deposited", .. })
            ),
            "{payload}: {error}"
        );
    }
}

/// Takes two events in all.
#[derive(Aggregate, Default)]
#[aggregate(name = "account", id = String, events(Deposited))]
struct Full(u64);

impl Apply<Deposited> for Full {
    fn apply(&mut self, _: Deposited) {
        self.0 += 1;
        assert!(self.0 < 3, "full");
    }
}

#[tokio::test]
async fn a_stream_that_cannot_be_folded_is_not_written_even_across_chunks() {
    for chunk in [1, 2, 3, 10] {
        let store = MemoryStore::new();
        let mut migration = LargeAppend::new(&store).aggregate::<Full>().chunk(chunk);
        let mut end = Ok(());
        for nth in 0..3 {
            end = migration.push(stream(0), Revision::new(nth), vec![event(nth)]).await;
        }
        let end = match end {
            Ok(()) => migration.finish().await.map(|_| ()),
            failed => failed,
        };
        let error = end.expect_err("the third event");
        assert!(
            matches!(
                &error,
                LargeAppendError::Store(StoreError::NotApplicable { name: "account.deposited", .. })
            ),
            "{error}"
        );
        assert!(stored(&store).await.len() < 3, "chunks of {chunk}");
    }
}

#[tokio::test]
async fn a_stream_of_no_aggregate_is_refused_at_once() {
    let store = MemoryStore::new();
    let other = StreamId::new("acount", "A-1").expect("a stream id");
    let mut migration = LargeAppend::new(&store).aggregate::<Account>();
    let error = migration.push(other.clone(), Revision::EMPTY, vec![event(0)]).await.expect_err("a typo");
    assert!(matches!(&error, LargeAppendError::NoAggregate { stream } if *stream == other), "{error}");
    assert_eq!(migration.finish().await.expect("nothing was pushed").events, 0);
}

#[tokio::test]
async fn typed_events_of_many_streams_are_encoded_as_commands_do() {
    let store = MemoryStore::new();
    let metadata = Arc::new(Metadata::new().actor("migration"));
    let mut migration = LargeAppend::new(&store).aggregate::<Account>().chunk(8);
    for key in 0..10 {
        let mut events = NewEvent::of::<Account>(Opened { owner: "Ann".into() }, &metadata).expect("JSON");
        events.extend(NewEvent::of::<Account>(Deposited { cents: 5 }, &metadata).expect("JSON"));
        migration.push(stream(key), Revision::EMPTY, events).await.expect("pushed");
    }
    assert_eq!(migration.finish().await.expect("finished").events, 20);
    let accounts = es_core::Repository::<Account, _>::new(store);
    for key in 0..10 {
        let loaded = accounts.load(&format!("A-{key}")).await.expect("a state");
        assert_eq!((loaded.state.open, loaded.state.cents, loaded.revision.get()), (true, 5, 2));
    }
}
