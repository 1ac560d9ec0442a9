use es_core::repository::{TransactionError, TransactionOptions};
use es_core::{Aggregate, Apply, Events, Handle, MemoryStore, Repository, emit, event};
use std::convert::Infallible;

#[event(name = "account.renamed")]
pub struct Renamed {
    pub name: String,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "account", id = u64, events(Renamed))]
pub struct Account;

impl Apply<Renamed> for Account {
    fn apply(&mut self, _: Renamed) {}
}

pub struct Rename(String);

impl Handle<Rename> for Account {
    type Error = Infallible;
    fn handle(&self, command: &Rename) -> Result<Events<Self>, Infallible> {
        emit(Renamed { name: command.0.clone() })
    }
}

type Accounts = Repository<Account, MemoryStore>;

#[derive(Debug)]
pub struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed")
    }
}

impl std::error::Error for Closed {}

fn check(account: &Account) -> Result<(), Closed> {
    let _ = account;
    Err(Closed)
}

// `check(…).map_err(TransactionError::rejected)?` is what it takes.
pub async fn rename(accounts: Accounts) -> Result<(), TransactionError> {
    let rename = accounts.transaction(TransactionOptions::new(), async |tx| {
        check(&*tx.load(&accounts, &1).await?)?;
        tx.execute(&accounts, &1, Rename(String::from("Ann"))).await?;
        Ok(())
    });
    rename.await.map(drop)
}

fn main() {}
