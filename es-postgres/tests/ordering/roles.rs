//! The privileges to read the whole store.

use es_core::store::{Append, Rest};
use es_core::subscription::Subscription;
use es_core::uuid::Uuid;
use es_core::{EventStore, Revision, StoreError};
use es_postgres::PostgresStore;

use crate::support::{Reader, append, connect, event, fresh, sql, stream};

fn as_role(url: &str, role: &str) -> String {
    let (scheme, rest) = url.split_once("://").expect("a url");
    let host = rest.split_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://{role}:secret@{host}")
}

#[tokio::test]
async fn writers_and_readers_may_follow_the_store_and_readers_nothing_else() {
    let (database, owner) = fresh().await;
    let mut admin = connect(database.url()).await;
    let id = Uuid::now_v7().simple();
    let (writer, reader) = (format!("writer_{id}"), format!("reader_{id}"));
    for role in [&writer, &reader] {
        sql(&mut admin, &format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'")).await;
    }
    owner.grant_writer(&writer).await.expect("granted");
    owner.grant_reader(&reader).await.expect("granted");
    append(&owner, "a", 0).await;
    for role in [&writer, &reader] {
        let store = PostgresStore::connect(&as_role(database.url(), role)).await.expect("a store");
        let mut all = Reader::new(&store);
        assert_eq!(all.read().await, Rest::Nothing);
        assert_eq!(all.positions, [1]);
        assert!(store.open_appends().await.expect("a list").is_empty());
        let mut live = Subscription::new(store.clone()).from_now().await.expect("a head");
        assert_eq!(live.page(&mut |_| Ok(())).await.expect("a page").events, 0);
        store.close().await;
    }
    let store = PostgresStore::connect(&as_role(database.url(), &reader)).await.expect("a store");
    let (stream, event) = (stream("a"), event("1"));
    let refused = store.append(Append::new(&stream, Revision::new(1), &event)).await;
    assert!(matches!(refused, Err(StoreError::Setup { .. })), "{refused:?}");
    store.close().await;
    for role in [&writer, &reader] {
        sql(&mut admin, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    }
}
