//! Leases of partitions: one owner at a time, and only the latest owner moves the checkpoint (a fencing
//! token).

use std::time::Duration;

use super::TargetHarness;
use super::batches::{Of, prepared};
use super::tally::{append, expected, rows, runner};
use crate::projection::{Begun, Claim, Claimed, Partition, Setting, Step, Target};
use crate::store::Checkpoint;

const LONG: Duration = Duration::from_secs(3600);

async fn claim<H: TargetHarness>(target: &Of<H>, claim: &Claim<'_>) -> Claimed {
    target.claim(Partition::ALL, claim).await.expect("an answer")
}

/// The epoch of a lease that is granted.
async fn given<H: TargetHarness>(target: &Of<H>, wanted: &Claim<'_>) -> u64 {
    match claim::<H>(target, wanted).await {
        Claimed::Lease { epoch } => epoch,
        Claimed::Taken { rest } => panic!("{} has to wait for {rest:?}", wanted.owner),
    }
}

async fn is_taken<H: TargetHarness>(target: &Of<H>, wanted: &Claim<'_>) -> Duration {
    match claim::<H>(target, wanted).await {
        Claimed::Taken { rest } => rest,
        Claimed::Lease { epoch } => panic!("{} gets the lease {epoch} of another worker", wanted.owner),
    }
}

/// Nobody else gets it before it expires, and its owner renews it with the same epoch.
pub async fn a_partition_is_of_one_worker_at_a_time<H: TargetHarness>(harness: &H) {
    let (target, _) = prepared(harness, "a").await;
    let first = given::<H>(&target, &Claim::new("first", LONG)).await;
    assert!(first > 0, "0 is not a valid epoch");
    let rest = is_taken::<H>(&target, &Claim::new("second", LONG)).await;
    assert!(rest > LONG / 2 && rest <= LONG, "{rest:?}");
    assert_eq!(given::<H>(&target, &Claim::new("first", LONG).held(Some(first))).await, first);
    is_taken::<H>(&target, &Claim::new("second", LONG).held(Some(first + 1))).await;
}

/// Its owner may renew it for as long as nobody else has claimed it; after that it belongs to the other one.
pub async fn an_expired_lease_goes_to_the_next_worker<H: TargetHarness>(harness: &H) {
    let (target, _) = prepared(harness, "a").await;
    let short = Duration::from_micros(1);
    let first = given::<H>(&target, &Claim::new("first", short)).await;
    assert_eq!(given::<H>(&target, &Claim::new("first", short).held(Some(first))).await, first);
    let second = loop {
        match claim::<H>(&target, &Claim::new("second", LONG)).await {
            Claimed::Lease { epoch } => break epoch,
            Claimed::Taken { rest } => assert!(rest <= short, "it expired, but {rest:?} are left"),
        }
        tokio::task::yield_now().await;
    };
    assert!(second > first, "the owner after {first} has the epoch {second}");
    is_taken::<H>(&target, &Claim::new("first", LONG).held(Some(first))).await;
}

/// At once, and only by its owner.
pub async fn a_lease_is_released_by_its_owner<H: TargetHarness>(harness: &H) {
    let (target, _) = prepared(harness, "a").await;
    let first = given::<H>(&target, &Claim::new("first", LONG)).await;
    target.release(Partition::ALL, first).await.expect("released");
    let second = given::<H>(&target, &Claim::new("second", LONG)).await;
    assert!(second > first, "the owner after {first} has the epoch {second}");
    target.release(Partition::ALL, first).await.expect("nothing to release");
    is_taken::<H>(&target, &Claim::new("third", LONG)).await;
}

/// Whether or not the checkpoint has moved since.
pub async fn only_the_last_owner_moves_the_checkpoint<H: TargetHarness>(harness: &H) {
    let (target, at) = prepared(harness, "ab").await;
    let begins = async |epoch, from, to| {
        let session = target.session().await.expect("a session");
        let step = Step::new(Partition::ALL, from, to, 1, "suite").epoch(Some(epoch));
        match target.begin(session, &step).await.expect("the fence, open or closed") {
            Begun::Batch(batch) => Some(batch),
            Begun::Overtaken(_) => None,
        }
    };
    let first = given::<H>(&target, &Claim::new("first", LONG)).await;
    let batch = begins(first, at[0], at[1]).await.expect("the first batch");
    super::batches::commit::<H>(batch).await;
    target.release(Partition::ALL, first).await.expect("released");
    // An expired lease is no reason to stop, as long as nobody else has claimed the partition.
    drop(begins(first, at[1], at[2]).await.expect("the same owner"));
    let second = given::<H>(&target, &Claim::new("second", LONG)).await;
    assert!(begins(first, at[1], at[2]).await.is_none(), "an older owner moves the checkpoint");
    assert!(begins(second, at[1], at[2]).await.is_some(), "the owner does not move the checkpoint");
}

/// No former owner has the epoch of one that comes after the repartitioning.
pub async fn epochs_continue_where_partitions_are_divided_anew<H: TargetHarness>(harness: &H) {
    let (target, _) = prepared(harness, "a").await;
    let first = given::<H>(&target, &Claim::new("first", LONG)).await;
    runner::<H, 1>(harness).repartition(2).await.expect("divided");
    let partition = Partition::new(0, 2);
    let error = target.claim(Partition::ALL, &Claim::new("first", LONG).held(Some(first))).await;
    assert!(error.is_err(), "the partition still exists: {error:?}");
    match target.claim(partition, &Claim::new("second", LONG)).await.expect("an answer") {
        Claimed::Lease { epoch } => assert!(epoch > first, "{epoch} was already used"),
        Claimed::Taken { rest } => panic!("a new partition is taken for {rest:?}"),
    }
}

/// The start applies to checkpoints that are created, and moves no existing one.
pub async fn a_start_holds_when_checkpoints_are_made<H: TargetHarness>(harness: &H) {
    append(harness, "abc").await;
    let start = harness_head(harness).await;
    append(harness, "de").await;
    let (target, tally): (Of<H>, _) = (harness.target(), runner::<H, 1>(harness));
    let made = target.prepare(&*tally.projection(), Setting::partitions(1).start(start)).await;
    made.expect("set up");
    assert_eq!(target.checkpoint(Partition::ALL).await.expect("a checkpoint").0, start);
    let again = target.prepare(&*tally.projection(), Setting::partitions(1)).await;
    again.expect("it is there");
    assert_eq!(target.checkpoint(Partition::ALL).await.expect("a checkpoint").0, start, "it was moved");
    tally.catch_up().await.expect("all events");
    assert_eq!(rows(harness, 1).await, expected("de"));
}

async fn harness_head<H: TargetHarness>(harness: &H) -> Checkpoint {
    crate::store::ReadAll::end(&harness.source()).await.expect("a head")
}
