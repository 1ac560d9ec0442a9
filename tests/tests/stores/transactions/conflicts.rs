//! Others write while a transaction decides.

use std::sync::Arc;

use es_core::Retry;
use es_core::repository::{TransactionError, TransactionOptions};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::transactions::domain::{Attempts, Bank, Move, OverLimit, Store, TooLittle, id, stream};

pub(crate) async fn a_conflict_in_the_middle_is_decided_again(store: impl Store) {
    let bank = Bank::new(&store).with(&[("a", 100), ("b", 0), ("c", 5)]).await;
    let attempts = Attempts::default();
    let done = bank
        .accounts
        .transaction(TransactionOptions::new(), async |tx| {
            tx.execute(&bank.accounts, &id("a"), Move(-100)).await?;
            if attempts.next() == 1 {
                bank.meddle("a").await;
            }
            tx.execute(&bank.accounts, &id("b"), Move(100)).await?;
            Ok(tx.load(&bank.accounts, &id("a")).await?.cents)
        })
        .await
        .expect("written in the end");
    assert_eq!((done.value, attempts.count()), (1, 2));
    assert_eq!((bank.cents("a").await, bank.cents("b").await), (1, 100));
    assert_eq!(bank.revision("b").await, 1, "a deposit of nothing is none");
    let metrics = bank.accounts.metrics();
    assert_eq!((metrics.conflicts, metrics.retries), (1, 1));
}

/// The limit is read, and another program lowers it before the transaction is written.
pub(crate) async fn a_stream_that_was_read_must_not_change(store: impl Store) {
    let bank = Bank::new(&store).with(&[("a", 500)]).await;
    bank.set_limit(300).await;
    let attempts = Attempts::default();
    let error = bank
        .accounts
        .transaction(TransactionOptions::new(), async |tx| {
            let limit = tx.load(&bank.limits, &1).await?.cents;
            if attempts.next() == 1 {
                Bank::new(&store).set_limit(100).await;
            }
            if limit < 200 {
                return Err(TransactionError::rejected(OverLimit(limit)));
            }
            tx.execute(&bank.accounts, &id("a"), Move(-200)).await?;
            Ok(())
        })
        .await
        .expect_err("the limit is lower by now");
    assert_eq!(error.rejection(), Some(&OverLimit(100)), "{error}");
    assert_eq!(attempts.count(), 2);
    assert_eq!(bank.cents("a").await, 500);
}

/// The same for a stream without events.
pub(crate) async fn a_stream_that_did_not_exist_must_not_be_created(store: impl Store) {
    let bank = Bank::new(&store).with(&[("a", 500)]).await;
    let attempts = Attempts::default();
    let done = bank
        .accounts
        .transaction(TransactionOptions::new(), async |tx| {
            let limit = tx.load(&bank.limits, &1).await?.cents;
            if attempts.next() == 1 {
                Bank::new(&store).set_limit(100).await;
            }
            tx.execute(&bank.accounts, &id("a"), Move(limit)).await?;
            tx.execute(&bank.accounts, &id("b"), Move(1)).await?;
            Ok(limit)
        })
        .await
        .expect("written in the end");
    assert_eq!((done.value, attempts.count()), (100, 2));
    assert_eq!((bank.cents("a").await, bank.cents("b").await), (600, 1));
}

/// Each of two accounts may be overdrawn if the other covers it: each withdrawal is covered by the sum, but
/// not both. Each program reads both accounts before either writes.
pub(crate) async fn two_transactions_that_each_read_what_the_other_writes_do_not_both_succeed(
    store: impl Store,
) {
    for round in 0..4 {
        let keys = ["left", "right"].map(|key| format!("{key} {round}"));
        Bank::new(&store).with(&[(&keys[0], 100), (&keys[1], 100)]).await;
        let both_have_read = Arc::new(Barrier::new(2));
        let mut programs = JoinSet::new();
        for program in 0..2 {
            let (bank, keys, both) = (Bank::new(&store), keys.clone(), Arc::clone(&both_have_read));
            programs.spawn(async move {
                let attempts = Attempts::default();
                let (mine, other) = (&keys[program], &keys[1 - program]);
                let done = bank
                    .accounts
                    .transaction(TransactionOptions::new(), async |tx| {
                        let beside = tx.load(&bank.accounts, other).await?.cents;
                        if attempts.next() == 1 {
                            both.wait().await;
                        }
                        if beside < 100 {
                            return Err(TransactionError::rejected(TooLittle(beside)));
                        }
                        tx.execute(&bank.accounts, mine, Move(-100)).await?;
                        Ok(())
                    })
                    .await;
                match done {
                    Ok(_) => true,
                    Err(error) => {
                        assert_eq!(error.rejection(), Some(&TooLittle(0)), "{error}");
                        false
                    }
                }
            });
        }
        let written = programs.join_all().await.into_iter().filter(|written| *written).count();
        assert_eq!(written, 1, "round {round}");
        let bank = Bank::new(&store);
        assert_eq!(bank.cents(&keys[0]).await + bank.cents(&keys[1]).await, 100);
    }
}

