//! The servers that this crate starts: shared by tests, found again by programs, stopped when nobody uses
//! them.

use std::process::Command;

use es_postgres::PostgresStore;
use es_postgres::testing::{Cluster, TestDatabase};
use sqlx::Connection;

use crate::support::{append_one, appended, connect, ids, number, sql, stream};

const FOLDER: &str = "ES_CLUSTER_OF_CHILD";

#[tokio::test]
async fn each_test_has_a_database_that_is_dropped_with_it() {
    let (one, two) = (TestDatabase::new().await.expect("one"), TestDatabase::new().await.expect("two"));
    assert_ne!(one.url(), two.url());
    let mut admin = connect(one.admin_url()).await;
    let name = one.url().split('?').next().and_then(|url| url.rsplit('/').next()).expect("a name").to_owned();
    let exists = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    assert_eq!(number(&mut admin, &exists).await, 1);
    let store = one.store().await.expect("a store");
    appended(append_one(&store, &stream("a"), 0).await);
    drop(one);
    assert_eq!(number(&mut admin, &exists).await, 0);
}

#[tokio::test]
async fn old_leftovers_of_crashed_tests_are_dropped() {
    let database = TestDatabase::new().await.expect("a database");
    let mut admin = connect(database.admin_url()).await;
    let now = number(&mut admin, "SELECT extract(epoch FROM now())::bigint").await;
    let (old, young) = (format!("es_test_{}_a{now}", now - 90_000), format!("es_test_{}_b{now}", now - 60));
    sql(&mut admin, &format!("CREATE DATABASE {old}")).await;
    sql(&mut admin, &format!("CREATE DATABASE {young}")).await;
    // Each process sweeps once, so another one does it.
    let child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "servers::each_test_has_a_database_that_is_dropped_with_it"])
        .output()
        .expect("a child");
    assert!(child.status.success());
    let left = format!("SELECT count(*) FROM pg_database WHERE datname IN ('{old}', '{young}')");
    assert_eq!(number(&mut admin, &left).await, 1);
    sql(&mut admin, &format!("DROP DATABASE {young}")).await;
}

/// Does its work only when the test below runs this binary again.
#[tokio::test]
async fn child_that_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let cluster = Cluster::persistent(folder).start().await.expect("a server");
    let store = PostgresStore::migrate(cluster.url()).await.expect("a store");
    appended(append_one(&store, &stream("a"), 0).await);
    std::process::abort();
}

#[tokio::test]
async fn a_persistent_server_outlives_a_killed_program_and_stops_with_the_last_user() {
    let folder = std::env::temp_dir().join(format!("es-cluster-{}", uuid::Uuid::now_v7().simple()));
    let child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "servers::child_that_is_killed"])
        .env(FOLDER, &folder)
        .output()
        .expect("a child");
    assert!(!child.status.success(), "it was killed");
    let pid = || std::fs::read_to_string(folder.join("server/data/postmaster.pid")).ok();
    let left_running = pid().expect("the server keeps running");

    let cluster = Cluster::persistent(&folder).start().await.expect("a server");
    assert_eq!(pid().expect("a server").lines().next(), left_running.lines().next(), "it is the same server");
    let store = PostgresStore::connect(cluster.url()).await.expect("a store");
    assert_eq!(ids(&store, &stream("a")).await.len(), 1);
    let durable: String = sqlx::query_scalar("SHOW fsync")
        .fetch_one(&mut connect(cluster.url()).await)
        .await
        .expect("a setting");
    assert_eq!(durable, "on");

    let second = Cluster::persistent(&folder).start().await.expect("the same server");
    drop(second);
    connect(cluster.url()).await.close().await.expect("one user is left, so it still runs");
    store.close().await;
    drop(cluster);
    assert_eq!(pid(), None, "the last user has stopped it");
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn without_an_installed_server_the_message_says_what_to_install() {
    // As `expect` prints it.
    let text = format!("{:?}", es_postgres::testing::TestDatabaseError::NotInstalled);
    for way in ["`cargo xtask test`", "apt install postgresql", "PG_BIN", "ES_TEST_DATABASE_URL"] {
        assert!(text.contains(way), "{way}: {text}");
    }
}
