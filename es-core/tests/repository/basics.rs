//! Executing commands, and loading the states that they lead to, now and in the past.

use std::sync::Arc;

use crate::common::{Account, AccountEvent, Deposit, Deposited, Open, Opened, Refused};
use es_core::store::StreamRange;
use es_core::time::OffsetDateTime;
use es_core::uuid::Uuid;
use es_core::{ExecuteError, ExecuteOptions, MemoryStore, Metadata, Repository, Revision, StoreError, emit};
use time::Duration;

fn accounts() -> Repository<Account, MemoryStore> {
    Repository::new(MemoryStore::new())
}

fn id() -> String {
    "A-17".into()
}

#[tokio::test]
async fn a_command_appends_its_events_and_returns_them_with_their_positions() {
    let accounts = accounts();
    let opened = accounts.execute(&id(), Open).await.expect("opened");
    let deposited = accounts.execute(&id(), Deposit(500)).await.expect("deposited");

    assert_eq!(opened.revision, Revision::new(1));
    assert_eq!((deposited.revision, deposited.repeated), (Revision::new(2), false));
    let [event] = &deposited.events[..] else { panic!("one event") };
    assert_eq!(event.event, AccountEvent::Deposited(Deposited { cents: 500 }));
    assert_eq!((event.name, event.version, event.stored_version), ("account.deposited", 1, 1));
    assert_eq!((event.stream.to_string(), event.revision), ("account/A-17".into(), Revision::new(2)));
    assert!(event.position > opened.events[0].position);

    let loaded = accounts.load(&id()).await.expect("a state");
    assert_eq!((loaded.state.cents, loaded.revision), (500, Revision::new(2)));
}

#[tokio::test]
async fn a_rejection_is_the_domains_own_error_and_writes_nothing() {
    let accounts = accounts();
    let rejected = accounts.execute(&id(), Deposit(500)).await.expect_err("not open");
    assert!(matches!(rejected, ExecuteError::Rejected(Refused::NotOpen)));
    assert_eq!(accounts.load(&id()).await.expect("a state").revision, Revision::EMPTY);
}

#[tokio::test]
async fn a_decision_without_events_appends_nothing() {
    let accounts = accounts();
    accounts.execute(&id(), Open).await.expect("opened");
    let done = accounts.execute(&id(), Deposit(0)).await.expect("nothing to do");
    assert_eq!((done.events.len(), done.revision), (0, Revision::new(1)));
}

#[tokio::test]
async fn a_decision_may_wait_for_something_outside() {
    let accounts = accounts();
    accounts.execute(&id(), Open).await.expect("opened");
    let done = accounts
        .decide(&id(), async |state: Arc<Account>| {
            tokio::task::yield_now().await;
            if state.open {
                emit([Deposited { cents: 1 }, Deposited { cents: 2 }])
            } else {
                Err(Refused::NotOpen)
            }
        })
        .await
        .expect("decided");
    assert_eq!((done.events.len(), done.revision), (2, Revision::new(3)));
}

#[tokio::test]
async fn the_state_at_a_revision_is_the_fold_up_to_it() {
    let accounts = accounts();
    accounts.execute(&id(), Open).await.expect("opened");
    for cents in 1..=9 {
        accounts.execute(&id(), Deposit(cents)).await.expect("deposited");
    }
    accounts.settle().await;
    for revision in 0..=10_u64 {
        let loaded = accounts.load_at(&id(), revision).await.expect("a state");
        assert_eq!(loaded.revision.get(), revision);
        assert_eq!(loaded.state.deposits.len() as u64, revision.saturating_sub(1));
    }
    assert_eq!(accounts.load_at(&id(), 99).await.expect("a state").revision.get(), 10);
}

