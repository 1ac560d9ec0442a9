//! Crashes, lost replies, and repetitions.

use std::sync::Arc;

use es_core::process::{Input, Inputs};
use es_core::reactor::Effects;
use es_core::record::NewEvent;
use es_core::store::{AllQuery, Append, Checkpoint, CloseStreams, ReadAll};
use es_core::{EventStore, MemoryStore, Metadata, Repository, Revision, StreamId};

use super::Bench;
use super::domain::{Billing, Payment};
use super::faulty::Fault;

/// All inputs, as the runner reads them.
pub async fn inputs(bench: &Bench) -> Vec<<Inputs<Billing> as Effects>::Event> {
    let (mut found, filter) = (Vec::new(), Inputs::<Billing>::filter());
    let query = AllQuery::after(Checkpoint::START, &filter);
    let mut take = |raw: es_core::record::RawEvent<'_>| {
        found.extend(Inputs::<Billing>::decode(&raw)?);
        Ok(())
    };
    bench.store.sound().read_all(query, &mut take).await.expect("it reads");
    found
}

/// The outcome of a day of the process, whatever fails meanwhile.
async fn is_as_wanted(bench: &Bench, about: &str) {
    for (key, charges, reminders) in [("a", 1, 1), ("b", 0, 0), ("c", 2, 0)] {
        let payment = bench.payment(key).await;
        assert_eq!((payment.charges, payment.reminders), (charges, reminders), "{key}, {about}");
    }
    let (refused, _) = bench.billing("b").await;
    assert_eq!((refused.process.begun, refused.process.refused), (1, 1), "{about}");
}

async fn day(bench: &Bench) {
    bench.place("a", 30).await;
    bench.place("b", 130).await;
    bench.note("c", "twice").await;
}

/// The inputs of that day, and the timers that are due on the next one.
async fn both_days(bench: &Bench) -> Result<(), es_core::process::ProcessError> {
    let runner = bench.runner();
    runner.catch_up().await?;
    bench.days(1);
    runner.catch_up().await
}

#[tokio::test(start_paused = true)]
async fn a_program_that_dies_between_any_two_writes_executes_each_command_once() {
    for fault in [Fault::DiesBefore, Fault::DiesAfter, Fault::LosesReply] {
        for of_payments in [false, true] {
            let mut deaths = 0;
            for write in 0..40 {
                let bench = Bench::new();
                day(&bench).await;
                let faulty = if of_payments { &bench.payments } else { &bench.store };
                faulty.fail(write, fault);
                let ended = tokio::select! {
                    biased;
                    () = faulty.died() => None,
                    ended = both_days(&bench) => Some(ended),
                };
                let reached = faulty.reached();
                deaths += usize::from(reached);
                assert_eq!(ended.is_none(), reached && fault != Fault::LosesReply);
                bench.store.mend();
                bench.payments.mend();
                bench.clock.set(bench.now);
                both_days(&bench).await.expect("another program continues");
                is_as_wanted(&bench, &format!("{fault:?} at {write}")).await;
                if !reached {
                    break;
                }
            }
            assert!(deaths >= 4, "{fault:?}: {deaths}");
        }
    }
}

#[tokio::test]
async fn inputs_that_are_repeated_and_reordered_across_streams_are_processed_once() {
    let bench = Bench::new();
    day(&bench).await;
    let mut events = inputs(&bench).await;
    events.reverse();
    let taken = bench.runner().inputs().reactor();
    for _ in 0..3 {
        assert!(taken.run(&events).await.result().is_ok());
    }
    both_days(&bench).await.expect("it catches up");
    is_as_wanted(&bench, "reversed").await;
}

