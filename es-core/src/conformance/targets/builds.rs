//! Builds that exist side by side, and the status.

use super::TargetHarness;
use super::tally::{append, expected, published, rows, runner};
use crate::projection::ProjectorError;

/// The first build is published at once; the next one is built from the first event, and published once it
/// has caught up.
pub async fn a_build_is_made_beside_the_published_one<H: TargetHarness>(harness: &H) {
    append(harness, "abc").await;
    runner::<H, 1>(harness).catch_up().await.expect("all events");
    assert_eq!(published(harness).await, expected("abc"));
    let next = runner::<H, 2>(harness).publish_when_caught_up(false);
    next.prepare().await.expect("set up");
    append(harness, "a").await;
    next.catch_up().await.expect("all events");
    assert_eq!((rows(harness, 1).await, rows(harness, 2).await), (expected("abc"), expected("abca")));
    assert_eq!(published(harness).await, expected("abc"), "readers see the old one");
    runner::<H, 2>(harness).catch_up().await.expect("published");
    assert_eq!(published(harness).await, expected("abca"));
    assert_eq!(next.status().await.expect("a status").live, Some(2));
    runner::<H, 1>(harness).publish().await.expect("a later one is seen");
    assert_eq!(published(harness).await, expected("abca"));
}

/// Readers never go back to an earlier position.
pub async fn a_build_that_is_behind_is_not_published<H: TargetHarness>(harness: &H) {
    append(harness, "ab").await;
    runner::<H, 1>(harness).catch_up().await.expect("all events");
    let next = runner::<H, 2>(harness);
    next.prepare().await.expect("set up");
    let error = next.publish().await.expect_err("it has no event");
    assert!(matches!(error, ProjectorError::BuildBehind { .. }), "{error}");
    assert_eq!(published(harness).await, expected("ab"));
}

/// An old build can be dropped, with everything that belongs to it.
pub async fn a_published_build_is_not_dropped<H: TargetHarness>(harness: &H) {
    append(harness, "ab").await;
    let (old, new) = (runner::<H, 1>(harness), runner::<H, 2>(harness));
    old.catch_up().await.expect("all events");
    let error = old.drop_build(1).await.expect_err("readers see it");
    assert!(matches!(error, ProjectorError::BuildLive { live: 1, .. }), "{error}");
    new.catch_up().await.expect("all events");
    new.drop_build(1).await.expect("an old one");
    let error = old.status().await.expect_err("it is gone");
    assert!(matches!(error, ProjectorError::NotSetUp { .. }), "{error}");
    assert_eq!(published(harness).await, expected("ab"));
}

/// A projection that is not set up has no status.
pub async fn the_status_says_how_far_it_is<H: TargetHarness>(harness: &H) {
    let tally = runner::<H, 1>(harness).owner("suite");
    let error = tally.status().await.expect_err("not set up");
    assert!(matches!(error, ProjectorError::NotSetUp { .. }), "{error}");
    append(harness, "abc").await;
    tally.catch_up().await.expect("all events");
    let status = tally.status().await.expect("a status");
    assert_eq!((status.partitions.len(), status.live, status.dead_letters), (1, Some(1), 0));
    assert_eq!((status.position(), status.lag_events()), (status.head, 0));
    assert_eq!((status.partitions[0].projected, status.partitions[0].owner.as_deref()), (3, Some("suite")));
    append(harness, "ab").await;
    let status = tally.status().await.expect("a status");
    assert!(status.position() < status.head && status.lag_events() >= 2, "{status:?}");
}
