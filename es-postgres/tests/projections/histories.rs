//! The history changes while a projector runs, such as after a failover that lost the newest events.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use es_core::projection::{Project, ProjectSetup, Projection};
use es_core::record::BoxError;
use es_core::{Aggregate, Apply, Recorded, Repository, StoreError, emit, event};
use es_postgres::testing::{Fault, Proxy};
use es_postgres::{PostgresStore, Projector, ProjectorError};
use serde::{Deserialize, Deserializer};
use sqlx::{Connection, Executor, PgConnection};

use crate::rewind::{events_after, rewind};
use crate::support::*;

/// How many events were decoded, and how many of those of 7 cents.
static DECODED: AtomicUsize = AtomicUsize::new(0);
static SEVENS: AtomicUsize = AtomicUsize::new(0);

fn counted<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let cents = i64::deserialize(deserializer);
    DECODED.fetch_add(1, Ordering::SeqCst);
    if matches!(cents, Ok(7)) {
        SEVENS.fetch_add(1, Ordering::SeqCst);
    }
    cents
}

#[event(name = "till.rung")]
pub(crate) struct Rung {
    #[serde(deserialize_with = "counted")]
    cents: i64,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "till", id = String, events(Rung))]
pub(crate) struct Till;

impl Apply<Rung> for Till {
    fn apply(&mut self, _: Rung) {}
}

#[derive(Projection)]
#[projection(name = "tills", events(Rung), model = PgConnection, setup)]
struct Tills;

impl ProjectSetup for Tills {
    async fn setup(&self, db: &mut PgConnection) -> Result<(), BoxError> {
        db.execute("CREATE TABLE rung (till text NOT NULL, cents bigint NOT NULL)").await?;
        Ok(())
    }
}

impl Project<Rung> for Tills {
    async fn project(&self, event: &Recorded<Rung>, db: &mut PgConnection) -> Result<(), BoxError> {
        let sql = "INSERT INTO rung VALUES ($1, $2)";
        sqlx::query(sql).bind(event.stream.key()).bind(event.event.cents).execute(db).await?;
        Ok(())
    }
}

async fn ring(store: &PostgresStore, till: &str) {
    ring_up(store, till, 1).await;
}

async fn ring_up(store: &PostgresStore, till: &str, cents: i64) {
    let tills = Repository::<Till, _>::new(store.clone());
    let rung = tills.decide(till, async |_| emit::<_, Infallible>(Rung { cents })).await;
    rung.expect("rung");
}

/// Pages are read while an earlier one is projected. If they are lost in the meantime, they are not in the
/// model.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_read_before_is_not_projected_afterwards() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    let projector = Projector::new(store.clone(), Tills).page_size(1).take_over(Duration::from_millis(50));
    projector.prepare().await.expect("tables");
    for till in ["a", "b", "lost"] {
        ring(&store, till).await;
    }
    let mut other = connect(database.url()).await;
    let mut held = other.begin().await.expect("a transaction");
    held.execute("LOCK TABLE es_tills_1.rung").await.expect("locked");
    let before = DECODED.load(Ordering::SeqCst);
    let running = tokio::spawn({
        let projector = projector.clone();
        async move { projector.run().await }
    });
    // The first event waits for the table, and later ones are read meanwhile.
    while DECODED.load(Ordering::SeqCst) < before + 3 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    sql(&mut db, &rewind(&events_after(2))).await;
    ring(&store, "c").await;
    held.commit().await.expect("committed");
    until(&mut db, "EXISTS (SELECT FROM es_tills_1.rung WHERE till = 'c')").await;
    let model = "SELECT string_agg(till, ' ' ORDER BY till) FROM es_tills_1.rung";
    let model: String = sqlx::query_scalar(model).fetch_one(&mut db).await.expect("the model");
    assert_eq!(model, "a b c");
    running.abort();
}