#[tokio::test]
async fn two_concurrent_first_inputs_of_an_instance_create_one_instance() {
    let bench = Bench::new();
    for order in 0..20 {
        bench.place(&format!("shared/{order}"), 1).await;
    }
    let events = inputs(&bench).await;
    assert!(events.iter().all(|input| input.correlate().as_deref() == Some("shared")));
    // Each in a separate program, as partitions can be.
    let runs = events.into_iter().map(|input| {
        let taken = bench.runner().inputs().reactor();
        tokio::spawn(async move { taken.run(&[Arc::clone(&input)]).await.result() })
    });
    for run in runs.collect::<Vec<_>>() {
        run.await.expect("no panic").expect("it is taken");
    }
    let (instance, revision) = bench.billing("shared").await;
    assert_eq!((instance.process.begun, instance.timers.len(), revision), (20, 1, 40));
    bench.catch_up().await;
    assert_eq!(bench.payment("shared").await.charges, 20);
}

#[tokio::test]
async fn a_step_that_fails_stores_nothing_and_stops_no_other_instance() {
    let bench = Bench::new();
    bench.note("a", "panic").await;
    bench.place("a", 1).await;
    bench.place("b", 1).await;
    let runner = bench.runner();
    runner.catch_up().await.expect("others continue");
    assert_eq!(bench.billing("a").await.1, 0);
    assert_eq!(bench.payment("b").await.charges, 1);
    let letters = runner.inputs().dead_letters().await.expect("letters");
    assert_eq!(letters.iter().map(|letter| letter.stream.key()).collect::<Vec<_>>(), ["a", "a"]);
    assert!(letters[0].reason.contains("as it was told"), "{}", letters[0].reason);
}

#[tokio::test]
async fn an_unavailable_target_delays_its_instances_and_the_status_shows_them() {
    let bench = Bench::new();
    bench.place("a", 1).await;
    bench.payments.fail(0, Fault::Away);
    let runner = bench.runner();
    runner.catch_up().await.expect("it puts the command aside");
    let letters = runner.sender().dead_letters().await.expect("letters");
    assert_eq!(letters.len(), 1);
    assert!(letters[0].reason.contains("payment"), "{}", letters[0].reason);
    bench.note("a", "twice").await;
    runner.catch_up().await.expect("the later ones wait");
    assert_eq!(runner.sender().dead_letters().await.expect("letters").len(), 2);
    bench.payments.mend();
    runner.catch_up().await.expect("it continues");
    assert!(runner.sender().dead_letters().await.expect("letters").is_empty());
    assert_eq!((bench.payment("a").await.charges, bench.payment("a").await.cents), (3, 15));
}

#[tokio::test]
async fn a_command_to_a_closed_target_is_a_dead_letter_and_others_continue() {
    let bench = Bench::new();
    let payments = Repository::<Payment, _>::new(bench.store.sound());
    payments.execute(&"a".to_owned(), super::domain::Remind {}).await.expect("a payment");
    let stream = StreamId::new("payment", "a").expect("a stream id");
    bench.store.sound().close_stream(&stream, Revision::new(1)).await.expect("it is closed");
    bench.place("a", 1).await;
    bench.place("b", 1).await;
    let runner = bench.runner();
    runner.catch_up().await.expect("others continue");
    let letters = runner.sender().dead_letters().await.expect("letters");
    assert_eq!(letters.len(), 1);
    assert!(letters[0].reason.contains("closed"), "{}", letters[0].reason);
    assert_eq!(bench.payment("b").await.charges, 1);
}

#[tokio::test]
async fn a_timer_that_is_cancelled_while_it_fires_either_fires_or_is_cancelled() {
    for _ in 0..20 {
        let bench = Bench::new();
        bench.place("a", 1).await;
        bench.catch_up().await;
        bench.days(1);
        bench.note("a", "cancel").await;
        let (one, other) = (bench.runner(), bench.runner());
        let (one, other) = tokio::join!(one.catch_up(), other.catch_up());
        assert!(one.is_ok() && other.is_ok());
        let (instance, _) = bench.billing("a").await;
        assert!(instance.timers.is_empty() && bench.payment("a").await.reminders <= 1);
    }
}

