//! Transient failures, and those that need a fix of the database, create no dead letters.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use es_core::projection::{Project, Projection};
use es_core::record::BoxError;
use es_core::store::Append;
use es_core::{EventStore, Recorded, Revision, StoreError, StreamId};
use es_postgres::{OnFailure, PostgresProjector, Projector, ProjectorError};
use sqlx::PgConnection;

use crate::support::*;
use crate::workers::quick;

/// The statement that makes every change of the model fail with an SQLSTATE.
fn fail_with(code: &str) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql
         AS $$ BEGIN RAISE EXCEPTION 'it fails with {code}' USING ERRCODE = '{code}'; END $$;
         CREATE OR REPLACE TRIGGER fail BEFORE INSERT OR UPDATE ON es_balances_1.balances
         FOR EACH ROW EXECUTE FUNCTION public.fail()"
    )
}

const MENDED: &str = "DROP TRIGGER fail ON es_balances_1.balances";

/// Lock timeout, deadlock, serialization, statement timeout; disk full, out of memory, too many connections;
/// read-only, shut down.
const PASSING: [&str; 9] = ["55P03", "40P01", "40001", "57014", "53100", "53200", "53300", "25006", "57P01"];

#[tokio::test]
async fn transient_failures_create_no_dead_letter() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    let projector = quick(Projector::new(store.clone(), Balances)).on_failure(OnFailure::Park);
    projector.prepare().await.expect("tables");
    let running = tokio::spawn({
        let projector = projector.clone();
        async move { projector.run().await }
    });
    for code in PASSING {
        sql(&mut db, &fail_with(code)).await;
        deposit(&store, "a", 1).await;
        deposit(&store, "b", 2).await;
        let tried = async {
            while projector.retrying().is_none_or(|retrying| retrying.tries < 3) {
                assert!(!running.is_finished(), "{code} stops it");
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(LONG, tried).await.expect("it is retried");
        let shown = projector.status().await.expect("a status").error().map(str::to_owned);
        assert!(shown.as_ref().is_some_and(|error| error.contains(code)), "{code}: {shown:?}");
        let retrying = projector.retrying().expect("it is retried");
        assert!(retrying.error.contains(code), "{retrying:?}");
        assert_eq!(number(&mut db, "SELECT count(*) FROM es.dead_letters").await, 0, "{code}");
        sql(&mut db, MENDED).await;
        until(&mut db, &is_exact("es_balances")).await;
        until(&mut db, "SELECT error IS NULL FROM es.checkpoints").await;
    }
    let goes_on = async {
        while projector.retrying().is_some() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LONG, goes_on).await.expect("it continues");
    running.abort();
}

#[tokio::test]
async fn a_call_waits_for_a_transient_failure_as_long_as_for_the_server() {
    let (database, _store) = fresh().await;
    let mut db = connect(database.url()).await;
    let store = database.options().patience(MOMENT).connect().await.expect("a store");
    let projector = Projector::new(store.clone(), Balances).on_failure(OnFailure::Park);
    projector.prepare().await.expect("tables");
    deposit(&store, "a", 1).await;
    sql(&mut db, &fail_with("40P01")).await;
    let error = projector.catch_up().await.expect_err("a deadlock");
    assert!(matches!(&error, ProjectorError::Failed(_)) && error.is_retryable(), "{error}");
    assert!(projector.dead_letters().await.expect("a list").is_empty());
    sql(&mut db, MENDED).await;
    projector.catch_up().await.expect("all events");
    assert_exact(&mut db, "es_balances").await;
}

/// Breaks and fixes the database while a projection runs.
const NOT_READY: [(&str, &str); 3] = [
    (
        "ALTER TABLE es_balances_1.balances RENAME TO gone",
        "ALTER TABLE es_balances_1.gone RENAME TO balances",
    ),
    (
        "ALTER TABLE es_balances_1.balances RENAME COLUMN cents TO pence",
        "ALTER TABLE es_balances_1.balances RENAME COLUMN pence TO cents",
    ),
    ("ALTER SCHEMA es_balances_1 RENAME TO gone", "ALTER SCHEMA gone RENAME TO es_balances_1"),
];

#[tokio::test]
async fn missing_objects_park_nothing_and_stop_the_projector() {
    for (breaks, mends) in NOT_READY {
        let (database, store) = fresh().await;
        let mut db = connect(database.url()).await;
        let stopping = quick(Projector::new(store.clone(), Balances));
        let parking = stopping.clone().on_failure(OnFailure::Park);
        stopping.prepare().await.expect("tables");
        let running = tokio::spawn({
            let parking = parking.clone();
            async move { parking.run().await }
        });
        deposit(&store, "a", 1).await;
        until(&mut db, &is_exact("es_balances")).await;
        sql(&mut db, breaks).await;
        for account in 0..10 {
            deposit(&store, &format!("b{account}"), 1).await;
        }
        let stopped = tokio::time::timeout(LONG, running).await.expect("it stops");
        let error = stopped.expect("no panic").expect_err("it does not continue");
        assert!(matches!(&error, ProjectorError::NotReady { .. }), "{breaks}: {error}");
        assert!(!error.is_retryable(), "{error}");
        let shown = stopping.status().await.expect("a status").error().map(str::to_owned);
        assert_eq!(shown, Some(error.to_string()));
        if !breaks.contains("SCHEMA") {
            for projector in [&stopping, &parking] {
                let error = projector.catch_up().await.expect_err("it does not continue");
                assert!(matches!(&error, ProjectorError::NotReady { .. }), "{breaks}: {error}");
            }
        }
        assert_eq!(parking.dead_letters().await.expect("a list"), []);
        sql(&mut db, mends).await;
        parking.catch_up().await.expect("all events");
        assert_exact(&mut db, "es_balances").await;
    }
}

/// Needs a unique index, and runs as a role that may lose the privilege to write.
#[tokio::test]
async fn a_missing_privilege_and_a_missing_index_park_nothing() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    let projector = Projector::new(store.clone(), Upserts).on_failure(OnFailure::Park);
    projector.prepare().await.expect("tables");
    deposit(&store, "a", 1).await;
    sql(&mut db, "ALTER TABLE es_upserts_1.seen DROP CONSTRAINT seen_pkey").await;
    let error = projector.catch_up().await.expect_err("no index");
    assert!(matches!(&error, ProjectorError::NotReady { .. }), "{error}");
    sql(&mut db, "ALTER TABLE es_upserts_1.seen ADD PRIMARY KEY (account)").await;
    // As if the role may not use it.
    sql(
        &mut db,
        "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql
         AS $$ BEGIN RAISE EXCEPTION 'permission denied' USING ERRCODE = '42501'; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON es_upserts_1.seen FOR EACH ROW EXECUTE FUNCTION public.refuse()",
    )
    .await;
    let error = projector.catch_up().await.expect_err("no privilege");
    assert!(matches!(&error, ProjectorError::NotReady { .. }), "{error}");
    assert!(error.to_string().contains("permission denied"), "{error}");
    sql(&mut db, "DROP TRIGGER refuse ON es_upserts_1.seen").await;
    projector.catch_up().await.expect("all events");
    assert_eq!(number(&mut db, "SELECT count(*) FROM es_upserts.seen").await, 1);
    assert_eq!(projector.dead_letters().await.expect("a list"), []);
}

