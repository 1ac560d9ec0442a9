//! The history of the database changes while a program runs: a failover that lost the newest names, behind a
//! pooler that keeps the connections of its clients. The program's name ids belong to the lost history.

use std::sync::Arc;

use es_core::catalogue::Catalogue;
use es_core::record::{NewEvent, RawEvent};
use es_core::store::{
    AllQuery, Append, AppendIn, AppendOutcome, Checkpoint, CommandKey, CommandRecord, Decision, Filter, Find,
    FindEvents, Load, LoadItem, ReadAll, Remembered, StreamRange,
};
use es_core::{EventStore, Metadata, Revision, StoreError, StreamId};
use es_postgres::PostgresStore;
use es_postgres::testing::TestDatabase;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::rewind::{events_after, rewind};
use crate::support::{connect, sql};

fn event(name: &'static str) -> NewEvent {
    NewEvent::new(name, 1, b"{}".to_vec(), Arc::new(Metadata::new()))
}

fn stream(category: &str, key: &str) -> StreamId {
    StreamId::new(category, key).expect("a stream id")
}

async fn append(store: &PostgresStore, stream: &StreamId, expected: u64, name: &'static str) -> Uuid {
    let event = event(name);
    let append = Append::new(stream, Revision::new(expected), std::slice::from_ref(&event));
    let outcome = store.append(append).await.expect("appended");
    assert!(matches!(outcome, AppendOutcome::Appended(_)), "{outcome:?}");
    event.id
}

/// A program that knows lost names, whose ids have been given to other names since.
async fn behind(pooler: bool) -> (TestDatabase, PostgresStore, Uuid) {
    behind_after(pooler, async |_| ()).await
}

/// The same for a program that does something first.
async fn behind_after(
    pooler: bool,
    prepare: impl AsyncFnOnce(PostgresStore),
) -> (TestDatabase, PostgresStore, Uuid) {
    let database = TestDatabase::new().await.expect("a test database");
    database.store().await.expect("a migrated store").close().await;
    let open = async || {
        let options = database.options().transaction_pooler(pooler).connections(2);
        options.connect().await.expect("a store")
    };
    let store = open().await;
    append(&store, &stream("kept", "a"), 0, "first").await;
    prepare(store.clone()).await;
    append(&store, &stream("lost", "a"), 0, "lost").await;
    read_all(&store).await.expect("both");
    // Everything after the first event and the first registration of names.
    let lost = format!(
        "{}; DELETE FROM es.event_types WHERE id > 1; DELETE FROM es.categories WHERE id > 1;
         DELETE FROM es.registrations WHERE id > 3",
        events_after(1)
    );
    sql(&mut connect(database.url()).await, &rewind(&lost)).await;
    let other = open().await;
    let id = append(&other, &stream("other", "a"), 0, "other").await;
    other.close().await;
    (database, store, id)
}

/// The stored events, according to the tables.
async fn stored(database: &TestDatabase) -> Vec<(String, String, String)> {
    let log = "SELECT category, key, name FROM es.event_log ORDER BY position";
    sqlx::query_as(log).fetch_all(&mut connect(database.url()).await).await.expect("the events")
}

async fn assert_stored(database: &TestDatabase, expected: &[(&str, &str, &str)]) {
    let first = [("kept", "a", "first"), ("other", "a", "other")];
    let expected: Vec<_> = first.iter().chain(expected).copied().collect();
    let stored = stored(database).await;
    let stored: Vec<_> = stored.iter().map(|(c, k, n)| (c.as_str(), k.as_str(), n.as_str())).collect();
    assert_eq!(stored, expected);
}

async fn read_all(store: &PostgresStore) -> Result<Vec<(String, String)>, StoreError> {
    read_some(store, &Filter::new()).await
}

async fn read_some(store: &PostgresStore, filter: &Filter) -> Result<Vec<(String, String)>, StoreError> {
    let mut read = Vec::new();
    let mut take = |raw: RawEvent<'_>| {
        read.push((raw.stream.to_string(), raw.name.to_owned()));
        Ok(())
    };
    store.read_all(AllQuery::after(Checkpoint::START, filter), &mut take).await?;
    Ok(read)
}

#[tokio::test]
async fn an_append_is_stored_under_its_own_name() {
    for pooler in [false, true] {
        let (database, store, _) = behind(pooler).await;
        append(&store, &stream("lost", "a"), 0, "lost").await;
        append(&store, &stream("lost", "a"), 1, "first").await;
        append(&store, &stream("other", "a"), 1, "other").await;
        assert_stored(&database, &[("lost", "a", "lost"), ("lost", "a", "first"), ("other", "a", "other")])
            .await;
    }
}

