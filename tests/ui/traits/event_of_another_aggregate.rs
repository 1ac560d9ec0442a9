use es_core::{Aggregate, Apply, Events, Handle, emit, event};
use std::convert::Infallible;

#[event(name = "account.opened")]
pub struct Opened;

#[event(name = "card.blocked")]
pub struct Blocked;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

pub struct Block;

impl Handle<Block> for Account {
    type Error = Infallible;
    fn handle(&self, _: &Block) -> Result<Events<Self>, Infallible> {
        emit(Blocked)
    }
}

fn main() {}
