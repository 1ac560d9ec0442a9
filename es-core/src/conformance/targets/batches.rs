//! Batches: the fence, and that model and checkpoint are committed together.

use super::tally::{Tally, append, append_to, expected, reading, rows, runner};
use super::{Row, TargetHarness};
use crate::error::StoreError;
use crate::memory::MemoryStore;
use crate::projection::{Batch, Begun, Committed, Partition, ProjectorError, Step, Target};
use crate::record::RawEvent;
use crate::store::{AllQuery, Checkpoint, Filter, ReadAll};

pub(super) type Of<H> = <H as TargetHarness>::Target<Tally<H, 1>>;
pub(super) type BatchOf<H> = <Of<H> as Target<Tally<H, 1>>>::Batch;

/// The model contains each event once, whatever the page size, also after running again.
pub async fn each_event_is_taken_once<H: TargetHarness>(harness: &H) {
    append(harness, "abcabcaabbccabcabc").await;
    let tally = runner::<H, 1>(harness).page_size(5);
    tally.catch_up().await.expect("all events");
    assert_eq!(rows(harness, 1).await, expected("abcabcaabbccabcabc"));
    append(harness, "ab").await;
    for _ in 0..2 {
        runner::<H, 1>(harness).catch_up().await.expect("all events");
        assert_eq!(rows(harness, 1).await, expected("abcabcaabbccabcabcab"));
    }
}

/// A target that is set up, and the checkpoints of its events.
pub(super) async fn prepared<H: TargetHarness>(harness: &H, streams: &str) -> (Of<H>, Vec<Checkpoint>) {
    append(harness, streams).await;
    runner::<H, 1>(harness).prepare().await.expect("set up");
    let mut places = vec![Checkpoint::START];
    let mut take = |raw: RawEvent<'_>| {
        places.push(Checkpoint::behind(raw.position, raw.event_id));
        Ok(())
    };
    let all = Filter::new();
    harness.source().read_all(AllQuery::after(Checkpoint::START, &all), &mut take).await.expect("events");
    (harness.target(), places)
}

async fn begin<H: TargetHarness>(target: &Of<H>, from: Checkpoint, to: Checkpoint) -> Option<BatchOf<H>> {
    let session = target.session().await.expect("a session");
    let step = Step::new(Partition::ALL, from, to, 1, "suite");
    match target.begin(session, &step).await.expect("the fence, open or closed") {
        Begun::Batch(batch) => Some(batch),
        Begun::Overtaken(_) => None,
    }
}

async fn write<H: TargetHarness>(batch: &mut BatchOf<H>, row: &str) {
    H::write(batch.model(), &(row.to_owned(), 1)).await.expect("a row");
}

pub(super) async fn commit<H: TargetHarness>(batch: BatchOf<H>) {
    match batch.commit().await.expect("an end") {
        Committed::Done(_) => {}
        Committed::Refused(_, error) => panic!("{error}"),
    }
}

async fn checkpoint<H: TargetHarness>(target: &Of<H>) -> Checkpoint {
    target.checkpoint(Partition::ALL).await.expect("a checkpoint").0
}

fn row(key: &str) -> Row {
    (key.to_owned(), 1)
}

/// Neither model nor checkpoint has changed, and the next batch starts at the same checkpoint.
pub async fn a_batch_that_is_dropped_leaves_nothing<H: TargetHarness>(harness: &H) {
    let (target, at) = prepared(harness, "ab").await;
    let mut batch = begin::<H>(&target, at[0], at[1]).await.expect("the first batch");
    write::<H>(&mut batch, "a").await;
    drop(batch);
    let batch = begin::<H>(&target, at[0], at[2]).await.expect("the same place");
    assert_eq!((rows(harness, 1).await, checkpoint::<H>(&target).await), (vec![], at[0]));
    commit::<H>(batch).await;
    assert_eq!((rows(harness, 1).await, checkpoint::<H>(&target).await), (vec![], at[2]));
}

/// The same if it is rolled back explicitly.
pub async fn a_batch_that_is_rolled_back_leaves_nothing<H: TargetHarness>(harness: &H) {
    let (target, at) = prepared(harness, "ab").await;
    let mut batch = begin::<H>(&target, at[0], at[1]).await.expect("the first batch");
    write::<H>(&mut batch, "a").await;
    batch.roll_back().await.expect("undone");
    assert_eq!((rows(harness, 1).await, checkpoint::<H>(&target).await), (vec![], at[0]));
    assert!(begin::<H>(&target, at[0], at[1]).await.is_some(), "the same place");
}

