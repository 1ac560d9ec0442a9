//! Workers that are dropped, slow, shut down, or that compete.

use std::time::Duration;

use es_core::projection::{Claim, Claimed, Partition, Project, Projection, Projector, Target};
use es_core::reactor::{CheckpointStore, OnModel};
use es_core::{MemoryStore, Recorded};

use crate::reactors::support::{Gate, Mail, Opened, Store, on_every_store, open, runner};

on_every_store!(
    an_effect_before_a_crash_is_repeated_and_nothing_is_lost,
    a_reaction_that_takes_longer_than_the_lease_is_not_run_twice,
    a_worker_whose_partition_was_claimed_moves_no_checkpoint,
    a_graceful_shutdown_completes_a_reaction_and_releases_the_partition,
);

/// The worker is gone after an effect, and before the checkpoint has moved.
async fn an_effect_before_a_crash_is_repeated_and_nothing_is_lost<S: Store>(store: S) {
    for revision in 1..=4 {
        open(&store, "a", revision).await;
    }
    let mail = Mail::default().held("a", 3);
    let lease = Duration::from_millis(300);
    let first = runner(&store, &mail).lease(lease);
    let first = tokio::spawn(async move { first.run().await });
    mail.at_gate.pass().await;
    first.abort();
    assert!(first.await.expect_err("it was dropped").is_cancelled());
    mail.gate.open(1);
    // Waits for the end of the lease.
    runner(&store, &mail).lease(lease).catch_up().await.expect("it catches up");
    assert_eq!(mail.of("a"), [1, 2, 3, 1, 2, 3, 4]);
}

async fn a_reaction_that_takes_longer_than_the_lease_is_not_run_twice<S: Store>(store: S) {
    open(&store, "a", 1).await;
    let mail = Mail::default().held("a", 1);
    // Long enough for a renewal on a busy machine.
    let lease = Duration::from_secs(2);
    let slow = runner(&store, &mail).lease(lease).owner("slow");
    let other = runner(&store, &mail).lease(lease).owner("other");
    let slow = tokio::spawn(async move { slow.catch_up().await });
    mail.at_gate.pass().await;
    let other = tokio::spawn(async move { other.catch_up().await });
    tokio::time::sleep(3 * lease).await;
    assert_eq!(mail.of("a"), [1], "the other one has reacted as well");
    mail.gate.open(2);
    slow.await.expect("no panic").expect("it catches up");
    other.await.expect("no panic").expect("it catches up");
    assert_eq!(mail.of("a"), [1]);
}

/// As if the worker had been suspended for longer than its lease.
async fn a_worker_whose_partition_was_claimed_moves_no_checkpoint<S: Store>(store: S) {
    open(&store, "a", 1).await;
    let mail = Mail::default().held("a", 1);
    let paused = runner(&store, &mail).owner("paused");
    let paused = tokio::spawn(async move { paused.run().await });
    mail.at_gate.pass().await;
    let target = store.checkpoint_target::<OnModel<Mail, S::Model>>();
    target.release(Partition::ALL, 1).await.expect("it is released");
    let claim = Claim::new("other", Duration::from_secs(3600));
    let claimed = target.claim(Partition::ALL, &claim).await.expect("an answer");
    assert_eq!(claimed, Claimed::Lease { epoch: 2 });
    mail.gate.open(1);
    target.release(Partition::ALL, 2).await.expect("it is released");
    // Only what the newer worker does counts: the older one has not moved the checkpoint.
    let moved = async {
        while target.checkpoint(Partition::ALL).await.expect("a checkpoint").0.position().get() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
            mail.gate.open(1);
        }
    };
    tokio::time::timeout(Duration::from_secs(30), moved).await.expect("somebody continues");
    assert_eq!(mail.of("a"), [1, 1], "once more, after the other one");
    paused.abort();
}

async fn a_graceful_shutdown_completes_a_reaction_and_releases_the_partition<S: Store>(store: S) {
    for revision in 1..=2 {
        open(&store, "a", revision).await;
    }
    let mail = Mail::default().held("a", 2);
    let (stop, working) = (Gate::default(), runner(&store, &mail).page_size(1).owner("first"));
    let asked = stop.clone();
    let working = tokio::spawn(async move { working.run_until(asked.pass()).await });
    mail.at_gate.pass().await;
    open(&store, "a", 3).await;
    stop.open(1);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!working.is_finished(), "it did not complete what it had begun");
    mail.gate.open(1);
    working.await.expect("no panic").expect("an orderly end");
    assert_eq!(mail.of("a"), [1, 2]);
    // With a lease of an hour, this would not end otherwise.
    runner(&store, &mail).owner("second").catch_up().await.expect("it continues at once");
    assert_eq!(mail.of("a"), [1, 2, 3]);
    let idle = runner(&store, &mail);
    idle.run_until(async {}).await.expect("an orderly end of one that does nothing");
}

/// Has the name of the reactor, in the letters that a projection's name may have.
#[derive(Projection)]
#[projection(name = "welcome", events(Opened), model = (), error = std::convert::Infallible)]
struct Welcome;

impl Project<Opened> for Welcome {
    async fn project(&self, _: &Recorded<Opened>, (): &mut ()) -> Result<(), std::convert::Infallible> {
        Ok(())
    }
}

#[derive(es_core::reactor::Reactor)]
#[reactor(name = "welcome", events(Opened))]
struct WelcomeMail(Mail);

impl es_core::reactor::React<Opened> for WelcomeMail {
    async fn react(&self, event: &Recorded<Opened>) -> Result<(), es_core::record::BoxError> {
        es_core::reactor::React::react(&self.0, event).await.map_err(Into::into)
    }
}

#[tokio::test]
async fn a_projection_of_the_same_name_has_a_checkpoint_of_its_own() {
    let (store, mail) = (MemoryStore::new(), Mail::default());
    open(&store, "a", 1).await;
    let target = store.checkpoint_target::<Welcome>();
    Projector::with_target(store.clone(), Welcome, target).catch_up().await.expect("it catches up");
    es_core::reactor::ReactorRunner::new(store, WelcomeMail(mail.clone()))
        .catch_up()
        .await
        .expect("it catches up");
    assert_eq!(mail.of("a"), [1]);
}
