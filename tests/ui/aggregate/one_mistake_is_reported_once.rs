use es_core::{Aggregate, Apply, Events, Handle, MemoryStore, Repository, emit, event};
use std::convert::Infallible;

#[event(name = "account.opened")]
pub struct Opened;

#[event(name = "account.closed")]
pub struct Closed;

#[derive(Aggregate, Default)]
#[aggregate(events(Opened, Closed), id = String)]
pub struct Account {
    open: bool,
}

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

impl Apply<Closed> for Account {
    fn apply(&mut self, _: Closed) {}
}

pub struct Open;

impl Handle<Open> for Account {
    type Error = Infallible;
    fn handle(&self, _: &Open) -> Result<Events<Self>, Infallible> {
        if self.open { emit(()) } else { emit((Opened, AccountEvent::Closed(Closed))) }
    }
}

pub async fn open(accounts: Repository<Account, MemoryStore>) {
    let _ = accounts.execute(&String::from("A-1"), Open).await;
}

fn main() {}
