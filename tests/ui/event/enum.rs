use es_core::{Aggregate, Apply, event};

#[event(name = "account.opened")]
pub enum Opened {
    Online,
    InBranch,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

fn main() {}
