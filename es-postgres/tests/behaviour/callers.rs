//! Calls in a transaction of the caller end in time, whatever its connection or others do, and leave its
//! settings unchanged.

use std::time::Duration;

use es_core::store::{Append, AppendIn, Decision, Load};
use es_core::{EventStore, Revision, StoreError};
use es_postgres::testing::{Proxy, TestDatabase};
use es_postgres::{LockTimeout, PostgresProjector, PostgresStore, Projector};
use sqlx::{Connection, PgConnection};
use tokio::time::timeout;
use uuid::Uuid;

use crate::silent_projector::Counts;
use crate::support::{
    LONG, append_one, appended, command, connect, events, fresh, number, proxy_before, sql, stream, texts,
};

const SHORT: Duration = Duration::from_millis(300);

async fn impatient() -> (TestDatabase, PostgresStore) {
    let (database, _) = fresh().await;
    let options = database.options().answer_within(SHORT).longest_lock_wait(SHORT);
    let store = options.connect().await.expect("a store");
    appended(append_one(&store, &stream("a"), 0).await);
    (database, store)
}

/// The calls that are possible in a caller's transaction.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Call {
    Append,
    Remember,
    Load,
}

async fn ask(call: Call, store: &PostgresStore, tx: &mut PgConnection) -> Result<(), StoreError> {
    let (a, batch, now) = (stream("a"), events(1), Revision::new(1));
    match call {
        Call::Append => store.append_in(tx, Append::new(&a, now, &batch)).await.map(drop),
        Call::Remember => {
            store.remember_in(tx, Decision::empty(&a, now, command(Uuid::now_v7()))).await.map(drop)
        }
        Call::Load => store.load_in(tx, Load::all(&a), &mut |_| Ok(())).await.map(drop),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_on_a_silent_connection_of_the_caller_ends_in_time() {
    let (database, store) = impatient().await;
    let proxy: Proxy = proxy_before(&database).await;
    for call in [Call::Append, Call::Remember, Call::Load] {
        for by_driver in [true, false] {
            let mut connection = connect(proxy.url()).await;
            // A statement that begins is unknown to the driver, and the store asks the server.
            match by_driver {
                true => std::mem::forget(connection.begin().await.expect("a transaction")),
                false => sql(&mut connection, "BEGIN").await,
            }
            proxy.silence();
            let answer = timeout(LONG, ask(call, &store, &mut connection)).await;
            let error = answer.unwrap_or_else(|_| panic!("{call:?} hangs")).expect_err("silence");
            assert!(matches!(error, StoreError::Unavailable { .. }), "{call:?}: {error:?}");
            assert!(error.to_string().contains("has not answered within"), "{error}");
            proxy.cut();
        }
    }
    appended(append_one(&store, &stream("a"), 1).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_waits_for_a_lock_fails_in_time_whatever_its_session_settings() {
    let (database, store) = impatient().await;
    let mut holder = connect(database.url()).await;
    sql(&mut holder, "BEGIN; SELECT FROM es.streams FOR UPDATE").await;
    for call in [Call::Append, Call::Remember] {
        let mut connection = connect(database.url()).await;
        // The server's default: forever.
        sql(&mut connection, "SET lock_timeout = 0").await;
        let mut tx = connection.begin().await.expect("a transaction");
        let answer = timeout(LONG, ask(call, &store, &mut tx)).await;
        let error = answer.unwrap_or_else(|_| panic!("{call:?} hangs")).expect_err("held");
        assert!(error.is_retryable(), "{call:?}: {error:?}");
        let StoreError::Backend { source, .. } = &error else { panic!("{call:?}: {error:?}") };
        let timeout = source.downcast_ref::<LockTimeout>().unwrap_or_else(|| panic!("{call:?}: {error:?}"));
        assert_eq!(timeout.streams, [stream("a")]);
        tx.rollback().await.expect("it is still there");
    }
}

#[tokio::test]
async fn the_lock_timeout_of_the_caller_is_left_unchanged() {
    let (database, store) = impatient().await;
    let show = "SELECT current_setting('lock_timeout')";
    for set in ["0", "100ms", "1min", "2h", "1d"] {
        let mut connection = connect(database.url()).await;
        let mut tx = connection.begin().await.expect("a transaction");
        sql(&mut tx, &format!("SET LOCAL lock_timeout = '{set}'")).await;
        for call in [Call::Append, Call::Remember, Call::Load] {
            // The second append is a conflict, and so is the second decision.
            for _ in 0..2 {
                ask(call, &store, &mut tx).await.expect("an answer");
                assert_eq!(texts(&mut tx, show).await, [set], "{call:?}");
            }
        }
        tx.rollback().await.expect("rolled back");
        assert_eq!(number(&mut connection, "SELECT count(*) FROM es.events").await, 1);
    }
}

/// At each of its steps, including those of the handler.
#[tokio::test(flavor = "multi_thread")]
async fn an_inline_append_on_a_silent_connection_of_the_caller_ends_in_time() {
    let (database, store) = impatient().await;
    let proxy = proxy_before(&database).await;
    let inline = Projector::new(store.clone(), Counts).inline().await.expect("an inline store");
    let (a, batch) = (stream("a"), events(1));
    let mut silent = 0;
    loop {
        let mut connection = connect(proxy.url()).await;
        let mut tx = connection.begin().await.expect("a transaction");
        proxy.silence_at_answer(silent + 1);
        let append = Append::new(&a, Revision::new(1), &batch);
        let answer = timeout(LONG, inline.append_in(&mut tx, append)).await;
        match answer.unwrap_or_else(|_| panic!("it hangs at answer {}", silent + 1)) {
            Ok(_) => break,
            Err(error) => assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}"),
        }
        silent += 1;
        proxy.cut();
    }
    proxy.silence_at_answer(0);
    assert!(silent >= 6, "{silent}: savepoint, append, settings, handler, settings, release");
    proxy.cut();
    let append = Append::new(&a, Revision::new(1), &batch);
    appended(inline.append(append).await.expect("nothing was written"));
}
