//! Publishing and dropping affect only what the projection created.

use es_core::Recorded;
use es_core::projection::{Project, ProjectSetup, Projection};
use es_core::record::BoxError;
use es_core::uuid::Uuid;
use es_postgres::{PostgresStore, PostgresTargetError, Projector};
use sqlx::{Executor, PgConnection};

use crate::builds::NewBalances;
use crate::support::*;

/// Like `Balances`, with one more column at the end.
#[derive(Projection)]
#[projection(name = "balances", build = 3, events(Opened), model = PgConnection, setup)]
pub(crate) struct LongerBalances;

/// Its schema for readers would be that of build 1 of `balances`.
#[derive(Projection)]
#[projection(name = "balances_1", events(Opened), model = PgConnection, setup)]
struct Confusable;

macro_rules! setup {
    ($projection:ident $sql:literal) => {
        impl ProjectSetup for $projection {
            async fn setup(&self, db: &mut PgConnection) -> Result<(), BoxError> {
                db.execute($sql).await?;
                Ok(())
            }
        }
        impl Project<Opened> for $projection {
            async fn project(&self, _: &Recorded<Opened>, _: &mut PgConnection) -> Result<(), BoxError> {
                Ok(())
            }
        }
    };
}
setup!(LongerBalances "CREATE TABLE balances (account text PRIMARY KEY, cents bigint NOT NULL, events bigint NOT NULL, later text)");
setup!(Confusable "CREATE TABLE others ()");

#[tokio::test]
async fn foreign_objects_in_the_schema_for_readers_stay() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    deposit(&store, "a", 5).await;
    Projector::new(store.clone(), Balances).catch_up().await.expect("all events");
    sql(
        &mut db,
        "CREATE VIEW es_balances.rich AS SELECT account FROM es_balances_1.balances WHERE cents > 3;
         CREATE VIEW es_balances.mine AS SELECT 1 AS one;
         CREATE TABLE es_balances.notes ()",
    )
    .await;
    Projector::new(store.clone(), NewBalances).catch_up().await.expect("all events");
    assert_eq!(number(&mut db, "SELECT count(*) FROM es_balances.rich, es_balances.mine").await, 1);
    assert_eq!(number(&mut db, "SELECT count(*) FROM es_balances.notes").await, 0);
    assert_exact(&mut db, "es_balances").await;

    let in_use = Projector::new(store.clone(), NewBalances).drop_build(1).await.expect_err("in use");
    assert!(
        matches!(in_use.of_target(), Some(PostgresTargetError::InUse { by, .. }) if by == "view es_balances.rich"),
        "{in_use}"
    );
    sql(&mut db, "DROP VIEW es_balances.rich").await;
    Projector::new(store, NewBalances).drop_build(1).await.expect("no longer used");
}

#[tokio::test]
async fn a_foreign_view_is_not_replaced() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    sql(&mut db, "CREATE SCHEMA es_balances CREATE VIEW balances AS SELECT 1 AS one").await;
    let refused = Projector::new(store.clone(), Balances).catch_up().await.expect_err("not ours");
    assert!(
        matches!(refused.of_target(), Some(PostgresTargetError::NotOurs { what, .. }) if what.contains("es_balances.balances")),
        "{refused}"
    );
    assert_eq!(number(&mut db, "SELECT one::bigint FROM es_balances.balances").await, 1);
    sql(&mut db, "ALTER VIEW es_balances.balances RENAME TO others").await;
    Projector::new(store, Balances).catch_up().await.expect("all events");
}

#[tokio::test]
async fn another_store_of_that_name_is_left_alone() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    let other = database.options().schema("es_balances").migrate().await.expect("another store");
    let old = database.options().schema("es_balances_7").migrate().await.expect("another store");
    deposit(&other, "a", 5).await;
    let refused = Projector::new(store.clone(), Balances).catch_up().await.expect_err("not ours");
    assert!(matches!(refused.of_target(), Some(PostgresTargetError::NotOurs { .. })), "{refused}");
    assert_eq!(number(&mut db, "SELECT count(*) FROM es_balances.event_log").await, 2);
    Projector::new(store, Balances).drop_build(7).await.expect("nothing to do");
    deposit(&old, "a", 5).await;
}

