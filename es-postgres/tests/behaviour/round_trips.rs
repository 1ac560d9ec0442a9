//! A command costs one round trip: requests on the wire are counted.

use es_core::model::NewSnapshot;
use es_core::shape::Fingerprint;
use es_core::store::{
    Append, AppendOutcome, Decision, ListQuery, ListStreams, Load, Remembered, StreamRange,
};
use es_core::{EventStore, Revision};
use es_postgres::PostgresStore;
use uuid::Uuid;

use crate::support::{
    append_one, appended, command, connect, events, fresh, ids, number, proxy_before, stream, until,
};

#[tokio::test(flavor = "multi_thread")]
async fn each_call_is_one_round_trip() {
    let (database, _) = fresh().await;
    let proxy = proxy_before(&database).await;
    let store =
        PostgresStore::options(proxy.url()).connections(1).notify(false).connect().await.expect("a store");
    let (a, b) = (stream("a"), stream("b"));
    // The first call of each kind prepares its statement.
    for round in 0..3 {
        let start = Revision::new(round * 8);
        let mut counts = Vec::new();
        let mut last = proxy.round_trips();
        let mut count = |what: &'static str| {
            let now = proxy.round_trips();
            counts.push((what, now - last));
            last = now;
        };
        appended(append_one(&store, &a, start.get()).await);
        count("append of one event");
        let batch = events(5);
        let append = Append::new(&a, start.plus(1), &batch).command(Some(command(Uuid::now_v7())));
        appended(store.append(append).await.expect("an outcome"));
        count("append of five events with a command");
        assert!(matches!(append_one(&store, &a, start.get()).await, AppendOutcome::Conflict { .. }));
        count("conflict");
        let appends =
            [Append::new(&a, start.plus(6), &batch[..2]), Append::new(&b, Revision::new(round), &batch[4..])];
        for outcome in store.append_all(&appends).await.expect("outcomes") {
            appended(outcome);
        }
        count("append to two streams");
        let nothing = Decision::rejected(&a, start.plus(8), command(Uuid::now_v7()));
        assert_eq!(store.remember(nothing).await.expect("an outcome"), Remembered::Kept);
        count("decision without events");
        ids(&store, &a).await;
        count("load");
        let snapshot = NewSnapshot::new(a.clone(), start.plus(3), Fingerprint::EMPTY, b"{}".to_vec());
        store.save_snapshot(snapshot).await.expect("kept");
        count("snapshot");
        let load = Load::all(&a).snapshot(Some(Fingerprint::EMPTY)).command_id(Some(Uuid::now_v7()));
        store.load(load, &mut |_| Ok(())).await.expect("a head");
        count("load with snapshot and command");
        store.read_stream(&a, StreamRange::ALL.backward(), &mut |_| Ok(())).await.expect("read");
        count("read");
        store.list_streams(ListQuery::category("account").limit(10)).await.expect("a page");
        count("list");
        if round > 0 {
            for (what, round_trips) in counts {
                assert_eq!(round_trips, 1, "{what}");
            }
        }
    }
}

/// The sessions of a database, except the one that asks.
const SESSIONS: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";

/// A session costs a server process, and the checks of a new session: the first command uses the one that the
/// store was opened with.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_command_of_a_program_uses_the_first_session_of_the_store() {
    let (database, other) = fresh().await;
    let a = stream("a");
    appended(append_one(&other, &a, 0).await);
    other.close().await;
    let mut watch = connect(database.url()).await;
    until(&mut watch, &format!("({SESSIONS}) = 0")).await;

    let proxy = proxy_before(&database).await;
    let store = PostgresStore::options(proxy.url()).notify(false).connect().await.expect("a store");
    let opened = proxy.round_trips();
    // Whether the session is shared; the checks, which are prepared and executed; the names.
    assert_eq!(opened, 1 + 2 + 1, "round trips to open a store");
    ids(&store, &a).await;
    appended(append_one(&store, &a, 1).await);
    // The load and the append are prepared and executed; between them `lock_timeout` is set.
    assert_eq!(proxy.round_trips() - opened, 2 + 1 + 2);
    assert_eq!(number(&mut watch, SESSIONS).await, 1);
}
