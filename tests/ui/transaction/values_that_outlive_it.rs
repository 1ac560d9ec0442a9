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

// The function may run several times, so it cannot give away what it was given once.
pub async fn given_away(accounts: Accounts, name: String) -> Result<(), TransactionError> {
    let rename = accounts.transaction(TransactionOptions::new(), async |tx| {
        tx.execute(&accounts, &1, Rename(name)).await?;
        Ok(())
    });
    rename.await.map(drop)
}

pub async fn used_after(accounts: Accounts, name: String) -> Result<String, TransactionError> {
    let within = accounts.clone();
    let rename = accounts.transaction(TransactionOptions::new(), async move |tx| {
        tx.execute(&within, &1, Rename(name.clone())).await?;
        Ok(())
    });
    rename.await?;
    Ok(name)
}

pub async fn kept(accounts: Accounts) -> Result<(), TransactionError> {
    let mut kept = None;
    let keep = accounts.transaction(TransactionOptions::new(), async |tx| {
        kept = Some(tx);
        Ok(())
    });
    keep.await?;
    let tx = kept.expect("it was kept");
    tx.execute(&accounts, &1, Rename(String::from("Ann"))).await?;
    Ok(())
}

fn main() {}
