use es_core::model::Retired;
use es_core::{Aggregate, Apply, Events, Handle, UpcastContext, emit, event};
use std::convert::Infallible;

#[event(name = "account.opened")]
pub struct Opened;

#[event(name = "account.moved")]
pub struct Moved;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened), retired(Moved))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

impl Retired<Moved> for Account {
    type Error = Infallible;
    fn retired(_: Moved, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> {
        emit(())
    }
}

pub struct Move;

impl Handle<Move> for Account {
    type Error = Infallible;
    fn handle(&self, _: &Move) -> Result<Events<Self>, Infallible> {
        emit(Moved)
    }
}

fn main() {}
