//! Run it: `cargo run -p messages --bin publisher`, after `cargo xtask setup` has fetched nats-server.
//!
//! A service that approves loans. Its stored events are private; the public events that it publishes to
//! JetStream have other names and shapes. The publisher resumes from its checkpoint.

use es_core::messaging::{Publish, Publisher, PublisherRunner};
use es_core::record::BoxError;
use es_core::{Aggregate, Apply, Events, Handle, MemoryStore, Recorded, Repository, emit, event};
use es_nats::async_nats::{self, jetstream};
use es_nats::testing::NatsServer;
use es_nats::{NatsSink, SinkOptions, read_message};

/// A private event: this service can change it without asking others.
#[event(name = "approved")]
struct Approved {
    cents: u64,
    clerk: String,
}

/// A private event that is not published at all.
#[event(name = "note-taken")]
struct NoteTaken {
    text: String,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "loan", id = String, events(Approved, NoteTaken))]
struct Loan {
    approved: u64,
    notes: usize,
}

impl Apply<Approved> for Loan {
    fn apply(&mut self, event: Approved) {
        self.approved = event.cents;
    }
}

impl Apply<NoteTaken> for Loan {
    fn apply(&mut self, event: NoteTaken) {
        self.notes += event.text.len().min(1);
    }
}

struct Approve {
    cents: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("the loan is already approved")]
struct IsApproved;

impl Handle<Approve> for Loan {
    type Error = IsApproved;

    fn handle(&self, command: &Approve) -> Result<Events<Self>, IsApproved> {
        if self.approved > 0 {
            return Err(IsApproved);
        }
        emit(Approved { cents: command.cents, clerk: String::from("clerk-112") })
    }
}

struct TakeNote(String);

impl Handle<TakeNote> for Loan {
    type Error = std::convert::Infallible;

    fn handle(&self, command: &TakeNote) -> Result<Events<Self>, Self::Error> {
        emit(NoteTaken { text: command.0.clone() })
    }
}

/// A public event: other services rely on it, so a project locks its shape with
/// `lock_test!(Loan; publishers: LoanFeed)`.
#[event(name = "loan.approved")]
struct LoanApproved {
    euros: u64,
}

#[derive(Publisher)]
#[publisher(name = "loan-feed", events(Approved, NoteTaken))]
struct LoanFeed;

impl Publish<Approved> for LoanFeed {
    type Public = LoanApproved;

    fn publish(&self, event: &Recorded<Approved>) -> Option<LoanApproved> {
        let Approved { cents, clerk: _ } = event.event;
        Some(LoanApproved { euros: cents / 100 })
    }
}

impl Publish<NoteTaken> for LoanFeed {
    type Public = LoanApproved;

    fn publish(&self, _: &Recorded<NoteTaken>) -> Option<LoanApproved> {
        None
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let store = MemoryStore::new();
    let loans = Repository::<Loan, _>::new(store.clone());
    for (id, cents) in [("L-1", 500_000), ("L-2", 1_250_000)] {
        loans.execute(&id.to_owned(), TakeNote(String::from("he seems nice"))).await?;
        loans.execute(&id.to_owned(), Approve { cents }).await?;
    }

    let server = NatsServer::start().await?;
    let client = async_nats::connect(server.url()).await?;
    let sink = NatsSink::create(client.clone(), SinkOptions::new("loans")).await?;
    // A service calls `run`, which also publishes later events.
    PublisherRunner::new(store, LoanFeed, sink).catch_up().await?;

    let stream = jetstream::new(client).get_stream("loans").await?;
    for sequence in 1..=stream.cached_info().state.messages {
        let stored = stream.get_raw_message(sequence).await?;
        let message = read_message(&stored.headers, &stored.payload)?;
        let payload = String::from_utf8_lossy(&message.payload);
        println!("{} of {}#{}: {payload}", stored.subject, message.stream, message.revision);
    }
    Ok(())
}