#[tokio::test]
async fn the_next_event_of_a_kept_stream_is_stored_under_its_own_name() {
    for pooler in [false, true] {
        let (database, store, _) = behind(pooler).await;
        append(&store, &stream("kept", "a"), 1, "lost").await;
        assert_stored(&database, &[("kept", "a", "lost")]).await;
    }
}

/// The row of a registration is read at the address that the program knows; here it is elsewhere by now.
#[tokio::test]
async fn a_registration_whose_row_has_moved_is_found_by_its_token() {
    let database = TestDatabase::new().await.expect("a test database");
    let store = database.store().await.expect("a migrated store");
    let kept = stream("kept", "a");
    append(&store, &kept, 0, "first").await;
    append(&store, &kept, 1, "first").await;
    sql(&mut connect(database.url()).await, &rewind("UPDATE es.registrations SET token = token")).await;
    append(&store, &kept, 2, "first").await;
    append(&store, &kept, 3, "first").await;
    assert_eq!(stored(&database).await.len(), 4);
}

#[tokio::test]
async fn several_events_at_once_are_stored_under_their_own_names() {
    for pooler in [false, true] {
        let (database, store, _) = behind(pooler).await;
        let stream = stream("lost", "a");
        let events = [event("lost"), event("first")];
        let outcome = store.append(Append::new(&stream, Revision::EMPTY, &events)).await.expect("appended");
        assert!(matches!(outcome, AppendOutcome::Appended(_)), "{outcome:?}");
        assert_stored(&database, &[("lost", "a", "lost"), ("lost", "a", "first")]).await;
    }
}

#[tokio::test]
async fn batched_appends_are_stored_under_their_own_names() {
    for pooler in [false, true] {
        let (database, store, _) = behind(pooler).await;
        let streams = ["a", "b", "c", "d"].map(|key| stream("lost", key));
        let event = event("lost");
        // They are submitted before one is sent, so most of them are sent in one call.
        let mut submitted = Vec::new();
        for stream in &streams {
            let append = Append::new(stream, Revision::EMPTY, std::slice::from_ref(&event));
            submitted.push(store.submit(append).await.expect("taken"));
        }
        for outcome in submitted {
            assert!(matches!(outcome.await, Ok(AppendOutcome::Appended(_))));
        }
        let mut stored = stored(&database).await.split_off(2);
        stored.sort_unstable();
        let expected = ["a", "b", "c", "d"].map(|key| ("lost".to_owned(), key.to_owned(), "lost".to_owned()));
        assert_eq!(stored, expected);
    }
}

/// Their events are registered again in the current history.
#[tokio::test]
async fn appends_to_several_streams_are_stored_under_their_own_names() {
    #[es_core::event(name = "lost")]
    struct Event;
    #[derive(es_core::Aggregate, Default)]
    #[aggregate(name = "lost", id = String, events(Event))]
    struct Lost;
    impl es_core::Apply<Event> for Lost {
        fn apply(&mut self, _: Event) {}
    }
    for pooler in [false, true] {
        let register = async |store: PostgresStore| {
            store.register(&Catalogue::of::<Lost>().registrations()).await.expect("a new store");
        };
        let (database, store, _) = behind_after(pooler, register).await;
        let (lost, kept, event) = (stream("lost", "a"), stream("kept", "a"), event("lost"));
        let events = std::slice::from_ref(&event);
        let appends =
            [Append::new(&lost, Revision::EMPTY, events), Append::new(&kept, Revision::new(1), events)];
        for outcome in store.append_all(&appends).await.expect("appended") {
            assert!(matches!(outcome, AppendOutcome::Appended(_)), "{outcome:?}");
        }
        assert_stored(&database, &[("lost", "a", "lost"), ("kept", "a", "lost")]).await;
    }
}

/// What another program registered, and what was stored, is lost with the history.
#[tokio::test]
async fn appends_to_several_streams_are_refused_when_their_names_are_gone() {
    for pooler in [false, true] {
        let (database, store, _) = behind(pooler).await;
        let (lost, kept, event) = (stream("lost", "a"), stream("kept", "a"), event("lost"));
        let events = std::slice::from_ref(&event);
        let appends =
            [Append::new(&kept, Revision::new(1), events), Append::new(&lost, Revision::EMPTY, events)];
        let error = store.append_all(&appends).await.expect_err("it is not registered");
        assert!(matches!(error, StoreError::NotRegistered { name: "lost", version: 1, .. }), "{error}");
        assert_stored(&database, &[]).await;
    }
}

