use es_core::{Aggregate, Apply, event};

#[event(name = "account.opened")]
pub struct Opened;

#[event(name = "account.closed")]
pub struct Closed;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened, Closed, Opened))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

impl Apply<Closed> for Account {
    fn apply(&mut self, _: Closed) {}
}

fn main() {}