/// Eight callers in each of two programs, in both directions: all succeed, and no cent is lost.
pub(crate) async fn sixteen_callers_on_two_hot_accounts_keep_the_sum(store: impl Store) {
    let patient = Retry::default().times(1000);
    let programs = [Bank::new(&store), Bank::new(&store)]
        .map(|bank| Bank { accounts: bank.accounts.with_retry(patient), ..bank });
    let bank = Bank::new(&store).with(&[("a", 10_000), ("b", 10_000)]).await;
    let mut callers = JoinSet::new();
    for caller in 0..16 {
        let program = programs[caller / 8].clone();
        callers.spawn(async move {
            let (from, to) = if caller % 2 == 0 { ("a", "b") } else { ("b", "a") };
            for round in 0..5 {
                let move_one = async |tx: es_core::repository::Transaction<_>| {
                    tx.execute(&program.accounts, &id(from), Move(-1 - round)).await?;
                    tx.execute(&program.accounts, &id(to), Move(1 + round)).await?;
                    Ok(())
                };
                program.accounts.transaction(TransactionOptions::new(), move_one).await.expect("written");
            }
        });
    }
    callers.join_all().await;
    assert_eq!(bank.cents("a").await + bank.cents("b").await, 20_000);
    assert_eq!((bank.revision("a").await, bank.revision("b").await), (81, 81));
}

pub(crate) async fn after_all_retries_the_conflict_is_returned(store: impl Store) {
    let bank = Bank::new(&store).with(&[("a", 100)]).await;
    let accounts = bank.accounts.clone().with_retry(Retry::NEVER);
    let error = accounts
        .transaction(TransactionOptions::new(), async |tx| {
            tx.execute(&bank.accounts, &id("a"), Move(-100)).await?;
            tx.execute(&bank.accounts, &id("b"), Move(100)).await?;
            bank.meddle("a").await;
            Ok(())
        })
        .await
        .expect_err("a conflict");
    let TransactionError::Conflict { stream: at, expected, actual } = &error else { panic!("{error}") };
    assert_eq!((at, expected.get(), actual.get()), (&stream("a"), 1, 2));
    assert!(error.is_retryable());
    assert_eq!(bank.cents("b").await, 0);
}

/// Money moves from `a` to `b` after a transaction has read `a` and before it reads `b`: it must not see more
/// money than there ever was.
pub(crate) async fn a_rejection_is_based_on_one_moment(store: impl Store) {
    Bank::new(&store).with(&[("a", 100), ("b", 0)]).await;
    let (bank, other) = (Bank::new(&store), Bank::new(&store));
    let attempts = Attempts::default();
    let error = bank
        .accounts
        .transaction(TransactionOptions::new(), async |tx| {
            let a = tx.load(&bank.accounts, &id("a")).await?.cents;
            if attempts.next() == 1 {
                let moved = other.accounts.transaction(TransactionOptions::new(), async |tx| {
                    tx.execute(&other.accounts, &id("a"), Move(-100)).await?;
                    tx.execute(&other.accounts, &id("b"), Move(100)).await?;
                    Ok(())
                });
                moved.await.expect("written");
            }
            let sum = a + tx.load(&bank.accounts, &id("b")).await?.cents;
            Err::<(), _>(TransactionError::rejected(TooLittle(sum)))
        })
        .await
        .expect_err("it always rejects");
    assert_eq!(error.rejection(), Some(&TooLittle(100)), "{error}");
    assert_eq!(attempts.count(), 2);
}
