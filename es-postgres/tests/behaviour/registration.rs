//! The shapes of events in the database: registered by writers, compared when a program starts.

use std::convert::Infallible;

use es_core::catalogue::Catalogue;
use es_core::record::NewEvent;
use es_core::store::Append;
use es_core::{
    Aggregate, Apply, EventStore, Events, ExecuteError, ExecuteOptions, Handle, Loaded, Metadata, Repository,
    Revision, StoreError, StreamId, emit, event,
};
use es_postgres::PostgresStore;
use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;

use crate::support::{LONG, appended, connect, fresh, number, proxy_before, sql, stream, until};

struct Count(i64);

/// A program with one aggregate of one event, `account.counted`.
macro_rules! program {
    ($module:ident, $($field:tt)*) => {
        mod $module {
            use super::*;

            #[event(name = "account.counted")]
            pub(super) struct Counted {
                $($field)*
            }

            #[derive(Aggregate, Default)]
            #[aggregate(name = "account", id = String, events(Counted))]
            pub(super) struct Account {
                events: u64,
            }

            impl Apply<Counted> for Account {
                fn apply(&mut self, _: Counted) {
                    self.events += 1;
                }
            }
        }
    };
}

program!(one, pub(super) nth: i64);
program!(other, pub(super) name: String);

impl Handle<Count> for one::Account {
    type Error = Infallible;
    fn handle(&self, Count(nth): &Count) -> Result<Events<Self>, Infallible> {
        emit(one::Counted { nth: *nth })
    }
}

impl Handle<Count> for other::Account {
    type Error = Infallible;
    fn handle(&self, _: &Count) -> Result<Events<Self>, Infallible> {
        emit(other::Counted { name: "a".into() })
    }
}

const KNOWN: &str = "SELECT count(*) FROM es.event_types WHERE fingerprint IS NOT NULL";

fn is_conflict(error: &StoreError) -> bool {
    matches!(error, StoreError::SchemaConflict { name, version: 1, .. } if name == "account.counted")
}

#[tokio::test]
async fn the_second_of_two_programs_with_different_events_is_refused() {
    let (database, store) = fresh().await;
    let mut connection = connect(database.url()).await;
    Repository::<other::Account, _>::new(store.clone()).load("a").await.expect("an empty stream");
    assert_eq!(number(&mut connection, "SELECT count(*) FROM es.event_types").await, 0, "a reader");
    Repository::<one::Account, _>::new(store).register().await.expect("the first one");
    assert_eq!(number(&mut connection, KNOWN).await, 1);

    let second = Repository::<other::Account, _>::new(database.store().await.expect("a store"));
    let error = second.register().await.expect_err("another shape");
    assert!(is_conflict(&error), "{error}");
    let StoreError::SchemaConflict { registered, found, .. } = error else { unreachable!() };
    let of = |catalogue: Catalogue| catalogue.events()[0].fingerprint();
    assert_eq!(Some(registered), of(Catalogue::of::<one::Account>()));
    assert_eq!(Some(found), of(Catalogue::of::<other::Account>()));
    let refused = second.execute("a", Count(1)).await.expect_err("another shape");
    assert!(matches!(&refused, ExecuteError::Store(error) if is_conflict(error)), "{refused}");

    // What the documentation recommends for a version of which no event was stored.
    sql(
        &mut connection,
        "UPDATE es.event_types SET fingerprint = NULL WHERE name = 'account.counted' AND version = 1",
    )
    .await;
    second.execute("a", Count(1)).await.expect("forgotten");
}

