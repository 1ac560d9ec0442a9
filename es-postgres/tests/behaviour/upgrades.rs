//! Stores of earlier programs are migrated, with their events and their roles.

use std::fs;
use std::path::Path;

use es_core::uuid::Uuid;
use es_postgres::PostgresStore;
use es_postgres::testing::TestDatabase;
use sqlx::{AssertSqlSafe, PgConnection};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::support::{append_one, appended, connect, drop_role, ids, role, sql, stream, wrong};

/// Runs the migrations up to this one, like a program that had no later ones.
async fn migrate_to(db: &mut PgConnection, newest: i32) {
    let table = "CREATE SCHEMA es; CREATE TABLE es.migrations (id integer PRIMARY KEY, name text NOT NULL,
        checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())";
    sql(db, table).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path()).collect();
    files.sort();
    for file in files {
        let name = file.file_stem().and_then(|name| name.to_str()).expect("a name");
        let id: i32 = name.split('_').next().and_then(|id| id.parse().ok()).expect("a number");
        if id > newest {
            break;
        }
        let text = fs::read_to_string(&file).expect("a text");
        sql(db, &text.replace(":schema", "\"es\"")).await;
        let note = "INSERT INTO es.migrations (id, name, checksum)
                    VALUES ($1, $2, encode(sha256(convert_to($3, 'UTF8')), 'hex'))";
        let note = sqlx::query(note).persistent(false).bind(id).bind(name).bind(&text);
        note.execute(&mut *db).await.expect("noted");
    }
}

#[tokio::test]
async fn earlier_writers_keep_working_after_the_migration() {
    for before in [9, 12, 13, 16] {
        let database = TestDatabase::empty().await.expect("a test database");
        let mut db = connect(database.url()).await;
        migrate_to(&mut db, before).await;
        let (url, writer) = role(database.url()).await;
        let (_, reader) = role(database.url()).await;
        sql(&mut db, &format!("SELECT es.grant_writer('{writer}')")).await;
        let mut earlier = connect(&url).await;
        let append = |expected: u32| {
            format!(
                "SELECT es.append_one(1, 'a', {expected}, NULL, '{}', 1, '{{}}', NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
                Uuid::now_v7()
            )
        };
        sql(&mut earlier, "SELECT es.register_names('{account}', '{account.counted}', '{1}')").await;
        sql(&mut earlier, &append(0)).await;
        let owner = PostgresStore::migrate(database.url()).await.expect("migrated");
        // An open session of an earlier program cannot write unchecked rows.
        let refused = sqlx::raw_sql(AssertSqlSafe(append(1))).execute(&mut earlier).await;
        let code =
            refused.expect_err("gone").into_database_error().and_then(|error| error.code().map(String::from));
        assert_eq!(code.as_deref(), Some("42883"), "from {before}");
        let store = PostgresStore::connect(&url).await.expect("a store");
        for expected in 1..3 {
            appended(append_one(&store, &stream("a"), expected).await);
        }
        appended(append_one(&store, &stream("b"), 0).await);
        assert_eq!(ids(&owner, &stream("a")).await.len(), 3, "from {before}");
        assert_eq!(wrong(&mut db).await, None, "from {before}");
        store.close().await;
        // No other role got a privilege by it.
        owner.grant_reader(&reader).await.expect("granted");
        sql(&mut db, &format!("SET ROLE {reader}")).await;
        let append = "SELECT es.append(1, 'a', 3, NULL, '{}', '{}', '{}', '{}', '{}', '{}', '{}', NULL, NULL, NULL, NULL)";
        let refused = sqlx::raw_sql(append).execute(&mut db).await.expect_err("a reader");
        assert!(refused.to_string().contains("permission denied"), "{refused}");
        sql(&mut db, "RESET ROLE").await;
        for role in [&writer, &reader] {
            drop_role(database.url(), role).await;
        }
    }
}

/// Programs that were not stopped run while the tables are changed: each call succeeds or fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_migration_among_appends_ends() {
    let database = TestDatabase::empty().await.expect("a test database");
    let mut db = connect(database.url()).await;
    migrate_to(&mut db, 16).await;
    sql(&mut db, "SELECT es.register_names('{account}', '{account.counted}', '{1}')").await;
    let calls = [
        "SELECT es.append_one(1, '{n}', 0, NULL, '{id}', 1, '1', NULL, NULL, NULL, NULL, '{id}', 'x', NULL) FROM es.registrations",
        "SELECT es.append(1, '{n}', 0, NULL, '{{id}}', '{1}', '{1}', '{}', '{}', '{}', '{}', '{id}', 'x', NULL) FROM es.registrations",
        "SELECT es.register_names('{{n}}', '{{n}}', '{1}')",
        "SELECT es.remember(1, '{n}', 0, NULL, '{id}', 'x', NULL, true)",
        "SELECT es.prune_commands('1999-01-01'); SELECT es.close_stream('account', '{n}', 1)",
    ];
    let mut at_work = JoinSet::new();
    let (begun, mut progress) = mpsc::unbounded_channel();
    for (worker, call) in calls.into_iter().enumerate() {
        let (mut db, begun) = (connect(database.url()).await, begun.clone());
        at_work.spawn(async move {
            for nth in 0.. {
                let call = call.replace("{n}", &format!("{worker}-{nth}"));
                let call = call
                    .replace("{id}", &Uuid::now_v7().to_string())
                    .replace("FROM es.registrations", "FROM es.registrations LIMIT 1");
                match sqlx::raw_sql(AssertSqlSafe(call)).execute(&mut db).await {
                    // The receiver is dropped when the test's migration ends.
                    Ok(_) if begun.send(worker).is_err() => return None,
                    Ok(_) => {}
                    Err(error) => {
                        return error.into_database_error().and_then(|error| error.code().map(String::from));
                    }
                }
            }
            None
        });
    }
    // Each is running.
    let mut seen = [0; 5];
    while seen.contains(&0) {
        seen[progress.recv().await.expect("a worker")] += 1;
    }
    drop(PostgresStore::migrate(database.url()).await.expect("migrated"));
    drop(progress);
    while let Some(stopped) = at_work.join_next().await {
        let code = stopped.expect("no panic");
        // The earlier function is gone, or was registering names without their last ids. Calls that lock the
        // tables in a different order than the migration may end in a deadlock, and can be retried.
        let expected = ["42883", "23502", "40P01"];
        assert!(code.as_deref().is_none_or(|code| expected.contains(&code)), "{code:?}");
    }
    assert_eq!(wrong(&mut db).await, None);
}
