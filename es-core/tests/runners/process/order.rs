//! Inputs and commands that fail, and what comes again: nothing is passed over, and nothing is decided twice.

use es_core::Repository;
use es_core::process::ProcessError;
use es_core::projection::ProjectorError;

use super::Bench;
use super::domain::{BROKEN, Payment, Refund};
use super::faults::inputs;
use super::faulty::Fault;

#[tokio::test]
async fn of_several_inputs_that_fail_none_is_passed_over() {
    let bench = Bench::new();
    for key in ["a", "b", "c", "d"] {
        bench.note(key, "panic").await;
        bench.place(key, 1).await;
    }
    bench.place("e", 1).await;
    let runner = bench.runner();
    runner.catch_up().await.expect("others continue");
    let letters = runner.inputs().dead_letters().await.expect("letters");
    let places: Vec<_> = letters.iter().map(|letter| (letter.stream.key(), letter.revision.get())).collect();
    let all = ["a", "b", "c", "d"].into_iter().flat_map(|key| [(key, 1), (key, 2)]);
    assert_eq!(places, all.collect::<Vec<_>>());
    assert_eq!(bench.payment("e").await.charges, 1);
}

#[tokio::test]
async fn an_input_whose_instance_is_not_found_out_is_parked_and_others_go_on() {
    let bench = Bench::new();
    bench.note("a", "lost").await;
    bench.place("b", 1).await;
    let runner = bench.runner();
    runner.catch_up().await.expect("others continue");
    let letters = runner.inputs().dead_letters().await.expect("letters");
    assert_eq!(letters.len(), 1);
    assert!(letters[0].reason.contains("for whom is it"), "{}", letters[0].reason);
    assert_eq!(bench.payment("b").await.charges, 1);
}

#[tokio::test]
async fn parked_inputs_are_retried_by_every_call() {
    let bench = Bench::new();
    let key = "parked_inputs_are_retried";
    BROKEN.lock().expect("a lock").insert(key.to_owned());
    bench.place(key, 1).await;
    bench.place(key, 2).await;
    let runner = bench.runner();
    runner.catch_up().await.expect("they are parked");
    assert_eq!(runner.inputs().dead_letters().await.expect("letters").len(), 2);
    BROKEN.lock().expect("a lock").remove(key);
    runner.catch_up().await.expect("they are taken");
    assert!(runner.inputs().dead_letters().await.expect("letters").is_empty());
    assert_eq!(bench.payment(key).await.cents, 3);
}

#[tokio::test]
async fn a_finished_process_ignores_that_its_last_command_was_rejected() {
    let bench = Bench::new();
    bench.note("a", "last").await;
    bench.catch_up().await;
    let (instance, revision) = bench.billing("a").await;
    assert!(instance.finished);
    assert_eq!((instance.process.refused, revision), (0, 1));
}

/// Since then the process has started again, and would take it.
#[tokio::test]
async fn an_input_that_was_ignored_stays_ignored_when_it_comes_again() {
    let bench = Bench::new();
    bench.note("a", "finish").await;
    bench.place("a", 30).await;
    bench.note("a", "again").await;
    let runner = bench.runner();
    runner.catch_up().await.expect("it catches up");
    assert!(!bench.billing("a").await.0.finished);
    let done = es_core::reactor::Effects::run(&*runner.inputs().reactor(), &inputs(&bench).await).await;
    done.result().expect("nothing is new");
    runner.catch_up().await.expect("it catches up");
    assert_eq!(bench.payment("a").await.charges, 0);
}

/// The program dies before its process has learned of the rejection.
#[tokio::test]
async fn a_command_that_was_rejected_stays_rejected_although_it_could_be_executed_by_now() {
    let bench = Bench::new();
    bench.place("a", 80).await;
    bench.catch_up().await;
    bench.place("a", 30).await;
    bench.runner().inputs().catch_up().await.expect("it is taken");
    bench.store.fail(0, Fault::DiesBefore);
    let sender = bench.runner().sender();
    tokio::select! {
        biased;
        () = bench.store.died() => {}
        _ = sender.catch_up() => panic!("the rejection was taken"),
    }
    bench.store.mend();
    let payments = Repository::<Payment, _>::new(bench.store.sound());
    payments.execute(&"a".to_owned(), Refund).await.expect("it is refunded");
    // The lease of the one that died runs out.
    tokio::time::pause();
    bench.catch_up().await;
    assert_eq!((bench.payment("a").await.charges, bench.billing("a").await.0.process.refused), (1, 1));
}

/// A command for a store that is away waits with its instance, whichever of the two the store is for.
#[tokio::test(start_paused = true)]
async fn an_input_whose_own_store_is_away_is_not_parked() {
    let bench = Bench::new();
    bench.place("a", 1).await;
    bench.store.fail(0, Fault::Away);
    let runner = bench.runner();
    let error = runner.catch_up().await.expect_err("it is away");
    assert!(
        matches!(&error, ProcessError::Inputs(error @ ProjectorError::Failed(_)) if error.is_retryable()),
        "{error}"
    );
    bench.store.mend();
    assert!(runner.inputs().dead_letters().await.expect("letters").is_empty());
    runner.catch_up().await.expect("it continues");
    assert_eq!(bench.payment("a").await.charges, 1);
}
