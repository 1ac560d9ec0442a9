//! Missing objects of a schema, such as after a partial restore or a mistake: connecting reports them, and
//! the proposed statements restore them.

use es_core::StoreError;
use es_postgres::{ConnectError, PostgresStore};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::support::{append_one, appended, connect, fresh, sql, stream};

/// All functions, unique indexes and triggers of the store: the statements that drop them, and the server's
/// descriptions of them.
const OBJECTS: &str = "
    SELECT format('DROP FUNCTION %s CASCADE', p.oid::regprocedure), 'function ' || p.proname,
           pg_get_functiondef(p.oid) || coalesce(p.proacl::text, 'as it is made')
    FROM pg_proc p WHERE p.pronamespace = 'es'::regnamespace
    UNION ALL
    SELECT CASE WHEN c.oid IS NULL THEN format('DROP INDEX %s', i.indexrelid::regclass)
                ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', i.indrelid::regclass, c.conname) END,
           format('index %s on %s', x.relname, t.relname),
           pg_get_indexdef(i.indexrelid) || coalesce(pg_get_constraintdef(c.oid), '')
    FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
    LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid
    WHERE x.relnamespace = 'es'::regnamespace AND i.indisunique
    UNION ALL
    SELECT format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass), format('trigger %s on %s', t.tgname, r.relname),
           pg_get_triggerdef(t.oid) || t.tgenabled::text
    FROM pg_trigger t JOIN pg_class r ON r.oid = t.tgrelid
    WHERE r.relnamespace = 'es'::regnamespace AND NOT t.tgisinternal
    ORDER BY 2";

async fn objects(db: &mut PgConnection) -> Vec<(String, String, String)> {
    sqlx::query_as(AssertSqlSafe(OBJECTS)).persistent(false).fetch_all(db).await.expect("objects")
}

async fn refused(url: &str, what: &str) -> (Vec<String>, String) {
    match PostgresStore::connect(url).await.expect_err(what) {
        ConnectError::ObjectsMissing { schema, missing, statements } => {
            assert_eq!(schema, "es");
            (missing, statements)
        }
        error => panic!("{what}: {error:?}"),
    }
}

#[tokio::test]
async fn every_missing_object_is_reported_with_the_statements_that_restore_it() {
    let (database, store) = fresh().await;
    appended(append_one(&store, &stream("a"), 0).await);
    let mut db = connect(database.url()).await;
    let before = objects(&mut db).await;
    assert!(before.len() > 50, "{}", before.len());
    for (drops, name, _) in &before {
        sql(&mut db, drops).await;
        let (missing, statements) = refused(database.url(), drops).await;
        // Triggers are dropped with their function.
        assert!(missing.contains(name), "{drops}: {missing:?}");
        assert!(missing.len() == 1 || name.starts_with("function re"), "{drops}: {missing:?}");
        sql(&mut db, &statements).await;
        for (found, wanted) in objects(&mut db).await.iter().zip(&before) {
            assert_eq!(found, wanted, "{drops}");
        }
    }
    let all: Vec<&str> = before.iter().rev().map(|(drops, ..)| &**drops).collect();
    sql(&mut db, &all.join(";")).await;
    let (missing, statements) = refused(database.url(), "all of it").await;
    assert_eq!(missing.len(), before.len());
    sql(&mut db, &statements).await;
    assert_eq!(objects(&mut db).await, before);
    appended(
        append_one(&PostgresStore::connect(database.url()).await.expect("a store"), &stream("a"), 1).await,
    );
}

/// One may have been created CONCURRENTLY, and have failed.
#[tokio::test]
async fn an_index_that_is_not_valid_counts_as_missing() {
    let (database, _) = fresh().await;
    let mut db = connect(database.url()).await;
    let broken = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'es.events_position'::regclass";
    sql(&mut db, broken).await;
    let (missing, statements) = refused(database.url(), broken).await;
    assert_eq!(missing, ["index events_position on events"]);
    sql(&mut db, &statements).await;
    PostgresStore::connect(database.url()).await.expect("a store").close().await;
}

/// A running program keeps using its connections, and opens no new one.
#[tokio::test]
async fn a_running_program_is_told_by_its_next_connection() {
    let (database, store) = fresh().await;
    appended(append_one(&store, &stream("a"), 0).await);
    let mut db = connect(database.url()).await;
    sql(&mut db, "DROP TRIGGER append_only ON es.events").await;
    let others = "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity
                  WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    sql(&mut db, others).await;
    let batch = crate::support::events(1);
    let append =
        || es_core::store::Append::new(Box::leak(Box::new(stream("b"))), es_core::Revision::EMPTY, &batch);
    let error = loop {
        match es_core::EventStore::append(&store, append()).await {
            // Its connection was lost.
            Err(StoreError::Unavailable { .. }) => {}
            refused => break refused.expect_err("it has no trigger"),
        }
    };
    let StoreError::Setup { source } = &error else { panic!("{error:?}") };
    let told = source.downcast_ref().unwrap_or_else(|| panic!("{error:?}"));
    let ConnectError::ObjectsMissing { statements, .. } = told else { panic!("{told:?}") };
    assert!(told.to_string().contains("lacks trigger append_only on events"), "{told}");
    sql(&mut db, statements).await;
    appended(append_one(&store, &stream("b"), 0).await);
}
