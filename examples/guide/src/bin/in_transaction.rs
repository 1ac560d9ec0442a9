//! `cargo run -p guide --bin in_transaction`
//!
//! Events and your own rows, committed together or not at all. Use it if a table that is not a
//! read model, such as one of another library, has to match the events.
#![allow(missing_docs, reason = "an example to copy, kept short")]

use es_core::{ExecuteOptions, Repository};
use es_sqlite::SqliteStore;
use guide::{Account, Deposit};
use sqlx::Executor;

async fn pay(
    store: &SqliteStore,
    accounts: &Repository<Account, SqliteStore>,
    invoice: i64,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut transaction = store.begin().await?;
    let (id, options) = ("A-17".to_owned(), ExecuteOptions::new());
    accounts.execute_in(&mut *transaction, &id, Deposit(500), options).await?;
    sqlx::query("INSERT INTO paid VALUES (?1)").bind(invoice).execute(&mut *transaction).await?;
    // Without a commit, for example after an error above, everything is rolled back.
    transaction.commit().await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = SqliteStore::in_memory().await?;
    let accounts = Repository::<Account, _>::new(store.clone());
    // Otherwise the first command would register the events, and wait for its own transaction.
    accounts.register().await?;
    let mut transaction = store.begin().await?;
    transaction.execute("CREATE TABLE paid (invoice INTEGER PRIMARY KEY) STRICT").await?;
    transaction.commit().await?;

    for (attempt, invoice) in [(1, 7), (2, 7), (3, 8)] {
        let paid = pay(&store, &accounts, invoice).await.is_ok();
        let cents = accounts.load("A-17").await?.state.cents;
        println!("{attempt}: invoice {invoice} paid now: {paid}, {cents} cents");
    }
    Ok(())
}
