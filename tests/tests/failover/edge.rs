//! A standby has the event at one position, but not yet the one below it, which was committed later.

use std::time::Duration;

use es_core::record::RawEvent;
use es_core::subscription::Subscription;
use es_core::uuid::Uuid;
use es_core::{ExecuteOptions, Repository, StoreError};
use es_postgres::testing::{Cluster, Proxy};
use es_postgres::{PostgresStore, Projector};
use es_tests::operations::bank::{Account, Balances, Deposit};
use es_tests::operations::{Shell, block};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::time::{sleep, timeout};

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a connection")
}

async fn run(connection: &mut PgConnection, text: &str) {
    sqlx::raw_sql(AssertSqlSafe(text))
        .execute(connection)
        .await
        .unwrap_or_else(|error| panic!("{text}: {error}"));
}

async fn until(connection: &mut PgConnection, condition: &str) {
    let holds = async {
        let text = format!("SELECT coalesce(({condition}), false)");
        while !sqlx::query_scalar::<_, bool>(AssertSqlSafe(text.as_str()))
            .persistent(false)
            .fetch_one(&mut *connection)
            .await
            .unwrap_or_default()
        {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(60), holds).await.unwrap_or_else(|_| panic!("never: {condition}"));
}

async fn read(subscription: &mut Subscription<PostgresStore>) -> Result<Vec<u64>, StoreError> {
    let mut positions = Vec::new();
    let mut take = |raw: RawEvent<'_>| {
        positions.push(raw.position.get());
        Ok(())
    };
    let page = timeout(Duration::from_secs(2), subscription.next_page(&mut take)).await;
    match page {
        Ok(Err(error)) => Err(error),
        _ => Ok(positions),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_event_below_a_kept_checkpoint_is_a_gap_that_the_check_finds() {
    let id = Uuid::now_v7().simple().to_string();
    let folder = std::env::temp_dir().join(format!("es-edge-{}", &id[20..]));
    let primary =
        Cluster::persistent(folder.join("a")).setting("fsync = off").start().await.expect("a server");
    let standby = primary.standby(folder.join("b")).await.expect("a standby");
    let proxy = Proxy::over_tcp(primary.url()).await.expect("a port");
    let store = PostgresStore::options(proxy.url()).migrate().await.expect("a store");
    let accounts = Repository::<Account, _>::new(store.clone());
    let deposit = async |account: u32| {
        let done = accounts.execute(&account, Deposit(1)).await.expect("a deposit");
        done.events[0].position.get()
    };
    deposit(1).await;
    let mut at_the_edge = Subscription::new(store.clone());
    let mut beyond = Subscription::new(store.clone());
    let projector = Projector::new(store.clone(), Balances);
    projector.catch_up().await.expect("projected");

    // Below, in a transaction that stays open; above, committed, and on the standby.
    let mut connection = connect(primary.url()).await;
    let mut tx = connection.begin().await.expect("a transaction");
    let below =
        accounts.execute_in(&mut *tx, &2, Deposit(1), ExecuteOptions::default()).await.expect("appended");
    let below = below.events[0].position.get();
    let above = deposit(3).await;
    assert!(below < above);
    let mut on_standby = connect(standby.url()).await;
    until(&mut on_standby, &format!("SELECT max(position) = {above} FROM es.events")).await;
    run(&mut on_standby, "ALTER SYSTEM SET primary_conninfo = ''").await;
    run(&mut on_standby, "SELECT pg_reload_conf()").await;
    until(&mut on_standby, "SELECT count(*) = 0 FROM pg_stat_wal_receiver").await;
    tx.commit().await.expect("committed");

    assert_eq!(read(&mut at_the_edge).await.expect("a page"), [1, below, above]);
    projector.catch_up().await.expect("projected");
    let lost = deposit(4).await;
    assert_eq!(read(&mut beyond).await.expect("a page"), [1, below, above, lost]);
    primary.crash().await.expect("killed");
    standby.promote().await.expect("promoted");
    proxy.turn_to(standby.url()).expect("its URL");

    // A reader that saw a later event gets an error, and so does the model in the database, because of its
    // checkpoint.
    let mut told = read(&mut beyond).await;
    while told.as_ref().is_err_and(StoreError::is_retryable) {
        told = read(&mut beyond).await;
    }
    assert!(matches!(told, Err(StoreError::ForeignCheckpoint { .. })), "{told:?}");
    projector.catch_up().await.expect("it continues");
    let mut connection = connect(standby.url()).await;
    let models = "SELECT string_agg(account, ' ' ORDER BY account) FROM es_balances.balances";
    let models: String = sqlx::query_scalar(models).fetch_one(&mut connection).await.expect("the model");
    assert_eq!(models, "1 3", "without the account of the lost event");

    // A reader right at the edge does not. The gap can be found before anybody writes.
    let shell = Shell::beside(standby.url(), &folder).await;
    let holes = shell.psql("postgres", &block("holes"));
    assert_eq!(holes, below.to_string());
    let next = deposit(5).await;
    assert_eq!(read(&mut at_the_edge).await.expect("it gets no error"), [next]);
    store.close().await;
    drop((standby, primary));
    std::fs::remove_dir_all(&folder).expect("removed");
}