#[tokio::test]
async fn a_type_registered_without_a_fingerprint_gets_it_later() {
    let (database, store) = fresh().await;
    let mut connection = connect(database.url()).await;
    let metadata = std::sync::Arc::new(Metadata::new());
    let events = [NewEvent::new("account.counted", 1, br#"{"nth":1}"#.to_vec(), metadata)];
    appended(store.append(Append::new(&stream("a"), Revision::EMPTY, &events)).await.expect("an outcome"));
    assert_eq!(number(&mut connection, KNOWN).await, 0);
    let id = number(&mut connection, "SELECT id::bigint FROM es.event_types").await;

    Repository::<one::Account, _>::new(store.clone()).execute("a", Count(2)).await.expect("known");
    assert_eq!(number(&mut connection, KNOWN).await, 1);
    assert_eq!(number(&mut connection, "SELECT id::bigint FROM es.event_types").await, id);
    let error = Repository::<other::Account, _>::new(store).register().await.expect_err("another shape");
    assert!(is_conflict(&error), "{error}");
}

/// All ten wait for the table, which another session locks, and are then released.
#[tokio::test(flavor = "multi_thread")]
async fn ten_writers_that_start_concurrently_register_each_event_once() {
    let (database, _) = fresh().await;
    let mut holder = connect(database.url()).await;
    sql(&mut holder, "BEGIN; LOCK TABLE es.event_types IN SHARE ROW EXCLUSIVE MODE").await;
    let mut writers = JoinSet::new();
    for writer in 0..10 {
        let store = database.options().connect().await.expect("a store");
        writers.spawn(async move {
            let accounts = Repository::<one::Account, _>::new(store);
            accounts.execute(&format!("{writer}"), Count(writer)).await
        });
    }
    let mut watcher = connect(database.url()).await;
    until(
        &mut watcher,
        "(SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'es.event_types'::regclass) = 10",
    )
    .await;
    sql(&mut holder, "COMMIT").await;
    for outcome in writers.join_all().await {
        outcome.expect("it started");
    }
    assert_eq!(number(&mut watcher, "SELECT count(*) FROM es.event_types").await, 1);
    assert_eq!(number(&mut watcher, KNOWN).await, 1);
    assert_eq!(number(&mut watcher, "SELECT count(*) FROM es.events").await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn registering_known_events_costs_no_round_trip() {
    let (database, store) = fresh().await;
    Repository::<one::Account, _>::new(store).register().await.expect("the first one");
    let proxy = proxy_before(&database).await;
    let store =
        PostgresStore::options(proxy.url()).connections(1).notify(false).connect().await.expect("a store");
    let before = proxy.round_trips();
    let accounts = Repository::<one::Account, _>::new(store);
    accounts.register().await.expect("it is known");
    accounts.clone().register().await.expect("it is known");
    assert_eq!(proxy.round_trips(), before);
}

/// The only connection of the store waits for the caller's transaction, so registering needs one of its own.
#[tokio::test]
async fn a_command_in_a_transaction_registers_outside_it() {
    let (database, _) = fresh().await;
    let store = database.options().connections(1).connect().await.expect("a store");
    let mut connection = connect(database.url()).await;
    let accounts = Repository::<one::Account, _>::new(store);
    let mut tx = connection.begin().await.expect("a transaction");
    let (id, options) = (String::from("a"), ExecuteOptions::new());
    let command = accounts.execute_in::<PgConnection, _>(&mut tx, &id, Count(1), options);
    tokio::time::timeout(LONG, command).await.expect("no deadlock").expect("executed");
    tx.rollback().await.expect("rolled back");
    assert_eq!(number(&mut connection, KNOWN).await, 1, "it outlives the transaction");
    assert_eq!(number(&mut connection, "SELECT count(*) FROM es.events").await, 0);
}

/// Replaces the history that the store knows with an empty one, as a restored backup does.
async fn restore_an_empty_backup(url: &str) -> PgConnection {
    let mut connection = connect(url).await;
    sql(&mut connection, "ALTER SCHEMA es RENAME TO es_before").await;
    PostgresStore::migrate(url).await.expect("a new schema").close().await;
    sql(
        &mut connection,
        "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .await;
    connection
}

#[tokio::test]
async fn a_database_that_was_restored_gets_the_registrations_again() {
    let (database, store) = fresh().await;
    let accounts = Repository::<one::Account, _>::new(store);
    accounts.execute("a", Count(1)).await.expect("executed");
    let mut connection = restore_an_empty_backup(database.url()).await;
    assert_eq!(number(&mut connection, KNOWN).await, 0);
    let done = loop {
        // The first call finds the idle connection broken.
        match accounts.execute("a", Count(2)).await {
            Err(error) if error.is_retryable() => {}
            done => break done.expect("executed"),
        }
    };
    assert_eq!(done.revision, Revision::new(1), "the backup was empty");
    assert_eq!(number(&mut connection, KNOWN).await, 1);
}

#[tokio::test]
async fn a_database_that_was_restored_with_other_events_is_refused() {
    let (database, store) = fresh().await;
    let accounts = Repository::<one::Account, _>::new(store);
    accounts.execute("a", Count(1)).await.expect("executed");
    let mut connection = restore_an_empty_backup(database.url()).await;
    let other = database.options().connect().await.expect("a store");
    Repository::<other::Account, _>::new(other).register().await.expect("the first one in there");
    let error = loop {
        match accounts.execute("a", Count(2)).await {
            Err(ExecuteError::Store(error)) if error.is_retryable() => {}
            refused => break refused.expect_err("another shape"),
        }
    };
    assert!(matches!(&error, ExecuteError::Store(error) if is_conflict(error)), "{error}");
    assert_eq!(number(&mut connection, "SELECT count(*) FROM es.events").await, 0);
}

mod renamed {
    use super::*;

    #[derive(Aggregate, Default)]
    #[aggregate(name = "account", was("konto"), id = String, events(one::Counted))]
    pub(super) struct Account {
        pub(super) events: u64,
    }

    impl Apply<one::Counted> for Account {
        fn apply(&mut self, _: one::Counted) {
            self.events += 1;
        }
    }
}

async fn append_by_hand(store: &PostgresStore, category: &'static str) {
    let stream = StreamId::new(category, "a").expect("a stream id");
    let metadata = std::sync::Arc::new(Metadata::new());
    let events = [NewEvent::new("account.counted", 1, br#"{"nth":1}"#.to_vec(), metadata)];
    appended(store.append(Append::new(&stream, Revision::EMPTY, &events)).await.expect("an outcome"));
}

/// The first load on the new connection.
async fn load_again(
    accounts: &Repository<renamed::Account, PostgresStore>,
) -> Result<Loaded<renamed::Account>, StoreError> {
    loop {
        match accounts.load("a").await {
            Err(error) if error.is_retryable() => {}
            loaded => return loaded,
        }
    }
}

#[tokio::test]
async fn a_database_that_was_restored_gets_the_names_of_a_category_again() {
    let (database, store) = fresh().await;
    let accounts = Repository::<renamed::Account, _>::new(store);
    assert_eq!(accounts.load("a").await.expect("an empty stream").revision, Revision::EMPTY);
    restore_an_empty_backup(database.url()).await;
    // Written by an earlier program before the backup was made.
    append_by_hand(&database.options().connect().await.expect("a store"), "konto").await;
    let loaded = load_again(&accounts).await.expect("found under its old name");
    assert_eq!((loaded.revision, loaded.state.events), (Revision::new(1), 1));
}

#[tokio::test]
async fn a_database_that_was_restored_with_two_categories_is_refused() {
    let (database, store) = fresh().await;
    let accounts = Repository::<renamed::Account, _>::new(store);
    accounts.load("a").await.expect("an empty stream");
    restore_an_empty_backup(database.url()).await;
    let other = database.options().connect().await.expect("a store");
    append_by_hand(&other, "konto").await;
    append_by_hand(&other, "account").await;
    let error = load_again(&accounts).await.expect_err("two categories");
    assert!(matches!(error, StoreError::SplitCategory { .. }), "{error}");
}

/// A session costs a server process, and the checks of a new session.
#[tokio::test(flavor = "multi_thread")]
async fn events_are_registered_over_the_first_session_of_the_store() {
    let (database, other) = fresh().await;
    other.close().await;
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                    AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    let mut watch = connect(database.url()).await;
    until(&mut watch, &format!("({sessions}) = 0")).await;
    let store = database.options().notify(false).connect().await.expect("a store");
    let accounts = Repository::<one::Account, _>::new(store);
    accounts.register().await.expect("registered");
    accounts.execute(&"a".to_owned(), Count(1)).await.expect("executed");
    assert_eq!(number(&mut watch, sessions).await, 1);
}
