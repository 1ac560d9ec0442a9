//! Processes: their steps, commands and timers, and faults in between.

mod domain;
mod faults;
pub mod faulty;
mod order;
mod timers;

use domain::{Billing, Note, Order, Overdue, Payment, Place};
use es_core::process::{Clock, Instance, Process, ProcessRunner};
use es_core::{MemoryStore, Repository, Retry};
use faulty::{Fault, Faulty};
use time::{Duration, OffsetDateTime};

/// A store with the process, its orders and its payments.
struct Bench {
    store: Faulty,
    payments: Faulty,
    clock: Clock,
    now: OffsetDateTime,
}

impl Bench {
    fn new() -> Self {
        let now = es_core::record::stored_time(OffsetDateTime::now_utc()).expect("a time");
        let store = MemoryStore::new();
        let (store, payments) = (Faulty::new(store.clone()), Faulty::new(store));
        Self { store, payments, clock: Clock::at(now), now }
    }

    fn runner(&self) -> ProcessRunner<Billing, Faulty> {
        ProcessRunner::<Billing, _>::new(self.store.clone())
            .target(
                Repository::<Payment, _>::new(self.payments.clone()).with_cache(0).with_retry(Retry::NEVER),
            )
            .clock(self.clock.clone())
    }

    /// Records events of an order, unaffected by faults.
    async fn place(&self, order: &str, cents: u32) {
        let orders = Repository::<Order, _>::new(self.store.sound());
        orders.execute(&order.to_owned(), Place(cents)).await.expect("it is placed");
    }

    async fn note(&self, order: &str, text: &'static str) {
        let orders = Repository::<Order, _>::new(self.store.sound());
        orders.execute(&order.to_owned(), Note(text)).await.expect("it is noted");
    }

    async fn catch_up(&self) {
        self.runner().catch_up().await.expect("it catches up");
    }

    async fn payment(&self, key: &str) -> Payment {
        let payments = Repository::<Payment, _>::new(self.store.sound());
        payments.load(&key.to_owned()).await.expect("a payment").state
    }

    async fn billing(&self, key: &str) -> (Instance<Billing>, u64) {
        let own = Repository::<Instance<Billing>, _>::new(self.store.sound());
        let loaded = own.load(&key.to_owned()).await.expect("an instance");
        (loaded.state, loaded.revision.get())
    }

    fn days(&self, days: i64) {
        self.clock.set(self.now + Duration::days(days) + Duration::HOUR);
    }
}

#[tokio::test]
async fn an_input_becomes_a_step_its_commands_are_executed_and_its_timer_fires_once() {
    let bench = Bench::new();
    bench.place("a", 30).await;
    let runner = bench.runner();
    runner.catch_up().await.expect("it catches up");
    assert_eq!(bench.payment("a").await.cents, 30);
    let (instance, revision) = bench.billing("a").await;
    // Its own event, and the step.
    assert_eq!((instance.process.begun, instance.timers.len(), revision), (1, 1, 2));
    bench.days(1);
    runner.catch_up().await.expect("it catches up");
    runner.catch_up().await.expect("it catches up");
    assert_eq!(bench.payment("a").await.reminders, 1);
    assert_eq!(bench.billing("a").await.0.timers.len(), 0);
    let metrics = runner.metrics();
    assert_eq!((metrics.steps, metrics.sent, metrics.fired), (2, 2, 1));
    // The plain aggregate reads the stream as well.
    let plain = Repository::<Billing, _>::new(bench.store.sound());
    assert_eq!(plain.load(&"a".to_owned()).await.expect("it loads").state.begun, 1);
}

#[tokio::test]
async fn a_rejection_is_an_input_that_is_processed_once() {
    let bench = Bench::new();
    bench.place("a", 130).await;
    bench.catch_up().await;
    bench.catch_up().await;
    let (instance, _) = bench.billing("a").await;
    assert_eq!((instance.process.refused, instance.timers.len()), (1, 0));
    assert_eq!(bench.payment("a").await.charges, 0);
}

