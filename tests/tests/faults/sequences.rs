//! Sequences that run out. They last for longer than a lifetime, unless somebody sets them.

use es_core::store::{Checkpoint, ReadAll};
use es_core::subscription::Subscription;
use es_core::{ExecuteError, StoreError};
use es_postgres::PostgresStore;

use crate::support::*;

const LAST: i64 = i64::MAX;

/// Reads everything.
async fn positions(store: &PostgresStore) -> Vec<i64> {
    let mut positions = Vec::new();
    let mut subscription = Subscription::new(store.clone());
    let mut take = |event: es_core::record::RawEvent<'_>| {
        positions.push(event.position.get().cast_signed());
        Ok(())
    };
    while subscription.page(&mut take).await.expect("a page").rest == es_core::store::Rest::More {}
    positions
}

#[tokio::test]
async fn when_positions_run_out_appends_fail_and_nothing_is_lost() {
    let (database, store) = fresh().await;
    let accounts = accounts(&store);
    let (a, b) = (String::from("a"), String::from("b"));
    accounts.execute(&a, Deposit(1)).await.expect("a deposit");
    let mut db = connect(database.url()).await;
    sql(&mut db, &format!("SELECT setval('es.positions', {})", LAST - 3)).await;
    for _ in 0..3 {
        accounts.execute(&a, Deposit(1)).await.expect("a deposit");
    }
    for account in [&a, &b] {
        let error = accounts.execute(account, Deposit(1)).await.expect_err("there is no position");
        let ExecuteError::Store(StoreError::Backend { retryable: false, .. }) = &error else {
            panic!("{error:?}")
        };
        assert!(error.to_string().contains("positions"), "{error}");
    }
    assert_eq!(accounts.load(&a).await.expect("an account").state.cents, 4);
    assert!(holds(&mut db, CONTIGUOUS).await);
    let all = [1, LAST - 2, LAST - 1, LAST];
    assert_eq!(positions(&store).await, all);
    assert_eq!(store.end().await.expect("a head").position().get().cast_signed(), LAST);
    projector(&store).catch_up().await.expect("all events");
    assert!(holds(&mut db, BALANCED).await);
    let status = projector(&store).status().await.expect("a status");
    assert_eq!((status.lag_events(), status.position().get().cast_signed()), (0, LAST));
    // A program that starts now can read as well.
    let again = database.store().await.expect("a store");
    assert_eq!(positions(&again).await, all);
    assert_eq!(Subscription::new(again).from_now().await.expect("a head").checkpoint(), head(&store).await);
}

async fn head(store: &PostgresStore) -> Checkpoint {
    store.end().await.expect("a head")
}

#[tokio::test]
async fn when_stream_ids_run_out_existing_streams_still_work() {
    let (database, store) = fresh().await;
    let accounts = accounts(&store);
    let (a, last, none) = (String::from("a"), String::from("last"), String::from("none"));
    accounts.execute(&a, Deposit(1)).await.expect("a deposit");
    let mut db = connect(database.url()).await;
    sql(&mut db, &format!("SELECT setval('es.streams_id_seq', {})", LAST - 1)).await;
    accounts.execute(&last, Deposit(1)).await.expect("a deposit");
    for _ in 0..2 {
        let error = accounts.execute(&none, Deposit(1)).await.expect_err("there is no id");
        let ExecuteError::Store(StoreError::Backend { retryable: false, .. }) = &error else {
            panic!("{error:?}")
        };
        accounts.execute(&a, Deposit(1)).await.expect("a deposit");
        accounts.execute(&last, Deposit(1)).await.expect("a deposit");
    }
    assert_eq!(accounts.load(&a).await.expect("an account").state.cents, 3);
    assert!(holds(&mut db, CONTIGUOUS).await);
    assert_eq!(positions(&store).await.len(), 6);
    projector(&store).catch_up().await.expect("all events");
    assert!(holds(&mut db, BALANCED).await);
}
