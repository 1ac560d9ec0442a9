//! Accounts, and a limit on what their owners may withdraw.

use std::sync::Arc;

use es_core::repository::TransactionError;
use es_core::store::CloseStreams;
use es_core::{Aggregate, Apply, EventStore, Events, Handle, Repository, StreamId, emit, event};

pub(crate) trait Store: EventStore + CloseStreams + Clone + 'static {}

impl<S: EventStore + CloseStreams + Clone + 'static> Store for S {}

#[event(name = "account.moved")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Moved {
    pub(crate) cents: i64,
}

/// It is not read back as it was written.
#[event(name = "account.smudged")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Smudged {
    #[serde(deserialize_with = "never")]
    pub(crate) ink: String,
}

fn never<'de, D: serde::Deserializer<'de>>(_: D) -> Result<String, D::Error> {
    Err(serde::de::Error::custom("illegible"))
}

/// `apply` panics on it.
#[event(name = "account.torn")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Torn;

/// Its size is configurable.
#[event(name = "account.noted")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Noted {
    pub(crate) text: String,
}

#[derive(
    Aggregate, Debug, Default, Clone, PartialEq, serde::Serialize, serde::Deserialize, es_core::shape::Shape,
)]
#[aggregate(name = "account", id = String, events(Moved, Smudged, Torn, Noted), snapshot(every = 3))]
pub(crate) struct Account {
    pub(crate) cents: i64,
}

impl Apply<Moved> for Account {
    fn apply(&mut self, event: Moved) {
        self.cents += event.cents;
    }
}

impl Apply<Smudged> for Account {
    fn apply(&mut self, _: Smudged) {}
}

impl Apply<Torn> for Account {
    fn apply(&mut self, _: Torn) {
        panic!("torn");
    }
}

impl Apply<Noted> for Account {
    fn apply(&mut self, _: Noted) {}
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("only {0} cents available")]
pub(crate) struct TooLittle(pub(crate) i64);

pub(crate) struct Move(pub(crate) i64);
pub(crate) struct Smudge;
pub(crate) struct Tear;
pub(crate) struct Note(pub(crate) usize);

impl Handle<Move> for Account {
    type Error = TooLittle;
    fn handle(&self, command: &Move) -> Result<Events<Self>, TooLittle> {
        match command.0 {
            0 => emit(()),
            cents if self.cents + cents < 0 => Err(TooLittle(self.cents)),
            cents => emit(Moved { cents }),
        }
    }
}

impl Handle<Smudge> for Account {
    type Error = std::convert::Infallible;
    fn handle(&self, _: &Smudge) -> Result<Events<Self>, Self::Error> {
        emit(Smudged { ink: "blue".into() })
    }
}

impl Handle<Tear> for Account {
    type Error = std::convert::Infallible;
    fn handle(&self, _: &Tear) -> Result<Events<Self>, Self::Error> {
        emit(Torn)
    }
}

impl Handle<Note> for Account {
    type Error = std::convert::Infallible;
    fn handle(&self, command: &Note) -> Result<Events<Self>, Self::Error> {
        emit(Noted { text: "x".repeat(command.0) })
    }
}

#[event(name = "limit.set")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LimitSet {
    pub(crate) cents: i64,
}

#[derive(Aggregate, Debug, Default, PartialEq)]
#[aggregate(name = "limit", id = u64, events(LimitSet))]
pub(crate) struct Limit {
    pub(crate) cents: i64,
}

impl Apply<LimitSet> for Limit {
    fn apply(&mut self, event: LimitSet) {
        self.cents = event.cents;
    }
}

pub(crate) struct SetLimit(pub(crate) i64);

impl Handle<SetLimit> for Limit {
    type Error = std::convert::Infallible;
    fn handle(&self, command: &SetLimit) -> Result<Events<Self>, Self::Error> {
        emit((command.0 != self.cents).then_some(LimitSet { cents: command.0 }))
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("more than the limit of {0} cents")]
pub(crate) struct OverLimit(pub(crate) i64);

pub(crate) type Failed = TransactionError;

/// One program: its repositories, on a shared store.
#[derive(Clone)]
pub(crate) struct Bank<S> {
    pub(crate) store: S,
    pub(crate) accounts: Repository<Account, S>,
    pub(crate) limits: Repository<Limit, S>,
}

impl<S: EventStore + Clone + 'static> Bank<S> {
    pub(crate) fn new(store: &S) -> Self {
        let (accounts, limits) = (Repository::new(store.clone()), Repository::new(store.clone()));
        Self { store: store.clone(), accounts, limits }
    }

    /// Accounts with this balance.
    pub(crate) async fn with(self, accounts: &[(&str, i64)]) -> Self {
        for (key, cents) in accounts {
            self.accounts.execute(&id(key), Move(*cents)).await.expect("a deposit");
        }
        self
    }

    pub(crate) async fn set_limit(&self, cents: i64) {
        self.limits.execute(&1, SetLimit(cents)).await.expect("a limit");
    }

    /// The stored balance, bypassing any cache.
    pub(crate) async fn cents(&self, key: &str) -> i64 {
        self.accounts.load(&id(key)).await.expect("an account").state.cents
    }

    pub(crate) async fn revision(&self, key: &str) -> u64 {
        self.accounts.load(&id(key)).await.expect("an account").revision.get()
    }

    /// Another program adds to the account.
    pub(crate) async fn meddle(&self, key: &str) {
        Self::new(&self.store).accounts.execute(&id(key), Move(1)).await.expect("a deposit");
    }
}

pub(crate) fn id(key: &str) -> String {
    key.to_owned()
}

pub(crate) fn stream(key: &str) -> StreamId {
    StreamId::new("account", key).expect("a stream id")
}

/// Counts the attempts of a transaction.
#[derive(Clone, Default)]
pub(crate) struct Attempts(Arc<std::sync::atomic::AtomicU32>);

impl Attempts {
    /// The number of this attempt, from 1.
    pub(crate) fn next(&self) -> u32 {
        self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1
    }

    pub(crate) fn count(&self) -> u32 {
        self.0.load(std::sync::atomic::Ordering::SeqCst)
    }
}
