//! After a conflict or a transient failure, the decision is repeated on the fresh state, a bounded number of
//! times.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::common::{Account, Deposit, Deposited, Meddle, Meddler, Open, Refused};
use es_core::{ExecuteError, ExecuteOptions, Repository, Retry, Revision, StoreError, emit};

const QUICK: Retry = Retry::NEVER.times(3).within(Duration::MAX);

fn id() -> String {
    "A-17".into()
}

/// An open account in a store that then interferes with the next appends.
async fn account(meddles: impl IntoIterator<Item = Meddle>) -> (Repository<Account, Meddler>, Meddler) {
    let store = Meddler::default();
    let accounts = Repository::new(store.clone()).with_retry(QUICK);
    accounts.execute(&id(), Open).await.expect("opened");
    store.meddles.lock().expect("no panic").extend(meddles);
    store.appends.store(0, Ordering::SeqCst);
    (accounts, store)
}

fn unavailable() -> StoreError {
    StoreError::Unavailable { source: "connection refused".into() }
}

#[tokio::test]
async fn after_a_conflict_the_decision_is_made_on_the_fresh_state() {
    let (accounts, store) = account([Meddle::Deposit(7), Meddle::Deposit(8)]).await;
    let seen = std::sync::Mutex::new(Vec::new());
    let done = accounts
        .decide(&id(), async |state| {
            seen.lock().expect("no panic").push(state.cents);
            emit::<_, Refused>(Deposited { cents: 100 })
        })
        .await
        .expect("decided");
    assert_eq!(*seen.lock().expect("no panic"), [0, 7, 15]);
    assert_eq!((done.revision, Meddler::count(&store.appends)), (Revision::new(4), 3));
    assert_eq!(accounts.load(&id()).await.expect("a state").state.deposits, [7, 8, 100]);
}

#[tokio::test]
async fn after_a_conflict_the_state_is_loaded_from_its_snapshot() {
    let (accounts, store) = account([]).await;
    for cents in 1..=4 {
        accounts.execute(&id(), Deposit(cents)).await.expect("deposited");
    }
    accounts.settle().await;
    assert_eq!(Meddler::count(&store.snapshots_kept), 1);
    store.meddles.lock().expect("no panic").push_back(Meddle::Deposit(7));
    store.events_loaded.store(0, Ordering::SeqCst);
    accounts.execute(&id(), Deposit(1)).await.expect("deposited");
    assert_eq!(Meddler::count(&store.events_loaded), 1, "the one that came in between");
    assert_eq!(accounts.load(&id()).await.expect("a state").state.deposits, [1, 2, 3, 4, 7, 1]);
}

#[tokio::test]
async fn a_state_that_the_decision_kept_is_loaded_again() {
    let (accounts, _) = account([Meddle::Deposit(7)]).await;
    let kept = std::sync::Mutex::new(Vec::new());
    accounts
        .decide(&id(), async |state| {
            kept.lock().expect("no panic").push(std::sync::Arc::clone(&state));
            emit::<_, Refused>(Deposited { cents: 100 })
        })
        .await
        .expect("decided");
    let cents: Vec<_> = kept.lock().expect("no panic").iter().map(|state| state.cents).collect();
    assert_eq!(cents, [0, 7]);
}

#[tokio::test]
async fn repetitions_are_bounded_and_end_in_a_conflict() {
    let (accounts, store) = account((0..9).map(Meddle::Deposit)).await;
    let error = accounts.execute(&id(), Deposit(1)).await.expect_err("always too late");
    assert!(error.is_retryable());
    let ExecuteError::Conflict { stream, expected, actual } = error else { panic!("{error}") };
    assert_eq!((stream.key(), expected.get(), actual.get()), ("A-17", 5, 6));
    assert_eq!(
        Meddler::count(&store.appends),
        5,
        "on the state kept, on the fresh one, and three repetitions"
    );
}

