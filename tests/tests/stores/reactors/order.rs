//! Each stream in order, with concurrent partitions.

use crate::reactors::support::{Mail, Store, on_every_store, open, runner};

on_every_store!(streams_keep_their_order_in_partitions, repartitioning_repeats_nothing);

async fn streams_keep_their_order_in_partitions<S: Store>(store: S) {
    let keys: Vec<String> = (0..12).map(|key| format!("door-{key}")).collect();
    for revision in 1..=5 {
        for key in &keys {
            open(&store, key, revision).await;
        }
    }
    let mail = Mail::default();
    let runner = runner(&store, &mail).partitions(3).page_size(7);
    runner.catch_up().await.expect("it catches up");
    runner.catch_up().await.expect("it has caught up");
    for key in &keys {
        assert_eq!(mail.of(key), [1, 2, 3, 4, 5], "{key}");
    }
    let status = runner.status().await.expect("a status");
    assert_eq!(status.partitions.len(), 3);
    assert_eq!(status.lag_events(), 0);
}

async fn repartitioning_repeats_nothing<S: Store>(store: S) {
    open(&store, "a", 1).await;
    let mail = Mail::default();
    let one = runner(&store, &mail);
    one.catch_up().await.expect("it catches up");
    one.repartition(2).await.expect("divided");
    open(&store, "a", 2).await;
    let error = one.catch_up().await.expect_err("there are two partitions");
    assert!(error.to_string().contains("has 2 partitions"), "{error}");
    runner(&store, &mail).partitions(2).catch_up().await.expect("it catches up");
    assert_eq!(mail.of("a"), [1, 2]);
}
