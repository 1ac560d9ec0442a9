//! Others want, release or take a value while a transaction decides.

use std::sync::Arc;

use es_core::repository::{Transaction, TransactionError, TransactionOptions};
use es_core::unique::UniqueError;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::transactions::domain::{Attempts, Move, Store, id};
use crate::transactions::unique::{ANN, BEN, Program, not_owned, taken};

/// The results of two transactions, each of its own program, that have both read before either writes.
async fn side_by_side<S, F, Fut>(store: &S, body: F) -> Vec<(&'static str, Option<UniqueError>)>
where
    S: Store,
    F: Fn(&'static str, Arc<Program<S>>, Transaction<S>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<(), es_core::ExecuteError<UniqueError>>> + Send,
{
    let both_have_read = Arc::new(Barrier::new(2));
    let mut programs = JoinSet::new();
    for key in ["a", "b"] {
        let (program, both) = (Arc::new(Program::new(store)), Arc::clone(&both_have_read));
        let body = body.clone();
        programs.spawn(async move {
            let attempts = Attempts::default();
            let done = program.bank.accounts.transaction(TransactionOptions::new(), async |tx| {
                let attempt = attempts.next();
                // Kept until the attempt has ended, as `tx` is moved.
                let done = body(key, Arc::clone(&program), tx).await;
                if attempt == 1 {
                    both.wait().await;
                }
                Ok(done?)
            });
            let error = done.await.err();
            let reason = |error: TransactionError| {
                error.rejection::<UniqueError>().unwrap_or_else(|| panic!("{error}")).clone()
            };
            (key, error.map(reason))
        });
    }
    let mut done = programs.join_all().await;
    // The rejected one comes last.
    done.sort_by_key(|(key, error)| (error.is_some(), *key));
    done
}

pub(crate) async fn if_two_find_a_value_free_one_reserves_it(store: impl Store) {
    let done =
        side_by_side(&store, async |key, program, tx| program.emails.reserve(&tx, ANN, &id(key)).await);
    let done = done.await;
    let winner = done[0].0;
    assert_eq!((&done[0].1, &done[1].1), (&None, &Some(taken(ANN, winner))));
    assert_eq!(Program::new(&store).owner(ANN).await, Some(id(winner)));
}

/// The owner sends both, for example from two browser windows.
pub(crate) async fn of_two_concurrent_changes_of_one_value_one_succeeds(store: impl Store) {
    Program::new(&store).open("owner", ANN).await.expect("it is free");
    let done = side_by_side(&store, async |key, program, tx| {
        program.emails.change(&tx, &id("owner"), ANN, key).await
    });
    let done = done.await;
    let (made, refused) = (done[0].0, done[1].0);
    assert_eq!((&done[0].1, &done[1].1), (&None, &Some(not_owned(ANN, "owner", None))));
    let program = Program::new(&store);
    assert_eq!((program.owner(made).await, program.owner(refused).await), (Some(id("owner")), None));
    assert_eq!(program.owner(ANN).await, None);
}

/// Neither has released its value when the other one wants it, and neither waits.
pub(crate) async fn two_owners_who_want_each_others_value_keep_their_own(store: impl Store) {
    let program = Program::new(&store);
    program.open("a", ANN).await.expect("it is free");
    program.open("b", BEN).await.expect("it is free");
    let done = side_by_side(&store, async |key, program, tx| {
        let (from, to) = if key == "a" { (ANN, BEN) } else { (BEN, ANN) };
        program.emails.change(&tx, &id(key), from, to).await
    });
    assert_eq!(done.await, [("a", Some(taken(BEN, "b"))), ("b", Some(taken(ANN, "a")))]);
    assert_eq!((program.owner(ANN).await, program.owner(BEN).await), (Some(id("a")), Some(id("b"))));
}

/// A transaction takes a different value because the one it wants is taken; before it is written, the wanted
/// value becomes free.
pub(crate) async fn a_value_found_taken_is_still_taken_when_the_append_is_written(store: impl Store) {
    let (owner, program) = (Program::new(&store), Program::new(&store));
    owner.open("a", ANN).await.expect("it is free");
    let attempts = Attempts::default();
    let done = program.bank.accounts.transaction(TransactionOptions::new(), async |tx| {
        let mut email = ANN;
        if program.emails.reserve(&tx, ANN, &id("b")).await.is_err() {
            email = BEN;
            program.emails.reserve(&tx, BEN, &id("b")).await?;
        }
        if attempts.next() == 1 {
            owner.release("a", ANN).await.expect("its own");
        }
        Ok(email)
    });
    assert_eq!(done.await.expect("written in the end").value, ANN);
    assert_eq!(attempts.count(), 2);
    assert_eq!((program.owner(ANN).await, program.owner(BEN).await), (Some(id("b")), None));
}

/// A transaction depends on a value that its owner already has. Before it is written, the value goes to
/// another owner.
pub(crate) async fn a_value_found_owned_is_still_owned_when_the_append_is_written(store: impl Store) {
    let (other, program) = (Program::new(&store), Program::new(&store));
    program.open("a", ANN).await.expect("it is free");
    let attempts = Attempts::default();
    let done = program.bank.accounts.transaction(TransactionOptions::new(), async |tx| {
        let attempt = attempts.next();
        program.emails.reserve(&tx, ANN, &id("a")).await?;
        if attempt == 1 {
            other.release("a", ANN).await.expect("its own");
            other.open("b", ANN).await.expect("it is free");
        }
        tx.execute(&program.bank.accounts, &id("a"), Move(100)).await?;
        Ok(())
    });
    let error = done.await.expect_err("it has gone");
    assert_eq!(error.rejection(), Some(&taken(ANN, "b")), "{error}");
    assert_eq!(attempts.count(), 2);
    assert_eq!(program.bank.cents("a").await, 1);
}

/// Eight callers in each of two programs want one value.
pub(crate) async fn of_sixteen_callers_who_want_a_value_one_reserves_it(store: impl Store) {
    let programs = [Program::new(&store), Program::new(&store)].map(Arc::new);
    let mut callers = JoinSet::new();
    for caller in 0..16 {
        let program = Arc::clone(&programs[caller / 8]);
        callers.spawn(async move {
            let key = format!("account {caller}");
            (program.open(&key, ANN).await.err(), key)
        });
    }
    let done = callers.join_all().await;
    let owners: Vec<_> = done.iter().filter(|(error, _)| error.is_none()).map(|(_, key)| key).collect();
    let [owner] = owners[..] else { panic!("{owners:?}") };
    for (error, _) in done.iter().filter(|(error, _)| error.is_some()) {
        let reason = error.as_ref().and_then(|error| error.rejection());
        assert_eq!(reason, Some(&taken(ANN, owner)), "{error:?}");
    }
    assert_eq!(programs[0].owner(ANN).await.as_ref(), Some(owner));
}
