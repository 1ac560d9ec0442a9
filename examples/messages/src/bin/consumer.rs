//! Run it: `cargo run -p messages --bin consumer`, after `cargo xtask setup` has fetched nats-server.
//!
//! A service that keeps a budget. Each approval by the loan service becomes a command on it, with the
//! message's id as the command id, so a message that is delivered twice takes effect once.

use es_core::messaging::{Consumer, Message, MessageSink};
use es_core::projection::OnFailure;
use es_core::reactor::{React, Reactor};
use es_core::record::BoxError;
use es_core::uuid::Uuid;
use es_core::{
    Aggregate, Apply, Events, ExecuteOptions, Handle, MemoryStore, Recorded, Repository, StreamId, emit,
    event,
};
use es_nats::async_nats;
use es_nats::testing::NatsServer;
use es_nats::{NatsSink, NatsSource, SinkOptions, SourceOptions};

/// The public event of the other service. The two can share this struct, or each declare its own.
#[event(name = "loan.approved")]
struct LoanApproved {
    euros: u64,
}

#[event(name = "spent")]
struct Spent {
    euros: u64,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "budget", id = String, events(Spent))]
struct Budget {
    spent: u64,
}

impl Apply<Spent> for Budget {
    fn apply(&mut self, event: Spent) {
        self.spent += event.euros;
    }
}

struct Spend {
    euros: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("the budget is exhausted")]
struct IsSpent;

impl Handle<Spend> for Budget {
    type Error = IsSpent;

    fn handle(&self, command: &Spend) -> Result<Events<Self>, IsSpent> {
        if self.spent + command.euros > 20_000 {
            return Err(IsSpent);
        }
        emit(Spent { euros: command.euros })
    }
}

#[derive(Reactor)]
#[reactor(name = "budget", events(LoanApproved))]
struct Spending {
    budgets: Repository<Budget, MemoryStore>,
}

impl React<LoanApproved> for Spending {
    async fn react(&self, event: &Recorded<LoanApproved>) -> Result<(), BoxError> {
        let spend = Spend { euros: event.event.euros };
        // `for_event` makes the message's id the command id.
        let executed = self.budgets.execute_with("2026", spend, ExecuteOptions::for_event(event)).await?;
        let again = if executed.repeated { " (repeated)" } else { "" };
        println!("{}: {} euros{again}", event.stream, event.event.euros);
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let server = NatsServer::start().await?;
    let client = async_nats::connect(server.url()).await?;
    let store = MemoryStore::new();
    let budgets = Repository::new(store.clone());

    // The messages of the other service. One of them is in a second stream too, as if it had been sent twice.
    let sink = NatsSink::create(client.clone(), SinkOptions::new("loans")).await?;
    let mut first = None;
    for (loan, euros) in [("L-1", 5_000), ("L-2", 12_500), ("L-3", 9_000)] {
        let stream = StreamId::new("loan", loan)?;
        let payload = format!("{{\"euros\":{euros}}}").into_bytes();
        let message = Message::new(Uuid::now_v7(), stream, "loan.approved", 1, payload);
        sink.send(&message).await?.await?;
        first.get_or_insert(message);
    }
    let second = NatsSink::create(client.clone(), SinkOptions::new("again").prefix("again")).await?;
    if let Some(message) = first {
        second.send(&message).await?.await?;
    }

    for stream in ["loans", "again"] {
        let source = NatsSource::new(client.clone(), SourceOptions::new(stream, "budget"));
        let spending = Spending { budgets: budgets.clone() };
        // A message that fails is parked with the reason, and so are later ones of its stream.
        let consumer = Consumer::new(source, spending, store.clone()).on_failure(OnFailure::Park);
        // A service calls `run`; this program ends when all messages are settled.
        consumer.run_until(settled(&client, stream)).await?;
        if stream == "loans" {
            for letter in consumer.dead_letters().await? {
                println!("parked after {} attempt: {}", letter.attempts, letter.reason);
            }
        }
    }
    println!("spent: {} euros", budgets.load("2026").await?.state.spent);
    Ok(())
}

/// Resolves when the consumer has settled every message in the stream.
async fn settled(client: &async_nats::Client, stream: &str) {
    let context = async_nats::jetstream::new(client.clone());
    loop {
        if let Ok(stream) = context.get_stream(stream).await
            && let Ok(info) = stream.consumer_info("budget").await
            && info.num_pending == 0
            && info.num_ack_pending == 0
        {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
