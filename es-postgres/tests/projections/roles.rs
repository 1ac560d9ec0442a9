//! The privileges to run projections.

use es_core::record::NewEvent;
use es_core::store::Append;
use es_core::uuid::Uuid;
use es_core::{EventStore, Metadata, Revision, StoreError, StreamId};
use es_postgres::{PostgresStore, Projector, ProjectorError};

use crate::builds::NewBalances;
use crate::support::*;

pub(crate) fn as_role(url: &str, role: &str) -> String {
    let (scheme, rest) = url.split_once("://").expect("a url");
    let host = rest.split_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://{role}:secret@{host}")
}

#[tokio::test]
async fn a_projector_may_project_and_not_append_and_a_reader_neither() {
    let (database, owner) = fresh().await;
    let mut admin = connect(database.url()).await;
    let id = Uuid::now_v7().simple();
    let (projector, reader) = (format!("projector_{id}"), format!("reader_{id}"));
    for role in [&projector, &reader] {
        sql(&mut admin, &format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'")).await;
    }
    owner.grant_projector(&projector).await.expect("granted");
    owner.grant_reader(&reader).await.expect("granted");
    deposit(&owner, "a", 5).await;
    append(&owner, "ghost", 0, "account.deposited", 1, r#"{"cents":7}"#).await;

    let store = PostgresStore::connect(&as_role(database.url(), &reader)).await.expect("a store");
    let refused = Projector::new(store.clone(), Balances).catch_up().await.expect_err("a reader");
    assert!(matches!(refused, ProjectorError::Store(StoreError::Setup { .. })), "{refused}");
    store.close().await;

    let store = PostgresStore::connect(&as_role(database.url(), &projector)).await.expect("a store");
    let parking = Projector::new(store.clone(), Balances).on_failure(es_postgres::OnFailure::Park);
    parking.catch_up().await.expect("all but one");
    let letters = parking.dead_letters().await.expect("a list");
    assert_eq!(parking.retry(&letters[0].stream).await.expect("an outcome").left, 1);
    assert!(parking.discard(&letters[0]).await.expect("an outcome"));
    parking.repartition(2).await.expect("two partitions");
    let new = Projector::new(store.clone(), NewBalances).on_failure(es_postgres::OnFailure::Park);
    new.catch_up().await.expect("all but one");
    new.drop_build(1).await.expect("its own schema");
    assert_eq!(new.status().await.expect("a status").live, Some(2));

    let stream = StreamId::new("account", "a").expect("a stream id");
    let events =
        [NewEvent::new("account.deposited", 1, b"{}".to_vec(), std::sync::Arc::new(Metadata::new()))];
    let refused = store.append(Append::new(&stream, Revision::new(2), &events)).await;
    assert!(matches!(refused, Err(StoreError::Setup { .. })), "{refused:?}");
    store.close().await;
    for role in [&projector, &reader] {
        sql(&mut admin, &format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}")).await;
    }
}

/// Programs that run a projection together own its schemas together: their sessions start as a role of which
/// they are members.
#[tokio::test]
async fn members_of_a_role_run_a_projection_together() {
    let (database, owner) = fresh().await;
    let mut admin = connect(database.url()).await;
    let id = Uuid::now_v7().simple();
    let (group, first, second) =
        (format!("es_projector_{id}"), format!("first_{id}"), format!("second_{id}"));
    sql(&mut admin, &format!("CREATE ROLE {group} NOLOGIN; SELECT es.grant_projector('{group}')")).await;
    for role in [&first, &second] {
        let make = format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'secret'; GRANT {group} TO {role}; ALTER ROLE {role} SET role = {group}"
        );
        sql(&mut admin, &make).await;
    }
    for (nth, role) in [&first, &second, &first].into_iter().enumerate() {
        deposit(&owner, "a", 5).await;
        let store = PostgresStore::connect(&as_role(database.url(), role)).await.expect("a store");
        if nth == 0 {
            Projector::new(store.clone(), Balances).catch_up().await.expect("all");
        } else {
            Projector::new(store.clone(), NewBalances).catch_up().await.expect("all");
        }
        if nth == 1 {
            // Created by the other program.
            Projector::new(store.clone(), NewBalances).drop_build(1).await.expect("one of the role");
        }
        store.close().await;
    }
    let balance = "SELECT cents FROM es_balances.balances WHERE account = 'a'";
    assert_eq!(number(&mut admin, balance).await, 15);
    sql(&mut admin, &format!("DROP OWNED BY {group} CASCADE; DROP ROLE {first}, {second}, {group}")).await;
}
