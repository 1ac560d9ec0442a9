//! Remembered decisions: repeating a command that was rejected, or yielded no events, returns the same
//! outcome.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::common::{Account, Deposit, Open, Refused};
use async_trait::async_trait;
use es_core::store::{Decision, Load, Remembered};
use es_core::uuid::Uuid;
use es_core::{
    EventStore, ExecuteError, ExecuteOptions, MemoryStore, Repository, Revision, StoreError, StreamId,
};

fn id() -> String {
    "A-17".into()
}

fn plain(command: u128) -> ExecuteOptions {
    ExecuteOptions::new().command_id(Uuid::from_u128(command))
}

fn remembering(command: u128) -> ExecuteOptions {
    plain(command).remember_decision()
}

async fn revision(store: &impl EventStore) -> u64 {
    let stream = StreamId::new("account", "A-17").expect("a valid key");
    store.load(Load::all(&stream), &mut |_| Ok(())).await.expect("a load").revision.get()
}

#[tokio::test]
async fn a_remembered_rejection_is_repeated_whatever_the_state_has_become() {
    // The append finds the decision if the state is cached, and the load otherwise.
    for cache in [0, 8] {
        let store = MemoryStore::new();
        let accounts = Repository::<Account, _>::new(store.clone()).with_cache(cache);
        accounts.execute_with(&id(), Deposit(5), remembering(1)).await.expect_err("not open");
        accounts.execute(&id(), Open).await.expect("opened");
        for _ in 0..7 {
            // Eventually a snapshot is taken as well.
            accounts.execute(&id(), Deposit(1)).await.expect("deposited");
            let open = accounts.execute_with(&id(), Open, remembering(2)).await.expect_err("open already");
            assert!(matches!(open, ExecuteError::Rejected(Refused::AlreadyOpen)), "{open}");
            for options in [plain(1), remembering(1)] {
                let before = revision(&store).await;
                let again =
                    accounts.execute_with(&id(), Deposit(5), options).await.expect_err("rejected again");
                assert!(matches!(again, ExecuteError::Rejected(Refused::NotOpen)), "{again}");
                assert_eq!(revision(&store).await, before);
            }
        }
    }
}

#[tokio::test]
async fn a_remembered_command_without_events_is_repeated() {
    for cache in [0, 8] {
        let accounts = Repository::<Account, _>::new(MemoryStore::new()).with_cache(cache);
        accounts.execute(&id(), Open).await.expect("opened");
        // What the command decides changes with this.
        let amount = AtomicUsize::new(0);
        let decide = async |options| {
            accounts
                .decide_with(&id(), options, async |_state| {
                    let cents = i64::try_from(amount.load(Ordering::SeqCst)).unwrap_or_default();
                    let deposit = (cents > 0).then_some(crate::common::Deposited { cents });
                    es_core::emit::<_, Refused>(deposit)
                })
                .await
        };
        let first = decide(remembering(1)).await.expect("nothing to do");
        assert_eq!((first.events.len(), first.revision, first.repeated), (0, Revision::new(1), false));
        accounts.execute(&id(), Deposit(1)).await.expect("deposited");
        amount.store(5, Ordering::SeqCst);
        for options in [plain(1), remembering(1)] {
            let again = decide(options).await.expect("nothing to do");
            assert_eq!((again.events.len(), again.revision, again.repeated), (0, Revision::new(1), true));
        }
    }
}

#[tokio::test]
async fn a_remembered_rejection_that_is_no_longer_one_is_an_error_and_writes_nothing() {
    let store = MemoryStore::new();
    let accounts = Repository::<Account, _>::new(store.clone());
    let outside = AtomicUsize::new(0);
    let decide = async || {
        let decide = async |_state| match outside.load(Ordering::SeqCst) {
            0 => Err(Refused::NotOpen),
            1 => es_core::emit(()),
            _ => es_core::emit(crate::common::Deposited { cents: 1 }),
        };
        accounts.decide_with(&id(), remembering(1), decide).await
    };
    decide().await.expect_err("rejected");
    for now in [1, 2] {
        outside.store(now, Ordering::SeqCst);
        let error = decide().await.expect_err("neither rejected nor executed");
        let expected = "command 00000000-0000-0000-0000-000000000001 on stream \"account/A-17\" was rejected at revision 0";
        assert!(error.to_string().starts_with(expected), "{error}");
        let told = matches!(error, ExecuteError::Store(StoreError::NotRejectedAgain { .. }));
        assert!(told, "{error}");
        assert_eq!(revision(&store).await, 0);
    }
}

