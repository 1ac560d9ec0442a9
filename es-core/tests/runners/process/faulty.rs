//! A store that fails, or stops forever, at a write that the test chooses.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use es_core::projection::{MemoryTarget, Projection};
use es_core::reactor::CheckpointStore;
use es_core::shape::Fingerprint;
use es_core::store::{
    AllPage, AllQuery, Append, AppendOutcome, Decision, Load, LoadManySink, LoadSink, ReadAll, Remembered,
    Sink, StreamHead,
};
use es_core::{EventStore, MemoryStore, StoreError, StreamId};
use tokio::sync::{Notify, Semaphore};

/// What happens at the chosen write and after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The program dies before it.
    DiesBefore,
    /// The program dies after it, without learning its outcome.
    DiesAfter,
    /// It is written, and the reply is lost; all others succeed.
    LosesReply,
    /// The store is unavailable from then on.
    Away,
}

#[derive(Clone)]
pub struct Faulty {
    store: MemoryStore,
    /// The store of the checkpoints: that of the events, unless those were restored.
    checkpoints: MemoryStore,
    state: Arc<State>,
}

struct State {
    writes: AtomicUsize,
    /// How many events were read, in all streams.
    reads: AtomicUsize,
    /// How many states were loaded one by one.
    loads: AtomicUsize,
    /// The number of the write, from 0 on.
    at: AtomicUsize,
    fault: std::sync::Mutex<Fault>,
    dead: AtomicBool,
    died: Notify,
    /// Whether the whole store cannot be read.
    unreadable: AtomicBool,
    /// How many reads of the whole store have failed.
    refused: AtomicUsize,
    /// How many milliseconds such a read takes.
    takes: AtomicUsize,
    /// Holds up the next load of several streams.
    held: std::sync::Mutex<Option<Held>>,
    /// Holds up the next read of the whole store.
    held_read: std::sync::Mutex<Option<Held>>,
}

/// A call that waits.
#[derive(Clone)]
pub struct Held {
    begun: Arc<Semaphore>,
    goes_on: Arc<Semaphore>,
}

impl Held {
    fn new(of: &std::sync::Mutex<Option<Self>>) -> Self {
        let new = || Arc::new(Semaphore::new(0));
        let held = Self { begun: new(), goes_on: new() };
        *of.lock().expect("a lock") = Some(held.clone());
        held
    }

    /// The one call that is held up, if this is it.
    async fn pass(of: &std::sync::Mutex<Option<Self>>) {
        let held = of.lock().expect("a lock").take();
        if let Some(Self { begun, goes_on }) = held {
            begun.add_permits(1);
            goes_on.acquire().await.expect("it is open").forget();
        }
    }

    /// Waits until it has begun.
    pub async fn begun(&self) {
        self.begun.acquire().await.expect("it is open").forget();
    }

    pub fn release(&self) {
        self.goes_on.add_permits(1);
    }
}

impl Faulty {
    pub fn new(store: MemoryStore) -> Self {
        let state = State {
            writes: AtomicUsize::new(0),
            reads: AtomicUsize::new(0),
            loads: AtomicUsize::new(0),
            at: AtomicUsize::new(usize::MAX),
            fault: std::sync::Mutex::new(Fault::Away),
            dead: AtomicBool::new(false),
            died: Notify::new(),
            unreadable: AtomicBool::new(false),
            refused: AtomicUsize::new(0),
            takes: AtomicUsize::new(0),
            held: std::sync::Mutex::new(None),
            held_read: std::sync::Mutex::new(None),
        };
        Self { checkpoints: store.clone(), store, state: Arc::new(state) }
    }

    /// The store itself.
    pub fn sound(&self) -> MemoryStore {
        self.store.clone()
    }

    /// Replaces the events and keeps the checkpoints, as after a restore.
    pub fn restored(&self, store: MemoryStore) -> Self {
        Self { checkpoints: self.checkpoints.clone(), ..Self::new(store) }
    }

    /// Fails at this write from now on.
    pub fn fail(&self, write: usize, fault: Fault) {
        *self.state.fault.lock().expect("a lock") = fault;
        self.state.writes.store(0, Ordering::SeqCst);
        self.state.at.store(write, Ordering::SeqCst);
    }

    /// Ends all faults.
    pub fn mend(&self) {
        self.state.at.store(usize::MAX, Ordering::SeqCst);
        self.state.dead.store(false, Ordering::SeqCst);
    }

    /// Whether the whole store can be read from now on.
    pub fn readable(&self, readable: bool) {
        self.state.unreadable.store(!readable, Ordering::SeqCst);
    }

    /// Holds up the next load of several streams.
    pub fn hold_load(&self) -> Held {
        Held::new(&self.state.held)
    }

