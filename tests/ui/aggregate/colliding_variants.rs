use es_core::{Aggregate, Apply, event};

#[event(name = "account.opened")]
pub struct Opened;

#[event(name = "account.closed")]
pub struct Closed;

pub mod savings {
    #[es_core::event(name = "savings.opened")]
    pub struct Opened;
}

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened, savings::Opened, Closed as Opened))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

impl Apply<savings::Opened> for Account {
    fn apply(&mut self, _: savings::Opened) {}
}

fn main() {}
