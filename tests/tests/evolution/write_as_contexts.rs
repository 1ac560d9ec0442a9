//! An upcast gets the same context when its event is written as the previous version as whenever the event is
//! read.

#![allow(missing_docs, reason = "aggregates that only these tests look at")]

use std::convert::Infallible;
use std::fmt::Write;
use std::sync::{Arc, Mutex};

use es_core::model::DowncastTo;
use es_core::record::DecodeError;
use es_core::store::{Load, LoadItem, StreamRange};
use es_core::{
    Aggregate, Apply, EventStore, ExecuteOptions, MemoryStore, Metadata, Recorded, Repository, UpcastContext,
    UpcastFrom, emit, event,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::macros::datetime;

#[event(name = "account.deposited")]
pub struct DepositedV1 {
    pub euros: i64,
}

/// Reads the currency from the metadata: `UpcastContext::metadata` and what is known before the append.
#[event(name = "account.deposited", version = 2, previous = DepositedV1, write_as = 1)]
#[derive(Debug, Clone, PartialEq)]
pub struct Deposited {
    pub euros: i64,
    pub known: String,
}

impl UpcastFrom<DepositedV1> for Deposited {
    type Error = DecodeError;
    fn upcast_from(old: DepositedV1, context: &UpcastContext<'_>) -> Result<Self, DecodeError> {
        let metadata = context.metadata()?;
        let currency = metadata.entries.get("currency").and_then(Value::as_str).unwrap_or("EUR").to_owned();
        let mut known = currency;
        for part in [
            context.stream().to_string(),
            context.revision().to_string(),
            context.event_id().to_string(),
            context.stored_name().to_owned(),
            context.stored_version().to_string(),
            format!("{:?}", metadata.occurred_at),
            format!("{:?} {:?}", metadata.correlation_id, metadata.actor),
        ] {
            let _never_fails = write!(known, " {part}");
        }
        Ok(Self { euros: old.euros, known })
    }
}

impl DowncastTo<DepositedV1> for Deposited {
    type Error = Infallible;
    fn downcast_to(&self) -> Result<DepositedV1, Infallible> {
        Ok(DepositedV1 { euros: self.euros })
    }
}

#[event(name = "account.closed")]
pub struct ClosedV1;

/// Reads what only the append determines.
#[event(name = "account.closed", version = 2, previous = ClosedV1, write_as = 1)]
#[derive(Debug, Clone, PartialEq)]
pub struct Closed {
    pub place: String,
}

impl UpcastFrom<ClosedV1> for Closed {
    type Error = Infallible;
    fn upcast_from(_: ClosedV1, context: &UpcastContext<'_>) -> Result<Self, Infallible> {
        let (position, recorded, occurred) =
            (context.position(), context.recorded_at(), context.occurred_at());
        Ok(Self { place: format!("{position} {recorded} {occurred}") })
    }
}

impl DowncastTo<ClosedV1> for Closed {
    type Error = Infallible;
    fn downcast_to(&self) -> Result<ClosedV1, Infallible> {
        Ok(ClosedV1)
    }
}

#[derive(Aggregate, Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[aggregate(
    name = "account", id = String, events(Deposited, Closed), snapshot(every = 3),
    event_enum(AccountEvent, derive(Debug, Clone, PartialEq))
)]
pub struct Account {
    seen: Vec<String>,
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited) {
        self.seen.push(event.known);
    }
}

impl Apply<Closed> for Account {
    fn apply(&mut self, event: Closed) {
        self.seen.push(event.place);
    }
}

type Accounts = Repository<Account, MemoryStore>;

fn id() -> String {
    "A-17".into()
}

/// The state that a command gets, cached by a previous command if any.
async fn found(accounts: &Accounts) -> Account {
    let seen = Mutex::new(Vec::new());
    let look = async |state: Arc<Account>| {
        seen.lock().expect("no panic").push(Account::clone(&state));
        emit::<_, Infallible>(())
    };
    accounts.decide(&id(), look).await.expect("nothing to do");
    seen.into_inner().expect("no panic").remove(0)
}

