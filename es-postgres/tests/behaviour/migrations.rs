//! Migrations: by any number of programs at once, any number of times, forward only.

use es_core::StoreError;
use es_postgres::testing::{Proxy, TestDatabase};
use es_postgres::{ConnectError, PostgresStore};
use futures_util::future::join_all;

use crate::support::{LONG, MOMENT, append_one, appended, connect, fresh, ids, number, sql, stream, until};

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
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).expect("a folder");
    assert_eq!(i64::try_from(files.count()).expect("a number"), run);
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
            .starts_with("migration 4 (0004_append_one) was run in schema \"es\" with different contents")
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
async fn schemas_in_one_database_are_separate_stores() {
    let database = TestDatabase::empty().await.expect("a test database");
    let mut stores = Vec::new();
    // An SQL keyword, and the longest name.
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
async fn a_schema_that_was_not_migrated_is_reported() {
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

/// A separate role, and its URL. It is dropped together with what it owns.
struct Role<'a> {
    name: String,
    url: String,
    database: &'a TestDatabase,
}

impl<'a> Role<'a> {
    async fn new(database: &'a TestDatabase) -> Self {
        let name = format!("role_{}", uuid::Uuid::now_v7().simple());
        sql(&mut connect(database.url()).await, &format!("CREATE ROLE {name} LOGIN PASSWORD 'secret'")).await;
        let (_, rest) = database.url().split_once('@').expect("a url with a user");
        Self { url: format!("postgres://{name}:secret@{rest}"), name, database }
    }

    async fn drop(self) {
        let name = &self.name;
        let drop = format!("DROP OWNED BY {name} CASCADE; DROP ROLE {name}");
        sql(&mut connect(self.database.url()).await, &drop).await;
    }
}

#[tokio::test]
async fn a_store_that_is_up_to_date_is_only_read() {
    let (database, owner) = fresh().await;
    let writer = Role::new(&database).await;
    owner.grant_writer(&writer.name).await.expect("granted");
    // Nor does it wait for locks of a program that changes the store.
    let mut held = connect(database.url()).await;
    sql(&mut held, "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('es migrations of es', 0))").await;
    PostgresStore::migrate(&writer.url).await.expect("nothing to do").close().await;
    sql(&mut held, "ROLLBACK; DELETE FROM es.migrations WHERE id > 13").await;
    let refused = PostgresStore::migrate(&writer.url).await.expect_err("a part is missing");
    assert!(!refused.is_retryable(), "{refused}");
    writer.drop().await;
}

#[tokio::test]
async fn a_role_that_owns_its_schema_needs_no_other_right() {
    let database = TestDatabase::empty().await.expect("a test database");
    let role = Role::new(&database).await;
    let refused = PostgresStore::migrate(&role.url).await.expect_err("no schema");
    assert!(matches!(refused, ConnectError::NotGranted { .. }), "{refused:?}");
    sql(&mut connect(database.url()).await, &format!("CREATE SCHEMA es AUTHORIZATION {}", role.name)).await;
    let store = PostgresStore::migrate(&role.url).await.expect("its own schema");
    appended(append_one(&store, &stream("a"), 0).await);
    store.close().await;
    role.drop().await;
}

#[tokio::test]
async fn a_schema_or_store_that_a_stranger_made_is_refused() {
    let database = TestDatabase::empty().await.expect("a test database");
    let mut admin = connect(database.url()).await;
    let (role, stranger) = (Role::new(&database).await, Role::new(&database).await);
    sql(&mut admin, &format!("CREATE SCHEMA es AUTHORIZATION {}", stranger.name)).await;
    sql(&mut admin, &format!("GRANT ALL ON SCHEMA es TO {}", role.name)).await;
    for url in [database.url(), &role.url] {
        let refused = PostgresStore::migrate(url).await.expect_err("not its own");
        assert!(
            matches!(&refused, ConnectError::ForeignSchema { owner, .. } if *owner == stranger.name),
            "{refused:?}"
        );
    }
    // Nor is one that contains a table of theirs.
    let table = "CREATE TABLE es.migrations (id integer, name text, checksum text, applied_at timestamptz DEFAULT now())";
    sql(&mut connect(&stranger.url).await, table).await;
    sql(
        &mut admin,
        &format!("ALTER SCHEMA es OWNER TO {0}; GRANT ALL ON ALL TABLES IN SCHEMA es TO {0}", role.name),
    )
    .await;
    let refused = PostgresStore::migrate(&role.url).await.expect_err("not its own");
    assert!(
        matches!(&refused, ConnectError::ForeignSchema { owner, .. } if *owner == stranger.name),
        "{refused:?}"
    );
    // A role that is a member of the other one has its privileges.
    sql(&mut admin, &format!("GRANT {} TO {}; DROP TABLE es.migrations", role.name, stranger.name)).await;
    PostgresStore::migrate(&stranger.url).await.expect("as a member").close().await;
    role.drop().await;
    stranger.drop().await;
}

#[tokio::test]
async fn a_database_that_is_not_utf8_is_refused_before_anything_is_created() {
    let database = TestDatabase::empty().await.expect("a test database");
    let mut admin = connect(database.url()).await;
    let name = format!("es_test_{}", uuid::Uuid::now_v7().simple());
    for encoding in ["LATIN1", "SQL_ASCII"] {
        let make = format!("CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0");
        sql(&mut admin, &make).await;
        let (base, query) = database.url().split_once('?').unwrap_or((database.url(), ""));
        let server = base.rsplit_once('/').expect("a url with a database").0;
        let url = format!("{server}/{name}?{query}");
        for opened in [PostgresStore::migrate(&url).await, PostgresStore::connect(&url).await] {
            match opened.expect_err("refused") {
                ConnectError::Encoding { database, found } => {
                    assert_eq!((database, &*found), (name.clone(), encoding));
                }
                ConnectError::NotMigrated { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        let mut made = connect(&url).await;
        assert_eq!(number(&mut made, "SELECT count(*) FROM pg_namespace WHERE nspname = 'es'").await, 0);
        drop(made);
        sql(&mut admin, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }
}

/// A server that falls silent, at any of its answers: the migration ends in time, and leaves nothing locked
/// for the next one, although the server is not told.
#[tokio::test(flavor = "multi_thread")]
async fn a_migration_ends_in_time_when_the_server_falls_silent() {
    let answers: Vec<u64> = (1..8).chain((8..).step_by(9)).take(40).collect();
    for some in answers.chunks(8) {
        if join_all(some.iter().map(|answer| migrated_before(*answer))).await.contains(&true) {
            return;
        }
    }
    panic!("no migration has so many answers");
}

/// Whether a migration is done before this answer, at which the server falls silent.
async fn migrated_before(answer: u64) -> bool {
    let database = TestDatabase::empty().await.expect("a test database");
    let proxy = Proxy::before(database.url()).await.expect("a proxy");
    let options = PostgresStore::options(proxy.url()).patience(4 * MOMENT).answer_within(MOMENT);
    proxy.silence_at_answer(answer);
    let migrated = tokio::time::timeout(LONG, options.migrate()).await;
    let error = match migrated.expect("in time") {
        Ok(store) => {
            store.close().await;
            return true;
        }
        Err(error) => error,
    };
    assert!(error.is_retryable(), "{answer}: {error:?}");
    let again = tokio::time::timeout(LONG, PostgresStore::migrate(database.url())).await;
    let store = again.expect("in time").expect("migrated");
    appended(append_one(&store, &stream("a"), 0).await);
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_waits_for_another_one_as_long_as_it_takes() {
    let database = TestDatabase::empty().await.expect("a test database");
    let mut held = connect(database.url()).await;
    sql(&mut held, "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('es migrations of es', 0))").await;
    let migrating = tokio::spawn({
        let options = PostgresStore::options(database.url()).answer_within(MOMENT);
        options.longest_lock_wait(MOMENT).migrate()
    });
    let waits =
        "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                 AND query LIKE '%pg_try_advisory_xact_lock%' AND clock_timestamp() - xact_start > '5 s')";
    until(&mut connect(database.url()).await, waits).await;
    sql(&mut held, "COMMIT").await;
    migrating.await.expect("no panic").expect("migrated").close().await;
}

/// A migration that waits for a lock keeps out everybody who comes after it.
#[tokio::test]
async fn a_migration_does_not_wait_for_long_for_a_table_that_is_in_use() {
    let (database, store) = fresh().await;
    store.close().await;
    let mut held = connect(database.url()).await;
    sql(&mut held, "BEGIN; LOCK TABLE es.migrations").await;
    let options = PostgresStore::options(database.url()).longest_lock_wait(MOMENT);
    let migrated = tokio::time::timeout(LONG, options.clone().migrate()).await;
    let error = migrated.expect("in time").expect_err("in use");
    assert!(matches!(error, ConnectError::Interrupted { .. }) && error.is_retryable(), "{error:?}");
    sql(&mut held, "COMMIT").await;
    options.migrate().await.expect("nothing to do").close().await;
}
