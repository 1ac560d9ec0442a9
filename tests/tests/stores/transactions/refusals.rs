//! What is not written, and why.

use std::sync::Mutex;

use es_core::repository::{Transaction, TransactionError, TransactionOptions};
use es_core::{Revision, StoreError};

use crate::transactions::domain::{Bank, Move, Note, Smudge, Store, Tear, TooLittle, id, stream};

pub(crate) async fn a_rejection_ends_the_transaction(store: impl Store) {
    let bank = Bank::new(&store).with(&[("a", 100)]).await;
    let error = bank
        .accounts
        .transaction(TransactionOptions::new(), async |tx| {
            tx.execute(&bank.accounts, &id("b"), Move(200)).await?;
            tx.execute(&bank.accounts, &id("a"), Move(-200)).await?;
            Ok(())
        })
        .await
        .expect_err("too little is there");
    assert_eq!(error.rejection(), Some(&TooLittle(100)), "{error}");
    assert!(!error.is_retryable());
    assert_eq!((bank.revision("a").await, bank.revision("b").await), (1, 0));
    assert_eq!(bank.accounts.metrics().rejected, 1);
}

/// The rejected account then counts as read.
pub(crate) async fn a_transaction_can_continue_after_a_handled_rejection(store: impl Store) {
    let bank = Bank::new(&store).with(&[("a", 100), ("b", 300)]).await;
    let done = bank
        .accounts
        .transaction(TransactionOptions::new(), async |tx| {
            let mut from = "a";
            if tx.execute(&bank.accounts, &id("a"), Move(-200)).await.is_err() {
                from = "b";
                tx.execute(&bank.accounts, &id("b"), Move(-200)).await?;
            }
            tx.execute(&bank.accounts, &id("c"), Move(200)).await?;
            Ok(from)
        })
        .await
        .expect("written");
    assert_eq!((done.value, done.streams.len()), ("b", 2));
    assert_eq!((bank.cents("a").await, bank.cents("b").await, bank.cents("c").await), (100, 100, 200));
}

pub(crate) async fn a_closed_stream_can_only_be_read(store: impl Store) {
    let bank = Bank::new(&store).with(&[("a", 100)]).await;
    assert!(store.close_stream(&stream("a"), Revision::new(1)).await.expect("closed"));
    let copy = async |tx: Transaction<_>| {
        let cents = tx.load(&bank.accounts, &id("a")).await?.cents;
        tx.execute(&bank.accounts, &id("b"), Move(cents)).await?;
        Ok(())
    };
    bank.accounts.transaction(TransactionOptions::new(), copy).await.expect("written");
    let error = bank
        .accounts
        .transaction(TransactionOptions::new(), async |tx| {
            tx.execute(&bank.accounts, &id("b"), Move(-50)).await?;
            tx.execute(&bank.accounts, &id("a"), Move(50)).await?;
            Ok(())
        })
        .await
        .expect_err("closed");
    let TransactionError::Store(StoreError::StreamClosed { stream: closed }) = &error else {
        panic!("{error}")
    };
    assert_eq!(*closed, stream("a"));
    assert_eq!((bank.cents("a").await, bank.cents("b").await), (100, 100));
}

pub(crate) async fn what_cannot_be_read_back_is_not_written(store: impl Store) {
    let bank = Bank::new(&store).with(&[("b", 1)]).await;
    let smudge = async |tx: Transaction<_>| {
        tx.execute(&bank.accounts, &id("a"), Move(1)).await?;
        tx.execute(&bank.accounts, &id("b"), Smudge).await?;
        Ok(())
    };
    let error = bank.accounts.transaction(TransactionOptions::new(), smudge).await.expect_err("illegible");
    assert!(matches!(&error, TransactionError::Store(StoreError::NotReadable { .. })), "{error}");
    let tear = async |tx: Transaction<_>| {
        tx.execute(&bank.accounts, &id("a"), Move(1)).await?;
        tx.execute(&bank.accounts, &id("b"), Tear).await?;
        Ok(())
    };
    let error = bank.accounts.transaction(TransactionOptions::new(), tear).await.expect_err("torn");
    assert!(matches!(&error, TransactionError::Store(StoreError::NotApplicable { .. })), "{error}");
    // Ignoring the error does not write the rest.
    let ignore = async |tx: Transaction<_>| {
        tx.execute(&bank.accounts, &id("a"), Move(1)).await?;
        let _torn = tx.execute(&bank.accounts, &id("c"), Tear).await;
        Ok(())
    };
    let error = bank.accounts.transaction(TransactionOptions::new(), ignore).await.expect_err("torn");
    assert!(matches!(&error, TransactionError::Store(StoreError::Backend { .. })), "{error}");
    assert_eq!((bank.revision("a").await, bank.revision("b").await), (0, 1));
}

pub(crate) async fn the_events_of_a_transaction_share_one_size_limit(store: impl Store) {
    let bank = Bank::new(&store);
    let limits = store.limits();
    let size = limits.payload_bytes / 2;
    let count = limits.append_bytes / size;
    let error = bank
        .accounts
        .transaction(TransactionOptions::new(), async |tx| {
            for nth in 0..=count {
                tx.execute(&bank.accounts, &id(["a", "b"][nth % 2]), Note(size)).await?;
            }
            Ok(())
        })
        .await
        .expect_err("too much at once");
    assert!(matches!(&error, TransactionError::Store(StoreError::AppendTooLarge { .. })), "{error}");
    assert_eq!((bank.revision("a").await, bank.revision("b").await), (0, 0));
}

pub(crate) async fn a_transaction_cannot_be_used_after_its_end(store: impl Store) {
    let bank = Bank::new(&store);
    let kept = Mutex::new(None);
    let done = bank.accounts.transaction(TransactionOptions::new(), async |tx| {
        tx.execute(&bank.accounts, &id("a"), Move(1)).await?;
        *kept.lock().expect("no panic") = Some(tx);
        Ok(())
    });
    done.await.expect("written");
    let tx = kept.into_inner().expect("no panic").expect("the transaction");
    let error = tx.execute(&bank.accounts, &id("a"), Move(1)).await.expect_err("it has ended");
    assert!(error.to_string().contains("the transaction has ended"), "{error}");
    assert_eq!(bank.cents("a").await, 1);
}
