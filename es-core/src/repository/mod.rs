//! The repository: loads the state of an aggregate, executes commands on it, and reads its history.

mod attempt;
mod cache;
mod decide;
mod decided;
mod fold;
mod history;
mod keep;
mod loaded;
mod metrics;
mod options;
mod port;
mod repeated;
mod run;
mod snapshots;
mod stop;
mod transaction;
mod warm;
mod written;

use std::fmt;
use std::sync::Arc;

use tokio::sync::OnceCell;

pub use self::loaded::Loaded;
pub use self::metrics::RepositoryMetrics;
pub use self::options::{ExecuteOptions, Retry};
pub use self::transaction::{Planned, Transacted, Transaction, TransactionError, TransactionOptions};
pub use self::written::Executed;

use self::cache::Cache;
use self::fold::Fold;
use self::metrics::RepositoryCounters;
use self::port::Direct;
use self::snapshots::SnapshotWriter;
use crate::catalogue::Catalogue;
use crate::error::StoreError;
use crate::model::Aggregate;
use crate::store::EventStore;
use crate::stream::{IdRef, InvalidStreamId, Revision, StreamId};

/// The aggregates of one type in one store.
///
/// Cheap to clone; clones share the store and the cache of states. Its methods are cancel-safe: a dropped
/// future leaves either all events of the command or none.
///
/// ```
/// # use es_core::{Aggregate, Apply, Events, Handle, MemoryStore, Repository, emit, event};
/// # #[event(name = "door.opened")] pub struct Opened;
/// # #[derive(Aggregate, Default)] #[aggregate(name = "door", id = u64, events(Opened))]
/// # pub struct Door { open: bool }
/// # impl Apply<Opened> for Door { fn apply(&mut self, _: Opened) { self.open = true; } }
/// # #[derive(Debug)] pub struct AlreadyOpen;
/// # impl std::fmt::Display for AlreadyOpen {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("already open") }
/// # }
/// # impl std::error::Error for AlreadyOpen {}
/// # pub struct Open;
/// # impl Handle<Open> for Door {
/// #     type Error = AlreadyOpen;
/// #     fn handle(&self, _: &Open) -> Result<Events<Self>, AlreadyOpen> {
/// #         if self.open { Err(AlreadyOpen) } else { emit(Opened) }
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use es_core::ExecuteError;
///
/// let doors = Repository::<Door, _>::new(MemoryStore::new());
/// let done = doors.execute(&7, Open).await?;
/// assert_eq!(done.revision.get(), 1);
/// assert!(matches!(doors.execute(&7, Open).await, Err(ExecuteError::Rejected(AlreadyOpen))));
/// # Ok(()) }
/// ```
pub struct Repository<A, S> {
    store: Arc<S>,
    retry: Retry,
    snapshots: SnapshotWriter,
    registered: Arc<Registered>,
    cache: Arc<Cache<A>>,
    counters: Arc<RepositoryCounters>,
}

/// A store of any type.
pub(crate) type Shared = Arc<dyn EventStore>;

/// What was registered with the store for the aggregate; each once.
#[derive(Default)]
struct Registered {
    /// The former names of the category.
    names: OnceCell<()>,
    /// The events, with their shapes.
    events: OnceCell<()>,
}

