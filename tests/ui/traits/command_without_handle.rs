use es_core::{Aggregate, Apply, Events, Handle, MemoryStore, Repository, emit, event};
use std::convert::Infallible;

#[event(name = "account.opened")]
pub struct Opened;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", id = String, events(Opened))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

pub struct Open;
pub struct Close;
pub struct Block;

impl Handle<Open> for Account {
    type Error = Infallible;
    fn handle(&self, _: &Open) -> Result<Events<Self>, Infallible> {
        emit(Opened)
    }
}

impl Handle<Close> for Account {
    type Error = Infallible;
    fn handle(&self, _: &Close) -> Result<Events<Self>, Infallible> {
        emit(())
    }
}

pub async fn open(accounts: Repository<Account, MemoryStore>) {
    let _ = accounts.execute(&String::from("A-1"), Block).await;
}

fn main() {}