#[tokio::test]
async fn the_state_as_of_a_time_counts_what_had_happened_by_then_in_the_order_of_the_stream() {
    let accounts = accounts();
    let day = |day: i64| OffsetDateTime::UNIX_EPOCH + Duration::days(day);
    let on = |d| ExecuteOptions::new().metadata(Metadata::new().occurred_at(day(d)));
    accounts.execute_with(&id(), Open, on(1)).await.expect("opened");
    accounts.execute_with(&id(), Deposit(10), on(5)).await.expect("deposited");
    // Recorded last, but it happened in between.
    accounts.execute_with(&id(), Deposit(20), on(3)).await.expect("deposited");
    accounts.execute_with(&id(), Deposit(30), on(5)).await.expect("deposited");

    let as_of = async |d| accounts.load_as_of(&id(), day(d)).await.expect("a state").state.deposits;
    assert!(!accounts.load_as_of(&id(), day(0)).await.expect("a state").state.open);
    assert_eq!(as_of(2).await, [0_i64; 0]);
    assert_eq!(as_of(4).await, [20]);
    assert_eq!(as_of(5).await, [10, 20, 30], "as every other fold");
    let late = accounts.load_as_of(&id(), day(4)).await.expect("a state");
    assert_eq!(late.revision.get(), 3, "the last event that counts");
    assert_eq!(accounts.load(&id()).await.expect("a state").state.deposits, [10, 20, 30]);
}

#[tokio::test]
async fn a_history_contains_times_and_metadata() {
    let accounts = accounts();
    let metadata = Metadata::new().actor("clerk").correlation_id(Uuid::now_v7()).entry("channel", "web");
    let options = ExecuteOptions::new().metadata(metadata.clone());
    accounts.execute_with(&id(), Open, options).await.expect("opened");
    accounts.execute(&id(), Deposit(1)).await.expect("deposited");
    let mut events = Vec::new();
    let mut take = |recorded| {
        events.push(recorded);
        Ok(())
    };
    accounts.history(&id(), StreamRange::ALL.backward(), &mut take).await.expect("a history");
    assert_eq!(events[0].event, AccountEvent::Deposited(Deposited { cents: 1 }));
    assert_eq!(events[0].occurred_at(), events[0].recorded_at);
    assert_eq!(events[1].event, AccountEvent::Opened(Opened { owner: "Ann".into() }));
    assert_eq!(*events[1].metadata, metadata);
}

#[tokio::test]
async fn ids_are_listed_page_by_page() {
    let accounts = accounts();
    for key in ["b", "a", "c"] {
        accounts.execute(&key.to_owned(), Open).await.expect("opened");
    }
    let first = accounts.ids(None, 2).await.expect("a page");
    assert_eq!(first, [("a".to_owned(), Revision::new(1)), ("b".to_owned(), Revision::new(1))]);
    let rest = accounts.ids(Some(&first[1].0), 2).await.expect("a page");
    assert_eq!(rest, [("c".to_owned(), Revision::new(1))]);
}

#[tokio::test]
async fn an_id_that_cannot_name_a_stream_is_refused() {
    let error = accounts().execute(&String::new(), Open).await.expect_err("an empty key");
    assert!(matches!(error, ExecuteError::Store(StoreError::InvalidStreamId(_))), "{error}");
}

#[tokio::test]
async fn commands_run_in_tasks_and_in_boxed_futures() {
    let accounts = accounts();
    let in_task = accounts.clone();
    tokio::spawn(async move { in_task.execute(&id(), Open).await.map(drop) })
        .await
        .expect("joined")
        .expect("opened");
    let boxed: std::pin::Pin<Box<dyn Future<Output = _> + Send>> =
        Box::pin(async { accounts.execute(&id(), Deposit(1)).await.map(|done| done.revision) });
    assert_eq!(boxed.await.expect("deposited"), Revision::new(2));
}

#[tokio::test]
async fn a_store_behind_a_pointer_is_a_store() {
    let shared: Arc<dyn es_core::EventStore> = Arc::new(MemoryStore::new());
    let accounts = Repository::<Account, _>::new(shared);
    assert_eq!(accounts.execute(&id(), Open).await.expect("opened").revision, Revision::new(1));
}