#[tokio::test]
async fn several_concurrent_runners_do_everything_once() {
    let bench = Bench::new();
    for order in 0..50 {
        bench.place(&format!("{order}"), 1).await;
    }
    let runners: Vec<_> = (0..4).map(|_| bench.runner()).collect();
    bench.days(1);
    let runs = runners.into_iter().map(|runner| tokio::spawn(async move { runner.catch_up().await }));
    for run in runs.collect::<Vec<_>>() {
        run.await.expect("no panic").expect("it catches up");
    }
    bench.catch_up().await;
    for order in 0..50 {
        let payment = bench.payment(&format!("{order}")).await;
        assert_eq!((payment.charges, payment.reminders), (1, 1), "{order}");
    }
}

#[tokio::test]
async fn reading_the_stream_of_a_process_sends_nothing() {
    let bench = Bench::new();
    bench.place("a", 1).await;
    let taken = bench.runner().inputs();
    taken.catch_up().await.expect("it is taken");
    for _ in 0..3 {
        bench.billing("a").await;
    }
    assert_eq!(bench.payment("a").await.charges, 0);
}

#[tokio::test]
async fn a_command_that_is_older_than_the_ledgers_is_reported_and_not_sent() {
    let bench = Bench::new();
    bench.place("a", 1).await;
    bench.days(3);
    let runner = bench.runner().ledgers_keep(std::time::Duration::from_secs(86_400));
    runner.catch_up().await.expect("it puts the command aside");
    let letters = runner.sender().dead_letters().await.expect("letters");
    assert!(letters[0].reason.contains("ledger"), "{}", letters[0].reason);
    assert_eq!(bench.payment("a").await.charges, 0);
}

#[tokio::test]
async fn a_target_without_a_repository_is_named_before_anything_is_done() {
    let bench = Bench::new();
    let runner = es_core::process::ProcessRunner::<Billing, _>::new(bench.store.clone());
    let error = runner.catch_up().await.expect_err("a target is missing");
    assert!(error.to_string().contains("Payment"), "{error}");
}

#[tokio::test]
async fn a_store_that_was_restored_to_an_earlier_state_stops_the_process_with_a_reason() {
    let bench = Bench::new();
    for order in ["a", "b", "c"] {
        bench.place(order, 1).await;
    }
    bench.catch_up().await;
    let restored = Bench { store: bench.store.restored(MemoryStore::new()), ..Bench::new() };
    restored.place("a", 1).await;
    let error = restored.runner().catch_up().await.expect_err("the checkpoint is of another history");
    assert!(error.to_string().contains("restored"), "{error}");
}

#[tokio::test]
async fn an_instance_that_cannot_be_read_is_reported_and_stops_no_other() {
    let bench = Bench::new();
    let stream = StreamId::new("billing", "a").expect("a stream id");
    let events = [NewEvent::new("billing.of_a_newer_program", 1, b"{}".to_vec(), Metadata::new().into())];
    let append = Append::new(&stream, Revision::EMPTY, &events);
    let _ = bench.store.sound().append(append).await.expect("an append");
    bench.place("a", 1).await;
    bench.place("b", 1).await;
    let runner = bench.runner();
    runner.catch_up().await.expect("others continue");
    let letters = runner.inputs().dead_letters().await.expect("letters");
    assert_eq!(letters.len(), 1);
    assert!(letters[0].reason.contains("billing.of_a_newer_program"), "{}", letters[0].reason);
    assert_eq!(bench.payment("b").await.charges, 1);
}

#[tokio::test]
async fn partitions_are_split_while_instances_live() {
    let bench = Bench::new();
    for order in 0..30 {
        bench.place(&format!("{order}"), 1).await;
    }
    bench.catch_up().await;
    let split = bench.runner();
    split.inputs().repartition(3).await.expect("it is split");
    split.sender().repartition(3).await.expect("it is split");
    for order in 0..30 {
        bench.place(&format!("{order}"), 2).await;
    }
    bench.days(1);
    bench.runner().partitions(3).catch_up().await.expect("it continues");
    for order in 0..30 {
        let payment = bench.payment(&format!("{order}")).await;
        assert_eq!((payment.charges, payment.cents, payment.reminders), (2, 3, 1), "{order}");
    }
}