/// The answer to a commit is lost together with its server, and the next server lacks an event of the page
/// that was read meanwhile, though not the last one.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_from_a_lost_server_is_read_again() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    for (till, cents) in [("a", 1), ("b", 1), ("lost", 1), ("d", 7)] {
        ring_up(&store, till, cents).await;
    }
    let proxy = Proxy::before(database.url()).await.expect("a proxy");
    let followed = PostgresStore::options(proxy.url()).connect().await.expect("a store");
    let projector = Projector::new(followed, Tills).page_size(2);
    projector.prepare().await.expect("tables");
    sql(
        &mut db,
        "CREATE FUNCTION public.gate() RETURNS trigger LANGUAGE plpgsql
         AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4712); RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON es_tills_1.rung DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW WHEN (NEW.till = 'b') EXECUTE FUNCTION public.gate();
         SELECT pg_advisory_lock(4712)",
    )
    .await;
    let running = tokio::spawn({
        let projector = projector.clone();
        async move { projector.run().await }
    });
    let database_of = "(SELECT oid FROM pg_database WHERE datname = current_database())";
    let commits = format!(
        "EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 4712 AND NOT granted
         AND database = {database_of})"
    );
    until(&mut db, &commits).await;
    while SEVENS.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    proxy.set(Fault::Refuse);
    proxy.cut();
    sql(&mut db, "SELECT pg_advisory_unlock(4712)").await;
    until(&mut db, "(SELECT position FROM es.checkpoints) = 2").await;
    let lost = "DELETE FROM es.events WHERE position = 3;
                DELETE FROM es.streams WHERE id NOT IN (SELECT stream FROM es.events)";
    sql(&mut db, &rewind(lost)).await;
    proxy.set(Fault::None);
    until(&mut db, "EXISTS (SELECT FROM es_tills_1.rung WHERE till = 'd')").await;
    let model = "SELECT string_agg(till, ' ' ORDER BY till) FROM es_tills_1.rung";
    let model: String = sqlx::query_scalar(model).fetch_one(&mut db).await.expect("the model");
    assert_eq!(model, "a b d");
    running.abort();
}

/// A checkpoint that was restored with its model is at the same position, but at a different event.
#[tokio::test]
async fn a_checkpoint_at_a_different_event_is_not_moved() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    deposit(&store, "a", 1).await;
    let projector = Projector::new(store.clone(), Balances).poll_every(Duration::from_millis(50));
    projector.prepare().await.expect("tables");
    let running = tokio::spawn({
        let projector = projector.clone();
        async move { projector.run().await }
    });
    until(&mut db, "EXISTS (SELECT FROM es_balances_1.balances WHERE account = 'a')").await;
    let restored = "UPDATE es.checkpoints SET event_id = gen_random_uuid();
                    UPDATE es_balances_1.balances SET cents = 0";
    sql(&mut db, &format!("BEGIN; {restored}; COMMIT")).await;
    deposit(&store, "b", 1).await;
    let stopped = tokio::time::timeout(LONG, running).await.expect("it stops").expect("no panic");
    let error = stopped.expect_err("another history");
    assert!(matches!(&error, ProjectorError::Store(StoreError::ForeignCheckpoint { .. })), "{error:?}");
    assert_eq!(number(&mut db, "SELECT count(*) FROM es_balances_1.balances").await, 1);
}

#[tokio::test]
async fn the_stored_checkpoint_decides_where_a_projector_continues() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    deposit(&store, "a", 1).await;
    let projector = Projector::new(store.clone(), Balances).poll_every(Duration::from_millis(50));
    projector.catch_up().await.expect("the first events");
    sql(&mut db, "CREATE TABLE kept AS SELECT * FROM es.checkpoints").await;
    let running = tokio::spawn({
        let projector = projector.clone();
        async move { projector.run().await }
    });
    deposit(&store, "b", 1).await;
    until(&mut db, "EXISTS (SELECT FROM es_balances_1.balances WHERE account = 'b')").await;
    // Events, model and checkpoint are rewound together.
    let lost = format!(
        "{};
         UPDATE es.checkpoints c SET position = k.position, event_id = k.event_id FROM kept k;
         DELETE FROM es_balances_1.balances WHERE account = 'b'",
        events_after(2)
    );
    sql(&mut db, &rewind(&lost)).await;
    deposit(&store, "d", 7).await;
    until(&mut db, "EXISTS (SELECT FROM es_balances_1.balances WHERE account = 'd')").await;
    assert_exact(&mut db, "es_balances_1").await;
    assert!(!running.is_finished());
    running.abort();
}
