//! Transient failures: a lock that is held for a while, a server that accepts no writes for a while. A
//! program continues afterwards without a restart.

use es_core::store::{Append, AppendOutcome};
use es_core::{EventStore, Revision, StoreError};
use es_postgres::{ConnectError, PostgresStore};
use sqlx::{Connection, Executor};

use crate::support::{connect, events, fresh, sql, stream};

/// The name of the database in a URL of the tests.
fn name(url: &str) -> &str {
    let before_query = url.split('?').next().unwrap_or_default();
    before_query.rsplit('/').next().unwrap_or_default()
}

#[tokio::test]
async fn a_lock_that_is_held_while_a_store_is_opened_is_transient() {
    let (database, store) = fresh().await;
    store.close().await;
    let mut owner = connect(database.url()).await;
    for (setting, reset) in [("lock_timeout", "lock_timeout"), ("statement_timeout", "statement_timeout")] {
        sql(&mut owner, &format!("ALTER DATABASE {} SET {setting} = '100ms'", name(database.url()))).await;
        let mut tx = owner.begin().await.expect("a transaction");
        tx.execute("LOCK TABLE es.event_types").await.expect("locked");
        let error = PostgresStore::connect(database.url()).await.expect_err("it waits in vain");
        assert!(matches!(&error, ConnectError::Interrupted { .. }), "{error:?}");
        let error = StoreError::from(error);
        assert!(matches!(error, StoreError::Unavailable { .. }) && error.is_retryable(), "{error}");
        tx.rollback().await.expect("let go");
        sql(&mut owner, &format!("ALTER DATABASE {} RESET {reset}", name(database.url()))).await;
        PostgresStore::connect(database.url()).await.expect("a store").close().await;
    }
}

/// Like a primary that becomes a standby, or a pooler that leads to one. The trigger makes the session of the
/// append read-only from the next transaction on.
#[tokio::test]
async fn a_session_that_has_become_read_only_is_not_kept() {
    let (database, store) = fresh().await;
    let mut owner = connect(database.url()).await;
    let (one, several) = (stream("one"), stream("several"));
    sql(
        &mut owner,
        "CREATE FUNCTION turn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             PERFORM set_config('default_transaction_read_only', 'on', false);
             RETURN NEW;
         END $$;
         CREATE TRIGGER turn AFTER INSERT ON es.events FOR EACH ROW EXECUTE FUNCTION turn()",
    )
    .await;
    let (mut of_one, mut of_several) = (0, 0);
    let many = events(1_100);
    // Through a lane and outside the lanes; each append makes its session read-only.
    for turned in [false, true, false, true] {
        let append = Append::new(&one, Revision::new(of_one), &many[..1]);
        check(store.append(append).await, turned, &mut of_one, 1);
    }
    for turned in [false, true, false] {
        let append = Append::new(&several, Revision::new(of_several), &many);
        let outcome = store.append_all(&[append]).await.map(|mut outcomes| outcomes.remove(0));
        check(outcome, turned, &mut of_several, 1_100);
    }
}

/// On a read-only session an append fails, and can be retried.
fn check(outcome: Result<AppendOutcome, StoreError>, turned: bool, revision: &mut u64, events: u64) {
    match outcome {
        Ok(AppendOutcome::Appended(_)) if !turned => *revision += events,
        Err(error @ StoreError::Unavailable { .. }) if turned => assert!(error.is_retryable(), "{error}"),
        other => panic!("{turned}: {other:?}"),
    }
}

#[tokio::test]
async fn a_read_only_database_is_reported_at_connect() {
    let (database, _store) = fresh().await;
    let mut owner = connect(database.url()).await;
    let alter = format!("ALTER DATABASE {} SET default_transaction_read_only = on", name(database.url()));
    sql(&mut owner, &alter).await;
    let error = PostgresStore::connect(database.url()).await.expect_err("read-only");
    assert!(matches!(error, ConnectError::ReadOnly) && error.is_retryable(), "{error:?}");
    assert!(error.to_string().contains("default_transaction_read_only"), "{error}");
}
