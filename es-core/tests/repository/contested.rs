//! Another program appends to the same streams: what its appends cost the commands that wait here, and that
//! each of them gets through.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::common::{Deposited, Meddle, Meddler, Opened};
use es_core::{Aggregate, Apply, ExecuteError, Executed, Repository, Retry, StoreError, emit};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// No snapshot is ever due, for which a command would keep its turn.
#[derive(Aggregate, Debug, Default, Clone, PartialEq)]
#[aggregate(name = "account", id = String, events(Opened, Deposited))]
struct Account {
    cents: i64,
}

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited) {
        self.cents += event.cents;
    }
}

type Accounts = Repository<Account, Meddler>;
type Done = Result<Executed<Account>, ExecuteError<std::io::Error>>;

const SOON: Duration = Duration::from_secs(3);
const NEARLY_FOR_EVER: Duration = Duration::from_secs(1 << 40);
const QUICK: Retry = Retry::NEVER.times(3).within(Duration::MAX);
/// A first wait that practically never ends within the time of a test.
const SLEEPY: Retry =
    Retry::NEVER.times(10).first_wait(NEARLY_FOR_EVER).longest_wait(NEARLY_FOR_EVER).within(Duration::MAX);

fn id() -> String {
    "A-17".into()
}

fn unavailable() -> StoreError {
    StoreError::Unavailable { source: "connection refused".into() }
}

fn deposit(accounts: &Accounts) -> JoinHandle<Done> {
    let accounts = accounts.clone();
    tokio::spawn(async move { accounts.decide(&id(), async |_| emit(Deposited { cents: 1 })).await })
}

async fn yielded() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

async fn warm(retry: Retry) -> (Accounts, Meddler) {
    let store = Meddler::default();
    let accounts = Accounts::new(store.clone()).with_retry(retry);
    deposit(&accounts).await.expect("no panic").expect("deposited");
    store.loads.store(0, Ordering::SeqCst);
    store.appends.store(0, Ordering::SeqCst);
    (accounts, store)
}

/// Commands on one account, the first of which waits for its append, and the others for their turns.
async fn waiting(retry: Retry, commands: usize) -> (Accounts, Meddler, Vec<JoinHandle<Done>>) {
    let (accounts, store) = warm(retry).await;
    store.hold();
    let mut waiting = vec![deposit(&accounts)];
    store.until_taken(1).await;
    waiting.extend((1..commands).map(|_| deposit(&accounts)));
    yielded().await;
    (accounts, store, waiting)
}

async fn overtake(store: &Meddler) {
    store.put("A-17", "account.deposited", 1, "{\"cents\":1000}").await;
    store.carry_out_taken().await;
}

#[tokio::test]
async fn a_line_that_is_overtaken_costs_one_load_and_is_submitted_together_again() {
    const COMMANDS: usize = 10;
    // A command that is first and loses twice waits, and is executed after the others.
    const TIMES: usize = 2;
    let (accounts, store, waiting) = waiting(QUICK, COMMANDS).await;
    for time in 1..=TIMES {
        overtake(&store).await;
        timeout(SOON, store.until_taken(COMMANDS)).await.expect("all of the line are submitted");
        assert_eq!(Meddler::count(&store.loads), time);
    }
    store.carry_out().await;
    for done in waiting {
        done.await.expect("no panic").expect("deposited");
    }
    assert_eq!(Meddler::count(&store.loads), TIMES);
    assert_eq!(Meddler::count(&store.appends), 1 + TIMES * COMMANDS);
    let account = accounts.load(&id()).await.expect("loaded");
    assert_eq!(account.revision.get(), (1 + TIMES + COMMANDS) as u64);
    assert_eq!(account.state.cents, (1 + 1000 * TIMES + COMMANDS) as i64);
}

#[tokio::test]
async fn a_line_that_is_overtaken_once_keeps_its_order() {
    let (_, store, waiting) = waiting(QUICK, 10).await;
    overtake(&store).await;
    timeout(SOON, store.until_taken(10)).await.expect("all of the line are submitted");
    store.carry_out().await;
    for (done, revision) in waiting.into_iter().zip(3..) {
        assert_eq!(done.await.expect("no panic").expect("deposited").revision.get(), revision);
    }
}