#[tokio::test]
async fn the_tables_of_another_projection_are_left_alone() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    Projector::new(store.clone(), Balances).catch_up().await.expect("no events");
    sql(&mut db, "CREATE VIEW es_balances_1.rich AS SELECT account FROM es_balances_1.balances").await;
    let refused = Projector::new(store, Confusable).catch_up().await.expect_err("not ours");
    assert!(
        matches!(refused.of_target(), Some(PostgresTargetError::NotOurs { what, .. }) if what.contains("es_balances_1")),
        "{refused}"
    );
    assert_eq!(number(&mut db, "SELECT count(*) FROM es_balances_1.rich").await, 0);
}

#[tokio::test]
async fn dependents_of_a_view_stay_or_are_named() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    deposit(&store, "a", 5).await;
    Projector::new(store.clone(), Balances).catch_up().await.expect("all events");
    sql(&mut db, "CREATE VIEW public.report AS SELECT account FROM es_balances.balances").await;

    let new = Projector::new(store.clone(), NewBalances);
    let refused = new.catch_up().await.expect_err("other columns");
    let Some(PostgresTargetError::InUse { what, by, .. }) = refused.of_target() else { panic!("{refused}") };
    assert_eq!(what, "view es_balances.balances");
    assert!(by.contains("view public.report"), "{by}");
    assert!(!refused.is_retryable());

    Projector::new(store.clone(), LongerBalances).catch_up().await.expect("the same columns, and one more");
    assert_eq!(number(&mut db, "SELECT count(*) FROM public.report").await, 0);
    sql(&mut db, "DROP VIEW public.report").await;
    assert_eq!(number(&mut db, "SELECT live::bigint FROM es.projections WHERE name = 'balances'").await, 3);
}

async fn role(url: &str, admin: &mut PgConnection) -> (String, String) {
    let role = format!("role_{}", Uuid::now_v7().simple());
    sql(admin, &format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'")).await;
    let (scheme, rest) = url.split_once("://").expect("a url");
    let host = rest.split_once('@').map_or(rest, |(_, host)| host);
    (format!("{scheme}://{role}:secret@{host}"), role)
}

#[tokio::test]
async fn a_role_that_may_create_no_schemas_uses_those_that_it_was_given() {
    let (database, _) = fresh().await;
    let mut admin = connect(database.url()).await;
    let (url, role) = role(database.url(), &mut admin).await;
    let (_, other) = self::role(database.url(), &mut admin).await;
    sql(&mut admin, &format!("CREATE SCHEMA mine AUTHORIZATION {role}")).await;
    let store = PostgresStore::options(&url).schema("mine").migrate().await.expect("its own schema");
    deposit(&store, "a", 5).await;

    let refused = Projector::new(store.clone(), Balances).catch_up().await.expect_err("no schema");
    assert!(
        matches!(refused.of_target(), Some(PostgresTargetError::MayNotCreate { schema, .. }) if schema == "mine_balances_1"),
        "{refused}"
    );
    sql(&mut admin, &format!("CREATE SCHEMA mine_balances_1 AUTHORIZATION {role}")).await;
    sql(&mut admin, &format!("CREATE SCHEMA mine_balances AUTHORIZATION {other}")).await;
    let refused = Projector::new(store.clone(), Balances).catch_up().await.expect_err("not its own");
    assert!(
        matches!(refused.of_target(), Some(PostgresTargetError::ForeignSchema { owner, .. }) if *owner == other),
        "{refused}"
    );
    sql(&mut admin, &format!("ALTER SCHEMA mine_balances OWNER TO {role}")).await;
    Projector::new(store.clone(), Balances).catch_up().await.expect("all events");
    sql(&mut admin, &format!("CREATE SCHEMA mine_balances_2 AUTHORIZATION {role}")).await;
    Projector::new(store.clone(), NewBalances).catch_up().await.expect("all events");
    assert_eq!(
        number(&mut admin, "SELECT count(*) FROM mine_balances.balances WHERE owner = 'Ann'").await,
        1
    );

    // Nor does a superuser build in a schema that belongs to another role.
    let owner = database.options().schema("mine").connect().await.expect("a store");
    let refused = Projector::new(owner, LongerBalances).catch_up().await.expect_err("not its own");
    assert!(matches!(refused.of_target(), Some(PostgresTargetError::ForeignSchema { .. })), "{refused}");
    store.close().await;
    sql(&mut admin, &format!("DROP OWNED BY {role}, {other} CASCADE; DROP ROLE {role}, {other}")).await;
}
