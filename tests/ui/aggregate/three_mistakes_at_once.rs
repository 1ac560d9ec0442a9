use es_core::{Aggregate, Apply, event};

#[event(name = "account.opened")]
pub struct Opened;

#[event(name = "account.closed")]
pub struct Closed;

#[derive(Aggregate, Default)]
#[aggregate(nme = "account", events(Opened, Opened), snapshot(every = 0))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

fn main() {}
