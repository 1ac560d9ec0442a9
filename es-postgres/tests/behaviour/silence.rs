//! A server that falls silent: a connection that the network dropped, a process that hangs, a lock that is
//! never released. Each call ends in time, and the store recovers.

use std::process::Command;
use std::time::Duration;

use es_core::store::{AllQuery, Append, AppendOutcome, Checkpoint, Filter, ReadAll};
use es_core::{EventStore, Revision, StoreError};
use es_postgres::testing::{Fault, Proxy, TestDatabase};
use es_postgres::{ConnectError, LockTimeout, PostgresStore};
use sqlx::{Connection, Executor};
use tokio::time::timeout;

use crate::support::{
    LONG, MOMENT, append_one, appended, connect, events, fresh, ids, number, proxy_before, sql, stream,
};

/// A store behind a proxy, with short deadlines.
async fn impatient() -> (TestDatabase, Proxy, PostgresStore) {
    let (database, _) = fresh().await;
    let proxy = proxy_before(&database).await;
    let options = PostgresStore::options(proxy.url()).answer_within(MOMENT);
    // This includes a connection that falls silent while it is opened.
    let options = options.patience(4 * MOMENT);
    let store = options.connections(4).connect().await.expect("a store");
    (database, proxy, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_on_a_silent_connection_is_found_not_to_be_written() {
    let (_database, proxy, store) = impatient().await;
    let (one, many) = (stream("one"), stream("many"));
    appended(append_one(&store, &one, 0).await);
    proxy.silence();
    let batch = events(1);
    let append = Append::new(&one, Revision::new(1), &batch);
    let error = timeout(LONG, store.append(append)).await.expect("an answer").expect_err("silence");
    assert!(matches!(&error, StoreError::Unavailable { .. }) && error.is_retryable(), "{error:?}");
    assert!(error.to_string().contains("the server has not answered within"), "{error}");
    appended(append_one(&store, &one, 1).await);
    // Outside the lanes.
    ids(&store, &one).await;
    proxy.silence();
    let append = Append::new(&many, Revision::EMPTY, &batch);
    let error = timeout(LONG, store.append_all(&[append])).await.expect("an answer").expect_err("silence");
    assert!(matches!(&error, StoreError::Unavailable { .. }), "{error:?}");
    let outcomes = store.append_all(&[append]).await.expect("outcomes");
    outcomes.into_iter().for_each(|outcome| drop(appended(outcome)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_whose_answer_never_arrives_is_found() {
    let (_database, proxy, store) = impatient().await;
    appended(append_one(&store, &stream("a"), 0).await);
    proxy.silence_at_answer(1);
    let (a, batch) = (stream("a"), events(1));
    let append = Append::new(&a, Revision::new(1), &batch);
    let outcome = timeout(LONG, store.append(append)).await.expect("an answer").expect("an outcome");
    appended(outcome);
    assert_eq!(ids(&store, &stream("a")).await[1], batch[0].id);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_on_silent_connections_are_repeated() {
    let (_database, proxy, store) = impatient().await;
    appended(append_one(&store, &stream("a"), 0).await);
    for following in [true, false] {
        proxy.silence();
        assert_eq!(timeout(LONG, ids(&store, &stream("a"))).await.expect("an answer").len(), 1);
        proxy.silence();
        let filter = Filter::new();
        let query = AllQuery::after(Checkpoint::START, &filter);
        let mut ignore = |_: es_core::record::RawEvent<'_>| Ok(());
        let read = match following {
            true => store.follow(query, &mut ignore),
            false => store.read_all(query, &mut ignore),
        };
        let page = timeout(LONG, read).await.expect("an answer");
        assert_eq!(page.expect("a page").events, 1);
    }
    proxy.silence();
    timeout(LONG, store.end()).await.expect("an answer").expect("a head");
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_with_their_own_timeouts_do_not_block_lanes() {
    let (_database, proxy, store) = impatient().await;
    appended(append_one(&store, &stream("a"), 0).await);
    proxy.silence();
    proxy.set(Fault::BlackHole);
    let callers = (0..16).map(|caller| {
        let store = store.clone();
        tokio::spawn(async move {
            let stream = stream(&format!("caller-{caller}"));
            timeout(Duration::from_millis(50), append_one(&store, &stream, 0)).await.is_err()
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        assert!(caller.await.expect("no panic"), "no caller can have been answered");
    }
    proxy.set(Fault::None);
    proxy.cut();
    let again = async {
        let batch = events(1);
        let free = stream("free");
        while store.append(Append::new(&free, Revision::EMPTY, &batch)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, again).await.expect("the lanes are free again");
    proxy.silence();
    timeout(LONG, store.close()).await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_a_store_ends_in_time() {
    let (database, _) = fresh().await;
    let proxy = proxy_before(&database).await;
    let options = PostgresStore::options(proxy.url()).patience(MOMENT);
    let options = options.answer_within(MOMENT);
    proxy.set(Fault::BlackHole);
    let opened = timeout(LONG, options.clone().connect()).await.expect("an answer");
    assert!(matches!(opened, Err(ConnectError::NoServer { .. })), "{opened:?}");
    proxy.set(Fault::None);
    // After the handshake.
    for answer in 2..6 {
        proxy.silence_at_answer(answer);
        let error = timeout(LONG, options.clone().connect()).await.expect("an answer").expect_err("silence");
        assert!(error.is_retryable(), "{answer}: {error:?}");
    }
    options.connect().await.expect("a store");
}

/// The process that serves a lane is stopped, as by a debugger or a disk that does not answer.
#[tokio::test(flavor = "multi_thread")]
async fn while_a_server_process_hangs_its_append_is_unknown_and_others_proceed() {
    let (database, _) = fresh().await;
    let options = database.options().answer_within(MOMENT).notify(false);
    let options = options.patience(2 * MOMENT);
    let store = options.connect().await.expect("a store");
    appended(append_one(&store, &stream("a"), 0).await);
    let mut other = connect(database.url()).await;
    let last = "SELECT pid::bigint FROM pg_stat_activity WHERE datname = current_database()
                AND query LIKE '%append_one%' AND pid <> pg_backend_pid()";
    let process = number(&mut other, last).await.to_string();
    let signal =
        |name| assert!(Command::new("kill").arg(name).arg(&process).status().expect("kill").success());
    signal("-STOP");
    let (a, batch) = (stream("a"), events(1));
    let append = Append::new(&a, Revision::new(1), &batch);
    let outcome = timeout(LONG, store.append(append)).await;
    let b = stream("b");
    let elsewhere = timeout(LONG, store.append(Append::new(&b, Revision::EMPTY, &batch))).await;
    signal("-CONT");
    let error = outcome.expect("an answer").expect_err("the outcome is unknown");
    assert!(matches!(&error, StoreError::OutcomeUnknown { .. }), "{error:?}");
    appended(elsewhere.expect("an answer").expect("an outcome"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_waits_for_a_lock_names_the_holder_in_time() {
    let (database, _) = fresh().await;
    let store = database.options().longest_lock_wait(2 * MOMENT).connect().await.expect("a store");
    let a = stream("a");
    appended(append_one(&store, &a, 0).await);
    let mut holder = connect(database.url()).await;
    sql(&mut holder, "SET application_name = 'nightly job'").await;
    let pid = number(&mut holder, "SELECT pg_backend_pid()::bigint").await;
    let mut tx = holder.begin().await.expect("a transaction");
    tx.execute("SELECT FROM es.streams FOR UPDATE").await.expect("locked");
    let batch = events(1);
    let append = Append::new(&a, Revision::new(1), &batch);
    let alone = timeout(LONG, store.append(append)).await.expect("an answer").expect_err("held");
    let together = timeout(LONG, store.append_all(&[append])).await.expect("an answer").expect_err("held");
    for error in [alone, together] {
        assert!(error.is_retryable(), "{error:?}");
        let StoreError::Backend { source, .. } = &error else { panic!("{error:?}") };
        let timeout = source.downcast_ref::<LockTimeout>().unwrap_or_else(|| panic!("{error:?}"));
        assert_eq!(timeout.streams, std::slice::from_ref(&a));
        let [holder] = &timeout.holders[..] else { panic!("{timeout}") };
        assert_eq!(holder.pid.map(i64::from), Some(pid));
        assert_eq!(holder.application_name.as_deref(), Some("nightly job"));
        assert!(holder.age.is_some_and(|age| age > Duration::ZERO), "{timeout}");
        let text = timeout.to_string();
        assert!(text.contains(&format!("process {pid} of \"nightly job\", open for ")), "{text}");
    }
    tx.rollback().await.expect("let go");
    assert!(
        matches!(append_one(&store, &a, 1).await, AppendOutcome::Appended(_)),
        "nothing was written before"
    );
}