#[derive(Projection)]
#[projection(name = "upserts", events(Deposited), model = PgConnection, setup)]
struct Upserts;

impl es_core::projection::ProjectSetup for Upserts {
    async fn setup(&self, db: &mut PgConnection) -> Result<(), BoxError> {
        sqlx::query("CREATE TABLE seen (account text PRIMARY KEY)").execute(db).await?;
        Ok(())
    }
}

impl Project<Deposited> for Upserts {
    async fn project(&self, event: &Recorded<Deposited>, db: &mut PgConnection) -> Result<(), BoxError> {
        let upsert = sqlx::query("INSERT INTO seen VALUES ($1) ON CONFLICT (account) DO NOTHING");
        upsert.bind(event.stream.key()).execute(db).await?;
        Ok(())
    }
}

/// Swallows an SQL error, which another transaction causes for a while.
#[derive(Debug, Projection)]
#[projection(name = "forgiving", events(Deposited), model = PgConnection)]
struct Forgiving {
    fails: Arc<AtomicU32>,
}

impl Project<Deposited> for Forgiving {
    async fn project(&self, _: &Recorded<Deposited>, db: &mut PgConnection) -> Result<(), BoxError> {
        let left = self.fails.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_ok() {
            let _swallowed = sqlx::query("SELECT 1 / 0").execute(db).await;
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_swallowed_error_may_have_been_transient() {
    let (_database, store) = fresh().await;
    deposit(&store, "a", 1).await;
    for (fails, letters) in [(5, 0), (6, 1)] {
        deposit(&store, "a", 1).await;
        let forgiving = Forgiving { fails: Arc::new(AtomicU32::new(fails)) };
        let projector = Projector::new(store.clone(), forgiving).on_failure(OnFailure::Park);
        projector.catch_up().await.expect("nothing that stops");
        assert_eq!(projector.dead_letters().await.expect("a list").len(), letters, "{fails}");
    }
}

#[tokio::test]
async fn dead_letters_are_kept_after_failures_that_they_did_not_cause() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    deposit(&store, "a", 1).await;
    append(&store, "ghost", 0, "account.deposited", 1, r#"{"cents":7}"#).await;
    append(&store, "ghost", 1, "account.deposited", 1, r#"{"cents":8}"#).await;
    let projector = Projector::new(store.clone(), Balances).on_failure(OnFailure::Park);
    projector.catch_up().await.expect("all but two");
    let letters = projector.dead_letters().await.expect("a list");
    let ghost = letters[0].stream.clone();
    sql(&mut db, "INSERT INTO es_balances_1.balances VALUES ('ghost', 0, 0)").await;
    sql(&mut db, &fail_with("53100")).await;
    let error = projector.retry(&ghost).await.expect_err("the disk is full");
    assert!(matches!(&error, ProjectorError::Failed(_)) && error.is_retryable(), "{error}");
    sql(&mut db, &fail_with("42501")).await;
    let error = projector.retry(&ghost).await.expect_err("it may not");
    assert!(matches!(&error, ProjectorError::NotReady { .. }), "{error}");
    assert_eq!(projector.dead_letters().await.expect("a list"), letters);
    sql(&mut db, MENDED).await;
    let retried = projector.retry(&ghost).await.expect("an outcome");
    assert_eq!((retried.taken, retried.left), (letters.len(), 0));
}

#[tokio::test]
async fn the_error_of_an_inline_append_tells_whether_it_can_be_retried() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    let store = Projector::new(store, Balances).inline().await.expect("an inline store");
    let a = StreamId::new("account", "a").expect("a stream id");
    let events = opening();
    let append = || Append::new(&a, Revision::EMPTY, &events);
    for code in PASSING {
        sql(&mut db, &fail_with(code)).await;
        let error = store.append(append()).await.expect_err("it fails");
        assert!(error.is_retryable(), "{code}: {error}");
    }
    sql(&mut db, &fail_with("42P01")).await;
    let error = store.append(append()).await.expect_err("a table is missing");
    let StoreError::Setup { source } = &error else { panic!("{error:?}") };
    assert!(matches!(source.downcast_ref(), Some(ProjectorError::NotReady { .. })), "{error}");
    sql(&mut db, &fail_with("23505")).await;
    let error = store.append(append()).await.expect_err("its own failure");
    assert!(matches!(&error, StoreError::Backend { retryable: false, .. }), "{error}");
    sql(&mut db, MENDED).await;
    appended(store.append(append()).await);
    assert_exact(&mut db, "es_balances").await;
}

/// Like a primary that becomes a standby. The trigger makes the session of the append read-only from the next
/// transaction on.
#[tokio::test]
async fn a_session_of_an_inline_append_that_has_become_read_only_is_not_kept() {
    let (database, _store) = fresh().await;
    let mut db = connect(database.url()).await;
    let store = database.options().connections(1).connect().await.expect("a store");
    let store = Projector::new(store, Balances).inline().await.expect("an inline store");
    sql(
        &mut db,
        "CREATE FUNCTION public.turn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             PERFORM set_config('default_transaction_read_only', 'on', false);
             RETURN NEW;
         END $$;
         CREATE TRIGGER turn AFTER INSERT ON es_balances_1.balances FOR EACH ROW EXECUTE FUNCTION public.turn()",
    )
    .await;
    let events = opening();
    for (key, turned) in [("a", false), ("b", true), ("b", false), ("c", true), ("c", false)] {
        let stream = StreamId::new("account", key).expect("a stream id");
        let outcome = store.append(Append::new(&stream, Revision::EMPTY, &events)).await;
        assert_eq!(outcome.is_err(), turned, "{key}: {outcome:?}");
    }
}
