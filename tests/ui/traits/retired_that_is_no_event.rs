use es_core::model::Retired;
use es_core::{Aggregate, Apply, Events, UpcastContext, emit, event};
use std::convert::Infallible;

#[event(name = "account.opened")]
pub struct Opened;

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

fn main() {}
