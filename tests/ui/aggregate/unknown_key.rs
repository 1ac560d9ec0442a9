use es_core::{Aggregate, Apply, event};

#[event(name = "account.opened")]
pub struct Opened;

#[event(name = "account.closed")]
pub struct Closed;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened), snapshots(every = 10))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

#[derive(Aggregate, Default)]
#[aggregate(name = "account", event(Opened), retention = "1y")]
pub struct Other;

fn main() {}
