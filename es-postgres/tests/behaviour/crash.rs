//! The server is killed: acknowledged events are stored when it is back.

use es_core::store::AppendOutcome;
use es_core::{EventStore, Revision};
use es_postgres::PostgresStore;
use es_postgres::testing::Cluster;

use crate::support::{append_one, connect, ids, stream};

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_events_survive_a_killed_server() {
    let folder = std::env::temp_dir().join(format!("es-cluster-{}", uuid::Uuid::now_v7().simple()));
    std::fs::create_dir(&folder).expect("a folder");
    let cluster = Cluster::persistent(&folder).start().await.expect("a server");
    let store = PostgresStore::migrate(cluster.url()).await.expect("a store");
    let mut acknowledged = vec![0; 4];
    for round in 1..=2 {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (store, mut revision) = (store.clone(), acknowledged[writer]);
                let stream = stream(&format!("w{writer}"));
                tokio::spawn(async move {
                    // The server dies in the middle of this; the call returns that error, or the outcome of
                    // the append.
                    while let Ok(outcome) = store
                        .append(es_core::store::Append::new(
                            &stream,
                            Revision::new(revision),
                            &crate::support::events(1),
                        ))
                        .await
                    {
                        assert!(matches!(outcome, AppendOutcome::Appended(_)), "{outcome:?}");
                        revision += 1;
                    }
                    revision
                })
            })
            .collect();
        let mut watcher = connect(cluster.url()).await;
        let enough = format!("(SELECT count(*) FROM es.events) > {}", round * 200);
        crate::support::until(&mut watcher, &enough).await;
        cluster.crash().await.expect("killed");
        let again = Cluster::persistent(&folder).start().await.expect("a server");
        for (writer, revision) in writers.into_iter().zip(&mut acknowledged) {
            *revision = writer.await.expect("no panic");
        }
        for (writer, revision) in acknowledged.iter().enumerate() {
            let stream = stream(&format!("w{writer}"));
            assert_eq!(ids(&store, &stream).await.len() as u64, *revision, "writer {writer}");
            assert!(matches!(
                append_one(&store, &stream, revision + 9).await,
                AppendOutcome::Conflict { .. }
            ));
        }
        drop(again);
    }
    store.close().await;
    drop(cluster);
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[tokio::test]
async fn a_standby_has_what_the_primary_acknowledged_and_accepts_writes_once_promoted() {
    let folder = std::env::temp_dir().join(format!("es-cluster-{}", uuid::Uuid::now_v7().simple()));
    std::fs::create_dir(&folder).expect("a folder");
    let primary = Cluster::persistent(folder.join("1")).start().await.expect("a server");
    let standby = primary.standby(folder.join("2")).await.expect("a standby");
    let store = PostgresStore::migrate(primary.url()).await.expect("a store");
    let stream = stream("a");
    assert!(matches!(append_one(&store, &stream, 0).await, AppendOutcome::Appended(_)));
    let mut copy = connect(standby.url()).await;
    crate::support::until(&mut copy, "to_regclass('es.events') IS NOT NULL").await;
    crate::support::until(&mut copy, "(SELECT count(*) FROM es.events) = 1").await;
    primary.crash().await.expect("killed");
    standby.promote().await.expect("promoted");
    let store = PostgresStore::connect(standby.url()).await.expect("a store");
    assert!(matches!(append_one(&store, &stream, 1).await, AppendOutcome::Appended(_)));
    assert_eq!(ids(&store, &stream).await.len(), 2);
    store.close().await;
    drop((primary, standby));
    std::fs::remove_dir_all(&folder).expect("removed");
}
