use es_core::{Aggregate, Apply, event};

#[event(name = "account.opened")]
pub struct Opened;

#[event(name = "account.closed")]
pub struct Closed;

#[derive(Aggregate)]
#[aggregate(name = "account", events(Opened))]
pub union Account {
    number: u32,
    letter: char,
}

impl Default for Account {
    fn default() -> Self {
        Self { number: 0 }
    }
}

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

fn main() {}
