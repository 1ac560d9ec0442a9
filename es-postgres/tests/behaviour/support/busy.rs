//! Keeps both lanes of a store busy, so that later appends wait, and then form batches.

use es_core::store::{Append, AppendOutcome, Submitted};
use es_core::{EventStore, Revision, StoreError};
use es_postgres::PostgresStore;
use es_postgres::testing::TestDatabase;
use tokio::task::JoinHandle;

use super::{Gate, appended, events, stream};

pub(crate) type Outcome = Result<AppendOutcome, StoreError>;

/// Two appends that are held at the gate, so that all later ones have to wait for them.
pub(crate) struct Busy {
    pub(crate) gate: Gate,
    pub(crate) first: Vec<JoinHandle<Outcome>>,
}

impl Busy {
    pub(crate) async fn lanes(database: &TestDatabase, store: &PostgresStore) -> Self {
        // Connects both lanes, and registers the names.
        for outcome in [submit(store, "x", 0, 1).await, submit(store, "y", 0, 1).await] {
            appended(outcome.await.expect("an outcome"));
        }
        let mut gate = Gate::closed(database.url()).await;
        let first = ["x", "y"].map(|key| spawn(store, key, 1));
        gate.wait_for(2).await;
        Self { gate, first: first.into() }
    }

    pub(crate) async fn open(&mut self) {
        self.gate.open().await;
        for first in self.first.drain(..) {
            appended(first.await.expect("no panic").expect("an outcome"));
        }
    }
}

pub(crate) async fn submit(store: &PostgresStore, key: &str, expected: u64, count: usize) -> Submitted {
    let batch = events(count);
    let stream = stream(key);
    store.submit(Append::new(&stream, Revision::new(expected), &batch)).await.expect("submitted")
}

pub(crate) fn spawn(store: &PostgresStore, key: &str, expected: u64) -> JoinHandle<Outcome> {
    let (store, stream) = (store.clone(), stream(key));
    tokio::spawn(async move { store.append(Append::new(&stream, Revision::new(expected), &events(1))).await })
}

pub(crate) fn conflict(actual: u64) -> AppendOutcome {
    AppendOutcome::Conflict { actual: Revision::new(actual) }
}
