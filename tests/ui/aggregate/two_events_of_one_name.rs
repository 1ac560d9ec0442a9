use es_core::{Aggregate, Apply, event};

#[event(name = "account.opened")]
pub struct Opened;

#[event(name = "account.closed")]
pub struct Closed;

#[event(name = "account.opened")]
pub struct Reopened;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened, Closed, Reopened))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

impl Apply<Closed> for Account {
    fn apply(&mut self, _: Closed) {}
}

impl Apply<Reopened> for Account {
    fn apply(&mut self, _: Reopened) {}
}

fn main() {}
