//! Making the tables: any number of programs at once, any number of times, forward only.

use es_core::StoreError;
use es_postgres::testing::TestDatabase;
use es_postgres::{ConnectError, PostgresStore};
use futures_util::future::join_all;

use crate::support::{append_one, appended, connect, fresh, ids, number, sql, stream};

#[tokio::test(flavor = "multi_thread")]
async fn ten_programs_may_migrate_at_once() {
    let database = TestDatabase::empty().await.expect("a test database");
    let migrations = (0..10).map(|_| {
        let url = database.url().to_owned();
        tokio::spawn(async move { PostgresStore::migrate(&url).await })
    });
    for done in join_all(migrations).await {
        done.expect("no panic").expect("migrated");
    }
    let mut connection = connect(database.url()).await;
    let run = number(&mut connection, "SELECT count(*) FROM es.migrations").await;
    assert_eq!(number(&mut connection, "SELECT max(id)::bigint FROM es.migrations").await, run);
}

#[tokio::test]
async fn migrating_again_changes_nothing() {
    let (database, store) = fresh().await;
    appended(append_one(&store, &stream("a"), 0).await);
    let mut connection = connect(database.url()).await;
    sql(&mut connection, "CREATE TABLE before AS SELECT * FROM es.migrations").await;
    let again = PostgresStore::migrate(database.url()).await.expect("migrated");
    assert_eq!(ids(&again, &stream("a")).await.len(), 1);
    let differ = "SELECT count(*) FROM (TABLE before EXCEPT TABLE es.migrations) AS differ";
    assert_eq!(number(&mut connection, differ).await, 0);
}

#[tokio::test]
async fn an_edited_migration_is_refused() {
    let (database, _) = fresh().await;
    let mut connection = connect(database.url()).await;
    sql(&mut connection, "UPDATE es.migrations SET checksum = 'other' WHERE id = 4").await;
    let error = PostgresStore::migrate(database.url()).await.expect_err("edited");
    assert!(matches!(&error, ConnectError::MigrationChanged { id: 4, .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .starts_with("migration 4 (0004_append_one) was run in schema \"es\" with other content")
    );
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_behind() {
    let database = TestDatabase::empty().await.expect("a test database");
    let mut connection = connect(database.url()).await;
    sql(&mut connection, "CREATE SCHEMA es; CREATE TABLE es.commands ()").await;
    let error = PostgresStore::migrate(database.url()).await.expect_err("a table is in the way");
    assert!(matches!(&error, ConnectError::Failed { .. }), "{error:?}");
    let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'es'::regnamespace AND relkind = 'r'";
    assert_eq!(number(&mut connection, tables).await, 1);
    sql(&mut connection, "DROP TABLE es.commands").await;
    PostgresStore::migrate(database.url()).await.expect("migrated");
}

#[tokio::test]
async fn a_newer_schema_is_left_alone() {
    let (database, _) = fresh().await;
    let mut connection = connect(database.url()).await;
    sql(&mut connection, "INSERT INTO es.migrations VALUES (999, '0999_later', 'x')").await;
    for opened in [PostgresStore::connect(database.url()).await, PostgresStore::migrate(database.url()).await]
    {
        let error = opened.expect_err("newer");
        assert!(matches!(error, ConnectError::SchemaTooNew { found: 999, .. }), "{error:?}");
    }
}

#[tokio::test]
async fn schemas_side_by_side_are_stores_of_their_own() {
    let database = TestDatabase::empty().await.expect("a test database");
    let mut stores = Vec::new();
    // A word of SQL, and the longest name.
    for schema in ["order", "tenant_2", &"t".repeat(48)] {
        stores.push(database.options().schema(schema).migrate().await.expect("a store"));
    }
    for (nth, store) in stores.iter().enumerate() {
        for expected in 0..=nth {
            let outcome = appended(append_one(store, &stream("a"), expected as u64).await);
            assert_eq!(outcome.positions, [es_core::Position::new(expected as u64 + 1)]);
        }
    }
    for (nth, store) in stores.iter().enumerate() {
        assert_eq!(ids(store, &stream("a")).await.len(), nth + 1);
    }
}

#[tokio::test]
async fn a_schema_that_was_not_migrated_is_told() {
    let database = TestDatabase::empty().await.expect("a test database");
    let error = PostgresStore::connect(database.url()).await.expect_err("no tables");
    assert!(matches!(&error, ConnectError::NotMigrated { found: 0, .. }), "{error:?}");
    assert!(error.to_string().contains("run PostgresStore::migrate(url) once"), "{error}");
    assert!(matches!(StoreError::from(error), StoreError::Setup { .. }));
    let (database, _) = fresh().await;
    sql(&mut connect(database.url()).await, "DELETE FROM es.migrations WHERE id > 3").await;
    let error = PostgresStore::connect(database.url()).await.expect_err("an older schema");
    assert!(matches!(&error, ConnectError::NotMigrated { found: 3, .. }), "{error:?}");
}
