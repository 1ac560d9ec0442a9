//! Rows that were changed with all privileges, and a damaged page on disk. Each reader reports where the
//! damage is, and none misreads it.

use std::convert::Infallible;
use std::fs::OpenOptions;
use std::io::{Seek, SeekFrom, Write};

use es_core::shape::Shape;
use es_core::store::{AllQuery, Checkpoint, Filter, Find, FindEvents, ReadAll};
use es_core::subscription::Subscription;
use es_core::{Aggregate, Apply, EventStore, Events, ExecuteError, Handle, Repository, StoreError, emit};
use es_postgres::{PostgresStore, ProjectorError};
use serde::{Deserialize, Serialize};

use crate::rewind::rewind;
use crate::support::*;

/// The damage to the second event of the account `a`, at position 2.
const DAMAGE: [(&str, &str); 10] = [
    ("payload of another type", r#"payload = '{"cents": "many"}'"#),
    ("payload without a field", "payload = '{}'"),
    ("payload that ends too early", r#"payload = '{"cents": 1'::bytea::json"#),
    ("payload that is not UTF-8", r"payload = '{\042cents\042: \3771}'::bytea::json"),
    ("payload of NUL characters", r"payload = '\000\000\000'::bytea::json"),
    (METADATA, "metadata = '17'"),
    (METADATA, "metadata = '{'::bytea::json"),
    (OF_THE_ROW[0], "type = 4711"),
    (OF_THE_ROW[1], "recorded_at = 'infinity'"),
    ("revision of another event", "revision = 4711"),
];

/// Damage that is detected before anything is decoded.
const OF_THE_ROW: [&str; 2] = ["unknown type", "impossible time"];

/// Folding does not use it, so code that only folds does not read it.
const METADATA: &str = "metadata";

async fn follow(store: &PostgresStore) -> Result<(), StoreError> {
    let mut subscription = Subscription::of::<Account>(store.clone());
    while subscription.try_next().await?.is_some() {}
    Ok(())
}

/// Reads events as they are stored, through a filter.
async fn read(store: &PostgresStore, filter: &Filter) -> Result<(), StoreError> {
    store.read_all(AllQuery::after(Checkpoint::START, filter), &mut |_| Ok(())).await.map(drop)
}

#[track_caller]
fn names_the_place(error: &StoreError, damage: &str) {
    let text = error.to_string();
    assert!(!error.is_retryable(), "{damage}: {text}");
    assert!(!text.contains("many"), "{damage}: a payload in {text:?}");
    let place = ["position 2", "stream \"account/a\" is damaged"];
    assert!(place.iter().any(|place| text.contains(place)), "{damage}: {text}");
}

#[tokio::test]
async fn a_changed_event_is_reported_with_its_place_by_every_reader() {
    for (damage, change) in DAMAGE {
        let (database, store) = fresh().await;
        let mut db = connect(database.url()).await;
        sql(&mut db, "CREATE CAST (bytea AS json) WITHOUT FUNCTION").await;
        let (a, b) = (String::from("a"), String::from("b"));
        for account in [&a, &a, &a, &b] {
            accounts(&store).execute(account, Deposit(1)).await.expect("a deposit");
        }
        sql(&mut db, &rewind(&format!("UPDATE es.events SET {change} WHERE position = 2"))).await;

        for store in [&store, &database.store().await.expect("a store")] {
            // A new repository, without cached states.
            let accounts = accounts(store);
            if damage != METADATA {
                names_the_place(&accounts.load(&a).await.expect_err(damage), damage);
                let error = accounts.execute(&a, Deposit(1)).await.expect_err(damage);
                let ExecuteError::Store(error) = error else { panic!("{damage}: {error:?}") };
                names_the_place(&error, damage);
            }
            names_the_place(&follow(store).await.expect_err(damage), damage);
            if OF_THE_ROW.contains(&damage) {
                for filter in [Filter::new(), Filter::new().event::<Deposited>()] {
                    names_the_place(&read(store, &filter).await.expect_err(damage), damage);
                }
            }
            accounts.execute(&b, Deposit(1)).await.expect("other streams continue");
            match projector(store).catch_up().await.expect_err(damage) {
                ProjectorError::Store(error) => names_the_place(&error, damage),
                ProjectorError::Failed(failure) => {
                    assert_eq!(failure.place.position.get(), 2, "{damage}: {failure}");
                }
                other => panic!("{damage}: {other:?}"),
            }
        }
        let projected =
            number(&mut db, "SELECT coalesce(sum(events), 0)::bigint FROM es_balances.balances").await;
        assert!(projected <= 1, "{damage}: at most the event before it");
    }
}

#[tokio::test]
async fn an_event_without_its_stream_is_reported_with_its_place() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    accounts(&store).execute(&"a".to_owned(), Deposit(1)).await.expect("a deposit");
    accounts(&store).execute(&"b".to_owned(), Deposit(1)).await.expect("a deposit");
    sql(&mut db, &rewind("DELETE FROM es.streams WHERE id = 2")).await;
    let store = database.store().await.expect("a store");
    let id = sqlx::query_scalar("SELECT event_id FROM es.events WHERE position = 2").fetch_one(&mut db).await;
    let find = Find::Event(id.expect("an id"));
    let found = store.find(find, &mut |_| Ok(())).await;
    for error in [follow(&store).await, read(&store, &Filter::new()).await, found] {
        names_the_place(&error.expect_err("damage"), "no stream");
    }
}

/// The account has three events.
#[tokio::test]
async fn nothing_is_appended_to_a_stream_that_does_not_end_with_its_last_event() {
    for (change, missing) in [
        ("UPDATE es.streams SET revision = 2", None),
        ("UPDATE es.streams SET revision = 4", Some("its last revision, 4, is missing")),
        ("UPDATE es.streams SET revision = 9", Some("revision 4 is missing, before 9")),
        ("DELETE FROM es.events WHERE revision = 3", Some("its last revision, 3, is missing")),
        ("DELETE FROM es.events", Some("revision 1 is missing, before 3")),
    ] {
        let (database, store) = fresh().await;
        let mut db = connect(database.url()).await;
        let a = String::from("a");
        for _ in 0..3 {
            accounts(&store).execute(&a, Deposit(1)).await.expect("a deposit");
        }
        sql(&mut db, &rewind(change)).await;
        let events = number(&mut db, "SELECT count(*) FROM es.events").await;
        let seldom = es_core::Retry::default().times(1);
        let accounts = accounts(&store).with_retry(seldom);
        let refused = accounts.execute(&a, Deposit(1)).await.expect_err(change);
        let loaded = accounts.load(&a).await;
        match missing {
            Some(missing) => {
                let error = loaded.expect_err(change).to_string();
                assert!(error.contains(missing), "{change}: {error}");
                assert!(refused.to_string().contains(missing), "{change}: {refused}");
            }
            // All events are read, and none can be appended.
            None => {
                assert_eq!(loaded.expect("an account").state.cents, 3);
                assert!(matches!(refused, ExecuteError::Conflict { .. }), "{refused:?}");
            }
        }
        assert_eq!(number(&mut db, "SELECT count(*) FROM es.events").await, events, "{change}");
    }
}

/// An account with snapshots.
#[derive(Aggregate, Debug, Default, Serialize, Deserialize, Shape)]
#[aggregate(name = "account", id = String, events(Deposited), snapshot(every = 2))]
struct Kept {
    cents: i64,
}

impl Apply<Deposited> for Kept {
    fn apply(&mut self, event: Deposited) {
        self.cents += event.cents;
    }
}

impl Handle<Deposit> for Kept {
    type Error = Infallible;

    fn handle(&self, Deposit(cents): &Deposit) -> Result<Events<Self>, Infallible> {
        emit(Deposited { cents: *cents })
    }
}

#[tokio::test]
async fn a_changed_snapshot_is_replaced_by_folding_again() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    sql(&mut db, "CREATE CAST (bytea AS json) WITHOUT FUNCTION").await;
    let kept = || Repository::<Kept, _>::new(store.clone());
    let a = String::from("a");
    for (round, state) in [
        (1, r#"'{"cents":'::bytea::json"#),
        (2, r"'\377\000'::bytea::json"),
        (3, r#"'{"cents": "many"}'"#),
        (4, "'17'"),
    ] {
        let accounts = kept();
        for _ in 0..2 {
            accounts.execute(&a, Deposit(1)).await.expect("a deposit");
        }
        accounts.settle().await;
        assert_eq!(number(&mut db, "SELECT count(*) FROM es.snapshots").await, 1);
        sql(&mut db, &format!("UPDATE es.snapshots SET state = {state}")).await;
        assert_eq!(kept().load(&a).await.expect("an account").state.cents, round * 2, "{state}");
    }
}

#[tokio::test]
async fn a_damaged_page_on_disk_is_an_error_and_not_the_end_of_the_stream() {
    let mut host = Host::start("").await;
    let store = PostgresStore::migrate(host.url()).await.expect("a store");
    let (a, b) = (String::from("a"), String::from("b"));
    accounts(&store).execute(&a, Deposit(1)).await.expect("a deposit");
    let mut db = connect(host.url()).await;
    let is_second = "(SELECT max(ctid) FROM es.events) >= '(1,0)'";
    while !holds(&mut db, is_second).await {
        accounts(&store).execute(&b, Deposit(1)).await.expect("a deposit");
    }
    let last = accounts(&store).load(&b).await.expect("an account").revision;
    let file: String = sqlx::query_scalar("SELECT pg_relation_filepath('es.events')")
        .fetch_one(&mut db)
        .await
        .expect("a file");
    store.close().await;
    host.stop();
    let mut file =
        OpenOptions::new().write(true).open(host.data().join(file)).expect("the file of the table");
    // The header of the first page.
    file.seek(SeekFrom::Start(8)).expect("a place in it");
    file.write_all(&[0xAB; 16]).expect("damaged");
    drop(file);
    host.start_again().await;

    let store = PostgresStore::connect(host.url()).await.expect("a store");
    let accounts = accounts(&store);
    for error in [accounts.load(&a).await.expect_err("damage"), follow(&store).await.expect_err("damage")] {
        assert!(matches!(&error, StoreError::Backend { retryable: false, .. }), "{error:?}");
        assert!(error.to_string().contains("invalid page"), "{error}");
    }
    let error = projector(&store).catch_up().await.expect_err("damage");
    assert!(!error.is_retryable(), "{error:?}");
    // What is on other pages can be read.
    let range = es_core::store::StreamRange::from(last);
    let mut read = 0;
    let mut take = |_: es_core::record::RawEvent<'_>| {
        read += 1;
        Ok(())
    };
    let stream = accounts.stream_id(&b).expect("a stream");
    store.read_stream(&stream, range, &mut take).await.expect("events");
    assert_eq!(read, 1);
}