    /// Holds up the next read of the whole store, besides the first one.
    pub fn hold_read(&self) -> Held {
        Held::new(&self.state.held_read)
    }

    /// How long a read of the whole store takes from now on.
    pub fn slow(&self, millis: usize) {
        self.state.takes.store(millis, Ordering::SeqCst);
    }

    /// How many reads of the whole store have failed.
    pub fn refused(&self) -> usize {
        self.state.refused.load(Ordering::SeqCst)
    }

    /// Whether the chosen write was reached.
    pub fn reached(&self) -> bool {
        self.state.writes.load(Ordering::SeqCst) > self.state.at.load(Ordering::SeqCst)
    }

    /// How many events of the whole store were read since the last call, except for the first one, by which a
    /// checkpoint store identifies the history.
    pub fn reads(&self) -> usize {
        self.state.reads.swap(0, Ordering::SeqCst)
    }

    /// How many states were loaded by themselves since the last call.
    pub fn loads(&self) -> usize {
        self.state.loads.swap(0, Ordering::SeqCst)
    }

    /// Waits until the program has died at the chosen write.
    pub async fn died(&self) {
        self.state.died.notified().await;
    }

    fn chosen(&self) -> Option<Fault> {
        let fault = *self.state.fault.lock().expect("a lock");
        let (write, at) =
            (self.state.writes.fetch_add(1, Ordering::SeqCst), self.state.at.load(Ordering::SeqCst));
        let lasting = fault == Fault::Away && at != usize::MAX;
        (write == at || self.state.dead.load(Ordering::SeqCst) || lasting && write > at).then_some(fault)
    }

    async fn write<T>(&self, write: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        match self.chosen() {
            None => write.await,
            Some(Fault::DiesBefore) => self.die().await,
            Some(Fault::DiesAfter) => {
                if !self.state.dead.load(Ordering::SeqCst) {
                    write.await?;
                }
                self.die().await
            }
            Some(Fault::LosesReply) => {
                write.await?;
                Err(away())
            }
            Some(Fault::Away) => Err(away()),
        }
    }

    async fn page(&self, query: AllQuery<'_>, sink: Sink<'_>) -> Result<AllPage, StoreError> {
        if self.state.unreadable.load(Ordering::SeqCst) {
            self.state.refused.fetch_add(1, Ordering::SeqCst);
            return Err(away());
        }
        let takes = self.state.takes.load(Ordering::SeqCst) as u64;
        tokio::time::sleep(std::time::Duration::from_millis(takes)).await;
        let is_first = query.filter.events.is_empty();
        if !is_first {
            Held::pass(&self.state.held_read).await;
        }
        let page = self.store.read_all(query, sink).await?;
        if !is_first {
            self.state.reads.fetch_add(page.events, Ordering::SeqCst);
        }
        Ok(page)
    }

    async fn die<T>(&self) -> T {
        self.state.dead.store(true, Ordering::SeqCst);
        self.state.died.notify_one();
        std::future::pending().await
    }
}

fn away() -> StoreError {
    StoreError::Unavailable { source: "it is away".into() }
}

#[async_trait]
impl EventStore for Faulty {
    es_core::forward_event_store!(
        EventStore to |this| &this.store, except append, remember, load, load_many
    );

    async fn load(&self, load: Load<'_>, sink: LoadSink<'_>) -> Result<StreamHead, StoreError> {
        self.state.loads.fetch_add(1, Ordering::SeqCst);
        self.store.load(load, sink).await
    }

    async fn load_many(
        &self,
        streams: &[StreamId],
        snapshot: Option<Fingerprint>,
        sink: LoadManySink<'_>,
    ) -> Result<Vec<Result<StreamHead, StoreError>>, StoreError> {
        Held::pass(&self.state.held).await;
        self.store.load_many(streams, snapshot, sink).await
    }

    async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        self.write(self.store.append(append)).await
    }

    async fn remember(&self, decision: Decision<'_>) -> Result<Remembered, StoreError> {
        self.write(self.store.remember(decision)).await
    }
}

#[async_trait]
impl ReadAll for Faulty {
    es_core::forward_event_store!(ReadAll to |this| &this.store, except read_all, follow);

    async fn read_all(&self, query: AllQuery<'_>, sink: Sink<'_>) -> Result<AllPage, StoreError> {
        self.page(query, sink).await
    }

    async fn follow(&self, query: AllQuery<'_>, sink: Sink<'_>) -> Result<AllPage, StoreError> {
        self.page(query, sink).await
    }
}

impl CheckpointStore for Faulty {
    type Model = ();
    type Target<P: Projection<Model = ()>> = MemoryTarget<()>;

    fn checkpoint_target<P: Projection<Model = ()>>(&self) -> MemoryTarget<()> {
        self.checkpoints.checkpoint_target::<P>()
    }
}
