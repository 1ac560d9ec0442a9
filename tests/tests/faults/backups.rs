//! A store that is restored from a backup while programs use it.

use es_core::StoreError;
use es_core::subscription::Subscription;
use es_postgres::PostgresStore;

use crate::support::*;

async fn read(subscription: &mut Subscription<PostgresStore>) -> Result<usize, StoreError> {
    loop {
        match subscription.page(&mut |_| Ok(())).await {
            Ok(page) => return Ok(page.events),
            // The connection was lost with the old server.
            Err(error) if error.is_retryable() => {}
            Err(error) => return Err(error),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_backup_is_restored_under_a_running_program() {
    let mut host = Host::start("").await;
    PostgresStore::migrate(host.url()).await.expect("tables").close().await;
    let store = PostgresStore::connect(host.url()).await.expect("a store");
    let accounts = accounts(&store);
    let (a, b, c) = (String::from("a"), String::from("b"), String::from("c"));
    for _ in 0..5 {
        accounts.execute(&a, Deposit(1)).await.expect("a deposit");
    }
    let mut early = Subscription::new(store.clone());
    assert_eq!(read(&mut early).await.expect("a page"), 5);
    projector(&store).catch_up().await.expect("all events");
    host.cluster().crash().await.expect("killed");
    let (data, backup) = (host.data(), host.folder.join("backup"));
    let (data, backup) = (data.to_str().expect("a path"), backup.to_str().expect("a path"));
    run("cp", &["--archive", data, backup]);
    host.start_again().await;

    // The current history, which will be lost: states, streams and positions that others will get.
    let running = tokio::spawn({
        let projector = projector(&store);
        async move { projector.run().await }
    });
    for account in [&a, &b, &b, &c] {
        accounts.execute(account, Deposit(100)).await.expect("a deposit");
    }
    let mut late = Subscription::new(store.clone());
    assert_eq!(read(&mut late).await.expect("a page"), 9);
    until(&mut connect(host.url()).await, BALANCED).await;

    host.cluster().crash().await.expect("killed");
    run("rm", &["--recursive", "--force", data]);
    run("cp", &["--archive", backup, data]);
    host.start_again().await;
    // Nothing is built on what was lost: `c` gets the position of `b`, and `b` another one.
    for account in [&a, &c, &b, &a] {
        accounts.execute(account, Deposit(10)).await.expect("a deposit");
    }
    for (account, cents) in [(&a, 25), (&b, 10), (&c, 10)] {
        assert_eq!(accounts.load(account).await.expect("an account").state.cents, cents, "{account}");
    }
    assert_eq!(read(&mut early).await.expect("a page"), 4, "it has read nothing that was lost");
    let error = read(&mut late).await.expect_err("what it has read was lost");
    assert!(matches!(error, StoreError::ForeignCheckpoint { .. }), "{error:?}");
    // Model and checkpoint were rewound together.
    let mut db = connect(host.url()).await;
    until(&mut db, BALANCED).await;
    assert!(holds(&mut db, CONTIGUOUS).await);
    assert_eq!(number(&mut db, "SELECT sum(cents)::bigint FROM es_balances.balances").await, 45);
    store.close().await;
    running.await.expect("no panic").expect("it ran until the store was closed");
}
