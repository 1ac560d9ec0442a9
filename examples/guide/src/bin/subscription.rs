//! `cargo run -p guide --bin subscription`
//!
//! All events of one aggregate type, in order, after a checkpoint. Use it for exports and for anything that
//! is not a read model. Store the checkpoint together with the result of the events, and none is missed.
#![allow(missing_docs, reason = "an example to copy, kept short")]

use es_core::store::Checkpoint;
use es_core::subscription::Subscription;
use es_core::{MemoryStore, Repository, StoreError};
use guide::{Account, Deposit, Withdraw};

/// Prints what is new, and returns where to continue.
async fn print_new(store: &MemoryStore, from: Checkpoint) -> Result<Checkpoint, StoreError> {
    let mut events = Subscription::of::<Account>(store.clone()).from(from);
    // `next` in place of `try_next` waits for what is yet to come.
    while let Some(recorded) = events.try_next().await? {
        println!("  {} {} {:?}", recorded.stream.key(), recorded.revision, recorded.event);
    }
    Ok(events.checkpoint())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = MemoryStore::new();
    let accounts = Repository::<Account, _>::new(store.clone());
    accounts.execute("A-17", Deposit(500)).await?;
    accounts.execute("B-4", Deposit(70)).await?;
    println!("from the beginning:");
    let checkpoint = print_new(&store, Checkpoint::START).await?;

    accounts.execute("A-17", Withdraw(120)).await?;
    println!("from the checkpoint:");
    print_new(&store, checkpoint).await?;
    Ok(())
}
