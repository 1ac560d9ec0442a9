//! Stores, open appends, the oracle, and the naive cursor.

use std::collections::BTreeSet;
use std::sync::Arc;

use es_core::record::{NewEvent, RawEvent};
use es_core::store::{AllPage, AllQuery, Append, AppendIn, AppendOutcome, Checkpoint, Filter, ReadAll, Rest};
use es_core::{EventStore, Metadata, Revision, StreamId};
use es_postgres::PostgresStore;
use es_postgres::testing::TestDatabase;
use sqlx::{AssertSqlSafe, PgConnection};

pub(crate) use crate::database::{LONG, connect, number, sql, until};

pub(crate) async fn fresh() -> (TestDatabase, PostgresStore) {
    let database = TestDatabase::new().await.expect("a test database");
    let store = database.store().await.expect("a migrated store");
    (database, store)
}

pub(crate) async fn numbers(connection: &mut PgConnection, text: &str) -> Vec<u64> {
    let found: Result<Vec<i64>, _> =
        sqlx::query_scalar(AssertSqlSafe(text)).persistent(false).fetch_all(connection).await;
    let found = found.unwrap_or_else(|error| panic!("{text}: {error}"));
    found.into_iter().map(i64::unsigned_abs).collect()
}

pub(crate) fn stream(key: &str) -> StreamId {
    StreamId::new("account", key).expect("a stream id")
}

pub(crate) fn event(payload: &str) -> [NewEvent; 1] {
    [NewEvent::new("account.noted", 1, payload.into(), Arc::new(Metadata::new()))]
}

fn position(outcome: AppendOutcome) -> u64 {
    match outcome {
        AppendOutcome::Appended(appended) => appended.positions[0].get(),
        other => panic!("not appended: {other:?}"),
    }
}

/// Appends one event, and returns its position.
pub(crate) async fn append(store: &PostgresStore, key: &str, expected: u64) -> u64 {
    let (stream, event) = (stream(key), event("1"));
    position(store.append(Append::new(&stream, Revision::new(expected), &event)).await.expect("an outcome"))
}

/// The same in a transaction that stays open.
pub(crate) async fn append_in(store: &PostgresStore, tx: &mut PgConnection, key: &str, expected: u64) -> u64 {
    let (stream, event) = (stream(key), event("1"));
    let append = Append::new(&stream, Revision::new(expected), &event);
    position(store.append_in(tx, append).await.expect("an outcome"))
}

/// A reader of the whole store that keeps the events.
pub(crate) struct Reader<'a> {
    store: &'a PostgresStore,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) positions: Vec<u64>,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(store: &'a PostgresStore) -> Self {
        Self { store, checkpoint: Checkpoint::START, positions: Vec::new() }
    }

    /// Reads one page, and returns whether there is more.
    pub(crate) async fn page(&mut self) -> AllPage {
        let all = Filter::new();
        let positions = &mut self.positions;
        let mut take = |raw: RawEvent<'_>| {
            positions.push(raw.position.get());
            Ok(())
        };
        let query = AllQuery::after(self.checkpoint, &all);
        let page = self.store.read_all(query, &mut take).await.expect("a page");
        self.checkpoint = page.checkpoint;
        page
    }

    /// Reads one page up to the end, or to an open append.
    pub(crate) async fn read(&mut self) -> Rest {
        self.page().await.rest
    }
}

/// `WHERE position > last`: the cursor that loses events.
#[derive(Default)]
pub(crate) struct Naive {
    last: u64,
    pub(crate) seen: BTreeSet<u64>,
}

impl Naive {
    pub(crate) async fn read(&mut self, connection: &mut PgConnection) {
        let text = format!("SELECT position FROM es.events WHERE position > {} ORDER BY position", self.last);
        let found = numbers(connection, &text).await;
        self.last = found.last().copied().unwrap_or(self.last);
        self.seen.extend(found);
    }
}

/// The committed positions.
pub(crate) async fn committed(connection: &mut PgConnection) -> Vec<u64> {
    numbers(connection, "SELECT position FROM es.events ORDER BY position").await
}
