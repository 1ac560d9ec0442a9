//! Timers that fail, and clocks that follow inputs.

use es_core::process::Clock;
use es_core::{ExecuteOptions, Metadata, Repository};
use time::Duration;

use super::Bench;
use super::domain::{Order, Place};
use super::faulty::Fault;

/// A timer of `a` that is due and has failed, with the runner that knows it.
async fn stuck(bench: &Bench) -> es_core::process::ProcessRunner<super::Billing, super::Faulty> {
    bench.place("a", 1).await;
    let runner = bench.runner();
    runner.catch_up().await.expect("it catches up");
    bench.days(1);
    bench.store.fail(0, Fault::Away);
    runner.catch_up().await.expect("the timer is stuck");
    assert_eq!(runner.stuck_timers().len(), 1);
    bench.store.mend();
    runner
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_failed_and_was_scheduled_anew_waits_for_its_new_time() {
    let bench = Bench::new();
    let runner = stuck(&bench).await;
    bench.note("a", "postpone").await;
    runner.catch_up().await.expect("it catches up");
    assert_eq!((runner.metrics().fired, runner.stuck_timers().len()), (0, 0));
    bench.days(2);
    runner.catch_up().await.expect("it fires");
    assert_eq!(bench.payment("a").await.reminders, 1);
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_failed_and_was_cancelled_is_no_longer_stuck() {
    for note in ["cancel", "finish"] {
        let bench = Bench::new();
        let runner = stuck(&bench).await;
        bench.note("a", note).await;
        runner.catch_up().await.expect("it catches up");
        assert_eq!((runner.metrics().fired, runner.stuck_timers().len()), (0, 0), "{note}");
    }
}

/// The program that fires it has read the steps before that.
#[tokio::test]
async fn a_timer_that_another_program_has_just_changed_does_not_fire() {
    for note in ["cancel", "postpone", "finish"] {
        let bench = Bench::new();
        // Two, as one alone is not loaded before it fires.
        bench.place("a", 1).await;
        bench.place("b", 1).await;
        bench.catch_up().await;
        bench.days(1);
        let held = bench.store.hold_load();
        let runner = bench.runner();
        let firing = tokio::spawn(async move { runner.catch_up().await });
        held.begun().await;
        bench.note("a", note).await;
        bench.runner().inputs().catch_up().await.expect("it is taken");
        held.release();
        firing.await.expect("no panic").expect("it catches up");
        assert_eq!(bench.payment("a").await.reminders, 0, "{note}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_program_that_runs_retries_a_timer_that_failed() {
    let bench = Bench::new();
    bench.place("a", 1).await;
    let runner = bench.runner();
    let running = tokio::spawn({
        let runner = runner.clone();
        async move { runner.run().await }
    });
    until("the timer is scheduled", async || bench.payment("a").await.charges == 1).await;
    bench.store.fail(0, Fault::Away);
    bench.days(1);
    until("the timer has failed", async || !runner.stuck_timers().is_empty()).await;
    bench.store.mend();
    until("the timer fires", async || bench.payment("a").await.reminders == 1).await;
    assert!(runner.stuck_timers().is_empty());
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_program_that_runs_waits_for_a_store_that_cannot_be_read() {
    let bench = Bench::new();
    bench.store.readable(false);
    let runner = bench.runner();
    let running = tokio::spawn({
        let runner = runner.clone();
        async move { runner.run().await }
    });
    bench.place("a", 1).await;
    // Inputs, sender and timers, each several times.
    until("it has tried", async || bench.store.refused() >= 30).await;
    bench.store.readable(true);
    until("the timer is scheduled", async || bench.payment("a").await.charges == 1).await;
    bench.days(1);
    until("the timer fires", async || bench.payment("a").await.reminders == 1).await;
    assert!(!running.is_finished());
    running.abort();
}

/// Longer than the system's clock is waited for at a time.
#[tokio::test(start_paused = true)]
async fn a_timer_whose_step_takes_long_to_read_fires() {
    let bench = Bench::new();
    let runner = bench.runner().clock(Clock::system());
    let running = tokio::spawn({
        let runner = runner.clone();
        async move { runner.run().await }
    });
    at(&bench, "a", 0).await;
    until("the first timer fires", async || bench.payment("a").await.reminders == 1).await;
    bench.store.slow(1_500);
    at(&bench, "b", 0).await;
    until("the second timer fires", async || bench.payment("b").await.reminders == 1).await;
    assert!(!running.is_finished());
    running.abort();
}

/// Waits until something is so, by the clock of the test, which is paused.
async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    for _ in 0..600_000 {
        if is().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    panic!("{what}");
}

/// Places an order so many days after the first.
async fn at(bench: &Bench, order: &str, days: i64) -> time::OffsetDateTime {
    let orders = Repository::<Order, _>::new(bench.store.sound());
    let time = bench.now - Duration::days(1_000 - days);
    let options = ExecuteOptions::new().metadata(Metadata::new().occurred_at(time));
    orders.execute_with(&order.to_owned(), Place(10), options).await.expect("it is placed");
    time
}

#[tokio::test]
async fn a_timer_that_is_due_at_the_moment_of_an_input_fires_before_it() {
    let bench = Bench::new();
    for days in [0, 1] {
        at(&bench, "a", days).await;
    }
    bench.runner().clock(Clock::following()).catch_up().await.expect("it catches up");
    assert_eq!((bench.payment("a").await.reminders, bench.billing("a").await.0.timers.len()), (1, 1));
}

#[tokio::test]
async fn a_timer_fires_by_the_time_of_a_later_input_of_another_instance() {
    let bench = Bench::new();
    at(&bench, "a", 0).await;
    at(&bench, "b", 5).await;
    bench.runner().clock(Clock::following()).catch_up().await.expect("it catches up");
    assert_eq!((bench.payment("a").await.reminders, bench.payment("b").await.reminders), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_follows_the_log_does_not_run_ahead_of_the_inputs_that_were_taken() {
    let bench = Bench::new();
    let first = at(&bench, "a", 0).await;
    bench.runner().clock(Clock::following()).catch_up().await.expect("it catches up");
    at(&bench, "b", 5).await;
    bench.store.fail(0, Fault::Away);
    let clock = Clock::following();
    bench.runner().clock(clock.clone()).catch_up().await.expect_err("no input is taken");
    assert_eq!(clock.now(), first);
}
