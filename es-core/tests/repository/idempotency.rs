//! A command with an id is executed once; repeating it returns the first outcome.

use crate::common::{Account, AccountEvent, Deposit, Deposited, Meddle, Meddler, Open, Refused};
use es_core::store::CommandKey;
use es_core::uuid::Uuid;
use es_core::{ExecuteError, ExecuteOptions, MemoryStore, Repository, Revision, StoreError};

fn id() -> String {
    "A-17".into()
}

#[tokio::test]
async fn a_repeated_command_gets_its_first_outcome_not_a_rejection() {
    let accounts = Repository::<Account, _>::new(MemoryStore::new());
    let options = || ExecuteOptions::new().command_id(Uuid::from_u128(1));
    let first = accounts.execute_with(&id(), Open, options()).await.expect("opened");
    accounts.execute(&id(), Deposit(5)).await.expect("deposited");
    let again = accounts.execute_with(&id(), Open, options()).await.expect("not `already open`");
    assert!(again.repeated && !first.repeated);
    assert_eq!((again.revision, &again.events), (Revision::new(1), &first.events));
    let rejected = accounts.execute(&id(), Open).await.expect_err("another command");
    assert!(matches!(rejected, ExecuteError::Rejected(Refused::AlreadyOpen)));
}

#[tokio::test]
async fn a_repetition_wins_over_an_expected_revision() {
    let accounts = Repository::<Account, _>::new(MemoryStore::new());
    let options = || ExecuteOptions::new().command_id(Uuid::from_u128(1)).expected_revision(Revision::EMPTY);
    accounts.execute_with(&id(), Open, options()).await.expect("opened");
    assert!(accounts.execute_with(&id(), Open, options()).await.expect("repeated").repeated);
}

#[tokio::test]
async fn a_rejection_is_not_remembered() {
    let accounts = Repository::<Account, _>::new(MemoryStore::new());
    let options = || ExecuteOptions::new().command_id(Uuid::from_u128(1));
    accounts.execute_with(&id(), Deposit(5), options()).await.expect_err("not open");
    accounts.execute(&id(), Open).await.expect("opened");
    assert!(!accounts.execute_with(&id(), Deposit(5), options()).await.expect("deposited").repeated);
}

#[tokio::test]
async fn a_command_that_lost_a_race_is_still_executed_once() {
    let store = Meddler::with([]);
    let accounts = Repository::<Account, _>::new(store.clone());
    accounts.execute(&id(), Open).await.expect("opened");
    store.meddles.lock().expect("no panic").push_back(Meddle::Deposit(7));
    let options = || ExecuteOptions::new().command_id(Uuid::from_u128(1));
    for repeated in [false, true] {
        let done = accounts.execute_with(&id(), Deposit(5), options()).await.expect("deposited");
        assert_eq!((done.repeated, done.revision), (repeated, Revision::new(3)));
        assert_eq!(done.events[0].event, AccountEvent::Deposited(Deposited { cents: 5 }));
    }
}

#[tokio::test]
async fn another_command_under_the_same_id_is_refused_and_not_told_the_first_outcome() {
    // The append detects it if the state is cached, and the load otherwise.
    for cache in [0, 8] {
        let accounts = Repository::<Account, _>::new(MemoryStore::new()).with_cache(cache);
        let options = || ExecuteOptions::new().command_id(Uuid::from_u128(1));
        accounts.execute_with(&id(), Open, options()).await.expect("opened");
        let error = accounts.execute_with(&id(), Deposit(5), options()).await.expect_err("another command");
        let first = match &error {
            ExecuteError::Store(StoreError::CommandIdReused { first, .. }) => first.as_deref(),
            _ => None,
        };
        assert_eq!(first, Some("Open"), "{error}");
        assert!(accounts.execute_with(&id(), Open, options()).await.expect("repeated").repeated);
    }
}

#[tokio::test]
async fn another_body_under_the_same_id_is_refused_where_bodies_are_compared() {
    let accounts = Repository::<Account, _>::new(MemoryStore::new());
    accounts.execute(&id(), Open).await.expect("opened");
    let key = CommandKey::new(Uuid::from_u128(1));
    let options = |hash| ExecuteOptions::new().command_id(key.body_hash(Some(hash)));
    accounts.execute_with(&id(), Deposit(5), options(5)).await.expect("deposited");
    assert!(accounts.execute_with(&id(), Deposit(5), options(5)).await.expect("repeated").repeated);
    let error = accounts.execute_with(&id(), Deposit(6), options(6)).await.expect_err("another body");
    assert!(matches!(error, ExecuteError::Store(StoreError::CommandIdReused { .. })), "{error}");
}