impl<A: Aggregate, S: EventStore + 'static> Repository<A, S> {
    /// The aggregates of type `A` in `store`.
    #[must_use]
    pub fn new(store: S) -> Self {
        Self {
            store: Arc::new(store),
            retry: Retry::default(),
            snapshots: SnapshotWriter::default(),
            registered: Arc::default(),
            cache: Arc::new(Cache::new(Self::CACHE)),
            counters: Arc::default(),
        }
    }

    /// The same repository, with another policy for conflicts and transient failures.
    #[must_use]
    pub const fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The default number of cached states; see [`with_cache`](Self::with_cache).
    pub const CACHE: usize = 1000;

    /// The same repository, which caches the states of up to `entries` aggregates after their commands, so
    /// that the next command on one of them need not load it. The least used make room. With 0 every command
    /// loads its state.
    ///
    /// Clones of this repository share the states.
    #[must_use]
    pub fn with_cache(mut self, entries: usize) -> Self {
        self.cache = Arc::new(Cache::new(entries));
        self
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Counters of the commands of this repository and its clones, by outcome.
    ///
    /// ```
    /// # use es_core::{Aggregate, EventStore, Repository};
    /// # fn show<A: Aggregate, S: EventStore + 'static>(accounts: &Repository<A, S>) {
    /// let metrics = accounts.metrics();
    /// println!("{} commands, {} conflicts", metrics.commands, metrics.conflicts);
    /// # }
    /// ```
    #[must_use]
    pub fn metrics(&self) -> RepositoryMetrics {
        self.counters.read()
    }

    /// The stream of one aggregate.
    ///
    /// # Errors
    ///
    /// [`InvalidStreamId`] when the id's text cannot be a key.
    pub fn stream_id(&self, id: impl IdRef<A::Id>) -> Result<StreamId, InvalidStreamId> {
        StreamId::new(A::NAME, id.as_key())
    }

    /// The current state.
    ///
    /// An aggregate without events is not an error: its state is the default and its revision 0.
    ///
    /// # Errors
    ///
    /// [`StoreError`], for example when an event does not decode: a history is never folded in part.
    pub async fn load(&self, id: impl IdRef<A::Id>) -> Result<Loaded<A>, StoreError> {
        self.load_at(id, Revision::MAX).await
    }

    /// The state right after the event at `revision`; the current state if there are fewer events.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub async fn load_at(
        &self,
        id: impl IdRef<A::Id>,
        revision: impl Into<Revision>,
    ) -> Result<Loaded<A>, StoreError> {
        let (stream, revision) = (self.stream_id(id)?, revision.into());
        self.know_earlier_names().await?;
        let fold = Fold::new(&stream).run(&mut Direct(&*self.store), |load| load.up_to(revision)).await?;
        Ok(fold.into_loaded())
    }

    /// Tells the store, once, the category's former names: without them a read would miss streams, and an
    /// append could create them a second time.
    async fn know_earlier_names(&self) -> Result<(), StoreError> {
        if A::WAS.is_empty() {
            return Ok(());
        }
        self.registered.names.get_or_try_init(|| self.store.rename_category(A::NAME, A::WAS)).await.copied()
    }

    /// Registers the aggregate's events with the store, which rejects a version that it knows with another
    /// shape.
    ///
    /// The first command does so itself; readers do not. A program that calls it on startup fails then,
    /// rather than at its first command. Registering again costs nothing.
    ///
    /// ```
    /// # use es_core::{Aggregate, Apply, MemoryStore, Repository, event};
    /// # #[event(name = "door.opened")] pub struct Opened;
    /// # #[derive(Aggregate, Default)] #[aggregate(name = "door", id = u64, events(Opened))]
    /// # pub struct Door { open: bool }
    /// # impl Apply<Opened> for Door { fn apply(&mut self, _: Opened) { self.open = true; } }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let doors = Repository::<Door, _>::new(MemoryStore::new());
    /// doors.register().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`StoreError::SchemaConflict`], which names the event, its version and both fingerprints; other errors
    /// of the store.
    pub async fn register(&self) -> Result<(), StoreError> {
        let register = || async { self.store.register(&Catalogue::of::<A>().registrations()).await };
        self.registered.events.get_or_try_init(register).await.copied()
    }

    /// The same repository, with a store of any type: it shares the cache of states.
    pub(crate) fn shared(self) -> Repository<A, Shared> {
        let Self { store, retry, snapshots, registered, cache, counters } = self;
        let store: Shared = store;
        Repository { store: Arc::new(store), retry, snapshots, registered, cache, counters }
    }

    /// Waits until the snapshots that are being written in the background are stored.
    pub async fn settle(&self) {
        self.snapshots.settle().await;
    }
}

impl<A, S> Clone for Repository<A, S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            retry: self.retry,
            snapshots: self.snapshots.clone(),
            registered: Arc::clone(&self.registered),
            cache: Arc::clone(&self.cache),
            counters: Arc::clone(&self.counters),
        }
    }
}

impl<A: Aggregate, S> fmt::Debug for Repository<A, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository")
            .field("aggregate", &A::NAME)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
