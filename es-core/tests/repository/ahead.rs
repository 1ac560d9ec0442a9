//! While others wait, a command ends its turn before its append is written. This saves time, and changes no
//! outcome.

use std::future::Future;
use std::sync::Arc;
use std::task::Poll;

use crate::common::{Account, Deposit, Deposited, Meddler, Open, Refused};
use es_core::uuid::Uuid;
use es_core::{ExecuteError, ExecuteOptions, Executed, Repository, Retry, emit};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

type Accounts = Repository<Account, Meddler>;
type Done = Result<Executed<Account>, ExecuteError<Refused>>;

fn id() -> String {
    "A-17".into()
}

/// Commands that wait for one whose decision the test holds up; it deposits 1.
struct Line {
    store: Meddler,
    go: oneshot::Sender<()>,
    commands: Vec<JoinHandle<Done>>,
}

impl Line {
    async fn of(deposits: impl IntoIterator<Item = (i64, ExecuteOptions)>) -> Self {
        let store = Meddler::default();
        let accounts = Accounts::new(store.clone()).with_retry(Retry::NEVER);
        accounts.execute(&id(), Open).await.expect("opened");
        store.hold();
        let (go, told) = oneshot::channel();
        let told = Arc::new(tokio::sync::Mutex::new(Some(told)));
        let (begun, begins) = oneshot::channel();
        let begun = Arc::new(tokio::sync::Mutex::new(Some(begun)));
        let first = {
            let accounts = accounts.clone();
            tokio::spawn(async move {
                let decide = async |_: Arc<Account>| {
                    if let Some(begun) = begun.lock().await.take() {
                        begun.send(()).expect("the line is being made");
                    }
                    if let Some(told) = told.lock().await.take() {
                        told.await.expect("told");
                    }
                    emit::<_, Refused>(Deposited { cents: 1 })
                };
                accounts.decide(&id(), decide).await
            })
        };
        let mut commands = vec![first];
        begins.await.expect("begun");
        let mut waits = Vec::new();
        for (cents, options) in deposits {
            let accounts = accounts.clone();
            let (begun, begins) = oneshot::channel();
            waits.push(begins);
            commands.push(tokio::spawn(async move {
                let id = id();
                let command = accounts.execute_with(&id, Deposit(cents), options);
                let mut command = std::pin::pin!(command);
                // The first poll brings it to where it waits for its turn.
                let early = std::future::poll_fn(|context| Poll::Ready(command.as_mut().poll(context))).await;
                begun.send(()).expect("the line is being made");
                match early {
                    Poll::Ready(done) => done,
                    Poll::Pending => command.await,
                }
            }));
        }
        for begins in waits {
            begins.await.expect("begun");
        }
        store.loads.store(0, std::sync::atomic::Ordering::SeqCst);
        store.appends.store(0, std::sync::atomic::Ordering::SeqCst);
        Self { store, go, commands }
    }

    async fn outcomes(commands: Vec<JoinHandle<Done>>) -> Vec<Done> {
        let mut outcomes = Vec::new();
        for command in commands {
            outcomes.push(command.await.expect("no panic"));
        }
        outcomes
    }
}

fn plain(cents: i64) -> (i64, ExecuteOptions) {
    (cents, ExecuteOptions::new())
}

async fn balance(store: &Meddler) -> (u64, i64) {
    let account = Accounts::new(store.clone()).load(&id()).await.expect("loaded");
    (account.revision.get(), account.state.cents)
}

#[tokio::test]
async fn commands_that_wait_are_all_submitted_before_the_first_is_written() {
    let Line { store, go, commands } = Line::of([10, 100, 1_000].map(plain)).await;
    go.send(()).expect("it waits");
    store.until_taken(4).await;
    assert!(commands.iter().all(|command| !command.is_finished()));
    store.carry_out().await;
    for (done, revision) in Line::outcomes(commands).await.into_iter().zip(2..) {
        assert_eq!(done.expect("deposited").revision.get(), revision);
    }
    assert_eq!((Meddler::count(&store.loads), Meddler::count(&store.appends)), (0, 4));
    assert_eq!(balance(&store).await, (5, 1_111));
}

#[tokio::test]
async fn after_a_conflict_each_waiting_command_is_decided_again_and_written_once() {
    let Line { store, go, commands } = Line::of([10, 100, 1_000].map(plain)).await;
    go.send(()).expect("it waits");
    store.until_taken(4).await;
    store.put("A-17", "account.deposited", 1, "{\"cents\":10000}").await;
    store.carry_out().await;
    let mut revisions = Vec::new();
    for done in Line::outcomes(commands).await {
        revisions.push(done.expect("deposited, although nothing is tried again").revision.get());
    }
    revisions.sort_unstable();
    assert_eq!(revisions, [3, 4, 5, 6]);
    assert_eq!(balance(&store).await, (6, 11_111));
}

#[tokio::test]
async fn a_rejection_waits_for_the_appends_on_which_it_was_decided() {
    let Line { store, go, commands } = Line::of([plain(10), plain(-5), plain(100)]).await;
    go.send(()).expect("it waits");
    store.until_taken(2).await;
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    assert!(commands.iter().all(|command| !command.is_finished()));
    store.carry_out().await;
    let outcomes = Line::outcomes(commands).await;
    assert!(matches!(outcomes[2], Err(ExecuteError::Rejected(Refused::Negative { cents: -5 }))));
    assert_eq!(outcomes.iter().filter(|done| done.is_ok()).count(), 3);
    assert_eq!(Meddler::count(&store.loads), 1, "the tail, for the rejection");
    assert_eq!(balance(&store).await, (4, 111));
}

#[tokio::test]
async fn a_repeated_command_in_the_queue_returns_its_first_outcome_and_the_others_theirs() {
    let once = || ExecuteOptions::new().command_id(Uuid::from_u128(7));
    let Line { store, go, commands } = Line::of([(10, once()), (10, once()), plain(100)]).await;
    go.send(()).expect("it waits");
    store.until_taken(4).await;
    store.carry_out().await;
    let outcomes: Vec<_> =
        Line::outcomes(commands).await.into_iter().map(|done| done.expect("an outcome")).collect();
    assert_eq!(outcomes[2].events[0].event_id, outcomes[1].events[0].event_id);
    assert!(outcomes[2].repeated && !outcomes[1].repeated);
    assert_eq!(balance(&store).await, (4, 111));
}

#[tokio::test]
async fn a_command_that_is_dropped_after_its_turn_leaves_the_others_alone() {
    let Line { store, go, mut commands } = Line::of([10, 100, 1_000].map(plain)).await;
    go.send(()).expect("it waits");
    store.until_taken(4).await;
    let dropped = commands.remove(1);
    dropped.abort();
    assert!(dropped.await.expect_err("aborted").is_cancelled());
    store.carry_out().await;
    for done in Line::outcomes(commands).await {
        done.expect("deposited");
    }
    assert_eq!(balance(&store).await, (5, 1_111), "it was taken, and is written");
}
