//! Cached states, turns, and snapshots.

use std::time::Duration;

use es_core::model::Snapshots;
use es_core::repository::TransactionOptions;
use es_core::store::{Load, LoadItem};
use tokio::sync::oneshot;

use crate::transactions::domain::{Account, Attempts, Bank, Move, Store, id, stream};

/// Commands use the state that a transaction has cached, and vice versa; if another program has written
/// meanwhile, the state is read again.
pub(crate) async fn cached_states_stay_correct(store: impl Store) {
    let bank = Bank::new(&store).with(&[("a", 100), ("b", 100)]).await;
    let move_ten = async || {
        let attempts = Attempts::default();
        bank.accounts
            .transaction(TransactionOptions::new(), async |tx| {
                attempts.next();
                tx.execute(&bank.accounts, &id("a"), Move(-10)).await?;
                tx.execute(&bank.accounts, &id("b"), Move(10)).await?;
                Ok(tx.load(&bank.accounts, &id("a")).await?.cents)
            })
            .await
            .map(|done| (done.value, attempts.count()))
            .expect("written")
    };
    assert_eq!(move_ten().await, (90, 1));
    bank.accounts.execute(&id("a"), Move(-5)).await.expect("a withdrawal");
    assert_eq!(move_ten().await, (75, 1));
    // Nothing was read again.
    let metrics = bank.accounts.metrics();
    assert_eq!((metrics.warm, metrics.conflicts), (5, 0));
    bank.meddle("b").await;
    assert_eq!(move_ten().await, (65, 2));
    bank.meddle("a").await;
    let rejected = bank.accounts.execute(&id("a"), Move(-1_000)).await.expect_err("too much");
    assert_eq!(rejected.to_string(), "only 66 cents available");
    assert_eq!((bank.cents("a").await, bank.cents("b").await), (66, 131));
}

/// Its turns are free, and nothing is written.
pub(crate) async fn a_cancelled_transaction_leaves_nothing_behind(store: impl Store) {
    let bank = Bank::new(&store).with(&[("a", 100), ("b", 100)]).await;
    let (decided, is_decided) = oneshot::channel();
    let program = bank.clone();
    let decided = std::sync::Mutex::new(Some(decided));
    let hanging = tokio::spawn(async move {
        let hang = async |tx: es_core::repository::Transaction<_>| {
            tx.execute(&program.accounts, &id("a"), Move(-10)).await?;
            tx.execute(&program.accounts, &id("b"), Move(10)).await?;
            if let Some(decided) = decided.lock().expect("no panic").take() {
                decided.send(()).expect("somebody waits");
            }
            std::future::pending::<()>().await;
            Ok(())
        };
        program.accounts.transaction(TransactionOptions::new(), hang).await
    });
    is_decided.await.expect("decided");
    // A command on the same account waits for its turn.
    let accounts = bank.accounts.clone();
    let waiting = tokio::spawn(async move { accounts.execute(&id("b"), Move(1)).await });
    hanging.abort();
    assert!(hanging.await.expect_err("aborted").is_cancelled());
    let done = tokio::time::timeout(Duration::from_secs(4), waiting).await.expect("its turn");
    done.expect("no panic").expect("a deposit");
    assert_eq!((bank.cents("a").await, bank.cents("b").await), (100, 101));
    assert_eq!(bank.revision("a").await, 1);
}

/// A snapshot is taken every three events.
pub(crate) async fn snapshots_are_taken_when_due(store: impl Store) {
    let bank = Bank::new(&store).with(&[("a", 100)]).await;
    bank.accounts
        .transaction(TransactionOptions::new(), async |tx| {
            for _ in 0..2 {
                tx.execute(&bank.accounts, &id("a"), Move(-1)).await?;
                tx.execute(&bank.accounts, &id("b"), Move(1)).await?;
            }
            Ok(())
        })
        .await
        .expect("written");
    bank.accounts.settle().await;
    let snapshot = async |key: &str| {
        let mut found = None;
        let stream = stream(key);
        let fingerprint =
            <Account as es_core::Aggregate>::snapshots().map(|Snapshots { fingerprint, .. }| fingerprint);
        let mut take = |item: LoadItem<'_>| {
            if let LoadItem::Snapshot { revision, .. } = item {
                found = Some(revision.get());
            }
            Ok(())
        };
        store.load(Load::all(&stream).snapshot(fingerprint), &mut take).await.expect("a load");
        found
    };
    assert_eq!((snapshot("a").await, snapshot("b").await), (Some(3), None));
}
