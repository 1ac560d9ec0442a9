//! An account, and a store that can be made to misbehave at a chosen point.

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use es_core::model::NewSnapshot;
use es_core::record::NewEvent;
use es_core::store::{
    Append, AppendOutcome, Bell, CommandKey, CommandRecord, ListStreams, Listener, Load, LoadItem, LoadSink,
    ReadAll, StreamHead, Submitted,
};
use es_core::uuid::Uuid;
use es_core::{
    Aggregate, Apply, EventStore, Events, Handle, MemoryStore, Metadata, Revision, StoreError, StreamId,
    emit, event,
};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, oneshot};

#[event(name = "account.opened")]
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    pub owner: String,
}

#[event(name = "account.deposited")]
#[derive(Debug, Clone, PartialEq)]
pub struct Deposited {
    pub cents: i64,
}

#[derive(Aggregate, Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[aggregate(
    name = "account", id = String, events(Opened, Deposited), snapshot(every = 5),
    event_enum(AccountEvent, derive(Debug, Clone, PartialEq))
)]
pub struct Account {
    pub open: bool,
    pub cents: i64,
    pub deposits: Vec<i64>,
}

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {
        self.open = true;
    }
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited) {
        self.cents += event.cents;
        self.deposits.push(event.cents);
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    AlreadyOpen,
    NotOpen,
    Negative { cents: i64 },
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Refused {}

pub struct Open;

impl Handle<Open> for Account {
    type Error = Refused;
    fn handle(&self, _: &Open) -> Result<Events<Self>, Refused> {
        if self.open { Err(Refused::AlreadyOpen) } else { emit(Opened { owner: "Ann".into() }) }
    }
}

pub struct Deposit(pub i64);

impl Handle<Deposit> for Account {
    type Error = Refused;
    fn handle(&self, Deposit(cents): &Deposit) -> Result<Events<Self>, Refused> {
        match *cents {
            _ if !self.open => Err(Refused::NotOpen),
            0 => emit(()),
            cents if cents < 0 => Err(Refused::Negative { cents }),
            cents => emit(Deposited { cents }),
        }
    }
}

/// What happens before the next append, or in place of it.
pub enum Meddle {
    /// Another writer appends one deposit first.
    Deposit(i64),
    /// The store returns this error.
    Fail(fn() -> StoreError),
    /// The store returns this error after a wait.
    FailAfter(Duration, fn() -> StoreError),
}

/// An append that was enqueued and waits to be executed.
pub struct Taken {
    stream: StreamId,
    expected: Revision,
    head: Option<Uuid>,
    events: Vec<NewEvent>,
    command: Option<(CommandKey, String)>,
    reply: oneshot::Sender<Result<AppendOutcome, StoreError>>,
}

/// A revision, and the event at it if the caller has named it.
type FoldedUpTo = (Revision, Option<Uuid>);

/// A memory store that counts its calls and interferes with appends.
#[derive(Clone, Default)]
pub struct Meddler {
    pub inner: MemoryStore,
    pub meddles: Arc<Mutex<VecDeque<Meddle>>>,
    pub appends: Arc<AtomicUsize>,
    pub loads: Arc<AtomicUsize>,
    /// The number of events that loads have returned.
    pub events_loaded: Arc<AtomicUsize>,
    pub snapshots_kept: Arc<AtomicUsize>,
    /// Of which events: revisions and ids.
    pub folded_up_to: Arc<Mutex<Vec<FoldedUpTo>>>,
    /// While present, appends are enqueued in order, and executed later.
    pub taken: Arc<Mutex<Option<VecDeque<Taken>>>>,
    /// While present, a snapshot waits for a permit before it is stored.
    pub snapshot_gate: Option<Arc<Semaphore>>,
    /// Whether it notifies no listener of its appends.
    pub silent: bool,
}

impl Meddler {
    pub fn with(meddles: impl IntoIterator<Item = Meddle>) -> Self {
        Self { meddles: Arc::new(Mutex::new(meddles.into_iter().collect())), ..Self::default() }
    }

    pub fn count(counter: &AtomicUsize) -> usize {
        counter.load(Ordering::SeqCst)
    }

    /// From now on, appends are enqueued and wait.
    pub fn hold(&self) {
        *self.taken.lock().expect("no panic") = Some(VecDeque::new());
    }

    /// Waits until this number of appends is enqueued.
    pub async fn until_taken(&self, appends: usize) {
        while self.taken.lock().expect("no panic").as_ref().map_or(0, VecDeque::len) < appends {
            tokio::task::yield_now().await;
        }
    }

    /// Executes the enqueued appends in order, and from now on each append at once.
    pub async fn carry_out(&self) {
        let taken = self.taken.lock().expect("no panic").take().unwrap_or_default();
        self.carry(taken).await;
    }

    /// Executes the enqueued appends; later ones wait.
    pub async fn carry_out_taken(&self) {
        let taken = self.taken.lock().expect("no panic").replace(VecDeque::new()).unwrap_or_default();
        self.carry(taken).await;
    }

    async fn carry(&self, taken: VecDeque<Taken>) {
        for Taken { stream, expected, head, events, command, reply } in taken {
            let command = command.as_ref().map(|(key, name)| CommandRecord::new(*key, name));
            let append = Append::new(&stream, expected, &events).last_event_id(head).command(command);
            let outcome = self.inner.append(append).await;
            let _gone = reply.send(outcome);
        }
    }

    /// Appends an event with this name, version and payload to a stream.
    pub async fn put(&self, key: &str, name: &'static str, version: u32, payload: &str) {
        let stream = StreamId::new("account", key).expect("a valid key");
        let head = self.inner.load(Load::all(&stream), &mut |_| Ok(())).await.expect("a load");
        let event = NewEvent::new(name, version, payload.into(), Arc::new(Metadata::new()));
        let outcome = self.inner.append(Append::new(&stream, head.revision, &[event])).await;
        assert!(matches!(outcome, Ok(AppendOutcome::Appended(_))));
    }
}

#[async_trait]
impl EventStore for Meddler {
    es_core::forward_event_store!(EventStore to |this| &this.inner, except append, submit, load, save_snapshot);

    async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        if self.taken.lock().expect("no panic").is_some() {
            return self.submit(append).await?.await;
        }
        self.appends.fetch_add(1, Ordering::SeqCst);
        let meddle = self.meddles.lock().expect("no panic").pop_front();
        match meddle {
            Some(Meddle::Deposit(cents)) => {
                let payload = format!("{{\"cents\":{cents}}}");
                self.put(append.stream.key(), "account.deposited", 1, &payload).await;
            }
            Some(Meddle::Fail(error)) => return Err(error()),
            Some(Meddle::FailAfter(wait, error)) => {
                tokio::time::sleep(wait).await;
                return Err(error());
            }
            None => {}
        }
        self.inner.append(append).await
    }

    async fn submit(&self, append: Append<'_>) -> Result<Submitted, StoreError> {
        let outcome = {
            let mut taken = self.taken.lock().expect("no panic");
            taken.as_mut().map(|taken| {
                self.appends.fetch_add(1, Ordering::SeqCst);
                let (reply, outcome) = oneshot::channel();
                taken.push_back(Taken {
                    stream: append.stream.clone(),
                    expected: append.expected,
                    head: append.last_event_id,
                    events: append.events.to_vec(),
                    command: append.command.map(|command| (command.key, command.name.to_owned())),
                    reply,
                });
                outcome
            })
        };
        match outcome {
            Some(outcome) => Ok(Box::pin(async { outcome.await.expect("executed") })),
            None => {
                let outcome = self.append(append).await;
                Ok(Box::pin(std::future::ready(outcome)))
            }
        }
    }

    async fn load(&self, load: Load<'_>, sink: LoadSink<'_>) -> Result<StreamHead, StoreError> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        let counted = &mut |item: LoadItem<'_>| {
            if matches!(item, LoadItem::Event(_)) {
                self.events_loaded.fetch_add(1, Ordering::SeqCst);
            }
            sink(item)
        };
        self.inner.load(load, counted).await
    }

    async fn save_snapshot(&self, snapshot: NewSnapshot) -> Result<(), StoreError> {
        if let Some(gate) = &self.snapshot_gate {
            gate.acquire().await.expect("an open gate").forget();
        }
        self.folded_up_to.lock().expect("no panic").push((snapshot.revision, snapshot.event_id));
        self.inner.save_snapshot(snapshot).await?;
        self.snapshots_kept.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

impl ReadAll for Meddler {
    es_core::forward_event_store!(ReadAll to |this| &this.inner, except listen);

    fn listen(&self) -> Listener {
        if self.silent { Bell::new().listen() } else { self.inner.listen() }
    }
}

impl ListStreams for Meddler {
    es_core::forward_event_store!(ListStreams to |this| &this.inner);
}
