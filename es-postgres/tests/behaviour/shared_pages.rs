//! State shared by the readers of one store: the last page at the end, and the cache of streams.

use std::time::Duration;

use es_core::StoreError;
use es_core::record::RawEvent;
use es_core::store::{AllPage, AllQuery, Checkpoint, Filter, ReadAll, Rest, Sink};
use es_postgres::PostgresStore;
use futures_util::FutureExt;

use crate::rewind::{events_after, rewind};
use crate::support::{LONG, append_one, appended, connect, fresh, proxy_before, sql, stream, until};

async fn keys(store: &PostgresStore, query: AllQuery<'_>) -> (Vec<String>, AllPage) {
    taken(async |sink| store.read_all(query, sink).await).await
}

/// Reads like a reader that follows the store.
async fn followed(store: &PostgresStore, query: AllQuery<'_>) -> (Vec<String>, AllPage) {
    taken(async |sink| store.follow(query, sink).await).await
}

async fn taken(read: impl AsyncFnOnce(Sink<'_>) -> Result<AllPage, StoreError>) -> (Vec<String>, AllPage) {
    let mut keys = Vec::new();
    let mut take = |event: RawEvent<'_>| {
        keys.push(event.stream.key().to_owned());
        Ok(())
    };
    let page = read(&mut take).await.expect("a page");
    assert_eq!(page.events, keys.len());
    (keys, page)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_uses_the_page_of_another_and_reads_again() {
    let (database, writer) = fresh().await;
    let proxy = proxy_before(&database).await;
    let store = PostgresStore::options(proxy.url()).notify(false).connect().await.expect("a store");
    let (any, none) = (Filter::new(), Filter::new().event_name("account.closed"));
    for key in ["a", "b", "c"] {
        appended(append_one(&writer, &stream(key), 0).await);
    }
    let start = AllQuery::after(Checkpoint::START, &any);
    let (all, first) = keys(&store, start).await;
    assert_eq!((all, first.rest), (["a", "b", "c"].map(str::to_owned).to_vec(), Rest::Nothing));
    appended(append_one(&writer, &stream("d"), 0).await);

    // Another follower gets the page, all of it or its end, without asking the server; and has to read again.
    let before = proxy.round_trips();
    let (again, page) = followed(&store, start).await;
    assert_eq!((again.len(), page), (3, AllPage::new(first.checkpoint, 3, Rest::Held)));
    let mut places = Vec::new();
    let mut take = |event: RawEvent<'_>| {
        places.push(Checkpoint::behind(event.position, event.event_id));
        Ok(())
    };
    store.follow(start, &mut take).await.expect("a page");
    let (end, page) = followed(&store, AllQuery::after(places[1], &any)).await;
    assert_eq!((end, page), (vec!["c".to_owned()], AllPage::new(first.checkpoint, 1, Rest::Held)));
    assert_eq!(proxy.round_trips(), before);

    // A reader that does not follow, has a different filter or a smaller limit, or is at a different
    // checkpoint asks the server.
    let (all, page) = keys(&store, start).await;
    assert_eq!((all.len(), page.rest), (4, Rest::Nothing));
    let (nothing, page) = followed(&store, AllQuery::after(Checkpoint::START, &none)).await;
    assert_eq!((nothing.len(), page.rest), (0, Rest::Nothing));
    assert_eq!(followed(&store, start.limit(2)).await.0, ["a", "b"]);
    appended(append_one(&writer, &stream("e"), 0).await);
    let (next, page) = followed(&store, AllQuery::after(page.checkpoint, &any)).await;
    assert_eq!((next, page.rest), (vec!["e".to_owned()], Rest::Nothing));
    let foreign = Checkpoint::behind(places[0].position(), uuid::Uuid::now_v7());
    let query = AllQuery::after(foreign, &any);
    assert!(store.follow(query, &mut |_| Ok(())).await.is_err(), "no event of this store");
}

/// Its future is not polled while it reads, such as when a program waits for something else in between.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_is_not_polled_holds_up_nobody() {
    let (database, store) = fresh().await;
    appended(append_one(&store, &stream("a"), 0).await);
    let any = Filter::new();
    let start = AllQuery::after(Checkpoint::START, &any);
    let mut gate = connect(database.url()).await;
    sql(&mut gate, "BEGIN; LOCK TABLE es.events IN ACCESS EXCLUSIVE MODE").await;
    let mut watch = connect(database.url()).await;
    let mut ignore = |_: RawEvent<'_>| Ok(());
    let mut still = store.read_all(start, &mut ignore).boxed();
    let reads = async {
        loop {
            assert!((&mut still).now_or_never().is_none(), "the table is locked");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let blocked = "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')";
    tokio::select! {
        () = until(&mut watch, blocked) => {}
        () = reads => {}
    }
    sql(&mut gate, "ROLLBACK").await;
    let found = tokio::time::timeout(LONG, keys(&store, start)).await;
    assert_eq!(found.expect("a page in time").0, ["a"]);
    still.await.expect("a page");
}

/// The connections survive, and the ids belong to other streams.
#[tokio::test]
async fn replaced_tables_are_read_with_their_own_streams() {
    let (database, store) = fresh().await;
    for key in ["a", "b"] {
        appended(append_one(&store, &stream(key), 0).await);
    }
    let any = Filter::new();
    let start = AllQuery::after(Checkpoint::START, &any);
    assert_eq!(keys(&store, start).await.0, ["a", "b"]);
    let mut connection = connect(database.url()).await;
    sql(&mut connection, "DROP SCHEMA es CASCADE").await;
    let other = database.options().migrate().await.expect("new tables");
    for key in ["b", "a", "c"] {
        appended(append_one(&other, &stream(key), 0).await);
    }
    let (found, _) = keys(&store, start).await;
    assert_eq!(found, ["b", "a", "c"]);
}

/// The signs that the history may have changed: a checkpoint that is no longer known, or broken connections.
#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_page_is_not_shared_once_the_history_may_have_changed() {
    const KILL: &str = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    for killed in [false, true] {
        let (database, store) = fresh().await;
        for key in ["a", "b", "c"] {
            appended(append_one(&store, &stream(key), 0).await);
        }
        let any = Filter::new();
        let start = AllQuery::after(Checkpoint::START, &any);
        let (all, page) = keys(&store, start).await;
        assert_eq!(all, ["a", "b", "c"]);
        let mut other = connect(database.url()).await;
        sql(&mut other, &rewind(&events_after(1))).await;
        if killed {
            sql(&mut other, KILL).await;
            store.end().await.expect("the last event, on a new connection");
        } else {
            let query = AllQuery::after(page.checkpoint, &any);
            let read = store.follow(query, &mut |_| Ok(())).await;
            assert!(matches!(read, Err(StoreError::ForeignCheckpoint { .. })), "{read:?}");
        }
        assert_eq!(followed(&store, start).await.0, ["a"], "killed: {killed}");
    }
}
