//! A projection's SQL uses its own tables only; and what a restore has left out is detected.

use es_core::projection::{Project, ProjectSetup, Projection};
use es_core::record::BoxError;
use es_core::store::{Append, AppendIn};
use es_core::{Recorded, Revision, StoreError, StreamId};
use es_postgres::{PostgresProjector, PostgresTargetError, Projector, ProjectorError};
use sqlx::{Connection, PgConnection};

use crate::builds::NewBalances;
use crate::support::*;

const DECOY: &str = "CREATE TABLE public.balances (account text PRIMARY KEY, cents bigint, events bigint)";

/// As after a restore of the store's schema alone, if another table has the same name.
#[tokio::test]
async fn a_table_of_the_same_name_in_another_schema_gets_no_rows() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    sql(&mut db, DECOY).await;
    let projector = Projector::new(store.clone(), Balances);
    projector.prepare().await.expect("tables");
    sql(&mut db, "DROP TABLE es_balances_1.balances CASCADE").await;
    deposit(&store, "a", 1).await;
    let error = projector.catch_up().await.expect_err("no table");
    assert!(matches!(&error, ProjectorError::NotReady { .. }), "{error}");
    assert!(error.to_string().contains(r#"looked up in "es_balances_1", pg_temp"#), "{error}");
    assert_eq!(number(&mut db, "SELECT count(*) FROM public.balances").await, 0);
}

#[tokio::test]
async fn a_temporary_table_of_the_same_name_gets_no_rows() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    let store = Projector::new(store, Balances).inline().await.expect("an inline store");
    sql(&mut db, &DECOY.replace("TABLE public.", "TEMPORARY TABLE ")).await;
    let (a, events) = (StreamId::new("account", "a").expect("a stream id"), opening());
    let mut tx = db.begin().await.expect("a transaction");
    appended(store.append_in(&mut tx, Append::new(&a, Revision::EMPTY, &events)).await);
    tx.commit().await.expect("committed");
    assert_eq!(number(&mut db, "SELECT count(*) FROM pg_temp.balances").await, 0);
    assert_exact(&mut db, "es_balances").await;
}

/// Uses a function of another schema, like those of an extension.
#[derive(Projection)]
#[projection(name = "doubled", events(Deposited), model = PgConnection, setup)]
struct Doubled;

impl ProjectSetup for Doubled {
    async fn setup(&self, db: &mut PgConnection) -> Result<(), BoxError> {
        sqlx::query("CREATE TABLE doubled (cents bigint NOT NULL DEFAULT twice(1))").execute(db).await?;
        Ok(())
    }
}

impl Project<Deposited> for Doubled {
    async fn project(&self, event: &Recorded<Deposited>, db: &mut PgConnection) -> Result<(), BoxError> {
        let insert = sqlx::query("INSERT INTO doubled VALUES (twice($1))");
        insert.bind(event.event.cents).execute(db).await?;
        Ok(())
    }
}

#[tokio::test]
async fn functions_of_other_schemas_are_found_with_search_in() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    sql(
        &mut db,
        r#"CREATE SCHEMA "of ""others""";
           CREATE FUNCTION "of ""others""".twice(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 2 * $1'"#,
    )
    .await;
    deposit(&store, "a", 4).await;
    let projector = Projector::new(store.clone(), Doubled);
    let error = projector.catch_up().await.expect_err("not found");
    assert!(matches!(&error, ProjectorError::Setup { .. }) && !error.is_retryable(), "{error}");
    let projector = projector.search_in("public").search_in(r#"of "others""#);
    projector.catch_up().await.expect("all events");
    assert_eq!(number(&mut db, "SELECT cents FROM es_doubled.doubled").await, 8);

    let error = Projector::new(store, Doubled).inline().await;
    let store = error.expect("the set-up is done, and no event is left");
    let (a, events) = (StreamId::new("account", "b").expect("a stream id"), [deposited()]);
    let append = Append::new(&a, Revision::EMPTY, &events);
    let error = es_core::EventStore::append(&store, append).await.expect_err("not found");
    assert!(matches!(&error, StoreError::Setup { .. }), "{error}");
}

fn deposited() -> es_core::record::NewEvent {
    let payload = br#"{"cents":1}"#.to_vec();
    es_core::record::NewEvent::new("account.deposited", 1, payload, std::sync::Arc::default())
}

const STORE_ALONE: &str = "DROP SCHEMA es_balances CASCADE; DROP SCHEMA es_balances_1 CASCADE";

/// The statement has the same effect as restoring a dump of the store's schema alone.
#[tokio::test]
async fn checkpoints_without_tables_are_detected_and_the_model_is_built_anew() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    deposit(&store, "a", 1).await;
    let projector = Projector::new(store.clone(), Balances);
    for _ in 0..2 {
        projector.catch_up().await.expect("all events");
        sql(&mut db, STORE_ALONE).await;
        for error in [
            projector.prepare().await.expect_err("no tables"),
            projector.catch_up().await.expect_err("no tables"),
            projector.run().await.expect_err("no tables"),
        ] {
            assert!(matches!(error.of_target(), Some(PostgresTargetError::TablesMissing { .. })), "{error}");
            assert!(error.to_string().contains("`drop_build(1)`"), "{error}");
        }
        projector.drop_build(1).await.expect("dropped");
        projector.catch_up().await.expect("all events again");
        assert_exact(&mut db, "es_balances").await;
    }
    // Raising the build works as well.
    sql(&mut db, STORE_ALONE).await;
    Projector::new(store.clone(), NewBalances).catch_up().await.expect("all events");
    assert_exact(&mut db, "es_balances").await;
    projector.drop_build(1).await.expect("dropped");
}

#[tokio::test]
async fn an_inline_projection_without_tables_is_detected() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    drop(Projector::new(store.clone(), Balances).inline().await.expect("an inline store"));
    sql(&mut db, STORE_ALONE).await;
    let error = Projector::new(store.clone(), Balances).inline().await.map(drop).expect_err("no tables");
    assert!(matches!(error.of_target(), Some(PostgresTargetError::TablesMissing { .. })), "{error}");
    deposit(&store, "a", 1).await;
    Projector::new(store.clone(), Balances).drop_build(1).await.expect("dropped");
    drop(Projector::new(store, Balances).inline().await.expect("an inline store"));
    assert_exact(&mut db, "es_balances").await;
}

#[tokio::test]
async fn missing_views_are_created_again() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    deposit(&store, "a", 1).await;
    let projector = Projector::new(store.clone(), Balances);
    projector.catch_up().await.expect("all events");
    sql(&mut db, "DROP SCHEMA es_balances CASCADE").await;
    projector.catch_up().await.expect("nothing more");
    assert_exact(&mut db, "es_balances").await;
}
