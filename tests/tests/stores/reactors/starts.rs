//! Where a reactor starts, and how it goes back.

use es_core::projection::ProjectorError;
use es_core::reactor::Start;
use es_core::store::Checkpoint;
use es_core::{Position, StoreError};

use crate::reactors::support::{Mail, Store, on_every_store, open, runner};

on_every_store!(
    a_start_from_now_begins_after_existing_events_and_skips_no_later_ones,
    a_start_from_a_checkpoint_begins_after_it,
    a_checkpoint_of_another_store_is_refused,
    going_back_repeats_all_reactions,
    going_back_is_rejected_if_it_would_lose_or_repeat_something,
);

async fn a_start_from_now_begins_after_existing_events_and_skips_no_later_ones<S: Store>(store: S) {
    open(&store, "a", 1).await;
    let mail = Mail::default();
    let runner = runner(&store, &mail).start(Start::Now);
    runner.prepare().await.expect("set up");
    open(&store, "a", 2).await;
    // Each as a program that was restarted, for which "now" is later.
    for revision in 3..=4 {
        runner.catch_up().await.expect("it catches up");
        open(&store, "a", revision).await;
    }
    runner.catch_up().await.expect("it catches up");
    assert_eq!(mail.of("a"), [2, 3, 4]);
}

async fn a_start_from_a_checkpoint_begins_after_it<S: Store>(store: S) {
    open(&store, "a", 1).await;
    let checkpoint = store.end().await.expect("a head");
    open(&store, "a", 2).await;
    let mail = Mail::default();
    runner(&store, &mail).start(Start::After(checkpoint)).catch_up().await.expect("it catches up");
    assert_eq!(mail.of("a"), [2]);
}

async fn a_checkpoint_of_another_store_is_refused<S: Store>(store: S) {
    open(&store, "a", 1).await;
    let mail = Mail::default();
    let foreign = Checkpoint::behind(Position::new(1), es_core::uuid::Uuid::now_v7());
    let error = runner(&store, &mail).start(Start::After(foreign)).prepare().await;
    let error = error.expect_err("not a checkpoint of this store");
    assert!(matches!(error, ProjectorError::Store(StoreError::ForeignCheckpoint { .. })), "{error}");
    let error = runner(&store, &mail).status().await.expect_err("nothing was set up");
    assert!(matches!(error, ProjectorError::NotSetUp { .. }), "{error}");
}

async fn going_back_repeats_all_reactions<S: Store>(store: S) {
    open(&store, "a", 1).await;
    let checkpoint = store.end().await.expect("a head");
    open(&store, "a", 2).await;
    let mail = Mail::default();
    let runner = runner(&store, &mail);
    runner.catch_up().await.expect("it catches up");
    runner.rewind_to(Start::After(checkpoint)).await.expect("it goes back");
    runner.catch_up().await.expect("it catches up");
    assert_eq!(mail.of("a"), [1, 2, 2]);
    runner.rewind_to(Start::Beginning).await.expect("it goes back");
    runner.catch_up().await.expect("it catches up");
    assert_eq!(mail.of("a"), [1, 2, 2, 1, 2]);
}

async fn going_back_is_rejected_if_it_would_lose_or_repeat_something<S: Store>(store: S) {
    open(&store, "a", 1).await;
    let mail = Mail::default().held("a", 2);
    let runner = runner(&store, &mail);
    runner.catch_up().await.expect("it catches up");
    open(&store, "a", 2).await;
    let error = runner.rewind_to(Start::Now).await.expect_err("that is not back");
    assert!(matches!(error, ProjectorError::NotBack { .. }), "{error}");
    let working = runner.clone().owner("another one");
    let working = tokio::spawn(async move { working.catch_up().await });
    mail.at_gate.pass().await;
    let error = runner.rewind_to(Start::Beginning).await.expect_err("a worker is there");
    assert!(matches!(error, ProjectorError::Leased { partition: 0, .. }), "{error}");
    mail.gate.open(1);
    working.await.expect("no panic").expect("it catches up");
    assert_eq!(mail.of("a"), [1, 2]);
}