#[tokio::test]
async fn commands_that_are_overtaken_each_time_end_in_a_conflict() {
    let (accounts, store, waiting) = waiting(QUICK, 5).await;
    let all = async {
        while !waiting.iter().all(JoinHandle::is_finished) {
            overtake(&store).await;
            yielded().await;
        }
    };
    timeout(SOON, all).await.expect("an end");
    for done in waiting {
        let error = done.await.expect("no panic").expect_err("always too late");
        assert!(matches!(error, ExecuteError::Conflict { .. }), "{error}");
    }
    assert_eq!(accounts.metrics().failed, 5);
}

#[tokio::test]
async fn the_first_repetition_after_a_conflict_does_not_wait() {
    let (accounts, store) = warm(SLEEPY).await;
    // The cached state is stale, and so is the one that is loaded.
    store.meddles.lock().expect("no panic").extend([Meddle::Deposit(7), Meddle::Deposit(7)]);
    let done = timeout(SOON, deposit(&accounts)).await.expect("at once");
    assert_eq!(done.expect("no panic").expect("deposited").revision.get(), 4);
    assert_eq!((Meddler::count(&store.loads), Meddler::count(&store.appends)), (2, 3));
}

#[tokio::test]
async fn while_a_command_waits_after_a_conflict_others_on_its_aggregate_continue() {
    let (accounts, store) = warm(SLEEPY).await;
    store.meddles.lock().expect("no panic").extend((0..3).map(|_| Meddle::Deposit(7)));
    let waits = deposit(&accounts);
    while accounts.metrics().conflicts < 3 {
        tokio::task::yield_now().await;
    }
    let done = timeout(SOON, deposit(&accounts)).await.expect("nobody has the turn");
    assert_eq!(done.expect("no panic").expect("deposited").revision.get(), 5);
    assert!(!waits.is_finished());
    waits.abort();
}

#[tokio::test]
async fn while_a_command_waits_after_a_failure_others_on_its_aggregate_continue() {
    let (accounts, store) = warm(SLEEPY).await;
    store.meddles.lock().expect("no panic").push_back(Meddle::Fail(unavailable));
    let waits = deposit(&accounts);
    while Meddler::count(&store.appends) < 1 {
        tokio::task::yield_now().await;
    }
    let done = timeout(SOON, deposit(&accounts)).await.expect("nobody has the turn");
    assert_eq!(done.expect("no panic").expect("deposited").revision.get(), 2);
    assert!(!waits.is_finished());
    waits.abort();
}

/// The number of events that a command reads if it is overtaken once.
async fn read_when_overtaken(accounts: &Accounts, store: &Meddler) -> usize {
    store.events_loaded.store(0, Ordering::SeqCst);
    store.meddles.lock().expect("no panic").push_back(Meddle::Deposit(7));
    deposit(accounts).await.expect("no panic").expect("deposited");
    Meddler::count(&store.events_loaded)
}

#[tokio::test]
async fn after_a_second_conflict_only_what_is_new_is_read() {
    let (accounts, store) = warm(QUICK).await;
    for _ in 0..100 {
        deposit(&accounts).await.expect("no panic").expect("deposited");
    }
    assert_eq!(read_when_overtaken(&accounts, &store).await, 102);
    for _ in 0..10 {
        deposit(&accounts).await.expect("no panic").expect("deposited");
    }
    // The last event that it had read, to check that it still exists; its own eleven; the other writer's.
    assert_eq!(read_when_overtaken(&accounts, &store).await, 1 + 11 + 1);
    let account = accounts.load(&id()).await.expect("loaded");
    assert_eq!(account.state.cents, 1 + 100 + 7 + 1 + 10 + 7 + 1);
}

#[tokio::test]
async fn a_copy_that_is_far_behind_is_dropped() {
    let (accounts, store) = warm(QUICK).await;
    read_when_overtaken(&accounts, &store).await;
    for _ in 0..300 {
        deposit(&accounts).await.expect("no panic").expect("deposited");
    }
    assert_eq!(read_when_overtaken(&accounts, &store).await, 304, "all of them");
}
