//! What each role may do, and that it may do nothing else.

use std::collections::BTreeSet;

use es_core::{StoreError, Uuid};
use es_postgres::PostgresStore;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::support::{append_one, appended, connect, fresh, number, sql, stream};

async fn role(url: &str) -> (String, String) {
    let role = format!("role_{}", Uuid::now_v7().simple());
    sql(&mut connect(url).await, &format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'")).await;
    let (_, rest) = url.split_once('@').expect("a url with a user");
    (format!("postgres://{role}:secret@{rest}"), role)
}

async fn texts(connection: &mut PgConnection, text: &str) -> Vec<String> {
    let found = sqlx::query_scalar(AssertSqlSafe(text)).persistent(false).fetch_all(connection).await;
    found.unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Whether the server refuses this for want of a right.
async fn is_forbidden(connection: &mut PgConnection, text: &str) -> bool {
    let text = format!("BEGIN; {text}; ROLLBACK");
    let done = sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *connection).await;
    let _undone = sqlx::raw_sql("ROLLBACK").execute(connection).await;
    let error = done.err();
    let code =
        error.as_ref().and_then(sqlx::Error::as_database_error).and_then(sqlx::error::DatabaseError::code);
    code.as_deref() == Some("42501")
}

const WRITER: [&str; 12] = [
    "register_names",
    "register_events",
    "rename_category",
    "append_one",
    "append",
    "append_all",
    "append_batch",
    "close_stream",
    "save_snapshot",
    "drop_snapshots",
    "prune_commands",
    "remember",
];

/// Every statement that changes something, on every table, sequence and function of the store, as every role.
#[tokio::test]
async fn every_role_may_do_what_it_was_granted_and_nothing_else() {
    let (database, owner) = fresh().await;
    appended(append_one(&owner, &stream("a"), 0).await);
    let mut admin = connect(database.url()).await;
    let tables = texts(
        &mut admin,
        "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'es'::regnamespace AND c.relkind = 'r'",
    )
    .await;
    let column = |table: &str| {
        format!(
            "SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = 'es.{table}'::regclass AND a.attnum > 0
             ORDER BY a.attnum DESC LIMIT 1"
        )
    };
    let functions = texts(
        &mut admin,
        "SELECT p.proname || '(' || (SELECT coalesce(string_agg('NULL::' || format_type(t.oid, NULL), ', ' ORDER BY t.at), '')
                                     FROM unnest(p.proargtypes) WITH ORDINALITY AS t (oid, at)) || ')'
         FROM pg_proc p WHERE p.pronamespace = 'es'::regnamespace AND p.prorettype <> 'trigger'::regtype",
    )
    .await;
    let projector = ["checkpoints", "dead_letters", "projections"];
    for kind in ["writer", "reader", "projector"] {
        let (url, role) = role(database.url()).await;
        match kind {
            "writer" => owner.grant_writer(&role).await.expect("granted"),
            "reader" => owner.grant_reader(&role).await.expect("granted"),
            _ => owner.grant_projector(&role).await.expect("granted"),
        }
        let mut allowed = BTreeSet::new();
        let mut db = connect(&url).await;
        let mut tried = Vec::new();
        for table in &tables {
            let column = texts(&mut admin, &column(table)).await.remove(0);
            let mine = kind == "projector" && projector.contains(&&**table);
            for (statement, may) in [
                (format!("INSERT INTO es.{table} DEFAULT VALUES"), mine),
                (format!("UPDATE es.{table} SET {column} = {column} WHERE false"), mine),
                (format!("DELETE FROM es.{table} WHERE false"), mine),
                (format!("TRUNCATE es.{table}"), false),
                (format!("ALTER TABLE es.{table} DISABLE TRIGGER ALL"), false),
                (format!("CREATE INDEX ON es.{table} ({column})"), false),
                (format!("DROP TABLE es.{table}"), false),
            ] {
                tried.push((statement, may));
            }
            tried.push((format!("SELECT FROM es.{table} LIMIT 1"), true));
        }
        for sequence in ["positions", "streams_id_seq"] {
            tried.push((format!("SELECT nextval('es.{sequence}')"), false));
            tried.push((format!("SELECT setval('es.{sequence}', 1)"), false));
            tried.push((format!("ALTER SEQUENCE es.{sequence} CACHE 10"), false));
            tried.push((format!("SELECT last_value FROM es.{sequence}"), true));
        }
        for call in &functions {
            let name = call.split('(').next().unwrap_or_default();
            // With the rights of whoever calls them.
            if ["same_transaction", "end_batch"].contains(&name) {
                continue;
            }
            let may = name == "watermark"
                || kind == "writer" && WRITER.contains(&name)
                || kind == "projector" && name == "publish_tables";
            tried.push((format!("SELECT es.{call}"), may));
            if may {
                allowed.insert(name.to_owned());
            }
        }
        for statement in [
            "CREATE TABLE es.mine ()",
            "CREATE FUNCTION es.mine() RETURNS void LANGUAGE sql AS ''",
            "CREATE OR REPLACE VIEW es.event_log AS SELECT 1 AS one",
            "DROP SCHEMA es CASCADE",
            "ALTER SCHEMA es OWNER TO CURRENT_USER",
            "ALTER TABLE es.events RENAME TO mine",
        ] {
            tried.push((statement.to_owned(), false));
        }
        for (statement, may) in tried {
            assert_eq!(!is_forbidden(&mut db, &statement).await, may, "{kind}: {statement}");
        }
        let expected = if kind == "writer" { WRITER.len() + 1 } else { usize::from(kind == "projector") + 1 };
        assert_eq!(allowed.len(), expected, "{kind}: {allowed:?}");
        drop(db);
        sql(&mut admin, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    }
    assert_eq!(number(&mut admin, "SELECT count(*) FROM es.events").await, 1);
}

#[tokio::test]
async fn rights_are_not_given_to_everybody_or_nobody() {
    let (database, owner) = fresh().await;
    let mut admin = connect(database.url()).await;
    for role in ["public", "no_such_role", ""] {
        for refused in [
            owner.grant_reader(role).await,
            owner.grant_writer(role).await,
            owner.grant_projector(role).await,
        ] {
            let error = refused.expect_err(role);
            assert!(matches!(error, StoreError::Backend { retryable: false, .. }), "{error:?}");
        }
    }
    let everybody = "SELECT count(*) FROM pg_class c, aclexplode(c.relacl) AS a
                     WHERE c.relnamespace = 'es'::regnamespace AND a.grantee = 0";
    assert_eq!(number(&mut admin, everybody).await, 0);
}

#[tokio::test]
async fn a_grant_that_did_nothing_is_an_error() {
    let database = es_postgres::testing::TestDatabase::empty().await.expect("a test database");
    let mut admin = connect(database.url()).await;
    let (url, owner) = role(database.url()).await;
    let (_, projector) = role(database.url()).await;
    sql(&mut admin, &format!("CREATE SCHEMA es AUTHORIZATION {owner}")).await;
    let store = PostgresStore::migrate(&url).await.expect("its own schema");
    // Somebody who may connect, and may not give that on.
    let name = texts(&mut admin, "SELECT quote_ident(current_database())").await.remove(0);
    sql(&mut admin, &format!("GRANT ALL ON DATABASE {name} TO {owner}")).await;
    let refused = store.grant_projector(&projector).await.expect_err("not by this role");
    assert!(matches!(refused, StoreError::Setup { .. }), "{refused:?}");
    let text = refused.to_string();
    let (_, proposed) = text.split_once("run ").expect("a statement");
    let proposed = proposed.split(" (SQLSTATE").next().unwrap_or(proposed);
    sql(&mut admin, proposed).await;
    store.grant_projector(&projector).await.expect("granted");
    store.close().await;
    sql(&mut admin, &format!("DROP OWNED BY {owner}, {projector} CASCADE; DROP ROLE {owner}, {projector}"))
        .await;
}

/// A function that runs as its owner takes nothing from a search path that others can write to.
#[tokio::test]
async fn functions_that_run_as_the_owner_name_everything_in_full() {
    let (database, _) = fresh().await;
    let mut admin = connect(database.url()).await;
    let found = texts(
        &mut admin,
        "SELECT p.proname::text FROM pg_proc p
         WHERE p.pronamespace = 'es'::regnamespace AND p.prosecdef
           AND NOT coalesce(p.proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false) ORDER BY 1",
    )
    .await;
    assert_eq!(found, ["append", "append_all", "append_batch", "append_one", "remember"]);
}

#[tokio::test]
async fn the_owner_cannot_rename_events_or_aggregates() {
    let (database, store) = fresh().await;
    appended(append_one(&store, &stream("a"), 0).await);
    let mut owner = connect(database.url()).await;
    for session in ["origin", "replica"] {
        sql(&mut owner, &format!("SET session_replication_role = {session}")).await;
        for change in [
            "UPDATE es.event_types SET name = 'other'",
            "UPDATE es.event_types SET version = version + 1",
            "UPDATE es.event_types SET id = id + 1",
            "UPDATE es.categories SET name = 'other'",
            "UPDATE es.categories SET id = id + 1",
        ] {
            let error = sqlx::raw_sql(change).execute(&mut owner).await.expect_err(change);
            let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
            assert_eq!(code.as_deref(), Some("ES001"), "{change}");
        }
        sql(&mut owner, "UPDATE es.event_types SET fingerprint = NULL").await;
    }
}
