//! Calls of a projection that wait for a lock end in time, and name its holder.

use std::time::Duration;

use es_core::projection::{Project, Projection};
use es_core::store::{Append, AppendIn};
use es_core::{EventStore, Recorded, Revision, StoreError, StreamId};
use es_postgres::testing::TestDatabase;
use es_postgres::{LockTimeout, OnFailure, PostgresProjector, PostgresStore, Projector, ProjectorError};
use sqlx::{Connection, PgConnection};

use crate::builds::NewBalances;
use crate::support::*;

/// A store that waits for locks for a short time, and a session that holds them.
async fn held() -> (TestDatabase, PostgresStore, Holder) {
    let (database, store) = fresh().await;
    store.close().await;
    let options = database.options().longest_lock_wait(MOMENT);
    let store = options.connect().await.expect("a store");
    let mut db = connect(database.url()).await;
    sql(&mut db, "SET application_name = 'nightly job'").await;
    let pid = number(&mut db, "SELECT pg_backend_pid()::bigint").await;
    (database, store, Holder { db, pid })
}

struct Holder {
    db: PgConnection,
    pid: i64,
}

impl Holder {
    async fn lock(&mut self, text: &str) {
        sql(&mut self.db, &format!("BEGIN; {text}")).await;
    }

    async fn let_go(&mut self) {
        sql(&mut self.db, "ROLLBACK").await;
    }

    async fn is_named_in<T: std::fmt::Debug>(
        &self,
        call: &str,
        done: impl Future<Output = Result<T, ProjectorError>>,
    ) {
        let error = tokio::time::timeout(LONG, Box::pin(done)).await.expect(call).expect_err(call);
        assert!(error.is_retryable(), "{call}: {error}");
        let ProjectorError::Store(error) = error else { panic!("{call}: {error}") };
        self.is_named(call, &error);
    }

    fn is_named(&self, call: &str, error: &StoreError) {
        let StoreError::Backend { source, retryable: true } = &error else { panic!("{call}: {error:?}") };
        let timeout: &LockTimeout = source.downcast_ref().unwrap_or_else(|| panic!("{call}: {error:?}"));
        let [holder] = &timeout.holders[..] else { panic!("{call}: {timeout}") };
        assert_eq!(holder.pid.map(i64::from), Some(self.pid), "{call}");
        assert_eq!(holder.application_name.as_deref(), Some("nightly job"), "{call}");
        assert!(timeout.to_string().contains("of \"nightly job\", open for "), "{call}: {timeout}");
    }
}

