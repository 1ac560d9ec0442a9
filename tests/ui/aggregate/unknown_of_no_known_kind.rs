use es_core::{Aggregate, Apply, event};

#[event(name = "account.opened")]
pub struct Opened;

#[event(name = "account.closed")]
pub struct Closed;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened), unknown = "skipp")]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened), unknown = "panic")]
pub struct Other;

impl Apply<Opened> for Other {
    fn apply(&mut self, _: Opened) {}
}

fn main() {}
