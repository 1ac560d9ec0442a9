//! Tests through a real `PgBouncer` in transaction mode.

mod support;

use std::sync::Arc;

use es_core::projection::{Project, Projection};
use es_core::record::{BoxError, NewEvent, RawEvent};
use es_core::store::{AllQuery, Append, AppendIn, AppendOutcome, Checkpoint, Filter, ReadAll, Rest};
use es_core::{Recorded, Revision, StoreError, StreamId, event};
use es_postgres::testing::TestDatabase;
use es_postgres::{ConnectError, PostgresStore, Projector, ProjectorError};
use sqlx::{Connection, PgConnection};

use support::{PgBouncer, connect, shown};

#[event(name = "account.counted")]
struct Counted;

/// Stores nothing.
#[derive(Projection)]
#[projection(name = "nothing", events(Counted), model = PgConnection)]
struct Nothing;

impl Project<Counted> for Nothing {
    async fn project(&self, _: &Recorded<Counted>, _: &mut PgConnection) -> Result<(), BoxError> {
        Ok(())
    }
}

mod declared {
    use super::{PgBouncer, PostgresStore, TestDatabase};

    es_core::conformance!(async {
        let database = TestDatabase::new().await.expect("a test database");
        let pooler = PgBouncer::before(database, "").await;
        let store = PostgresStore::options(pooler.url()).transaction_pooler(true).migrate().await;
        (store.expect("a store"), pooler)
    });
}

#[tokio::test]
async fn tables_are_created_through_a_pooler() {
    let database = TestDatabase::empty().await.expect("a test database");
    let pooler = PgBouncer::before(database, "").await;
    let options = PostgresStore::options(pooler.url()).transaction_pooler(true);
    options.clone().migrate().await.expect("made").close().await;
    options.migrate().await.expect("nothing to do").close().await;
}

/// By default, `PgBouncer` refuses the startup parameters of the store's sessions; configured to ignore them,
/// it does not provide such sessions.
#[tokio::test]
async fn an_undeclared_pooler_is_refused_and_no_setting_is_left_behind_it() {
    for settings in ["", "ignore_startup_parameters = options,extra_float_digits"] {
        let database = TestDatabase::new().await.expect("a test database");
        // One server process, so that the next client gets the one of this store.
        let settings = format!("default_pool_size = 1\nmin_pool_size = 0\n{settings}");
        let pooler = PgBouncer::before(database, &settings).await;
        for opened in [PostgresStore::connect(pooler.url()).await, PostgresStore::migrate(pooler.url()).await]
        {
            let error = opened.expect_err("not declared");
            assert!(matches!(error, ConnectError::Pooler), "{error:?}");
            assert!(error.to_string().contains("transaction_pooler(true)"), "{error}");
            assert!(!error.is_retryable());
            assert!(matches!(StoreError::from(error), StoreError::Setup { .. }));
        }
        let mut other = connect(pooler.url()).await;
        let sql = "SELECT string_agg(name, ' ') FROM pg_settings WHERE source = 'session' AND name NOT IN
                   ('application_name', 'client_encoding', 'DateStyle', 'TimeZone', 'standard_conforming_strings')";
        assert_eq!(shown(&mut other, &format!("SELECT coalesce(({sql}), '')")).await, "");
        other.close().await.expect("closed");
    }
}

/// If the direct URL leads to another pooler, a projector would hold locks of a session that others share,
/// and notifications would not arrive.
#[tokio::test(flavor = "multi_thread")]
async fn a_direct_url_that_leads_to_a_pooler_is_refused() {
    for settings in ["", "ignore_startup_parameters = options,extra_float_digits"] {
        let database = TestDatabase::new().await.expect("a test database");
        let pooler = PgBouncer::before(database, settings).await;
        let options = PostgresStore::options(pooler.url()).transaction_pooler(true);
        let store = options.direct_url(pooler.url()).connect().await.expect("a store");
        let projector = Projector::new(store, Nothing);
        let stopped = tokio::time::timeout(std::time::Duration::from_secs(30), projector.run()).await;
        let stopped = stopped.expect("in time").expect_err("a pooler");
        assert!(!stopped.is_retryable());
        let ProjectorError::Store(StoreError::Setup { source }) = &stopped else { panic!("{stopped:?}") };
        assert!(matches!(source.downcast_ref(), Some(ConnectError::Pooler)), "{stopped:?}");
    }
}

/// Each page is a transaction, which asks for the high-water mark itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_store_works_through_a_pooler() {
    let database = TestDatabase::new().await.expect("a test database");
    let url = database.url().to_owned();
    let writer = database.store().await.expect("a store");
    let pooler = PgBouncer::before(database, "").await;
    let options = PostgresStore::options(pooler.url()).transaction_pooler(true).read_only();
    let reader = options.connect().await.expect("a store");
    let append = async |tx: &mut PgConnection, key: &str| {
        let stream = StreamId::new("account", key).expect("a stream");
        let event = [NewEvent::new("account.counted", 1, b"null".to_vec(), Arc::default())];
        let append = Append::new(&stream, Revision::EMPTY, &event);
        let outcome = writer.append_in(tx, append).await.expect("an outcome");
        assert!(matches!(outcome, AppendOutcome::Appended(_)), "{outcome:?}");
    };
    let (mut one, mut two) = (connect(&url).await, connect(&url).await);
    let mut slow = one.begin().await.expect("a transaction");
    let mut fast = two.begin().await.expect("a transaction");
    append(&mut slow, "slow").await;
    append(&mut fast, "fast").await;
    fast.commit().await.expect("committed");
    assert_eq!(positions(&reader).await, (vec![], Rest::Held));
    slow.commit().await.expect("committed");
    assert_eq!(positions(&reader).await, (vec![1, 2], Rest::Nothing));
    assert_eq!(reader.end().await.expect("a head").position().get(), 2);
}

/// All positions that can be read, and whether there is more.
async fn positions(store: &PostgresStore) -> (Vec<u64>, Rest) {
    let (all, mut positions) = (Filter::new(), Vec::new());
    let mut take = |event: RawEvent<'_>| {
        positions.push(event.position.get());
        Ok(())
    };
    let page = store.read_all(AllQuery::after(Checkpoint::START, &all), &mut take).await;
    let rest = page.expect("a page").rest;
    (positions, rest)
}

/// The settings of the store's own sessions are applied after those of the URL.
#[tokio::test]
async fn options_of_the_url_are_kept() {
    let database = TestDatabase::new().await.expect("a test database");
    let url = format!("{}&options=-c%20default_transaction_isolation%3Dserializable", database.url());
    let refused = PostgresStore::connect(&url).await.expect_err("by the option");
    assert!(matches!(refused, ConnectError::IsolationLevel { .. }), "{refused:?}");
}