#[tokio::test]
async fn another_command_under_a_remembered_id_is_refused() {
    for cache in [0, 8] {
        let accounts = Repository::<Account, _>::new(MemoryStore::new()).with_cache(cache);
        accounts.execute_with(&id(), Deposit(5), remembering(1)).await.expect_err("not open");
        for options in [plain(1), remembering(1)] {
            let error = accounts.execute_with(&id(), Open, options).await.expect_err("another command");
            let first = match &error {
                ExecuteError::Store(StoreError::CommandIdReused { first, .. }) => first.as_deref(),
                _ => None,
            };
            assert_eq!(first, Some("Deposit"), "{error}");
        }
    }
}

/// Counts what it is to remember, and lets something happen first.
struct Watched {
    inner: MemoryStore,
    remembered: Arc<AtomicUsize>,
    first: Mutex<Option<Between>>,
}

/// What happens between the decision and its being remembered.
#[derive(Clone, Copy)]
enum Between {
    /// Another command opens the account.
    Opened,
    /// So does another delivery of this command.
    Delivered,
    /// Another delivery remembers its rejection.
    Rejected,
}

#[async_trait]
impl EventStore for Watched {
    es_core::forward_event_store!(EventStore to |this| &this.inner, except remember);

    async fn remember(&self, decision: Decision<'_>) -> Result<Remembered, StoreError> {
        self.remembered.fetch_add(1, Ordering::SeqCst);
        let first = self.first.lock().expect("no panic").take();
        let others = Repository::<Account, _>::new(self.inner.clone());
        match first {
            Some(Between::Opened) => drop(others.execute(&id(), Open).await.expect("opened")),
            Some(Between::Delivered) => {
                // The account was open when this one was decided; it could not be otherwise but by a change
                // of the code.
                let options = plain(1).command_name("Deposit");
                drop(others.execute_with(&id(), Open, options).await.expect("opened"));
            }
            Some(Between::Rejected) => {
                drop(others.execute_with(&id(), Deposit(5), remembering(1)).await.expect_err("not open"));
            }
            None => {}
        }
        self.inner.remember(decision).await
    }
}

fn watched(first: Option<Between>) -> (Repository<Account, Watched>, MemoryStore, Arc<AtomicUsize>) {
    let (inner, remembered) = (MemoryStore::new(), Arc::default());
    let store =
        Watched { inner: inner.clone(), remembered: Arc::clone(&remembered), first: Mutex::new(first) };
    (Repository::new(store), inner, remembered)
}

#[tokio::test]
async fn decisions_are_remembered_only_on_request() {
    let (accounts, _, remembered) = watched(None);
    accounts.execute(&id(), Deposit(5)).await.expect_err("not open");
    accounts.execute_with(&id(), Deposit(5), plain(1)).await.expect_err("not open");
    let without_id = ExecuteOptions::new().remember_decision();
    accounts.execute_with(&id(), Deposit(5), without_id).await.expect_err("not open");
    accounts.execute_with(&id(), Open, remembering(2)).await.expect("opened");
    assert_eq!(remembered.load(Ordering::SeqCst), 0, "with events the append remembers");
    accounts.execute_with(&id(), Open, remembering(3)).await.expect_err("open already");
    assert_eq!(remembered.load(Ordering::SeqCst), 1);
    accounts.execute_with(&id(), Open, remembering(3)).await.expect_err("open already");
    assert_eq!(remembered.load(Ordering::SeqCst), 1, "it is remembered already");
}

#[tokio::test]
async fn a_rejection_of_a_state_that_has_passed_is_decided_again() {
    let (accounts, store, remembered) = watched(Some(Between::Opened));
    let done = accounts.execute_with(&id(), Deposit(5), remembering(1)).await.expect("deposited");
    assert_eq!((done.revision, done.repeated), (Revision::new(2), false));
    assert_eq!((revision(&store).await, remembered.load(Ordering::SeqCst)), (2, 1));
}

#[tokio::test]
async fn of_two_deliveries_the_one_that_wrote_is_the_outcome_of_both() {
    let (accounts, store, _) = watched(Some(Between::Delivered));
    let done = accounts.execute_with(&id(), Deposit(5), remembering(1)).await.expect("the other's outcome");
    assert_eq!((done.revision, done.events.len(), done.repeated), (Revision::new(1), 1, true));
    assert_eq!(revision(&store).await, 1);
}

#[tokio::test]
async fn two_deliveries_that_are_rejected_both_return_the_rejection() {
    let (accounts, store, _) = watched(Some(Between::Rejected));
    let error = accounts.execute_with(&id(), Deposit(5), remembering(1)).await.expect_err("not open");
    assert!(matches!(error, ExecuteError::Rejected(Refused::NotOpen)), "{error}");
    let stream = StreamId::new("account", "A-17").expect("a valid key");
    let load = Load::all(&stream).command_id(Some(Uuid::from_u128(1)));
    let outcome = store.load(load, &mut |_| Ok(())).await.expect("a load").command.expect("an outcome");
    assert_eq!((outcome.first, outcome.count, outcome.rejected), (Revision::EMPTY, 0, true));
}