async fn history(accounts: &Accounts) -> Vec<Recorded<AccountEvent>> {
    let mut events = Vec::new();
    let take = |event| {
        events.push(event);
        Ok(())
    };
    accounts.history(&id(), StreamRange::ALL, take).await.expect("a history");
    events
}

async fn snapshot(accounts: &Accounts) -> Option<Account> {
    accounts.settle().await;
    let stream = accounts.stream_id(&id()).expect("valid");
    let fingerprint = Account::snapshots().map(|snapshots| snapshots.fingerprint);
    let mut kept = None;
    let mut take = |item: LoadItem<'_>| {
        if let LoadItem::Snapshot { state, .. } = item {
            kept = serde_json::from_slice(state).ok();
        }
        Ok(())
    };
    accounts.store().load(Load::all(&stream).snapshot(fingerprint), &mut take).await.expect("a load");
    kept
}

fn options() -> ExecuteOptions {
    let metadata = Metadata::new()
        .actor("clerk")
        .correlation_id(es_core::uuid::Uuid::from_u128(3))
        .occurred_at(datetime!(2011-10-01 00:38:44.546_789_999 +2))
        .entry("currency", "CHF");
    ExecuteOptions::new().metadata(metadata)
}

fn deposited(euros: i64) -> Deposited {
    Deposited { euros, known: "not known when it is decided".into() }
}

fn closed() -> Closed {
    Closed { place: "not known when it is decided".into() }
}

/// Executes commands of one event each, and compares the ways to see their effect.
async fn compare(options: ExecuteOptions, event: impl Fn(i64) -> AccountEvent + Send + Sync) {
    let accounts = Accounts::new(MemoryStore::new());
    let mut told = Vec::new();
    for nth in 0..7 {
        let decide = async |_: Arc<Account>| emit::<_, Infallible>(event(nth));
        let done = accounts.decide_with(&id(), options.clone(), decide).await.expect("no conflict");
        told.extend(done.events);
        // A program that has read nothing yet.
        let fresh = Accounts::new(accounts.store().clone()).load(&id()).await.expect("a state");
        assert_eq!(found(&accounts).await, fresh.state);
        if nth == 2 {
            assert_eq!(snapshot(&accounts).await.as_ref(), Some(&fresh.state));
        }
    }
    assert_eq!(told, history(&accounts).await);
    let without_snapshot = accounts.load_as_of(&id(), time::OffsetDateTime::now_utc()).await;
    assert_eq!(found(&accounts).await, without_snapshot.expect("a state").state);
}

#[tokio::test]
async fn context_known_before_the_append_is_the_same_when_written_and_read() {
    compare(options(), |nth| deposited(nth).into()).await;
    compare(ExecuteOptions::new(), |nth| deposited(nth).into()).await;
}

#[tokio::test]
async fn context_set_by_the_append_is_the_same_when_written_and_read() {
    compare(options(), |_| closed().into()).await;
    compare(ExecuteOptions::new(), |_| closed().into()).await;
    compare(ExecuteOptions::new(), |nth| if nth % 2 == 0 { closed().into() } else { deposited(nth).into() })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn commands_that_wait_for_each_other_read_what_is_stored() {
    let accounts = Accounts::new(MemoryStore::new());
    let commands = (0..60).map(|nth| {
        let accounts = accounts.clone();
        tokio::spawn(async move {
            let decide = async |_: Arc<Account>| {
                tokio::task::yield_now().await;
                let event: AccountEvent = if nth % 3 == 0 { closed().into() } else { deposited(nth).into() };
                emit::<_, Infallible>(event)
            };
            accounts.decide_with(&id(), options(), decide).await.map(|done| done.events)
        })
    });
    let mut told = Vec::new();
    for command in commands.collect::<Vec<_>>() {
        told.extend(command.await.expect("no panic").expect("no conflict"));
    }
    told.sort_by_key(|event| event.revision);
    assert_eq!(told, history(&accounts).await);
    let fresh = Accounts::new(MemoryStore::clone(accounts.store())).load(&id()).await.expect("a state");
    assert_eq!(found(&accounts).await, fresh.state);
}
