//! Cached states: they save round trips, and change no outcome.

use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use crate::common::{Account, Deposit, Deposited, Meddle, Meddler, Open, Refused};
use es_core::uuid::Uuid;
use es_core::{ExecuteError, ExecuteOptions, Repository, Revision, emit};

type Accounts = Repository<Account, Meddler>;

fn id() -> String {
    "A-17".into()
}

/// A repository with a cached state, another one on the same store, as of a second program, and the store.
async fn two_programs() -> (Accounts, Accounts, Meddler) {
    let store = Meddler::default();
    let ours = Repository::new(store.clone());
    let theirs = Repository::new(store.clone());
    ours.execute(&id(), Open).await.expect("opened");
    (ours, theirs, store)
}

fn reset(store: &Meddler) {
    for counter in [&store.loads, &store.appends, &store.events_loaded] {
        counter.store(0, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_command_on_a_cached_aggregate_is_one_append_and_no_load() {
    let (accounts, _, store) = two_programs().await;
    reset(&store);
    for cents in 1..=20 {
        accounts.execute(&id(), Deposit(cents)).await.expect("deposited");
    }
    assert_eq!((Meddler::count(&store.loads), Meddler::count(&store.appends)), (0, 20));
    assert_eq!(accounts.load(&id()).await.expect("loaded").state.cents, 210);
    let clone = accounts.clone();
    reset(&store);
    clone.execute(&id(), Deposit(1)).await.expect("deposited");
    assert_eq!(Meddler::count(&store.loads), 0, "clones share the states");
}

#[tokio::test]
async fn without_a_cache_every_command_loads() {
    let store = Meddler::default();
    let accounts = Repository::<Account, _>::new(store.clone()).with_cache(0);
    accounts.execute(&id(), Open).await.expect("opened");
    accounts.execute(&id(), Deposit(1)).await.expect("deposited");
    assert_eq!(Meddler::count(&store.loads), 2);
}

#[tokio::test]
async fn a_rejection_on_a_stale_state_is_decided_again() {
    let store = Meddler::default();
    let ours = Repository::<Account, _>::new(store.clone());
    let theirs = Repository::<Account, _>::new(store.clone());
    let early = ours.execute(&id(), Deposit(5)).await.expect_err("not open yet");
    assert!(matches!(early, ExecuteError::Rejected(Refused::NotOpen)), "{early}");
    theirs.execute(&id(), Open).await.expect("opened");
    // In the state that the rejection left in the cache, the account is still not open.
    let done = ours.execute(&id(), Deposit(5)).await.expect("the fresh state accepts it");
    assert_eq!(done.revision.get(), 2);
}

#[tokio::test]
async fn a_rejection_that_the_fresh_state_confirms_is_reported_after_one_read() {
    let (accounts, _, store) = two_programs().await;
    reset(&store);
    let error = accounts.execute(&id(), Open).await.expect_err("already open");
    assert!(matches!(error, ExecuteError::Rejected(Refused::AlreadyOpen)), "{error}");
    assert_eq!((Meddler::count(&store.loads), Meddler::count(&store.appends)), (1, 0));
    assert_eq!(Meddler::count(&store.events_loaded), 1, "the last event, to see that it is still there");
}

#[tokio::test]
async fn a_decision_without_events_is_repeated_on_the_fresh_state() {
    let (ours, theirs, store) = two_programs().await;
    theirs.execute(&id(), Deposit(7)).await.expect("deposited");
    let seen = Mutex::new(Vec::new());
    let decide = async |state: Arc<Account>| {
        seen.lock().expect("no panic").push(state.cents);
        emit::<_, Refused>(())
    };
    reset(&store);
    let done = ours.decide(&id(), decide).await.expect("nothing to do");
    assert_eq!((done.revision.get(), done.events.len()), (2, 0));
    assert_eq!(*seen.lock().expect("no panic"), [0, 7]);
}

#[tokio::test]
async fn events_decided_on_a_stale_state_are_never_written() {
    let (ours, theirs, store) = two_programs().await;
    theirs.execute(&id(), Deposit(7)).await.expect("deposited");
    reset(&store);
    let empty = async |state: Arc<Account>| match state.cents {
        0 => emit(Deposited { cents: 100 }),
        cents => Err(Refused::Negative { cents }),
    };
    let error = ours.decide(&id(), empty).await.expect_err("no longer empty");
    assert!(matches!(error, ExecuteError::Rejected(Refused::Negative { cents: 7 })), "{error}");
    assert_eq!(ours.load(&id()).await.expect("loaded").state.cents, 7);
}

#[tokio::test]
async fn an_expected_revision_is_compared_with_the_stream_and_not_with_a_stale_state() {
    let (ours, theirs, _) = two_programs().await;
    theirs.execute(&id(), Deposit(7)).await.expect("deposited");
    let at = |revision| ExecuteOptions::new().expected_revision(Revision::new(revision));
    ours.execute_with(&id(), Deposit(1), at(2)).await.expect("the stream is at 2");
    theirs.execute(&id(), Deposit(7)).await.expect("deposited");
    let error = ours.execute_with(&id(), Deposit(1), at(3)).await.expect_err("the stream is at 4");
    let ExecuteError::Conflict { expected, actual, .. } = error else { panic!("{error}") };
    assert_eq!((expected.get(), actual.get()), (3, 4));
}

#[tokio::test]
async fn a_command_that_another_program_has_executed_returns_its_outcome() {
    let (ours, theirs, _) = two_programs().await;
    let once = || ExecuteOptions::new().command_id(Uuid::from_u128(9));
    let first = theirs.execute_with(&id(), Deposit(7), once()).await.expect("deposited");
    let again = ours.execute_with(&id(), Deposit(7), once()).await.expect("the same");
    assert!(again.repeated);
    assert_eq!(again.events[0].event_id, first.events[0].event_id);
    // A repetition also takes precedence over a rejection, even on a cached state.
    let rejected_today = ours.execute_with(&id(), Deposit(-7), once()).await.expect("the same");
    assert!(rejected_today.repeated);
    assert_eq!(ours.load(&id()).await.expect("loaded").state.cents, 7);
}

#[tokio::test]
async fn a_command_that_is_dropped_caches_no_state() {
    let (accounts, _, store) = two_programs().await;
    let unanswered = async |_: Arc<Account>| {
        std::future::pending::<()>().await;
        emit::<_, Refused>(())
    };
    let id_of_it = id();
    {
        let mut command = pin!(accounts.decide(&id_of_it, unanswered));
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(command.as_mut().poll(&mut context), Poll::Pending));
    }
    reset(&store);
    accounts.execute(&id(), Deposit(1)).await.expect("deposited");
    assert_eq!(Meddler::count(&store.loads), 1);
}

#[tokio::test]
async fn a_failed_append_caches_no_state() {
    let (accounts, _, store) = two_programs().await;
    let lasting = || es_core::StoreError::Backend { source: "no".into(), retryable: false };
    store.meddles.lock().expect("no panic").push_back(Meddle::Fail(lasting));
    accounts.execute(&id(), Deposit(1)).await.expect_err("the store fails");
    reset(&store);
    accounts.execute(&id(), Deposit(1)).await.expect("deposited");
    assert_eq!(Meddler::count(&store.loads), 1);
}

#[tokio::test]
async fn the_cache_evicts_states_when_it_is_full() {
    let store = Meddler::default();
    let accounts = Repository::<Account, _>::new(store.clone()).with_cache(8);
    for round in 0..3 {
        for number in 0..100 {
            let id = format!("B-{number}");
            if round == 0 {
                accounts.execute(&id, Open).await.expect("opened");
            }
            accounts.execute(&id, Deposit(1)).await.expect("deposited");
        }
    }
    assert!(Meddler::count(&store.loads) >= 200, "most were not kept");
    for number in 0..100 {
        assert_eq!(accounts.load(&format!("B-{number}")).await.expect("loaded").state.cents, 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn commands_on_one_aggregate_take_turns_and_never_conflict() {
    let (accounts, _, store) = two_programs().await;
    reset(&store);
    let commands = (0..200).map(|_| {
        let accounts = accounts.clone();
        tokio::spawn(async move { accounts.execute(&id(), Deposit(1)).await.map(|done| done.revision.get()) })
    });
    let mut revisions = Vec::new();
    for command in commands.collect::<Vec<_>>() {
        revisions.push(command.await.expect("no panic").expect("deposited"));
    }
    revisions.sort_unstable();
    assert_eq!(revisions, (2..=201).collect::<Vec<_>>());
    assert_eq!((Meddler::count(&store.loads), Meddler::count(&store.appends)), (0, 200));
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_executes_a_command_itself_does_not_deadlock() {
    let (accounts, _, _) = two_programs().await;
    let nested = async |_: Arc<Account>| {
        let inner = accounts.execute(&id(), Deposit(1)).await.map_err(|_| Refused::NotOpen)?;
        assert!(inner.revision.get() > 1);
        Err(Refused::AlreadyOpen)
    };
    let error = accounts.decide(&id(), nested).await.expect_err("rejected in the end");
    assert!(matches!(error, ExecuteError::Rejected(Refused::AlreadyOpen)), "{error}");
}
