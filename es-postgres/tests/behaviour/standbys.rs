//! Commits that wait for a synchronous standby are not acknowledged by other means.

use es_core::store::{Append, AppendOutcome, Decision, Load, Remembered};
use es_core::{EventStore, Revision, StoreError};
use es_postgres::PostgresStore;
use es_postgres::testing::Cluster;
use sqlx::PgConnection;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::support::{
    LONG, MOMENT, append_one, appended, command, connect, events, ids, number, sql, stream, until,
};

/// The number of server processes that wait for a standby.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";

async fn standbys(connection: &mut PgConnection, names: &str) {
    sql(connection, &format!("ALTER SYSTEM SET synchronous_standby_names = '{names}'")).await;
    sql(connection, "SELECT pg_reload_conf()").await;
    until(connection, &format!("current_setting('synchronous_standby_names') = '{names}'")).await;
}

/// Returns once commits wait for a standby, which happens a moment after the setting is loaded, as another
/// process of the server has to notice it.
async fn commits_wait(url: &str, connection: &mut PgConnection) {
    let mut other = connect(url).await;
    let commits = tokio::spawn(async move {
        // Until it is cancelled while it waits.
        while sqlx::query("SELECT pg_logical_emit_message(true, '', '')").execute(&mut other).await.is_ok() {}
    });
    until(connection, &format!("({WAITING}) > 0")).await;
    sql(connection, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
        .await;
    commits.await.expect("no panic");
    until(connection, &format!("({WAITING}) = 0")).await;
}

fn send(store: &PostgresStore, id: Uuid) -> JoinHandle<Result<AppendOutcome, StoreError>> {
    let store = store.clone();
    tokio::spawn(async move {
        let (stream, events) = (stream("a"), events(1));
        let append = Append::new(&stream, Revision::new(1), &events).command(Some(command(id)));
        store.append(append).await
    })
}

fn remember(store: &PostgresStore, id: Uuid) -> JoinHandle<Result<Remembered, StoreError>> {
    let store = store.clone();
    tokio::spawn(async move {
        let stream = stream("b");
        let decision = Decision::rejected(&stream, Revision::EMPTY, command(id));
        store.remember(decision).await
    })
}

/// Waits until one more process waits for a standby, while it polls `answer`.
async fn waits<T>(connection: &mut PgConnection, before: i64, answer: &JoinHandle<T>) {
    until(connection, &format!("({WAITING}) > {before}")).await;
    assert!(!answer.is_finished());
}

/// After a crash the server shows the commits that were waiting, although no standby has them yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_waits_for_a_standby_is_not_acknowledged_after_a_crash() {
    let folder = std::env::temp_dir().join(format!("es-cluster-{}", Uuid::now_v7().simple()));
    let cluster = Cluster::persistent(&folder).start().await.expect("a server");
    // An outcome is looked for as long as `patience` allows, not only as long as an answer may take.
    let options = PostgresStore::options(cluster.url()).patience(4 * MOMENT).answer_within(10 * LONG);
    let store = options.migrate().await.expect("a store");
    appended(append_one(&store, &stream("a"), 0).await);
    let mut watcher = connect(cluster.url()).await;
    standbys(&mut watcher, "nobody").await;
    commits_wait(cluster.url(), &mut watcher).await;
    let (executed, decided) = (Uuid::now_v7(), Uuid::now_v7());
    let sent = send(&store, executed);
    waits(&mut watcher, 0, &sent).await;
    let rejected = remember(&store, decided);
    waits(&mut watcher, 1, &rejected).await;
    cluster.crash().await.expect("killed");
    let again = Cluster::persistent(&folder).start().await.expect("a server");
    let sent = tokio::time::timeout(LONG, sent).await.expect("an answer");
    let error = sent.expect("no panic").expect_err("no standby has it");
    assert!(matches!(error, StoreError::OutcomeUnknown { .. }), "{error:?}");
    rejected.await.expect("no panic").expect_err("no standby has it");

    // It can be read. Every way of asking for the outcome waits.
    assert_eq!(ids(&store, &stream("a")).await.len(), 2);
    let mut watcher = connect(again.url()).await;
    let repeated = {
        let before = number(&mut watcher, WAITING).await;
        let answer = send(&store, executed);
        waits(&mut watcher, before, &answer).await;
        answer
    };
    let loaded = {
        let (before, store) = (number(&mut watcher, WAITING).await, store.clone());
        let answer = tokio::spawn(async move {
            store.load(Load::all(&stream("a")).command_id(Some(executed)), &mut |_| Ok(())).await
        });
        waits(&mut watcher, before, &answer).await;
        answer
    };
    let before = number(&mut watcher, WAITING).await;
    let rejected = remember(&store, decided);
    waits(&mut watcher, before, &rejected).await;
    let before = number(&mut watcher, WAITING).await;
    let found = {
        let store = store.clone();
        tokio::spawn(async move {
            store.load(Load::all(&stream("b")).command_id(Some(decided)), &mut |_| Ok(())).await
        })
    };
    waits(&mut watcher, before, &found).await;

    standbys(&mut watcher, "").await;
    let repeated = repeated.await.expect("no panic").expect("an outcome");
    assert!(matches!(repeated, AppendOutcome::Repeated(_)), "{repeated:?}");
    let rejected = rejected.await.expect("no panic").expect("an outcome");
    assert!(matches!(rejected, Remembered::Repeated(_)), "{rejected:?}");
    assert!(loaded.await.expect("no panic").expect("a head").command.is_some());
    assert!(found.await.expect("no panic").expect("a head").command.is_some());
    store.close().await;
    drop((again, cluster));
    std::fs::remove_dir_all(&folder).expect("removed");
}
