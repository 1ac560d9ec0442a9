//! A cluster of three servers whose leader is killed.

use async_nats::jetstream;
use es_nats::NatsSink;
use es_nats::testing::NatsCluster;

use crate::service::{Loans, Mails, consume, count, publish, published, sink_options, until};

#[tokio::test(flavor = "multi_thread")]
async fn when_the_leader_dies_both_services_continue_with_nothing_lost_or_reordered() {
    let mut cluster = NatsCluster::start(3).await.expect("a cluster");
    let client = async_nats::ConnectOptions::new()
        .reconnect_delay_callback(|_| std::time::Duration::from_millis(50))
        .connect(cluster.urls())
        .await
        .expect("the cluster is there");
    let (loans, mails) = (Loans::default(), Mails::new());
    let options = || sink_options().stream(|stream| stream.num_replicas = 3);
    let mut sink = None;
    while sink.is_none() {
        // The servers may not have found each other yet.
        sink = NatsSink::create(client.clone(), options()).await.ok();
    }
    loans.approve_all(20, 50).await;
    let publishing = publish(&loans, sink.expect("a sink"));
    let consuming = consume(&mails, client.clone());
    until("some are published", || async { count(&client).await >= 100 }).await;
    let context = jetstream::new(client.clone());
    let stream = context.get_stream("loans").await.expect("a stream");
    let leader = stream.cached_info().cluster.as_ref().and_then(|cluster| cluster.leader.clone());
    let leader = leader.expect("a leader");
    cluster.server(&leader).expect("one of three").kill().await.expect("it is killed");
    until("all are published", || async { count(&client).await >= 1000 }).await;
    until("all are consumed", || async { mails.are(20, 50).await }).await;
    publishing.abort();
    consuming.abort();
    let all = published(&client).await;
    assert!(all.values().all(|cents| *cents == (101..=150).collect::<Vec<_>>()), "{all:?}");
}