/// Nothing of either is visible before the commit, and both are after it.
pub async fn model_and_checkpoint_take_effect_together<H: TargetHarness>(harness: &H) {
    let (target, at) = prepared(harness, "ab").await;
    let mut batch = begin::<H>(&target, at[0], at[1]).await.expect("the first batch");
    write::<H>(&mut batch, "a").await;
    assert_eq!((rows(harness, 1).await, checkpoint::<H>(&target).await), (vec![], at[0]));
    commit::<H>(batch).await;
    assert_eq!((rows(harness, 1).await, checkpoint::<H>(&target).await), (vec![row("a")], at[1]));
}

/// Not before it, not after it, not at another event with its position.
pub async fn a_batch_begins_only_where_the_checkpoint_stands<H: TargetHarness>(harness: &H) {
    let (target, at) = prepared(harness, "abc").await;
    assert!(begin::<H>(&target, at[1], at[2]).await.is_none(), "began after the checkpoint");
    commit::<H>(begin::<H>(&target, at[0], at[1]).await.expect("where it stands")).await;
    assert!(begin::<H>(&target, at[0], at[2]).await.is_none(), "began before the checkpoint");
    let other = Checkpoint::behind(at[1].position(), uuid::Uuid::now_v7());
    assert!(begin::<H>(&target, other, at[2]).await.is_none(), "began at another event");
    assert!(begin::<H>(&target, at[1], at[2]).await.is_some(), "did not begin at the checkpoint");
}

/// Two sessions have read the same page, and one is slower.
pub async fn of_two_batches_from_one_place_one_takes_effect<H: TargetHarness>(harness: &H) {
    let (target, at) = prepared(harness, "ab").await;
    let mut first = begin::<H>(&target, at[0], at[1]).await.expect("the first batch");
    write::<H>(&mut first, "a").await;
    let second = async {
        let mut second = begin::<H>(&target, at[0], at[1]).await?;
        write::<H>(&mut second, "a").await;
        commit::<H>(second).await;
        Some(())
    };
    let (second, ()) = tokio::join!(second, commit::<H>(first));
    assert!(second.is_none(), "both batches have begun");
    assert_eq!((rows(harness, 1).await, checkpoint::<H>(&target).await), (vec![row("a")], at[1]));
}

/// Several programs run one projection.
pub async fn workers_beside_each_other_take_each_event_once<H: TargetHarness>(harness: &H) {
    let streams = "abcde".repeat(12);
    append(harness, &streams).await;
    let run = || async { runner::<H, 1>(harness).page_size(2).catch_up().await.expect("all events") };
    tokio::join!(run(), run(), run());
    assert_eq!(rows(harness, 1).await, expected(&streams));
}

/// Partitions run concurrently, and then their number changes.
pub async fn partitions_take_each_event_once_and_are_divided_anew<H: TargetHarness>(harness: &H) {
    let streams = "abcdefgh".repeat(5);
    append(harness, &streams).await;
    let three = runner::<H, 1>(harness).partitions(3).page_size(3);
    three.catch_up().await.expect("all events");
    assert_eq!(rows(harness, 1).await, expected(&streams));
    let error = runner::<H, 1>(harness).catch_up().await.expect_err("three partitions");
    assert!(matches!(error, ProjectorError::PartitionsDiffer { found: 3, asked: 1, .. }), "{error}");
    three.repartition(2).await.expect("all stand at one place");
    append(harness, "abcdefgh").await;
    let error = three.catch_up().await.expect_err("two partitions");
    assert!(matches!(error, ProjectorError::PartitionsDiffer { found: 2, asked: 3, .. }), "{error}");
    runner::<H, 1>(harness).partitions(2).catch_up().await.expect("all events");
    assert_eq!(rows(harness, 1).await, expected(&format!("{streams}abcdefgh")));
}

/// A program that reads another store by mistake gets an error, which says so, and nothing changes.
pub async fn the_events_of_another_store_are_refused<H: TargetHarness>(harness: &H) {
    let other = MemoryStore::new();
    append_to(&other, "cdecde").await;
    append(harness, "ab").await;
    let tally = runner::<H, 1>(harness);
    tally.catch_up().await.expect("all events");
    for _ in 0..2 {
        let error = reading(harness, &other).catch_up().await.expect_err("another store");
        let is_said = matches!(
            error,
            ProjectorError::Store(StoreError::ForeignCheckpoint { .. }) | ProjectorError::Target(_)
        );
        assert!(is_said && !error.is_retryable(), "{error}");
    }
    append(harness, "a").await;
    tally.catch_up().await.expect("all events");
    assert_eq!(rows(harness, 1).await, expected("aba"));
}
