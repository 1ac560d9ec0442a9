//! One command id for all commands of a transaction.

use es_core::repository::{Transacted, Transaction, TransactionError, TransactionOptions};
use es_core::uuid::Uuid;
use es_core::{EventStore, ExecuteOptions, StoreError};

use crate::transactions::domain::{Attempts, Bank, Failed, Move, OverLimit, Store, id};
use crate::transactions::unreliable::Unreliable;

/// Moves money, if the limit, which is read first, allows it.
async fn withdraw<S: EventStore + Clone + 'static>(
    bank: &Bank<S>,
    tx: Transaction<S>,
    cents: i64,
) -> Result<(i64, u64), Failed> {
    let limit = tx.load(&bank.limits, &1).await?.cents;
    if cents > limit {
        return Err(TransactionError::rejected(OverLimit(limit)));
    }
    tx.execute(&bank.accounts, &id("a"), Move(-cents)).await?;
    let planned = tx.execute(&bank.accounts, &id("b"), Move(cents)).await?;
    assert_eq!(planned.events.len(), 1);
    let twice = tx.execute(&bank.accounts, &id("b"), Move(1)).await?;
    Ok((tx.load(&bank.accounts, &id("a")).await?.cents, twice.revision.get()))
}

async fn send<S: EventStore + Clone + 'static>(
    bank: &Bank<S>,
    command: Uuid,
    cents: i64,
) -> Result<Transacted<(i64, u64)>, Failed> {
    let options = TransactionOptions::new().command_id(command);
    bank.accounts.transaction(options, async |tx| withdraw(bank, tx, cents).await).await
}

/// Although limit and accounts have changed since, a repetition returns the same value, in this program and
/// in another one, and writes nothing.
pub(crate) async fn a_repetition_gets_the_first_outcome(store: impl Store) {
    let bank = Bank::new(&store).with(&[("a", 500)]).await;
    bank.set_limit(300).await;
    let command = Uuid::now_v7();
    let first = send(&bank, command, 200).await.expect("written");
    assert_eq!((first.value, first.repeated), ((300, 2), false));
    bank.set_limit(0).await;
    bank.accounts.execute(&id("a"), Move(-300)).await.expect("a withdrawal");
    bank.accounts.execute(&id("b"), Move(7)).await.expect("a deposit");
    for program in [&bank, &Bank::new(&store)] {
        let again = send(program, command, 200).await.expect("written before");
        assert_eq!((again.value, &again.streams, again.repeated), (first.value, &first.streams, true));
    }
    assert_eq!((bank.cents("a").await, bank.cents("b").await), (0, 208));
    assert_eq!(bank.accounts.metrics().repeated, 1);
    // A transaction that wrote nothing is decided again.
    let rejected = Uuid::now_v7();
    let error = send(&bank, rejected, 200).await.expect_err("over the limit");
    assert_eq!(error.rejection(), Some(&OverLimit(0)));
    bank.set_limit(200).await;
    bank.accounts.execute(&id("a"), Move(500)).await.expect("a deposit");
    assert!(!send(&bank, rejected, 200).await.expect("within the limit").repeated);
}

pub(crate) async fn a_transaction_sent_twice_at_once_is_executed_once(store: impl Store) {
    let bank = Bank::new(&store).with(&[("a", 500)]).await;
    bank.set_limit(300).await;
    for program in [bank.clone(), Bank::new(&store)] {
        let (command, attempts) = (Uuid::now_v7(), Attempts::default());
        let options = TransactionOptions::new().command_id(command);
        // Another program executes the same after this one has decided.
        let done = program
            .accounts
            .transaction(options, async |tx| {
                let value = withdraw(&program, tx, 10).await?;
                if attempts.next() == 1 {
                    assert!(!send(&Bank::new(&store), command, 10).await.expect("written").repeated);
                }
                Ok(value)
            })
            .await
            .expect("an outcome");
        assert!(done.repeated);
        let last = done.streams.iter().map(|(_, last)| last.get()).max();
        assert_eq!(last, Some(done.value.1));
    }
    assert_eq!((bank.cents("a").await, bank.cents("b").await), (480, 22));
}

pub(crate) async fn the_id_of_another_command_is_rejected(store: impl Store) {
    let bank = Bank::new(&store);
    let command = Uuid::now_v7();
    let options = ExecuteOptions::new().command_id(command);
    bank.accounts.execute_with(&id("b"), Move(5), options).await.expect("a deposit");
    let move_both = async |tx: Transaction<_>| {
        tx.execute(&bank.accounts, &id("a"), Move(5)).await?;
        tx.execute(&bank.accounts, &id("b"), Move(5)).await?;
        Ok(())
    };
    for _ in 0..2 {
        let options = TransactionOptions::new().command_id(command);
        let error = bank.accounts.transaction(options, move_both).await.expect_err("another one's id");
        let TransactionError::Store(StoreError::CommandIdReused { first, .. }) = &error else {
            panic!("{error}")
        };
        assert_eq!(first.as_deref(), Some("Move"));
    }
    assert_eq!((bank.cents("a").await, bank.cents("b").await), (0, 5));
}

/// To another stream, with more events, with fewer, or none at all.
pub(crate) async fn a_repetition_that_decides_differently_is_rejected(store: impl Store) {
    let bank = Bank::new(&store).with(&[("a", 500)]).await;
    let command = Uuid::now_v7();
    let send = async |moves: &[(&str, i64)]| {
        let options = TransactionOptions::new().command_id(command);
        bank.accounts
            .transaction(options, async |tx| {
                for (key, cents) in moves {
                    tx.execute(&bank.accounts, &id(key), Move(*cents)).await?;
                }
                Ok(())
            })
            .await
    };
    let first: &[(&str, i64)] = &[("a", -200), ("b", 200)];
    assert!(!send(first).await.expect("written").repeated);
    let others: [&[(&str, i64)]; 6] = [
        &[("a", -200), ("c", 200)],
        &[("c", 200), ("a", -200)],
        &[("a", -200), ("b", 200), ("b", 1)],
        &[("a", -200), ("b", 0)],
        &[("a", -200), ("b", -1)],
        &[("a", 0), ("b", 200)],
    ];
    for (nth, other) in others.into_iter().enumerate() {
        let error = send(other).await.expect_err("another course");
        let TransactionError::Store(StoreError::NotRepeated { command_id, .. }) = &error else {
            panic!("{nth}: {error}")
        };
        assert_eq!(*command_id, command);
    }
    assert!(send(first).await.expect("written before").repeated);
    assert_eq!((bank.cents("a").await, bank.cents("b").await, bank.cents("c").await), (300, 200, 0));
}

/// The store has written, and the answer is lost: the retry finds what was written.
pub(crate) async fn a_lost_answer_is_found_again(store: impl Store) {
    Bank::new(&store).with(&[("a", 500)]).await;
    Bank::new(&store).set_limit(300).await;
    let bank = Bank::new(&Unreliable::new(store.clone(), 1));
    let done = send(&bank, Uuid::now_v7(), 200).await.expect("found again");
    assert_eq!((done.value, done.repeated), ((300, 2), true));
    assert_eq!((bank.cents("a").await, bank.cents("b").await), (300, 201));
}
