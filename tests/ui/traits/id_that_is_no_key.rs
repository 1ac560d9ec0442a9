use es_core::{Aggregate, Apply, StreamKey, event};

#[event(name = "account.opened")]
pub struct Opened;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", id = f64, events(Opened))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

#[derive(StreamKey)]
pub struct Rate(f64);

fn main() {}