#[tokio::test]
async fn two_equal_commands_in_one_step_are_both_executed() {
    let bench = Bench::new();
    bench.note("a", "twice").await;
    bench.catch_up().await;
    assert_eq!((bench.payment("a").await.charges, bench.payment("a").await.cents), (2, 14));
}

#[tokio::test]
async fn a_timer_that_was_cancelled_postponed_or_whose_process_has_finished_does_not_fire() {
    let bench = Bench::new();
    for (key, note) in [("cancelled", "cancel"), ("postponed", "postpone"), ("finished", "finish")] {
        bench.place(key, 1).await;
        bench.note(key, note).await;
    }
    bench.catch_up().await;
    bench.days(1);
    bench.catch_up().await;
    for key in ["cancelled", "postponed", "finished"] {
        assert_eq!(bench.payment(key).await.reminders, 0, "{key}");
    }
    bench.days(2);
    bench.catch_up().await;
    assert_eq!(bench.payment("postponed").await.reminders, 1);
}

#[tokio::test]
async fn a_finished_process_ignores_inputs_unless_it_starts_again() {
    let bench = Bench::new();
    bench.note("a", "finish").await;
    bench.place("a", 30).await;
    bench.note("a", "twice").await;
    bench.note("a", "blank").await;
    let runner = bench.runner();
    runner.catch_up().await.expect("it catches up");
    assert_eq!((runner.metrics().ignored, bench.payment("a").await.charges), (3, 0));
    assert!(bench.billing("a").await.0.finished);
    bench.note("a", "again").await;
    bench.place("a", 30).await;
    runner.catch_up().await.expect("it catches up");
    assert!(!bench.billing("a").await.0.finished);
    assert_eq!(bench.payment("a").await.cents, 30);
}

#[tokio::test]
async fn inputs_for_no_instance_or_with_empty_steps_store_nothing() {
    let bench = Bench::new();
    bench.note("a", "none").await;
    bench.note("b", "nothing").await;
    let runner = bench.runner();
    runner.catch_up().await.expect("it catches up");
    assert_eq!((bench.billing("a").await.1, bench.billing("b").await.1), (0, 0));
    assert_eq!((runner.metrics().unrelated, runner.metrics().steps), (1, 0));
}

#[tokio::test]
async fn a_clock_that_is_set_back_fires_nothing_twice_and_a_late_timer_fires_at_once() {
    let bench = Bench::new();
    bench.place("a", 30).await;
    bench.catch_up().await;
    bench.days(400);
    bench.catch_up().await;
    bench.days(-400);
    bench.catch_up().await;
    bench.days(400);
    bench.catch_up().await;
    assert_eq!(bench.payment("a").await.reminders, 1);
}

#[tokio::test]
async fn a_clock_that_follows_the_log_fires_timers_between_its_inputs() {
    let bench = Bench::new();
    let orders = Repository::<Order, _>::new(bench.store.sound());
    let long_ago = bench.now - Duration::days(1_000);
    for days in [0, 5] {
        let metadata = es_core::Metadata::new().occurred_at(long_ago + Duration::days(days));
        let options = es_core::ExecuteOptions::new().metadata(metadata);
        orders.execute_with(&"a".to_owned(), Place(10), options).await.expect("it is placed");
    }
    let runner = bench.runner().clock(Clock::following());
    runner.catch_up().await.expect("it catches up");
    // That of the second day fired; that of the sixth is later than the last input.
    assert_eq!(bench.payment("a").await.reminders, 1);
    assert_eq!(bench.billing("a").await.0.timers.len(), 1);
    let mut steps = Vec::new();
    let print = |step: es_core::Recorded<domain::BillingEvent>| {
        steps.push((step.name, (step.occurred_at() - long_ago).whole_days()));
        Ok(())
    };
    let own = Repository::<Billing, _>::new(bench.store.sound());
    own.history(&"a".to_owned(), es_core::store::StreamRange::ALL, print).await.expect("a history");
    let stepped = "process.stepped";
    let expected = [("billing.begun", 0), (stepped, 0), (stepped, 1), ("billing.begun", 5), (stepped, 5)];
    assert_eq!(steps, expected);
}

