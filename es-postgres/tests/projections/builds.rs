//! Builds: a model that is built anew next to the one that readers see.

use es_core::Recorded;
use es_core::projection::{Project, ProjectSetup, Projection};
use es_core::record::BoxError;
use es_postgres::{PostgresTargetError, Projector, ProjectorError};
use sqlx::{Executor, PgConnection};

use crate::support::*;

/// The same with another column, and without the number of events.
#[derive(Projection)]
#[projection(name = "balances", build = 2, events(Opened, Deposited), model = PgConnection, setup)]
pub(crate) struct NewBalances;

impl ProjectSetup for NewBalances {
    async fn setup(&self, db: &mut PgConnection) -> Result<(), BoxError> {
        db.execute("CREATE TABLE balances (owner text, account text PRIMARY KEY, cents bigint NOT NULL, events bigint NOT NULL)").await?;
        Ok(())
    }
}

impl Project<Opened> for NewBalances {
    async fn project(&self, event: &Recorded<Opened>, db: &mut PgConnection) -> Result<(), BoxError> {
        let sql = sqlx::query("INSERT INTO balances VALUES ($1, $2, 0, 1)");
        sql.bind(&event.event.owner).bind(event.stream.key()).execute(db).await?;
        Ok(())
    }
}

impl Project<Deposited> for NewBalances {
    async fn project(&self, event: &Recorded<Deposited>, db: &mut PgConnection) -> Result<(), BoxError> {
        add_balance(event.stream.key(), event.event.cents, db).await
    }
}

const LIVE: &str = "SELECT live::bigint FROM es.projections WHERE name = 'balances'";

#[tokio::test]
async fn a_new_build_is_built_next_to_the_live_one_and_then_published() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    for account in ["a", "b", "c"] {
        deposit(&store, account, 5).await;
    }
    let (old, new) = (Projector::new(store.clone(), Balances), Projector::new(store.clone(), NewBalances));
    old.catch_up().await.expect("all events");
    new.prepare().await.expect("tables");
    assert_eq!(number(&mut db, LIVE).await, 1);
    let refused = new.publish().await.expect_err("behind");
    assert!(matches!(refused, ProjectorError::BuildBehind { .. }), "{refused}");
    assert_exact(&mut db, "es_balances").await;

    new.catch_up().await.expect("all events");
    assert_eq!(number(&mut db, LIVE).await, 2);
    assert_exact(&mut db, "es_balances").await;
    assert_eq!(number(&mut db, "SELECT count(*) FROM es_balances.balances WHERE owner = 'Ann'").await, 3);

    // The old program keeps using its own tables, and does not publish its build again.
    deposit(&store, "d", 1).await;
    old.catch_up().await.expect("one more");
    old.publish().await.expect("nothing to do");
    assert_exact(&mut db, "es_balances_1").await;
    assert_eq!(number(&mut db, LIVE).await, 2);
    assert_eq!(number(&mut db, "SELECT count(*) FROM es_balances.balances").await, 3);

    let refused = new.drop_build(2).await.expect_err("live");
    assert!(matches!(refused, ProjectorError::BuildLive { .. }), "{refused}");
    new.drop_build(1).await.expect("an old one");
    assert_eq!(number(&mut db, "SELECT count(*) FROM pg_namespace WHERE nspname = 'es_balances_1'").await, 0);
    let refused = old.status().await.expect_err("dropped");
    assert!(matches!(refused, ProjectorError::NotSetUp { .. }), "{refused}");
}

#[tokio::test]
async fn a_build_is_published_on_request() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    deposit(&store, "a", 5).await;
    Projector::new(store.clone(), Balances).catch_up().await.expect("all events");
    let new = Projector::new(store.clone(), NewBalances).publish_when_caught_up(false);
    new.catch_up().await.expect("all events");
    assert_eq!(number(&mut db, LIVE).await, 1);
    new.publish().await.expect("caught up");
    assert_eq!(number(&mut db, LIVE).await, 2);
}

#[tokio::test]
async fn readers_never_see_a_gap_while_the_views_are_repointed() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    for account in 0..30 {
        deposit(&store, &format!("a{account}"), 1).await;
    }
    Projector::new(store.clone(), Balances).catch_up().await.expect("all events");
    // A view that keeps its columns keeps its privileges.
    sql(&mut db, "GRANT SELECT ON es_balances.balances TO pg_monitor").await;
    let url = database.url().to_owned();
    let reader = tokio::spawn(async move {
        let mut db = connect(&url).await;
        let mut reads = 0_u64;
        while number(&mut db, LIVE).await == 1 {
            assert_eq!(number(&mut db, "SELECT count(*) FROM es_balances.balances").await, 30);
            reads += 1;
        }
        reads
    });
    until(&mut db, "SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE '%FROM es_balances.balances%' AND pid <> pg_backend_pid()").await;
    Projector::new(store.clone(), NewBalances).page_size(5).catch_up().await.expect("all events");
    assert!(reader.await.expect("no gap") > 0);
    assert_exact(&mut db, "es_balances").await;
}

#[tokio::test]
async fn a_schema_that_is_in_use_is_not_taken_over() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    sql(&mut db, "CREATE SCHEMA es_balances_1 CREATE TABLE mine ()").await;
    let refused = Projector::new(store.clone(), Balances).catch_up().await.expect_err("taken");
    assert!(
        matches!(refused.of_target(), Some(PostgresTargetError::SchemaTaken { schema, .. }) if schema == "es_balances_1"),
        "{refused}"
    );
    sql(&mut db, "DROP TABLE es_balances_1.mine").await;
    Projector::new(store, Balances).catch_up().await.expect("free now");
}

#[tokio::test]
async fn programs_that_set_up_the_same_projection_concurrently_do_it_once() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    for account in 0..10 {
        deposit(&store, &format!("a{account}"), 1).await;
    }
    let started = (0..8).map(|_| {
        let projector = Projector::new(store.clone(), Balances).page_size(3);
        tokio::spawn(async move { projector.catch_up().await })
    });
    for done in started.collect::<Vec<_>>() {
        done.await.expect("no panic").expect("all events");
    }
    assert_exact(&mut db, "es_balances").await;
}