#[tokio::test]
async fn calls_that_wait_for_a_lock_name_the_holder_in_time() {
    let (_database, store, mut holder) = held().await;
    deposit(&store, "a", 1).await;
    append(&store, "ghost", 0, "account.deposited", 1, r#"{"cents":7}"#).await;
    let old = Projector::new(store.clone(), Balances).on_failure(OnFailure::Park);
    let new = Projector::new(store.clone(), NewBalances).on_failure(OnFailure::Park);
    holder.lock("LOCK TABLE es.projections").await;
    holder.is_named_in("set-up", old.prepare()).await;
    holder.let_go().await;
    old.catch_up().await.expect("all but one");
    let letter = old.dead_letters().await.expect("a list").remove(0);
    let new = new.publish_when_caught_up(false);
    new.catch_up().await.expect("all but one");

    holder.lock("SELECT FROM es.projections FOR UPDATE").await;
    holder.is_named_in("publish", new.publish()).await;
    holder.is_named_in("drop", old.drop_build(2)).await;
    holder.is_named_in("repartition", old.repartition(2)).await;
    holder.let_go().await;

    holder.lock("SELECT FROM es.checkpoints FOR UPDATE").await;
    holder.is_named_in("repartition", old.repartition(2)).await;
    holder.is_named_in("retry", old.retry(&letter.stream)).await;
    holder.is_named_in("discard", old.discard(&letter)).await;
    let inline = async { Projector::new(store.clone(), Balances).inline().await.map(drop) };
    holder.is_named_in("inline", inline).await;
    deposit(&store, "a", 1).await;
    holder.is_named_in("fence", old.catch_up()).await;
    holder.let_go().await;

    holder.lock("LOCK TABLE es.checkpoints, es.dead_letters").await;
    holder.is_named_in("status", old.status()).await;
    holder.is_named_in("letters", old.dead_letters()).await;
    holder.let_go().await;

    holder.lock("LOCK TABLE es_balances_1.balances").await;
    holder.is_named_in("retry", old.retry(&letter.stream)).await;
    holder.let_go().await;
    old.catch_up().await.expect("all but one");
    assert_eq!(old.dead_letters().await.expect("a list"), [letter]);
}

#[tokio::test]
async fn a_handler_that_waits_for_a_lock_waits_again_and_names_the_holder() {
    let (_database, store, mut holder) = held().await;
    deposit(&store, "a", 1).await;
    let projector = Projector::new(store.clone(), Balances).on_failure(OnFailure::Park);
    projector.prepare().await.expect("tables");
    holder.lock("LOCK TABLE es_balances_1.balances").await;
    let running = tokio::spawn({
        let projector = projector.clone();
        async move { projector.run().await }
    });
    let named = async {
        let named = |error: &str| error.contains("of \"nightly job\"") && error.contains("(position 1)");
        while projector.retrying().is_none_or(|retrying| retrying.tries < 3 || !named(&retrying.error)) {
            assert!(!running.is_finished());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LONG, named).await.expect("it names the holder");
    let shown = projector.status().await.expect("a status");
    assert!(shown.error().is_some_and(|error| error.contains("of \"nightly job\"")), "{shown:?}");
    holder.let_go().await;
    until(&mut holder.db, &is_exact("es_balances")).await;
    assert_eq!(projector.dead_letters().await.expect("a list"), []);
    running.abort();
}

#[tokio::test]
async fn an_inline_append_that_waits_for_a_lock_names_the_holder() {
    let (database, store, mut holder) = held().await;
    let store = Projector::new(store, Balances).inline().await.expect("an inline store");
    let (a, events) = (StreamId::new("account", "a").expect("a stream id"), opening());
    let append = Append::new(&a, Revision::EMPTY, &events);
    appended(store.append(append).await);
    let more = depositing();
    let append = Append::new(&a, Revision::new(1), &more);
    holder.lock("SELECT FROM es.streams FOR UPDATE").await;
    holder.is_named("append", &store.append(append).await.expect_err("held"));
    holder.let_go().await;
    // In a handler, and on a connection of the caller that would wait forever.
    for lock in ["SELECT FROM es.streams FOR UPDATE", "LOCK TABLE es_balances_1.balances"] {
        holder.lock(lock).await;
        if lock.contains("balances") {
            holder.is_named("in a handler", &store.append(append).await.expect_err("held"));
        }
        let mut db = connect(database.url()).await;
        sql(&mut db, "SET lock_timeout = 0").await;
        let mut tx = db.begin().await.expect("a transaction");
        let done = tokio::time::timeout(LONG, store.append_in(&mut tx, append)).await;
        holder.is_named("in a transaction", &done.expect(lock).expect_err("held"));
        sql(&mut tx, "SELECT FROM es.streams").await;
        holder.let_go().await;
        tx.rollback().await.expect("rolled back");
    }
    // The caller's own setting is left unchanged.
    let mut db = connect(database.url()).await;
    let mut tx = db.begin().await.expect("a transaction");
    sql(&mut tx, "SET LOCAL lock_timeout = '7min'").await;
    appended(store.append_in(&mut tx, append).await);
    let set = "SELECT (current_setting('lock_timeout') = '7min')::integer::bigint";
    assert_eq!(number(&mut tx, set).await, 1);
}

/// Takes a lock with NOWAIT.
#[derive(Projection)]
#[projection(name = "hasty", events(Deposited), model = PgConnection, error = sqlx::Error)]
struct Hasty;

impl Project<Deposited> for Hasty {
    async fn project(&self, _: &Recorded<Deposited>, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query("LOCK TABLE public.busy NOWAIT").execute(db).await.map(drop)
    }
}

/// It did not wait, and its own error is more useful.
#[tokio::test]
async fn a_handler_that_uses_nowait_fails_with_its_own_error() {
    let (database, store, mut holder) = held().await;
    store.close().await;
    let store = database.options().patience(MOMENT).connect().await.expect("a store");
    deposit(&store, "a", 1).await;
    sql(&mut holder.db, "CREATE TABLE public.busy ()").await;
    holder.lock("LOCK TABLE public.busy").await;
    let error = Projector::new(store.clone(), Hasty).catch_up().await.expect_err("it is busy");
    assert!(matches!(&error, ProjectorError::Failed(_)) && error.is_retryable(), "{error:?}");
    assert!(error.to_string().contains("could not obtain lock"), "{error}");
    holder.let_go().await;
    Projector::new(store, Hasty).catch_up().await.expect("all events");
}
