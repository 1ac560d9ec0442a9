use es_core::{Aggregate, Apply, event};

#[event(name = "account.opened")]
pub struct Opened;

#[derive(Aggregate)]
#[aggregate(name = "account", events(Opened))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

pub struct Open;

impl es_core::Handle<Open> for Account {
    type Error = std::convert::Infallible;
    fn handle(&self, _: &Open) -> Result<es_core::Events<Self>, Self::Error> {
        es_core::emit(Opened)
    }
}

fn main() {}