#[tokio::test]
async fn an_append_in_the_callers_transaction_is_stored_under_its_own_name() {
    for pooler in [false, true] {
        let (database, store, _) = behind(pooler).await;
        let mut connection = connect(database.url()).await;
        let mut tx = connection.begin().await.expect("a transaction");
        let (stream, event) = (stream("lost", "a"), event("lost"));
        let append = Append::new(&stream, Revision::EMPTY, std::slice::from_ref(&event));
        let outcome = store.append_in(&mut tx, append).await.expect("appended");
        assert!(matches!(outcome, AppendOutcome::Appended(_)), "{outcome:?}");
        assert_eq!(load_in(&store, &mut tx, &stream).await, ["lost"]);
        tx.commit().await.expect("committed");
        assert_stored(&database, &[("lost", "a", "lost")]).await;
    }
}

async fn load_in(store: &PostgresStore, tx: &mut PgConnection, stream: &StreamId) -> Vec<String> {
    let mut names = Vec::new();
    let mut take = |item: LoadItem<'_>| {
        if let LoadItem::Event(raw) = item {
            names.push(raw.name.to_owned());
        }
        Ok(())
    };
    store.load_in(tx, Load::all(stream), &mut take).await.expect("loaded");
    names
}

#[tokio::test]
async fn a_decision_is_remembered_for_its_own_stream() {
    for pooler in [false, true] {
        let (database, store, _) = behind(pooler).await;
        let (key, lost) = (CommandKey::from(Uuid::now_v7()), stream("lost", "a"));
        let command = CommandRecord::new(key, "nothing");
        let decision = Decision::empty(&lost, Revision::EMPTY, command);
        assert!(matches!(store.remember(decision).await, Ok(Remembered::Kept)));
        let category = "SELECT c.name FROM es.decisions d JOIN es.categories c ON c.id = d.category";
        let category: String =
            sqlx::query_scalar(category).fetch_one(&mut connect(database.url()).await).await.expect("a row");
        assert_eq!(category, "lost");
    }
}

#[tokio::test]
async fn events_are_read_under_the_names_that_they_have_now() {
    for pooler in [false, true] {
        let (database, store, id) = behind(pooler).await;
        let now = ("other/a".to_owned(), "other".to_owned());
        let other = stream("other", "a");
        // Each with a program of its own: the first read corrects what a program knows.
        let read: [(&str, Vec<(String, String)>); 6] = [
            ("load", {
                let mut connection = connect(database.url()).await;
                let mut tx = connection.begin().await.expect("a transaction");
                load_in(&store, &mut tx, &other)
                    .await
                    .into_iter()
                    .map(|name| ("other/a".into(), name))
                    .collect()
            }),
            ("forward", stream_of(&behind(pooler).await, StreamRange::ALL).await),
            ("backward", stream_of(&behind(pooler).await, StreamRange::ALL.backward()).await),
            ("find", {
                let (_database, store, id) = behind(pooler).await;
                found(&store, Find::Event(id)).await
            }),
            ("all", read_all(&behind(pooler).await.1).await.expect("a page").split_off(1)),
            ("some", {
                let some = Filter::new().event_name("other");
                read_some(&behind(pooler).await.1, &some).await.expect("a page")
            }),
        ];
        for (how, read) in read {
            assert_eq!(read, std::slice::from_ref(&now), "{how}");
        }
        assert_eq!(found(&store, Find::Event(id)).await, [now]);
    }
}

async fn stream_of(
    (_database, store, _): &(TestDatabase, PostgresStore, Uuid),
    range: StreamRange,
) -> Vec<(String, String)> {
    let mut read = Vec::new();
    let mut take = |raw: RawEvent<'_>| {
        read.push((raw.stream.to_string(), raw.name.to_owned()));
        Ok(())
    };
    store.read_stream(&stream("other", "a"), range, &mut take).await.expect("read");
    read
}

async fn found(store: &PostgresStore, what: Find) -> Vec<(String, String)> {
    let mut read = Vec::new();
    let mut take = |raw: RawEvent<'_>| {
        read.push((raw.stream.to_string(), raw.name.to_owned()));
        Ok(())
    };
    store.find(what, &mut take).await.expect("found");
    read
}
