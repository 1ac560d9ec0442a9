use es_core::{Aggregate, Apply, event};

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

fn main() {}
