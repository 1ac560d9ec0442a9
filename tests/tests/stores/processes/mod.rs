//! Processes on every store, in programs that are killed and stopped.

mod domain;
mod programs;

use std::time::Duration;

use domain::{Billing, Order, Payment, Place, UNLUCKY};
use es_core::process::{Clock, ProcessRunner};
use es_core::reactor::CheckpointStore;
use es_core::store::ReadAll;
use es_core::time::{self, OffsetDateTime};
use es_core::{EventStore, MemoryStore, Repository};
use es_postgres::testing::TestDatabase;
use es_sqlite::SqliteStore;

/// The number of orders; each seventh cannot be charged.
const ORDERS: u32 = 40;

const fn cents(order: u32) -> u32 {
    if order.is_multiple_of(7) { 500 } else { 5 }
}

async fn place_all<S: EventStore + Clone + 'static>(store: &S) {
    let orders = Repository::<Order, _>::new(store.clone());
    for order in 0..ORDERS {
        orders.execute(&order, Place(cents(order))).await.expect("it is placed");
    }
}

/// Asserts that each order was charged this many times, or rejected, and got a reminder.
async fn all_is_done<S, T>(times: u32, store: &S, payments: &T)
where
    S: EventStore + Clone + 'static,
    T: EventStore + Clone + 'static,
{
    let (billings, payments) =
        (Repository::<Billing, _>::new(store.clone()), Repository::<Payment, _>::new(payments.clone()));
    for order in 0..ORDERS {
        let refused = billings.load(&order).await.expect("a billing").state.refused;
        let payment = payments.load(&order).await.expect("a payment").state;
        let wanted = if cents(order) > 100 { (0, times, times) } else { (times, times, 0) };
        assert_eq!((payment.charges, payment.reminders, refused), wanted, "order {order}");
    }
}

fn runner<S, T>(store: &S, payments: &T) -> ProcessRunner<Billing, S>
where
    S: EventStore + CheckpointStore,
    T: EventStore + Clone + 'static,
{
    ProcessRunner::<Billing, _>::new(store.clone()).target(Repository::<Payment, _>::new(payments.clone()))
}

async fn runs_on<S, T>(store: S, payments: T)
where
    S: EventStore + CheckpointStore,
    T: EventStore + Clone + 'static,
{
    place_all(&store).await;
    let (one, other) = (runner(&store, &payments).partitions(2), runner(&store, &payments).partitions(2));
    let (one, other) = tokio::join!(one.catch_up(), other.catch_up());
    one.expect("it catches up");
    other.expect("it catches up");
    runner(&store, &payments).partitions(2).catch_up().await.expect("nothing is left");
    all_is_done(1, &store, &payments).await;
}

#[tokio::test]
async fn a_process_runs_in_memory_in_a_file_and_on_a_server_with_targets_in_any_store() {
    let database = TestDatabase::new().await.expect("a database");
    let file = SqliteStore::in_memory().await.expect("a store");
    let server = database.store().await.expect("a store");
    runs_on(MemoryStore::new(), file.clone()).await;
    runs_on(file, MemoryStore::new()).await;
    runs_on(server.clone(), server).await;
}

/// The store of the process has orders as well, at the same positions, which are not its inputs.
async fn takes_the_inputs_of<S, I>(store: S, source: I)
where
    S: EventStore + CheckpointStore,
    I: EventStore + ReadAll + Clone + 'static,
{
    let (others, orders) =
        (Repository::<Order, _>::new(store.clone()), Repository::<Order, _>::new(source.clone()));
    for order in 0..ORDERS {
        others.execute(&(1_000 + order), Place(5)).await.expect("it is placed");
    }
    orders.execute(&999, Place(UNLUCKY)).await.expect("it is placed");
    place_all(&source).await;
    let runner = runner(&store, &store).source(source);
    for _ in 0..2 {
        let done = tokio::time::timeout(Duration::from_secs(60), runner.catch_up()).await;
        done.expect("it comes to an end").expect("it catches up");
    }
    all_is_done(1, &store, &store).await;
    let letters = runner.inputs().dead_letters().await.expect("letters");
    assert_eq!(letters.iter().map(|letter| letter.stream.key()).collect::<Vec<_>>(), ["999"]);
    let payments = Repository::<Payment, _>::new(store);
    assert_eq!(payments.load(&1_001).await.expect("a payment").state.charges, 0);
}

#[tokio::test]
async fn a_process_reads_its_inputs_from_another_store() {
    let (database, other) = (TestDatabase::new().await, TestDatabase::new().await);
    let (database, other) = (database.expect("a database"), other.expect("a database"));
    let file = SqliteStore::in_memory().await.expect("a store");
    let server = database.store().await.expect("a store");
    takes_the_inputs_of(MemoryStore::new(), file).await;
    takes_the_inputs_of(SqliteStore::in_memory().await.expect("a store"), MemoryStore::new()).await;
    takes_the_inputs_of(server, other.store().await.expect("a store")).await;
}

/// A command that was decided before the ledgers may have been pruned is not sent: it could be executed
/// twice.
async fn waits_for_somebody_to_look<S: EventStore + CheckpointStore>(store: S) {
    let orders = Repository::<Order, _>::new(store.clone());
    orders.execute(&1, Place(5)).await.expect("it is placed");
    let late = Clock::at(OffsetDateTime::now_utc() + time::Duration::hours(2));
    let pruned = runner(&store, &store).clock(late).ledgers_keep(Duration::from_secs(3_600));
    pruned.catch_up().await.expect("it is parked");
    let letters = pruned.sender().dead_letters().await.expect("letters");
    let first = letters.first().expect("a letter");
    assert!(first.reason.contains("may have been pruned since"), "{}", first.reason);
    let payments = Repository::<Payment, _>::new(store.clone());
    assert_eq!(payments.load(&1).await.expect("a payment").state.charges, 0);
    let kept = runner(&store, &store).ledgers_keep(Duration::from_secs(86_400));
    kept.catch_up().await.expect("it is sent");
    assert!(kept.sender().dead_letters().await.expect("letters").is_empty());
    assert_eq!(payments.load(&1).await.expect("a payment").state.charges, 1);
}

#[tokio::test]
async fn a_command_older_than_the_ledgers_is_parked_with_the_reason_on_every_store() {
    let database = TestDatabase::new().await.expect("a database");
    waits_for_somebody_to_look(MemoryStore::new()).await;
    waits_for_somebody_to_look(SqliteStore::in_memory().await.expect("a store")).await;
    waits_for_somebody_to_look(database.store().await.expect("a store")).await;
}
