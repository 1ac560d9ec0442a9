//! `cargo run -p guide --bin time_travel`
//!
//! The state after any event, or at any moment. Take a revision to see what a command has decided on, and a
//! time to answer questions such as "what was the balance at the end of March?".
#![allow(missing_docs, reason = "an example to copy, kept short")]

use es_core::{ExecuteOptions, MemoryStore, Metadata, Recorded, Repository};
use guide::{Account, AccountEvent, Deposit};
use time::macros::datetime;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let accounts = Repository::<Account, _>::new(MemoryStore::new());
    let id = "A-17".to_owned();
    let bookings = [
        (datetime!(2026-03-02 9:00 UTC), 500),
        (datetime!(2026-03-30 9:00 UTC), 70),
        (datetime!(2026-04-01 9:00 UTC), 5),
    ];
    for (time, cents) in bookings {
        // An event happened when it was recorded, unless this says otherwise.
        let options = ExecuteOptions::new().metadata(Metadata::new().occurred_at(time));
        accounts.execute_with(&id, Deposit(cents), options).await?;
    }

    let print = |recorded: Recorded<AccountEvent>| {
        println!("{}  {}  {:?}", recorded.revision, recorded.occurred_at().date(), recorded.event);
        Ok(())
    };
    accounts.history(&id, .., print).await?;
    println!("at revision 1: {:?}", accounts.load_at(&id, 1).await?.state);
    let end_of_march = datetime!(2026-03-31 23:59:59 UTC);
    println!("at the end of March: {:?}", accounts.load_as_of(&id, end_of_march).await?.state);
    println!("now: {:?}", accounts.load(&id).await?.state);
    Ok(())
}
