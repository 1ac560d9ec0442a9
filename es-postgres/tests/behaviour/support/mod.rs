//! Databases, events and the tools that force an interleaving.

mod busy;
mod gate;
mod lines;
mod roles;
mod wrong;

use std::sync::Arc;
use std::time::Duration;

use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome, Appended, CommandKey, CommandRecord, Load, LoadItem};
use es_core::{EventStore, Metadata, Revision, StreamId};
use es_postgres::PostgresStore;
use es_postgres::testing::{Proxy, TestDatabase};
use uuid::Uuid;

pub(crate) use crate::database::{LONG, MOMENT, connect, number, sql, until};
pub(crate) use busy::{Busy, conflict, spawn, submit};
pub(crate) use gate::Gate;
pub(crate) use lines::Warnings;
pub(crate) use roles::{drop_role, role, texts, url_of, writer};
pub(crate) use wrong::wrong;

/// A fresh database and a store in it.
pub(crate) async fn fresh() -> (TestDatabase, PostgresStore) {
    let database = TestDatabase::new().await.expect("a test database");
    let store = another(&database).await;
    (database, store)
}

/// Registers the event of [`events`], as an aggregate that lists it would.
pub(crate) async fn register_counted(database: &TestDatabase) {
    let register = "SELECT es.register_names('{account}', '{account.counted}', '{1}')";
    sql(&mut connect(database.url()).await, register).await;
}

/// Longer than a test holds a lock.
const LONG_LOCK_TIMEOUT: Duration = Duration::from_secs(60);

/// Another program on the same database, as appends of one store never compete in the database. It waits long
/// for locks that a test holds.
pub(crate) async fn another(database: &TestDatabase) -> PostgresStore {
    let options = database.options().append_lock_timeout(LONG_LOCK_TIMEOUT);
    options.connect().await.expect("a migrated store")
}

/// A store that waits as long, without a connection for NOTIFY.
pub(crate) async fn patient(url: &str) -> PostgresStore {
    let options = PostgresStore::options(url).notify(false).append_lock_timeout(LONG_LOCK_TIMEOUT);
    options.connect().await.expect("a store")
}

/// A proxy in front of the database.
pub(crate) async fn proxy_before(database: &TestDatabase) -> Proxy {
    Proxy::before(database.url()).await.expect("a proxy")
}

pub(crate) fn stream(key: &str) -> StreamId {
    StreamId::new("account", key).expect("a stream id")
}

pub(crate) fn events(count: usize) -> Vec<NewEvent> {
    let metadata = Arc::new(Metadata::new().actor("clerk"));
    let payload = |nth: usize| format!("{{\"nth\": {nth}}}").into_bytes();
    (0..count).map(|nth| NewEvent::new("account.counted", 1, payload(nth), Arc::clone(&metadata))).collect()
}

pub(crate) fn command(id: Uuid) -> CommandRecord<'static> {
    CommandRecord::new(CommandKey::new(id), "count")
}

pub(crate) fn appended(outcome: AppendOutcome) -> Appended {
    match outcome {
        AppendOutcome::Appended(appended) => appended,
        other => panic!("not appended: {other:?}"),
    }
}

/// Appends one event at a revision.
pub(crate) async fn append_one(store: &PostgresStore, stream: &StreamId, expected: u64) -> AppendOutcome {
    store.append(Append::new(stream, Revision::new(expected), &events(1))).await.expect("an outcome")
}

/// The ids of the events of a stream, in order; checks their revisions.
pub(crate) async fn ids(store: &PostgresStore, stream: &StreamId) -> Vec<Uuid> {
    let mut ids = Vec::new();
    let head = store
        .load(Load::all(stream), &mut |item| {
            if let LoadItem::Event(event) = item {
                ids.push(event.event_id);
                assert_eq!(event.revision, Revision::new(ids.len() as u64));
            }
            Ok(())
        })
        .await
        .expect("a head");
    assert_eq!(head.revision, Revision::new(ids.len() as u64));
    ids
}
