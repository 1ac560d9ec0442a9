//! A reactor that records its calls, and every store to run it on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use es_core::reactor::{CheckpointStore, React, Reactor, ReactorRunner};
use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome};
use es_core::{EventStore, Metadata, Recorded, Revision, StreamId, event};
use tokio::sync::Semaphore;

#[event(name = "door.opened")]
pub(crate) struct Opened {}

#[derive(Debug, thiserror::Error)]
#[error("the mail server says no")]
pub(crate) struct Refused;

/// Stream and revision.
pub(crate) type Call = (String, u64);

/// Records the events to which it has reacted.
#[derive(Reactor, Clone, Default)]
#[reactor(name = "welcome-mail", events(Opened), error = Refused)]
pub(crate) struct Mail {
    calls: Arc<Mutex<Vec<Call>>>,
    /// The number of remaining failures.
    failures: Arc<Mutex<BTreeMap<Call, u32>>>,
    /// The reaction that waits for a permit after its effect.
    held: Option<Call>,
    pub(crate) gate: Gate,
    /// One permit for each reaction that has reached the gate.
    pub(crate) at_gate: Gate,
}

#[derive(Clone)]
pub(crate) struct Gate(pub(crate) Arc<Semaphore>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }
}

impl Gate {
    pub(crate) fn open(&self, permits: usize) {
        self.0.add_permits(permits);
    }

    pub(crate) async fn pass(&self) {
        self.0.acquire().await.expect("the gate is there").forget();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl React<Opened> for Mail {
    async fn react(&self, event: &Recorded<Opened>) -> Result<(), Refused> {
        let call = (event.stream.key().to_owned(), event.revision.get());
        assert_ne!(call.0, "panic");
        if let Some(left) = locked(&self.failures).get_mut(&call).filter(|left| **left > 0) {
            *left -= 1;
            return Err(Refused);
        }
        locked(&self.calls).push(call.clone());
        if self.held.as_ref() == Some(&call) {
            self.at_gate.open(1);
            self.gate.pass().await;
        }
        Ok(())
    }
}

impl Mail {
    pub(crate) fn failing(self, key: &str, revision: u64, times: u32) -> Self {
        locked(&self.failures).insert((key.to_owned(), revision), times);
        self
    }

    pub(crate) fn held(mut self, key: &str, revision: u64) -> Self {
        self.held = Some((key.to_owned(), revision));
        self
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        locked(&self.calls).clone()
    }

    /// The revisions of a stream, in the order of the calls.
    pub(crate) fn of(&self, key: &str) -> Vec<u64> {
        self.calls().into_iter().filter(|call| call.0 == key).map(|call| call.1).collect()
    }
}

pub(crate) trait Store: EventStore + CheckpointStore {}

impl<S: EventStore + CheckpointStore> Store for S {}

pub(crate) type Runner<S> = ReactorRunner<
    Mail,
    S,
    <S as CheckpointStore>::Target<es_core::reactor::OnModel<Mail, <S as CheckpointStore>::Model>>,
    <S as CheckpointStore>::Model,
>;

/// With a lease that does not expire during the test.
pub(crate) fn runner<S: Store>(store: &S, mail: &Mail) -> Runner<S> {
    let runner = ReactorRunner::new(store.clone(), mail.clone()).lease(Duration::from_secs(3600));
    runner.poll_every(Duration::from_millis(20))
}

/// Opens a door, for the first time or again.
pub(crate) async fn open<S: Store>(store: &S, key: &str, revision: u64) {
    open_because(store, key, revision, Metadata::new()).await;
}

pub(crate) async fn open_because<S: Store>(store: &S, key: &str, revision: u64, metadata: Metadata) {
    let stream = StreamId::new("door", key).expect("a stream id");
    let events = [NewEvent::new("door.opened", 1, b"{}".to_vec(), metadata.into())];
    let append = Append::new(&stream, Revision::new(revision - 1), &events);
    let outcome = store.append(append).await.expect("an append");
    assert!(matches!(outcome, AppendOutcome::Appended(_)), "{outcome:?}");
}

/// Generates tests of these names, for each store.
macro_rules! on_every_store {
    ($($case:ident),* $(,)?) => {
        mod in_memory {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$case(es_core::MemoryStore::new()).await;
            })*
        }

        mod in_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$case(es_sqlite::SqliteStore::in_memory().await.expect("a store")).await;
            })*
        }

        mod in_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let database = es_postgres::testing::TestDatabase::new().await.expect("a test database");
                super::$case(database.store().await.expect("a migrated store")).await;
            })*
        }
    };
}

pub(crate) use on_every_store;
