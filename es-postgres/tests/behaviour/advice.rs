//! The statements that messages propose can be run as printed, whatever the names of schemas and roles.

use std::borrow::Cow;

use es_core::uuid::Uuid;
use es_postgres::testing::TestDatabase;
use es_postgres::{ConnectError, PostgresOptions, PostgresStore};

use crate::support::{append_one, appended, connect, drop_role, role, sql, stream, texts};

/// Runs what a message proposes, as the role of this URL.
async fn run(url: &str, refused: &ConnectError) {
    let text = refused.to_string();
    let (_, proposed) = text.rsplit_once("run ").expect("a statement");
    let mut db = connect(url).await;
    for statement in proposed.split("; ") {
        sql(&mut db, statement).await;
    }
}

#[tokio::test]
async fn proposed_statements_run_in_a_schema_named_like_an_sql_keyword() {
    for schema in ["order", "user"] {
        let database = TestDatabase::empty().await.expect("a test database");
        let mut admin = connect(database.url()).await;
        let name = texts(&mut admin, "SELECT quote_ident(current_database())").await.remove(0);
        let (url, owner) = role(database.url()).await;
        let (_, stranger) = role(database.url()).await;
        let options = |url: &str| -> PostgresOptions { PostgresStore::options(url).schema(schema) };

        sql(&mut admin, &format!("CREATE SCHEMA \"{schema}\" AUTHORIZATION {stranger}")).await;
        let refused = options(&url).migrate().await.expect_err("not its own");
        assert!(matches!(refused, ConnectError::ForeignSchema { .. }), "{refused:?}");
        run(database.url(), &refused).await;
        let store = options(&url).migrate().await.expect("its own");
        appended(append_one(&store, &stream("a"), 0).await);
        appended(append_one(&store, &stream("a"), 1).await);
        store.close().await;

        for broken in [
            "ALTER SEQUENCE {schema}.positions CACHE 10",
            "ALTER SEQUENCE {schema}.positions INCREMENT 2",
            "ALTER SEQUENCE {schema}.positions CYCLE",
            "SELECT setval('{schema}.positions', 1)",
            "SELECT setval('{schema}.streams_id_seq', 1, false)",
            "ALTER TABLE {schema}.events ENABLE TRIGGER append_only; ALTER TABLE {schema}.categories DISABLE TRIGGER ALL",
            "ALTER TABLE {schema}.streams ENABLE TRIGGER ALL",
            "ALTER TABLE {schema}.commands DISABLE TRIGGER ALL; ALTER TABLE {schema}.decisions ENABLE TRIGGER never_changed",
            "ALTER TABLE {schema}.event_types ENABLE REPLICA TRIGGER registered",
            "ALTER DATABASE {name} SET synchronous_commit = off",
            "ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'",
            "ALTER DATABASE {name} SET default_transaction_read_only = on",
        ] {
            let broken = broken.replace("{schema}", &format!("\"{schema}\"")).replace("{name}", &name);
            sql(&mut admin, &broken).await;
            let refused = options(&url).connect().await.expect_err(&broken);
            run(&url, &refused).await;
            options(&url).connect().await.expect(&broken).close().await;
        }

        let app = format!("o'brien_{}", Uuid::now_v7().simple());
        sql(
            &mut admin,
            &format!(
                "SET default_transaction_read_only = off; CREATE ROLE \"{app}\" LOGIN PASSWORD 'secret'"
            ),
        )
        .await;
        let of_app = options(&url.replacen(&owner, &app.replace('\'', "%27"), 1));
        // The settings of the database for everybody else.
        sql(&mut admin, &format!("ALTER DATABASE {name} RESET ALL")).await;
        let refused = of_app.clone().connect().await.expect_err("no rights");
        assert!(matches!(&refused, ConnectError::NotGranted { role, .. } if *role == app), "{refused:?}");
        run(&url, &refused).await;
        of_app.connect().await.expect("granted").close().await;
        for role in [Cow::from(format!("\"{app}\"")), stranger.into(), owner.into()] {
            drop_role(database.url(), &role).await;
        }
    }
}

#[tokio::test]
async fn a_database_can_be_created_as_proposed() {
    let database = TestDatabase::empty().await.expect("a test database");
    let mut admin = connect(database.url()).await;
    let name = format!("es_test_{}", Uuid::now_v7().simple());
    sql(&mut admin, &format!("CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")).await;
    let (base, query) = database.url().split_once('?').unwrap_or((database.url(), ""));
    let server = base.rsplit_once('/').expect("a url with a database").0;
    let url = |name: &str| format!("{server}/{name}?{query}");
    let refused = PostgresStore::migrate(&url(&name)).await.expect_err("not in UTF-8");
    assert!(matches!(refused, ConnectError::Encoding { .. }), "{refused:?}");
    run(database.url(), &refused).await;
    PostgresStore::migrate(&url(&format!("{name}_utf8"))).await.expect("in UTF-8").close().await;
    for name in [&name, &format!("{name}_utf8")] {
        sql(&mut admin, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }
}
