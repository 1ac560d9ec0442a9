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
pub struct Open;
pub struct Block;

impl Handle<Rename> for Account {
    type Error = Infallible;
    fn handle(&self, command: &Rename) -> Result<Events<Self>, Infallible> {
        emit(Renamed { name: command.0.clone() })
    }
}

impl Handle<Open> for Account {
    type Error = Infallible;
    fn handle(&self, _: &Open) -> Result<Events<Self>, Infallible> {
        emit(())
    }
}

type Accounts = Repository<Account, MemoryStore>;

pub async fn block(accounts: Accounts) -> Result<(), TransactionError> {
    let block = accounts.transaction(TransactionOptions::new(), async |tx| {
        tx.execute(&accounts, &1, Block).await?;
        Ok(())
    });
    block.await.map(drop)
}

fn main() {}
