//! `cargo run -p guide --bin idempotent_command`
//!
//! A command with an id is executed once, however often it is sent. Take the id from the caller that may
//! retry: a form, a message, a queue.
#![allow(missing_docs, reason = "an example to copy, kept short")]

use es_core::uuid::Uuid;
use es_core::{ExecuteOptions, Repository};
use es_sqlite::SqliteStore;
use guide::{Account, Deposit};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let accounts = Repository::<Account, _>::new(SqliteStore::in_memory().await?);
    let id = "A-17".to_owned();
    let command_id = Uuid::now_v7();
    for attempt in ["first", "second"] {
        let options = ExecuteOptions::new().command_id(command_id);
        let done = accounts.execute_with(&id, Deposit(500), options).await?;
        println!("{attempt}: revision {}, repeated: {}", done.revision, done.repeated);
    }
    println!("{:?}", accounts.load(&id).await?.state);
    Ok(())
}
