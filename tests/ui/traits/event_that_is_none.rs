use es_core::{Aggregate, Apply};

pub struct Opened;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened))]
pub struct Account;
impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

fn main() {}
