//! A realistic program: it sends commands, follows the store and projects it, and is never restarted.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use es_core::subscription::Subscription;
use es_core::uuid::Uuid;
use es_core::{ExecuteError, ExecuteOptions, Retry, StoreError};
use es_postgres::{PostgresStore, Projector, ProjectorError};
use sqlx::PgConnection;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::support::*;

/// The number of accounts that it uses.
const ACCOUNTS: u64 = 5;

pub(crate) struct Workload {
    store: PostgresStore,
    projector: Projector<Balances>,
    state: Arc<State>,
    writing: JoinHandle<()>,
    reading: JoinHandle<(Vec<u64>, StoreError)>,
    projecting: JoinHandle<Result<(), ProjectorError>>,
}

#[derive(Default)]
struct State {
    done: AtomicU64,
    failed: AtomicU64,
    read: AtomicU64,
    stop: AtomicBool,
    /// The last failures of a command and of the subscription.
    said: Mutex<[String; 2]>,
}

impl State {
    fn failed(&self, who: usize, error: &impl ToString) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)[who] = error.to_string();
    }
}

impl Workload {
    pub(crate) async fn start(store: &PostgresStore) -> Self {
        Self::with(store, projector(store)).await
    }

    pub(crate) async fn with(store: &PostgresStore, projector: Projector<Balances>) -> Self {
        let state = Arc::new(State::default());
        projector.prepare().await.expect("tables");
        Self {
            store: store.clone(),
            projector: projector.clone(),
            writing: tokio::spawn(write(accounts(store).with_retry(seldom()), Arc::clone(&state))),
            reading: tokio::spawn(read(Subscription::new(store.clone()), Arc::clone(&state))),
            projecting: tokio::spawn(async move { projector.run().await }),
            state,
        }
    }

    /// Waits until so many more commands have been executed, and their events read.
    pub(crate) async fn goes_on(&self, commands: u64) {
        let wanted = self.state.done.load(Ordering::SeqCst) + commands;
        self.reach("goes on", || self.state.done.load(Ordering::SeqCst) >= wanted).await;
        self.reach("reads", || self.state.read.load(Ordering::SeqCst) >= wanted).await;
    }

    /// Waits until so many more calls have failed.
    pub(crate) async fn notices(&self, failures: u64) {
        let wanted = self.state.failed.load(Ordering::SeqCst) + failures;
        self.reach("notices", || self.state.failed.load(Ordering::SeqCst) >= wanted).await;
    }

    /// Waits until commands, the subscription and the projector have all failed with an error that contains
    /// this.
    pub(crate) async fn says(&self, text: &str) {
        *self.state.said.lock().unwrap_or_else(PoisonError::into_inner) = Default::default();
        let all_say = || {
            let said = self.state.said.lock().unwrap_or_else(PoisonError::into_inner);
            said.iter().all(|said| said.contains(text))
                && self.projector.retrying().is_some_and(|retrying| retrying.error.contains(text))
        };
        self.reach(text, all_say).await;
    }

    /// Whether the projector is retrying after a failure.
    pub(crate) fn is_projecting_again(&self) -> bool {
        self.projector.retrying().is_some()
    }

    async fn reach(&self, what: &str, is_reached: impl Fn() -> bool + Send + Sync) {
        let reached = timeout(LONG, async {
            while !is_reached() {
                assert!(
                    !self.writing.is_finished() && !self.projecting.is_finished(),
                    "the program has ended"
                );
                sleep(std::time::Duration::from_millis(5)).await;
            }
        });
        reached.await.unwrap_or_else(|_| panic!("it never {what}"));
    }

    /// Ends it, and checks that each command was executed once, and each event was read and projected once,
    /// in order.
    pub(crate) async fn end_exact(self, db: &mut PgConnection) {
        self.state.stop.store(true, Ordering::SeqCst);
        self.writing.await.expect("no panic");
        let committed = number(db, "SELECT count(*) FROM es.events").await.unsigned_abs();
        assert_eq!(committed, self.state.done.load(Ordering::SeqCst), "commands and events");
        let (state, wanted) = (Arc::clone(&self.state), committed);
        let all = async {
            while state.read.load(Ordering::SeqCst) < wanted {
                sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        timeout(LONG, all).await.expect("all events are read");
        until(db, BALANCED).await;
        assert!(holds(db, CONTIGUOUS).await);
        self.store.close().await;
        self.projecting.await.expect("no panic").expect("it ran until the store was closed");
        let (read, error) = self.reading.await.expect("no panic");
        assert!(matches!(error, StoreError::Closed), "{error}");
        let positions: Vec<i64> = sqlx::query_scalar("SELECT position FROM es.events ORDER BY position")
            .fetch_all(db)
            .await
            .expect("positions");
        assert_eq!(read, positions.into_iter().map(i64::unsigned_abs).collect::<Vec<_>>());
    }
}

/// Failures are logged here.
fn seldom() -> Retry {
    Retry::default().times(1)
}

/// Sends each command, under its id, until it is executed.
async fn write(accounts: Accounts, state: Arc<State>) {
    for number in 0.. {
        if state.stop.load(Ordering::SeqCst) {
            return;
        }
        let (account, id) = (format!("a{}", number % ACCOUNTS), Uuid::now_v7());
        loop {
            let options = ExecuteOptions::new().command_id(id);
            match accounts.execute_with(&account, Deposit(1), options).await {
                Ok(_) => break,
                Err(error) => {
                    let known = matches!(error, ExecuteError::Store(StoreError::OutcomeUnknown { .. }));
                    assert!(known || error.is_retryable(), "{error:?}");
                    state.failed(0, &error);
                    state.failed.fetch_add(1, Ordering::SeqCst);
                    sleep(std::time::Duration::from_millis(5)).await;
                }
            }
        }
        state.done.fetch_add(1, Ordering::SeqCst);
    }
}

/// Follows the store until a permanent error.
async fn read(mut subscription: Subscription<PostgresStore>, state: Arc<State>) -> (Vec<u64>, StoreError) {
    let mut positions = Vec::new();
    loop {
        let mut take = |event: es_core::record::RawEvent<'_>| {
            positions.push(event.position.get());
            Ok(())
        };
        match subscription.next_page(&mut take).await {
            Ok(_) => {}
            // A page that was interrupted is delivered again from its beginning.
            Err(error) if error.is_retryable() => {
                state.failed(1, &error);
                let seen = subscription.checkpoint().position().get();
                positions.retain(|position| *position <= seen);
                sleep(std::time::Duration::from_millis(20)).await;
            }
            Err(error) => return (positions, error),
        }
        state.read.store(positions.len() as u64, Ordering::SeqCst);
    }
}