/// The last input does nothing, so no step is stored from which its time could be read.
#[tokio::test]
async fn a_clock_that_follows_the_log_continues_in_the_next_program() {
    let bench = Bench::new();
    let orders = Repository::<Order, _>::new(bench.store.sound());
    let long_ago = bench.now - Duration::days(1_000);
    let at = |days| {
        let metadata = es_core::Metadata::new().occurred_at(long_ago + Duration::days(days));
        es_core::ExecuteOptions::new().metadata(metadata)
    };
    orders.execute_with(&"a".to_owned(), Place(10), at(0)).await.expect("it is placed");
    orders.execute_with(&"b".to_owned(), Note("nothing"), at(5)).await.expect("it is noted");
    // The program ends after its inputs and before its timers.
    bench.runner().clock(Clock::following()).inputs().catch_up().await.expect("they are taken");
    assert_eq!(bench.billing("a").await.0.timers.len(), 1);
    bench.runner().clock(Clock::following()).catch_up().await.expect("it catches up");
    assert_eq!((bench.payment("a").await.reminders, bench.billing("a").await.0.timers.len()), (1, 0));
}

/// A runner remembers what it has read: the steps with their timers, and the times of the inputs, which its
/// clock follows.
#[tokio::test]
async fn a_runner_that_catches_up_again_reads_only_what_is_new() {
    let bench = Bench::new();
    for order in ["a", "b", "c"] {
        bench.place(order, 1).await;
    }
    for runner in [bench.runner(), bench.runner().clock(Clock::following())] {
        runner.catch_up().await.expect("it catches up");
        // The inputs that it has processed itself are read once more, for the clock that follows them.
        runner.catch_up().await.expect("it catches up");
        bench.store.reads();
        runner.catch_up().await.expect("it catches up");
        assert_eq!(bench.store.reads(), 0);
    }
    let runner = bench.runner();
    runner.catch_up().await.expect("it catches up");
    bench.place("d", 1).await;
    bench.store.reads();
    runner.catch_up().await.expect("it catches up");
    // The input, and its step for the sender, each again under the lease; and the step for the timers.
    assert_eq!(bench.store.reads(), 5);
    bench.days(1);
    runner.catch_up().await.expect("it catches up");
    assert_eq!(runner.metrics().fired, 4);
}

/// A timer that fails is tried again by the next call, whenever that is.
#[tokio::test(start_paused = true)]
async fn a_timer_that_failed_is_fired_by_the_next_call() {
    let bench = Bench::new();
    bench.place("a", 1).await;
    let runner = bench.runner();
    runner.catch_up().await.expect("it catches up");
    bench.days(1);
    bench.store.fail(0, Fault::Away);
    runner.catch_up().await.expect("the timer is stuck");
    assert_eq!((runner.stuck_timers().len(), runner.metrics().fired), (1, 0));
    bench.store.mend();
    runner.catch_up().await.expect("it catches up");
    assert_eq!((runner.stuck_timers().len(), runner.metrics().fired), (0, 1));
}

/// The instances of a page are loaded in one call, and so are those whose timers are due.
#[tokio::test]
async fn instances_are_loaded_together() {
    let bench = Bench::new();
    for order in 0..40 {
        bench.place(&order.to_string(), 1).await;
    }
    let runner = bench.runner();
    runner.inputs().catch_up().await.expect("they are taken");
    assert_eq!(bench.store.loads(), 0);
    // A program that starts now has no cached states.
    bench.days(1);
    let runner = bench.runner();
    runner.catch_up().await.expect("they fire");
    assert_eq!((bench.store.loads(), runner.metrics().fired), (0, 40));
}

#[test]
fn timers_and_commands_have_names_and_versions() {
    use es_core::Event;
    assert_eq!((Overdue::NAME, Overdue::VERSION), ("billing.overdue", 1));
    assert_eq!((Billing::INPUTS, Billing::SENDER), ("billing.inputs", "billing.sender"));
}
