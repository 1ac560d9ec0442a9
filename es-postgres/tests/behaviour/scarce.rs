//! A server with few connections, and another program that takes them.

use es_postgres::PostgresStore;
use es_postgres::testing::Cluster;
use sqlx::{Connection, PgConnection};

use crate::support::{append_one, appended, ids, stream};

/// Takes all connections that the server accepts.
async fn hog(url: &str) -> Vec<PgConnection> {
    let mut taken = Vec::new();
    while let Ok(connection) = PgConnection::connect(url).await {
        taken.push(connection);
    }
    taken
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_has_one_connection_left_reads_and_writes() {
    let folder = std::env::temp_dir().join(format!("es-scarce-{}", uuid::Uuid::now_v7().simple()));
    let cluster = Cluster::persistent(&folder).setting("max_connections = 12");
    let cluster = cluster.setting("superuser_reserved_connections = 0").start().await.expect("a server");
    let store = PostgresStore::migrate(cluster.url()).await.expect("a store");
    store.close().await;
    // Readers have their connection before the other program starts, lanes have none. With two servers, of
    // which the other one is unavailable, it is the same.
    let (before, socket) = cluster.url().split_once("host=").expect("a folder");
    let url = format!("{before}host=/nowhere,{socket}");
    let store = PostgresStore::options(&url).notify(false).connect().await.expect("a store");
    let a = stream("a");
    let taken = hog(cluster.url()).await;
    assert!(!taken.is_empty());
    for revision in 0..3 {
        appended(append_one(&store, &a, revision).await);
        assert_eq!(ids(&store, &a).await.len() as u64, revision + 1);
    }
    for connection in taken {
        connection.close().await.expect("given back");
    }
    // Each has its own again, and the next caller finds both usable.
    appended(append_one(&store, &a, 3).await);
    let taken = hog(cluster.url()).await;
    appended(append_one(&store, &a, 4).await);
    assert_eq!(ids(&store, &a).await.len(), 5);
    drop(taken);
    store.close().await;
    drop(cluster);
    std::fs::remove_dir_all(folder).expect("the folder is ours");
}
