//! Two services for the tests: one publishes approvals of loans, the other queues a mail for each.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream;
use es_core::messaging::{Consumer, Message, Publish, Publisher, PublisherRunner};
use es_core::reactor::{React, Reactor};
use es_core::record::{BoxError, NewEvent};
use es_core::store::{Append, AppendOutcome};
use es_core::{
    Aggregate, Apply, EventStore, Events, ExecuteOptions, Handle, MemoryStore, Metadata, Recorded,
    Repository, Revision, StreamId, emit, event,
};
use es_nats::{NatsSink, NatsSource, SinkOptions, SourceOptions};

#[event(name = "approved")]
pub struct Approved {
    pub cents: u64,
}

#[event(name = "loan.approved")]
pub struct LoanApproved {
    pub cents: u64,
    pub note: String,
}

/// Publishes each approval; those of [`LARGE`] cents with a note of one megabyte.
#[derive(Publisher)]
#[publisher(name = "loan-feed", events(Approved))]
pub struct LoanFeed;

/// Approvals of this many cents become messages that are larger than a server accepts.
pub const LARGE: u64 = 1_000_000;

impl Publish<Approved> for LoanFeed {
    type Public = LoanApproved;

    fn publish(&self, event: &Recorded<Approved>) -> Option<LoanApproved> {
        let cents = event.event.cents;
        let note = "x".repeat(if cents == LARGE { 1 << 20 } else { 0 });
        Some(LoanApproved { cents, note })
    }
}

#[event(name = "mail.queued")]
pub struct Queued {
    pub cents: u64,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "mailbox", id = String, events(Queued))]
pub struct Mailbox {
    pub all: Vec<u64>,
}

impl Apply<Queued> for Mailbox {
    fn apply(&mut self, event: Queued) {
        self.all.push(event.cents);
    }
}

pub struct Queue(u64);

impl Handle<Queue> for Mailbox {
    type Error = std::convert::Infallible;

    fn handle(&self, command: &Queue) -> Result<Events<Self>, Self::Error> {
        emit(Queued { cents: command.0 })
    }
}

/// Queues a mail for each approval, and fails on approvals of 13 cents.
#[derive(Clone, Reactor)]
#[reactor(name = "notifier", events(LoanApproved))]
pub struct Notifier {
    pub mailboxes: Repository<Mailbox, MemoryStore>,
}

impl React<LoanApproved> for Notifier {
    async fn react(&self, event: &Recorded<LoanApproved>) -> Result<(), BoxError> {
        if event.event.cents == 13 {
            return Err("unlucky".into());
        }
        let key = event.stream.key().to_owned();
        self.mailboxes.execute_with(&key, Queue(event.event.cents), ExecuteOptions::for_event(event)).await?;
        Ok(())
    }
}

/// The service that publishes.
#[derive(Clone, Default)]
pub struct Loans {
    pub store: MemoryStore,
}

impl Loans {
    pub async fn approve(&self, key: &str, revision: u64, cents: u64) {
        let stream = StreamId::new("loan", key).expect("a stream id");
        let payload = format!("{{\"cents\":{cents}}}").into_bytes();
        let events = [NewEvent::new("approved", 1, payload, Arc::new(Metadata::new()))];
        let outcome = self.store.append(Append::new(&stream, Revision::new(revision - 1), &events)).await;
        assert!(matches!(outcome, Ok(AppendOutcome::Appended(_))), "{outcome:?}");
    }

    /// Records this number of approvals of each of this number of loans, round-robin. The cents are the
    /// revision plus 100.
    pub async fn approve_all(&self, loans: u64, approvals: u64) {
        for revision in 1..=approvals {
            for loan in 0..loans {
                self.approve(&format!("L-{loan}"), revision, revision + 100).await;
            }
        }
    }
}

/// The service that consumes.
#[derive(Clone)]
pub struct Mails {
    pub store: MemoryStore,
    pub notifier: Notifier,
}

impl Mails {
    pub fn new() -> Self {
        let store = MemoryStore::new();
        Self { notifier: Notifier { mailboxes: Repository::new(store.clone()) }, store }
    }

    pub async fn of(&self, key: &str) -> Vec<u64> {
        self.notifier.mailboxes.load(&key.to_owned()).await.expect("a mailbox").state.all
    }

    /// Whether each loan has a mail for each of its approvals, in order.
    pub async fn are(&self, loans: u64, approvals: u64) -> bool {
        for loan in 0..loans {
            let mails = self.of(&format!("L-{loan}")).await;
            assert!(
                mails.iter().copied().eq((101..).take(mails.len())),
                "out of order or repeated: {mails:?}"
            );
            if (mails.len() as u64) < approvals {
                return false;
            }
        }
        true
    }

    pub fn consumer(&self, client: async_nats::Client) -> Consumer<Notifier, NatsSource, MemoryStore> {
        let options = SourceOptions::new("loans", "notifier").ack_wait(Duration::from_secs(2));
        let source = NatsSource::new(client, options.request_timeout(Duration::from_secs(1)));
        Consumer::new(source, self.notifier.clone(), self.store.clone())
    }
}

pub fn sink_options() -> SinkOptions {
    SinkOptions::new("loans").ack_timeout(Duration::from_secs(1))
}

pub async fn client(url: &str) -> async_nats::Client {
    let options = async_nats::ConnectOptions::new();
    let options = options.reconnect_delay_callback(|_| Duration::from_millis(50));
    options.connect(url).await.expect("a connection")
}

/// Publishes in a task, until it is aborted.
pub fn publish(loans: &Loans, sink: NatsSink) -> tokio::task::JoinHandle<()> {
    let runner = PublisherRunner::new(loans.store.clone(), LoanFeed, sink);
    let runner = runner.reactor(|reactor| reactor.lease(Duration::from_secs(2)));
    tokio::spawn(async move { runner.run().await.expect("it publishes") })
}

pub fn consume(mails: &Mails, client: async_nats::Client) -> tokio::task::JoinHandle<()> {
    let consumer = mails.consumer(client);
    tokio::spawn(async move { consumer.run().await.expect("it consumes") })
}

/// Waits until a condition holds.
pub async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let waited = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), waited)
        .await
        .unwrap_or_else(|_| panic!("timed out: {what}"));
}

/// The messages in the stream, in order.
pub async fn messages(client: &async_nats::Client) -> Vec<Message> {
    let jetstream = jetstream::new(client.clone());
    let stream = jetstream.get_stream("loans").await.expect("a stream");
    let state = &stream.cached_info().state;
    let mut all = Vec::new();
    if state.messages == 0 {
        return all;
    }
    for sequence in state.first_sequence..=state.last_sequence {
        let message = stream.get_raw_message(sequence).await.expect("a message");
        all.push(es_nats::read_message(&message.headers, &message.payload).expect("a message"));
    }
    all
}

/// The cents of each loan's messages in the stream, in order.
pub async fn published(client: &async_nats::Client) -> BTreeMap<String, Vec<u64>> {
    let (mut all, mut ids) = (BTreeMap::<String, Vec<u64>>::new(), BTreeSet::new());
    for message in messages(client).await {
        assert!(ids.insert(message.id), "{message:?} is stored twice");
        let public: LoanApproved = serde_json::from_slice(&message.payload).expect("a public event");
        all.entry(message.stream.key().to_owned()).or_default().push(public.cents);
    }
    all
}

pub async fn count(client: &async_nats::Client) -> u64 {
    let jetstream = jetstream::new(client.clone());
    jetstream.get_stream("loans").await.map_or(0, |stream| stream.cached_info().state.messages)
}