#[tokio::test]
async fn a_rejection_on_the_fresh_state_is_final() {
    let store = Meddler::default();
    let accounts = Repository::<Account, _>::new(store.clone()).with_retry(QUICK);
    store.put("A-17", "account.opened", 1, r#"{"owner":"Bob"}"#).await;
    let error = accounts.execute(&id(), Open).await.expect_err("already open");
    assert!(matches!(error, ExecuteError::Rejected(Refused::AlreadyOpen)));
    assert_eq!(Meddler::count(&store.appends), 0);
}

#[tokio::test]
async fn an_expected_revision_is_never_decided_again() {
    let (accounts, store) = account([Meddle::Deposit(7)]).await;
    let at = |revision| ExecuteOptions::new().expected_revision(Revision::new(revision));
    let early = accounts.execute_with(&id(), Deposit(1), at(0)).await.expect_err("another revision");
    assert!(matches!(early, ExecuteError::Conflict { actual, .. } if actual.get() == 1), "{early}");
    assert_eq!(Meddler::count(&store.appends), 0, "known before the append");
    let raced = accounts.execute_with(&id(), Deposit(1), at(1)).await.expect_err("a race lost");
    assert!(matches!(raced, ExecuteError::Conflict { actual, .. } if actual.get() == 2), "{raced}");
    assert_eq!(Meddler::count(&store.appends), 1);
    accounts.execute_with(&id(), Deposit(1), at(2)).await.expect("the right revision");
}

#[tokio::test]
async fn a_passing_failure_is_tried_again_and_a_lasting_one_is_not() {
    let (accounts, store) = account([Meddle::Fail(unavailable), Meddle::Fail(unavailable)]).await;
    accounts.execute(&id(), Deposit(1)).await.expect("the third time");
    assert_eq!(Meddler::count(&store.appends), 3);

    let lasting = || StoreError::Backend { source: "out of range".into(), retryable: false };
    let (accounts, store) = account([Meddle::Fail(lasting)]).await;
    let error = accounts.execute(&id(), Deposit(1)).await.expect_err("a lasting failure");
    assert!(matches!(error, ExecuteError::Store(StoreError::Backend { .. })), "{error}");
    assert_eq!(Meddler::count(&store.appends), 1);
}

/// Such as for a lock of another transaction.
#[tokio::test(start_paused = true)]
async fn a_store_that_has_waited_for_long_by_itself_is_not_asked_again() {
    let second = Duration::from_secs(1);
    let waits = |seconds| Meddle::FailAfter(second * seconds, unavailable);
    let (accounts, store) = account((0..9).map(|_| waits(10))).await;
    let accounts = accounts.with_retry(Retry::default());
    let began = tokio::time::Instant::now();
    let error = accounts.execute(&id(), Deposit(1)).await.expect_err("never available");
    assert!(error.is_retryable(), "the caller may try again");
    assert_eq!((Meddler::count(&store.appends), began.elapsed() < second * 11), (1, true));

    // Shorter waits until they come to as much; a conflict does not count.
    let (accounts, store) = account([waits(2), waits(2), Meddle::Deposit(7), waits(2), waits(2)]).await;
    let accounts = accounts.with_retry(Retry::default());
    accounts.execute(&id(), Deposit(1)).await.expect_err("not available for 6 s");
    assert_eq!(Meddler::count(&store.appends), 4);
    let accounts = accounts.with_retry(Retry::default().within(second * 60));
    accounts.execute(&id(), Deposit(1)).await.expect("a command that can wait");
}

#[tokio::test]
async fn a_permanent_failure_is_reported_unchanged() {
    let (accounts, store) = account((0..9).map(|_| Meddle::Fail(unavailable))).await;
    let error = accounts.execute(&id(), Deposit(1)).await.expect_err("never available");
    assert!(matches!(error, ExecuteError::Store(StoreError::Unavailable { .. })), "{error}");
    assert!(error.is_retryable());
    assert_eq!(Meddler::count(&store.appends), 4);
}

#[tokio::test]
async fn an_unknown_outcome_is_never_retried() {
    let unknown = || StoreError::OutcomeUnknown {
        stream: es_core::StreamId::new("account", "A-17").expect("valid"),
        source: "connection reset".into(),
    };
    let (accounts, store) = account([Meddle::Fail(unknown)]).await;
    let error = accounts.execute(&id(), Deposit(1)).await.expect_err("unknown");
    assert!(!error.is_retryable());
    assert_eq!(Meddler::count(&store.appends), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_commands_are_all_executed() {
    let accounts = Repository::<Account, _>::new(es_core::MemoryStore::new());
    accounts.execute(&id(), Open).await.expect("opened");
    let decisions = std::sync::Arc::new(AtomicUsize::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (accounts, decisions) =
            (accounts.clone().with_retry(QUICK.times(1_000)), std::sync::Arc::clone(&decisions));
        tasks.spawn(async move {
            for _ in 0..10 {
                let decide = async |_| {
                    decisions.fetch_add(1, Ordering::SeqCst);
                    emit::<_, Refused>(Deposited { cents: 1 })
                };
                accounts.decide(&id(), decide).await.expect("deposited");
            }
        });
    }
    tasks.join_all().await;
    let loaded = accounts.load(&id()).await.expect("a state");
    assert_eq!((loaded.state.cents, loaded.revision.get()), (80, 81));
    assert!(decisions.load(Ordering::SeqCst) >= 80);
}
