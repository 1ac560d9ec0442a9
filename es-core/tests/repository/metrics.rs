//! Metrics: what a program can count.

use std::time::Duration;

use crate::common::{Account, Deposit, Deposited, Meddle, Meddler, Open, Refused};
use es_core::repository::RepositoryMetrics;
use es_core::subscription::Subscription;
use es_core::uuid::Uuid;
use es_core::{ExecuteOptions, MemoryStore, Position, Repository, Retry, StoreError, emit};

fn id() -> String {
    "A-17".into()
}

fn unavailable() -> StoreError {
    StoreError::Unavailable { source: "connection refused".into() }
}

#[tokio::test]
async fn commands_are_counted_by_outcome() {
    let store = Meddler::default();
    let retry = Retry::default().times(2).first_wait(Duration::ZERO);
    let accounts = Repository::<Account, _>::new(store.clone()).with_retry(retry);
    assert_eq!(accounts.metrics(), RepositoryMetrics::default());
    let expect = |commands, rejected, repeated, failed, conflicts, retries, warm| {
        let found = accounts.clone().metrics();
        let counts = [
            found.commands,
            found.rejected,
            found.repeated,
            found.failed,
            found.conflicts,
            found.retries,
            found.warm,
        ];
        assert_eq!(counts, [commands, rejected, repeated, failed, conflicts, retries, warm]);
    };
    let meddle = |meddles: Vec<Meddle>| store.meddles.lock().expect("no panic").extend(meddles);
    accounts.execute(&id(), Open).await.expect("opened");
    expect(1, 0, 0, 0, 0, 0, 0);
    accounts.execute(&id(), Open).await.expect_err("open already");
    expect(2, 1, 0, 0, 0, 0, 1);
    // First the cached state is stale, then another append comes first, then a transient failure occurs.
    meddle(vec![Meddle::Deposit(7), Meddle::Deposit(7), Meddle::Fail(unavailable)]);
    accounts.execute(&id(), Deposit(1)).await.expect("the third time");
    expect(3, 1, 0, 0, 2, 2, 2);
    meddle((0..4).map(|_| Meddle::Fail(unavailable)).collect());
    let decided = accounts.decide(&id(), async |_| emit::<_, Refused>(Deposited { cents: 1 })).await;
    decided.expect_err("never available");
    store.meddles.lock().expect("no panic").clear();
    expect(4, 1, 0, 1, 2, 4, 3);
    for _ in 0..2 {
        let options = ExecuteOptions::new().command_id(Uuid::from_u128(1));
        accounts.execute_with(&id(), Deposit(1), options).await.expect("once");
    }
    expect(6, 1, 1, 1, 2, 4, 4);
}

#[tokio::test]
async fn a_subscription_can_be_watched_while_it_waits() {
    let store = MemoryStore::new();
    let accounts = Repository::<Account, _>::new(store.clone());
    accounts.execute(&id(), Open).await.expect("opened");
    let mut subscription = Subscription::new(store);
    let watch = subscription.watch();
    assert_eq!((watch.status().position, watch.status().read_at), (Position::default(), None));
    for tries in 1..3 {
        let refuse = subscription.page(&mut |_| Err(unavailable())).await;
        refuse.expect_err("the sink says so");
        let status = watch.status();
        assert_eq!((status.tries, status.events, status.read_at), (tries, 0, None));
        assert!(status.failed_at.is_some());
        assert!(status.error.is_some_and(|error| error.contains("connection refused")));
    }
    let following = tokio::spawn(async move {
        loop {
            subscription.next_page(&mut |_| Ok(())).await.expect("a page");
        }
    });
    let at = async |position| {
        let reached = async {
            while watch.status().position != Position::new(position) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), reached).await.expect("it continues");
        watch.status()
    };
    let status = at(1).await;
    assert_eq!((status.tries, status.events, status.error), (0, 1, None));
    assert!(status.read_at.is_some() && status.failed_at.is_none());
    accounts.execute(&id(), Deposit(1)).await.expect("deposited");
    assert_eq!(at(2).await.events, 2);
    following.abort();
}
