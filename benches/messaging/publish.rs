//! Publishing to JetStream on this machine, against the client of NATS alone, with the same payloads, ids and
//! window of acknowledgements.

use std::collections::VecDeque;
use std::time::Instant;

use async_nats::Client;
use async_nats::jetstream::{self, message::PublishMessage};
use es_core::messaging::{Publish, Publisher, PublisherRunner};
use es_core::uuid::Uuid;
use es_core::{Recorded, event};
use es_nats::testing::NatsServer;
use es_nats::{NatsSink, SinkOptions};

use crate::domain::Placed;
use crate::fill::{Orders, with_orders};
use crate::report::Table;
use crate::stores::Stores;
use crate::{Result, Settings, all_done, rate};

const EVENTS: u64 = 100_000;
/// The number of messages that wait for acknowledgements.
const WINDOW: usize = 256;
const STREAM: &str = "orders";

/// The public event of an order, of the same size.
#[event(name = "order.public")]
pub(crate) struct Public {
    pub(crate) account: String,
    pub(crate) cents: i64,
    pub(crate) reference: String,
}

#[derive(Publisher)]
#[publisher(name = "order-feed", events(Placed))]
struct OrderFeed;

impl Publish<Placed> for OrderFeed {
    type Public = Public;

    fn publish(&self, event: &Recorded<Placed>) -> Option<Public> {
        let Placed { account, cents, reference } = &event.event;
        Some(Public { account: account.clone(), cents: *cents, reference: reference.clone() })
    }
}

pub(crate) async fn run<S: Stores>(stores: &S, settings: &Settings, table: &mut Table) -> Result<()> {
    let case = format!("publish to JetStream, {} (floor: async-nats alone)", S::NAME);
    if !settings.wants(&case) {
        return Ok(());
    }
    let events = settings.size(EVENTS);
    let server = NatsServer::start().await?;
    let client = async_nats::connect(server.url()).await?;
    let mut pairs = Vec::new();
    for time in 0..=settings.times {
        let by_hand = by_hand(&client, events).await?;
        let store = stores.empty().await?;
        with_orders(&store, Orders { events, events_a_stream: 100 }).await?;
        stores.filled(&store).await?;
        let sink = NatsSink::create(client.clone(), SinkOptions::new(STREAM)).await?;
        let runner = PublisherRunner::new(store.clone(), OrderFeed, sink).window(WINDOW);
        let start = Instant::now();
        runner.catch_up().await?;
        let published = rate(events, start);
        drop_stream(&client, events).await?;
        stores.drop(store).await?;
        if time > 0 {
            pairs.push((by_hand, published));
        }
    }
    table.rates(&case, "messages/s", &pairs, 0.7);
    Ok(())
}

async fn by_hand(client: &Client, events: u64) -> Result<f64> {
    // The same stream as the sink creates it.
    NatsSink::create(client.clone(), SinkOptions::new(STREAM)).await?;
    let context = jetstream::new(client.clone());
    let start = Instant::now();
    let mut sent = VecDeque::with_capacity(WINDOW);
    for number in 0..events {
        if sent.len() >= WINDOW
            && let Some(oldest) = sent.pop_front()
        {
            acknowledged(oldest).await?;
        }
        let Placed { account, cents, reference } = Placed::new(i64::try_from(number % 100)? + 1);
        let payload = serde_json::to_vec(&Public { account, cents, reference })?;
        let message = PublishMessage::build().payload(payload.into()).message_id(Uuid::now_v7().to_string());
        sent.push_back(context.send_publish("es.order.order.public", message).await?);
    }
    for oldest in sent {
        acknowledged(oldest).await?;
    }
    let published = rate(events, start);
    drop_stream(client, events).await?;
    Ok(published)
}

async fn acknowledged(sent: jetstream::context::PublishAckFuture) -> Result<()> {
    sent.await?;
    Ok(())
}

/// Drops the stream after checking that it is complete.
async fn drop_stream(client: &Client, events: u64) -> Result<()> {
    let context = jetstream::new(client.clone());
    let stored = context.get_stream(STREAM).await?.get_info().await?.state.messages;
    context.delete_stream(STREAM).await?;
    all_done("messages in the stream", stored, events)
}
